"""`video-service plan rebuild`: the sums of each quarter hour, computed anew from the records."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer
from redis.asyncio import Redis
from rich.table import Table

from scheduler.errors import BadPlan
from scheduler.rollups import midnight_ms
from signaling.policy import Policy
from video_service.cli_store import AsJson, DataDir, print_json, print_table, telling_errors, with_store
from video_service.clock import SystemClock
from video_service.rollups_rebuild import Rebuild, Rebuilt
from video_service.settings import Settings

SHOWN = 20


def rebuild(
    first: Annotated[
        str, typer.Option("--from", help="First day, such as 2026-03-02.", show_default="as far as records go back")
    ] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; the status is 1 when something is wrong.")
    ] = False,
    as_json: AsJson = False,
    data: DataDir = None,
) -> None:
    """Compute the sums of each interval anew from the records of its calls, and put right those that differ.

    The service may run meanwhile. Intervals that are older than records are kept stay as they are.
    """

    async def work(redis: Redis, loaded: Settings) -> tuple[Rebuilt, str]:
        policy, now_ms = loaded.project(Policy), SystemClock().now_ms()
        found = Rebuild(
            redis,
            pool=loaded.pool,
            interval_minutes=policy.interval_minutes,
            target_s=policy.service_level_target_s,
            record_retention_days=policy.record_retention_days,
            rollup_retention_days=policy.rollup_retention_days,
        )
        from_ms = 0 if day is None else midnight_ms(day, ZoneInfo(loaded.time_zone))
        return await found.run(from_ms, now_ms + 1, now_ms=now_ms, write=not check), loaded.time_zone

    with telling_errors():
        day = _day(first)
        found, zone = with_store(data, work)
    if as_json:
        print_json(msgspec.to_builtins(found))
    else:
        _print(found, ZoneInfo(zone), check)
    raise typer.Exit(1 if check and found.wrong else 0)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadPlan(f"{text} is no day such as 2026-03-02.") from error


def _print(found: Rebuilt, zone: ZoneInfo, check: bool) -> None:
    since = datetime.fromtimestamp(found.from_ms / 1000, UTC).astimezone(zone)
    are = "are not those of their records" if check else "were not those of their records, and are now"
    typer.echo(
        f"{found.calls} calls in {found.intervals} intervals since {since:%Y-%m-%d %H:%M}; "
        f"the sums of {len(found.wrong)} {are}."
    )
    if not found.wrong:
        return
    table = Table("from", "queue", "sum", "was", "from records")
    for one in found.wrong[:SHOWN]:
        at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=one.start_ms)
        for name in one.right:
            table.add_row(
                f"{at.astimezone(zone):%Y-%m-%d %H:%M}", one.queue, name, str(one.was[name]), str(one.right[name])
            )
    print_table(table)
    if len(found.wrong) > SHOWN:
        typer.echo(f"And {len(found.wrong) - SHOWN} more; --json has them all.")
