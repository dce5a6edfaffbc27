"""The HTTP surface of opening hours: of the line, and of a queue with hours of its own. See docs/http-api.md."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, jsonify, request

from video_service import opening_hours, public_holidays
from video_service.http_gate import did
from video_service.http_input import body, one_of
from video_service.opening_hours import Hours
from video_service.queue_names import MAIN
from video_service.queues import QueueRules
from video_service.services import services

hours_api = Blueprint("hours_api", __name__, url_prefix="/api")

MOST_SPECIAL_DAYS = 12
"""So many of the next public holidays and make-up workdays are said."""

# In which language the library is to name holidays: not every country has names in each.
LANGUAGES = {"zh-CN": "zh_CN", "zh-HK": "zh_HK", "en": "en_US"}

# What does not fit here is not what a page sends; what does and is wrong is named by its row.
Words = Annotated[str, Meta(max_length=16)]
Spans = Annotated[tuple[tuple[Words, Words], ...], Meta(max_length=24)]


class Different(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A day with other hours than its weekday's."""

    date: Words
    hours: Spans


class HolidaysWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds on a region's public holidays; a make-up workday has the hours of `make_up_as`, 0 for Monday."""

    region: Words
    hours: Spans = ()
    make_up_as: Annotated[int, Meta(ge=0, le=6)] = 0


class HoursWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PUT /api/hours. `set` False: no hours, whatever else it says. `apply` False: only say what would be."""

    week: Annotated[tuple[Spans, ...], Meta(max_length=7)] = ()
    exceptions: tuple[Different, ...] = ()
    holidays: HolidaysWish | None = None
    set: bool = True
    apply: bool = True


@hours_api.get("/hours")
async def hours() -> Response:
    """Return the opening hours of the line, or those of a queue."""
    name, rules = await _queue()
    own = await services().hours.get() if name == MAIN else rules.hours
    return jsonify(await _answer(name, own))


@hours_api.put("/hours")
async def set_hours() -> tuple[Response, int]:
    """Keep new opening hours, or say what they would do; with a fault in them nothing is kept."""
    wish = await body(HoursWish)
    name, rules = await _queue()
    different = ((each.date, each.hours) for each in wish.exceptions)
    rule = wish.holidays
    special = (rule.region, rule.hours, rule.make_up_as) if rule else None
    wanted, faults = opening_hours.read(wish.week, different, special)
    if wish.set and faults:
        return jsonify({"error": "bad_hours", "faults": msgspec.to_builtins(faults)}), 400
    kept = wanted if wish.set else None
    if wish.apply:
        account = await one_of()
        # First: what cannot be written down is not done.
        await did("hours_set" if wish.set else "hours_clear", about="" if name == MAIN else name)
        if name != MAIN:
            changed = msgspec.structs.replace(rules, hours=kept)
            kept = (await services().queues.keep(name, changed, by=account.person, expect="old")).hours
        elif kept:
            kept = await services().hours.set(kept, by=account.person)
        else:
            await services().hours.clear()
    return jsonify(await _answer(name, kept)), 200


async def _queue() -> tuple[str, QueueRules]:
    name = request.args.get("queue", MAIN)
    return name, await services().queues.get(name)


async def _answer(name: str, own: Hours | None) -> dict[str, Any]:
    """Say hours, and how it stands with them: those of a queue without its own are the line's."""
    book = services().hours
    shown = own or Hours()
    hold = own if own or name == MAIN else await book.get()
    standing = book.standing(hold or Hours())
    rule = shown.holidays
    return {
        "week": [[span.words() for span in day] for day in shown.week],
        "exceptions": [
            {"date": str(day), "hours": [span.words() for span in spans]} for day, spans in shown.exceptions.items()
        ],
        "holidays": rule
        and {
            "region": rule.region,
            "hours": [span.words() for span in rule.spans],
            "make_up_as": rule.make_up_as,
        },
        "special_days": _special_days(shown),
        "regions": public_holidays.countries(),
        "set": own is not None,
        "zone": book.zone,
        "open_now": hold is None or standing.open_now,
        "today": standing.today,
        "closes_ms": standing.closes_ms,
        "next_open_ms": standing.next_open_ms,
    }


def _special_days(shown: Hours) -> list[dict[str, Any]]:
    """Say the next public holidays and make-up workdays, each with its hours."""
    book = services().hours
    language = LANGUAGES.get(request.args.get("lang", ""), "")
    days = opening_hours.special_days_ahead(shown, services().clock.now_ms(), book.zone_info, language=language)
    return [
        {
            "date": str(each.day),
            "kind": each.kind.value,
            "name": each.name,
            "hours": [span.words() for span in shown.of_day(each.day)],
        }
        for each in days[:MOST_SPECIAL_DAYS]
    ]
