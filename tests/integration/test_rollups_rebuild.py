"""Roll-ups computed anew from records: equal to the bit to what the scripts kept, whatever happened in the town."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Awaitable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from tests.integration.test_cli_plan import refused, run
from tests.oracle.world import KINDS, START_MS, World, play
from tests.valkey_server import RealValkey
from video_service.clock import SystemClock
from video_service.keys import Keys
from video_service.opening_hours_store import OpeningHours
from video_service.queues import QueueRules, Target
from video_service.queues_store import QueueBook
from video_service.rollups_rebuild import Rebuild

pytestmark = pytest.mark.integration

QUEUES = ("main", "north", "south")
DAY_MS = 86_400_000
_numbers = itertools.count()


class Towns(World):
    """The town with three queues, and no oracle's opinion of them."""

    def _command(self, kind: str, x: int, y: int) -> Awaitable[object] | None:
        if kind != "join":
            return super()._command(kind, x, y)
        customer, queue = f"c{x % 7}", QUEUES[y % len(QUEUES)]
        return self.store.join(
            customer, queue=queue, needs=(), urgent=y % 5 == 0, vip=y % 4 == 1, reason="", locale="zh-CN"
        )


async def queues(redis: Redis, pool: str) -> None:
    """Two queues beside the main one, each with a target of its own."""
    line = OpeningHours(redis, pool=pool, clock=SystemClock(), zone="UTC")
    book = QueueBook(redis, pool=pool, clock=SystemClock(), line=line)
    for name, within_s in (("north", 5), ("south", 60)):
        await book.keep(name, QueueRules(targets={"normal": Target(share_percent=80, within_s=within_s)}), by="o-1")


async def dump(redis: Redis, pool: str) -> dict[str, Any]:
    keys = Keys(pool)
    found: dict[str, Any] = {"index": await redis.zrange(keys.rollups, 0, -1, withscores=True)}
    for member, _ in found["index"]:
        name = member.decode() if isinstance(member, bytes) else member
        found[name] = await redis.hgetall(keys.rollup(name))
    return found


def rebuild_of(redis: Redis, world: World) -> Rebuild:
    policy = world.policy
    return Rebuild(
        redis,
        pool=world.pool,
        interval_minutes=policy.interval_minutes,
        target_s=policy.service_level_target_s,
        record_retention_days=policy.record_retention_days,
        rollup_retention_days=policy.rollup_retention_days,
    )


async def lost_and_found(redis: Redis, world: World) -> dict[str, Any]:
    """Compare, lose every sum, and compute all anew."""
    rebuild, now_ms = rebuild_of(redis, world), world.clock.now_ms
    kept = await dump(redis, world.pool)
    same = await rebuild.run(0, now_ms + 1, now_ms=now_ms, write=False)
    assert same.wrong == ()
    for member, _ in kept["index"]:
        name = member.decode() if isinstance(member, bytes) else member
        await redis.delete(Keys(world.pool).rollup(name))
    await redis.delete(Keys(world.pool).rollups)
    anew = await rebuild.run(0, now_ms + 1, now_ms=now_ms, write=True)
    assert len(anew.wrong) == len(kept["index"])
    assert await dump(redis, world.pool) == kept
    return kept


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, 2**32),
    st.sampled_from([0, 5_400_000 - 120_000, 900_000 - 1_000, 86_400_000 * 30]),
)
async def test_whatever_happens_the_sums_computed_anew_are_those_that_were_kept(
    redis: Redis, pool: str, seed: int, later_ms: int
) -> None:
    """Calls, transfers, holds, second agents, urgent ones, abandoned ones; across an interval's end and a midnight."""
    dice = random.Random(seed)
    world = World(redis, redis, f"{pool}-{next(_numbers)}")
    await world.open()
    world.clock.now_ms += later_ms
    await play(world, [(dice.choice(KINDS), dice.randrange(100), dice.randrange(100)) for _ in range(250)], 1)
    await lost_and_found(redis, world)


