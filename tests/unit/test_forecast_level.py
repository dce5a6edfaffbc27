"""The level of days and the shape of a day, on counts whose truth is known."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from scheduler.day_types import HOLIDAY, Calendar, DayMark
from scheduler.forecast_level import Level, learn_level, traits
from scheduler.forecast_profile import learn_profile

pytestmark = pytest.mark.unit

START = date(2025, 1, 6)
WEEK = np.asarray([1.3, 1.0, 1.0, 0.9, 1.1, 0.5, 0.4])


def days(count: int, first: date = START) -> list[date]:
    return [first + timedelta(days=i) for i in range(count)]


def learned(mean: np.ndarray, calendar: Calendar | None = None, seed: int = 1) -> Level:
    counts = np.random.default_rng(seed).poisson(mean).astype(np.float64)
    return learn_level(traits(calendar or Calendar(), days(len(mean))), counts, np.ones(len(mean)))


def weekly(count: int, calls: float) -> np.ndarray:
    return calls * WEEK[np.arange(count) % 7]


@pytest.mark.parametrize(("calls", "within"), [(2000.0, 0.03), (60.0, 0.12)])
def test_weekdays_are_learned(calls: float, within: float) -> None:
    level = learned(weekly(84, calls))
    ahead = days(7, START + timedelta(days=84))
    mean, variance = level.predict(traits(Calendar(), ahead))
    assert mean / (calls * WEEK) == pytest.approx(np.ones(7), abs=within)
    assert np.all(variance < 0.1)


def test_fewer_days_leave_more_doubt() -> None:
    ahead = traits(Calendar(), days(7, START + timedelta(days=200)))
    spread = [learned(weekly(count, 60.0)).predict(ahead)[1].mean() for count in (7, 28, 112)]
    assert spread[0] > spread[1] > spread[2]


def test_a_recent_change_of_level_is_followed_and_forgotten_slowly() -> None:
    mean = weekly(112, 1000.0)
    mean[70:] *= 1.3
    level = learned(mean)
    ahead = traits(Calendar(), days(70, START + timedelta(days=112)))
    found = level.predict(ahead)[0] / (1000.0 * WEEK[np.arange(70) % 7])
    assert 1.15 < found[:7].mean() < 1.35
    assert found[-7:].mean() < found[:7].mean()


def test_a_trend_needs_half_a_year_and_is_then_followed() -> None:
    growth = 1.0 + 0.6 * np.arange(200) / 200
    assert "trend" not in learned(weekly(84, 500.0)).scales
    level = learned(weekly(200, 500.0) * growth)
    assert "trend" in level.scales
    ahead = traits(Calendar(), days(14, START + timedelta(days=214)))
    found = level.predict(ahead)[0] / (500.0 * WEEK[(214 + np.arange(14)) % 7])
    assert found.mean() == pytest.approx(1.66, abs=0.12)


def test_the_year_is_learned_from_more_than_one() -> None:
    season = 1.0 + 0.3 * np.sin(2 * np.pi * np.arange(760) / 365.25)
    sizes = {"level": 0.02, "memory_days": 20.0, "day": 0.02, "weekday": 0.3, "month_turn": 0.01, "year": 0.2}
    counts = np.random.default_rng(6).poisson(weekly(760, 300.0) * season).astype(np.float64)
    level = learn_level(traits(Calendar(), days(760)), counts, np.ones(760), sizes)
    ahead = traits(Calendar(), days(14, START + timedelta(days=810)))
    found = level.predict(ahead)[0] / (300.0 * WEEK[(810 + np.arange(14)) % 7])
    assert found.mean() == pytest.approx(1.0 + 0.3 * np.sin(2 * np.pi * 816.5 / 365.25), abs=0.06)


def test_the_year_is_looked_for_in_more_than_one() -> None:
    calendar, mean = Calendar(), weekly(410, 300.0)
    few = np.flatnonzero(np.arange(410) % 7 < 2)
    known = traits(calendar, [days(410)[i] for i in few])
    assert "year" in learn_level(known, mean[few], np.ones(len(few))).scales
    known = traits(calendar, [days(410)[i] for i in few[:-10]])
    assert "year" not in learn_level(known, mean[few[:-10]], np.ones(len(few) - 10)).scales


def test_the_turn_of_the_month_is_learned() -> None:
    plain = Calendar()
    turn = np.asarray([1.3 if plain.month_turn(day) in (-1, 0) else 1.0 for day in days(150)])
    level = learned(weekly(150, 800.0) * turn)
    found = level.predict(traits(plain, [date(2025, 6, 30), date(2025, 7, 1), date(2025, 7, 14), date(2025, 7, 15)]))[0]
    assert found[:2] / (800.0 * WEEK[[0, 1]]) == pytest.approx(np.full(2, 1.3), abs=0.12)
    assert found[2:] / (800.0 * WEEK[[0, 1]]) == pytest.approx(np.ones(2), abs=0.06)


def test_holidays_are_learned_from_holidays() -> None:
    marks = {START + timedelta(days=at): DayMark(HOLIDAY) for at in (9, 36, 58, 100)}
    calendar = Calendar(marks)
    mean = weekly(112, 500.0)
    mean[[9, 36, 58, 100]] *= 0.4
    level = learned(mean, calendar)
    assert not level.unusual.any()
    soon = START + timedelta(days=122)
    ahead = Calendar({**marks, soon: DayMark(HOLIDAY)})
    found = level.predict(traits(ahead, [soon, soon + timedelta(days=7)]))[0] / (500.0 * WEEK[soon.weekday()])
    assert found[0] == pytest.approx(0.4, abs=0.06)
    assert found[1] == pytest.approx(1.0, abs=0.06)


def test_a_kind_of_day_that_never_was_is_only_less_certain() -> None:
    level = learned(weekly(84, 500.0))
    soon = START + timedelta(days=88)
    calendar = Calendar({soon: DayMark(HOLIDAY), soon + timedelta(days=7): DayMark("fair")})
    wanted = [soon, soon + timedelta(days=7), soon + timedelta(days=14)]
    variance = level.predict(traits(calendar, wanted))[1]
    assert variance[0] > variance[1] > variance[2]


def test_a_day_unlike_any_other_is_left_out_and_named() -> None:
    mean = weekly(84, 400.0)
    mean[30] *= 3.0
    level = learned(mean)
    assert np.flatnonzero(level.unusual).tolist() == [30]
    found = level.predict(traits(Calendar(), days(7, START + timedelta(days=84))))[0]
    assert found / (400.0 * WEEK) == pytest.approx(np.ones(7), abs=0.08)
    assert not learned(weekly(84, 400.0)).unusual.any()


def test_a_few_wild_days_do_not_make_every_band_wider() -> None:
    mean = weekly(112, 5000.0) * np.exp(0.03 * np.random.default_rng(9).standard_normal(112))
    ahead = traits(Calendar(), days(14, START + timedelta(days=112)))
    calm = learned(mean).predict(ahead)[1]
    for at, factor in ((20, 1.25), (21, 1.12), (55, 0.82), (80, 1.25), (81, 1.12)):
        mean[at] *= factor
    found = learned(mean)
    # With sizes learned from squares as they are it is 1.4 times as large.
    assert np.all(found.predict(ahead)[1] < 1.25 * calm)
    assert found.predict(ahead)[0] / (5000.0 * WEEK[np.arange(14) % 7]) == pytest.approx(np.ones(14), abs=0.05)


def test_sizes_from_an_earlier_fit_are_taken_as_they_are() -> None:
    first = learned(weekly(84, 400.0))
    again = learn_level(
        traits(Calendar(), days(84)), weekly(84, 400.0), np.ones(84), scales=dict.fromkeys(first.scales, 0.05)
    )
    assert set(again.scales.values()) == {0.05}


def shape() -> np.ndarray:
    """A day in 48 slots, open from 8 to 20, busiest at 11."""
    hours = np.arange(48) / 2
    found = np.where((hours >= 8) & (hours < 20), 0.4 + np.exp(-(((hours - 11) / 2) ** 2)), 0.0)
    return np.asarray(found / found.sum())


OPEN = shape() > 0


def test_many_calls_show_each_weekdays_own_shape() -> None:
    random = np.random.default_rng(1)
    own = np.stack([np.roll(shape(), 2) if day == 0 else shape() for day in range(7)])
    weekday = np.arange(70) % 7
    exposure = np.tile((own.sum(0) > 0).astype(float), (70, 1))
    calls = random.poisson(3000.0 * own[weekday]).astype(np.float64)
    found = learn_profile(calls, exposure, weekday)
    assert np.abs(found.share - own)[:, own.sum(0) > 0].max() < 0.004
    assert found.share[:, own.sum(0) > 0].sum(axis=1) == pytest.approx(np.ones(7))


def test_few_calls_show_the_common_shape_smoothly() -> None:
    random = np.random.default_rng(2)
    weekday = np.arange(56) % 7
    exposure = np.tile((shape() > 0).astype(float), (56, 1))
    calls = random.poisson(8.0 * shape()[None, :] * np.ones((56, 1))).astype(np.float64)
    found = learn_profile(calls, exposure, weekday)
    raw = np.stack([calls[weekday == day].sum(0) / calls[weekday == day].sum() for day in range(7)])
    smoothed = np.abs(found.share - shape())[:, OPEN].sum(axis=1).mean()
    assert smoothed < 0.35 * np.abs(raw - shape())[:, OPEN].sum(axis=1).mean()
    assert found.spread.max() == 0.0


def test_a_busy_day_does_not_bend_the_shape() -> None:
    random = np.random.default_rng(3)
    exposure = np.tile((shape() > 0).astype(float), (28, 1))
    level = np.where(np.arange(28) < 14, 200.0, 800.0)
    calls = random.poisson(level[:, None] * shape()).astype(np.float64)
    found = learn_profile(calls, exposure, np.arange(28) % 7)
    assert np.abs(found.share - shape())[:, OPEN].max() < 0.01


def test_hours_without_a_record_do_not_count_as_quiet() -> None:
    random = np.random.default_rng(4)
    exposure = np.tile((shape() > 0).astype(float), (56, 1))
    exposure[10:30, 20:26] = 0.0
    calls = random.poisson(300.0 * shape() * exposure).astype(np.float64)
    found = learn_profile(calls, exposure, np.arange(56) % 7)
    assert np.abs(found.share - shape())[:, OPEN].max() < 0.008


def test_scatter_is_found_where_it_is() -> None:
    random = np.random.default_rng(5)
    exposure = np.tile((shape() > 0).astype(float), (140, 1))
    scatter = np.where(np.arange(48) < 24, 0.09, 0.005)
    factor = random.gamma(1 / scatter, scatter, (140, 48))
    calls = random.poisson(1500.0 * shape() * factor).astype(np.float64)
    found = learn_profile(calls, exposure, np.arange(140) % 7).spread
    assert 0.04 < found[17:23].mean() < 0.12
    assert found[27:39].mean() < 0.03


def test_no_calls_at_all_is_an_even_shape() -> None:
    exposure = np.tile((shape() > 0).astype(float), (14, 1))
    found = learn_profile(np.zeros((14, 48)), exposure, np.arange(14) % 7)
    assert set(np.round(found.share[:, shape() > 0], 9).ravel()) == {round(1 / 24, 9)}
