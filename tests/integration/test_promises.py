"""Promises to customers: one owner each, asked after once, late at their time, given on, kept; with virtual time."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import Redis

from signaling.errors import NoMatter, NoPromise, NotOwner, UrgedAlready
from signaling.messages import LatePromise, Outcome, UrgentMatter
from tests.support.desk import Desk
from video_service.records import Records, SessionRecord
from video_service.redis_client import text_of

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


async def promised(
    desk: Desk, agent: str = "a1", customer: str = "c1", *, due_in_h: int = 2, urgent: bool = False
) -> str:
    """Let a call end with a promise, and its agent be free again."""
    if agent not in desk.sockets:
        await desk.agent(agent)
    call = await desk.join(customer, urgent=urgent)
    await desk.accept(agent)
    await desk.store.hang_up(customer, call)
    await say(desk, call, "follow_up", due_in_h, agent=agent)
    await desk.store.ready(agent)
    await desk.store.hang_up(customer, call)
    return call


async def say(desk: Desk, call: str, outcome: Outcome, due_in_h: int = 0, *, agent: str = "a1", note: str = "") -> None:
    await desk.store.disposition(agent, call, outcome=outcome, note=note, due_in_h=due_in_h)


async def members(desk: Desk, name: str) -> list[str]:
    found: list[Any] = await desk.store.redis.zrange(f"{desk.store.keys.root}:{name}", 0, -1)
    return [text_of(each) for each in found]


async def record(desk: Desk, call: str) -> SessionRecord:
    return await Records(desk.store.redis, pool=desk.store.keys.pool).get(call)


async def wall(desk: Desk) -> tuple[LatePromise, ...]:
    return (await desk.store.coordinator_view()).late_promises


async def matters(desk: Desk) -> tuple[UrgentMatter, ...]:
    return (await desk.store.coordinator_view()).urgent_matters


async def test_a_customer_asks_after_a_promise_once_and_owner_and_coordinator_see_it_at_once(desk: Desk) -> None:
    call = await promised(desk)
    assert await wall(desk) == ()
    desk.now_ms += 1_000
    await desk.store.urge("c1", call)
    assert (await record(desk, call)).promise_urged_ms == desk.now_ms
    assert (await desk.look("a1")).promise_news_ms == desk.now_ms
    (seen,) = await wall(desk)
    assert (seen.call, seen.owner_name, seen.urged_ms, seen.late) == (call, "A1", desk.now_ms, False)
    with pytest.raises(UrgedAlready):
        await desk.store.urge("c1", call)


async def test_nobody_asks_after_what_is_another_ones_or_kept_or_was_never_promised(desk: Desk) -> None:
    call = await promised(desk)
    await desk.customer("c2")
    for customer, name in (("c2", call), ("c1", "c_none"), ("", call)):
        with pytest.raises(NoPromise):
            await desk.store.urge(customer, name)
    await desk.store.turn_promise(call, "done", by="o-1")
    with pytest.raises(NoPromise):
        await desk.store.urge("c1", call)
    assert (await record(desk, call)).promise_urged_ms == 0


async def test_a_promise_is_late_at_its_time_and_then_the_coordinators_too(desk: Desk) -> None:
    call = await promised(desk)
    due_ms = (await record(desk, call)).follow_up_due_ms
    await desk.pass_time((due_ms - desk.now_ms) / 1_000 - 1, beats=False)
    assert await wall(desk) == ()
    await desk.pass_time(1, beats=False)
    assert await wall(desk) == (LatePromise(call=call, owner_name="A1", due_ms=due_ms, late=True),)
    assert (await record(desk, call)).promise_late_ms == due_ms
    assert (await desk.look("a1")).promise_news_ms == due_ms
    await desk.store.turn_promise(call, "done", by="a1", own=True)
    assert await wall(desk) == ()
    assert await members(desk, "messages:done") == [call]


async def test_what_is_open_again_after_its_time_is_late_again_at_the_next_look(desk: Desk) -> None:
    call = await promised(desk)
    await desk.pass_time(2 * 3_600, beats=False)
    await desk.store.turn_promise(call, "done", by="o-1")
    await desk.store.turn_promise(call, "done", by="o-1")
    assert await members(desk, "promises_of:a1") == []
    await desk.store.turn_promise(call, "open", by="o-1")
    await desk.pass_time(1, beats=False)
    assert [each.late for each in await wall(desk)] == [True]
    assert await members(desk, "follow_ups") == await members(desk, "promises_of:a1") == [call]
    assert await members(desk, "messages:done") == []


async def test_a_late_promise_given_to_another_stays_late_and_has_one_owner(desk: Desk) -> None:
    call = await promised(desk)
    await desk.agent("a2")
    await desk.pass_time(2 * 3_600, beats=False)
    await desk.store.give_promise(call, "a2")
    assert (await members(desk, "promises_of:a1"), await members(desk, "promises_of:a2")) == ([], [call])
    assert [(each.owner_name, each.late) for each in await wall(desk)] == [("A2", True)]
    assert (await desk.look("a2")).promise_news_ms == (await desk.look("a1")).promise_news_ms == desk.now_ms
    with pytest.raises(NoPromise):
        await desk.store.turn_promise(call, "done", by="a1", own=True)
    await desk.store.turn_promise(call, "done", by="a2", own=True)
    with pytest.raises(NoPromise):
        await desk.store.give_promise(call, "a1")


async def test_an_owner_who_cannot_keep_it_is_told_to_the_coordinator_until_it_is_given_on(desk: Desk) -> None:
    call = await promised(desk)
    await desk.store.promises_away([(call, "disabled")])
    assert [(each.call, each.away, each.late) for each in await wall(desk)] == [(call, "disabled", False)]
    await desk.store.give_promise(call, "a2")
    assert await wall(desk) == ()
    await desk.store.promises_away([(call, "leave")])
    await desk.store.promises_away([(call, "")])
    assert await wall(desk) == ()
    await desk.store.urge("c1", call)
    await desk.store.promises_away([(call, "leave")])
    await desk.store.promises_away([(call, ""), ("c_none", "leave")])
    assert [each.away for each in await wall(desk)] == [""], "what was asked after stays on the wall"


async def test_the_promise_of_an_agent_whom_the_customer_left_goes_to_who_says_the_last_word(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    await desk.store.another_signer("c1", call, (await desk.see("c1")).epoch)
    await say(desk, call, "follow_up", 2)
    await desk.store.urge("c1", call)
    await desk.accept("a2")
    await desk.store.hang_up("a2", call)
    await say(desk, call, "follow_up", 24, agent="a2")
    assert (await members(desk, "promises_of:a1"), await members(desk, "promises_of:a2")) == ([], [call])
    await desk.store.urge("c1", call)
    await say(desk, call, "solved", agent="a2")
    assert await members(desk, "promises_of:a2") == await members(desk, "promise_care") == []


async def test_what_an_earlier_version_promised_gets_its_list_and_its_time(desk: Desk) -> None:
    call = await promised(desk)
    root = desk.store.keys.root
    await desk.store.redis.delete(f"{root}:promises_of:a1")
    await desk.store.redis.zrem(f"{root}:deadlines", f"promise:{call}")
    await desk.store.tidy()
    assert await members(desk, "promises_of:a1") == [call]
    await desk.pass_time(2 * 3_600, beats=False)
    assert [each.call for each in await wall(desk)] == [call]
    await desk.store.redis.delete(f"{root}:record:{call}")
    await desk.store.tidy()
    assert await members(desk, "follow_ups") == await wall_members(desk) == []


async def wall_members(desk: Desk) -> list[str]:
    return await members(desk, "promise_care")


# ---- urgent matters


async def test_the_whole_of_an_urgent_matter_by_its_clock(desk: Desk) -> None:
    """A proposal within 15 minutes, solved within two hours, an owner, and the coordinator told at half of each."""
    await desk.agent("a1", ready=False)
    call = await desk.join("c1", urgent=True)
    (matter,) = await matters(desk)
    assert (matter.proposal_s, matter.solution_s, matter.since_ms) == (900, 7_200, desk.now_ms)
    await desk.pass_time(449)
    assert (await matters(desk))[0].escalated == ""
    await desk.pass_time(1)
    assert (await matters(desk))[0].escalated == "proposal"
    await desk.store.ready("a1")
    await desk.accept("a1")
    await desk.store.hang_up("a1", call)
    await say(desk, call, "follow_up", 2)
    (matter,) = await matters(desk)
    assert (matter.owner_name, matter.proposed) == ("A1", True)
    assert (await record(desk, call)).proposed_ms - matter.since_ms <= 900_000
    await desk.store.ready("a1")
    await desk.pass_time(3_149)
    assert (await matters(desk))[0].escalated == "proposal"
    await desk.pass_time(1)
    assert desk.now_ms - matter.since_ms == 3_600_000
    assert (await matters(desk))[0].escalated == "solution"
    await desk.pass_time(3_599)
    await desk.store.turn_promise(call, "done", by="a1", own=True)
    assert await matters(desk) == ()
    kept = await record(desk, call)
    assert (kept.solved_ms - kept.joined_ms, kept.escalated) == (7_199_000, "solution")


async def test_a_matter_is_settled_by_its_owner_or_a_coordinator_and_by_nobody_else(desk: Desk) -> None:
    call = await promised(desk, urgent=True)
    with pytest.raises(NotOwner):
        await desk.store.settle_matter(call, by="a2", own=True)
    await desk.store.settle_matter(call, by="a1", own=True)
    assert await matters(desk) == ()
    assert await members(desk, "follow_ups") == [call], "what was promised is still owed"
    with pytest.raises(NoMatter):
        await desk.store.settle_matter(call, by="o-1")
    other = await desk.join("c2", urgent=True)
    await desk.store.settle_matter(other, by="o-1")
    kept = await record(desk, other)
    assert (kept.proposed_ms, kept.solved_ms) == (desk.now_ms, desk.now_ms)


async def test_a_note_that_is_kept_again_does_not_open_what_a_coordinator_settled(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.join("c1", urgent=True)
    await desk.accept("a1")
    await desk.store.hang_up("c1", call)
    await say(desk, call, "referred")
    await desk.store.settle_matter(call, by="o-1")
    await say(desk, call, "referred", note="the hotel has a bed")
    assert await matters(desk) == ()


async def test_a_promise_that_is_open_again_opens_its_matter_again(desk: Desk) -> None:
    call = await promised(desk, urgent=True)
    await desk.store.turn_promise(call, "done", by="o-1")
    assert await matters(desk) == ()
    await desk.store.turn_promise(call, "open", by="o-1")
    assert [each.call for each in await matters(desk)] == [call]


async def test_a_matter_is_given_to_another_owner_with_its_promise_or_without_one(desk: Desk) -> None:
    call = await promised(desk, urgent=True)
    await desk.agent("a2")
    await desk.store.give_promise(call, "a2")
    assert [each.owner_name for each in await matters(desk)] == ["A2"]
    await desk.store.settle_matter(call, by="a2", own=True)
    await desk.store.break_("a2")
    third = await desk.join("c3", urgent=True)
    await desk.accept("a1")
    await desk.store.hang_up("c3", third)
    await desk.store.give_promise(third, "a2")
    assert [each.owner_name for each in await matters(desk)] == ["A2"]
    await desk.store.settle_matter(third, by="a2", own=True)
    assert await matters(desk) == ()


@pytest.mark.parametrize("outcome", ["referred", "solved"])
async def test_a_customer_who_takes_back_that_it_is_solved_opens_the_matter_again(desk: Desk, outcome: Outcome) -> None:
    await desk.agent("a1")
    call = await desk.join("c1", urgent=True)
    await desk.accept("a1")
    await desk.store.hang_up("c1", call)
    await say(desk, call, outcome)
    await desk.store.survey("c1", call, solved="yes", face=4)
    assert await matters(desk) == ()
    await desk.store.survey("c1", call, solved="no", face=2)
    assert [each.call for each in await matters(desk)] == [call]
    await say(desk, call, outcome, note="the agent writes on, and says nothing new")
    assert [each.call for each in await matters(desk)] == [call]
    await desk.pass_time(desk.policy.urgent_solution_s / 2)
    assert (await matters(desk))[0].escalated == "solution"
    await desk.store.survey("c1", call, solved="yes", face=4)
    assert await matters(desk) == ()


async def test_a_yes_taken_back_without_a_no_leaves_the_agents_word(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.join("c1", urgent=True)
    await desk.accept("a1")
    await desk.store.hang_up("c1", call)
    await desk.store.survey("c1", call, solved="yes", face=0)
    await desk.store.survey("c1", call, solved="", face=0)
    assert len(await matters(desk)) == 1
    await say(desk, call, "misdirected")
    await desk.store.survey("c1", call, solved="no", face=0)
    assert await matters(desk) == (), "what is no matter of ours is not opened by a no"
