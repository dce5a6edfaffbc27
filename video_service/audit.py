"""Who looked at whose data, and when. Ids and words only: nothing of what was seen stands here.

One Redis stream, whose entries are numbered by Redis's own clock; what is older than the retention goes as new entries
come, and the whole when none came for that long.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import msgspec
from redis.asyncio import Redis

from video_service.clock import Clock
from video_service.errors import ServiceError
from video_service.keys import SCHEMA_VERSION, Keys, readable
from video_service.redis_client import text_of

DAY_MS = 86_400_000
BATCH = 500

_WORD = re.compile(r"[A-Za-z0-9_.:-]{0,80}")


class AuditUnreadable(ServiceError):
    """An entry of the audit log has a schema version that this program cannot read."""

    code: ClassVar[str] = "schema_unknown"


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One entry: `who` (an account's id, or "operator" at the command line) did `what` to the data of `about`.

    `about` is a pseudonymous person or a call, "" for a list of many. `at_ms`: milliseconds since 1970.
    """

    at_ms: int
    who: str
    role: str
    what: str
    about: str = ""


class Audit:
    """The audit log of one pool."""

    def __init__(self, redis: Redis, *, pool: str, clock: Clock, retention_days: int) -> None:
        self._redis = redis
        self._clock = clock
        self._key = Keys(pool).audit
        self._retention_ms = retention_days * DAY_MS

    async def note(self, *, who: str, role: str, what: str, about: str = "") -> None:
        """Write one entry. Words are ids of this service; what is none of them is not written down.

        Raises:
            RedisError: it could not be written; whoever asks then shows nothing.
        """
        words = {"who": who, "role": role, "what": what, "about": about}
        fields: dict[Any, Any] = {name: word if _WORD.fullmatch(word) else "?" for name, word in words.items()}
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.xadd(self._key, {"v": SCHEMA_VERSION, **fields}, minid=f"{self._earliest_ms()}", approximate=False)
            pipe.pexpire(self._key, self._retention_ms)
            await pipe.execute()

    async def note_watching(self, who: str, role: str, call: str) -> None:
        """Write that somebody begins to look on at a live call.

        Raises:
            RedisError: it could not be written; nothing of the call is shown then.
        """
        await self.note(who=who, role=role, what="call_watched", about=call)

    async def each(self, *, from_ms: int = 0, who: str = "", what: str = "", about: str = "") -> AsyncIterator[Look]:
        """Yield the entries since `from_ms` that match, newest first.

        Raises:
            AuditUnreadable: an entry of another schema version.
        """
        until, since = "+", f"{max(from_ms, self._earliest_ms())}"
        while True:
            found: Any = await self._redis.xrevrange(self._key, max=until, min=since, count=BATCH)
            entries: list[Any] = found
            for number, fields in entries:
                look = _read(text_of(number), {text_of(name): text_of(value) for name, value in fields.items()})
                if who in ("", look.who) and what in ("", look.what) and about in ("", look.about):
                    yield look
            if len(entries) < BATCH:
                return
            until = f"({text_of(entries[-1][0])}"

    def _earliest_ms(self) -> int:
        return max(0, self._clock.now_ms() - self._retention_ms)


def _read(number: str, fields: dict[str, str]) -> Look:
    if not readable(int(fields.get("v", "-1"))):
        raise AuditUnreadable(entry=number)
    return msgspec.convert({**fields, "at_ms": int(number.partition("-")[0])}, type=Look)
