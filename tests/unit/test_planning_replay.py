"""Replays of sampled days: against the exact queues, against one another, and the statistics themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scheduler.erlang import Load, erlang_a
from scheduler.errors import BadPlan, NotPositive
from scheduler.presence import Presence
from scheduler.replay import HandleTimes, QueueDay, SeveralQueues, ratio_of_sums, replay
from scheduler.retrials import erlang_a_with_retrials
from scheduler.service_level import Definition
from scheduler.simulate import Retry, from_counts
from scheduler.staffing import lagged_loads, staff_day
from scheduler.targets import Targets

pytestmark = pytest.mark.unit

DAYS = 4
STEADY = QueueDay(np.full(96 * DAYS, 5.0), 900.0, HandleTimes(360.0), 120.0)
ALWAYS = [Presence(((0.0, 86400.0 * DAYS),)) for _ in range(3)]


@pytest.mark.parametrize("definition", list(Definition))
def test_a_steady_queue_is_erlang_a(definition: Definition) -> None:
    found = replay(STEADY, ALWAYS, 20.0, definition, intervals=96 * DAYS, half_width=0.005, seed=1)
    queue = erlang_a(Load(5.0, 900.0, 360.0), 3, 120.0)
    assert found.service_level.low - 0.005 < queue.service_level(20.0, definition) < found.service_level.high + 0.005
    assert found.abandonment.mean == pytest.approx(queue.abandonment, abs=0.005)
    assert found.wait_s == pytest.approx(queue.wait_s, rel=0.04)
    assert found.occupancy == pytest.approx(queue.occupancy, rel=0.02)
    assert found.offered == pytest.approx(5.0 * 96 * DAYS, rel=0.02)


def test_a_queue_with_returners_is_the_chain() -> None:
    found = replay(
        STEADY, ALWAYS, 20.0, intervals=96 * DAYS, half_width=0.006, seed=2, retry=Retry(again=0.6, pause_s=300.0)
    )
    chain = erlang_a_with_retrials(Load(5.0, 900.0, 360.0), 3, 120.0, again=0.6, pause_s=300.0, within_s=20.0)
    assert found.service_level.mean == pytest.approx(chain.service_level, abs=0.008)
    assert found.abandonment.mean == pytest.approx(chain.abandonment, abs=0.008)
    assert found.offered / (5.0 * 96 * DAYS) == pytest.approx(chain.attempts_per_call, rel=0.02)


def bank_hours() -> tuple[QueueDay, list[Presence]]:
    """A small team's day: 9 to 18 o'clock, a busy morning, days that differ, breaks, and a staffing made for it."""
    expected = np.zeros(96)
    expected[36:72] = 1.0 + 3.0 * np.exp(-(((np.arange(36) - 8) / 7.0) ** 2))
    loads = lagged_loads(expected.tolist(), 900.0, [420.0] * 96)
    plan = [one.agents for one in staff_day(loads, 180.0, Targets(), is_open=(expected > 0).tolist())]
    source = QueueDay(expected, 900.0, HandleTimes(420.0, 0.8), 180.0, day_variance=0.02, interval_variance=0.05)
    return source, from_counts(plan, 900.0)


def test_an_independent_replay_is_within_a_point() -> None:
    source, agents = bank_hours()
    first = replay(source, agents, 20.0, seed=11)
    second = replay(source, agents, 20.0, seed=12)
    assert abs(first.service_level.mean - second.service_level.mean) <= 0.01
    assert first.service_level.low <= first.service_level.mean <= first.service_level.high
    assert first.service_level.high - first.service_level.low <= 0.01
    assert first.service_level.mean > 0.9
    assert np.isnan(first.by_interval[:36]).all()
    assert not np.isnan(first.by_interval[36:72]).any()
    assert 0 < first.wait_s < first.worst_wait_s
    repeated = replay(source, agents, 20.0, seed=11)
    assert repeated.service_level == first.service_level


def test_a_break_costs_service() -> None:
    source, agents = bank_hours()
    without = replay(source, agents, 20.0, seed=5, half_width=0.008).service_level.mean
    start_s, end_s = agents[0].spans[0]
    pause = Presence(((start_s, 11 * 3600.0), (12 * 3600.0, end_s)))
    assert replay(source, [pause, *agents[1:]], 20.0, seed=5, half_width=0.008).service_level.mean < without - 0.005


def test_skills_lie_between_pooled_and_apart() -> None:
    days = SeveralQueues(
        [
            QueueDay(np.full(96, 4.0), 900.0, HandleTimes(300.0), 180.0),
            QueueDay(np.full(96, 2.0), 900.0, HandleTimes(300.0), 180.0, queue=1),
        ]
    )

    def team(*skills: frozenset[int]) -> list[Presence]:
        return [Presence(((0.0, 86400.0),), one) for one in skills]

    first, second, both = frozenset({0}), frozenset({1}), frozenset({0, 1})
    apart = replay(days, team(first, first, second), 20.0, half_width=0.01).service_level.mean
    mixed = replay(days, team(first, both, second), 20.0, half_width=0.01).service_level.mean
    pooled = replay(days, team(both, both, both), 20.0, half_width=0.01).service_level.mean
    assert apart + 0.02 < mixed < pooled
    queue = erlang_a(Load(6.0, 900.0, 300.0), 3, 180.0)
    assert pooled == pytest.approx(queue.service_level(20.0), abs=0.015)


def test_sampled_days_have_the_mean_and_the_spread_they_were_given() -> None:
    random = np.random.default_rng(3)
    source = QueueDay(np.full(20, 10.0), 900.0, HandleTimes(60.0), 60.0, day_variance=0.04, interval_variance=0.09)
    totals = np.array([len(source.sample(random).arrive_s) for _ in range(4000)])
    assert totals.mean() == pytest.approx(200.0, rel=0.01)
    # Poisson, plus the factor of the day, plus that of each interval (independent of one another).
    expected = 200.0 + 200.0**2 * 0.04 + 20 * 10.0**2 * 0.09 * 1.04
    assert totals.var() == pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize("variation", [0.0, 0.5, 1.0, 1.4])
def test_handle_times_have_the_mean_and_variation_they_were_given(variation: float) -> None:
    times = HandleTimes(400.0, variation).sample(np.random.default_rng(9), 200_000)
    assert times.mean() == pytest.approx(400.0, rel=0.02)
    assert times.std() == pytest.approx(400.0 * variation, rel=0.05, abs=1e-9)


def test_each_interval_may_have_its_own_handle_time() -> None:
    source = QueueDay(np.array([50.0, 50.0]), 900.0, [HandleTimes(100.0, 0.0), HandleTimes(300.0, 0.0)], 60.0)
    day = source.sample(np.random.default_rng(1))
    assert set(day.handle_s[day.arrive_s < 900.0]) == {100.0}
    assert set(day.handle_s[day.arrive_s >= 900.0]) == {300.0}
    with pytest.raises(BadPlan, match="one for each interval"):
        QueueDay(np.ones(2), 900.0, [HandleTimes(1.0)], 60.0)
    with pytest.raises(NotPositive, match="must not be negative"):
        QueueDay(-np.ones(2), 900.0, HandleTimes(1.0), 60.0)


def test_the_interval_of_a_ratio_covers_as_often_as_it_says() -> None:
    random = np.random.default_rng(7)
    covered = 0
    for _ in range(400):
        whole = random.poisson(40.0 * random.gamma(4.0, 0.25, 120))
        part = random.binomial(whole, 0.8)
        share = ratio_of_sums(part, whole)
        covered += share.low <= 0.8 <= share.high
    assert 0.92 <= covered / 400 <= 0.98


def test_days_without_calls_have_no_service_level() -> None:
    quiet = replay(QueueDay(np.zeros(96), 900.0, HandleTimes(60.0), 60.0), [], 20.0)
    assert math.isnan(quiet.service_level.mean)
    assert math.isnan(quiet.occupancy)
    assert quiet.offered == 0.0


def test_a_number_that_is_not_well_known_says_how_well() -> None:
    source, agents = bank_hours()
    found = replay(source, agents[:2], 20.0, half_width=1e-5, most_days=60).service_level
    assert found.days == 100
    assert found.high - found.low > 0.005
