"""`video-service plan`: from what came to a roster, each step by itself. The functions are `scheduler.planning`'s."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import typer
from redis.asyncio import Redis
from rich.table import Table

from scheduler.errors import BadPlan
from scheduler.forecast import as_document
from scheduler.forecast_backtest import Scores, backtest
from scheduler.history import State, runs
from scheduler.plan import DayPlan
from scheduler.plan_file import EXAMPLE, PlanFile, read_plan_file
from scheduler.planning import Demand, demand_of, problem_of, replayed, roster_of, staffing_of
from scheduler.roster.search import Limits, Progress
from scheduler.roster_file import RosterDocument, read_document, spans_ms
from video_service import settings as service_settings
from video_service.cipher import Cipher
from video_service.cli_store import (
    AsJson,
    DataDir,
    fail,
    print_json,
    print_table,
    telling_errors,
    with_cipher,
    with_store,
)
from video_service.clock import SystemClock
from video_service.plan_publish import publish as publish_shifts
from video_service.plan_source import Past, calendar_of, past_of_file, past_of_service
from video_service.settings import Settings

app = typer.Typer(
    help="From what came to a roster: forecast, staff, roster, simulate, publish.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

SHOWN_GAPS = 12

PlanPath = Annotated[
    Path, typer.Argument(metavar="PLAN", help="The team's rules, TOML; `plan example` prints one to start from.")
]
Csv = Annotated[Path | None, typer.Option("--csv", help="Past counts of another system instead of this service's own.")]
Queue = Annotated[str, typer.Option(help="The queue to plan for.")]
Weeks = Annotated[int, typer.Option(min=1, max=117, help="How much of the past to look at.")]
CalendarPath = Annotated[
    Path | None, typer.Option("--calendar", help="Days that are different, and campaigns, CSV.", show_default=False)
]
Holidays = Annotated[
    str | None,
    typer.Option(
        help='Whose public holidays to know: CN, HK, DE-BY ..., or "" for none.', show_default="the service's"
    ),
]
First = Annotated[
    str, typer.Option("--from", help="First day to plan, such as 2026-03-02.", show_default="the day after the past")
]
Days = Annotated[int, typer.Option("--days", min=1, max=84, help="How many days.")]
HandleS = Annotated[
    float | None,
    typer.Option("--handle-s", min=1, help="Seconds that a call keeps an agent, where the past does not tell."),
]
Zone = Annotated[
    str, typer.Option("--zone", help="Time zone of a CSV's clock, such as Asia/Shanghai.", show_default="the service's")
]


@app.command()
def example() -> None:
    """Print a plan file to start from."""
    typer.echo(EXAMPLE, nl=False)


@app.command()
def forecast(
    csv: Csv = None,
    queue: Queue = "main",
    weeks: Weeks = 26,
    calendar: CalendarPath = None,
    holidays: Holidays = None,
    first: First = "",
    days: Days = 14,
    zone: Zone = "",
    as_json: AsJson = False,
    data: DataDir = None,
) -> None:
    """Say how many calls to expect, day by day; as JSON by interval, with all that a program needs to know of it."""
    with telling_errors():
        past = _past(data, csv, zone, queue, weeks)
        made = _demand(past, calendar, _region(data, holidays), _days(past, first, days), 1.0).result
    if as_json:
        print_json(as_document(made.forecast))
        return
    table = Table("day", "", "calls", "8 days of 10")
    said = made.forecast
    for row, day in enumerate(said.days):
        low, high = _likely(float(said.expected[row].sum()), float(said.day_variance[row]))
        table.add_row(str(day), f"{day:%a}", f"{said.expected[row].sum():.1f}", f"{low:.0f} to {high:.0f}")
    print_table(table)
    _say(said.notes)


@app.command("backtest")
def backtest_(
    csv: Csv = None,
    queue: Queue = "main",
    weeks: Weeks = 26,
    calendar: CalendarPath = None,
    holidays: Holidays = None,
    test_days: Annotated[int, typer.Option(min=1, max=400, help="The last so many days are forecast again.")] = 28,
    lead_days: Annotated[int, typer.Option(min=1, max=84, help="From how many days before.")] = 14,
    zone: Zone = "",
    as_json: AsJson = False,
    data: DataDir = None,
) -> None:
    """Hold each method of forecasting against what really came."""
    with telling_errors():
        past = _past(data, csv, zone, queue, weeks)
        exposure = past.history.exposure.sum(axis=1)
        open_days = [day for day, seen in zip(past.history.days, exposure > 0, strict=True) if seen][-test_days:]
        known = calendar_of(calendar, _region(data, holidays), past, past.history.days[-1])
        found = backtest(past.history, known, open_days, lead_days)
    if as_json:
        methods = {method.value: asdict(scores) for method, scores in found.scores.items()}
        print_json({"days": [str(day) for day in found.days], "best": found.best.value, "methods": methods})
        return
    fields = [name for name in Scores.__dataclass_fields__ if name not in ("slots", "calls")]
    table = Table("method", *(name.replace("_", " ") for name in fields))
    for method, scores in found.scores.items():
        table.add_row(method.value, *(f"{getattr(scores, name):.4g}" for name in fields))
    print_table(table)
    gaps, outages = (len(runs(past.history, state)) for state in (State.GAP, State.OUTAGE))
    _say([f"{len(found.days)} days; best: {found.best.value}; {gaps} gaps and {outages} outages not learned from"])


@app.command()
def staff(
    plan: PlanPath,
    csv: Csv = None,
    queue: Queue = "main",
    weeks: Weeks = 26,
    calendar: CalendarPath = None,
    holidays: Holidays = None,
    first: First = "",
    days: Days = 14,
    handle_s: HandleS = None,
    zone: Zone = "",
    as_json: AsJson = False,
    data: DataDir = None,
) -> None:
    """Say how many agents each interval needs, and what service level that comes to when days are played out."""
    with telling_errors():
        file, past = _plan(plan), _past(data, csv, zone, queue, weeks)
        demand = _demand(past, calendar, _region(data, holidays), _days(past, first, days), handle_s)
        plans = staffing_of(demand, file, _report_day)
    if as_json:
        print_json([_day_json(one) for one in plans])
        return
    table = Table("day", "", "most", "agent hours", "answered in time", "")
    for one in plans:
        level = one.promised.service_level
        table.add_row(
            str(one.day),
            f"{one.day:%a}",
            str(max(one.agents)),
            f"{sum(one.agents) * one.interval_s / 3600:.1f}",
            f"{level.mean:.1%} ({level.low:.1%} to {level.high:.1%})",
            "" if one.reached else "not reached",
        )
    print_table(table)
    _say([past.patience, *demand.result.forecast.notes])


@app.command()
def roster(
    plan: PlanPath,
    csv: Csv = None,
    queue: Queue = "main",
    weeks: Weeks = 26,
    calendar: CalendarPath = None,
    holidays: Holidays = None,
    first: First = "",
    days: Days = 28,
    handle_s: HandleS = None,
    zone: Zone = "",
    seconds: Annotated[float, typer.Option(min=1, max=36_000, help="How long to search; Ctrl-C ends it sooner.")] = 60,
    output: Annotated[Path | None, typer.Option(help="Write the roster here, for `simulate` and `publish`.")] = None,
    as_json: AsJson = False,
    data: DataDir = None,
) -> None:
    """Make a roster for what is expected; it always is one, with what is short in it."""
    with telling_errors():
        file, past = _plan(plan), _past(data, csv, zone, queue, weeks)
        demand = _demand(past, calendar, _region(data, holidays), _days(past, first, days), handle_s)
        plans = staffing_of(demand, file, _report_day)
        with _until_interrupted() as interrupted:
            document, made = roster_of(
                problem_of(plans, file, _zone(data, zone).key),
                Limits(seconds=seconds),
                _report_search,
                lambda: bool(interrupted),
            )
    if output is not None:
        try:
            output.write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
        except OSError as error:
            fail(f"{output} cannot be written: {error.strerror}.")
    if as_json:
        print_json(msgspec.to_builtins(document))
        return
    print_table(_roster_table(document, [person.name for person in file.people]))
    gap = "proved to cost least" if made.proved else f"at most {made.gap:.1%} above the least possible cost"
    _say([f"{len(document.duties)} shifts; {gap}", *document.notes])
    _say([one.words for one in document.gaps[:SHOWN_GAPS]] or ["nobody is missing"])
    if len(document.gaps) > SHOWN_GAPS:
        _say([f"and {len(document.gaps) - SHOWN_GAPS} more gaps; --json and --output have them all"])


@app.command()
def simulate(
    plan: PlanPath,
    roster_path: Annotated[Path, typer.Argument(metavar="ROSTER", help="A roster, as `plan roster` writes it.")],
    csv: Csv = None,
    queue: Queue = "main",
    weeks: Weeks = 26,
    calendar: CalendarPath = None,
    holidays: Holidays = None,
    handle_s: HandleS = None,
    zone: Zone = "",
    as_json: AsJson = False,
    data: DataDir = None,
) -> None:
    """Play a roster against sampled days: what it really promises, breaks included."""
    with telling_errors():
        file, document, past = _plan(plan), _document(roster_path), _past(data, csv, zone, queue, weeks)
        wanted = [document.first_day + timedelta(days=number) for number in range(document.days)]
        demand = _demand(past, calendar, _region(data, holidays), wanted, handle_s)
        levels = {day: found.service_level for day, found in replayed(demand, file, document).items()}
    if as_json:
        print_json({str(day): asdict(one) for day, one in levels.items()})
        return
    table = Table("day", "", "answered in time", "between", "days played")
    for day, one in levels.items():
        table.add_row(str(day), f"{day:%a}", f"{one.mean:.1%}", f"{one.low:.1%} and {one.high:.1%}", str(one.days))
    print_table(table)


@app.command()
def publish(
    roster_path: Annotated[Path, typer.Argument(metavar="ROSTER", help="A roster, as `plan roster` writes it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    data: DataDir = None,
) -> None:
    """Put a roster's shifts into the service: all of them, or none."""

    async def work(redis: Redis, loaded: Settings, cipher: Cipher) -> int:
        return await publish_shifts(redis, loaded, cipher, spans_ms(document), dry_run=dry_run)

    with telling_errors():
        document = _document(roster_path)
    count = with_cipher(data, work)
    typer.echo(f"{count} shifts {'would be' if dry_run else 'are'} on the roster.")


