"""Breaks in a line of a roster's file: "11:00-11:15 13:00-13:30", as the workbook of a roster has them. Pure."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from itertools import pairwise

MOST_BREAKS = 12
_DAY = timedelta(days=1)
_ONE = re.compile(r"(\d{1,2}):(\d{2})\s*(?:-|–|—|~|至|到)\s*(\d{1,2}):(\d{2})")
_BETWEEN = re.compile(r"[\s,;、]*")


class BadBreaks(ValueError):
    """What stands there cannot be breaks of the shift: `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def breaks_of(cell: str, start: timedelta, end: timedelta) -> list[tuple[timedelta, timedelta]]:
    """Return breaks as times since the beginning of the shift's day. `end` is after `start`, up to a day later.

    A time before the shift's start is on the next day.

    Raises:
        BadBreaks: `breaks_unreadable`, or `breaks_outside`: one ends before it begins, or they do not lie in order
            inside the shift.
    """
    text = unicodedata.normalize("NFKC", cell).strip()
    found: list[tuple[timedelta, timedelta]] = []
    at = 0
    while at < len(text):
        match = _ONE.match(text, at)
        if match is None or len(found) == MOST_BREAKS:
            raise BadBreaks("breaks_unreadable")
        first, last = _time(match[1], match[2], start), _time(match[3], match[4], start)
        found.append((first, last))
        between = _BETWEEN.match(text, match.end())
        assert between is not None
        at = between.end()
    if any(last <= first for first, last in found) or any(a[1] > b[0] for a, b in pairwise(found)):
        raise BadBreaks("breaks_outside")
    if found and not (start <= found[0][0] and found[-1][1] <= end):
        raise BadBreaks("breaks_outside")
    return found


def _time(hours: str, minutes: str, start: timedelta) -> timedelta:
    at = timedelta(hours=int(hours), minutes=int(minutes))
    if int(minutes) > 59 or at > _DAY:
        raise BadBreaks("breaks_unreadable")
    return at if at >= start else at + _DAY
