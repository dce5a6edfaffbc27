"""Connections to Redis or Valkey, each kind with time limits that fit its use.

redis-py's own defaults (a 5 s socket time-out and ten retries) make a call that should fail at once hang for most of a
minute, and cut a blocking read that should wait; so every connection of the service is made here.
"""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.client import NEVER_DECODE
from redis.exceptions import TimeoutError as RedisTimeoutError

from video_service.errors import ServiceError
from video_service.tasks import keeps_cancellation

MAX_CONNECTIONS = 64
COMMANDS_AT_ONCE = 56  # the other connections are for subscriptions
TURN_S = 5.0
SENTINEL_SCHEME = "redis+sentinel"
SENTINEL_PORT = 26379


class BadStoreAddress(ServiceError):
    """REDIS_URL is redis://, rediss://, unix:// or redis+sentinel://[user:password@]host[:port],host[:port]/service."""

    code: ClassVar[str] = "bad_store_address"


class _Room:
    """So many commands at a time; the others wait for their turn, for the pool would refuse them at once."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(COMMANDS_AT_ONCE)

    async def __aenter__(self) -> None:
        try:
            async with asyncio.timeout(TURN_S):
                await self._free.acquire()
        except TimeoutError as error:
            raise RedisTimeoutError("no connection was free") from error

    async def __aexit__(self, *error: object) -> None:
        self._free.release()


class _Pipeline(Pipeline):
    room: _Room

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        async with self.room:
            with keeps_cancellation():
                return await super().execute(raise_on_error)


class _Client(Redis):
    """A client whose callers can be cancelled for certain: a loop around its calls could not be ended otherwise."""

    @functools.cached_property
    def room(self) -> _Room:
        """Where its commands wait when all its connections are busy."""
        return _Room()

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        async with self.room:
            with keeps_cancellation():
                return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        made = _Pipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
        made.room = self.room
        return made


class _PrimaryClient(_Client):
    """A client of whichever server the sentinels name as the primary now."""

    asks: Sentinel

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        for each in self.asks.sentinels:
            await each.aclose()


def hot(url: str, *, timeout_s: float = 1.0) -> Redis:
    """Return a client for commands that somebody waits for: a short time limit, and no retry.

    A script is not repeated by the client because the first try may have been carried out; who calls it decides.
    Answers are text (`decode_responses`). Close it with `aclose()`.
    """
    return _client(url, timeout_s=timeout_s, connect_timeout_s=timeout_s)


def blocking(url: str, *, connect_timeout_s: float = 1.0) -> Redis:
    """Return a client for blocking reads (XREAD BLOCK, pub/sub): it waits as long as the command says."""
    return _client(url, timeout_s=None, connect_timeout_s=connect_timeout_s)


def _client(url: str, *, timeout_s: float | None, connect_timeout_s: float) -> Redis:
    limits: dict[str, Any] = {"socket_timeout": timeout_s, "socket_connect_timeout": connect_timeout_s}
    if (sentinels := sentinels_of(url)) is not None:
        return _primary(sentinels, limits)
    try:
        return _Client.from_url(
            url, decode_responses=True, retry=Retry(NoBackoff(), 0), max_connections=MAX_CONNECTIONS, **limits
        )
    except ValueError as error:
        raise BadStoreAddress from error


@dataclass(frozen=True)
class Sentinels:
    """Who knows a service's primary, and how to sign in there. `own_password`: the sentinels', not the server's."""

    hosts: tuple[tuple[str, int], ...]
    service: str
    user: str | None
    password: str | None
    database: int
    own_password: str | None


def sentinels_of(url: str) -> Sentinels | None:
    """Return what a `redis+sentinel` address says, None for another; `?sentinel_password=` is the sentinels' own.

    Raises:
        BadStoreAddress: it cannot be read.
    """
    parts = urlsplit(url)
    if parts.scheme != SENTINEL_SCHEME:
        return None
    login, _, hosts = parts.netloc.rpartition("@")
    service, _, database = parts.path.strip("/").partition("/")
    user, _, password = login.partition(":")
    try:
        addresses = tuple((host.hostname or "", host.port or SENTINEL_PORT) for host in map(_host, hosts.split(",")))
        number = int(database or 0)
    except ValueError as error:
        raise BadStoreAddress from error
    if not service or not all(host for host, _ in addresses):
        raise BadStoreAddress
    return Sentinels(
        hosts=addresses,
        service=service,
        user=unquote(user) or None,
        password=unquote(password) or None,
        database=number,
        own_password=parse_qs(parts.query).get("sentinel_password", [None])[0],
    )


def _primary(asked: Sentinels, limits: dict[str, Any]) -> Redis:
    """Return a client of the primary that sentinels watch."""
    asks = {
        "socket_timeout": limits["socket_connect_timeout"],
        "socket_connect_timeout": limits["socket_connect_timeout"],
    }
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        asked.hosts, sentinel_kwargs={**asks, "retry": Retry(NoBackoff(), 0), "password": asked.own_password}
    )
    client: _PrimaryClient = sentinel.master_for(
        asked.service,
        redis_class=_PrimaryClient,
        username=asked.user,
        password=asked.password,
        db=asked.database,
        decode_responses=True,
        retry=Retry(NoBackoff(), 0),
        max_connections=MAX_CONNECTIONS,
        **limits,
    )
    client.asks = sentinel
    return client


def _host(text: str) -> SplitResult:
    return urlsplit(f"//{text}")


def text_of(value: bytes | str) -> str:
    """Return an answer as text, whether or not the client that brought it decodes."""
    return value.decode() if isinstance(value, bytes) else value


async def raw(redis: Redis, *command: str) -> Any:
    """Return the answer to a command as bytes, whether or not the client decodes: bits and packed data are no text."""
    return await redis.execute_command(*command, **{NEVER_DECODE: True})  # type: ignore[no-untyped-call]
