"""Whom a customer met last goes first, for a while: when it is a wait, when it is not, and how it ends."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from signaling.policy import Policy
from tests.oracle.compare import Dump, sound
from tests.support.desk import Desk

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


async def _met(desk: Desk, agent: str = "a1", customer: str = "c1") -> None:
    """The two have talked; the agent is in after-call work."""
    call = await desk.talk(agent, customer)
    await desk.store.hang_up(customer, call)


async def _sound(desk: Desk) -> None:
    sound(await Dump(desk.store.keys.pool).read(desk.store.redis))


async def test_the_last_agent_is_rung_before_who_has_rested_longer(desk: Desk) -> None:
    await desk.agent("a1")
    await _met(desk)
    await desk.agent("a2")
    await desk.pass_time(10)
    await desk.store.ready("a1")
    call = await desk.join("c1")
    assert await desk.rings("a1") == call
    stranger = await desk.join("c2")
    assert await desk.rings("a2") == stranger


async def test_a_last_agent_in_after_call_work_is_waited_for_and_takes_it_before_others(
    desk: Desk,
) -> None:
    await desk.agent("a1")
    await _met(desk)
    other = await desk.join("c2")
    call = await desk.join("c1")
    await desk.agent("a2", ready=False)
    await _sound(desk)
    assert (await desk.see("c1")).place == 2
    await desk.store.ready("a1")
    assert await desk.rings("a1") == call
    await desk.store.ready("a2")
    assert await desk.rings("a2") == other


async def test_an_urgent_call_of_somebody_else_goes_before_it(desk: Desk) -> None:
    await desk.agent("a1")
    await _met(desk)
    await desk.join("c1")
    urgent = await desk.join("c2", urgent=True)
    await desk.store.ready("a1")
    assert await desk.rings("a1") == urgent


async def test_others_do_not_get_it_within_the_window_and_anybody_does_after_it(desk: Desk) -> None:
    await desk.agent("a1")
    await _met(desk)
    await desk.agent("a2")
    call = await desk.join("c1")
    await desk.pass_time(desk.policy.last_agent_window_s - 1)
    assert await desk.rings("a2") == ""
    await desk.pass_time(1)
    assert await desk.rings("a2") == call
    await _sound(desk)


async def test_a_vip_is_waited_for_longer(desk: Desk) -> None:
    await desk.agent("a1")
    await _met(desk)
    await desk.agent("a2")
    call = await desk.join("c1", vip=True)
    await desk.pass_time(desk.policy.vip_agent_window_s - 1)
    assert await desk.rings("a2") == ""
    await desk.pass_time(1)
    assert await desk.rings("a2") == call


async def test_nobody_waits_for_an_agent_who_is_in_another_call_or_away(desk: Desk) -> None:
    await desk.agent("a1")
    await _met(desk)
    await desk.store.ready("a1")
    await desk.talk("a1", "c2")
    await desk.agent("a2")
    call = await desk.join("c1")
    assert await desk.rings("a2") == call


@pytest.mark.parametrize("leaving", ["break", "off", "gone"])
async def test_nor_for_one_who_goes(desk: Desk, leaving: str) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    if leaving == "break":
        await desk.store.break_("a1")
    await desk.store.hang_up("c1", call)
    if leaving == "off":
        await desk.store.sign_out("a1")
    elif leaving == "gone":
        await desk.drop("a1")
    await desk.agent("a2")
    call = await desk.join("c1")
    assert await desk.rings("a2") == call


async def test_nor_for_one_who_has_to_rest_first(redis: Redis, pool: str) -> None:
    desk = Desk(redis, pool, Policy(max_signing_minutes=1, rest_minutes=5))
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.pass_time(60)
    await desk.store.hang_up("c1", call)
    await desk.agent("a2")
    call = await desk.join("c1")
    assert await desk.rings("a2") == call


async def test_one_whose_rest_ends_within_the_window_is_waited_for(redis: Redis, pool: str) -> None:
    desk = Desk(redis, pool, Policy(max_signing_minutes=1, rest_minutes=5))
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.pass_time(60)
    await desk.store.hang_up("c1", call)
    await desk.store.ready("a1")
    await desk.agent("a2")
    await desk.pass_time(280)
    call = await desk.join("c1")
    assert await desk.rings("a2") == ""
    await desk.pass_time(20)
    assert await desk.rings("a1") == call


async def test_a_held_call_that_moves_up_is_anybodys_when_its_agent_has_gone_on_a_break(
    redis: Redis, pool: str
) -> None:
    desk = Desk(redis, pool, Policy(age_after_s=10))
    await desk.agent("a1")
    await _met(desk)
    await desk.agent("a2")
    call = await desk.join("c1")
    await desk.store.break_("a1")
    assert await desk.rings("a2") == ""
    await desk.pass_time(10)
    assert await desk.rings("a2") == call


async def test_one_who_declines_it_lets_everybody_have_it(desk: Desk) -> None:
    await desk.agent("a1")
    await _met(desk)
    call = await desk.join("c1")
    await desk.store.ready("a1")
    await desk.agent("a2")
    assert await desk.decline("a1") == call
    assert await desk.rings("a2") == call


async def test_who_no_longer_has_the_skill_is_not_waited_for_to_the_end_of_days(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    await _met(desk)
    call = await desk.join("c1", "csl")
    await desk.store.relabel("a1", name="A1", skills=("asl",))
    await desk.agent("a2", "csl")
    await desk.store.ready("a1")
    assert await desk.rings("a1") == ""
    await desk.pass_time(desk.policy.last_agent_window_s)
    assert await desk.rings("a2") == call


async def test_whoever_promised_to_come_back_is_the_one_who_knows(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.agent("a2", ready=False)
    call = await desk.talk("a1", "c1")
    await desk.store.hang_up("c1", call)
    await desk.store.disposition("a1", call, outcome="follow_up", note="", due_in_h=24)
    await desk.store.ready("a2")
    await desk.pass_time(5)
    await desk.store.ready("a1")
    call = await desk.join("c1")
    assert await desk.rings("a1") == call


async def test_who_leaves_the_line_while_it_is_held_leaves_nothing_behind(desk: Desk) -> None:
    await desk.agent("a1")
    await _met(desk)
    call = await desk.join("c1")
    await desk.store.hang_up("c1", call)
    assert not await desk.store.redis.exists(f"{desk.store.keys.root}:held:a1")
    await desk.store.ready("a1")
    assert await desk.rings("a1") == ""
    await _sound(desk)
