"""Sees what there is to be told of, and tells it: a place that comes near, a callback, an answer.

It is told to the host application where there is an endpoint, and to browsers of customers where those are pushed to.
Each node looks and sends by the clock; outbox and marks keep them from telling anything twice. There are two loops, so
that a push service that is slow keeps no host application waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from redis.asyncio import Redis

from video_service.callbacks import Callbacks
from video_service.clock import Clock
from video_service.keys import Keys
from video_service.redis_client import text_of
from video_service.tasks import cancel_and_wait
from video_service.web_push_store import WebPush
from video_service.webhook import Endpoint, post
from video_service.webhook_outbox import Kind, Outbox

log = structlog.get_logger(__name__)

LOOK_S = 5.0
SEND_TIMEOUT_S = 15.0
NEAR = 2
"""A kept place is near when so many or fewer stand in the line, the customer included."""
DUE_MS = 600_000
"""So long before its time a callback is due."""
ANSWERED_MS = 3_600_000
"""An answer is news for so long: a node that was away as long tells nothing old."""
MOST_SOON = 1_000


class NearPlaces(Protocol):
    """The line, as far as it concerns those whose page is away."""

    async def near_places(self, near: int) -> Sequence[tuple[str, str, int]]:
        """Return call, customer and place of those whose place is kept, whose page is away and who stand near."""
        ...


@dataclass(frozen=True)
class News:
    """What one customer is to be told; `data` is for the host application alone."""

    kind: Kind
    subject: str
    customer: str
    data: dict[str, int | str] = field(default_factory=dict)


class Reminders:
    """The loops of one node. `start` begins those for which there is somebody to tell; `close` ends them."""

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
        pushes: WebPush | None = None,
    ) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._outbox = outbox
        self._line = line
        self._callbacks = callbacks
        self._clock = clock
        self._endpoint = endpoint
        self._pushes = pushes if pushes is not None and pushes.public else None
        self._soon: asyncio.Queue[News] = asyncio.Queue(MOST_SOON)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to look and to tell."""
        if self._tasks:
            return
        if self._endpoint is not None:
            self._tasks.append(asyncio.create_task(self._run(self._tell_host(self._endpoint)), name="reminders"))
        if self._pushes is not None:
            self._tasks.append(asyncio.create_task(self._run(self._tell_browsers(self._pushes)), name="pushes"))

    async def close(self) -> None:
        """Stop. May be called twice; what is not told stays for the next start."""
        await cancel_and_wait(self._tasks)
        self._tasks.clear()

    def soon(self, kind: Kind, subject: str, customer: str) -> None:
        """Tell a customer's browser of what no look finds; the host application was told where it happened."""
        if self._pushes is not None:
            with contextlib.suppress(asyncio.QueueFull):  # it is an extra: what is lost stands on the page
                self._soon.put_nowait(News(kind, subject, customer))

    async def look(self) -> None:
        """Put everything into the outbox that the host is to be told now."""
        for each in await self.news():
            await self._outbox.put(each.kind, each.subject, each.customer, **each.data)

    async def news(self) -> list[News]:
        """Return what there is to be told now, told already or not."""
        now_ms = self._clock.now_ms()
        places = await self._line.near_places(NEAR)
        found = [News("turn.near", call, customer, {"place": place}) for call, customer, place in places]
        found += [
            News("callback.due", each.callback, each.facts.customer, {"start_ms": each.start_ms})
            for each in await self._callbacks.all()
            if each.start_ms - DUE_MS <= now_ms
        ]
        done: list[Any] = await self._redis.zrange(
            self._keys.messages("done"), now_ms - ANSWERED_MS, now_ms, byscore=True
        )
        return found + [news for each in done if (news := await self._answered(text_of(each))) is not None]

    async def _answered(self, entry: str) -> News | None:
        promise = not entry.startswith("m-")
        key = self._keys.record(entry) if promise else self._keys.message(entry)
        customer, by = await self._redis.hmget(key, ["customer", "promise_done_by"])
        # Who was called back has had the answer, in sign.
        if customer is None or text_of(by or "").startswith("c_"):
            return None
        return News("follow_up.answered", entry, text_of(customer), {"about": "follow_up" if promise else "message"})

    def _tell_host(self, endpoint: Endpoint) -> Callable[[], Awaitable[None]]:
        async def tell(event: str, body: bytes) -> int:
            now_s = self._clock.now_ms() // 1_000
            return await post(endpoint, event, body, now_s=now_s, timeout_s=SEND_TIMEOUT_S)

        async def turn() -> None:
            await self.look()
            while await self._outbox.send_next(tell):
                pass

        return turn

    def _tell_browsers(self, pushes: WebPush) -> Callable[[], Awaitable[None]]:
        async def turn() -> None:
            soon = [self._soon.get_nowait() for _ in range(self._soon.qsize())]
            await pushes.tell_all([*soon, *await self.news()])

        return turn

    async def _run(self, turn: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await turn()
            except Exception as error:  # noqa: BLE001 - the next look may go well
                log.warning("reminders_retry", error=type(error).__name__)
            await asyncio.sleep(LOOK_S)
