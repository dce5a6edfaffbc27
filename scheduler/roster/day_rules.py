"""The rules about one person on one day, one function each: what may be worked at all, and what costs points.

`POSSIBLE` rules say whether a duty may be worked on a day; they are never broken. `POINTS` rules return what each duty
and the day off cost on each day. What binds several days of a person together is in `rules.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from scheduler.roster.cover import Duty, Ints
from scheduler.roster.problem import QUARTERS, Person, Problem

Bools = NDArray[np.bool_]
Possible = Callable[[Problem, Person, Sequence[Duty], Ints], Bools]
"""Returns which duties may be worked on which day, shape (days, duties) or one that spreads to it."""
Costs = tuple[Ints, Ints]
"""What each duty costs, (days, duties), and what the day off costs, (days,)."""


def held_on_that_day(problem: Problem, person: Person, duties: Sequence[Duty], times: Ints) -> Bools:
    """A shift is worked on its own weekdays, and not where it would begin at a time that the clock skips."""
    return np.stack([(times[:, duty.shifts, 0] >= 0).all(axis=1) for duty in duties], axis=1)


def not_absent(problem: Problem, person: Person, duties: Sequence[Duty], times: Ints) -> Bools:
    """Nobody works on a day of absence, nor a shift that reaches into one."""
    absent = np.asarray([(person.name, day) in problem.absences for day in range(problem.days + 1)])
    ends = [max(problem.shifts[i].start_q + problem.shifts[i].length_q for i in duty.shifts) for duty in duties]
    late = np.asarray(ends) > QUARTERS
    return ~absent[:-1, None] & ~(absent[1:, None] & late)


def available(problem: Problem, person: Person, duties: Sequence[Duty], times: Ints) -> Bools:
    """Nobody works a shift for which they said that they are not available."""
    may = np.ones((problem.days, len(duties)), dtype=np.bool_)
    for name, day, shift in problem.unavailable:
        if name == person.name:
            may[day] &= [all(problem.shifts[i].name != shift for i in duty.shifts) for duty in duties]
    return may


def at_own_sites(problem: Problem, person: Person, duties: Sequence[Duty], times: Ints) -> Bools:
    """People work at their own sites; who has none named works at every site, and a shift of no site fits everybody."""
    sites = [{problem.shifts[i].site for i in duty.shifts} - {None} for duty in duties]
    return np.asarray([not person.sites or here <= person.sites for here in sites])


def split_where_agreed(problem: Problem, person: Person, duties: Sequence[Duty], times: Ints) -> Bools:
    """Two shifts in a day are only for those whose contract has split shifts, with the agreed gap between them."""
    may = np.ones((problem.days, len(duties)), dtype=np.bool_)
    for number, duty in enumerate(duties):
        if len(duty.shifts) > 1:
            first, second = duty.shifts
            gap = times[:, second, 0] - times[:, first, 1]
            may[:, number] = (gap >= person.contract.split_gap_q) & person.contract.split_shifts
    return may


def kinds_of_the_contract(problem: Problem, person: Person, duties: Sequence[Duty], times: Ints) -> Bools:
    """Shifts of a kind that the contract does not allow at all are not worked."""
    never = {kind for kind, most in person.contract.most_of.items() if most == 0}
    kinds = [
        {kind for i in duty.shifts for kind in (problem.shifts[i].name, *problem.shifts[i].tags)} for duty in duties
    ]
    return np.asarray([not here & never for here in kinds])


def rest_after_the_last_shift(problem: Problem, person: Person, duties: Sequence[Duty], times: Ints) -> Bools:
    """Between the last shift before the roster and the first day's lies the legal rest, in an allowed succession."""
    may = np.ones((problem.days, len(duties)), dtype=np.bool_)
    before = person.before
    last = next((one for one in problem.shifts if before is not None and one.name == before.last_shift), None)
    if before is None or last is None or not before.days_on:
        return may
    rested_q = last.start_q + last.length_q - QUARTERS + person.contract.min_rest_q
    for number, duty in enumerate(duties):
        names = {problem.shifts[shift].name for shift in duty.shifts}
        may[0, number] = times[0, duty.shifts[0], 0] >= rested_q and not names & last.not_before
    return may


POSSIBLE: Mapping[str, Possible] = {
    "held on that day": held_on_that_day,
    "absences": not_absent,
    "availability": available,
    "sites": at_own_sites,
    "split shifts": split_where_agreed,
    "kinds of the contract": kinds_of_the_contract,
    "rest after the last shift": rest_after_the_last_shift,
}


def wishes(problem: Problem, person: Person, names: Sequence[frozenset[str]]) -> Costs:
    """A wish to work, or not to work, a shift or a day costs its weight where it is not kept."""
    cost, off_cost = _nothing(problem, names)
    for one in problem.requests:
        if one.person != person.name:
            continue
        has = np.asarray([one.shift is None or one.shift in name for name in names])
        cost[one.day, has != one.wanted] += one.weight
        off_cost[one.day] += one.weight if one.wanted else 0
    return cost, off_cost


def what_is_fixed(problem: Problem, person: Person, names: Sequence[frozenset[str]]) -> Costs:
    """What stands already stays: to give it up costs more than anything but a rule that must hold."""
    return _unlike(problem, person, names, problem.fixed, problem.fixed_weight, every_day=False)


def least_change(problem: Problem, person: Person, names: Sequence[frozenset[str]]) -> Costs:
    """Each day that is not as in the roster that people have seen costs points."""
    if problem.published is None:
        return _nothing(problem, names)
    return _unlike(problem, person, names, problem.published, problem.change_weight, every_day=True)


POINTS: Mapping[str, Callable[[Problem, Person, Sequence[frozenset[str]]], Costs]] = {
    "wishes": wishes,
    "fixed": what_is_fixed,
    "changes": least_change,
}


def _nothing(problem: Problem, names: Sequence[frozenset[str]]) -> Costs:
    return np.zeros((problem.days, len(names)), dtype=np.int64), np.zeros(problem.days, dtype=np.int64)


def _unlike(
    problem: Problem,
    person: Person,
    names: Sequence[frozenset[str]],
    wanted: Mapping[tuple[str, int], tuple[str, ...]],
    weight: int,
    *,
    every_day: bool,
) -> Costs:
    """Return what it costs to differ from an assignment; days that it does not name are free, or are days off."""
    cost, off_cost = _nothing(problem, names)
    for day in range(problem.days):
        if not every_day and (person.name, day) not in wanted:
            continue
        like = set(wanted.get((person.name, day), ()))
        cost[day, [name != like for name in names]] = weight
        off_cost[day] = weight if like else 0
    return cost, off_cost
