"""An agent says in a call that the matter is urgent: the wall has it, its owner and its times, until it is solved."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from signaling.errors import NoCall, StaleReservation
from signaling.messages import UrgentMatter
from tests.support.desk import Desk
from video_service.records import Records

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


async def escalated(desk: Desk, after_s: float = 60) -> str:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.pass_time(after_s)
    await desk.store.escalate("a1", call, (await desk.call_of()).epoch)
    return call


async def matter(desk: Desk) -> UrgentMatter:
    (found,) = (await desk.store.coordinator_view()).urgent_matters
    return found


async def test_the_call_goes_on_and_the_wall_has_its_owner_and_times_from_now_on(desk: Desk) -> None:
    call = await escalated(desk)
    seen = await matter(desk)
    assert (seen.call, seen.state, seen.owner_name, seen.escalated) == (call, "active", "A1", "agent")
    assert (seen.proposal_s, seen.solution_s) == (
        60 + desk.policy.urgent_proposal_s,
        60 + desk.policy.urgent_solution_s,
    )
    assert (await desk.call_of()).urgent
    assert (await desk.see("c1")).state == "connected"
    await desk.store.escalate("a1", call, (await desk.call_of()).epoch)
    assert await matter(desk) == seen
    record = await Records(desk.store.redis, pool=desk.store.keys.pool).get(call)
    assert [(each.what, each.who) for each in record.timeline] == [("escalated", "a1")]
    assert record.call_class == "normal", "how it came in counts for the goals"
    await desk.pass_time(desk.policy.urgent_proposal_s / 2)
    assert (await matter(desk)).escalated == "proposal"


async def test_what_came_of_it_settles_it_and_no_follow_up_does(desk: Desk) -> None:
    call = await escalated(desk)
    await desk.store.hang_up("c1", call)
    assert (await matter(desk)).state == "over"
    await desk.store.disposition("a1", call, outcome="solved", note="", due_in_h=0)
    assert (await desk.store.coordinator_view()).urgent_matters == ()
    assert (await Records(desk.store.redis, pool=desk.store.keys.pool).get(call)).solved_ms == desk.now_ms


async def test_passed_on_it_goes_before_all_that_is_not_urgent(desk: Desk) -> None:
    call = await escalated(desk)
    await desk.agent("a2")
    busy = await desk.talk("a2", "c3")
    await desk.join("c2", vip=True)
    await desk.store.transfer("a1", call, (await desk.call_of()).epoch)
    waiting = (await desk.store.coordinator_view()).waiting
    assert [each.urgent for each in waiting] == [True, False]
    await desk.store.hang_up("c3", busy)
    await desk.store.ready("a2")
    assert await desk.rings("a2") == call
    await desk.accept("a2")
    assert (await matter(desk)).owner_name == "A2"


async def test_only_the_agent_of_a_live_call_says_so(desk: Desk) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.agent("a2")
    await desk.store.invite("a1", call, (await desk.call_of()).epoch, to="a2")
    await desk.accept("a2")
    epoch = (await desk.call_of()).epoch
    for person, name in (("a2", call), ("c1", call), ("a1", "c_none")):
        with pytest.raises(NoCall):
            await desk.store.escalate(person, name, epoch)
    with pytest.raises(StaleReservation):
        await desk.store.escalate("a1", call, epoch - 1)
    await desk.store.hang_up("c1", call)
    with pytest.raises(NoCall):
        await desk.store.escalate("a1", call, epoch)
    assert (await desk.store.coordinator_view()).urgent_matters == ()
