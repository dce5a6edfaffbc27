"""Back-tests: nothing of the future is used, the scores are what they say, small queues are judged fairly."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from benchmarks._simulated import moving_series, sparse_series
from benchmarks.forecast import load, recorded_rows
from scheduler.day_types import Calendar
from scheduler.errors import NoHistory
from scheduler.forecast_backtest import Tally, backtest
from scheduler.forecast_models import Forecast, Method, weekday_mean
from scheduler.history import History, State

pytestmark = pytest.mark.unit

BANK = Path(__file__).parents[2].parent / "shared/data/arrivals/bank_calls_first_124_days.csv"


def changed_after(history: History, day: date) -> History:
    """The same history with another world from `day` on."""
    row = (day - history.first_day).days
    calls = history.calls.copy()
    calls[row:] = calls[row:] * 5 + 3
    return History(history.first_day, history.interval_s, calls, history.open_share, history.state)


def test_nothing_that_was_not_known_is_used() -> None:
    history, _ = sparse_series(1, 56, 2.0, (9, 15))
    day = history.days[-1]
    lead_days = 14
    unknown_from = day - timedelta(days=lead_days - 1)
    made: list[np.ndarray] = []

    class Kept(Tally):
        def add(self, forecast: Forecast, history: History) -> None:
            made.append(forecast.expected)

    def forecasts(past: History) -> list[np.ndarray]:
        made.clear()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("scheduler.forecast_backtest.Tally", Kept)
            with pytest.raises(NoHistory):
                backtest(past, Calendar(), [day], lead_days)
        return list(made)

    for one, other in zip(forecasts(history), forecasts(changed_after(history, unknown_from)), strict=True):
        assert one.tolist() == other.tolist()


def test_the_scores_are_what_they_say() -> None:
    history, rates = sparse_series(2, 20, 4.0, (9, 17))
    days = tuple(history.days[-3:])
    told = Forecast(days, 900, rates[-3:], history.open_share[-3:], np.zeros(3), np.zeros((3, 96)), Method.MODEL)
    tally = Tally()
    tally.add(told, history)
    found = tally.scores()
    used = history.exposure[-3:] > 0
    came, said = history.calls[-3:][used], rates[-3:][used]
    assert (found.slots, found.calls) == (int(used.sum()), int(came.sum()))
    assert found.wape == pytest.approx(np.abs(came - said).sum() / came.sum())
    by_day = np.abs(history.calls[-3:].sum(1) - (rates[-3:] * used).sum(1)).sum() / came.sum()
    assert found.day_wape == pytest.approx(by_day)
    low, high = told.quantile(0.1)[used], told.quantile(0.9)[used]
    assert found.coverage_80 == pytest.approx(((came >= low) & (came <= high)).mean())
    assert found.pit_p > 0.01
    # Small counts are covered too often by nature, their transform is not.
    assert found.coverage_80 > 0.85
    assert found.pit_80 == pytest.approx(0.8, abs=0.12)


def test_what_was_not_recorded_or_not_forecast_is_not_scored() -> None:
    history, _ = sparse_series(3, 30, 2.0, (9, 17))
    state = history.state.copy()
    state[-1, 36:40] = State.OUTAGE
    patchy = History(history.first_day, 900, history.calls, history.open_share, state)
    made = weekday_mean(patchy.before(patchy.days[-2]), Calendar(), [*patchy.days[-2:], date(2030, 1, 1)])
    tally = Tally()
    tally.add(made, patchy)
    assert tally.scores().slots == 32 + 28
    with pytest.raises(NoHistory, match="has come yet"):
        Tally().scores()


def test_progress_is_told_and_days_are_taken_in_order() -> None:
    history, _ = sparse_series(4, 40, 2.0, (9, 13))
    done: list[int] = []
    tested = backtest(history, Calendar(), history.days[:-4:-1], lead_days=7, progress=done.append)
    assert done == [1, 2, 3]
    assert tested.days == tuple(history.days[-3:])
    assert set(tested.scores) == set(Method)


def test_up_to_the_lead_a_day_is_forecast_from_near_and_far() -> None:
    history, _ = sparse_series(5, 40, 2.0, (9, 13))
    days = history.days[-4:]
    exact = backtest(history, Calendar(), days, lead_days=2)
    pooled = backtest(history, Calendar(), days, lead_days=2, up_to_lead=True)
    slots = exact.scores[Method.MODEL].slots
    # Three of the four origins have a second day to forecast.
    assert pooled.scores[Method.MODEL].slots == slots // 4 * 7


@pytest.mark.parametrize(("seed", "days", "peak"), [(11, 70, 0.6), (12, 84, 2.0), (13, 56, 0.3)])
def test_small_counts_are_forecast_better_than_by_the_weekday_mean(seed: int, days: int, peak: float) -> None:
    history, _ = sparse_series(seed, days, peak, (8, 20))
    tested = backtest(history, Calendar(), history.days[-14:], relearn_days=14)
    model, plain = tested.scores[Method.MODEL], tested.scores[Method.WEEKDAY_MEAN]
    assert model.log_score > plain.log_score
    assert model.ranked < plain.ranked
    assert model.pit_p > 0.01
    assert tested.best is Method.MODEL


@pytest.mark.parametrize("wild", [False, True])
def test_bands_are_right_where_levels_move_and_hours_are_wild(wild: bool) -> None:
    histories = [moving_series(seed, 98, 300.0, wild) for seed in range(4)]
    found = [
        backtest(history, Calendar(), history.days[-21::4], lead_days=3, relearn_days=28).scores
        for history in histories
    ]
    assert 0.74 <= np.mean([one[Method.MODEL].coverage_80 for one in found]) <= 0.86


def test_the_bank_two_weeks_ahead() -> None:
    if not BANK.exists():
        pytest.skip("shared material: the bank's calls are not beside the project")
    history = load(BANK, 30, 0)
    days = [history.days[row] for row in recorded_rows(history)[-40:]]
    tested = backtest(history, Calendar(), days, relearn_days=28)
    model = tested.scores[Method.MODEL]
    assert model.wape < tested.scores[Method.WEEKDAY_MEAN].wape
    assert model.wape < tested.scores[Method.SEASONAL_NAIVE].wape
    assert 0.72 <= model.coverage_80 <= 0.88
    assert tested.best is Method.MODEL
    pooled = backtest(history, Calendar(), days[::2], relearn_days=28, up_to_lead=True).scores
    assert 0.72 <= pooled[Method.MODEL].coverage_80 <= 0.88
    assert pooled[Method.MODEL].wape < min(pooled[Method.WEEKDAY_MEAN].wape, pooled[Method.SEASONAL_NAIVE].wape)
