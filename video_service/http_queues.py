"""The HTTP surface of queues: what each asks of an agent, its targets and words. See docs/http-api.md.

Hours are changed beside this, by `http_hours`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from quart import Blueprint, Response, jsonify

from video_service.accounts import Account, Role
from video_service.door import Notice
from video_service.http_gate import did
from video_service.http_input import body, one_of
from video_service.queue_names import MAIN, NO_QUEUE, check_name
from video_service.queues import (
    CallClass,
    Languages,
    Minutes,
    Needs,
    QueueRules,
    QueueThere,
    Target,
    Title,
    Topic,
    Topics,
)
from video_service.queues_store import Expect
from video_service.services import ANYBODY, services
from video_service.skill_words import all_skills, covers

queues_api = Blueprint("queues_api", __name__, url_prefix="/api")


class QueueWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PUT /api/queues/<queue>: the whole of it but its hours.

    `new`: there is to be none of this name yet. `apply` False: only say what would be.
    """

    title: Title = Title()
    closed: Notice = Notice()
    needs: Needs = ()
    languages: Languages = ()
    topics: Topics = ()
    targets: dict[CallClass, Target] = msgspec.field(default_factory=dict)
    proposal_min: Minutes = 0
    solution_min: Minutes = 0
    new: bool = False
    apply: bool = True


@queues_api.get("/queues")
async def queues() -> Response:
    """Return every queue, the main one first, and the house's targets."""
    book = services().queues
    agents = await _agents()
    found = [await _row(name, rules, agents) for name, rules in (await book.all()).items()]
    house = book.house
    return jsonify(
        {
            "queues": found,
            "house": {
                "share_percent": house.share_percent,
                "within_s": round(house.within_s),
                "proposal_min": house.proposal_min,
                "solution_min": house.solution_min,
            },
        }
    )


@queues_api.put("/queues/<queue>")
async def set_queue(queue: str) -> Response:
    """Keep a queue, or say what it would be; its hours stay."""
    check_name(queue)
    wish = await body(QueueWish)
    book = services().queues
    before = await book.find(queue) if wish.new else await book.get(queue)
    if wish.new and before is not None:
        raise QueueThere
    rules = QueueRules(
        title=wish.title,
        closed=wish.closed,
        needs=tuple(dict.fromkeys(wish.needs)),
        languages=tuple(dict.fromkeys(wish.languages)),
        topics=_each_once(wish.topics),
        targets=wish.targets,
        proposal_min=wish.proposal_min,
        solution_min=wish.solution_min,
        hours=before.hours if before else None,
    )
    if wish.apply:
        account = await one_of()
        await did("queue_set", about=queue)
        expect: Expect = "new" if wish.new else "any" if queue == MAIN else "old"
        rules = await book.keep(queue, rules, by=account.person, expect=expect)
    return jsonify(await _row(queue, rules, await _agents()))


@queues_api.delete("/queues/<queue>")
async def remove_queue(queue: str) -> tuple[str, int]:
    """Remove a queue; who waits in it is served, and who is sent to it from now on comes into the main one."""
    check_name(queue)
    await did("queue_remove", about=queue)
    await services().queues.drop(queue)
    return "", 204


def _each_once(topics: Topics) -> Topics:
    found: dict[str, Topic] = {}
    for each in topics:
        found.setdefault(each.topic, each)
    return tuple(found.values())


async def _agents() -> list[Account]:
    return [each for each in await services().accounts.all() if each.role is Role.AGENT and not each.disabled]


async def _row(name: str, rules: QueueRules, agents: Sequence[Account]) -> dict[str, Any]:
    """Say a queue, how many of the agents could serve it, and how many of these are on shift now."""
    line = await services().store.customer_view(ANYBODY, alive=(), queue=NO_QUEUE, needs=rules.asked)
    return {
        "queue": name,
        "title": msgspec.to_builtins(rules.title),
        "closed": msgspec.to_builtins(rules.closed),
        "needs": rules.needs,
        "languages": rules.languages,
        "topics": msgspec.to_builtins(rules.topics),
        "targets": msgspec.to_builtins(rules.targets),
        "proposal_min": rules.proposal_min,
        "solution_min": rules.solution_min,
        "own_hours": rules.hours is not None,
        "agents": len(agents),
        "able": sum(covers(all_skills(each), rules.asked) for each in agents),
        "on_now": line.agents_on,
    }
