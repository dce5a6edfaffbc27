"""Forecasts as they were made, kept so that they can be held against what came. They are of nobody.

One of each queue and day of making: who makes another on the same day has thought better of it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import msgspec
from redis.asyncio import Redis

from video_service.keys import Keys
from video_service.redis_client import raw

DAY_MS = 86_400_000
MOST_BYTES = 4_000_000  # of one forecast as JSON: twelve weeks of quarter hours take a tenth
_DIGITS = 6
_AT_ONCE = 64


class ForecastStore:
    """The forecasts of one pool."""

    def __init__(self, redis: Redis, *, pool: str, retention_days: int) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._retention_ms = retention_days * DAY_MS

    async def keep(self, queue: str, made: date, document: Mapping[str, Any]) -> None:
        """Keep a forecast that was made on the day `made`."""
        packed = zlib.compress(msgspec.json.encode(_short(document)))
        await self._redis.set(self._keys.forecast(queue, made.isoformat()), packed, px=self._retention_ms)

    async def made_within(self, queue: str, first: date, last: date) -> list[tuple[date, dict[str, Any]]]:
        """Return what was made from `first` to `last`, both included, in order, with the day of making."""
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        found: list[tuple[date, dict[str, Any]]] = []
        for start in range(0, len(days), _AT_ONCE):
            asked = days[start : start + _AT_ONCE]
            names = [self._keys.forecast(queue, day.isoformat()) for day in asked]
            rows = await raw(self._redis, "MGET", *names)
            found += [(day, _unpacked(row)) for day, row in zip(asked, rows, strict=True) if row is not None]
        return found


def _unpacked(packed: bytes) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(zlib.decompressobj().decompress(packed, MOST_BYTES))
    return found


def _short(value: Any) -> Any:
    """Return the document with its numbers as exact as anybody can use; that makes it a third of its size."""
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, Mapping):
        return {name: _short(each) for name, each in value.items()}
    return [_short(each) for each in value] if isinstance(value, list) else value
