"""What the cover of a whole day costs, exactly, for every way in which a small team may share the day's duties.

The relaxed programmes let a person be there by halves, and breaks too. A team of six with five duties has 46,656 ways
to share a day: few enough to know what each costs with its breaks at their best. Breaks of shifts that never concern
the same quarter hour are placed apart from each other; ways that look alike to the rows concerned are placed once.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, product

import numpy as np

from scheduler.roster.cover import CoverRow, Ints
from scheduler.roster.grid import FORBIDDEN, Grid

NO_WAY = 1 << 40
"""The cost of a way in which somebody does what they may not do on that day."""

_MOST_WAYS = 300_000
_MOST_CELLS = 10_000_000
_MOST_DAYS = 63
_MOST_BREAKS = 20_000
_CHUNK = 2_000_000

_Pattern = tuple[tuple[int, int, int], ...]
"""Who has breaks: (shift, group, people)."""


@dataclass(frozen=True)
class DayCosts:
    """`ways`: (ways, people), what each person does, 0 for the day off and 1 + duty; the last person's changes first.

    `costs`: for each day (ways,) the points of its cover, NO_WAY where somebody may not do that.
    """

    ways: Ints
    costs: tuple[Ints, ...]


def day_costs(grid: Grid) -> DayCosts | None:
    """Return the exact costs of all days.

    None for too many people or days, where time belongs to two days, and where only shifts are counted: halves of
    people are no way out there, so that whole lines have as good a bound, and sooner.
    """
    if all(need.shift is not None for need in grid.problem.needs):
        return None
    choices = len(grid.duties) + 1
    if math.log(_MOST_WAYS) < len(grid.people) * math.log(choices):
        return None
    if grid.days > _MOST_DAYS or choices ** len(grid.people) * grid.days > _MOST_CELLS:
        return None
    rows: dict[int, list[CoverRow]] = defaultdict(list)
    for row in grid.rows:
        days = {day for day, _, _ in row.supply} or {grid.problem.needs[row.need].day}
        if len(days) > 1:
            return None
        rows[days.pop()].append(row)
    ways = np.indices((choices,) * len(grid.people), dtype=np.int8).reshape(len(grid.people), -1).T.astype(np.int64)
    alike, back = _alike(grid, ways)
    shapes: dict[object, _Shape | None] = {}
    known: dict[object, Ints] = {}
    costs = []
    for day in range(grid.days):
        shape_of = tuple(_place(row) for row in rows[day])
        if shape_of not in shapes:
            shapes[shape_of] = _Shape.of(grid, rows[day], ways[alike])
        shape = shapes[shape_of]
        if shape is None:
            return None
        wanted = (
            shape_of,
            tuple((r.required, r.floor, r.short_weight, r.floor_weight, r.excess_weight) for r in rows[day]),
        )
        if wanted not in known:
            known[wanted] = shape.cost(rows[day])[back]
        costs.append(_only_possible(grid, day, ways, known[wanted]))
    return DayCosts(ways, tuple(costs))


def _place(row: CoverRow) -> object:
    """Return who counts in a row and whose breaks lie there, whatever the day."""
    return tuple(one[1:] for one in row.supply), tuple(one[1:] for one in row.away)


def _only_possible(grid: Grid, day: int, ways: Ints, costs: Ints) -> Ints:
    barred = np.zeros(len(ways), dtype=np.bool_)
    for p, person in enumerate(grid.people):
        never = np.concatenate([[False], person.cost[day] >= FORBIDDEN])
        barred |= never[ways[:, p]]
    return np.where(barred, NO_WAY, costs)


def _alike(grid: Grid, ways: Ints) -> tuple[Ints, Ints]:
    """Return one way of all that differ only in who of a group does what, and for each way which one that is."""
    order = np.argsort([person.group for person in grid.people], kind="stable")
    sorted_ways = ways[:, order]
    groups = np.asarray([grid.people[p].group for p in order])
    for group in np.unique(groups):
        here = groups == group
        sorted_ways[:, here] = np.sort(sorted_ways[:, here], axis=1)
    code = sorted_ways @ (len(grid.duties) + 1) ** np.arange(ways.shape[1], dtype=np.int64)
    _, first, back = np.unique(code, return_index=True, return_inverse=True)
    return first, back.reshape(-1)


@dataclass(frozen=True)
class _Breaks:
    """Breaks that concern the same rows: for each `case`, who is in those rows, and the ways to place the breaks.

    `cases`: (there, away), arrays (cases, rows) and (placings, rows); `case_of`: for each way its case, over all.
    """

    rows: Ints
    cases: tuple[tuple[Ints, Ints], ...]
    case_of: Ints


@dataclass(frozen=True)
class _Shape:
    """What days with the same rows have in common: `there`, (ways, rows), who counts before breaks; and the breaks."""

    there: Ints
    breaks: tuple[_Breaks, ...]

    @classmethod
    def of(cls, grid: Grid, rows: Sequence[CoverRow], ways: Ints) -> _Shape | None:
        """Return the shape of days with these rows; None if there are too many ways to place breaks."""
        there = np.zeros((len(ways), len(rows)), dtype=np.int64)
        groups = [person.group for person in grid.people]
        for p, group in enumerate(groups):
            counts = np.zeros((len(rows), len(grid.duties) + 1), dtype=np.int64)
            for r, row in enumerate(rows):
                for _, duty, counted in row.supply:
                    counts[r, duty + 1] += counted == group
            there += counts[:, ways[:, p]].T
        found = []
        for shifts in _together(rows):
            breaks = _placed(grid, rows, shifts, ways, there)
            if breaks is None:
                return None
            found.append(breaks)
        return cls(there, tuple(found))

    def cost(self, rows: Sequence[CoverRow]) -> Ints:
        """Return the points of each way, breaks at their best."""
        people = np.arange(int(self.there.max(initial=0)) + 1)
        table = np.zeros((len(rows), len(people)), dtype=np.int64)
        for r, row in enumerate(rows):
            table[r] = np.maximum(0, row.required - people) * row.short_weight
            table[r] += np.maximum(0, row.floor - people) * row.floor_weight
            table[r] += np.maximum(0, people - row.required) * row.excess_weight
        total = np.zeros(len(self.there), dtype=np.int64)
        for r in range(len(rows)):
            total += table[r][self.there[:, r]]
        for one in self.breaks:
            here = table[one.rows]
            dearer = [_cheapest(here, there, away) for there, away in one.cases]
            total += np.concatenate(dearer)[one.case_of]
        return total


def _together(rows: Sequence[CoverRow]) -> list[frozenset[int]]:
    """Return the shifts with breaks, in sets that share no row with one another."""
    sets: list[frozenset[int]] = []
    for row in rows:
        shifts = frozenset(shift for _, shift, _, _ in row.away)
        if shifts:
            touched = [one for one in sets if one & shifts]
            sets = [one for one in sets if not one & shifts] + [shifts.union(*touched)]
    return sets


def _placed(grid: Grid, rows: Sequence[CoverRow], shifts: frozenset[int], ways: Ints, there: Ints) -> _Breaks | None:
    touched = np.asarray([r for r, row in enumerate(rows) if any(one[1] in shifts for one in row.away)])
    takers = [(shift, group) for shift in sorted(shifts) for group in sorted({one.group for one in grid.people})]
    on = np.zeros((len(ways), len(takers)), dtype=np.int64)
    for t, (shift, group) in enumerate(takers):
        has = np.asarray([False, *(shift in duty.shifts for duty in grid.duties)])
        for p, person in enumerate(grid.people):
            if person.group == group:
                on[:, t] += has[ways[:, p]]
    different, case_of = np.unique(np.hstack([on, there[:, touched]]), axis=0, return_inverse=True)
    away_of: dict[tuple[int, int, int], Ints] = {
        (shift, group, k): np.asarray([sum(one[1:] == (shift, group, k) for one in rows[r].away) for r in touched])
        for shift, group in takers
        for k in range(len(grid.plans[shift]))
    }
    cases = []
    first = 0
    while first < len(different):
        pattern = different[first, : len(takers)]
        end = first + int(np.argmin(np.append((different[first:, : len(takers)] == pattern).all(axis=1), False)))
        who = tuple((*taker, int(count)) for taker, count in zip(takers, pattern, strict=True) if count)
        away = _placings(grid, who, away_of, len(touched))
        if away is None:
            return None
        cases.append((different[first:end, len(takers) :], away))
        first = end
    return _Breaks(touched, tuple(cases), case_of.reshape(-1))


def _placings(grid: Grid, who: _Pattern, away_of: dict[tuple[int, int, int], Ints], rows: int) -> Ints | None:
    """Return how many people are away from each row in every way to place the breaks, (placings, rows)."""
    numbers = [math.comb(len(grid.plans[shift]) + count - 1, count) for shift, _, count in who]
    if math.prod(numbers) > _MOST_BREAKS:
        return None
    each = [
        [
            np.sum([away_of[shift, group, k] for k in plans], axis=0)
            for plans in combinations_with_replacement(range(len(grid.plans[shift])), count)
        ]
        for shift, group, count in who
    ]
    nobody = np.zeros(rows, dtype=np.int64)
    return np.unique([sum(choice, nobody) for choice in product(*each)], axis=0)


def _cheapest(table: Ints, there: Ints, away: Ints) -> Ints:
    """Return what the best way to place the breaks adds to the points of the rows, for each case."""
    rows = np.arange(table.shape[0])
    before = table[rows, there].sum(axis=1)
    step = max(1, _CHUNK // max(1, len(away)))
    best = np.empty(len(there), dtype=np.int64)
    for first in range(0, len(there), step):
        some = there[first : first + step]
        points = np.zeros((len(some), len(away)), dtype=np.int64)
        for r in rows:
            points += table[r][some[:, r, None] - away[None, :, r]]
        best[first : first + step] = points.min(axis=1)
    return np.asarray(best - before)
