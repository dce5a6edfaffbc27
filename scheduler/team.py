"""What hours and a target cost in people, and which hours a team can keep: the truth about small teams.

A seat round the clock is 168 hours a week. Somebody who works 40 and is away for three tenths of that fills 28: six
people for one seat.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scheduler.errors import BadPlan, NotPositive
from scheduler.history import Floats
from scheduler.shrinkage import Shrinkage

DAYS = 7
_WORKDAYS = 5
_SHORTEST_OPENING_S = 2 * 3600

Agents = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a week takes: `seat_hours` on the floor, `paid_hours` with shrinkage, `people` at the contract's hours."""

    seat_hours: float
    paid_hours: float
    people: float

    @property
    def words(self) -> str:
        """What to tell the coordinator."""
        people = math.ceil(self.people - 1e-9)
        return f"{self.seat_hours:.0f} hours a week on the floor, {self.paid_hours:.0f} paid: {people} people"


def cost_of(agents: Agents, interval_s: float, contract_hours: float, shrinkage: Shrinkage) -> Cost:
    """Return what the agents of a week cost.

    `agents`: required in each slot of each weekday, shape (7, slots). `contract_hours`: paid hours a week and person.

    Raises:
        NotPositive: a contract without hours, or an interval without length.
    """
    if not (contract_hours > 0 and interval_s > 0):
        raise NotPositive("Contract hours and the interval must be positive.")
    seat_hours = float(agents.sum()) * interval_s / 3600
    paid_hours = shrinkage.rostered(seat_hours)
    return Cost(seat_hours, paid_hours, paid_hours / contract_hours)


@dataclass(frozen=True, slots=True)
class Opening:
    """Opening hours that a team can keep.

    `workdays` and `weekend`: (from, to) in seconds of the day, None for closed. `cost`: what they take. `calls_share`:
    the share of the week's calls that come in them; for the rest there are messages.
    """

    workdays: tuple[float, float] | None
    weekend: tuple[float, float] | None
    cost: Cost
    calls_share: float

    @property
    def words(self) -> str:
        """What to tell the coordinator."""
        hours = f"Monday to Friday {_clock(self.workdays)}, weekend {_clock(self.weekend)}"
        return f"{hours}: {self.calls_share:.0%} of calls, {self.cost.words}; messages for the rest"


def hours_to_keep(
    agents: Agents, calls: Floats, interval_s: float, people: float, contract_hours: float, shrinkage: Shrinkage
) -> Opening:
    """Return the opening hours, one for workdays and one for the weekend, that reach most calls with `people`.

    `agents`: what each slot would need if open, shape (7, slots), with the minimum whenever open in it. `calls`:
    expected calls, same shape. Of openings that reach equally many calls the cheapest is taken.

    Raises:
        BadPlan: the shapes differ, or not even the shortest opening can be kept.
        NotPositive: a contract without hours, or an interval without length.
    """
    if agents.shape != calls.shape or len(agents) != DAYS:
        raise BadPlan("Agents and calls must have a row for each day of the week.", shape=agents.shape)
    budget = people * contract_hours * shrinkage.present_share * 3600 / interval_s
    starts, ends = _windows(agents.shape[1], interval_s)
    work_cost, work_calls = _sums(agents[:_WORKDAYS], starts, ends), _sums(calls[:_WORKDAYS], starts, ends)
    rest_cost, rest_calls = _sums(agents[_WORKDAYS:], starts, ends), _sums(calls[_WORKDAYS:], starts, ends)
    reached = work_calls[:, None] + rest_calls[None, :]
    spent = work_cost[:, None] + rest_cost[None, :]
    work_peak, rest_peak = _peaks(agents[:_WORKDAYS], starts, ends), _peaks(agents[_WORKDAYS:], starts, ends)
    possible = (spent <= budget * (1 + 1e-9)) & (work_peak[:, None] <= people) & (rest_peak[None, :] <= people)
    possible[0, 0] = False  # both closed
    if not possible.any():
        raise BadPlan("This team is too small to keep the target for even two hours a day.", people=people)
    best = np.where(possible, reached, -1.0)
    tied = best >= best.max() * (1 - 1e-9)
    chosen = np.unravel_index(np.argmin(np.where(tied, spent, np.inf)), spent.shape)
    work, rest = int(chosen[0]), int(chosen[1])
    kept = np.zeros_like(agents)
    kept[:_WORKDAYS, starts[work] : ends[work]] = agents[:_WORKDAYS, starts[work] : ends[work]]
    kept[_WORKDAYS:, starts[rest] : ends[rest]] = agents[_WORKDAYS:, starts[rest] : ends[rest]]
    return Opening(
        workdays=_span(starts[work], ends[work], interval_s),
        weekend=_span(starts[rest], ends[rest], interval_s),
        cost=cost_of(kept, interval_s, contract_hours, shrinkage),
        calls_share=float(reached[work, rest]) / max(float(calls.sum()), 1e-12),
    )


def _windows(slots: int, interval_s: float) -> tuple[list[int], list[int]]:
    """Return the first and the end slot of every opening of at least two hours on half hours; the first is closed."""
    step = max(1, round(1800 / interval_s))
    shortest = math.ceil(_SHORTEST_OPENING_S / interval_s)
    pairs = [(a, b) for a in range(0, slots, step) for b in range(a + shortest, slots + 1, step)]
    return [0, *(a for a, _ in pairs)], [0, *(b for _, b in pairs)]


def _sums(values: NDArray[np.int64] | Floats, starts: list[int], ends: list[int]) -> Floats:
    """Return the sum over rows and the slots of each window; shape (windows,)."""
    total = np.concatenate([[0.0], np.cumsum(values.sum(axis=0, dtype=np.float64))])
    return np.asarray(total[ends] - total[starts])


def _peaks(agents: Agents, starts: list[int], ends: list[int]) -> Agents:
    """Return the most agents that any slot of each window needs; shape (windows,)."""
    most = agents.max(axis=0)
    return np.asarray([most[a:b].max(initial=0) for a, b in zip(starts, ends, strict=True)], dtype=np.int64)


def _span(start: int, end: int, interval_s: float) -> tuple[float, float] | None:
    return (start * interval_s, end * interval_s) if end > start else None


def _clock(span: tuple[float, float] | None) -> str:
    if span is None:
        return "closed"
    return " to ".join(f"{int(at_s // 3600):02}:{int(at_s % 3600 // 60):02}" for at_s in span)
