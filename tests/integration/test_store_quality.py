"""How a leg's picture reached the other person: on its call's record, and as a word on the pages while it is on."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from signaling.policy import Policy
from tests.support.desk import Desk
from video_service.line_quality import LineFacts, LineWord
from video_service.media_plane import LegState
from video_service.records import LegFacts, Records, UnknownRecord

pytestmark = pytest.mark.integration

FACTS = LineFacts(
    seconds=60, rendered_seconds=55, fps_p5=24, fps_p50=30, freezes=2, frozen_ms=640, loss_p50_permille=3,
    loss_p95_permille=41, round_trip_p50_ms=48, round_trip_p95_ms=120, added_p50_us=8_700, added_p95_us=14_200,
    in_p5_kbps=400, in_p50_kbps=720, out_p5_kbps=380, out_p50_kbps=700, pictures=1_800, pictures_whole=12,
    pictures_slate=1,
)  # fmt: skip


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


@pytest.fixture
def records(redis: Redis, pool: str) -> Records:
    return Records(redis, pool=pool)


async def live_call(desk: Desk) -> tuple[str, str, str]:
    """Return a call, its agent's leg and its customer's leg, both with a picture."""
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    agent_leg = f"leg{desk.legs}"
    customer_leg = await desk.offer("c1")
    for person, leg in (("a1", agent_leg), ("c1", customer_leg)):
        await desk.store.leg_event(person, leg=leg, state=LegState.CONNECTED)
        await desk.store.leg_event(person, leg=leg, state=LegState.FLOWING)
    return call, agent_leg, customer_leg


async def tell(desk: Desk, person: str, leg: str, call: str, word: LineWord = "good", facts: LineFacts = FACTS) -> None:
    await desk.store.quality(person, leg=leg, call=call, word=word, facts=facts)


async def leg_of(records: Records, call: str, leg: str) -> LegFacts:
    return next(fact for fact in (await records.get(call)).legs if fact.leg == leg)


async def test_facts_stand_on_the_record_of_the_call_beside_the_times_of_the_leg(desk: Desk, records: Records) -> None:
    call, agent_leg, customer_leg = await live_call(desk)
    before = await leg_of(records, call, customer_leg)
    assert before.quality is None
    await tell(desk, "c1", customer_leg, call)
    await tell(desk, "a1", agent_leg, call, facts=replace(FACTS, fps_p5=20))

    assert await leg_of(records, call, customer_leg) == replace(before, quality=FACTS)
    assert (await leg_of(records, call, agent_leg)).quality == replace(FACTS, fps_p5=20)


async def test_last_facts_count_and_an_older_count_takes_none_of_them_back(desk: Desk, records: Records) -> None:
    call, _, leg = await live_call(desk)
    newer = replace(FACTS, seconds=65, freezes=3)
    for facts in (FACTS, newer, FACTS):
        await tell(desk, "c1", leg, call, facts=facts)
    assert (await leg_of(records, call, leg)).quality == newer


async def test_facts_that_come_after_the_end_are_kept_and_bring_nothing_back(
    desk: Desk, records: Records, redis: Redis
) -> None:
    call, agent_leg, customer_leg = await live_call(desk)
    await tell(desk, "c1", customer_leg, call, "poor")
    await desk.store.hang_up("c1", call)
    closed = await records.get(call)
    final = replace(FACTS, seconds=90)
    await tell(desk, "c1", customer_leg, call, "", final)
    await tell(desk, "a1", agent_leg, call, "", final)

    record = await records.get(call)
    assert replace(record, legs=()) == replace(closed, legs=()), "state, end and times are as they were"
    assert [leg.quality for leg in record.legs] == [final, final]
    assert await redis.ttl(f"{desk.store.keys.root}:record:{call}") > 0, "and it is gone as early as before"
    assert (await desk.see("c1")).state == "ended"
    assert (await desk.look("a1")).state == "after_call"
    assert (await desk.look("a1")).line_theirs == ""


async def test_facts_of_a_record_that_is_gone_make_no_new_one(desk: Desk, records: Records, redis: Redis) -> None:
    call, _, leg = await live_call(desk)
    await desk.store.hang_up("c1", call)
    await redis.delete(f"{desk.store.keys.root}:record:{call}")
    await tell(desk, "c1", leg, call)
    with pytest.raises(UnknownRecord):
        await records.get(call)


async def test_facts_of_people_and_legs_that_nobody_knows_change_nothing(desk: Desk, records: Records) -> None:
    call, _, _ = await live_call(desk)
    before = await records.get(call)
    await tell(desk, "nobody", "leg-x", call)
    await tell(desk, "c1", "leg-x", call)
    await tell(desk, "c1", "leg-x", "no-call")
    assert await records.get(call) == before
    assert (await desk.look("a1")).line_theirs == ""


async def test_each_leg_of_a_person_has_facts_of_its_own(desk: Desk, records: Records) -> None:
    call, _, first = await live_call(desk)
    await tell(desk, "c1", first, call)
    second = await desk.offer("c1")
    await desk.store.leg_event("c1", leg=second, state=LegState.CONNECTED)
    late = replace(FACTS, seconds=61)
    await tell(desk, "c1", first, call, "", late)
    await tell(desk, "c1", second, call, facts=replace(FACTS, seconds=4))
    assert (await leg_of(records, call, first)).quality == late
    assert (await leg_of(records, call, second)).quality == replace(FACTS, seconds=4)


async def test_word_is_seen_by_the_agent_for_both_sides_and_by_the_customer_when_poor(desk: Desk) -> None:
    call, agent_leg, customer_leg = await live_call(desk)
    assert ((await desk.look("a1")).line_mine, (await desk.look("a1")).line_theirs) == ("", "")
    await tell(desk, "a1", agent_leg, call, "fair")
    await tell(desk, "c1", customer_leg, call, "good")
    view = await desk.look("a1")
    assert (view.line_mine, view.line_theirs) == ("fair", "good")
    assert (await desk.see("c1")).line_word == ""
    await tell(desk, "c1", customer_leg, call, "poor")
    assert (await desk.look("a1")).line_theirs == "poor"
    assert (await desk.see("c1")).line_word == "poor"


async def test_word_of_one_call_or_leg_is_not_the_word_of_the_next(desk: Desk) -> None:
    call, agent_leg, customer_leg = await live_call(desk)
    await tell(desk, "a1", agent_leg, call, "poor")
    await tell(desk, "c1", customer_leg, call, "poor")
    await desk.offer("c1")
    assert (await desk.look("a1")).line_theirs == ""
    await desk.store.hang_up("c1", call)
    await desk.store.ready("a1")
    await desk.talk("a1", "c2")
    assert (await desk.look("a1")).line_mine == ""
    assert (await desk.see("c2")).line_word == ""


async def test_word_that_says_the_same_wakes_nobody(desk: Desk, redis: Redis) -> None:
    call, _, leg = await live_call(desk)
    async with redis.pubsub() as listener:
        await listener.subscribe(f"{desk.store.keys.root}:wakes")
        await listener.get_message(timeout=30)
        for word in ("good", "good", "poor"):
            await tell(desk, "c1", leg, call, word)
        await desk.store.pause("c1", True)
        await redis.publish(f"{desk.store.keys.root}:wakes", "the end")
        heard = list[object]()
        while b"the end" not in heard:
            message = await listener.get_message(timeout=30, ignore_subscribe_messages=True)
            assert message is not None
            heard.append(message["data"])
        heard.pop()
    assert len(heard) == 3, "two words that were new, and the pause after them"


async def test_records_without_facts_are_read_as_before(redis: Redis, pool: str, records: Records) -> None:
    desk = Desk(redis, pool, Policy())
    call, _, leg = await live_call(desk)
    raw = await redis.hget(f"{desk.store.keys.root}:record:{call}", "legs")
    assert b"quality" not in (raw if isinstance(raw, bytes) else str(raw).encode())
    assert (await leg_of(records, call, leg)).quality is None
