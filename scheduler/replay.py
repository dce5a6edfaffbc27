"""A staffing plan replayed against sampled days: its expected service level, with an honest interval.

The number that a plan promises is the mean over simulated days, not a formula's: the formulas know nothing of breaks,
of calls that outlast a quarter hour, or of a day that is busier from morning to night. The days differ from one
another as the forecast says days differ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from scheduler.errors import BadPlan, NotPositive
from scheduler.presence import Presence
from scheduler.service_level import Definition
from scheduler.simulate import Calls, Floats, Ints, Outcome, Retry, simulate_day

_NORMAL_95 = 1.959963984540054
_FEWEST_DAYS = 200
_BATCH = 50
_FEW_A_DAY, _DAYS_OF_FEW = 0.25, 2000


class DaySource(Protocol):
    """Draws the calls of one day."""

    def sample(self, random: np.random.Generator) -> Calls:
        """Return the calls of a day that could be."""
        ...


@dataclass(frozen=True, slots=True)
class HandleTimes:
    """Handle times with the given mean (seconds) and coefficient of variation; 1 is exponential, else lognormal."""

    mean_s: float
    variation: float = 1.0

    def sample(self, random: np.random.Generator, size: int) -> Floats:
        """Return `size` handle times in seconds."""
        if self.variation == 1.0:
            return random.exponential(self.mean_s, size)
        if self.variation == 0.0:
            return np.full(size, self.mean_s)
        log_variance = math.log1p(self.variation**2)
        return random.lognormal(math.log(self.mean_s) - log_variance / 2, math.sqrt(log_variance), size)


@dataclass(frozen=True)
class QueueDay:
    """One queue's day as a source of calls.

    `expected`: mean calls of each interval, shape (intervals,). `day_variance`: variance of the factor, with mean 1,
    that makes all of a day busier or quieter. `interval_variance`: the same for each interval alone, one number or of
    shape (intervals,). Factors are gamma distributed and counts Poisson given the factor, so that an interval's count
    is negative binomial. `handle`: one for the day or one for each interval. `patience_s`: mean of an exponential
    patience.
    """

    expected: Floats
    interval_s: float
    handle: HandleTimes | Sequence[HandleTimes]
    patience_s: float
    day_variance: float = 0.0
    interval_variance: float | Floats = 0.0
    queue: int = 0

    def __post_init__(self) -> None:
        if np.any(np.asarray(self.expected) < 0) or self.interval_s <= 0 or self.patience_s <= 0:
            raise NotPositive("Expected calls must not be negative; interval and patience must be positive.")
        if not isinstance(self.handle, HandleTimes) and len(self.handle) != len(self.expected):
            raise BadPlan("There must be one handle time for the day or one for each interval.")

    def sample(self, random: np.random.Generator) -> Calls:
        """Return the calls of a day that could be."""
        mean = np.asarray(self.expected, dtype=np.float64) * _factor(random, self.day_variance, 1)
        counts = random.poisson(mean * _factor(random, self.interval_variance, len(mean)))
        starts = np.repeat(np.arange(len(counts)) * self.interval_s, counts)
        arrive_s = starts + random.random(len(starts)) * self.interval_s
        if isinstance(self.handle, HandleTimes):
            handle_s = self.handle.sample(random, len(starts))
        else:
            parts = [times.sample(random, int(n)) for times, n in zip(self.handle, counts, strict=True)]
            handle_s = np.concatenate([*parts, np.empty(0)])
        order = np.argsort(arrive_s, kind="stable")
        patience_s = random.exponential(self.patience_s, len(starts))
        return Calls(arrive_s[order], handle_s[order], patience_s, np.full(len(starts), self.queue, dtype=np.int64))


@dataclass(frozen=True)
class SeveralQueues:
    """The days of several queues, drawn together."""

    queues: Sequence[QueueDay]

    def sample(self, random: np.random.Generator) -> Calls:
        """Return the calls of all queues in order of arrival."""
        parts = [queue.sample(random) for queue in self.queues]
        arrive_s = np.concatenate([part.arrive_s for part in parts])
        order = np.argsort(arrive_s, kind="stable")
        return Calls(
            arrive_s[order],
            np.concatenate([part.handle_s for part in parts])[order],
            np.concatenate([part.patience_s for part in parts])[order],
            np.concatenate([part.queue for part in parts])[order],
        )


def _factor(random: np.random.Generator, variance: float | Floats, size: int) -> Floats:
    spread = np.broadcast_to(np.asarray(variance, dtype=np.float64), (size,))
    varying = np.maximum(spread, 1e-12)
    return np.where(spread > 0, random.gamma(1 / varying, varying), 1.0)


@dataclass(frozen=True, slots=True)
class Share:
    """A mean over days with its 95 % interval; `days` says over how many. NaN where nobody called."""

    mean: float
    low: float
    high: float
    days: int


@dataclass(frozen=True)
class Replay:
    """What the plan comes to.

    Shares are of all attempts of all days, so a busy day weighs more. `by_interval`: service level by interval of
    arrival, shape (intervals,), NaN where nobody called. `offered`: mean attempts a day. `worst_wait_s`: the mean over
    days of the day's longest wait. `occupancy`: busy share of the agents' time on the floor.
    """

    service_level: Share
    abandonment: Share
    by_interval: Floats
    offered: float
    wait_s: float
    worst_wait_s: float
    occupancy: float


def replay(
    source: DaySource,
    agents: Sequence[Presence],
    within_s: float,
    definition: Definition = Definition.SERVED_OF_OFFERED,
    *,
    interval_s: float = 900.0,
    intervals: int = 96,
    half_width: float = 0.0025,
    most_days: int = 20_000,
    retry: Retry | None = None,
    seed: int = 0,
) -> Replay:
    """Simulate days until the service level is known to within `half_width` (95 %), and return what the plan comes to.

    With the default of a quarter of a point two independent replays differ by more than a point next to never. A queue
    with a call a day is not known so well after `most_days`, nor is one with next to none after a tenth of them; the
    interval then says how well.
    """
    random = np.random.default_rng(seed)
    good, counted = np.zeros((0, intervals)), np.zeros((0, intervals))
    gave_up: list[int] = []
    attempts: list[int] = []
    waited_s = worst_s = busy_s = present_s = 0.0
    while True:
        rows = []
        for _ in range(_BATCH):
            outcome = simulate_day(source.sample(random), agents, retry, random)
            rows.append(_tally(outcome, within_s, definition, interval_s, intervals))
            gave_up.append(int((~outcome.served).sum()))
            attempts.append(len(outcome.queue))
            waited_s += float(outcome.wait_s.sum())
            worst_s += float(outcome.wait_s.max(initial=0.0))
            busy_s += float(outcome.busy_s.sum())
            present_s += float(outcome.present_s.sum())
        good = np.vstack([good, [row[0] for row in rows]])
        counted = np.vstack([counted, [row[1] for row in rows]])
        level = ratio_of_sums(good.sum(axis=1), counted.sum(axis=1))
        known = len(good) >= _FEWEST_DAYS and not level.high - level.low > 2 * half_width
        few = len(good) >= _DAYS_OF_FEW and sum(attempts) < _FEW_A_DAY * len(good)
        if known or few or len(good) >= most_days:
            break
    with np.errstate(invalid="ignore"):
        by_interval = good.sum(axis=0) / counted.sum(axis=0)
    days = len(good)
    return Replay(
        service_level=level,
        abandonment=ratio_of_sums(np.asarray(gave_up), np.asarray(attempts)),
        by_interval=by_interval,
        offered=sum(attempts) / days,
        wait_s=waited_s / max(sum(attempts), 1),
        worst_wait_s=worst_s / days,
        occupancy=busy_s / present_s if present_s else math.nan,
    )


def ratio_of_sums(part: Floats | Ints, whole: Floats | Ints) -> Share:
    """Return sum(part) / sum(whole) over days with the 95 % interval of a ratio estimate, arrays of shape (days,).

    Source: Cochran, "Sampling techniques" (1977), section 2.11; days are independent, calls of one day are not.
    """
    days, total = len(whole), float(np.sum(whole))
    if total == 0:
        return Share(math.nan, math.nan, math.nan, days)
    mean = float(np.sum(part)) / total
    spread = np.sum((np.asarray(part) - mean * np.asarray(whole)) ** 2) * days / max(days - 1, 1)
    half = _NORMAL_95 * math.sqrt(float(spread)) / total
    return Share(mean, max(mean - half, 0.0), min(mean + half, 1.0), days)


def _tally(
    outcome: Outcome, within_s: float, definition: Definition, interval_s: float, intervals: int
) -> tuple[Floats, Floats]:
    """Return calls that count as good, and calls that count, by interval of arrival; both of shape (intervals,)."""
    in_time = outcome.offered_wait_s <= within_s
    counts = np.ones(len(in_time), dtype=bool)
    if definition is not Definition.OFFERED_WAIT:
        in_time &= outcome.served
    if definition is Definition.SERVED_OF_ANSWERED:
        counts = outcome.served
    where = np.minimum((outcome.arrive_s // interval_s).astype(np.int64), intervals - 1)
    good = np.bincount(where[in_time], minlength=intervals).astype(np.float64)
    return good, np.bincount(where[counts], minlength=intervals).astype(np.float64)