def _plan(path: Path) -> PlanFile:
    try:
        return read_plan_file(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadPlan(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not in UTF-8'}.") from error


def _document(path: Path) -> RosterDocument:
    try:
        return read_document(path.read_bytes())
    except OSError as error:
        raise BadPlan(f"{path} cannot be read: {error.strerror}.") from error


def _zone(data: Path | None, name: str) -> ZoneInfo:
    wanted = name or service_settings.load(data_dir=data).time_zone
    try:
        return ZoneInfo(wanted)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadPlan(f"{wanted} is not a time zone known here.") from error


def _past(data: Path | None, csv: Path | None, zone: str, queue: str, weeks: int) -> Past:
    if csv is not None:
        return past_of_file(csv, _zone(data, zone))
    if zone:
        raise BadPlan("--zone is for a CSV file; the service's own past is in the zone of its settings.")

    async def work(redis: Redis, loaded: Settings) -> Past:
        return await past_of_service(redis, loaded, queue, weeks, SystemClock().now_ms())

    return with_store(data, work)


def _days(past: Past, first: str, count: int) -> list[date]:
    try:
        begin = date.fromisoformat(first) if first else past.first_day
    except ValueError as error:
        raise BadPlan(f"{first} is no day such as 2026-03-02.") from error
    return [begin + timedelta(days=number) for number in range(count)]


def _region(data: Path | None, holidays: str | None) -> str:
    if holidays is not None:
        return holidays
    settings = service_settings.load(data_dir=data)
    return settings.holidays_region


def _demand(past: Past, calendar: Path | None, region: str, days: Sequence[date], handle_s: float | None) -> Demand:
    return demand_of(past.history, calendar_of(calendar, region, past, days[-1]), days, past.patience_s, handle_s)


def _likely(mean: float, variance: float) -> tuple[float, float]:
    """Return the middle 80 % of a day's calls, by the normal distribution with the forecast's variance."""
    spread = 1.2816 * (mean + variance * mean**2) ** 0.5
    return max(0.0, mean - spread), mean + spread


def _day_json(one: DayPlan) -> dict[str, Any]:
    return {
        "day": str(one.day),
        "interval_s": one.interval_s,
        "agents": list(one.agents),
        "why": [staffing.reason for staffing in one.staffing],
        "service_level": asdict(one.promised.service_level),
        "reached": one.reached,
        "note": one.note,
    }


def _roster_table(document: RosterDocument, people: Sequence[str]) -> Table:
    days = [document.first_day + timedelta(days=number) for number in range(document.days)]
    worked = {(duty.person, duty.day): duty.shift for duty in document.duties}
    table = Table("", *(f"{day:%a}\n{day:%d}" for day in days))
    for person in people:
        table.add_row(person, *(worked.get((person, day), "·")[:5] for day in days))
    return table


@contextmanager
def _until_interrupted() -> Iterator[list[bool]]:
    """Let Ctrl-C end the search, not the program: the best roster found is still worth having."""
    asked: list[bool] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked  # only the main thread hears of signals
        return
    before = signal.signal(signal.SIGINT, lambda *_: asked.append(True))
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def _report_day(one: DayPlan) -> None:
    typer.echo(f"{one.day}: at most {max(one.agents)} agents, {one.promised.service_level.mean:.1%} in time", err=True)


def _report_search(progress: Progress) -> None:
    bound = "" if progress.bound is None else f", none below {progress.bound:.0f}"
    typer.echo(f"{progress.seconds:6.1f} s  cost {progress.cost}{bound}  ({progress.phase})", err=True)


def _say(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        typer.echo(f"{sentence[:1].upper()}{sentence[1:]}.".replace("..", "."))
