"""A call that its agent passes on: who is asked, in what order, what goes along, and that nobody is lost by it."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from signaling.errors import NobodyElse, NoCall, NotFree, SignalingError, StaleReservation
from signaling.identity_types import Identity
from tests.support.desk import HOUR_MS, START_MS, Desk
from video_service.records import Records, SessionRecord

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


async def transfer(desk: Desk, agent: str = "a1", **how: str) -> str:
    call = await desk.call_of(agent)
    await desk.store.transfer(agent, call.call, call.epoch, **how)
    return call.call


async def record_of(desk: Desk, call: str) -> SessionRecord:
    return await Records(desk.store.redis, pool=desk.store.keys.pool).get(call)


async def test_who_is_named_is_asked_by_name_and_gets_all_there_is_to_know(desk: Desk) -> None:
    await desk.agent("a0")
    await desk.agent("a1")
    await desk.agent("a2")
    call = await desk.join("c1")
    await desk.decline("a0")
    assert await desk.accept("a1") == call
    await desk.store.say("c1", call, "my flight")
    await desk.pass_time(30)
    await desk.agent("a4")
    listed = await desk.call_of()
    assert [(each.agent, each.name, each.covers) for each in listed.colleagues] == [
        ("a2", "A2", True),
        ("a4", "A4", True),
    ], "the longest rested first, and nobody who has declined"
    await transfer(desk, to="a4", note="order 17")
    seen = await desk.see("c1")
    assert (seen.state, seen.requeued, seen.agent_name) == ("ringing", "transferred", "A4")
    ring = (await desk.look("a4")).reservation
    assert ring is not None
    assert ring.handover is not None
    assert (ring.handover.from_name, ring.handover.note) == ("A1", "order 17")
    left = await desk.look("a1")
    assert (left.state, left.ended_reason, left.call) == ("after_call", "transferred", None)

    assert await desk.accept("a4") == call
    taken = await desk.call_of("a4")
    assert taken.handover == ring.handover
    assert [(line.text, line.of_before) for line in await desk.store.texts("a4", call, 0)] == [("my flight", False)]
    record = await record_of(desk, call)
    assert [(each.agent, each.ended) for each in record.segments] == [("a1", "transferred"), ("a4", "")]
    assert (record.transfers, record.requeues, record.signing_ms) == (1, 1, 30_000)
    assert [(each.what, each.who) for each in record.timeline] == [("transferred_to", "a4")]


@pytest.mark.parametrize("how", ["declines", "misses", "goes", "signs_out", "breaks"])
async def test_whoever_can_is_asked_when_the_one_who_was_named_does_not_take_it(desk: Desk, how: str) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a3")
    await desk.agent("a2")
    await transfer(desk, to="a2")
    assert await desk.rings("a2") == call
    if how == "declines":
        await desk.decline("a2")
    elif how == "misses":
        await desk.pass_time(desk.policy.ring_timeout_s)
    elif how == "goes":
        await desk.drop("a2")
    elif how == "signs_out":
        await desk.store.sign_out("a2")
    else:
        await desk.store.break_("a2")
    assert (await desk.rings("a2"), await desk.rings("a3")) == ("", call)
    seen = await desk.see("c1")
    assert (seen.requeued, seen.agent_name) == ("transferred", "A3")
    await desk.accept("a3")
    assert (await desk.see("c1")).requeued == ""


async def test_to_anybody_it_is_first_in_line(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    other = await desk.talk("a2", "c2")
    later = await desk.join("c3")
    await transfer(desk, note="x")
    seen = await desk.see("c1")
    assert (seen.state, seen.place, seen.agent_name) == ("waiting", 1, "")
    await desk.store.ready("a1")
    assert await desk.rings("a1") == later, "who passed it on takes whoever comes next"
    await desk.store.hang_up("a2", other)
    await desk.store.ready("a2")
    assert await desk.rings("a2") == call
    assert (await desk.look("a2")).reservation.handover is not None  # type: ignore[union-attr]


async def test_it_comes_back_when_nobody_else_takes_it_and_then_without_the_own_words(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    await transfer(desk, note="x")
    await desk.store.ready("a1")
    assert await desk.decline("a2") == call
    assert await desk.rings("a1") == ""
    await desk.pass_time(desk.policy.ask_again_s)
    rings = {name: await desk.rings(name) for name in ("a1", "a2")}
    assert sorted(rings.values()) == ["", call]
    if rings["a2"]:
        await desk.store.sign_out("a2")
    ring = (await desk.look("a1")).reservation
    assert ring is not None
    assert ring.handover is None


async def test_another_way_of_signing_takes_the_place_of_the_one_that_was_asked_for(desk: Desk) -> None:
    await desk.agent("a1", "csl", "rail")
    await desk.agent("a2", "hksl", "rail", ready=False)
    await desk.agent("a3", "csl", "rail")
    call = await desk.join("c1", "rail", sign_language="csl")
    assert await desk.accept("a1") == call
    assert (await desk.call_of()).skills_on == ("csl", "hksl", "rail")
    with pytest.raises(NobodyElse):
        await transfer(desk, sign_language="hksl")  # the only one is on a break
    await desk.store.ready("a2")
    await transfer(desk, sign_language="hksl")
    ring = (await desk.look("a2")).reservation
    assert ring is not None
    assert (ring.needs, ring.about.sign_language) == (("rail",), "hksl")
    await desk.accept("a2")
    record = await record_of(desk, call)
    assert (record.needs, record.sign_language, record.sign_matched) == ("hksl+rail", "hksl", True)


async def test_a_further_need_is_asked_of_whoever_comes_next(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    await desk.agent("a2", "csl")
    await desk.agent("a3", "csl", "refunds")
    call = await desk.talk("a1", "c1", "csl")
    listed = {each.agent: each.covers for each in (await desk.call_of()).colleagues}
    assert listed == {"a2": True, "a3": True}
    with pytest.raises(NotFree):
        await transfer(desk, to="a2", need="refunds")
    await transfer(desk, need="refunds")
    assert (await desk.rings("a2"), await desk.rings("a3")) == ("", call)
    assert (await desk.look("a3")).reservation.needs == ("csl", "refunds")  # type: ignore[union-attr]


async def test_a_way_of_signing_that_nobody_else_has_yields_to_a_transfer(desk: Desk) -> None:
    await desk.agent("a1", "hksl")
    call = await desk.join("c1", sign_language="hksl")
    await desk.accept("a1")
    await desk.agent("a2", "csl")
    await transfer(desk)
    assert await desk.rings("a2") == call


async def test_what_it_is_about_goes_along_where_somebody_knows_it_and_holds_nobody_up(desk: Desk) -> None:
    await desk.agent("a1", "csl", "refund")
    call = await desk.join("c1", "csl", topic="refund")
    assert await desk.accept("a1") == call
    await desk.agent("a2", "csl")
    await desk.pass_time(1)
    await desk.agent("a3", "csl", "refund")
    await transfer(desk)
    assert await desk.rings("a3") == call, "rested less, but knows it"
    assert (await record_of(desk, call)).needs == "csl+refund"
    await desk.accept("a3")
    await transfer(desk, "a3", to="a2")
    assert await desk.rings("a2") == call, "who is named need not know it"
    assert (await record_of(desk, call)).needs == "csl"
    await desk.accept("a2")
    await desk.store.sign_out("a1")
    await desk.agent("a4", "csl")
    await desk.store.sign_out("a3")
    await transfer(desk, "a2")
    assert await desk.rings("a4") == call, "nobody who knows it is left"


@pytest.mark.parametrize("why", ["itself", "nobody", "busy", "break", "gone", "skills", "off_shift", "left"])
async def test_who_cannot_take_it_is_refused_and_the_call_goes_on(desk: Desk, why: str) -> None:
    await desk.agent("a1", "csl")
    call = await desk.talk("a1", "c1", "csl")
    to = {"itself": "a1", "nobody": "a9"}.get(why, "a2")
    if why == "off_shift":
        await desk.agent("a2", "csl", ready=False, shift=False)
        await desk.store.add_shift("a2", START_MS + HOUR_MS, START_MS + 2 * HOUR_MS)
    elif to == "a2":
        await desk.agent("a2", "hksl" if why == "skills" else "csl", ready=why != "break")
    if why == "busy":
        await desk.talk("a2", "c2", "csl")
    elif why == "gone":
        await desk.drop("a2")
    elif why == "left":
        await desk.store.another_signer("c1", call, (await desk.see("c1")).epoch)
        await desk.accept("a2")
        await desk.store.ready("a1")
        with pytest.raises(NotFree):
            await transfer(desk, "a2", to="a1")
        assert (await desk.call_of("a2")).colleagues == ()
        return
    before = await desk.see("c1")
    with pytest.raises(NotFree):
        await transfer(desk, to=to)
    assert await desk.see("c1") == before
    assert (await desk.look("a1")).state == "on_call"


async def test_with_nobody_else_at_work_the_call_goes_on(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.talk("a1", "c1")
    with pytest.raises(NobodyElse):
        await transfer(desk)
    assert (await desk.call_of()).skills_on == ()
    assert (await desk.see("c1")).state == "connected"


async def test_what_comes_late_or_from_elsewhere_is_refused(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    epoch = (await desk.call_of()).epoch
    for person, name in (("a2", call), ("c1", call), ("a1", "c_none")):
        with pytest.raises(NoCall):
            await desk.store.transfer(person, name, epoch)
    with pytest.raises(StaleReservation):
        await desk.store.transfer("a1", call, epoch - 1)
    await desk.store.transfer("a1", call, epoch)
    with pytest.raises(NoCall):
        await desk.store.transfer("a1", call, epoch)  # the same message again
    assert await desk.rings("a2") == call


async def test_a_customer_who_is_away_just_then_keeps_the_place(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    await desk.agent("a3")
    await desk.drop("c1")
    await transfer(desk, to="a3")
    assert await desk.rings("a3") == "", "nobody is rung for an empty chair"
    await desk.back("c1")
    assert await desk.rings("a3") == call


async def test_a_hold_and_a_break_that_was_asked_for_end_as_ever(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    await desk.store.break_("a1")
    epoch = (await desk.call_of()).epoch
    await desk.store.hold("a1", call, epoch, held=True)
    await desk.pass_time(9)
    await transfer(desk)
    assert (await record_of(desk, call)).hold_ms == 9_000
    await desk.accept("a2")
    assert (await desk.see("c1")).held_from_ms == 0
    await desk.pass_time(desk.policy.after_call_limit_s)
    assert (await desk.look("a1")).away_reason == "asked"


async def test_what_goes_along_is_sealed_and_gone_with_the_call(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    await transfer(desk, note="order 17")
    name = f"{desk.store.keys.root}:call:{call}"
    kept = await desk.store.redis.hget(name, "handover")
    assert kept
    assert "order 17" not in str(kept)
    await desk.store.hang_up("c1", call)
    assert await desk.store.redis.hget(name, "handover") == b""


@pytest.mark.parametrize("rival", ["customer_hangs_up", "agent_hangs_up", "another", "named_leaves"])
@pytest.mark.parametrize("first", ["passes", "rival"])
async def test_of_two_at_the_same_time_each_order_ends_well(desk: Desk, rival: str, first: str) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    await desk.agent("a3")
    epoch = (await desk.call_of()).epoch

    async def acts() -> None:
        if rival == "another":
            await desk.store.another_signer("c1", call, epoch)
        elif rival == "named_leaves":
            await desk.store.break_("a2")
        else:
            await desk.store.hang_up("c1" if rival == "customer_hangs_up" else "a1", call)

    passes = desk.store.transfer("a1", call, epoch, to="a2")
    results = await asyncio.gather(
        *((passes, acts()) if first == "passes" else (acts(), passes)), return_exceptions=True
    )
    assert all(result is None or isinstance(result, SignalingError) for result in results)
    seen = await desk.see("c1")
    rings = [name for name in ("a2", "a3") if await desk.rings(name)]
    at_work = (await desk.look("a1")).state
    if seen.state == "connected":
        assert (rings, at_work) == ([], "on_call")
    else:
        assert at_work == "after_call"
        assert len(rings) == (seen.state == "ringing")


@pytest.mark.parametrize("to", ["a3", ""])
async def test_in_a_kept_queue_it_stays_there_and_goes_to_whoever_has_what_that_asks_for(desk: Desk, to: str) -> None:
    await desk.queue("rail", needs=("rail:2",))
    await desk.agent("a1", "rail:3")
    await desk.connect(Identity(person="c1", role="customer", locale="zh-CN", queue="rail"))
    # What a queue asks for comes with the ticket.
    call = await desk.store.join("c1", queue="rail", needs=("rail:2",), urgent=False, reason="", locale="zh-CN")
    await desk.accept("a1")
    await desk.agent("a2", "rail:1")
    await desk.agent("a3", "rail:2")
    assert [(each.agent, each.covers) for each in (await desk.call_of()).colleagues] == [("a3", True), ("a2", False)]
    with pytest.raises(NotFree):
        await transfer(desk, to="a2")
    await transfer(desk, to=to)
    assert (await desk.rings("a3"), await desk.rings("a2")) == (call, "")
    await desk.accept("a3")
    await desk.store.hang_up("c1", call)
    record = await record_of(desk, call)
    assert (record.queue, record.transfers) == ("rail", 1)
    assert [each.agent for each in record.segments] == ["a1", "a3"]
