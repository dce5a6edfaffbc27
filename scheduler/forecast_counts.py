"""Counts with a mean and a spread: negative binomial probabilities, quantiles and scores, for whole grids at once.

A count whose rate is itself uncertain by the variance `spread` (of the rate over its mean) is negative binomial with
variance mean + spread * mean^2; `spread` 0 is Poisson. All functions take arrays of one shape, and work up the
probabilities from 0, which is exact for the few calls of a small queue and quick enough for thousands.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from scheduler.errors import BadTarget

_CHUNK_CELLS = 1_000_000
_SMALLEST_SPREAD = 1e-9
_SMALLEST_MEAN = 1e-9
_LARGEST_SPREAD = 100.0

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def _log_probabilities(mean: Floats, spread: Floats, most: int) -> Floats:
    """Return log P(0) ... log P(most) for each cell; mean and spread of shape (n,), result (n, most + 1)."""
    mean = np.maximum(mean, _SMALLEST_MEAN)
    spread = np.maximum(spread, _SMALLEST_SPREAD)
    size = 1.0 / spread
    k = np.arange(most)
    # P(k+1) / P(k) = (size + k) / (k + 1) * mean / (size + mean), written so that a Poisson count loses nothing.
    steps = np.log1p(spread[:, None] * k) - np.log(k + 1.0) + (np.log(mean) - np.log1p(spread * mean))[:, None]
    zero = -size * np.log1p(spread * mean)
    found = np.empty((len(mean), most + 1))
    found[:, 0] = zero
    np.cumsum(steps, axis=1, out=found[:, 1:])
    found[:, 1:] += zero[:, None]
    return found


def _far(mean: Floats, spread: Floats) -> int:
    """Return a count that is next to never exceeded, for the largest of the cells."""
    deviation = np.sqrt(mean + spread * mean * mean)
    return int(np.max(mean + 12.0 * deviation, initial=0.0)) + 30


def _chunks(mean: Floats, spread: Floats, at_least: Ints | None = None) -> list[tuple[Ints, int]]:
    """Return groups of cells of like size with the count to work up to, so that small cells stay cheap."""
    order = np.argsort(mean, kind="stable")
    found: list[tuple[Ints, int]] = []
    start = 0
    while start < len(order):
        stop = start
        most = 0
        while stop < len(order):
            reach = _far(mean[order[stop : stop + 1]], spread[order[stop : stop + 1]])
            if at_least is not None:
                reach = max(reach, int(at_least[order[stop]]))
            if stop > start and max(most, reach) * (stop - start + 1) > _CHUNK_CELLS:
                break
            most = max(most, reach)
            stop += 1
        found.append((order[start:stop], most))
        start = stop
    return found


def log_probability(counts: Ints, mean: Floats, spread: Floats) -> Floats:
    """Return the log probability of each count (a log score: larger is better); all of one shape."""
    flat, means, spreads = counts.ravel(), np.ravel(mean), np.ravel(spread)
    found = np.empty(len(flat))
    for cells, most in _chunks(means, spreads, flat):
        table = _log_probabilities(means[cells], spreads[cells], most)
        found[cells] = table[np.arange(len(cells)), flat[cells]]
    return found.reshape(counts.shape)


def quantile(share: float, mean: Floats, spread: Floats) -> Ints:
    """Return the smallest count that is not exceeded with probability `share`, for each cell.

    Raises:
        BadTarget: `share` does not lie between 0 and 1.
    """
    if not 0 < share < 1:
        raise BadTarget("A quantile must lie between 0 and 1.", share=share)
    means, spreads = np.ravel(mean), np.ravel(spread)
    found = np.zeros(len(means), dtype=np.int64)
    for cells, most in _chunks(means, spreads):
        below = np.cumsum(np.exp(_log_probabilities(means[cells], spreads[cells], most)), axis=1)
        # A sum of rounded terms can stop a hair below 1.
        found[cells] = np.minimum((below < share - 1e-12).sum(axis=1), most)
    return found.reshape(np.shape(mean))


def randomised_pit(counts: Ints, mean: Floats, spread: Floats, random: np.random.Generator) -> Floats:
    """Return, for each count, a uniform draw between P(less) and P(at most); uniform if the forecast is right.

    Source: Czado, Gneiting and Held, "Predictive model assessment for count data" (2009), section 2.1.
    """
    flat, means, spreads = counts.ravel(), np.ravel(mean), np.ravel(spread)
    found = np.empty(len(flat))
    for cells, most in _chunks(means, spreads, flat):
        chance = np.exp(_log_probabilities(means[cells], spreads[cells], most))
        at_most = np.cumsum(chance, axis=1)
        row = np.arange(len(cells))
        here = chance[row, flat[cells]]
        found[cells] = at_most[row, flat[cells]] - here * (1 - random.random(len(cells)))
    return np.clip(found, 0.0, 1.0).reshape(counts.shape)


def ranked_score(counts: Ints, mean: Floats, spread: Floats) -> Floats:
    """Return the ranked probability score of each count, in calls (smaller is better); all of one shape.

    It is the absolute error of a forecast that was given with its uncertainty; one day that nobody foresaw does not
    drown the rest, as it does in the log score.

    Source: Epstein (1969); Czado, Gneiting and Held (2009), section 2.3.
    """
    flat, means, spreads = counts.ravel(), np.ravel(mean), np.ravel(spread)
    found = np.empty(len(flat))
    for cells, most in _chunks(means, spreads, flat):
        at_most = np.cumsum(np.exp(_log_probabilities(means[cells], spreads[cells], most)), axis=1)
        came = flat[cells][:, None] <= np.arange(most + 1)[None, :]
        found[cells] = ((np.minimum(at_most, 1.0) - came) ** 2).sum(axis=1)
    return found.reshape(counts.shape)


def uniformity(values: Floats) -> tuple[float, float]:
    """Return the Kolmogorov-Smirnov distance of `values` from uniform, and its p-value.

    Source: Kolmogorov's limit with Stephens' correction for the sample size (1970).
    """
    n = len(values)
    ordered = np.sort(values)
    steps = np.arange(1, n + 1) / n
    distance = float(max(np.max(steps - ordered), np.max(ordered - (steps - 1.0 / n))))
    x = distance * (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n))
    terms = (2 * (-1) ** (j - 1) * math.exp(-2 * j * j * x * x) for j in range(1, 101))
    return distance, min(max(math.fsum(terms), 0.0), 1.0) if x > 0.2 else 1.0


def spread_of(counts: Floats, mean: Floats, learned: float) -> float:
    """Return the spread that explains how far counts lie from their means; 0 where chance alone explains it.

    `learned`: how many free numbers were learned from these counts to make the means. Small counts scatter so much that
    a spread is easily seen where there is none; so only what exceeds one standard error is counted.

    Source: Pearson's statistic for over-dispersion, McCullagh and Nelder, "Generalized linear models" (1989), 4.5.
    """
    used = mean > _SMALLEST_MEAN
    counts, mean = counts[used], mean[used]
    free = len(counts) - learned
    if free <= 0:
        return 0.0
    squares = (counts - mean) ** 2
    allowed = free + math.sqrt(2 * free + free / len(counts) * float((1.0 / mean).sum()))

    def excess(spread: float) -> float:
        return float((squares / (mean + spread * mean * mean)).sum()) - allowed

    if excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, 1e-6
    while excess(high) > 0 and high < _LARGEST_SPREAD:
        low, high = high, high * 4
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return high
