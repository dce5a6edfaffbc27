"""Queues as matching knows them: who serves them, what counts as in time, and what the wall says; on a real Valkey."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import Redis

from signaling.errors import Closed, UnknownQueue
from signaling.identity_types import Identity
from signaling.messages import ClassToday
from tests.support.desk import ALIVE, Desk
from video_service.queues import Target
from video_service.records import Records, Rollup
from video_service.records_export import roll_up

pytestmark = pytest.mark.integration

QUICK = {"normal": Target(share_percent=80, within_s=60)}


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


async def come(desk: Desk, name: str, queue: str, *needs: str, urgent: bool = False) -> str:
    """A customer whom the host application has sent to a queue joins it."""
    await desk.connect(Identity(person=name, role="customer", locale="zh-CN", queue=queue, needs=needs))
    return await desk.store.join(name, queue=queue, needs=needs, urgent=urgent, reason="", locale="zh-CN")


async def sums(desk: Desk, redis: Redis, pool: str) -> dict[str, Rollup]:
    """The roll-ups of today by queue, which equal those computed anew from the records."""
    records = Records(redis, pool=pool)
    found = await records.rollups(0, 2**53)
    each = [record async for record in records.each(0, 2**53)]
    assert found == roll_up(each, interval_minutes=desk.policy.interval_minutes, target_s=1)
    return {rollup.queue: rollup for rollup in found}


async def test_the_line_is_open_for_a_queue_when_somebody_serves_it(desk: Desk) -> None:
    await desk.queue("rail", needs=("rail:2",), languages=("en",))
    await desk.agent("a1", "csl", "rail:2")
    await desk.connect(Identity(person="c1", role="customer", queue="rail"))
    view = await desk.see("c1")
    assert (view.queue, view.open, view.agents_on) == ("rail", False, 0), "nobody here writes English"
    assert (await desk.store.customer_view("c2", alive=ALIVE)).open, "the main queue asks for nothing"
    before = await desk.store.customer_view("c2", alive=ALIVE, queue="rail")
    assert (before.queue, before.open, before.urgent_open) == ("rail", False, False), "also before the page connects"
    await desk.agent("a2", "rail", "writes_en")
    view = await desk.see("c1")
    assert (view.open, view.urgent_open, view.agents_on) == (True, True, 1)


async def test_what_the_host_asks_for_beside_the_queue_closes_the_line_too(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    await desk.connect(Identity(person="c1", role="customer", needs=("voice",)))
    assert (await desk.see("c1")).open is False
    with pytest.raises(Closed):
        await come(desk, "c1", "main", "voice")
    before = await desk.store.customer_view("c2", alive=ALIVE, needs=("voice",))
    assert (before.open, before.agents_on) == (False, 0)
    await desk.agent("a2", "voice")
    assert (await desk.see("c1")).open is True


async def test_a_call_counts_against_the_target_of_its_queue_and_class(desk: Desk, redis: Redis, pool: str) -> None:
    await desk.queue("rail", targets=QUICK)
    await desk.agent("a1", ready=False)
    for number, queue in enumerate(("main", "rail")):
        call = await come(desk, f"c{number}", queue)
        await desk.pass_time(30)
        await desk.store.ready("a1")
        await desk.accept("a1")
        await desk.store.hang_up("a1", call)
    found = await sums(desk, redis, pool)
    assert (found["main"].within_target, found["main"].within_normal) == (0, 0), "30 s are more than the house's 20"
    assert (found["rail"].within_target, found["rail"].within_normal) == (1, 1)
    wall = await desk.store.coordinator_view()
    assert (wall.offered_today, wall.within_target_today) == (2, 1)
    fixed: dict[str, Any] = {"call_class": "normal", "offered": 1}
    assert wall.classes_today == (
        ClassToday(queue="main", within=0, target_s=20, goal_percent=95, **fixed),
        ClassToday(queue="rail", within=1, target_s=60, goal_percent=80, **fixed),
    )


async def test_each_class_has_its_own_target_and_a_call_keeps_that_of_its_coming(
    desk: Desk, redis: Redis, pool: str
) -> None:
    await desk.queue("rail", targets={"urgent": Target(share_percent=100, within_s=10), **QUICK})
    await desk.agent("a1", ready=False)
    urgent = await come(desk, "c1", "rail", urgent=True)
    normal = await come(desk, "c2", "rail")
    await desk.queue("rail", targets={"normal": Target(share_percent=50, within_s=1)})
    await desk.pass_time(15)
    await desk.store.ready("a1")
    for call in (urgent, normal):
        assert await desk.accept("a1") == call
        await desk.store.hang_up("a1", call)
        await desk.store.ready("a1")
    rail = (await sums(desk, redis, pool))["rail"]
    assert (rail.offered_urgent, rail.within_urgent) == (1, 0)
    assert (rail.offered_normal, rail.within_normal) == (1, 1), "within the 60 s that were said when it came"
    assert (await redis.hget(f"{{{pool}}}:metrics", "answered_in_target")) in (b"1", "1")
    wall = await desk.store.coordinator_view()
    assert [(each.call_class, each.target_s, each.goal_percent) for each in wall.classes_today] == [
        ("urgent", 20, 95),
        ("normal", 1, 50),
    ], "the wall says the targets that hold now"


async def test_an_urgent_matter_has_the_times_of_its_queue(desk: Desk) -> None:
    await desk.queue("airport", proposal_min=4, solution_min=60)
    await desk.agent("a1", ready=False)
    call = await come(desk, "c1", "airport", urgent=True)
    await desk.pass_time(119)
    (matter,) = (await desk.store.coordinator_view()).urgent_matters
    assert (matter.escalated, matter.proposal_s, matter.solution_s) == ("", 240, 3_600)
    await desk.pass_time(1)
    (matter,) = (await desk.store.coordinator_view()).urgent_matters
    assert matter.escalated == "proposal"
    await desk.store.ready("a1")
    await desk.accept("a1")
    await desk.store.hang_up("a1", call)
    await desk.store.disposition("a1", call, outcome="solved", note="", due_in_h=0)
    await desk.store.disposition("a1", call, outcome="referred", note="", due_in_h=0)
    await desk.pass_time(28 * 60)
    assert (await desk.store.coordinator_view()).urgent_matters[0].escalated == "solution", "open again past its half"


async def test_a_queue_that_is_gone_serves_who_waits_in_it_and_takes_nobody_new(desk: Desk, redis: Redis) -> None:
    await desk.queue("rail", targets=QUICK)
    await desk.agent("a1", ready=False)
    call = await come(desk, "c1", "rail")
    await redis.delete(desk.store.keys.queue("rail"))
    with pytest.raises(UnknownQueue):
        await come(desk, "c2", "rail")
    view = await desk.see("c1")
    assert (view.state, view.queue, view.place) == ("waiting", "rail", 1)
    await desk.store.ready("a1")
    assert await desk.rings("a1") == call
