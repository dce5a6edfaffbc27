"""The HTTP surface of opening hours. See docs/http-api.md."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, jsonify

from video_service import opening_hours
from video_service.http_input import body, one_of
from video_service.opening_hours import Hours
from video_service.services import services

hours_api = Blueprint("hours_api", __name__, url_prefix="/api")

# What does not fit here is not what a page sends; what does and is wrong is named by its row.
Words = Annotated[str, Meta(max_length=16)]
Spans = Annotated[tuple[tuple[Words, Words], ...], Meta(max_length=24)]


class Different(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A day with other hours than its weekday's."""

    date: Words
    hours: Spans


class HoursWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PUT /api/hours. `set` False: no hours, whatever else it says. `apply` False: only say what would be."""

    week: Annotated[tuple[Spans, ...], Meta(max_length=7)] = ()
    exceptions: tuple[Different, ...] = ()
    set: bool = True
    apply: bool = True


@hours_api.get("/hours")
async def hours() -> Response:
    """Return the opening hours."""
    return jsonify(_answer(await services().hours.get()))


@hours_api.put("/hours")
async def set_hours() -> tuple[Response, int]:
    """Keep new opening hours, or say what they would do; with a fault in them nothing is kept."""
    wish = await body(HoursWish)
    wanted, faults = opening_hours.read(wish.week, ((each.date, each.hours) for each in wish.exceptions))
    if wish.set and faults:
        return jsonify({"error": "bad_hours", "faults": msgspec.to_builtins(faults)}), 400
    if wish.apply:
        account = await one_of()
        # First: what cannot be written down is not done.
        what = "hours_set" if wish.set else "hours_clear"
        await services().audit.note(who=account.person, role=account.role.value, what=what)
        if wish.set:
            wanted = await services().hours.set(wanted, by=account.person)
        else:
            await services().hours.clear()
    return jsonify(_answer(wanted if wish.set else None)), 200


def _answer(found: Hours | None) -> dict[str, Any]:
    shown = found or Hours()
    book = services().hours
    standing = book.standing(shown)
    return {
        "week": [[span.words() for span in day] for day in shown.week],
        "exceptions": [
            {"date": str(day), "hours": [span.words() for span in spans]} for day, spans in shown.exceptions.items()
        ],
        "set": found is not None,
        "zone": book.zone,
        "open_now": found is None or standing.open_now,
        "today": standing.today,
        "closes_ms": standing.closes_ms,
        "next_open_ms": standing.next_open_ms,
    }
