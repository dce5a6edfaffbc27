"""What people see when something dies in the middle of a call (pictured in var/shots)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import SHOTS
from tests.browser.line import Launch, Line, open_line
from tests.browser.people import Customer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def line(launch: Launch) -> AsyncIterator[Line]:
    async with open_line(
        launch,
        VIDEO_SERVICE_MEDIA_WORKERS="1",
        VIDEO_SERVICE_CUSTOMER_RETURN_S="4",
        VIDEO_SERVICE_AGENT_RETURN_S="4",
    ) as opened:
        SHOTS.mkdir(parents=True, exist_ok=True)
        yield opened


async def meet(line: Line) -> Customer:
    await line.agent.take_calls()
    customer = await line.new_customer()
    await customer.begin()
    await line.agent.accept()
    await customer.see_agent()
    await expect(line.agent.page.locator(".customer .pill")).to_have_text("画面清楚", timeout=20_000)
    return customer


async def both_see(line: Line, customer: Customer) -> None:
    await customer.see_agent(limit_s=40)
    await expect(line.agent.page.locator(".customer .pill")).to_have_text("画面清楚", timeout=40_000)
    assert await customer.fps(".stage video", 1) > 0
    assert await line.agent.fps(".customer video", 1) > 0


async def test_a_reload_in_a_call_goes_on_with_the_same_agent(line: Line) -> None:
    customer = await meet(line)
    await customer.page.reload()
    await both_see(line, customer)
    await customer.end()
    await line.agent.state("after_call")


async def test_a_closed_customers_tab_is_said_to_the_agent(line: Line) -> None:
    customer = await meet(line)
    await customer.page.close()
    await expect(line.agent.page.locator(".customer .pill")).to_have_text(re.compile("画面停了|客户断线"))
    await line.agent.page.screenshot(path=SHOTS / "fault-customer-closed-agent-sees.png")
    await line.agent.state("after_call")


async def test_the_web_node_dies_and_the_call_goes_on(line: Line) -> None:
    customer = await meet(line)
    line.service.kill("web")
    await customer.pill("reconnecting")
    await customer.page.screenshot(path=SHOTS / "fault-web-killed-customer-sees.png")
    await line.agent.page.screenshot(path=SHOTS / "fault-web-killed-agent-sees.png")
    await both_see(line, customer)
    await customer.end()
    await line.agent.state("after_call")


async def test_the_media_worker_dies_and_the_call_goes_on(line: Line) -> None:
    customer = await meet(line)
    line.service.kill("media 1")
    await customer.was_told("正在重连")
    await customer.page.screenshot(path=SHOTS / "fault-media-killed-customer-sees.png")
    await line.agent.page.screenshot(path=SHOTS / "fault-media-killed-agent-sees.png")
    await both_see(line, customer)
    await customer.end()
    await line.agent.state("after_call")


async def test_an_agents_reload_keeps_the_call(line: Line) -> None:
    customer = await meet(line)
    await line.agent.page.reload()
    await line.agent.screen("desk")
    await both_see(line, customer)
    await customer.end()
    await line.agent.state("after_call")


async def test_a_closed_agents_tab_costs_nobody_the_place(line: Line) -> None:
    customer = await meet(line)
    await line.agent.page.goto("about:blank")
    await customer.page.locator(".pill[data-name='other_lost'], .pill[data-name='frozen']").wait_for()
    await customer.page.screenshot(path=SHOTS / "fault-agent-closed-customer-sees.png")
    # The agent does not come back in time: the customer stands at the head of the queue, or is told.
    await customer.page.locator("#app[data-screen='waiting'], #app[data-screen='ended']").wait_for(timeout=30_000)
    await customer.page.screenshot(path=SHOTS / "fault-agent-gone-customer-sees.png")
