"""The coordinator's calendar file: marks, campaigns, and a sentence for each line that cannot be read."""

from __future__ import annotations

from datetime import date

import pytest

from scheduler.calendar_csv import calendar_from_csv
from scheduler.day_types import HOLIDAY, MAKE_UP, Campaign, DayMark
from scheduler.errors import BadHistory

pytestmark = pytest.mark.unit

HEAD = "date,kind,acts_as,last,factor,from,to,name\n"


def test_marks_are_read_from_a_file() -> None:
    found = calendar_from_csv("date,kind,acts_as\n2026-04-06,holiday,6\n2026-04-11,make-up\n2026-05-05, fair ,\n")
    assert found.marks == {
        date(2026, 4, 6): DayMark(HOLIDAY, 6),
        date(2026, 4, 11): DayMark(MAKE_UP),
        date(2026, 5, 5): DayMark("fair"),
    }
    assert found.campaigns == ()


def test_campaigns_are_read_beside_them() -> None:
    found = calendar_from_csv(
        f"{HEAD}2026-06-01,campaign,,2026-06-14,1.3,18:00,24:00,Summer mailing\n"
        "2026-06-05,fair\n2026-06-05,campaign,,,2\n2026-06-05,campaign,,,0.5,9:30\n"
    )
    assert found.campaigns == (
        Campaign("Summer mailing", date(2026, 6, 1), date(2026, 6, 14), 1.3, 18 * 3600, 24 * 3600),
        Campaign("campaign", date(2026, 6, 5), date(2026, 6, 5), 2.0),
        Campaign("campaign", date(2026, 6, 5), date(2026, 6, 5), 0.5, 9 * 3600 + 1800, 24 * 3600),
    )
    assert found.marks == {date(2026, 6, 5): DayMark("fair")}, "a day may be marked and have campaigns"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("soon,holiday,", "isoformat"),
        ("2026-04-06,,", "needs a kind"),
        ("2026-04-06,holiday,9", "weekday 0"),
        ("2026-04-06,holiday,x", "invalid literal"),
        ("2026-01-01,fair", "there twice"),
        ("2026-04-06,campaign", "needs a factor"),
        ("2026-04-06,campaign,,,lots", "could not convert"),
        ("2026-04-06,campaign,,,nan", "factor must be"),
        ("2026-04-06,campaign,,2026-04-05,2", "end after it begins"),
        ("2026-04-06,campaign,,2026-04-31,2", "day"),
        ("2026-04-06,campaign,,,2,25:00", "no time of day"),
        ("2026-04-06,campaign,,,2,18:00,17:00", "end after it begins"),
    ],
)
def test_a_faulty_line_is_named(line: str, words: str) -> None:
    with pytest.raises(BadHistory, match="Line 3 of the calendar") as caught:
        calendar_from_csv(f"{HEAD}2026-01-01,holiday\n{line}\n")
    assert words in str(caught.value)


def test_a_cell_too_many_is_no_harm() -> None:
    assert calendar_from_csv("date,kind\n2026-01-01,holiday,,,,\n").marks == {date(2026, 1, 1): DayMark(HOLIDAY)}
