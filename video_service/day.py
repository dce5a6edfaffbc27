"""Today in numbers: how its calls went, interval by interval, and who is on the roster for the hours that come.

Functions of data: roll-ups and shifts in, whole numbers out.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec

from video_service.records import Rollup

MINUTE_MS = 60_000
AHEAD_MS = 30 * MINUTE_MS
AHEAD_COUNT = 5
"""The half hour that runs and the four after it: two hours from now, whatever the minute."""


@dataclass(frozen=True, kw_only=True)
class DayRules:
    """What today is judged by; `settings.project(DayRules)` fills it."""

    interval_minutes: int = 15
    service_level_target_s: float = 20.0
    service_level_goal_percent: int = 95
    time_zone: str = "UTC"


class OnRoster(Protocol):
    """One agent's time on the roster: start_ms <= t < end_ms."""

    @property
    def agent(self) -> str: ...
    @property
    def start_ms(self) -> int: ...
    @property
    def end_ms(self) -> int: ...


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """The calls that arrived in one interval and are over. Counts; `mean_wait_ms` is of answered calls, 0 for none."""

    start_ms: int
    offered: int = 0
    answered: int = 0
    within_target: int = 0
    abandoned: int = 0
    mean_wait_ms: int = 0


class HalfHour(msgspec.Struct, frozen=True, kw_only=True):
    """Who is on the roster in start_ms <= t < end_ms, by id; `fewest` is the least number of them at one moment."""

    start_ms: int
    end_ms: int
    agents: tuple[str, ...]
    fewest: int


def day_start_ms(now_ms: int, time_zone: str) -> int:
    """Return the last midnight in the zone, as milliseconds since 1970-01-01T00:00Z."""
    now = datetime.datetime.fromtimestamp(now_ms / 1000, ZoneInfo(time_zone))
    return int(now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()) * 1000


def intervals_of(rollups: Iterable[Rollup], *, now_ms: int, interval_ms: int) -> list[Interval]:
    """Return the sums over all queues, interval by interval, from the first with a call to the one that runs.

    Intervals in between in which nobody called are there, with zeros; without any call the list is empty.
    """
    sums: dict[int, list[int]] = {}
    for each in rollups:
        amounts = (each.offered, each.answered, each.within_target, each.abandoned, each.wait_ms)
        sums[each.start_ms] = [a + b for a, b in zip(sums.get(each.start_ms, [0] * 5), amounts, strict=True)]
    called = [start for start, amounts in sums.items() if amounts[0]]
    if not called:
        return []
    last = max(*called, now_ms // interval_ms * interval_ms)
    return [_interval(start, sums.get(start, [0] * 5)) for start in range(min(called), last + 1, interval_ms)]


def _interval(start_ms: int, amounts: Sequence[int]) -> Interval:
    offered, answered, within_target, abandoned, wait_ms = amounts
    return Interval(
        start_ms=start_ms,
        offered=offered,
        answered=answered,
        within_target=within_target,
        abandoned=abandoned,
        mean_wait_ms=wait_ms // answered if answered else 0,
    )


def ahead_of(shifts: Iterable[OnRoster], *, now_ms: int) -> list[HalfHour]:
    """Return the roster of the half hour that runs, from now on, and of the next ones.

    An agent's own shifts do not overlap: the store refuses that, so a shift at a moment is one person.
    """
    known = list(shifts)
    first = now_ms // AHEAD_MS * AHEAD_MS
    return [
        _half_hour(known, max(start, now_ms), start, start + AHEAD_MS)
        for start in range(first, first + AHEAD_COUNT * AHEAD_MS, AHEAD_MS)
    ]


def _half_hour(shifts: list[OnRoster], from_ms: int, start_ms: int, end_ms: int) -> HalfHour:
    on = [shift for shift in shifts if shift.start_ms < end_ms and shift.end_ms > from_ms]
    # The number changes where a shift begins or ends, and nowhere else.
    changes = {from_ms, *(at for shift in on for at in (shift.start_ms, shift.end_ms) if from_ms < at < end_ms)}
    return HalfHour(
        start_ms=start_ms,
        end_ms=end_ms,
        agents=tuple(sorted({shift.agent for shift in on})),
        fewest=min(sum(shift.start_ms <= at < shift.end_ms for shift in on) for at in changes),
    )
