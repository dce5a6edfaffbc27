"""Session records of real calls: what they hold, how they are read, and that the sums can be computed anew."""

from __future__ import annotations

import csv
import io
import random

import msgspec
import pytest
from redis.asyncio import Redis

from tests.oracle.world import KINDS, START_MS, World, play
from video_service.keys import Keys
from video_service.records import BadCursor, Records, RecordUnreadable, SessionRecord, UnknownRecord
from video_service.records_export import CSV_FIELDS, csv_header, csv_line, json_line, roll_up

pytestmark = pytest.mark.integration

LATER_MS = START_MS + 7 * 86_400_000


async def busy_week(redis: Redis, pool: str, *, commands: int = 1_500) -> World:
    """A town after a history of many calls, all of them closed in the end."""
    dice = random.Random(7)
    world = World(redis, redis, pool)
    await world.open()
    await play(world, [(dice.choice(KINDS), dice.randrange(100), dice.randrange(100)) for _ in range(commands)], 1)
    await world.stores[0].shut_down()
    for _ in range(3):
        await world.stores[0].beat(world.sockets.items())
        world.clock.now_ms += 700_000  # after-call work ends by itself
        await world.stores[0].sweep()
    return world


async def all_records(redis: Redis, pool: str) -> list[SessionRecord]:
    return [record async for record in Records(redis, pool=pool).each(START_MS, LATER_MS)]


async def test_the_sums_computed_anew_from_records_equal_those_kept_by_the_scripts(redis: Redis, pool: str) -> None:
    world = await busy_week(redis, pool, commands=5_000)
    records = await all_records(redis, pool)
    policy = world.policy
    anew = roll_up(records, interval_minutes=policy.interval_minutes, target_s=policy.service_level_target_s)
    assert await Records(redis, pool=pool).rollups(0, LATER_MS) == anew
    assert sum(rollup.offered for rollup in anew) == len(records) > 30
    assert sum(rollup.answered for rollup in anew) > 10
    assert sum(rollup.after_call_ms for rollup in anew) > 0
    assert sum(rollup.declines for rollup in anew) > 0
    assert sum(rollup.misses for rollup in anew) > 0


async def test_every_record_is_whole(redis: Redis, pool: str) -> None:
    await busy_week(redis, pool)
    for record in await all_records(redis, pool):
        assert record.state == "closed"
        assert record.ended_reason
        assert START_MS <= record.joined_ms <= record.closed_ms
        assert bool(record.answered_ms) == bool(record.segments)
        assert record.signing_ms == sum(segment.to_ms - segment.from_ms for segment in record.segments)
        assert all(segment.ended for segment in record.segments)
        assert record.wait_ms == (record.answered_ms or record.closed_ms) - record.joined_ms
        assert record.requeues == sum(
            segment.ended.startswith("agent_l") or segment.ended == "another_signer" for segment in record.segments
        )


async def test_pages_hold_every_record_once_newest_first(redis: Redis, pool: str) -> None:
    await busy_week(redis, pool, commands=400)
    expected = [record.call for record in await all_records(redis, pool)]
    records, cursor = Records(redis, pool=pool), ""
    seen: list[SessionRecord] = []
    while True:
        page = await records.page(START_MS, LATER_MS, limit=3, cursor=cursor)
        assert len(page.records) <= 3
        seen += page.records
        cursor = page.cursor
        if not cursor:
            break
    assert sorted(record.call for record in seen) == sorted(expected)
    assert [(r.joined_ms, r.call) for r in seen] == sorted(((r.joined_ms, r.call) for r in seen), reverse=True)


async def test_pages_keep_apart_calls_of_the_same_millisecond(redis: Redis, pool: str) -> None:
    world = World(redis, redis, pool)
    await world.open()
    await world.do([("join", number, 0) for number in range(3)])
    records = Records(redis, pool=pool)
    first = await records.page(START_MS, LATER_MS, limit=2)
    second = await records.page(START_MS, LATER_MS, limit=2, cursor=first.cursor)
    assert len({record.call for record in first.records + second.records}) == 3
    assert second.cursor == ""
    assert await records.page(START_MS, START_MS) == await records.page(LATER_MS, LATER_MS + 1)


@pytest.mark.parametrize("cursor", ["x", "1", "-", "1-", "-c", "²-c", "1 -c"])
async def test_a_cursor_that_no_page_gave_is_refused(redis: Redis, pool: str, cursor: str) -> None:
    with pytest.raises(BadCursor):
        await Records(redis, pool=pool).page(START_MS, LATER_MS, cursor=cursor)


async def test_an_unknown_record_is_said_to_be_unknown(redis: Redis, pool: str) -> None:
    with pytest.raises(UnknownRecord):
        await Records(redis, pool=pool).get("c_none")


@pytest.mark.parametrize(("version", "is_read"), [(0, True), (1, True), (2, False)])
async def test_this_version_and_the_one_before_are_read(redis: Redis, pool: str, version: int, is_read: bool) -> None:
    world = World(redis, redis, pool)
    await world.open()
    await world.do([("join", 0, 0)])
    [record] = await all_records(redis, pool)
    await redis.hset(Keys(pool).record(record.call), "v", version)
    if is_read:
        assert (await Records(redis, pool=pool).get(record.call)).v == version
    else:
        with pytest.raises(RecordUnreadable):
            await Records(redis, pool=pool).get(record.call)


async def test_exports_can_be_read_back(redis: Redis, pool: str) -> None:
    await busy_week(redis, pool, commands=200)
    records = await all_records(redis, pool)
    table = list(csv.DictReader(io.StringIO(csv_header() + "".join(map(csv_line, records)))))
    assert list(table[0]) == list(CSV_FIELDS)
    assert [row["call"] for row in table] == [record.call for record in records]
    assert [int(row["wait_ms"]) for row in table] == [record.wait_ms for record in records]
    assert [msgspec.json.decode(json_line(record), type=SessionRecord) for record in records] == records


async def test_a_cell_never_begins_as_a_formula(redis: Redis, pool: str) -> None:
    world = World(redis, redis, pool)
    await world.open()
    store = world.stores[0]
    await store.join("c0", queue="main", needs=(), urgent=False, reason="", locale="=1+1", entry="@x")
    [record] = await all_records(redis, pool)
    [row] = csv.DictReader(io.StringIO(csv_header() + csv_line(record)))
    assert row["locale"] == "'=1+1"
    assert row["entry"] == "'@x"
