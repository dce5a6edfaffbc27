"""The line's open time: marked by whoever looks over the calls, read back as spans, and what planning makes of it."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from redis.asyncio import Redis

from scheduler.history import State
from scheduler.rollups import Span, history_of
from signaling.policy import Policy
from signaling.store import Store
from tests.data_keys import CIPHER
from tests.valkey_server import RealValkey
from video_service import redis_client
from video_service.keys import Keys
from video_service.open_time import DAY_MS, MARK_MS, Times, read

pytestmark = pytest.mark.integration

DAY = 20_000  # 2024-10-04
START_MS = DAY * DAY_MS
QUARTER_MS = 900_000
MARKS = DAY_MS // MARK_MS


async def mark(redis: Redis, pool: str, first: int, end: int, *, opened: bool) -> None:
    """Set the bits of the marks first <= mark < end, counted from the start of `DAY`, as the script does."""
    async with redis.pipeline(transaction=False) as pipe:
        for number in range(first, end):
            key = Keys(pool).open_time(DAY + number // MARKS)
            pipe.setbit(key, 2 * (number % MARKS), 1)
            if opened:
                pipe.setbit(key, 2 * (number % MARKS) + 1, 1)
        await pipe.execute()


async def all_of(redis: Redis, pool: str, days: int = 2) -> Times:
    found = await read(redis, pool=pool, from_ms=START_MS, to_ms=START_MS + days * DAY_MS)

    def marks(spans: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        return tuple(((start - START_MS) // MARK_MS, (end - START_MS) // MARK_MS) for start, end in spans)

    return Times(known=marks(found.known), opened=marks(found.opened))


async def test_each_look_marks_the_moment_for_as_long_as_sums_are_kept(redis: Redis, pool: str) -> None:
    now_ms = START_MS + 12 * 3_600_000  # and it stays: all looks are of one mark
    policy = Policy(rollup_retention_days=3)
    store = Store(redis, pool=pool, policy=policy, clock=lambda: now_ms, cipher=CIPHER)
    await store.load()
    span = {"from_ms": now_ms - 60_000, "to_ms": now_ms + 60_000}

    await store.tidy()
    assert await read(redis, pool=pool, **span) == Times(), "who does not know leaves no mark"
    await store.tidy(line_open=False)
    found = await read(redis, pool=pool, **span)
    assert [end - start for start, end in found.known] == [MARK_MS]
    assert found.opened == ()
    for line_open in (True, False):
        await store.tidy(line_open=line_open)
    found = await read(redis, pool=pool, **span)
    assert found.opened
    assert found.opened[-1][1] == found.known[-1][1], "open is what one of several found open"

    kept_ms = await redis.pttl(Keys(pool).open_time(found.opened[-1][0] // DAY_MS))
    assert 2 * DAY_MS < kept_ms <= 3 * DAY_MS


async def test_marks_are_read_as_spans_over_bytes_and_midnights(redis: Redis, valkey: RealValkey, pool: str) -> None:
    await mark(redis, pool, 5, 30, opened=False)
    await mark(redis, pool, 30, 31, opened=True)
    await mark(redis, pool, 33, 34, opened=True)
    await mark(redis, pool, MARKS - 3, MARKS + 6, opened=True)

    decoding = redis_client.hot(valkey.url)
    found = await all_of(decoding, pool)
    await decoding.aclose()

    assert found == await all_of(redis, pool)
    assert found.known == ((5, 31), (33, 34), (MARKS - 3, MARKS + 6))
    assert found.opened == ((30, 31), (33, 34), (MARKS - 3, MARKS + 6))
    assert (await all_of(redis, pool, days=1)).opened[-1] == (MARKS - 3, MARKS)


async def test_what_is_asked_for_is_cut_to_the_moment(redis: Redis, pool: str) -> None:
    await mark(redis, pool, 0, 8, opened=True)
    found = await read(redis, pool=pool, from_ms=START_MS + 20_000, to_ms=START_MS + 50_000)
    assert found.opened == found.known == ((START_MS + 20_000, START_MS + 50_000),)


async def test_an_hour_in_which_the_service_was_down_is_a_gap_and_one_in_which_it_was_closed_is_not(
    redis: Redis, pool: str
) -> None:
    day = date(2024, 10, 4)
    hour = 3_600_000 // MARK_MS
    known, opened = [], []
    for week in range(4):
        at = week * 7 * MARKS
        await mark(redis, pool, at, at + 8 * hour, opened=False)
        await mark(redis, pool, at + 8 * hour, at + (10 if week < 3 else 9) * hour, opened=True)
        await mark(redis, pool, at + (10 if week < 3 else 11) * hour, at + 12 * hour, opened=False)
    found = await read(redis, pool=pool, from_ms=START_MS, to_ms=START_MS + 22 * DAY_MS)
    known, opened = [Span(*one) for one in found.known], [Span(*one) for one in found.opened]

    history = history_of([], opened, ZoneInfo("UTC"), day, date(2024, 10, 25), 3600, known)

    last = history.state[21]
    assert last[8] == State.OPEN
    assert last[9] == State.GAP, "usually open, and nobody knows"
    assert (last[[7, 10, 11]] == State.CLOSED).all()
    assert history.exposure[21].sum() == 1
