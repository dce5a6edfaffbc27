"""`video-service sessions`: what is on record of the calls that were."""

from __future__ import annotations

import enum
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Annotated, TextIO, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import typer
from redis.asyncio import Redis
from rich.table import Table

from video_service.audit import Audit
from video_service.cli_store import AsJson, DataDir, fail, print_json, print_table, with_store
from video_service.clock import SystemClock, utc
from video_service.http_input import BadTime
from video_service.line_quality import LineFacts
from video_service.records import Records, Segment, SessionRecord
from video_service.records_export import csv_header, csv_line, json_line
from video_service.settings import Settings

T = TypeVar("T")

MAX_LIMIT = 1000
END_OF_TIME_MS = 4_102_444_800_000  # 2100-01-01
PICTURE_FACTS = (
    "counted",
    "frames a second p5 / p50",
    "freezes",
    "packets lost p50 / p95",
    "round trip p50 / p95",
    "added by the server p50 / p95",
    "from the page p5 / p50",
    "to the page p5 / p50",
    "blurred whole",
)

app = typer.Typer(
    help="Records of the calls that were.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class Format(enum.StrEnum):
    """What `export` writes."""

    CSV = "csv"
    JSON = "json"


From = Annotated[
    str, typer.Option("--from", help="Calls from this time on: 2026-03-02, or 2026-03-02T09:00 with or without a zone.")
]
To = Annotated[str, typer.Option("--to", help="Calls before this time.")]


class _Span(msgspec.Struct, frozen=True):
    """Two times as milliseconds, and the zone in which they were meant and others are shown."""

    zone: tzinfo
    from_ms: int
    to_ms: int


@app.command("list")
def list_(
    from_: From = "",
    to: To = "",
    limit: Annotated[int, typer.Option(min=1, max=MAX_LIMIT, help="How many, newest first.")] = 50,
    as_json: AsJson = False,
    data: DataDir = None,
) -> None:
    """List the newest records."""

    async def newest(records: Records, span: _Span) -> tuple[tuple[SessionRecord, ...], bool, tzinfo]:
        page = await records.page(span.from_ms, span.to_ms, limit=limit)
        return page.records, bool(page.cursor), span.zone

    found, more, zone = _do(data, from_, to, newest, what="records")
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    if not found:
        typer.echo("No records in that time.")
        return
    table = Table("call", "arrived", "queue", "class", "waited", "lasted", "agents", "ended")
    for record in found:
        table.add_row(
            record.call,
            _moment(record.joined_ms, zone),
            record.queue,
            record.call_class,
            _length(record.wait_ms),
            _length(record.signing_ms),
            str(len({segment.agent for segment in record.segments})),
            record.ended_reason or record.state,
        )
    print_table(table)
    if more:
        typer.echo(f"The newest {limit}; --limit, --from and --to show others.")


@app.command()
def show(
    call: Annotated[str, typer.Argument(help="The call's id, as in the list.")],
    as_json: AsJson = False,
    data: DataDir = None,
) -> None:
    """Show all that is on record of one call."""

    async def one(records: Records, span: _Span) -> tuple[SessionRecord, tzinfo]:
        return await records.get(call), span.zone

    record, zone = _do(data, "", "", one, what="record", about=call)
    if as_json:
        print_json(msgspec.to_builtins(record))
        return
    facts = Table("fact", "value", title=f"Call {record.call}")
    for name, value in msgspec.to_builtins(record).items():
        if name not in ("v", "call", "segments", "helpers", "legs"):
            facts.add_row(name.removesuffix("_ms"), _shown(name, value, zone))
    segments = _parts("Who served", record.segments, zone)
    helpers = [_parts("Who helped", record.helpers, zone)] if record.helpers else []
    legs = Table("leg", "role", "worker", "connected", "first picture", "silences", "closed", title="Connections")
    for leg in record.legs:
        legs.add_row(
            leg.leg,
            leg.role,
            leg.worker,
            _moment(leg.connected_ms, zone),
            _moment(leg.flowing_ms, zone),
            str(leg.silences),
            _moment(leg.closed_ms, zone),
        )
    for table in (facts, segments, *helpers, legs, *_pictures(record)):
        print_table(table)


def _parts(title: str, parts: Iterable[Segment], zone: tzinfo) -> Table:
    table = Table("agent", "from", "to", "lasted", "ended", title=title)
    for part in parts:
        lasted = _length(part.to_ms - part.from_ms) if part.to_ms else ""
        table.add_row(part.agent, _moment(part.from_ms, zone), _moment(part.to_ms, zone), lasted, part.ended)
    return table


@app.command()
def export(
    format_: Annotated[Format, typer.Option("--format", help="Form of the file.")] = Format.CSV,
    from_: From = "",
    to: To = "",
    output: Annotated[Path | None, typer.Option(help="File to write.", show_default="standard output")] = None,
    data: DataDir = None,
) -> None:
    """Write every record of a time, oldest first, for programs: CSV, or JSON with one record a line."""

    async def written(records: Records, span: _Span) -> int:
        with _target(output) as file:
            count = 0
            if format_ is Format.CSV:
                file.write(csv_header())
            async for record in records.each(span.from_ms, span.to_ms):
                file.write(csv_line(record) if format_ is Format.CSV else json_line(record))
                count += 1
            return count

    try:
        count = _do(data, from_, to, written, what="records_file")
    except OSError as error:
        fail(f"{output} cannot be written: {error.strerror}.")
    typer.echo(f"{count} records.", err=True)


def _target(output: Path | None) -> AbstractContextManager[TextIO]:
    # CSV has line ends of its own (RFC 4180): none are translated.
    return nullcontext(sys.stdout) if output is None else output.open("w", encoding="utf-8", newline="")


def _do(
    data_dir: Path | None,
    from_: str,
    to: str,
    work: Callable[[Records, _Span], Awaitable[T]],
    *,
    what: str,
    about: str = "",
) -> T:
    """Do `work` with the records, and write down before that an operator looks at them."""

    async def connected(redis: Redis, settings: Settings) -> T:
        zone = ZoneInfo(settings.time_zone)
        span = _Span(zone, _read_time(from_, zone, 0), _read_time(to, zone, END_OF_TIME_MS))
        log = Audit(redis, pool=settings.pool, clock=SystemClock(), retention_days=settings.audit_retention_days)
        await log.note(who="operator", role="operator", what=what, about=about)
        return await work(Records(redis, pool=settings.pool), span)

    return with_store(data_dir, connected)


def _read_time(text: str, zone: tzinfo, default_ms: int) -> int:
    """Return a day or time as milliseconds since 1970; without a zone of its own it is in the service's zone."""
    if not text:
        return default_ms
    try:
        moment = datetime.fromisoformat(text)
        return round((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise BadTime(f"{text} is no day or time such as 2026-03-02 or 2026-03-02T09:00.") from error


def _moment(ms: int, zone: tzinfo) -> str:
    return f"{utc(ms).astimezone(zone):%Y-%m-%d %H:%M:%S}" if ms else ""


def _length(ms: int) -> str:
    minutes, seconds = divmod(round(ms / 1000), 60)
    return f"{minutes}:{seconds:02}"


def _pictures(record: SessionRecord) -> Iterator[Table]:
    """Yield a table with a column for each leg of which a second was counted."""
    counted = [(leg, leg.quality) for leg in record.legs if leg.quality is not None]
    if not counted:
        return
    title = "Pictures, as the other person was shown them"
    table = Table("fact", *(f"{leg.role} {leg.leg}" for leg, _ in counted), title=title)
    for name, *values in zip(PICTURE_FACTS, *(_picture(quality) for _, quality in counted), strict=True):
        table.add_row(name, *values)
    yield table


def _picture(facts: LineFacts) -> tuple[str, ...]:
    of = facts.pictures or 1
    return (
        f"{facts.seconds} s, {facts.rendered_seconds} s by the page's own count",
        f"{facts.fps_p5} / {facts.fps_p50}",
        f"{facts.freezes}, {facts.frozen_ms / 1000:.1f} s",
        f"{facts.loss_p50_permille / 10:.1f} / {facts.loss_p95_permille / 10:.1f} %",
        f"{facts.round_trip_p50_ms} / {facts.round_trip_p95_ms} ms",
        f"{facts.added_p50_us / 1000:.1f} / {facts.added_p95_us / 1000:.1f} ms",
        f"{facts.in_p5_kbps} / {facts.in_p50_kbps} kbit/s",
        f"{facts.out_p5_kbps} / {facts.out_p50_kbps} kbit/s",
        f"{100 * facts.pictures_whole / of:.1f} %, slate {100 * facts.pictures_slate / of:.1f} %",
    )


def _shown(name: str, value: object, zone: tzinfo) -> str:
    if name in ("joined_ms", "answered_ms", "closed_ms"):
        return _moment(int(str(value)), zone)
    if name.endswith("_ms"):
        return _length(int(str(value)))
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return str(value)
