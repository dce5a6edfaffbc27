"""`video-service privacy`: what is stored of one customer, handed over or erased."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer
from redis.asyncio import Redis

from video_service.audit import Audit
from video_service.cipher import Cipher
from video_service.cli_store import DataDir, print_json, with_cipher
from video_service.clock import SystemClock
from video_service.left_messages import LeftMessages
from video_service.privacy import Known, Privacy
from video_service.rate_limit import RateLimits
from video_service.settings import Settings
from video_service.video_messages import VideoMessages, VideoRules
from video_service.video_messages_files import folder_of

T = TypeVar("T")

OPERATOR = {"who": "operator", "role": "operator"}

app = typer.Typer(
    help="What is stored of one customer.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Customer = Annotated[str, typer.Argument(help="The customer's id as on the record of a call, such as c-1a2b.")]


@app.command()
def export(customer: Customer, data: DataDir = None) -> None:
    """Print all that is stored of a customer, as JSON; the look is noted in the audit log."""

    async def known(privacy: Privacy) -> Known:
        return await privacy.export(customer, **OPERATOR)

    print_json(msgspec.to_builtins(_do(data, known)))


@app.command()
def erase(
    customer: Customer,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataDir = None,
) -> None:
    """Take a customer out of everything that is stored. This cannot be undone; backups are the operator's to end."""
    if not yes:
        typer.confirm(f"Erase what is stored of {customer}? This cannot be undone.", abort=True)

    async def erased(privacy: Privacy) -> int:
        return await privacy.erase(customer, **OPERATOR)

    count = _do(data, erased)
    typer.echo(f"Erased. {count} records of calls stay without a customer.")


def _do(data_dir: Path | None, work: Callable[[Privacy], Awaitable[T]]) -> T:
    async def connected(redis: Redis, settings: Settings, cipher: Cipher) -> T:
        pool = settings.pool
        messages = LeftMessages(redis, pool=pool, cipher=cipher, rates=RateLimits(redis, pool=pool, cipher=cipher))
        audit = Audit(redis, pool=settings.pool, clock=SystemClock(), retention_days=settings.audit_retention_days)
        videos = VideoMessages(
            redis,
            pool=pool,
            cipher=cipher,
            rates=RateLimits(redis, pool=pool, cipher=cipher),
            folder=folder_of(settings.video_messages_dir, settings.data_dir),
            rules=settings.project(VideoRules),
        )
        return await work(Privacy(redis, pool=pool, audit=audit, cipher=cipher, messages=messages, videos=videos))

    return with_cipher(data_dir, connected)
