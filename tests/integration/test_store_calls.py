"""Joining, text, hanging up, shifts and the wall, on a real Valkey."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from signaling.errors import (
    NoCall,
    NotSignedIn,
    ShiftOverlaps,
    ShiftUnreadable,
    UnknownQueue,
)
from signaling.policy import Policy
from tests.oracle.compare import Dump
from tests.support.desk import HOUR_MS, START_MS, Desk
from video_service.records import Records

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
        await desk.store.hang_up(person, call)
        customer, agent = await desk.see("c1"), await desk.look("a1")
        assert (customer.ended_reason, agent.ended_reason) == (reason, reason)
        await asyncio.gather(desk.store.hang_up("a1", call), desk.store.hang_up("c1", call))
        assert (await desk.look("a1")).ended_reason == reason


async def test_a_customer_puts_the_end_of_a_call_away(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.store.hang_up("a1", call)
    await desk.store.hang_up("a1", call)
    assert (await desk.see("c1")).state == "ended", "only the customer puts it away"
    for _ in range(2):
        await desk.store.hang_up("c1", call)
        view = await desk.see("c1")
        assert (view.state, view.call, view.ended_reason, view.open) == ("home", "", "", True)
    later = await desk.join("c1")
    await desk.store.hang_up("c1", call)
    assert (await desk.see("c1")).call == later, "an old call's hang-up touches no new one"


async def test_there_are_the_main_queue_and_those_that_are_stored_and_no_others(desk: Desk) -> None:
    await desk.queue("night")
    await desk.agent("a1", ready=False)
    await desk.customer("c1")
    for queue, known in (("night", True), ("anything", False), ("", False)):
        work = desk.store.join("c1", queue=queue, needs=(), urgent=False, reason="", locale="")
        if known:
            await desk.store.hang_up("c1", await work)
        else:
            with pytest.raises(UnknownQueue):
                await work


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
    assert not [key for key, value in dump.values.items() if "geheim" in str(value)]
    assert 0 < await desk.store.redis.pttl(f"{dump.root}texts:{call}") <= desk.policy.text_buffer_s * 1_000


async def test_an_agent_who_is_off_can_do_nothing(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    await desk.store.sign_out("a1")
    await desk.store.sign_out("a1")
    with pytest.raises(NotSignedIn):
        await desk.store.break_("a1")
    await desk.drop("a1")
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
