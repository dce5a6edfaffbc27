"""Past counts from a CSV file, with every faulty line named.

Columns, by their heading, in any order:

    start      when the interval begins: 2026-03-02T09:00:00+08:00, ...Z, or without an offset for local time
    calls      offered calls (also: offered)
    answered   optional: calls answered
    handle_s   optional: seconds that agents were busy with the answered calls, after-call work included (sum)
    state      optional: open, closed, gap or outage

UTF-8 (with or without a byte order mark) and GB18030 are read.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scheduler.errors import BadHistory
from scheduler.history import DAY_S, Floats, History, State, with_hours

MOST_LINES_NAMED = 20
MOST_YEARS = 10
"""A file's days may reach over so many years: more is a slip of the pen, and no forecast learns from it."""
_MOST_LINES_SAID = 3
_MISSED_ZEROS = 10.0
_MOST = 1_000_000
_YEARS = range(1970, 2200)
_COUNT_NAMES = ("calls", "offered")


class BadLines(BadHistory):
    """Lines of the file cannot be read; `lines` has (number, sentence) for the first of them, `faults` how many."""

    def __init__(self, faults: list[tuple[int, str]]) -> None:
        self.lines = faults[:MOST_LINES_NAMED]
        self.faults = len(faults)
        said = "; ".join(f"line {line}: {sentence}" for line, sentence in faults[:_MOST_LINES_SAID])
        more = "" if self.faults <= _MOST_LINES_SAID else f"; and {self.faults - _MOST_LINES_SAID} lines more"
        super().__init__(f"{said[:1].upper()}{said[1:]}{more}.")


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    start: datetime  # aware
    calls: int
    answered: int | None
    handle_s: float | None
    state: State | None


def read_csv(path: Path, zone: tzinfo = UTC, interval_s: int | None = None) -> History:
    """Return the history in the file at `path`; `zone` is the queue's, in which days and opening hours are counted.

    `interval_s` is found from the file where it is not given.

    Raises:
        BadLines: lines cannot be read, or do not go together.
        BadHistory: the file cannot be read.
        NoHistory: there is no interval in it.
    """
    return read_text(decoded(path.read_bytes()), zone, interval_s)


def read_text(text: str, zone: tzinfo = UTC, interval_s: int | None = None) -> History:
    """Return the history in the text of a CSV file; see `read_csv`."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    headings = [heading.strip().lower() for heading in reader.fieldnames or []]
    reader.fieldnames = headings
    if "start" not in headings or not any(name in headings for name in _COUNT_NAMES):
        found = ", ".join(headings) or "nothing"
        raise BadHistory(f"Line 1 must name the columns, at least start and calls; it has {found}.")
    rows: list[_Row] = []
    faults: list[tuple[int, str]] = []
    for record in reader:
        try:
            rows.append(_row(reader.line_num, record, zone))
        except ValueError as fault:
            faults.append((reader.line_num, str(fault)))
    _stop_at(faults)
    return _history(rows, zone, _interval(rows) if interval_s is None else interval_s)


def decoded(raw: bytes) -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark, or in GB18030.

    Raises:
        BadHistory: it is neither.
    """
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadHistory("The file is neither UTF-8 nor GB18030.")


def _stop_at(faults: list[tuple[int, str]]) -> None:
    if faults:
        raise BadLines(sorted(faults))


def _row(line: int, record: Mapping[str | None, str | None], zone: tzinfo) -> _Row:
    if None in record:
        raise ValueError("there are more columns than the first line names")
    fields = {name: (value or "").strip() for name, value in record.items()}
    calls = _number(next(fields[name] for name in _COUNT_NAMES if name in fields), "calls")
    told = fields.get("state", "").upper()
    if told and told not in State.__members__:
        raise ValueError(f"the state {told.lower()!r} is not one of open, closed, gap, outage")
    answered, handle_s = fields.get("answered", ""), fields.get("handle_s", "")
    return _Row(
        line=line,
        start=_start(fields.get("start", ""), zone),
        calls=calls,
        answered=_number(answered, "answered") if answered else None,
        handle_s=_seconds(handle_s) if handle_s else None,
        state=State[told] if told else None,
    )


def _number(text: str, name: str) -> int:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name} must be a number, not {text!r}") from None
    if not (math.isfinite(value) and value >= 0 and value == int(value)):
        raise ValueError(f"{name} must be a whole number that is not negative, not {text!r}")
    if value > _MOST:
        raise ValueError(f"{name} must be at most {_MOST}, not {text!r}")
    return int(value)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"handle_s must be a number of seconds, not {text!r}") from None
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"handle_s must not be negative, not {text!r}")
    return value


def _start(text: str, zone: tzinfo) -> datetime:
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"start must be a date and time like 2026-03-02T09:00:00+08:00, not {text!r}") from None
    if start.year not in _YEARS:
        raise ValueError(f"start must be a day from {_YEARS[0]} to {_YEARS[-1]}, not {text!r}")
    if start.tzinfo is not None:
        return start.astimezone(zone)
    local = start.replace(tzinfo=zone)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != start:
        raise ValueError(f"{text} does not exist in this time zone: the clock is put forward over it")
    return local


