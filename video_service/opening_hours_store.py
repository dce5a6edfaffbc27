"""The opening hours of a pool, as one hash in Redis. Without it shifts alone decide when the line is open."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec
from redis.asyncio import Redis

from video_service import opening_hours
from video_service.clock import Clock
from video_service.errors import ServiceError
from video_service.keys import SCHEMA_VERSION, Keys, readable
from video_service.opening_hours import Hours


class HoursUnreadable(ServiceError):
    """The opening hours have a schema version that this program cannot read."""

    code: ClassVar[str] = "schema_unknown"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How the hours stand at a moment. `next_open_ms`, `closes_ms`: see `opening_hours`."""

    open_now: bool
    today: tuple[tuple[str, str], ...]
    next_open_ms: int
    closes_ms: int


class OpeningHours:
    """The hours of one pool. `zone`: name of the time zone whose clock they mean."""

    def __init__(self, redis: Redis, *, pool: str, clock: Clock, zone: str) -> None:
        self._redis = redis
        self._key = Keys(pool).hours
        self._clock = clock
        self._zone = ZoneInfo(zone)
        self._last: tuple[bytes | str, Hours] | None = None

    @property
    def zone(self) -> str:
        """Name of the time zone."""
        return self._zone.key

    @property
    def zone_info(self) -> ZoneInfo:
        """The time zone."""
        return self._zone

    async def get(self) -> Hours | None:
        """Return the hours, None when there are none.

        Raises:
            HoursUnreadable: of another schema version.
        """
        version, rules = await self._redis.hmget(self._key, ["v", "rules"])
        if version is None or rules is None:
            return None
        if not readable(int(version)):
            raise HoursUnreadable
        # Every view of a customer asks, and hours change once in a month.
        if self._last is None or self._last[0] != rules:
            found = msgspec.json.decode(rules, type=Hours)
            await asyncio.to_thread(opening_hours.warm, found)
            self._last = (rules, found)
        return self._last[1]

    async def set(self, hours: Hours, *, by: str) -> Hours:
        """Keep new hours, without exceptions of days gone by. `by` is an account's id."""
        kept = hours.without_past(self._clock.now_ms(), self._zone)
        row: Mapping[Any, Any] = {
            "v": SCHEMA_VERSION,
            "rules": msgspec.json.encode(kept),
            "since_ms": self._clock.now_ms(),
            "by": by,
        }
        await self._redis.hset(self._key, mapping=dict(row))
        return kept

    async def clear(self) -> None:
        """Go back to no hours: shifts alone decide."""
        await self._redis.delete(self._key)

    async def closed(self) -> bool:
        """Return whether it is a time outside of the hours; without hours it never is."""
        hours = await self.get()
        return hours is not None and not opening_hours.is_open(hours, self._clock.now_ms(), self._zone)

    def standing(self, hours: Hours) -> Standing:
        """Return how `hours` stand now."""
        now_ms = self._clock.now_ms()
        return Standing(
            open_now=opening_hours.is_open(hours, now_ms, self._zone),
            today=tuple(span.words() for span in opening_hours.today(hours, now_ms, self._zone)),
            next_open_ms=opening_hours.next_open_ms(hours, now_ms, self._zone),
            closes_ms=opening_hours.closes_ms(hours, now_ms, self._zone),
        )
