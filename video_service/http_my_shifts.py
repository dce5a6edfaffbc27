"""The HTTP surface of an agent's own shifts, and of the address under which a calendar fetches them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from quart import Blueprint, Response, jsonify, request

from video_service.http_gate import did
from video_service.http_input import body, iso, one_of
from video_service.ical import CalendarShift, shifts_file
from video_service.services import services

DAY_MS = 86_400_000
BACK_MS = 7 * DAY_MS
AHEAD_MS = 84 * DAY_MS

my_shifts_api = Blueprint("my_shifts_api", __name__, url_prefix="/api")


class FeedWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/my/calendar: the language of what the calendar shows."""

    locale: Annotated[Literal["zh-CN", "zh-HK", "en"], msgspec.Meta()] = "en"


@my_shifts_api.get("/my/shifts")
async def my_shifts() -> Response:
    """List one's own shifts, from a week ago to twelve weeks ahead, and say since when a calendar fetches them."""
    account = await one_of()
    now_ms = services().clock.now_ms()
    shifts = [
        {"shift": each.shift, "start": iso(each.start_ms), "end": iso(each.end_ms)}
        for each in await _shifts_of(account.person, now_ms)
    ]
    return jsonify({"shifts": shifts, "calendar_since_ms": await services().calendar_feeds.since_ms(account.person)})


@my_shifts_api.post("/my/calendar")
async def make_calendar() -> tuple[Response, int]:
    """Make the secret address; it is told this once, and an earlier one ends."""
    wish = await body(FeedWish)
    account = await one_of()
    await did("calendar_made", about=account.person)
    secret = await services().calendar_feeds.make(account.person, wish.locale)
    return jsonify({"path": f"/api/calendar/{secret}.ics"}), 201


@my_shifts_api.delete("/my/calendar")
async def end_calendar() -> tuple[str, int]:
    """End the secret address."""
    account = await one_of()
    await did("calendar_ended", about=account.person)
    await services().calendar_feeds.end(account.person)
    return "", 204


@my_shifts_api.get("/calendar/<secret>.ics")
async def calendar(secret: str) -> Response:
    """Return the shifts behind a secret address as an iCalendar file."""
    feed = await services().calendar_feeds.of(secret, address=request.remote_addr or "")
    now_ms = services().clock.now_ms()
    file = shifts_file(await _shifts_of(feed.person, now_ms), host=request.host, locale=feed.locale, now_ms=now_ms)
    return Response(file, content_type="text/calendar; charset=utf-8")


async def _shifts_of(person: str, now_ms: int) -> list[CalendarShift]:
    found = await services().store.shifts(now_ms - BACK_MS, now_ms + AHEAD_MS)
    return [
        CalendarShift(shift=each.shift, start_ms=each.start_ms, end_ms=each.end_ms)
        for each in found
        if each.agent == person
    ]
