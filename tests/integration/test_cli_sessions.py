"""`video-service sessions` over the records of real calls."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner, Result

from tests.integration.http_site import Site, served_call
from tests.valkey_server import RealValkey
from video_service import cli_sessions
from video_service.accounts import Account, Role
from video_service.line_quality import LineFacts
from video_service.settings import Settings

pytestmark = pytest.mark.integration


def run(*arguments: str) -> Result:
    """Run the command as a process would: in a thread of its own, because it has an event loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(CliRunner().invoke, cli_sessions.app, arguments).result()


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setenv("REDIS_URL", valkey.url)
    monkeypatch.setenv("VIDEO_SERVICE_POOL", pool)
    monkeypatch.setenv("VIDEO_SERVICE_TIME_ZONE", "Asia/Shanghai")
    monkeypatch.setenv("COLUMNS", "200")
    async with Site(Settings(redis_url=valkey.url, pool=pool)) as running:
        yield running


@pytest.fixture
async def lin(site: Site) -> Account:
    account = await site.account("lin", Role.AGENT, display_name="林老师")
    now_ms = site.services.clock.now_ms()
    await site.store.add_shift(account.person, now_ms - 3_600_000, now_ms + 3_600_000)
    return account


def _json(*arguments: str) -> Any:
    answer = run(*arguments)
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


async def test_an_operators_looks_are_written_down(site: Site, lin: Account) -> None:
    call = await served_call(site, lin)
    for arguments in (("list",), ("show", call), ("export",)):
        assert run(*arguments).exit_code == 0
    looks = [(look.who, look.what, look.about) async for look in site.services.audit.each()]
    assert looks == [("operator", "records_file", ""), ("operator", "record", call), ("operator", "records", "")]


async def test_the_newest_are_listed_for_people_and_for_programs(site: Site, lin: Account) -> None:
    calls = [await served_call(site, lin) for _ in range(3)]
    answer = run("list")
    assert answer.exit_code == 0, answer.output
    for call in calls:
        assert call in answer.stdout
    assert "customer_hung_up" in answer.stdout
    assert "林老师" not in answer.stdout

    assert sorted(record["call"] for record in _json("list", "--json")) == sorted(calls)
    few = run("list", "--limit", "2")
    assert "The newest 2" in few.stdout
    assert len(_json("list", "--json", "--limit", "2")) == 2


