"""Calendars: what acts as what, the turn of the month, campaigns."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from scheduler.day_types import (
    AFTER_HOLIDAY,
    HOLIDAY,
    MAKE_UP,
    Calendar,
    Campaign,
    DayMark,
    weekdays,
)
from scheduler.errors import BadHistory
from video_service.public_holidays import special_days

pytestmark = pytest.mark.unit

# The days around Qingming 2026: Monday 6 April is off. A make-up Saturday is added for the test.
SPRING = Calendar({date(2026, 4, 6): DayMark(HOLIDAY), date(2026, 4, 11): DayMark(MAKE_UP)})


def test_a_make_up_saturday_acts_as_friday_and_a_sunday_as_monday() -> None:
    assert SPRING.acts_as(date(2026, 4, 11)) == 4
    assert Calendar({date(2026, 4, 12): DayMark(MAKE_UP)}).acts_as(date(2026, 4, 12)) == 0
    assert SPRING.acts_as(date(2026, 4, 6)) == 0
    assert Calendar({date(2026, 4, 6): DayMark(HOLIDAY, acts_as=6)}).acts_as(date(2026, 4, 6)) == 6
    assert weekdays(SPRING, [date(2026, 4, 11), date(2026, 4, 12)]).tolist() == [4, 6]


def test_the_first_working_day_after_a_holiday_is_a_kind_of_its_own() -> None:
    assert SPRING.kind(date(2026, 4, 6)) == HOLIDAY
    assert SPRING.kind(date(2026, 4, 7)) == AFTER_HOLIDAY
    assert SPRING.kind(date(2026, 4, 8)) == ""
    assert SPRING.kind(date(2026, 4, 11)) == MAKE_UP
    friday_off = Calendar({date(2026, 5, 1): DayMark(HOLIDAY)})
    assert friday_off.kind(date(2026, 5, 2)) == ""
    assert friday_off.kind(date(2026, 5, 4)) == AFTER_HOLIDAY
    week_off = Calendar({date(2026, 10, 1) + timedelta(days=i): DayMark(HOLIDAY) for i in range(8)})
    assert week_off.kind(date(2026, 10, 9)) == AFTER_HOLIDAY
    assert Calendar({date(2026, 5, 5): DayMark("fair")}).kind(date(2026, 5, 6)) == ""


def test_the_turn_of_the_month_is_counted_in_working_days() -> None:
    plain = Calendar()
    assert [plain.month_turn(date(2026, 3, day)) for day in (2, 3, 4, 30, 31)] == [0, 1, 2, -2, -1]
    assert plain.month_turn(date(2026, 4, 30)) == -1
    assert plain.month_turn(date(2026, 5, 1)) == 0
    labour_day = Calendar({date(2026, 5, 1): DayMark(HOLIDAY)})
    assert labour_day.month_turn(date(2026, 5, 4)) == 0
    assert plain.month_turn(date(2026, 5, 4)) == 1
    assert Calendar({date(2026, 5, 2): DayMark(MAKE_UP)}).month_turn(date(2026, 5, 4)) == 2


def test_a_campaign_raises_the_slots_it_covers_by_as_much_as_it_covers() -> None:
    fair = Campaign("fair", date(2026, 5, 5), date(2026, 5, 6), 1.5, from_s=9 * 3600, to_s=10 * 3600 + 1800)
    mail = Campaign("mail", date(2026, 5, 6), date(2026, 5, 6), 2.0)
    days = [date(2026, 5, day) for day in (4, 5, 6)]
    found = Calendar(campaigns=(fair, mail)).factors(days, 3600)
    assert found.shape == (3, 24)
    assert set(found[0].tolist()) == {1.0}
    assert found[1, 8:12].tolist() == [1.0, 1.5, 1.25, 1.0]
    assert found[2, 8:11].tolist() == [2.0, 3.0, 2.5]
    assert np.all(Calendar().factors(days, 900) == 1.0)


def test_impossible_marks_and_campaigns_are_refused() -> None:
    with pytest.raises(BadHistory, match="weekday 0"):
        DayMark(HOLIDAY, acts_as=7)
    with pytest.raises(BadHistory, match="needs a kind"):
        DayMark("")
    with pytest.raises(BadHistory, match="end after it begins"):
        Campaign("fair", date(2026, 5, 6), date(2026, 5, 5), 1.5)
    with pytest.raises(BadHistory, match="end after it begins"):
        Campaign("fair", date(2026, 5, 6), date(2026, 5, 6), 1.5, from_s=3600, to_s=3600)
    with pytest.raises(BadHistory, match="factor"):
        Campaign("fair", date(2026, 5, 6), date(2026, 5, 6), 0.0)


def test_public_holidays_mark_the_days_that_nobody_has_marked() -> None:
    golden_week = special_days("CN", date(2026, 9, 20), date(2026, 10, 12))
    found = Calendar({date(2026, 10, 1): DayMark("fair")}).with_special(golden_week)
    assert found.kind(date(2026, 10, 1)) == "fair", "what is marked has the last word"
    assert found.kind(date(2026, 10, 5)) == HOLIDAY
    assert found.kind(date(2026, 10, 8)) == AFTER_HOLIDAY
    assert found.kind(date(2026, 10, 10)) == MAKE_UP
    assert found.acts_as(date(2026, 10, 10)) == 4
    assert found.acts_as(date(2026, 9, 20)) == 0
