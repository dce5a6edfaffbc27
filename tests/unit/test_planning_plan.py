"""Day plans whose number is the simulated mean; patience from the record; what hours cost a team."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from benchmarks._independent import Day, service_level
from scheduler.errors import BadPlan, BadTarget, NotPositive
from scheduler.forecast_models import Forecast, Method
from scheduler.patience import patience_from_record
from scheduler.plan import day_source, held_against, plan_day
from scheduler.presence import Presence
from scheduler.shrinkage import Shrinkage
from scheduler.simulate import from_counts
from scheduler.targets import Abandonment, ServiceLevel, Targets
from scheduler.team import cost_of, hours_to_keep

pytestmark = pytest.mark.unit

TUESDAY = date(2026, 3, 3)
HANDLE_S = np.full(96, 420.0)


def forecast(day_variance: float = 0.02, slot_variance: float = 0.02) -> Forecast:
    """A small team's day from 9 to 18 with a busy morning."""
    expected = np.zeros((1, 96))
    expected[0, 36:72] = 1.0 + 3.0 * np.exp(-(((np.arange(36) - 8) / 7.0) ** 2))
    return Forecast(
        days=(TUESDAY,),
        interval_s=900,
        expected=expected,
        open_share=(expected > 0).astype(np.float64),
        day_variance=np.asarray([day_variance]),
        slot_variance=np.full((1, 96), slot_variance),
        method=Method.MODEL,
    )


def test_the_plans_number_is_what_an_independent_replay_finds() -> None:
    made, promise = forecast(), ServiceLevel()
    plan = plan_day(made, TUESDAY, HANDLE_S, 180.0, Targets(), seed=1)
    assert plan.reached
    assert plan.agents[:36] == (0,) * 36
    assert min(plan.agents[36:72]) >= 2
    source = day_source(made, 0, HANDLE_S, 180.0)
    for seed in (101, 102, 103):
        again = held_against(source, from_counts(plan.agents, 900.0), promise, 96, seed=seed)
        assert abs(again.service_level.mean - plan.promised.service_level.mean) <= 0.01
    assert plan.note.startswith(f"{plan.promised.service_level.mean:.1%} on average over")


def test_the_plans_number_is_what_a_program_without_its_code_finds() -> None:
    made = forecast(0.05, 0.05)
    plan = plan_day(made, TUESDAY, HANDLE_S, 180.0, Targets(), handle_variation=0.6, seed=6)
    told = Day(
        made.expected[0].tolist(),
        plan.agents,
        HANDLE_S.tolist(),
        900.0,
        180.0,
        float(made.day_variance[0]),
        made.slot_variance[0].tolist(),
        0.6,
    )
    assert service_level(told, 600, 20.0, seed=7) == pytest.approx(plan.promised.service_level.mean, abs=0.01)
    fewer = replace(told, agents=[max(0, agents - 1) for agents in plan.agents])
    assert service_level(fewer, 600, 20.0, seed=7) < plan.promised.service_level.mean - 0.02


def test_days_that_differ_need_more_than_the_formula_says() -> None:
    calm = plan_day(forecast(0.0, 0.0), TUESDAY, HANDLE_S, 180.0, Targets(), seed=2)
    wild = plan_day(forecast(0.25, 0.1), TUESDAY, HANDLE_S, 180.0, Targets(), seed=2)
    assert wild.reached
    assert sum(wild.agents) > sum(calm.agents)
    assert "got one agent more than the formula asks for" in wild.note
    assert [one.agents for one in wild.staffing] == [one.agents for one in calm.staffing]


def test_a_team_that_is_too_small_is_told_what_it_reaches() -> None:
    plan = plan_day(forecast(), TUESDAY, HANDLE_S, 180.0, Targets(), at_most=3, seed=3)
    assert not plan.reached
    assert max(plan.agents) == 3
    assert 0.5 < plan.promised.service_level.mean < 0.95
    assert "intervals are short of what is needed" in plan.note


def test_a_roster_with_breaks_is_held_against_the_same_promise() -> None:
    made = forecast()
    plan = plan_day(made, TUESDAY, HANDLE_S, 180.0, Targets(), seed=4)
    people = from_counts(plan.agents, 900.0)
    (start_s, end_s), *_ = people[0].spans
    broken = [Presence(((start_s, 10.5 * 3600), (11.5 * 3600, end_s))), *people[1:]]
    found = held_against(day_source(made, 0, HANDLE_S, 180.0), broken, ServiceLevel(), 96, seed=5)
    assert found.service_level.mean < plan.promised.service_level.mean


