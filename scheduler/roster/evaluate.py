"""What a roster costs, on the solvers' tables, and what one more person on a duty would save."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scheduler.roster.cover import Ints
from scheduler.roster.grid import Grid
from scheduler.roster.model import Breaks, Roster


class Evaluator:
    """Costs of rosters; `counts` are arrays (days, duties, groups) of how many people have each duty."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._groups = 1 + max(one.group for one in grid.people)
        shape = (grid.days, len(grid.duties), self._groups)
        self._shape = shape
        supply = [(r, np.ravel_multi_index(pool, shape)) for r, row in enumerate(grid.rows) for pool in row.supply]
        table = np.asarray(supply, dtype=np.int64).reshape(-1, 2)
        self._row, self._pool = table[:, 0], table[:, 1]
        self._required = np.asarray([row.required for row in grid.rows], dtype=np.int64)
        self._floor = np.asarray([row.floor for row in grid.rows], dtype=np.int64)
        self._short = np.asarray([row.short_weight for row in grid.rows], dtype=np.int64)
        self._below = np.asarray([row.floor_weight for row in grid.rows], dtype=np.int64)
        self._excess = np.asarray([row.excess_weight for row in grid.rows], dtype=np.int64)
        away = [(r, key) for r, row in enumerate(grid.rows) for key in row.away]
        self._away_row = np.asarray([r for r, _ in away], dtype=np.int64)
        self._away_key = [key for _, key in away]

    def counts(self, roster: Roster) -> Ints:
        """Return how many people have each (day, duty, group)."""
        counts = np.zeros(self._shape, dtype=np.int64)
        for p, person in enumerate(self._grid.people):
            self.move(counts, p, roster[p], 1, person.group)
        return counts

    def move(self, counts: Ints, p: int, line: Ints, by: int, group: int | None = None) -> None:
        """Add a person's duties to the counts, or take them out with `by` -1."""
        days = np.flatnonzero(line >= 0)
        counts[days, line[days], self._grid.people[p].group if group is None else group] += by

    def present(self, counts: Ints, breaks: Breaks | None = None) -> Ints:
        """Return who counts in each row, (rows,), less those on a break."""
        cover = np.zeros(len(self._required), dtype=np.int64)
        np.add.at(cover, self._row, counts.reshape(-1)[self._pool])
        if breaks and self._away_key:
            away = [breaks[key[:3]][key[3]] if key[:3] in breaks else 0 for key in self._away_key]
            np.subtract.at(cover, self._away_row, np.asarray(away, dtype=np.int64))
        return cover

    def cover_cost(self, cover: Ints) -> int:
        """Return the points for gaps and excess."""
        short = np.maximum(0, self._required - cover)
        below = np.maximum(0, self._floor - cover)
        over = np.maximum(0, cover - self._required)
        return int((short * self._short + below * self._below + over * self._excess).sum())

    def saving(self, counts: Ints) -> NDArray[np.float64]:
        """Return what one more person on each (day, duty, group) would cost (mostly negative), breaks left aside."""
        cover = self.present(counts)
        worth = np.where(cover < self._required, -self._short, self._excess)
        worth = worth - np.where(cover < self._floor, self._below, 0)
        saving = np.zeros(int(np.prod(self._shape)), dtype=np.float64)
        np.add.at(saving, self._pool, worth[self._row])
        return saving.reshape(self._shape)

    def own_cost(self, p: int, line: Ints) -> int:
        """Return what a person's line costs apart from cover: wishes, changes, shares."""
        person = self._grid.people[p]
        days = np.flatnonzero(line >= 0)
        cost = int(person.cost[days, line[days]].sum() + person.off_cost[line < 0].sum())
        for one in person.resources:
            used = int(sum(one.use[day, line[day]] for day in range(one.first_day, one.end_day) if line[day] >= 0))
            if one.over_weight is not None:
                cost += one.over_weight * max(0, used - one.most)
            cost += one.short_weight * max(0, one.least_minutes - used * one.unit)
        if person.fair_weekends is not None:
            share, weight = person.fair_weekends
            worked = sum(any(line[day] >= 0 for day in days) for days in self._grid.weekends)
            cost += weight * max(0, worked - share)
        return cost

    def cost(self, roster: Roster, breaks: Breaks) -> int:
        """Return the whole cost."""
        own = sum(self.own_cost(p, roster[p]) for p in range(len(roster)))
        return own + self.cover_cost(self.present(self.counts(roster), breaks))
