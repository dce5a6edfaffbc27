"""`run --demo --lan`: one person alone takes each side, and a phone that trusts the printed certificate joins."""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Playwright, expect

from tests.browser import cameras
from tests.browser.conftest import DESK, home_that_trusts, launch_flags
from tests.browser.people import LIMIT_S, WATCH, Agent, Coordinator, Customer
from tests.running_service import RunningService, is_gone
from video_service.ready_text import DEMO_AGENT, DEMO_COORDINATOR

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PHONE = "Pixel 7"
ROOT = Path(__file__).resolve().parents[2]
TEXTS = json.loads((ROOT / "web" / "shared" / "texts" / "zh-CN.json").read_text("utf-8"))
CHECK = "|".join(re.escape(text) for key, text in TEXTS.items() if key.startswith("check."))


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
    environment = await home_that_trusts(service.data / "lan" / "ca.pem", home)
    camera = cameras.write_camera(cameras.drawn_person(480, 640), home / "camera.mjpeg")
    started = await playwright.chromium.launch(
        executable_path=chromium,
        args=launch_flags("drawn", camera),
        env=environment,  # type: ignore[arg-type]
        timeout=90_000,
    )
    yield started
    await started.close()


def password(service: RunningService) -> str:
    [found] = set(re.findall(r"sign in as \S+ with ([a-z0-9-]+)", "\n".join(service.said)))
    return str(found)


async def choose_language(page: Page, lang: str) -> None:
    await page.locator("details.language summary").tap()
    await page.locator(f".language-list [lang='{lang}']").tap()
    await page.locator(f"html[lang='{lang}'] .start").wait_for()


async def shown(page: Page) -> None:
    """Wait until the agent's picture moves."""
    await page.locator(".stage video").evaluate(
        "(video) => new Promise((shown) => video.requestVideoFrameCallback(shown))"
    )


async def fits(page: Page, width: int) -> None:
    """Wait until the page is so wide, and nothing of it lies beyond the edge."""
    deadline_s = time.monotonic() + LIMIT_S
    sizes = "[document.documentElement.clientWidth, document.documentElement.scrollWidth]"
    while (found := await page.evaluate(sizes)) != [width, width]:
        assert time.monotonic() < deadline_s, f"{found} for {width}"
        await asyncio.sleep(0.05)


class Promised:
    """What docs/how-to/lan.md says that a phone can do; each line has to be proved."""

    def __init__(self) -> None:
        text = (ROOT / "docs" / "how-to" / "lan.md").read_text("utf-8")
        part = text.partition("## What a phone can do\n")[2].partition("\n## ")[0]
        self.left = re.findall(r"^- (.+)$", part, re.MULTILINE)

    def proved(self, line: str) -> None:
        self.left.remove(line)


async def test_a_phone_can_do_what_the_documentation_says(
    service: RunningService, browser: Browser, playwright: Playwright
) -> None:
    phone = Promised()
    context = await browser.new_context(**playwright.devices[PHONE], locale="zh-CN")
    await context.add_init_script(WATCH)
    page = await context.new_page()
    [certificate_page] = re.findall(r"install the certificate from (\S+)", "\n".join(service.said))
    await page.goto(certificate_page)
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="下载证书").tap()
    assert (await downloading.value).suggested_filename == "video-service-ca.crt"
    await page.get_by_role("link", name="打开视频页面").tap()
    customer = Customer(page)
    await customer.screen("home")
    phone.proved("Fetch the certificate from the page of the first code, and go on from there to the customers' page.")
    assert await page.evaluate("[location.protocol, isSecureContext]") == ["https:", True]
    phone.proved("Open that page over HTTPS without a warning, as one that may use the camera.")
    for lang in ("zh-HK", "en", "zh-CN"):
        await choose_language(page, lang)
    phone.proved("Choose among three languages, in place.")

    await page.locator(".start").tap()
    await page.locator(".own-picture[data-camera='on'] video").wait_for()
    await expect(page.locator(".ready")).to_contain_text(re.compile(CHECK))
    phone.proved("See itself before the call, and read what the camera check says.")
    await page.locator(".ready-buttons .button-main:visible").tap()
    await customer.see_agent()  # no look at the queue before: a demo agent answers within moments
    name = page.get_by_role("heading", name="Demo agent")
    await expect(name).to_be_visible()
    await shown(page)
    phone.proved("Queue by two taps, and be connected to a demo agent who can be seen, with the room hidden.")

    await page.get_by_role("group", name="通话按钮").get_by_role("button", name="打字").tap()
    await expect(page.locator(".line-theirs").first).to_contain_text("Demo: I am a drawn agent")
    await page.get_by_label("写一句话").fill("您好")
    await page.get_by_role("button", name="发送").tap()
    await expect(page.locator(".line-mine", has_text="您好").locator(".line-who")).to_have_text("我")
    phone.proved("Read what the agent writes, and write back.")
    await page.get_by_role("button", name="看不懂", exact=True).tap()
    await page.get_by_role("button", name="请慢一点").tap()
    await expect(page.locator(".line-mine", has_text="请慢一点").locator(".line-who")).to_have_text("我")
    phone.proved('Say "I do not understand" by two taps.')
    await page.get_by_role("button", name="暂停").tap()
    await expect(page.locator(".own-picture[data-camera='on']")).to_have_count(0)
    await page.get_by_role("button", name="恢复").tap()
    await page.locator(".own-picture[data-camera='on'] video").wait_for()
    phone.proved("Pause its own picture, and show it again.")
    await page.get_by_role("button", name="声音关").tap()
    await expect(page.get_by_role("button", name="声音开")).to_be_visible()
    phone.proved("Turn the sound on, which is off before.")

    upright: Any = page.viewport_size
    await page.set_viewport_size({"width": upright["height"], "height": upright["width"]})
    await fits(page, upright["height"])
    await page.set_viewport_size(upright)
    phone.proved("Be held sideways: nothing lies beyond the edge.")
    agent = await name.text_content() or ""
    await page.reload()
    await customer.see_agent()
    await expect(name).to_have_text(agent)
    await shown(page)
    phone.proved("Load the page anew in the call, and be back with the same agent.")
    await customer.end()
    await page.locator(".survey .button").first.tap()
    await expect(page.locator(".survey .button").first).to_have_attribute("aria-pressed", "true")
    phone.proved("End the call by two taps, and say how it went.")
    assert phone.left == []
    await context.close()


async def test_demo_customers_call_a_person_who_is_ready(service: RunningService, browser: Browser) -> None:
    desk = await browser.new_context(viewport=DESK, locale="zh-CN")  # type: ignore[arg-type]
    agent = Agent(await desk.new_page())
    await agent.page.goto(f"{service.address}/agent/")
    await agent.sign_in(DEMO_AGENT, password(service))
    await expect(agent.page.locator(".preview .pill")).to_have_text("房间已隐藏", timeout=LIMIT_S * 1000)
    await agent.take_calls()

    await agent.state("reserved", limit_s=60)
    await agent.accept()

    await expect(agent.page.locator(".customer .pill")).to_have_text("画面清楚", timeout=LIMIT_S * 1000)
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
    assert "demo" in [line["child"] for line in service.events("child_stopped")]
