"""The cheapest roster of each person at given prices of work: dynamic programming over days, many people at once.

A state after a day is a run of days off (up to the least number, beyond it does not matter how long) or a run of
working days with the class of its last duty, beside counters of hours, weekends and whatever else fits. All people
whose rules have the same shape are computed together, as arrays.

Source: Desrosiers et al., "Time constrained routing and scheduling" (1995), for resource-constrained shortest paths.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scheduler.roster.grid import FORBIDDEN, Grid, PersonGrid, Resource, classes_of

Floats = NDArray[np.float64]
NEVER = 1e15
_MOST_STATES = 30_000
_CHUNK_CELLS = 4_000_000
_MOST_CELLS = 25_000_000


@dataclass(frozen=True)
class _Axis:
    """A counter: how far each duty moves it, (days, duties); its end value costs `price[end][person, level]`."""

    levels: int
    use: NDArray[np.int64] | None
    ends: tuple[int, ...]
    price: tuple[Floats, ...]


@dataclass(frozen=True)
class Priced:
    """The cheapest roster of a person: its value at the prices (never more than that of any roster), and its duties."""

    value: float
    duties: tuple[int, ...]


class Pricer:
    """Prices rosters of all people. `relaxed[p]` are the resources that a roster of `p` may break here.

    `together`: compute people of one shape at once; without it each person can be priced alone, cheaply.
    `too_large`: people whose tables would not fit, as over half a year; they are never priced.
    """

    def __init__(self, grid: Grid, *, together: bool = True) -> None:
        self._grid = grid
        self.relaxed: dict[int, tuple[int, ...]] = {}
        self.too_large: set[int] = set()
        self._batches: list[_Batch] = []
        shapes: dict[object, list[int]] = defaultdict(list)
        for p, person in enumerate(grid.people):
            kept = _kept(grid, person)
            if _states(grid, person, kept) * grid.days > _MOST_CELLS:
                self.too_large.add(p)
                self.relaxed[p] = ()
                continue
            self.relaxed[p] = tuple(i for i in range(len(person.resources)) if i not in kept)
            shapes[_shape(person, kept)].append(p)
        for members in shapes.values():
            states = max(_states(grid, grid.people[p], _kept(grid, grid.people[p])) for p in members)
            chunk = max(1, _CHUNK_CELLS // max(1, states * grid.days)) if together else 1
            for first in range(0, len(members), chunk):
                self._batches.append(_Batch(grid, members[first : first + chunk]))
        self._part: tuple[frozenset[int], list[_Batch]] = (frozenset(range(len(grid.people))), self._batches)
        self._batch_of = {p: batch for batch in self._batches for p in batch.members}

    def price(
        self, cost: Floats, off_cost: Floats, only: frozenset[int], stop: Callable[[], bool] = lambda: False
    ) -> dict[int, Priced]:
        """Return the cheapest roster of each person in `only`; of fewer if `stop` says so meanwhile.

        `cost`: (people, days, duties), NEVER where not possible; `off_cost`: (people, days).
        """
        found: dict[int, Priced] = {}
        for batch in self._parts(only):
            if stop():
                break
            found.update(batch.price(cost[batch.members], off_cost[batch.members]))
        return found

    def _parts(self, only: frozenset[int]) -> list[_Batch]:
        """Return the batches cut down to some people; those of the last question are kept for the next."""
        if self._part[0] != only:
            members = [[p for p in batch.members if p in only] for batch in self._batches]
            self._part = (only, [_Batch(self._grid, some) for some in members if some])
        return self._part[1]

    def price_one(self, p: int, cost: Floats, off_cost: Floats) -> Priced:
        """Return the cheapest roster of one person who is not together with others; nothing if it is `too_large`.

        `cost`: (days, duties); `off_cost`: (days,).
        """
        batch = self._batch_of.get(p)
        return Priced(-np.inf, ()) if batch is None else batch.price(cost[None], off_cost[None])[p]


def _kept(grid: Grid, person: PersonGrid) -> tuple[int, ...]:
    """Return which resources get a counter: the hours of the longest period, then hard limits while they are small."""
    resources = person.resources
    longest = max(one.end_day - one.first_day for one in resources if one.name == "hours")
    main = next(one for one in resources if one.name == "hours" and one.end_day - one.first_day == longest)
    kept = [i for i, one in enumerate(resources) if one.name == "hours" and one.period == main.period]
    for i in sorted(range(len(resources)), key=lambda i: resources[i].most):
        one = resources[i]
        if one.name != "hours" and one.over_weight is None and _states(grid, person, [*kept, i]) <= _MOST_STATES:
            kept.append(i)
    return tuple(kept)


def _axes_of(person: PersonGrid, kept: Sequence[int]) -> list[list[Resource]]:
    """Return the counters, hours first, then by name; those of one name start anew with each period."""
    named: dict[str, list[Resource]] = {"hours": []}
    for one in sorted((person.resources[i] for i in kept), key=lambda one: one.name):
        named.setdefault(one.name, []).append(one)
    return list(named.values())


def _states(grid: Grid, person: PersonGrid, kept: Sequence[int]) -> int:
    states = len(set(classes_of(grid, person.follows))) * person.contract.max_days_on + person.contract.min_days_off
    for axis in _axes_of(person, kept):
        states *= max(one.most for one in axis) + 1
    return states * (len(grid.weekends) + 1 if person.counts_weekends else 1)


def _shape(person: PersonGrid, kept: Sequence[int]) -> object:
    """Return what people of one batch have in common."""
    contract = person.contract
    axes = tuple(
        tuple((one.name, one.first_day, one.end_day, one.use.tobytes()) for one in axis)
        for axis in _axes_of(person, kept)
    )
    return (
        (contract.max_days_on, contract.min_days_on, contract.min_days_off),
        person.follows,
        axes,
        person.counts_weekends,
    )


def _axis(counters: Sequence[Sequence[Resource]]) -> _Axis:
    """Return one counter of a batch; `counters` has each person's resource for every period."""
    levels = max(one.most for periods in counters for one in periods) + 1
    steps = np.arange(levels)
    price = tuple(
        np.asarray([np.where((steps > one.most) | (steps < one.least), NEVER, 0.0) for one in people])
        for people in zip(*counters, strict=True)
    )
    return _Axis(levels, counters[0][0].use, tuple(one.end_day for one in counters[0]), price)


