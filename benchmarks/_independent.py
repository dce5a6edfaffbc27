"""A second program for what a staffing plan promises: days drawn and played without a line of `scheduler`.

It takes numbers and gives numbers, uses the standard library alone, draws arrivals by thinning where the planner draws
counts first, and keeps a list of agents where the planner keeps spans. What the two have in common is what a plan says:
the calls expected, how days differ, handle times, patience, and how many agents are there when.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

_ARRIVES, _ENDS, _GIVES_UP, _SHIFT = range(4)


@dataclass(frozen=True)
class Day:
    """A day as a plan tells of it; lists have one entry for each interval of `interval_s` seconds.

    `day_variance`, `slot_variance`: of the factors, with mean 1, on all of the day and on each interval. `variation`:
    standard deviation over mean of handle times, 1 exponential, else lognormal.
    """

    expected: Sequence[float]
    agents: Sequence[int]
    handle_s: Sequence[float]
    interval_s: float
    patience_s: float
    day_variance: float
    slot_variance: Sequence[float]
    variation: float = 1.0


def service_level(day: Day, days: int, within_s: float, seed: int) -> float:
    """Return the share of all calls of `days` drawn days that are answered within `within_s` seconds."""
    draw = random.Random(seed)
    offered = in_time = 0
    for _ in range(days):
        came, answered = _play(day, _arrivals(day, draw), within_s, draw)
        offered, in_time = offered + came, in_time + answered
    return in_time / offered


def _factor(variance: float, draw: random.Random) -> float:
    return draw.gammavariate(1 / variance, variance) if variance > 0 else 1.0


def _arrivals(day: Day, draw: random.Random) -> list[float]:
    """Draw the moments of a day's calls: a process at the day's highest rate, of which each interval keeps its part."""
    busy = _factor(day.day_variance, draw)
    rates = [
        calls / day.interval_s * busy * _factor(variance, draw)
        for calls, variance in zip(day.expected, day.slot_variance, strict=True)
    ]
    highest, now_s, end_s = max(rates), 0.0, day.interval_s * len(rates)
    found: list[float] = []
    while highest > 0:
        now_s += draw.expovariate(highest)
        if now_s >= end_s:
            break
        if draw.random() * highest < rates[int(now_s / day.interval_s)]:
            found.append(now_s)
    return found


def _handle_s(day: Day, arrived_s: float, draw: random.Random) -> float:
    mean_s = day.handle_s[int(arrived_s / day.interval_s)]
    if day.variation == 1.0:
        return draw.expovariate(1 / mean_s)
    log_variance = math.log1p(day.variation**2)
    return draw.lognormvariate(math.log(mean_s) - log_variance / 2, math.sqrt(log_variance))


def _play(day: Day, arrivals: Sequence[float], within_s: float, draw: random.Random) -> tuple[int, int]:
    """Return how many called and how many of them were answered in time."""
    events: list[tuple[float, int, int]] = [(moment, _ARRIVES, call) for call, moment in enumerate(arrivals)]
    events += [(slot * day.interval_s, _SHIFT, slot) for slot in range(len(day.agents))]
    events.append((len(day.agents) * day.interval_s, _SHIFT, -1))
    heapq.heapify(events)
    on_call = [False] * max(day.agents, default=0)
    there, in_time = 0, 0
    waiting: deque[int] = deque()
    gone: set[int] = set()
    while events:
        now_s, kind, which = heapq.heappop(events)
        if kind == _SHIFT:
            there = day.agents[which] if which >= 0 else 0
        elif kind == _ARRIVES:
            waiting.append(which)
            heapq.heappush(events, (now_s + draw.expovariate(1 / day.patience_s), _GIVES_UP, which))
        elif kind == _GIVES_UP:
            gone.add(which)
        else:
            on_call[which] = False
        # The agents who came first stay longest, so those that are there are the first of the list.
        for agent in range(there):
            while waiting and waiting[0] in gone:
                waiting.popleft()
            if not waiting:
                break
            if not on_call[agent]:
                call = waiting.popleft()
                on_call[agent] = True
                in_time += now_s - arrivals[call] <= within_s
                heapq.heappush(events, (now_s + _handle_s(day, arrivals[call], draw), _ENDS, agent))
    return len(arrivals), in_time
