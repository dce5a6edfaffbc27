"""`video-service plan import`: the past of another system, kept as this service's own."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from redis.asyncio import Redis

from scheduler.errors import BadHistory
from scheduler.history import State
from signaling.policy import Policy
from video_service.cli_plan_common import say, zone_of
from video_service.cli_store import AsJson, DataDir, print_json, telling_errors, with_store
from video_service.clock import SystemClock
from video_service.past_import import Imported, import_past
from video_service.plan_input import hours_of
from video_service.plan_source import past_of_file
from video_service.queue_names import MAIN
from video_service.settings import Settings


def import_calls(
    file: Annotated[Path, typer.Argument(metavar="CSV", help="Past counts, with the columns start and calls.")],
    queue: Annotated[str, typer.Option(help="The queue whose past it is.")] = MAIN,
    zone: Annotated[
        str,
        typer.Option(
            "--zone", help="Time zone of the file's clock, such as Asia/Shanghai.", show_default="the service's"
        ),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be kept.")] = False,
    as_json: AsJson = False,
    data: DataDir = None,
) -> None:
    """Keep the past of another system, up to where this service counts for itself: all of the file, or nothing."""

    async def work(redis: Redis, loaded: Settings) -> Imported:
        await hours_of(redis, loaded.pool, loaded.time_zone, queue)  # says which queues there are
        policy = loaded.project(Policy)
        return await import_past(
            redis,
            past.history,
            pool=loaded.pool,
            queue=queue,
            zone=where,
            interval_minutes=policy.interval_minutes,
            retention_days=policy.rollup_retention_days,
            now_ms=SystemClock().now_ms(),
            dry_run=dry_run,
        )

    with telling_errors():
        where: ZoneInfo = zone_of(data, zone)
        past = past_of_file(file, where)
        if not (past.history.state == State.OPEN).any():
            raise BadHistory(f"{file} has no interval in which the queue was open.")
        found = with_store(data, work)
    if as_json:
        told = {name: str(value) if name in ("first", "last") else value for name, value in asdict(found).items()}
        print_json(told | {"queue": queue, "dry_run": dry_run})
        return
    be = "would be" if dry_run else "are"
    words = f"{found.calls} calls from {found.first} to {found.last} {be} kept as the past of {queue}"
    old = f"{found.too_old_days} days are older than sums are kept, and are left out"
    say([words, *([old] if found.too_old_days else []), *past.history.notes])
