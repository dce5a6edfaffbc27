"""`video-service plan` from files and from the service's own roll-ups, to shifts that stand on the roster."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner, Result

from scheduler.forecast import as_document
from scheduler.forecast_models import Forecast, Method
from scheduler.plan_file import EXAMPLE
from tests.integration.http_site import STEADY_ZONE, Site
from tests.valkey_server import RealValkey
from video_service import cli_plan
from video_service.accounts import Role
from video_service.audit import Audit
from video_service.clock import SystemClock
from video_service.forecast_store import ForecastStore
from video_service.keys import SCHEMA_VERSION, Keys
from video_service.settings import Settings

pytestmark = pytest.mark.integration

ZONE = STEADY_ZONE
OPENS, CLOSES = 36, 72
SOON = ("--handle-s", "300", "--days", "2")
SEARCH_S = "20"  # the search ends as soon as it has proved that nothing is better: here after a part of a second


def run(*arguments: object) -> Result:
    """Run the command as a process would: in a thread of its own, because it has an event loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(CliRunner().invoke, cli_plan.app, [*map(str, arguments)]).result()


def told(*arguments: object) -> Any:
    answer = run(*arguments, "--json")
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def refused(*arguments: object) -> str:
    answer = run(*arguments)
    assert answer.exit_code == 1, answer.output
    return " ".join(answer.stderr.split())


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    file = tmp_path / "plan.toml"
    file.write_text(EXAMPLE, encoding="utf-8")
    return file


@pytest.fixture
def past(tmp_path: Path) -> Path:
    """Four weeks of a line that is open from 9 to 18, without handle times."""
    calls = np.random.default_rng(3).poisson(0.5, (28, CLOSES - OPENS))
    lines = ["start,calls"]
    for day, row in enumerate(calls):
        at = datetime(2026, 1, 5, 9, tzinfo=ZONE) + timedelta(days=day)
        lines += [f"{at + timedelta(minutes=15 * slot):%Y-%m-%dT%H:%M:%S},{count}" for slot, count in enumerate(row)]
    file = tmp_path / "past.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setenv("REDIS_URL", valkey.url)
    monkeypatch.setenv("VIDEO_SERVICE_POOL", pool)
    monkeypatch.setenv("VIDEO_SERVICE_TIME_ZONE", ZONE.key)
    settings = Settings(redis_url=valkey.url, pool=pool, time_zone=ZONE.key)
    async with Site(settings) as running:
        yield running


def test_the_example_is_a_plan(plan: Path, past: Path) -> None:
    assert run("example").stdout == EXAMPLE
    days = told("staff", plan, "--csv", past, *SOON)
    assert [day["day"] for day in days] == ["2026-02-02", "2026-02-03"]
    for day in days:
        agents = day["agents"]
        assert sum(agents[:OPENS] + agents[CLOSES:]) == 0
        assert min(agents[OPENS:CLOSES]) >= 2
        assert day["reached"] == (day["service_level"]["mean"] >= 0.95 - 0.0025)


def test_a_small_team_is_told_what_its_hours_take_and_which_it_can_keep(plan: Path, past: Path) -> None:
    found = told("hours", plan, "--csv", past, "--handle-s", "300")
    assert found["enough"] is False
    assert found["has"] == 2
    assert found["needed"]["seat_hours"] >= 7 * 9 * 2, "two seats from 9 to 18 on each day"
    assert found["one_seat"]["seat_hours"] == 168
    assert found["keeps"]["cost"]["people"] <= 2
    lines = run("hours", plan, "--csv", past, "--handle-s", "300").stdout.splitlines()
    assert "the team has 2, who work 40 hours a week, which is too few" in lines[0]
    assert lines[2].startswith("Hours that this team can keep: Monday to Friday ")


def test_a_forecast_is_a_table_for_people_and_a_document_for_programs(past: Path) -> None:
    document = told("forecast", "--csv", past, "--days", "3", "--from", "2026-02-04")
    table = run("forecast", "--csv", past, "--days", "3", "--from", "2026-02-04")

    assert document["days"] == ["2026-02-04", "2026-02-05", "2026-02-06"]
    assert "2026-02-04 │ Wed" in table.stdout
    assert told("backtest", "--csv", past, "--test-days", "3", "--lead-days", "7")["best"] in (
        "model",
        "weekday_mean",
        "seasonal_naive",
    )


