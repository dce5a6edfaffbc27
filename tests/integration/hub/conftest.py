"""A hub with a real store, and a plane that keeps a diary."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from signaling import hub as hub_module
from signaling.hub import Hub
from signaling.policy import Policy
from signaling.store import Store
from tests.support.page import WAIT_S
from tests.support.plane import DiaryPlane


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and node wait for one another as long as a slow machine may take."""
    monkeypatch.setattr(hub_module, "HEARTBEAT_S", WAIT_S)
    monkeypatch.setattr(hub_module, "HELLO_TIMEOUT_S", WAIT_S)


@pytest.fixture
def plane() -> DiaryPlane:
    return DiaryPlane("w-1", "w-2")


@pytest.fixture
def agent_return_s() -> float:
    """So soon an agent whose page is gone has lost the call; where one is to come back a test says a longer time."""
    return 0.3


@pytest.fixture
async def store(redis: Redis, pool: str, agent_return_s: float) -> Store:
    policy = Policy(agent_return_s=agent_return_s, customer_return_s=600, ring_timeout_s=600, presence_ttl_s=60)
    store = Store(redis, pool=pool, policy=policy)
    await store.load()
    return store


@pytest.fixture
async def make_hub(store: Store, plane: DiaryPlane) -> AsyncIterator[Callable[..., Hub]]:
    hubs: list[Hub] = []

    def make(other_plane: DiaryPlane | None = None, **more: Any) -> Hub:
        hubs.append(Hub(store, other_plane or plane, **more))
        return hubs[-1]

    yield make
    for hub in hubs:
        await hub.drain()
        await hub.close()


@pytest.fixture
async def hub(make_hub: Callable[..., Hub], redis: Redis) -> Hub:
    """A node that hears what the store says: what is said earlier is known to nobody."""
    hub = make_hub()
    await hub.start()
    async with asyncio.timeout(WAIT_S):
        while not (await redis.pubsub_numsub(hub.store.keys.node(hub.node)))[0][1]:
            await asyncio.sleep(0.001)
    return hub