def _interval(rows: list[_Row]) -> int:
    starts = sorted({row.start.astimezone(UTC) for row in rows})
    return min((int((after - before).total_seconds()) for before, after in pairwise(starts)), default=900)


def _history(rows: list[_Row], zone: tzinfo, interval_s: int) -> History:
    if interval_s <= 0 or DAY_S % interval_s:
        raise BadHistory(f"The interval between lines must divide a day; it is {interval_s} s.")
    _not_far_apart(rows)
    first = min((row.start.date() for row in rows), default=date(1970, 1, 1))
    last = max((row.start.date() for row in rows), default=first)
    shape = ((last - first).days + 1, DAY_S // interval_s)
    calls, answered = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    recorded, handle_s = np.zeros(shape), np.zeros(shape)
    told = np.full(shape, -1, dtype=np.int8)
    seen: dict[datetime, int] = {}
    faults: list[tuple[int, str]] = []
    for row in _with_folds(rows):
        local = row.start
        second = local.hour * 3600 + local.minute * 60 + local.second
        key = local.astimezone(UTC)
        if local.microsecond or second % interval_s:
            faults.append((row.line, f"{local:%H:%M:%S} is not the beginning of an interval of {interval_s} s"))
        elif key in seen:
            faults.append((row.line, f"{local:%Y-%m-%d %H:%M} is already on line {seen[key]}"))
        else:
            seen[key] = row.line
            at = ((local.date() - first).days, second // interval_s)
            calls[at] += row.calls
            answered[at] += row.answered or 0
            handle_s[at] += row.handle_s or 0.0
            if row.state in (None, State.OPEN):
                recorded[at] += 1.0
            if row.state is not None:
                told[at] = row.state
    _stop_at(faults)
    notes: tuple[str, ...] = ()
    if _zeros_are_left_out(rows):
        recorded = _filled(first, recorded, told)
        notes = ("the file leaves out intervals without calls: silence within the usual hours counts as no calls",)
    timed = any(row.answered is not None and row.handle_s is not None for row in rows)
    missing = _missing_hours(first, shape[0], interval_s, zone)
    told[missing] = State.CLOSED
    history = with_hours(
        first, interval_s, calls, recorded, told, answered if timed else None, handle_s if timed else None
    )
    return replace(history, notes=notes)


def _not_far_apart(rows: list[_Row]) -> None:
    """Refuse days that reach over more years than a history can have; the lines farthest from most are named."""
    days = sorted(row.start.date() for row in rows)
    if not days or (days[-1] - days[0]).days <= MOST_YEARS * 366:
        return
    middle = days[len(days) // 2]
    far = [row for row in rows if abs((row.start.date() - middle).days) > MOST_YEARS * 366 / 2]
    rest = f"is years away from most lines, such as {middle}; a file has {MOST_YEARS} at most"
    raise BadLines([(row.line, f"{row.start:%Y-%m-%d} {rest}") for row in far])


def _zeros_are_left_out(rows: list[_Row]) -> bool:
    """Tell whether a file without a single 0 should have some, from its ones and twos, as if counts were Poisson."""
    counts = [row.calls for row in rows]
    ones, twos = counts.count(1), counts.count(2)
    return 0 not in counts and ones > 0 and ones * ones / (2 * max(twos, 1)) > _MISSED_ZEROS


def _filled(first: date, recorded: Floats, told: NDArray[np.int8]) -> Floats:
    """Count every slot between the earliest and the latest call of its weekday as recorded, unless told otherwise."""
    filled = recorded.copy()
    for weekday in range(7):
        rows = (np.arange(len(recorded)) + first.weekday()) % 7 == weekday
        slots = np.flatnonzero((recorded[rows] > 0).any(axis=0))
        if len(slots):
            filled[rows, slots[0] : slots[-1] + 1] = np.maximum(recorded[rows, slots[0] : slots[-1] + 1], 1.0)
    filled[told >= 0] = recorded[told >= 0]
    return filled


def _with_folds(rows: Iterable[_Row]) -> Iterable[_Row]:
    """Give the second of two equal local times, where the clock is put back, its own place in time."""
    seen: set[datetime] = set()
    for row in rows:
        later = row.start.replace(fold=1)
        twice = later.utcoffset() != row.start.utcoffset()
        if twice and row.start.astimezone(UTC) in seen:
            yield _Row(row.line, later, row.calls, row.answered, row.handle_s, row.state)
            continue
        seen.add(row.start.astimezone(UTC))
        yield row


def _missing_hours(first: date, days: int, interval_s: int, zone: tzinfo) -> tuple[list[int], list[int]]:
    """Return the (day, slot) pairs that the clock skips; they are closed, not gaps."""
    rows: list[int] = []
    slots: list[int] = []
    for day in range(days):
        midnight = datetime.combine(first + timedelta(days=day), datetime.min.time())
        if midnight.replace(tzinfo=zone).utcoffset() == (midnight + timedelta(days=1)).replace(tzinfo=zone).utcoffset():
            continue
        for slot in range(DAY_S // interval_s):
            local = (midnight + timedelta(seconds=slot * interval_s)).replace(tzinfo=zone)
            if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
                rows.append(day)
                slots.append(slot)
    return rows, slots
