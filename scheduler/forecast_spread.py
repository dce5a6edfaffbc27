"""How far counts scatter beyond chance, learned from the middle of what came and not from its few wild moments.

The variance of call counts is made by a few of them: a day nobody marked, an hour with a fault in the network. A spread
that explains their squares puts the bands of every other hour too far apart. So squares count up to a limit only, and
are compared with what the same limit would leave of a negative binomial count, which is exact for any mean: small
counts, whose squares are rare and large by nature, are judged by what is usual for them.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from scheduler.forecast_counts import Floats, chances

_SMALLEST_MEAN = 1e-9
_LARGEST_SPREAD = 100.0
_STEPS = 40
# In standard deviations: Huber's usual choice, at which little is lost if nothing is wild; so few calls are never wild.
_LIMIT, _LIMIT_COUNTS = 1.5, 4.0
_MEANS = np.geomspace(1e-3, 1e4, 43)
_SPREADS = np.concatenate([[0.0], np.geomspace(1e-4, _LARGEST_SPREAD, 31)])


def spread_of(counts: Floats, mean: Floats, learned: float) -> float:
    """Return the spread that explains how far counts usually lie from their means; 0 where chance alone explains it.

    `learned`: how many free numbers were learned from these counts to make the means. Small counts scatter so much that
    a spread is easily seen where there is none; so only what exceeds one standard error is counted.

    Source: Huber, "Robust statistics" (1981), section 5.2, his second proposal, on the residuals of Pearson.
    """
    used = mean > _SMALLEST_MEAN
    counts, mean = counts[used], mean[used]
    free = len(counts) - learned
    if free <= 0:
        return 0.0
    squares = (counts - mean) ** 2
    at = np.interp(np.log(mean), np.log(_MEANS), np.arange(len(_MEANS)))
    low_mean = np.minimum(at.astype(np.int64), len(_MEANS) - 2)
    share = at - low_mean
    usual, variance = _limited()
    # One standard error of the sum if there were no spread.
    certain = math.sqrt(float(((1 - share) * variance[0, low_mean] + share * variance[0, low_mean + 1]).sum()))

    def excess(spread: float) -> float:
        row = min(float(np.interp(spread, _SPREADS, np.arange(len(_SPREADS)))), len(_SPREADS) - 1.001)
        above = row - int(row)
        due = (1 - above) * usual[int(row)] + above * usual[int(row) + 1]
        expected = float(((1 - share) * due[low_mean] + share * due[low_mean + 1]).sum())
        came = float(_squares(squares, mean + spread * mean * mean).sum())
        return came - expected * free / len(counts) - certain * math.sqrt(free / len(counts))

    if excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, 1e-6
    while excess(high) > 0 and high < _LARGEST_SPREAD:
        low, high = high, high * 4
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return high


@cache
def _limited() -> tuple[Floats, Floats]:
    """Return mean and variance of a limited squared residual, by spread and mean; both (spreads, means)."""
    spread, mean = (grid.ravel() for grid in np.meshgrid(_SPREADS, _MEANS, indexing="ij"))
    first, second = np.zeros(len(mean)), np.zeros(len(mean))
    for cells, counts, chance in chances(mean, spread):
        m, s = mean[cells][:, None], spread[cells][:, None]
        limited = _squares((counts - m) ** 2, m + s * m * m)
        first[cells] = (chance * limited).sum(axis=1)
        second[cells] = (chance * limited**2).sum(axis=1)
    shape = (len(_SPREADS), len(_MEANS))
    return first.reshape(shape), (second - first**2).reshape(shape)


def _squares(squares: Floats, variance: Floats) -> Floats:
    """Return squared distances over their variance, up to the limit."""
    return np.asarray(np.minimum(squares / variance, np.maximum(_LIMIT**2, _LIMIT_COUNTS**2 / variance)))
