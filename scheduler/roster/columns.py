"""Column generation: a linear programme over whole rosters of each person, a strong bound and good pieces of a roster.

The programme chooses, for each person, a mixture of rosters that keep the person's rules; cover and breaks link them.
New rosters are found by `Pricer` at the programme's prices. The bound is the Lagrangian's: any prices give one.

Source: Luebbecke and Desrosiers, "Selected topics in column generation" (2005); Wentges, "Weighted Dantzig-Wolfe
decomposition" (1997), for the smoothing of prices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ortools.linear_solver import pywraplp

from scheduler.roster.cover import Ints
from scheduler.roster.grid import FORBIDDEN, Grid, PersonGrid, Resource
from scheduler.roster.pricing import NEVER, Floats, Priced, Pricer

Prices = tuple[Floats, Floats, float]
"""The price of each (person, day, duty), of each person, and what the programme's value owes to rows alone."""

_OPTIMAL = pywraplp.Solver.OPTIMAL


@dataclass(frozen=True)
class Column:
    """One person's whole roster; `usable` says whether it keeps every rule of the person, `cost` is its own cost."""

    person: int
    duties: tuple[int, ...]
    cost: int
    usable: bool


def used(resource: Resource, duties: Sequence[int]) -> int:
    """Return how much of a resource a line of duties uses."""
    return sum(
        int(resource.use[day, duties[day]]) for day in range(resource.first_day, resource.end_day) if duties[day] >= 0
    )


def keeps_sums(person: PersonGrid, duties: Sequence[int], which: Iterable[int]) -> bool:
    """Tell whether a line keeps the limits of the given resources; those that only cost points are always kept."""
    resources = [person.resources[i] for i in which]
    return all(one.least <= used(one, duties) <= one.most for one in resources if one.over_weight is None)


def _between(center: Prices, prices: Prices, smooth: float) -> Prices:
    """Return prices between two, `smooth` of the way back to the center."""
    new = 1 - smooth
    return (
        smooth * center[0] + new * prices[0],
        smooth * center[1] + new * prices[1],
        smooth * center[2] + new * prices[2],
    )


