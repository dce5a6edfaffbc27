"""Callbacks over HTTP: what a customer may book, what the page is told, what who works here sees."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from signaling.errors import Closed
from tests.integration.http_site import STEADY_ZONE, Browser, Site, cookie, error_of
from tests.launching import SETTINGS, launch_token
from tests.valkey_server import RealValkey
from video_service.accounts import Role
from video_service.consent import CONSENT_VERSION
from video_service.settings import Settings

pytestmark = pytest.mark.integration

HOUR_MS = 3_600_000


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool, time_zone=STEADY_ZONE.key, **SETTINGS)) as running:
        account = await running.account("lin", Role.AGENT, skills=("csl",))
        now_ms = running.services.clock.now_ms()
        await running.store.add_shift(account.person, now_ms - HOUR_MS, now_ms + 6 * HOUR_MS)
        yield running


async def slots(browser: Browser) -> list[int]:
    answer = await (await browser.post("/api/callback/slots", {})).get_json()
    assert answer["slot_min"] == 30
    found: list[int] = answer["slots"]
    return found


async def book(browser: Browser, start_ms: int, **more: object) -> Any:
    return await browser.put("/api/callback", {"start_ms": start_ms, "consent": CONSENT_VERSION, **more})


async def test_a_guest_books_moves_and_cancels_and_stays_the_same_guest(site: Site) -> None:
    phone = site.browser()
    found = await slots(phone)
    assert len(found) >= 9
    start_ms = found[-2]
    response = await book(phone, start_ms, locale="en", sign_language="csl")
    booked = {"start_ms": start_ms, "end_ms": start_ms + HOUR_MS // 2, "state": "booked"}
    assert (response.status_code, await response.get_json()) == (201, {"booked": booked})
    assert int(cookie(response, "vs_guest")["max-age"]) > 86_400, "until the callback and a day more"
    assert (await (await phone.get("/api/service")).get_json())["callbacks"] == {"booked": booked}
    assert start_ms not in await slots(site.browser())
    assert (await book(phone, found[-1])).status_code == 201
    assert (await (await phone.get("/api/callback")).get_json())["booked"]["start_ms"] == found[-1]
    assert (await phone.delete("/api/callback")).status_code == 204
    assert await (await phone.get("/api/callback")).get_json() == {"booked": None}


async def test_a_time_that_somebody_else_took_is_refused(site: Site) -> None:
    start_ms = (await slots(site.browser()))[-1]
    assert (await book(site.browser(), start_ms)).status_code == 201
    assert await error_of(await book(site.browser(), start_ms)) == (409, "slot_taken")


async def test_who_has_not_agreed_or_is_blocked_books_nothing(site: Site) -> None:
    phone = site.browser()
    start_ms = (await slots(phone))[-1]
    assert await error_of(await book(phone, start_ms, consent=0)) == (400, "consent_needed")
    identity = await site.store.redeem_ticket(await phone.ticket("customer"))
    await site.services.customers.blocks.add(identity.person, reason="why", days=1, by="a-1")
    assert await error_of(await book(phone, start_ms)) == (403, "blocked")


async def test_who_works_here_sees_when_and_not_whose(site: Site) -> None:
    phone, agent = site.browser(), site.browser()
    start_ms = (await slots(phone))[-1]
    await book(phone, start_ms, locale="en", sign_language="csl")
    await agent.sign_in("lin")
    (shown,) = (await (await agent.get("/api/callbacks")).get_json())["callbacks"]
    assert shown == {
        "callback": shown["callback"],
        "start_ms": start_ms,
        "end_ms": start_ms + HOUR_MS // 2,
        "needs": ["csl"],
        "sign_language": "csl",
        "locale": "en",
        "covered": True,
    }
    for shift in await site.store.shifts(0, start_ms):
        await site.store.remove_shift(shift.shift)
    (later,) = (await (await agent.get("/api/callbacks")).get_json())["callbacks"]
    assert later["covered"] is False


async def test_a_customer_who_comes_in_time_and_finds_it_closed_is_told_so(site: Site, redis: Redis) -> None:
    phone = site.browser()
    await book(phone, (await slots(phone))[-1])
    identity = await site.store.redeem_ticket(await phone.ticket("customer"))
    booking = await site.services.callbacks.of(identity.person)
    assert booking is not None
    key = site.services.callbacks._keys.callback(booking.callback)
    await redis.hset(key, "start_ms", str(site.services.clock.now_ms() - 1))
    await site.store.connect(identity, node="elsewhere", socket="s-1")
    with pytest.raises(Closed):
        await site.store.join(identity.person, queue="main", needs=(), urgent=False, reason="", locale="")
    assert (await (await phone.get("/api/callback")).get_json())["booked"]["state"] == "unserved"


async def test_a_queue_takes_callbacks_in_its_own_hours_by_those_who_can_serve_it(site: Site) -> None:
    """Closed by the clock: nobody may call, but a message is taken, and a callback in a slot that can be kept."""
    coordinator = await site.signed_in(Role.COORDINATOR, "chen")
    now_ms = site.services.clock.now_ms()
    opens = datetime.fromtimestamp(now_ms / 1_000, STEADY_ZONE) + timedelta(hours=1)
    rail = {"needs": ["rail:2"], "languages": ["en"], "new": True}
    assert (await coordinator.put("/api/queues/rail", rail)).status_code == 200
    week = [[[f"{opens:%H:%M}", "24:00"]]] * 7
    assert (await coordinator.put("/api/hours?queue=rail", {"week": week})).status_code == 200
    phone = site.browser()
    token = launch_token(queue="rail")
    assert (await phone.post("/api/enter", {"token": token})).status_code == 200
    line = await (await phone.get("/api/service")).get_json()
    assert (line["open"], line["callbacks"]) == (False, {"booked": None})
    assert line["hours"]["open_now"] is False
    assert await slots(phone) == [], "nobody on the roster knows trains and writes English"
    wang = await site.account("wang", Role.AGENT, skills=("rail:2",), languages=("en",))
    await site.store.add_shift(wang.person, now_ms - HOUR_MS, now_ms + 6 * HOUR_MS)
    found = await slots(phone)
    first_ms = round(opens.replace(second=0, microsecond=0).timestamp() * 1_000)
    assert found
    assert first_ms <= found[0] < first_ms + HOUR_MS
    assert (await book(phone, first_ms - HOUR_MS)).status_code == 409
    assert (await book(phone, found[0])).status_code == 201
    assert (await (await phone.get("/api/service")).get_json())["callbacks"]["booked"]["state"] == "booked"
    (seen,) = (await (await coordinator.get("/api/callbacks")).get_json())["callbacks"]
    assert (seen["needs"], seen["covered"]) == (["rail:2", "writes_en"], True)
    wish = {"text": "退票", "consent": CONSENT_VERSION}
    assert (await phone.post("/api/messages", wish)).status_code == 201


async def test_where_none_are_booked_none_are_offered(valkey: RealValkey, redis: Redis, pool: str) -> None:
    async with Site(Settings(redis_url=valkey.url, pool=pool, callback_slot_minutes=0)) as site:
        phone = site.browser()
        assert (await (await phone.get("/api/service")).get_json())["callbacks"] is None
        assert (await (await phone.post("/api/callback/slots", {})).get_json())["slots"] == []
        assert await error_of(await book(phone, 1_800_000)) == (404, "no_callbacks")
