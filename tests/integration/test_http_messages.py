"""Messages over HTTP: left by anybody who agreed, read and answered by coordinators, each look on record."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from signaling.identity_types import Identity
from tests.integration.http_site import Browser, Site, cookie, error_of, served_call
from tests.valkey_server import RealValkey
from video_service.accounts import Role
from video_service.consent import CONSENT_VERSION
from video_service.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool, open_messages_limit=3)) as running:
        yield running


@pytest.fixture
async def chen(site: Site) -> Browser:
    return await site.signed_in(Role.COORDINATOR, "chen")


def wish(text: str = "请回电", **more: object) -> dict[str, object]:
    return {"text": text, "contact": "", "consent": CONSENT_VERSION, **more}


async def leave(browser: Browser, text: str = "请回电", **more: object) -> str:
    response = await browser.post("/api/messages", wish(text, **more))
    answer: dict[str, str] = await response.get_json()
    assert response.status_code == 201, answer
    assert list(answer) == ["message"]
    return answer["message"]


async def listed(browser: Browser, query: str = "") -> dict[str, Any]:
    response = await browser.get(f"/api/messages{query}")
    assert response.status_code == 200
    answer: dict[str, Any] = await response.get_json()
    return answer


async def test_a_message_is_left_while_closed_and_read_by_a_coordinator(site: Site, chen: Browser) -> None:
    phone = site.browser()
    stood = await (await phone.get("/api/service")).get_json()
    assert (stood["open"], stood["consent_version"]) == (False, CONSENT_VERSION)
    message = await leave(phone, "航班取消了", contact="lin@example.org", locale="zh-CN", id="abc")
    assert await leave(phone, "航班取消了", contact="lin@example.org", locale="zh-CN", id="abc") == message
    answer = await listed(chen)
    assert (answer["more"], answer["cursor"], answer["open"]) == (False, "", 1)
    (entry,) = answer["messages"]
    assert entry == {
        "id": message,
        "kind": "message",
        "at_ms": entry["at_ms"],
        "due_ms": 0,
        "customer": entry["customer"],
        "verified": False,
        "locale": "zh-CN",
        "text": "航班取消了",
        "contact": "lin@example.org",
        "call": "",
        "owner_name": "",
        "urged_ms": 0,
        "away": "",
        "state": "open",
        "readable": True,
        "video": None,
    }
    assert entry["customer"].startswith("c-")
    looks = [(look.what, look.about) async for look in site.services.audit.each()]
    assert looks == [("messages", "")]


async def test_who_is_new_and_never_heard_the_answer_leaves_one_message_all_the_same(site: Site, chen: Browser) -> None:
    unheard, heard_half = site.browser(), site.browser()  # a lost answer takes its cookie with it, or only its body
    message = await leave(unheard, id="0123456789abcdef")
    assert await leave(heard_half, id="0123456789abcdef") == message
    assert await leave(unheard, id="0123456789abcdef") == message
    assert (await listed(chen))["open"] == 1
    known = site.browser()
    await leave(known, id="an-own-message-of-somebody")
    assert await leave(known, id="0123456789abcdef") != message, "an id of somebody else's is not one's own"


async def test_an_id_that_may_come_twice_by_chance_joins_no_two_newcomers(site: Site, chen: Browser) -> None:
    assert await leave(site.browser(), id="1") != await leave(site.browser(), id="1")


async def test_a_guest_is_the_same_customer_afterwards(site: Site, chen: Browser) -> None:
    phone = site.browser()
    response = await phone.post("/api/messages", wish("one"))
    assert cookie(response, "vs_guest")["httponly"] == ""
    await leave(phone, "two")
    assert len({entry["customer"] for entry in (await listed(chen))["messages"]}) == 1


async def test_done_and_open_again_are_on_record(site: Site, chen: Browser) -> None:
    message = await leave(site.browser())
    for state in ("done", "open", "done"):
        response = await chen.post(f"/api/messages/{message}", {"state": state})
        assert await response.get_json() == {"id": message, "state": state}
    assert (await listed(chen))["messages"] == []
    assert [entry["id"] for entry in (await listed(chen, "?state=done"))["messages"]] == [message]
    looks = [(look.what, look.about) async for look in site.services.audit.each(about=message)]
    assert looks == [("message_done", message), ("message_open", message), ("message_done", message)]


async def test_a_follow_up_stands_among_them_with_the_name_of_who_promised(site: Site, chen: Browser) -> None:
    lin = await site.account("lin", Role.AGENT, display_name="林老师")
    now_ms = site.services.clock.now_ms()
    await site.store.add_shift(lin.person, now_ms - 60_000, now_ms + 3_600_000)
    call = await served_call(site, lin)
    await site.store.disposition(lin.person, call, outcome="follow_up", note="call the hotel", due_in_h=2)
    message = await leave(site.browser())
    first, second = (await listed(chen))["messages"]
    assert (first["id"], second["id"]) == (message, call), "what is due later comes later"
    assert (second["kind"], second["call"], second["owner_name"]) == ("follow_up", call, "林老师")
    assert (second["text"], second["state"], second["readable"]) == ("call the hotel", "open", True)
    assert 2 * 3_600_000 <= second["due_ms"] - now_ms < 2 * 3_600_000 + 60_000
    record = await site.services.records.get(call)
    assert (second["customer"], second["at_ms"]) == (record.customer, record.closed_ms)
    for state, left in (("done", 1), ("open", 2), ("done", 1)):
        assert (await chen.post(f"/api/messages/{call}", {"state": state})).status_code == 200
        assert await (await chen.get("/api/messages/count")).get_json() == {"open": left}
    assert [entry["id"] for entry in (await listed(chen, "?state=done"))["messages"]] == [call]


async def test_the_list_comes_in_pages(site: Site, chen: Browser) -> None:
    ids = [await leave(site.browser(), str(n)) for n in range(3)]
    first = await listed(chen, "?limit=2")
    assert (first["more"], first["open"]) == (True, 3)
    rest = await listed(chen, f"?limit=2&cursor={first['cursor']}")
    assert rest["more"] is False
    assert {entry["id"] for entry in (*first["messages"], *rest["messages"])} == set(ids)


async def test_counting_shows_nobody_and_is_no_look(site: Site, chen: Browser) -> None:
    await leave(site.browser())
    assert await (await chen.get("/api/messages/count")).get_json() == {"open": 1}
    assert [look async for look in site.services.audit.each()] == []


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (wish(""), (400, "bad_request")),
        (wish("x" * 1001), (400, "bad_request")),
        (wish("\u202e \n"), (400, "message_empty")),
        (wish(contact="x" * 101), (400, "bad_request")),
        (wish(consent=0), (400, "consent_needed")),
        (wish(consent=CONSENT_VERSION + 1), (400, "consent_needed")),
        ({"text": "hello"}, (400, "consent_needed")),
        (wish(consent=True), (400, "bad_request")),
        (wish(id="a b"), (400, "bad_request")),
        (wish(id="x" * 65), (400, "bad_request")),
        (wish(locale="<b>"), (400, "bad_request")),
        (wish(customer="c-1"), (400, "bad_request")),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
async def test_what_is_no_message_is_named(site: Site, body: dict[str, object], refusal: tuple[int, str]) -> None:
    assert await error_of(await site.browser().post("/api/messages", body)) == refusal


async def test_too_many_are_refused_of_one_and_of_all(site: Site, chen: Browser) -> None:
    phone = site.browser()
    for n in range(5):
        message = await leave(phone, str(n))
        await chen.post(f"/api/messages/{message}", {"state": "done"})
    refused = await phone.post("/api/messages", wish("6"))
    assert await error_of(refused) == (429, "too_many")
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    for n in range(3):
        await leave(site.browser(), str(n))
    assert await error_of(await site.browser().post("/api/messages", wish("4"))) == (503, "messages_full")


async def test_who_waits_may_write_and_who_is_in_a_call_tells_it_there(site: Site) -> None:
    phone = site.browser()
    await leave(phone)
    customer = await site.services.customers.of(_guest(phone))
    assert customer is not None
    lin = await site.account("lin", Role.AGENT)
    now_ms = site.services.clock.now_ms()
    await site.store.add_shift(lin.person, now_ms - 60_000, now_ms + 3_600_000)
    for identity in (
        Identity(person=lin.person, role="agent", name="Lin"),
        Identity(person=customer.person, role="customer", locale="zh-CN"),
    ):
        await site.store.connect(identity, node="n-1", socket=secrets.token_hex(4))
    await site.store.sign_in(Identity(person=lin.person, role="agent", name="Lin"))
    call = await site.store.join(
        customer.person, queue="main", needs=(), urgent=False, reason="", locale="zh-CN", consent=CONSENT_VERSION
    )
    await leave(phone)  # from the queue
    ready_by = Identity(person=lin.person, role="agent", name="Lin")
    await site.store.leg_offered(ready_by.person, leg="l", worker="w")
    await site.store.ready(ready_by.person)
    ring = (await site.store.agent_view(lin.person, alive=())).reservation
    assert ring is not None
    await site.store.accept(lin.person, ring.call, ring.epoch)
    assert await error_of(await phone.post("/api/messages", wish())) == (409, "in_call")
    await site.store.hang_up(customer.person, call)
    await leave(phone)


def _guest(browser: Browser) -> str:
    (value,) = [each.value for each in browser.client.cookie_jar or () if each.name == "vs_guest"]
    assert value
    return value


@pytest.mark.parametrize(
    "path",
    ["/api/messages?state=all", "/api/messages?limit=0", "/api/messages?limit=201"],
)
async def test_a_list_of_no_kind_is_refused(chen: Browser, path: str) -> None:
    assert await error_of(await chen.get(path)) == (400, "bad_request")


async def test_a_cursor_or_message_of_nobody_is_refused(chen: Browser) -> None:
    for cursor in ("x", "1-" + "c_" + "x" * 96):
        assert await error_of(await chen.get(f"/api/messages?cursor={cursor}")) == (400, "bad_cursor")
    for message in ("m-AAAAAAAAAAAAAAAAAAAA", "none"):
        assert await error_of(await chen.post(f"/api/messages/{message}", {"state": "done"})) == (
            404,
            "unknown_message",
        )
    assert await error_of(await chen.post("/api/messages/c_1", {"state": "done"})) == (404, "no_promise")
    assert await error_of(await chen.post("/api/messages/c_1", {"state": "gone"})) == (400, "bad_request")


async def test_nothing_is_shown_that_cannot_be_written_down(site: Site, chen: Browser, redis: Redis) -> None:
    message = await leave(site.browser())
    await redis.set(f"{{{site.settings.pool}}}:audit", "not a stream")
    assert await error_of(await chen.get("/api/messages")) == (503, "store_unavailable")
    assert await error_of(await chen.post(f"/api/messages/{message}", {"state": "done"})) == (503, "store_unavailable")
    assert await (await chen.get("/api/messages/count")).get_json() == {"open": 1}
