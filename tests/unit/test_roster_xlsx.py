"""A roster as a workbook: a grid for people, rows for the import, and nothing that runs as a formula."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from scheduler.roster_file import Duty, Pause, RosterDocument
from video_service.roster_xlsx import workbook

pytestmark = pytest.mark.unit

FIRST = date(2026, 3, 6)  # a Friday


def duty(person: str, day: int, start: str = "09:00", minutes: int = 480, **more: object) -> Duty:
    return Duty(person=person, day=FIRST + timedelta(days=day), shift="", start=start, minutes=minutes, **more)  # type: ignore[arg-type]


def sheets(*duties: Duty, titles: dict[str, str] | None = None) -> tuple[Worksheet, Worksheet]:
    document = RosterDocument(zone="Asia/Shanghai", first_day=FIRST, days=3, duties=duties)
    book = load_workbook(io.BytesIO(workbook(document, titles or {"amei": "阿梅", "wang": ""})))
    assert book.sheetnames == ["shifts", "roster"]
    assert book.active.title == "roster"
    return book["shifts"], book["roster"]


def rows(sheet: Worksheet) -> list[list[object]]:
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_the_grid_has_people_by_days_with_their_hours() -> None:
    _, grid = sheets(duty("amei", 0), duty("amei", 2, "13:00"), duty("wang", 1, "22:00"), duty("amei", 2, "08:00", 120))
    assert rows(grid) == [
        [None, "03-06 五", "03-07 六", "03-08 日", "h"],
        ["wang", None, "22:00-06:00", None, 8],
        ["阿梅", "09:00-17:00", None, "13:00-21:00\n08:00-10:00", 18],
    ]
    assert grid.freeze_panes == "B2"
    assert grid.page_setup.orientation == "landscape"
    assert [grid.cell(2, column).fill.fill_type for column in (2, 3, 4)] == [None, "solid", "solid"]


def test_each_shift_has_a_row_with_its_breaks() -> None:
    pauses = (Pause(from_min=105, to_min=120), Pause(from_min=225, to_min=240))
    listed, _ = sheets(duty("amei", 0, pauses=pauses), duty("wang", 1, "22:00"))
    assert rows(listed) == [
        ["agent", "date", "from", "to", "breaks"],
        ["amei", "2026-03-06", "09:00", "17:00", "10:45-11:00 12:45-13:00"],
        ["wang", "2026-03-07", "22:00", "06:00", None],
    ]


@pytest.mark.parametrize("name", ["=1+1", "+a", "-a", "@a"])
def test_what_would_run_as_a_formula_stays_text(name: str) -> None:
    _, grid = sheets(duty("amei", 0), titles={"amei": name})
    assert (grid["A2"].value, grid["A2"].data_type) == (f"'{name}", "s")


def test_an_empty_roster_is_a_workbook_all_the_same() -> None:
    listed, grid = sheets()
    assert (len(rows(listed)), len(rows(grid))) == (1, 1)
