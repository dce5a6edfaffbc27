"""A small team as a whole: each person's rules as a flow, each day's cover at its exact cost, one programme over both.

The programme chooses a way to share each day (`DayCosts`) that fits everybody's flow (`flow`). Its value bounds every
roster. A way whose reduced cost is `r` stands only in rosters that cost at least the bound and `r` more: so the ways
near zero are enough to find a good roster, and to prove it the best as soon as it costs less than what was left out.
Before that, dives: one day after the other is given the way that the programme likes most.

Source: Desaulniers, Desrosiers and Solomon, "Column Generation" (2005), for ways found as they are wanted; Baldacci,
Christofides and Mingozzi, "An exact algorithm for the vehicle routing problem" (2008), for the ways near zero;
Sadykov et al., "Primal heuristics for branch and price: the assets of diving methods" (2019), for dives that doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ortools.linear_solver import pywraplp

from scheduler.roster.cancel import unless
from scheduler.roster.cover import Ints
from scheduler.roster.days import NO_WAY, DayCosts
from scheduler.roster.flow import Programme, add_person
from scheduler.roster.grid import Grid
from scheduler.roster.model import Roster

_AT_ONCE = 3
_DIVE_ROUNDS = 3
_SURE = 0.9
_TOLERANCE = 1e-6
_ROUNDING = 1e-3
_MOST_WAYS = 60_000

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Dive:
    """What a dive came to: a roster, if any, and its `cost`, what contracts lack in any roster left aside.

    `choices`: how many were open to doubt.
    """

    roster: Roster | None
    cost: float
    choices: int


class Team:
    """The programme of a small team. `bound`: no roster costs less, what contracts lack in any roster left aside."""

    def __init__(self, grid: Grid, costs: DayCosts) -> None:
        self._grid, self._costs = grid, costs
        self.bound = -np.inf
        self.reduced: list[Floats] = []
        self._reduced_at = -np.inf
        self._choices = len(grid.duties) + 1
        self._programme = Programme("CLP_LINEAR_PROGRAMMING")
        self._x = [add_person(self._programme, grid, p) for p in range(len(grid.people))]
        empty = max(int(costs.costs[day][0]) for day in range(grid.days))
        self._links = {
            (p, day, duty): self._programme.row(0, 0, [(variable, 1.0)])
            for p, x in enumerate(self._x)
            for (day, duty), variable in x.items()
        }
        # Prices jump about less while a person may be at work without being there, and the other way round, at a price.
        self._loose_cost = max(1.0, empty / 4)
        self._loose = []
        for link in self._links.values():
            for sign in (1.0, -1.0):
                variable = self._programme.variable(self._programme.infinity, self._loose_cost)
                link.SetCoefficient(variable, sign)
                self._loose.append(variable)
        self._days = [
            self._programme.row(1, 1, [(self._programme.variable(self._programme.infinity, 100.0 * (empty + 1)), 1.0)])
            for _ in range(grid.days)
        ]
        self._known: dict[tuple[int, int], Any] = {}
        self._left_s: Callable[[], float] | None = None

    def add_roster(self, roster: Roster) -> None:
        """Add the ways in which a roster shares its days."""
        factors = self._choices ** np.arange(len(roster) - 1, -1, -1)
        for day, way in enumerate((factors @ (roster + 1)).tolist()):
            self._add(day, way)

    def _add(self, day: int, way: int) -> bool:
        if (day, way) in self._known or self._costs.costs[day][way] >= NO_WAY:
            return False
        variable = self._programme.variable(self._programme.infinity, int(self._costs.costs[day][way]))
        self._known[day, way] = variable
        self._days[day].SetCoefficient(variable, 1.0)
        for p, choice in enumerate(self._costs.ways[way].tolist()):
            if choice:
                self._links[p, day, choice - 1].SetCoefficient(variable, -1.0)
        return True

    def generate(self, stop: Callable[[], bool], left_s: Callable[[], float] | None = None) -> None:
        """Add ways until none helps, or `stop` says so; raise `bound` and keep the `reduced` costs of all ways there.

        `left_s`: the seconds that there are for each solution of the programme, now and in dives after it.
        """
        self._left_s = left_s
        while not stop() and self._solved():
            prices, paid = self._prices()
            points = [self._priced(day, prices[:, day]) for day in range(self._grid.days)]
            cheapest = np.asarray([float(one.min()) for one in points])
            bound = self._programme.value() - float(paid.sum()) + float(cheapest.sum()) - _ROUNDING
            if bound > self.bound:
                self.bound = self._reduced_at = bound
                self.reduced = [one - least for one, least in zip(points, cheapest, strict=True)]
            added = sum(self._add_cheapest(day, one, paid[day]) for day, one in enumerate(points))
            if not added and not self._tighten():
                return

    def _solved(self, *, narrowed: bool = False) -> bool:
        """Solve the programme; `narrowed`: days were given their way, after which the dual simplex goes on."""
        parameters = pywraplp.MPSolverParameters()
        parameters.SetIntegerParam(parameters.LP_ALGORITHM, parameters.DUAL if narrowed else parameters.PRIMAL)
        parameters.SetIntegerParam(parameters.PRESOLVE, parameters.PRESOLVE_OFF)
        if self._left_s is not None:
            self._programme.lp.SetTimeLimit(max(1, round(1000 * self._left_s())))
        return bool(self._programme.lp.Solve(parameters) == pywraplp.Solver.OPTIMAL)

    def _prices(self) -> tuple[Floats, Floats]:
        """Return what each choice of each person costs on each day, (people, days, choices), and what a day is paid."""
        prices = np.zeros((len(self._x), self._grid.days, self._choices))
        for (p, day, duty), link in self._links.items():
            prices[p, day, duty + 1] = link.dual_value()
        return prices, np.asarray([row.dual_value() for row in self._days])

    def _add_cheapest(self, day: int, points: Floats, paid: float) -> int:
        """Add the ways of a day that cost least, as long as they cost less than is paid; return how many."""
        ways = np.argpartition(points, min(_AT_ONCE, len(points) - 1))[:_AT_ONCE]
        return sum(self._add(day, int(way)) for way in ways if points[way] < paid - _TOLERANCE)

    def dive(self, stop: Callable[[], bool], most: float, doubt: int | None = None) -> Dive:
        """Give one day after the other the way that the programme likes most; give up what costs `most` or more.

        `doubt`: the number of the choice, from 0, that is made otherwise.
        """
        given: dict[int, int] = {}
        barred: list[tuple[int, int]] = []
        choices = 0
        # What was given to earlier dives is free again: solve anew.
        going = not stop() and self._solved(narrowed=True)
        while going and len(given) < self._grid.days:
            liked = self._liked(given, barred)
            taken = [one for one in liked if one[0] > _SURE]
            if not taken and liked:
                if choices == doubt:
                    barred.append(liked[0][1:])
                    self._known[barred[-1]].SetUb(0.0)
                else:
                    taken = liked[:1]
                choices += 1
            for _, day, way in taken:
                given[day] = way
                self._known[day, way].SetLb(1.0)
            going = bool(liked) and not stop() and self._solved(narrowed=True) and self._refined(given, most)
        going = going and not self._is_loose()
        cost = self._programme.value() if going else np.inf
        for day, way in given.items():
            self._known[day, way].SetLb(0.0)
        for one in barred:
            self._known[one].SetUb(self._programme.infinity)
        if not going:
            return Dive(None, cost, choices)
        lines = np.stack([self._costs.ways[given[day]] for day in range(self._grid.days)], axis=1) - 1
        return Dive(lines, cost, choices)

    def _liked(self, given: Collection[int], barred: Collection[tuple[int, int]]) -> list[tuple[float, int, int]]:
        """Return (share, day, way) of the way most used on each day that has none yet, most used first."""
        best: dict[int, tuple[float, int, int]] = {}
        for (day, way), variable in self._known.items():
            if day not in given and (day, way) not in barred:
                best[day] = max(best.get(day, (_TOLERANCE, day, -1)), (variable.solution_value(), day, way))
        return sorted((one for one in best.values() if one[2] >= 0), reverse=True)

    def _refined(self, given: Collection[int], most: float) -> bool:
        """Find new ways for the days that have none yet; tell whether the programme still costs less than `most`."""
        for _ in range(_DIVE_ROUNDS):
            prices, paid = self._prices()
            open_days = [day for day in range(self._grid.days) if day not in given]
            points = [self._priced(day, prices[:, day]) for day in open_days]
            added = sum(self._add_cheapest(day, one, paid[day]) for day, one in zip(open_days, points, strict=True))
            if not added and not self._tighten():
                break
            if not self._solved():
                return False
        return self._programme.value() < most

    def _priced(self, day: int, prices: Floats) -> Floats:
        """Return what each way of a day costs at given prices of (person, choice)."""
        total: Floats = reduce(lambda left, right: np.add.outer(left, right), prices).reshape(-1)
        return self._costs.costs[day] + total

    def _tighten(self) -> bool:
        """Make loose ends dearer while they are used; tell whether they were."""
        if not self._is_loose():
            return False
        self._loose_cost *= 4
        for variable in self._loose:
            self._programme.set_cost(variable, self._loose_cost)
        return True

    def _is_loose(self) -> bool:
        return any(variable.solution_value() > _TOLERANCE for variable in self._loose)

    def near(self, most: float) -> float:
        """Return a reduced cost, at most `most`, up to which there are not too many ways to choose from."""
        lowest = np.concatenate([one[one <= most] for one in self.reduced])
        return most if len(lowest) <= _MOST_WAYS else float(np.partition(lowest, _MOST_WAYS)[_MOST_WAYS])

    def choose(
        self,
        near: float,
        seconds: float | None,
        nodes: int,
        gap: float,
        cancelled: Callable[[], bool] | None = None,
    ) -> Roster | None:
        """Return the best roster of ways whose reduced cost is below `near`, if one is found; may raise `bound`.

        Ends after `seconds`, or without them after so many `nodes` of the search tree, or when cost and bound differ by
        at most the share `gap`.
        """
        programme = Programme("SCIP")
        x = [add_person(programme, self._grid, p) for p in range(len(self._x))]
        links: dict[tuple[int, int, int], Any] = {}
        for p, one in enumerate(x):
            for (day, duty), variable in one.items():
                variable.SetInteger(True)
                links[p, day, duty] = programme.row(0, 0, [(variable, 1.0)])
        for day, reduced in enumerate(self.reduced):
            row = programme.row(1, 1, [])
            for way in np.flatnonzero((reduced < near) & (self._costs.costs[day] < NO_WAY)).tolist():
                variable = programme.variable(1, int(self._costs.costs[day][way]))
                row.SetCoefficient(variable, 1.0)
                for p, choice in enumerate(self._costs.ways[way].tolist()):
                    if choice:
                        links[p, day, choice - 1].SetCoefficient(variable, -1.0)
        programme.close()
        parameters = pywraplp.MPSolverParameters()
        parameters.SetDoubleParam(parameters.RELATIVE_MIP_GAP, max(gap, 1e-6))
        if seconds is None:
            programme.lp.SetSolverSpecificParametersAsString(f"limits/nodes = {nodes}")
        else:
            programme.lp.SetTimeLimit(max(1, round(1000 * seconds)))
        status = unless(cancelled, lambda: programme.lp.Solve(parameters), programme.lp.InterruptSolve)
        if status == pywraplp.Solver.INFEASIBLE:
            self.bound = max(self.bound, self._reduced_at + near)
        if status not in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE):
            return None
        chosen_from = programme.lp.Objective().BestBound() - _ROUNDING
        self.bound = max(self.bound, min(self._reduced_at + near, chosen_from))
        roster: Ints = np.full((len(x), self._grid.days), -1, dtype=np.int64)
        for p, one in enumerate(x):
            for (day, duty), variable in one.items():
                if variable.solution_value() > 0.5:
                    roster[p, day] = duty
        return roster
