"""The calendar that a coordinator writes: marked days and campaigns, a line each, in CSV.

    date,kind,acts_as,last,factor,from,to,name
    2026-04-06,holiday,6
    2026-04-11,make-up
    2026-05-05,fair
    2026-06-01,campaign,,2026-06-14,1.3,18:00,22:00,Summer mailing

A mark needs `date` and `kind`; a campaign needs `factor` as well. Without `last`, `from` and `to` it is one whole day.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from datetime import date

from scheduler.day_types import Calendar, Campaign, DayMark
from scheduler.errors import BadHistory
from scheduler.history import DAY_S

CAMPAIGN = "campaign"
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)|24:00")


def calendar_from_csv(text: str) -> Calendar:
    """Return the marks and campaigns in a CSV text.

    Raises:
        BadHistory: a line cannot be read; the sentence names it.
    """
    marks: dict[date, DayMark] = {}
    campaigns: list[Campaign] = []
    reader = csv.DictReader(io.StringIO(text, newline=""))
    for record in reader:
        cells = {name: (value or "").strip() for name, value in record.items() if isinstance(value, str | None)}
        try:
            day = date.fromisoformat(cells.get("date", ""))
            if cells.get("kind") == CAMPAIGN:
                campaigns.append(_campaign(day, cells))
                continue
            acts_as = cells.get("acts_as", "")
            mark = DayMark(cells.get("kind", ""), int(acts_as) if acts_as else None)
        except (ValueError, BadHistory) as fault:
            raise BadHistory(f"Line {reader.line_num} of the calendar: {str(fault).rstrip('.')}.") from None
        if day in marks:
            raise BadHistory(f"Line {reader.line_num} of the calendar: {day} is there twice.")
        marks[day] = mark
    return Calendar(marks, tuple(campaigns))


def _campaign(first: date, cells: Mapping[str, str]) -> Campaign:
    """Return the campaign of a line that begins on `first`.

    Raises:
        BadHistory, ValueError: a cell cannot be read, or they do not go together.
    """
    if not cells.get("factor"):
        raise BadHistory("A campaign needs a factor: 1.3 is three calls in ten more.")
    return Campaign(
        cells.get("name") or CAMPAIGN,
        first,
        date.fromisoformat(cells["last"]) if cells.get("last") else first,
        float(cells["factor"]),
        _seconds(cells.get("from", ""), 0),
        _seconds(cells.get("to", ""), DAY_S),
    )


def _seconds(text: str, otherwise: int) -> int:
    if not text:
        return otherwise
    found = _TIME.fullmatch(text)
    if found is None:
        raise BadHistory(f"{text!r} is no time of day such as 18:30.")
    return int(found[1]) * 3600 + int(found[2]) * 60 if found[1] else DAY_S
