"""Rosters made by workers of their own: real processes, a real Valkey, streaq between them, and SIGKILL."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from scheduler.roster_file import RosterDocument
from tests.integration.http_site import Browser, Site
from tests.integration.test_plan_jobs import HARD, LIMIT_S, ZONE, begun, monday, ok, until
from tests.valkey_server import RealValkey
from video_service import plan_queue, plan_runner, plan_store, redis_client
from video_service.accounts import Role
from video_service.health import check
from video_service.keys import Keys, spec_of
from video_service.plan_process import PlanProcess
from video_service.plan_queue import stream_of
from video_service.plan_runner import PlanRunner
from video_service.plan_store import Job, Order, PlanStore
from video_service.plan_work import Basis, MakeRoster, Progress, RawPast, Said, Team, Trouble
from video_service.roster_store import RosterBook
from video_service.settings import Settings
from video_service.tasks import cancel_and_wait

pytestmark = pytest.mark.integration

HOUR_S = 3600.0
LEASE_S = 6.0
"""Short enough to wait for, long enough for a worker that is awake: it renews the lease each second."""
Started = Callable[[], Any]


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(plan_store, "LEASE_MS", round(HOUR_S * 1000))  # nothing lapses because a machine is slow
    monkeypatch.setattr(plan_queue, "SEND_S", LIMIT_S)  # and no worker stays untold: nobody looks at the job again
    settings = Settings(redis_url=valkey.url, pool=pool, time_zone=ZONE.key, planning_workers="streaq")
    async with Site(settings) as running:
        for name in ("amei", "linxiao", "wang", "chen", "zhao", "zhou"):
            await running.account(name, Role.AGENT)
        yield running


@pytest.fixture
async def boss(site: Site) -> Browser:
    return await site.signed_in(Role.COORDINATOR)


@asynccontextmanager
async def worker(
    valkey: RealValkey, pool: str, *, idle_s: float = HOUR_S, log: int | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker as operators start it; SIGKILL at the end if need be. `log`: a file for what it says."""
    environment = {
        **os.environ,
        "REDIS_URL": valkey.url,
        "VIDEO_SERVICE_POOL": pool,
        "VIDEO_SERVICE_LOG_FORMAT": "json",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "video_service.cli", "plan-worker", "--idle-s", str(idle_s)),
        env=environment,
        stdout=log,
        stderr=log,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def found(redis: Redis, pool: str, job: str) -> int:
    """Return what the best kept roster of a job costs, as soon as there is one."""
    store = PlanStore(redis, pool=pool)
    async with asyncio.timeout(LIMIT_S):
        while (best := await store.best(job)) is None:
            await asyncio.sleep(0.1)
    return best.cost


async def let_an_hour_pass(redis: Redis, pool: str) -> None:
    """What a killed worker leaves behind grows as old as the worker's time-out, for our lease and for streaq."""
    await redis.delete(Keys(pool).plan_running)
    stream = f"streaq:{stream_of(pool)}:queues:normal"
    pending = await redis.xpending_range(stream, "workers", "-", "+", 10)
    assert len(pending) == 1
    owner, message = str(pending[0]["consumer"]), pending[0]["message_id"]
    await redis.xclaim(stream, "workers", owner, 0, [message], idle=round(HOUR_S * 1000), justid=True)


async def test_a_killed_workers_job_goes_on_in_another_at_the_best_that_was_found(
    site: Site, boss: Browser, valkey: RealValkey, redis: Redis, pool: str
) -> None:
    await ok(await boss.put("/api/rosters/team", {"text": HARD}))
    job = await begun(boss, monday(site), days=28, seconds=600)
    assert (job["state"], job["phase"], job["attempts"]) == ("running", "queue", 0)
    assert (await begun(boss, monday(site), days=28, seconds=600))["job"] == job["job"]
    here = Settings(redis_url=valkey.url, pool=pool)
    assert await check(here, "plan-worker") == 1, "no worker yet"
    async with worker(valkey, pool) as first:
        async with asyncio.timeout(LIMIT_S):  # it is heard of when it begins; with this time-out then for long not
            while await check(here, "plan-worker"):
                await asyncio.sleep(0.1)
        cost = await found(redis, pool, job["job"])
        first.send_signal(signal.SIGKILL)
        await first.wait()
    left = (await ok(await boss.get("/api/plan/job")))["job"]
    assert (left["state"], left["attempts"]) == ("running", 1), "nobody has noticed yet"

    await let_an_hour_pass(redis, pool)
    async with worker(valkey, pool):
        again = await until(boss, lambda job: job["attempts"] == 2)
        assert (again["job"], again["state"]) == (job["job"], "running")
        assert 0 <= again["cost"] <= cost
        await until(boss, lambda job: job["phase"] in ("search", "why", "ways"))
        await ok(await boss.post("/api/plan/cancel", {"job": job["job"]}))
        over = await until(boss, lambda job: job["state"] != "running")
    assert (over["state"], over["attempts"]) == ("done", 2)
    assert over["cost"] <= cost, "the second worker began where the first one was"
    draft = await ok(await boss.get(f"/api/rosters/{over['draft']}"))
    assert draft["faults"] == []
    assert len(draft["duties"]) > 60


