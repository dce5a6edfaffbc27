"""A line of work for one person in no time: it keeps every rule, and is good for nothing else.

Run by run, as long as they may be, the cheapest duty of each day; nothing is ever taken back. It is the last resort
where there is no time for anything better, and proof enough that the hours of most contracts can be reached.
"""

from __future__ import annotations

import numpy as np

from scheduler.roster.columns import used
from scheduler.roster.grid import FORBIDDEN, Grid, PersonGrid
from scheduler.roster.model import Roster
from scheduler.roster.pricing import NEVER, Floats


def lack(person: PersonGrid, line: Roster) -> int:
    """Return the minutes that a line lacks to the least hours of a contract."""
    duties = line.tolist()
    return sum(
        max(0, one.least_minutes - used(one, duties) * one.unit) for one in person.resources if one.least_minutes
    )


def greedy_line(grid: Grid, p: int, prices: Floats | None = None) -> Roster:
    """Return a line that keeps every rule but perhaps the least hours, which it lacks as little as was easy.

    `prices`: what each duty costs, (days, duties), where it is possible; all alike unless given.
    """
    person = grid.people[p]
    given = np.zeros(person.cost.shape) if prices is None else prices
    given = np.where(person.cost < FORBIDDEN, given, NEVER)
    # First with an eye on the price; then, if hours lack, as many of them as there can be.
    lines = [_Line(grid, p, given, eager).duties for eager in (False, True)]
    return min(lines, key=lambda line: lack(person, line))


class _Line:
    def __init__(self, grid: Grid, p: int, prices: Floats, eager: bool) -> None:
        self._person, self._days, self._prices, self._eager = grid.people[p], grid.days, prices, eager
        self._follows = grid.follows[self._person.follows]
        self._weekend_of = {day: number for number, days in enumerate(grid.weekends) for day in days}
        self._weekends: set[int] = set()
        hard = [one for one in self._person.resources if one.over_weight is None]
        self._left = [one.most for one in hard]
        self._sums = [
            [(i, one.use[day]) for i, one in enumerate(hard) if one.first_day <= day < one.end_day]
            for day in range(grid.days)
        ]
        self._hours = [(i, one) for i, one in enumerate(hard) if one.least > 0]
        self._minutes = sum((one.use.max(axis=0) for _, one in self._hours), np.zeros(len(grid.duties)))
        self.duties = np.full(grid.days, -1, dtype=np.int64)
        self._fill()

    def _fill(self) -> None:
        contract = self._person.contract
        worked, rested = self._person.start or (0, contract.min_days_off)
        day, least, most = 0, contract.min_days_on, contract.max_days_on
        if worked:
            least, most = max(1, least - worked), most - worked
        elif rested < contract.min_days_off:
            day = contract.min_days_off - rested
        while day < self._days:
            length = self._run(day, least, most)
            if worked and day == 0:
                day += length + contract.min_days_off  # a run from before goes on, or has ended
            else:
                day += length + contract.min_days_off if length else 1
            least, most = contract.min_days_on, contract.max_days_on

    def _run(self, first: int, least: int, most: int) -> int:
        """Work from a day on as long as can be; return how many days, none if that is fewer than the least."""
        left, weekends = list(self._left), set(self._weekends)
        day, behind = first, self._behind(first)
        while day < min(self._days, first + most):
            duty = self._duty(day, self.duties[day - 1] if day > first else -1)
            if duty < 0:
                break
            pays = self._prices[day, duty] < self._person.off_cost[day]
            if day - first >= least and not (pays or self._behind(day)):
                break
            self.duties[day] = duty
            for i, use in self._sums[day]:
                self._left[i] -= int(use[duty])
            if day in self._weekend_of:
                self._weekends.add(self._weekend_of[day])
            day += 1
        length = day - first
        costs = float(sum(self._prices[at, self.duties[at]] - self._person.off_cost[at] for at in range(first, day)))
        if (length >= least or day == self._days) and (costs < 0 or behind):
            return length
        self.duties[first:day] = -1
        self._left, self._weekends = left, weekends
        return 0

    def _duty(self, day: int, before: int) -> int:
        """Return the cheapest duty that is still possible on a day, -1 if none is; the longest where hours count."""
        possible = self._prices[day] < NEVER
        if before >= 0:
            possible = possible & self._follows[day - 1, before]
        for i, use in self._sums[day]:
            possible = possible & (use <= self._left[i])
        weekend = self._weekend_of.get(day)
        most = self._person.most_weekends
        if weekend is not None and most is not None and weekend not in self._weekends and len(self._weekends) >= most:
            return -1
        if not possible.any():
            return -1
        order = (self._prices[day], -self._minutes) if self._eager else (-self._minutes, self._prices[day])
        best = np.lexsort(order)
        return int(next(duty for duty in best if possible[duty]))

    def _behind(self, day: int) -> bool:
        """Tell whether fewer hours are worked than the least of them up to and with a day."""
        return self._eager or any(
            (one.most - self._left[i]) * (one.end_day - one.first_day) < one.least * (day + 1 - one.first_day)
            for i, one in self._hours
            if one.first_day <= day < one.end_day
        )
