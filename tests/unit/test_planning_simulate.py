"""The simulation by hand-worked days, and against the exact queues."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scheduler.errors import BadPlan, NotPositive
from scheduler.presence import Presence
from scheduler.simulate import LONGEST_BREAK_S, Calls, Outcome, Retry, from_counts, simulate_day

pytestmark = pytest.mark.unit


def calls(*rows: tuple[float, float, float] | tuple[float, float, float, int]) -> Calls:
    """Each row: arrival, handle time, patience, and the queue where it matters."""
    table = [(*row, 0) if len(row) == 3 else row for row in rows]
    return Calls(
        np.asarray([row[0] for row in table], dtype=np.float64),
        np.asarray([row[1] for row in table], dtype=np.float64),
        np.asarray([row[2] for row in table], dtype=np.float64),
        np.asarray([row[3] for row in table], dtype=np.int64),
    )


def here(*spans: tuple[float, float], skills: frozenset[int] = frozenset({0})) -> Presence:
    return Presence(spans, skills)


def waits(outcome: Outcome) -> list[float]:
    return [float(wait_s) for wait_s in outcome.offered_wait_s]


def test_calls_are_served_in_order_and_who_gave_up_is_passed_over() -> None:
    day = simulate_day(
        calls((0.0, 100.0, 60.0), (10.0, 50.0, 60.0), (20.0, 50.0, 200.0), (30.0, 10.0, 500.0)), [here((0.0, 1000.0))]
    )
    # The second gives up after 60 s and would have been served after 90; the third is served at 100, the fourth at 150.
    assert waits(day) == [0.0, 90.0, 80.0, 120.0]
    assert day.served.tolist() == [True, False, True, True]
    assert day.wait_s.tolist() == [0.0, 60.0, 80.0, 120.0]
    assert day.busy_s.tolist() == [160.0]
    assert day.present_s.tolist() == [1000.0]


def test_nobody_comes_for_a_call_after_everybody_went_home() -> None:
    day = simulate_day(calls((5.0, 10.0, 60.0), (200.0, 10.0, 60.0)), [here((0.0, 100.0))])
    assert waits(day) == [0.0, math.inf]
    assert day.served.tolist() == [True, False]
    assert day.wait_s.tolist() == [0.0, 60.0]


def test_who_waits_at_opening_is_taken_first() -> None:
    day = simulate_day(calls((10.0, 60.0, 300.0), (20.0, 60.0, 300.0), (110.0, 60.0, 300.0)), [here((100.0, 1000.0))])
    assert waits(day) == [90.0, 140.0, 110.0]


def test_a_call_outlasts_the_shift_and_counts_as_time_on_the_floor() -> None:
    day = simulate_day(calls((90.0, 50.0, 60.0), (95.0, 10.0, 60.0)), [here((0.0, 100.0))])
    assert waits(day) == [0.0, math.inf]
    assert day.present_s.tolist() == [140.0]


def test_a_late_break_keeps_its_length() -> None:
    agent = here((0.0, 100.0), (400.0, 1000.0))
    day = simulate_day(calls((90.0, 50.0, 60.0), (410.0, 10.0, 100.0)), [agent])
    # Away from 140 to 440 instead of from 100 to 400.
    assert waits(day) == [0.0, 30.0]
    assert day.present_s.tolist() == [140.0 + 560.0]


def test_a_split_shift_begins_again_when_it_was_planned() -> None:
    back_s = 100.0 + LONGEST_BREAK_S + 1.0
    day = simulate_day(
        calls((90.0, 50.0, 60.0), (back_s + 5.0, 10.0, 60.0)), [here((0.0, 100.0), (back_s, back_s + 100.0))]
    )
    assert waits(day) == [0.0, 0.0]


def test_a_break_that_would_outlast_the_shift_ends_it() -> None:
    day = simulate_day(calls((90.0, 500.0, 60.0), (595.0, 5.0, 1.0)), [here((0.0, 100.0), (110.0, 600.0))])
    assert waits(day) == [0.0, math.inf]
    assert day.present_s.tolist() == [590.0]


def test_the_agent_idle_longest_and_the_specialist_first() -> None:
    both, one = frozenset({0, 1}), frozenset({0})
    team = [here((0.0, 1000.0), skills=both), here((1.0, 1000.0), skills=one), here((2.0, 1000.0), skills=one)]
    day = simulate_day(calls((10.0, 100.0, 60.0), (11.0, 100.0, 60.0), (12.0, 100.0, 60.0, 1)), team)
    assert waits(day) == [0.0, 0.0, 0.0]
    assert day.busy_s.tolist() == [100.0, 100.0, 100.0]
    # Only the first knows queue 1: had a call for queue 0 gone to that agent, the last one would have waited.
    turned = simulate_day(calls((10.0, 100.0, 60.0), (11.0, 100.0, 60.0), (12.0, 100.0, 60.0)), team[1:])
    assert waits(turned) == [0.0, 0.0, 98.0]
    assert not turned.served[2]


def test_the_longest_waiting_call_among_the_skills_is_taken() -> None:
    team = [here((0.0, 1000.0), skills=frozenset({0, 1}))]
    day = simulate_day(
        calls((0.0, 100.0, 500.0), (10.0, 100.0, 500.0, 1), (20.0, 100.0, 500.0), (30.0, 5.0, 99.0, 2)), team
    )
    assert waits(day) == [0.0, 90.0, 180.0, math.inf]


def test_who_gives_up_calls_again() -> None:
    agents = [here((1000.0, 1e6))]
    day = simulate_day(calls(*[(0.0, 1.0, 50.0)] * 200), agents, Retry(again=0.9, pause_s=300.0), seed=4)
    attempts = len(day.arrive_s)
    assert day.first.sum() == 200
    assert attempts > 350
    assert np.all(np.diff(day.arrive_s) >= 0)
    assert day.served.sum() <= 200
    again = simulate_day(calls(*[(0.0, 1.0, 50.0)] * 200), agents, Retry(again=0.9, pause_s=300.0), seed=4)
    assert again.arrive_s.tolist() == day.arrive_s.tolist()
    quiet = simulate_day(calls(*[(0.0, 1.0, 50.0)] * 3), [here((0.0, 100.0))], Retry(again=0.9, pause_s=1.0), seed=4)
    assert len(quiet.arrive_s) == 3


def test_a_plan_without_names_becomes_people() -> None:
    plan = from_counts([0, 2, 3, 1, 0, 1], 900.0)
    assert [one.spans for one in plan] == [
        ((900.0, 3600.0), (4500.0, 5400.0)),
        ((900.0, 2700.0),),
        ((1800.0, 2700.0),),
    ]
    assert from_counts([], 900.0) == []


def test_days_and_plans_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(BadPlan, match="order of arrival"):
        calls((5.0, 1.0, 1.0), (4.0, 1.0, 1.0))
    with pytest.raises(BadPlan, match="a patience and a queue"):
        Calls(np.zeros(2), np.zeros(1), np.zeros(2), np.zeros(2, dtype=np.int64))
    with pytest.raises(BadPlan, match="numbered from 0"):
        simulate_day(calls((0.0, 1.0, 1.0, -1)), [])
    with pytest.raises(BadPlan, match="end after it begins"):
        here((5.0, 5.0))
    with pytest.raises(BadPlan, match="must not touch"):
        here((0.0, 5.0), (5.0, 9.0))
    with pytest.raises(NotPositive, match="retry"):
        Retry(again=1.0, pause_s=1.0)


def test_no_calls_and_nobody_there_is_a_quiet_day() -> None:
    day = simulate_day(calls(), [here((0.0, 100.0)), Presence(())])
    assert len(day.wait_s) == 0
    assert day.present_s.tolist() == [100.0, 0.0]
