"""How today goes on the floor, for the coordinator's charts: people there, how busy they are, how long callers wait.

Functions of data, and the counts that are made once a minute from the wall, by the node that makes the marks of
attendance. They are counts of people, never whose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from redis.asyncio import Redis

from scheduler.adherence import Mark
from video_service.keys import Keys
from video_service.records import Rollup
from video_service.redis_client import raw

KEPT_MS = 2 * 86_400_000
_QUARTERS = 96
_HOURS = 24
_BUSY = frozenset({"on_call", "after_call"})
_HERE = frozenset({"available", "reserved", "rest"}) | _BUSY
_NUMBERS = 3  # of a minute: one more than who is here, who of them is busy, who rests
_BYTES = 2


class Minute(msgspec.Struct, frozen=True):
    """How many agents were here in a minute, breaks left out; how many of them on a call or just after it, or at rest.

    A rest is one that the service asked for, after so much signing.
    """

    here: int
    busy: int
    resting: int


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """An hour of the day by the clock, and its calls that are over.

    `wait_ms`: the mean wait of those that were answered, 0 for none.
    """

    hour: int
    offered: int
    answered: int
    within_target: int
    abandoned: int
    wait_ms: int


def minute_of(states: Iterable[str]) -> Minute:
    """Return the counts of a minute from where each agent is."""
    known = list(states)
    return Minute(sum(state in _HERE for state in known), sum(state in _BUSY for state in known), known.count("rest"))


async def read(redis: Redis, pool: str, day: str) -> dict[int, Minute]:
    """Return the counts of a day by minute since its midnight; minutes in which nobody looked are left out."""
    bits = await raw(redis, "GET", Keys(pool).floor(day)) or b""
    step = _NUMBERS * _BYTES
    found = {}
    for at in range(0, len(bits) - step + 1, step):
        here, busy, resting = (int.from_bytes(bits[at + n : at + n + _BYTES], "big") for n in range(0, step, _BYTES))
        if here:
            found[at // step] = Minute(here - 1, busy, resting)
    return found


def writes(pool: str, day: str, minute: int, counts: Minute) -> tuple[tuple[str | int, ...], ...]:
    """Return the commands that keep a minute's counts."""
    key = Keys(pool).floor(day)
    numbers = (counts.here + 1, counts.busy, counts.resting)
    sets = tuple(
        part for n, number in enumerate(numbers) for part in ("SET", "u16", f"#{minute * _NUMBERS + n}", number)
    )
    return (("BITFIELD", key, "OVERFLOW", "SAT", *sets), ("PEXPIRE", key, KEPT_MS))


def occupancy(minutes: Mapping[int, Minute]) -> tuple[float, ...]:
    """Return by hour which share of the time of those here calls took, rests left out; -1 where nobody was, or looked.

    Source: occupancy as in contact-centre practice, handling over handling and waiting for calls.
    """
    busy, ready = [0] * _HOURS, [0] * _HOURS
    for minute, counts in minutes.items():
        hour = minute // 60
        if hour < _HOURS:
            busy[hour] += counts.busy
            ready[hour] += counts.here - counts.resting
    return tuple(round(a / b, 4) if b > 0 else -1.0 for a, b in zip(busy, ready, strict=True))


def present(marks: Iterable[Mapping[int, Mark]]) -> tuple[float, ...]:
    """Return how many people were on the floor in each quarter hour, on average; -1 where nobody looked."""
    here: dict[int, int] = {}
    for found in marks:
        for minute, mark in found.items():
            here[minute] = here.get(minute, 0) + (mark is Mark.HERE)
    quarters: list[list[int]] = [[] for _ in range(_QUARTERS)]
    for minute, count in here.items():
        if minute // 15 < _QUARTERS:
            quarters[minute // 15].append(count)
    return tuple(round(sum(each) / len(each), 2) if each else -1.0 for each in quarters)


def hours_of(rollups: Iterable[Rollup], zone: ZoneInfo) -> list[Hour]:
    """Return the hours of a day in which somebody called, by the clock of `zone`."""
    sums: dict[int, list[int]] = {}
    for one in rollups:
        hour = datetime.fromtimestamp(one.start_ms / 1000, zone).hour
        amounts = (one.offered, one.answered, one.within_target, one.abandoned, one.wait_ms)
        sums[hour] = [a + b for a, b in zip(sums.get(hour, [0] * 5), amounts, strict=True)]
    return [
        Hour(
            hour=hour,
            offered=offered,
            answered=answered,
            within_target=within,
            abandoned=abandoned,
            wait_ms=wait_ms // answered if answered else 0,
        )
        for hour, (offered, answered, within, abandoned, wait_ms) in sorted(sums.items())
        if offered
    ]
