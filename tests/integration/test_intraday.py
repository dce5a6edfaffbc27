"""Today against its plan over HTTP: a real process reckons it, marks stand in a real Valkey, a break is moved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

import pytest
from quart import Response
from redis.asyncio import Redis

from scheduler.adherence import Mark
from signaling.store_types import Shift
from tests.integration.http_site import STEADY_ZONE, Browser, Site, error_of
from tests.valkey_server import RealValkey
from video_service import attendance, intraday, plan_outlook
from video_service.accounts import Role
from video_service.attendance import MINUTE_MS, _read, today_of
from video_service.keys import Keys, spec_of
from video_service.settings import Settings

pytestmark = pytest.mark.integration

ZONE = STEADY_ZONE
LIMIT_S = 240.0
HOUR_MS = 3_600_000


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(attendance, "TURN_MS", 3_600_000)  # however slow the machine is
    for name in ("FRESH_MS", "TURN_MS", "KEPT_MS"):
        monkeypatch.setattr(intraday, name, 3_600_000)
    monkeypatch.setattr(intraday, "LIMIT_S", LIMIT_S)
    monkeypatch.setattr(plan_outlook, "LIMIT_S", LIMIT_S)
    monkeypatch.setattr(plan_outlook, "TURN_MS", 3_600_000)
    async with Site(Settings(redis_url=valkey.url, pool=pool, time_zone=ZONE.key)) as running:
        await running.services.attendance.close()  # tests make the marks that they speak of
        await running.account("amei", Role.AGENT)
        yield running


@pytest.fixture
async def boss(site: Site) -> Browser:
    return await site.signed_in(Role.COORDINATOR)


async def ok(response: Response, status: int = 200) -> dict[str, Any]:
    answer: dict[str, Any] = await response.get_json()
    assert response.status_code == status, answer
    return answer


async def person(site: Site) -> str:
    account = await site.services.accounts.get("amei")
    assert account is not None
    return account.person


async def shift(site: Site, from_ms: int, *breaks: tuple[int, int]) -> Shift:
    """Let amei have a shift of an hour before `from_ms` and three after it."""
    await site.store.add_shifts([(await person(site), from_ms - HOUR_MS, from_ms + 3 * HOUR_MS, breaks)])
    [found] = await site.store.shifts(from_ms, from_ms + 1)
    return found


async def until(boss: Browser, ready: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    async with asyncio.timeout(LIMIT_S):
        while True:
            answer = await ok(await boss.get("/api/intraday"))
            if ready(answer):
                return answer
            await asyncio.sleep(0.1)


async def called(
    site: Site, redis: Redis, pool: str, *, days: int = 21, hours: range = range(24), queue: str = "main"
) -> None:
    """Let two people have called in every quarter hour of these hours of all days before today, and been answered."""
    _, began_ms = today_of(site.services.clock.now_ms(), ZONE)
    keys = Keys(pool)
    fields: dict[Any, Any] = {"v": 1, "offered": 2, "offered_normal": 2, "answered": 2, "within_target": 2}
    fields |= {"handle_ms": 1_200_000, "signing_ms": 1_200_000, "wait_ms": 10_000}
    async with redis.pipeline(transaction=False) as pipe:
        quarters = [day * 96 + hour * 4 + quarter for day in range(-days, 0) for hour in hours for quarter in range(4)]
        for start_ms in (began_ms + number * HOUR_MS // 4 for number in quarters):
            pipe.hset(keys.rollup(f"{queue}:{start_ms}"), mapping=fields)
            pipe.zadd(keys.rollups, {f"{queue}:{start_ms}": start_ms})
        await pipe.execute()


async def test_today_is_reckoned_from_what_came_and_kept(site: Site, boss: Browser, redis: Redis, pool: str) -> None:
    await called(site, redis, pool)
    now_ms = site.services.clock.now_ms()
    await shift(site, now_ms)
    answer = await until(boss, lambda answer: answer["at_ms"] > 0)
    assert (answer["pending"], answer["trouble"]) == (False, "")
    plan = answer["plan"]
    assert len(plan["said"]) == len(plan["low"]) == len(plan["high"]) == 24
    assert sum(plan["said"]) == pytest.approx(24 * 8, rel=0.1)
    assert all(low <= high for low, high in zip(plan["low"], plan["high"], strict=True))
    assert sum(plan["low"]) < sum(plan["now"]) < sum(plan["high"])
    assert sum(plan["now"]) < sum(plan["said"])  # nobody has called today
    assert len(plan["required"]) == 96
    assert min(plan["required"]) >= 2
    assert sum(plan["came"]) == 0
    assert 0 <= plan["level"]["low"] <= plan["level"]["mean"] <= plan["level"]["high"] <= 1
    assert plan["goal"] == 0.95
    kinds = {one["kind"] for one in plan["advice"]}
    assert "reserve" in kinds  # one person for what wants two and more
    assert max(answer["scheduled"]) == 1
    for raw in [raw async for raw in redis.scan_iter(match=f"{{{pool}}}:plan*")]:
        assert spec_of(raw.decode(), pool) is not None, raw
        assert await redis.pttl(raw) > 0, raw
    again = await ok(await boss.get("/api/intraday"))
    assert again["at_ms"] == answer["at_ms"]


async def test_coming_days_are_reckoned_as_they_would_be(site: Site, boss: Browser, redis: Redis, pool: str) -> None:
    hours = range(9, 15)
    await called(site, redis, pool, hours=hours)  # what nobody calls in is reckoned at once

    async def outlook(**wish: Any) -> dict[str, Any]:
        async with asyncio.timeout(LIMIT_S):
            while True:
                answer = await ok(await boss.post("/api/plan/outlook", {"days": 7, **wish}))
                if not answer["pending"]:
                    return answer
                await asyncio.sleep(0.2)

    plain = (await outlook())["outlook"]
    assert len(plain["days"]) == 7
    day = plain["days"][0]
    assert day["low"] < day["calls"] < day["high"]
    assert day["calls"] == pytest.approx(len(hours) * 8, rel=0.1)
    assert plain["truth"]["has"] == 1
    more = (await outlook(calls_factor=2, people=12))["outlook"]
    assert more["days"][0]["calls"] == pytest.approx(2 * day["calls"], rel=1e-3)
    assert more["days"][0]["hours"] > day["hours"]
    assert more["truth"]["has"] == 12
    assert more["truth"]["takes"] > plain["truth"]["takes"]
    for key in [key async for key in redis.scan_iter(match=f"{{{pool}}}:plan_outlook*")]:
        assert spec_of(key.decode(), pool) is not None, key
        assert await redis.pttl(key) > 0, key
    assert (await boss.post("/api/plan/outlook", {"calls_factor": 9})).status_code == 400


async def test_a_queue_is_held_against_its_own_calls_goal_and_people(
    site: Site, boss: Browser, redis: Redis, pool: str
) -> None:
    now_ms = site.services.clock.now_ms()
    await shift(site, now_ms)
    rules = {"needs": ["hksl"], "targets": {"normal": {"share_percent": 80, "within_s": 60}}}
    assert (await boss.put("/api/queues/rail", {"new": True, **rules})).status_code == 200
    assert await error_of(await boss.get("/api/intraday?queue=bus")) == (404, "unknown_queue")
    assert await error_of(await boss.post("/api/plan/outlook", {"queue": "bus"})) == (404, "unknown_queue")
    assert await error_of(await boss.post("/api/plan/outlook", {"queue": "Bus!"})) == (400, "bad_request")
    wish = {"first_day": "2046-03-05", "days": 7}
    assert await error_of(await boss.post("/api/plan/roster", {"queue": "bus", **wish})) == (404, "unknown_queue")
    # Nobody can serve it: that is said, not waited for.
    assert await error_of(await boss.post("/api/plan/outlook", {"queue": "rail"})) == (409, "nobody_able")
    async with asyncio.timeout(LIMIT_S):
        while (rail := await ok(await boss.get("/api/intraday?queue=rail")))["pending"]:
            await asyncio.sleep(0.1)
    assert (rail["trouble"], rail["queue"]) == ("nobody_able", "rail")
    assert (rail["goal_percent"], rail["target_s"]) == (80, 60)
    assert (max(rail["scheduled"]), set(rail["present"])) == (0, {-1})
    # Once somebody can, its days, its cost and the hours to keep are its own: of one person, and of its own goal.
    await site.account("linxiao", Role.AGENT, skills=("hksl",))
    await called(site, redis, pool, hours=range(10, 12), queue="rail")
    async with asyncio.timeout(LIMIT_S):
        while (ahead := await ok(await boss.post("/api/plan/outlook", {"queue": "rail", "days": 7})))["pending"]:
            await asyncio.sleep(0.2)
    outlook = ahead["outlook"]
    assert (outlook["goal"], outlook["within_s"], outlook["truth"]["has"]) == (0.8, 60, 1)
    assert outlook["days"][0]["calls"] == pytest.approx(16, rel=0.1)
    assert outlook["truth"]["takes"] >= 1
    main = await ok(await boss.get("/api/intraday"))
    assert (max(main["scheduled"]), main["goal_percent"], main["target_s"]) == (1, 95, 20)


async def test_without_calls_it_says_so_and_who_is_where_all_the_same(site: Site, boss: Browser) -> None:
    now_ms = site.services.clock.now_ms()
    await shift(site, now_ms)
    answer = await until(boss, lambda answer: answer["at_ms"] > 0)
    assert (answer["plan"], answer["trouble"]) == (None, "planning_no_history")
    async with asyncio.timeout(LIMIT_S):
        while (ahead := await ok(await boss.post("/api/plan/outlook", {"days": 7})))["pending"]:
            await asyncio.sleep(0.2)
    assert (ahead["outlook"], ahead["trouble"]) == (None, "planning_no_history")
    [amei] = answer["people"]
    assert (amei["agent"], amei["now"], amei["adherence"], amei["seen_min"]) == (await person(site), "not_seen", -1, 0)


async def test_marks_are_made_once_a_minute_by_one_node_and_pass(site: Site, redis: Redis, pool: str) -> None:
    now_ms = site.services.clock.now_ms()
    await shift(site, now_ms)
    agent, desk = await person(site), site.services.attendance
    await redis.delete(Keys(pool).attendance_turn, Keys(pool).floor(today_of(now_ms, ZONE)[0]))
    day, began_ms = today_of(site.services.clock.now_ms(), ZONE)
    before = (site.services.clock.now_ms() - began_ms) // MINUTE_MS
    assert await desk.mark()
    after = (site.services.clock.now_ms() - began_ms) // MINUTE_MS
    found = (await desk.marks(day, [agent, "nobody"]))[agent]
    assert set(found.values()) == {Mark.AWAY}  # on shift, and not signed in
    assert before <= min(found) <= max(found) <= after
    assert (await desk.marks(day, [agent, "nobody"]))["nobody"] == {}
    assert await desk.marks(day, []) == {}
    counts = await desk.floor(day)
    assert set(counts) <= set(range(before, after + 1))
    assert {(one.here, one.busy, one.resting) for one in counts.values()} == {(0, 0, 0)}
    assert await desk.floor("2046-03-05") == {}
    assert not await desk.mark()
    for name in ("attendance", "floor"):
        for raw in [raw async for raw in redis.scan_iter(match=f"{{{pool}}}:{name}*")]:
            assert spec_of(raw.decode(), pool) is not None, raw
            assert await redis.pttl(raw) > 0, raw


async def test_a_break_is_moved_as_a_version_of_the_roster_and_never_made_less(site: Site, boss: Browser) -> None:
    now_ms = site.services.clock.now_ms() // MINUTE_MS * MINUTE_MS
    quarter = HOUR_MS // 4
    old = (now_ms + HOUR_MS, now_ms + HOUR_MS + quarter)
    new = (old[0] - quarter, old[1] - quarter)
    found = await shift(site, now_ms, old)
    wish = {"shift": found.shift, "old": list(old), "new": list(new)}
    for wrong in (
        {**wish, "shift": "s_none"},
        {**wish, "old": [1, 2]},
        {**wish, "new": [new[0], new[1] - 60_000]},
        {**wish, "new": [now_ms - quarter, now_ms]},
        {**wish, "new": [now_ms + 3 * HOUR_MS, now_ms + 3 * HOUR_MS + quarter]},
    ):
        assert await error_of(await boss.post("/api/intraday/break", wrong)) == (409, "no_such_break")
    assert (await ok(await boss.post("/api/intraday/break", wish), 201)) == {"version": 1}
    [moved] = await site.store.shifts(now_ms, now_ms + 1)
    assert (moved.start_ms, moved.end_ms, moved.breaks) == (found.start_ms, found.end_ms, (new,))
    assert await error_of(await boss.post("/api/intraday/break", wish)) == (409, "no_such_break")
    [version] = (await ok(await boss.get("/api/rosters")))["versions"]
    day = datetime.fromtimestamp(found.start_ms / 1000, ZONE).date()
    assert (version["first_day"], version["days"], version["added"], version["removed"]) == (str(day), 1, 1, 1)


def test_marks_are_read_from_their_bits() -> None:
    assert _read(b"") == {}
    assert _read(bytes([0b00011011, 0, 0b11000000])) == {1: Mark.HERE, 2: Mark.BREAK, 3: Mark.AWAY, 8: Mark.AWAY}
