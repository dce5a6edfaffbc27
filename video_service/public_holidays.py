"""Public holidays of a region, and the weekend days on which its people work in exchange. Pure: no I/O, no clock.

    special_days("CN", date(2026, 1, 1), date(2026, 12, 31))

A region is an ISO 3166 code, with its subdivision where holidays differ inside the country: CN, HK, DE-BY. The days
come from the `holidays` library. Governments name the days of a year late in the year before: what is not published yet
cannot be there, so a new year wants a new version of the library.
"""

from __future__ import annotations

import enum
from datetime import date
from functools import lru_cache
from typing import ClassVar

import holidays
import msgspec

from video_service.errors import ServiceError

MOST_YEARS = 12


class UnknownRegion(ServiceError):
    """No public holidays are known for this region."""

    code: ClassVar[str] = "unknown_region"


class SpecialKind(enum.StrEnum):
    """In which way a day differs from its weekday."""

    HOLIDAY = "holiday"
    MAKE_UP = "make-up"  # a weekend day on which people work, because another day is free for it


class SpecialDay(msgspec.Struct, frozen=True):
    """One day; `name` is the holiday's, in the region's own language where the library has no `language`."""

    day: date
    kind: SpecialKind
    name: str = ""


def special_days(region: str, first: date, last: date, language: str = "") -> tuple[SpecialDay, ...]:
    """Return the special days from `first` to `last`, both included, in order; none for the region "".

    `language`: such as zh_CN or en_US.

    Raises:
        UnknownRegion: nothing is known of it.
        ValueError: more than `MOST_YEARS` years are asked for.
    """
    if not region:
        return ()
    if last.year - first.year >= MOST_YEARS:
        raise ValueError(f"at most {MOST_YEARS} years at once")
    found: dict[date, SpecialDay] = {}
    for year in range(first.year, last.year + 1):
        found |= {one.day: one for one in _of_year(region, year, language)}
    return tuple(found[day] for day in sorted(found) if first <= day <= last)


def special_day(region: str, day: date) -> SpecialDay | None:
    """Return what is special about a day in a region, None for nothing, and for a region that is not known any more."""
    try:
        return _by_day(region, day.year).get(day)
    except UnknownRegion:
        return None


def countries() -> tuple[str, ...]:
    """Return the ISO 3166 codes of all countries whose holidays are known, in order; none of a subdivision."""
    return tuple(sorted(code for code in holidays.list_supported_countries() if len(code) == 2))


def check_region(region: str) -> None:
    """Raise what `special_days` would for a region that is not known."""
    country, _, subdivision = region.partition("-")
    known = holidays.list_supported_countries()
    if region and (country not in known or (subdivision and subdivision not in known[country])):
        raise UnknownRegion(region=region)


@lru_cache(maxsize=64)
def _by_day(region: str, year: int) -> dict[date, SpecialDay]:
    return {one.day: one for one in _of_year(region, year, "")}


@lru_cache(maxsize=64)
def _of_year(region: str, year: int, language: str) -> tuple[SpecialDay, ...]:
    check_region(region)
    country, _, subdivision = region.partition("-")
    table = holidays.country_holidays(country, subdiv=subdivision or None, years=year, language=language or None)
    # A day off for which a Saturday is worked stands in the table as any other; the Saturday stands beside it.
    free = [SpecialDay(day, SpecialKind.HOLIDAY, name) for day, name in table.items() if day.year == year]
    worked = [SpecialDay(day, SpecialKind.MAKE_UP) for day in table.weekend_workdays if day.year == year]
    return (*free, *worked)
