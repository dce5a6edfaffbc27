"""How busy a day is: weekday, slow change, the turn of the month, special days, trend, season, and chance.

The log of a day's level is a Gaussian process whose kernel is a sum of these effects. How large each effect is, is
learned from the counts, starting from what is usual; an effect that the counts do not show is shrunk away. A wild day
(the first after a holiday that nobody marked) is given more chance of its own the further it lies from what all other
days say of it: else it would be taken for a level that always moves, and every band would be wider for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from scheduler.day_types import HOLIDAY, Calendar, weekdays
from scheduler.gaussian import Array, Fit, fit, most_likely
from scheduler.history import Floats, Ints

# name: (usual size, how sure, smallest, largest); sizes are standard deviations of log level, memory is in days.
_USUAL: Mapping[str, tuple[float, float, float, float]] = {
    "level": (0.05, 0.7, 0.003, 0.6),
    "memory_days": (20.0, 0.7, 3.0, 200.0),
    "day": (0.03, 0.7, 0.005, 0.6),
    "weekday": (0.15, 0.7, 0.01, 1.0),
    "month_turn": (0.05, 0.9, 0.003, 0.6),
    "trend": (0.03, 0.7, 0.003, 0.3),
    "year": (0.1, 0.7, 0.003, 0.6),
}
# What must be long enough in the record to tell an effect from a slow change of level.
_DAYS_FOR = {"trend": 180, "year": 400}
_DAYS_TO_LEARN_SIZES = 28
# The sizes of effects hardly change with more days than this, and the search for them takes long.
_DAYS_TO_SEARCH = 500
_CONSTANT = 2.0
_HOLIDAY_SIZE, _OTHER_KIND_SIZE = 0.5, 0.2
_TREND_UNIT_DAYS = 90.0
_YEAR_DAYS, _YEAR_WIDTH = 365.25, 0.3
# A day is unusual beyond so many standard deviations and so much of its calls.
_UNUSUAL, _WORTH_A_NOTE = 4.0, 0.1
_DEVIATIONS_OF_MEDIAN = 1.4826
_MOST_UNUSUAL_SHARE = 0.1
# Huber's usual limit, in standard deviations, and how often the search for sizes follows what it makes of the days.
_LIMIT, _ROUNDS = 1.5, 2

Scales = Mapping[str, float]


@dataclass(frozen=True)
class Traits:
    """What a calendar says of days; arrays of shape (days,)."""

    ordinal: Floats
    weekday: Ints
    month_turn: Floats
    kind: NDArray[np.str_]


def traits(calendar: Calendar, days: Sequence[date]) -> Traits:
    """Return what `calendar` says of `days`."""
    return Traits(
        ordinal=np.asarray([day.toordinal() for day in days], dtype=np.float64),
        weekday=weekdays(calendar, days),
        month_turn=np.asarray([calendar.month_turn(day) for day in days], dtype=np.float64),
        kind=np.asarray([calendar.kind(day) for day in days], dtype=np.str_),
    )


@dataclass(frozen=True)
class Level:
    """What was learned of the level of days; build it with `learn_level`.

    `scales`: the size of each effect. `unusual`: for each day of the record, whether it was left out as unlike any
    other; shape (days,).
    """

    scales: Scales
    unusual: NDArray[np.bool_]
    _kernel: _Kernel
    _fit: Fit
    _known: Traits

    def predict(self, wanted: Traits) -> tuple[Floats, Floats]:
        """Return the expected level of days and the variance of level over its expectation; both of shape (days,)."""
        own = self._kernel.own(wanted) + self.scales["day"] ** 2
        mean, variance = self._fit.predict(self._kernel.between(wanted, self._known), own)
        return np.exp(mean + variance / 2), np.expm1(variance)


def learn_level(known: Traits, counts: Floats, exposure: Floats, scales: Scales | None = None) -> Level:
    """Learn the level from the calls of whole days.

    `counts`, shape (days,): calls of the day. `exposure`, shape (days,), positive: how much of a whole day's calls
    would have been seen, 1 for a day fully open and recorded. `scales`: sizes of the effects from an earlier fit, which
    saves the search for them.
    """
    origin = float(known.ordinal[0])
    tame = np.ones(len(counts))
    kernel = _Kernel(_search(known, counts, exposure, origin, tame) if scales is None else scales, origin)
    kept = np.ones(len(counts), dtype=bool)
    suspects = kernel.surprised_by(known, counts, exposure, kept)
    if suspects.any():
        kept &= ~suspects
        if scales is None:
            kernel = _Kernel(_search(_rows(known, kept), counts[kept], exposure[kept], origin, tame[kept]), origin)
        kept = ~(suspects & kernel.surprised_by(known, counts, exposure, kept))
    known, counts, exposure, wild = _rows(known, kept), counts[kept], exposure[kept], tame[kept]
    for _ in range(_ROUNDS):
        wild = kernel.wildness(known, fit(kernel.observed(known, wild), counts, exposure), wild)
        if scales is None:
            kernel = _Kernel(_search(known, counts, exposure, origin, wild, kernel.scales), origin)
    fitted = fit(kernel.observed(known, wild), counts, exposure)
    return Level(kernel.scales, ~kept, kernel, fitted, known)


def _search(
    known: Traits, counts: Floats, exposure: Floats, origin: float, wild: Floats, start: Scales = MappingProxyType({})
) -> Scales:
    """Return the most likely sizes of the effects, near the usual ones where the record says little.

    `wild`: see `_Kernel.observed`. `start`: sizes that are nearly right, which saves steps.
    """
    span = float(np.ptp(known.ordinal)) + 1
    names = [name for name in _USUAL if span >= _DAYS_FOR.get(name, 0)]
    usual = np.log([_USUAL[name][0] for name in names])
    if span < _DAYS_TO_LEARN_SIZES:
        return {name: _USUAL[name][0] for name in names}
    sure = np.asarray([_USUAL[name][1] for name in names])

    def sizes(logs: Array) -> Scales:
        return dict(zip(names, np.exp(logs).tolist(), strict=True))

    latest = slice(-_DAYS_TO_SEARCH, None)
    known, counts, exposure, wild = _rows(known, latest), counts[latest], exposure[latest], wild[latest]
    near: Array | None = None

    def score(logs: Array) -> float:
        nonlocal near
        fitted = fit(_Kernel(sizes(logs), origin).observed(known, wild), counts, exposure, near)
        near = fitted.log_rate
        return fitted.evidence - 0.5 * float((((logs - usual) / sure) ** 2).sum())

    low = np.log([_USUAL[name][2] for name in names])
    high = np.log([_USUAL[name][3] for name in names])
    begin = np.log([start.get(name, _USUAL[name][0]) for name in names])
    return sizes(most_likely(score, begin.tolist(), low.tolist(), high.tolist()))


def _rows(known: Traits, kept: NDArray[np.bool_] | slice) -> Traits:
    return Traits(known.ordinal[kept], known.weekday[kept], known.month_turn[kept], known.kind[kept])


@dataclass(frozen=True)
class _Kernel:
    """The covariance of log levels; `origin` is the day (ordinal) from which a trend runs."""

    scales: Scales
    origin: float

    def observed(self, known: Traits, wild: Floats) -> Array:
        """Return the covariance of the levels of observed days, each day's own chance included; shape (n, n).

        `wild`, shape (n,): the variance of each day's chance over the usual one.
        """
        return self.between(known, known) + self.scales["day"] ** 2 * np.diag(wild)

    def own(self, days: Traits) -> Array:
        """Return each day's variance without its own chance; shape (n,)."""
        scales = self.scales
        found = np.full(len(days.ordinal), _CONSTANT**2 + scales["level"] ** 2 + scales["weekday"] ** 2)
        found += _kind_size(days) ** 2 + (scales["month_turn"] * _near_turn(days)) ** 2
        if "trend" in scales:
            found += (scales["trend"] * self._since_origin(days)) ** 2
        if "year" in scales:
            found += scales["year"] ** 2
        return found

    def between(self, rows: Traits, columns: Traits) -> Array:
        """Return the covariance of log levels without chance; shape (rows, columns)."""
        scales = self.scales
        apart = rows.ordinal[:, None] - columns.ordinal[None, :]
        found: Array = _CONSTANT**2 + scales["level"] ** 2 * np.exp(-np.abs(apart) / scales["memory_days"])
        found += scales["weekday"] ** 2 * (rows.weekday[:, None] == columns.weekday[None, :])
        turns = rows.month_turn[:, None] - columns.month_turn[None, :]
        near = _near_turn(rows)[:, None] * _near_turn(columns)[None, :]
        found += scales["month_turn"] ** 2 * np.exp(-0.5 * turns**2) * near
        found += (rows.kind[:, None] == columns.kind[None, :]) * _kind_size(rows)[:, None] ** 2
        if "trend" in scales:
            found += scales["trend"] ** 2 * np.outer(self._since_origin(rows), self._since_origin(columns))
        if "year" in scales:
            found += scales["year"] ** 2 * np.exp(-2 * np.sin(np.pi * apart / _YEAR_DAYS) ** 2 / _YEAR_WIDTH**2)
        return found

    def surprised_by(
        self, known: Traits, counts: Floats, exposure: Floats, kept: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Return which ordinary days lie far from what the days in `kept` say of them; shape (days,)."""
        base = _rows(known, kept)
        fitted = fit(self.observed(base, np.ones(len(base.ordinal))), counts[kept], exposure[kept])
        mean, variance = fitted.predict(self.between(known, base), self.own(known))
        expected = exposure * np.exp(mean)
        # Of square roots, because those of small counts are nearly normal.
        distance = 2 * (np.sqrt(counts + 0.375) - np.sqrt(expected + 0.375)) / np.sqrt(np.maximum(expected, 1.0))
        # How far days usually are, by their median: the odd one has already stretched the size that was learned.
        usual = _DEVIATIONS_OF_MEDIAN * float(np.median(np.abs(distance[kept])))
        deviation = np.maximum(usual, np.sqrt(variance + 1.0 / np.maximum(expected, 1.0)))
        far: NDArray[np.bool_] = (np.abs(distance) > _UNUSUAL * deviation) & (known.kind == "")
        far &= np.abs(distance) > _WORTH_A_NOTE
        return far if far.sum() <= _MOST_UNUSUAL_SHARE * len(counts) else np.zeros_like(far)

    def wildness(self, known: Traits, fitted: Fit, wild: Floats) -> Floats:
        """Return how many times the usual variance each day's chance should have been given; shape (n,).

        `fitted`: the fit of the days with the variances `wild`. It weighs each day as Huber's limit does.

        Source: Huber, "Robust statistics" (1981), section 7.8 (weights instead of a limit).
        """
        off, variance = fitted.left_out()
        usual = self.scales["day"] ** 2
        if_tame = variance - usual * (wild - 1.0)
        excess = np.maximum(np.abs(off) / (_LIMIT * np.sqrt(if_tame)) - 1.0, 0.0)
        return np.asarray(1.0 + excess * if_tame / usual)

    def _since_origin(self, days: Traits) -> Array:
        return (days.ordinal - self.origin) / _TREND_UNIT_DAYS


def _kind_size(days: Traits) -> Array:
    """Return how far a day of this kind may lie from an ordinary one; shape (days,)."""
    return np.where(days.kind == "", 0.0, np.where(days.kind == HOLIDAY, _HOLIDAY_SIZE, _OTHER_KIND_SIZE))


def _near_turn(days: Traits) -> Array:
    """Return 1 at the turn of the month, next to 0 five working days away from it; shape (days,)."""
    return np.asarray(np.exp(-0.5 * (days.month_turn / 2.0) ** 2))
