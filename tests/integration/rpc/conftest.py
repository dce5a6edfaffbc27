"""One worker, and planes that find it."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from media import link, registry, rpc, rpc_server
from media.plane import Pictures, RpcMediaPlane
from media.registry import Registry
from tests.rpc_worker import LIMIT_S, TOKEN, Heard, RpcWorker, until


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ends are one busy process: what is late is not lost here. These tests are about none of those limits."""
    for module, name in (
        (link, "OPEN_TIMEOUT_S"),
        (registry, "COMMAND_TIMEOUT_S"),
        (rpc, "PING_TIMEOUT_S"),
        (rpc_server, "SEND_TIMEOUT_S"),
    ):
        monkeypatch.setattr(module, name, LIMIT_S)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="rpc-") as name:
        yield Path(name)


@pytest.fixture
async def worker(folder: Path, redis: Redis, pool: str) -> AsyncIterator[RpcWorker]:
    async with RpcWorker("w-1", folder, redis, pool, token=TOKEN) as started:
        yield started


@pytest.fixture
async def make_plane(redis: Redis, pool: str) -> AsyncIterator[Callable[..., RpcMediaPlane]]:
    made: list[RpcMediaPlane] = []

    def make(
        timeout_s: float = LIMIT_S,
        token: str = TOKEN,
        tls: ssl.SSLContext | None = None,
        pictures: Pictures | None = None,
    ) -> RpcMediaPlane:
        leases = Registry(redis, pool)
        made.append(RpcMediaPlane(leases, token=token, tls=tls, timeout_s=timeout_s, pictures=pictures))
        return made[-1]

    yield make
    for plane in made:
        await plane.close()


@pytest.fixture
async def plane(make_plane: Callable[..., RpcMediaPlane], worker: RpcWorker) -> RpcMediaPlane:
    found = make_plane()
    await found.start()
    await until(lambda: bool(found.workers()))
    return found


@pytest.fixture
async def heard(plane: RpcMediaPlane) -> AsyncIterator[Heard]:
    reader = Heard(plane)
    yield reader
    await reader.close()
