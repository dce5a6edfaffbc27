"""A company's own page, on another origin, shows the customer's page in a frame."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, Frame, Page, expect
from quart import Quart, Response

from tests.browser.looks import look
from tests.browser.stage import _Server
from tests.data_keys import DATA_KEYS
from tests.integration.http_site import CHEAP
from tests.launching import SETTINGS, launch_token
from tests.valkey_server import RealValkey
from video_service.app import create_app, open_services
from video_service.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HOST_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Travel</title>
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; script-src {service} 'sha256-none'; connect-src 'self'; frame-src {service}">
<script src="{service}/embed/embed.js" defer></script></head>
<body><h1>Travel</h1>
<a href="{service}/embed/" data-video-service data-launch-url="/launch-token" data-close="Close">Sign language</a>
<iframe id="staff" src="{service}/agent/"></iframe></body></html>
"""


@dataclass
class Host:
    """The company's own server, on another origin, and the service that it embeds."""

    app: Quart
    services: Any
    service: str
    url: str
    elsewhere: str
    tokens: list[str] = field(default_factory=list)


@contextlib.asynccontextmanager
async def _served(app: Any, listener: socket.socket, lifespan: Any) -> AsyncIterator[None]:
    server = _Server(uvicorn.Config(app, log_level="error", lifespan=lifespan, timeout_graceful_shutdown=1))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await running


def _listen() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


@pytest_asyncio.fixture(loop_scope="session")
async def host(valkey: RealValkey) -> AsyncIterator[Host]:
    with contextlib.closing(_listen()) as ours, contextlib.closing(_listen()) as theirs:
        service = f"http://127.0.0.1:{ours.getsockname()[1]}"
        port = theirs.getsockname()[1]
        settings = Settings(
            redis_url=valkey.url,
            pool=f"t-{secrets.token_hex(6)}",
            guests_allowed=False,
            data_keys=DATA_KEYS,
            embed_origins=(f"http://localhost:{port}",),
            **SETTINGS,
        )
        services = await open_services(settings, password_cost=CHEAP)
        site = Quart("host")
        made = Host(site, services, service, f"http://localhost:{port}", f"http://elsewhere.localhost:{port}")

        @site.get("/")
        async def page() -> str:
            return HOST_PAGE.format(service=service)

        @site.post("/launch-token")
        async def token() -> Response:
            return Response(json.dumps({"token": made.tokens.pop(0)}), mimetype="application/json")

        async with _served(create_app(settings, services), ours, "on"), _served(site, theirs, "off"):
            yield made


@contextlib.asynccontextmanager
async def _page(launch: Callable[..., Awaitable[Browser]], url: str) -> AsyncIterator[Page]:
    browser = await launch("customer", 480, 640)
    context = await browser.new_context(viewport={"width": 360, "height": 740}, locale="en")
    try:
        page = await context.new_page()
        await page.goto(url)
        yield page
    finally:
        await context.close()


async def _in_frame(page: Page) -> Frame:
    element = await page.locator("dialog iframe").element_handle()
    assert element is not None
    frame = await element.content_frame()
    assert frame is not None
    return frame


async def _is_refused(frame: Frame) -> None:
    """Wait for the browser's own page of refusal, which comes after the word of it."""
    async with asyncio.timeout(30):
        while not frame.url.startswith("chrome-error:"):
            await asyncio.sleep(0.02)


