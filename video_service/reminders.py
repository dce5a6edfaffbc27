"""Sees what the host application is to be told of, and tells it: a place that comes near, a callback, an answer.

Off without an endpoint. Each node looks and sends by the clock; the outbox keeps them from telling anything twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

import structlog
from redis.asyncio import Redis

from video_service.callbacks import Callbacks
from video_service.clock import Clock
from video_service.keys import Keys
from video_service.redis_client import text_of
from video_service.tasks import cancel_and_wait
from video_service.webhook import Endpoint, post
from video_service.webhook_outbox import Outbox

log = structlog.get_logger(__name__)

LOOK_S = 5.0
SEND_TIMEOUT_S = 15.0
NEAR = 2
"""A kept place is near when so many or fewer stand in the line, the customer included."""
DUE_MS = 600_000
"""So long before its time a callback is due."""
ANSWERED_MS = 3_600_000
"""An answer is news for so long: a node that was away as long tells nothing old."""


class NearPlaces(Protocol):
    """The line, as far as it concerns those whose page is away."""

    async def near_places(self, near: int) -> Sequence[tuple[str, str, int]]:
        """Return call, customer and place of those whose place is kept, whose page is away and who stand near."""
        ...


class Reminders:
    """The loop of one node. `start` begins it, where there is an endpoint; `close` ends it."""

    def __init__(
        self,
        redis: Redis,
        *,
        pool: str,
        outbox: Outbox,
        line: NearPlaces,
        callbacks: Callbacks,
        clock: Clock,
        endpoint: Endpoint | None,
    ) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._outbox = outbox
        self._line = line
        self._callbacks = callbacks
        self._clock = clock
        self._endpoint = endpoint
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to look and to tell."""
        if self._endpoint is not None and not self._tasks:
            self._tasks.append(asyncio.create_task(self._run(self._endpoint), name="reminders"))

    async def close(self) -> None:
        """Stop. May be called twice; what is not told stays for the next start."""
        await cancel_and_wait(self._tasks)
        self._tasks.clear()

    async def look(self) -> None:
        """Put everything into the outbox that the host is to be told now."""
        now_ms = self._clock.now_ms()
        for call, customer, place in await self._line.near_places(NEAR):
            await self._outbox.put("turn.near", call, customer, place=place)
        for booking in await self._callbacks.all():
            if booking.start_ms - DUE_MS <= now_ms:
                await self._outbox.put(
                    "callback.due", booking.callback, booking.facts.customer, start_ms=booking.start_ms
                )
        done: list[Any] = await self._redis.zrange(
            self._keys.messages("done"), now_ms - ANSWERED_MS, now_ms, byscore=True
        )
        for each in done:
            await self._answered(text_of(each))

    async def _answered(self, entry: str) -> None:
        promise = not entry.startswith("m-")
        key = self._keys.record(entry) if promise else self._keys.message(entry)
        customer, by = await self._redis.hmget(key, ["customer", "promise_done_by"])
        # Who was called back has had the answer, in sign.
        if customer is not None and not text_of(by or "").startswith("c_"):
            about = "follow_up" if promise else "message"
            await self._outbox.put("follow_up.answered", entry, text_of(customer), about=about)

    async def _run(self, endpoint: Endpoint) -> None:
        async def tell(event: str, body: bytes) -> int:
            now_s = self._clock.now_ms() // 1_000
            return await post(endpoint, event, body, now_s=now_s, timeout_s=SEND_TIMEOUT_S)

        while True:
            try:
                await self.look()
                while await self._outbox.send_next(tell):
                    pass
            except Exception as error:  # noqa: BLE001 - the next look may go well
                log.warning("reminders_retry", error=type(error).__name__)
            await asyncio.sleep(LOOK_S)