async def test_each_queue_has_sums_of_its_own_and_a_wrong_one_is_named_and_put_right(redis: Redis, pool: str) -> None:
    dice = random.Random(11)
    world = Towns(redis, redis, pool)
    await world.open()
    await queues(redis, pool)
    await play(world, [(dice.choice(KINDS), dice.randrange(100), dice.randrange(100)) for _ in range(600)], 1)
    kept = await lost_and_found(redis, world)
    names = [name for name in kept if name != "index"]
    assert {name.partition(":")[0] for name in names} == set(QUEUES)

    rebuild, now_ms, keys = rebuild_of(redis, world), world.clock.now_ms, Keys(pool)
    wrong = max(name for name in names if name.startswith("north:"))
    start_ms = int(wrong.partition(":")[2])
    await redis.hincrby(keys.rollup(wrong), "offered", 2)
    await redis.hset(keys.rollup(f"nobody:{start_ms}"), mapping={"v": "1", "offered": "3"})
    await redis.zadd(keys.rollups, {f"nobody:{start_ms}": start_ms})
    looked = await rebuild.run(0, now_ms, now_ms=now_ms, write=False)
    right = {each.queue: (each.was["offered"] - each.right["offered"]) for each in looked.wrong}
    assert right == {"north": 2, "nobody": 3}
    assert await dump(redis, pool) != kept, "looking changes nothing"
    assert len((await rebuild.run(0, now_ms, now_ms=now_ms, write=True)).wrong) == 2
    assert await dump(redis, pool) == kept


async def test_what_is_older_than_the_records_stays_and_a_change_meanwhile_is_not_overwritten(
    redis: Redis, pool: str
) -> None:
    world, keys = World(redis, redis, pool), Keys(pool)
    rebuild = rebuild_of(redis, world)
    now_ms = START_MS + 200 * DAY_MS
    reaches_ms = rebuild.reaches_ms(now_ms)
    assert now_ms - 90 * DAY_MS <= reaches_ms < now_ms - 90 * DAY_MS + 900_000
    assert reaches_ms % 900_000 == 0
    old, young = (f"main:{at_ms}" for at_ms in (reaches_ms - 900_000, reaches_ms))
    await redis.zadd(keys.records, {"c_old": reaches_ms - 1})
    for member in (old, young):
        await redis.hset(keys.rollup(member), mapping={"v": "1", "offered": "1"})
        await redis.zadd(keys.rollups, {member: int(member.partition(":")[2])})
    # Sums that are not as they were read are left alone, with the same fields or with others.
    for was in ({"v": "1", "offered": "2"}, {"v": "1", "offered": "1", "answered": "1"}, {}):
        assert not await rebuild._keep(young, was, {})
    found = await rebuild.run(0, now_ms, now_ms=now_ms, write=True)
    assert [(each.queue, each.start_ms) for each in found.wrong] == [("main", reaches_ms)]
    assert await redis.exists(keys.rollup(old)) == 1
    assert await redis.exists(keys.rollup(young)) == 0


async def test_the_command_says_what_is_wrong_and_puts_it_right(
    redis: Redis, pool: str, valkey: RealValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", valkey.url)
    monkeypatch.setenv("VIDEO_SERVICE_POOL", pool)
    keys = Keys(pool)
    nothing = run("rebuild", "--check")
    assert (nothing.exit_code, nothing.stdout.split()[:5]) == (0, ["0", "calls", "in", "0", "intervals"])
    at_ms = SystemClock().now_ms() // 900_000 * 900_000 - DAY_MS
    await redis.hset(keys.rollup(f"main:{at_ms}"), mapping={"v": "1", "offered": "7"})
    await redis.zadd(keys.rollups, {f"main:{at_ms}": at_ms})
    assert run("rebuild", "--check").exit_code == 0, "no record is as old: its own may have passed"
    await redis.zadd(keys.records, {"c_old": at_ms - 1})
    looked = run("rebuild", "--check", "--json")
    assert looked.exit_code == 1
    assert [(each["was"]["offered"], each["right"]["offered"]) for each in json.loads(looked.stdout)["wrong"]] == [
        (7, 0)
    ]
    assert await redis.exists(keys.rollup(f"main:{at_ms}")) == 1
    said = run("rebuild")
    assert said.exit_code == 0
    assert "the sums of 1 were not those of their records, and are now" in said.stdout
    assert await redis.exists(keys.rollup(f"main:{at_ms}")) == 0
    assert run("rebuild", "--check").exit_code == 0
    assert refused("rebuild", "--from", "yesterday") == "yesterday is no day such as 2026-03-02."
