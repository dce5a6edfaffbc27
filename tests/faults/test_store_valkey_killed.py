"""Valkey dies by kill -9 in the middle of a history, again and again, and starts over its files."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from signaling import store_base
from signaling.errors import StoreUnavailable
from tests.oracle.compare import Dump, same, sound
from tests.oracle.state import Refused
from tests.oracle.world import KINDS, STEPS_S, World
from tests.support.desk import Desk
from tests.valkey_server import RealValkey
from video_service.records import Records
from video_service.redis_client import hot

pytestmark = pytest.mark.faults

MakeServer = Callable[..., RealValkey]


@pytest.fixture(autouse=True)
def patient_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no script count as unanswered because the disk is slow, to which every answer waits here."""
    monkeypatch.setattr(store_base, "CALL_TIMEOUT_S", 30.0)


@pytest.fixture
def server(valkey_server: MakeServer) -> RealValkey:
    return valkey_server(aof=True)


@pytest.fixture
async def client(server: RealValkey) -> AsyncIterator[Redis]:
    """A client that waits for a slow disk: what it takes for the end of the server is the end."""
    client = hot(server.url, timeout_s=30)
    yield client
    await client.aclose()


async def restart(server: RealValkey, client: Redis) -> None:
    """Kill the server unless it is dead already, and start it again over its files."""
    server.kill()
    await client.connection_pool.disconnect()
    server.start()


async def step(world: World, kind: str, x: int, y: int) -> None:
    if kind == "advance":
        await world.advance(STEPS_S[y % len(STEPS_S)])
    else:
        await world.do([(kind, x, y)])


async def find_out(world: World, redis: Redis, done: int) -> int:
    """After a restart: let the oracle do what was answered, and what was in flight if it was carried out."""
    unsure = [each for store in world.stores for each in store.unsure]
    world.replay()
    acknowledged = max(done, world.acknowledged)
    carried_out = int(await redis.hget(f"{world.stores[0].keys.root}:clock", "op") or 0)
    assert acknowledged <= carried_out <= acknowledged + len(unsure), "what was acknowledged is there"
    for name, arguments, now_ms in unsure[: carried_out - acknowledged]:
        if hasattr(world.oracle, f"do_{name}"):
            try:
                world.oracle.apply(name, arguments, now_ms)
            except Refused as refused:
                raise AssertionError(f"the store did {name}, the oracle refuses: {refused.code}") from refused
    for store in world.stores:
        store.unsure.clear()
    return carried_out


async def test_nothing_that_was_acknowledged_is_missing_after_kill_9(
    server: RealValkey, client: Redis, pool: str
) -> None:
    dice = random.Random(11)
    world = World(client, client, pool)
    await world.open()
    done = 0
    for _ in range(12):
        steps_before_kill = dice.randrange(20, 60)
        killing: asyncio.TimerHandle | None = None
        while True:
            if steps_before_kill == 0:
                killing = asyncio.get_running_loop().call_later(dice.uniform(0, 0.003), server.kill)
            steps_before_kill -= 1
            try:
                await step(world, dice.choice(KINDS), dice.randrange(100), dice.randrange(100))
                await client.ping()
            except (StoreUnavailable, RedisError):
                break
        assert killing is not None, "the server died by itself"
        killing.cancel()  # not the next one
        await restart(server, client)
        done = await find_out(world, client, done)
        dump = await Dump(pool).read(client)
        sound(dump)
        same(dump, world.oracle)
    assert done > 150, "there was something to lose"


async def test_records_and_text_of_a_live_call_outlive_the_server(server: RealValkey, client: Redis, pool: str) -> None:
    desk = Desk(client, pool)
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.store.say("c1", call, "still here?")
    await desk.store.leg_offered("a1", leg="la", worker="w1")
    resume = await desk.store.issue_resume(desk.identity("c1"))
    await restart(server, client)
    assert [line.text for line in await desk.store.texts("a1", call, 0)] == ["still here?"]
    assert (await desk.see("c1")).state == "connected"
    assert (await desk.look("a1")).state == "on_call"
    assert (await desk.store.redeem_resume(resume)).person == "c1"
    assert (await Records(client, pool=pool).get(call)).state == "active"


async def test_a_server_that_stands_still_makes_nobody_wait_for_ever(
    server: RealValkey, client: Redis, pool: str
) -> None:
    desk = Desk(client, pool)
    await desk.agent("a1")
    await desk.join("c1")
    impatient = hot(server.url)
    server.freeze()
    try:
        async with asyncio.timeout(60):
            with pytest.raises(StoreUnavailable):
                await Desk(impatient, pool).see("c1")
    finally:
        server.thaw()
        await impatient.aclose()
    assert (await desk.see("c1")).state == "ringing"
