"""Skills and names that change while people are at work, on a real Valkey."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from signaling.errors import Closed
from signaling.identity_types import Identity
from tests.support.desk import Desk

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


async def _relabel(desk: Desk, agent: str, *skills: str, name: str = "New") -> None:
    await desk.store.relabel(agent, name=name, skills=skills)


async def _sets(desk: Desk, kind: str) -> dict[str, list[str]]:
    """Return the members of every zset of `kind`, by skills, as its index and the keys themselves say."""
    root, redis = desk.store.keys.root, desk.store.redis
    indexed = {_text(each) for each in await redis.smembers(f"{root}:{kind}_sets")}
    names = [_text(name) async for name in redis.scan_iter(f"{root}:{kind}:*")]
    found = {name.rpartition(":")[2]: list(map(_text, await redis.zrange(name, 0, -1))) for name in names}
    assert indexed == set(found)
    return found


async def test_a_call_that_waits_rings_at_once_at_whoever_has_its_skill_now(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    await desk.agent("a2", "hksl", ready=False)
    call = await desk.join("c1", "hksl")
    assert await desk.rings("a1") == ""
    await _relabel(desk, "a1", "hksl", "csl")
    assert await desk.rings("a1") == call


async def test_an_idle_agent_keeps_the_turn_and_no_trace_of_the_old_skills(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    await desk.pass_time(5)
    await desk.agent("a2", "csl")
    await desk.pass_time(5)
    await _relabel(desk, "a1", "csl", "travel")
    assert await _sets(desk, "idle") == await _sets(desk, "staffed") == {"csl": ["a2"], "csl+travel": ["a1"]}
    call = await desk.join("c1", "csl")
    assert await desk.rings("a1") == call, "the longest rested"


async def test_the_last_agent_without_the_skill_leaves_nobody_for_it(desk: Desk) -> None:
    await desk.agent("a1", "csl", "hksl", ready=False)
    waiting = await desk.join("c1", "hksl")
    await _relabel(desk, "a1", "csl")
    with pytest.raises(Closed):
        await desk.join("c2", "hksl")
    root = desk.store.keys.root
    assert await desk.store.redis.scard(f"{root}:stranded") == 1
    await _relabel(desk, "a1", "hksl")
    assert await desk.store.redis.scard(f"{root}:stranded") == 0
    await desk.store.ready("a1")
    assert await desk.rings("a1") == waiting


async def test_a_call_that_rings_or_goes_on_stays(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    call = await desk.join("c1", "csl")
    await _relabel(desk, "a1", "asl")
    assert await desk.rings("a1") == call
    assert await desk.accept("a1") == call
    await _relabel(desk, "a1", "hksl", name="林晓")
    view = await desk.see("c1")
    assert (view.state, view.agent_name) == ("connected", "林晓")
    await desk.store.hang_up("c1", call)
    await desk.store.ready("a1")
    assert await _sets(desk, "idle") == {"hksl": ["a1"]}


async def test_an_agent_who_is_off_has_the_new_skills_at_the_next_sign_in(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    await desk.store.sign_out("a1")
    await _relabel(desk, "a1", "hksl")
    assert await _sets(desk, "staffed") == await _sets(desk, "idle") == {}
    await desk.store.sign_in(Identity(person="a1", role="agent", skills=("hksl",)))
    assert await _sets(desk, "staffed") == {"hksl": ["a1"]}


async def test_an_idle_agent_whose_page_is_gone_is_not_made_idle_by_it(desk: Desk) -> None:
    await desk.agent("a1", "csl")
    await desk.drop("a1")
    await _relabel(desk, "a1", "hksl")
    assert await _sets(desk, "idle") == {}
    assert await _sets(desk, "staffed") == {"hksl": ["a1"]}
    await desk.back("a1")
    assert await _sets(desk, "idle") == {"hksl": ["a1"]}


async def test_somebody_whom_the_line_does_not_know_is_no_error(desk: Desk) -> None:
    await _relabel(desk, "a-nobody", "csl")
    assert await _sets(desk, "staffed") == {}
    assert not await desk.store.redis.exists(f"{desk.store.keys.root}:person:a-nobody")
