"""The problem as tables: who may work what on which day at which cost, what may follow what, and what covers what.

A *duty* is what one person does on one day: one shift, or two where split shifts are allowed. All solvers work on these
tables; the independent checker does not.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from scheduler.roster.breaks import plans_of
from scheduler.roster.clock import Clock
from scheduler.roster.cover import CoverRow, Duty, Ints, counts_for, cover_rows
from scheduler.roster.day_rules import POINTS, POSSIBLE, Bools
from scheduler.roster.problem import WEEKEND, Assignment, Contract, Hours, Person, Problem
from scheduler.roster.validate import validate

FORBIDDEN = 1 << 40
WEEK_DAYS = 7


@dataclass(frozen=True)
class Resource:
    """Something that a person's duties add up to, within `days`: hours, shifts of a kind, a shared burden.

    `use`: shape (days, duties), in units of `unit` minutes for hours. Above `most` each unit costs `over_weight`, None
    means never. Below `least` is never either, unless nobody can help it: then each minute that lacks to
    `least_minutes` costs `short_weight`. `period`: days of the kind of period, for hours.
    """

    name: str
    use: Ints
    first_day: int
    end_day: int
    most: int
    least: int = 0
    short_weight: int = 0
    over_weight: int | None = None
    unit: int = 1
    period: int = 0
    least_minutes: int = 0


@dataclass(frozen=True)
class PersonGrid:
    """One person's tables. `cost`: (days, duties), FORBIDDEN where not possible; `off_cost`: (days,).

    `line`: duties (-1 off) that keep all of this, as far as such a line is known already. `owed`: points for hours that
    this person provably lacks in every line.
    """

    name: str
    group: int
    cost: Ints
    off_cost: Ints
    contract: Contract
    start: tuple[int, int] | None
    follows: int
    resources: tuple[Resource, ...]
    most_weekends: int | None
    fair_weekends: tuple[int, int] | None
    line: tuple[int, ...] = ()
    owed: int = 0

    @property
    def counts_weekends(self) -> bool:
        """Whether weekends worked are limited or to be shared."""
        return self.most_weekends is not None or self.fair_weekends is not None


@dataclass(frozen=True)
class Grid:
    """All tables of a problem; `follows[k]` has shape (days - 1, duties, duties)."""

    problem: Problem
    duties: tuple[Duty, ...]
    people: tuple[PersonGrid, ...]
    follows: tuple[Bools, ...]
    rows: tuple[CoverRow, ...]
    plans: tuple[tuple[tuple[tuple[int, int], ...], ...], ...]
    weekends: tuple[tuple[int, ...], ...]
    notes: tuple[str, ...]

    @property
    def days(self) -> int:
        """The number of days."""
        return self.problem.days


def build(problem: Problem) -> Grid:
    """Return the tables of a problem.

    Raises:
        BadRoster: the problem contradicts itself; the message names the row and the rule.
    """
    validate(problem)
    clock = Clock(problem.first_day, problem.zone)
    times, notes = _times(problem, clock)
    duties = _duties(problem)
    counted = sorted({(one.skill, one.seniority) for one in problem.needs if one.skill or one.seniority}, key=str)
    groups: dict[tuple[bool, ...], int] = {}
    follows: dict[int, int] = {}
    people: list[PersonGrid] = []
    members: list[Person] = []
    for person in problem.people:
        kind = tuple(counts_for(person, skill, seniority) for skill, seniority in counted)
        group = groups.setdefault(kind, len(groups))
        if group == len(members):
            members.append(person)
        follow = follows.setdefault(person.contract.min_rest_q, len(follows))
        people.append(_person(problem, person, group, follow, duties, times))
    plans = tuple(plans_of(one) for one in problem.shifts)
    return Grid(
        problem=problem,
        duties=duties,
        people=tuple(people),
        follows=tuple(_follows(problem, duties, times, rest) for rest in follows),
        rows=tuple(cover_rows(problem, clock, duties, times, members, plans)),
        plans=plans,
        weekends=weekends_of(problem),
        notes=tuple(notes),
    )


def classes_of(grid: Grid, follows: int) -> list[int]:
    """Return the class of each duty: duties of a class are followed by the same duties on every day."""
    table = grid.follows[follows]
    kinds: dict[bytes, int] = {}
    return [kinds.setdefault(table[:, duty].tobytes(), len(kinds)) for duty in range(len(grid.duties))]


def weekends_of(problem: Problem) -> tuple[tuple[int, ...], ...]:
    """Return the days of each weekend, Saturday and Sunday, as far as they are in the roster."""
    found: dict[int, list[int]] = defaultdict(list)
    for day in range(problem.days):
        ordinal = (problem.first_day + timedelta(days=day)).toordinal()
        if (ordinal - 1) % 7 >= 5:
            found[(ordinal - 1) // 7].append(day)
    return tuple(tuple(days) for _, days in sorted(found.items()))


def _times(problem: Problem, clock: Clock) -> tuple[Ints, list[str]]:
    """Return start and end of each shift on each day, (days, shifts, 2), -1 where it does not exist; and notes."""
    times = np.full((problem.days, len(problem.shifts), 2), -1, dtype=np.int64)
    notes = []
    for day in range(problem.days):
        weekday = (problem.first_day + timedelta(days=day)).weekday()
        for index, shift in enumerate(problem.shifts):
            if shift.days is not None and weekday not in shift.days:
                continue
            if not clock.exists(day, shift.start_q):
                notes.append(
                    f"{shift.name} is left out on {clock.words(day, shift.start_q)}: the clock skips that time."
                )
                continue
            start = clock.instant(day, shift.start_q)
            times[day, index] = start, start + shift.length_q
    return times, notes


def _duties(problem: Problem) -> tuple[Duty, ...]:
    """Return single shifts, then every pair that somebody's contract lets them do in one day."""
    duties = [Duty((index,), shift.minutes) for index, shift in enumerate(problem.shifts)]
    gaps = [one.contract.split_gap_q for one in problem.people if one.contract.split_shifts]
    if gaps:
        order = sorted(range(len(problem.shifts)), key=lambda index: problem.shifts[index].start_q)
        for place, first in enumerate(order):
            for second in order[place + 1 :]:
                one, two = problem.shifts[first], problem.shifts[second]
                if two.start_q - one.start_q - one.length_q >= min(gaps):
                    duties.append(Duty((first, second), one.minutes + two.minutes))
    return tuple(duties)


