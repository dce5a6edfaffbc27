"""Secret addresses under which agents' calendars fetch their shifts. One for each agent; a new one ends the old one.

A calendar program signs in nowhere: whoever knows the address reads when that agent works, and nothing else. So the
address is told once, kept as its digest only, and dies with the account.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import ClassVar

import msgspec
from redis.asyncio import Redis

from video_service.accounts import Accounts, Role
from video_service.clock import Clock
from video_service.errors import ServiceError
from video_service.keys import SCHEMA_VERSION, Keys, readable
from video_service.rate_limit import Limit, RateLimits, address_subject
from video_service.redis_client import text_of

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
# Programs ask once an hour or so; who guesses asks more often.
_ASKS = Limit(name="calendar", burst=120, window_s=3600)


class UnknownFeed(ServiceError):
    """There is no calendar under this address any more."""

    code: ClassVar[str] = "unknown_feed"


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """Whose shifts an address shows, in which language, since when (milliseconds since 1970)."""

    v: int
    person: str
    locale: str
    since_ms: int


class CalendarFeeds:
    """The addresses of one pool."""

    def __init__(self, redis: Redis, accounts: Accounts, rates: RateLimits, *, pool: str, clock: Clock) -> None:
        self._redis = redis
        self._accounts = accounts
        self._rates = rates
        self._keys = Keys(pool)
        self._clock = clock

    async def make(self, person: str, locale: str) -> str:
        """Return a new secret for the person's address; the one before it is unknown from here on."""
        secret = secrets.token_urlsafe(32)
        feed = Feed(v=SCHEMA_VERSION, person=person, locale=locale, since_ms=self._clock.now_ms())
        # In one step: of two that are made in one moment the first is ended by the second, whichever is told first.
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.getset(self._keys.calendar_of(person), _digest(secret))
            pipeline.set(self._keys.calendar(_digest(secret)), msgspec.json.encode(feed))
            before, _ = await pipeline.execute()
        if before is not None:
            await self._redis.delete(self._keys.calendar(text_of(before)))
        return secret

    async def end(self, person: str) -> None:
        """Take the person's address away; no error when there is none."""
        digest = await self._redis.get(self._keys.calendar_of(person))
        if digest is not None:
            await self._redis.delete(self._keys.calendar(text_of(digest)), self._keys.calendar_of(person))

    async def since_ms(self, person: str) -> int:
        """Return since when the person has an address, 0 for none."""
        digest = await self._redis.get(self._keys.calendar_of(person))
        if digest is None:
            return 0
        raw = await self._redis.get(self._keys.calendar(text_of(digest)))
        return 0 if raw is None else msgspec.json.decode(raw, type=Feed).since_ms

    async def of(self, secret: str, *, address: str) -> Feed:
        """Return what the address shows.

        Raises:
            UnknownFeed: there is none, or the person is no agent any more.
            TooMany: this network address asks too often.
        """
        await self._rates.take((_ASKS, address_subject(address)))
        raw = await self._redis.get(self._keys.calendar(_digest(secret))) if _SECRET.fullmatch(secret) else None
        if raw is None:
            raise UnknownFeed
        feed = msgspec.json.decode(raw, type=Feed)
        newest = await self._redis.get(self._keys.calendar_of(feed.person))
        if newest is None or text_of(newest) != _digest(secret):
            raise UnknownFeed  # its end was cut short
        account = await self._accounts.of_person(feed.person)
        if not readable(feed.v) or account is None or account.disabled or account.role is not Role.AGENT:
            raise UnknownFeed
        return feed


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
