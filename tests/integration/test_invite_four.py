"""A customer and three agents in one call: who is in, who goes on, what everybody reads, and what the record says."""

from __future__ import annotations

import itertools

import pytest
from redis.asyncio import Redis

from signaling.errors import CallFull, NoCall
from signaling.messages import AgentCall, CustomerView
from tests.support.desk import Desk
from video_service.records import Records, SessionRecord
from video_service.records_filter import RecordFilter

pytestmark = pytest.mark.integration

AGENTS = ("a1", "a2", "a3")


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


async def record_of(desk: Desk, call: str) -> SessionRecord:
    return await Records(desk.store.redis, pool=desk.store.keys.pool).get(call)


async def come_in(desk: Desk, agent: str, lead: str = "a1") -> None:
    call = await desk.call_of(lead)
    await desk.store.invite(lead, call.call, call.epoch, to=agent, note=f"for {agent}")
    assert await desk.accept(agent) == call.call


async def four(desk: Desk) -> str:
    """Bring a customer and three agents into one call; the first of them is a1."""
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    for agent in AGENTS[1:]:
        await desk.agent(agent)
        await come_in(desk, agent)
        await desk.pass_time(10)
    return call


def names(seen: CustomerView | AgentCall) -> list[str]:
    return [other.name for other in seen.others]


async def company(desk: Desk) -> tuple[str, list[str]]:
    """Return whom the customer sees."""
    seen = await desk.see("c1")
    assert seen.state == "connected"
    return seen.agent_name, names(seen)


async def leave(desk: Desk, agent: str, call: str, how: str) -> None:
    if how == "hangs_up":
        await desk.store.hang_up(agent, call)
    elif how == "lost":
        await desk.drop(agent)
        await desk.wait_for_return()
    else:
        await desk.store.sign_out(agent)


async def test_each_sees_the_two_others_and_no_fourth_agent_is_asked(desk: Desk) -> None:
    call = await four(desk)
    assert await company(desk) == ("A1", ["A2", "A3"])
    assert [names(await desk.call_of(agent)) for agent in AGENTS] == [["A2", "A3"], ["A1", "A3"], ["A1", "A2"]]
    assert [(await desk.call_of(agent)).helps for agent in AGENTS] == [False, True, True]
    handed = [(await desk.call_of(agent)).handover for agent in AGENTS[1:]]
    assert [each and (each.from_name, each.note) for each in handed] == [("A1", ""), ("A1", "for a3")]
    await desk.agent("a4")
    with pytest.raises(CallFull):
        await desk.store.invite("a1", call, (await desk.call_of("a1")).epoch, to="a4")
    legs = [str(await desk.offer(agent)) for agent in AGENTS]
    route = await desk.store.route("c1")
    assert route is not None
    assert (route.agent_leg, route.helper_legs) == (legs[0], tuple(legs[1:]))
    # The slot of somebody whose leg is elsewhere stays that one's.
    await desk.offer("a2", worker="w2")
    route = await desk.store.route("a3")
    assert route is not None
    assert (route.agent, route.helper_legs) == ("a1", ("", legs[2]))


@pytest.mark.parametrize("how", ["hangs_up", "lost", "signs_out"])
@pytest.mark.parametrize("order", list(itertools.permutations(AGENTS)), ids="-".join)
async def test_whoever_leaves_ends_it_for_nobody_but_oneself(desk: Desk, order: tuple[str, ...], how: str) -> None:
    call = await four(desk)
    left = [*AGENTS]
    for agent in order[:2]:
        await leave(desk, agent, call, how)
        left.remove(agent)
        assert await company(desk) == (left[0].upper(), [name.upper() for name in left[1:]])
        assert [(await desk.look(each)).state for each in left] == ["on_call"] * len(left)
        assert not (await desk.call_of(left[0])).helps
    assert (await record_of(desk, call)).requeues == 0
    await desk.store.hang_up("c1", call)
    assert (await desk.look(left[0])).state == "after_call"


