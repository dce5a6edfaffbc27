"""Customers who may not call for a while: decided by a coordinator, with a reason that stays inside, and always an end.

Asked when a customer comes in, gets a ticket and joins. A call that goes on is not cut off, and writing a message
stays possible: whoever is in need can still say so. A guest is known by a cookie alone, so a block of a guest holds as
long as the browser keeps it; somebody whom a host application names is the same person on every phone.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

import msgspec
from redis.asyncio import Redis

from video_service.cipher import Cipher, Unreadable
from video_service.clock import Clock
from video_service.errors import ServiceError
from video_service.keys import SCHEMA_VERSION, Keys, readable
from video_service.redis_client import text_of

DAY_MS = 86_400_000
MOST_DAYS = 365
MAX_REASON = 300
AT_ONCE = 500

_CUSTOMER = re.compile(r"c-[A-Za-z0-9_-]{1,78}")
# Control characters, and what turns the direction of the text around it.
_NOISE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]+")


class Blocked(ServiceError):
    """A coordinator has decided that this customer may not call for a while."""

    code: ClassVar[str] = "blocked"


class BadBlock(ServiceError):
    """A block names a customer, a reason in one line, and how many days it lasts."""

    code: ClassVar[str] = "bad_block"


class BlockUnreadable(ServiceError):
    """A block has a schema version that this program cannot read."""

    code: ClassVar[str] = "schema_unknown"


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One customer's block. `by`: id of the account that decided it; `call`: on the record of which call, "" for none.

    Times in milliseconds since 1970. `reason` is sealed where it is stored, and "" where no data key here opens it.
    """

    v: int = SCHEMA_VERSION
    customer: str
    since_ms: int
    until_ms: int
    by: str
    reason: str
    call: str = ""


class BlockList:
    """The blocked customers of one pool."""

    def __init__(self, redis: Redis, *, pool: str, cipher: Cipher, clock: Clock) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._cipher = cipher
        self._clock = clock

    async def check(self, customer: str) -> None:
        """Let a customer pass who is not blocked.

        Raises:
            Blocked: this one is.
        """
        if await self._redis.exists(self._keys.blocked(customer)):
            raise Blocked

    async def add(self, customer: str, *, reason: str, days: int, by: str, call: str = "") -> Block:
        """Block a customer for so many days from now; an earlier block is replaced.

        Raises:
            BadBlock: no customer's id, no reason or one that is too long, or no number of days from 1 to `MOST_DAYS`.
        """
        reason = _NOISE.sub(" ", reason).strip()
        if _CUSTOMER.fullmatch(customer) is None or not 1 <= days <= MOST_DAYS or not 1 <= len(reason) <= MAX_REASON:
            raise BadBlock
        now_ms = self._clock.now_ms()
        block = Block(
            customer=customer, since_ms=now_ms, until_ms=now_ms + days * DAY_MS, by=by, reason=reason, call=call
        )
        sealed = msgspec.structs.replace(block, reason=self._cipher.seal(reason))
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(self._keys.blocked(customer), msgspec.json.encode(sealed), px=days * DAY_MS)
            pipe.zadd(self._keys.blocks, {customer: block.until_ms})
            pipe.zremrangebyscore(self._keys.blocks, "-inf", now_ms)
            await pipe.execute()
        return block

    async def remove(self, customer: str) -> None:
        """Let a customer call again; for one who may, nothing changes."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(self._keys.blocked(customer))
            pipe.zrem(self._keys.blocks, customer)
            await pipe.execute()

    async def get(self, customer: str) -> Block | None:
        """Return a customer's block, None without one.

        Raises:
            BlockUnreadable: it is of another schema version.
        """
        raw = await self._redis.get(self._keys.blocked(customer))
        return None if raw is None else self._read(raw)

    async def all(self) -> tuple[Block, ...]:
        """Return the blocks that hold now, those that end first before the others.

        Raises:
            BlockUnreadable: one is of another schema version.
        """
        now_ms = self._clock.now_ms()
        found: Any = await self._redis.zrange(self._keys.blocks, f"({now_ms}", "+inf", byscore=True)
        names = [self._keys.blocked(text_of(customer)) for customer in found]
        values: list[Any] = []
        for first in range(0, len(names), AT_ONCE):
            values += await self._redis.mget(names[first : first + AT_ONCE])
        return tuple(self._read(raw) for raw in values if raw is not None)

    def _read(self, raw: bytes | str) -> Block:
        block = msgspec.json.decode(raw, type=Block)
        if not readable(block.v):
            raise BlockUnreadable
        try:
            return msgspec.structs.replace(block, reason=self._cipher.open_or_plain(block.reason))
        except Unreadable:
            return msgspec.structs.replace(block, reason="")
