"""What a matter is about, as the customer says on the page: who knows it is asked, and it never shuts anybody out."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from tests.support.desk import Desk

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


async def stored(desk: Desk, kind: str, name: str, field: str) -> str:
    raw = await desk.store.redis.hget(f"{desk.store.keys.root}:{kind}:{name}", field)
    return raw.decode() if isinstance(raw, bytes) else str(raw)


async def test_who_knows_the_topic_takes_the_call_and_reads_it_beside_what_is_needed(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    await desk.pass_time(1)
    await desk.agent("a2", "csl", "refund")
    call = await desk.join("c1", "csl", topic="refund")
    ringing = (await desk.look("a2")).reservation
    assert ringing is not None
    assert (ringing.call, ringing.needs, ringing.topic) == (call, ("csl",), "refund")
    await desk.accept("a2")
    served = (await desk.look("a2")).call
    assert served is not None
    assert (served.needs, served.topic) == (("csl",), "refund")
    assert await stored(desk, "record", call, "topic") == "refund"
    assert await stored(desk, "record", call, "needs") == "csl+refund"


async def test_a_topic_that_nobody_on_shift_knows_is_served_by_anybody_who_then_reads_it(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    call = await desk.join("c1", topic="refund")
    ringing = (await desk.look("a1")).reservation
    assert ringing is not None
    assert (ringing.call, ringing.needs, ringing.topic) == (call, (), "refund")


async def test_how_somebody_signs_comes_before_what_it_is_about(desk: Desk) -> None:
    await desk.agent("a1", "csl", "refund")
    await desk.pass_time(1)
    await desk.agent("a2", "hksl")
    assert await desk.rings("a2") == ""
    call = await desk.join("c1", sign_language="hksl", topic="refund")
    assert await desk.rings("a2") == call
    both = await desk.agent("a3", "hksl", "refund")
    call = await desk.join("c2", sign_language="hksl", topic="refund")
    assert await desk.rings(both) == call


async def test_a_topic_waits_for_who_knows_it_and_falls_when_nobody_does_any_more(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    await desk.agent("a2", "csl", "refund", ready=False)
    call = await desk.join("c1", topic="refund")
    assert await desk.rings("a1") == ""
    await desk.store.sign_out("a2")
    await desk.pass_time(desk.policy.nobody_left_s)
    assert await desk.rings("a1") == call


async def test_another_signer_may_know_less_of_it_when_nobody_else_is_there(desk: Desk) -> None:
    await desk.agent("a2", "refund")
    call = await desk.join("c1", topic="refund")
    assert await desk.accept("a2") == call
    await desk.agent("a1", "csl")
    await desk.store.another_signer("c1", call, (await desk.see("c1")).epoch)
    assert await desk.rings("a1") == call
