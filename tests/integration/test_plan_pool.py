"""Queues pooled and apart over HTTP: a real process plays them out, from calls in a real Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.integration.http_site import STEADY_ZONE, Browser, Site, error_of
from tests.valkey_server import RealValkey
from video_service import plan_outlook
from video_service.accounts import Role
from video_service.attendance import today_of
from video_service.keys import Keys, spec_of
from video_service.queues import QueueRules, Target
from video_service.settings import Settings

pytestmark = pytest.mark.integration

ZONE = STEADY_ZONE
LIMIT_S = 240.0
HOUR_MS = 3_600_000
BY = "u_test"


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(plan_outlook, "LIMIT_S", LIMIT_S)
    monkeypatch.setattr(plan_outlook, "TURN_MS", 3_600_000)
    async with Site(Settings(redis_url=valkey.url, pool=pool, time_zone=ZONE.key)) as running:
        for name, skills in (("amei", ["csl", "rail"]), ("bao", ["csl"]), ("chen", ["rail:1"])):
            await running.account(name, Role.AGENT, skills=skills)
        yield running


@pytest.fixture
async def boss(site: Site) -> Browser:
    return await site.signed_in(Role.COORDINATOR)


async def queues(site: Site, **needs: tuple[str, ...]) -> None:
    for name, asked in needs.items():
        targets = {"normal": Target(share_percent=80, within_s=60)} if name == "rail" else {}
        await site.services.queues.keep(name, QueueRules(needs=asked, targets=targets), by=BY)  # type: ignore[arg-type]


async def called(site: Site, redis: Redis, pool: str, *names: str) -> None:
    """Let somebody have called in each quarter hour from 9 to 15 of three weeks, in each of these queues."""
    _, began_ms = today_of(site.services.clock.now_ms(), ZONE)
    keys = Keys(pool)
    fields: dict[Any, Any] = {"v": 1, "offered": 1, "offered_normal": 1, "answered": 1, "within_target": 1}
    fields |= {"handle_ms": 400_000, "signing_ms": 400_000, "wait_ms": 10_000}
    async with redis.pipeline(transaction=False) as pipe:
        for day in range(-21, 0):
            for quarter in range(36, 60):
                start_ms = began_ms + day * 24 * HOUR_MS + quarter * HOUR_MS // 4
                for name in names:
                    pipe.hset(keys.rollup(f"{name}:{start_ms}"), mapping=fields)
                    pipe.zadd(keys.rollups, {f"{name}:{start_ms}": start_ms})
        await pipe.execute()


async def pooled(boss: Browser, **wish: Any) -> dict[str, Any]:
    async with asyncio.timeout(LIMIT_S):
        while True:
            response = await boss.post("/api/plan/pool", wish)
            answer: dict[str, Any] = await response.get_json()
            assert response.status_code == 200, answer
            if not answer["pending"]:
                return answer
            await asyncio.sleep(0.1)


def means(way: dict[str, Any]) -> dict[str, float]:
    return {one["queue"]: one["level"]["mean"] for one in way["queues"]}


async def test_without_a_roster_each_queue_is_staffed_for_itself(
    site: Site, boss: Browser, redis: Redis, pool: str
) -> None:
    await queues(site, main=("csl",), rail=("rail",), tax=("tax",), post=())
    await called(site, redis, pool, "main", "rail", "tax")
    answer = await pooled(boss, days=1)
    found = answer["pool"]
    assert answer["trouble"] == ""
    assert (found["roster"], found["days"]) == (False, 1)
    assert found["left_out"] == {"tax": "nobody_able", "post": "planning_no_history"}
    assert [one["way"] for one in found["ways"]] == ["apart", "pooled", "fewer"]
    apart, together, fewer = found["ways"]
    assert apart["hours"] == together["hours"] > fewer["hours"] > 0
    assert together["level"]["mean"] >= apart["level"]["mean"]
    for way in found["ways"]:
        assert [(one["queue"], one["goal"], one["within_s"]) for one in way["queues"]] == [
            ("main", 0.95, 20.0),
            ("rail", 0.8, 60.0),
        ]
        for one in (way, *way["queues"]):
            assert 0 < one["level"]["low"] <= one["level"]["mean"] <= one["level"]["high"] <= 1
    for key in [key async for key in redis.scan_iter(match=f"{{{pool}}}:plan_outlook*")]:
        assert spec_of(key.decode(), pool) is not None, key
        assert await redis.pttl(key) > 0, key


async def test_the_people_of_a_draft_are_played_with_the_skills_they_have(
    site: Site, boss: Browser, redis: Redis, pool: str
) -> None:
    await queues(site, main=("csl",), rail=("rail",))
    await called(site, redis, pool, "main", "rail")
    day = date.fromisoformat(today_of(site.services.clock.now_ms(), ZONE)[0]) + timedelta(days=2)
    begun = await (await boss.post("/api/rosters", {"first_day": day.isoformat(), "days": 1})).get_json()
    duties: list[dict[str, Any]] = [
        {"person": name, "day": day.isoformat(), "shift": "", "start": "09:00", "minutes": 360, "pauses": []}
        for name in ("amei", "bao", "chen")
    ]
    wish = {"draft": begun["draft"], "rev": begun["rev"], "duties": duties}
    assert (await boss.put("/api/rosters/duties", wish)).status_code == 200
    found = (await pooled(boss, draft=begun["draft"]))["pool"]
    assert (found["roster"], found["first_day"], found["days"]) == (True, day.isoformat(), 1)
    apart, skilled, together = found["ways"]
    assert [one["way"] for one in found["ways"]] == ["apart", "skilled", "pooled"]
    assert {one["hours"] for one in found["ways"]} == {18.0}
    assert apart["level"]["mean"] < skilled["level"]["mean"] < together["level"]["mean"]
    assert [(one["queues"], one["people"]) for one in skilled["groups"]] == [
        (["main"], 1),
        (["main", "rail"], 1),
        (["rail"], 1),
    ]
    assert set(means(together)) == {"main", "rail"}


async def test_what_cannot_be_played_is_said(site: Site, boss: Browser, redis: Redis, pool: str) -> None:
    answer = await pooled(boss, days=1)
    assert (answer["pool"], answer["trouble"]) == (None, "planning_no_history")
    assert await error_of(await boss.post("/api/plan/pool", {"draft": "none"})) == (404, "unknown_roster")
    assert (await boss.post("/api/plan/pool", {"days": 0})).status_code == 400
    past = await (await boss.post("/api/rosters", {"first_day": "2020-03-02", "days": 1})).get_json()
    assert await error_of(await boss.post("/api/plan/pool", {"draft": past["draft"]})) == (400, "bad_roster")
    await queues(site, main=("tax",))
    assert await error_of(await boss.post("/api/plan/pool", {})) == (409, "nobody_able")
