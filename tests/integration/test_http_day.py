"""Today's numbers over HTTP are those of the roll-ups and of the roster."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from tests.integration.http_site import STEADY_ZONE, Browser, Site, served_call
from tests.valkey_server import RealValkey
from video_service.accounts import Role
from video_service.day import AHEAD_COUNT, AHEAD_MS
from video_service.settings import Settings

pytestmark = pytest.mark.integration

MINUTE_MS = 60_000


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    settings = Settings(
        redis_url=valkey.url,
        pool=pool,
        time_zone=STEADY_ZONE.key,
        service_level_target_s=30,
        service_level_goal_percent=90,
    )
    async with Site(settings) as running:
        yield running


@pytest.fixture
async def chen(site: Site) -> Browser:
    return await site.signed_in(Role.COORDINATOR, "chen")


async def test_a_day_without_calls_and_shifts_says_so(chen: Browser) -> None:
    day = await (await chen.get("/api/day")).get_json()
    assert (day["target_s"], day["goal_percent"], day["interval_ms"]) == (30, 90, 900_000)
    assert day["intervals"] == []
    assert [(half["agents"], half["fewest"]) for half in day["ahead"]] == [([], 0)] * AHEAD_COUNT
    begin = datetime.fromtimestamp(day["start_ms"] / 1000, UTC).astimezone(STEADY_ZONE)
    assert (begin.hour, begin.minute) == (0, 0)
    assert 0 <= day["now_ms"] - day["start_ms"] < 86_400_000


async def test_calls_that_are_over_and_shifts_ahead_are_counted(site: Site, chen: Browser) -> None:
    lin = await site.account("lin", Role.AGENT, display_name="林老师")
    now_ms = site.services.clock.now_ms()
    await site.store.add_shift(lin.person, now_ms - MINUTE_MS, now_ms + 60 * MINUTE_MS)
    for _ in range(3):
        await served_call(site, lin)
    answer = await chen.get("/api/day")
    day = await answer.get_json()
    assert "林" not in await answer.get_data(as_text=True), "ids, no names"
    sums = {
        name: sum(each[name] for each in day["intervals"])
        for name in ("offered", "answered", "within_target", "abandoned")
    }
    assert sums == {"offered": 3, "answered": 3, "within_target": 3, "abandoned": 0}
    rollups = await site.services.records.rollups(day["start_ms"], day["now_ms"] + 1)
    waited = {each.start_ms: each.wait_ms // each.answered for each in rollups if each.answered}
    assert {each["start_ms"]: each["mean_wait_ms"] for each in day["intervals"] if each["answered"]} == waited
    ahead = day["ahead"]
    assert ahead[0]["start_ms"] == day["now_ms"] // AHEAD_MS * AHEAD_MS
    assert (ahead[0]["agents"], ahead[0]["fewest"]) == ([lin.person], 1)
    assert ahead[-1]["agents"] == []
