"""`run --demo --lan`: one person alone takes each side, and a phone that trusts the printed certificate joins."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright, expect

from tests.browser import cameras
from tests.browser.conftest import DESK, launch_flags
from tests.browser.people import WATCH, Agent, Coordinator, Customer
from tests.running_service import RunningService, is_gone
from video_service.ready_text import DEMO_AGENT, DEMO_COORDINATOR

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PHONE = "Pixel 7"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service() -> AsyncIterator[RunningService]:
    with tempfile.TemporaryDirectory(prefix="vs-") as name:
        running = RunningService(Path(name), "--demo", "--lan", "--host", "127.0.0.1")
        await asyncio.to_thread(running.__enter__)
        try:
            yield running
        finally:
            await asyncio.to_thread(running.__exit__, None, None, None)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser(
    service: RunningService, playwright: Playwright, chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Browser]:
    """A browser that trusts what its owner has installed: the authority of the service, and ignores no fault."""
    home = tmp_path_factory.mktemp("home")
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    authority = service.data / "lan" / "ca.pem"
    for arguments in (["-N", "--empty-password"], ["-A", "-t", "C,,", "-n", "authority", "-i", str(authority)]):
        await asyncio.to_thread(subprocess.run, ["certutil", "-d", f"sql:{store}", *arguments], check=True, timeout=30)
    camera = cameras.write_camera(cameras.drawn_person(480, 640), home / "camera.mjpeg")
    started = await playwright.chromium.launch(
        executable_path=chromium,
        args=launch_flags("drawn", camera),
        env={**os.environ, "HOME": str(home)},
    )
    yield started
    await started.close()


def password(service: RunningService) -> str:
    [found] = set(re.findall(r"sign in as \S+ with ([a-z0-9-]+)", "\n".join(service.said)))
    return str(found)


async def test_a_phone_gets_the_certificate_and_reaches_a_demo_agent(
    service: RunningService, browser: Browser, playwright: Playwright
) -> None:
    context = await browser.new_context(**playwright.devices[PHONE], locale="zh-CN")
    await context.add_init_script(WATCH)
    page = await context.new_page()
    [certificate_page] = re.findall(r"install the certificate from (\S+)", "\n".join(service.said))
    await page.goto(certificate_page)
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="下载证书").click()
    assert (await downloading.value).suggested_filename == "video-service-ca.crt"
    await page.get_by_role("link", name="打开视频页面").click()
    assert await page.evaluate("isSecureContext")
    customer = Customer(page)

    await customer.begin()
    await customer.see_agent(limit_s=40)

    await expect(page.get_by_role("heading", name="Demo agent")).to_be_visible()
    await page.locator(".stage video").evaluate(
        "(video) => new Promise((shown) => video.requestVideoFrameCallback(shown))"
    )
    await page.get_by_role("button", name="打字").click()
    await expect(page.locator(".line-theirs").first).to_contain_text("Demo: I am a drawn agent")
    await customer.end()
    await context.close()


async def test_demo_customers_call_a_person_who_is_ready(service: RunningService, browser: Browser) -> None:
    desk = await browser.new_context(viewport=DESK, locale="zh-CN")  # type: ignore[arg-type]
    agent = Agent(await desk.new_page())
    await agent.page.goto(f"{service.address}/agent/")
    await agent.sign_in(DEMO_AGENT, password(service))
    await expect(agent.page.locator(".preview .pill")).to_have_text("房间已隐藏", timeout=30_000)
    await agent.take_calls()

    await agent.state("reserved", limit_s=60)
    await agent.accept()

    await expect(agent.page.locator(".customer .pill")).to_have_text("画面清楚", timeout=30_000)
    await expect(agent.page.locator(".line-theirs").first).to_contain_text("Demo:")
    await desk.close()


async def test_the_wall_is_alive(service: RunningService, browser: Browser) -> None:
    context = await browser.new_context(viewport=DESK, locale="zh-CN")  # type: ignore[arg-type]
    coordinator = Coordinator(await context.new_page())
    await coordinator.page.goto(f"{service.address}/coordinator/")
    await coordinator.sign_in(DEMO_COORDINATOR, password(service))

    main = coordinator.page.get_by_role("main")
    await expect(main).to_contain_text("Demo agent 1")
    await expect(main).to_contain_text("Demo agent 2")
    await expect(coordinator.page.locator(".now-active .call-row").first).to_be_visible(timeout=60_000)
    await context.close()


async def test_the_demo_ends_with_ctrl_c(service: RunningService) -> None:
    pid = service.pid("demo")

    assert await asyncio.to_thread(service.stop) == 0

    assert is_gone(pid)
    assert next(line["child"] for line in service.events("child_stopped")) == "demo"
    assert service.events("child_killed") == []
