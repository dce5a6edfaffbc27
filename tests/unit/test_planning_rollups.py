"""History from the service's own roll-ups: what was open is told by shifts, what came by the counts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.day_types import Calendar
from scheduler.errors import BadHistory, NoHistory
from scheduler.forecast_handle import forecast_handle_time
from scheduler.history import State
from scheduler.rollups import Span, history_of, patience_of
from video_service.records import Rollup

pytestmark = pytest.mark.unit

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
QUARTER_MS = 900_000


def ms(day: date, hour: int, minute: int = 0, zone: ZoneInfo = SHANGHAI) -> int:
    return round(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).timestamp() * 1000)


def shift(day: date, from_hour: int, to_hour: int, zone: ZoneInfo = SHANGHAI) -> Span:
    return Span(ms(day, from_hour, zone=zone), ms(day, to_hour, zone=zone))


def test_a_quiet_interval_on_shift_is_open_and_one_without_a_shift_is_closed() -> None:
    calls = [Rollup(queue="main", start_ms=ms(MONDAY, 9, 15), offered=3, answered=2, handle_ms=600_000)]

    found = history_of(calls, [shift(MONDAY, 9, 11)], SHANGHAI, MONDAY, TUESDAY, 900)

    assert found.calls[0, 37] == 3
    assert found.calls.sum() == 3
    assert found.answered is not None
    assert found.answered[0, 37] == 2
    assert found.handle_s is not None
    assert found.handle_s[0, 37] == 600.0
    assert list(np.flatnonzero(found.state[0] == State.OPEN)) == list(range(36, 44))
    assert (found.state[1] == State.CLOSED).all()
    assert (found.exposure[0, 36:44] == 1).all()


def test_calls_back_are_work_and_no_calls() -> None:
    """The work of each answered call grows by what agents began themselves, wherever in the day that was."""
    calls = [
        Rollup(queue="main", start_ms=ms(MONDAY, 9), offered=4, answered=4, handle_ms=4 * 300_000),
        Rollup(queue="main", start_ms=ms(MONDAY, 9, 15), outbound=1, outbound_answered=1, outbound_handle_ms=360_000),
        Rollup(queue="main", start_ms=ms(MONDAY, 9, 30), offered=2, answered=2, handle_ms=600_000, outbound=1),
    ]

    found = history_of(calls, [shift(MONDAY, 9, 11)], SHANGHAI, MONDAY, MONDAY, 900)

    assert found.calls[0, 36:39].tolist() == [4, 0, 2]
    assert found.handle_s is not None
    assert found.handle_s[0, 36:39].tolist() == [1200, 360, 600]
    made = forecast_handle_time(found, Calendar(), [TUESDAY])
    load_s = float(made.mean_s[0, 36:44].mean()) * 6
    assert load_s == pytest.approx(1200 + 360 + 600), "six calls like these are planned with all of the work"


def test_shifts_that_overlap_or_touch_are_open_once_and_half_an_interval_counts_half() -> None:
    spans = [
        Span(ms(MONDAY, 9), ms(MONDAY, 9, 30)),
        Span(ms(MONDAY, 9, 15), ms(MONDAY, 9, 45)),
        Span(ms(MONDAY, 9, 45), ms(MONDAY, 9, 52) + 30_000),
    ]

    found = history_of([], spans, SHANGHAI, MONDAY, MONDAY, 900)

    assert found.exposure[0, 36:40].tolist() == [1, 1, 1, 0.5]
    assert found.exposure.sum() == 3.5


def test_a_call_without_a_shift_counts_as_an_open_interval() -> None:
    found = history_of([Rollup(queue="main", start_ms=ms(MONDAY, 20), offered=1)], [], SHANGHAI, MONDAY, MONDAY, 900)

    assert (found.calls[0, 80], found.exposure[0, 80], found.exposure.sum()) == (1, 1, 1)


def test_what_lies_outside_the_days_is_left_and_a_night_shift_goes_to_both_its_days() -> None:
    spans = [Span(ms(MONDAY, 22), ms(TUESDAY, 6)), shift(date(2026, 3, 9), 9, 10)]
    calls = [Rollup(queue="main", start_ms=ms(date(2026, 3, 9), 9), offered=7)]

    found = history_of(calls, spans, SHANGHAI, MONDAY, TUESDAY, 900)

    assert found.exposure.sum(axis=1).tolist() == [8, 24]
    assert found.calls.sum() == 0


def test_the_hour_that_comes_twice_counts_double_and_the_one_that_does_not_come_is_closed() -> None:
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    twice = round(datetime(2026, 10, 25, 0, 15, tzinfo=UTC).timestamp() * 1000)  # 02:15 summer time
    calls = [Rollup(queue="main", start_ms=at, offered=1) for at in (twice, twice + 3_600_000)]

    in_spring = history_of([], [shift(spring, 0, 6, BERLIN)], BERLIN, spring, spring, 900)
    in_autumn = history_of(calls, [shift(autumn, 0, 6, BERLIN)], BERLIN, autumn, autumn, 900)

    assert (in_spring.state[0, 8:12] == State.CLOSED).all()
    assert in_spring.exposure.sum() == 20
    assert in_autumn.exposure[0, 8:12].tolist() == [2, 2, 2, 2]
    assert in_autumn.calls[0, 9] == 2


@given(
    st.lists(
        st.tuples(st.integers(0, 2 * 96), st.integers(1, 40)).map(
            lambda one: Span(ms(MONDAY, 0) + one[0] * QUARTER_MS, ms(MONDAY, 0) + (one[0] + one[1]) * QUARTER_MS)
        ),
        min_size=1,
        max_size=8,
    )
)
def test_every_covered_quarter_is_open_once_however_shifts_lie(spans: list[Span]) -> None:
    covered = {at for span in spans for at in range(span.from_ms, span.to_ms, QUARTER_MS)}
    inside = [at for at in covered if at < ms(MONDAY, 0) + 2 * 96 * QUARTER_MS]
    if not inside:
        return

    found = history_of([], spans, SHANGHAI, MONDAY, TUESDAY, 900)

    assert found.open_share.sum() == len(inside)
    assert set(np.unique(found.open_share)) <= {0.0, 1.0}


def test_patience_counts_the_waiting_of_everybody_and_who_gave_up() -> None:
    rows = [
        Rollup(queue="main", start_ms=0, answered=30, wait_ms=600_000, abandoned=10, abandoned_wait_ms=400_000),
        Rollup(queue="main", start_ms=900_000, abandoned=10, abandoned_wait_ms=1_000_000),
    ]

    found = patience_of(rows)

    assert found.abandoned == 20
    assert found.low_s < 100 < found.high_s


@pytest.mark.parametrize(
    ("last", "interval_s", "sentence"),
    [(date(2026, 3, 1), 900, "must not be before"), (MONDAY, 0, "divide a day"), (MONDAY, 7000, "divide a day")],
)
def test_days_and_intervals_that_cannot_be_are_refused(last: date, interval_s: int, sentence: str) -> None:
    with pytest.raises(BadHistory, match=sentence):
        history_of([], [shift(MONDAY, 9, 10)], SHANGHAI, MONDAY, last, interval_s)


def test_nobody_on_shift_and_no_call_is_no_history() -> None:
    with pytest.raises(NoHistory):
        history_of([], [], SHANGHAI, MONDAY, TUESDAY, 900)
