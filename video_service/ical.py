"""Shifts as an iCalendar file that phones and calendar programs read. Pure: no I/O, no clock.

Source: RFC 5545; REFRESH-INTERVAL and NAME from RFC 7986.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import msgspec

REFRESH = timedelta(hours=1)

# What a calendar program shows: of a shift, and of all of them together.
WORDS = {"zh-CN": ("值班", "值班表"), "zh-HK": ("當值", "更表"), "en": ("Shift", "My shifts")}


class CalendarShift(msgspec.Struct, frozen=True, kw_only=True):
    """One agent's shift; milliseconds since 1970."""

    shift: str
    start_ms: int
    end_ms: int


def shifts_file(shifts: Iterable[CalendarShift], *, host: str, locale: str, now_ms: int) -> bytes:
    """Return an iCalendar file of `shifts`, of which each keeps its identity from one file to the next.

    `host` makes the identities the service's own; `locale` is one of `WORDS`. Times are UTC: each device shows them by
    its own clock.
    """
    one, all_of_them = WORDS[locale]
    file: Any = icalendar.Calendar()
    file.add("prodid", "-//video-service//shifts//EN")
    file.add("version", "2.0")
    file.add("name", all_of_them)
    file.add("x-wr-calname", all_of_them)
    file.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    for shift in shifts:
        event: Any = icalendar.Event()
        event.add("uid", f"{shift.shift}@{host}")
        event.add("dtstamp", _moment(now_ms))
        event.add("dtstart", _moment(shift.start_ms))
        event.add("dtend", _moment(shift.end_ms))
        event.add("summary", one)
        file.add_component(event)
    return bytes(file.to_ical())


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms // 1000, UTC)
