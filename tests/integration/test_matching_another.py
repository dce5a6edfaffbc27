"""A customer asks for another signer: who is asked next, who never again, and what happens to the one who was left."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from signaling.errors import NobodyElse, NoCall, SignalingError, StaleReservation
from tests.support.desk import HOUR_MS, START_MS, Desk
from video_service.records import Records

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


async def another(desk: Desk, customer: str = "c1") -> str:
    """Let a customer in a call ask for another signer; the call is returned."""
    view = await desk.see(customer)
    assert view.state == "connected"
    await desk.store.another_signer(customer, view.call, view.epoch)
    return view.call


async def test_the_call_goes_to_another_and_the_agent_to_after_call_work(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    await desk.pass_time(30)
    await another(desk)
    left = await desk.look("a1")
    assert (left.state, left.ended_reason, left.call) == ("after_call", "another_signer", None)
    seen = await desk.see("c1")
    assert (seen.state, seen.requeued) == ("ringing", "another_signer")
    assert await desk.accept("a2") == call
    assert (await desk.see("c1")).requeued == ""
    record = await Records(desk.store.redis, pool=desk.store.keys.pool).get(call)
    assert [(each.agent, each.ended) for each in record.segments] == [("a1", "another_signer"), ("a2", "")]
    assert (record.requeues, record.signing_ms) == (1, 30_000)


async def test_it_is_first_in_line_again_and_waits_for_whoever_is_busy(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    other = await desk.talk("a2", "c2")
    later = await desk.join("c3")
    await another(desk)
    seen = await desk.see("c1")
    assert (seen.state, seen.place) == ("waiting", 1)
    await desk.store.ready("a1")
    assert await desk.rings("a1") == later, "an agent who was left takes whoever comes next"
    await desk.store.hang_up("a2", other)
    await desk.store.ready("a2")
    assert await desk.rings("a2") == call


async def test_an_agent_who_was_left_is_never_asked_again(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.talk("a1", "c1")
    await desk.agent("a2")
    call = await another(desk)
    await desk.store.ready("a1")
    assert await desk.decline("a2") == call
    for _ in range(3):
        await desk.pass_time(desk.policy.ask_again_s)
        assert await desk.rings("a1") == ""
        assert await desk.decline("a2") == call, "who declined is asked anew, who was left is not"
    await desk.agent("a3")
    assert await desk.rings("a3") == call


async def test_both_can_be_left(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    await another(desk)
    await desk.accept("a2")
    await desk.store.ready("a1")
    with pytest.raises(NobodyElse):
        await another(desk)
    assert (await desk.see("c1")).state == "connected"
    await desk.agent("a3")
    assert await another(desk) == call
    assert await desk.rings("a3") == call


@pytest.mark.parametrize("why", ["alone", "skills", "off_shift", "gone", "on_break", "declined"])
async def test_with_nobody_else_at_work_the_call_goes_on(desk: Desk, why: str) -> None:
    if why == "declined":
        await desk.agent("a2")
        await desk.join("c1")
        await desk.agent("a1")
        await desk.decline("a2")
        await desk.accept("a1")
    else:
        await desk.agent("a1", "csl")
        await desk.talk("a1", "c1", "csl")
    if why == "skills":
        await desk.agent("a2", "hksl")
    elif why == "off_shift":
        await desk.agent("a2", "csl", ready=False, shift=False)
        await desk.store.add_shift("a2", START_MS + HOUR_MS, START_MS + 2 * HOUR_MS)
    elif why == "gone":
        await desk.agent("a2", "csl")
        await desk.drop("a2")
    elif why == "on_break":
        await desk.agent("a2", "csl", ready=False)
    before = await desk.see("c1")
    with pytest.raises(NobodyElse):
        await another(desk)
    assert await desk.see("c1") == before
    assert (await desk.look("a1")).state == "on_call"


async def test_an_agent_who_rests_or_is_on_a_call_counts_as_somebody(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.talk("a1", "c1")
    await desk.agent("a2")
    await desk.talk("a2", "c2")
    await another(desk)
    assert (await desk.see("c1")).state == "waiting"


async def test_who_reads_the_lines_of_the_call_is_told_which_are_of_the_agent_before(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    await desk.store.say("c1", call, "my flight")
    await desk.store.say("a1", call, "which one?")
    await another(desk)
    await desk.accept("a2")
    await desk.store.say("a2", call, "hello")
    for reader, mine in (("a2", [False, False, True]), ("c1", [True, False, False])):
        lines = await desk.store.texts(reader, call, 0)
        assert [line.mine for line in lines] == mine
        assert [line.of_before for line in lines] == [False, True, False]
    assert await desk.store.texts("a1", call, 0) == []


async def test_what_comes_late_or_from_elsewhere_is_refused(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.join("c1")
    await desk.agent("a2")
    ringing = (await desk.look("a1")).reservation
    assert ringing is not None
    with pytest.raises(StaleReservation):
        await desk.store.another_signer("c1", call, ringing.epoch)
    await desk.accept("a1")
    epoch = (await desk.see("c1")).epoch
    await desk.customer("c2")
    for customer, name in (("c2", call), ("a1", call), ("c1", "c_none")):
        with pytest.raises(NoCall):
            await desk.store.another_signer(customer, name, epoch)
    with pytest.raises(StaleReservation):
        await desk.store.another_signer("c1", call, epoch - 1)
    await desk.store.another_signer("c1", call, epoch)
    with pytest.raises(StaleReservation):
        await desk.store.another_signer("c1", call, epoch)  # the same message again
    assert await desk.rings("a2") == call
    await desk.store.hang_up("c1", call)
    with pytest.raises(StaleReservation):
        await desk.store.another_signer("c1", call, epoch)


async def test_a_break_that_was_asked_for_comes_after_it(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.talk("a1", "c1")
    await desk.agent("a2")
    await desk.store.break_("a1")
    await another(desk)
    assert (await desk.look("a1")).state == "after_call"
    await desk.pass_time(desk.policy.after_call_limit_s)
    view = await desk.look("a1")
    assert (view.state, view.away_reason) == ("break", "asked")


async def test_an_agent_who_vanishes_then_is_no_agent_of_the_call(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    await desk.drop("a1")
    await another(desk)
    assert await desk.accept("a2") == call
    await desk.wait_for_return()
    assert (await desk.look("a1")).state == "offline"
    assert (await desk.see("c1")).state == "connected"
    assert (await desk.look("a2")).call is not None


async def test_a_customer_who_leaves_when_asking_is_parked_and_asked_for_on_return(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    epoch = (await desk.see("c1")).epoch
    await desk.drop("c1")
    await desk.store.another_signer("c1", call, epoch)
    assert await desk.rings("a2") == ""
    await desk.back("c1")
    assert await desk.rings("a2") == call


async def test_a_call_that_only_agents_who_were_left_could_take_is_closed_in_the_end(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.talk("a1", "c1")
    await desk.agent("a2")
    await desk.talk("a2", "c2")
    await another(desk)
    await desk.store.ready("a1")
    await desk.store.sign_out("a2")
    await desk.store.hang_up("c2", (await desk.see("c2")).call)
    await desk.pass_time(desk.policy.ask_again_s)
    assert (await desk.see("c1")).state == "waiting"
    await desk.pass_time(desk.policy.nobody_left_s)
    seen = await desk.see("c1")
    assert (seen.state, seen.ended_reason) == ("ended", "closed")


async def test_somebody_who_comes_in_time_takes_it_before_it_is_closed(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.talk("a1", "c1")
    await desk.agent("a2")
    await desk.talk("a2", "c2")
    call = await another(desk)
    await desk.store.sign_out("a2")
    await desk.store.hang_up("c2", (await desk.see("c2")).call)
    await desk.pass_time(desk.policy.ask_again_s)
    await desk.agent("a3", ready=False)
    await desk.pass_time(desk.policy.nobody_left_s)
    assert (await desk.see("c1")).state == "waiting", "who is on a break may come back"
    await desk.store.ready("a3")
    assert await desk.rings("a3") == call


@pytest.mark.parametrize("rival", ["customer_hangs_up", "agent_hangs_up", "agent_signs_out", "again"])
@pytest.mark.parametrize("first", ["asks", "rival"])
async def test_of_two_at_the_same_time_each_order_ends_well(desk: Desk, rival: str, first: str) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    epoch = (await desk.see("c1")).epoch

    async def asks() -> None:
        await desk.store.another_signer("c1", call, epoch)

    async def acts() -> None:
        if rival == "agent_signs_out":
            await desk.store.sign_out("a1")
        elif rival == "again":
            await asks()
        else:
            await desk.store.hang_up("c1" if rival == "customer_hangs_up" else "a1", call)

    results = await asyncio.gather(*((asks(), acts()) if first == "asks" else (acts(), asks())), return_exceptions=True)
    assert all(result is None or isinstance(result, SignalingError) for result in results)
    seen, a1, a2 = await desk.see("c1"), await desk.look("a1"), await desk.look("a2")
    assert seen.state in ("ringing", "ended")
    assert (a2.state == "reserved") == (seen.state == "ringing")
    assert a1.state in ("after_call", "offline")
