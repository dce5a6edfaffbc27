"""What the host application is to be told: kept sealed until it is told, tried again, and put aside when it cannot be.

Any node may send, and any number of them: an event is leased before it is tried. An event has one name however often it
is put, so that two nodes that see the same thing tell it once.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import msgspec
from redis.asyncio import Redis

from video_service.cipher import Cipher
from video_service.clock import Clock
from video_service.keys import SCHEMA_VERSION, Keys
from video_service.redis_client import text_of
from video_service.webhook import payload

Kind = Literal["turn.near", "callback.due", "follow_up.answered", "follow_up.calling"]

DAY_MS = 86_400_000
KEPT_MS = 3 * DAY_MS  # an event, or the mark that it was told
DEAD_MS = 7 * DAY_MS
LEASE_MS = 60_000
RETRY_S = (5, 60, 300, 1_800, 7_200, 18_000)
"""How long after each failed try the next one comes; after the last the event is put aside."""
GONE = 410
"""The host says that it wants no such requests: the event is put aside at once."""
_SCRIPTS = Path(__file__).parent / "scripts"
# A person whom a launch token named; the host can work this id out from its own (docs/how-to/webhook.md).
_OF_HOST = re.compile(r"c-[0-9a-f]{20}")

Post = Callable[[str, bytes], Awaitable[int]]
"""Sends an event's body and returns the answer's status; raises OSError, TimeoutError or ValueError without one."""


def is_of_host(customer: str) -> bool:
    """Return whether this is a customer whom a launch token named, so that the host knows whose id it is."""
    return _OF_HOST.fullmatch(customer) is not None


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An event that is not told: when it is tried next, or (dead) was put aside; `status` of the last answer, or 0."""

    event: str
    kind: str
    at_ms: int
    tries: int
    status: int
    dead: bool


class Outbox:
    """The events of one pool that are to be told."""

    def __init__(self, redis: Redis, *, pool: str, cipher: Cipher, clock: Clock) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._cipher = cipher
        self._clock = clock
        self._put, self._take, self._tried = (
            redis.register_script((_SCRIPTS / f"webhook_{name}.lua").read_text(encoding="utf-8"))
            for name in ("put", "take", "tried")
        )

    async def put(self, kind: Kind, subject: str, customer: str, **data: int | str) -> bool:
        """Keep an event about a customer to be told; return False when it is told already, or the host knows nobody.

        `subject` tells events of one kind apart: what happened once is told once.
        """
        if not is_of_host(customer):
            return False
        event = "e-" + hashlib.sha256(f"{kind}|{subject}".encode()).hexdigest()[:32]
        now_ms = self._clock.now_ms()
        body = payload(kind, now_ms, {"customer": customer, **data})
        fields: list[str | int] = ["v", SCHEMA_VERSION, "kind", kind, "sealed", self._cipher.seal(body.decode())]
        keys = [self._keys.webhook(event), self._keys.webhooks]
        return bool(await self._put(keys=keys, args=[event, now_ms, KEPT_MS, *fields]))

    async def send_next(self, post: Post) -> bool:
        """Try to tell the event that is due longest; return whether there was one."""
        now_ms = self._clock.now_ms()
        taken = await self._take(keys=[self._keys.webhooks], args=[now_ms, LEASE_MS])
        if not taken:
            return False
        event = text_of(taken)
        sealed, tries = await self._redis.hmget(self._keys.webhook(event), ["sealed", "tries"])
        if sealed is None:
            await self._redis.zrem(self._keys.webhooks, event)
            return True
        try:
            status = await post(event, self._cipher.open(text_of(sealed)).encode())
        except (OSError, TimeoutError, ValueError):
            status = 0
        keys = [self._keys.webhook(event), self._keys.webhooks, self._keys.webhooks_dead]
        after = self._after(status, int(tries or 0))
        await self._tried(keys=keys, args=[event, self._clock.now_ms(), status, after, DEAD_MS])
        return True

    async def waiting(self) -> list[Waiting]:
        """Return what is not told, what is put aside last."""
        await self._redis.zremrangebyscore(self._keys.webhooks_dead, "-inf", self._clock.now_ms() - DEAD_MS)
        found = []
        for index, dead in ((self._keys.webhooks, False), (self._keys.webhooks_dead, True)):
            pairs: list[Any] = await self._redis.zrange(index, 0, -1, withscores=True)
            for raw, at_ms in pairs:
                event = text_of(raw)
                kind, tries, status = await self._redis.hmget(self._keys.webhook(event), ["kind", "tries", "status"])
                if kind is not None:
                    found.append(
                        Waiting(
                            event=event,
                            kind=text_of(kind),
                            at_ms=int(at_ms),
                            tries=int(tries or 0),
                            status=int(status or 0),
                            dead=dead,
                        )
                    )
        return found

    async def retry(self) -> int:
        """Try everything that was put aside again, from the first try on; return how much that is."""
        ids: list[Any] = await self._redis.zrange(self._keys.webhooks_dead, 0, -1)
        count = 0
        for raw in ids:
            event = text_of(raw)
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.zrem(self._keys.webhooks_dead, event)
                pipe.hset(self._keys.webhook(event), "tries", "0")
                pipe.zadd(self._keys.webhooks, {event: self._clock.now_ms()})
                await pipe.execute()
            count += 1
        return count

    async def export_of(self, customer: str) -> tuple[dict[str, Any], ...]:
        """Return what is to be told of a customer, in a form that can be handed over."""
        return tuple([about async for _, about in self._about(customer)])

    async def erase_of(self, customer: str) -> int:
        """Take what is to be told of a customer away; return how much that was."""
        events = [event async for event, _ in self._about(customer)]
        for event in events:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.delete(self._keys.webhook(event))
                pipe.zrem(self._keys.webhooks, event)
                pipe.zrem(self._keys.webhooks_dead, event)
                await pipe.execute()
        return len(events)

    async def _about(self, customer: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        for index in (self._keys.webhooks, self._keys.webhooks_dead):
            ids: list[Any] = await self._redis.zrange(index, 0, -1)
            for raw in ids:
                sealed = await self._redis.hget(self._keys.webhook(text_of(raw)), "sealed")
                said = None if sealed is None else msgspec.json.decode(self._cipher.open(text_of(sealed)))
                if said is not None and said["data"]["customer"] == customer:
                    yield text_of(raw), said

    def _after(self, status: int, tries: int) -> str | int:
        if 200 <= status < 300:
            return "sent"
        if status == GONE or tries >= len(RETRY_S):
            return "dead"
        # Not all at once when the host comes back.
        return self._clock.now_ms() + round(RETRY_S[tries] * 1_000 * random.uniform(1.0, 1.2))
