"""`video-service audit`: who looked at whose data."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from redis.asyncio import Redis
from rich.table import Table

from video_service.audit import Audit, Look
from video_service.cli_store import AsJson, DataDir, fail, print_json, print_table, with_store
from video_service.clock import SystemClock, utc
from video_service.settings import Settings

MAX_LIMIT = 100_000

app = typer.Typer(
    help="Who looked at whose data, and when.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def audit() -> None:
    """Who looked at whose data, and when. Nothing of what was seen is kept."""


@app.command("list")
def list_(
    from_: Annotated[str, typer.Option("--from", help="Looks from this time on: 2026-03-02, or with a time.")] = "",
    who: Annotated[str, typer.Option(help="Only looks by this person's id (see `users list --json`).")] = "",
    what: Annotated[str, typer.Option(help="Only looks of this kind, such as record.")] = "",
    about: Annotated[str, typer.Option(help="Only looks at the data of this person's id.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=MAX_LIMIT, help="How many, newest first.")] = 100,
    as_json: AsJson = False,
    data: DataDir = None,
) -> None:
    """List the looks, newest first; about "" is a list of many people."""
    from_ms = _moment_ms(from_) if from_ else 0
    looks, more = _read(data, from_ms, who, what, about, limit)
    if as_json:
        print_json(msgspec.to_builtins(looks))
        return
    if not looks:
        typer.echo("No looks in that time.")
        return
    table = Table("when (UTC)", "who", "role", "what", "about")
    for look in looks:
        table.add_row(f"{utc(look.at_ms):%Y-%m-%d %H:%M:%S}", look.who, look.role, look.what, look.about)
    print_table(table)
    if more:
        typer.echo(f"The newest {limit}; --limit, --from, --who, --what and --about show others.")


def _read(data: Path | None, from_ms: int, who: str, what: str, about: str, limit: int) -> tuple[list[Look], bool]:
    async def newest(redis: Redis, settings: Settings) -> tuple[list[Look], bool]:
        log = Audit(redis, pool=settings.pool, clock=SystemClock(), retention_days=settings.audit_retention_days)
        found: list[Look] = []
        async for look in log.each(from_ms=from_ms, who=who, what=what, about=about):
            if len(found) == limit:
                return found, True
            found.append(look)
        return found, False

    return with_store(data, newest)


def _moment_ms(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        fail("A time is like 2026-03-02 or 2026-03-02T09:00+08:00; without a zone it is UTC.")
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
