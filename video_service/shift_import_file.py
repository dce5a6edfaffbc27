"""From the bytes of a roster's file to rows of text: CSV as offices write it, and XLSX without its risks.

Nothing of a file is believed: its size, what it would unpack to, its number of rows and columns are bounded before
they cost anything, no formula is computed, and no entity of its XML is expanded. Pure: no I/O but the bytes.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import ClassVar

from video_service.errors import ServiceError

MAX_FILE_BYTES = 512 * 1024
MAX_ROWS = 1000
LAST_ROW = 20_000  # of a sheet, empty ones counted
MAX_COLUMNS = 40
MAX_CELL = 200
MAX_UNPACKED_BYTES = 8 * 1024 * 1024
MAX_PARTS = 200

_ZIP = b"PK\x03\x04"
_OLD_EXCEL = bytes.fromhex("d0cf11e0a1b11ae1")
_SEPARATORS = (",", ";", "\t")


class FileFault(ServiceError):
    """The file cannot be read as a table. `data["fault"]` says why."""

    code: ClassVar[str] = "file_fault"


@dataclass(frozen=True)
class Row:
    """One row that is not empty, at its line (CSV: the last line of the row) or row number in the file, from 1."""

    line: int
    cells: tuple[str, ...]


def read_table(data: bytes) -> list[Row]:
    """Return the rows of a CSV (UTF-8 or GB18030; comma, semicolon or tab) or of an XLSX file's first sheet.

    At most MAX_ROWS rows after the first one. Dates and times of XLSX become "2026-03-02" and "09:00"; a formula stays
    its text, which begins with "=".

    Raises:
        FileFault: `file_empty`, `file_too_large`, `file_old_excel`, `file_encoding`, `file_unreadable` or
            `too_many_rows`.
    """
    if len(data) > MAX_FILE_BYTES:
        raise FileFault(fault="file_too_large")
    if data.startswith(_OLD_EXCEL):
        raise FileFault(fault="file_old_excel")
    found = _rows(_sheet(data) if data.startswith(_ZIP) else _lines(data))
    if not found:
        raise FileFault(fault="file_empty")
    return found


def _rows(lines: Iterable[tuple[int, Iterable[str]]]) -> list[Row]:
    rows: list[Row] = []
    for number, cells in lines:
        row = Row(number, tuple(cell.strip()[:MAX_CELL] for cell in cells))
        if not any(row.cells):
            continue
        if len(rows) > MAX_ROWS:
            raise FileFault(fault="too_many_rows")
        rows.append(row)
    return rows


def _lines(data: bytes) -> list[tuple[int, list[str]]]:
    text = _decoded(data)
    head = text.lstrip("\r\n").partition("\n")[0]
    separator = max(_SEPARATORS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    found: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            found.append((reader.line_num, cells[:MAX_COLUMNS]))
    except csv.Error as error:
        raise FileFault(fault="file_unreadable") from error
    return found


def _decoded(data: bytes) -> str:
    # GB18030 takes nearly any bytes, so UTF-8, which does not, is tried first.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise FileFault(fault="file_encoding")


def _sheet(data: bytes) -> list[tuple[int, list[str]]]:
    _refuse_bombs(data)
    from openpyxl import load_workbook  # slow to import, and few ever need it

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what a file says of its own size is often wrong
        if next(sheet.iter_rows(min_row=LAST_ROW + 1, max_col=1), None) is not None:
            raise FileFault(fault="too_many_rows")
        rows = sheet.iter_rows(max_row=LAST_ROW, max_col=MAX_COLUMNS)
        return [(number, [_text(cell.value) for cell in cells]) for number, cells in enumerate(rows, 1)]
    except FileFault:
        raise
    except Exception as error:  # of a broken file the library raises whatever it stumbles over
        raise FileFault(fault="file_unreadable") from error


def _refuse_bombs(data: bytes) -> None:
    """Refuse what unpacks to far more than it is, and XML that declares entities. Source: XML 1.0, section 4.4."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            # `zipfile` never unpacks more of a part than it declares.
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
                raise FileFault(fault="file_too_large")
            for part in parts:
                # In UTF-16, which office programs do not write, the word would hide.
                if part.filename.endswith((".xml", ".rels")) and _declares(packed.read(part)):
                    raise FileFault(fault="file_unreadable")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise FileFault(fault="file_unreadable") from error


def _declares(xml: bytes) -> bool:
    return b"<!DOCTYPE" in xml or b"<!ENTITY" in xml or b"\0" in xml[:64]


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return _moment_text(value)
        case date():
            return value.isoformat()
        case time():
            return value.isoformat("seconds").removesuffix(":00")
        case timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return f"{minutes // 60:02}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
        case _:
            return str(value)


def _moment_text(value: datetime) -> str:
    if value == datetime(1900, 1, 1):  # noqa: DTZ001  the number 1 in a cell of times: a whole day
        return "24:00"
    if value.time() == time():
        return value.date().isoformat()
    return value.isoformat(" ", "minutes")
