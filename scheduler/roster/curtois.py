"""Reads the text format of the Curtois and Qu shift-scheduling instances.

Source: T. Curtois and R. Qu, "Computational results on new staff scheduling benchmark instances" (2014).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from scheduler.errors import BadRoster
from scheduler.roster.problem import QUARTER_MIN, Contract, Hours, Need, Person, Problem, Request, ShiftType

_SECTIONS = (
    "SECTION_HORIZON",
    "SECTION_SHIFTS",
    "SECTION_STAFF",
    "SECTION_DAYS_OFF",
    "SECTION_SHIFT_ON_REQUESTS",
    "SECTION_SHIFT_OFF_REQUESTS",
    "SECTION_COVER",
)
_A_MONDAY = date(2024, 1, 1)

Row = tuple[int, list[str]]


def read(text: str) -> Problem:
    """Return the problem of an instance.

    The format has no clock times: shifts start at midnight, rest between them is told by the forbidden successions.

    Raises:
        BadRoster: a line cannot be read; the message has its number.
    """
    sections = _split(text)
    for name in ("SECTION_HORIZON", "SECTION_SHIFTS", "SECTION_STAFF", "SECTION_COVER"):
        if not sections[name]:
            raise BadRoster(f"{name} is missing or empty.")
    shifts = tuple(_shift(row) for row in sections["SECTION_SHIFTS"])
    people = tuple(_person(row, shifts) for row in sections["SECTION_STAFF"])
    requests = [_request(row, wanted=True) for row in sections["SECTION_SHIFT_ON_REQUESTS"]]
    requests += [_request(row, wanted=False) for row in sections["SECTION_SHIFT_OFF_REQUESTS"]]
    return Problem(
        first_day=_A_MONDAY,
        days=_numbers(sections["SECTION_HORIZON"][0], 0, 1)[0],
        shifts=shifts,
        people=people,
        needs=tuple(_need(row) for row in sections["SECTION_COVER"]),
        requests=tuple(requests),
        absences=frozenset(_days_off(sections["SECTION_DAYS_OFF"])),
        zone="UTC",
    )


def _split(text: str) -> dict[str, list[Row]]:
    sections: dict[str, list[Row]] = {name: [] for name in _SECTIONS}
    rows: list[Row] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("SECTION_"):
            if line not in sections:
                raise BadRoster(f"Line {number}: {line} is not a section of this format.")
            rows = sections[line]
        elif rows is None:
            raise BadRoster(f"Line {number}: there is no section before it.")
        else:
            rows.append((number, [part.strip() for part in line.split(",")]))
    return sections


def _numbers(row: Row, start: int, end: int) -> list[int]:
    number, parts = row
    try:
        if len(parts) < end:
            raise ValueError
        return [int(part) for part in parts[start:end]]
    except ValueError:
        raise BadRoster(f"Line {number}: expected {end - start} whole numbers from field {start + 1} on.") from None


def _shift(row: Row) -> ShiftType:
    (minutes,) = _numbers(row, 1, 2)
    after = row[1][2] if len(row[1]) > 2 else ""
    return ShiftType(
        name=row[1][0],
        start_q=0,
        length_q=-(-minutes // QUARTER_MIN),
        paid_min=minutes,
        not_before=frozenset(part.strip() for part in after.split("|") if part.strip()),
    )


def _person(row: Row, shifts: Iterable[ShiftType]) -> Person:
    most, least, days_on, min_days_on, days_off, weekends = _numbers(row, 2, 8)
    most_of: dict[str, int] = {}
    for part in row[1][1].split("|"):
        name, _, limit = (text.strip() for text in part.partition("="))
        if name not in {one.name for one in shifts} or not limit.isdigit():
            raise BadRoster(f"Line {row[0]}: {part!r} is not a shift and its limit.")
        most_of[name] = int(limit)
    contract = Contract(
        hours=(Hours(most, least),),
        max_days_on=days_on,
        min_days_on=min_days_on,
        min_days_off=days_off,
        most_weekends=weekends,
        most_of=most_of,
        min_rest_q=0,
    )
    return Person(row[1][0], contract)


def _days_off(rows: Iterable[Row]) -> Iterable[tuple[str, int]]:
    for row in rows:
        last = max((place for place, part in enumerate(row[1]) if part), default=0)
        for day in _numbers(row, 1, last + 1):
            yield row[1][0], day


def _request(row: Row, *, wanted: bool) -> Request:
    (day,), (weight,) = _numbers(row, 1, 2), _numbers(row, 3, 4)
    return Request(row[1][0], day, wanted, weight, row[1][2])


def _need(row: Row) -> Need:
    (day,), (required, under, over) = _numbers(row, 0, 1), _numbers(row, 2, 5)
    return Need(day, 0, 0, required, short_weight=under, floor_weight=0, excess_weight=over, shift=row[1][1])
