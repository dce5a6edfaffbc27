"""How customers come in: as guests, with launch tokens, never too often; what the agent and the record get of it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from quart.testing.connections import WebsocketDisconnectError
from quart.typing import TestWebsocketConnectionProtocol as Socket
from redis.asyncio import Redis

from signaling.identity_types import Identity
from signaling.messages import CloseCode
from tests.integration.http_site import Browser, Site, cookie, error_of
from tests.launching import OTHER_SECRET, SETTINGS, launch_token
from tests.valkey_server import RealValkey
from video_service.accounts import Role
from video_service.consent import CONSENT_VERSION
from video_service.customers import URGENT_S
from video_service.settings import Settings

pytestmark = pytest.mark.integration

SAID: dict[str, Any] = {
    "verified": True,
    "vip": True,
    "sign_language": "hksl",
    "urgent": True,
    "reason": "airport",
    "context": "订单 K-1029",
}


@pytest.fixture
def settings(valkey: RealValkey, redis: Redis, pool: str) -> Settings:
    return Settings(redis_url=valkey.url, pool=pool, **SETTINGS)


@pytest.fixture
async def site(settings: Settings) -> AsyncIterator[Site]:
    async with Site(settings) as running:
        yield running


@pytest.fixture
async def closed_site(settings: Settings) -> AsyncIterator[Site]:
    """No guests."""
    async with Site(dataclasses.replace(settings, guests_allowed=False)) as running:
        yield running


async def _identity(site: Site, browser: Browser) -> Identity:
    return await site.store.redeem_ticket(await browser.ticket("customer"))


async def test_a_launch_token_says_who_comes_and_about_what(site: Site) -> None:
    browser = site.browser()
    response = await browser.post("/api/enter", {"token": launch_token(**SAID)})
    assert await response.get_json() == {"verified": True, "entry": "launch"}
    made = cookie(response, "vs_guest")
    assert (made["samesite"], made["max-age"], "httponly" in made) == ("Strict", "86400", True)
    identity = await _identity(site, browser)
    assert (identity.role, identity.name, identity.verified, identity.vip) == ("customer", "", True, True)
    assert (identity.sign_language, identity.urgent, identity.reason) == ("hksl", True, "airport")
    assert (identity.context, identity.entry) == ("订单 K-1029", "launch")
    assert await _identity(site, browser) == identity, "a reload is the same"


async def test_the_same_person_comes_back_as_the_same_and_gets_another_cookie(site: Site) -> None:
    first, again, other = site.browser(), site.browser(), site.browser()
    cookies = [
        cookie(await browser.post("/api/enter", {"token": launch_token(sub=sub)}), "vs_guest")["vs_guest"]
        for browser, sub in ((first, "17"), (again, "17"), (other, "18"))
    ]
    persons = [(await _identity(site, browser)).person for browser in (first, again, other)]
    assert persons[0] == persons[1] != persons[2]
    assert len(set(cookies)) == 3


@pytest.mark.parametrize(
    ("token", "refusal"),
    [
        (lambda: launch_token(iat=1_000_000_000, exp=1_000_000_060), (401, "launch_expired")),
        (lambda: launch_token(iat=4_000_000_000, exp=4_000_000_060), (401, "launch_early")),
        (lambda: launch_token(secret="0123456789abcdef" * 2), (401, "launch_forged")),
        (lambda: launch_token(kid="2025-01"), (401, "launch_forged")),
        (lambda: launch_token(algorithm="HS512", secret=OTHER_SECRET * 2), (401, "launch_algorithm")),
        (lambda: "eyJhbGciOiJub25lIn0.e30.", (401, "launch_algorithm")),
        (lambda: launch_token(padding="x" * 3000), (413, "launch_too_large")),
        (lambda: launch_token(aud="another"), (401, "launch_elsewhere")),
        (lambda: launch_token(sub=None), (400, "launch_unreadable")),
        (lambda: "no token", (400, "launch_unreadable")),
        (lambda: "x" * 9000, (400, "bad_request")),
    ],
)
async def test_what_is_no_good_token_is_told_apart_and_lets_nobody_in(
    closed_site: Site, token: Callable[[], str], refusal: tuple[int, str]
) -> None:
    browser = closed_site.browser()
    response = await browser.post("/api/enter", {"token": token()})
    assert await error_of(response) == refusal
    assert "Set-Cookie" not in response.headers
    assert await error_of(await browser.post("/api/ticket", {"as": "customer"})) == (401, "launch_first")


async def test_a_token_is_taken_once_however_many_try_at_the_same_moment(site: Site, settings: Settings) -> None:
    token = launch_token()
    async with Site(settings) as other_node:
        nodes = [site, other_node, site, other_node]
        answers = await asyncio.gather(*(node.browser().post("/api/enter", {"token": token}) for node in nodes))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    assert await error_of(await site.browser().post("/api/enter", {"token": token})) == (401, "launch_used")


async def test_the_mark_of_a_used_token_stays_until_it_would_be_refused_anyway(
    site: Site, redis: Redis, pool: str
) -> None:
    now_s = int(time.time())
    await site.browser().post("/api/enter", {"token": launch_token(now_s, exp=now_s + 120)})
    (mark,) = [key async for key in redis.scan_iter(match=f"{{{pool}}}:launch:*")]
    # The end, not what is left of it: that is the same on a slow machine.
    assert 150 <= await redis.pexpiretime(mark) / 1000 - now_s < 155, "120 s of life and 30 s of skew"


async def test_a_service_without_keys_takes_no_token(valkey: RealValkey, redis: Redis, pool: str) -> None:
    async with Site(Settings(redis_url=valkey.url, pool=pool)) as site:
        answer = await site.browser().post("/api/enter", {"token": launch_token()})
        assert await error_of(answer) == (401, "launch_off")


async def test_without_guests_only_a_token_opens_the_door(closed_site: Site) -> None:
    browser = closed_site.browser()
    browser.client.set_cookie("localhost", "vs_guest", "x" * 43)  # what would be a guest elsewhere
    for path, body in (("/api/ticket", {"as": "customer"}), ("/api/enter", {})):
        assert await error_of(await browser.post(path, body)) == (401, "launch_first"), path
    line = await (await browser.get("/api/service")).get_json()
    assert (line["known"], line["guests"]) == (False, False)
    await browser.post("/api/enter", {"token": launch_token()})
    assert (await (await browser.get("/api/service")).get_json())["known"] is True
    assert (await _identity(closed_site, browser)).entry == "launch"


async def test_a_guest_of_a_frame_is_told_apart_from_one_of_the_page(site: Site) -> None:
    framed, bare = site.browser(), site.browser()
    assert (await framed.post("/api/enter", {"framed": True})).status_code == 200
    assert (await _identity(site, framed)).entry == "embed"
    assert (await _identity(site, bare)).entry == "web"
    with_token = site.browser()
    await with_token.post("/api/enter", {"framed": True, "token": launch_token(verified=True)})
    identity = await _identity(site, with_token)
    assert (identity.entry, identity.verified) == ("embed", True)


async def test_cookies_reach_a_frame_only_where_sites_may_show_one(settings: Settings) -> None:
    framing = dataclasses.replace(settings, embed_origins=("https://www.example.org",))
    async with Site(framing) as site:
        made = cookie(await site.browser().post("/api/enter", {}), "vs_guest")
        assert {"secure", "partitioned", "httponly"} <= set(made)
        assert made["samesite"] == "None"
        await site.account("lin", Role.AGENT)
        assert cookie(await site.browser().sign_in("lin"), "vs_session")["samesite"] == "Strict"
        for path, framed in (("/customer/", True), ("/embed/", True), ("/agent/", False), ("/coordinator/", False)):
            answer = await site.browser().get(path)
            policy = answer.headers["Content-Security-Policy"]
            assert ("frame-ancestors 'self' https://www.example.org" in policy) is framed, path
            assert ("X-Frame-Options" in answer.headers) is not framed, path
        script = await site.browser().get("/embed/embed.js")
        assert script.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        page = await site.browser().get("/embed/main.js")
        assert page.headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_urgent_is_urgent_for_an_hour(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = site.browser()
    await browser.post("/api/enter", {"token": launch_token(**SAID)})
    assert (await _identity(site, browser)).urgent
    later_ms = site.services.clock.now_ms() + URGENT_S * 1000 + 1
    monkeypatch.setattr(type(site.services.clock), "now_ms", lambda _: later_ms)
    identity = await _identity(site, browser)
    assert (identity.urgent, identity.reason, identity.verified) == (False, "", True)


async def test_what_is_kept_of_a_customer_ends_and_shows_no_cookie(site: Site, redis: Redis, pool: str) -> None:
    response = await site.browser().post("/api/enter", {"token": launch_token(**SAID)})
    token = cookie(response, "vs_guest")["vs_guest"].encode()
    found = 0
    for kind in ("customer", "launch", "limit"):
        async for key in redis.scan_iter(match=f"{{{pool}}}:{kind}:*"):
            found += 1
            left_ms = await redis.pttl(key)
            stored: Any = await redis.get(key)
            if stored is None:
                continue  # it has ended: one address may open the page again within seconds
            assert 0 < left_ms <= 86_400_000
            assert token not in key + stored
            assert b"host-customer" not in key + stored
    assert found >= 3


async def test_one_customer_and_one_address_open_the_page_so_often(settings: Settings) -> None:
    async with Site(dataclasses.replace(settings, tickets_per_session=3, tickets_per_address=6)) as site:
        one, others = site.browser(), [site.browser() for _ in range(4)]
        answers = [await one.post("/api/ticket", {"as": "customer"}) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert 0 < int(answers[-1].headers["Retry-After"]) <= 600
        more = [(await other.post("/api/ticket", {"as": "customer"})).status_code for other in others]
        assert more == [200, 200, 200, 429], "whoever has many cookies is one address all the same"
        assert (await one.post("/api/enter", {})).status_code == 429
        lin = await site.signed_in(Role.AGENT, "lin")
        assert (await lin.post("/api/ticket", {"as": "agent"})).status_code == 200, (
            "people who work here are not counted"
        )


@contextlib.asynccontextmanager
async def _opened(browser: Browser) -> AsyncIterator[Socket]:
    async with browser.socket() as socket:
        yield socket


async def _greeted(site: Site, browser: Browser, entrance: str, stack: contextlib.AsyncExitStack) -> Socket:
    ticket = await browser.ticket(entrance)
    socket = await stack.enter_async_context(_opened(browser))
    await socket.send_json({"type": "hello", "v": 1, "ticket": ticket})
    assert (await socket.receive_json())["type"] == "welcome"
    return socket


async def _until(socket: Socket, seen: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            message: dict[str, Any] = await socket.receive_json()
            if seen(message):
                return message


async def _agent_on_shift(site: Site) -> str:
    lin = await site.account("lin", Role.AGENT, display_name="林老师")
    now_ms = site.services.clock.now_ms()
    await site.store.add_shift(lin.person, now_ms - 1_000, now_ms + 3_600_000)
    return lin.person


async def test_the_agent_sees_what_the_host_said_and_the_record_keeps_the_facts_of_it(site: Site) -> None:
    person = await _agent_on_shift(site)
    async with contextlib.AsyncExitStack() as stack:
        desk = site.browser()
        await desk.sign_in("lin")
        agent = await _greeted(site, desk, "agent", stack)
        await site.store.leg_offered(person, leg="l-1", worker="w-1")
        await agent.send_json({"type": "ready"})
        phone = site.browser()
        await phone.post("/api/enter", {"token": launch_token(**SAID)})
        customer = await _greeted(site, phone, "customer", stack)
        await customer.send_json({"type": "join", "consent": CONSENT_VERSION})
        view = await _until(agent, lambda message: bool(message.get("reservation")))
        ringing = view["reservation"]
        about = {
            "verified": True,
            "entry": "launch",
            "sign_language": "hksl",
            "context": "订单 K-1029",
            "earlier": [],
        }
        assert (ringing["about"], ringing["urgent"], ringing["reason"]) == (about, True, "airport")
        await agent.send_json({"type": "accept", "call": ringing["call"], "epoch": ringing["epoch"]})
        view = await _until(agent, lambda message: bool(message.get("call")))
        assert view["call"]["about"] == about
        await customer.send_json({"type": "hang_up", "call": ringing["call"]})
        await _until(customer, lambda message: message.get("state") == "ended")

    record = await site.services.records.get(ringing["call"])
    assert (record.verified, record.entry, record.sign_language) == (True, "launch", "hksl")
    assert (record.call_class, record.reason) == ("urgent", "airport")
    kept = await site.services.redis.hgetall(f"{{{site.settings.pool}}}:call:{ringing['call']}")
    assert "K-1029" not in str(kept) + str(record), "the context ends with the call"


async def test_whoever_joins_over_and_over_is_told_to_wait(settings: Settings) -> None:
    async with Site(dataclasses.replace(settings, joins_per_session=2)) as site:
        await _agent_on_shift(site)
        async with contextlib.AsyncExitStack() as stack:
            desk = site.browser()
            await desk.sign_in("lin")
            await _greeted(site, desk, "agent", stack)
            customer = await _greeted(site, site.browser(), "customer", stack)
            for _ in range(2):
                await customer.send_json({"type": "join", "consent": CONSENT_VERSION})
                view = await _until(customer, lambda message: message.get("state") == "waiting")
                await customer.send_json({"type": "hang_up", "call": view["call"]})
                await _until(customer, lambda message: message.get("state") in ("home", "ended"))
            await customer.send_json({"type": "join", "consent": CONSENT_VERSION})
            refused = await _until(customer, lambda message: message["type"] == "error")
            assert (refused["code"], refused["retryable"], refused["reply_to"]) == ("too_many", True, "join")


async def test_a_second_tab_of_one_agent_takes_over_and_the_first_is_told(site: Site) -> None:
    await site.account("lin", Role.AGENT)
    desk = site.browser()
    await desk.sign_in("lin")
    async with contextlib.AsyncExitStack() as stack:
        first = await _greeted(site, desk, "agent", stack)
        second = await _greeted(site, desk, "agent", stack)
        with pytest.raises(WebsocketDisconnectError) as closed:
            await _until(first, lambda _: False)
        assert closed.value.args == (CloseCode.REPLACED,)
        await second.send_json({"type": "ping", "t": 7})
        assert await _until(second, lambda message: message["type"] == "pong")


@pytest.mark.parametrize("how", ["sign_out", "sign_out_everywhere", "disable", "password"])
async def test_whoever_is_signed_out_loses_the_socket_with_a_code_of_its_own(site: Site, how: str) -> None:
    await site.account("lin", Role.AGENT)
    desk = site.browser()
    await desk.sign_in("lin")
    async with contextlib.AsyncExitStack() as stack:
        socket = await _greeted(site, desk, "agent", stack)
        if how == "disable":
            await site.services.accounts.set_disabled("lin", True)
        elif how == "password":
            await site.services.accounts.reset("lin", "another good password")
        else:
            await desk.post("/api/" + how.replace("_", "-"))
        with pytest.raises(WebsocketDisconnectError) as closed:
            await _until(socket, lambda _: False)
        assert closed.value.args == (CloseCode.BAD_TICKET,)


async def test_a_session_of_another_version_is_not_guessed_at(site: Site, redis: Redis, pool: str) -> None:
    browser = site.browser()
    await browser.post("/api/enter", {"token": launch_token(verified=True)})
    (key,) = [key async for key in redis.scan_iter(match=f"{{{pool}}}:customer:*")]
    stored: Any = await redis.get(key)
    raw = stored.replace(b'"v":1', b'"v":9')
    await redis.set(key, raw)
    assert (await _identity(site, browser)).verified is False, "a guest, and nobody's word for more"
