"""Urgent matters on the wall: from the call's arrival until somebody has solved them, on a real Valkey."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import Redis

from signaling.messages import Outcome, UrgentMatter
from tests.support.desk import Desk

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


async def _matters(desk: Desk) -> tuple[UrgentMatter, ...]:
    return (await desk.store.coordinator_view()).urgent_matters


async def _served(desk: Desk, outcome: Outcome, due_in_h: int = 0) -> str:
    """An urgent call is answered, ends, and its agent says how."""
    await desk.agent("a1")
    call = await desk.join("c1", urgent=True)
    await desk.accept("a1")
    await desk.store.hang_up("c1", call)
    await desk.store.disposition("a1", call, outcome=outcome, note="", due_in_h=due_in_h)
    return call


async def test_an_urgent_call_is_on_the_wall_with_its_state_and_its_owner_until_it_is_solved(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    call = await desk.join("c1", urgent=True)
    await desk.join("c2")
    view = await desk.store.coordinator_view()
    times: dict[str, Any] = {"since_ms": desk.now_ms, "proposal_s": 900, "solution_s": 7_200}
    assert view.urgent_matters == (UrgentMatter(call=call, state="waiting", **times),)
    await desk.store.ready("a1")
    assert (await _matters(desk))[0].state == "ringing"
    await desk.accept("a1")
    (matter,) = await _matters(desk)
    assert (matter.state, matter.owner_name, matter.proposed) == ("active", "A1", False)
    await desk.store.hang_up("a1", call)
    assert (await _matters(desk))[0].state == "over"
    await desk.store.disposition("a1", call, outcome="solved", note="", due_in_h=0)
    assert await _matters(desk) == ()


async def test_at_half_of_each_time_the_wall_says_so(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    call = await desk.join("c1", urgent=True)
    await desk.pass_time(desk.policy.urgent_proposal_s / 2 - 1)
    assert (await _matters(desk))[0].escalated == ""
    await desk.pass_time(1)
    assert (await _matters(desk))[0].escalated == "proposal"
    await desk.store.ready("a1")
    await desk.accept("a1")
    await desk.store.hang_up("c1", call)
    await desk.store.disposition("a1", call, outcome="follow_up", note="", due_in_h=2)
    (matter,) = await _matters(desk)
    assert (matter.proposed, matter.escalated) == (True, "proposal")
    await desk.pass_time(desk.policy.urgent_solution_s / 2)
    assert (await _matters(desk))[0].escalated == "solution"


@pytest.mark.parametrize(("outcome", "proposed"), [("follow_up", True), ("referred", True), ("cut_off", False)])
async def test_what_the_agent_says_is_a_proposal_unless_the_call_was_cut_off(
    desk: Desk, outcome: Outcome, proposed: bool
) -> None:
    await _served(desk, outcome, 2 if outcome == "follow_up" else 0)
    assert (await _matters(desk))[0].proposed is proposed
    await desk.pass_time(desk.policy.urgent_proposal_s / 2)
    assert (await _matters(desk))[0].escalated == ("" if proposed else "proposal")


async def test_an_agent_who_takes_back_that_it_is_solved_opens_it_again_and_not_over_the_customers_word(
    desk: Desk,
) -> None:
    call = await _served(desk, "solved")
    assert await _matters(desk) == ()
    await desk.store.disposition("a1", call, outcome="follow_up", note="", due_in_h=2)
    (matter,) = await _matters(desk)
    assert (matter.call, matter.state, matter.owner_name, matter.proposed) == (call, "over", "A1", True)
    await desk.pass_time(desk.policy.after_call_limit_s / 2)
    await desk.store.survey("c1", call, solved="yes", face=5)
    await desk.store.disposition("a1", call, outcome="referred", note="", due_in_h=0)
    assert await _matters(desk) == ()


async def test_what_is_open_again_is_escalated_as_if_it_had_stayed_so(desk: Desk) -> None:
    call = await _served(desk, "misdirected")
    await desk.store.disposition("a1", call, outcome="referred", note="", due_in_h=0)
    await desk.pass_time(desk.policy.urgent_solution_s / 2)
    assert (await _matters(desk))[0].escalated == "solution"


async def test_the_customers_word_that_it_is_solved_closes_it(desk: Desk) -> None:
    call = await _served(desk, "referred")
    await desk.store.survey("c1", call, solved="no", face=1)
    assert len(await _matters(desk)) == 1
    await desk.store.survey("c1", call, solved="yes", face=5)
    assert await _matters(desk) == ()
    await desk.pass_time(desk.policy.urgent_solution_s)
    assert await _matters(desk) == ()


async def test_one_who_gives_up_waiting_closes_it_and_one_whose_page_is_lost_does_not(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    given_up = await desk.join("c1", urgent=True)
    lost = await desk.join("c2", urgent=True)
    await desk.store.hang_up("c1", given_up)
    await desk.drop("c2")
    await desk.pass_time(desk.policy.keep_place_s)
    (matter,) = await _matters(desk)
    assert (matter.call, matter.state, matter.owner_name) == (lost, "over", "")


async def test_nobody_looks_for_it_on_the_wall_after_a_day(desk: Desk) -> None:
    await _served(desk, "referred")
    await desk.pass_time(86_000)
    await desk.store.tidy()
    assert len(await _matters(desk)) == 1
    await desk.pass_time(400)
    await desk.store.tidy()
    assert await _matters(desk) == ()


async def test_the_oldest_stands_first(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    first = await desk.join("c1", urgent=True)
    await desk.pass_time(1)
    second = await desk.join("c2", urgent=True)
    assert [matter.call for matter in await _matters(desk)] == [first, second]
