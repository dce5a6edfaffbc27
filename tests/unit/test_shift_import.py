"""A roster in a file: what it means, what is wrong with it, and what no file does to the service."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from video_service import shift_import_file
from video_service.accounts import Account, Role
from video_service.shift_import import TEMPLATES, Checked, against, read_shifts
from video_service.shift_import_breaks import breaks_of
from video_service.shift_import_file import MAX_FILE_BYTES, MAX_ROWS, FileFault, read_table

pytestmark = pytest.mark.unit

NOW_MS = 1_772_323_200_000  # 2026-03-01T00:00:00Z
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


def _account(name: str, display_name: str, *, role: Role = Role.AGENT, disabled: bool = False) -> Account:
    more = {"password_hash": "", "created_ms": 0, "changed_ms": 0}
    return Account(person=f"a-{name}", name=name, display_name=display_name, role=role, disabled=disabled, **more)  # type: ignore[arg-type]


PEOPLE = (
    _account("lin", "林晓"),
    _account("wang", "Wang Jing"),
    _account("chen", "同名"),
    _account("zhao", "同名"),
    _account("gone", "Gone", disabled=True),
    _account("boss", "Boss", role=Role.COORDINATOR),
)


@dataclass(frozen=True)
class Taken:
    agent: str
    start_ms: int
    end_ms: int
    shift: str = "s-1"


def _checked(data: bytes | str, zone: ZoneInfo = SHANGHAI) -> Checked:
    rows = read_table(data.encode() if isinstance(data, str) else data)
    return read_shifts(rows, accounts=PEOPLE, zone=zone, now_ms=NOW_MS)


def _spans(checked: Checked) -> list[tuple[str, str, str]]:
    return [
        (
            shift.agent,
            datetime.fromtimestamp(shift.start_ms / 1000, UTC).isoformat(timespec="minutes")[:16],
            datetime.fromtimestamp(shift.end_ms / 1000, UTC).isoformat(timespec="minutes")[:16],
        )
        for shift in checked.shifts
    ]


def _faults(checked: Checked) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.code, fault.column) for fault in checked.faults]


def _fault(data: bytes) -> object:
    with pytest.raises(FileFault) as caught:
        read_table(data)
    return caught.value.data["fault"]


def _xlsx(*rows: tuple[object, ...]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


CHINESE = "客服,日期,从,到\r\n林晓,2026年3月2日,09:00,17:30\r\nWANG,2026/3/2,22:00,6:00\r\n"
TWO = [("a-lin", "2026-03-02T01:00", "2026-03-02T09:30"), ("a-wang", "2026-03-02T14:00", "2026-03-02T22:00")]


@pytest.mark.parametrize(
    "data",
    [
        CHINESE.encode(),
        b"\xef\xbb\xbf" + CHINESE.encode(),
        CHINESE.encode("gb18030"),
        CHINESE.replace(",", ";").encode(),
        CHINESE.replace(",", "\t").encode("gb18030"),
        CHINESE.replace("\r\n", "\n\n").replace("09:00", "９：００").encode(),
        b'Sign-in name,Date,Start,End,Note\nlin,2026-03-02,9:00,17:30,"x,\ny"\n wang jing ,2026.3.2,22:00:00,06:00,\n',
        _xlsx(
            ("到", "从", "日期", "姓名"),
            (time(17, 30), time(9), date(2026, 3, 2), "lin"),
            (),
            ("06:00", timedelta(hours=22), datetime(2026, 3, 2), "wang"),  # noqa: DTZ001
        ),
    ],
)
def test_one_roster_in_every_form_is_the_same_roster(data: bytes) -> None:
    checked = _checked(data)
    assert (_faults(checked), _spans(checked), checked.rows) == ([], TWO, 2)


def test_midnight_ends_a_day_also_in_a_spreadsheet() -> None:
    for end in ("24:00", "0:00"):
        assert _spans(_checked(f"agent,date,from,to\nlin,2026-03-02,16:00,{end}"))[0][2] == "2026-03-02T16:00"
    head, row = ("agent", "date", "from", "to"), ("lin", date(2026, 3, 2), time(16))
    assert _spans(_checked(_xlsx(head, (*row, timedelta(days=1)))))[0][2] == "2026-03-02T16:00"
    assert _spans(_checked(_xlsx(head, (*row, datetime(1900, 1, 1)))))[0][2] == "2026-03-02T16:00"  # noqa: DTZ001


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        ("nobody,2026-03-02,09:00,17:00", "agent_unknown", "agent"),
        ("boss,2026-03-02,09:00,17:00", "agent_unknown", "agent"),
        ("同名,2026-03-02,09:00,17:00", "agent_twice", "agent"),
        ("Gone,2026-03-02,09:00,17:00", "agent_disabled", "agent"),
        (",2026-03-02,09:00,17:00", "cell_empty", "agent"),
        ("lin,02.03.2026,09:00,17:00", "date_unreadable", "date"),
        ("lin,3/2/2026,09:00,17:00", "date_unreadable", "date"),
        ("lin,2026-02-30,09:00,17:00", "date_none", "date"),
        ("lin,2026-02-27,09:00,17:00", "date_past", "date"),
        ("lin,0001-01-01,00:00,17:00", "date_past", "date"),
        ("lin,2062-03-02,09:00,17:00", "date_far", "date"),
        ("lin,9999-12-31,09:00,01:00", "date_far", "date"),
        ("lin,2026-03-02,9 am,17:00", "time_unreadable", "from"),
        ("lin,2026-03-02,09:00,24:01", "time_unreadable", "to"),
        ("lin,2026-03-02,09:60,17:00", "time_unreadable", "from"),
        ("lin,2026-03-02,09:00,", "cell_empty", "to"),
        ("lin,2026-03-02,09:00,09:00", "no_length", "to"),
        ("=A1,2026-03-02,09:00,17:00", "formula", "agent"),
        ("lin,2026-03-02,09:00", "cell_empty", "to"),
    ],
)
def test_a_fault_is_named_with_its_line_and_column(row: str, code: str, column: str) -> None:
    checked = _checked(f"agent,date,from,to\nwang,2026-03-02,09:00,17:00\n\n{row}\n")
    assert _faults(checked) == [(4, code, column)]
    assert [shift.line for shift in checked.shifts] == [2]


@pytest.mark.parametrize(
    ("cell", "spans"),
    [
        ("11:00-11:15 13:00-13:30", [(660, 675), (780, 810)]),
        ("11:00–11:15、13:00 到 13:30", [(660, 675), (780, 810)]),
        ("１１：００－１１：１５;", [(660, 675)]),
        ("23:30-0:15,1:00~1:30", [(1410, 1455), (1500, 1530)]),
    ],
)
def test_breaks_stand_in_their_shift(cell: str, spans: list[tuple[int, int]]) -> None:
    start, end = (22, 30) if cell.startswith("23") else (9, 17)
    found = breaks_of(cell, timedelta(hours=start), timedelta(hours=end))
    assert [(a // timedelta(minutes=1), b // timedelta(minutes=1)) for a, b in found] == spans


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("lunch", "breaks_unreadable"),
        ("12:00", "breaks_unreadable"),
        ("12:00-12:75", "breaks_unreadable"),
        ("12:00-12:30 x", "breaks_unreadable"),
        ("25:00-26:00", "breaks_unreadable"),
        (" ".join(f"10:{n:02}-10:{n + 1:02}" for n in range(13)), "breaks_unreadable"),
        ("08:00-08:30", "breaks_outside"),
        ("16:45-17:15", "breaks_outside"),
        ("12:30-12:00", "breaks_outside"),
        ("12:00-12:30 12:15-12:45", "breaks_outside"),
        ("=A1", "formula"),
    ],
)
def test_breaks_that_cannot_be_are_named(cell: str, code: str) -> None:
    checked = _checked(
        f'agent,date,from,to,breaks\nwang,2026-03-02,09:00,17:00,\nlin,2026-03-02,09:00,17:00,"{cell}"\n'
    )
    assert _faults(checked) == [(3, code, "breaks")]


def test_every_fault_of_a_line_is_named() -> None:
    assert _faults(_checked("agent,date,from,to\nx,x,x,x\n")) == [
        (2, "agent_unknown", "agent"),
        (2, "date_unreadable", "date"),
        (2, "time_unreadable", "from"),
        (2, "time_unreadable", "to"),
    ]
    both = _checked("agent,date,from,to\nnobody,2026-01-02,09:00,17:00\n")
    assert _faults(both) == [(2, "agent_unknown", "agent"), (2, "date_past", "date")]


@pytest.mark.parametrize(
    ("start", "end", "fault"),
    [
        ("02:30", "08:00", ("time_skipped", "from")),  # 2026-03-29, Berlin: 02:00 to 03:00 does not exist
        ("01:59", "03:00", None),
        ("22:00", "02:30", None),
    ],
)
def test_a_time_that_clocks_skip_is_no_time(start: str, end: str, fault: tuple[str, str] | None) -> None:
    checked = _checked(f"agent,date,from,to\nlin,2026-03-29,{start},{end}\n", BERLIN)
    assert _faults(checked) == ([(2, *fault)] if fault else [])


def test_a_night_across_the_change_has_its_own_length_and_an_hour_told_twice_is_asked_about() -> None:
    night = _checked("agent,date,from,to\nlin,2026-03-28,22:00,06:00\nlin,2026-10-24,22:00,06:00\n", BERLIN)
    assert [(shift.end_ms - shift.start_ms) / 3_600_000 for shift in night.shifts] == [7, 9]
    assert _faults(_checked("agent,date,from,to\nlin,2026-10-24,22:00,02:30\n", BERLIN)) == [(2, "time_twice", "to")]
    assert _faults(_checked("agent,date,from,to\nlin,2026-10-24,03:30,03:29\n", BERLIN)) == [(2, "too_long", "to")]


def test_shifts_of_one_agent_do_not_overlap_in_the_file_nor_with_the_roster() -> None:
    checked = _checked(
        "agent,date,from,to\nlin,2026-03-03,05:00,09:00\nwang,2026-03-03,05:00,09:00\nlin,2026-03-02,22:00,06:00\n"
        "lin,2026-03-03,09:00,10:00\n林晓,2026-03-03,09:30,11:00\n"
    )
    overlaps = [(fault.line, fault.other) for fault in checked.faults]
    assert overlaps == [(4, 2), (6, 5)]
    last = checked.shifts[-1]
    touching = Taken("a-lin", last.end_ms, last.end_ms + 1)
    assert against(checked, [touching]).faults == checked.faults
    within = Taken("a-lin", last.start_ms + 1, last.start_ms + 2)
    codes = [(fault.line, fault.code) for fault in against(checked, [within, touching]).faults]
    assert (last.line, "overlaps_roster") in codes
    assert against(checked, [Taken("a-chen", last.start_ms, last.end_ms)]).faults == checked.faults


def test_columns_that_are_missing_are_named() -> None:
    (fault,) = _checked("客服,时间\nlin,9\n").faults
    assert (fault.line, fault.code, fault.value) == (1, "columns_missing", "date from to")
    assert [fault.code for fault in _checked("agent,date,from,to\n\n").faults] == ["file_empty"]


@pytest.mark.parametrize("lang", TEMPLATES)
def test_the_template_is_read_but_names_nobody(lang: str) -> None:
    text = "".join(",".join(line) + "\r\n" for line in TEMPLATES[lang])
    assert [fault.code for fault in _checked(text).faults] == ["agent_unknown"]


def test_files_that_are_no_table_are_named() -> None:
    row = b"lin,2026-03-02,09:00,17:00\n"
    assert _fault(b"") == "file_empty"
    assert _fault(b"\xef\xbb\xbf\n ,\n") == "file_empty"
    assert _fault(bytes.fromhex("d0cf11e0a1b11ae1") + b"x" * 600) == "file_old_excel"
    assert _fault("agent,date".encode("utf-16")) == "file_encoding"
    assert _fault(b"\x89PNG\r\n\x1a\n\0\0\0\xff") == "file_encoding"
    assert _fault(b"x" * (MAX_FILE_BYTES + 1)) == "file_too_large"
    assert _fault(b'"' + b"x" * 200_000) == "file_unreadable"
    assert _fault(b"h\n" + row * (MAX_ROWS + 1)) == "too_many_rows"
    assert len(read_table(b"h\n" + row * MAX_ROWS)) == MAX_ROWS + 1


def _altered(name: str, body: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_xlsx(("a",)))) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, body if part == name else old.read(part))
    return out.getvalue()


def test_a_spreadsheet_that_means_harm_or_is_broken_is_refused() -> None:
    sheet, head = "xl/worksheets/sheet1.xml", b'<?xml version="1.0"?>'
    bomb = head + b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'
    assert _fault(_altered(sheet, bomb)) == "file_unreadable"
    assert _fault(_altered(sheet, bomb.decode().encode("utf-16"))) == "file_unreadable"
    packed = _altered(sheet, head + b" " * (shift_import_file.MAX_UNPACKED_BYTES + 1))
    assert len(packed) < MAX_FILE_BYTES
    assert _fault(packed) == "file_too_large"
    assert _fault(_altered(sheet, b"<worksheet><sheetData><row")) == "file_unreadable"
    whole = _xlsx(("a",))
    assert _fault(whole[: len(whole) // 2]) == "file_unreadable"
    far = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="%d"/>'
    assert _fault(_altered(sheet, far % 900_000_000 + b"</sheetData></worksheet>")) == "too_many_rows"
    parts = io.BytesIO()
    with zipfile.ZipFile(parts, "w") as new:
        for n in range(shift_import_file.MAX_PARTS + 1):
            new.writestr(f"{n}.xml", b"")
    assert _fault(parts.getvalue()) == "file_too_large"


def test_a_formula_is_not_computed() -> None:
    data = _xlsx(("agent", "date", "from", "to"), ('="l"&"in"', date(2026, 3, 2), "=TIME(9,0,0)", time(17)))
    assert _faults(_checked(data)) == [(2, "formula", "agent"), (2, "formula", "from")]


_WHOLE = _xlsx(("agent", "date", "from", "to"), ("lin", date(2026, 3, 2), time(9), time(17)))


def _outcome(data: bytes) -> object:
    try:
        return _checked(data)
    except FileFault as fault:
        return fault.data["fault"]


@given(st.one_of(st.binary(max_size=400), st.text(max_size=200).map(str.encode)))
def test_no_file_breaks_the_reading(data: bytes) -> None:
    outcome = _outcome(b"agent,date,from,to\n" + data)
    assert outcome in ("file_encoding", "file_unreadable") or isinstance(outcome, Checked)


@given(st.integers(0, len(_WHOLE) - 1), st.integers(0, 255))
def test_no_changed_byte_of_a_spreadsheet_breaks_the_reading(at: int, byte: int) -> None:
    outcome = _outcome(_WHOLE[:at] + bytes([byte]) + _WHOLE[at + 1 :])
    assert outcome in ("file_encoding", "file_unreadable", "file_too_large") or isinstance(outcome, Checked)
