"""Erlang A with customers who call again: a chain in two dimensions, cut off, with the error of the cut stated.

Who gives up calls again with chance `again`, after an exponential time with mean `pause_s`. The state is (calls in the
system, people who are about to call again). There is no closed form; the chain is cut at a largest number in the system
and a largest number of returners, solved exactly by block elimination, and cut later and later until what is asked for
no longer moves.

Source: Falin and Templeton, "Retrial queues" (1997), chapter 2; Aguir, Karaesmen, Aksin and Chauvet, "The impact of
retrials on call center performance" (2004); level reduction as in Gaver, Jacobs and Latouche (1984).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scheduler.erlang import Load
from scheduler.errors import NotConverged, NotPositive

_LARGEST_CHAIN = 60_000
_LARGEST_LEVEL = 1_200

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Retrials:
    """The steady state with returners. An attempt is a call that reaches the queue, a first one or a repeated one.

    `attempts_per_call`: attempts for each new customer. `delay_probability`, `abandonment`: shares of attempts.
    `lost`: share of new customers never served. `service_level`: share of attempts served within the threshold.
    `wait_s`: mean wait of an attempt in seconds. `returners`: mean number of people about to call again. `cut_mass`:
    the probability of the states at the edge of the cut chain. `cut_change`: the most that any of the shares moved when
    the chain was last enlarged. The truncation error is of the order of the larger of the two.
    """

    attempts_per_call: float
    delay_probability: float
    abandonment: float
    lost: float
    service_level: float
    wait_s: float
    returners: float
    occupancy: float
    cut_mass: float
    cut_change: float


@dataclass(frozen=True, slots=True)
class _Chain:
    """Rates in units of the mean handle time."""

    arrivals: float
    agents: int
    gives_up: float
    again: float
    retry: float
    threshold: float
    aht_s: float
    waiting: int  # largest number waiting
    orbit: int  # largest number of returners

    def solve(self) -> Retrials:
        probability = self._stationary()
        size = self.agents + self.waiting + 1
        in_system = np.arange(size)
        returners = np.arange(self.orbit + 1)
        queue = np.maximum(in_system - self.agents, 0)
        attempts = self.arrivals + self.retry * returners
        # What an attempt finds: the time-average state, weighted by how fast attempts come in it.
        found = attempts @ probability
        rate = float(found.sum())
        found /= rate
        marginal = probability.sum(axis=0)
        gave_up = self.gives_up * float(marginal @ queue) / rate
        busy = float(marginal @ np.minimum(in_system, self.agents))
        return Retrials(
            attempts_per_call=rate / self.arrivals,
            delay_probability=float(found[self.agents :].sum()),
            abandonment=gave_up,
            lost=gave_up * (1 - self.again) * rate / self.arrivals,
            service_level=float(found[: self.agents].sum() + found[self.agents :] @ self._served_in_time()),
            wait_s=float(marginal @ queue) / rate * self.aht_s,
            returners=float(probability.sum(axis=1) @ returners),
            occupancy=busy / self.agents,
            cut_mass=float(marginal[-1] + probability[-1].sum()),
            cut_change=math.inf,
        )

    def _served_in_time(self) -> Array:
        """Return, for 0, 1, ... calls waiting ahead, the chance to be served within the threshold; shape (waiting+1,).

        The offered wait behind k waiting calls is a negative binomial tail, and patience shifts its parameter by one.
        """
        c = self.agents / self.gives_up
        log_alive = -self.gives_up * self.threshold
        k = np.arange(self.waiting + 1)
        ratio = np.concatenate([[1.0], (c + k[1:]) / k[1:] * -math.expm1(log_alive)])
        with np.errstate(divide="ignore"):
            late = np.cumsum(np.exp((c + 1) * log_alive + np.cumsum(np.log(ratio))))
        served: Array = c / (c + k + 1) * np.maximum(1 - late, 0.0)
        return served

    def _stationary(self) -> Array:
        """Return the probability of each state, shape (orbit+1, in system); rows are numbers of returners."""
        size = self.agents + self.waiting + 1
        in_system = np.arange(size)
        queue = np.maximum(in_system - self.agents, 0)
        served = np.minimum(in_system, self.agents).astype(float)
        leaves = self.gives_up * queue * (1 - self.again)
        joins = self.gives_up * queue * self.again
        up = np.diag(joins[1:], k=-1)
        full = in_system == size - 1

        def local(level: int) -> Array:
            last = level == self.orbit
            down = served + leaves + (joins if last else 0.0)
            block = np.diag(np.full(size - 1, self.arrivals), k=1) + np.diag(down[1:], k=-1)
            out = np.where(full, 0.0, self.arrivals) + down + (0.0 if last else joins)
            block -= np.diag(out + np.where(full, 0.0, level * self.retry))
            return block

        steps: list[Array] = []
        reduced = local(self.orbit)
        for level in range(self.orbit, 0, -1):
            step = np.asarray(np.linalg.solve(-reduced.T, up.T).T, dtype=np.float64)
            steps.append(step)
            retry = np.diag(np.full(size - 1, level * self.retry), k=1)
            reduced = local(level - 1) + step @ retry
        balance = np.vstack([reduced.T[:-1], np.ones(size)])
        levels: list[Array] = [np.linalg.solve(balance, np.eye(size)[-1])]
        for step in reversed(steps):
            levels.append(levels[-1] @ step)
        probability: Array = np.maximum(np.stack(levels), 0.0)
        probability /= probability.sum()
        return probability


def erlang_a_with_retrials(
    load: Load, agents: int, patience_s: float, again: float, pause_s: float, within_s: float, tolerance: float = 1e-7
) -> Retrials:
    """Return the steady state of `agents` when callers who give up call again.

    `load.calls` are new customers. `again` is the chance of another attempt after giving up (0 to 1, below 1),
    `pause_s` the mean seconds before it, `within_s` the service level's threshold, `tolerance` the largest truncation
    error of the shares.

    Raises:
        NotPositive: a number that must be positive is not, or `again` is not a share below 1.
        NotConverged: the chain would have to be larger than is sensible to solve; simulate instead.
    """
    for name, value in (("agents", agents), ("patience_s", patience_s), ("pause_s", pause_s), ("tolerance", tolerance)):
        if not (math.isfinite(value) and value > 0):
            raise NotPositive(f"The {name} must be a positive number.", **{name: value})
    if not 0 <= again < 1:
        raise NotPositive("The chance to call again must be at least 0 and below 1.", again=again)
    waiting, orbit = 16, 8
    before: Retrials | None = None
    while (agents + waiting + 1) * (orbit + 1) <= _LARGEST_CHAIN and agents + waiting < _LARGEST_LEVEL:
        chain = _Chain(
            arrivals=load.offered,
            agents=agents,
            gives_up=load.aht_s / patience_s,
            again=again,
            retry=load.aht_s / pause_s,
            threshold=within_s / load.aht_s,
            aht_s=load.aht_s,
            waiting=waiting,
            orbit=orbit,
        )
        found = chain.solve()
        if before is not None:
            change = max(
                abs(getattr(found, name) - getattr(before, name))
                for name in ("delay_probability", "abandonment", "service_level", "lost")
            )
            if max(change, found.cut_mass) <= tolerance:
                return replace(found, cut_change=change)
        before = found
        waiting, orbit = waiting * 3 // 2, orbit * 3 // 2
    raise NotConverged("The chain with returners did not settle; simulate this case.", agents=agents, waiting=waiting)
