"""What the commands of `video-service plan` share: where the past and its calendar come from, and how they speak."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from redis.asyncio import Redis

from scheduler.errors import BadPlan
from scheduler.forecast import as_document
from scheduler.forecast_models import Forecast
from scheduler.planning import Demand, demand_of
from scheduler.replay import Share
from video_service import settings as service_settings
from video_service.cli_store import with_store
from video_service.clock import SystemClock
from video_service.forecast_store import ForecastStore
from video_service.plan_source import Past, calendar_of, past_of_file, past_of_service
from video_service.settings import Settings


def zone_of(data: Path | None, name: str) -> ZoneInfo:
    """Return the time zone of that name, or of the settings.

    Raises:
        BadPlan: it is not known.
    """
    wanted = name or service_settings.load(data_dir=data).time_zone
    try:
        return ZoneInfo(wanted)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadPlan(f"{wanted} is not a time zone known here.") from error


def past_of(data: Path | None, csv: Path | None, zone: str, queue: str, weeks: int) -> Past:
    """Return the past in a file, or of the service itself.

    Raises:
        BadPlan, BadHistory, NoHistory: it cannot be read, or there is none.
    """
    if csv is not None:
        return past_of_file(csv, zone_of(data, zone))
    if zone:
        raise BadPlan("--zone is for a CSV file; the service's own past is in the zone of its settings.")

    async def work(redis: Redis, loaded: Settings) -> Past:
        return await past_of_service(redis, loaded, queue, weeks, SystemClock().now_ms())

    return with_store(data, work)


def days_of(past: Past, first: str, count: int) -> list[date]:
    """Return `count` days from the day `first`, or from where a plan may begin.

    Raises:
        BadPlan: `first` cannot be read, or the calendar ends before the last day.
    """
    try:
        begin = date.fromisoformat(first) if first else past.first_day
    except ValueError as error:
        raise BadPlan(f"{first} is no day such as 2026-03-02.") from error
    if (date.max - begin).days < count:
        raise BadPlan(f"{begin} is too far ahead to plan for.")
    return [begin + timedelta(days=number) for number in range(count)]


def region_of(data: Path | None, holidays: str | None) -> str:
    """Return whose public holidays to know: what was asked for, or what the settings say."""
    if holidays is not None:
        return holidays
    settings = service_settings.load(data_dir=data)
    return settings.holidays_region


def demand_for(past: Past, calendar: Path | None, region: str, days: Sequence[date], handle_s: float | None) -> Demand:
    """Forecast `days` from `past`, with the calendar in the file and the region's public holidays; as `demand_of`."""
    known = calendar_of(calendar, region, past, days[-1])
    return demand_of(past.history, known, days, past.patience_s, handle_s, past.planned(days))


def say(sentences: Iterable[str]) -> None:
    """Print sentences, a line each."""
    for sentence in sentences:
        typer.echo(f"{sentence[:1].upper()}{sentence[1:]}.".replace("..", "."))


def share_words(share: Share) -> tuple[str, str]:
    """Return a share and its interval as people read them."""
    if math.isnan(share.mean):
        return "nobody calls", ""
    return f"{share.mean:.1%}", f"{share.low:.1%} to {share.high:.1%}"


def today_of(settings: Settings, now_ms: int) -> date:
    """Return the day that it is by the service's clock."""
    return datetime.fromtimestamp(now_ms / 1000, ZoneInfo(settings.time_zone)).date()


def store_of(redis: Redis, settings: Settings) -> ForecastStore:
    """Return where forecasts are kept."""
    return ForecastStore(redis, pool=settings.pool, retention_days=settings.rollup_retention_days)


def keep_forecast(data: Path | None, queue: str, made: Forecast) -> None:
    """Keep a forecast that was made from the service's own past, to be held against what comes."""

    async def work(redis: Redis, loaded: Settings) -> None:
        await store_of(redis, loaded).keep(queue, today_of(loaded, SystemClock().now_ms()), as_document(made))

    with_store(data, work)
