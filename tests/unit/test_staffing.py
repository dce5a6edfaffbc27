"""Staffing: the smallest team that keeps every promise, with its reason."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.erlang import Load, erlang_a
from scheduler.errors import BadTarget, NotPositive
from scheduler.service_level import Definition
from scheduler.shrinkage import Shrinkage
from scheduler.staffing import CLOSED, lagged_loads, staff, staff_day
from scheduler.targets import Abandonment, LongestWait, Promise, ServiceLevel, Targets

pytestmark = pytest.mark.unit


def load(calls: float, aht_s: float = 360.0) -> Load:
    return Load(calls, 900.0, aht_s)


PROMISES: list[Promise] = [
    ServiceLevel(0.95, 20.0),
    ServiceLevel(0.8, 120.0, Definition.SERVED_OF_ANSWERED),
    ServiceLevel(0.9, 60.0, Definition.OFFERED_WAIT),
    Abandonment(0.03),
    LongestWait(180.0, 0.02),
]


@settings(max_examples=40)
@given(
    calls=st.floats(0.01, 60.0),
    patience_s=st.floats(5.0, 3600.0),
    promises=st.sets(st.sampled_from(PROMISES), min_size=1),
    minimum=st.integers(0, 4),
)
def test_the_team_keeps_every_promise_and_one_agent_less_does_not(
    calls: float, patience_s: float, promises: set[Promise], minimum: int
) -> None:
    targets = Targets(tuple(promises), minimum)
    found = staff(load(calls), patience_s, targets)
    assert found.reached
    assert found.agents == found.required
    assert found.agents >= minimum
    assert all(kept.met for kept in found.kept)
    queue = erlang_a(load(calls), found.agents, patience_s)
    assert all(promise.met(queue) for promise in promises)
    if found.agents > max(minimum, 1):
        fewer = erlang_a(load(calls), found.agents - 1, patience_s)
        assert not all(promise.met(fewer) for promise in promises)


def test_the_reason_names_the_deciding_promise() -> None:
    targets = Targets((ServiceLevel(), Abandonment(0.03), LongestWait(120.0)))
    busy = staff(load(30.0), 120.0, targets)
    assert (busy.agents, busy.reason) == (18, "0.95 answered within 20 s (served_of_offered)")
    assert [kept.agents for kept in busy.kept] == [18, 17, 14]
    quiet = staff(load(0.2), 120.0, targets)
    assert (quiet.agents, quiet.reason) == (2, "at least 2 agents whenever open")
    patient = staff(load(30.0), 3600.0, Targets((Abandonment(0.01),)))
    assert patient.reason == "at most 0.01 give up"


def test_a_team_that_is_too_small_is_told_what_it_reaches() -> None:
    short = staff(load(12.0), 120.0, Targets(), at_most=4)
    assert (short.agents, short.required, short.reached) == (4, 9, False)
    assert short.reason == "4 agents at most, 9 are needed: 0.95 answered within 20 s (served_of_offered) comes to 0.48"
    assert short.queue is not None
    assert short.queue.agents == 4
    alone = staff(load(0.2), 120.0, Targets((LongestWait(600.0),)), at_most=1)
    assert not alone.reached
    assert alone.reason == "1 agents at most, 2 are needed: at least 2 agents whenever open"
    nobody = staff(load(1.0), 120.0, Targets(), at_most=0)
    assert (nobody.agents, nobody.queue, nobody.kept[0].figure) == (0, None, None)


def test_what_no_staff_could_reach_says_so() -> None:
    endless = staff(Load(1e9, 900.0, 360.0), 120.0, Targets())
    assert (endless.required, endless.reached) == (None, False)
    assert "not even 10000 would do" in endless.reason


def test_without_calls_the_minimum_stands() -> None:
    assert staff(None, 120.0, Targets()).agents == 2
    assert staff(None, 120.0, Targets()).reached
    short = staff(None, 120.0, Targets(minimum=3), at_most=2)
    assert (short.agents, short.reached) == (2, False)
    assert short.reason == "at least 3 agents whenever open, and 2 can be there"


def test_a_day_is_staffed_interval_by_interval() -> None:
    day = staff_day([load(3.0), None, load(30.0)], 120.0, Targets(), is_open=[True, True, False])
    assert [one.agents for one in day] == [4, 2, 0]
    assert day[2] == CLOSED


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_certainty_cannot_be_promised(share: float) -> None:
    for broken in (ServiceLevel, Abandonment):
        with pytest.raises(BadTarget, match="between 0 and 1"):
            broken(share)
    with pytest.raises(BadTarget, match="between 0 and 1"):
        LongestWait(60.0, share)


def test_impossible_targets_are_refused() -> None:
    with pytest.raises(BadTarget, match="seconds"):
        ServiceLevel(0.9, -1.0)
    with pytest.raises(BadTarget, match="longest wait"):
        LongestWait(math.inf)
    with pytest.raises(BadTarget, match="minimum"):
        Targets(minimum=-1)
    with pytest.raises(BadTarget, match="nothing to staff for"):
        Targets((), 0)
    with pytest.raises(NotPositive, match="largest team"):
        staff(None, 120.0, Targets(), at_most=-1)


def test_work_in_progress_is_carried_into_the_next_interval() -> None:
    loads = lagged_loads([0.0, 4.0, 8.0, 8.0, 2.0, 0.0, 0.0], 900.0, [600.0] * 7)
    offered = [0.0 if one is None else one.offered for one in loads]
    # While calls grow, their own load counts; when they stop, what is still being talked about does.
    assert offered[:4] == [0.0, *(pytest.approx(x) for x in (8 / 3, 16 / 3, 16 / 3))]
    assert offered[4] > 4 / 3
    assert offered[4] > offered[5] > offered[6] > 0.0
    assert loads[0] is None
    short = lagged_loads([4.0, 0.0], 900.0, [1.0, 1.0])
    assert short[1] is not None
    assert short[1].offered < 0.01


def test_shrinkage_is_a_product_and_names_its_causes() -> None:
    away = Shrinkage({"breaks": 0.1, "training": 0.05, "sickness": 0.06})
    assert away.present_share == pytest.approx(0.9 * 0.95 * 0.94)
    assert away.rostered(2.0) == pytest.approx(2.0 / (0.9 * 0.95 * 0.94))
    lost = away.by_cause(100.0)
    assert lost == {"breaks": pytest.approx(10.0), "training": pytest.approx(4.5), "sickness": pytest.approx(5.13)}
    assert 100.0 - sum(lost.values()) == pytest.approx(100.0 * away.present_share)
    assert Shrinkage().present_share == 1.0


def test_enough_people_are_there_often_enough() -> None:
    away = Shrinkage({"sickness": 0.2})
    assert away.chance_of(2, 2) == pytest.approx(0.64)
    assert away.chance_of(2, 3) == pytest.approx(0.64 + 0.128 * 2)
    assert (away.chance_of(0, 0), away.chance_of(3, 2)) == (1.0, 0.0)
    assert away.people_for(2, at_least=0.6) == 2
    assert away.people_for(2, at_least=0.89) == 3
    assert away.people_for(0) == 0
    assert Shrinkage().people_for(5, at_least=0.999) == 5
    assert away.chance_of(200, 260) == pytest.approx(0.905, abs=0.02)


def test_impossible_shrinkage_is_refused() -> None:
    with pytest.raises(BadTarget, match="time lost to breaks"):
        Shrinkage({"breaks": 1.0})
    with pytest.raises(BadTarget, match="between 0 and 1"):
        Shrinkage().people_for(2, at_least=1.0)
    with pytest.raises(NotPositive, match="must not be negative"):
        Shrinkage().people_for(-1)
    with pytest.raises(BadTarget, match="no team is large enough"):
        Shrinkage({"away": 0.99999}).people_for(1000)
