"""Joining, text, hanging up, the wall, tidying and stopping, on a real Valkey."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from signaling.errors import NoCall, NotSignedIn, SchemaUnknown, ShiftOverlaps, ShiftUnreadable, StoreUnavailable
from signaling.policy import Policy
from signaling.store import Store
from tests.oracle.compare import Dump, sound
from tests.support.desk import HOUR_MS, START_MS, Desk
from video_service.records import Records
from video_service.redis_client import hot

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


async def test_joining_twice_is_joining_once(desk: Desk, redis: Redis, pool: str) -> None:
    await desk.agent("a1", ready=False)
    await desk.customer("c1")
    calls = await asyncio.gather(*(desk.join("c1") for _ in range(5)))
    assert len(set(calls)) == 1
    page = await Records(redis, pool=pool).page(START_MS, START_MS + HOUR_MS)
    assert [record.call for record in page.records] == [calls[0]]


async def test_one_sides_hang_up_ends_the_call_for_both_and_doing_so_twice_is_no_error(desk: Desk) -> None:
    for person, reason in (("c1", "customer_hung_up"), ("a1", "agent_hung_up")):
        await desk.agent("a1", shift=person == "c1")
        call = await desk.talk("a1", "c1")
        await asyncio.gather(desk.store.hang_up(person, call), desk.store.hang_up(person, call))
        customer, agent = await desk.see("c1"), await desk.look("a1")
        assert (customer.ended_reason, agent.ended_reason) == (reason, reason)
    await desk.store.hang_up("a1", call)


async def test_how_a_call_ended_is_shown_until_the_next_join(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    call = await desk.join("c1")
    await desk.store.hang_up("c1", call)
    await desk.drop("c1")
    await desk.back("c1")
    view = await desk.see("c1")
    assert (view.state, view.ended_reason) == ("ended", "customer_cancelled")
    assert await desk.join("c1") != call
    assert (await desk.see("c1")).state == "waiting"


async def test_nobody_hangs_up_a_call_of_others(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.agent("a2", ready=False)
    call = await desk.join("c1")
    await desk.customer("c2")
    for person in ("c2", "a2", "a1", "nobody"):
        with pytest.raises(NoCall):
            await desk.store.hang_up(person, call)
    with pytest.raises(NoCall):
        await desk.store.hang_up("c1", "no-such-call")
    assert await desk.rings("a1") == call


async def test_a_note_is_seen_at_the_ring_and_gone_when_the_call_is_over(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    with pytest.raises(NoCall):
        await desk.store.note("c1", "too early")
    call = await desk.join("c1")
    await desk.store.note("c1", "行李丢了 — gate 12")
    await desk.store.ready("a1")
    ring = (await desk.look("a1")).reservation
    assert ring is not None
    assert ring.note == "行李丢了 — gate 12"
    await desk.accept("a1")
    await desk.store.hang_up("c1", call)
    with pytest.raises(NoCall):
        await desk.store.note("c1", "too late")
    dump = await Dump(desk.store.keys.pool).read(desk.store.redis)
    assert "gate 12" not in str(dump.values)


async def test_text_has_one_order_and_a_page_reads_on_where_it_was(redis: Redis, pool: str) -> None:
    desk = Desk(redis, pool, Policy(text_buffer_lines=5))
    await desk.agent("a1")
    call = await desk.join("c1")
    with pytest.raises(NoCall):
        await desk.store.say("c1", call, "before the answer")
    await desk.accept("a1")
    assert await desk.store.texts("c1", call, 0) == []
    for number in range(1, 8):
        person = ("a1", "c1")[number % 2]
        assert await desk.store.say(person, call, f"第{number}行\n{{}}") == number
    lines = await desk.store.texts("c1", call, 0)
    assert [line.seq for line in lines] == [3, 4, 5, 6, 7], "as many as are kept"
    assert [line.mine for line in lines] == [True, False, True, False, True]
    assert lines[-1].text == "第7行\n{}"
    assert [line.seq for line in await desk.store.texts("a1", call, 5)] == [6, 7]
    assert await desk.store.texts("a1", call, 7) == await desk.store.texts("a1", call, 99) == []
    assert await desk.store.texts("stranger", call, 0) == []
    with pytest.raises(NoCall):
        await desk.store.say("stranger", call, "hello")
    await desk.store.hang_up("a1", call)
    assert (await desk.store.texts("c1", call, 6))[0].seq == 7, "the last line is not cut off by the end"
    with pytest.raises(NoCall):
        await desk.store.say("c1", call, "after the end")


async def test_text_is_not_on_record_and_not_kept_long(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.store.say("c1", call, "geheim")
    dump = await Dump(desk.store.keys.pool).read(desk.store.redis)
    assert [key for key, value in dump.values.items() if "geheim" in str(value)] == [f"{dump.root}texts:{call}"]
    assert 0 < await desk.store.redis.pttl(f"{dump.root}texts:{call}") <= desk.policy.text_buffer_s * 1_000


async def test_an_agent_who_is_off_can_do_nothing(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    await desk.store.sign_out("a1")
    await desk.store.sign_out("a1")
    for step in (desk.store.ready, desk.store.break_):
        with pytest.raises(NotSignedIn):
            await step("a1")
        with pytest.raises(NotSignedIn):
            await step("never-seen")


async def test_signing_in_twice_is_signing_in_once(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.agent("a1", shift=False, ready=False)
    assert (await desk.look("a1")).state == "available"


# -- shifts


async def test_shifts_of_one_agent_never_overlap(desk: Desk) -> None:
    store = desk.store
    middle = await store.add_shift("a1", START_MS + HOUR_MS, START_MS + 2 * HOUR_MS)
    for first, last in ((0, 3), (1, 2), (0.5, 1.5), (1.5, 2.5), (1.2, 1.8), (0, 1.001)):
        with pytest.raises(ShiftOverlaps):
            await store.add_shift("a1", START_MS + round(first * HOUR_MS), START_MS + round(last * HOUR_MS))
    before = await store.add_shift("a1", START_MS, START_MS + HOUR_MS)
    other = await store.add_shift("a2", START_MS + HOUR_MS, START_MS + 2 * HOUR_MS)
    assert await store.shifts(START_MS, START_MS + 9 * HOUR_MS) == [before, middle, other]
    assert await store.shifts(START_MS, START_MS + HOUR_MS) == [before]
    assert await store.shifts(START_MS + HOUR_MS, START_MS + HOUR_MS + 1) == [middle, other]
    await store.remove_shift(middle.shift)
    assert await store.shifts(START_MS + HOUR_MS, START_MS + 9 * HOUR_MS) == [other]


@pytest.mark.parametrize(("start_ms", "end_ms"), [(5, 5), (6, 5), (-1, 5), (0, 86_400_001)])
async def test_a_shift_that_cannot_be_is_refused(desk: Desk, start_ms: int, end_ms: int) -> None:
    with pytest.raises(ShiftUnreadable):
        await desk.store.add_shift("a1", start_ms, end_ms)


# -- the wall


async def test_the_wall_shows_who_waits_who_talks_and_how_the_day_went(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.pass_time(60)
    await desk.store.hang_up("a1", call)
    live = await desk.join("c2")
    await desk.store.ready("a1")
    await desk.accept("a1")
    waiting = await desk.join("c3")
    urgent = await desk.join("c4", urgent=True)
    await desk.drop("c3")
    gave_up = await desk.join("c5")
    await desk.store.hang_up("c5", gave_up)
    wall = await desk.store.coordinator_view()
    assert [(each.call, each.customer_present) for each in wall.waiting] == [(urgent, True), (waiting, False)]
    assert [(each.call, each.agent) for each in wall.active] == [(live, "a1")]
    assert [(each.agent, each.name, each.state) for each in wall.agents] == [("a1", "A1", "on_call")]
    assert (wall.offered_today, wall.answered_today, wall.within_target_today, wall.abandoned_today) == (2, 1, 1, 1)


async def test_an_urgent_call_is_on_the_wall_however_long_the_line_is(redis: Redis, pool: str) -> None:
    desk = Desk(redis, pool, Policy(wall_limit=3))
    await desk.agent("a1", ready=False)
    for number in range(5):
        await desk.join(f"c{number}")
    urgent = await desk.join("c9", urgent=True)
    waiting = (await desk.store.coordinator_view()).waiting
    assert len(waiting) == 3
    assert waiting[0].call == urgent


async def test_the_estimate_follows_what_calls_last(desk: Desk) -> None:
    await desk.agent("a1")
    estimates = []
    for _ in range(2):
        await desk.join("c8")
        await desk.join("c9")
        estimates.append((await desk.see("c9")).estimate_high_min)
        for customer in ("c8", "c9"):
            view = await desk.see(customer)
            await desk.store.hang_up(customer, view.call)
        for number in range(16):
            await desk.talk("a1", f"d{number}")
            await desk.pass_time(60)
            await desk.store.hang_up(f"d{number}", (await desk.see(f"d{number}")).call)
            await desk.store.break_("a1")
            await desk.pass_time(400)
            await desk.store.ready("a1")
    assert estimates[1] < estimates[0], "calls of one minute instead of the six that were assumed"


# -- repair, stop, failure


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


async def test_a_server_that_refuses_to_write_is_unavailable_and_not_a_fault(desk: Desk, redis: Redis) -> None:
    await desk.agent("a1")
    await redis.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        with pytest.raises(StoreUnavailable) as caught:
            await desk.join("c1")
    finally:
        await redis.execute_command("REPLICAOF", "NO", "ONE")
    assert caught.value.retryable
    assert await desk.join("c1")


async def test_a_server_that_forgot_the_scripts_gets_them_again(desk: Desk, redis: Redis) -> None:
    await desk.store.load()
    await redis.script_flush()
    await desk.agent("a1")
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
