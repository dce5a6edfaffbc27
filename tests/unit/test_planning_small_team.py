"""What a week's hours take in people, and the hours that a team can keep."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from scheduler.errors import BadPlan
from scheduler.forecast import Result
from scheduler.forecast_models import Forecast, Method
from scheduler.plan import DayPlan
from scheduler.plan_file import EXAMPLE, PlanFile, read_plan_file
from scheduler.planning import Demand
from scheduler.replay import Replay, Share
from scheduler.small_team import truth_of

pytestmark = pytest.mark.unit

THURSDAY = date(2026, 3, 5)
OPENS, CLOSES = 9, 18


NOBODY_PLAYED = Replay(Share(0.97, 0.96, 0.98, 100), Share(0.0, 0.0, 0.0, 100), np.zeros(24), 18.0, 5.0, 40.0, 0.5)


def week(agents: int, days: int = 7) -> tuple[Demand, list[DayPlan]]:
    """Return what is expected of days that are open from nine to six, by the hour, and so many agents for it."""
    opened = np.zeros((days, 24))
    opened[:, OPENS:CLOSES] = 1
    dates = tuple(THURSDAY + timedelta(days=number) for number in range(days))
    small = np.full(days, 0.01)
    made = Forecast(dates, 3600, opened * 2.0, opened, small, np.full_like(opened, 0.02), Method.MODEL)
    wanted = tuple((opened[0] * agents).astype(int).tolist())
    plans = [DayPlan(day, 3600, wanted, (), NOBODY_PLAYED, True, "") for day in dates]
    return Demand(Result(made, None), np.full_like(opened, 300.0), 180.0), plans


@pytest.fixture(scope="module")
def pair() -> PlanFile:
    return read_plan_file(EXAMPLE)


def team(pair: PlanFile, people: int) -> PlanFile:
    return replace(pair, people=tuple(replace(pair.people[0], name=f"p{number}") for number in range(people)))


def test_two_seats_from_nine_to_six_are_too_much_for_two_people(pair: PlanFile) -> None:
    demand, plans = week(2)
    found = truth_of(demand, plans, pair)
    assert found.needed.seat_hours == 7 * 9 * 2
    assert found.needed.people == pytest.approx(7 * 9 * 2 / pair.shrinkage.present_share / 40)
    assert found.one_seat.seat_hours == 168
    assert not found.enough
    assert found.keeps is not None
    assert found.keeps.cost.people <= 2
    assert 0 < found.keeps.calls_share < 1
    assert found.keeps.workdays is not None
    assert found.keeps.workdays[0] >= OPENS * 3600, "hours in which nobody calls are not kept open"
    assert "which is too few" in found.words[0]
    causes = found.lost
    assert list(causes) == ["sickness", "training"]
    assert found.needed.paid_hours - sum(causes.values()) == pytest.approx(found.needed.seat_hours)
    assert found.words[3] == (
        f"Of the paid hours a week {causes['sickness']:.1f} go to sickness, {causes['training']:.1f} go to training."
    )


def test_a_team_that_is_large_enough_keeps_every_call(pair: PlanFile) -> None:
    demand, plans = week(2)
    found = truth_of(demand, plans, team(pair, 4))
    assert found.enough
    assert found.keeps is not None
    assert found.keeps.calls_share == pytest.approx(1.0)
    assert found.keeps.weekend == (OPENS * 3600.0, CLOSES * 3600.0)
    assert "which is enough" in found.words[0]


def test_a_team_that_can_keep_nothing_is_told_to_take_messages(pair: PlanFile) -> None:
    demand, plans = week(3)
    found = truth_of(demand, plans, pair)
    assert found.keeps is None
    assert "take messages instead" in found.words[2]


def test_it_is_asked_of_a_whole_week(pair: PlanFile) -> None:
    demand, plans = week(2, days=6)
    with pytest.raises(BadPlan, match="seven days"):
        truth_of(demand, plans, pair)
