"""Shifts, after-call work, breaks and rest, as matching keeps them, in virtual time."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from signaling.errors import Closed, NoPicture, NotRostered, QueueFull
from signaling.policy import Policy
from tests.support.desk import HOUR_MS, START_MS, Desk
from video_service.media_plane import LegState

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


# -- shifts


async def test_calls_are_not_taken_when_nobody_could_serve_them(desk: Desk) -> None:
    with pytest.raises(Closed):
        await desk.join("c1")
    await desk.agent("a1", "csl", shift=False, ready=False)
    with pytest.raises(Closed):
        await desk.join("c1")
    await desk.store.add_shift("a1", START_MS, START_MS + HOUR_MS)
    with pytest.raises(Closed):
        await desk.join("c1", "hksl")
    assert await desk.join("c1", "csl")
    await desk.store.sign_out("a1")
    with pytest.raises(Closed):
        await desk.join("c2", "csl")
    view = await desk.see("c1")
    assert (view.state, view.open, view.agents_on) == ("waiting", False, 0)


async def test_so_many_may_wait_and_no_more(redis: Redis, pool: str) -> None:
    desk = Desk(redis, pool, Policy(waiting_limit=2))
    await desk.agent("a1", ready=False)
    await desk.join("c1")
    await desk.join("c2")
    with pytest.raises(QueueFull):
        await desk.join("c3")
    assert await desk.join("c2"), "who is in line is in line"


async def test_an_agent_is_ready_on_shift_only(desk: Desk) -> None:
    await desk.agent("a1", ready=False, shift=False)
    with pytest.raises(NotRostered):
        await desk.store.ready("a1")
    shift = await desk.store.add_shift("a1", START_MS + HOUR_MS, START_MS + 2 * HOUR_MS)
    with pytest.raises(NotRostered):
        await desk.store.ready("a1")
    await desk.pass_time(3_600)
    assert (await desk.look("a1")).agents_on == 1
    await desk.store.ready("a1")
    assert (await desk.look("a1")).shift_until_ms == shift.end_ms


async def test_nothing_rings_after_the_shift_even_before_a_sweep(desk: Desk) -> None:
    await desk.agent("a1", shift=False, ready=False)
    await desk.agent("a2", ready=False)
    await desk.store.add_shift("a1", START_MS, START_MS + HOUR_MS)
    await desk.store.ready("a1")
    desk.now_ms = START_MS + HOUR_MS
    await desk.join("c1")
    assert await desk.rings("a1") == ""


async def test_a_shift_that_ends_sends_an_idle_agent_on_break_and_leaves_a_call_alone(desk: Desk) -> None:
    for name in ("a1", "a2"):
        await desk.agent(name, shift=False, ready=False)
        await desk.store.add_shift(name, START_MS, START_MS + HOUR_MS)
        await desk.store.ready(name)
    await desk.talk("a1", "c1")
    await desk.pass_time(3_600)
    idle, busy = await desk.look("a2"), await desk.look("a1")
    assert (idle.state, idle.away_reason, idle.agents_on) == ("break", "shift_over", 0)
    assert busy.state == "on_call"
    await desk.store.hang_up("a1", busy.call.call if busy.call else "")
    await desk.store.ready("a1")
    after = await desk.look("a1")
    assert (after.state, after.away_reason) == ("break", "shift_over")


async def test_two_shifts_in_a_row_are_one_day(desk: Desk) -> None:
    await desk.agent("a1", shift=False, ready=False)
    for hour in range(2):
        await desk.store.add_shift("a1", START_MS + hour * HOUR_MS, START_MS + (hour + 1) * HOUR_MS)
    await desk.store.ready("a1")
    await desk.pass_time(3_600)
    view = await desk.look("a1")
    assert (view.state, view.agents_on, view.shift_until_ms) == ("available", 1, START_MS + 2 * HOUR_MS)


async def test_a_removed_shift_takes_an_available_agent_off(desk: Desk) -> None:
    await desk.agent("a1", shift=False, ready=False)
    shift = await desk.store.add_shift("a1", START_MS, START_MS + HOUR_MS)
    await desk.store.ready("a1")
    await desk.store.remove_shift(shift.shift)
    await desk.store.remove_shift(shift.shift)
    view = await desk.look("a1")
    assert (view.state, view.away_reason, view.agents_on) == ("break", "shift_over", 0)


# -- the agent's picture


async def test_an_agent_without_a_picture_gets_no_calls(desk: Desk) -> None:
    await desk.agent("a1", ready=False, shift=False)
    await desk.store.leg_event("a1", leg=await desk.offer("a1"), state=LegState.CLOSED)
    with pytest.raises(NotRostered):
        await desk.store.ready("a1")
    await desk.store.add_shift("a1", START_MS, START_MS + HOUR_MS)
    call = await desk.join("c1")
    with pytest.raises(NoPicture) as caught:
        await desk.store.ready("a1")
    assert caught.value.retryable
    assert (await desk.look("a1")).state == "break"
    await desk.offer("a1")
    await desk.store.ready("a1")
    assert await desk.rings("a1") == call


async def close_leg(desk: Desk, agent: str) -> None:
    leg = await desk.store.leg(agent)
    assert leg is not None
    await desk.store.leg_event(agent, leg=leg.leg, state=LegState.CLOSED)


@pytest.mark.parametrize("rings", [False, True])
async def test_a_picture_that_is_lost_and_not_offered_anew_sends_the_agent_on_break(desk: Desk, rings: bool) -> None:
    await desk.agent("a1")
    call = await desk.join("c1") if rings else ""
    await close_leg(desk, "a1")
    await desk.pass_time(desk.policy.agent_return_s - 1)
    assert (await desk.look("a1")).state == ("reserved" if rings else "available")
    await desk.pass_time(1)
    view = await desk.look("a1")
    assert (view.state, view.away_reason, view.media) == ("break", "no_picture", "offer")
    await desk.agent("a2")
    assert await desk.rings("a2") == call


async def test_a_picture_offered_anew_in_time_costs_nothing(desk: Desk) -> None:
    await desk.agent("a1")
    await close_leg(desk, "a1")
    await desk.offer("a1")
    await desk.pass_time(desk.policy.agent_return_s)
    assert (await desk.look("a1")).state == "available"


async def test_a_picture_lost_in_a_call_is_asked_for_after_it_at_the_latest(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await close_leg(desk, "a1")
    await desk.pass_time(desk.policy.agent_return_s)
    assert (await desk.look("a1")).state == "on_call"
    await desk.store.hang_up("c1", call)
    with pytest.raises(NoPicture):
        await desk.store.ready("a1")
    await desk.pass_time(desk.policy.after_call_limit_s)
    view = await desk.look("a1")
    assert (view.state, view.away_reason) == ("break", "no_picture")


# -- coming back


async def test_an_agent_whose_node_slept_is_signed_in_by_the_next_beat(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.pass_time(desk.policy.presence_ttl_s, beats=False)
    await desk.pass_time(desk.policy.agent_return_s, beats=False)
    assert (await desk.look("a1")).state == "offline"
    await desk.store.beat(desk.sockets.items())
    view = await desk.look("a1")
    assert (view.state, view.agents_on) == ("break", 1)
    await desk.store.ready("a1")
    assert (await desk.look("a1")).state == "available"


async def test_who_signed_out_stays_out_until_a_wish_for_calls(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.store.sign_out("a1")
    await desk.drop("a1")
    await desk.back("a1")
    assert (await desk.look("a1")).state == "offline"
    await desk.store.ready("a1")
    assert (await desk.look("a1")).state == "available"


async def test_an_agent_whom_the_store_forgot_is_signed_in_by_being_ready(desk: Desk, redis: Redis) -> None:
    await desk.agent("a1", shift=False, ready=False)
    await redis.delete(f"{desk.store.keys.root}:agent:a1")
    await desk.store.ready("a1")
    assert (await desk.look("a1")).state == "break", "not on shift"


# -- after-call work, breaks and rest


async def test_after_call_work_ends_by_itself(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.store.hang_up("a1", call)
    waiting = await desk.join("c2")
    await desk.pass_time(desk.policy.after_call_limit_s - 1)
    assert (await desk.look("a1")).state == "after_call"
    await desk.pass_time(1)
    assert await desk.rings("a1") == waiting


async def test_a_break_is_at_once_or_after_the_call_and_gives_back_what_rings(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.join("c1")
    await desk.store.break_("a1")
    assert (await desk.look("a1")).state == "break"
    await desk.agent("a2")
    assert await desk.rings("a2") == call
    await desk.accept("a2")
    await desk.store.break_("a2")
    assert (await desk.look("a2")).break_wanted
    await desk.store.hang_up("c1", call)
    view = await desk.look("a2")
    assert (view.state, view.break_wanted) == ("after_call", True), "what came of the call can still be said"
    await desk.store.disposition("a2", call, outcome="solved", note="", due_in_h=0)
    waiting = await desk.join("c2")
    await desk.pass_time(desk.policy.after_call_limit_s)
    view = await desk.look("a2")
    assert (view.state, view.away_reason, view.break_wanted) == ("break", "asked", False)
    assert await desk.rings("a2") != waiting


async def test_a_wish_for_a_break_can_be_taken_back(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.store.break_("a1")
    await desk.store.ready("a1")
    await desk.store.hang_up("c1", call)
    await desk.pass_time(desk.policy.after_call_limit_s)
    assert (await desk.look("a1")).state == "available"


async def test_a_break_that_was_asked_for_begins_as_soon_as_the_work_is_done(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.store.break_("a1")
    await desk.store.hang_up("c1", call)
    await desk.store.break_("a1")
    assert (await desk.look("a1")).state == "break"
    await desk.store.ready("a1")
    call = await desk.talk("a1", "c2")
    await desk.store.break_("a1")
    await desk.store.hang_up("c2", call)
    assert (await desk.look("a1")).break_wanted
    await desk.join("c3")
    await desk.store.ready("a1")
    view = await desk.look("a1")
    assert (view.state, view.away_reason, view.break_wanted) == ("break", "asked", False), "the wish outlives the work"
    await desk.store.ready("a1")
    assert (await desk.look("a1")).state == "reserved", "and once more takes calls"


async def sign(desk: Desk, minutes: float) -> None:
    call = await desk.talk("a1", f"c{desk.now_ms}")
    await desk.pass_time(minutes * 60)
    await desk.store.hang_up("a1", call)


async def test_long_signing_is_followed_by_a_rest(desk: Desk) -> None:
    await desk.agent("a1")
    await sign(desk, 26)
    waiting = await desk.join("c9")
    await desk.store.ready("a1")
    assert (await desk.look("a1")).state == "rest"
    await desk.store.ready("a1")
    await desk.pass_time(desk.policy.rest_minutes * 60 - 1)
    assert (await desk.look("a1")).state == "rest", "nobody talks an agent out of it"
    await desk.pass_time(1)
    assert await desk.rings("a1") == waiting


async def test_signing_adds_up_over_calls_and_idle_time_counts_as_rest(desk: Desk) -> None:
    await desk.agent("a1")
    for _ in range(2):
        await sign(desk, 12)
        await desk.store.ready("a1")
    assert (await desk.look("a1")).state == "available", "24 minutes"
    await desk.pass_time(desk.policy.rest_minutes * 60)
    await sign(desk, 12)
    await desk.store.ready("a1")
    assert (await desk.look("a1")).state == "available", "rested between"
    await sign(desk, 13)
    await desk.store.ready("a1")
    assert (await desk.look("a1")).state == "rest", "25 minutes since"


async def test_a_break_counts_towards_the_rest_and_signing_out_does_not_avoid_it(desk: Desk) -> None:
    await desk.agent("a1")
    await sign(desk, 30)
    await desk.store.break_("a1")
    await desk.pass_time(60)
    await desk.store.sign_out("a1")
    await desk.agent("a1", shift=False)
    assert (await desk.look("a1")).state == "rest"
    await desk.pass_time(desk.policy.rest_minutes * 60 - 61)
    assert (await desk.look("a1")).state == "rest"
    await desk.pass_time(1)
    assert (await desk.look("a1")).state == "available"


async def test_a_longer_rest_by_a_new_policy_is_kept(redis: Redis, pool: str) -> None:
    desk = Desk(redis, pool)
    await desk.agent("a1")
    await sign(desk, 30)
    await desk.store.ready("a1")
    longer = Desk(redis, pool, Policy(rest_minutes=10))
    longer.now_ms, longer.sockets = desk.now_ms, desk.sockets
    await longer.pass_time(300)
    assert (await longer.look("a1")).state == "rest"
    await longer.pass_time(300)
    assert (await longer.look("a1")).state == "available"