async def test_who_slept_longer_than_the_lease_has_lost_the_job_and_leaves_no_roster_of_it(
    site: Site, boss: Browser, valkey: RealValkey, redis: Redis, pool: str, tmp_path: Path
) -> None:
    await ok(await boss.put("/api/rosters/team", {"text": HARD}))
    job = await begun(boss, monday(site), days=28, seconds=600)
    said = tmp_path / "sleeper.log"
    with said.open("wb") as log:
        async with worker(valkey, pool, idle_s=LEASE_S, log=log.fileno()) as sleeper:
            cost = await found(redis, pool, job["job"])
            sleeper.send_signal(signal.SIGSTOP)
            async with asyncio.timeout(LIMIT_S):
                while await redis.exists(Keys(pool).plan_running):  # the lease lapses by itself: nobody renews it
                    await asyncio.sleep(0.1)
            left = (await ok(await boss.get("/api/plan/job")))["job"]
            async with worker(valkey, pool, idle_s=LEASE_S):
                again = await until(boss, lambda job: job["attempts"] > left["attempts"])
                assert (again["job"], again["state"]) == (job["job"], "running")
                sleeper.send_signal(signal.SIGCONT)
                async with asyncio.timeout(LIMIT_S):  # it tells its own end, and is told that it is not its any more
                    while b"plan_job_lost" not in said.read_bytes():
                        await asyncio.sleep(0.1)
                sleeper.send_signal(signal.SIGKILL)
                await ok(await boss.post("/api/plan/cancel", {"job": job["job"]}))
                over = await until(boss, lambda job: job["state"] != "running")
    assert over["state"] == "done"
    assert over["cost"] <= cost, "it went on from the best that the sleeper had found"
    drafts = (await ok(await boss.get("/api/rosters")))["drafts"]
    assert [one["draft"] for one in drafts] == [over["draft"]]


async def test_a_result_that_comes_after_the_lease_has_lapsed_becomes_no_draft(
    site: Site, redis: Redis, pool: str
) -> None:
    store, book, first = PlanStore(redis, pool=pool), site.services.rosters.book, monday(site)
    past = RawPast(first=first - timedelta(days=1), today=first, from_ms=0)
    basis = Basis(zone=ZONE.key, region="", queue="main", past=past, team=Team(text=HARD))
    order = Order(work=MakeRoster(basis=basis, first_day=first, days=1, seconds=1), base=(), by="u_test")
    assert await store.begin("j-1", {"state": "running"})
    await store.keep_order("j-1", order)

    class Sleeper(PlanProcess):
        """Says its result when another process has the job already."""

        def __init__(self) -> None:
            """Has no process."""

        async def said(self) -> Said:
            await redis.delete(Keys(pool).plan_running)
            assert await store.take("j-1", "another") == "taken"
            return Said(roster=RosterDocument(zone=ZONE.key, first_day=first, days=1, duties=()))

    @asynccontextmanager
    async def run(work: MakeRoster) -> AsyncIterator[PlanProcess]:
        yield Sleeper()

    assert not await PlanRunner(store, book, run=run).do("j-1")
    assert await book.drafts() == []
    assert await store.keep("j-1", "another", {}) is False, "the other one has it still"
    job = await store.get("j-1")
    assert job is not None
    assert (job.state, job.draft) == ("running", "")


@dataclass
class Scripted(PlanProcess):
    """A process that says this, and then its end: `last` as it is, or what a job that is asked to end early says."""

    lines: list[Said]
    last: Said | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def said(self) -> Said:
        if self.lines:
            return self.lines.pop(0)
        if self.last is None:
            await asyncio.Event().wait()
        await self.asked.wait()
        assert self.last is not None
        return self.last

    def stop(self) -> None:
        self.asked.set()


@dataclass
class Resumed:
    """A job whose first process was lost after its search had said 100, and handed out a roster of 150."""

    store: PlanStore
    book: RosterBook
    first: date

    def roster(self, cost: int, bound: float) -> RosterDocument:
        return RosterDocument(zone=ZONE.key, first_day=self.first, days=1, duties=(), cost=cost, bound=bound)

    async def does(self, process: Scripted) -> None:
        @asynccontextmanager
        async def run(work: MakeRoster) -> AsyncIterator[PlanProcess]:
            yield process

        await PlanRunner(self.store, self.book, run=run).do("j-1")

    async def job(self) -> Job:
        job = await self.store.get("j-1")
        assert job is not None
        return job

    async def cost(self, wanted: int) -> None:
        async with asyncio.timeout(LIMIT_S):
            while (await self.job()).cost != wanted:
                await asyncio.sleep(0.02)


