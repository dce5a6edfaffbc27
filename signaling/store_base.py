"""One way for the store to talk to Redis: run a script by its digest, read its answer, raise what it refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from signaling.errors import BY_CODE, SchemaUnknown, SignalingError, StoreUnavailable
from signaling.policy import Policy
from signaling.scripts_loader import PREFIX, Library
from video_service.cipher import Cipher, new_key
from video_service.day import day_start_ms
from video_service.keys import Keys
from video_service.redis_client import text_of
from video_service.tasks import keeps_cancellation

log = structlog.get_logger(__name__)

Clock = Callable[[], int]
"""Returns epoch milliseconds."""

Argument = str | int | bytes

LIBRARIES_KEPT = 64
LOAD_TRIES = 3

CALL_TIMEOUT_S = 2.0
"""No single script may keep its caller waiting longer (they take well under a millisecond)."""


def reply_code(error: RedisError) -> str:
    """Return the code that a server's refusal begins with ("MISCONF"), "" without one; the rest may hold data."""
    word = str(error).partition(" ")[0]
    return word if word.isalpha() and word.isupper() else ""


def library_names(listed: list[Any]) -> set[str]:
    """Return the names of our libraries in an answer to FUNCTION LIST, whose shape differs with the protocol."""
    words = [word for row in listed for word in (row.values() if isinstance(row, dict) else row)]
    texts = {text_of(word) for word in words if isinstance(word, str | bytes)}
    return {text for text in texts if text.startswith(PREFIX)}


class StoreBase:
    """Redis, the pool's key names, the policy, and the scripts built from it.

    `redis` should be a client of `video_service.redis_client.hot`: a client that repeats a script by itself could act
    twice.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        pool: str = "main",
        policy: Policy | None = None,
        clock: Clock | None = None,
        cipher: Cipher | None = None,
    ) -> None:
        """`clock` is for tests; without it the time is Redis TIME, read inside each script.

        `cipher` seals what people are called and write; without it, for tests too, a key does that which nobody else
        has, so that nothing is ever stored in plain.
        """
        self.redis = redis
        self.cipher = cipher or Cipher([new_key()])
        self.keys = Keys(pool)
        self.policy = policy or Policy()
        self._clock = clock
        self._library = Library(self.policy)
        self._day = (0, 0)

    async def load(self) -> None:
        """Put the library of scripts on the server. A server that forgets it (restart) gets it again by itself.

        Raises:
            StoreUnavailable: no answer, or the server refuses.
        """
        try:
            names = library_names(await self.redis.function_list(library=f"{PREFIX}*"))
            if self._library.name in names:
                return
            # Of earlier policies and versions; a node that still works with one of them loads it again.
            for name in names if len(names) >= LIBRARIES_KEPT else ():
                await self.redis.function_delete(name)
            await self._load()
        except RedisError as error:
            raise StoreUnavailable from error

    async def _load(self) -> None:
        await self.redis.function_load(self._library.text, replace=True)

    def now_ms(self) -> int:
        """Return the test clock's time, or 0: let the script read Redis TIME."""
        return self._clock() if self._clock else 0

    def times(self) -> str:
        """Return "now:today:tomorrow" for a script: `now_ms`, and the midnights around now in the policy's zone, in ms.

        Lua knows no time zones. This machine says which day it is: its clock's error moves midnight, and nothing else.
        """
        now_ms = self.now_ms()
        at_ms = now_ms or time.time_ns() // 1_000_000
        if not self._day[0] <= at_ms < self._day[1]:
            start_ms = day_start_ms(at_ms, self.policy.time_zone)
            # A day and a half on is the next day, also where clocks change.
            self._day = start_ms, day_start_ms(start_ms + 129_600_000, self.policy.time_zone)
        return f"{now_ms}:{self._day[0]}:{self._day[1]}"

    async def run(self, name: str, *arguments: Argument) -> dict[str, Any]:
        """Run script `name` and return its answer.

        Raises:
            SignalingError: the script refused; the class tells why.
            StoreUnavailable: no answer, or the server cannot do it now (read-only, out of memory, a failing disk);
                how much of the script ran is unknown.
        """
        try:
            with keeps_cancellation():
                async with asyncio.timeout(CALL_TIMEOUT_S):
                    raw = await self._evaluate(name, [self.keys.root, self.times(), *arguments])
        except (RedisConnectionError, RedisTimeoutError, TimeoutError) as error:
            raise StoreUnavailable from error
        except RedisError as error:
            if "SCHEMA" in str(error):
                raise SchemaUnknown(script=name) from error
            log.error("store_refused", script=name, error=type(error).__name__, reply=reply_code(error))
            raise StoreUnavailable from error
        answer: dict[str, Any] = msgspec.json.decode(raw)
        refused = answer.get("refused")
        if refused is not None:
            raise BY_CODE.get(refused, SignalingError)()
        return answer

    async def _evaluate(self, name: str, words: list[Argument]) -> Any:
        function = self._library.function(name)
        tries = LOAD_TRIES
        while True:
            try:
                return await self.redis.fcall(function, 1, *words)
            except ResponseError as error:
                tries -= 1
                if not tries or "Function not found" not in str(error):
                    raise
            await self._load()
