"""The integrals behind Erlang A, to nearly full double precision in every regime.

In the M/M/n+M queue the wait that a customer with endless patience would see has, for x > 0, the density

    v(x) = a p(n-1) exp(g(x)),    g(x) = (a/b)(1 - exp(-b x)) - n x

where time is counted in mean handle times, `a` is the offered work in Erlangs, `b` the handle time over the mean
patience, and p(n-1) the probability of n-1 agents busy. Everything one asks of the queue is an integral of exp(g)
times 1, y or 1-y, with y = exp(-b x) the chance that a real customer is still there.

g is concave. Around any point x0 with y0 = exp(-b x0), and d = x - x0,

    g(x) = g(x0) - (a y0 / b) h(b d) - (n - a y0) d,    h(u) = u + exp(-u) - 1 >= 0

which has no cancelling terms when x0 is where g is largest in the interval: that is what keeps full precision for very
long and very short patience, critical load and overload alike. The integrals are taken by Gauss-Legendre panels that
grow in geometric steps away from x0 and are halved until two orders of refinement agree.

Source: Baccelli and Hebuterne, "On queues with impatient customers" (1981); Zeltyn and Mandelbaum, "Call centers with
impatient customers" (2005), section 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scheduler.errors import NotConverged

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)
# exp(-100) of the largest value: far below double precision even after the weight y has been re-scaled.
_NEGLIGIBLE_DROP = 100.0
_TOLERANCE = 2e-15
_MAX_ROUNDS = 60
_SERIES_BELOW = 0.3
_SERIES = [(-1.0) ** k / math.factorial(k) for k in range(16, 1, -1)]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Integrals:
    """Integrals of exp(g) over an interval, all three to be multiplied by exp(log_scale)."""

    log_scale: float
    plain: float
    patient: float  # weighted with y, the chance of still being there
    impatient: float  # weighted with 1 - y


NOTHING = Integrals(0.0, 0.0, 0.0, 0.0)


def drop(u: Array | float) -> Array:
    """Return h(u) = u + exp(-u) - 1 without cancellation near 0, for any shape of `u`."""
    u = np.asarray(u, dtype=np.float64)
    near = np.abs(u) < _SERIES_BELOW
    small = np.where(near, u, 0.0)
    with np.errstate(over="ignore"):
        plain = u + np.expm1(-u)
    return np.where(near, np.polyval(_SERIES, small) * small * small, plain)


@dataclass(frozen=True, slots=True)
class Waits:
    """The density of the offered wait, up to its factor a p(n-1); time in mean handle times.

    `spare` is n - a, handed in because it may have been computed more exactly than from two rounded numbers.
    """

    offered: float
    agents: int
    spare: float
    impatience: float  # b: mean handle time over mean patience

    @property
    def peak_at(self) -> float:
        """Where the density is largest: 0 unless the agents are overloaded."""
        return self._log_load / self.impatience if self.spare < 0 else 0.0

    @property
    def _log_load(self) -> float:
        return math.log1p(-self.spare / self.agents)

    def log_density(self, x: float) -> float:
        """Return g(x), for x up to the peak or from it on."""
        if self.spare >= 0:
            return -self.offered / self.impatience * float(drop(self.impatience * x)) - self.spare * x
        if x < self.peak_at:
            # Both terms are within a small factor of the result here, so nothing is lost.
            return -self.spare * x - self.offered / self.impatience * float(drop(self.impatience * x))
        servers = self.agents / self.impatience
        top = servers * float(drop(-self._log_load))
        return top - servers * float(drop(self.impatience * x - self._log_load))

    def below(self, x: float) -> Integrals:
        """Integrate from 0 to `x`, which may be infinite."""
        if x <= 0:
            return NOTHING
        anchor = min(self.peak_at, x)
        return self._around(anchor, anchor, x - anchor)

    def above(self, x: float) -> Integrals:
        """Integrate from `x` to infinity."""
        if math.isinf(x):
            return NOTHING
        anchor = max(self.peak_at, x)
        return self._around(anchor, anchor - x, math.inf)

    def _around(self, anchor: float, left: float, right: float) -> Integrals:
        b = self.impatience
        if anchor == 0.0:
            alive, curvature, slope = 1.0, self.offered / b, self.spare
        elif self.spare < 0:
            alive = math.exp(-b * anchor)
            curvature = self.agents / b * math.exp(self._log_load - b * anchor)
            slope = 0.0 if anchor == self.peak_at else -self.agents * math.expm1(self._log_load - b * anchor)
        else:
            alive = math.exp(-b * anchor)
            curvature = self.offered / b * alive
            slope = self.spare - self.offered * math.expm1(-b * anchor)
        right = min(right, _reach_right(curvature, slope, b))
        left = min(left, _reach_left(curvature, -slope, b))

        def integrand(d: Array) -> Array:
            with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                value = np.exp(-curvature * drop(b * d) - slope * d)
                patient = value * alive * np.exp(-b * d)
                impatient = value * -np.expm1(-b * (anchor + d))
            return np.stack([value, patient, impatient])

        edges = np.concatenate([-_graded(left, b)[::-1], [0.0], _graded(right, b)])
        plain, patient, impatient = _integrate(integrand, edges)
        return Integrals(self.log_density(anchor), plain, patient, impatient)


def _reach_right(curvature: float, slope: float, b: float) -> float:
    """Bound the distance at which the integrand has become negligible to the right, from h(u) >= u^2 / (2 + u)."""
    by_slope = _NEGLIGIBLE_DROP / slope if slope > 0 else math.inf
    if curvature <= 0:
        return by_slope
    z = _NEGLIGIBLE_DROP / curvature
    return min(by_slope, (z + math.sqrt(z * z + 8 * z)) / 2 / b)


def _reach_left(curvature: float, slope: float, b: float) -> float:
    """Bound the same distance to the left, from h(-v) >= v^2 / 2 and h(-v) >= exp(v) / 2 - 1."""
    by_slope = _NEGLIGIBLE_DROP / slope if slope > 0 else math.inf
    if curvature <= 0:
        return by_slope
    z = _NEGLIGIBLE_DROP / curvature
    return min(by_slope, math.sqrt(2 * z) / b, math.log(2 + 2 * z) / b)


def _graded(reach: float, b: float) -> Array:
    """Return panel edges that start below every scale of the integrand and double up to `reach`."""
    if reach <= 0:
        return np.empty(0)
    steps = 9 + max(0, math.ceil(math.log2(max(b * reach, 1.0))))
    return reach * np.exp2(-np.arange(steps, -1, -1, dtype=np.float64))


def _integrate(integrand: Callable[[Array], Array], edges: Array) -> tuple[float, float, float]:
    """Integrate the three rows of `integrand` over the panels between `edges` (shape (k+1,), increasing)."""
    left, right = edges[:-1], edges[1:]
    coarse = _panels(integrand, left, right)
    whole = coarse.sum(axis=1)
    done = np.zeros(3)
    for _ in range(_MAX_ROUNDS):
        middle = (left + right) / 2
        first, second = _panels(integrand, left, middle), _panels(integrand, middle, right)
        fine = first + second
        settled = np.all(np.abs(fine - coarse) <= _TOLERANCE * np.abs(whole)[:, None], axis=0)
        done += fine[:, settled].sum(axis=1)
        if settled.all():
            return float(done[0]), float(done[1]), float(done[2])
        keep = ~settled
        left, right = np.concatenate([left[keep], middle[keep]]), np.concatenate([middle[keep], right[keep]])
        coarse = np.concatenate([first[:, keep], second[:, keep]], axis=1)
        whole = done + coarse.sum(axis=1)
    raise NotConverged("The waiting-time integral did not reach its accuracy.", panels=len(left))


def _panels(integrand: Callable[[Array], Array], left: Array, right: Array) -> Array:
    """Return the Gauss-Legendre value of each panel, shape (3, k)."""
    half = (right - left) / 2
    points = ((left + right) / 2)[:, None] + half[:, None] * _NODES[None, :]
    values: Array = np.einsum("rkq,q,k->rk", integrand(points), _WEIGHTS, half)
    return values