async def test_no_id_is_cut_off_in_a_file_or_a_narrow_terminal(
    site: Site, lin: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await served_call(site, lin)
    monkeypatch.delenv("COLUMNS")
    assert call in run("list").stdout
    monkeypatch.setenv("COLUMNS", "72")
    assert "…" not in run("list").stdout


async def test_no_records_are_said_and_are_an_empty_list(site: Site) -> None:
    assert run("list").stdout == "No records in that time.\n"
    assert _json("list", "--json") == []
    assert run("export", "--format", "json").stdout == ""
    assert len(run("export").stdout.splitlines()) == 1


async def test_a_day_is_one_of_the_services_zone(site: Site, lin: Account) -> None:
    call = await served_call(site, lin)
    joined_ms = _json("show", call, "--json")["joined_ms"]
    there = datetime.fromtimestamp(joined_ms / 1000, UTC).astimezone(ZoneInfo("Asia/Shanghai"))
    today, tomorrow = there.date(), there.date() + timedelta(days=1)
    assert len(_json("list", "--json", "--from", f"{today}", "--to", f"{tomorrow}")) == 1
    assert _json("list", "--json", "--from", f"{tomorrow}") == []
    assert _json("list", "--json", "--to", f"{today}") == []
    exact = datetime.fromtimestamp(joined_ms / 1000, UTC)
    assert len(_json("list", "--json", "--from", exact.isoformat())) == 1
    assert _json("list", "--json", "--to", exact.isoformat()) == []
    assert f"{there:%Y-%m-%d %H:%M:%S}" in run("list").stdout


async def test_one_is_shown_whole(site: Site, lin: Account, redis: Redis, pool: str) -> None:
    call = await served_call(site, lin)
    record = _json("show", call, "--json")
    assert (record["call"], record["class"], record["reason"]) == (call, "urgent", "airport")
    answer = run("show", call)
    assert answer.exit_code == 0
    for word in (call, lin.person, "airport", "customer_hung_up", "Who served", "Connections"):
        assert word in answer.stdout, word
    assert "Who helped" not in answer.stdout
    part = {"agent": "a-7", "from_ms": 1_000, "to_ms": 66_000, "ended": "took_over"}
    await redis.hset(f"{{{pool}}}:record:{call}", "helpers", json.dumps([part]))
    shown = run("show", call).stdout.partition("Who helped")[2]
    for word in ("a-7", "took_over"):
        assert word in shown, word


async def test_facts_of_the_pictures_are_shown_and_exported(site: Site, lin: Account, redis: Redis, pool: str) -> None:
    plain, told = [await served_call(site, lin) for _ in range(2)]
    assert "Pictures" not in run("show", plain).stdout
    facts = LineFacts(
        seconds=300, rendered_seconds=290, fps_p5=24, fps_p50=30, freezes=2, frozen_ms=640, loss_p95_permille=12,
        round_trip_p50_ms=48, added_p50_us=8_700, added_p95_us=14_200, pictures=9_000, pictures_whole=81,
        pictures_slate=9,
    )  # fmt: skip
    key = f"{{{pool}}}:record:{told}"
    assert await redis.exists(key)
    times = dict.fromkeys(("offered_ms", "connected_ms", "flowing_ms", "silences", "closed_ms"), 1)
    leg = {"leg": "a-7", "role": "agent", "worker": "w-1", **times, "quality": msgspec.to_builtins(facts)}
    await redis.hset(key, "legs", json.dumps([leg]))

    shown = run("show", told).stdout
    for words in ("agent a-7", "24 / 30", "2, 0.6 s", "0.0 / 1.2 %", "8.7 / 14.2 ms", "0.9 %, slate 0.1 %"):
        assert words in shown, words
    assert _json("show", told, "--json")["legs"][0]["quality"]["fps_p5"] == 24
    rows = {row["call"]: row for row in csv.DictReader(io.StringIO(run("export").stdout))}
    assert (rows[told]["agent_fps_p5"], rows[told]["agent_pictures_whole"]) == ("24", "81")
    assert (rows[told]["customer_fps_p5"], rows[plain]["agent_fps_p5"]) == ("", "")


async def test_everything_is_exported_oldest_first(site: Site, lin: Account, tmp_path: Path) -> None:
    calls = [await served_call(site, lin) for _ in range(3)]
    answer = run("export")
    assert answer.stderr == "3 records.\n"
    assert [row["call"] for row in csv.DictReader(io.StringIO(answer.stdout))] == calls

    file = tmp_path / "records.jsonl"
    written = run("export", "--format", "json", "--output", str(file))
    assert (written.exit_code, written.stdout) == (0, "")
    assert [json.loads(line)["call"] for line in file.read_text(encoding="utf-8").splitlines()] == calls

    raw = tmp_path / "records.csv"
    run("export", "--output", str(raw))
    assert raw.read_bytes().count(b"\r\n") == 4
    assert b"\r\r" not in raw.read_bytes()


async def test_what_cannot_be_done_is_a_sentence(site: Site, tmp_path: Path) -> None:
    for arguments, sentence in (
        (("show", "c_none"), "There is no such session record (call c_none)."),
        (("list", "--from", "yesterday"), "yesterday is no day or time such as 2026-03-02"),
        (("export", "--to", "9999999-01-01"), "is no day or time"),
        (("export", "--output", str(tmp_path)), "cannot be written: Is a directory."),
        (("export", "--output", str(tmp_path / "no" / "file")), "cannot be written: No such file"),
    ):
        answer = run(*arguments)
        assert answer.exit_code == 1, arguments
        assert sentence in answer.stderr, arguments
        assert "Traceback" not in answer.output
    assert run("list", "--limit", "0").exit_code == 2
    assert run("export", "--format", "xml").exit_code == 2
