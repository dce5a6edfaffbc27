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

# What a calendar program shows: of a shift, of all of them together, and of a whole team's.
WORDS = {
    "zh-CN": ("值班", "值班表", "全组班表"),
    "zh-HK": ("當值", "更表", "全組更表"),
    "en": ("Shift", "My shifts", "Team roster"),
}


class CalendarShift(msgspec.Struct, frozen=True, kw_only=True):
    """One agent's shift; milliseconds since 1970. `whose`: the agent's name where it is one of a team's."""

    shift: str
    start_ms: int
    end_ms: int
    whose: str = ""


def shifts_file(
    shifts: Iterable[CalendarShift], *, host: str, locale: str, now_ms: int, of_team: bool = False
) -> bytes:
    """Return an iCalendar file of `shifts`, of which each keeps its identity from one file to the next.

    `host` makes the identities the service's own; `locale` is one of `WORDS`. Times are UTC: each device shows them by
    its own clock. A file `of_team` is a copy to look at, and asks not to be read again.
    """
    one, mine, teams = WORDS[locale]
    all_of_them = teams if of_team else mine
    file: Any = icalendar.Calendar()
    file.add("prodid", "-//video-service//shifts//EN")
    file.add("version", "2.0")
    file.add("name", all_of_them)
    file.add("x-wr-calname", all_of_them)
    if not of_team:
        file.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    for shift in shifts:
        event: Any = icalendar.Event()
        event.add("uid", f"{shift.shift}@{host}")
        event.add("dtstamp", _moment(now_ms))
        event.add("dtstart", _moment(shift.start_ms))
        event.add("dtend", _moment(shift.end_ms))
        event.add("summary", shift.whose or one)
        file.add_component(event)
    return bytes(file.to_ical())


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms // 1000, UTC)
