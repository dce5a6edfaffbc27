"""A hub with a real store, and a plane that keeps a diary."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from redis.asyncio import Redis

from signaling.hub import Hub
from signaling.policy import Policy
from signaling.store import Store
from tests.support.plane import DiaryPlane


@pytest.fixture
def plane() -> DiaryPlane:
    return DiaryPlane("w-1", "w-2")


@pytest.fixture
async def store(redis: Redis, pool: str) -> Store:
    store = Store(redis, pool=pool, policy=Policy(agent_return_s=0.3, ring_timeout_s=5))
    await store.load()
    return store


@pytest.fixture
async def make_hub(store: Store, plane: DiaryPlane) -> AsyncIterator[Callable[..., Hub]]:
    hubs: list[Hub] = []

    def make(other_plane: DiaryPlane | None = None) -> Hub:
        hubs.append(Hub(store, other_plane or plane))
        return hubs[-1]

    yield make
    for hub in hubs:
        await hub.drain()
        await hub.close()


@pytest.fixture
async def hub(make_hub: Callable[..., Hub]) -> Hub:
    hub = make_hub()
    await hub.start()
    return hub
