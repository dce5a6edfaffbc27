"""Marks of where rostered agents were, minute by minute, for two days: what adherence is reckoned from.

One node of a pool makes the marks of a minute, from what the coordinators' wall shows anyway. Two bits a minute and
agent; who is neither on shift nor here has none. Nothing is looked at but the agent's own state: no picture, no call.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from redis.asyncio import Redis
from redis.exceptions import RedisError

from scheduler.adherence import Mark
from video_service import floor
from video_service.clock import Clock
from video_service.errors import ServiceError
from video_service.keys import Keys
from video_service.plan_input import midnight_ms
from video_service.redis_client import raw
from video_service.tasks import cancel_and_wait, keeps_cancellation

MINUTE_MS = 60_000
TURN_MS = 55_000
KEPT_MS = 2 * 86_400_000
MINUTES = 25 * 60  # of the longest day
_MARKS = {
    "available": Mark.HERE,
    "reserved": Mark.HERE,
    "on_call": Mark.HERE,
    "after_call": Mark.HERE,
    "rest": Mark.HERE,  # asked for by the service itself
    "break": Mark.BREAK,
    "offline": Mark.AWAY,
}


class Rostered(Protocol):
    """A shift."""

    @property
    def agent(self) -> str: ...


class Wall(Protocol):
    """Who knows where agents are, and who has a shift."""

    async def coordinator_view(self) -> Any:
        """Return the live wall; of its `agents` each has an `agent` and a `state`."""
        ...

    async def shifts(self, from_ms: int, to_ms: int) -> Sequence[Rostered]:
        """Return the shifts that overlap from_ms <= t < to_ms."""
        ...


class Attendance:
    """The marks of one pool. `start` makes one each minute until `close`."""

    def __init__(self, redis: Redis, wall: Wall, clock: Clock, *, pool: str, zone: ZoneInfo) -> None:
        self._zone = zone
        self._redis = redis
        self._wall = wall
        self._clock = clock
        self._pool = pool
        self._keys = Keys(pool)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to make marks."""
        if not self._tasks:
            self._tasks.append(asyncio.create_task(self._run(), name="attendance"))

    async def close(self) -> None:
        """Stop. May be called twice."""
        await cancel_and_wait(self._tasks)
        self._tasks.clear()

    async def mark(self) -> bool:
        """Mark this minute; False when another node has done it."""
        day, began_ms = today_of(self._clock.now_ms(), self._zone)
        minute = (self._clock.now_ms() - began_ms) // MINUTE_MS
        won = await self._redis.set(self._keys.attendance_turn, f"{day} {minute}", nx=True, px=TURN_MS)
        if not won or not 0 <= minute < MINUTES:
            return False
        now_ms = self._clock.now_ms()
        view = await self._wall.coordinator_view()
        states = {one.agent: _MARKS.get(str(one.state), Mark.NONE) for one in view.agents}
        for shift in await self._wall.shifts(now_ms, now_ms + 1):
            states.setdefault(shift.agent, Mark.AWAY)
        async with self._redis.pipeline(transaction=False) as pipe:
            for agent, mark in states.items():
                key = self._keys.attendance(day, agent)
                pipe.execute_command("BITFIELD", key, "SET", "u2", f"#{minute}", int(mark))
                pipe.pexpire(key, KEPT_MS)
            counts = floor.minute_of(str(one.state) for one in view.agents)
            for command in floor.writes(self._pool, day, minute, counts):
                pipe.execute_command(*command)
            await pipe.execute()
        return True

    async def marks(self, day: str, agents: Sequence[str]) -> Mapping[str, dict[int, Mark]]:
        """Return the marks of agents on a day, by minute since its midnight; minutes without one are left out."""
        if not agents:
            return {}
        rows = await raw(self._redis, "MGET", *(self._keys.attendance(day, agent) for agent in agents))
        return {agent: _read(row or b"") for agent, row in zip(agents, rows, strict=True)}

    async def floor(self, day: str) -> dict[int, floor.Minute]:
        """Return how many were here and busy on a day, by minute since its midnight."""
        return await floor.read(self._redis, self._pool, day)

    async def _run(self) -> None:
        while True:
            with keeps_cancellation(), contextlib.suppress(RedisError, OSError, ServiceError):
                await self.mark()
            await asyncio.sleep(MINUTE_MS / 1000 - self._clock.now_ms() / 1000 % (MINUTE_MS / 1000))


def today_of(now_ms: int, zone: ZoneInfo) -> tuple[str, int]:
    """Return the day that it is, as YYYY-MM-DD, and when it began, milliseconds since 1970."""
    day = datetime.fromtimestamp(now_ms / 1000, zone).date()
    return day.isoformat(), midnight_ms(day, zone)


def _read(bits: bytes) -> dict[int, Mark]:
    found: dict[int, Mark] = {}
    for number, byte in enumerate(bits):
        for part in range(4) if byte else ():
            mark = Mark(byte >> (6 - 2 * part) & 3)
            if mark is not Mark.NONE:
                found[number * 4 + part] = mark
    return found
