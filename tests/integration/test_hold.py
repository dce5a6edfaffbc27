"""Hold: the customer sees a card in place of the agent, whoever reconnects, until the agent is back."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from signaling.errors import NoCall, StaleReservation
from tests.support.desk import Desk
from video_service.records import Records, SessionRecord

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


async def hold(desk: Desk, agent: str, *, held: bool = True) -> str:
    call = await desk.call_of(agent)
    await desk.store.hold(agent, call.call, call.epoch, held=held)
    return call.call


async def held_from(desk: Desk, agent: str = "a1", customer: str = "c1") -> tuple[int, int]:
    """Return since when the agent and the customer read that the call is on hold."""
    return (await desk.call_of(agent)).held_from_ms, (await desk.see(customer)).held_from_ms


async def record_of(desk: Desk, call: str) -> SessionRecord:
    return await Records(desk.store.redis, pool=desk.store.keys.pool).get(call)


async def talking(desk: Desk) -> str:
    await desk.agent("a1")
    return await desk.talk("a1", "c1")


async def test_both_read_since_when_and_the_record_how_often_and_how_long(desk: Desk) -> None:
    call = await talking(desk)
    assert await held_from(desk) == (0, 0)
    for seconds in (40, 5):
        await hold(desk, "a1")
        since = desk.now_ms
        await desk.pass_time(seconds)
        await hold(desk, "a1")  # said again it goes on
        assert await held_from(desk) == (since, since)
        await hold(desk, "a1", held=False)
        await hold(desk, "a1", held=False)
        assert await held_from(desk) == (0, 0)
    record = await record_of(desk, call)
    assert (record.holds, record.hold_ms) == (2, 45_000)
    assert [(each.what, each.who) for each in record.timeline] == [("held", "a1"), ("taken_up", "a1")] * 2
    assert record.timeline[1].at_ms - record.timeline[0].at_ms == 40_000
    assert (await desk.see("c1")).state == "connected"


async def test_it_survives_the_reconnection_of_each(desk: Desk) -> None:
    await talking(desk)
    await hold(desk, "a1")
    since = desk.now_ms
    for person in ("c1", "a1"):
        await desk.drop(person)
        await desk.pass_time(4)
        await desk.back(person)
        await desk.offer(person)
        assert await held_from(desk) == (since, since)
    route = await desk.store.route("c1")
    assert route is not None
    assert route.held


@pytest.mark.parametrize("how", ["customer", "agent", "lost", "another"])
async def test_it_ends_with_the_agents_part_of_the_call(desk: Desk, how: str) -> None:
    call = await talking(desk)
    await desk.agent("a2")
    await hold(desk, "a1")
    await desk.pass_time(20)
    if how == "another":
        await desk.store.another_signer("c1", call, (await desk.see("c1")).epoch)
    elif how == "lost":
        await desk.drop("a1")
        await desk.wait_for_return()
    else:
        await desk.store.hang_up("c1" if how == "customer" else "a1", call)
    waited_s = 20 + (desk.policy.agent_return_s if how == "lost" else 0)
    record = await record_of(desk, call)
    assert (record.holds, record.hold_ms) == (1, waited_s * 1_000)
    assert [each.what for each in record.timeline] == ["held", "taken_up"]
    assert record.timeline[-1].at_ms == desk.now_ms
    if how in ("lost", "another"):
        assert await desk.accept("a2") == call
        assert await held_from(desk, "a2") == (0, 0), "the next agent begins with the customer in sight"


async def test_text_goes_on(desk: Desk) -> None:
    call = await talking(desk)
    await hold(desk, "a1")
    await desk.store.say("c1", call, "still there?")
    await desk.store.say("a1", call, "one moment")
    assert [line.text for line in await desk.store.texts("c1", call, 0)] == ["still there?", "one moment"]


async def test_who_is_not_the_agent_of_it_or_comes_late_is_refused(desk: Desk) -> None:
    call = await talking(desk)
    await desk.agent("a2")
    epoch = (await desk.call_of("a1")).epoch
    for person, name in (("a2", call), ("c1", call), ("a1", "c_none")):
        with pytest.raises(NoCall):
            await desk.store.hold(person, name, epoch, held=True)
    with pytest.raises(StaleReservation):
        await desk.store.hold("a1", call, epoch - 1, held=True)
    await desk.store.hang_up("c1", call)
    with pytest.raises(NoCall):
        await desk.store.hold("a1", call, epoch, held=True)
    later = await desk.join("c2")
    assert await desk.rings("a2") == later
    with pytest.raises(NoCall):
        await desk.store.hold("a2", later, 1, held=True)
