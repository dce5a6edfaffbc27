"""When the line was open, as the service noted it every few seconds: marks of 15 s, which are of nobody.

`signaling/scripts/tidy.lua` sets two bits for each mark: that the service ran, and that a customer could have called.
So a time in which the service was down is known for what it is, and is not taken for a quiet morning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec
from redis.asyncio import Redis

from video_service.keys import Keys
from video_service.redis_client import raw

MARK_MS = 15_000
DAY_MS = 86_400_000
_MARKS_A_DAY = DAY_MS // MARK_MS
_AT_ONCE = 64  # days in one round trip
_RUN = re.compile(rb"(.)\1*", re.DOTALL)


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Spans of from_ms <= t < to_ms, in order and apart, milliseconds since 1970.

    `known`: the service ran. `opened`: the line was open, too.
    """

    known: tuple[tuple[int, int], ...] = ()
    opened: tuple[tuple[int, int], ...] = ()


async def read(redis: Redis, *, pool: str, from_ms: int, to_ms: int) -> Times:
    """Return when the service ran and when the line was open, within from_ms <= t < to_ms."""
    keys = Keys(pool)
    days = range(from_ms // DAY_MS, -(-to_ms // DAY_MS))
    known: list[tuple[int, int]] = []
    opened: list[tuple[int, int]] = []
    for start in range(0, len(days), _AT_ONCE):
        asked = days[start : start + _AT_ONCE]
        for day, bits in zip(asked, await raw(redis, "MGET", *(keys.open_time(day) for day in asked)), strict=True):
            # Hours are alike for long: whole runs of one byte, four marks each, the first in the highest bits.
            for run in _RUN.finditer(bits or b""):
                at, pairs = day * _MARKS_A_DAY + 4 * run.start(), run[1][0]
                if pairs in (0b11111111, 0b10101010):
                    _add(known, at, at + 4 * len(run[0]))
                    if pairs & 1:
                        _add(opened, at, at + 4 * len(run[0]))
                elif pairs:
                    for mark in range(at, at + 4 * len(run[0])):
                        pair = pairs >> (6 - 2 * (mark % 4)) & 0b11
                        if pair:
                            _add(known, mark, mark + 1)
                        if pair & 0b01:
                            _add(opened, mark, mark + 1)
    return Times(known=_within(known, from_ms, to_ms), opened=_within(opened, from_ms, to_ms))


def _add(spans: list[tuple[int, int]], first: int, end: int) -> None:
    """Add the marks first <= mark < end, which come after all that is there."""
    if spans and spans[-1][1] == first:
        spans[-1] = (spans[-1][0], end)
    else:
        spans.append((first, end))


def _within(spans: Iterable[tuple[int, int]], from_ms: int, to_ms: int) -> tuple[tuple[int, int], ...]:
    cut = ((max(first * MARK_MS, from_ms), min(end * MARK_MS, to_ms)) for first, end in spans)
    return tuple((start_ms, end_ms) for start_ms, end_ms in cut if start_ms < end_ms)
