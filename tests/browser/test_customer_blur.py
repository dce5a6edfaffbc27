"""A customer who wishes that the room is not seen: the switch, what it does, and that nothing is shown without it."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from signaling import messages
from tests.browser import views
from tests.browser.conftest import OpenPage
from tests.browser.looks import look
from tests.browser.stage import Stage
from tests.browser.steps import call, pictures, screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Notes what each peer connection was given to send: the drawn card is a canvas, everything else is the camera.
NOTE = """
window.given = [];
const kind = (track) => (track instanceof CanvasCaptureMediaStreamTrack ? 'card' : 'camera');
const numbers = new WeakMap();
let count = 0;
const add = RTCPeerConnection.prototype.addTransceiver;
RTCPeerConnection.prototype.addTransceiver = function (what, ...more) {
  if (!numbers.has(this)) numbers.set(this, (count += 1));
  const made = add.call(this, what, ...more);
  numbers.set(made.sender, numbers.get(this));
  if (what instanceof MediaStreamTrack && what.kind === 'video') window.given.push([numbers.get(this), kind(what)]);
  return made;
};
const replace = RTCRtpSender.prototype.replaceTrack;
RTCRtpSender.prototype.replaceTrack = function (track) {
  if (track && track.kind === 'video') window.given.push([numbers.get(this), kind(track)]);
  return replace.call(this, track);
};
"""


async def offer(stage: Stage, blur: bool, after: int = 0) -> int:
    """Return the number of the newest offer with this wish, once there is one above `after`."""

    def find() -> int:
        offers = [m for m in stage.heard if m["type"] == "media_offer" and m["generation"] > after]
        return max((int(m["generation"]) for m in offers if m["blur"] is blur), default=0)

    found: int = await stage.until(find, why=f"an offer with blur={blur} after {after}")
    return found


async def given_after(page: Page, number: int) -> set[str]:
    """Return what the peer connections of the page that are newer than the `number`-th were ever given to send."""
    kinds: list[str] = await page.evaluate("(n) => given.filter(([at]) => at > n).map(([, kind]) => kind)", number)
    return set(kinds)


async def test_whoever_asks_before_the_call_is_never_shown_without(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/", script=NOTE)
    await page.get_by_role("button", name="开始手语视频").click()
    button = page.get_by_role("button", name="模糊房间")
    await expect(button).to_have_attribute("aria-pressed", "false")
    await expect(page.get_by_text("客服会看到您身后的环境。")).to_be_visible()
    # Whoever begins has seen the switch: it stands above the button, in the window of a phone.
    await expect(button).to_be_in_viewport(ratio=1)
    await button.click()
    await expect(button).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_text("客服看得到您，看不清您身后的环境。")).to_be_visible()
    await look(page, "customer-zh-CN-42-ready-blur", themes=True)
    await page.get_by_role("button", name="同意，开始排队").click()
    await stage.message("join")
    await stage.show(views.customer("waiting", place=1))
    await screen(page, "waiting")
    stage.pictures[0] = pictures("dev-book")
    await stage.show(views.customer("connected"))
    await offer(stage, blur=True)
    await stage.show(views.customer("connected", media="live"))
    await page.locator(".pill[data-name='clear']").wait_for()
    # What is said of the picture is what the service says of it.
    await expect(page.locator(".blur-word")).to_have_text("正在模糊房间…")
    for state, word in (("clear", "房间已模糊"), ("slate", "整个画面遮住了，对方看不清您")):
        await stage.show(views.customer("connected", media="live", own_picture=state))
        await expect(page.locator(".blur-word")).to_have_text(word)
    await stage.show(views.customer("connected", media="live", own_picture="clear"))
    await look(page, "customer-zh-CN-43-call-blur", themes=True)
    assert {m["blur"] for m in stage.heard if m["type"] == "media_offer"} == {True}


async def test_in_a_call_each_wish_is_a_connection_of_its_own(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    first = await offer(stage, blur=False)
    await page.get_by_role("button", name="模糊房间").click()
    second = await offer(stage, blur=True, after=first)
    await page.locator(".pill[data-name='clear']").wait_for()
    assert await page.locator(".stage video").is_visible(), "the agent's last picture stays"
    await page.get_by_role("button", name="模糊房间").click()
    await offer(stage, blur=False, after=second)
    await page.locator(".pill[data-name='clear']").wait_for()
    await expect(page.locator(".blur-word")).to_be_hidden()


async def test_without_room_the_picture_is_off_until_the_person_decides(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/", script=NOTE)
    await call(page, stage)
    first = await offer(stage, blur=False)
    await page.get_by_role("button", name="模糊房间").click()
    wished = await offer(stage, blur=True, after=first)
    connections = await page.evaluate("Math.max(...given.map(([at]) => at))")
    await stage.post(messages.Error(code="blur_full", reply_to="media_offer", retryable=True), "customer")
    without = await offer(stage, blur=False, after=wished)
    await page.locator(".pill[data-name='clear']").wait_for()
    await expect(page.locator(".call-say")).to_contain_text("现在不能模糊您的房间。您的画面先关上了。")
    await expect(page.locator(".own-picture .picture-empty")).to_be_visible()
    await stage.message("pause_picture", paused=True)
    assert await given_after(page, connections) == {"card"}, "nothing of the camera where nothing is blurred"
    # The sentence is there with its choice, and so is every button, even where the line is poor as well.
    for line in ("", "poor"):
        await stage.show(views.customer("connected", media="live", line_word=line))
        await page.locator(f".pill[data-name='{'weak' if line else 'clear'}']").wait_for()
        await expect(page.locator(".call-say")).to_contain_text("现在不能模糊您的房间。")
        await expect(page.get_by_role("button", name="结束")).to_be_in_viewport(ratio=1)
    await stage.show(views.customer("connected", media="live"))
    await page.locator(".pill[data-name='clear']").wait_for()
    await look(page, "customer-zh-CN-44-call-blur-full", themes=True)

    await page.get_by_role("button", name="再试").click()
    again = await offer(stage, blur=True, after=without)
    await expect(page.get_by_role("button", name="再试")).to_be_hidden()
    await stage.post(messages.Error(code="blur_full", reply_to="media_offer", retryable=True), "customer")
    await offer(stage, blur=False, after=again)
    heard = len(stage.heard)
    await page.get_by_role("button", name="不模糊").click()
    await stage.until(
        lambda: any(m["type"] == "pause_picture" and not m["paused"] for m in stage.heard[heard:]), why="shown by wish"
    )
    await expect(page.locator(".own-picture video")).to_be_visible()
    assert [m["blur"] for m in stage.heard if m["type"] == "media_offer"][-1] is False
