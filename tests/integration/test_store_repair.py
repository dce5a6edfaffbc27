"""What the store does about lost and unreadable data, a server in trouble, and the end of the service."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from signaling.errors import SchemaUnknown, StoreUnavailable
from signaling.policy import Policy
from signaling.scripts_loader import PREFIX
from signaling.store import Store
from signaling.store_base import LIBRARIES_KEPT
from tests.oracle.compare import Dump, sound
from tests.support.desk import HOUR_MS, START_MS, Desk
from video_service.records import Records
from video_service.redis_client import hot

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


async def test_nothing_is_tidied_while_nothing_was_lost(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.talk("a1", "c1")
    await desk.join("c2")
    await desk.join("c3")
    await desk.drop("c3")
    assert await desk.store.tidy() == 0


async def test_calls_that_lost_data_left_behind_are_closed_or_offered_again(desk: Desk, redis: Redis) -> None:
    root = desk.store.keys.root
    for name in ("a1", "a2"):
        await desk.agent(name)
    orphan, agentless = await desk.talk("a1", "c1"), await desk.talk("a2", "c2")
    forgotten, vanished = await desk.join("c3"), await desk.join("c4")
    await redis.delete(f"{root}:person:c1", f"{root}:agent:a2", f"{root}:person:c3", f"{root}:call:{vanished}")
    assert await desk.store.tidy() == 4
    assert await desk.store.tidy() == 0
    records = Records(redis, pool=desk.store.keys.pool)
    assert [(await records.get(call)).ended_reason for call in (orphan, forgotten)] == ["customer_lost"] * 2
    assert (await desk.see("c2")).state == "waiting"
    assert (await desk.look("a1")).state == "after_call"
    await desk.store.ready("a1")
    assert await desk.rings("a1") == agentless


async def test_a_service_that_stops_closes_every_record(redis: Redis, pool: str) -> None:
    desk = Desk(redis, pool, Policy(sweep_batch=2))
    await desk.agent("a1")
    await desk.talk("a1", "c1")
    await desk.agent("a2")
    for number in range(2, 9):
        await desk.join(f"c{number}")
    assert await desk.store.shut_down() == 8
    assert await desk.store.shut_down() == 0
    page = await Records(redis, pool=pool).page(START_MS, START_MS + HOUR_MS)
    assert {(record.state, record.ended_reason) for record in page.records} == {("closed", "shutdown")}
    assert (await desk.see("c1")).ended_reason == "shutdown"
    sound(await Dump(pool).read(redis))


async def test_time_never_goes_back_in_a_pool(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.join("c1")
    ring = (await desk.look("a1")).reservation
    assert ring is not None
    desk.now_ms -= HOUR_MS
    await desk.agent("a2")
    view = await desk.look("a2")
    assert view.server_time_ms == START_MS
    assert view.since_ms == START_MS


async def test_without_a_clock_time_is_the_servers(redis: Redis, pool: str) -> None:
    store = Store(redis, pool=pool)
    before_s, _ = await redis.time()
    view = await store.customer_view("nobody", alive=())
    after_s, _ = await redis.time()
    assert before_s * 1_000 <= view.server_time_ms <= (after_s + 1) * 1_000


async def test_data_of_a_newer_program_is_refused_and_left_alone(desk: Desk, redis: Redis) -> None:
    await desk.agent("a1", ready=False)
    call = await desk.join("c1")
    await redis.hset(f"{desk.store.keys.root}:call:{call}", "v", 2)
    for work in (desk.see("c1"), desk.store.note("c1", "x"), desk.store.hang_up("c1", call), desk.store.ready("a1")):
        with pytest.raises(SchemaUnknown):
            await work
    await redis.hset(f"{desk.store.keys.root}:call:{call}", "v", 0)
    assert (await desk.see("c1")).state == "waiting"


async def test_one_unreadable_row_does_not_stop_the_sweep_and_is_looked_at_again(desk: Desk, redis: Redis) -> None:
    root = desk.store.keys.root
    for name in ("a1", "a2"):
        await desk.agent(name)
    unreadable, other = await desk.join("c1"), await desk.join("c2")
    await desk.join("c3")
    await desk.customer("c4")
    await redis.hset(f"{root}:call:{unreadable}", "v", 99)
    await redis.hset(f"{root}:person:c4", "v", 99)
    for silent in ("c3", "c4"):
        del desk.sockets[silent]
    await desk.pass_time(desk.policy.ring_timeout_s)
    assert await desk.store.tidy() == 0
    assert await desk.rings("a2") == other, "missed, and rung anew by the same sweep"
    counts = await desk.store.metrics()
    assert counts["sweep_failures"] == 2
    assert counts["tidy_failures"] > 0
    await desk.pass_time(desk.policy.keep_place_s)
    assert (await desk.see("c3")).ended_reason == "customer_lost"
    await redis.hset(f"{root}:call:{unreadable}", "v", 1)
    await redis.hset(f"{root}:person:c4", "v", 1)
    await desk.pass_time(30)
    assert (await desk.see("c1")).state == "ringing"
    assert (await desk.see("c1")).epoch > 1, "the ring that could not be ended has been"
    dump = await Dump(desk.store.keys.pool).read(redis)
    sound(dump)
    assert set(dump.scores("presence")) == set(desk.sockets)


async def test_a_customer_whose_call_cannot_be_read_is_noticed_when_it_can(desk: Desk, redis: Redis) -> None:
    await desk.agent("a1", ready=False)
    call = await desk.join("c1")
    name = f"{desk.store.keys.root}:call:{call}"
    await redis.hset(name, "v", 99)
    del desk.sockets["c1"]
    await desk.pass_time(desk.policy.presence_ttl_s)
    await redis.hset(name, "v", 1)
    await desk.pass_time(30)
    await desk.pass_time(desk.policy.keep_place_s)
    assert (await desk.see("c1")).ended_reason == "customer_lost"


async def test_a_ring_without_an_end_is_taken_back(desk: Desk, redis: Redis) -> None:
    await desk.agent("a1")
    lost_limit = await desk.join("c1")
    await desk.agent("a2")
    lost_agent = await desk.join("c2")
    root = desk.store.keys.root
    await redis.zrem(f"{root}:deadlines", f"ring:{lost_limit}")
    await redis.delete(f"{root}:agent:a2")
    assert await desk.store.tidy() == 2
    assert await desk.store.tidy() == 0
    assert await desk.rings("a1") == lost_limit, "first in line, and rung anew with a limit"
    await desk.decline("a1")
    assert await desk.rings("a1") == lost_agent
    assert (await desk.store.metrics())["repairs"] == 2


async def test_a_wait_whose_limit_was_lost_gets_a_new_one(desk: Desk, redis: Redis) -> None:
    await desk.agent("a1", ready=False)
    call = await desk.join("c1")
    await desk.store.sign_out("a1")
    assert await desk.store.tidy() == 0
    await redis.zrem(f"{desk.store.keys.root}:deadlines", f"nobody:{call}")
    assert await desk.store.tidy() == 1
    await desk.pass_time(desk.policy.nobody_left_s)
    assert (await desk.see("c1")).ended_reason == "closed"


async def test_a_server_that_refuses_to_write_is_unavailable_and_not_a_fault(desk: Desk, redis: Redis) -> None:
    await desk.agent("a1")
    await redis.execute_command("REPLICAOF", "127.0.0.1", "1")  # type: ignore[no-untyped-call]
    try:
        with pytest.raises(StoreUnavailable) as caught:
            await desk.join("c1")
    finally:
        await redis.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]
    assert caught.value.retryable
    assert await desk.join("c1")


async def test_a_server_that_forgot_the_scripts_gets_them_again(desk: Desk, redis: Redis) -> None:
    await desk.store.load()
    await redis.function_flush()
    await desk.agent("a1")
    assert (await desk.look("a1")).state == "available"


async def test_scripts_of_other_versions_do_not_pile_up_and_a_node_of_one_gets_its_own_again(
    desk: Desk, redis: Redis
) -> None:
    await desk.agent("a1")
    for number in range(LIBRARIES_KEPT):
        name = f"{PREFIX}{number:016x}"
        text = f"#!lua name={name}\nredis.register_function('{name}_f', function() return 1 end)"
        await redis.function_load(text, replace=True)
    newer = Store(redis, pool=desk.store.keys.pool, policy=Policy(ring_timeout_s=77))
    await newer.load()
    assert len(await redis.function_list(library=f"{PREFIX}*")) < LIBRARIES_KEPT
    assert (await desk.look("a1")).state == "available"


async def test_a_store_that_does_not_answer_is_said_to(pool: str) -> None:
    client = hot("unix:///nonexistent/valkey.sock")
    with pytest.raises(StoreUnavailable) as caught:
        await Store(client, pool=pool).sweep()
    assert caught.value.retryable
    with pytest.raises(StoreUnavailable):
        await Store(client, pool=pool).load()
    await client.aclose()


async def test_a_cancelled_caller_is_cancelled_at_every_moment(desk: Desk) -> None:
    await desk.store.load()
    for turns in range(40):
        task = asyncio.create_task(desk.store.tidy())
        for _ in range(turns):
            await asyncio.sleep(0)
        was_done = task.done()
        task.cancel()
        [outcome] = await asyncio.gather(task, return_exceptions=True)
        assert was_done or isinstance(outcome, asyncio.CancelledError)
