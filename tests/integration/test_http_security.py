"""What every answer carries, what no request gets past, and what no error tells."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import AsyncIterator

import pytest
from quart.testing.connections import WebsocketResponseError
from redis.asyncio import Redis

from tests.integration.http_site import ORIGIN, Browser, Site, error_of
from tests.valkey_server import RealValkey
from video_service.accounts import Role
from video_service.services import ShiftOnRoster, provide
from video_service.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture
async def site(valkey: RealValkey, redis: Redis, pool: str) -> AsyncIterator[Site]:
    async with Site(Settings(redis_url=valkey.url, pool=pool)) as running:
        yield running


async def test_every_answer_has_the_headers(site: Site) -> None:
    browser = site.browser()
    answers = [
        *[await browser.get(path) for path in ("/", "/customer/", "/healthz", "/readyz", "/nowhere", "/api/nowhere")],
        await browser.get("/api/service"),
        await browser.get("/api/me"),
        await browser.post("/api/sign-in", {}),
        await browser.delete("/api/me"),
        await browser.client.post("/api/sign-in", json={}),
    ]
    assert {302, 200, 404, 401, 400, 405, 403} == {answer.status_code for answer in answers}
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "camera=(self), microphone=(self)" in answer.headers["Permissions-Policy"]
        policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["connect-src"] == "'self' ws://localhost"
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in answer.headers, "only https may promise https"
        assert "Server" not in answer.headers
    assert (await browser.get("/api/service")).headers["Cache-Control"] == "no-store"


async def test_modules_and_style_sheets_carry_what_binds_them_and_nothing_that_binds_documents(site: Site) -> None:
    for path in ("/customer/main.js", "/shared/theme.css"):
        answer = await site.browser().get(path)
        assert answer.status_code == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert sum(len(name) + len(value) + 4 for name, value in answer.headers) < 400
    texts = await site.browser().get("/customer/texts/en.json")
    assert texts.headers["Content-Security-Policy"].startswith("default-src 'none'")


OTHER_ORIGINS = (
    "",
    "null",
    "http://localhost:81",
    "https://localhost",
    "http://localhost.example.org",
    "http://evil.example.org",
    "localhost",
)


async def test_another_sites_page_changes_nothing_and_opens_no_socket(site: Site) -> None:
    browser = await site.signed_in(Role.COORDINATOR)
    for origin in OTHER_ORIGINS:
        headers = {"Origin": origin} if origin else {}
        posted = await browser.client.post("/api/ticket", json={"as": "customer"}, headers=headers)
        assert await error_of(posted) == (403, "bad_origin"), origin
        deleted = await browser.client.delete("/api/shifts/s_1", headers=headers)
        assert await error_of(deleted) == (403, "bad_origin"), origin

        async with browser.socket(origin) as socket:
            with pytest.raises(WebsocketResponseError) as refused:
                await socket.receive()
        assert await error_of(refused.value.response) == (403, "bad_origin"), origin


async def test_the_pages_own_socket_is_accepted(site: Site) -> None:
    browser = site.browser()
    ticket = await browser.ticket("customer")
    async with browser.socket() as socket:
        await socket.send_json({"type": "hello", "v": 1, "ticket": ticket, "codecs": ["video/VP8"]})
        welcome = await socket.receive_json()
        assert (welcome["type"], welcome["role"]) == ("welcome", "customer")


async def test_an_empty_frame_is_a_bad_message_and_no_failure(site: Site) -> None:
    async with site.browser().socket() as socket:
        await socket._send_queue.put({"type": "websocket.receive", "bytes": b""})  # type: ignore[attr-defined]
        assert await socket.receive_json() == {
            "type": "error",
            "code": "bad_message",
            "retryable": False,
            "reply_to": "",
        }


async def test_a_host_that_is_none_gets_no_page(site: Site) -> None:
    client = site.app.test_client(use_cookies=False)  # a cookie jar would read the host itself
    for host in ("", "local host", "a/b", "x@y", "[::1", "localhost\t", "a;script-src *"):
        response = await client.get("/customer/", headers={"Host": host})
        assert response.status_code == 400, host
        assert "*" not in response.headers["Content-Security-Policy"]


async def test_only_json_is_read(site: Site) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        headers = {"Origin": ORIGIN, "Content-Type": kind} if kind else {"Origin": ORIGIN}
        response = await site.browser().client.post("/api/ticket", data='{"as": "customer"}', headers=headers)
        assert await error_of(response) == (415, "not_json"), kind


UNREADABLE = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"[[[]]]",
    b'"as"',
    b"1e999",
    b"NaN",
    b"\xff\xfe",
    b'{"as": "\\ud800"}',
    b"[" * 8000,
    b'{"a":' * 3000,
]
WRONG = {
    "/api/sign-in": [
        {},
        {"name": "lin"},
        {"name": "lin", "password": None},
        {"name": 1, "password": "x"},
        {"name": ["lin"], "password": "x"},
        {"name": "lin", "password": {"$ne": ""}},
        {"name": "x" * 129, "password": "x"},
        {"name": "lin", "password": "x" * 1025},
        {"name": "lin", "password": "x", "role": "admin"},
    ],
    "/api/ticket": [
        {},
        {"as": ""},
        {"as": "admin"},
        {"as": None},
        {"as": ["customer"]},
        {"as": "customer", "person": "a-somebody"},
        {"as": "customer", "locale": "x" * 17},
        {"as": "customer", "locale": "<b>"},
        {"as": "customer", "locale": 1},
    ],
    "/api/shifts": [
        {},
        {"agent": "a-1", "start": 1, "end": 2},
        {"agent": "a-1", "start": "2026-03-02T09:00:00Z"},
        {"agent": "a 1", "start": "2026-03-02T09:00:00Z", "end": "2026-03-02T17:00:00Z"},
        {"agent": "", "start": "2026-03-02T09:00:00Z", "end": "2026-03-02T17:00:00Z"},
        {"agent": "a-1", "start": "x" * 41, "end": "2026-03-02T17:00:00Z"},
        {"agent": "a-1", "start": "2026-03-02T09:00:00Z", "end": "2026-03-02T17:00:00Z", "note": "x"},
    ],
}


@pytest.mark.parametrize("path", WRONG)
async def test_what_cannot_be_read_is_a_bad_request(site: Site, path: str) -> None:
    browser = await site.signed_in(Role.COORDINATOR)
    for raw in [*UNREADABLE, *(json.dumps(body).encode() for body in WRONG[path])]:
        response = await browser.client.post(
            path, data=raw, headers={"Origin": ORIGIN, "Content-Type": "application/json"}
        )
        assert await error_of(response) == (400, "bad_request"), raw[:60]


async def test_a_body_that_is_too_long_is_not_read(site: Site) -> None:
    headers = {"Origin": ORIGIN, "Content-Type": "application/json"}
    body = json.dumps({"name": "lin", "password": "x" * 16_384})
    declared = await site.browser().client.post("/api/sign-in", data=body, headers=headers)
    assert await error_of(declared) == (413, "too_large")

    async with site.browser().client.request("/api/sign-in", method="POST", headers=headers) as streamed:
        for _ in range(9):
            await streamed.send(b" " * 2048)
        await streamed.send_complete()
    assert await error_of(await streamed.as_response()) == (413, "too_large")


async def test_what_is_not_there_is_json_for_programs_and_a_page_for_people(site: Site) -> None:
    browser = site.browser()
    assert await error_of(await browser.get("/api/nowhere")) == (404, "not_found")
    wrong_method = await browser.post("/api/service")
    assert await error_of(wrong_method) == (405, "method_not_allowed")
    assert "GET" in wrong_method.headers["Allow"]

    page = await browser.get("/nowhere")
    text = await page.get_data(as_text=True)
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "没有这个页面" in text
    assert "There is no such page" in text
    assert "/customer/" in text
    for odd in ("/%00", "/..%2f..%2fetc/passwd", "/customer/../../video_service/app.py", "/shared/%2e%2e/blueprint.py"):
        assert (await browser.get(odd)).status_code == 404, odd


class _Broken:
    """A store that fails in a way that nobody foresaw, with words that nobody may read."""

    def __init__(self, store: object) -> None:
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def shifts(self, from_ms: int, to_ms: int) -> list[ShiftOnRoster]:
        raise LookupError("what a customer wrote")


async def test_a_failure_tells_nothing(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    browser = await site.signed_in(Role.COORDINATOR)
    broken = dataclasses.replace(site.services, store=_Broken(site.store))  # type: ignore[arg-type]
    provide(site.app, broken)
    with caplog.at_level(logging.DEBUG):
        response = await browser.get("/api/shifts")
    assert await error_of(response) == (500, "internal")
    provide(site.app, site.services)
    assert "what a customer wrote" not in caplog.text


async def test_a_store_that_is_gone_is_said_and_can_come_back(
    valkey_server: object, pool: str, tmp_path: object
) -> None:
    server: RealValkey = valkey_server(aof=True)  # type: ignore[operator]
    async with Site(Settings(redis_url=server.url, pool=pool)) as site:
        browser: Browser = await site.signed_in(Role.COORDINATOR)
        server.kill()
        for path in ("/api/me", "/api/shifts", "/api/service"):
            assert await error_of(await browser.get(path)) == (503, "store_unavailable"), path
        assert await error_of(await browser.sign_in("coordinator")) == (503, "store_unavailable")
        server.start()
        assert (await browser.get("/api/me")).status_code == 200, "what was acknowledged is still there"
        assert (await browser.get("/api/shifts")).status_code == 200
