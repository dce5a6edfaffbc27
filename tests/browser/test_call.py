"""A real call: two Chromium processes, a camera each, the real service between them, everything through the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import SHOTS
from tests.browser.line import Launch, Line, open_line

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def line(launch: Launch) -> AsyncIterator[Line]:
    async with open_line(launch) as opened:
        yield opened


async def test_a_customer_and_an_agent_meet(line: Line) -> None:
    customer, agent = await line.new_customer(), line.agent
    await customer.begin()
    pressed_ms = await agent.accept()
    await customer.see_agent()
    assert await customer.first_shown_ms(".stage video", pressed_ms) >= pressed_ms
    await expect(agent.page.locator(".customer .pill")).to_have_text("画面清楚", timeout=20_000)
    await expect(customer.page.get_by_role("heading", name="林晓")).to_be_visible()
    # How fluently, and how soon, is for benchmarks/call.py to say, on a machine that does nothing else.
    assert await customer.fps(".stage video", 1) > 0
    assert await agent.fps(".customer video", 1) > 0
    SHOTS.mkdir(parents=True, exist_ok=True)
    await customer.page.screenshot(path=SHOTS / "real-call-customer.png")
    await agent.page.screenshot(path=SHOTS / "real-call-agent.png")

    await customer.page.get_by_role("button", name="打字").click()
    await customer.page.get_by_label("写一句话").fill("航班取消了")
    await customer.page.keyboard.press("Enter")
    await expect(agent.page.locator(".line-theirs")).to_contain_text("航班取消了")
    await expect(customer.page.locator(".line-mine .line-who")).to_have_text("我")
    await agent.page.keyboard.press("t")
    await agent.page.keyboard.type("我帮您改签")
    await agent.page.keyboard.press("Enter")
    await expect(customer.page.locator(".line-theirs")).to_contain_text("我帮您改签")

    await customer.end()
    await expect(customer.page.get_by_role("main")).to_contain_text("您结束了通话。谢谢。")
    await agent.next_call()


async def test_the_call_stands_on_record(line: Line) -> None:
    page = line.coordinator.page
    customer = await line.new_customer()
    await customer.begin()
    await line.agent.accept()
    await customer.see_agent()
    await page.get_by_role("link", name="现在").click()
    await expect(page.locator(".now-active .call-row")).to_contain_text("和 林晓 通话")
    await line.agent.page.keyboard.press("e")
    await customer.screen("ended")
    await expect(customer.page.get_by_role("main")).to_contain_text("林晓结束了通话。谢谢。")
    await page.get_by_role("link", name="记录").click()
    await expect(page.locator(".table tbody tr").first).to_contain_text("客服结束")
    await page.locator(".table tbody tr").first.get_by_role("button").click()
    await expect(page.locator(".timeline")).to_contain_text("林晓 接听")
    await expect(page.locator(".timeline")).to_contain_text("客户看到画面")
    await line.agent.next_call()


async def test_a_declined_call_goes_back_and_says_so(line: Line) -> None:
    customer = await line.new_customer()
    await customer.begin()
    await line.agent.page.get_by_role("button", name="不接").click()
    await expect(customer.page.get_by_role("main")).to_contain_text("正在排队")
    await customer.page.get_by_role("button", name="不等了").click()
    await customer.screen("home")
    await line.agent.state("available")


async def test_whoever_only_writes_is_served_too(line: Line) -> None:
    customer = await line.new_customer(camera="refused")
    await customer.page.get_by_role("button", name="开始手语视频").click()
    await customer.page.get_by_role("button", name="不开摄像头，只打字").click()
    await customer.screen("waiting")
    await line.agent.accept()
    await customer.see_agent()
    await expect(line.agent.page.locator(".customer .pill")).to_have_text("画面暂停", timeout=20_000)
    await customer.page.get_by_label("写一句话").fill("我只打字")
    await customer.page.keyboard.press("Enter")
    await expect(line.agent.page.locator(".line-theirs")).to_contain_text("我只打字")
    await customer.end()
    await line.agent.next_call()
