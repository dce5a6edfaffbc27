"""A team's rules as a TOML file: targets, shrinkage, shifts, contracts, people. `EXAMPLE` shows or comments each line.

Times are local clock times in quarter hours. What is left out has the default of the class that it becomes. A file
that contradicts itself is refused with the row and the rule, by reading it or, where rules meet, by making the roster.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from scheduler.plan_file_check import check, minutes_of
from scheduler.plan_file_rows import WISH_WEIGHT, ContractRow, Rows, ShiftRow, TargetsRow, read_rows
from scheduler.roster.problem import QUARTER_MIN, BreakRule, Contract, Hours, Need, Person, Problem, Request
from scheduler.roster.problem import ShiftType as Shift
from scheduler.roster.validate import validate
from scheduler.roster_shares import Mix, Share, mixed, shared
from scheduler.shrinkage import Shrinkage
from scheduler.targets import Abandonment, LongestWait, Promise, ServiceLevel, Targets

WEEK_DAYS = 7
_ANY_MONDAY = date(2026, 1, 5)

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
# days_a_week = 5

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


def read_plan_file(text: str, *, strict: bool = True) -> PlanFile:
    """Return what a plan file says. `strict`: False for one that is kept: whoever looks at shifts can still do so.

    Raises:
        BadRoster: it is no TOML, a row lacks something or has what it must not, or rows contradict one another.
    """
    file = read_rows(text)
    check(file, strict=strict)
    contracts = {row.name: _contract(row) for row in file.contracts}
    found = _plan_file(file, contracts)
    if strict:
        # What rules of work say together is the roster's to know: any week shows it.
        validate(found.problem(_ANY_MONDAY, WEEK_DAYS, [], "UTC"))
    return found


def _plan_file(file: Rows, contracts: Mapping[str, Contract]) -> PlanFile:
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


def _promises(row: TargetsRow) -> list[Promise]:
    promises: list[Promise] = [ServiceLevel(row.answered_share, row.within_s, row.definition)]
    if row.give_up_share is not None:
        promises.append(Abandonment(row.give_up_share))
    if row.longest_wait_s is not None:
        promises.append(LongestWait(row.longest_wait_s))
    return promises


def _shift(row: ShiftRow) -> Shift:
    hours, minutes = row.start.split(":")
    return Shift(
        name=row.name,
        start_q=(int(hours) * 60 + int(minutes)) // QUARTER_MIN,
        length_q=minutes_of(row) // QUARTER_MIN,
        paid_min=row.paid_min,
        tags=row.tags,
        not_before=row.not_before,
        site=row.site,
        days=None if row.weekdays is None else frozenset(day - 1 for day in row.weekdays),
        breaks=None
        if row.break_min is None
        else BreakRule(length_q=row.break_min // QUARTER_MIN, most_signing_q=row.most_signing_min // QUARTER_MIN),
    )


def _contract(row: ContractRow) -> Contract:
    week = Hours(round(row.most_hours_a_week * 60), round(row.least_hours_a_week * 60), WEEK_DAYS)
    return Contract(
        hours=(week,),
        max_days_on=row.days_in_a_row,
        min_days_on=row.days_on_in_a_row,
        min_days_off=row.days_off_in_a_row,
        most_weekends=row.weekends,
        days_a_week=row.days_a_week,
        most_of=row.most_of,
        min_rest_q=round(row.rest_hours * 60 / QUARTER_MIN),
        split_shifts=row.split_shifts,
    )
