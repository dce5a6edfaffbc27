from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from redis.exceptions import RedisError

from tests.rpc_worker import within
from tests.valkey_server import RealValkey
from video_service import redis_client
from video_service.tasks import cancel_and_wait

pytestmark = pytest.mark.integration


async def test_a_hot_client_gives_up_in_time_and_does_not_try_again(valkey_server: Callable[..., RealValkey]) -> None:
    server = valkey_server()
    client, patient = redis_client.hot(server.url, timeout_s=2), redis_client.hot(server.url, timeout_s=30)
    assert await client.incr("n") == 1
    server.freeze()
    loop = asyncio.get_running_loop()
    began_s = loop.time()

    with pytest.raises((RedisError, TimeoutError)):
        await within(client.incr("n"))

    # The defaults of the library would take most of a minute.
    assert loop.time() - began_s < 30
    server.thaw()
    assert int(await patient.get("n") or 0) <= 2
    await client.aclose()
    await patient.aclose()


async def test_a_hot_client_finds_a_server_that_was_started_again(valkey_server: Callable[..., RealValkey]) -> None:
    server = valkey_server(aof=True)
    client = redis_client.hot(server.url, timeout_s=30)
    await client.set("a", "1")
    server.kill()
    with pytest.raises((RedisError, OSError)):
        await client.get("a")
    server.start()

    assert await client.get("a") == "1"
    await client.aclose()


async def test_a_blocking_client_waits_as_long_as_the_command_says(valkey: RealValkey, pool: str) -> None:
    reader = redis_client.blocking(valkey.url, connect_timeout_s=30)
    writer = redis_client.hot(valkey.url, timeout_s=30)
    key = f"{{{pool}}}:list"

    assert await within(reader.blpop([key], timeout=0.2)) is None
    waiting = asyncio.ensure_future(reader.blpop([key], timeout=0))
    await writer.rpush(key, "x")
    assert list(await within(waiting) or ()) == [key, "x"]

    await reader.aclose()
    await writer.aclose()


async def test_a_loop_around_calls_ends_at_the_first_cancellation(valkey: RealValkey, pool: str) -> None:
    client = redis_client.hot(valkey.url, timeout_s=30)
    key = f"{{{pool}}}:n"

    async def call() -> None:
        while True:
            await client.incr(key)
            async with client.pipeline(transaction=False) as pipe:
                pipe.get(key)
                await pipe.execute()

    # Sooner or later a cancellation comes in the same turn as an answer, which the library then takes for all there is.
    for turns in range(400):
        task = asyncio.create_task(call())
        for _ in range(turns % 40):
            await asyncio.sleep(0)
        task.cancel()
        done, lost = await asyncio.wait([task], timeout=30)
        await cancel_and_wait(lost)
        assert done, "the cancellation was lost"
    await client.aclose()


async def test_more_commands_than_connections_wait_for_their_turn(
    valkey_server: Callable[..., RealValkey], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_client, "TURN_S", 60)
    client = redis_client.hot(valkey_server().url, timeout_s=60)
    many = 5 * redis_client.MAX_CONNECTIONS

    async def together(number: int) -> None:
        async with client.pipeline() as pipe:
            pipe.incr("n")
            pipe.sadd("numbers", number)
            await pipe.execute()

    await within(
        asyncio.gather(*(client.incr("n") for _ in range(many)), *(together(number) for number in range(many)))
    )
    assert int(await client.get("n") or 0) == 2 * many
    assert await client.scard("numbers") == many
    await client.aclose()


async def test_nobody_waits_for_ever_for_a_turn(
    valkey_server: Callable[..., RealValkey], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_client, "TURN_S", 0.05)
    server = valkey_server()
    client = redis_client.hot(server.url, timeout_s=20)
    await client.ping()
    server.freeze()
    asked = [asyncio.ensure_future(client.incr("n")) for _ in range(redis_client.COMMANDS_AT_ONCE + 1)]
    done, _ = await asyncio.wait(asked, timeout=30, return_when=asyncio.FIRST_COMPLETED)
    (late,) = done
    assert isinstance(late.exception(), RedisError)
    server.thaw()
    await within(asyncio.gather(*(task for task in asked if task is not late)))
    await client.aclose()
