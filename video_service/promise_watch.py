"""Sees whose promises cannot be kept: the owner's account is shut, or the owner is on leave. The coordinators are told.

One node of a pool looks each minute; whoever shuts an account, on a page or by a command, sees to it at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from redis.asyncio import Redis
from redis.exceptions import RedisError

from video_service.accounts import Account
from video_service.clock import Clock
from video_service.errors import ServiceError
from video_service.keys import Keys
from video_service.promises import Promise, Promises
from video_service.redis_client import text_of
from video_service.shift_requests import Kind, ShiftRequest, State
from video_service.tasks import cancel_and_wait, keeps_cancellation

LOOK_S = 60.0
TURN_MS = 55_000
_AWAY = frozenset({Kind.LEAVE, Kind.AWAY})
_STANDS = frozenset({State.GRANTED, State.NOTED})


class Marks(Protocol):
    """Where promises are kept."""

    async def promises_away(self, found: Iterable[tuple[str, str]]) -> None:
        """Note of promises why their owner cannot keep them, "" for no reason any more."""
        ...


class Days(Protocol):
    """Where leave is kept."""

    async def days(self, first_day: date, days: int) -> Sequence[ShiftRequest]:
        """Return what stands about any of these days."""
        ...


async def tell_of_shut(redis: Redis, store: Marks, owner: str, *, pool: str) -> None:
    """Let the coordinators know at once that an account is shut whose open promises somebody else has to keep.

    For whoever has no watch, as a command beside the service; opening an account again is seen by the nodes' look.
    """
    owed: list[Any] = await redis.zrange(Keys(pool).promises_of(owner), 0, -1)
    await store.promises_away([(text_of(call), "disabled") for call in owed])


class PromiseWatch:
    """The loop of one node. `start` begins it, `close` ends it."""

    def __init__(
        self,
        redis: Redis,
        promises: Promises,
        store: Marks,
        accounts: Callable[[], Awaitable[list[Account]]],
        days: Days,
        clock: Clock,
        *,
        pool: str,
        zone: ZoneInfo,
    ) -> None:
        self._redis = redis
        self._promises = promises
        self._store = store
        self._accounts = accounts
        self._days = days
        self._clock = clock
        self._zone = zone
        self._turn = Keys(pool).promise_look
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to look."""
        if not self._tasks:
            self._tasks.append(asyncio.create_task(self._run(), name="promise watch"))

    async def close(self) -> None:
        """Stop. May be called twice."""
        await cancel_and_wait(self._tasks)
        self._tasks.clear()

    async def look_in_turn(self) -> None:
        """Look, unless another node does so in this minute."""
        if await self._redis.set(self._turn, "1", nx=True, px=TURN_MS):
            await self.look()

    async def look(self) -> None:
        """Look at every open promise: whether its owner is here to keep it on the day it is due, or today once late."""
        found = await self._promises.all_open()
        if not found:
            return
        at_work = {each.person for each in await self._accounts() if not each.disabled}
        on_leave: dict[date, set[str]] = {}
        changed = []
        for each in found:
            day = self.day_of(each)
            if day not in on_leave:
                on_leave[day] = await self._on_leave(day)
            why = "leave" if each.owner in on_leave[day] else ""
            if each.owner not in at_work:
                why = "disabled"
            if why != each.away:
                changed.append((each.call, why))
        await self._store.promises_away(changed)

    def day_of(self, promise: Promise) -> date:
        """Return the day that a promise is due, or today once it is late."""
        at_s = max(self._clock.now_ms(), promise.due_ms) / 1_000
        return datetime.fromtimestamp(at_s, UTC).astimezone(self._zone).date()

    async def _on_leave(self, day: date) -> set[str]:
        found = await self._days.days(day, 1)
        return {one.person for one in found if one.kind in _AWAY and one.state in _STANDS}

    async def _run(self) -> None:
        while True:
            with keeps_cancellation(), contextlib.suppress(RedisError, OSError, ServiceError):
                await self.look_in_turn()
            await asyncio.sleep(LOOK_S)
