"""What a call asks for: skills with levels, and the customer's way of signing, which is a wish, on a real Valkey."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from signaling.errors import Closed, NobodyElse
from tests.support.desk import Desk

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


async def _stored(desk: Desk, kind: str, name: str, field: str) -> str:
    raw = await desk.store.redis.hget(f"{desk.store.keys.root}:{kind}:{name}", field)
    return raw.decode() if isinstance(raw, bytes) else str(raw)


# -- levels


@pytest.mark.parametrize(
    ("skill", "need", "served"),
    [
        *[("csl", "csl", True), ("csl", "csl:3", True), ("csl:3", "csl:3", True), ("csl:2", "csl:3", False)],
        *[("csl:2", "csl:2", True), ("csl:2", "csl:1", True), ("csl:1", "csl", True), ("csl:1", "csl:2", False)],
        *[("hksl", "csl:1", False), ("csl_north", "csl", False)],
    ],
)
async def test_a_need_asks_for_at_least_its_level(desk: Desk, skill: str, need: str, served: bool) -> None:
    await desk.agent("a1", skill)
    if served:
        call = await desk.join("c1", need)
        assert await desk.rings("a1") == call
    else:
        with pytest.raises(Closed):
            await desk.join("c1", need)


async def test_all_needs_count_and_the_agent_reads_them_as_they_were_said(desk: Desk) -> None:
    await desk.agent("a1", "csl", "rail:1")
    await desk.agent("a2", "csl", "rail:2", "voice")
    call = await desk.join("c1", "rail:2", "csl")
    assert await desk.rings("a1") == ""
    ringing = (await desk.look("a2")).reservation
    assert ringing is not None
    assert (ringing.call, ringing.needs) == (call, ("csl", "rail:2"))


# -- ways of signing


async def test_who_has_the_customers_way_of_signing_takes_the_call(desk: Desk) -> None:
    await desk.agent("a1", "csl_north")
    await desk.pass_time(1)
    await desk.agent("a2", "csl_south")
    call = await desk.join("c1", sign_language="csl_south")
    ringing = (await desk.look("a2")).reservation
    assert ringing is not None
    assert (ringing.call, ringing.needs, ringing.about.sign_language) == (call, (), "csl_south")
    await desk.accept("a2")
    assert await _stored(desk, "record", call, "sign_matched") == "1"


@pytest.mark.parametrize("said", ["hksl", "not_sure", "other", ""])
async def test_what_nobody_on_shift_has_is_served_by_anybody(desk: Desk, said: str) -> None:
    await desk.agent("a1", "csl")
    call = await desk.join("c1", sign_language=said)
    assert await desk.accept("a1") == call
    assert await _stored(desk, "record", call, "sign_language") == said
    assert await _stored(desk, "record", call, "sign_matched") == ("0" if said else "None")


async def test_the_last_call_says_it_where_nobody_else_does(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    await desk.agent("a2", "hksl")
    call = await desk.join("c1", sign_language="hksl")
    assert await desk.rings("a2") == call
    await desk.store.hang_up("c1", call)
    call = await desk.join("c1")
    assert await desk.rings("a2") == call
    await desk.store.hang_up("c1", call)
    call = await desk.join("c1", sign_language="csl")
    assert await desk.rings("a1") == call, "what is said now comes first"


async def test_a_wish_waits_for_who_has_it_and_falls_when_nobody_has_it_any_more(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    await desk.agent("a2", "hksl", ready=False)
    call = await desk.join("c1", sign_language="hksl")
    assert await desk.rings("a1") == ""
    await desk.store.sign_out("a2")
    await desk.pass_time(desk.policy.nobody_left_s - 1)
    assert await desk.rings("a1") == ""
    await desk.pass_time(1)
    assert await desk.rings("a1") == call


async def test_what_the_host_asks_for_never_falls(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    await desk.agent("a2", "hksl", "voice", ready=False)
    await desk.join("c1", "voice", sign_language="hksl")
    await desk.store.sign_out("a2")
    await desk.pass_time(desk.policy.nobody_left_s)
    assert (await desk.see("c1")).ended_reason == "closed"


async def test_another_signer_may_sign_in_another_way_when_nobody_else_is_there(desk: Desk) -> None:
    await desk.agent("a2", "hksl")
    call = await desk.join("c1", sign_language="hksl")
    assert await desk.accept("a2") == call
    with pytest.raises(NobodyElse):
        await desk.store.another_signer("c1", call, (await desk.see("c1")).epoch)
    await desk.agent("a1", "csl")
    await desk.store.another_signer("c1", call, (await desk.see("c1")).epoch)
    assert await desk.rings("a1") == call


async def test_when_only_those_who_were_left_sign_so_the_others_get_it(desk: Desk) -> None:
    await desk.agent("a1", "csl", ready=False)
    await desk.agent("a2", "hksl")
    await desk.agent("a3", "hksl", ready=False)
    call = await desk.join("c1", sign_language="hksl")
    await desk.accept("a2")
    await desk.store.ready("a3")
    await desk.store.another_signer("c1", call, (await desk.see("c1")).epoch)
    await desk.store.sign_out("a3")
    await desk.store.ready("a1")
    assert await desk.rings("a1") == ""
    await desk.pass_time(desk.policy.ask_again_s)
    await desk.pass_time(desk.policy.nobody_left_s)
    assert await desk.rings("a1") == call
