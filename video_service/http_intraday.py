"""The HTTP surface of today against its plan: forecast, required people, adherence, and a break moved."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, jsonify, request

from signaling.errors import RosterChanged
from video_service.http_gate import did
from video_service.http_input import body, one_of
from video_service.intraday import NoSuchBreak
from video_service.plan_process import available
from video_service.queue_names import MAIN
from video_service.services import services

intraday_api = Blueprint("intraday_api", __name__, url_prefix="/api/intraday")

Ms = Annotated[int, Meta(ge=0, le=4_102_444_800_000)]


class MoveWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/intraday/break, as a suggestion has it."""

    shift: Annotated[str, Meta(max_length=64)]
    old: tuple[Ms, Ms]
    new: tuple[Ms, Ms]


@intraday_api.get("")
async def today() -> Response:
    """Say how a queue's today goes against its plan, and what would help; old numbers are made anew behind this."""
    desk, book = services().intraday, services().queues
    queue = request.args.get("queue", MAIN)
    target = (await book.get(queue)).targets.get("normal")
    kept = await desk.kept(queue)
    said: dict[str, Any] | None = None
    if kept is not None and kept.said is not None:
        said = msgspec.to_builtins(kept.said)
        del said["expected"]
    return jsonify(
        {
            "now_ms": services().clock.now_ms(),
            "at_ms": kept.at_ms if kept is not None else 0,
            "pending": kept is None and available(),
            "trouble": (kept.trouble if kept is not None else "") or ("" if available() else "no_planner"),
            "plan": said,
            "queue": queue,
            "goal_percent": target.share_percent if target is not None else book.house.share_percent,
            "target_s": target.within_s if target is not None else round(book.house.within_s),
            "scheduled": await desk.scheduled(queue),
            "present": await desk.present(queue),
            "occupancy": await desk.occupancy(),
            "hours": msgspec.to_builtins(await desk.hours(queue)),
            "people": msgspec.to_builtins(await desk.people()),
        }
    )


@intraday_api.post("/break")
async def move_break() -> tuple[Response, int]:
    """Move a break that has not begun inside its shift."""
    wish, account = await body(MoveWish), await one_of()
    await did("break_moved")
    try:
        number = await services().intraday.move_break(wish.shift, wish.old, wish.new, by=account.person)
    except RosterChanged as error:
        raise NoSuchBreak from error
    return jsonify({"version": number}), 201
