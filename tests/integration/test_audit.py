"""Who looked at whose data: every look leaves its entry, and no entry holds what was seen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner, Result

from tests.integration.http_site import Site, error_of, served_call
from tests.valkey_server import RealValkey
from video_service import audit as module
from video_service import cli_audit
from video_service.accounts import Role
from video_service.audit import DAY_MS, Audit, AuditUnreadable, Look
from video_service.clock import SystemClock
from video_service.permissions import ROUTES
from video_service.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture
def audit(redis: Redis, pool: str) -> Audit:
    return Audit(redis, pool=pool, clock=SystemClock(), retention_days=30)


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool)) as running:
        yield running


async def _looks(audit: Audit, **match: str) -> list[Look]:
    return [look async for look in audit.each(**match)]  # type: ignore[arg-type]


async def test_every_look_at_personal_data_leaves_an_entry(site: Site, audit: Audit) -> None:
    lin = await site.account("lin", Role.AGENT, display_name="林老师")
    now_ms = site.services.clock.now_ms()
    await site.store.add_shift(lin.person, now_ms - 1_000, now_ms + 3_600_000)
    call = await served_call(site, lin)
    await site.store.disposition(lin.person, call, outcome="follow_up", note="", due_in_h=2)
    chen, desk = await site.signed_in(Role.COORDINATOR, "chen"), site.browser()
    assert (await desk.sign_in("lin")).status_code == 200
    account = await site.services.accounts.get("chen")
    assert account is not None
    expected = []
    for route, right in ROUTES.items():
        if right.looks_at and "<message>" not in route:  # films: test_video_messages.py, which has one
            path = route.removeprefix("GET ").replace("<call>", call)
            own = Role.COORDINATOR not in right.who
            assert (await (desk if own else chen).get(path)).status_code == 200, route
            expected.append((right.looks_at, *((lin.person, "agent") if own else (account.person, "coordinator"))))
    looks = await _looks(audit)
    assert [(look.what, look.who, look.role) for look in reversed(looks)] == expected
    record = await site.services.records.get(call)
    assert [look.what for look in await _looks(audit, about=record.customer)] == ["record"]


async def test_opening_the_wall_is_a_look(site: Site, audit: Audit) -> None:
    await (await site.signed_in(Role.COORDINATOR, "chen")).ticket("coordinator")
    await (await site.signed_in(Role.AGENT, "lin")).ticket("agent")
    await site.browser().ticket("customer")
    assert [(look.role, look.what) for look in await _looks(audit)] == [("coordinator", "wall")]


async def test_what_was_not_shown_is_not_a_look(site: Site, audit: Audit) -> None:
    chen = await site.signed_in(Role.COORDINATOR, "chen")
    assert (await chen.get("/api/records/c_none")).status_code == 404
    assert (await chen.get("/api/records?cursor=x")).status_code == 400
    assert (await (await site.signed_in(Role.AGENT, "lin")).get("/api/records")).status_code == 403
    assert await _looks(audit) == []


async def test_what_cannot_be_written_down_is_not_shown(site: Site, redis: Redis, pool: str) -> None:
    chen = await site.signed_in(Role.COORDINATOR, "chen")
    await redis.set(f"{{{pool}}}:audit", "no stream")
    for path in ("/api/agents", "/api/records", "/api/records.csv"):
        assert await error_of(await chen.get(path)) == (503, "store_unavailable"), path


async def test_entries_are_found_by_who_what_whom_and_when(audit: Audit) -> None:
    for number in range(3):
        await audit.note(who=f"a-{number % 2}", role="coordinator", what="record", about=f"c-{number}")
    await audit.note(who="operator", role="operator", what="erase", about="c-1")
    assert [look.about for look in await _looks(audit, who="a-0")] == ["c-2", "c-0"]
    assert [look.what for look in await _looks(audit, about="c-1")] == ["erase", "record"]
    assert [look.who for look in await _looks(audit, what="erase")] == ["operator"]
    newest = (await _looks(audit))[0]
    assert [look async for look in audit.each(from_ms=newest.at_ms + 1)] == []


async def test_a_long_log_is_read_in_parts_and_whole(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    for number in range(7):
        await audit.note(who="a", role="admin", what="record", about=f"c-{number}")
    assert [look.about for look in await _looks(audit)] == [f"c-{number}" for number in reversed(range(7))]


async def test_what_is_older_than_the_retention_goes(audit: Audit, redis: Redis, pool: str) -> None:
    log = f"{{{pool}}}:audit"
    old_ms = SystemClock().now_ms() - 31 * DAY_MS
    await redis.xadd(log, {"v": "1", "who": "a-1", "role": "admin", "what": "old", "about": ""}, id=f"{old_ms}-0")
    assert await _looks(audit) == [], "not shown, even before it is gone"
    await audit.note(who="a-1", role="coordinator", what="agents")
    assert await redis.xlen(log) == 1
    assert 0 < await redis.pttl(log) <= 30 * DAY_MS


async def test_words_that_are_no_ids_are_not_written_down(audit: Audit) -> None:
    await audit.note(who="a-1", role="coordinator", what="record", about="林老师 138 0000 0000")
    assert [look.about for look in await _looks(audit)] == ["?"]


async def test_an_entry_of_a_later_version_is_not_guessed_at(audit: Audit, redis: Redis, pool: str) -> None:
    await redis.xadd(f"{{{pool}}}:audit", {"v": "9", "who": "a", "role": "admin", "what": "x", "about": ""})
    with pytest.raises(AuditUnreadable):
        await _looks(audit)


async def test_an_operator_lists_them(
    audit: Audit, valkey: RealValkey, pool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", valkey.url)
    monkeypatch.setenv("VIDEO_SERVICE_POOL", pool)

    async def run(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, cli_audit.app, ["list", *arguments])

    assert (await run()).stdout == "No looks in that time.\n"
    for number in range(3):
        await audit.note(who="a-1", role="coordinator", what="record", about=f"c-{number}")
    table = await run("--limit", "2")
    assert "c-2" in table.stdout
    assert "The newest 2; --limit" in table.stdout
    found = json.loads((await run("--json", "--about", "c-0")).stdout)
    assert [(look["who"], look["about"]) for look in found] == [("a-1", "c-0")]
    assert (await run("--from", "2100-01-01")).stdout == "No looks in that time.\n"
    wrong = await run("--from", "yesterday")
    assert (wrong.exit_code, "A time is like" in wrong.stderr) == (1, True)
