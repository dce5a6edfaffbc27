"""What a roster to be made knows beside its needs: the days before it, what stands in its days, and days without calls.

The solver's own problem names shifts by type; what people work that is no type of the team's is taken for the type that
ends most nearly at the same time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from scheduler.plan_file import PlanFile
from scheduler.roster.check import check
from scheduler.roster.problem import QUARTER_MIN, QUARTERS, Assignment, Before, Need, Problem, ShiftType
from scheduler.roster_file import Duty
from scheduler.roster_shares import QUARTER_DAYS, with_past_shares

DAYS_BEFORE = QUARTER_DAYS
"""So many days before a roster are looked at, for burdens to be shared, and for runs of days that began there."""
_LONGEST_RUN = 14


def needs_by_hours(file: PlanFile, days: int) -> list[Need]:
    """Return the team's minimum wanted from the first shift's start to the last one's end of each day.

    For a service in which nobody has called yet: there is nothing to learn how many would be needed.
    """
    least = max(1, file.targets.minimum)
    from_q = min(one.start_q for one in file.shifts)
    to_q = max(one.start_q + one.length_q for one in file.shifts)
    people = min(least, len(file.people))
    return [Need(day, from_q, min(to_q, from_q + QUARTERS), required=people, floor=people) for day in range(days)]


def with_days_before(problem: Problem, earlier: Iterable[Duty]) -> Problem:
    """Return the problem with each person's run of days and last shift, and burdens, from the duties before it."""
    earlier = tuple(earlier)
    worked: dict[str, list[Duty]] = defaultdict(list)
    for duty in earlier:
        worked[duty.person].append(duty)
    people = tuple(
        replace(one, before=_before(problem.first_day, worked[one.name], problem.shifts)) if worked[one.name] else one
        for one in problem.people
    )
    return with_past_shares(replace(problem, people=people), earlier)


def with_standing(problem: Problem, standing: Sequence[Duty]) -> Problem:
    """Return the problem with what people have seen already, so that as little of it changes as can be."""
    kinds = {one.name for one in problem.shifts}
    team = {one.name for one in problem.people}
    seen: Mapping[tuple[str, int], tuple[str, ...]] = _by_day(
        problem.first_day, [one for one in standing if one.shift in kinds and one.person in team]
    )
    return replace(problem, published=seen) if seen else problem


def begun(problem: Problem, duties: Iterable[Duty]) -> Assignment | None:
    """Return a roster that was found before as one to begin with; None where there is none, or it breaks a rule now."""
    found = _by_day(problem.first_day, duties)
    kinds = {one.name for one in problem.shifts}
    known = all(0 <= day < problem.days and set(worked) <= kinds for (_, day), worked in found.items())
    return found if found and known and not check(problem, found).faults else None


def _by_day(first: date, duties: Iterable[Duty]) -> dict[tuple[str, int], tuple[str, ...]]:
    found: dict[tuple[str, int], tuple[str, ...]] = {}
    for duty in sorted(duties, key=lambda one: (one.day, one.start)):
        key = (duty.person, (duty.day - first).days)
        found[key] = (*found.get(key, ()), duty.shift)
    return found


def _before(first_day: date, past: Sequence[Duty], shifts: Sequence[ShiftType]) -> Before:
    days = {duty.day for duty in past}
    eve = first_day - timedelta(days=1)
    run = 1
    while run < _LONGEST_RUN and ((eve - timedelta(days=run)) in days) == (eve in days):
        run += 1
    if eve not in days:
        return Before(days_off=run)
    end_min = max(_minute(duty.start) + duty.minutes for duty in past if duty.day == eve)
    # Of two types that end equally near the later one keeps the rest that is really needed.
    nearest = min(shifts, key=lambda one: (abs(_end_min(one) - end_min), -_end_min(one)))
    return Before(days_on=run, last_shift=nearest.name)


def _end_min(shift: ShiftType) -> int:
    return (shift.start_q + shift.length_q) * QUARTER_MIN


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")[:2]
    return int(hours) * 60 + int(minutes)
