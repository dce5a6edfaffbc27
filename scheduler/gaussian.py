"""Counts whose log rate is a Gaussian process: the mode, the evidence, and what it says about new points.

The forecast uses it twice: over days for how busy a day is, and over the slots of a day for its shape. With a kernel
that is a sum of terms every effect (weekday, slow change, turn of the month ...) is shrunk to nothing as far as the
counts do not speak for it, which is what lets two weeks of history and three years go through the same code.

Source: Rasmussen and Williams, "Gaussian processes for machine learning" (2006), algorithms 3.1 and 3.2, with the
Poisson likelihood.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scheduler.errors import NotConverged

_MOST_STEPS = 60
_SETTLED = 1e-6
_JITTER = 1e-9
_ROUNDING = 1e-12
_SMALLEST_STEP = 1e-6
_LARGEST_LOG_RATE = 50.0
_FINEST_STEP = 0.1

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """The Laplace approximation around the most likely log rates.

    `log_rate`: shape (n,), of the observed points. `evidence`: log marginal likelihood up to a constant of the data.
    The other fields are what prediction needs.
    """

    log_rate: Array
    evidence: float
    mean: float
    weights: Array
    root_weight: Array
    cholesky: Array

    def predict(self, cross: Array, own: Array) -> tuple[Array, Array]:
        """Return mean and variance of the log rate at new points, both of shape (m,).

        `cross`: kernel between new and observed points, shape (m, n). `own`: prior variance of the new points, (m,).
        """
        mean = self.mean + cross @ self.weights
        half = np.linalg.solve(self.cholesky, self.root_weight[:, None] * cross.T)
        return mean, np.maximum(own - np.einsum("nm,nm->m", half, half), 0.0)

    def left_out(self) -> tuple[Array, Array]:
        """Return how far each point's count lies from what all others say of it, and the variance of that; both (n,).

        In log rates, and without fitting anew; the variance is that of the count's own chance, too.

        Source: Rasmussen and Williams, section 5.4.2.
        """
        half = np.linalg.solve(self.cholesky, np.diag(self.root_weight))
        variance = 1.0 / np.einsum("mn,mn->n", half, half)
        return self.weights * variance, variance


def fit(kernel: Array, counts: Array, exposure: Array, start: Array | None = None) -> Fit:
    """Fit counts ~ Poisson(exposure * exp(f)) with f a Gaussian process of covariance `kernel` around a constant.

    `kernel`: shape (n, n). `counts`, `exposure`: shape (n,), exposure positive. `start`: log rates near the answer,
    from a kernel that is nearly the same, which saves steps.

    Raises:
        NotConverged: Newton's method did not settle.
    """
    mean = float(np.log((counts.sum() + 0.5) / exposure.sum()))
    kernel = kernel + _JITTER * np.eye(len(counts))
    f: Array = np.full(len(counts), mean) if start is None else start
    weights = np.zeros(len(counts))
    objective = _objective(weights, f - mean, f, counts, exposure) if start is None else -np.inf
    for _ in range(_MOST_STEPS):
        expected = exposure * np.exp(f)
        root = np.sqrt(expected)
        b = expected * (f - mean) + counts - expected
        wanted = b - root * np.linalg.solve(_inner(kernel, root), root * (kernel @ b))
        before = f
        weights, f, objective = _damped(kernel, mean, counts, exposure, weights, wanted, objective)
        if objective == -np.inf:
            # The start was not near at all.
            return fit(kernel, counts, exposure)
        if np.max(np.abs(f - before)) < _SETTLED:
            root = np.sqrt(exposure * np.exp(f))
            cholesky = np.asarray(np.linalg.cholesky(_inner(kernel, root)), dtype=np.float64)
            evidence = objective - float(np.log(np.diag(cholesky)).sum())
            # The weights and not counts - expected, which are the same only when nothing is left to settle: with large
            # counts the rest would be felt.
            return Fit(f, evidence, mean, weights, root, cholesky)
    raise NotConverged("The fit of the log rates did not settle.", points=len(counts))


def _inner(kernel: Array, root: Array) -> Array:
    """Return the well-conditioned matrix that the steps and the evidence are computed from; shape (n, n)."""
    found: Array = root[:, None] * kernel * root[None, :]
    found[np.diag_indices_from(found)] += 1.0
    return found


def _damped(
    kernel: Array, mean: float, counts: Array, exposure: Array, old: Array, wanted: Array, before: float
) -> tuple[Array, Array, float]:
    """Go from the weights `old` towards `wanted`, less far as long as that makes the fit worse."""
    share = 1.0
    while True:
        weights = old + share * (wanted - old)
        shift = kernel @ weights
        f = mean + shift
        objective = _objective(weights, shift, f, counts, exposure)
        # Near the top the differences are rounding: a step may look worse by that much.
        if objective >= before - _ROUNDING * max(abs(before), 1.0) or share < _SMALLEST_STEP:
            return weights, f, objective
        share /= 2


def _objective(weights: Array, shift: Array, f: Array, counts: Array, exposure: Array) -> float:
    """Return the log posterior up to a constant; minus infinity where a rate overflows."""
    if np.max(f) > _LARGEST_LOG_RATE:
        return -np.inf
    return float(-0.5 * weights @ shift + counts @ f - exposure @ np.exp(f))


def most_likely(
    score: Callable[[Array], float], start: Sequence[float], low: Sequence[float], high: Sequence[float]
) -> Array:
    """Return the point that makes `score` largest, by a compass search within bounds, from `start`; shape (k,).

    The parameters are logs of scales, so steps begin at a factor of two and end at about a tenth.
    """
    best = np.asarray(start, dtype=np.float64)
    lowest, highest = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    value, step = score(best), np.log(2.0)
    while step > _FINEST_STEP:
        moved = False
        for k in range(len(best)):
            for sign in (1.0, -1.0):
                trial = best.copy()
                trial[k] = np.clip(trial[k] + sign * step, lowest[k], highest[k])
                if trial[k] == best[k]:
                    continue
                found = score(trial)
                if found > value + 1e-6:
                    best, value, moved = trial, found, True
                    break
        if not moved:
            step /= 2
    return best