@pytest.fixture
async def resumed(site: Site, redis: Redis, pool: str, monkeypatch: pytest.MonkeyPatch) -> Resumed:
    monkeypatch.setattr(plan_runner, "BEAT_S", 0.02)
    first = monday(site)
    made = Resumed(PlanStore(redis, pool=pool), site.services.rosters.book, first)
    past = RawPast(first=first - timedelta(days=1), today=first, from_ms=0)
    basis = Basis(zone=ZONE.key, region="", queue="main", past=past, team=Team(text=HARD))
    assert await made.store.begin("j-1", {"state": "running"})
    order = Order(work=MakeRoster(basis=basis, first_day=first, days=1, seconds=1), base=(), by="u_test")
    await made.store.keep_order("j-1", order)
    searched = Said(progress=Progress(phase="search", cost=150, bound=40))
    further = Said(progress=Progress(phase="search", cost=100, bound=60))
    lost = asyncio.create_task(made.does(Scripted([searched, Said(best=made.roster(150, 40)), further])))
    await made.cost(100)
    async with asyncio.timeout(LIMIT_S):
        while await made.store.best("j-1") is None:
            await asyncio.sleep(0.02)
    await cancel_and_wait([lost])
    return made


async def test_a_job_that_goes_on_says_what_the_roster_costs_that_is_kept(resumed: Resumed) -> None:
    assert (await resumed.job()).cost == 100, "nobody has noticed yet"
    process = Scripted([], last=Said(roster=resumed.roster(90, 60)))
    going = asyncio.create_task(resumed.does(process))
    await resumed.cost(150)
    await resumed.store.cancel("j-1")
    await going
    job = await resumed.job()
    assert (job.state, job.cost, job.bound) == ("done", 90, 60)


@pytest.mark.parametrize("searched", [False, True])
async def test_ended_soon_after_it_went_on_it_keeps_the_better_roster_that_was_found_before(
    resumed: Resumed, searched: bool
) -> None:
    """The first steps of a search cost more; before the search there is no roster at all."""
    worse, end = resumed.roster(170, 30), Said(trouble=Trouble(code="plan_ended"))
    lines = [Said(progress=Progress(phase="search", cost=170, bound=30)), Said(best=worse)] if searched else []
    process = Scripted(lines, last=Said(roster=worse) if searched else end)
    going = asyncio.create_task(resumed.does(process))
    await resumed.cost(150)
    async with asyncio.timeout(LIMIT_S):
        while process.lines or (await resumed.job()).phase != ("search" if searched else "forecast"):
            assert (await resumed.job()).cost in (100, 150)
            await asyncio.sleep(0.02)
    await resumed.store.cancel("j-1")
    await going
    job = await resumed.job()
    assert (job.state, job.cost, job.bound) == ("done", 150, 40)
    draft = await resumed.book.draft(job.draft)
    assert msgspec.json.decode(draft.document, type=RosterDocument).cost == 150


async def test_one_that_had_found_nothing_ends_without_a_roster_and_without_a_cost(
    resumed: Resumed, redis: Redis, pool: str
) -> None:
    await redis.delete(Keys(pool).plan_best("j-1"))
    await resumed.store.cancel("j-1")
    await resumed.does(Scripted([]))
    job = await resumed.job()
    assert (job.state, job.draft, job.cost, job.bound) == ("ended", "", -1, -1)
    assert await resumed.book.drafts() == []


async def test_a_worker_that_is_stopped_gives_its_job_back_and_nothing_of_it_stays_behind(
    site: Site, boss: Browser, valkey: RealValkey, redis: Redis, pool: str
) -> None:
    await ok(await boss.put("/api/rosters/team", {"text": HARD}))
    job = await begun(boss, monday(site), days=28, seconds=600)
    async with worker(valkey, pool) as first:
        await found(redis, pool, job["job"])
        first.send_signal(signal.SIGTERM)
        assert await first.wait() == 0
    assert not await redis.exists(Keys(pool).plan_running), "it waits for whoever is asked next"
    async with worker(valkey, pool):
        await until(boss, lambda job: job["attempts"] == 2)
        await ok(await boss.post("/api/plan/cancel", {"job": job["job"]}))
        over = await until(boss, lambda job: job["state"] != "running")
        assert over["state"] == "done", over
        async with asyncio.timeout(LIMIT_S):  # streaq takes it off its list after the job's own end
            while await redis.xlen(f"streaq:{stream_of(pool)}:queues:normal"):
                await asyncio.sleep(0.1)
    kept = [key async for key in redis.scan_iter(match=f"*{{{pool}}}*")]
    names = [key.decode() if isinstance(key, bytes) else key for key in kept]
    theirs = [name for name in names if name.startswith(f"streaq:{stream_of(pool)}:")]
    assert [name for name in names if name not in theirs and spec_of(name, pool) is None] == []
    for name in theirs:
        dumped = repr(await redis_client.raw(redis, "DUMP", name))
        assert not any(person in dumped for person in ("amei", "zhou")), name
    assert not any("plan_work" in name or "plan_best" in name for name in names)


async def test_a_job_that_no_worker_has_taken_can_be_stopped(site: Site, boss: Browser) -> None:
    job = await begun(boss, monday(site))
    await ok(await boss.post("/api/plan/cancel", {"job": job["job"]}))
    over = (await ok(await boss.get("/api/plan/job")))["job"]
    assert (over["state"], over["error"]) == ("ended", "plan_ended")
    assert (await begun(boss, monday(site)))["state"] == "running"
