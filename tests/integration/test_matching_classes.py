"""Who goes first: priority classes, what changes a call's class, and what long waiting does, on a real Valkey."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from signaling.lifecycle_call import CLASSES
from signaling.policy import Policy
from tests.support.desk import Desk

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


async def _stored(desk: Desk, kind: str, name: str, field: str) -> str:
    raw = await desk.store.redis.hget(f"{desk.store.keys.root}:{kind}:{name}", field)
    return raw.decode() if isinstance(raw, bytes) else str(raw)


async def _break_off(desk: Desk, agent: str, customer: str) -> str:
    """The two talk, and the customer is lost; the agent is on a break."""
    call = await desk.talk(agent, customer)
    await desk.drop(customer)
    await desk.pass_time(desk.policy.customer_return_s)
    await desk.store.break_(agent)
    return call


async def _serve(desk: Desk, agent: str) -> str:
    """The agent takes whatever rings, ends it and is ready."""
    call = await desk.accept(agent)
    await desk.store.hang_up(agent, call)
    await desk.store.ready(agent)
    return call


async def test_each_class_is_served_before_those_after_it(redis: Redis, pool: str) -> None:
    desk = Desk(redis, pool, Policy(vip_first=True))
    await desk.agent("a1")
    promised = await desk.talk("a1", "c_callback")
    await desk.store.hang_up("a1", promised)
    await desk.store.disposition("a1", promised, outcome="follow_up", note="", due_in_h=2)
    await desk.store.ready("a1")
    await desk.pass_time(2 * 3_600)
    await _break_off(desk, "a1", "c_resumed")
    normal = await desk.join("c_normal")
    vip = await desk.join("c_vip", vip=True)
    callback = await desk.join("c_callback")
    await desk.customer("c_resumed")
    resumed = await desk.join("c_resumed")
    urgent = await desk.join("c_urgent", urgent=True)
    wanted = dict(zip(CLASSES, (urgent, resumed, callback, vip, normal), strict=True))
    for name, call in wanted.items():
        assert await _stored(desk, "record", call, "class") == name
    await desk.store.ready("a1")
    assert [await _serve(desk, "a1") for _ in range(5)] == list(wanted.values())


async def test_without_its_policy_a_vip_waits_as_everybody(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    first = await desk.join("c1")
    second = await desk.join("c2", vip=True)
    assert await _stored(desk, "call", second, "class") == "normal"
    await desk.store.ready("a1")
    assert await desk.rings("a1") == first


async def test_an_urgent_vip_is_urgent(redis: Redis, pool: str) -> None:
    desk = Desk(redis, pool, Policy(vip_first=True))
    await desk.agent("a1", ready=False)
    call = await desk.join("c1", urgent=True, vip=True)
    assert await _stored(desk, "call", call, "class") == "urgent"


async def test_a_call_whose_agent_is_lost_goes_on_as_resumed_and_is_counted_as_what_it_was(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.drop("a1")
    await desk.wait_for_return()
    assert await _stored(desk, "call", call, "class") == "resumed"
    assert await _stored(desk, "record", call, "class") == "normal"
    await desk.agent("a2")
    assert await desk.accept("a2") == call
    await desk.store.hang_up("c1", call)
    assert await _stored(desk, "record", call, "state") == "closed"
    names = [name async for name in desk.store.redis.scan_iter(f"{desk.store.keys.root}:rollup:main:*")]
    sums = await desk.store.redis.hgetall(names[0])
    assert len(names) == 1
    assert (sums[b"offered_normal"], sums.get(b"offered_resumed")) == (b"1", None)


async def test_an_urgent_call_whose_agent_is_lost_stays_urgent(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.join("c1", urgent=True)
    await desk.accept("a1")
    await desk.drop("a1")
    await desk.wait_for_return()
    assert await _stored(desk, "call", call, "class") == "urgent"


async def test_a_call_that_broke_off_is_resumed_for_a_while_only(desk: Desk) -> None:
    await desk.agent("a1")
    await _break_off(desk, "a1", "c1")
    await desk.pass_time(desk.policy.resume_window_s)
    await desk.customer("c1")
    call = await desk.join("c1")
    assert await _stored(desk, "call", call, "class") == "normal"


async def test_who_was_not_answered_or_said_good_bye_has_nothing_to_resume(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    await desk.join("c1")
    await desk.drop("c1")
    await desk.pass_time(desk.policy.keep_place_s)
    await desk.customer("c1")
    await desk.store.ready("a1")
    call = await desk.join("c1")
    assert await _stored(desk, "call", call, "class") == "normal", "it was lost in line"
    await desk.accept("a1")
    await desk.store.hang_up("a1", call)
    call = await desk.join("c1")
    assert await _stored(desk, "call", call, "class") == "normal"


# -- long waiting


async def test_who_waits_long_counts_one_class_higher_again_and_again_and_never_as_urgent(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    call = await desk.join("c1")
    seen = []
    for _ in range(5):
        seen.append(await _stored(desk, "call", call, "counts_as"))
        await desk.pass_time(desk.policy.age_after_s)
    assert seen == ["normal", "vip", "callback", "resumed", "resumed"]
    assert await _stored(desk, "call", call, "class") == "normal"
    urgent = await desk.join("c2", urgent=True)
    await desk.store.ready("a1")
    assert await desk.rings("a1") == urgent


async def test_a_call_that_was_away_counts_the_time_since_it_came(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    call = await desk.join("c1")
    await desk.pass_time(desk.policy.age_after_s - 10)
    await desk.drop("c1")
    await desk.pass_time(20)
    await desk.customer("c1")
    assert await _stored(desk, "call", call, "counts_as") == "vip"
    await desk.pass_time(desk.policy.age_after_s - 10)
    assert await _stored(desk, "call", call, "counts_as") == "callback"


async def test_a_call_that_moves_up_keeps_the_time_that_nobody_left_gives_it(desk: Desk) -> None:
    desk = Desk(desk.store.redis, desk.store.keys.pool, Policy(age_after_s=60, nobody_left_s=90))
    await desk.agent("a1", "csl", ready=False)
    await desk.join("c1", "csl")
    await desk.store.sign_out("a1")
    await desk.pass_time(60)
    assert (await desk.see("c1")).state == "waiting"
    await desk.pass_time(30)
    assert (await desk.see("c1")).ended_reason == "closed"


async def test_places_are_those_of_the_order_in_which_calls_are_served(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    await desk.join("c1")
    await desk.pass_time(desk.policy.age_after_s)
    await desk.join("c2")
    await desk.join("c3", urgent=True)
    assert [(await desk.see(name)).place for name in ("c3", "c1", "c2")] == [1, 2, 3]


_numbers = itertools.count()
arrivals = st.lists(
    st.tuples(st.sampled_from(("vip", "callback", "resumed", "urgent")), st.integers(1, 3)), min_size=1, max_size=4
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pattern=arrivals)
async def test_nobody_starves_under_endless_arrivals_of_higher_classes(
    redis: Redis, pool: str, pattern: list[tuple[str, int]]
) -> None:
    """One agent serves a call a minute; each minute up to three of higher classes join, urgent ones every fourth.

    Bound: once a normal call counts as "resumed" it is before everybody who came after it, so it waits for its climb,
    for the urgent calls that stand then (one), and for the call that is served.
    """
    policy = Policy(vip_first=True, age_after_s=120, max_signing_minutes=600)
    desk = Desk(redis, f"{pool}-{next(_numbers)}", policy)
    climb_minutes = 3 * 2
    await desk.agent("a1")
    await desk.talk("a1", "c_first")
    patient = await desk.join("c_patient")
    joined = 0
    for minute in range(climb_minutes + 3):
        name, count = pattern[minute % len(pattern)]
        for _ in range(count if name != "urgent" else minute % 4 == 0):
            joined += 1
            await desk.customer(f"c{joined}")
            facts = ("", "zh-CN", "web", "", "", 0, "")
            await desk.store.run("join", f"c{joined}", f"c_{joined}", "main", "", name, *facts)
        serving = (await desk.look("a1")).call
        assert serving is not None
        await desk.store.hang_up("a1", serving.call)
        await desk.store.ready("a1")
        if await desk.accept("a1") == patient:
            return
        await desk.pass_time(60)
    raise AssertionError(f"it waits after {climb_minutes + 3} minutes")
