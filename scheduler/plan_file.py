"""A team's rules as a TOML file: targets, shrinkage, shifts, contracts, people. `EXAMPLE` shows or comments each line.

Times are local clock times in quarter hours. What is left out has the default of the class that it becomes. A file
that contradicts itself is refused with the row and the rule, by reading it or, where rules meet, by making the roster.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from scheduler.errors import BadRoster
from scheduler.roster.problem import QUARTER_MIN, QUARTERS, BreakRule, Contract, Hours, Need, Person, Problem, Request
from scheduler.roster.problem import ShiftType as Shift
from scheduler.roster_shares import Mix, Share, mixed, shared
from scheduler.service_level import Definition
from scheduler.shrinkage import Shrinkage
from scheduler.targets import MINIMUM_WHEN_OPEN, Abandonment, LongestWait, Promise, ServiceLevel, Targets

WEEK_DAYS = 7
WISH_WEIGHT = 50
"""Penalty points of a wish that is not kept, where the rules say nothing else."""

Name = Annotated[str, Meta(min_length=1, max_length=64)]
Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):(00|15|30|45)\Z")]
Quarters = Annotated[int, Meta(ge=QUARTER_MIN, le=1440, multiple_of=QUARTER_MIN)]
Part = Annotated[float, Meta(gt=0, lt=1)]
Points = Annotated[int, Meta(ge=0, le=100_000)]

EXAMPLE = """\
[targets]
answered_share = 0.95
within_s = 20
# definition = "served_of_answered"
give_up_share = 0.05
longest_wait_s = 120
minimum = 2

[shrinkage]
sickness = 0.04
training = 0.02

## Of those who give up so many call again, after so long on average.
# [again]
# share = 0.5
# pause_s = 300

[[shifts]]
name = "early"
from = "09:00"
to = "17:00"
paid_min = 450
break_min = 15
most_signing_min = 120

[[shifts]]
name = "late"
from = "13:00"
to = "21:00"
paid_min = 450
break_min = 15
most_signing_min = 120
not_before = ["early"]
# tags = ["evening"]
# site = "east"

[contracts.full]
most_hours_a_week = 40
least_hours_a_week = 30
days_in_a_row = 5
rest_hours = 11
# most_of = { evening = 12 }
# days_on_in_a_row = 2

## Shared fairly over a quarter of a year: weekends, and shifts with a tag.
# [[fair]]
# burden = "weekend"
# [[fair]]
# burden = "evening"
# weight = 10

## At least so many of a kind (seniority, skill, site) whenever anybody is there.
# [[mix]]
# seniority = 1
# people = 1

[[people]]
name = "amei"
contract = "full"
skills = ["csl"]
# seniority = 1
# sites = ["east"]
off = ["2026-03-07"]
wishes_off = ["2026-03-14"]