async def test_the_record_has_each_ones_time_and_sums_count_the_call_once(desk: Desk) -> None:
    call = await four(desk)  # 10 s with two, 10 s with three
    await desk.store.hang_up("a1", call)
    await desk.pass_time(30)
    await desk.store.hang_up("c1", call)
    record = await record_of(desk, call)
    parts = [(each.agent, each.to_ms - each.from_ms, each.ended) for each in record.segments]
    assert parts == [("a1", 20_000, "handed_over"), ("a2", 30_000, "customer_hung_up")]
    beside = [(each.agent, each.to_ms - each.from_ms, each.ended) for each in record.helpers]
    assert beside == [("a2", 20_000, "took_over"), ("a3", 40_000, "customer_hung_up")]
    assert record.signing_ms == 50_000
    assert [agent for agent in (*AGENTS, "a4") if RecordFilter(agent=agent).wants(record)] == [*AGENTS]
    (name,) = await desk.store.redis.keys(f"{desk.store.keys.root}:rollup:*")
    sums = await desk.store.redis.hmget(name, ["offered", "answered", "signing_ms"])
    assert [int(each or 0) for each in sums] == [1, 1, 50_000]
    # What an agent has signed today is each one's own.
    signed = [(await desk.look(agent)).signing_ms for agent in AGENTS]
    assert signed == [20_000, 50_000, 40_000]


async def test_everybody_reads_every_line_and_who_wrote_it(desk: Desk) -> None:
    call = await four(desk)
    people = ("c1", *AGENTS)
    for person in people:
        await desk.store.say(person, call, f"by {person}")
    await desk.store.share("a3", call, "p1", b"jpeg")
    for reader in people:
        lines = await desk.store.texts(reader, call, 0)
        assert [line.text for line in lines] == [*(f"by {person}" for person in people), ""]
        own = people.index(reader)
        assert [line.mine for line in lines[:4]] == [at == own for at in range(4)]
        assert [line.name for line in lines[:4] if not line.mine] == [
            name for at, name in enumerate(("", "A1", "A2", "A3")) if at != own
        ]
        keys = [line.writer for line in lines[:4] if not line.mine]
        assert len(set(keys)) == 3
        assert await desk.store.photo(reader, call, "p1") == b"jpeg"
        seen = await (desk.see(reader) if reader == "c1" else desk.call_of(reader))
        assert {other.writer for other in seen.others} <= set(keys)
    await desk.agent("a4")
    for act in (desk.store.say("a4", call, "x"), desk.store.photo("a4", call, "p1")):
        with pytest.raises(NoCall):
            await act


async def test_hold_is_read_by_all_and_ends_when_another_goes_on(desk: Desk) -> None:
    call = await four(desk)
    await desk.store.hold("a1", call, (await desk.call_of("a1")).epoch, held=True)
    since = desk.now_ms
    for person in ("c1", *AGENTS):
        if person != "c1":
            await desk.drop(person)
            await desk.back(person)
        seen = await (desk.see(person) if person == "c1" else desk.call_of(person))
        assert seen.held_from_ms == since
    await desk.store.hang_up("a1", call)
    assert ((await desk.see("c1")).held_from_ms, (await desk.call_of("a3")).held_from_ms) == (0, 0)


@pytest.mark.parametrize("first", ["a1", "a2"])
async def test_an_invitation_rings_on_when_somebody_else_leaves(desk: Desk, first: str) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    await come_in(desk, "a2")
    await desk.agent("a3")
    await desk.store.invite("a1", call, (await desk.call_of("a1")).epoch, to="a3")
    await desk.store.hang_up(first, call)
    other = "a2" if first == "a1" else "a1"
    assert [each.state for each in (await desk.call_of(other)).others] == ["asked"]
    assert await desk.accept("a3") == call
    assert await company(desk) == (other.upper(), ["A3"])
