"""The commands of `video-service plan` about what comes: the forecast, how good forecasts are, and today's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated

import typer
from redis.asyncio import Redis
from rich.table import Table

from scheduler.errors import NoHistory
from scheduler.forecast import as_document, corrected, from_document
from scheduler.forecast_backtest import Scores, backtest, held_by_lead
from scheduler.forecast_models import Forecast
from scheduler.history import Ints, State, runs
from video_service.cli_plan_common import say, store_of, today_of
from video_service.cli_plan_options import AHEAD, PAST, Asked, asking
from video_service.cli_store import print_json, print_table, telling_errors, with_store
from video_service.clock import SystemClock
from video_service.plan_source import INTERVAL_S, calendar_of, past_of_service, today_of_service
from video_service.settings import Settings

LONGEST_LEAD_DAYS = 84


@asking(*PAST, *AHEAD)
def forecast(
    asked: Asked,
    keep: Annotated[
        bool, typer.Option("--keep/--no-keep", help="Keep it, to be held against what comes (`plan accuracy`).")
    ] = True,
) -> None:
    """Say how many calls to expect, day by day; as JSON by interval, with all that a program needs to know of it."""
    with telling_errors():
        past = asked.past()
        made = asked.demand(past, asked.wanted(past), 1.0).result
        if keep:
            asked.keep(made.forecast)
    if asked.as_json:
        print_json(as_document(made.forecast))
        return
    table = Table("day", "", "calls", "8 days of 10")
    said = made.forecast
    for row, day in enumerate(said.days):
        low, high = likely_calls(float(said.expected[row].sum()), float(said.day_variance[row]))
        table.add_row(str(day), f"{day:%a}", f"{said.expected[row].sum():.1f}", f"{low:.0f} to {high:.0f}")
    print_table(table)
    say(said.notes)


@asking(*PAST)
def held_against_the_past(
    asked: Asked,
    test_days: Annotated[int, typer.Option(min=1, max=400, help="The last so many days are forecast again.")] = 28,
    lead_days: Annotated[int, typer.Option(min=1, max=84, help="From how many days before.")] = 14,
) -> None:
    """Hold each method of forecasting against what really came."""
    with telling_errors():
        past = asked.past()
        exposure = past.history.exposure.sum(axis=1)
        open_days = [day for day, seen in zip(past.history.days, exposure > 0, strict=True) if seen][-test_days:]
        known = calendar_of(asked.calendar, asked.region, past, past.history.days[-1])
        found = backtest(past.history, known, open_days, lead_days)
    if asked.as_json:
        methods = {method.value: asdict(scores) for method, scores in found.scores.items()}
        print_json({"days": [str(day) for day in found.days], "best": found.best.value, "methods": methods})
        return
    print_table(_scores_table("method", ((method.value, scores) for method, scores in found.scores.items())))
    gaps, outages = (len(runs(past.history, state)) for state in (State.GAP, State.OUTAGE))
    say([f"{len(found.days)} days; best: {found.best.value}; {gaps} gaps and {outages} outages not learned from"])


@asking("queue", "weeks", weeks=8)
def accuracy(asked: Asked) -> None:
    """Hold the forecasts that were kept against what came, by how far ahead they were."""

    async def work(redis: Redis, loaded: Settings) -> dict[str, Scores]:
        now_ms = SystemClock().now_ms()
        past = await past_of_service(redis, loaded, asked.queue, asked.weeks, now_ms)
        first, last = past.history.days[0], past.history.days[-1]
        kept = await store_of(redis, loaded).made_within(asked.queue, first - timedelta(days=LONGEST_LEAD_DAYS), last)
        return held_by_lead(((day, from_document(each)) for day, each in kept), past.history)

    with telling_errors():
        found = with_store(asked.data, work)
        if not found:
            raise NoHistory("No day of a forecast that was kept has come yet: `plan forecast` keeps them.")
    if asked.as_json:
        print_json({lead: asdict(scores) for lead, scores in found.items()})
        return
    print_table(_scores_table("made ahead", found.items()))


@asking("queue", "weeks", "calendar", "holidays")
def today(asked: Asked) -> None:
    """Say what today still brings: its forecast, corrected by the calls that have come."""

    async def work(redis: Redis, loaded: Settings) -> tuple[date, Forecast | None, Ints, int]:
        now_ms = SystemClock().now_ms()
        day = today_of(loaded, now_ms)
        kept = await store_of(redis, loaded).made_within(asked.queue, day - timedelta(days=LONGEST_LEAD_DAYS), day)
        reaching = [made for made in (from_document(each) for _, each in kept) if day in made.days]
        calls, past_slots = await today_of_service(redis, loaded, asked.queue, now_ms)
        return day, reaching[-1] if reaching else None, calls, past_slots

    with telling_errors():
        day, made, calls, past_slots = with_store(asked.data, work)
        if made is None:
            made = asked.demand(asked.past(), [day], 1.0).result.forecast
        now = corrected(made, day, calls, past_slots)
    said = made.expected[made.days.index(day)]
    if asked.as_json:
        print_json({"came": calls[:past_slots].tolist(), "said": said.tolist(), "now": as_document(now)})
        return
    table = Table("from", "said", "now", "came")
    step = 3600 // INTERVAL_S
    for slot in range(0, len(said), step):
        if said[slot : slot + step].sum() or calls[slot : slot + step].sum():
            over = slot + step <= past_slots
            table.add_row(
                f"{slot * INTERVAL_S // 3600:02}:00",
                f"{said[slot : slot + step].sum():.1f}",
                "" if over else f"{now.expected[0, slot : slot + step].sum():.1f}",
                str(calls[slot : slot + step].sum()) if over else "",
            )
    print_table(table)
    came, due = calls[:past_slots].sum(), said[:past_slots].sum()
    rest, was = now.expected[0, past_slots:].sum(), said[past_slots:].sum()
    say([f"{came} calls so far, {due:.1f} were expected; {rest:.1f} more to come, {was:.1f} were expected"])


def likely_calls(mean: float, variance: float) -> tuple[float, float]:
    """Return the middle 80 % of a day's calls, by the normal distribution with the forecast's variance."""
    spread = 1.2816 * (mean + variance * mean**2) ** 0.5
    return max(0.0, mean - spread), mean + spread


def _scores_table(head: str, rows: Iterable[tuple[str, Scores]]) -> Table:
    fields = [name for name in Scores.__dataclass_fields__ if name not in ("slots", "calls")]
    table = Table(head, *(name.replace("_", " ") for name in fields))
    for name, scores in rows:
        table.add_row(name, *(f"{getattr(scores, field):.4g}" for field in fields))
    return table