[[people]]
name = "linxiao"
contract = "full"
skills = ["csl"]
"""


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class _Targets(_Row, frozen=True):
    answered_share: Part = 0.95
    within_s: Annotated[float, Meta(ge=0)] = 20
    definition: Definition = Definition.SERVED_OF_OFFERED
    give_up_share: Part | None = None
    longest_wait_s: Annotated[float, Meta(gt=0)] | None = None
    minimum: Annotated[int, Meta(ge=0, le=1000)] = MINIMUM_WHEN_OPEN
    kept_often: Part = 0.9


class _Again(_Row, frozen=True):
    share: Annotated[float, Meta(ge=0, lt=1)]
    pause_s: Annotated[float, Meta(gt=0, le=86_400)]


class _Shift(_Row, frozen=True):
    name: Name
    start: Clock = msgspec.field(name="from")
    end: Clock = msgspec.field(name="to")
    paid_min: Annotated[int, Meta(gt=0, le=1440)] | None = None
    break_min: Quarters | None = None
    most_signing_min: Quarters = 120
    weekdays: frozenset[Annotated[int, Meta(ge=1, le=7)]] | None = None
    tags: frozenset[Name] = frozenset()
    site: Name | None = None
    not_before: frozenset[Name] = frozenset()


class _Contract(_Row, frozen=True):
    name: Name
    most_hours_a_week: Annotated[float, Meta(gt=0, le=168)]
    least_hours_a_week: Annotated[float, Meta(ge=0, le=168)] = 0
    days_in_a_row: Annotated[int, Meta(ge=1, le=14)] = 6
    days_off_in_a_row: Annotated[int, Meta(ge=1, le=7)] = 1
    weekends: Annotated[int, Meta(ge=0)] | None = None
    rest_hours: Annotated[float, Meta(ge=0, le=24)] = 11
    split_shifts: bool = False
    days_on_in_a_row: Annotated[int, Meta(ge=1, le=7)] = 1
    most_of: dict[Name, Annotated[int, Meta(ge=0)]] = {}


class _Fair(_Row, frozen=True):
    burden: Name
    weight: Points = WISH_WEIGHT


class _Mix(_Row, frozen=True):
    people: Annotated[int, Meta(ge=1, le=1000)] = 1
    seniority: Annotated[int, Meta(ge=0, le=100)] = 0
    skill: Name | None = None
    site: Name | None = None
    weight: Points = 100


class _Person(_Row, frozen=True):
    name: Name
    contract: Name
    skills: frozenset[Name] = frozenset()
    seniority: Annotated[int, Meta(ge=0, le=100)] = 0
    sites: frozenset[Name] = frozenset()
    off: tuple[date, ...] = ()
    wishes_off: tuple[date, ...] = ()
    wish_weight: Points = WISH_WEIGHT


class _File(_Row, frozen=True):
    shifts: Annotated[tuple[_Shift, ...], Meta(min_length=1, max_length=64)]
    contracts: Annotated[tuple[_Contract, ...], Meta(min_length=1)]
    people: Annotated[tuple[_Person, ...], Meta(min_length=1, max_length=1000)]
    targets: _Targets = _Targets()
    again: _Again | None = None
    fair: tuple[_Fair, ...] = ()
    mix: tuple[_Mix, ...] = ()
    shrinkage: dict[Name, Annotated[float, Meta(ge=0, lt=1)]] = {}


@dataclass(frozen=True)
class PlanFile:
    """What a plan file says. `minimum`: people on the floor whenever open. `kept_often`: see `demand.needs_of`.

    `fair`, `mixes`: see `roster_shares`. `again`: the share of those who give up that call again, and the mean pause
    in seconds before they do. `wishes` and `busy`, which no file says but people themselves: shifts that they want to
    work, or cannot, by day.
    """

    targets: Targets
    shrinkage: Shrinkage
    kept_often: float
    shifts: tuple[Shift, ...]
    people: tuple[Person, ...]
    off: Mapping[str, tuple[date, ...]]
    wishes_off: Mapping[str, tuple[date, ...]]
    wish_weights: Mapping[str, int]
    fair: tuple[Share, ...] = ()
    mixes: tuple[Mix, ...] = ()
    again: tuple[float, float] | None = None
    wishes: Mapping[str, tuple[tuple[date, str], ...]] = field(default_factory=dict)
    busy: Mapping[str, tuple[tuple[date, str], ...]] = field(default_factory=dict)

    def problem(self, first_day: date, days: int, needs: list[Need], zone: str) -> Problem:
        """Return the roster to be made for `days` days from `first_day`; days outside them are left.

        So is what is said about anybody who is not in `people`.
        """
        inside = {first_day + timedelta(days=number): number for number in range(days)}
        people = {person.name for person in self.people}
        return Problem(
            first_day=first_day,
            days=days,
            shifts=self.shifts,
            people=self.people,
            needs=(*needs, *mixed(self.mixes, needs)),
            fairness=shared(self.fair, self.shifts, needs, first_day),
            requests=tuple(one for one in self._requests(inside) if one.person in people),
            absences=frozenset(
                (name, inside[day]) for name, off in self.off.items() if name in people for day in off if day in inside
            ),
            unavailable=frozenset(
                (name, inside[day], shift)
                for name, busy in self.busy.items()
                if name in people
                for day, shift in busy
                if day in inside
            ),
            zone=zone,
        )

    def _requests(self, inside: Mapping[date, int]) -> Iterator[Request]:
        for name, days in self.wishes_off.items():
            for day in days:
                if day in inside:
                    yield Request(name, inside[day], wanted=False, weight=self.wish_weights.get(name, WISH_WEIGHT))
        for name, shifts in self.wishes.items():
            for day, shift in shifts:
                if day in inside:
                    weight = self.wish_weights.get(name, WISH_WEIGHT)
                    yield Request(name, inside[day], wanted=True, weight=weight, shift=shift)


def read_plan_file(text: str) -> PlanFile:
    """Return what a plan file says.

    Raises:
        BadRoster: it is no TOML, a row lacks something or has what it must not, or a person has no such contract.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(text)
        file = msgspec.convert(_named(raw), type=_File)
    except tomllib.TOMLDecodeError as error:
        raise BadRoster(f"The plan file is no TOML: {error}.") from error
    except msgspec.ValidationError as error:
        raise BadRoster(
            f"The plan file says something that cannot be: {_in_words(str(error), _named(raw))}."
        ) from error
    contracts = {row.name: _contract(row) for row in file.contracts}
    for person in file.people:
        if person.contract not in contracts:
            raise BadRoster(f"Person {person.name} has the contract {person.contract}, which the file does not have.")
    return PlanFile(
        targets=Targets(tuple(_promises(file.targets)), minimum=file.targets.minimum),
        shrinkage=Shrinkage(file.shrinkage),
        kept_often=file.targets.kept_often,
        shifts=tuple(map(_shift, file.shifts)),
        people=tuple(
            Person(row.name, contracts[row.contract], row.skills, row.sites, row.seniority) for row in file.people
        ),
        fair=tuple(Share(row.burden, row.weight) for row in file.fair),
        again=None if file.again is None else (file.again.share, file.again.pause_s),
        mixes=tuple(Mix(row.people, row.seniority, row.skill, row.site, row.weight) for row in file.mix),
        off={row.name: row.off for row in file.people},
        wishes_off={row.name: row.wishes_off for row in file.people},
        wish_weights={row.name: row.wish_weight for row in file.people},
    )


