"""Where planning finds the past: in the service's own roll-ups and shifts, or in a CSV file of another system."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from redis.asyncio import Redis

from scheduler.calendar_csv import calendar_from_csv
from scheduler.day_types import Calendar, Campaign
from scheduler.errors import BadHistory
from scheduler.history import Floats, History, Ints
from scheduler.history_csv import decoded, read_csv
from scheduler.patience import USUAL_PATIENCE_S
from scheduler.rollups import Span, history_of, midnight_ms, patience_of
from signaling.policy import Policy
from signaling.store import Store
from video_service.campaigns import Campaigns
from video_service.open_time import Times
from video_service.opening_hours import Hours, open_times
from video_service.plan_hours import entered, planned_share, within
from video_service.plan_input import hours_of, read_past
from video_service.plan_work import RawPast
from video_service.public_holidays import special_days
from video_service.records import Records
from video_service.settings import Settings

INTERVAL_S = 900
MOST_CALENDAR_BYTES = 1_000_000


@dataclass(frozen=True)
class Past:
    """What came, and how long people wait before they give up (mean, seconds).

    `first_day`: where a plan may begin. `hours`: the queue's opening hours, None where shifts alone decide.
    `campaigns`: those that the coordinator entered.
    """

    history: History
    patience_s: float
    patience: str
    first_day: date
    hours: Hours | None = None
    campaigns: tuple[Campaign, ...] = ()

    def planned(self, days: Sequence[date]) -> Floats | None:
        """Return which part of each interval of `days` the opening hours have open, None where shifts alone decide."""
        return None if self.hours is None else planned_share(self.hours, days, self.history.interval_s)


def past_of_file(path: Path, zone: ZoneInfo) -> Past:
    """Return the past in a CSV file (see `scheduler.history_csv`); its patience is what is usual.

    Raises:
        BadHistory, NoHistory: the file cannot be read, with the faulty lines.
    """
    try:
        history = read_csv(path, zone)
    except OSError as error:
        raise BadHistory(f"{path} cannot be read: {error.strerror}.") from error
    return Past(
        history,
        USUAL_PATIENCE_S,
        f"patience {USUAL_PATIENCE_S:.0f} s: a usual one, for a file of counts does not tell",
        history.days[-1] + timedelta(days=1),
    )


async def past_of_service(redis: Redis, settings: Settings, queue: str, weeks: int, now_ms: int) -> Past:
    """Return what the service itself has kept of the last `weeks` weeks, yesterday the last day.

    Costs one read for each interval in which somebody called, whatever the number of calls.

    Raises:
        NoHistory: nobody was on shift, and nobody called.
    """
    store = Store(redis, pool=settings.pool, policy=settings.project(Policy))
    raw = await read_past(
        redis, store, pool=settings.pool, zone=settings.time_zone, queue=queue, weeks=weeks, now_ms=now_ms
    )
    hours, own = await hours_of(redis, settings.pool, settings.time_zone, queue)
    known, _ = await Campaigns(redis, pool=settings.pool).get()
    past = past_of(raw, ZoneInfo(settings.time_zone), hours if own else None)
    return replace(past, hours=hours, campaigns=entered(known))


def past_of(raw: RawPast, zone: ZoneInfo, own_hours: Hours | None = None) -> Past:
    """Return what was read of the past as the history that planning learns from.

    `own_hours`: of a queue that has others than the line. It was open when they said so and somebody was there; whether
    that person could serve it is not on record.

    Raises:
        NoHistory: nobody was on shift, and nobody called.
    """
    first, yesterday = raw.first, raw.today - timedelta(days=1)
    shifts = [Span(*shift) for shift in raw.shifts]
    opened, known = _opened(raw.times, shifts, raw.from_ms)
    if own_hours is not None:
        clock = list(_between(open_times(own_hours, raw.from_ms, zone), midnight_ms(raw.today, zone)))
        ran = [(one.from_ms, one.to_ms) for one in known]
        opened = within(within([*opened, *shifts], ran), clock)
    told = [one.start_ms for one in raw.rollups] + [max(one.from_ms, raw.from_ms) for one in opened]
    if told:
        # The days before the service began were not closed: nobody knows of them.
        first = max(first, datetime.fromtimestamp(min(told) / 1000, zone).date())
    history = history_of(raw.rollups, opened, zone, first, yesterday, INTERVAL_S, known)
    patience = patience_of(raw.rollups)
    return Past(history, patience.mean_s, f"patience: {patience.words}", raw.today + timedelta(days=1))


async def today_of_service(redis: Redis, settings: Settings, queue: str, now_ms: int) -> tuple[Ints, int]:
    """Return today's calls by interval, shape (intervals,), and how many intervals are over and counted.

    A call is counted when it has ended: the interval before this one still has some that go on, and is left out.
    """
    zone = ZoneInfo(settings.time_zone)
    now = datetime.fromtimestamp(now_ms / 1000, zone)
    today = now.date()
    from_ms = midnight_ms(today, zone)
    rollups = await Records(redis, pool=settings.pool).rollups(from_ms, now_ms, queue=queue)
    day = history_of(rollups, [Span(from_ms, now_ms)], zone, today, today, INTERVAL_S)
    return day.calls[0], max(0, (now.hour * 3600 + now.minute * 60) // INTERVAL_S - 1)


def _between(spans: Iterable[tuple[int, int]], to_ms: int) -> Iterator[tuple[int, int]]:
    for start_ms, end_ms in spans:
        if start_ms >= to_ms:
            return
        yield start_ms, min(end_ms, to_ms)


def _opened(times: Times, shifts: Sequence[Span], from_ms: int) -> tuple[list[Span], list[Span]]:
    """Return when the line was open, and when that is known.

    Before the service noted it (an import, an earlier version), whoever was on shift held the line open.
    """
    noted_ms = times.known[0][0] if times.known else max((shift.to_ms for shift in shifts), default=from_ms)
    before = [Span(shift.from_ms, min(shift.to_ms, noted_ms)) for shift in shifts if shift.from_ms < noted_ms]
    return (
        [*before, *(Span(*one) for one in times.opened)],
        [Span(from_ms, noted_ms), *(Span(*one) for one in times.known)],
    )


def calendar_of(path: Path | None, region: str, past: Past, last: date) -> Calendar:
    """Return the calendar in a CSV file (none is an empty one) with the public holidays of `region` ("": none).

    It reaches from the past's first day to `last`. What the file says of a day counts.

    Raises:
        BadHistory: the file cannot be read; the sentence names the line.
        UnknownRegion: no public holidays are known for `region`.
    """
    found = _calendar_in(path)
    found = replace(found, campaigns=(*found.campaigns, *past.campaigns))
    return found.with_special(special_days(region, past.history.first_day, last))


def _calendar_in(path: Path | None) -> Calendar:
    if path is None:
        return Calendar()
    try:
        if path.stat().st_size > MOST_CALENDAR_BYTES:
            raise BadHistory(f"{path} is too large for a calendar.")
        return calendar_from_csv(decoded(path.read_bytes()))
    except OSError as error:
        raise BadHistory(f"{path} cannot be read: {error.strerror}.") from error
