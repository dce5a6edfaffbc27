"""An agent's own shifts: listed for the agent alone, and fetched by the agent's calendar under a secret address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import icalendar
import pytest
from redis.asyncio import Redis

from tests.integration.http_site import Browser, Site, error_of
from tests.valkey_server import RealValkey
from video_service import calendar_feeds
from video_service.accounts import Role
from video_service.keys import Keys
from video_service.rate_limit import Limit
from video_service.settings import Settings

pytestmark = pytest.mark.integration

HOUR_MS = 3_600_000


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool)) as running:
        yield running


@pytest.fixture
async def lin(site: Site) -> Browser:
    return await site.signed_in(Role.AGENT, "lin")


async def add_shift(site: Site, name: str, from_h: int, to_h: int) -> str:
    account = await site.services.accounts.get(name)
    assert account is not None
    now_ms = site.services.clock.now_ms() // 1000 * 1000
    added = await site.store.add_shift(account.person, now_ms + from_h * HOUR_MS, now_ms + to_h * HOUR_MS)
    return str(added.shift)


async def mine(browser: Browser) -> dict[str, Any]:
    response = await browser.get("/api/my/shifts")
    assert response.status_code == 200
    found: dict[str, Any] = await response.get_json()
    return found


async def make(browser: Browser, **wish: str) -> str:
    response = await browser.post("/api/my/calendar", wish)
    assert response.status_code == 201
    path: str = (await response.get_json())["path"]
    return path


async def fetched(site: Site, path: str) -> list[str]:
    """The identities of the shifts that a calendar program finds, which has no cookie."""
    response = await site.browser().get(path)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    calendar: Any = icalendar.Calendar.from_ical(await response.get_data())
    return [str(event["uid"]).partition("@")[0] for event in calendar.walk("VEVENT")]


async def test_agents_see_their_own_shifts_and_nobody_elses(site: Site, lin: Browser) -> None:
    await site.signed_in(Role.AGENT, "wang")
    past, soon = await add_shift(site, "lin", -30, -22), await add_shift(site, "lin", 2, 10)
    await add_shift(site, "wang", 2, 10)
    await add_shift(site, "lin", 24 * 100, 24 * 100 + 8)

    found = await mine(lin)

    assert [each["shift"] for each in found["shifts"]] == [past, soon]
    assert found["calendar_since_ms"] == 0


async def test_a_calendar_fetches_them_without_signing_in_until_the_address_ends(site: Site, lin: Browser) -> None:
    soon = await add_shift(site, "lin", 2, 10)
    path = await make(lin, locale="zh-CN")
    assert await fetched(site, path) == [soon]
    assert (await mine(lin))["calendar_since_ms"] > 0
    later = await add_shift(site, "lin", 26, 34)
    assert await fetched(site, path) == [soon, later]

    other = await make(lin)
    assert await error_of(await site.browser().get(path)) == (404, "unknown_feed")
    assert await fetched(site, other) == [soon, later]
    for _ in range(2):
        assert (await lin.delete("/api/my/calendar")).status_code == 204
    assert await error_of(await site.browser().get(other)) == (404, "unknown_feed")
    assert (await mine(lin))["calendar_since_ms"] == 0


async def test_the_address_dies_with_the_account_and_is_nowhere_as_it_is(
    site: Site, lin: Browser, redis: Redis, pool: str
) -> None:
    path = await make(lin)
    secret = path.removeprefix("/api/calendar/").removesuffix(".ics").encode()
    async for key in redis.scan_iter(match=f"{{{pool}}}:*"):
        if await redis.type(key) == b"string":
            held: Any = await redis.get(key)
            assert secret not in held
            assert secret not in key
    await site.services.accounts.set_disabled("lin", True)
    assert await error_of(await site.browser().get(path)) == (404, "unknown_feed")
    looks = [look.what async for look in site.services.audit.each(what="calendar_made")]
    assert looks == ["calendar_made"]


@pytest.mark.parametrize("secret", ["x", "x" * 43, "x" * 44, "%00" * 14, "../../etc"])
async def test_a_guess_finds_nothing(site: Site, secret: str) -> None:
    response = await site.browser().get(f"/api/calendar/{secret}.ics")
    assert response.status_code == 404


async def test_who_guesses_on_is_slowed_down(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar_feeds, "_ASKS", Limit(name="calendar", burst=2, window_s=3600))
    answers = [await error_of(await site.browser().get(f"/api/calendar/{'x' * 43}.ics")) for _ in range(3)]
    assert answers == [(404, "unknown_feed"), (404, "unknown_feed"), (429, "too_many")]


@pytest.mark.parametrize("wish", [{"locale": "tlh"}, {"locale": 1}, {"more": "en"}, []])
async def test_what_no_page_sends_is_not_read(lin: Browser, wish: Any) -> None:
    assert await error_of(await lin.post("/api/my/calendar", wish)) == (400, "bad_request")
    assert (await mine(lin))["calendar_since_ms"] == 0


async def test_of_addresses_that_are_made_in_one_moment_one_is_left(
    site: Site, lin: Browser, redis: Redis, pool: str
) -> None:
    feeds, account = site.services.calendar_feeds, await site.services.accounts.get("lin")
    assert account is not None
    secrets = await asyncio.gather(*(feeds.make(account.person, "en") for _ in range(8)))

    answers = [await site.browser().get(f"/api/calendar/{secret}.ics") for secret in secrets]

    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 7
    assert len(await redis.keys(f"{Keys(pool).root}:calendar:*")) == 1


async def test_an_address_whose_end_was_cut_short_shows_nothing(
    site: Site, lin: Browser, redis: Redis, pool: str
) -> None:
    account = await site.services.accounts.get("lin")
    assert account is not None
    path = await make(lin)
    await redis.delete(Keys(pool).calendar_of(account.person))

    assert (await site.browser().get(path)).status_code == 404
