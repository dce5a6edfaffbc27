"""A roster in a file: which shifts it means, and every fault of it, line by line. Pure: no I/O, no clock."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from video_service.accounts import Account, Role
from video_service.services import ShiftOnRoster
from video_service.shift_import_breaks import BadBreaks, breaks_of
from video_service.shift_import_file import Row

DAY_MS = 86_400_000
AHEAD_MS = 400 * DAY_MS
SHOWN_VALUE = 40

T = TypeVar("T")

Column = Literal["agent", "date", "from", "to", "breaks"]
COLUMNS: tuple[Column, ...] = ("agent", "date", "from", "to")
"""Those that a file must have; breaks may stand behind them."""

# Header names as offices write them, without spaces and in small letters.
HEADERS: dict[str, Column] = {
    **dict.fromkeys(
        ("agent", "name", "signinname", "sign-inname", "客服", "姓名", "名字", "账号", "登录名", "员工"), "agent"
    ),
    **dict.fromkeys(("date", "day", "日期", "日子"), "date"),
    **dict.fromkeys(("from", "start", "begin", "从", "开始", "开始时间", "上班", "上班时间"), "from"),
    **dict.fromkeys(("to", "until", "end", "到", "结束", "结束时间", "下班", "下班时间"), "to"),
    **dict.fromkeys(("breaks", "break", "休息", "休息时间", "休息時間", "小休"), "breaks"),
    **dict.fromkeys(("客服員", "帳戶", "登入名稱", "員工"), "agent"),
    **dict.fromkeys(("由", "從", "開始", "返工"), "from"),
    **dict.fromkeys(("結束", "放工"), "to"),
}

TEMPLATES = {
    "zh-CN": (("客服", "日期", "从", "到"), ("登录名或姓名", "2026-03-02", "09:00", "17:00")),
    "zh-HK": (("客服員", "日期", "由", "到"), ("登入名稱或姓名", "2026-03-02", "09:00", "17:00")),
    "en": (("agent", "date", "from", "to"), ("sign-in name or name", "2026-03-02", "09:00", "17:00")),
}

_FIRST_YEAR, _LAST_YEAR = 2000, 2099
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::00)?")


class PlannedShift(msgspec.Struct, frozen=True, kw_only=True):
    """A shift that a line of the file means; start_ms <= t < end_ms, milliseconds since 1970, `breaks` so too."""

    line: int
    agent: str
    name: str
    start_ms: int
    end_ms: int
    breaks: tuple[tuple[int, int], ...] = ()


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with a line (0: with the file). `other` is the line that it overlaps, `value` what stands there."""

    line: int
    code: str
    column: str = ""
    value: str = ""
    other: int = 0


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a file means. Nothing of it is imported while it has faults."""

    shifts: tuple[PlannedShift, ...] = ()
    faults: tuple[Fault, ...] = ()
    rows: int = 0


class _Wrong(Exception):
    def __init__(self, code: str, column: Column | Literal[""], value: str = "") -> None:
        super().__init__(code)
        self.code, self.column, self.value = code, column, value


def read_shifts(rows: Sequence[Row], *, accounts: Iterable[Account], zone: ZoneInfo, now_ms: int) -> Checked:
    """Return the shifts of a table, whose first row names its columns, and what is wrong with it in itself.

    Times are those of clocks in `zone`; an end before the start is on the next day.
    """
    head, *body = rows
    places = _places(head)
    missing = [column for column in COLUMNS if column not in places]
    if missing:
        return Checked(faults=(Fault(line=head.line, code="columns_missing", value=" ".join(missing)),))
    if not body:
        return Checked(faults=(Fault(line=0, code="file_empty"),))
    people = _people(accounts)
    shifts, faults = [], []
    for row in body:
        cells = {column: row.cells[at] if at < len(row.cells) else "" for column, at in places.items()}
        shift, wrong = _shift(row.line, cells, people, zone, now_ms)
        faults += [Fault(line=row.line, code=w.code, column=w.column, value=w.value[:SHOWN_VALUE]) for w in wrong]
        if shift is not None:
            shifts.append(shift)
    return _sorted(Checked(shifts=tuple(shifts), faults=(*faults, *_overlaps(shifts)), rows=len(body)))


def against(checked: Checked, taken: Iterable[ShiftOnRoster]) -> Checked:
    """Add a fault for each shift in whose time its agent has one already."""
    theirs: dict[str, list[ShiftOnRoster]] = defaultdict(list)
    for shift in taken:
        theirs[shift.agent].append(shift)
    faults = [
        Fault(line=each.line, code="overlaps_roster", column="from")
        for each in checked.shifts
        if any(each.start_ms < other.end_ms and other.start_ms < each.end_ms for other in theirs[each.agent])
    ]
    return _sorted(Checked(shifts=checked.shifts, faults=(*checked.faults, *faults), rows=checked.rows))


def _sorted(checked: Checked) -> Checked:
    order = {column: place for place, column in enumerate(("", *COLUMNS, "breaks"))}
    faults = tuple(sorted(checked.faults, key=lambda fault: (fault.line, order[fault.column], fault.other)))
    return Checked(shifts=checked.shifts, faults=faults, rows=checked.rows)


def _places(head: Row) -> dict[Column, int]:
    places: dict[Column, int] = {}
    for at, cell in enumerate(head.cells):
        column = HEADERS.get(re.sub(r"[\s_]", "", unicodedata.normalize("NFKC", cell)).casefold())
        if column is not None:
            places.setdefault(column, at)
    return places


def _people(accounts: Iterable[Account]) -> dict[str, list[Account]]:
    """Return agents by sign-in name, else by display name: two people may share one."""
    by_name: dict[str, list[Account]] = {}
    agents = [account for account in accounts if account.role is Role.AGENT]
    for account in agents:
        by_name.setdefault(_plain(account.display_name), []).append(account)
    return by_name | {_plain(account.name): [account] for account in agents}


def _shift(
    line: int, cells: dict[Column, str], people: dict[str, list[Account]], zone: ZoneInfo, now_ms: int
) -> tuple[PlannedShift | None, list[_Wrong]]:
    wrong: list[_Wrong] = []

    def tried(part: Callable[[], T]) -> T | None:
        try:
            return part()
        except _Wrong as one:
            wrong.append(one)
            return None

    account = tried(lambda: _agent(cells["agent"], people))
    day = tried(lambda: _day(cells["date"]))
    start = tried(lambda: _clock(cells["from"], "from"))
    end = tried(lambda: _clock(cells["to"], "to"))
    if day is None or start is None or end is None:
        return None, wrong
    span = tried(lambda: _span(day, start, end, zone, now_ms))
    if account is None or span is None:
        return None, wrong
    pauses = tried(lambda: _breaks(cells.get("breaks", ""), day, start, end, zone))
    shift = PlannedShift(
        line=line,
        agent=account.person,
        name=account.display_name,
        start_ms=span[0],
        end_ms=span[1],
        breaks=pauses or (),
    )
    return shift, wrong


def _agent(cell: str, people: dict[str, list[Account]]) -> Account:
    _no_formula(cell, "agent")
    found = people.get(_plain(cell), [])
    if not found:
        raise _Wrong("agent_unknown", "agent", cell)
    if len(found) > 1:
        raise _Wrong("agent_twice", "agent", cell)
    if found[0].disabled:
        raise _Wrong("agent_disabled", "agent", cell)
    return found[0]


def _day(cell: str) -> date:
    _no_formula(cell, "date")
    found = _DATE.fullmatch(unicodedata.normalize("NFKC", cell))
    if found is None:
        raise _Wrong("date_unreadable", "date", cell)
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError as error:
        raise _Wrong("date_none", "date", cell) from error


def _clock(cell: str, column: Column) -> timedelta:
    """Return the time since the day's beginning; 24:00 is the end of it."""
    _no_formula(cell, column)
    found = _TIME.fullmatch(unicodedata.normalize("NFKC", cell))
    if found is None or int(found[2]) > 59 or int(found[1]) * 60 + int(found[2]) > 24 * 60:
        raise _Wrong("time_unreadable", column, cell)
    return timedelta(hours=int(found[1]), minutes=int(found[2]))