def test_a_roster_is_written_played_and_says_what_is_short(plan: Path, past: Path, tmp_path: Path) -> None:
    target = tmp_path / "roster.json"

    answer = run("roster", plan, "--csv", past, *SOON, "--seconds", SEARCH_S, "--output", target)

    assert answer.exit_code == 0, answer.output
    assert "missing on 2026-02-02" in answer.stdout  # two people cannot hold two seats from 9 to 18
    assert {duty["person"] for duty in json.loads(target.read_text())["duties"]} == {"amei", "linxiao"}
    levels = told("simulate", plan, target, "--csv", past, "--handle-s", "300")
    assert list(levels) == ["2026-02-02", "2026-02-03"]
    assert all(0 < level["low"] <= level["mean"] <= level["high"] < 1 for level in levels.values())


def test_what_cannot_be_is_said_in_a_sentence(plan: Path, past: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd.csv"
    odd.write_text("start,calls\n2026-01-05T09:00:00,many\n", encoding="utf-8")

    assert "No such file" in refused("forecast", "--csv", tmp_path / "none.csv")
    assert "Line 2: calls must be a number" in refused("forecast", "--csv", odd)
    assert "lies within the history" in refused("forecast", "--csv", past, "--from", "2026-01-06")
    assert "2026-13-01 is no day" in refused("forecast", "--csv", past, "--from", "2026-13-01")
    assert "--handle-s" in refused("staff", plan, "--csv", past)
    assert "Mars/Base is not a time zone" in refused("forecast", "--csv", past, "--zone", "Mars/Base")
    assert "This is no roster" in refused("simulate", plan, plan, "--csv", past)
    assert "is no TOML" in refused("staff", past, "--csv", past)
    assert "cannot be written" in refused(
        "roster", plan, "--csv", past, *SOON, "--seconds", "1", "--output", tmp_path / "no" / "where.json"
    )


async def keep_rollups(redis: Redis, site: Site, person: str, days: int) -> date:
    """Leave three weeks as the closing script leaves them: a roll-up where somebody called, shifts around it."""
    keys = Keys(site.settings.pool)
    today = datetime.fromtimestamp(site.services.clock.now_ms() / 1000, ZONE).date()
    counts = np.random.default_rng(5).poisson(0.6, (days, CLOSES - OPENS))
    shifts = []
    async with redis.pipeline(transaction=False) as pipe:
        for back, row in enumerate(counts, start=1):
            opens = datetime.combine(today - timedelta(days=back), datetime.min.time(), ZONE) + timedelta(hours=9)
            opens_ms = round(opens.timestamp() * 1000)
            shifts.append((person, opens_ms, opens_ms + len(row) * 900_000))
            for slot, calls in enumerate(row.tolist()):
                if calls:
                    start_ms = opens_ms + slot * 900_000
                    sums: dict[Any, Any] = {"offered": calls, "answered": calls, "handle_ms": calls * 300_000}
                    pipe.hset(keys.rollup(f"main:{start_ms}"), mapping={"v": SCHEMA_VERSION, **sums})
                    pipe.zadd(keys.rollups, {f"main:{start_ms}": start_ms})
        await pipe.execute()
    await site.store.add_shifts(shifts)
    return today


async def test_the_loop_closes_from_the_services_own_past_to_its_roster(
    redis: Redis, site: Site, plan: Path, tmp_path: Path
) -> None:
    agents = {name: (await site.account(name, Role.AGENT)).person for name in ("amei", "linxiao")}
    today = await keep_rollups(redis, site, agents["amei"], 21)
    target = tmp_path / "roster.json"

    made = run("roster", plan, "--days", "3", "--seconds", SEARCH_S, "--output", target)
    assert made.exit_code == 0, made.output
    duties = json.loads(target.read_text())["duties"]
    assert min(duty["day"] for duty in duties) == str(today + timedelta(days=1))

    would = f"{len(duties)} shifts would be added, 0 would be taken away; 0 stand already.\n"
    assert run("publish", target, "--dry-run").stdout == would
    assert await shifts_ahead(site) == set()
    did = f"{len(duties)} shifts are added, 0 are taken away; 0 stand already.\nThis is version 1 of the roster.\n"
    assert run("publish", target).stdout == did
    wanted = set()
    for duty in duties:
        begins = datetime.fromisoformat(f"{duty['day']}T{duty['start']}").replace(tzinfo=ZONE)
        start_ms = round(begins.timestamp() * 1000)
        wanted.add((agents[duty["person"]], start_ms, start_ms + duty["minutes"] * 60_000))
    assert await shifts_ahead(site) == wanted

    assert run("publish", target).stdout == f"0 shifts are added, 0 are taken away; {len(duties)} stand already.\n"
    log = Audit(redis, pool=site.settings.pool, clock=SystemClock(), retention_days=1)
    assert [look.what async for look in log.each(what="roster_published")] == ["roster_published"]


async def shifts_ahead(site: Site) -> set[tuple[str, int, int]]:
    now_ms = site.services.clock.now_ms()
    found = await site.store.shifts(now_ms + 3_600_000, now_ms + 10 * 86_400_000)
    return {(shift.agent, shift.start_ms, shift.end_ms) for shift in found}


async def test_nothing_is_published_when_somebody_is_no_agent_or_busy(site: Site, plan: Path, tmp_path: Path) -> None:
    lin = await site.account("linxiao", Role.AGENT)
    await site.account("amei", Role.COORDINATOR)
    day = datetime.fromtimestamp(site.services.clock.now_ms() / 1000, ZONE).date() + timedelta(days=2)
    duty = {"day": str(day), "shift": "early", "start": "09:00", "minutes": 480}
    target = tmp_path / "roster.json"

    def write(*people: str) -> None:
        duties = [{"person": person, **duty} for person in people]
        target.write_text(
            json.dumps({"zone": ZONE.key, "first_day": str(day), "days": 7, "duties": duties}), encoding="utf-8"
        )

    write("linxiao", "amei", "nobody")
    assert "amei, nobody. Nothing was changed" in refused("publish", target)
    write()
    assert "no shift in this roster" in refused("publish", target)
    begins_ms = round(datetime(day.year, day.month, day.day, 10, tzinfo=ZONE).timestamp() * 1000)
    await site.store.add_shift(lin.person, begins_ms, begins_ms + 3_600_000)
    write("linxiao")
    assert f"linxiao {day} 09:00 lies in a shift from {day} 10:00" in refused("publish", target)
    assert len(await shifts_ahead(site)) == 1


async def test_a_service_that_has_no_past_says_so(site: Site, plan: Path) -> None:
    assert "no open interval in the history" in refused("forecast")


def flat(today: date, first: int, last: int, calls: float) -> Forecast:
    """The same number of calls in each quarter hour, from `first` to `last` days from now."""
    days = tuple(today + timedelta(days=number) for number in range(first, last + 1))
    opened = np.zeros((len(days), 96))
    opened[:, OPENS:CLOSES] = 1
    small = np.full(len(days), 0.01)
    return Forecast(days, 900, calls * opened, opened, small, np.full_like(opened, 0.02), Method.MODEL)


async def test_forecasts_are_kept_and_held_against_what_came(redis: Redis, site: Site) -> None:
    agent = await site.account("amei", Role.AGENT)
    today = await keep_rollups(redis, site, agent.person, 21)
    assert "No day of a forecast that was kept has come yet" in refused("accuracy")

    told("forecast", "--days", "3")
    told("forecast", "--days", "3", "--from", str(today + timedelta(days=10)), "--no-keep")
    store = ForecastStore(redis, pool=site.settings.pool, retention_days=30)
    [(made, document)] = await store.made_within("main", today, today)
    assert (made, document["days"][0]) == (today, str(today + timedelta(days=1)))

    for back in (20, 12):
        made_then = as_document(flat(today, 1 - back, 3, 0.6))
        await store.keep("main", today - timedelta(days=back), made_then)
    scores = told("accuracy", "--weeks", "3")
    assert list(scores) == ["a week", "two weeks", "four weeks"]
    assert scores["a week"]["slots"] == 2 * 7 * (CLOSES - OPENS)
    assert scores["two weeks"]["wape"] > 0
    assert "wape" in run("accuracy").stdout


async def test_today_is_corrected_by_what_has_come(redis: Redis, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = await site.account("amei", Role.AGENT)
    today = await keep_rollups(redis, site, agent.person, 21)
    noon_ms = round(datetime.combine(today, time(12, 20), ZONE).timestamp() * 1000)
    monkeypatch.setattr(SystemClock, "now_ms", lambda _: noon_ms)
    keys = Keys(site.settings.pool)
    for slot in range(OPENS, 48):
        start_ms = round(datetime.combine(today, time(slot // 4, slot % 4 * 15), ZONE).timestamp() * 1000)
        await redis.hset(keys.rollup(f"main:{start_ms}"), mapping={"v": SCHEMA_VERSION, "offered": 2})
        await redis.zadd(keys.rollups, {f"main:{start_ms}": start_ms})
    store = ForecastStore(redis, pool=site.settings.pool, retention_days=30)
    await store.keep("main", today - timedelta(days=3), as_document(flat(today, -2, 5, 1.0)))

    found = told("today")

    assert len(found["came"]) == 48, "the quarter hour before this one has calls that go on"
    assert sum(found["came"]) == 24
    [now] = found["now"]["expected"]
    assert now[:48] == found["said"][:48]
    assert all(1.0 < more < 2.0 for more in now[49:CLOSES]), "twice as many came: more than was said is to come"
    assert "24 calls so far, 12.0 were expected" in run("today").stdout

    await redis.unlink(keys.forecast("main", str(today - timedelta(days=3))))
    assert sum(told("today")["said"]) > 0, "none is kept: it is made now"
