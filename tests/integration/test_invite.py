"""Further agents in a call: rung with what there is to know, seen by all, free to leave or to go on with it."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from signaling.errors import NoCall, NotFree, SignalingError, StaleReservation, WrongState
from signaling.messages import CustomerView, Reservation
from tests.support.desk import Desk
from video_service.records import Records, SessionRecord

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


async def invite(desk: Desk, to: str = "a2", *, agent: str = "a1", note: str = "") -> str:
    call = await desk.call_of(agent)
    await desk.store.invite(agent, call.call, call.epoch, to=to, note=note)
    return call.call


async def ring_at(desk: Desk, agent: str = "a2") -> Reservation:
    ring = (await desk.look(agent)).reservation
    assert ring is not None
    return ring


async def record_of(desk: Desk, call: str) -> SessionRecord:
    return await Records(desk.store.redis, pool=desk.store.keys.pool).get(call)


def names(seen: CustomerView) -> list[str]:
    return [other.name for other in seen.others]


async def together(desk: Desk) -> str:
    """Bring a customer and two agents into one call; the first one is a1."""
    await desk.agent("a1", "csl")
    call = await desk.talk("a1", "c1", "csl")
    await desk.agent("a2", "hksl")
    await invite(desk)
    assert await desk.accept("a2") == call
    return call


async def states(desk: Desk, *agents: str) -> list[str]:
    return [(await desk.look(agent)).state for agent in agents]


async def test_who_is_asked_reads_what_there_is_to_know_and_comes_in(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    call = await desk.talk("a1", "c1", "csl")
    await desk.store.say("c1", call, "my flight")
    await desk.agent("a2", "hksl")
    listed = (await desk.call_of()).colleagues
    assert [(each.agent, each.covers) for each in listed] == [("a2", False)], "whatever that one's skills are"
    await invite(desk, note="order 17")
    ring = await ring_at(desk)
    assert ring.handover is not None
    assert (ring.joins, ring.handover.from_name, ring.handover.note) == (True, "A1", "order 17")
    (waits,) = (await desk.call_of()).others
    assert (waits.name, waits.state, waits.until_ms) == ("A2", "asked", ring.ring_until_ms)
    assert (await desk.see("c1")).others == ()
    await desk.pass_time(5)
    assert await desk.accept("a2") == call

    mine, theirs = await desk.call_of(), await desk.call_of("a2")
    assert (mine.helps, theirs.helps) == (False, True)
    assert [(each.name, each.state) for each in mine.others] == [("A2", "in")]
    assert [(each.name, each.state) for each in theirs.others] == [("A1", "in")]
    assert theirs.handover is not None
    assert theirs.handover.note == "order 17"
    seen = await desk.see("c1")
    assert (seen.agent_name, names(seen)) == ("A1", ["A2"])
    await desk.store.say("a2", call, "hello")
    for reader in ("a1", "a2", "c1"):
        lines = await desk.store.texts(reader, call, 0)
        assert [(line.text, line.of_before) for line in lines] == [("my flight", False), ("hello", False)]
        assert [line.name for line in lines] == ["", "" if reader == "a2" else "A2"]
    record = await record_of(desk, call)
    assert [(each.agent, each.to_ms) for each in record.helpers] == [("a2", 0)]
    assert [each.agent for each in record.segments] == ["a1"]


@pytest.mark.parametrize("how", ["declined", "missed", "left", "signs_out", "breaks", "withdrawn"])
async def test_whoever_does_not_come_touches_nobody(desk: Desk, how: str) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    before = await desk.see("c1")
    await invite(desk)
    if how == "declined":
        await desk.decline("a2")
    elif how == "missed":
        await desk.pass_time(desk.policy.ring_timeout_s)
    elif how == "left":
        await desk.drop("a2")
    elif how == "signs_out":
        await desk.store.sign_out("a2")
    elif how == "breaks":
        await desk.store.break_("a2")
    else:
        await invite(desk, "")
    seen, mine = await desk.see("c1"), await desk.call_of()
    assert (seen.state, seen.epoch, mine.others) == ("connected", before.epoch, ())
    assert mine.invite_ended == {"declined": "declined", "missed": "missed", "withdrawn": ""}.get(how, "left")
    assert await desk.rings("a2") == ""
    if how in ("declined", "missed", "withdrawn"):
        await invite(desk)  # and may be asked again
        assert await desk.rings("a2") == call


@pytest.mark.parametrize("how", ["hangs_up", "lost", "signs_out"])
async def test_a_second_agent_who_leaves_leaves_the_others_together(desk: Desk, how: str) -> None:
    call = await together(desk)
    before = await desk.see("c1")
    await desk.pass_time(30)
    if how == "hangs_up":
        await desk.store.hang_up("a2", call)
    elif how == "lost":
        await desk.drop("a2")
        await desk.wait_for_return()
    else:
        await desk.store.sign_out("a2")
    seen = await desk.see("c1")
    assert (seen.state, seen.epoch, seen.agent_name, names(seen)) == ("connected", before.epoch, "A1", [])
    assert await states(desk, "a1", "a2") == ["on_call", "after_call" if how == "hangs_up" else "offline"]
    record = await record_of(desk, call)
    ended = {"hangs_up": "agent_hung_up", "lost": "agent_lost", "signs_out": "agent_left"}[how]
    assert [(each.agent, each.ended) for each in record.helpers] == [("a2", ended)]
    assert record.requeues == 0


@pytest.mark.parametrize("how", ["hangs_up", "lost", "signs_out", "another"])
async def test_the_second_agent_goes_on_when_the_first_one_leaves(desk: Desk, how: str) -> None:
    call = await together(desk)
    epoch = (await desk.see("c1")).epoch
    await desk.store.hold("a1", call, epoch, held=True)
    await desk.pass_time(30)
    if how == "hangs_up":
        await desk.store.hang_up("a1", call)
    elif how == "lost":
        await desk.drop("a1")
        await desk.wait_for_return()
    elif how == "signs_out":
        await desk.store.sign_out("a1")
    else:
        await desk.store.another_signer("c1", call, epoch)
    seen = await desk.see("c1")
    assert (seen.state, seen.epoch, seen.agent_name, names(seen)) == ("connected", epoch + 1, "A2", [])
    assert seen.held_from_ms == 0, "who goes on is in sight"
    assert await states(desk, "a1", "a2") == ["after_call" if how in ("hangs_up", "another") else "offline", "on_call"]
    mine = await desk.call_of("a2")
    assert (mine.helps, mine.others, mine.epoch) == (False, (), epoch + 1)
    record = await record_of(desk, call)
    why = {"hangs_up": "handed_over", "lost": "agent_lost", "signs_out": "agent_left", "another": "another_signer"}[how]
    assert [(each.agent, each.ended) for each in record.segments] == [("a1", why), ("a2", "")]
    assert [(each.agent, each.ended) for each in record.helpers] == [("a2", "took_over")]
    assert record.segments[1].from_ms == record.segments[0].to_ms
    if how == "hangs_up":
        assert (await desk.look("a1")).ended_reason == "handed_over"
        await desk.store.disposition("a1", call, outcome="referred", note="", due_in_h=0)
    await desk.store.hang_up("a2", call)
    assert (await desk.see("c1")).ended_reason == "agent_hung_up"


async def test_the_customers_hang_up_ends_it_for_both_agents(desk: Desk) -> None:
    call = await together(desk)
    await desk.pass_time(10)
    await desk.store.hang_up("c1", call)
    assert await states(desk, "a1", "a2") == ["after_call"] * 2
    for agent in ("a1", "a2"):
        view = await desk.look(agent)
        assert (view.ended_reason, view.after_call and view.after_call.call) == ("customer_hung_up", call)
        await desk.store.disposition(agent, call, outcome="solved", note="", due_in_h=0)
        await desk.store.ready(agent)
    record = await record_of(desk, call)
    assert (record.signing_ms, record.state) == (10_000, "closed")
    assert [(each.agent, each.ended) for each in record.helpers] == [("a2", "customer_hung_up")]


async def test_everybody_may_reconnect_and_is_where_one_was(desk: Desk) -> None:
    await together(desk)
    for person in ("c1", "a1", "a2"):
        await desk.drop(person)
        await desk.pass_time(4)
        await desk.back(person)
        await desk.offer(person)
        seen = await desk.see("c1")
        assert (seen.state, [other.media for other in seen.others]) == ("connected", ["connecting"])
        assert [other.state for other in (await desk.call_of()).others] == ["in"]
        assert (await desk.call_of("a2")).helps


async def test_a_second_agents_leg_goes_where_the_first_ones_is(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.talk("a1", "c1")
    await desk.agent("a2")
    await desk.offer("a2", worker="w2")
    await invite(desk)
    await desk.accept("a2")
    assert (await desk.look("a2")).media == "offer"
    assert [other.media for other in (await desk.see("c1")).others] == ["connecting"]
    route = await desk.store.route("a2")
    assert route is not None
    assert (route.agent, route.agent_worker, route.helper_legs) == ("a1", "w1", ("",))
    leg = await desk.offer("a2")
    assert (await desk.look("a2")).media == "connecting"
    for person in ("a1", "a2", "c1"):
        route = await desk.store.route(person)
        assert route is not None
        assert (route.agent, route.helper_legs) == ("a1", (leg,))


async def test_who_is_passed_on_to_anybody_leaves_the_second_one_free(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    await invite(desk)
    await desk.agent("a3")
    await desk.store.transfer("a1", call, (await desk.call_of()).epoch, to="a3")
    assert (await desk.rings("a3"), await desk.rings("a2")) == (call, "")
    assert await states(desk, "a2") == ["available"]


@pytest.mark.parametrize("why", ["itself", "nobody", "busy", "break", "gone", "left"])
async def test_who_cannot_come_is_not_asked(desk: Desk, why: str) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    to = {"itself": "a1", "nobody": "a9"}.get(why, "a2")
    if to == "a2":
        await desk.agent("a2", ready=why != "break")
    if why == "busy":
        await desk.talk("a2", "c2")
    elif why == "gone":
        await desk.drop("a2")
    elif why == "left":
        await desk.store.another_signer("c1", call, (await desk.see("c1")).epoch)
        await desk.accept("a2")
        await desk.store.ready("a1")
        with pytest.raises(NotFree):
            await invite(desk, "a1", agent="a2")
        return
    with pytest.raises(NotFree):
        await invite(desk, to)
    assert (await desk.call_of()).others == ()


async def test_what_comes_late_or_from_elsewhere_is_refused(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    await desk.agent("a3")
    epoch = (await desk.call_of()).epoch
    for person, name in (("a2", call), ("c1", call), ("a1", "c_none")):
        with pytest.raises(NoCall):
            await desk.store.invite(person, name, epoch, to="a3")
    with pytest.raises(StaleReservation):
        await desk.store.invite("a1", call, epoch - 1, to="a2")
    await invite(desk)
    with pytest.raises(WrongState):
        await invite(desk, "a3")
    first = await ring_at(desk)
    await desk.decline("a2")
    await invite(desk)
    for act in (desk.store.accept, desk.store.decline):
        with pytest.raises(StaleReservation):
            await act("a2", call, first.epoch)  # of the invitation before
    with pytest.raises(NoCall):
        await desk.store.hang_up("a2", call)
    await desk.accept("a2")
    with pytest.raises(StaleReservation):
        await desk.store.accept("a2", call, first.epoch + 1)
    second = await desk.call_of("a2")
    for step in (
        desk.store.hold("a2", call, second.epoch, held=True),
        desk.store.transfer("a2", call, second.epoch),
        desk.store.invite("a2", call, second.epoch, to="a3"),
    ):
        with pytest.raises(NoCall):
            await step


@pytest.mark.parametrize("rival", ["customer_hangs_up", "agent_hangs_up", "passes_on", "withdraws"])
@pytest.mark.parametrize("first", ["accepts", "rival"])
async def test_of_two_at_the_same_time_each_order_ends_well(desk: Desk, rival: str, first: str) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    await desk.agent("a3")
    await invite(desk)
    ring, epoch = await ring_at(desk), (await desk.call_of()).epoch

    async def acts() -> None:
        if rival == "passes_on":
            await desk.store.transfer("a1", call, epoch)
        elif rival == "withdraws":
            await desk.store.invite("a1", call, epoch)
        else:
            await desk.store.hang_up("c1" if rival == "customer_hangs_up" else "a1", call)

    accepts = desk.store.accept("a2", call, ring.epoch)
    results = await asyncio.gather(
        *((accepts, acts()) if first == "accepts" else (acts(), accepts)), return_exceptions=True
    )
    assert all(result is None or isinstance(result, SignalingError) for result in results)
    seen = await desk.see("c1")
    on_call = [name for name in ("a1", "a2", "a3") if (await desk.look(name)).state == "on_call"]
    expected = {"ended": 0, "ringing": 0, "connected": 1 + len(seen.others)}[seen.state]
    assert len(on_call) == expected