def test_a_plan_needs_its_day_and_its_promise() -> None:
    with pytest.raises(BadPlan, match="does not reach that day"):
        plan_day(forecast(), date(2026, 3, 4), HANDLE_S, 180.0, Targets())
    with pytest.raises(BadTarget, match="service level"):
        plan_day(forecast(), TUESDAY, HANDLE_S, 180.0, Targets((Abandonment(0.03),)))


@pytest.mark.parametrize("agents", [1, 3])
def test_patience_is_found_in_the_waits_of_a_queue(agents: int) -> None:
    random = np.random.default_rng(agents)
    offered, patience = random.exponential(100.0, 20_000), random.exponential(240.0, 20_000)
    waited, gave_up = np.minimum(offered, patience), patience < offered
    found = patience_from_record(float(waited.sum()), int(gave_up.sum()))
    assert found.mean_s == pytest.approx(240.0, rel=0.03)
    assert found.low_s < 240.0 < found.high_s
    # What is often taken for it.
    assert waited[gave_up].mean() < 80.0


def test_few_who_gave_up_leave_much_open() -> None:
    nobody = patience_from_record(0.0, 0)
    assert nobody.mean_s == 180.0
    assert nobody.words.startswith("nobody gave up yet")
    few, many = patience_from_record(600.0, 3), patience_from_record(60_000.0, 300)
    assert few.high_s / few.low_s > 3.0 > many.high_s / many.low_s
    # Gamma(5) has its 5 % and 95 % points at 1.970 and 9.154.
    assert few.high_s == pytest.approx((600.0 + 360.0) / 1.970, rel=0.01)
    assert few.low_s == pytest.approx((600.0 + 360.0) / 9.154, rel=0.01)
    assert many.words == "200 s (182 to 220), from 300 who gave up"
    with pytest.raises(NotPositive, match="must not be negative"):
        patience_from_record(-1.0, 0)
    with pytest.raises(NotPositive, match="must not be negative"):
        patience_from_record(1.0, 1, usual_s=0.0)


def test_a_seat_round_the_clock_takes_six_people() -> None:
    away = Shrinkage({"leave and sickness": 0.2, "training and breaks": 0.125})
    one = cost_of(np.ones((7, 96), dtype=np.int64), 900.0, 40.0, away)
    assert one.seat_hours == 168.0
    assert one.people == pytest.approx(6.0)
    assert one.words == "168 hours a week on the floor, 240 paid: 6 people"
    half_days = np.zeros((7, 96), dtype=np.int64)
    half_days[:, 36:84] = 2
    assert cost_of(half_days, 900.0, 40.0, away).people == pytest.approx(6.0)
    with pytest.raises(NotPositive, match="Contract hours"):
        cost_of(half_days, 900.0, 0.0, away)


def week() -> tuple[np.ndarray, np.ndarray]:
    """Two agents always; most calls on workdays from 10 to 18, some on weekends, few at night."""
    calls = np.full((7, 96), 0.05)
    calls[:5, 40:72] = 1.0
    calls[5:, 40:64] = 0.4
    return np.full((7, 96), 2, dtype=np.int64), calls


def test_a_small_team_is_told_which_hours_it_can_keep() -> None:
    agents, calls = week()
    away = Shrinkage({"away": 0.3})
    six = hours_to_keep(agents, calls, 900.0, 6, 40.0, away)
    assert six.cost.people <= 6.0 + 1e-9
    assert six.workdays is not None
    assert six.workdays[0] <= 10 * 3600 < 18 * 3600 <= six.workdays[1]
    assert six.calls_share > 0.85
    assert six.words.startswith("Monday to Friday ")
    assert six.words.endswith("messages for the rest")
    three = hours_to_keep(agents, calls, 900.0, 3, 40.0, away)
    assert three.weekend is None
    assert three.calls_share < six.calls_share
    assert ", weekend closed: " in three.words
    everything = hours_to_keep(agents, calls, 900.0, 12, 40.0, away)
    assert everything.workdays == everything.weekend == (0.0, 86400.0)
    assert everything.calls_share == pytest.approx(1.0)


def test_a_peak_that_needs_more_agents_than_there_are_is_not_opened() -> None:
    agents, calls = week()
    agents[:5, 44:48] = 5
    found = hours_to_keep(agents, calls, 900.0, 4, 40.0, Shrinkage())
    assert found.workdays is not None
    assert found.workdays[0] >= 12 * 3600 or found.workdays[1] <= 11 * 3600


def test_a_team_that_can_keep_nothing_is_told_so() -> None:
    agents, calls = week()
    with pytest.raises(BadPlan, match="too small"):
        hours_to_keep(agents, calls, 900.0, 1, 40.0, Shrinkage())
    with pytest.raises(BadPlan, match="each day of the week"):
        hours_to_keep(agents, calls[:5], 900.0, 6, 40.0, Shrinkage())
