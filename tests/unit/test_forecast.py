"""The forecast of a queue: choice of method, notes in words, correction during the day, keeping."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import pytest

from benchmarks._simulated import sparse_series
from scheduler.day_types import Calendar
from scheduler.errors import BadHistory, NoHistory
from scheduler.forecast import as_document, corrected, forecast, from_document
from scheduler.forecast_models import Forecast, Method
from scheduler.history import History, State

pytestmark = pytest.mark.unit


def past(days: int, seed: int = 1, peak: float = 2.0) -> History:
    return sparse_series(seed, days, peak, (9, 15))[0]


def ahead(history: History, days: int) -> list[date]:
    return [history.days[-1] + timedelta(days=1 + i) for i in range(days)]


def test_with_enough_history_the_best_method_is_chosen_and_told() -> None:
    history = past(60)
    result = forecast(history, Calendar(), ahead(history, 14))
    assert result.backtest is not None
    assert result.forecast.method is result.backtest.best
    assert len(result.backtest.days) == 28
    assert "did best two weeks ahead on the last 28 days" in result.forecast.notes[0]


def test_a_short_history_falls_back_and_says_so() -> None:
    history = past(20)
    result = forecast(history, Calendar(), ahead(history, 84))
    assert result.backtest is None
    assert result.forecast.method is Method.MODEL
    assert result.forecast.notes == (
        "20 days of history: too few to test the methods against one another; the model is used untested",
    )
    assert result.forecast.expected.shape == (84, 96)
    shorter = past(9)
    notes = forecast(shorter, Calendar(), ahead(shorter, 7)).forecast.notes
    assert notes[-1].startswith("less than two weeks of history (9 days)")


def test_gaps_outages_and_odd_days_are_named() -> None:
    history = past(30, peak=6.0)
    calls, state = history.calls.copy(), history.state.copy()
    state[4, 36:60] = State.GAP
    state[9:16, 40] = State.OUTAGE
    calls[20] = calls[20] * 4
    patchy = History(history.first_day, 900, calls, history.open_share, state, notes=("read in a special way",))
    notes = forecast(patchy, Calendar(), ahead(history, 7)).forecast.notes
    assert notes[0] == "read in a special way"
    assert notes[1] == "not learned from, without a record: 2025-01-10"
    assert notes[2].endswith("2025-01-15, 2025-01-16, 2025-01-17, 2025-01-18, 2025-01-19 and 2 more")
    assert "left out as unlike any other day, please mark or explain: 2025-01-26" in notes


@pytest.mark.parametrize("method", list(Method))
def test_a_method_may_be_asked_for(method: Method) -> None:
    history = past(60)
    result = forecast(history, Calendar(), ahead(history, 7), method=method)
    assert result.forecast.method is method
    assert result.backtest is None


def test_impossible_horizons_are_refused() -> None:
    history = past(20)
    with pytest.raises(BadHistory, match="at most twelve weeks"):
        forecast(history, Calendar(), [history.days[-1] + timedelta(days=85)])
    with pytest.raises(BadHistory, match="within the history"):
        forecast(history, Calendar(), [history.days[-1]])
    with pytest.raises(BadHistory, match="no day to forecast"):
        forecast(history, Calendar(), [])
    empty = History(history.first_day, 900, history.calls, history.open_share * 0, history.state)
    with pytest.raises(NoHistory):
        forecast(empty, Calendar(), ahead(history, 1))


def flat(day_variance: float, slot_variance: float = 0.0, mean: float = 5.0) -> Forecast:
    return Forecast(
        days=(date(2025, 3, 3), date(2025, 3, 4)),
        interval_s=900,
        expected=np.full((2, 96), mean),
        open_share=np.ones((2, 96)),
        day_variance=np.full(2, day_variance),
        slot_variance=np.full((2, 96), slot_variance),
        method=Method.MODEL,
    )


def test_a_busy_morning_raises_the_afternoon() -> None:
    made, came = flat(0.04), np.full(96, 8)
    later = corrected(made, date(2025, 3, 4), came, 40)
    assert later.days == (date(2025, 3, 4),)
    # 40 slots of 5 expected and 8 seen, against a prior worth 1 / 0.04 = 25 calls.
    expected = 5.0 * (25 + 320) / (25 + 200)
    assert later.expected[0, 40:] == pytest.approx(np.full(56, expected))
    assert later.expected[0, :40].tolist() == [5.0] * 40
    assert later.day_variance[0] == pytest.approx(1 / 345)
    assert corrected(made, date(2025, 3, 4), came, 0).expected[0] == pytest.approx(made.expected[1])


def test_slots_that_scatter_by_themselves_say_less_about_the_day() -> None:
    came = np.full(96, 8)
    quiet = corrected(flat(0.04, 0.0), date(2025, 3, 3), came, 20).expected[0, -1]
    noisy = corrected(flat(0.04, 0.5), date(2025, 3, 3), came, 20).expected[0, -1]
    assert 5.0 < noisy < quiet < 8.0


def test_a_correction_is_calibrated() -> None:
    random = np.random.default_rng(3)
    made = flat(0.09)
    covered = []
    for _ in range(300):
        came = random.poisson(5.0 * random.gamma(1 / 0.09, 0.09), 96)
        later = corrected(made, date(2025, 3, 3), came, 48)
        total, said = came[48:].sum(), later.expected[0, 48:].sum()
        deviation = np.sqrt(said + later.day_variance[0] * said**2)
        covered.append(abs(total - said) < 1.2816 * deviation)
    assert np.mean(covered) == pytest.approx(0.8, abs=0.06)


def test_a_day_that_was_not_forecast_cannot_be_corrected() -> None:
    with pytest.raises(BadHistory, match="does not reach that day"):
        corrected(flat(0.1), date(2025, 5, 1), np.zeros(96, dtype=np.int64), 10)


def test_a_forecast_is_kept_as_it_was() -> None:
    history = past(20)
    made = forecast(history, Calendar(), ahead(history, 3)).forecast
    kept = from_document(json.loads(json.dumps(as_document(made))))
    assert (kept.days, kept.interval_s, kept.method, kept.notes) == (made.days, 900, made.method, made.notes)
    assert kept.expected.tolist() == made.expected.tolist()
    assert kept.spread.tolist() == made.spread.tolist()
    assert kept.quantile(0.9).tolist() == made.quantile(0.9).tolist()
    with pytest.raises(BadHistory, match="another version"):
        from_document(as_document(made) | {"v": 99})