async def test_a_customer_comes_through_another_sites_page(
    host: Host, launch: Callable[..., Awaitable[Browser]]
) -> None:
    host.tokens = [
        launch_token(iat=1_000_000_000, exp=1_000_000_060),
        launch_token(verified=True, sign_language="csl", context="K-1029"),
    ]
    async with _page(launch, host.url) as page:
        await page.evaluate("addEventListener('video-service', (event) => (window.said ??= []).push(event.detail))")
        await page.get_by_role("link", name="Sign language").click()
        inside = page.frame_locator("dialog iframe")
        # The first token is too old: a sentence, a word to the host page, and one tap to try with a new one.
        await expect(inside.get_by_role("alert")).to_have_text(
            "This link is too old. Please open it again from the app."
        )
        async with asyncio.timeout(30):  # from the frame to its host the word takes a way of its own
            while not (said := await page.evaluate("window.said")):
                await page.wait_for_timeout(20)
        assert said == [{"state": "failed", "code": "launch_expired"}]
        await inside.get_by_role("button", name="Try again").click()

        await inside.locator("#app[data-screen='home']").wait_for()
        frame = await _in_frame(page)
        assert frame.url.endswith("/customer/?lang=en"), "and the token stands in no address"
        cameras = "navigator.mediaDevices.getUserMedia({ video: true }).then((stream) => stream.getTracks().length)"
        assert await frame.evaluate(cameras) == 1
        ticket = await frame.evaluate(
            """fetch("/api/ticket", {
              method: "POST", headers: { "Content-Type": "application/json" }, body: '{"as": "customer"}',
            }).then((answer) => answer.json())"""
        )
        identity = await host.services.store.redeem_ticket(ticket["ticket"])
        assert (identity.verified, identity.sign_language, identity.context, identity.entry) == (
            True,
            "csl",
            "K-1029",
            "embed",
        )
        cookies = await page.context.cookies()
        assert [(cookie["name"], cookie["sameSite"], cookie["secure"]) for cookie in cookies] == [
            ("vs_guest", "None", True)
        ]
        assert "localhost" in str(cookies[0].get("partitionKey")), "kept apart for the site that shows the frame"

        await page.get_by_role("button", name="Close").click()
        await expect(page.locator("dialog")).to_have_count(0)


@pytest.mark.parametrize("knows_closedby", [True, False])
async def test_escape_ends_no_call_and_the_frame_has_a_name(
    host: Host, launch: Callable[..., Awaitable[Browser]], knows_closedby: bool
) -> None:
    host.tokens = [launch_token()]
    async with _page(launch, host.url) as page:
        if not knows_closedby:
            await page.evaluate(
                """() => {
                  HTMLDialogElement.prototype.setAttribute = function (name, value) {
                    if (name !== 'closedby') Element.prototype.setAttribute.call(this, name, value);
                  };
                }"""
            )
        await page.get_by_role("link", name="Sign language").click()
        await page.frame_locator("dialog iframe").locator("#app[data-screen='home']").wait_for()
        dialog = page.get_by_role("dialog", name="Sign language")
        await page.get_by_role("button", name="Close").focus()
        for _ in range(3):
            await page.keyboard.press("Escape")
        # Where it closes all the same it opens again in its next turn, with the focus on the button.
        await page.wait_for_function("document.querySelector('dialog').matches('[open]:modal')")
        await expect(page.get_by_role("button", name="Close")).to_be_focused()
        await expect(page.frame_locator("dialog iframe").locator("#app[data-screen='home']")).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(dialog).to_have_count(0)
        await expect(page.get_by_role("link", name="Sign language")).to_be_focused()


async def test_a_link_that_does_not_work_is_said_in_words(
    host: Host, launch: Callable[..., Awaitable[Browser]]
) -> None:
    async with _page(launch, f"{host.service}/embed/?lang=zh-CN#token={launch_token(aud='another')}") as page:
        await expect(page.get_by_role("alert")).to_be_visible()
        # The token is gone from the address.
        await expect(page).to_have_url(f"{host.service}/embed/?lang=zh-CN")
        await look(page, "embed-refused-zh-CN", themes=True)


async def test_no_other_site_and_no_other_page_gets_into_a_frame(
    host: Host, launch: Callable[..., Awaitable[Browser]]
) -> None:
    host.tokens = [launch_token()]
    async with _page(launch, host.elsewhere) as page:
        refusals: list[str] = []
        # The frame with a staff page is refused, too, and its word may come late.
        page.on("console", lambda line: refusals.append(line.text) if "frame-ancestors 'self'" in line.text else None)
        await page.get_by_role("link", name="Sign language").click()
        await page.wait_for_function("document.querySelector('dialog iframe')?.src.includes('/embed/')")
        async with asyncio.timeout(30):
            while not refusals:
                await page.wait_for_timeout(20)
        assert "frame-ancestors 'self' http://localhost" in refusals[0]
        await _is_refused(await _in_frame(page))
    async with _page(launch, host.url) as page:
        staff = await (await page.query_selector("#staff")).content_frame()  # type: ignore[union-attr]
        assert staff is not None
        await _is_refused(staff)  # a console is shown in no frame at all
