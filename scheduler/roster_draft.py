"""A roster in the making: what stands in it as duties, held against the team's rules by the independent check.

Duties may be anything, also what no shift type of the team says (a shift put in by hand): such a span is a shift of
its own for the check, its edges widened to quarter hours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import msgspec

from scheduler.errors import BadRoster
from scheduler.plan_file import EXAMPLE, PlanFile
from scheduler.roster.breaks import plans_of
from scheduler.roster.check import check
from scheduler.roster.faults import Fault
from scheduler.roster.problem import QUARTER_MIN, QUARTERS, Before, Break, Contract, Hours, Person, Problem, ShiftType
from scheduler.roster_file import Duty, Pause, RosterDocument, presence_of

DAYS_BEFORE = 14
"""So many days before a draft are looked at, for runs of days and rest that began there."""
MOST_DAYS = 56
ORDINARY = Contract(hours=(Hours(2400, 0, 7),))
"""What is asked of people whom the team's rules do not name: 40 hours a week, six days in a row, 11 hours of rest."""

_QUARTER_S = QUARTER_MIN * 60


@dataclass(frozen=True)
class Looked:
    """What is wrong in a draft, and how many people are on the floor: for each day, each quarter hour of it."""

    faults: tuple[Fault, ...]
    scheduled: tuple[tuple[int, ...], ...]


def starter(names: Sequence[str]) -> str:
    """Return a team's rules to start from, as a plan file: ordinary shifts and hours for these people."""
    head, _, _ = EXAMPLE.partition("[[people]]")
    return head + "\n".join(f'[[people]]\nname = "{name}"\ncontract = "full"\n' for name in names)


def look(file: PlanFile, document: RosterDocument, earlier: Iterable[Duty] = ()) -> Looked:
    """Hold a draft against the rules. `earlier`: the duties of the `DAYS_BEFORE` days before it.

    Shifts of one person that overlap are faults of the rules about rest and split shifts.

    Raises:
        BadRoster: a duty lies outside of the draft's days.
    """
    problem, roster, breaks = problem_of(file, document, earlier)
    days = (document.first_day + timedelta(days=number) for number in range(document.days))
    return Looked(check(problem, roster, breaks).faults, tuple(scheduled(document, day) for day in days))


def problem_of(
    file: PlanFile, document: RosterDocument, earlier: Iterable[Duty] = ()
) -> tuple[Problem, dict[tuple[str, int], tuple[str, ...]], list[Break]]:
    """Return a draft in the terms of `scheduler.roster`: the problem without needs, who works what, and the breaks.

    Raises:
        BadRoster: as `look`.
    """
    spans = _Spans(file.shifts)
    worked: dict[tuple[str, int], list[Duty]] = defaultdict(list)
    for duty in document.duties:
        day = (duty.day - document.first_day).days
        if not 0 <= day < document.days:
            raise BadRoster(f"The shift of {duty.person} on {duty.day} lies outside of this roster's days.")
        worked[duty.person, day].append(duty)
    roster = {
        key: tuple(spans.name_of(duty) for duty in sorted(duties, key=lambda one: one.start))
        for key, duties in worked.items()
    }
    breaks = [
        Break(name, day, spans.name_of(duty), pause.from_min // QUARTER_MIN, pause.to_min // QUARTER_MIN)
        for (name, day), duties in worked.items()
        for duty in duties
        for pause in duty.pauses
    ]
    past: dict[str, list[Duty]] = defaultdict(list)
    for duty in earlier:
        past[duty.person].append(duty)
    known = {person.name for person in file.people}
    others = dict.fromkeys(duty.person for duty in document.duties if duty.person not in known)
    people = tuple(
        replace(person, before=_before(document.first_day, past[person.name], spans))
        for person in (*file.people, *(Person(name, ORDINARY) for name in others))
    )
    problem = replace(file, people=people).problem(document.first_day, document.days, [], document.zone)
    return replace(problem, shifts=spans.all()), roster, breaks


def scheduled(document: RosterDocument, day: date) -> tuple[int, ...]:
    """Return how many people are on the floor in each quarter hour of a day: those who are there for all of it."""
    counts = [0] * QUARTERS
    for presence in presence_of(document, day):
        for start_s, end_s in presence.spans:
            for quarter in range(-int(-start_s // _QUARTER_S), int(end_s // _QUARTER_S)):
                counts[quarter] += 1
    return tuple(counts)


def with_breaks(file: PlanFile, document: RosterDocument) -> RosterDocument:
    """Return the roster with breaks in the shifts that want some and have none.

    Of the plans that keep the rule each shift gets the one in which fewest others of that day have theirs.
    """
    types = {one.name: one for one in file.shifts}
    away: dict[date, list[int]] = defaultdict(lambda: [0] * (2 * QUARTERS))
    duties = []
    for duty in document.duties:
        placed, start_q, kind = duty, _minute(duty.start) // QUARTER_MIN, types.get(duty.shift)
        if kind is not None and not duty.pauses and _is(duty, kind) and (plans := plans_of(kind)):
            there = away[duty.day]
            plan = min(plans, key=lambda one: sum(there[start_q + q] for a, b in one for q in range(a, b)))
            pauses = tuple(Pause(from_min=a * QUARTER_MIN, to_min=b * QUARTER_MIN) for a, b in plan)
            placed = msgspec.structs.replace(duty, pauses=pauses)
        for pause in placed.pauses:
            for q in range(pause.from_min // QUARTER_MIN, pause.to_min // QUARTER_MIN):
                away[duty.day][min(start_q + q, 2 * QUARTERS - 1)] += 1
        duties.append(placed)
    return msgspec.structs.replace(document, duties=tuple(duties))


class _Spans:
    """The team's shift types, and one for each span that is none of them."""

    def __init__(self, types: Sequence[ShiftType]) -> None:
        self._types = {one.name: one for one in types}
        self._own: dict[str, ShiftType] = {}

    def name_of(self, duty: Duty) -> str:
        kind = self._types.get(duty.shift)
        if kind is not None and _is(duty, kind):
            return kind.name
        start_min = _minute(duty.start)
        start_q, end_q = start_min // QUARTER_MIN, -(-(start_min + duty.minutes) // QUARTER_MIN)
        name = f"{duty.start}+{duty.minutes}"
        self._own[name] = ShiftType(name, start_q, end_q - start_q, paid_min=duty.minutes)
        return name

    def all(self) -> tuple[ShiftType, ...]:
        return (*self._types.values(), *self._own.values())


def _is(duty: Duty, kind: ShiftType) -> bool:
    return (_minute(duty.start), duty.minutes) == (kind.start_q * QUARTER_MIN, kind.length_q * QUARTER_MIN)


def _before(first_day: date, past: Sequence[Duty], spans: _Spans) -> Before | None:
    if not past:
        return None
    days = {duty.day for duty in past}
    eve = first_day - timedelta(days=1)
    run = 0
    while run < DAYS_BEFORE and ((eve - timedelta(days=run)) in days) == (eve in days):
        run += 1
    if eve not in days:
        return Before(days_off=run)
    latest = max((duty for duty in past if duty.day == eve), key=lambda one: _minute(one.start) + one.minutes)
    return Before(days_on=run, last_shift=spans.name_of(latest))


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")[:2]
    return int(hours) * 60 + int(minutes)
