"""Keeping a place over HTTP: the link to it, on the same browser and on another, and what it does not open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from signaling.identity_types import Identity
from tests.data_keys import CIPHER
from tests.integration.http_site import Browser, Site, error_of
from tests.valkey_server import RealValkey
from video_service.accounts import Role
from video_service.audit import Audit
from video_service.clock import SystemClock
from video_service.keys import Keys
from video_service.left_messages import LeftMessages
from video_service.privacy import Privacy
from video_service.rate_limit import RateLimits
from video_service.settings import Settings

pytestmark = pytest.mark.integration

HOUR_MS = 3_600_000
SLACK_MS = 600_000  # a slow machine


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool)) as running:
        account = await running.account("lin", Role.AGENT)
        now_ms = running.services.clock.now_ms()
        await running.store.add_shift(account.person, now_ms - HOUR_MS, now_ms + HOUR_MS)
        identity = Identity(person=account.person, role="agent", generation=account.generation)
        await running.store.connect(identity, node="elsewhere", socket="s-lin")
        await running.store.sign_in(identity)
        yield running


async def waiting(site: Site, browser: Browser) -> Identity:
    """Let a browser's customer wait in the queue, by a socket of another node."""
    identity = await site.store.redeem_ticket(await browser.ticket("customer"))
    await site.store.connect(identity, node="elsewhere", socket=f"s-{identity.person}")
    await site.store.join(identity.person, queue="main", needs=(), urgent=False, reason="", locale="zh-CN")
    return identity


async def keep(browser: Browser) -> dict[str, Any]:
    response = await browser.post("/api/place")
    answer: dict[str, Any] = await response.get_json()
    assert response.status_code == 201, answer
    return answer


async def test_another_browser_comes_to_the_place_by_the_link_and_may_come_again(site: Site) -> None:
    phone, desk = site.browser(), site.browser()
    identity = await waiting(site, phone)
    answer = await keep(phone)
    assert set(answer) == {"until_ms", "token"}
    left_ms = answer["until_ms"] - site.services.clock.now_ms()
    assert HOUR_MS - SLACK_MS < left_ms <= HOUR_MS
    await site.store.disconnect(identity.person, f"s-{identity.person}")
    for _ in range(2):
        assert (await desk.post("/api/place/follow", {"token": answer["token"]})).status_code == 204
        assert (await (await desk.get("/api/service")).get_json())["yours"] is True
        assert (await site.store.redeem_ticket(await desk.ticket("customer"))).person == identity.person


async def test_the_same_browser_needs_no_link(site: Site) -> None:
    phone = site.browser()
    identity = await waiting(site, phone)
    await keep(phone)
    await site.store.disconnect(identity.person, f"s-{identity.person}")
    assert (await (await phone.get("/api/service")).get_json())["yours"] is True
    assert (await site.store.redeem_ticket(await phone.ticket("customer"))).person == identity.person


async def test_a_new_link_ends_the_one_before_and_moves_no_time(site: Site) -> None:
    phone = site.browser()
    await waiting(site, phone)
    first, second = await keep(phone), await keep(phone)
    assert (first["until_ms"], first["token"] != second["token"]) == (second["until_ms"], True)
    assert await error_of(await site.browser().post("/api/place/follow", {"token": first["token"]})) == (
        410,
        "place_gone",
    )
    assert (await site.browser().post("/api/place/follow", {"token": second["token"]})).status_code == 204


async def test_a_link_opens_nothing_once_the_place_is_gone(site: Site, redis: Redis) -> None:
    phone = site.browser()
    identity = await waiting(site, phone)
    token = (await keep(phone))["token"]
    view = await site.store.customer_view(identity.person, alive=())
    await site.store.hang_up(identity.person, view.call)
    stranger = site.browser()
    response = await stranger.post("/api/place/follow", {"token": token})
    assert await error_of(response) == (410, "place_gone")
    assert "Set-Cookie" not in response.headers
    keys = Keys(site.settings.pool)
    assert not [name async for name in redis.scan_iter(match=f"{keys.root.replace('{', '?')}:place*")]


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "ä" * 43])
async def test_a_guessed_link_is_no_link(site: Site, token: str) -> None:
    assert await error_of(await site.browser().post("/api/place/follow", {"token": token})) == (410, "place_gone")


async def test_who_does_not_wait_keeps_nothing_and_nobody_asks_for_ever(site: Site) -> None:
    stranger, phone = site.browser(), site.browser()
    assert await error_of(await stranger.post("/api/place")) == (410, "place_gone")
    await waiting(site, phone)
    for _ in range(10):
        await keep(phone)
    assert await error_of(await phone.post("/api/place")) == (429, "too_many")


async def test_links_are_not_tried_one_after_the_other(site: Site) -> None:
    browser = site.browser()
    for number in range(60):
        await browser.post("/api/place/follow", {"token": f"{number:043}"})
    assert await error_of(await browser.post("/api/place/follow", {"token": "A" * 43})) == (429, "too_many")


async def test_whoever_is_blocked_is_so_behind_a_link_too(site: Site) -> None:
    phone = site.browser()
    identity = await waiting(site, phone)
    token = (await keep(phone))["token"]
    await site.services.customers.blocks.add(identity.person, reason="why", days=1, by="a-1")
    assert await error_of(await site.browser().post("/api/place/follow", {"token": token})) == (403, "blocked")


async def test_neither_the_link_nor_who_is_behind_it_can_be_read_in_the_store(site: Site, redis: Redis) -> None:
    phone = site.browser()
    identity = await waiting(site, phone)
    token = (await keep(phone))["token"]
    names = [name async for name in redis.scan_iter(match=f"?{site.settings.pool}?:place:*")]
    (name,) = names
    sealed = await redis.get(name)
    assert token.encode() not in name + sealed
    assert identity.person.encode() not in name + sealed
    assert 0 < await redis.pttl(name) <= HOUR_MS


async def test_erasing_a_customer_ends_the_link(site: Site, redis: Redis, pool: str) -> None:
    phone = site.browser()
    identity = await waiting(site, phone)
    token = (await keep(phone))["token"]
    await site.store.disconnect(identity.person, f"s-{identity.person}")
    rates = RateLimits(redis, pool=pool, cipher=CIPHER)
    privacy = Privacy(
        redis,
        pool=pool,
        audit=Audit(redis, pool=pool, clock=SystemClock(), retention_days=90),
        cipher=CIPHER,
        messages=LeftMessages(redis, pool=pool, cipher=CIPHER, rates=rates),
    )
    view = await site.store.customer_view(identity.person, alive=())
    await site.store.hang_up(identity.person, view.call)
    await privacy.erase(identity.person, who="operator", role="operator")
    assert not [name async for name in redis.scan_iter(match=f"?{pool}?:place*")]
    assert await error_of(await site.browser().post("/api/place/follow", {"token": token})) == (410, "place_gone")
