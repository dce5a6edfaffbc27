"""Web nodes that die, stand still, or go in good order, and what becomes of the people on them."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable

import pytest
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from signaling.hub import Hub
from signaling.identity_types import Identity
from signaling.messages import CloseCode
from signaling.store_wakes import SPARE_S
from tests.oracle.compare import text
from tests.support.calls import AGENT, CUSTOMER, call_between, offer, on_shift, poll, ready_agent
from tests.support.desk import Desk
from tests.support.page import Page, enter
from tests.support.plane import DiaryPlane
from video_service.consent import CONSENT_VERSION

pytestmark = pytest.mark.integration

HERE, THERE = "n1", "n2"  # a desk's people are on the first


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


async def open_node(desk: Desk) -> PubSub:
    """Let the first node be here: it has its channel, and both nodes have asked."""
    channel = desk.store.redis.pubsub()
    await channel.subscribe(desk.store.keys.node(HERE))
    await listeners(desk, 1)
    for node in (HERE, THERE):
        await desk.store.look_at_nodes(node)
    return channel


async def die(desk: Desk, channel: PubSub) -> None:
    """Close the node's connection, as the kernel does, and wait until the server knows it."""
    await channel.aclose()  # type: ignore[no-untyped-call]
    await listeners(desk, 0)


async def listeners(desk: Desk, count: int) -> None:
    """Wait until the server knows that so many listen to the first node's channel."""
    deadline_s = time.monotonic() + 30
    while (await desk.store.redis.pubsub_numsub(desk.store.keys.node(HERE)))[0][1] != count:
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.01)


async def is_present(desk: Desk, person: str) -> bool:
    return bool(await desk.store.redis.hget(f"{desk.store.keys.root}:person:{person}", "present") == b"1")


async def look(desk: Desk, after_s: float) -> bool:
    desk.now_ms += round(after_s * 1_000)
    return await desk.store.look_at_nodes(THERE)


