"""The three methods on histories whose answer is known, and how they treat hours, campaigns and gaps."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from scheduler.day_types import HOLIDAY, MAKE_UP, Calendar, Campaign, DayMark
from scheduler.errors import NoHistory
from scheduler.forecast_models import (
    Forecast,
    Method,
    learn_model,
    planned_hours,
    seasonal_naive,
    weekday_mean,
    with_silent_holidays,
)
from scheduler.history import History, State, with_hours

pytestmark = pytest.mark.unit

MONDAY = date(2025, 1, 6)
HOURLY = 3600


def queue(days: int, seed: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """A queue open from 9 to 17; 12 calls an hour, and twice as many on Mondays."""
    calls_of, recorded = np.zeros((days, 24)), np.zeros((days, 24))
    for row in range(days):
        weekday = (MONDAY + timedelta(days=row)).weekday()
        if weekday < 5:
            recorded[row, 9:17] = 1.0
            calls_of[row, 9:17] = 24.0 if weekday == 0 else 12.0
    counts = calls_of if seed is None else np.random.default_rng(seed).poisson(calls_of)
    return counts.astype(np.int64), recorded


def history(days: int, seed: int | None = None) -> History:
    return with_hours(MONDAY, HOURLY, *queue(days, seed))


def after(past: History, days: int) -> list[date]:
    return [past.days[-1] + timedelta(days=1 + i) for i in range(days)]


def test_the_weekday_mean_is_the_mean_of_the_weekday() -> None:
    past = history(28)
    made = weekday_mean(past, Calendar(), after(past, 7))
    assert made.method is Method.WEEKDAY_MEAN
    assert made.expected[0, 9:17].tolist() == [24.0] * 8
    assert made.expected[1, 9:17].tolist() == [12.0] * 8
    assert made.expected[5].sum() == 0.0
    assert made.open_share[5].sum() == 0.0
    assert made.day_variance.tolist() == [0.0] * 7


def test_the_seasonal_naive_is_what_came_last() -> None:
    counts, recorded = queue(28)
    counts[21, 9] = 40
    recorded[22] = 0.0
    past = with_hours(MONDAY, HOURLY, counts, recorded)
    made = seasonal_naive(past, Calendar(), after(past, 7))
    assert made.method is Method.SEASONAL_NAIVE
    assert made.expected[0, 9] == 40.0
    # The last Tuesday has no record; the one before has.
    assert made.expected[1, 9] == 12.0


def test_a_slot_without_calls_is_not_thought_impossible() -> None:
    counts, recorded = queue(28)
    counts[:, 9] = 0
    past = with_hours(MONDAY, HOURLY, counts, recorded)
    for made in (weekday_mean(past, Calendar(), after(past, 1)), seasonal_naive(past, Calendar(), after(past, 1))):
        assert 0 < made.expected[0, 9] < 1
        assert made.quantile(0.9)[0, 9] <= 1


def test_the_model_knows_weekday_and_shape() -> None:
    past = history(56, seed=3)
    made = learn_model(past, Calendar()).forecast(after(past, 14))
    assert made.method is Method.MODEL
    assert made.expected.shape == (14, 24)
    assert made.expected[0, 9:17] == pytest.approx(np.full(8, 24.0), rel=0.12)
    assert made.expected[8, 9:17] == pytest.approx(np.full(8, 12.0), rel=0.15)
    assert made.expected[5].sum() == 0.0
    assert np.all(made.quantile(0.1) <= made.quantile(0.9))
    assert made.quantile(0.9)[5].tolist() == [0] * 24
    assert np.all(made.spread[0] >= 0)


def test_opening_hours_may_be_told() -> None:
    past = history(56, seed=3)
    model = learn_model(past, Calendar())
    opened = np.zeros((1, 24))
    opened[0, 9:13] = 1.0
    opened[0, 13] = 0.5
    made = model.forecast(after(past, 1), opened)
    whole = model.forecast(after(past, 1))
    assert made.expected[0, 9:13] == pytest.approx(whole.expected[0, 9:13])
    assert made.expected[0, 13] == pytest.approx(whole.expected[0, 13] / 2)
    assert made.expected[0, 14:].sum() == 0.0
    assert weekday_mean(past, Calendar(), after(past, 1), opened).expected[0, 14:].sum() == 0.0
    assert seasonal_naive(past, Calendar(), after(past, 1), opened).expected[0, 14:].sum() == 0.0


def test_planned_hours_are_those_of_the_last_weeks() -> None:
    counts, recorded = queue(70)
    recorded[35:, 16] = 0.0
    counts[35:, 16] = 0
    told = np.full(counts.shape, -1, dtype=np.int8)
    told[35:, 16] = State.CLOSED
    past = with_hours(MONDAY, HOURLY, counts, recorded, told)
    hours = planned_hours(past, Calendar(), after(past, 7))
    assert hours[0].tolist() == [0.0] * 9 + [1.0] * 7 + [0.0] * 8
    assert hours[5].sum() == 0.0
    short = history(3)
    assert planned_hours(short, Calendar(), [date(2025, 1, 11)])[0].sum() == 8.0


def test_a_make_up_saturday_is_open_and_like_a_friday() -> None:
    past = history(54, seed=5)
    saturday = date(2025, 3, 8)
    calendar = Calendar({saturday: DayMark(MAKE_UP)})
    made = learn_model(past, calendar).forecast([saturday])
    assert made.expected[0, 9:17] == pytest.approx(np.full(8, 12.0), rel=0.2)
    assert weekday_mean(past, calendar, [saturday]).expected[0, 9] == pytest.approx(12.0, rel=0.3)


def test_a_campaign_is_added_ahead_and_divided_out_of_the_past() -> None:
    counts, recorded = queue(56, seed=6)
    first = MONDAY + timedelta(days=21)
    counts[21:28] = counts[21:28] * 3
    campaign = Campaign("fair", first, first + timedelta(days=6), 3.0)
    past = with_hours(MONDAY, HOURLY, counts, recorded)
    ahead = after(past, 7)
    again = Campaign("fair again", ahead[1], ahead[1], 2.0)
    calendar = Calendar(campaigns=(campaign, again))
    plain = Calendar(campaigns=(campaign,))

    def by_model(known: Calendar) -> Forecast:
        return learn_model(past, known).forecast(ahead)

    def by_mean(known: Calendar) -> Forecast:
        return weekday_mean(past, known, ahead)

    for method in (by_model, by_mean):
        made = method(calendar)
        assert made.expected[2, 9:17].mean() == pytest.approx(12.0, rel=0.12)
        assert made.expected[1] == pytest.approx(2.0 * method(plain).expected[1])


def test_the_day_after_a_day_without_a_record_is_not_taken_for_a_busier_season() -> None:
    counts, recorded = queue(56)
    recorded[50] = 0.0
    counts[51] = (counts[51] * 1.3).astype(np.int64)
    past = with_hours(MONDAY, HOURLY, counts, recorded)
    calendar = with_silent_holidays(past, Calendar())
    assert calendar.marks == {past.days[50]: DayMark(HOLIDAY)}
    assert calendar.kind(past.days[51]) == "after a holiday"
    told = with_silent_holidays(past, Calendar({past.days[50]: DayMark("strike")}))
    assert told.marks[past.days[50]].kind == "strike"


def test_gaps_and_outages_are_not_learned() -> None:
    counts, recorded = queue(56, seed=8)
    recorded[20] = 0.0
    counts[20] = 0
    counts[30] = 0
    past = with_hours(MONDAY, HOURLY, counts, recorded)
    assert State(past.state[30, 10]) is State.OUTAGE
    made = learn_model(past, Calendar()).forecast(after(past, 14))
    assert made.expected[8, 9:17].mean() == pytest.approx(12.0, rel=0.08)
    assert weekday_mean(past, Calendar(), after(past, 14)).expected[8, 9:17].mean() == pytest.approx(12.0, rel=0.1)


def test_learning_again_with_known_sizes_is_the_same_model() -> None:
    past = history(56, seed=9)
    model = learn_model(past, Calendar())
    again = learn_model(past, Calendar(), model.scales)
    ahead = after(past, 7)
    assert again.forecast(ahead).expected == pytest.approx(model.forecast(ahead).expected, rel=1e-3)
    assert model.unusual == ()


@pytest.mark.parametrize("days", [1, 3, 14])
def test_a_short_history_still_gives_an_answer(days: int) -> None:
    past = history(days, seed=10)
    made = learn_model(past, Calendar()).forecast([date(2025, 2, 4)])
    assert made.expected[0, 9:17].mean() == pytest.approx(14.0, rel=0.9)
    assert np.isfinite(made.spread).all()


def test_a_queue_that_nobody_called_expects_hardly_anybody() -> None:
    past = with_hours(MONDAY, HOURLY, np.zeros((28, 24), dtype=np.int64), queue(28)[1])
    made = learn_model(past, Calendar()).forecast(after(past, 7))
    assert 0 < made.expected.sum() < 1
    assert made.quantile(0.9).max() == 0


def test_nothing_recorded_is_nothing_to_learn_from() -> None:
    past = history(7)
    closed = History(
        past.first_day, HOURLY, past.calls, past.open_share, np.full(past.state.shape, State.GAP, dtype=np.uint8)
    )
    with pytest.raises(NoHistory):
        learn_model(closed, Calendar())
    with pytest.raises(NoHistory):
        weekday_mean(closed, Calendar(), after(past, 1))
    with pytest.raises(NoHistory):
        seasonal_naive(closed, Calendar(), after(past, 1))
