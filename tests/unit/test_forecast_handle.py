"""Handle times: recent, by hour and weekday as far as the calls show it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from scheduler.day_types import Calendar
from scheduler.errors import NoHistory
from scheduler.forecast_handle import forecast_handle_time
from scheduler.history import History, State, with_hours

pytestmark = pytest.mark.unit

MONDAY = date(2025, 1, 6)


def history(days: int, calls: float, mean_s: np.ndarray, seed: int = 1, variation: float = 0.7) -> History:
    """A queue open from 8 to 20 in hours; `mean_s` is the true mean, shape (days, 24)."""
    random = np.random.default_rng(seed)
    recorded = np.zeros((days, 24))
    recorded[:, 8:20] = 1.0
    counts = random.poisson(calls * recorded)
    shape = 1 / variation**2
    handle_s = np.where(counts > 0, random.gamma(np.maximum(counts, 1) * shape, mean_s / shape), 0.0)
    return with_hours(MONDAY, 3600, counts, recorded, answered=counts, handle_s=handle_s)


def ahead(past: History) -> list[date]:
    return [past.days[-1] + timedelta(days=1 + i) for i in range(7)]


def test_without_a_pattern_every_hour_gets_the_mean() -> None:
    past = history(56, 4.0, np.full((56, 24), 400.0))
    made = forecast_handle_time(past, Calendar(), ahead(past))
    assert made.mean_s.shape == (7, 24)
    assert made.mean_s.mean() == pytest.approx(400.0, rel=0.04)
    assert np.ptp(made.mean_s) / made.mean_s.mean() < 0.08
    # About 2,700 calls, of which the older ones count less, each off by 0.7 of the mean.
    assert 0.013 < made.standard_error < 0.025
    assert made.calls == int(past.calls.sum())


def test_a_pattern_that_the_calls_show_is_kept() -> None:
    truth = np.full((84, 24), 400.0)
    truth[:, 16:20] = 600.0
    truth[np.arange(84) % 7 == 0] *= 1.3
    past = history(84, 20.0, truth)
    made = forecast_handle_time(past, Calendar(), ahead(past))
    assert made.mean_s[2, 10] == pytest.approx(400.0, rel=0.06)
    assert made.mean_s[2, 17] == pytest.approx(600.0, rel=0.06)
    assert made.mean_s[0, 17] == pytest.approx(780.0, rel=0.08)


def test_few_calls_leave_hours_near_the_mean() -> None:
    past = history(28, 0.3, np.full((28, 24), 400.0), seed=5)
    made = forecast_handle_time(past, Calendar(), ahead(past))
    raw = past.handle_s
    assert raw is not None
    by_hour = raw.sum(0)[8:20] / np.maximum(past.calls.sum(0)[8:20], 1)
    assert np.ptp(made.mean_s[0, 8:20]) < 0.35 * np.ptp(by_hour)


def test_what_is_recent_counts_more() -> None:
    truth = np.full((112, 24), 300.0)
    truth[56:] = 500.0
    past = history(112, 4.0, truth)
    assert forecast_handle_time(past, Calendar(), ahead(past)).mean_s.mean() == pytest.approx(460.0, rel=0.06)


def test_outages_do_not_count_and_an_even_queue_is_certain() -> None:
    past = history(28, 4.0, np.full((28, 24), 400.0))
    assert past.handle_s is not None
    state, handle_s = past.state.copy(), past.handle_s.copy()
    state[10], handle_s[10] = State.OUTAGE, 1e9
    made = forecast_handle_time(replace(past, state=state, handle_s=handle_s), Calendar(), ahead(past))
    assert made.mean_s.mean() == pytest.approx(400.0, rel=0.06)
    even = replace(past, handle_s=past.calls.astype(np.float64) * 250.0)
    certain = forecast_handle_time(even, Calendar(), ahead(past))
    assert certain.standard_error == pytest.approx(0.0, abs=1e-9)
    assert certain.mean_s == pytest.approx(np.full((7, 24), 250.0))


def test_without_handle_times_there_is_nothing_to_say() -> None:
    past = history(28, 4.0, np.full((28, 24), 400.0))
    with pytest.raises(NoHistory, match="no handle times"):
        forecast_handle_time(replace(past, handle_s=None), Calendar(), ahead(past))
    with pytest.raises(NoHistory, match="no handle times"):
        forecast_handle_time(replace(past, answered=past.calls * 0), Calendar(), ahead(past))
