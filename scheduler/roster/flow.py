"""One person's rules as a flow through the days, in a linear programme that sees what a line of work can be.

A unit flows from day to day through states: the run of days on (with the class of the last duty) or off, and the
weekends worked so far. Runs and weekends are thereby kept exactly, even by halves of people; hours, limits of a kind
and fair shares are rows. On a team of six this programme's value lies within a few points of the best roster, where
one without the weekends in its states lies a sixth below.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ortools.linear_solver import pywraplp

from scheduler.roster.grid import FORBIDDEN, Grid, PersonGrid, classes_of


@dataclass(frozen=True, slots=True)
class _State:
    """`on` days in a row, the last with a duty of `kind`, or `off` days in a row; `weekends` worked so far."""

    on: int
    off: int
    kind: int
    weekends: int


_Kind = tuple[int, frozenset[int]]
"""What distinguishes a duty to the days beside it: its class, and the classes that it may follow."""


class Programme:
    """A linear or mixed programme that is made smaller: its objective is `constant` and what the variables cost."""

    def __init__(self, solver: str) -> None:
        self.lp = pywraplp.Solver.CreateSolver(solver)
        self.infinity = self.lp.infinity()
        self._objective = self.lp.Objective()
        self._objective.SetMinimization()
        self.constant = 0

    def variable(self, most: float, cost: float = 0.0) -> Any:
        """Return a new variable from 0 to `most`."""
        made = self.lp.NumVar(0, most, "")
        if cost:
            self._objective.SetCoefficient(made, float(cost))
        return made

    def set_cost(self, variable: Any, cost: float) -> None:
        """Let each unit of a variable cost so much."""
        self._objective.SetCoefficient(variable, float(cost))

    def row(self, least: float, most: float, terms: Mapping[Any, float] | list[tuple[Any, float]]) -> Any:
        """Return a new row: the terms' sum lies between `least` and `most`."""
        made = self.lp.Constraint(least, most)
        for variable, factor in terms.items() if isinstance(terms, Mapping) else terms:
            made.SetCoefficient(variable, float(factor))
        return made

    def value(self) -> float:
        """Return the objective's value."""
        return float(self._objective.Value()) + self.constant

    def close(self) -> None:
        """Put the constant into the objective, so that a gap is one of the whole cost."""
        self._objective.SetOffset(float(self.constant))
        self.constant = 0


def add_person(programme: Programme, grid: Grid, p: int) -> dict[tuple[int, int], Any]:
    """Add a person's rules; return the variable of each possible (day, duty)."""
    person = grid.people[p]
    x = {
        (day, duty): programme.variable(1, int(person.cost[day, duty] - person.off_cost[day]))
        for day in range(grid.days)
        for duty in range(len(grid.duties))
        if person.cost[day, duty] < FORBIDDEN
    }
    programme.constant += int(person.off_cost.sum())
    last = _runs(programme, grid, person, x)
    _weekends(programme, person, last)
    _sums(programme, person, x)
    return x


def _runs(
    programme: Programme, grid: Grid, person: PersonGrid, x: Mapping[tuple[int, int], Any]
) -> Mapping[_State, list[Any]]:
    """Add the flow; return what flows into each state after the last day."""
    contract, class_of = person.contract, classes_of(grid, person.follows)
    worked, rested = person.start or (0, contract.min_days_off)
    begin = (
        _State(min(worked, contract.max_days_on), 0, 0, 0)
        if worked
        else _State(0, min(rested, contract.min_days_off), 0, 0)
    )
    inflow: Mapping[_State, list[Any]] = {begin: []}
    for day in range(grid.days):
        kinds: dict[_Kind, list[Any]] = defaultdict(list)
        for duty in range(len(grid.duties)):
            if (day, duty) in x:
                kinds[class_of[duty], _after(grid, person, class_of, day, duty)].append(x[day, duty])
        into: dict[_State, list[Any]] = defaultdict(list)
        used: dict[_Kind, list[Any]] = defaultdict(list)
        for state, arriving in inflow.items():
            leaving = []
            for nxt, kind in _next(grid, person, state, day, list(kinds), worked):
                arc = programme.variable(1)
                leaving.append((arc, 1.0))
                into[nxt].append(arc)
                if kind is not None:
                    used[kind].append(arc)
            here = 1.0 if day == 0 else 0.0
            programme.row(here, here, [*leaving, *((arc, -1.0) for arc in arriving)])
        for kind, duties in kinds.items():
            programme.row(0, 0, [*((arc, 1.0) for arc in used[kind]), *((duty, -1.0) for duty in duties)])
        inflow = into
    return inflow


def _after(grid: Grid, person: PersonGrid, class_of: list[int], day: int, duty: int) -> frozenset[int]:
    """Return the classes that a duty may follow; what was before the first day is in the costs already."""
    if day == 0:
        return frozenset(class_of)
    follows = grid.follows[person.follows][day - 1]
    return frozenset(kind for before, kind in enumerate(class_of) if follows[before, duty])


def _next(
    grid: Grid, person: PersonGrid, state: _State, day: int, kinds: list[_Kind], worked: int
) -> Iterator[tuple[_State, _Kind | None]]:
    """Yield the states that may come after a day, with the kind of duty that leads there, None for a day off."""
    contract = person.contract
    if state.on == 0:
        yield _State(0, min(state.off + 1, contract.min_days_off), 0, state.weekends), None
        may_work = state.off == contract.min_days_off
    else:
        # A run that began before the roster, or at its edge unseen, may be shorter than the least.
        if state.on >= contract.min_days_on or state.on >= day + worked:
            yield _State(0, 1, 0, state.weekends), None
        may_work = state.on < contract.max_days_on
    if not may_work:
        return
    weekends = state.weekends + _weekend_begins(grid, person, state, day)
    if person.most_weekends is not None and weekends > person.most_weekends:
        return
    for kind in kinds:
        if state.on == 0 or state.kind in kind[1]:
            yield _State(state.on + 1, 0, kind[0], weekends), kind


def _weekend_begins(grid: Grid, person: PersonGrid, state: _State, day: int) -> int:
    """Return 1 if work on this day makes another weekend worked."""
    if not person.counts_weekends:
        return 0
    days = next((days for days in grid.weekends if day in days), ())
    return int(bool(days) and (day == days[0] or state.on == 0))


def _weekends(programme: Programme, person: PersonGrid, last: Mapping[_State, list[Any]]) -> None:
    """Let weekends above the fair share cost points."""
    if person.fair_weekends is None:
        return
    share, weight = person.fair_weekends
    for state, arcs in last.items():
        for arc in arcs:
            programme.set_cost(arc, weight * max(0, state.weekends - share))


def _sums(programme: Programme, person: PersonGrid, x: Mapping[tuple[int, int], Any]) -> None:
    """Add hours, limits of a kind, and fair shares."""
    for one in person.resources:
        terms = [
            (variable, float(one.use[day, duty]))
            for (day, duty), variable in x.items()
            if one.first_day <= day < one.end_day and one.use[day, duty]
        ]
        if one.over_weight is not None:
            terms.append((programme.variable(programme.infinity, one.over_weight), -1.0))
        programme.row(one.least or -programme.infinity, one.most, terms)
