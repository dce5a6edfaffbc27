"""A roster made in the background: a real process, a real Valkey, the page's own requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from quart import Response
from redis.asyncio import Redis

from scheduler.plan_file import EXAMPLE
from tests.integration.http_site import STEADY_ZONE, Browser, Site, error_of
from tests.valkey_server import RealValkey
from video_service import plan_runner, plan_store
from video_service.accounts import Role
from video_service.keys import Keys, spec_of
from video_service.plan_runner import CUT_OFF
from video_service.plan_store import MOST_ATTEMPTS, PlanStore
from video_service.settings import Settings

pytestmark = pytest.mark.integration

ZONE = STEADY_ZONE
LIMIT_S = 240.0
HARD = EXAMPLE.partition("[[people]]")[0] + "\n".join(
    f'[[people]]\nname = "{name}"\ncontract = "full"\n' for name in ("amei", "linxiao", "wang", "chen", "zhao", "zhou")
)
"""Six people for two shifts a day of which both want two: too few, and far too many ways to try them all."""


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(plan_store, "LEASE_MS", 3_600_000)  # whoever stands still for a while keeps the job
    monkeypatch.setattr(plan_runner, "RELEASE_S", LIMIT_S)  # and gives it back
    async with Site(Settings(redis_url=valkey.url, pool=pool, time_zone=ZONE.key)) as running:
        await running.account("amei", Role.AGENT, display_name="阿梅")
        await running.account("linxiao", Role.AGENT)
        yield running


@pytest.fixture
async def boss(site: Site) -> Browser:
    return await site.signed_in(Role.COORDINATOR)


def monday(site: Site) -> date:
    """The Monday after next: nothing of it has begun, whatever the day."""
    today = datetime.fromtimestamp(site.services.clock.now_ms() / 1000, ZONE).date()
    return today + timedelta(days=14 - today.weekday())


async def ok(response: Response, status: int = 200) -> dict[str, Any]:
    answer: dict[str, Any] = await response.get_json()
    assert response.status_code == status, answer
    return answer


async def begun(boss: Browser, first: date, days: int = 2, **more: Any) -> dict[str, Any]:
    wish = {"first_day": str(first), "days": days, "seconds": 120, **more}
    job: dict[str, Any] = (await ok(await boss.post("/api/plan/roster", wish), 202))["job"]
    return job


async def until(boss: Browser, ready: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Ask as the page does until the job is as wished."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            job: dict[str, Any] = (await ok(await boss.get("/api/plan/job")))["job"]
            if ready(job):
                return job
            await asyncio.sleep(0.1)


def at(attempt: int) -> Callable[[dict[str, Any]], bool]:
    return lambda job: bool(job["attempts"] == attempt)


async def test_a_roster_is_made_once_for_the_same_input_and_becomes_a_draft(
    site: Site, boss: Browser, redis: Redis, pool: str
) -> None:
    assert (await ok(await boss.get("/api/plan/job")))["job"] is None
    first = monday(site)
    job = await begun(boss, first)
    assert (job["state"], job["first_day"], job["days"], job["limit_s"]) == ("running", str(first), 2, 120)
    assert (await begun(boss, first))["job"] == job["job"]  # the same input, while it runs
    refused = await boss.post("/api/plan/roster", {"first_day": str(first), "days": 3})
    assert await error_of(refused) == (409, "plan_busy")

    over = await until(boss, lambda job: job["state"] != "running")
    assert (over["state"], over["error"]) == ("done", ""), over
    assert over["cost"] >= over["bound"] > 0
    draft = await ok(await boss.get(f"/api/rosters/{over['draft']}"))
    assert (draft["first_day"], draft["days"], draft["state"]) == (str(first), 2, "draft")
    assert draft["faults"] == []
    assert {one["person"] for one in draft["duties"]} == {"amei", "linxiao"}
    # Nobody has called yet, so two are wanted from nine to nine, and two people cannot be there for twelve hours.
    assert draft["notes"][0] == "no_calls"
    assert draft["required"][0][36:84] == [2] * 48
    known = draft["explained"]
    assert known["proved"] is True
    assert known["missing_min"] > 0
    assert {one["day"] for one in known["lacks"]} == {str(first), str(first + timedelta(days=1))}
    assert known["lacks"][0]["why"] == ["one_shift"]
    assert known["ways"][0]["missing_min"] < known["missing_min"]
    assert known["ways"][0]["kind"] == "extra"
    assert known["ways"][0]["extra"]

    again = await begun(boss, first)
    assert (again["state"], again["draft"]) == ("done", over["draft"])
    assert len((await ok(await boss.get("/api/rosters")))["drafts"]) == 1
    for key in [raw.decode() async for raw in redis.scan_iter(match=f"{{{pool}}}:plan*")]:
        assert spec_of(key, pool) is not None, key
        assert await redis.pttl(key) > 0, key


async def test_a_draft_that_was_deleted_is_made_again(site: Site, boss: Browser) -> None:
    first = monday(site)
    await begun(boss, first, days=1)
    over = await until(boss, lambda job: job["state"] != "running")
    await boss.delete(f"/api/rosters/{over['draft']}")
    assert (await begun(boss, first, days=1))["state"] == "running"
    again = await until(boss, lambda job: job["state"] != "running")
    assert again["state"] == "done"
    assert again["draft"] != over["draft"]


async def test_stopping_keeps_the_best_found(site: Site, boss: Browser) -> None:
    for name in ("wang", "chen", "zhao", "zhou"):
        await site.account(name, Role.AGENT)
    await ok(await boss.put("/api/rosters/team", {"text": HARD}))
    job = await begun(boss, monday(site), days=28, seconds=600)
    found = await until(boss, lambda job: job["cost"] >= 0 or job["state"] != "running")
    assert found["state"] == "running", "a search that is over cannot be stopped"
    await ok(await boss.post("/api/plan/cancel", {"job": job["job"]}))
    over = await until(boss, lambda job: job["state"] != "running")
    assert over["state"] == "done", over
    draft = await ok(await boss.get(f"/api/rosters/{over['draft']}"))
    assert len(draft["duties"]) > 60
    assert draft["faults"] == []
    assert draft["explained"]["ways"] == []  # nobody waited for them


async def test_what_cannot_be_made_is_refused(site: Site, boss: Browser) -> None:
    today = monday(site) - timedelta(days=14)
    for first, days in ((today, 1), (today + timedelta(days=80), 14)):
        response = await boss.post("/api/plan/roster", {"first_day": str(first), "days": days})
        assert await error_of(response) == (400, "plan_days")
    wish = {"first_day": str(monday(site)), "days": 1, "people": ["nobody"]}
    assert await error_of(await boss.post("/api/plan/roster", wish)) == (400, "bad_roster")
    agent = await site.signed_in(Role.AGENT)
    assert (await agent.get("/api/plan/job")).status_code == 403


async def test_a_job_whose_node_died_goes_on_at_the_best_found_but_not_for_ever(
    site: Site, boss: Browser, redis: Redis, pool: str
) -> None:
    keys, jobs = Keys(pool), site.services.plan_jobs
    for name in ("wang", "chen", "zhao", "zhou"):
        await site.account(name, Role.AGENT)
    await ok(await boss.put("/api/rosters/team", {"text": HARD}))
    job = await begun(boss, monday(site), days=28, seconds=600)
    await until(boss, lambda job: job["cost"] >= 0 or job["state"] != "running")
    store = PlanStore(redis, pool=pool)
    async with asyncio.timeout(LIMIT_S):
        while (best := await store.best(job["job"])) is None:
            await asyncio.sleep(0.1)
    for attempt in range(2, MOST_ATTEMPTS + 1):
        await jobs.close()  # it gives the job back, as far as it can: a killed node's lease lapses instead
        assert not await redis.exists(keys.plan_running)
        again = (await ok(await boss.get("/api/plan/job")))["job"]
        assert (again["job"], again["state"]) == (job["job"], "running")
        again = await until(boss, at(attempt))
        assert 0 <= again["cost"] <= best.cost, "what was found is known still"
    await jobs.close()
    over = await until(boss, lambda job: job["state"] != "running")
    assert (over["state"], over["error"], over["attempts"]) == ("done", "", MOST_ATTEMPTS)
    draft = await ok(await boss.get(f"/api/rosters/{over['draft']}"))
    assert draft["notes"][:2] == [CUT_OFF, "no_calls"]
    assert len(draft["duties"]) > 60
    assert draft["faults"] == []
    assert not await redis.exists(keys.plan_running, keys.plan_work(job["job"]), keys.plan_best(job["job"]))


async def test_a_job_that_was_lost_before_it_found_anything_is_given_up(
    site: Site, boss: Browser, redis: Redis, pool: str
) -> None:
    keys = Keys(pool)
    job = await begun(boss, monday(site), days=28, seconds=600)
    await site.services.plan_jobs.close()
    await redis.delete(keys.plan_best(job["job"]))
    await redis.hset(keys.plan_job(job["job"]), mapping={"state": "running", "attempts": MOST_ATTEMPTS})
    lost = await until(boss, lambda job: job["state"] != "running")
    assert (lost["state"], lost["error"]) == ("failed", "plan_lost")
    assert not await redis.exists(keys.plan_running)


async def test_rules_that_contradict_themselves_are_told_in_words(site: Site, boss: Browser, redis: Redis) -> None:
    text = EXAMPLE.replace('not_before = ["early"]', 'not_before = ["nowhere"]')
    await site.services.rosters.book.set_team(text, by="a-1")  # as an earlier version of the service may have kept it
    await begun(boss, monday(site))
    over = await until(boss, lambda job: job["state"] != "running")
    assert (over["state"], over["error"]) == ("failed", "planning_roster")
    assert "nowhere" in over["words"]
