"""What a problem can say wrong about itself: each refusal is a sentence that names the row and the rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from scheduler.errors import BadRoster
from scheduler.roster.breaks import plans_of
from scheduler.roster.clock import Clock
from scheduler.roster.problem import QUARTERS, WEEKEND, Contract, Person, Problem

_LONGEST_DAYS = 366
_LONGEST_REST_Q = 96


def validate(problem: Problem) -> None:
    """Refuse a problem that contradicts itself.

    Raises:
        BadRoster: the first contradiction found.
    """
    if not 1 <= problem.days <= _LONGEST_DAYS:
        raise BadRoster(f"A roster has 1 to {_LONGEST_DAYS} days, not {problem.days}.")
    if not problem.people:
        raise BadRoster("There is nobody to be rostered.")
    if not problem.shifts:
        raise BadRoster("There is no shift to be worked.")
    clock = Clock(problem.first_day, problem.zone)
    _once("Shift", (one.name for one in problem.shifts))
    _once("Person", (one.name for one in problem.people))
    _shifts(problem)
    for person in problem.people:
        _person(problem, person)
    _needs(problem, clock)
    _pairs(problem, clock)
    for fairness in problem.fairness:
        _fairness(problem, fairness.burden, fairness.weight, fairness.expected, fairness.past)


def _once(what: str, names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise BadRoster(f"{what} {name} stands there {count} times.")


def _shifts(problem: Problem) -> None:
    names = {one.name for one in problem.shifts}
    for shift in problem.shifts:
        if not (0 <= shift.start_q < QUARTERS and 0 < shift.length_q <= QUARTERS):
            raise BadRoster(f"Shift {shift.name} must start within a day and be at most 24 hours long.")
        if shift.minutes <= 0:
            raise BadRoster(f"Shift {shift.name} counts {shift.minutes} minutes; it must count some.")
        if shift.not_before - names:
            raise BadRoster(
                f"Shift {shift.name} must not come before {min(shift.not_before - names)}, which is no shift."
            )
        if shift.days is not None and not shift.days <= frozenset(range(7)):
            raise BadRoster(f"Shift {shift.name} is for a weekday that is not between 0 (Monday) and 6.")
        rule = shift.breaks
        if rule is None:
            continue
        if rule.length_q < 1 or not 1 <= rule.apart_q <= rule.most_signing_q:
            raise BadRoster(f"The breaks of shift {shift.name} have no length, or must be further apart than they may.")
        if shift.length_q > rule.most_signing_q and not plans_of(shift):
            raise BadRoster(f"No breaks fit into shift {shift.name} so that nobody signs longer than the limit.")


def _person(problem: Problem, person: Person) -> None:
    contract, name = person.contract, person.name
    if not contract.hours:
        raise BadRoster(f"The contract of {name} has no hours.")
    for hours in contract.hours:
        if not 0 <= hours.least_min <= hours.most_min:
            raise BadRoster(
                f"The contract of {name} asks for at least {hours.least_min} and at most {hours.most_min} minutes."
            )
        if hours.period_days is not None and hours.period_days < 1:
            raise BadRoster(f"The hours of {name} are for a period of {hours.period_days} days.")
        if hours.period_days is None or hours.period_days >= problem.days:
            _reachable(problem, person, hours.least_min)
    if len({hours.period_days for hours in contract.hours}) < len(contract.hours):
        raise BadRoster(f"The contract of {name} has two limits of hours for the same period.")
    if contract.max_days_on < 1 or contract.min_days_on < 1 or contract.min_days_off < 1:
        raise BadRoster(f"The contract of {name} has a run of less than one day.")
    if contract.min_days_on > contract.max_days_on:
        raise BadRoster(
            f"{name} must work at least {contract.min_days_on} days in a row and at most {contract.max_days_on}."
        )
    if not 0 <= contract.min_rest_q <= _LONGEST_REST_Q:
        raise BadRoster(f"The rest of {name} between working days must be 0 to 24 hours.")
    known = {one.name for one in problem.shifts} | {tag for one in problem.shifts for tag in one.tags}
    for kind, most in contract.most_of.items():
        if kind not in known:
            raise BadRoster(f"The contract of {name} limits {kind}, which is neither a shift nor a kind of shift.")
        if most < 0:
            raise BadRoster(f"The contract of {name} allows {most} times {kind}.")
    if contract.most_weekends is not None and contract.most_weekends < 0:
        raise BadRoster(f"The contract of {name} allows {contract.most_weekends} weekends.")
    if contract.days_a_week is not None and not 0 <= contract.days_a_week <= 7:
        raise BadRoster(f"The contract of {name} allows {contract.days_a_week} days a week.")
    _far_reach(problem, name, contract)
    before = person.before
    if before is not None:
        if (before.days_on > 0) == (before.days_off > 0):
            raise BadRoster(
                f"Before the roster {name} either worked some days or had some off, not both and not neither."
            )
        if before.last_shift is not None and before.last_shift not in {one.name for one in problem.shifts}:
            raise BadRoster(f"The last shift of {name}, {before.last_shift}, is not a shift.")


def _reachable(problem: Problem, person: Person, least_min: int) -> None:
    """Refuse hours that no row of days could hold, whatever shifts are taken."""
    most_on, least_off = person.contract.max_days_on, person.contract.min_days_off
    cycles, rest = divmod(problem.days, most_on + least_off)
    days = cycles * most_on + min(rest, most_on)
    longest = max(one.minutes for one in problem.shifts) * (2 if person.contract.split_shifts else 1)
    if least_min > (days + most_on) * longest:
        raise BadRoster(
            f"The contract of {person.name} asks for {least_min} minutes, but {problem.days} days with at most "
            f"{most_on} worked in a row cannot hold them."
        )


def _far_reach(problem: Problem, name: str, contract: Contract) -> None:
    """Refuse rest that would reach over a whole day off: the rules look from one day to the next."""
    for shift in problem.shifts:
        if shift.start_q + shift.length_q + contract.min_rest_q > 2 * QUARTERS + min(
            one.start_q for one in problem.shifts
        ):
            raise BadRoster(f"After shift {shift.name} the rest of {name} reaches over more than the next day.")


def _needs(problem: Problem, clock: Clock) -> None:
    names = {one.name for one in problem.shifts}
    for number, need in enumerate(problem.needs, 1):
        row = f"Need {number}"
        if not 0 <= need.day < problem.days:
            raise BadRoster(f"{row} is for day {need.day}, which is not in the roster.")
        if need.shift is not None and need.shift not in names:
            raise BadRoster(f"{row} is for {need.shift}, which is not a shift.")
        if min(need.required, need.floor, need.short_weight, need.floor_weight, need.excess_weight) < 0:
            raise BadRoster(f"{row} has a number below zero.")
        if need.floor > need.required:
            raise BadRoster(f"{row} has a floor of {need.floor}, above the {need.required} that are wanted.")
        if need.shift is not None:
            continue
        if not 0 <= need.from_q < need.to_q <= 2 * QUARTERS:
            raise BadRoster(f"{row} must end after it starts, at most a day later.")
        for quarter in (need.from_q, need.to_q):
            if not clock.exists(need.day, quarter):
                raise BadRoster(f"{row}: {clock.words(need.day, quarter)} does not exist, the clock skips it.")


def _pairs(problem: Problem, clock: Clock) -> None:
    """Refuse rows about people, days or shifts that are not there, and two shifts at the same time."""
    people = {one.name: one for one in problem.people}
    shifts = {one.name: one for one in problem.shifts}

    def known(row: str, person: str, day: int, shift: str | None) -> None:
        if person not in people:
            raise BadRoster(f"{row}: nobody is called {person}.")
        if not 0 <= day < problem.days:
            raise BadRoster(f"{row} of {person}: day {day} is not in the roster.")
        if shift is not None and shift not in shifts:
            raise BadRoster(f"{row} of {person}: {shift} is not a shift.")

    for request in problem.requests:
        known("Request", request.person, request.day, request.shift)
        if request.weight < 0:
            raise BadRoster(f"Request of {request.person} on day {request.day}: its weight is below zero.")
    for person, day in problem.absences:
        known("Absence", person, day, None)
    for person, day, shift in problem.unavailable:
        known("Unavailable time", person, day, shift)
    for what, assignment in (("Fixed shift", problem.fixed), ("Published shift", problem.published or {})):
        for (person, day), names in assignment.items():
            for name in names or (None,):
                known(what, person, day, name)
            spans = sorted((shifts[name].start_q, shifts[name].length_q, name) for name in names)
            for (start, length, one), (after, _, two) in pairwise(spans):
                if start + length > after:
                    raise BadRoster(f"{what} of {person} on day {day}: {one} and {two} overlap.")
    for (person, day), names in problem.fixed.items():
        if names and (person, day) in problem.absences:
            raise BadRoster(f"Fixed shift of {person} on day {day}: the person is absent on that day.")
        for name in names:
            if not clock.exists(day, shifts[name].start_q):
                at = clock.words(day, shifts[name].start_q)
                raise BadRoster(f"Fixed shift of {person}: {at} does not exist, the clock skips it.")


def _fairness(problem: Problem, burden: str, weight: int, expected: int, past: Iterable[str]) -> None:
    if burden != WEEKEND and not any(burden in one.tags for one in problem.shifts):
        raise BadRoster(f"Fairness of {burden}: no shift is of that kind.")
    if weight < 0 or expected < 0:
        raise BadRoster(f"Fairness of {burden} has a number below zero.")
    for name in past:
        if name not in {one.name for one in problem.people}:
            raise BadRoster(f"Fairness of {burden}: nobody is called {name}.")
