"""How a day goes on the floor: counts of people and of calls, and never whose."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from scheduler.adherence import Mark
from video_service.floor import Minute, hours_of, minute_of, occupancy, present
from video_service.records import Rollup

pytestmark = pytest.mark.unit

ZONE = ZoneInfo("Asia/Shanghai")


def test_a_minute_counts_who_is_here_busy_and_at_rest() -> None:
    states = ["available", "reserved", "on_call", "after_call", "rest", "break", "offline", "elsewhere"]
    assert minute_of(states) == Minute(5, 2, 1)
    assert minute_of([]) == Minute(0, 0, 0)


def test_occupancy_is_of_the_time_in_which_a_call_could_come() -> None:
    minutes = {540: Minute(2, 1, 0), 541: Minute(2, 2, 0), 600: Minute(3, 1, 1), 660: Minute(1, 0, 1)}
    found = occupancy(minutes)
    assert (found[9], found[10]) == (0.75, 0.5)
    assert found[11] == -1  # whoever rests because the service asked for it takes no call
    assert set(found[:9]) == {-1}
    assert len(occupancy({24 * 60 + 5: Minute(1, 1, 0)})) == 24  # the hour more of a day of clock change


def test_people_there_are_the_mean_of_the_minutes_that_were_looked_at() -> None:
    here, away = dict.fromkeys(range(540, 555), Mark.HERE), dict.fromkeys(range(540, 555), Mark.AWAY)
    late = {**away, **dict.fromkeys(range(545, 555), Mark.HERE)}
    found = present([here, late])
    assert (found[36], found[35], found[37]) == (1.67, -1, -1)
    assert present([{540: Mark.BREAK}])[36] == 0
    assert len(found) == len(present([])) == 96


def test_hours_are_those_of_the_clock_and_of_calls() -> None:
    nine = round(datetime(2046, 3, 5, 9, tzinfo=ZONE).timestamp() * 1000)
    quarters = [
        Rollup(queue="main", start_ms=nine, offered=2, answered=2, within_target=1, wait_ms=30_001),
        Rollup(queue="main", start_ms=nine + 2_700_000, offered=2, answered=1, abandoned=1, wait_ms=5_000),
        Rollup(queue="main", start_ms=nine + 3_600_000, offered=1, abandoned=1),
        Rollup(queue="main", start_ms=nine + 7_200_000, outbound=1),
    ]
    first, second = hours_of(quarters, ZONE)
    assert (first.hour, first.offered, first.answered, first.within_target, first.abandoned) == (9, 4, 3, 1, 1)
    assert first.wait_ms == 11_667
    assert (second.hour, second.wait_ms) == (10, 0)  # and who was called by an agent waited for nobody