def _person(
    problem: Problem, person: Person, group: int, follow: int, duties: Sequence[Duty], times: Ints
) -> PersonGrid:
    contract = person.contract
    possible = np.ones((problem.days, len(duties)), dtype=np.bool_)
    for may in POSSIBLE.values():
        possible &= may(problem, person, duties, times)
    names = [frozenset(problem.shifts[shift].name for shift in duty.shifts) for duty in duties]
    cost, off_cost = np.where(possible, 0, FORBIDDEN), np.zeros(problem.days, dtype=np.int64)
    for points in POINTS.values():
        for_work, for_rest = points(problem, person, names)
        cost, off_cost = cost + for_work, off_cost + for_rest
    start = None
    if person.before is not None:
        start = (person.before.days_on, person.before.days_off)
    fair = next((one for one in problem.fairness if one.burden == WEEKEND), None)
    return PersonGrid(
        name=person.name,
        group=group,
        cost=cost,
        off_cost=off_cost,
        contract=contract,
        start=start,
        follows=follow,
        resources=tuple(_resources(problem, person, duties, possible)),
        most_weekends=contract.most_weekends,
        fair_weekends=None if fair is None else (fair_shares(problem, fair.burden)[person.name], fair.weight),
    )


def fair_shares(problem: Problem, burden: str) -> Mapping[str, int]:
    """Return how often each person may have a burden in this roster before it is more than their fair share.

    The share is that of contract hours, of all that was and will be to do, rounded up.
    """
    fairness = next(one for one in problem.fairness if one.burden == burden)
    weights = {one.name: _longest(one.contract).most_min for one in problem.people}
    total = fairness.expected + sum(fairness.past.get(name, 0) for name in weights)
    whole = max(1, sum(weights.values()))
    return {
        name: max(0, math.ceil(total * weight / whole - 1e-9) - fairness.past.get(name, 0))
        for name, weight in weights.items()
    }


