"""The rules of matching, one by one: order, skills, rings, declines, misses, absences."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from signaling.errors import StaleReservation
from tests.support.desk import HOUR_MS, START_MS, Desk

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


# -- order


async def test_first_come_first_served_within_a_class_and_urgent_calls_first(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    normal = [await desk.join(f"c{number}") for number in range(3)]
    urgent = [await desk.join(f"u{number}", urgent=True) for number in range(2)]
    served = []
    for _ in range(5):
        await desk.store.ready("a1")
        served.append(await desk.accept("a1"))
        await desk.store.hang_up("a1", served[-1])
    assert served == urgent + normal


async def test_an_agent_takes_the_first_call_that_the_skills_cover(desk: Desk) -> None:
    await desk.agent("a1", "csl", ready=False)
    await desk.agent("a2", "hksl", ready=False)
    await desk.join("c1", "hksl")
    second = await desk.join("c2", "csl")
    await desk.store.ready("a1")
    assert await desk.rings("a1") == second


async def test_the_longest_rested_agent_of_those_who_can_is_rung(desk: Desk) -> None:
    for name, skills in (("a1", ()), ("a2", ("csl",)), ("a3", ("csl", "hksl"))):
        await desk.agent(name, *skills)
        await desk.pass_time(1)
    first, second = await desk.join("c1", "csl"), await desk.join("c2")
    assert await desk.rings("a2") == first
    assert await desk.rings("a1") == second
    assert await desk.rings("a3") == ""


async def test_a_call_that_comes_back_is_before_all_that_came_later(desk: Desk) -> None:
    await desk.agent("a1")
    first = await desk.join("c1")
    second = await desk.join("c2")
    await desk.pass_time(desk.policy.ring_timeout_s)
    assert await desk.rings("a1") == first, "missed, and first again"
    assert (await desk.see("c2")).place == 1
    await desk.decline("a1")
    assert await desk.rings("a1") == second
    assert (await desk.see("c1")).state == "waiting"


# -- reservations


async def test_a_declined_call_goes_to_somebody_else_and_never_comes_back(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.pass_time(1)
    await desk.agent("a2")
    call = await desk.join("c1")
    assert await desk.rings("a1") == call
    await desk.decline("a1")
    assert await desk.rings("a1") == ""
    assert await desk.rings("a2") == call
    await desk.pass_time(desk.policy.ring_timeout_s)
    assert await desk.rings("a2") == call, "a1 is free, and is not asked again"


async def test_many_declined_calls_at_the_head_do_not_hide_the_next(desk: Desk) -> None:
    await desk.agent("a1")
    calls = [await desk.join(f"c{number}") for number in range(40)]
    for call in calls[:39]:
        assert await desk.decline("a1") == call
    assert await desk.rings("a1") == calls[39]


async def test_many_agents_who_declined_do_not_hide_the_next(desk: Desk) -> None:
    for number in range(20):
        await desk.agent(f"a{number}")
        await desk.pass_time(0.001)
    call = await desk.join("c1")
    for number in range(19):
        assert await desk.decline(f"a{number}") == call
    assert await desk.rings("a19") == call


async def test_a_ring_that_is_missed_goes_to_another_and_three_set_the_agent_away(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.join("c1")
    for _ in range(2):
        assert await desk.rings("a1") == call
        await desk.pass_time(desk.policy.ring_timeout_s)
    await desk.agent("a2")
    await desk.pass_time(desk.policy.ring_timeout_s)
    view = await desk.look("a1")
    assert (view.state, view.away_reason) == ("break", "missed")
    assert await desk.rings("a2") == call, "the customer never stays stuck behind an empty desk"


async def test_a_decline_is_never_a_miss_and_breaks_the_row(desk: Desk) -> None:
    await desk.agent("a1")
    for number in range(6):
        await desk.join(f"c{number}")
    for _ in range(3):
        await desk.pass_time(desk.policy.ring_timeout_s)
        await desk.pass_time(desk.policy.ring_timeout_s)
        assert (await desk.look("a1")).state == "reserved", "two misses"
        await desk.decline("a1")
    assert (await desk.look("a1")).state == "reserved"


async def test_what_rings_no_longer_cannot_be_accepted_or_declined(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.agent("a2", ready=False)
    call = await desk.join("c1")
    ring = (await desk.look("a1")).reservation
    assert ring is not None
    for agent, epoch in (("a2", ring.epoch), ("a1", ring.epoch + 1), ("a1", ring.epoch - 1)):
        with pytest.raises(StaleReservation):
            await desk.store.accept(agent, call, epoch)
    await desk.pass_time(desk.policy.ring_timeout_s)
    with pytest.raises(StaleReservation):
        await desk.store.accept("a1", call, ring.epoch)
    await desk.accept("a1")
    with pytest.raises(StaleReservation):
        await desk.store.decline("a1", call, ring.epoch + 2)


# -- nobody who could


async def test_a_call_that_everybody_declined_promises_nothing_and_rings_again_after_a_round(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.agent("a2")
    await desk.agent("a3", "csl")
    call = await desk.join("c1")
    assert (await desk.see("c1")).estimate_high_min > 0
    for agent in ("a1", "a2"):
        assert await desk.decline(agent) == call
        await desk.pass_time(1)
    assert (await desk.see("c1")).estimate_high_min > 0, "a3 has not been asked"
    assert await desk.decline("a3") == call
    view = await desk.see("c1")
    assert (view.state, view.place, view.estimate_low_min, view.estimate_high_min) == ("waiting", 1, 0, 0)
    await desk.pass_time(desk.policy.ask_again_s - 1)
    assert (await desk.see("c1")).state == "waiting"
    await desk.pass_time(1)
    assert await desk.rings("a1") == call
    assert (await desk.see("c1")).estimate_high_min > 0


async def test_who_declined_is_not_asked_again_while_somebody_else_could_take_it(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.agent("a2", ready=False)
    call = await desk.join("c1")
    await desk.decline("a1")
    for _ in range(3):
        await desk.pass_time(desk.policy.ask_again_s)
        assert await desk.rings("a1") == "", "a2 is on a break, and on shift"
    await desk.store.sign_out("a2")
    await desk.pass_time(desk.policy.ask_again_s)
    assert await desk.rings("a1") == call


async def test_a_call_that_comes_back_to_those_who_declined_it_is_not_forgotten(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.join("c1")
    await desk.decline("a1")
    await desk.agent("a2")
    assert await desk.accept("a2") == call
    await desk.pass_time(desk.policy.ask_again_s)
    await desk.store.sign_out("a2")
    assert await desk.rings("a1") == ""
    await desk.pass_time(desk.policy.ask_again_s)
    assert await desk.rings("a1") == call


async def test_a_call_that_nobody_can_take_any_more_is_closed_in_time(desk: Desk) -> None:
    await desk.agent("a1", "csl", ready=False)
    await desk.agent("a2", ready=False)
    await desk.join("c1", "csl")
    await desk.join("c2")
    assert (await desk.see("c1")).agents_on == 1
    await desk.store.sign_out("a1")
    view = await desk.see("c1")
    assert (view.open, view.agents_on, view.place, view.estimate_high_min) == (False, 0, 1, 0)
    view = await desk.see("c2")
    assert (view.open, view.agents_on, view.estimate_high_min) == (True, 1, 0), "a2 covers it, on a break"
    await desk.pass_time(desk.policy.nobody_left_s - 1)
    assert (await desk.see("c1")).state == "waiting"
    await desk.pass_time(1)
    view = await desk.see("c1")
    assert (view.state, view.ended_reason) == ("ended", "closed")
    assert (await desk.see("c2")).state == "waiting"


async def test_an_agent_on_a_break_is_on_shift_and_no_promise(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.agent("a2", "csl")
    await desk.store.break_("a2")
    await desk.join("c1", "csl")
    view = await desk.see("c1")
    assert (view.open, view.agents_on, view.estimate_high_min) == (True, 1, 0), "a1 is free, and of no use to c1"
    await desk.talk("a1", "c2")
    await desk.store.ready("a2")
    assert (await desk.see("c1")).estimate_high_min > 0


async def test_an_agent_who_comes_in_time_takes_the_limit_off(desk: Desk) -> None:
    await desk.agent("a1", "csl", ready=False)
    call = await desk.join("c1", "csl")
    await desk.store.sign_out("a1")
    await desk.pass_time(desk.policy.nobody_left_s - 1)
    await desk.agent("a2", "csl", ready=False)
    await desk.pass_time(desk.policy.nobody_left_s)
    assert (await desk.see("c1")).state == "waiting"
    await desk.store.ready("a2")
    assert await desk.rings("a2") == call
    await desk.store.sign_out("a2")
    await desk.pass_time(desk.policy.nobody_left_s - 1)
    assert (await desk.see("c1")).state == "waiting", "the limit is counted anew"
    await desk.pass_time(1)
    assert (await desk.see("c1")).ended_reason == "closed"


async def test_the_last_shift_that_ends_ends_the_wait_of_everybody(desk: Desk) -> None:
    await desk.agent("a1", shift=False, ready=False)
    await desk.store.add_shift("a1", START_MS, START_MS + HOUR_MS)
    for number in range(3):
        await desk.join(f"c{number}", urgent=number == 1)
    await desk.drop("c2")
    await desk.back("c2")
    await desk.pass_time(3_600)
    await desk.drop("c0")
    await desk.back("c0")
    await desk.pass_time(desk.policy.nobody_left_s)
    assert [(await desk.see(f"c{number}")).ended_reason for number in range(3)] == ["closed"] * 3


# -- absences


async def test_nobody_rings_for_an_empty_chair_and_the_place_is_kept(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    first, second = await desk.join("c1"), await desk.join("c2")
    await desk.drop("c1")
    await desk.store.ready("a1")
    assert await desk.rings("a1") == second
    await desk.agent("a2")
    assert await desk.rings("a2") == ""
    await desk.back("c1")
    assert await desk.rings("a2") == first


async def test_a_customer_who_leaves_while_it_rings_frees_the_agent_at_once(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.join("c1")
    second = await desk.join("c2")
    await desk.drop("c1")
    assert await desk.rings("a1") == second
    await desk.back("c1")
    assert (await desk.see("c1")).place == 1


async def test_a_place_is_kept_for_a_while_and_no_longer(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    await desk.join("c1")
    await desk.drop("c1")
    await desk.pass_time(desk.policy.keep_place_s - 1)
    assert (await desk.see("c1")).state == "waiting"
    await desk.pass_time(1)
    view = await desk.see("c1")
    assert (view.state, view.ended_reason) == ("ended", "customer_lost")


async def test_a_page_that_falls_silent_is_as_gone_as_one_that_closes(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.join("c1")
    await desk.agent("a2")
    await desk.store.beat([("c1", desk.sockets["c1"]), ("a2", desk.sockets["a2"])])
    desk.sockets.pop("a1")
    await desk.pass_time(desk.policy.presence_ttl_s)
    assert await desk.rings("a2") == call


async def test_a_beat_after_the_sweep_brings_a_sleeping_node_back(desk: Desk) -> None:
    await desk.agent("a1")
    sockets = dict(desk.sockets)
    await desk.pass_time(desk.policy.presence_ttl_s, beats=False)
    await desk.pass_time(1, beats=False)
    call = await desk.join("c1")
    assert await desk.rings("a1") == ""
    await desk.store.beat(sockets.items())
    assert await desk.rings("a1") == call


async def test_a_reload_costs_an_idle_agent_nothing(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.pass_time(1)
    await desk.agent("a2")
    await desk.drop("a1")
    await desk.back("a1")
    await desk.pass_time(desk.policy.agent_return_s)
    assert (await desk.look("a1")).state == "available"
    call = await desk.join("c1")
    assert await desk.rings("a1") == call, "still the longest rested"


async def test_an_agent_who_does_not_return_is_off_and_a_live_call_goes_back_to_its_place(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2", ready=False)
    await desk.join("c2")
    await desk.drop("a1")
    await desk.pass_time(desk.policy.agent_return_s - 1)
    assert (await desk.see("c1")).state == "connected"
    await desk.pass_time(1)
    view = await desk.see("c1")
    assert (view.state, view.place) == ("waiting", 1)
    assert (await desk.look("a1")).state == "offline"
    await desk.store.ready("a2")
    assert await desk.rings("a2") == call


async def test_a_customer_who_does_not_return_to_a_call_ends_it(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.talk("a1", "c1")
    await desk.drop("c1")
    await desk.pass_time(desk.policy.customer_return_s - 1)
    assert (await desk.look("a1")).state == "on_call"
    await desk.pass_time(1)
    view = await desk.look("a1")
    assert (view.state, view.ended_reason) == ("after_call", "customer_lost")


async def test_both_sides_gone_closes_the_call_in_the_end(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.talk("a1", "c1")
    await desk.drop("c1")
    await desk.drop("a1")
    await desk.pass_time(desk.policy.agent_return_s)
    assert (await desk.see("c1")).state == "waiting"
    await desk.pass_time(desk.policy.keep_place_s)
    assert (await desk.see("c1")).ended_reason == "customer_lost"
