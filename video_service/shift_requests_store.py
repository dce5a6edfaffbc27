"""Requests about shifts as they are kept: found by what is open, by the days that they are about, by whose they are."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import date
from typing import Any, ClassVar

import msgspec
from redis.asyncio import Redis

from signaling.store_requests import RequestChange
from video_service.clock import Clock
from video_service.errors import ServiceError
from video_service.keys import SCHEMA_VERSION, Keys, readable
from video_service.redis_client import text_of
from video_service.shift_requests import LIVE, OF_DAYS, Kind, ShiftRequest, State

DAY_MS = 86_400_000
MOST_LIVE = 1_000
MOST_OF_ONE = 100
SHOWN = 100
_DAY_ONE = date(1970, 1, 1)


class UnknownRequest(ServiceError):
    """There is no such request, or its retention has passed."""

    code: ClassVar[str] = "unknown_request"


class RequestsFull(ServiceError):
    """So many requests are open that no more are taken: answer some, or take some back."""

    code: ClassVar[str] = "requests_full"


class RequestsUnreadable(ServiceError):
    """A request has a schema version that this program cannot read."""

    code: ClassVar[str] = "schema_unknown"


class RequestBook:
    """The requests of one pool. They are changed by the store of calls alone (`keep_requests`, `publish_roster`)."""

    def __init__(self, redis: Redis, *, pool: str, clock: Clock, retention_days: int) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._clock = clock
        self._retention_ms = retention_days * DAY_MS

    def change(self, found: ShiftRequest, *, tell: Iterable[str] = ()) -> RequestChange:
        """Return a request's next state as the store keeps it. `tell`: whose page should say that there is news."""
        at: dict[str, int] = {}
        if found.state in LIVE:
            at["live"] = found.lapses_ms
        else:
            at["past"] = found.changed_ms
        if found.kind in OF_DAYS and found.state in (State.NOTED, State.GRANTED):
            at["days"] = _ms_of(found.last_day)
        ends_ms = max(found.changed_ms, found.lapses_ms, _ms_of(found.last_day) if found.last_day else 0)
        # What is without meaning for a kind is not stored; the row's own `rev` is the script's.
        fields = {name: value for name, value in msgspec.to_builtins(found).items() if name != "rev"}
        people = {found.person, found.other, found.last} - {""}
        if found.kind is Kind.OPEN:
            people.discard(found.person)  # it is nobody's any more
        return RequestChange(
            id=found.request,
            rev=found.rev,
            fields=fields,
            at=at,
            people=sorted(people),
            tell=sorted(set(tell) - {""}),
            until_ms=ends_ms + self._retention_ms,
        )

    @staticmethod
    def new_id() -> str:
        """Return the id of a new request."""
        return "q-" + secrets.token_urlsafe(9)

    async def one(self, request: str) -> ShiftRequest:
        """Return a request.

        Raises:
            UnknownRequest: there is none, or its retention has passed.
        """
        found = await self._rows([request])
        if not found:
            raise UnknownRequest
        return found[0]

    async def room_for(self, person: str) -> None:
        """See to it that somebody may ask for one thing more.

        Raises:
            RequestsFull: there is too much of theirs, or of everybody's.
        """
        if await self._redis.zcard(self._keys.shift_requests("live")) >= MOST_LIVE:
            raise RequestsFull
        mine = await self.of(person)
        if sum(one.state in LIVE or one.state is State.NOTED for one in mine if one.person == person) >= MOST_OF_ONE:
            raise RequestsFull

    async def live(self) -> list[ShiftRequest]:
        """Return what waits for somebody, what lapses first at the head, what has lapsed by now included."""
        return await self._rows(await self._redis.zrange(self._keys.shift_requests("live"), 0, MOST_LIVE - 1))

    async def past(self) -> list[ShiftRequest]:
        """Return the latest that came to an end or stand, newest first."""
        return await self._rows(await self._redis.zrevrange(self._keys.shift_requests("past"), 0, SHOWN - 1))

    async def of(self, person: str) -> list[ShiftRequest]:
        """Return somebody's, their own and those that they were asked, what is forgotten last first."""
        names = await self._redis.zrevrange(self._keys.shift_requests_of(person), 0, 3 * MOST_OF_ONE - 1)
        return await self._rows(names)

    async def days(self, first_day: date, days: int) -> list[ShiftRequest]:
        """Return what stands about any of these days: leave, days away, wishes, days on which somebody cannot work."""
        first_ms = (first_day - _DAY_ONE).days * DAY_MS
        names = await self._redis.zrangebyscore(self._keys.shift_requests("days"), first_ms, "+inf")
        last_ms = first_ms + (days - 1) * DAY_MS
        return [one for one in await self._rows(names) if _ms_of(one.first_day) <= last_ms]

    async def news_seen_ms(self, person: str) -> int:
        """Return until when somebody has read the news about requests."""
        return int(await self._redis.hget(self._keys.shift_news, f"seen:{person}") or 0)

    async def seen(self, person: str) -> None:
        """Somebody has read what is new until now."""
        row: dict[Any, Any] = {"v": SCHEMA_VERSION, f"seen:{person}": self._clock.now_ms()}
        await self._redis.hset(self._keys.shift_news, mapping=row)

    async def automatic(self) -> bool:
        """Whether what breaks no rule is granted by itself once both agree."""
        return text_of(await self._redis.hget(self._keys.shift_rules, "auto") or b"") == "1"

    async def set_automatic(self, automatic: bool, *, by: str) -> None:
        """Let what breaks no rule be granted by itself, or by the coordinator."""
        row: dict[Any, Any] = {
            "v": SCHEMA_VERSION,
            "auto": int(automatic),
            "since_ms": self._clock.now_ms(),
            "by": by,
        }
        await self._redis.hset(self._keys.shift_rules, mapping=row)

    async def _rows(self, names: Iterable[Any]) -> list[ShiftRequest]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hgetall(self._keys.shift_request(text_of(name)))
            found = await pipe.execute()
        return [_read({text_of(name): text_of(value) for name, value in flat.items()}) for flat in found if flat]


def _read(row: dict[str, str]) -> ShiftRequest:
    if not readable(int(row.get("v", "-1"))):
        raise RequestsUnreadable
    return msgspec.convert(row, type=ShiftRequest, strict=False)


def _ms_of(day: str) -> int:
    return (date.fromisoformat(day) - _DAY_ONE).days * DAY_MS
