"""Several queues pooled and apart: by hand-made days, and against the exact queue where everybody serves all."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from scheduler.erlang import Load, erlang_a
from scheduler.errors import BadPlan, NoHistory
from scheduler.forecast import Result
from scheduler.forecast_models import Forecast, Method
from scheduler.plan_file import EXAMPLE, read_plan_file
from scheduler.planning import Demand
from scheduler.pool_plan import pool_of_roster, pool_of_staffing
from scheduler.pooling import Played, PoolQueue, Way, apart, everybody, merged, played
from scheduler.presence import Presence
from scheduler.roster_file import Duty, Pause, RosterDocument
from scheduler.targets import ServiceLevel

pytestmark = pytest.mark.unit

DAY = date(2026, 3, 2)
HOURS = 24
FILE = read_plan_file(EXAMPLE)


def queue(name: str, calls: float, *, handle_s: float = 300.0, patience_s: float = 180.0, **other: Any) -> PoolQueue:
    """Return a queue with so many calls in each hour from 9 to 17."""
    expected = np.zeros((1, HOURS))
    expected[0, 9:17] = calls
    facts = {"days": (DAY,), "interval_s": 3600, "day_variance": 0.0, "slot_variance": 0.0, **other}
    made = Forecast(
        days=facts["days"],
        interval_s=facts["interval_s"],
        expected=expected,
        open_share=(expected > 0).astype(float),
        day_variance=np.full(1, facts["day_variance"]),
        slot_variance=np.full((1, HOURS), facts["slot_variance"]),
        method=Method.MODEL,
    )
    return PoolQueue(name, Demand(Result(made, None), np.full((1, HOURS), handle_s), patience_s), ServiceLevel())


def at_work(*skills: int, start: float = 9, end: float = 17) -> Presence:
    return Presence(((start * 3600.0, end * 3600.0),), frozenset(skills))


def shares(one: Played) -> dict[str, float]:
    return {each.queue: each.level.mean for each in one.queues}


def test_skills_lie_between_apart_and_pooled_and_every_queue_says_its_own() -> None:
    queues = [queue("main", 12.0), queue("rail", 6.0)]
    days = [{"amei": at_work(0), "bao": at_work(0, 1), "chen": at_work(1)}]
    ways = {
        Way.APART: played(Way.APART, queues, apart(days, queues)),
        Way.SKILLED: played(Way.SKILLED, queues, days),
        Way.POOLED: played(Way.POOLED, queues, everybody(days, 2)),
    }
    means = [one.together.mean for one in ways.values()]
    assert means[0] + 0.02 < means[1] < means[2]
    for one in ways.values():
        assert one.together.low < one.together.mean < one.together.high
        assert one.hours == pytest.approx(24.0)
        assert [each.offered for each in one.queues] == pytest.approx([96.0, 48.0], rel=0.1)
        assert all(each.level.low < each.level.mean < each.level.high for each in one.queues)
    assert [one.queues for one in ways[Way.SKILLED].groups] == [("main",), ("main", "rail"), ("rail",)]
    assert [one.queues for one in ways[Way.POOLED].groups] == [("main", "rail")]
    assert [(one.people, one.hours) for one in ways[Way.POOLED].groups] == [(3, 24.0)]
    # The steady queue of all calls is what a whole day of it comes to, but for its first minutes.
    exact = erlang_a(Load(18.0, 3600.0, 300.0), 3, 180.0).service_level(20.0)
    assert means[2] == pytest.approx(exact, abs=0.02)
    busy = 18.0 * 300 / 3600 / 3
    assert ways[Way.POOLED].groups[0].occupancy == pytest.approx(busy, abs=0.05)


def test_ways_are_played_against_the_very_same_days() -> None:
    queues = [queue("main", 4.0), queue("rail", 2.0)]
    days = [{"amei": at_work(0), "bao": at_work(1)}]
    # Nobody serves two queues: by skills is apart, call for call.
    first, again = played(Way.APART, queues, apart(days, queues)), played(Way.SKILLED, queues, days)
    assert (first.together, first.queues) == (again.together, again.queues)


def test_who_can_serve_fewest_is_given_first_and_work_decides() -> None:
    queues = [queue("main", 9.0), queue("rail", 3.0)]
    days = [{name: at_work(0, 1) for name in ("a", "b", "c")} | {"d": at_work(1), "e": at_work()}]
    [found] = apart(days, queues)
    assert {name: set(one.skills) for name, one in found.items()} == {
        **{name: {0} for name in "abc"},  # three quarters of the work is there, and d has the rest
        "d": {1},
        "e": set(),
    }


def test_a_queue_that_nobody_serves_has_nothing_answered() -> None:
    one = played(Way.SKILLED, [queue("main", 4.0), queue("rail", 2.0)], [{"amei": at_work(0)}], most_times=40)
    assert shares(one)["rail"] == 0.0
    assert shares(one)["main"] > 0.5


def test_a_queue_without_calls_has_no_level_and_hurts_nobody() -> None:
    one = played(Way.SKILLED, [queue("main", 4.0), queue("rail", 0.0)], [{"amei": at_work(0, 1)}], most_times=40)
    assert np.isnan(shares(one)["rail"])
    assert one.together.mean == shares(one)["main"]


def test_queues_as_one_add_up() -> None:
    queues = [
        queue("main", 4.0, handle_s=360.0, patience_s=120.0, day_variance=0.04),
        queue("rail", 1.0, handle_s=480.0),
    ]
    one = merged(queues)
    made = one.result.forecast
    assert made.expected[0, 9] == pytest.approx(5.0)
    assert one.handle_s[0, 9] == pytest.approx((4 * 360 + 480) / 5)
    assert one.patience_s == pytest.approx((4 * 120 + 180) / 5)
    assert made.day_variance[0] == pytest.approx(0.04 * 16 / 25)
    assert one.handle_s[0, 3] == pytest.approx(420.0)  # where nobody calls, the mean of what they are


def test_a_pool_spares_people_and_keeps_the_promise() -> None:
    queues = [queue("main", 6.0), queue("rail", 3.0), queue("post", 3.0)]
    ways = {one.way: one for one in pool_of_staffing(queues, FILE)}
    assert list(ways) == [Way.APART, Way.POOLED, Way.FEWER]
    assert ways[Way.APART].hours == ways[Way.POOLED].hours > ways[Way.FEWER].hours
    assert ways[Way.POOLED].together.mean > ways[Way.APART].together.mean
    assert ways[Way.FEWER].together.high >= 0.95


def duty(person: str, start: str = "09:00") -> Duty:
    return Duty(
        person=person, day=DAY, shift="early", start=start, minutes=480, pauses=(Pause(from_min=120, to_min=135),)
    )


def roster(*people: str) -> RosterDocument:
    return RosterDocument(zone="Asia/Shanghai", first_day=DAY, days=1, duties=tuple(map(duty, people)))


def test_a_roster_is_played_with_the_skills_of_its_people() -> None:
    queues = [queue("main", 8.0), queue("rail", 4.0)]
    serves = {"amei": frozenset({0, 1}), "bao": frozenset({0})}
    found = list(pool_of_roster(queues, FILE, roster("amei", "bao", "chen"), serves))
    assert [one.way for one in found] == [Way.APART, Way.SKILLED, Way.POOLED]
    assert {one.hours for one in found} == {3 * 7.75}
    assert found[0].together.mean < found[1].together.mean < found[2].together.mean
    assert [(one.queues, one.people) for one in found[1].groups] == [((), 1), (("main",), 1), (("main", "rail"), 1)]


def test_what_cannot_be_pooled_is_refused_in_a_sentence() -> None:
    with pytest.raises(NoHistory, match="no queue to pool"):
        list(pool_of_staffing([], FILE))
    with pytest.raises(BadPlan, match="The queue rail is not forecast for the same days and intervals as main"):
        merged([queue("main", 1.0), queue("rail", 1.0, interval_s=1800)])
    with pytest.raises(BadPlan, match="people for each day"):
        played(Way.POOLED, [queue("main", 1.0)], [])
    with pytest.raises(BadPlan, match="Nobody in this roster works"):
        list(pool_of_roster([queue("main", 1.0)], FILE, roster(), {}))