async def test_everybody_on_a_node_that_died_is_gone_a_second_after_it_was_missed(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.customer("c2")
    await desk.store.connect(desk.identity("c2"), node=THERE, socket="s-new")  # who has come back already
    channel = await open_node(desk)
    await look(desk, 1.5)
    assert await is_present(desk, "c1"), "a node that says nothing and has its channel is slow, not dead"
    await die(desk, channel)
    await look(desk, 0.25)
    await look(desk, 0.999)
    assert await is_present(desk, "c1")
    await look(desk, 0.001)
    assert [await is_present(desk, person) for person in ("a1", "c1", "c2")] == [False, False, True]
    await desk.back("c1")
    await desk.back("a1")
    assert (await desk.see("c1")).call == call
    assert (await desk.look("a1")).state == "on_call"


async def test_a_node_that_stands_still_loses_nobody_while_its_channel_stands(desk: Desk) -> None:
    await desk.agent("a1")
    ringing, waiting = await desk.join("c1"), await desk.join("c2")
    channel = await open_node(desk)
    for _ in range(20):  # no beat, no look of its own, and the other node looks each quarter of a second
        await look(desk, 0.25)
        await desk.store.sweep()
    ring = (await desk.look("a1")).reservation
    assert ring is not None
    assert (ring.call, ring.epoch) == (ringing, 1), "it never stopped ringing"
    assert ((await desk.see("c2")).state, (await desk.see("c2")).call) == ("waiting", waiting)
    await desk.pass_time(1)
    assert [await is_present(desk, person) for person in ("a1", "c1", "c2")] == [True] * 3
    await die(desk, channel)


async def test_a_server_that_cut_every_channel_makes_no_slow_node_a_dead_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.customer("c1")
    channel = await open_node(desk)
    async with contextlib.aclosing(desk.store.wakes(THERE)) as wakes:
        assert (await anext(wakes)).kind == "lagged"
        await desk.store.redis.client_kill_filter(_type="pubsub")
        async with asyncio.timeout(30):
            while (await anext(wakes)).kind != "lagged":
                pass
        await die(desk, channel)
        monkeypatch.setattr(desk.store, "_spares_until_s", math.inf)  # three seconds, however slow the test is
        for _ in range(12):
            await look(desk, 0.25)
        assert await is_present(desk, "c1"), "it is given time to renew its own"
        monkeypatch.setattr(desk.store, "_spares_until_s", 0.0)
        await look(desk, 0.5)
        assert await is_present(desk, "c1")
        await look(desk, 0.5)
        assert not await is_present(desk, "c1"), "and no more of it than that"


async def test_whose_channel_was_cut_spares_the_others_for_a_while(desk: Desk) -> None:
    before_s = time.monotonic()
    async with contextlib.aclosing(desk.store.wakes(THERE)) as wakes:
        assert (await anext(wakes)).kind == "lagged"
        assert desk.store._spares_until_s == 0, "whoever begins has missed nothing"
        await desk.store.redis.client_kill_filter(_type="pubsub")
        async with asyncio.timeout(30):
            while (await anext(wakes)).kind != "lagged":
                pass
    assert desk.store._spares_until_s > before_s + SPARE_S


async def test_a_node_whose_channel_is_cut_is_here_as_long_as_it_asks(desk: Desk) -> None:
    await desk.customer("c1")
    await die(desk, await open_node(desk))
    for _ in range(8):
        await look(desk, 0.5)
        await desk.store.look_at_nodes(HERE)
    assert await is_present(desk, "c1")


async def test_a_node_that_is_back_before_its_time_has_lost_nobody(desk: Desk) -> None:
    await desk.customer("c1")
    await die(desk, await open_node(desk))
    await look(desk, 0)
    channel = await open_node(desk)
    await look(desk, 0.9)
    await die(desk, channel)
    await look(desk, 0.9)
    assert await is_present(desk, "c1"), "the second begins anew"
    await look(desk, 1)
    assert not await is_present(desk, "c1")


async def test_many_people_of_a_dead_node_are_handled_a_part_at_a_time(desk: Desk) -> None:
    people = [Identity(person=f"c{number}", role="customer") for number in range(300)]
    for at in range(0, len(people), 20):
        await asyncio.gather(*(desk.store.connect(each, node=HERE, socket="s") for each in people[at : at + 20]))
    await die(desk, await open_node(desk))
    await look(desk, 0)
    assert await look(desk, 1), "there are more"
    assert not await look(desk, 0)
    assert await desk.store.redis.zcard(f"{desk.store.keys.root}:presence") == 0
    assert await desk.store.redis.hkeys(desk.store.keys.nodes) == [THERE.encode()]


async def test_one_row_that_cannot_be_read_costs_the_others_nothing(desk: Desk) -> None:
    await desk.customer("c1")
    await desk.customer("c2")
    await desk.store.redis.hset(f"{desk.store.keys.root}:person:c1", "v", "99")
    await die(desk, await open_node(desk))
    await look(desk, 0)
    assert not await look(desk, 1)
    assert not await is_present(desk, "c2")
    assert await desk.store.redis.hkeys(desk.store.keys.nodes) == [THERE.encode()]


async def test_the_people_of_a_node_that_left_have_until_their_last_beat_lapses(desk: Desk) -> None:
    await desk.customer("c1")
    channel = await open_node(desk)
    await desk.store.leave_node(HERE)
    await die(desk, channel)
    for _ in range(5):
        await look(desk, 1)
    assert await is_present(desk, "c1")
    await desk.pass_time(desk.policy.presence_ttl_s, beats=False)
    assert not await is_present(desk, "c1")


async def test_hubs_know_of_each_other(make_hub: Callable[..., Hub], redis: Redis) -> None:
    hubs = make_hub(), make_hub()
    for hub in hubs:
        await hub.start()
    names = {hub.node.encode() for hub in hubs}
    channels = [hub.store.keys.node(hub.node) for hub in hubs]
    deadline_s = time.monotonic() + 30
    while set(await redis.hgetall(hubs[0].store.keys.nodes)) != names or [
        count for _, count in await redis.pubsub_numsub(*channels)
    ] != [1, 1]:
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.01)
    await hubs[0].drain()
    assert set(await redis.hgetall(hubs[0].store.keys.nodes)) == {hubs[1].node.encode()}


