"""TURN credentials before a real coturn, and on their way to pages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
from aioice import stun, turn
from redis.asyncio import Redis

from signaling.hub import Hub
from signaling.identity_types import Identity
from signaling.messages import IceServer
from signaling.store import Store
from tests import coturn
from tests.support.page import enter
from tests.support.plane import DiaryPlane
from video_service.turn import credentials

pytestmark = pytest.mark.integration

SECRET = "0123456789abcdef0123456789abcdef"
CUSTOMER = Identity(person="c-1", role="customer")


@pytest.fixture(scope="module")
def server() -> Iterator[coturn.Coturn]:
    if coturn.program() is None:
        pytest.skip(coturn.MISSING)
    with coturn.Coturn("127.0.0.1", SECRET) as started:
        yield started


async def allocate(server: coturn.Coturn, name: str, password: str) -> None:
    """Ask for a relayed address and give it back."""
    lost = asyncio.Event()

    class Endpoint(asyncio.DatagramProtocol):
        def connection_lost(self, _: Exception | None) -> None:
            lost.set()

    async with asyncio.timeout(10):
        transport, _ = await turn.create_turn_endpoint(Endpoint, (server.address, server.port), name, password)
        transport.close()
        await lost.wait()


async def test_a_fresh_name_is_taken(server: coturn.Coturn) -> None:
    await allocate(server, *credentials(SECRET, "a1", expires_s=int(time.time()) + 60))


async def test_an_expired_name_is_refused(server: coturn.Coturn) -> None:
    with pytest.raises(stun.TransactionFailed, match="401"):
        await allocate(server, *credentials(SECRET, "a2", expires_s=int(time.time()) - 60))


async def test_a_password_of_another_secret_is_refused(server: coturn.Coturn) -> None:
    with pytest.raises(stun.TransactionFailed, match="401"):
        await allocate(server, *credentials(SECRET[::-1], "a3", expires_s=int(time.time()) + 60))


async def test_a_page_that_stays_long_is_given_fresh_names(redis: Redis, pool: str) -> None:
    told = 0

    def servers() -> tuple[IceServer, ...]:
        nonlocal told
        told += 1
        return (IceServer(urls=("turn:127.0.0.1",), username=str(told), credential="x"),)

    store = Store(redis, pool=pool)
    await store.load()
    hub = Hub(store, DiaryPlane("w-1"), ice_servers=servers, ice_renew_s=0.0)
    await hub.start()
    try:
        page = await enter(hub, CUSTOMER)
        other = await enter(hub, Identity(person="c-2", role="customer"))
        names = [message["ice_servers"][0]["username"] for each in (page, other) for message in each.seen[:1]]
        page.send("ping", t=1)
        renewed = await page.until(type="ice_servers")
    finally:
        await hub.drain()
        await hub.close()

    assert names == ["1", "2"]
    assert renewed["ice_servers"] == [{"urls": ["turn:127.0.0.1"], "username": "3", "credential": "x"}]