def _named(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the file with its contracts as rows that know their names, so that a fault can name its row."""
    contracts = raw.get("contracts")
    if not isinstance(contracts, dict) or not all(isinstance(row, dict) for row in contracts.values()):
        return dict(raw)
    return {**raw, "contracts": [{**row, "name": name} for name, row in contracts.items()]}


def _promises(row: _Targets) -> list[Promise]:
    promises: list[Promise] = [ServiceLevel(row.answered_share, row.within_s, row.definition)]
    if row.give_up_share is not None:
        promises.append(Abandonment(row.give_up_share))
    if row.longest_wait_s is not None:
        promises.append(LongestWait(row.longest_wait_s))
    return promises


def _shift(row: _Shift) -> Shift:
    start_q, end_q = _quarter(row.start), _quarter(row.end)
    return Shift(
        name=row.name,
        start_q=start_q,
        length_q=(end_q - start_q - 1) % QUARTERS + 1,  # to an earlier time: the next day's; to the same: 24 hours
        paid_min=row.paid_min,
        tags=row.tags,
        not_before=row.not_before,
        site=row.site,
        days=None if row.weekdays is None else frozenset(day - 1 for day in row.weekdays),
        breaks=None
        if row.break_min is None
        else BreakRule(length_q=row.break_min // QUARTER_MIN, most_signing_q=row.most_signing_min // QUARTER_MIN),
    )


def _contract(row: _Contract) -> Contract:
    week = Hours(round(row.most_hours_a_week * 60), round(row.least_hours_a_week * 60), WEEK_DAYS)
    return Contract(
        hours=(week,),
        max_days_on=row.days_in_a_row,
        min_days_on=row.days_on_in_a_row,
        min_days_off=row.days_off_in_a_row,
        most_weekends=row.weekends,
        most_of=row.most_of,
        min_rest_q=round(row.rest_hours * 60 / QUARTER_MIN),
        split_shifts=row.split_shifts,
    )


def _quarter(clock: str) -> int:
    hours, minutes = clock.split(":")
    return (int(hours) * 60 + int(minutes)) // QUARTER_MIN


_WHERE = re.compile(r" - at `\$\.?([^`]*)`")


def _in_words(error: str, raw: Mapping[str, Any]) -> str:
    """Return msgspec's sentence with the row's own name: `people[3].off[0]` becomes `people 4 (amei), off`."""
    found = _WHERE.search(error)
    if not found:
        return error
    what, where = error[: found.start()], found[1]
    if "matching regex" in what:
        what = "must be a clock time in quarter hours, such as 09:15"
    row = re.match(r"(\w+)\[(\d+)\]\.?(\w*)", where)
    if row:
        rows: Any = raw.get(row[1])
        name = rows[int(row[2])].get("name", "") if isinstance(rows[int(row[2])], dict) else ""
        where = f"{row[1]} {int(row[2]) + 1}" + (f" ({name})" if name else "") + (f", {row[3]}" if row[3] else "")
    return f"{where}: {what[:1].lower()}{what[1:]}"