class _Batch:
    """People whose rules have the same shape."""

    def __init__(self, grid: Grid, members: Sequence[int]) -> None:
        self.members = list(members)
        self._people = [grid.people[p] for p in members]
        first = self._people[0]
        self._days, self._most_on = grid.days, first.contract.max_days_on
        self._least_on, self._least_off = first.contract.min_days_on, first.contract.min_days_off
        self._class_of = classes_of(grid, first.follows)
        self._classes = max(self._class_of) + 1
        follows = grid.follows[first.follows]
        possible = np.zeros((grid.days, len(grid.duties)), dtype=np.bool_)
        for person in self._people:
            possible |= person.cost < FORBIDDEN
        self._duties = [np.flatnonzero(row).tolist() for row in possible]
        one_of = [self._class_of.index(kind) for kind in range(self._classes)]
        # before[day][duty]: the classes after which the duty may come; on the first day history has been heeded.
        self._before = [
            {
                duty: tuple(range(self._classes))
                if day == 0
                else tuple(c for c, a in enumerate(one_of) if follows[day - 1, a, duty])
                for duty in self._duties[day]
            }
            for day in range(grid.days)
        ]
        counters = [_axes_of(person, _kept(grid, person)) for person in self._people]
        self._axes = [_axis(axes) for axes in zip(*counters, strict=True)]
        self._weekend_first = {days[0] for days in grid.weekends}
        self._weekend_days = {day for days in grid.weekends for day in days}
        self._weekends = first.counts_weekends
        if self._weekends:
            self._axes.append(self._weekend_axis(grid))
        self._shape = tuple(axis.levels for axis in self._axes)
        self._worked = np.asarray([(one.start or (0, 0))[0] for one in self._people])

    def _weekend_axis(self, grid: Grid) -> _Axis:
        levels = len(grid.weekends) + 1
        most = [one.most_weekends for one in self._people]
        if all(limit is not None for limit in most) and all(one.fair_weekends is None for one in self._people):
            levels = min(levels, max(limit for limit in most if limit is not None) + 1)
        steps = np.arange(levels)
        rows = []
        for person in self._people:
            share, weight = person.fair_weekends or (0, 0)
            limit = levels if person.most_weekends is None else person.most_weekends
            rows.append(np.where(steps > limit, NEVER, weight * np.maximum(0.0, steps - share)))
        return _Axis(levels, None, (self._days,), (np.asarray(rows),))

    def price(self, cost: Floats, off_cost: Floats) -> dict[int, Priced]:
        """Return the cheapest roster of each member."""
        table = self._forward(cost, off_cost)
        off, on, _, _ = table[-1]
        people = len(self.members)
        best = np.minimum(off.reshape(people, -1).min(axis=1), on.reshape(people, -1).min(axis=1))
        return {
            p: Priced(float(best[i]), self._path(i, table, cost[i], off_cost[i]) if best[i] < NEVER / 2 else ())
            for i, p in enumerate(self.members)
        }

    def _start(self) -> tuple[Floats, Floats]:
        people = len(self.members)
        off = np.full((people, self._least_off, *self._shape), NEVER)
        on = np.full((people, self._classes, self._most_on, *self._shape), NEVER)
        zero = (0,) * len(self._shape)
        for i, person in enumerate(self._people):
            worked, rested = person.start or (0, self._least_off)
            if worked:
                on[(i, 0, min(worked, self._most_on) - 1, *zero)] = 0.0
            else:
                off[(i, min(rested, self._least_off) - 1, *zero)] = 0.0
        return off, on

    def _moved(self, day: int, duty: int, begins: bool) -> tuple[int, ...]:
        """Return how far a duty moves each counter; a weekend counts once, on its first day worked."""
        moves = [int(axis.use[day, duty]) for axis in self._axes if axis.use is not None]
        if self._weekends:
            moves.append(int(day in self._weekend_days and (begins or day in self._weekend_first)))
        return tuple(moves)

    def _slices(self, moves: tuple[int, ...]) -> Any:
        """Return where levels go to and where they come from, as slices; None if a counter would overflow."""
        if any(move >= levels for move, levels in zip(moves, self._shape, strict=True)):
            return None
        to = tuple(slice(move, None) for move in moves)
        return to, tuple(slice(None, levels - move) for move, levels in zip(moves, self._shape, strict=True))

    def _may_stop(self, day: int) -> NDArray[np.bool_]:
        """Return whether a run of 1.. days that ended the day before may end there, (people, most_on)."""
        lengths = np.arange(1, self._most_on + 1)
        return np.asarray((lengths >= self._least_on)[None, :] | (lengths[None, :] >= (day + self._worked)[:, None]))

    def _forward(self, cost: Floats, off_cost: Floats) -> list[tuple[Floats, Floats, Floats, Floats]]:
        """Return for each day the states after it, and the same after counters have been closed: (off, on, off, on)."""
        off, on = self._start()
        table = [(off, on, off, on)]
        flat: Any = (slice(None), *(None for _ in self._shape))
        for day in range(self._days):
            free = off_cost[:, day][flat]
            stop = np.where(
                self._may_stop(day)[(slice(None), None, slice(None), *(None for _ in self._shape))], on, NEVER
            )
            new_off = np.full_like(off, NEVER)
            new_off[:, 0] = stop.min(axis=(1, 2)) + free
            if self._least_off > 1:
                new_off[:, 1:] = off[:, :-1] + free[:, None]
                new_off[:, -1] = np.minimum(new_off[:, -1], off[:, -1] + free)
            else:
                new_off[:, 0] = np.minimum(new_off[:, 0], off[:, 0] + free)
            new_on = np.full_like(on, NEVER)
            ready, after = off[:, -1], {}
            for duty in self._duties[day]:
                kind, price = self._class_of[duty], cost[:, day, duty][flat]
                ways = self._slices(self._moved(day, duty, begins=True))
                if ways is not None:
                    to, came = (slice(None), kind, 0, *ways[0]), (slice(None), *ways[1])
                    new_on[to] = np.minimum(new_on[to], ready[came] + price)
                ways = self._slices(self._moved(day, duty, begins=False))
                kinds = self._before[day][duty]
                if ways is None or not kinds or self._most_on == 1:
                    continue
                if kinds not in after:
                    after[kinds] = on[:, list(kinds), :-1].min(axis=1) if len(kinds) > 1 else on[:, kinds[0], :-1]
                to, came = (slice(None), kind, slice(1, None), *ways[0]), (slice(None), slice(None), *ways[1])
                new_on[to] = np.minimum(new_on[to], after[kinds][came] + price[:, None])
            np.minimum(new_off, NEVER, out=new_off)
            np.minimum(new_on, NEVER, out=new_on)
            off, on = self._close(day, new_off, new_on)
            table.append((new_off, new_on, off, on))
        return [(one[2], one[3], one[0], one[1]) for one in table]

    def _close(self, day: int, off: Floats, on: Floats) -> tuple[Floats, Floats]:
        """Hold counters whose period ends with this day against their limits, and let them start anew."""
        for number, axis in enumerate(self._axes):
            if day + 1 not in axis.ends:
                continue
            price = axis.price[axis.ends.index(day + 1)]
            view = [1] * len(self._shape)
            view[number] = axis.levels
            off = off + price.reshape(len(self.members), 1, *view)
            on = on + price.reshape(len(self.members), 1, 1, *view)
            if day + 1 < self._days:
                off, on = _collapse(off, 2 + number), _collapse(on, 3 + number)
        return off, on

    def _path(
        self, i: int, table: list[tuple[Floats, Floats, Floats, Floats]], cost: Floats, off_cost: Floats
    ) -> tuple[int, ...]:
        """Return one person's cheapest roster, walking back from the best last state."""
        off, on = table[-1][0][i], table[-1][1][i]
        at_off, at_on = int(off.argmin()), int(on.argmin())
        resting = bool(off.flat[at_off] <= on.flat[at_on])
        state = np.unravel_index(at_off, off.shape) if resting else np.unravel_index(at_on, on.shape)
        place = tuple(int(one) for one in state)
        duties: list[int] = []
        for day in range(self._days - 1, -1, -1):
            place = self._reopen(i, day, table[day + 1], resting, place)
            before = (table[day][0][i], table[day][1][i])
            if resting:
                duties.append(-1)
                resting, place = self._back_from_rest(i, day, before, place)
            else:
                duty, resting, place = self._back_from_work(day, before, place, cost[day])
                duties.append(duty)
        return tuple(reversed(duties))

    def _reopen(
        self, i: int, day: int, table: tuple[Floats, Floats, Floats, Floats], resting: bool, place: tuple[int, ...]
    ) -> tuple[int, ...]:
        """Return the state before counters were closed after a day."""
        if day + 1 == self._days:
            return place
        lead = 1 if resting else 2
        free = [lead + number for number, axis in enumerate(self._axes) if day + 1 in axis.ends]
        if not free:
            return place
        values = table[2 if resting else 3][i]
        for axis in free:
            number = axis - lead
            price = self._axes[number].price[self._axes[number].ends.index(day + 1)][i]
            view = [1] * values.ndim
            view[axis] = len(price)
            values = values + price.reshape(view)
        index: Any = tuple(slice(None) if axis in free else place[axis] for axis in range(len(place)))
        best = np.unravel_index(int(values[index].argmin()), values[index].shape)
        found = list(place)
        for axis, level in zip(free, best, strict=True):
            found[axis] = int(level)
        return tuple(found)

    def _back_from_rest(
        self, i: int, day: int, before: tuple[Any, Any], place: tuple[int, ...]
    ) -> tuple[bool, tuple[int, ...]]:
        off, on = before
        run, levels = place[0], place[1:]
        ways: list[tuple[float, bool, tuple[int, ...]]] = []
        if run > 0:
            ways.append((float(off[(run - 1, *levels)]), True, (run - 1, *levels)))
        if run == self._least_off - 1:
            ways.append((float(off[(run, *levels)]), True, (run, *levels)))
        if run == 0:
            may = self._may_stop(day)[i]
            values = np.where(may[None, :], on[(slice(None), slice(None), *levels)], NEVER)
            best = np.unravel_index(int(values.argmin()), values.shape)
            ways.append((float(values[best]), False, (int(best[0]), int(best[1]), *levels)))
        _, resting, found = min(ways, key=lambda way: way[0])
        return resting, found

    def _back_from_work(
        self, day: int, before: tuple[Any, Any], place: tuple[int, ...], cost: Floats
    ) -> tuple[int, bool, tuple[int, ...]]:
        off, on = before
        kind, run, levels = place[0], place[1], place[2:]
        best: tuple[float, int, bool, tuple[int, ...]] = (np.inf, -1, True, ())
        for duty in self._duties[day]:
            if self._class_of[duty] != kind:
                continue
            came = tuple(a - b for a, b in zip(levels, self._moved(day, duty, begins=run == 0), strict=True))
            if any(level < 0 for level in came):
                continue
            if run == 0:
                value = float(off[(self._least_off - 1, *came)] + cost[duty])
                best = min(best, (value, duty, True, (self._least_off - 1, *came)), key=lambda way: way[0])
                continue
            kinds = self._before[day][duty]
            if kinds:
                values = on[(list(kinds), run - 1, *came)]
                value = float(values.min() + cost[duty])
                from_kind = kinds[int(values.argmin())]
                best = min(best, (value, duty, False, (from_kind, run - 1, *came)), key=lambda way: way[0])
        return best[1], best[2], best[3]


def _collapse(values: Floats, axis: int) -> Floats:
    """Move the best of an axis to its start: the counter begins anew."""
    result = np.full_like(values, NEVER)
    index = [slice(None)] * values.ndim
    index[axis] = slice(0, 1)
    result[tuple(index)] = np.minimum(values.min(axis=axis, keepdims=True), NEVER)
    return result
