"""`video-service webhook`: what the host application is not told yet, and what was given up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import typer
from redis.asyncio import Redis

from video_service.cipher import Cipher
from video_service.cli_store import DataDir, print_json, with_cipher
from video_service.clock import SystemClock
from video_service.settings import Settings
from video_service.webhook_outbox import Outbox, Waiting

T = TypeVar("T")

app = typer.Typer(
    help="What the host application is told.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command("list")
def list_(data: DataDir = None) -> None:
    """Print what is not told yet, and what was put aside because it could not be, as JSON; no customer is named."""

    async def waiting(outbox: Outbox) -> list[Waiting]:
        return await outbox.waiting()

    print_json(msgspec.to_builtins(_do(data, waiting)))


@app.command()
def retry(data: DataDir = None) -> None:
    """Try again to tell what was put aside."""

    async def retried(outbox: Outbox) -> int:
        return await outbox.retry()

    typer.echo(f"{_do(data, retried)} will be tried again.")


def _do(data_dir: Path | None, work: Callable[[Outbox], Awaitable[T]]) -> T:
    async def connected(redis: Redis, settings: Settings, cipher: Cipher) -> T:
        return await work(Outbox(redis, pool=settings.pool, cipher=cipher, clock=SystemClock()))

    return with_cipher(data_dir, connected)
