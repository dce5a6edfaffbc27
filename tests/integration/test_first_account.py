"""The first start of a service: an account for one sign-in, which lets in to the change of its password only."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.integration.http_site import CHEAP, SECRET, Browser, Site, cookie, error_of
from tests.valkey_server import RealValkey
from video_service import first_account
from video_service.accounts import Role
from video_service.permissions import ROUTES, STAFF
from video_service.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool)) as running:
        yield running


@pytest.fixture
async def newcomer(site: Site) -> tuple[Browser, str]:
    """The first person, signed in, and the one-time password."""
    password = await first_account.make(site.services.accounts)
    browser = site.browser()
    response = await browser.sign_in("admin", password)
    assert (response.status_code, (await response.get_json())["must_change"]) == (200, True)
    return browser, password


async def test_the_first_start_shows_a_password_once(site: Site) -> None:
    said = [await first_account.line(site.settings, cost=CHEAP) for _ in range(2)]
    shown = re.search(r"signs in as admin with ((?:[a-z0-9]{4}-){3}[a-z0-9]{4}), shown only now", said[0])
    assert shown is not None
    assert "video-service users add" in said[1]
    assert (await site.browser().sign_in("admin", shown[1])).status_code == 200


async def test_two_machines_that_start_at_once_make_one_account(site: Site) -> None:
    made = await asyncio.gather(*(first_account.make(site.services.accounts) for _ in range(5)))
    assert sorted(map(bool, made)) == [False] * 4 + [True]
    assert await site.services.accounts.count() == 1


async def test_whoever_has_accounts_gets_none(site: Site) -> None:
    await site.account("lin", Role.AGENT)
    assert await first_account.make(site.services.accounts) == ""
    assert await site.services.accounts.get("admin") is None


async def test_a_store_that_is_gone_does_not_keep_the_service_from_starting(tmp_path: Path, site: Site) -> None:
    away = dataclasses.replace(site.settings, redis_url=f"unix://{tmp_path}/nobody.sock")
    assert "users add" in await first_account.line(away, cost=CHEAP)


async def test_a_one_time_password_opens_nothing_but_its_own_change(newcomer: tuple[Browser, str]) -> None:
    browser, _ = newcomer
    for route, right in ROUTES.items():
        method, _, path = route.replace("<int:number>", "1").partition(" ")
        if Role.ADMIN in right.who <= STAFF and not right.one_time:
            match method:
                case "GET":
                    refused = await browser.get(path)
                case "POST":
                    refused = await browser.post(path)
                case "PUT":
                    refused = await browser.put(path, {})
                case _:
                    refused = await browser.delete(path)
            assert await error_of(refused) == (403, "password_change_first"), route
    ticket = await browser.post("/api/ticket", {"as": "coordinator"})
    assert await error_of(ticket) == (403, "password_change_first")
    assert (await (await browser.get("/api/me")).get_json())["must_change"] is True


async def test_after_the_change_everything_is_open_and_the_old_password_is_nothing(
    site: Site, newcomer: tuple[Browser, str]
) -> None:
    browser, password = newcomer
    for new, refusal in ((password, "same_password"), ("short", "weak_password"), ("x" * 12, "weak_password")):
        response = await browser.post("/api/password", {"old": password, "new": new})
        assert await error_of(response) == (400, refusal)
    assert await error_of(await browser.post("/api/password", {"old": "wrong", "new": SECRET})) == (401, "bad_sign_in")

    changed = await browser.post("/api/password", {"old": password, "new": SECRET})
    assert (await changed.get_json())["must_change"] is False
    assert cookie(changed, "vs_session")["vs_session"]
    assert (await browser.get("/api/agents")).status_code == 200
    assert await error_of(await site.browser().sign_in("admin", password)) == (401, "bad_sign_in")


async def test_changing_a_password_signs_every_other_browser_out(site: Site) -> None:
    here, there = await site.signed_in(Role.COORDINATOR, "chen"), site.browser()
    await there.sign_in("chen")
    assert (await here.post("/api/password", {"old": SECRET, "new": "another good password"})).status_code == 200
    assert (await here.get("/api/me")).status_code == 200
    assert await error_of(await there.get("/api/me")) == (401, "sign_in_first")


async def test_signing_out_everywhere_signs_every_browser_out(site: Site) -> None:
    here, there = await site.signed_in(Role.COORDINATOR, "chen"), site.browser()
    await there.sign_in("chen")
    response = await here.post("/api/sign-out-everywhere")
    assert response.status_code == 204
    assert cookie(response, "vs_session")["max-age"] == "0"
    for browser in (here, there):
        assert await error_of(await browser.get("/api/me")) == (401, "sign_in_first")
