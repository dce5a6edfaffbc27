"""The primary dies and its replica takes over by Sentinel: what it has goes on, what it never got begins anew."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from signaling.hub import Hub
from signaling.identity_types import Identity
from signaling.messages import CloseCode
from signaling.policy import Policy
from signaling.store import Store
from tests.sentinel_servers import HOST, SentinelServers
from tests.support.calls import CUSTOMER, call_between, ready_agent
from tests.support.page import Page, enter
from tests.support.plane import DiaryPlane
from video_service.consent import CONSENT_VERSION
from video_service.redis_client import BadStoreAddress, hot

pytestmark = pytest.mark.faults

WAITING = Identity(person="c-2", role="customer")
LOST = Identity(person="c-3", role="customer")


@pytest.fixture(scope="module")
def servers() -> Iterator[SentinelServers]:
    """The first test uses them up; what comes after needs the sentinel alone."""
    with tempfile.TemporaryDirectory(prefix="valkey-") as name, SentinelServers(Path(name)) as running:
        yield running


@pytest.fixture
async def hub(servers: SentinelServers, pool: str) -> AsyncIterator[Hub]:
    client = hot(servers.url, timeout_s=10)
    # Nobody's time runs out while a slow machine is busy with the failover.
    policy = Policy(presence_ttl_s=60, customer_return_s=300, agent_return_s=300, keep_place_s=300, ring_timeout_s=300)
    store = Store(client, pool=pool, policy=policy)
    await store.load()
    hub = Hub(store, DiaryPlane("w-1"))
    await hub.start()
    yield hub
    await hub.drain()
    await hub.close()
    await client.aclose()


async def say_until_heard(speaker: Page, listener: Page, call: str) -> None:
    """Say a line again and again, as somebody does who is told that it was not sent."""
    heard = asyncio.create_task(listener.until(type="text_line", text="still here"))
    while not heard.done():
        speaker.send("say", call=call, text="still here")
        await asyncio.wait((heard,), timeout=0.5)
    await heard


async def joined(page: Page) -> None:
    """Ask until the line has this customer; the store may not have heard of the page again yet."""
    deadline_s = time.monotonic() + 60
    while page.view.get("state") != "waiting":
        assert time.monotonic() < deadline_s
        page.send("join", consent=CONSENT_VERSION)
        page.send("ping", t=1)
        await page.until(type="pong")
        await asyncio.sleep(0.1)
        while not page.wire.to_page.empty():
            await page.next()


async def test_a_failover_keeps_what_the_replica_has_and_takes_everybody_on_again(
    servers: SentinelServers, hub: Hub
) -> None:
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    waiting = await enter(hub, WAITING)
    waiting.send("join", consent=CONSENT_VERSION)
    kept = await waiting.until(type="customer_view", state="waiting")
    assert await hub.store.redis.wait(1, 30_000) == 1, "the replica has all of it"

    servers.cut_replication()
    lost = await enter(hub, LOST)
    lost.send("join", consent=CONSENT_VERSION)
    gone = await lost.until(type="customer_view", state="waiting", place=2)
    servers.watch_closely()
    servers.kill("primary")
    await asyncio.to_thread(servers.until_promoted)

    # Whoever is here stays: the sockets are the web node's, and it finds the new primary by itself.
    await say_until_heard(customer, agent, call)
    assert agent.view["call"]["call"] == call
    # Of the third one nothing is known; the page is told so, and joins again.
    await lost.until(type="customer_view", state="home")
    await joined(lost)
    assert lost.view["call"] != gone["call"]
    assert lost.view["place"] == 2, "not before who was there first"
    # What the replica has of a token opens the page; what it never got is refused, and the page asks for a ticket.
    for page, identity in ((waiting, WAITING), (lost, LOST)):
        await page.vanish()
        back = Page(hub)
        back.send("hello", v=1, resume=page.resume)
        if identity is WAITING:
            view = await back.until(type="customer_view", state="waiting")
            assert (view["call"], view["place"]) == (kept["call"], 1)
        else:
            assert await back.gone() == (CloseCode.BAD_TICKET, "bad_ticket")
            assert (await enter(hub, identity)).view["state"] == "waiting"


async def test_without_a_primary_a_store_is_away_and_nothing_hangs(servers: SentinelServers) -> None:
    client = hot(f"redis+sentinel://user:secret@{HOST}:{servers.ports['sentinel']}/another/0", timeout_s=30)
    with pytest.raises(RedisConnectionError):
        await client.ping()
    await client.aclose()


@pytest.mark.parametrize(
    "url", ["redis+sentinel://h:26379", "redis+sentinel:///calls", "redis+sentinel://h:x/calls", "http://h", "h:6379"]
)
def test_an_address_that_cannot_be_used_is_a_sentence(url: str) -> None:
    with pytest.raises(BadStoreAddress, match="REDIS_URL is redis://"):
        hot(url)
