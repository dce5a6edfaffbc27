"""Connections to Redis or Valkey, each kind with time limits that fit its use.

redis-py's own defaults (a 5 s socket time-out and ten retries) make a call that should fail at once hang for most of a
minute, and cut a blocking read that should wait; so every connection of the service is made here.
"""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.client import NEVER_DECODE

from video_service.tasks import keeps_cancellation

MAX_CONNECTIONS = 64


class _Pipeline(Pipeline):
    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        with keeps_cancellation():
            return await super().execute(raise_on_error)


class _Client(Redis):
    """A client whose callers can be cancelled for certain: a loop around its calls could not be ended otherwise."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        with keeps_cancellation():
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        return _Pipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


def hot(url: str, *, timeout_s: float = 1.0) -> Redis:
    """Return a client for commands that somebody waits for: a short time limit, and no retry.

    A script is not repeated by the client because the first try may have been carried out; who calls it decides.
    Answers are text (`decode_responses`). Close it with `aclose()`.
    """
    return _Client.from_url(
        url,
        decode_responses=True,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
        max_connections=MAX_CONNECTIONS,
    )


def blocking(url: str, *, connect_timeout_s: float = 1.0) -> Redis:
    """Return a client for blocking reads (XREAD BLOCK, pub/sub): it waits as long as the command says."""
    return _Client.from_url(
        url,
        decode_responses=True,
        socket_timeout=None,
        socket_connect_timeout=connect_timeout_s,
        retry=Retry(NoBackoff(), 0),
        max_connections=MAX_CONNECTIONS,
    )


def text_of(value: bytes | str) -> str:
    """Return an answer as text, whether or not the client that brought it decodes."""
    return value.decode() if isinstance(value, bytes) else value


async def raw(redis: Redis, *command: str) -> Any:
    """Return the answer to a command as bytes, whether or not the client decodes: bits and packed data are no text."""
    return await redis.execute_command(*command, **{NEVER_DECODE: True})  # type: ignore[no-untyped-call]
