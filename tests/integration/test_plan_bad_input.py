"""What no plan can have, over HTTP and on the command line of a running service: a sentence, and nothing half-saved."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from quart import Response
from redis.asyncio import Redis

from scheduler.plan_file import EXAMPLE
from scheduler.roster_file import Duty, RosterDocument
from tests.integration.http_site import STEADY_ZONE, Browser, Site, error_of
from tests.integration.test_cli_plan import refused
from tests.valkey_server import RealValkey
from video_service import plan_outlook
from video_service.accounts import Role
from video_service.settings import Settings

pytestmark = pytest.mark.integration

ZONE = STEADY_ZONE
LIMIT_S = 240.0
SPRING = date(2054, 3, 29)
"""A Sunday on which Berlin puts its clock forward from 2:00 to 3:00."""


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(plan_outlook, "LIMIT_S", LIMIT_S)
    monkeypatch.setattr(plan_outlook, "TURN_MS", 3_600_000)
    monkeypatch.setenv("REDIS_URL", valkey.url)
    monkeypatch.setenv("VIDEO_SERVICE_POOL", pool)
    monkeypatch.setenv("VIDEO_SERVICE_TIME_ZONE", ZONE.key)
    async with Site(Settings(redis_url=valkey.url, pool=pool, time_zone=ZONE.key)) as running:
        yield running


@pytest.fixture
async def boss(site: Site) -> Browser:
    return await site.signed_in(Role.COORDINATOR)


def monday(site: Site) -> date:
    today = datetime.fromtimestamp(site.services.clock.now_ms() / 1000, ZONE).date()
    return today + timedelta(days=14 - today.weekday())


def duty(person: str, day: date, start: str = "09:00") -> Duty:
    return Duty(person=person, day=day, shift="", start=start, minutes=480)


def roster(folder: Path, *duties: Duty, zone: str = ZONE.key) -> Path:
    first = min(one.day for one in duties)
    file = folder / "roster.json"
    file.write_bytes(msgspec.json.encode(RosterDocument(zone=zone, first_day=first, days=7, duties=duties)))
    return file


async def ok(response: Response, status: int = 200) -> dict[str, Any]:
    answer: dict[str, Any] = await response.get_json()
    assert response.status_code == status, answer
    return answer


async def imported(boss: Browser, *lines: str, zone: str = ZONE.key) -> dict[str, Any]:
    file = "\n".join(("agent,date,from,to", *lines))
    wish = {"file": base64.b64encode(file.encode()).decode(), "zone": zone, "apply": True}
    return await ok(await boss.post("/api/shifts/import", wish))


async def nothing_saved(site: Site) -> bool:
    book = site.services.rosters.book
    return not await site.store.shifts(0, 1 << 43) and not await book.versions() and await book.team() is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("least_hours_a_week = 30", "least_hours_a_week = 41", "contracts 1 (full), least_hours_a_week: at least 41"),
        ("least_hours_a_week = 30", "days_on_in_a_row = 6", "contracts 1 (full), days_on_in_a_row: at least 6 days"),
        ('name = "linxiao"', 'name = "amei"', "people 2 (amei), name: people 1 has the same"),
    ],
)
async def test_http_an_impossible_contract_is_named_by_row_and_rule_and_not_kept(
    site: Site, boss: Browser, old: str, new: str, words: str
) -> None:
    answer = await ok(await boss.put("/api/rosters/team", {"text": EXAMPLE.replace(old, new), "apply": True}), 400)
    assert answer["error"] == "bad_team"
    assert words in answer["words"]
    assert await nothing_saved(site)


async def test_http_overlapping_shifts_in_a_file_are_named_by_line_and_none_is_kept(site: Site, boss: Browser) -> None:
    await site.account("amei", Role.AGENT)
    day = monday(site)
    answer = await imported(boss, f"amei,{day},09:00,17:00", f"amei,{day},16:00,20:00")
    assert [(one["line"], one["code"], one["other"]) for one in answer["faults"]] == [(3, "overlaps_line", 2)]
    assert answer["imported"] == 0
    assert await nothing_saved(site)


async def test_cli_overlapping_shifts_are_named_and_none_is_published(site: Site, tmp_path: Path) -> None:
    await site.account("amei", Role.AGENT)
    day = monday(site)
    file = roster(tmp_path, duty("amei", day), duty("amei", day, "16:00"))
    said = await asyncio.to_thread(refused, "publish", file)
    assert f"Nothing was published, for shifts overlap: amei {day} 16:00 lies in a shift from {day} 09:00." in said
    assert await nothing_saved(site)


async def test_http_unknown_agents_in_a_file_are_named_by_line_and_none_is_kept(site: Site, boss: Browser) -> None:
    await site.account("amei", Role.AGENT)
    day = monday(site)
    answer = await imported(boss, f"amei,{day},09:00,17:00", f"nobody,{day},09:00,17:00")
    assert [(one["line"], one["code"], one["value"]) for one in answer["faults"]] == [(3, "agent_unknown", "nobody")]
    assert await nothing_saved(site)


async def test_cli_unknown_agents_are_named_and_nothing_is_published(site: Site, tmp_path: Path) -> None:
    file = roster(tmp_path, duty("amei", monday(site)), duty("bao", monday(site)))
    said = await asyncio.to_thread(refused, "publish", file)
    assert "Nobody with these sign-in names is an agent here: amei, bao. Nothing was changed." in said
    await site.account("amei", Role.AGENT)
    assert "is an agent here: bao." in await asyncio.to_thread(refused, "publish", file)
    assert await nothing_saved(site)


async def test_http_a_time_that_a_day_of_clock_change_does_not_have_is_named_by_line(site: Site, boss: Browser) -> None:
    await site.account("amei", Role.AGENT)
    answer = await imported(boss, f"amei,{SPRING},02:30,09:00", zone="Europe/Berlin")
    assert [(one["line"], one["code"], one["value"]) for one in answer["faults"]] == [
        (2, "time_skipped", f"{SPRING} 02:30")
    ]
    assert await nothing_saved(site)


async def test_cli_and_http_a_roster_with_a_time_that_does_not_exist_is_not_published(
    site: Site, boss: Browser, tmp_path: Path
) -> None:
    await site.account("amei", Role.AGENT)
    file = roster(tmp_path, duty("amei", SPRING, "02:30"), duty("amei", SPRING, "10:00"), zone="Europe/Berlin")
    said = await asyncio.to_thread(refused, "publish", file)
    assert f"at a time that does not exist, for the clock is put forward over it: amei {SPRING} 02:30. Nothing" in said
    draft = await site.services.rosters.book.begin(f"{SPRING}", 7, file.read_text(), [], by="test")
    changes = await boss.get(f"/api/rosters/{draft}/changes")
    assert await error_of(changes) == (409, "roster_time_skipped")
    assert await nothing_saved(site)


async def test_http_and_cli_a_roster_for_nobody_is_refused(site: Site, boss: Browser, tmp_path: Path) -> None:
    answer = await ok(await boss.post("/api/plan/roster", {"first_day": f"{monday(site)}", "days": 1}), 400)
    assert answer == {"error": "bad_roster"}
    empty = tmp_path / "plan.toml"
    empty.write_text(EXAMPLE.partition("[[people]]")[0], encoding="utf-8")
    assert "there is no row of people" in await asyncio.to_thread(refused, "staff", empty)


async def outlook(boss: Browser, **wish: Any) -> dict[str, Any]:
    async with asyncio.timeout(LIMIT_S):
        while True:
            answer = await ok(await boss.post("/api/plan/outlook", {"days": 7, **wish}))
            if not answer["pending"]:
                return answer
            await asyncio.sleep(0.1)


async def test_http_and_cli_an_empty_history_is_said(site: Site, boss: Browser) -> None:
    await site.account("amei", Role.AGENT)
    answer = await outlook(boss)
    assert (answer["outlook"], answer["trouble"]) == (None, "planning_no_history")
    for command in ("forecast", "backtest", "accuracy", "today"):
        said = await asyncio.to_thread(refused, command)
        assert said.endswith("."), said
        assert "history" in said or "No day of a forecast" in said


async def test_http_zero_demand_and_a_single_agent_are_planned_for_the_minimum(site: Site, boss: Browser) -> None:
    amei = await site.account("amei", Role.AGENT)
    today = datetime.fromtimestamp(site.services.clock.now_ms() / 1000, ZONE)
    noon = today.replace(hour=12, minute=0, second=0, microsecond=0)
    starts = [round((noon - timedelta(days=back)).timestamp() * 1000) for back in range(1, 22)]
    await site.store.add_shifts([(amei.person, start_ms, start_ms + 7_200_000) for start_ms in starts])
    found = (await outlook(boss))["outlook"]
    assert max(one["calls"] for one in found["days"]) < 0.1
    assert {one["most"] for one in found["days"]} == {2}
    assert found["truth"]["has"] == 1


async def test_http_a_target_that_no_staff_could_reach_is_refused(site: Site, boss: Browser) -> None:
    text = EXAMPLE.replace("answered_share = 0.95", "answered_share = 1.0")
    answer = await ok(await boss.put("/api/rosters/team", {"text": text, "apply": True}), 400)
    assert "targets.answered_share: expected `float` < 1" in answer["words"]
    assert (await boss.post("/api/plan/outlook", {"share": 1.0})).status_code == 400
    assert await nothing_saved(site)
