"""The solver's model of a roster, whole or in part: a neighbourhood is a model in which only some days are free."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from scheduler.roster.cover import Ints
from scheduler.roster.grid import FORBIDDEN, Grid

Roster = Ints
"""Duty indices, shape (people, days); -1 is a day off."""

Breaks = Mapping[tuple[int, int, int], tuple[int, ...]]
"""How many people of (day, shift, group) take each break plan."""


@dataclass(frozen=True)
class Solution:
    """A roster with its breaks and what it costs, in penalty points."""

    roster: Roster
    breaks: Breaks
    cost: int


@dataclass
class Model:
    """Variables and constraints over the free days of `free` people; everybody else is as in `base`.

    `may_lack_hours`: people whose least hours may be missed at a price; `lacks` are the minutes.
    """

    grid: Grid
    free: Mapping[int, frozenset[int]]
    base: Roster | None = None
    may_lack_hours: frozenset[int] = frozenset()
    cp: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    x: dict[tuple[int, int], dict[int, Any]] = field(default_factory=dict)
    terms: list[tuple[Any, int]] = field(default_factory=list)
    lacks: list[Any] = field(default_factory=list)
    short: dict[int, Any] = field(default_factory=dict)
    plans: dict[tuple[int, int, int], list[Any]] = field(default_factory=dict)
    constant: int = 0
    _work: dict[tuple[int, int], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        yes, no = self.cp.new_constant(1), self.cp.new_constant(0)
        for p, free_days in self.free.items():
            person = self.grid.people[p]
            for day in range(self.grid.days):
                if day in free_days:
                    duties = [int(duty) for duty in np.flatnonzero(person.cost[day] < FORBIDDEN)]
                    self.x[p, day] = {duty: self.cp.new_bool_var(f"x_{p}_{day}_{duty}") for duty in duties}
                    self._work[p, day] = self.cp.new_bool_var(f"w_{p}_{day}") if duties else no
                    for duty, literal in self.x[p, day].items():
                        self.cost(literal, int(person.cost[day, duty] - person.off_cost[day]))
                    self.constant += int(person.off_cost[day])
                else:
                    assert self.base is not None
                    duty = int(self.base[p, day])
                    self.x[p, day] = {duty: yes} if duty >= 0 else {}
                    self.constant += int(person.cost[day, duty] if duty >= 0 else person.off_cost[day])
                    self._work[p, day] = yes if duty >= 0 else no

    def work(self, p: int, day: int) -> Any:
        """Return the literal that says whether a person works on a day."""
        return self._work[p, day]

    def cost(self, amount: Any, weight: int) -> None:
        """Let each unit of a variable cost `weight` points."""
        if weight:
            self.terms.append((amount, weight))

    def add_cover(
        self, pools: Mapping[tuple[int, int, int], Sequence[Any]] | None = None, *, touched_only: bool = True
    ) -> None:
        """Add cover: who is there, less who has a break, is held against what is required; gaps and excess cost points.

        `pools`: the literals of each (day, duty, group); those of this model's people unless given. With `touched_only`
        rows that nobody free can change are left out.
        """
        pools = self._pools() if pools is None else pools
        fixed = counts_of(self.grid, self.base, self.free)
        yes = self.cp.new_constant(1).index
        for number, row in enumerate(self.grid.rows):
            present = [literal for pool in row.supply for literal in pools.get(pool, ())]
            if touched_only and all(literal.index == yes for literal in present):
                continue
            there = sum(present) + sum(fixed.get(pool, 0) for pool in row.supply)
            highest = len(present) + sum(fixed.get(pool, 0) for pool in row.supply)
            away = sum(self._plans(day, shift, group, pools, fixed)[k] for day, shift, group, k in row.away)
            under = self.cp.new_int_var(0, row.required, f"under_{number}")
            over = self.cp.new_int_var(0, max(0, highest - row.required), f"over_{number}")
            self.cp.add(there - away + under - over == row.required)
            self.short[number] = under
            self.cost(under, row.short_weight)
            self.cost(over, row.excess_weight)
            if row.floor > 0 and row.floor_weight:
                below = self.cp.new_int_var(0, row.floor, f"below_{number}")
                self.cp.add(below >= under - (row.required - row.floor))
                self.cost(below, row.floor_weight)

    def _pools(self) -> dict[tuple[int, int, int], list[Any]]:
        pools: dict[tuple[int, int, int], list[Any]] = defaultdict(list)
        for (p, day), duties in self.x.items():
            for duty, literal in duties.items():
                pools[day, duty, self.grid.people[p].group].append(literal)
        return pools

    def _plans(
        self,
        day: int,
        shift: int,
        group: int,
        pools: Mapping[tuple[int, int, int], Sequence[Any]],
        fixed: Mapping[tuple[int, int, int], int],
    ) -> list[Any]:
        """Return how many of (day, shift, group) take each break plan: together, as many as work that shift."""
        key = (day, shift, group)
        if key not in self.plans:
            duties = [d for d, duty in enumerate(self.grid.duties) if shift in duty.shifts]
            literals = [literal for duty in duties for literal in pools.get((day, duty, group), ())]
            constant = sum(fixed.get((day, duty, group), 0) for duty in duties)
            most = len(literals) + constant
            plans = [
                self.cp.new_int_var(0, most, f"plan_{day}_{shift}_{group}_{k}")
                for k in range(len(self.grid.plans[shift]))
            ]
            self.cp.add(sum(plans) == sum(literals) + constant)
            self.plans[key] = plans
        return self.plans[key]

    def minimize(self) -> None:
        """Set the objective from all that costs points."""
        variables, weights = [one for one, _ in self.terms], [weight for _, weight in self.terms]
        self.cp.minimize(cp_model.LinearExpr.weighted_sum(variables, weights) + self.constant)

    def hint(self, solution: Solution) -> None:
        """Start the search from a solution."""
        for (p, day), duties in self.x.items():
            if day in self.free[p]:
                for duty, literal in duties.items():
                    self.cp.add_hint(literal, int(solution.roster[p, day] == duty))
                if duties:
                    self.cp.add_hint(self._work[p, day], int(solution.roster[p, day] >= 0))
        for key, plans in self.plans.items():
            for variable, count in zip(plans, solution.breaks.get(key, [0] * len(plans)), strict=True):
                self.cp.add_hint(variable, count)

    def read(self, value: Any) -> tuple[Roster, dict[tuple[int, int, int], tuple[int, ...]]]:
        """Return the roster and the touched breaks; `value` gives a variable's value."""
        roster = (
            np.full((len(self.grid.people), self.grid.days), -1, dtype=np.int64)
            if self.base is None
            else self.base.copy()
        )
        for (p, day), duties in self.x.items():
            if day in self.free[p]:
                roster[p, day] = next((duty for duty, literal in duties.items() if value(literal)), -1)
        return roster, {key: tuple(int(value(one)) for one in plans) for key, plans in self.plans.items()}


def counts_of(grid: Grid, base: Roster | None, free: Mapping[int, frozenset[int]]) -> dict[tuple[int, int, int], int]:
    """Return how many people who are not in the model have each (day, duty, group)."""
    found: dict[tuple[int, int, int], int] = defaultdict(int)
    if base is not None:
        for p, person in enumerate(grid.people):
            if p not in free:
                for day, duty in enumerate(base[p].tolist()):
                    if duty >= 0:
                        found[day, duty, person.group] += 1
    return found


def spread_breaks(grid: Grid, roster: Roster) -> dict[tuple[int, int, int], tuple[int, ...]]:
    """Return breaks spread evenly over the plans of each (day, shift, group), for a start."""
    people: dict[tuple[int, int, int], int] = defaultdict(int)
    for person, line in zip(grid.people, roster.tolist(), strict=True):
        for day, duty in enumerate(line):
            for shift in grid.duties[duty].shifts if duty >= 0 else ():
                if grid.plans[shift]:
                    people[day, shift, person.group] += 1
    return {
        key: tuple(count // plans + (k < count % plans) for k in range(plans))
        for key, count in people.items()
        for plans in (len(grid.plans[key[1]]),)
    }
