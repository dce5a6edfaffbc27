"""Counts with a mean and a spread: negative binomial probabilities, quantiles and scores, for whole grids at once.

A count whose rate is itself uncertain by the variance `spread` (of the rate over its mean) is negative binomial with
variance mean + spread * mean^2; `spread` 0 is Poisson. All functions take arrays of one shape. Probabilities are worked
up count by count, which is exact for the few calls of a small queue; many calls are taken in bundles.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scheduler.errors import BadTarget

_CHUNK_CELLS = 1_000_000
_SMALLEST_SPREAD = 1e-9
_SMALLEST_MEAN = 1e-9
# Beyond so many standard deviations, plus a few counts, a table is not worked out.
_REACH, _REACH_COUNTS = 14.0, 40.0
# Counts that scatter more than this are taken in bundles, so that a table never has more than some thousand columns.
_FINEST_DEVIATION = 400.0

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class _Tables:
    """Log probabilities of some cells: column j of row i is the count `first[i]` + j, in bundles of `bundle[i]`."""

    cells: Ints
    first: Ints
    bundle: Ints
    log_chance: Floats

    def column(self, counts: Ints) -> Ints:
        """Return the column of each cell's count, shape (cells,); may lie outside of the table."""
        return np.asarray((counts + (self.bundle - 1) // 2) // self.bundle - self.first)

    def count(self, column: Ints) -> Ints:
        """Return the count in the middle of each cell's bundle in `column`."""
        return np.asarray((column + self.first) * self.bundle)

    def counts(self) -> Ints:
        """Return the counts in the middle of all bundles, shape (cells, columns)."""
        columns = np.arange(self.log_chance.shape[1])[None, :]
        return np.asarray((columns + self.first[:, None]) * self.bundle[:, None])

    def at_most(self) -> Floats:
        """Return the cumulative probabilities, shape (cells, columns)."""
        return np.asarray(np.minimum(np.cumsum(np.exp(self.log_chance), axis=1), 1.0))


def _tables(mean: Floats, spread: Floats) -> Iterator[_Tables]:
    """Yield the tables of all cells, those of like size together; mean and spread of shape (n,)."""
    mean, spread = np.maximum(mean, _SMALLEST_MEAN), np.maximum(spread, _SMALLEST_SPREAD)
    deviation = np.sqrt(mean + spread * mean * mean)
    # A bundle keeps mean and variance; it must not ask for less variance than Poisson has.
    bundle = np.clip(np.minimum(deviation / _FINEST_DEVIATION, 1 + spread * mean), 1, None).astype(np.int64)
    mean, spread = mean / bundle, np.maximum(spread - (bundle - 1) / mean, _SMALLEST_SPREAD)
    deviation = deviation / bundle
    first = np.maximum(mean - _REACH * deviation - _REACH_COUNTS, 0.0).astype(np.int64)
    width = (mean + _REACH * deviation + _REACH_COUNTS).astype(np.int64) - first
    order = np.argsort(width, kind="stable")
    start = 0
    while start < len(order):
        wide = width[order[start:]] * np.arange(1, len(order) - start + 1)
        stop = start + max(1, int(np.searchsorted(wide, _CHUNK_CELLS)))
        cells = order[start:stop]
        columns = int(width[order[stop - 1]])
        log_chance = _log_probabilities(mean[cells], spread[cells], first[cells], columns)
        yield _Tables(cells, first[cells], bundle[cells], log_chance)
        start = stop


def _log_probabilities(mean: Floats, spread: Floats, first: Ints, columns: int) -> Floats:
    """Return log P(first) ... log P(first + columns - 1) of negative binomial counts; shape (n, columns)."""
    k = first[:, None] + np.arange(columns - 1)
    # P(k+1) / P(k) = (size + k) / (k + 1) * mean / (size + mean) with size = 1 / spread, so that Poisson loses nothing.
    steps = np.log1p(spread[:, None] * k) - np.log(k + 1.0) + (np.log(mean) - np.log1p(spread * mean))[:, None]
    found = np.empty((len(mean), columns))
    found[:, 0] = [_log_probability(*cell) for cell in zip(mean.tolist(), spread.tolist(), first.tolist(), strict=True)]
    np.cumsum(steps, axis=1, out=found[:, 1:])
    found[:, 1:] += found[:, :1]
    return found


def _log_probability(mean: float, spread: float, count: int) -> float:
    """Return the log probability of one negative binomial count."""
    size = 1.0 / spread
    if count == 0:
        return -size * math.log1p(spread * mean)
    if size > 1e5 * (count + mean):
        # As good as Poisson, whose formula does not subtract two huge logarithms.
        return count * math.log(mean) - mean - math.lgamma(count + 1)
    choose = math.lgamma(size + count) - math.lgamma(size) - math.lgamma(count + 1)
    return choose + count * (math.log(mean * spread) - math.log1p(spread * mean)) - size * math.log1p(spread * mean)


def chances(mean: Floats, spread: Floats) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Yield cells of the arrays of shape (n,) with the counts worth a look and their probabilities.

    The cells are indices, shape (m,); counts and probabilities have the shape (m, columns).
    """
    for tables in _tables(mean, spread):
        yield tables.cells, tables.counts(), np.exp(tables.log_chance)


def log_probability(counts: Ints, mean: Floats, spread: Floats) -> Floats:
    """Return the log probability of each count (a log score: larger is better); all of one shape."""
    means, spreads = np.maximum(np.ravel(mean), _SMALLEST_MEAN), np.maximum(np.ravel(spread), _SMALLEST_SPREAD)
    cells = zip(means.tolist(), spreads.tolist(), counts.ravel().tolist(), strict=True)
    return np.asarray([_log_probability(*cell) for cell in cells], dtype=np.float64).reshape(counts.shape)


def quantile(share: float, mean: Floats, spread: Floats) -> Ints:
    """Return the smallest count that is not exceeded with probability `share`, for each cell.

    Counts in the thousands that scatter by hundreds are found to a four-hundredth of their standard deviation.

    Raises:
        BadTarget: `share` does not lie between 0 and 1.
    """
    if not 0 < share < 1:
        raise BadTarget("A quantile must lie between 0 and 1.", share=share)
    found = np.zeros(np.size(mean), dtype=np.int64)
    for tables in _tables(np.ravel(mean), np.ravel(spread)):
        # A sum of rounded terms can stop a hair below 1.
        column = (tables.at_most() < share - 1e-12).sum(axis=1)
        found[tables.cells] = tables.count(np.minimum(column, tables.log_chance.shape[1] - 1))
    return found.reshape(np.shape(mean))


def randomised_pit(counts: Ints, mean: Floats, spread: Floats, random: np.random.Generator) -> Floats:
    """Return, for each count, a uniform draw between P(less) and P(at most); uniform if the forecast is right.

    Source: Czado, Gneiting and Held, "Predictive model assessment for count data" (2009), section 2.1.
    """
    flat = counts.ravel()
    drawn, found = random.random(len(flat)), np.empty(len(flat))
    for tables in _tables(np.ravel(mean), np.ravel(spread)):
        column = tables.column(flat[tables.cells])
        inside = np.clip(column, 0, tables.log_chance.shape[1] - 1)
        row = np.arange(len(inside))
        here = np.where(column == inside, np.exp(tables.log_chance[row, inside]), 0.0)
        at_most = np.where(column < 0, 0.0, tables.at_most()[row, inside])
        found[tables.cells] = at_most - here * (1 - drawn[tables.cells])
    return np.clip(found, 0.0, 1.0).reshape(counts.shape)


def ranked_score(counts: Ints, mean: Floats, spread: Floats) -> Floats:
    """Return the ranked probability score of each count, in calls (smaller is better); all of one shape.

    It is the absolute error of a forecast that was given with its uncertainty; one day that nobody foresaw does not
    drown the rest, as it does in the log score.

    Source: Epstein (1969); Czado, Gneiting and Held (2009), section 2.3.
    """
    flat = counts.ravel()
    found = np.empty(len(flat))
    for tables in _tables(np.ravel(mean), np.ravel(spread)):
        columns = tables.log_chance.shape[1]
        column = tables.column(flat[tables.cells])
        came = column[:, None] <= np.arange(columns)[None, :]
        inside = ((tables.at_most() - came) ** 2).sum(axis=1)
        # Outside of the table the forecast is certain, and wrong by one for each count on the way.
        beyond = np.maximum(-column, 0) + np.maximum(column - columns, 0)
        found[tables.cells] = (inside + beyond) * tables.bundle
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
