"""What a roster is asked for: people with contracts, shifts, cover, wishes, and what was published before.

All of it is plain data. Clock times are quarter hours of the local day (0 to 95, 36 is 09:00); a shift that ends after
midnight belongs to the day it starts on. Weights are whole numbers of the same penalty points, see `docs/adr/0022`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

QUARTERS = 96
QUARTER_MIN = 15
WEEKEND = "weekend"


@dataclass(frozen=True, slots=True)
class BreakRule:
    """Breaks inside a shift: each `length_q` long, and never more than `most_signing_q` on the queue without one.

    `apart_q` is the least stretch of work before, between and after breaks. Breaks stand off the queue: they never
    count as cover.
    """

    length_q: int = 1
    most_signing_q: int = 8
    apart_q: int = 4


@dataclass(frozen=True, slots=True)
class ShiftType:
    """A shift that can be given to a person on any day.

    `paid_min`: minutes that count for the contract, None for the whole length. `tags`: what it is for fairness and
    limits, such as "night" or "peak". `not_before`: names of the shifts that must not follow it on the next day.
    `site`: where it is worked, None for anywhere. `days`: weekdays on which it exists (0 is Monday), None for all.
    """

    name: str
    start_q: int
    length_q: int
    paid_min: int | None = None
    tags: frozenset[str] = frozenset()
    not_before: frozenset[str] = frozenset()
    site: str | None = None
    days: frozenset[int] | None = None
    breaks: BreakRule | None = None

    @property
    def minutes(self) -> int:
        """Minutes that count for the contract."""
        return self.length_q * QUARTER_MIN if self.paid_min is None else self.paid_min


@dataclass(frozen=True, slots=True)
class Hours:
    """Between `least_min` and `most_min` minutes in each period of `period_days`, None for the whole roster.

    Periods are counted from the first day; a last period that is cut short has its minimum cut in proportion.
    """

    most_min: int
    least_min: int = 0
    period_days: int | None = None


@dataclass(frozen=True)
class Contract:
    """What may be asked of a person.

    `most_of`: the most shifts, by shift name or tag, in the roster. `most_weekends`: weekends with any work.
    `days_a_week`: the most days worked in each seven, counted from the first day, None for no limit.
    `min_rest_q`: quarter hours between the end of one working day and the start of the next. `split_shifts`: whether
    two shifts a day are allowed, with `split_gap_q` between them. A run of days that touches the edge of the roster may
    be shorter than its minimum, unless the person's history says how it began.
    """

    hours: tuple[Hours, ...]
    max_days_on: int = 6
    min_days_on: int = 1
    min_days_off: int = 1
    most_weekends: int | None = None
    days_a_week: int | None = None
    most_of: Mapping[str, int] = field(default_factory=dict)
    min_rest_q: int = 44
    split_shifts: bool = False
    split_gap_q: int = 4


@dataclass(frozen=True, slots=True)
class Before:
    """The last days before the roster: days worked or days off in a row (one of them is 0), and the last shift."""

    days_on: int = 0
    days_off: int = 0
    last_shift: str | None = None


@dataclass(frozen=True)
class Person:
    """Somebody to be rostered; `seniority` is a rank, `sites` empty means every site."""

    name: str
    contract: Contract
    skills: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    seniority: int = 0
    before: Before | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """So many people wanted from `from_q` to `to_q` of a local day; `to_q` may lie after midnight.

    Below `floor` each quarter hour and person costs `floor_weight` on top of `short_weight`, which is due below
    `required`; `excess_weight` above. `skill` and `seniority` count only people who have them; `site` only shifts
    worked there. With `shift` the people on that shift count, breaks or not, and the times are left out.
    """

    day: int
    from_q: int
    to_q: int
    required: int
    floor: int = 0
    short_weight: int = 100
    floor_weight: int = 1000
    excess_weight: int = 1
    skill: str | None = None
    seniority: int = 0
    site: str | None = None
    shift: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A wish: `wanted` to work (or not to work) a shift, None for any, on a day; `weight` is due if it is not kept."""

    person: str
    day: int
    wanted: bool
    weight: int
    shift: str | None = None


@dataclass(frozen=True)
class Fairness:
    """A burden to be shared over a rolling quarter: a tag of shifts, or "weekend".

    `past`: how often each person had it in the weeks before. `expected`: how often anybody will have it in this roster.
    A person's fair share is by contract hours; each time above it costs `weight`.
    """

    burden: str
    weight: int
    expected: int
    past: Mapping[str, int] = field(default_factory=dict)


Assignment = Mapping[tuple[str, int], tuple[str, ...]]
"""Person and day to the names of the shifts worked, none for a day off; a missing pair is a day off too."""


@dataclass(frozen=True)
class Problem:
    """Everything that a roster is made from.

    `first_day` and `zone` (IANA) place the days on the clock; `absences` and `unavailable` (person, day, shift) are
    never overridden. `fixed` is what stands already; it gives way only to a rule that must hold. `published` is the
    roster that people have seen; each person and day that differs costs `change_weight`. `least_hours_weight`: for each
    minute that somebody lacks to their contract, where no roster could give it to them.
    """

    first_day: date
    days: int
    shifts: tuple[ShiftType, ...]
    people: tuple[Person, ...]
    needs: tuple[Need, ...]
    requests: tuple[Request, ...] = ()
    absences: frozenset[tuple[str, int]] = frozenset()
    unavailable: frozenset[tuple[str, int, str]] = frozenset()
    fixed: Assignment = field(default_factory=dict)
    fairness: tuple[Fairness, ...] = ()
    published: Assignment | None = None
    change_weight: int = 20
    zone: str = "Asia/Shanghai"
    fixed_weight: int = 100_000
    least_hours_weight: int = 20


@dataclass(frozen=True, slots=True)
class Break:
    """A break of a person on a day, from `from_q` to `to_q` counted from the start of that person's shift."""

    person: str
    day: int
    shift: str
    from_q: int
    to_q: int