async def test_a_node_that_leaves_is_not_put_back_by_what_it_asked_before(
    hub: Hub, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at_nodes, asked, goes_on = hub.store.look_at_nodes, asyncio.Event(), asyncio.Event()

    async def late(node: str) -> bool:
        asked.set()
        await goes_on.wait()
        return await look_at_nodes(node)

    monkeypatch.setattr(hub.store, "look_at_nodes", late)
    async with asyncio.timeout(30):
        await asked.wait()
    leaving = asyncio.create_task(hub.drain())
    await asyncio.wait((leaving,), timeout=0.1)
    goes_on.set()
    await leaving
    assert hub.node.encode() not in await redis.hgetall(hub.store.keys.nodes)


async def test_whoever_is_greeted_while_a_node_goes_is_sent_elsewhere_too(
    make_hub: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = make_hub(), make_hub()
    await here.start()
    await there.start()
    issue_resume, greeted, goes_on = here.store.issue_resume, asyncio.Event(), asyncio.Event()

    async def late(identity: Identity, *, socket: str) -> str:
        greeted.set()
        await goes_on.wait()
        return await issue_resume(identity, socket=socket)

    monkeypatch.setattr(here.store, "issue_resume", late)
    page = Page(here)
    page.send("hello", v=1, ticket=await here.store.issue_ticket(CUSTOMER))
    async with asyncio.timeout(30):
        await greeted.wait()
    await here.drain()
    goes_on.set()
    back = await resumed(page, there)
    assert (await back.until(type="customer_view"))["state"] == "home"


async def resumed(page: Page, there: Hub) -> Page:
    """Go where a draining node sends its page."""
    await page.until(type="draining")
    assert await page.gone() == (CloseCode.GOING_AWAY, "draining")
    back = Page(there)
    back.send("hello", v=1, resume=page.resume)
    return back


async def test_a_draining_node_hands_a_ring_over(make_hub: Callable[..., Hub]) -> None:
    here, there = make_hub(), make_hub()
    await here.start()
    await there.start()
    agent, customer = await ready_agent(here), await enter(here, CUSTOMER)
    customer.send("join", consent=CONSENT_VERSION)
    ring = (await agent.until(type="agent_view", state="reserved"))["reservation"]
    await here.drain()
    agent, customer = await resumed(agent, there), await resumed(customer, there)
    view = await agent.until(type="agent_view")
    assert (view["state"], view["reservation"]["call"]) == ("reserved", ring["call"])
    assert view["reservation"]["epoch"] == ring["epoch"], "it never stopped ringing"
    assert (await customer.until(type="customer_view"))["state"] == "ringing"
    agent.send("accept", call=ring["call"], epoch=ring["epoch"])
    await customer.until(type="customer_view", state="connected")


async def test_a_draining_node_costs_nobody_the_place(make_hub: Callable[..., Hub], redis: Redis, pool: str) -> None:
    here, there = make_hub(), make_hub()
    await here.start()
    await there.start()
    agent = await enter(there, AGENT)
    await on_shift(there.store)
    pages = []
    for number in range(3):
        pages.append(await enter(here, Identity(person=f"c-{number}", role="customer")))
        pages[-1].send("join", consent=CONSENT_VERSION)
        await pages[-1].until(type="customer_view", state="waiting", place=number + 1)
    await here.drain()
    assert await redis.zcard(f"{{{pool}}}:presence") == 4, "nobody is gone meanwhile"
    places = []
    for page in reversed(pages):  # whoever is back first is not before the others
        view = await (await resumed(page, there)).until(type="customer_view")
        places.append((view["state"], view["place"]))
    assert places == [("waiting", 3), ("waiting", 2), ("waiting", 1)]
    await agent.vanish()


async def test_a_draining_node_parts_no_call_and_the_other_person_sees_no_gap(
    make_hub: Callable[..., Hub], plane: DiaryPlane
) -> None:
    here, there = make_hub(), make_hub()
    await here.start()
    await there.start()
    agent, customer = await ready_agent(there), await enter(here, CUSTOMER)
    call = await call_between(customer, agent)
    await offer(customer)
    await poll(lambda: call in plane.calls)
    leg = plane.leg_of(CUSTOMER.person)
    seen = len(agent.seen)
    await here.drain()
    back = await resumed(customer, there)
    assert (await back.until(type="customer_view", state="connected"))["call"] == call
    back.send("say", call=call, text="still here")
    await agent.until(type="text_line")
    assert plane.leg_of(CUSTOMER.person) == leg
    assert call in plane.calls
    views = [message for message in agent.seen[seen:] if message["type"] == "agent_view"]
    assert {view["state"] for view in views} <= {"on_call"}
    assert "reconnecting" not in {view["call"]["other_media"] for view in views}


async def test_whom_the_store_has_forgotten_is_known_again_without_a_new_socket(
    hub: Hub, redis: Redis, pool: str
) -> None:
    """A failover may lose that somebody came."""
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    async with redis.pipeline() as pipe:  # at once: whoever beats between would be half known
        for person in (AGENT.person, CUSTOMER.person):
            pipe.delete(f"{{{pool}}}:person:{person}", f"{{{pool}}}:agent:{person}")
            pipe.zrem(f"{{{pool}}}:presence", person)
        await pipe.execute()
    await agent.until(type="agent_view", state="break")
    await poll_presence(redis, pool, {AGENT.person, CUSTOMER.person})
    async with asyncio.timeout(30):
        while not await redis.exists(f"{{{pool}}}:agent:{AGENT.person}"):  # here first, and then at the desk
            await asyncio.sleep(0.01)
    await offer(agent, 2)
    agent.send("ready")
    await agent.until(type="agent_view", state="available")
    await call_between(customer, agent)


async def poll_presence(redis: Redis, pool: str, people: set[str]) -> None:
    deadline_s = time.monotonic() + 30
    while {text(person) for person in await redis.zrange(f"{{{pool}}}:presence", 0, -1)} != people:
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.05)
