"""The link to a kept place: whoever has it is the customer whose place it is, on any browser, while the place is kept.

The link holds 32 random bytes; the store holds their digest, and behind it who the customer is, sealed. There is one
link per customer: a new one ends the one before. It opens nothing once its hour is over or the call is closed.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import ClassVar

import msgspec
from redis.asyncio import Redis

from video_service.cipher import Cipher
from video_service.customers import Customer
from video_service.errors import ServiceError
from video_service.keys import Keys, readable
from video_service.rate_limit import Limit, RateLimits, address_subject
from video_service.redis_client import text_of

HOUR_S = 3_600.0
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_BY_CUSTOMER = Limit(name="place", burst=10, window_s=HOUR_S)
_BY_ADDRESS = Limit(name="place_address", burst=60, window_s=HOUR_S)
_TRIES_BY_ADDRESS = Limit(name="place_link", burst=60, window_s=HOUR_S)


class PlaceGone(ServiceError):
    """The place in the queue is kept no longer; join again."""

    code: ClassVar[str] = "place_gone"


class KeptPlaces:
    """The links to kept places of one pool."""

    def __init__(self, redis: Redis, *, pool: str, cipher: Cipher, rates: RateLimits) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._cipher = cipher
        self._rates = rates

    async def admit(self, customer: str, *, address: str) -> None:
        """Count one asking for a link.

        Raises:
            TooMany: this customer, or this address, has asked too often.
        """
        await self._rates.take((_BY_CUSTOMER, customer), (_BY_ADDRESS, address_subject(address)))

    async def link(self, customer: Customer, *, left_ms: int) -> str:
        """Return the secret of a link that leads to this customer's place for `left_ms` more; it is told this once."""
        token = secrets.token_urlsafe(32)
        digest, mine = _digest(token), self._keys.place_of(customer.person)
        before = await self._redis.getset(mine, digest)
        async with self._redis.pipeline(transaction=True) as pipe:
            if before is not None:
                pipe.delete(self._keys.place(text_of(before)))
            pipe.set(self._keys.place(digest), self._cipher.seal(msgspec.json.encode(customer).decode()), px=left_ms)
            pipe.pexpire(mine, left_ms)
            await pipe.execute()
        return token

    async def follow(self, token: str, *, address: str) -> Customer:
        """Return the customer to whose place a link leads.

        Raises:
            PlaceGone: it leads nowhere, or its time is over.
            TooMany: this address has followed too many.
        """
        await self._rates.take((_TRIES_BY_ADDRESS, address_subject(address)))
        sealed = await self._redis.get(self._keys.place(_digest(token))) if _TOKEN.fullmatch(token) else None
        if sealed is None:
            raise PlaceGone
        customer = msgspec.json.decode(self._cipher.open(text_of(sealed)), type=Customer)
        if not readable(customer.v):
            raise PlaceGone
        return customer

    async def erase_of(self, customer: str) -> None:
        """End a customer's link."""
        await erase_place(self._redis, self._keys, customer)


async def erase_place(redis: Redis, keys: Keys, customer: str) -> None:
    """End the link to a customer's kept place, if there is one."""
    digest = await redis.getdel(keys.place_of(customer))
    if digest is not None:
        await redis.delete(keys.place(text_of(digest)))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
