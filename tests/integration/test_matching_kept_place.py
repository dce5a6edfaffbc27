"""A place that is kept: nobody is rung for it, it moves on, it is held at the head, and it ends with its hour."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from signaling.errors import NoCall
from signaling.policy import Policy
from tests.support.desk import HOUR_MS, START_MS, Desk
from video_service.records import Records

pytestmark = pytest.mark.integration

PART_S = 90.0  # longer than a place is kept without asking


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


async def leave_and_keep(desk: Desk, customer: str) -> str:
    """Let a customer join, keep the place and close the page; return the call."""
    call = await desk.join(customer)
    await desk.store.keep_place(customer)
    await desk.drop(customer)
    return call


async def test_the_place_moves_on_while_the_page_is_away(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    before, kept, behind = await desk.join("c1"), await leave_and_keep(desk, "c2"), await desk.join("c3")
    await desk.pass_time(PART_S)
    await desk.store.hang_up("c1", before)
    await desk.back("c2")
    assert (await desk.see("c2")).call == kept
    assert [(await desk.see(name)).place for name in ("c2", "c3")] == [1, 2]
    await desk.store.ready("a1")
    assert await desk.rings("a1") == kept
    assert behind != kept


async def test_nobody_is_rung_for_a_page_that_is_away_and_whoever_comes_back_is_next(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    kept = await leave_and_keep(desk, "c1")
    others = [await desk.join(f"c{n}") for n in (2, 3)]
    await desk.pass_time(PART_S)
    await desk.store.ready("a1")
    assert await desk.accept("a1") == others[0], "the line goes on without whoever is away"
    await desk.pass_time(PART_S)
    await desk.back("c1")
    assert (await desk.see("c1")).place == 1
    await desk.store.hang_up("c2", others[0])
    await desk.store.ready("a1")
    assert await desk.rings("a1") == kept


async def test_it_is_kept_until_its_hour_is_over_and_no_longer(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    until_ms = dict.fromkeys(("c1", "c2"), 0)
    for name in until_ms:
        await desk.join(name)
        until_ms[name] = await desk.store.keep_place(name)
        await desk.drop(name)
    assert until_ms["c1"] == START_MS + HOUR_MS
    await desk.pass_time(3_599)
    await desk.back("c1")
    view = await desk.see("c1")
    assert (view.state, view.kept_until_ms) == ("waiting", until_ms["c1"])
    await desk.pass_time(1)
    assert (await desk.see("c2")).ended_reason == "customer_lost"
    assert (await desk.see("c1")).state == "waiting", "who is here waits on"


async def test_after_the_hour_a_page_that_goes_away_has_the_usual_minute(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    await desk.join("c1")
    await desk.store.keep_place("c1")
    await desk.pass_time(3_590)
    await desk.drop("c1")
    await desk.pass_time(desk.policy.keep_place_s - 1)
    assert (await desk.see("c1")).state == "waiting"
    await desk.pass_time(1)
    assert (await desk.see("c1")).state == "ended"


async def test_asking_again_moves_nothing(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    await desk.join("c1")
    first = await desk.store.keep_place("c1")
    await desk.pass_time(600)
    assert await desk.store.keep_place("c1") == first
    await desk.drop("c1")
    assert await desk.store.keep_place("c1") == first


async def test_a_page_that_was_gone_when_its_wish_came_keeps_the_place_too(desk: Desk) -> None:
    await desk.agent("a1", ready=False)
    await desk.join("c1")
    await desk.drop("c1")
    await desk.store.keep_place("c1")
    await desk.pass_time(PART_S)
    await desk.back("c1")
    assert (await desk.see("c1")).state == "waiting"


async def test_who_does_not_wait_has_no_place_to_keep(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.customer("c1")
    for name in ("c1", "c-nobody", "a1"):
        with pytest.raises(NoCall):
            await desk.store.keep_place(name)
    await desk.talk("a1", "c1")
    with pytest.raises(NoCall):
        await desk.store.keep_place("c1")


async def test_where_places_are_not_kept_nobody_can_ask(redis: Redis, pool: str) -> None:
    desk = Desk(redis, pool, Policy(kept_place_s=0))
    await desk.agent("a1", ready=False)
    await desk.join("c1")
    with pytest.raises(NoCall):
        await desk.store.keep_place("c1")


async def test_a_ring_that_meets_a_closed_page_goes_to_the_next_and_the_place_stays(desk: Desk) -> None:
    await desk.agent("a1")
    kept = await desk.join("c1")
    await desk.store.keep_place("c1")
    behind = await desk.join("c2")
    await desk.drop("c1")
    assert await desk.rings("a1") == behind
    await desk.pass_time(PART_S)
    await desk.back("c1")
    assert (await desk.see("c1")).call == kept


async def test_the_record_says_that_the_place_was_kept(desk: Desk, redis: Redis, pool: str) -> None:
    await desk.agent("a1", ready=False)
    call = await desk.join("c1")
    await desk.pass_time(10)
    await desk.store.keep_place("c1")
    assert (await Records(redis, pool=pool).get(call)).kept_ms == START_MS + 10_000


async def test_a_customer_whose_place_is_kept_is_known_for_as_long(redis: Redis, pool: str) -> None:
    desk = Desk(redis, pool, Policy(resume_ttl_s=60, kept_place_s=3_600))
    await desk.agent("a1", ready=False)
    await leave_and_keep(desk, "c1")
    assert await redis.pttl(f"{{{pool}}}:person:c1") > 3_590_000