class Master:
    """The programme and its columns; `fix` narrows it for diving. `left_s`: the seconds that there are still for it."""

    def __init__(self, grid: Grid, artificial_cost: float, left_s: Callable[[], float] | None = None) -> None:
        self.grid, self.pricer, self._left_s = grid, Pricer(grid), left_s
        self.columns: list[Column] = []
        self.bound = -np.inf
        self._known: set[tuple[int, tuple[int, ...]]] = set()
        self._cost = np.asarray([person.cost for person in grid.people], dtype=np.float64)
        self._cost[self._cost >= FORBIDDEN] = NEVER
        self._off_cost = np.asarray([person.off_cost for person in grid.people], dtype=np.float64)
        self._lp = pywraplp.Solver.CreateSolver("CLP_LINEAR_PROGRAMMING")
        self._variables: list[Any] = []
        self._build(artificial_cost)

    def _build(self, artificial_cost: float) -> None:
        lp, grid = self._lp, self.grid
        infinity = lp.infinity()
        self._one = [lp.Constraint(1, 1) for _ in grid.people]
        for row in self._one:
            made_up = lp.NumVar(0, infinity, "")
            lp.Objective().SetCoefficient(made_up, artificial_cost)
            row.SetCoefficient(made_up, 1)
        self._pools: dict[tuple[int, int, int], Any] = {}
        counts: dict[tuple[int, int, int], Any] = {}
        plans: dict[tuple[int, int, int], list[Any]] = {}
        self._rows = []
        for row in grid.rows:
            constraint = lp.Constraint(row.required, row.required)
            self._rows.append(constraint)
            for pool in row.supply:
                constraint.SetCoefficient(self._count(counts, pool), 1)
            for day, shift, group, plan in row.away:
                constraint.SetCoefficient(self._plan(plans, counts, (day, shift, group))[plan], -1)
            beyond_floor = max(0, row.required - row.floor)
            for most, weight in ((beyond_floor, row.short_weight), (infinity, row.short_weight + row.floor_weight)):
                under = lp.NumVar(0, most, "")
                lp.Objective().SetCoefficient(under, weight)
                constraint.SetCoefficient(under, 1)
            over = lp.NumVar(0, infinity, "")
            lp.Objective().SetCoefficient(over, row.excess_weight)
            constraint.SetCoefficient(over, -1)
        self._sides: dict[tuple[int, int], Any] = {}
        for p, relaxed in self.pricer.relaxed.items():
            for i in relaxed:
                resource = grid.people[p].resources[i]
                side = lp.Constraint(resource.least if resource.least else -infinity, resource.most)
                self._sides[p, i] = side
                if resource.over_weight is not None:
                    over = lp.NumVar(0, infinity, "")
                    lp.Objective().SetCoefficient(over, resource.over_weight)
                    side.SetCoefficient(over, -1)
                if resource.least:
                    short = lp.NumVar(0, infinity, "")
                    lp.Objective().SetCoefficient(short, resource.short_weight)
                    side.SetCoefficient(short, 1)
        lp.Objective().SetMinimization()

    def _count(self, counts: dict[tuple[int, int, int], Any], pool: tuple[int, int, int]) -> Any:
        """Return the variable that counts who has a (day, duty, group); its row ties it to the columns."""
        if pool not in counts:
            counts[pool] = self._lp.NumVar(0, self._lp.infinity(), "")
            self._pools[pool] = self._lp.Constraint(0, 0)
            self._pools[pool].SetCoefficient(counts[pool], -1)
        return counts[pool]

    def _plan(
        self,
        plans: dict[tuple[int, int, int], list[Any]],
        counts: dict[tuple[int, int, int], Any],
        key: tuple[int, int, int],
    ) -> list[Any]:
        """Return the variables that count who takes each break plan of a (day, shift, group)."""
        if key not in plans:
            day, shift, group = key
            row = self._lp.Constraint(0, 0)
            for duty, one in enumerate(self.grid.duties):
                if shift in one.shifts:
                    row.SetCoefficient(self._count(counts, (day, duty, group)), -1)
            plans[key] = [self._lp.NumVar(0, self._lp.infinity(), "") for _ in self.grid.plans[shift]]
            for plan in plans[key]:
                row.SetCoefficient(plan, 1)
        return plans[key]

    def add(self, p: int, duties: tuple[int, ...]) -> bool:
        """Add a column; tell whether it was new."""
        if not duties or (p, duties) in self._known:
            return False
        self._known.add((p, duties))
        person = self.grid.people[p]
        own = sum(int(person.cost[d, k] if k >= 0 else person.off_cost[d]) for d, k in enumerate(duties))
        if person.fair_weekends is not None:
            share, weight = person.fair_weekends
            worked = sum(any(duties[day] >= 0 for day in days) for days in self.grid.weekends)
            own += weight * max(0, worked - share)
        variable = self._lp.NumVar(0, self._lp.infinity(), "")
        self._lp.Objective().SetCoefficient(variable, own)
        self._one[p].SetCoefficient(variable, 1)
        for day, duty in enumerate(duties):
            if duty >= 0 and (day, duty, person.group) in self._pools:
                self._pools[day, duty, person.group].SetCoefficient(variable, 1)
        for i in self.pricer.relaxed[p]:
            resource = person.resources[i]
            use = used(resource, duties)
            if use:
                self._sides[p, i].SetCoefficient(variable, use)
            own += (resource.over_weight or 0) * max(0, use - resource.most)
        self.columns.append(Column(p, duties, own, keeps_sums(person, duties, self.pricer.relaxed[p])))
        self._variables.append(variable)
        return True

    def solve(self, *, narrowed: bool = False) -> float:
        """Solve the programme over the present columns; return its value.

        After new columns the last basis is still feasible, and the primal simplex goes on from it; `narrowed` says that
        columns were fixed, after which the dual one does.
        """
        way = pywraplp.MPSolverParameters.DUAL if narrowed else pywraplp.MPSolverParameters.PRIMAL
        parameters = pywraplp.MPSolverParameters()
        parameters.SetIntegerParam(pywraplp.MPSolverParameters.LP_ALGORITHM, way)
        parameters.SetIntegerParam(pywraplp.MPSolverParameters.PRESOLVE, pywraplp.MPSolverParameters.PRESOLVE_OFF)
        if self._left_s is not None:
            self._lp.SetTimeLimit(max(1, round(1000 * self._left_s())))
        status = self._lp.Solve(parameters)
        if status != _OPTIMAL:
            return np.inf
        return float(self._lp.Objective().Value())

    def generate(
        self,
        stop: Callable[[], bool],
        fixed: frozenset[int] = frozenset(),
        gap: float = 1e-4,
        most_rounds: int = 10_000,
    ) -> float:
        """Add columns until none helps; return the programme's value.

        `fixed`: people who get no new columns (in a dive): the value is then no bound. Without them `bound` is raised.
        """
        everybody = frozenset(range(len(self.grid.people)))
        value = self.solve(narrowed=bool(fixed))
        center: Prices | None = None
        best, smooth = -np.inf, 0.6
        for _ in range(most_rounds):
            if stop():
                break
            prices = self._prices(value)
            at = prices if center is None else _between(center, prices, smooth)
            priced = self._price(at[0], everybody - fixed, stop)
            if len(priced) < len(everybody - fixed):
                break
            bound = at[2] + sum(one.value for one in priced.values()) + sum(at[1][p] for p in fixed)
            if bound > best:
                best, center = bound, at
                if not fixed:
                    self.bound = max(self.bound, best)
            if best >= value - gap * max(1.0, abs(value)) or np.ceil(best - 1e-6) >= value - 1e-6:
                break
            added = self._take(priced)
            if not added and center is not None and at is not prices:
                # Smoothed prices found nothing for the true ones: price there before giving up.
                priced = self._price(prices[0], everybody - fixed, stop)
                if len(priced) < len(everybody - fixed):
                    break
                bound = prices[2] + sum(one.value for one in priced.values()) + sum(prices[1][p] for p in fixed)
                if bound > best:
                    best, center = bound, prices
                    if not fixed:
                        self.bound = max(self.bound, best)
                added = self._take(priced)
            if not added:
                break
            value = self.solve()
        return value

    def _take(self, priced: dict[int, Priced]) -> int:
        return sum(self.add(p, one.duties) for p, one in priced.items())

    def _prices(self, value: float) -> Prices:
        """Return the prices at which the present columns are worth what they cost."""
        table = np.zeros((self.grid.days, len(self.grid.duties), 1 + max(one.group for one in self.grid.people)))
        for pool, row in self._pools.items():
            table[pool] = row.dual_value()
        prices = np.stack([table[:, :, one.group] for one in self.grid.people])
        for (p, i), row in self._sides.items():
            resource = self.grid.people[p].resources[i]
            days = slice(resource.first_day, resource.end_day)
            prices[p, days] += row.dual_value() * resource.use[days]
        people = np.asarray([row.dual_value() for row in self._one])
        return prices, people, value - float(people.sum())

    def _price(self, prices: Floats, only: frozenset[int], stop: Callable[[], bool]) -> dict[int, Priced]:
        return self.pricer.price(np.where(self._cost < NEVER, self._cost - prices, NEVER), self._off_cost, only, stop)

    def chosen(self) -> list[tuple[float, int]]:
        """Return (share, column) of every column in use, largest share first."""
        shares = [(variable.solution_value(), index) for index, variable in enumerate(self._variables)]
        return sorted(((share, index) for share, index in shares if share > 1e-6), reverse=True)

    def cheapest(self, roster: Ints) -> list[Column]:
        """Return the usable columns, those of `roster` first, then by reduced cost."""
        kept = [tuple(int(duty) for duty in line) for line in roster]
        reduced = [variable.reduced_cost() for variable in self._variables]
        order = sorted(
            range(len(self.columns)),
            key=lambda i: (self.columns[i].duties != kept[self.columns[i].person], reduced[i]),
        )
        return [self.columns[i] for i in order if self.columns[i].usable]

    def fix(self, index: int) -> None:
        """Give a person one column and nothing else."""
        self._variables[index].SetLb(1.0)

    def free_all(self) -> None:
        """Take back every `fix`."""
        for variable in self._variables:
            variable.SetLb(0.0)