def _span(day: date, start: timedelta, end: timedelta, zone: ZoneInfo, now_ms: int) -> tuple[int, int]:
    if start == end:
        raise _Wrong("no_length", "to")
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise _Wrong("date_past" if day.year < _FIRST_YEAR else "date_far", "date", day.isoformat())
    midnight = datetime.combine(day, time())
    start_ms = _moment_ms(midnight + start, zone, "from")
    end_ms = _moment_ms(midnight + end + timedelta(days=end < start), zone, "to")
    if end_ms <= now_ms:
        raise _Wrong("date_past", "date", day.isoformat())
    if start_ms > now_ms + AHEAD_MS:
        raise _Wrong("date_far", "date", day.isoformat())
    if not 0 < end_ms - start_ms <= DAY_MS:
        raise _Wrong("too_long", "to")
    return start_ms, end_ms


def _breaks(cell: str, day: date, start: timedelta, end: timedelta, zone: ZoneInfo) -> tuple[tuple[int, int], ...]:
    if not cell:
        return ()
    _no_formula(cell, "breaks")
    try:
        found = breaks_of(cell, start, end + timedelta(days=end < start))
    except BadBreaks as error:
        raise _Wrong(error.code, "breaks", cell) from error
    midnight = datetime.combine(day, time())
    return tuple((_moment_ms(midnight + a, zone, "breaks"), _moment_ms(midnight + b, zone, "breaks")) for a, b in found)


def _moment_ms(wall: datetime, zone: ZoneInfo, column: Column) -> int:
    """Return a wall clock's time as milliseconds since 1970. Source: PEP 495 (a gap's first offset is the smaller)."""
    first, second = wall.replace(tzinfo=zone), wall.replace(tzinfo=zone, fold=1)
    before, after = first.utcoffset(), second.utcoffset()
    assert before is not None
    assert after is not None
    if before != after:
        raise _Wrong("time_skipped" if before < after else "time_twice", column, f"{wall:%Y-%m-%d %H:%M}")
    return round(first.timestamp() * 1000)


def _overlaps(shifts: Iterable[PlannedShift]) -> list[Fault]:
    """Return a fault for each shift that begins before an earlier one of the same agent has ended."""
    faults = []
    latest: dict[str, PlannedShift] = {}
    for shift in sorted(shifts, key=lambda each: (each.start_ms, each.line)):
        before = latest.get(shift.agent)
        if before is not None and shift.start_ms < before.end_ms:
            later, earlier = max(shift.line, before.line), min(shift.line, before.line)
            faults.append(Fault(line=later, code="overlaps_line", column="from", other=earlier))
        if before is None or shift.end_ms > before.end_ms:
            latest[shift.agent] = shift
    return faults


def _no_formula(cell: str, column: Column) -> None:
    if cell.startswith("="):
        raise _Wrong("formula", column, cell)
    if not cell:
        raise _Wrong("cell_empty", column)


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
