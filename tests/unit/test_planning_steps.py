"""From a history to a roster: each step takes what the one before gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.day_types import Calendar
from scheduler.demand import needs_of
from scheduler.errors import BadPlan, NoHistory
from scheduler.history import History, with_hours
from scheduler.plan import DayPlan
from scheduler.plan_file import EXAMPLE, PlanFile, read_plan_file
from scheduler.planning import Demand, demand_of, problem_of, replayed, roster_of, staffing_of
from scheduler.replay import Replay
from scheduler.roster.check import check
from scheduler.roster.search import Limits
from scheduler.roster_file import read_document
from scheduler.shrinkage import Shrinkage

pytestmark = pytest.mark.unit

FIRST = date(2026, 1, 5)
MONDAY = FIRST + timedelta(days=35)
NONE = Shrinkage({})


def team(people: int) -> PlanFile:
    row = '[[people]]\nname = "p{}"\ncontract = "full"\n'
    return read_plan_file(EXAMPLE.partition("[[people]]")[0] + "\n".join(row.format(n) for n in range(people)))


@pytest.fixture(scope="module")
def history() -> History:
    """Five weeks of a line that is open from 9 to 21, with a call every twenty minutes."""
    opened = np.zeros(96)
    opened[36:84] = 1.0
    calls = np.random.default_rng(7).poisson(np.tile(opened * 0.75, (35, 1)))
    return with_hours(FIRST, 900, calls, np.tile(opened, (35, 1)), None, calls, (calls * 420.0).astype(np.float64))


@pytest.fixture(scope="module")
def demand(history: History) -> Demand:
    return demand_of(history, Calendar(), [MONDAY, MONDAY + timedelta(days=1)], patience_s=180.0)


@pytest.fixture(scope="module")
def plans(demand: Demand) -> list[DayPlan]:
    seen: list[DayPlan] = []
    plans = staffing_of(demand, team(6), seen.append, half_width=0.01)
    assert seen == plans
    return plans


def test_handle_times_come_from_the_history_or_are_said(history: History, demand: Demand) -> None:
    assert demand.handle_s.shape == (2, 96)
    assert demand.handle_s.mean() == pytest.approx(420.0, rel=0.01)

    without = replace(history, answered=None, handle_s=None)
    with pytest.raises(NoHistory, match="--handle-s"):
        demand_of(without, Calendar(), [MONDAY], 180.0)
    assert (demand_of(without, Calendar(), [MONDAY], 180.0, handle_s=300.0).handle_s == 300.0).all()


def test_the_roster_wants_at_least_who_the_plan_wants_and_nobody_when_closed(plans: list[DayPlan]) -> None:
    problem = problem_of(plans, team(6), "Asia/Shanghai")

    for plan in plans:
        wanted = np.zeros(96, dtype=int)
        for need in problem.needs:
            if need.day == (plan.day - MONDAY).days:
                wanted[need.from_q : need.to_q] = need.required
        assert (wanted >= np.asarray(plan.agents)).all()
        assert wanted[:36].sum() + wanted[84:].sum() == 0
        assert (wanted[36:84] >= 2).all()


def test_a_made_roster_keeps_its_rules_says_its_gaps_and_is_held_to_the_promise(
    plans: list[DayPlan], demand: Demand
) -> None:
    enough, few = team(8), team(2)

    for file in (enough, few):
        problem = problem_of(plans, file, "Asia/Shanghai")
        document, made = roster_of(problem, Limits(seconds=None, rounds=2, workers=1))
        assert check(problem, made.roster, made.breaks).broken == ()
        assert {duty.person for duty in document.duties} <= {person.name for person in file.people}
        levels = replayed(demand, file, document, half_width=0.02)
        assert list(levels) == [plan.day for plan in plans]
        if file is few:
            assert "missing on 2026-02-09" in document.gaps[0].words
            assert all(level.service_level.mean < 0.9 for level in levels.values())
        else:
            assert all(level.service_level.mean > 0.9 for level in levels.values())


def test_a_replay_looks_only_at_days_of_the_roster_that_are_open(plans: list[DayPlan], demand: Demand) -> None:
    document, _ = roster_of(problem_of(plans[:1], team(6), "Asia/Shanghai"), Limits(seconds=None, rounds=1, workers=1))

    assert list(replayed(demand, team(6), document, half_width=0.05)) == [MONDAY]
    assert read_document(msgspec.json.encode(document)) == document


def test_days_that_do_not_follow_one_another_make_no_roster(plans: list[DayPlan]) -> None:
    with pytest.raises(BadPlan, match="follow one another"):
        problem_of([plans[0], replace(plans[1], day=MONDAY + timedelta(days=3))], team(2), "UTC")
    with pytest.raises(BadPlan, match="no day"):
        problem_of([], team(2), "UTC")


def day_plan(agents: Sequence[int], interval_s: int = 900, promised: Replay | None = None) -> DayPlan:
    return DayPlan(MONDAY, interval_s, tuple(agents), (), promised, True, "")  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 6), min_size=96, max_size=96), st.integers(1, 8))
def test_needs_cover_each_interval_once_and_never_ask_for_more_than_the_team(agents: list[int], people: int) -> None:
    needs = needs_of([day_plan(agents)], MONDAY, shrinkage=NONE, kept_often=0.9, minimum=2, team=people)

    wanted = np.zeros(96, dtype=int)
    for need in needs:
        assert (wanted[need.from_q : need.to_q] == 0).all()
        wanted[need.from_q : need.to_q] = need.required
        assert need.floor == min(2, need.required)
    assert wanted.tolist() == [min(count, people) for count in agents]
    assert all(a.to_q < b.from_q or a.required != b.required for a, b in pairwise(needs))


def test_who_may_be_sick_is_rostered_beside_those_who_are_needed() -> None:
    sick = Shrinkage({"sickness": 0.2})

    [need] = needs_of([day_plan([2] * 96)], MONDAY, shrinkage=sick, kept_often=0.9, minimum=2, team=9)

    assert need.required == sick.people_for(2, 0.9) == 4
    [capped] = needs_of([day_plan([2] * 96)], MONDAY, shrinkage=sick, kept_often=0.9, minimum=2, team=3)
    assert capped.required == 3


def test_longer_intervals_are_whole_quarters_and_other_ones_are_refused() -> None:
    [need] = needs_of([day_plan([1] * 24, 3600)], MONDAY, shrinkage=NONE, kept_often=0.9, minimum=2, team=5)
    assert (need.from_q, need.to_q) == (0, 96)

    with pytest.raises(BadPlan, match="quarter hours"):
        needs_of([day_plan([1] * 144, 600)], MONDAY, shrinkage=NONE, kept_often=0.9, minimum=2, team=5)
    with pytest.raises(BadPlan, match="before the roster"):
        needs_of([day_plan([1] * 96)], MONDAY + timedelta(days=1), shrinkage=NONE, kept_often=0.9, minimum=2, team=5)
