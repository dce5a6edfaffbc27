"""The past of another system becomes the service's own: sums and open time that planning and pages read, or nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from scheduler.history import State
from scheduler.history_csv import read_text
from signaling.policy import Policy
from tests.integration.http_site import STEADY_ZONE, Site
from tests.integration.test_cli_plan import refused, run
from tests.valkey_server import RealValkey
from video_service import open_time
from video_service.keys import Keys, spec_of
from video_service.past_import import import_past
from video_service.plan_source import past_of_service
from video_service.records import Records
from video_service.rollups_rebuild import Rebuild
from video_service.settings import Settings

pytestmark = pytest.mark.integration

ZONE = STEADY_ZONE
DAYS = 21


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setenv("REDIS_URL", valkey.url)
    monkeypatch.setenv("VIDEO_SERVICE_POOL", pool)
    monkeypatch.setenv("VIDEO_SERVICE_TIME_ZONE", ZONE.key)
    async with Site(Settings(redis_url=valkey.url, pool=pool, time_zone=ZONE.key)) as running:
        yield running


def today(site: Site) -> date:
    return datetime.fromtimestamp(site.services.clock.now_ms() / 1000, ZONE).date()


def file_of(folder: Path, last: date, *, minutes: int = 15, outage: int = -1) -> tuple[Path, np.ndarray[Any, Any]]:
    """Write three weeks up to `last` of a line that is open from 9 to 15; return the counts, too."""
    counts = np.random.default_rng(7).poisson(0.8 * minutes / 15, (DAYS, 360 // minutes))
    lines = ["start,calls,answered,handle_s,state"]
    for day, row in enumerate(counts):
        at = datetime.combine(last - timedelta(days=DAYS - 1 - day), datetime.min.time()) + timedelta(hours=9)
        state = "outage" if day == outage else ""
        for slot, calls in enumerate(row):
            start = at + timedelta(minutes=minutes * slot)
            lines.append(
                f"{start:%Y-%m-%dT%H:%M},{0 if state else calls},{0 if state else calls},{calls * 300},{state}"
            )
    file = folder / "past.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file, counts


async def past(site: Site, redis: Redis) -> Any:
    now_ms = site.services.clock.now_ms()
    return await past_of_service(redis, site.settings, "main", 26, now_ms)


async def test_an_import_is_the_past_that_the_service_plans_from(site: Site, redis: Redis, tmp_path: Path) -> None:
    file, counts = file_of(tmp_path, today(site) - timedelta(days=1), outage=5)
    said = await asyncio.to_thread(run, "import", file, "--dry-run")
    assert f"{counts.sum() - counts[5].sum()} calls from" in said.stdout
    assert "would be kept as the past of main" in said.stdout
    assert not await redis.exists(Keys(site.settings.pool).rollups)
    said = await asyncio.to_thread(run, "import", file, "--json")
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout)["calls"] == counts.sum() - counts[5].sum()

    history = (await past(site, redis)).history
    assert history.first_day == today(site) - timedelta(days=DAYS)
    expected = np.where(np.arange(DAYS)[:, None] == 5, 0, counts)
    assert (history.calls[:, 36:60] == expected).all()
    assert history.calls.sum() == expected.sum()
    assert (history.answered == history.calls).all()
    assert np.allclose(history.handle_s, history.calls * 300.0)
    open_rows = np.delete(np.arange(DAYS), 5)
    assert (history.state[open_rows, 36:60] == State.OPEN).all(), "quiet intervals, too, were open"
    assert (history.state[open_rows, :36] == State.CLOSED).all()
    assert (history.exposure[5] == 0).all(), "an outage is not learned from"
    keys = [key.decode() async for key in redis.scan_iter(match=f"{{{site.settings.pool}}}:*", count=1000)]
    for key in (one for one in keys if ":rollup:" in one or ":open_time:" in one):
        assert spec_of(key, site.settings.pool) is not None
        assert await redis.pttl(key) > 0


async def test_a_second_import_replaces_the_first_and_a_rebuild_leaves_it(
    site: Site, redis: Redis, tmp_path: Path
) -> None:
    last = today(site) - timedelta(days=1)
    file, counts = file_of(tmp_path, last, minutes=60)
    for _ in range(2):
        assert (await asyncio.to_thread(run, "import", file)).exit_code == 0
        history = (await past(site, redis)).history
        # Calls of an hour are dealt out to its quarters, the same way each time.
        assert (history.calls[:, 36:60].reshape(DAYS, 6, 4).sum(axis=2) == counts).all()
    again = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join([*again[:-1], again[-1].rpartition("T")[0] + "T14:00,99,,,"]), encoding="utf-8")
    assert (await asyncio.to_thread(run, "import", file)).exit_code == 0
    policy, now_ms = site.settings.project(Policy), site.services.clock.now_ms()
    rebuild = Rebuild(
        redis,
        pool=site.settings.pool,
        interval_minutes=policy.interval_minutes,
        target_s=policy.service_level_target_s,
        record_retention_days=policy.record_retention_days,
        rollup_retention_days=policy.rollup_retention_days,
    )
    assert (await rebuild.run(0, now_ms + 1, now_ms=now_ms, write=True)).wrong == ()
    sums = await Records(redis, pool=site.settings.pool).rollups(0, now_ms)
    assert sum(one.offered for one in sums) == counts.sum() - counts[-1, -1] + 99


async def test_what_the_service_has_counted_itself_is_not_written_over(
    site: Site, redis: Redis, pool: str, tmp_path: Path
) -> None:
    keys = Keys(pool)
    file, _ = file_of(tmp_path, today(site))
    assert f"The file reaches to {today(site)}, but from {today(site)} 00:00 on" in await asyncio.to_thread(
        refused, "import", file
    )
    file, _ = file_of(tmp_path, today(site) - timedelta(days=1))
    own = datetime.combine(today(site) - timedelta(days=3), datetime.min.time(), ZONE)
    own_ms = round(own.timestamp() * 1000)
    await redis.hset(keys.rollup(f"main:{own_ms}"), mapping={"v": 1, "offered": 1})
    await redis.zadd(keys.rollups, {f"main:{own_ms}": own_ms})
    said = await asyncio.to_thread(refused, "import", file)
    assert f"but from {own:%Y-%m-%d} 00:00 on the service counts for itself: leave those days out" in said
    assert "There is no queue nope; there are main" in await asyncio.to_thread(
        refused, "import", file, "--queue", "nope"
    )
    long_ago, _ = file_of(tmp_path, date(2001, 3, 4))
    assert "are older than the" in await asyncio.to_thread(refused, "import", long_ago)
    file.write_text("start,calls\n2026-03-02T09:00,many\n", encoding="utf-8")
    assert "Line 2: calls must be a number" in await asyncio.to_thread(refused, "import", file)
    assert await redis.zcard(keys.rollups) == 1
    now_ms = site.services.clock.now_ms()
    assert (await open_time.read(redis, pool=pool, from_ms=0, to_ms=now_ms)).opened == ()


async def test_what_is_written_while_an_import_is_being_kept_stays(
    redis: Redis, pool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a zone ahead of UTC yesterday ends on the UTC day whose marks the service sets; and another import runs."""
    zone, at = ZoneInfo("Asia/Shanghai"), datetime(2026, 3, 4, 1, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    now_ms, days = round(at.timestamp() * 1000), (date(2026, 3, 2), date(2026, 3, 3))
    keys, mark = Keys(pool), 2 * 4 * 60 * 16 + 100  # sixteen hours and some minutes of this UTC day
    own, other = keys.open_time(now_ms // 86_400_000), f"main:{now_ms - 86_400_000}"
    execute, tries = Pipeline.execute, list[int]()

    async def late(self: Pipeline, raise_on_error: bool = True) -> Any:
        if self.watching or not tries:
            tries.append(await redis.zcard(keys.rollups))
            if len(tries) == 1:
                await redis.setbit(own, mark, 1)
                await redis.hset(keys.rollup(other), mapping={"v": 1, "imported": 1, "offered": 9})
                await redis.zadd(keys.rollups, {other: now_ms - 86_400_000})
        return await execute(self, raise_on_error)

    lines = ["start,calls", *(f"{day}T{hour:02}:00,0" for day in days for hour in range(24))]
    history = read_text("\n".join(lines), zone)
    monkeypatch.setattr(Pipeline, "execute", late)
    found = await import_past(
        redis, history, pool=pool, queue="main", zone=zone, interval_minutes=15, retention_days=60, now_ms=now_ms
    )
    assert (found.calls, len(tries)) == (0, 2)
    assert await redis.getbit(own, mark) == 1, "the service's own mark"
    assert await redis.getbit(own, 1) == 1, "beside the imported ones"
    assert not await redis.exists(keys.rollup(other)), "and this import replaces the other one's sums"
