"""A small team as a whole: each person's rules as a flow, each day's cover at its exact cost, one programme over both.

The programme chooses a way to share each day (`DayCosts`) that fits everybody's flow (`flow`). Its value bounds every
roster. A way whose reduced cost is `r` stands only in rosters that cost at least the bound and `r` more: so the ways
near zero are enough to find a good roster, and to prove it the best as soon as it costs less than what was left out.

Source: Desaulniers, Desrosiers and Solomon, "Column Generation" (2005), for ways found as they are wanted; Baldacci,
Christofides and Mingozzi, "An exact algorithm for the vehicle routing problem" (2008), for the ways near zero.
"""

from __future__ import annotations

from collections.abc import Callable
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

_AT_ONCE = 10
_TOLERANCE = 1e-6
_ROUNDING = 1e-3
_MOST_WAYS = 60_000

Floats = NDArray[np.float64]


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
        self._known: set[tuple[int, int]] = set()

    def add_roster(self, roster: Roster) -> None:
        """Add the ways in which a roster shares its days."""
        factors = self._choices ** np.arange(len(roster) - 1, -1, -1)
        for day, way in enumerate((factors @ (roster + 1)).tolist()):
            self._add(day, way)

    def _add(self, day: int, way: int) -> bool:
        if (day, way) in self._known or self._costs.costs[day][way] >= NO_WAY:
            return False
        self._known.add((day, way))
        variable = self._programme.variable(self._programme.infinity, int(self._costs.costs[day][way]))
        self._days[day].SetCoefficient(variable, 1.0)
        for p, choice in enumerate(self._costs.ways[way].tolist()):
            if choice:
                self._links[p, day, choice - 1].SetCoefficient(variable, -1.0)
        return True

    def generate(self, stop: Callable[[], bool], seconds: float | None = None) -> None:
        """Add ways until none helps, or `stop` says so; raise `bound` and keep the `reduced` costs of all ways there.

        `seconds`: the most that one solution of the programme may take.
        """
        if seconds is not None:
            self._programme.lp.SetTimeLimit(max(1, round(1000 * seconds)))
        parameters = pywraplp.MPSolverParameters()
        parameters.SetIntegerParam(parameters.LP_ALGORITHM, parameters.PRIMAL)
        parameters.SetIntegerParam(parameters.PRESOLVE, parameters.PRESOLVE_OFF)
        while not stop() and self._programme.lp.Solve(parameters) == pywraplp.Solver.OPTIMAL:
            prices = np.zeros((len(self._x), self._grid.days, self._choices))
            for (p, day, duty), link in self._links.items():
                prices[p, day, duty + 1] = link.dual_value()
            paid = np.asarray([row.dual_value() for row in self._days])
            points = [self._priced(day, prices[:, day]) for day in range(self._grid.days)]
            cheapest = np.asarray([float(one.min()) for one in points])
            bound = self._programme.value() - float(paid.sum()) + float(cheapest.sum()) - _ROUNDING
            if bound > self.bound:
                self.bound = self._reduced_at = bound
                self.reduced = [one - least for one, least in zip(points, cheapest, strict=True)]
            added = 0
            for day, one in enumerate(points):
                ways = np.argpartition(one, min(_AT_ONCE, len(one) - 1))[:_AT_ONCE]
                added += sum(self._add(day, int(way)) for way in ways if one[way] < paid[day] - _TOLERANCE)
            if not added and not self._tighten():
                return

    def _priced(self, day: int, prices: Floats) -> Floats:
        """Return what each way of a day costs at given prices of (person, choice)."""
        total: Floats = reduce(lambda left, right: np.add.outer(left, right), prices).reshape(-1)
        return self._costs.costs[day] + total

    def _tighten(self) -> bool:
        """Make loose ends dearer while they are used; tell whether they were."""
        if not any(variable.solution_value() > _TOLERANCE for variable in self._loose):
            return False
        self._loose_cost *= 4
        for variable in self._loose:
            self._programme.set_cost(variable, self._loose_cost)
        return True

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
