"""The server that tests start: what it keeps over a power cut, and that tests keep apart on it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import TimeoutError as NoAnswer

from tests.valkey_server import RealValkey

pytestmark = pytest.mark.integration

MakeServer = Callable[..., RealValkey]


async def test_what_was_acknowledged_survives_a_power_cut(valkey_server: MakeServer) -> None:
    server = valkey_server(aof=True)
    async with Redis.from_url(server.url) as client:
        await client.set("name", "value")
        server.kill()
        with pytest.raises(NoConnection):
            await client.get("name")

        server.start()

        assert await client.get("name") == b"value"


async def test_without_a_file_nothing_is_kept(valkey_server: MakeServer) -> None:
    server = valkey_server()
    async with Redis.from_url(server.url) as client:
        await client.set("name", "value")

    server.stop()
    server.start()

    async with Redis.from_url(server.url) as client:
        assert await client.get("name") is None


async def test_a_frozen_server_does_not_answer_until_it_thaws(valkey_server: MakeServer) -> None:
    server = valkey_server()
    async with Redis.from_url(server.url) as patient:
        await patient.ping()
    async with Redis.from_url(server.url, socket_timeout=1.0) as hasty:
        server.freeze()
        with pytest.raises((NoAnswer, NoConnection)):
            await hasty.ping()

    server.thaw()

    async with Redis.from_url(server.url, socket_timeout=30.0) as patient:
        assert await patient.ping()


async def test_a_frozen_server_can_be_stopped(valkey_server: MakeServer) -> None:
    server = valkey_server()
    server.freeze()

    server.stop()
    server.stop()
    server.kill()


def test_only_its_owner_reaches_it_and_it_is_in_a_session_of_its_own(valkey: RealValkey) -> None:
    assert stat.S_IMODE(valkey.socket_path.stat().st_mode) == 0o700
    assert os.getsid(valkey.pid) != os.getsid(0)


SEEN: list[str] = []


@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_has_a_pool_of_its_own(redis: Redis, pool: str, turn: int) -> None:
    assert pool not in SEEN
    assert [key async for key in redis.scan_iter(match="*t-*") if key.decode().removeprefix("{")[:14] in SEEN] == []
    SEEN.append(pool)
    await redis.set(f"{{{pool}}}:turn", turn)
