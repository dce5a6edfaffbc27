"""Today's numbers from roll-ups and shifts."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_service.day import AHEAD_COUNT, AHEAD_MS, Interval, ahead_of, day_start_ms, intervals_of
from video_service.records import Rollup

pytestmark = pytest.mark.unit

QUARTER_MS = 900_000
NOON_MS = 1_800_014_400_000  # 2027-01-15T12:00:00Z


@dataclass(frozen=True)
class Shift:
    shift: str
    agent: str
    start_ms: int
    end_ms: int


def shift(agent: str, from_min: float, to_min: float) -> Shift:
    """A shift in minutes from noon."""
    return Shift(f"s-{agent}", agent, round(NOON_MS + from_min * 60_000), round(NOON_MS + to_min * 60_000))


def rollup(quarter: int, **sums: int | str) -> Rollup:
    return Rollup(**{"queue": "main", "start_ms": NOON_MS + quarter * QUARTER_MS, **sums})  # type: ignore[arg-type]


def test_a_day_begins_at_midnight_where_the_service_is() -> None:
    at_ms = 1_800_000_000_000  # 2027-01-15T08:00:00Z
    assert day_start_ms(at_ms, "UTC") == 1_799_971_200_000
    assert day_start_ms(at_ms, "Asia/Shanghai") == 1_799_942_400_000


def test_a_day_of_clocks_that_went_forward_has_a_midnight_too() -> None:
    noon_ms = 1_806_235_200_000  # 2027-03-28T12:00:00Z, an hour shorter in Berlin
    assert noon_ms - day_start_ms(noon_ms, "Europe/Berlin") == 13 * 3_600_000


def test_queues_are_added_up_and_empty_intervals_filled_in() -> None:
    rollups = [
        rollup(0, offered=3, answered=2, within_target=1, abandoned=1, wait_ms=50_001),
        rollup(0, queue="b", offered=1, answered=1, within_target=1, wait_ms=9_000),
        rollup(2, offered=1, abandoned=1),
    ]
    found = intervals_of(rollups, now_ms=NOON_MS + 3 * QUARTER_MS + 5, interval_ms=QUARTER_MS)
    assert found == [
        Interval(start_ms=NOON_MS, offered=4, answered=3, within_target=2, abandoned=1, mean_wait_ms=19_667),
        Interval(start_ms=NOON_MS + QUARTER_MS),
        Interval(start_ms=NOON_MS + 2 * QUARTER_MS, offered=1, abandoned=1),
        Interval(start_ms=NOON_MS + 3 * QUARTER_MS),
    ]


def test_a_day_without_a_call_has_no_curve() -> None:
    assert intervals_of([], now_ms=NOON_MS, interval_ms=QUARTER_MS) == []
    late_work_of_yesterday = rollup(0, after_call_ms=5, handle_ms=5)
    assert intervals_of([late_work_of_yesterday], now_ms=NOON_MS, interval_ms=QUARTER_MS) == []


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9), st.integers(0, 9)), max_size=20), st.integers(0, 30))
def test_nothing_is_lost_between_roll_ups_and_the_curve(calls: list[tuple[int, int, int]], now_quarter: int) -> None:
    rollups = [
        rollup(quarter, offered=answered + left, answered=answered, abandoned=left) for quarter, answered, left in calls
    ]
    found = intervals_of(rollups, now_ms=NOON_MS + now_quarter * QUARTER_MS, interval_ms=QUARTER_MS)
    for name in ("offered", "answered", "abandoned"):
        assert sum(getattr(each, name) for each in found) == sum(getattr(each, name) for each in rollups)
    starts = [each.start_ms for each in found]
    assert (
        starts == list(range(starts[0], starts[-1] + 1, QUARTER_MS)) if starts else not sum(a + b for _, a, b in calls)
    )


def test_the_roster_ahead_counts_the_fewest_at_one_moment() -> None:
    shifts = [shift("a-1", -60, 45), shift("a-2", 50, 120), shift("a-3", 30, 90)]
    found = ahead_of(shifts, now_ms=NOON_MS + 10 * 60_000)
    assert [(each.agents, each.fewest) for each in found] == [
        (("a-1",), 1),
        (("a-1", "a-2", "a-3"), 1),  # from the 45th to the 50th minute
        (("a-2", "a-3"), 2),
        (("a-2",), 1),
        ((), 0),
    ]
    assert [each.start_ms for each in found] == [NOON_MS + n * AHEAD_MS for n in range(AHEAD_COUNT)]
    assert {each.end_ms - each.start_ms for each in found} == {AHEAD_MS}


def test_who_has_left_already_is_not_ahead() -> None:
    found = ahead_of([shift("a-1", -60, 10)], now_ms=NOON_MS + 10 * 60_000)
    assert (found[0].agents, found[0].fewest) == ((), 0)
    last_minute = ahead_of([shift("a-1", -60, 30)], now_ms=NOON_MS + 29 * 60_000)
    assert [(each.agents, each.fewest) for each in last_minute[:2]] == [(("a-1",), 1), ((), 0)]


def test_a_hand_over_without_a_gap_is_no_gap() -> None:
    (first, *_) = ahead_of([shift("a-1", -60, 15), shift("a-2", 15, 60)], now_ms=NOON_MS)
    assert (first.agents, first.fewest) == (("a-1", "a-2"), 1)
