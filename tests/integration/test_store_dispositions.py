"""What an agent says of a call afterwards, what is promised to the customer, and what is told of earlier calls."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from signaling.errors import BadDisposition, NoCall
from signaling.identity_types import Identity
from signaling.messages import AfterCall, Earlier, Outcome
from signaling.policy import Policy
from tests.support.desk import START_MS, Desk
from video_service.cipher import SEALED_START
from video_service.records import Records, SessionRecord

pytestmark = pytest.mark.integration

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool, Policy(record_retention_days=30, note_retention_days=7))


async def ended(desk: Desk, agent: str = "a1", customer: str = "c1") -> str:
    """Let a call of the two end; the agent is in after-call work for it."""
    call = await desk.talk(agent, customer)
    await desk.pass_time(30)
    await desk.store.hang_up(customer, call)
    return call


async def say(desk: Desk, call: str, outcome: Outcome = "solved", due_in_h: int = 0, **more: Any) -> None:
    said = {"note": "", "agent": "a1"} | more
    await desk.store.disposition(said["agent"], call, outcome=outcome, note=said["note"], due_in_h=due_in_h)


async def work(desk: Desk, agent: str = "a1") -> AfterCall:
    after = (await desk.look(agent)).after_call
    assert after is not None
    return after


async def record(desk: Desk, call: str) -> SessionRecord:
    return await Records(desk.store.redis, pool=desk.store.keys.pool).get(call)


async def promises(desk: Desk) -> dict[str, int]:
    found: list[Any] = await desk.store.redis.zrange(desk.store.keys.follow_ups, 0, -1, withscores=True)
    return {member.decode(): int(score) for member, score in found}


async def test_the_last_word_counts_and_stands_on_the_agents_page_and_on_record(desk: Desk) -> None:
    await desk.agent("a1")
    call = await ended(desk)
    before = await work(desk)
    assert (before.call, before.since_ms, before.outcome, before.note) == (call, desk.now_ms, "", "")
    assert (before.warn_ms, before.limit_ms) == (480_000, 600_000)
    await say(desk, call, "solved", note="the parcel was found")
    await say(desk, call, "referred", note="the insurer pays")
    after = await work(desk)
    assert (after.outcome, after.note, after.due_in_h) == ("referred", "the insurer pays", 0)
    kept = await record(desk, call)
    assert (kept.outcome, kept.follow_up_due_ms, kept.follow_up_owner) == ("referred", 0, "")
    assert await promises(desk) == {}
    await say(desk, call, "referred")
    assert (await work(desk)).note == "", "an emptied note is no note"


async def test_who_notes_nothing_takes_no_colleagues_note_away(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    await desk.store.another_signer("c1", call, (await desk.see("c1")).epoch)
    await say(desk, call, "referred", note="the insurer pays")
    assert await desk.accept("a2") == call
    await desk.store.hang_up("c1", call)
    await say(desk, call, "solved", agent="a2")
    assert (await work(desk)).note == "the insurer pays"
    await say(desk, call, "solved", note="paid", agent="a2")
    await say(desk, call, "solved", agent="a2")
    assert (await work(desk, "a2")).note == "", "the own one is"


async def test_a_promise_is_told_to_the_customer_and_stands_in_the_list(desk: Desk) -> None:
    await desk.agent("a1")
    call = await ended(desk)
    assert (await desk.see("c1")).follow_up_due_ms == 0
    await say(desk, call, "follow_up", 24)
    due_ms = desk.now_ms + DAY_MS
    seen = await desk.see("c1")
    assert (seen.state, seen.follow_up_due_ms, seen.agent_name) == ("ended", due_ms, "A1")
    assert await promises(desk) == {call: due_ms}
    kept = await record(desk, call)
    assert (kept.outcome, kept.follow_up_due_ms, kept.follow_up_owner) == ("follow_up", due_ms, "a1")

    await desk.pass_time(60)
    await say(desk, call, "follow_up", 24, note="call back about the refund")
    assert await promises(desk) == {call: due_ms}, "said again, with a longer note, it is the same promise"
    await say(desk, call, "follow_up", 2)
    assert await promises(desk) == {call: desk.now_ms + 2 * HOUR_MS}
    assert (await work(desk)).due_in_h == 2
    await say(desk, call, "solved")
    assert await promises(desk) == {}
    seen = await desk.see("c1")
    assert (seen.follow_up_due_ms, seen.agent_name) == (0, "")


async def test_a_promise_that_was_kept_does_not_come_back_by_being_said_again(desk: Desk) -> None:
    await desk.agent("a1")
    call = await ended(desk)
    await say(desk, call, "follow_up", 2)
    done = f"{desk.store.keys.root}:messages:done"
    await desk.store.redis.zrem(desk.store.keys.follow_ups, call)
    await desk.store.redis.zadd(done, {call: desk.now_ms})
    await say(desk, call, "follow_up", 2, note="called back at once")
    assert await promises(desk) == {}
    await say(desk, call, "follow_up", 72)
    assert await promises(desk) == {call: desk.now_ms + 3 * DAY_MS}, "another promise is open again"
    assert await desk.store.redis.zscore(done, call) is None


@pytest.mark.parametrize(
    ("outcome", "due_in_h"),
    [("follow_up", 0), ("follow_up", 1), ("follow_up", 73), ("solved", 2), ("cut_off", 72), ("misdirected", 24)],
)
async def test_only_a_follow_up_has_a_time_and_it_is_one_of_three(desk: Desk, outcome: Outcome, due_in_h: int) -> None:
    await desk.agent("a1")
    call = await ended(desk)
    with pytest.raises(BadDisposition):
        await say(desk, call, outcome, due_in_h)
    assert (await record(desk, call)).outcome == ""


async def test_nobody_says_anything_of_a_call_but_its_agent_in_after_call_work(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    for agent in ("a1", "a9", "c1"):
        with pytest.raises(NoCall):
            await say(desk, call, agent=agent)  # it goes on
    await desk.store.hang_up("a1", call)
    await desk.agent("a2")
    other = await ended(desk, "a2", "c2")
    for agent, name in (("a2", call), ("a1", other), ("a1", "c_none"), ("c1", call)):
        with pytest.raises(NoCall):
            await say(desk, name, agent=agent)
    await say(desk, call, "cut_off")
    await desk.store.ready("a1")
    with pytest.raises(NoCall):
        await say(desk, call, "solved")
    assert (await record(desk, call)).outcome == "cut_off"
    assert (await desk.look("a1")).after_call is None


@pytest.mark.parametrize("how", ["break", "limit", "sign_out"])
async def test_however_the_work_ends_what_was_said_stays_and_nothing_more_is_taken(desk: Desk, how: str) -> None:
    await desk.agent("a1")
    call = await ended(desk)
    await say(desk, call, "follow_up", 72, note="ask the airline")
    if how == "break":
        await desk.store.break_("a1")
    elif how == "limit":
        await desk.pass_time(desk.policy.after_call_limit_s)
    else:
        await desk.store.sign_out("a1")
    with pytest.raises(NoCall):
        await say(desk, call)
    assert (await record(desk, call)).outcome == "follow_up"
    assert set(await promises(desk)) == {call}


async def test_who_was_left_for_another_signer_says_what_it_was_about_too(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    await desk.store.another_signer("c1", call, (await desk.see("c1")).epoch)
    await say(desk, call, "follow_up", 2, note="wants somebody who knows medicine")
    await desk.accept("a2")
    await desk.store.hang_up("a2", call)
    assert (await work(desk, "a2")).outcome == "follow_up", "the next one sees what was said"
    await say(desk, call, "solved", agent="a2")
    kept = await record(desk, call)
    assert (kept.outcome, kept.follow_up_owner) == ("solved", "")
    assert await promises(desk) == {}


@pytest.mark.parametrize(("record_days", "days"), [(30, 7), (5, 5)])
async def test_a_note_is_sealed_and_passes_in_its_time_or_with_the_record(
    redis: Redis, pool: str, record_days: int, days: int
) -> None:
    desk = Desk(redis, pool, Policy(record_retention_days=record_days, note_retention_days=7))
    await desk.agent("a1")
    call = await ended(desk)
    await say(desk, call, "follow_up", 24, note="号码 139 在前台")
    name = desk.store.keys.call_note(call)
    stored = await desk.store.redis.get(name)
    assert isinstance(stored, bytes)
    assert stored.decode().startswith(SEALED_START)
    assert (days - 1) * DAY_MS < await desk.store.redis.pttl(name) <= days * DAY_MS


async def test_a_note_that_is_written_late_goes_no_later_than_the_record(redis: Redis, pool: str) -> None:
    desk = Desk(redis, pool, Policy(record_retention_days=7, note_retention_days=7))
    await desk.agent("a1")
    call = await ended(desk)
    await redis.pexpire(desk.store.keys.record(call), DAY_MS)
    await say(desk, call, "solved", note="written six days later, were that possible")
    assert 0 < await redis.pttl(desk.store.keys.call_note(call)) <= DAY_MS


async def test_a_promise_goes_with_its_record(desk: Desk) -> None:
    await desk.agent("a1")
    call = await ended(desk)
    await say(desk, call, "follow_up", 24)
    await desk.store.tidy()
    assert set(await promises(desk)) == {call}
    await desk.store.redis.delete(desk.store.keys.record(call))
    await desk.store.tidy()
    assert await promises(desk) == {}


async def test_words_of_two_pages_at_once_leave_one_of_them_whole(desk: Desk) -> None:
    await desk.agent("a1")
    call = await ended(desk)
    await asyncio.gather(say(desk, call, "follow_up", 24, note="one"), say(desk, call, "solved", note="two"))
    after = await work(desk)
    assert (after.outcome, after.note) in {("follow_up", "one"), ("solved", "two")}
    assert bool(await promises(desk)) == (after.outcome == "follow_up")


async def test_what_the_host_said_stays_for_the_after_call_work_and_no_longer(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.connect(Identity(person="c1", role="customer", verified=True))
    call = await desk.store.join(
        "c1", queue="main", needs=(), urgent=False, reason="", locale="", entry="launch", context="order 17"
    )
    await desk.accept("a1")
    await desk.store.hang_up("c1", call)
    about = (await work(desk)).about
    assert (about.context, about.verified, about.entry) == ("order 17", True, "launch")
    await desk.store.ready("a1")
    assert await desk.store.redis.hget(f"{desk.store.keys.root}:call:{call}", "context") == b""


async def test_an_unanswered_call_keeps_nothing_of_what_the_host_said(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    await desk.customer("c1")
    call = await desk.store.join("c1", queue="main", needs=(), urgent=False, reason="", locale="", context="order 17")
    await desk.store.hang_up("c1", call)
    assert await desk.store.redis.hget(f"{desk.store.keys.root}:call:{call}", "context") == b""


# -- earlier calls


async def test_an_agent_sees_the_customers_earlier_answered_calls_newest_first(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.agent("a2", ready=False)
    joined = []
    for number in range(7):
        joined.append(desk.now_ms)
        call = await ended(desk)
        if number == 6:
            await say(desk, call, "referred")
        await desk.pass_time(60)
        await desk.store.ready("a1")
    await desk.store.break_("a1")
    unanswered = await desk.join("c1")
    await desk.store.hang_up("c1", unanswered)
    await desk.store.ready("a2")
    call = await desk.join("c1")
    ringing = (await desk.look("a2")).reservation
    assert ringing is not None
    expected = tuple(
        Earlier(at_ms=at_ms, agent_name="A1", outcome="referred" if at_ms == joined[-1] else "", with_me=False)
        for at_ms in reversed(joined[-5:])
    )
    assert ringing.about.earlier == expected
    await desk.accept("a2")
    view = await desk.look("a2")
    assert view.call is not None
    assert view.call.about.earlier == expected
    await desk.store.hang_up("c1", call)
    assert (await work(desk, "a2")).about.earlier == expected, "this very call is none of the earlier ones"


async def test_whoever_served_a_part_of_it_has_met_the_customer(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    await desk.store.another_signer("c1", call, (await desk.see("c1")).epoch)
    await desk.accept("a2")
    await desk.store.hang_up("c1", call)
    await desk.store.ready("a1")
    await desk.join("c1")
    await desk.pass_time(desk.policy.last_agent_window_s)
    ringing = (await desk.look("a1")).reservation
    assert ringing is not None
    assert ringing.about.earlier == (Earlier(at_ms=START_MS, agent_name="A2", outcome="", with_me=True),)


async def test_a_first_call_has_no_earlier_ones_and_nobody_elses(desk: Desk) -> None:
    await desk.agent("a1")
    await ended(desk)
    await desk.store.ready("a1")
    await desk.join("c2")
    ringing = (await desk.look("a1")).reservation
    assert ringing is not None
    assert ringing.about.earlier == ()


async def test_the_list_of_a_customers_calls_passes_with_the_records(desk: Desk) -> None:
    await desk.agent("a1")
    await ended(desk)
    name = f"{desk.store.keys.root}:calls_of:c1"
    assert 29 * DAY_MS < await desk.store.redis.pttl(name) <= 30 * DAY_MS
    desk.now_ms += 31 * DAY_MS
    await desk.agent("a2", ready=False, shift=False)
    await desk.store.add_shift("a2", desk.now_ms - 1_000, desk.now_ms + HOUR_MS)
    await desk.back("c1")
    call = await desk.join("c1")
    found: list[Any] = await desk.store.redis.zrange(name, 0, -1)
    assert [member.decode() for member in found] == [call]


async def test_nothing_is_noted_of_a_customer_who_was_erased_meanwhile(desk: Desk) -> None:
    await desk.agent("a1")
    call = await ended(desk)
    await desk.store.redis.hset(desk.store.keys.record(call), "customer", "")  # as an erasure leaves it
    with pytest.raises(NoCall):
        await say(desk, call, "follow_up", 24, note="about the refund")
    assert await promises(desk) == {}
    assert await desk.store.redis.exists(desk.store.keys.call_note(call)) == 0