def _longest(contract: Contract) -> Hours:
    """Return the limit over the longest period, per day of it comparable between contracts."""
    return max(contract.hours, key=lambda one: one.period_days or 10_000)


def _resources(problem: Problem, person: Person, duties: Sequence[Duty], possible: Bools) -> list[Resource]:
    """Return the sums that bind a person: hours by period, most shifts of a kind, fair shares."""
    # In units of the common length of what this person can do: what lies between two multiples can never be used.
    minutes = np.where(possible.any(axis=0), [duty.minutes for duty in duties], 0)
    every_day = np.ones((problem.days, 1), dtype=np.int64)
    found = []
    unit = max(1, int(np.gcd.reduce(minutes)))
    for hours in person.contract.hours:
        period = hours.period_days or problem.days
        for first in range(0, problem.days, period):
            end = min(first + period, problem.days)
            least = hours.least_min * (end - first) // period
            use, weight = every_day * (minutes // unit), problem.least_hours_weight
            most = hours.most_min // unit
            found.append(Resource("hours", use, first, end, most, -(-least // unit), weight, None, unit, period, least))
    if person.contract.days_a_week is not None:
        worked = np.ones((problem.days, len(duties)), dtype=np.int64)
        for first in range(0, problem.days, WEEK_DAYS):
            end = min(first + WEEK_DAYS, problem.days)
            found.append(Resource("days a week", worked, first, end, person.contract.days_a_week, period=WEEK_DAYS))
    kinds = [[{problem.shifts[i].name, *problem.shifts[i].tags} for i in duty.shifts] for duty in duties]
    tags = [[tag for i in duty.shifts for tag in problem.shifts[i].tags] for duty in duties]
    for name, limit in person.contract.most_of.items():
        each = np.asarray([sum(name in names for names in kind) for kind in kinds], dtype=np.int64)
        if 0 < limit < problem.days * int(each.max(initial=0)):
            found.append(Resource(f"most of {name}", every_day * each, 0, problem.days, limit))
    for one in problem.fairness:
        if one.burden != WEEKEND:
            each = np.asarray([tag.count(one.burden) for tag in tags], dtype=np.int64)
            share = fair_shares(problem, one.burden)[person.name]
            found.append(
                Resource(f"share of {one.burden}", every_day * each, 0, problem.days, share, over_weight=one.weight)
            )
    return found


def _follows(problem: Problem, duties: Sequence[Duty], times: Ints, rest_q: int) -> Bools:
    """Return whether a duty (last axis) may follow another (middle) on the next day: named successions and rest."""
    count = len(duties)
    first = np.asarray([duty.shifts[0] for duty in duties])
    last = np.asarray([duty.shifts[-1] for duty in duties])
    named = np.ones((count, count), dtype=np.bool_)
    for a, before in enumerate(duties):
        for b, after in enumerate(duties):
            names = {problem.shifts[shift].name for shift in after.shifts}
            named[a, b] = not any(names & problem.shifts[shift].not_before for shift in before.shifts)
    if problem.days == 1:
        return np.zeros((0, count, count), dtype=np.bool_)
    gap = times[1:, first, 0][:, None, :] - times[:-1, last, 1][:, :, None]
    return np.asarray(named[None] & (gap >= rest_q))


def assigned(grid: Grid, roster: Sequence[Sequence[int]]) -> Assignment:
    """Return a roster of duty indices (people, days; -1 is off) by names."""
    shifts = grid.problem.shifts
    return {
        (person.name, day): tuple(shifts[shift].name for shift in grid.duties[duty].shifts)
        for person, line in zip(grid.people, roster, strict=True)
        for day, duty in enumerate(line)
        if duty >= 0
    }
