"""A roster as a workbook: people by days for the wall, and every shift with its breaks in a sheet of its own."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from scheduler.roster_file import Duty, RosterDocument
from video_service.shift_import import TEMPLATES

_HEAD = Font(bold=True)
_WEEKEND = PatternFill("solid", fgColor="E8EDF0")
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_WEEKDAYS = ("一", "二", "三", "四", "五", "六", "日")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def workbook(document: RosterDocument, titles: Mapping[str, str]) -> bytes:
    """Return the file. `titles`: what people are called, by sign-in name.

    The first sheet has the columns that the import of shifts reads, and breaks behind them; it opens with the second.
    """
    book = Workbook()
    rows: Worksheet = book.active
    rows.title = "shifts"
    _fill_rows(rows, document)
    _fill_grid(book.create_sheet("roster"), document, titles)
    book.active = 1  # people look at the grid first, the import reads the first sheet
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill_grid(sheet: Worksheet, document: RosterDocument, titles: Mapping[str, str]) -> None:
    days = [document.first_day + timedelta(days=number) for number in range(document.days)]
    cells: dict[tuple[str, date], list[Duty]] = defaultdict(list)
    for duty in document.duties:
        cells[duty.person, duty.day].append(duty)
    people = sorted({duty.person for duty in document.duties}, key=lambda name: titles.get(name, name))
    sheet.append(["", *(f"{day:%m-%d} {_WEEKDAYS[day.weekday()]}" for day in days), "h"])
    for name in people:
        worked = [cells[name, day] for day in days]
        hours = sum(duty.minutes for duties in worked for duty in duties) / 60
        sheet.append([_plain(titles.get(name) or name), *("\n".join(map(_times, duties)) for duties in worked), hours])
    for row in sheet.iter_rows():
        for cell in row:
            cell.alignment = _WRAPPED
    for cell in sheet[1]:
        cell.font = _HEAD
    for number, day in enumerate(days, start=2):
        sheet.column_dimensions[get_column_letter(number)].width = 12
        if day.weekday() >= 5:
            for row in range(1, len(people) + 2):
                sheet.cell(row, number).fill = _WEEKEND
    sheet.column_dimensions["A"].width = 16
    sheet.freeze_panes = "B2"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows, sheet.print_title_cols = "1:1", "A:A"


def _fill_rows(sheet: Worksheet, document: RosterDocument) -> None:
    sheet.append([*TEMPLATES["en"][0], "breaks"])
    for cell in sheet[1]:
        cell.font = _HEAD
    for duty in document.duties:
        start = _minute(duty.start)
        pauses = " ".join(f"{_clock(start + one.from_min)}-{_clock(start + one.to_min)}" for one in duty.pauses)
        sheet.append([_plain(duty.person), duty.day.isoformat(), duty.start, _clock(start + duty.minutes), pauses])
    sheet.freeze_panes = "A2"


def _times(duty: Duty) -> str:
    return f"{duty.start}-{_clock(_minute(duty.start) + duty.minutes)}"


def _plain(text: str) -> str:
    # What a program for tables would run as a formula stays text.
    return f"'{text}" if text.startswith(_FORMULA) else text


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:5])


def _clock(minute: int) -> str:
    return f"{minute % 1440 // 60:02}:{minute % 60:02}"
