"""A line that is too narrow for signing: both pages say so and offer text, and the camera sends fewer pictures."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser import views
from tests.browser.conftest import OpenPage
from tests.browser.desk import desk
from tests.browser.looks import look
from tests.browser.stage import Stage
from tests.browser.steps import call, pictures

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NOTE = """() => {
  window.asked = [];
  const real = RTCRtpSender.prototype.setParameters;
  RTCRtpSender.prototype.setParameters = function (parameters) {
    window.asked.push([parameters.degradationPreference, ...parameters.encodings.map((one) => one.maxFramerate ?? 0)]);
    return real.call(this, parameters);
  };
}"""


CAMERAS = """() => {
  window.made = [];
  const real = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function (...what) {
    if (!window.made.includes(this)) window.made.push(this);
    return real.apply(this, what);
  };
}"""
WISHES = """() => {
  const camera = window.made.at(-1).getSenders().find((sender) => sender.track?.kind === "video");
  return [camera.track.contentHint, camera.getParameters().degradationPreference];
}"""


async def asks(page: Page, *frame_rates: int) -> None:
    """Wait until the camera was asked for these frame rates, one after the other, and for nothing else.

    Each change counts once: a connection that is made anew asks the same again.
    """
    expected = [["maintain-framerate", rate] for rate in frame_rates]
    async with asyncio.timeout(30):
        while True:
            all_asked = [["maintain-framerate", 0], *await page.evaluate("window.asked")]
            found = [wish for last, wish in itertools.pairwise(all_asked) if wish != last]
            if len(found) >= len(expected):
                break
            await page.wait_for_timeout(20)
    assert found == expected


async def test_every_camera_is_said_to_show_motion_which_is_kept_when_the_line_is_poor(
    open_page: OpenPage, stage: Stage
) -> None:
    customer = await open_page("/customer/")
    await customer.evaluate(CAMERAS)
    await call(customer, stage)
    assert await customer.evaluate(WISHES) == ["motion", "maintain-framerate"]

    stage.pictures = {0: pictures("dev-student"), 1: pictures("customer")}
    agent = await desk(open_page, stage, views.agent("available", media="none"))
    await agent.evaluate(CAMERAS)
    await stage.show(views.agent("on_call", media="live", call=views.agent_call()))
    await agent.locator(".customer .pill-good").wait_for()
    assert await agent.evaluate(WISHES) == ["motion", "maintain-framerate"]


async def test_a_customers_page_says_so_offers_text_and_slows_its_camera(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await page.evaluate(NOTE)
    notice = page.locator(".call-say")
    await stage.show(views.customer("connected", media="live", narrow="mine", camera_fps=12))
    await page.locator(".pill[data-name='narrow']").wait_for()
    await expect(notice).to_contain_text("网络很慢")
    await asks(page, 12)
    await expect(page.get_by_role("button", name="结束")).to_be_in_viewport(ratio=1)
    await look(page, "customer-narrow")
    await notice.get_by_role("button", name="打字").click()
    await expect(page.get_by_role("textbox")).to_be_focused()
    await expect(notice.get_by_role("button")).to_be_hidden()
    await stage.show(views.customer("connected", media="live"))
    await page.locator(".pill[data-name='clear']").wait_for()
    await expect(notice).to_be_hidden()
    await asks(page, 12, 0)


async def test_the_notice_offers_no_text_where_it_is_open_already(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await page.get_by_role("button", name="打字").click()
    await stage.show(views.customer("connected", media="live", narrow="theirs"))
    await page.locator(".pill[data-name='narrow']").wait_for()
    await expect(page.locator(".call-say")).to_be_visible()
    await expect(page.locator(".call-say").get_by_role("button")).to_be_hidden()


async def test_an_agents_page_says_whose_line_it_is_and_offers_text(open_page: OpenPage, stage: Stage) -> None:
    stage.pictures = {0: pictures("dev-student"), 1: pictures("customer")}
    page = await desk(open_page, stage, views.agent("on_call", media="live", call=views.agent_call()))
    notice = page.locator(".desk-notices .notice", has_text="网络很慢")
    await page.locator(".customer .pill-good").wait_for()
    await page.evaluate(NOTE)
    await expect(notice).to_have_count(0)
    await stage.show(views.agent("on_call", media="live", call=views.agent_call(), narrow="theirs"))
    await expect(notice).to_contain_text("客户的网络很慢")
    await expect(page.locator(".customer .pill")).to_be_hidden()  # one truth at a time: nobody reads "clear" below it
    await asks(page)  # the customer's line says nothing of the agent's camera
    await look(page, "agent-narrow")
    await notice.get_by_role("button").click()
    await expect(page.get_by_role("textbox")).to_be_focused()
    await stage.show(views.agent("on_call", media="live", call=views.agent_call(), narrow="both", camera_fps=12))
    await expect(page.locator(".desk-notices")).to_contain_text("双方")
    await asks(page, 12)
    await stage.show(views.agent("available", media="live", narrow="mine"))
    await expect(page.locator(".desk-notices .notice:visible")).to_have_count(0)


@pytest.mark.parametrize("held", [True, False], ids=["phone", "desk"])
async def test_a_phone_asks_for_h264_first_and_everybody_can_have_vp8(
    launch: Callable[..., Awaitable[Browser]], stage: Stage, held: bool
) -> None:
    context = await (await launch("customer")).new_context(has_touch=held, is_mobile=held)
    page = await context.new_page()
    await page.goto(f"{stage.url}/customer/")
    codecs = await page.evaluate("async () => (await import('/shared/peer.js')).videoCodecs()")
    await context.close()

    assert sorted(codecs) == ["video/H264", "video/VP8"]
    assert (codecs[0] == "video/H264") is held
