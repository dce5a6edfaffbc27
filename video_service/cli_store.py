"""How the short commands reach the service's state, running or not, and how they say what went wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, TypeVar

import typer
from redis.asyncio import Redis
from redis.exceptions import RedisError
from rich.console import Console
from rich.table import Table

from video_service import redis_client, settings, valkey
from video_service.cipher import Cipher
from video_service.data_keys import Canaries, cipher_of
from video_service.errors import ServiceError
from video_service.settings import Settings

NO_TERMINAL_COLUMNS: Final = 1000

T = TypeVar("T")

# Whoever waits at a shell waits longer than a call may.
TIMEOUT_S = 10.0

DataDir = Annotated[
    Path | None,
    typer.Option("--data", help="Data folder of the service (default: as in the settings).", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table for people.")]


def with_store(data_dir: Path | None, work: Callable[[Redis, Settings], Awaitable[T]]) -> T:
    """Do `work` with a client of REDIS_URL, or of the embedded Valkey on the data folder.

    Ends the command with status 1 and a sentence when that cannot be.
    """
    with telling_errors():
        loaded = settings.load(data_dir=data_dir)
        with valkey.at_hand(loaded.data_dir, loaded.redis_url) as url:
            return asyncio.run(_connected(url, loaded, work))


def with_cipher(data_dir: Path | None, work: Callable[[Redis, Settings, Cipher], Awaitable[T]]) -> T:
    """Do `work` as `with_store`, with the data keys too; they have to be those of the store."""

    async def connected(redis: Redis, loaded: Settings) -> T:
        # The embedded server belongs to this data folder, and so does a file of keys that is made here.
        cipher = cipher_of(loaded, make=not loaded.redis_url)
        await Canaries(redis, pool=loaded.pool, cipher=cipher).check(starts=False)
        return await work(redis, loaded, cipher)

    return with_store(data_dir, connected)


@contextlib.contextmanager
def telling_errors() -> Iterator[None]:
    """Turn an error that a person can do something about into a sentence and status 1."""
    try:
        yield
    except ServiceError as error:
        fail(_sentence(error))
    except RedisError as error:
        fail(f"Redis does not answer as expected: {type(error).__name__}. Check REDIS_URL, and that it is running.")


def _sentence(error: ServiceError) -> str:
    facts = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in error.data.items())
    return f"{error.message.rstrip('.')} ({facts})." if facts else error.message


def fail(sentence: str) -> NoReturn:
    """Say why on standard error, and end the command with status 1."""
    Console(stderr=True, highlight=False).print(sentence, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(1)


def print_table(table: Table) -> None:
    """Print a table; what is in it is text, whatever it looks like. Nothing is cut off: an id is there to be copied."""
    console = Console(markup=False, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = NO_TERMINAL_COLUMNS
    for column in table.columns:
        column.overflow = "fold"
    console.print(table)


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


async def _connected(url: str, loaded: Settings, work: Callable[[Redis, Settings], Awaitable[T]]) -> T:
    redis = redis_client.hot(url, timeout_s=TIMEOUT_S)
    try:
        return await work(redis, loaded)
    finally:
        await redis.aclose()
