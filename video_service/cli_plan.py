"""`video-service plan`: from what came to a roster, each step by itself. The functions are `scheduler.planning`'s."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from redis.asyncio import Redis
from rich.table import Table

from scheduler.errors import BadPlan
from scheduler.history_csv import decoded
from scheduler.plan import DayPlan
from scheduler.plan_file import EXAMPLE, PlanFile, read_plan_file
from scheduler.planning import problem_of, replayed, roster_of, staffing_of
from scheduler.roster.search import Limits, Progress
from scheduler.roster_file import RosterDocument, read_document
from scheduler.small_team import truth_of
from video_service import cli_forecast, cli_past, cli_pool, cli_rollups
from video_service.cipher import Cipher
from video_service.cli_plan_common import say, share_words
from video_service.cli_plan_options import AHEAD, PAST, Asked, asking
from video_service.cli_store import AsJson, DataDir, fail, print_json, print_table, telling_errors, with_cipher
from video_service.plan_publish import Published
from video_service.plan_publish import publish as publish_shifts
from video_service.settings import Settings

app = typer.Typer(
    help="From what came to a roster: forecast, staff, roster, simulate, publish.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command()(cli_forecast.forecast)
app.command("backtest")(cli_forecast.held_against_the_past)
app.command()(cli_forecast.accuracy)
app.command()(cli_forecast.today)
app.command()(cli_rollups.rebuild)
app.command("import")(cli_past.import_calls)

SHOWN_GAPS = 12

PlanPath = Annotated[
    Path, typer.Argument(metavar="PLAN", help="The team's rules, TOML; `plan example` prints one to start from.")
]


@app.command()
def example() -> None:
    """Print a plan file to start from."""
    typer.echo(EXAMPLE, nl=False)


@app.command()
@asking(*PAST, *AHEAD, "handle_s")
def staff(asked: Asked, plan: PlanPath) -> None:
    """Say how many agents each interval needs, and what service level that comes to when days are played out."""
    with telling_errors():
        file, past = _plan(plan), asked.past()
        demand = asked.demand(past, asked.wanted(past))
        asked.keep(demand.result.forecast)
        plans = staffing_of(demand, file, _report_day)
    if asked.as_json:
        print_json([_day_json(one) for one in plans])
        return
    table = Table("day", "", "most", "agent hours", "answered in time", "")
    for one in plans:
        level, between = share_words(one.promised.service_level)
        table.add_row(
            str(one.day),
            f"{one.day:%a}",
            str(max(one.agents)),
            f"{sum(one.agents) * one.interval_s / 3600:.1f}",
            f"{level} ({between})" if between else level,
            "" if one.reached else "not reached",
        )
    print_table(table)
    say([past.patience, *demand.result.forecast.notes])


@app.command()
@asking(*PAST, "first", "handle_s", days=7)
def hours(asked: Asked, plan: PlanPath) -> None:
    """Say what the opening hours and the target take in people, and which hours this team can keep."""
    with telling_errors():
        file, past = _plan(plan), asked.past()
        demand = asked.demand(past, asked.wanted(past))
        found = truth_of(demand, staffing_of(demand, file, _report_day), file)
    if asked.as_json:
        print_json({**asdict(found), "enough": found.enough})
        return
    say(found.words)


@app.command()
@asking(*PAST, *AHEAD, "handle_s", days=28)
def roster(
    asked: Asked,
    plan: PlanPath,
    seconds: Annotated[float, typer.Option(min=1, max=36_000, help="How long to search; Ctrl-C ends it sooner.")] = 60,
    output: Annotated[Path | None, typer.Option(help="Write the roster here, for `simulate` and `publish`.")] = None,
) -> None:
    """Make a roster for what is expected; it always is one, with what is short in it."""
    with telling_errors():
        file, past = _plan(plan), asked.past()
        demand = asked.demand(past, asked.wanted(past))
        asked.keep(demand.result.forecast)
        plans = staffing_of(demand, file, _report_day)
        with _until_interrupted() as interrupted:
            document, made = roster_of(
                problem_of(plans, file, asked.zone_name),
                Limits(seconds=seconds),
                _report_search,
                lambda: bool(interrupted),
            )
    if output is not None:
        try:
            output.write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
        except OSError as error:
            fail(f"{output} cannot be written: {error.strerror}.")
    if asked.as_json:
        print_json(msgspec.to_builtins(document))
        return
    print_table(_roster_table(document, [person.name for person in file.people]))
    gap = "proved to cost least" if made.proved else f"at most {made.gap:.1%} above the least possible cost"
    say([f"{len(document.duties)} shifts; {gap}", *document.notes])
    say([one.words for one in document.gaps[:SHOWN_GAPS]] or ["nobody is missing"])
    if len(document.gaps) > SHOWN_GAPS:
        say([f"and {len(document.gaps) - SHOWN_GAPS} more gaps; --json and --output have them all"])


@app.command()
@asking(*PAST, "handle_s")
def simulate(
    asked: Asked,
    plan: PlanPath,
    roster_path: Annotated[
        Path | None, typer.Argument(metavar="ROSTER", help="A roster, as `plan roster` writes it.")
    ] = None,
    pool: Annotated[
        bool, typer.Option("--pool", help="All queues at once: a team for each, by skills, and pooled.")
    ] = False,
    also: Annotated[
        list[str] | None,
        typer.Option("--also", metavar="NAME=CSV", help="With --pool and --csv: the past counts of a further queue."),
    ] = None,
) -> None:
    """Play a roster against sampled days: what it really promises, breaks included."""
    with telling_errors():
        file = _plan(plan)
        document = None if roster_path is None else _document(roster_path)
        if pool:
            cli_pool.show(cli_pool.pool_of(asked, file, document, also or ()), asked.as_json)
            return
        if document is None or also:
            raise BadPlan("Without --pool a roster is played: name its file, and no queue beside it.")
        past = asked.past()
        wanted = [document.first_day + timedelta(days=number) for number in range(document.days)]
        demand = asked.demand(past, wanted)
        levels = {day: found.service_level for day, found in replayed(demand, file, document).items()}
    if asked.as_json:
        print_json({str(day): asdict(one) for day, one in levels.items()})
        return
    table = Table("day", "", "answered in time", "between", "days played")
    for day, one in levels.items():
        table.add_row(str(day), f"{day:%a}", *share_words(one), str(one.days))
    print_table(table)


@app.command()
def publish(
    roster_path: Annotated[Path, typer.Argument(metavar="ROSTER", help="A roster, as `plan roster` writes it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: AsJson = False,
    data: DataDir = None,
) -> None:
    """Make a roster's shifts stand: all of them, or none. What an earlier one brought and this one lacks goes."""

    async def work(redis: Redis, loaded: Settings, cipher: Cipher) -> Published:
        return await publish_shifts(redis, loaded, cipher, document, dry_run=dry_run)

    with telling_errors():
        document = _document(roster_path)
    found = with_cipher(data, work)
    if as_json:
        print_json(asdict(found) | {"dry_run": dry_run})
        return
    be = "would be" if dry_run else "are"
    typer.echo(f"{found.added} shifts {be} added, {found.removed} {be} taken away; {found.kept} stand already.")
    if found.version:
        typer.echo(f"This is version {found.version} of the roster.")


def _plan(path: Path) -> PlanFile:
    try:
        return read_plan_file(decoded(path.read_bytes()))
    except OSError as error:
        raise BadPlan(f"{path} cannot be read: {error.strerror}.") from error


def _document(path: Path) -> RosterDocument:
    try:
        return read_document(path.read_bytes())
    except OSError as error:
        raise BadPlan(f"{path} cannot be read: {error.strerror}.") from error


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
    level, _ = share_words(one.promised.service_level)
    typer.echo(f"{one.day}: at most {max(one.agents)} agents, in time: {level}", err=True)


def _report_search(progress: Progress) -> None:
    bound = "" if progress.bound is None else f", none below {progress.bound:.0f}"
    typer.echo(f"{progress.seconds:6.1f} s  cost {progress.cost}{bound}  ({progress.phase})", err=True)
