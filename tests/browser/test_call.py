"""A real call: two Chromium processes, a camera each, the real service between them, everything through the pages.

First what people do, then what they see when something dies in the middle of a call (pictured in var/shots).
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import SHOTS
from tests.browser.line import Launch, Line, open_line
from tests.browser.people import LIMIT_S, Customer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

RETURN_S = "10"  # two tests wait for it to pass; in the others a page comes back in it, which loads everything anew


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def line(launch: Launch) -> AsyncIterator[Line]:
    async with open_line(
        launch, VIDEO_SERVICE_CUSTOMER_RETURN_S=RETURN_S, VIDEO_SERVICE_AGENT_RETURN_S=RETURN_S
    ) as opened:
        SHOTS.mkdir(parents=True, exist_ok=True)
        yield opened


async def meet(line: Line) -> Customer:
    await line.agent.take_calls()
    customer = await line.new_customer()
    await customer.begin()
    await line.agent.accept()
    await customer.see_agent()
    await expect(line.agent.page.locator(".customer .pill")).to_have_text("画面清楚", timeout=LIMIT_S * 1000)
    return customer


async def both_see(line: Line, customer: Customer) -> None:
    await customer.see_agent()
    await expect(line.agent.page.locator(".customer .pill")).to_have_text("画面清楚", timeout=LIMIT_S * 1000)
    await pictures_flow(line, customer)


async def the_call_goes_on(line: Line, customer: Customer) -> None:
    """After a fault: both see one another again, and can end the call as ever."""
    await both_see(line, customer)
    await customer.end()
    await line.agent.state("after_call")


async def pictures_flow(line: Line, customer: Customer) -> None:
    """Wait until both pictures move at the same time."""
    rates = (0.0, 0.0)
    deadline_s = time.monotonic() + LIMIT_S
    while not min(rates) > 0:
        assert time.monotonic() < deadline_s, f"{rates} pictures a second"
        rates = await asyncio.gather(customer.fps(".stage video", 0.5), line.agent.fps(".customer video", 0.5))


async def test_a_customer_and_an_agent_meet(line: Line) -> None:
    customer, agent = await line.new_customer(), line.agent
    await customer.begin()
    pressed_ms = await agent.accept()
    await customer.see_agent()
    assert await customer.first_shown_ms(".stage video", pressed_ms) >= pressed_ms
    await expect(agent.page.locator(".customer .pill")).to_have_text("画面清楚", timeout=LIMIT_S * 1000)
    await expect(customer.page.get_by_role("heading", name="林晓")).to_be_visible()
    # How fluently, and how soon, is for benchmarks/call.py to say, on a machine that does nothing else.
    await pictures_flow(line, customer)
    await customer.page.screenshot(path=SHOTS / "real-call-customer.png")
    await agent.page.screenshot(path=SHOTS / "real-call-agent.png")

    await customer.page.get_by_role("group", name="通话按钮").get_by_role("button", name="打字").click()
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
    await page.reload()  # the days that it shows end with the one on which the page was loaded
    await line.coordinator.screen("board")
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
    await expect(line.agent.page.locator(".customer .pill")).to_have_text("画面暂停", timeout=LIMIT_S * 1000)
    await customer.page.get_by_label("写一句话").fill("我只打字")
    await customer.page.keyboard.press("Enter")
    await expect(line.agent.page.locator(".line-theirs")).to_contain_text("我只打字")
    await customer.end()
    await line.agent.next_call()


SOCKET_WITHOUT_PIECES = """() => {
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (data) {
    if (!data.includes('"rtt"')) send.call(this, data);
  };
}"""


async def test_text_is_read_while_it_is_written_also_by_the_peer_connection_alone(line: Line) -> None:
    customer, agent = await meet(line), line.agent.page
    await customer.page.evaluate(SOCKET_WITHOUT_PIECES)
    await customer.page.get_by_role("group", name="通话按钮").get_by_role("button", name="打字").click()
    field = customer.page.get_by_label("写一句话")
    draft = agent.locator(".line-draft p")
    # The channel opens after the pictures: what is written before that comes by nothing here.
    deadline = time.monotonic() + LIMIT_S
    while not await draft.is_visible():
        assert time.monotonic() < deadline, "nothing came"
        await field.press_sequentially("登")
        await asyncio.sleep(0.5)
    await field.press_sequentially("机口14")
    await expect(draft).to_have_text(re.compile("登机口14$"))
    written = await field.input_value()
    await field.press("Enter")
    await expect(draft).to_have_count(0)
    await expect(agent.get_by_role("log").locator("p")).to_have_text([written])
    await customer.end()
    await line.agent.state("after_call")


async def test_a_reload_in_a_call_goes_on_with_the_same_agent(line: Line) -> None:
    customer = await meet(line)
    await customer.page.reload()
    await the_call_goes_on(line, customer)


async def test_a_closed_customers_tab_is_said_to_the_agent(line: Line) -> None:
    customer = await meet(line)
    await customer.page.close()
    await expect(line.agent.page.locator(".customer .pill")).to_have_text(re.compile("画面停了|客户断线"))
    await line.agent.page.screenshot(path=SHOTS / "fault-customer-closed-agent-sees.png")
    await line.agent.state("after_call")


async def test_the_web_node_dies_and_the_call_goes_on(line: Line) -> None:
    customer = await meet(line)
    line.service.kill("web")
    await customer.was_told("正在重连")
    await customer.page.screenshot(path=SHOTS / "fault-web-killed-customer-sees.png")
    await line.agent.page.screenshot(path=SHOTS / "fault-web-killed-agent-sees.png")
    await the_call_goes_on(line, customer)


async def test_the_media_worker_dies_and_the_call_goes_on(line: Line) -> None:
    customer = await meet(line)
    line.service.kill("media 1")
    await customer.was_told("正在重连")
    await customer.page.screenshot(path=SHOTS / "fault-media-killed-customer-sees.png")
    await line.agent.page.screenshot(path=SHOTS / "fault-media-killed-agent-sees.png")
    await the_call_goes_on(line, customer)


async def test_an_agents_reload_keeps_the_call(line: Line) -> None:
    customer = await meet(line)
    await line.agent.page.reload()
    await line.agent.screen("desk")
    await the_call_goes_on(line, customer)


async def test_a_closed_agents_tab_costs_nobody_the_place(line: Line) -> None:
    customer = await meet(line)
    await line.agent.page.goto("about:blank")
    await customer.page.locator(".pill[data-name='other_lost'], .pill[data-name='frozen']").wait_for()
    await customer.page.screenshot(path=SHOTS / "fault-agent-closed-customer-sees.png")
    # The agent does not come back in time: the customer stands at the head of the queue, or is told.
    await customer.page.locator("#app[data-screen='waiting'], #app[data-screen='ended']").wait_for(
        timeout=LIMIT_S * 1000
    )
    await customer.page.screenshot(path=SHOTS / "fault-agent-gone-customer-sees.png")
