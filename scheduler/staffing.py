"""How many agents an interval needs so that several promises hold at once, and why.

Each promise alone asks for a smallest number of agents; the largest of them is the requirement, and the promise that
asked for it is named. The queue is Erlang A in steady state within the interval, see `docs/adr/0021`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from scheduler.erlang import ErlangA, Load, erlang_a
from scheduler.errors import NotPositive
from scheduler.targets import Promise, Targets

MOST_AGENTS = 10_000


@dataclass(frozen=True, slots=True)
class Kept:
    """One promise held against a number of agents: the agents it alone asks for, and what it comes to."""

    promise: Promise
    agents: int | None
    figure: float | None
    met: bool


@dataclass(frozen=True, slots=True)
class Staffing:
    """What one interval needs.

    `agents` is what to put on the floor: the requirement, or the cap where the requirement is above it. `required` is
    None where not even `MOST_AGENTS` would do. `reason` is a sentence; `reached` says whether everything promised is
    kept. `queue` is the steady state with `agents`, None without calls or agents.
    """

    agents: int
    required: int | None
    reached: bool
    reason: str
    kept: tuple[Kept, ...] = ()
    queue: ErlangA | None = field(default=None, repr=False)


CLOSED = Staffing(agents=0, required=0, reached=True, reason="closed")


def staff(load: Load | None, patience_s: float, targets: Targets, at_most: int | None = None) -> Staffing:
    """Return the smallest team that keeps every promise in one open interval.

    `load` is None when no call is expected; `patience_s` is the mean patience in seconds; `at_most` is the largest team
    that could be put there, and with it the answer says what that team reaches.

    Raises:
        NotPositive: a number that must be positive is not.
    """
    cap = MOST_AGENTS if at_most is None else at_most
    if cap < 0:
        raise NotPositive("The largest team must not be negative.", at_most=at_most)
    if load is None:
        return _without_calls(targets, cap)

    @cache
    def queue(agents: int) -> ErlangA:
        return erlang_a(load, agents, patience_s)

    def smallest_for(promise: Promise) -> int | None:
        return _smallest(lambda agents: promise.met(queue(agents)))

    alone = {promise: smallest_for(promise) for promise in targets.promises}
    required: int | None = targets.minimum
    for needed in alone.values():
        required = None if needed is None or required is None else max(required, needed)
    agents = min(cap, MOST_AGENTS if required is None else required)
    steady = queue(agents) if agents else None
    kept = tuple(
        Kept(promise, needed, None if steady is None else promise.figure(steady), _is_met(promise, steady))
        for promise, needed in alone.items()
    )
    reached = required is not None and required <= cap
    reason = _why(targets, alone, required) if reached else _why_not(targets, kept, required, cap)
    return Staffing(agents, required, reached, reason, kept, steady)


def staff_day(
    loads: Sequence[Load | None],
    patience_s: float,
    targets: Targets,
    is_open: Sequence[bool] | None = None,
    at_most: int | None = None,
) -> list[Staffing]:
    """Return `staff` for each interval of a day; closed intervals need nobody."""
    opened = [True] * len(loads) if is_open is None else list(is_open)
    return [
        staff(load, patience_s, targets, at_most) if open_now else CLOSED
        for load, open_now in zip(loads, opened, strict=True)
    ]


def lagged_loads(calls: Sequence[float], interval_s: float, aht_s: Sequence[float]) -> list[Load | None]:
    """Return the loads of consecutive intervals, with the work that an interval leaves to the next one.

    Calls of 5 to 30 minutes outlast the quarter hour they came in: as the day falls off, agents are busier than the
    calls of the moment say. Each interval gets the larger of its own load and the modified offered load, the work in
    progress if there were always an agent free. Nothing is in progress before the first interval. The agents' time is
    in the load's `calls`; `aht_s` stays what it is.

    Source: Jagerman (1975); Green, Kolesar and Whitt, "Coping with time-varying demand when setting staffing
    requirements" (2007), section 4, with exponential handle times.
    """
    in_progress = 0.0
    loads: list[Load | None] = []
    for expected, handle_s in zip(calls, aht_s, strict=True):
        steps = interval_s / handle_s
        offered = expected * handle_s / interval_s
        # The mean over the interval of a curve that decays towards the interval's own load.
        mean = offered + (in_progress - offered) * -math.expm1(-steps) / steps
        in_progress = offered + (in_progress - offered) * math.exp(-steps)
        work = max(offered, mean)
        loads.append(Load(work * interval_s / handle_s, interval_s, handle_s) if work > 1e-9 else None)
    return loads


def _smallest(enough: Callable[[int], bool]) -> int | None:
    """Return the smallest number of agents that is enough; more agents are never worse."""
    high = 1
    while not enough(high):
        if high >= MOST_AGENTS:
            return None
        high = min(2 * high, MOST_AGENTS)
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _without_calls(targets: Targets, cap: int) -> Staffing:
    agents = min(cap, targets.minimum)
    if agents == targets.minimum:
        return Staffing(agents, targets.minimum, True, "no calls expected: the minimum whenever open")
    reason = f"at least {targets.minimum} agents whenever open, and {cap} can be there"
    return Staffing(agents, targets.minimum, False, reason)


def _is_met(promise: Promise, queue: ErlangA | None) -> bool:
    return queue is not None and promise.met(queue)


def _why(targets: Targets, alone: dict[Promise, int | None], required: int | None) -> str:
    deciding = [promise.words for promise, needed in alone.items() if needed == required]
    if deciding and required != targets.minimum:
        return "; ".join(deciding)
    return f"at least {targets.minimum} agents whenever open"


def _why_not(targets: Targets, kept: tuple[Kept, ...], required: int | None, cap: int) -> str:
    broken = [
        f"{one.promise.words} comes to {one.figure:.3g}" if one.figure is not None else one.promise.words
        for one in kept
        if not one.met
    ]
    if cap < targets.minimum:
        broken.append(f"at least {targets.minimum} agents whenever open")
    need = f"{required} are needed" if required is not None else f"not even {MOST_AGENTS} would do"
    return f"{cap} agents at most, {need}: " + "; ".join(broken)
