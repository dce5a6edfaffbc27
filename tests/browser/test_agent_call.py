"""An agent in a real call: the camera fails, a second page opens, and what was said of the call is kept.

The real service and two Chromium processes, as in test_call.py; pictured in var/shots.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import SHOTS
from tests.browser.line import Launch, Line, open_line

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# A camera cannot be unplugged from outside: the page's script keeps hold of its track.
KEEP_TRACK = """const open = MediaDevices.prototype.getUserMedia;
  MediaDevices.prototype.getUserMedia = async function (wish) {
    const stream = await open.call(this, wish);
    window.lastTrack = stream.getTracks()[0];
    return stream;
  };"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def line(launch: Launch) -> AsyncIterator[Line]:
    async with open_line(launch) as opened:
        SHOTS.mkdir(parents=True, exist_ok=True)
        yield opened


async def test_a_camera_that_fails_in_a_call_is_said_to_both_and_comes_back(line: Line) -> None:
    desk = line.agent.page
    await desk.add_init_script(KEEP_TRACK)
    await desk.reload()
    await line.agent.screen("desk")
    await expect(desk.locator(".preview .pill")).to_have_text("房间已隐藏")
    await line.agent.take_calls()
    customer = await line.new_customer()
    await customer.begin()
    await line.agent.accept()
    await customer.see_agent()
    await desk.evaluate("lastTrack.stop(); lastTrack.dispatchEvent(new Event('ended'))")
    await expect(desk.locator(".camera-trouble")).to_contain_text("摄像头断开了")
    await expect(desk.locator(".preview .pill")).to_have_text("摄像头断了")
    # Meanwhile the customer reads of a pause, not of a broken network, and sees a drawn card: no old picture stands.
    await customer.pill("other_paused")
    await desk.screenshot(path=SHOTS / "fault-camera-lost-agent-sees.png")
    await customer.page.screenshot(path=SHOTS / "fault-camera-lost-customer-sees.png")
    assert await customer.fps(".stage video") > 0
    await desk.keyboard.press("t")
    await desk.keyboard.type("摄像头断了，马上好")
    await desk.keyboard.press("Enter")
    await expect(customer.page.locator(".line-theirs")).to_contain_text("马上好")
    await desk.get_by_role("button", name="再打开摄像头").click()
    await expect(desk.locator(".camera-trouble")).to_be_hidden()
    await customer.see_agent()
    await expect(desk.locator(".preview .pill")).not_to_have_text("摄像头断了")
    await customer.end()
    await line.agent.next_call()


async def test_a_second_page_takes_the_call_over_and_the_first_can_take_it_back(line: Line) -> None:
    first = line.agent.page
    await line.agent.take_calls()
    customer = await line.new_customer()
    await customer.begin()
    await line.agent.accept()
    await customer.see_agent()
    second = await first.context.new_page()
    await second.goto(f"{line.service.url}/agent/")
    await expect(first.get_by_role("main")).to_contain_text("您在别的页面打开了，这一页就停了。")
    await first.screenshot(path=SHOTS / "agent-second-page-first-says.png")
    await expect(second.locator(".customer .pill")).to_have_text("画面清楚")
    await first.get_by_role("button", name="在这里继续").click()
    await expect(second.get_by_role("main")).to_contain_text("您在别的页面打开了，这一页就停了。")
    await line.agent.screen("desk")
    await expect(first.locator(".customer .pill")).to_have_text("画面清楚")
    await second.close()
    await customer.see_agent(limit_s=40)
    await first.keyboard.press("e")
    await customer.screen("ended")
    await line.agent.next_call()


async def test_what_is_said_after_a_call_is_kept_and_met_again(line: Line) -> None:
    desk = line.agent.page
    await line.agent.take_calls()
    customer = await line.new_customer()
    await customer.begin()
    await line.agent.accept()
    await customer.see_agent()
    await expect(desk.locator(".clock-word")).to_contain_text("最多 25")
    await desk.keyboard.press("e")
    await line.agent.state("after_call")
    await desk.keyboard.press("6")
    await expect(desk.locator(".after .pill")).to_have_text("已保存")
    await desk.keyboard.press("n")
    await desk.keyboard.type("两点前打给客户")
    await desk.keyboard.press("Escape")
    await expect(desk.locator(".after .pill")).to_have_text("已保存")
    await desk.reload()
    await line.agent.state("after_call")
    await expect(desk.get_by_label("备注")).to_have_value("两点前打给客户")
    await expect(desk.get_by_role("button", name="2 小时内")).to_have_attribute("aria-pressed", "true")
    await desk.screenshot(path=SHOTS / "real-after-call.png")
    await expect(desk.locator(".preview .pill")).to_have_text("房间已隐藏")
    await desk.keyboard.press("r")
    await line.agent.state("available")
    await customer.page.get_by_role("button", name="再打一次").click()
    await customer.page.get_by_role("button", name="同意，开始排队").click()
    await expect(desk.locator(".ring-last")).to_contain_text("和您 · 要跟进")
    await desk.keyboard.press("a")
    await expect(desk.locator(".earlier-list li")).to_contain_text("和您 · 要跟进")
    await desk.keyboard.press("e")
    await line.agent.next_call()
