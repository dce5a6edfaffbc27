"""How people come to a call: the queue, the camera, the network, and everything that can go wrong on the way."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from signaling import messages
from tests.browser import views
from tests.browser.conftest import OpenPage
from tests.browser.looks import look
from tests.browser.stage import Stage
from tests.browser.steps import loaded, queue, screen
from video_service.consent import CONSENT_VERSION

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NARROW = {"width": 320, "height": 640}
SIDEWAYS = {"width": 740, "height": 360}


async def test_one_tap_and_a_look_lead_into_the_queue(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await queue(page, stage, place=3, estimate_low_min=2, estimate_high_min=5)
    join = await stage.message("join")
    assert (join["sign_language"], join["urgent"], join["reason"]) == ("", False, "")
    assert join["consent"] == CONSENT_VERSION
    await expect(page.get_by_role("main")).to_contain_text("前面还有 2 位")
    await expect(page.get_by_role("main")).to_contain_text("大约 2–5 分钟")
    hello = await stage.message("hello")
    assert set(hello["codecs"]) == {"video/VP8", "video/H264"}
    assert hello["locale"] == "zh-CN"


async def test_how_the_person_signs_is_said_once_and_asked_of_nobody_whose_host_said_it(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await open_page("/customer/")
    await loaded(page)
    await page.get_by_role("button", name="开始手语视频").click()
    await screen(page, "ready")
    asked = page.get_by_label("您习惯哪种手语？")
    await expect(asked).to_have_value("")
    await asked.select_option(label="自然手语（南方，如上海）")
    await page.get_by_role("button", name="返回").click()
    await page.get_by_role("button", name="开始手语视频").click()
    await expect(asked).to_have_value("csl_south")
    await page.get_by_role("button", name="同意，开始排队").click()
    assert (await stage.message("join"))["sign_language"] == "csl_south"
    stage.service |= {"signs": "hksl"}
    await page.reload()
    await page.get_by_role("button", name="开始手语视频").click()
    await screen(page, "ready")
    await expect(asked).to_be_hidden()


async def test_the_first_tap_finds_every_screen_there(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await loaded(page)
    await page.context.set_offline(True)
    await page.get_by_role("button", name="开始手语视频").click()
    await screen(page, "ready")


async def test_a_screen_that_did_not_load_is_said_and_comes_by_itself(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/", without=("/customer/ready.js",))
    await page.get_by_role("button", name="开始手语视频").click()
    await expect(page.get_by_role("alert")).to_have_text("网络不好。这里会自己再试，位置不会丢。")
    await expect(page.get_by_role("heading")).to_be_focused()
    await look(page, "customer-zh-CN-35-missing")
    await page.unroute_all()
    await screen(page, "ready")


async def test_whoever_is_stranded_says_where_and_goes_first(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await page.get_by_role("button", name="急事").click()
    await page.get_by_role("button", name="酒店", exact=True).click()
    await page.get_by_role("button", name="同意，开始排队").click()
    await stage.message("join", urgent=True, reason="hotel")


async def test_a_closed_line_is_said_before_the_camera_opens(open_page: OpenPage, stage: Stage) -> None:
    stage.service = {"open": False, "agents_on": 0, "hours": None}
    page = await open_page("/customer/")
    await expect(page.get_by_role("main")).to_contain_text("现在没有手语客服")
    await loaded(page)
    await page.locator(".start").dispatch_event("click")
    await expect(page.locator("#app")).to_have_attribute("data-screen", "home")
    assert stage.heard == []


async def test_when_everybody_has_signed_enough_only_who_is_stranded_is_let_in(
    open_page: OpenPage, stage: Stage
) -> None:
    stage.service = {"open": False, "urgent_open": True, "agents_on": 0, "hours": None}
    page = await open_page("/customer/")
    await expect(page.get_by_role("main")).to_contain_text("现在只接急事")
    await expect(page.locator(".start")).to_have_attribute("aria-disabled", "true")
    await look(page, "customer-zh-CN-36-urgent-only")
    await page.get_by_role("button", name="急事").click()
    await page.get_by_role("button", name="机场", exact=True).click()
    await page.get_by_role("button", name="同意，开始排队").click()
    await stage.message("join", urgent=True, reason="airport")


async def test_whom_a_host_application_sends_comes_in_with_its_token_once(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["POST enter"] = (200, {"verified": True, "entry": "launch"})
    page = await open_page("/customer/#token=a.b.c")
    await page.locator(".truth-good").wait_for()
    assert stage.requests == [("POST", "enter", {"token": "a.b.c", "framed": False})]
    await expect(page).to_have_url(f"{stage.url}/customer/")
    stage.answers["POST enter"] = (403, {"error": "launch_used"})
    stage.service |= {"guests": False, "known": False}
    await page.goto("about:blank")
    await page.goto(f"{stage.url}/customer/#token=a.b.c")
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("这个链接用过了。请从应用里重新打开。")
    await expect(page.get_by_role("main")).to_contain_text("请从您用的 App 里打开这一页。")
    await page.locator(".start").dispatch_event("click")
    await screen(page, "home")


LINKS = {
    "launch_expired": "链接过期了。请从应用里重新打开。",
    "launch_used": "这个链接用过了。请从应用里重新打开。",
    "launch_early": "应用的时钟不对，链接不能用。请告诉公司。",
    "launch_forged": "链接不对，可能被改过。请从应用里重新打开。",
    "launch_too_large": "链接太长，不能用。请告诉公司。",
    "launch_elsewhere": "这个链接不能用了。请回到 App 再点一次。",
    "launch_off": "这里不收应用的链接。请告诉公司。",
}


@pytest.mark.parametrize("code", LINKS)
async def test_every_refused_link_has_its_sentence(open_page: OpenPage, stage: Stage, code: str) -> None:
    stage.answers["POST enter"] = (413 if code == "launch_too_large" else 401, {"error": code})
    page = await open_page("/customer/#token=a.b.c")
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text(LINKS[code])
    await expect(page).to_have_url(f"{stage.url}/customer/")


async def test_a_link_that_found_no_service_says_so(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/#token=a.b.c", without=("/api/enter",))
    await expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("连不上服务")


async def test_a_line_that_closes_meanwhile_is_said(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await page.get_by_role("button", name="开始手语视频").click()
    await page.get_by_role("button", name="同意，开始排队").click()
    await stage.message("join")
    await stage.post(messages.Error(code="closed", reply_to="join"), "customer")
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("现在没有手语客服。请晚点再来。")
    await expect(page.get_by_role("button", name="同意，开始排队")).to_be_enabled()


async def test_the_consent_says_how_long_records_are_kept(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await page.get_by_role("button", name="开始手语视频").click()
    await expect(page.locator(".consent")).to_contain_text("通话时间和网络情况保存90天。")


async def test_new_words_of_the_consent_are_read_before_anybody_queues(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await page.get_by_role("button", name="开始手语视频").click()
    await page.get_by_role("button", name="同意，开始排队").click()
    await stage.message("join")
    await stage.post(messages.Error(code="consent_needed", reply_to="join"), "customer")
    alert = page.get_by_role("alert").filter(visible=True)
    await expect(alert).to_have_text("说明更新了。请看新的说明，再排队。")
    await expect(page.get_by_role("button", name="不开摄像头，只打字")).to_be_hidden()
    await look(page, "customer-zh-CN-39-ready-new-words")
    # The page starts anew, with the words as they are now, and is back at the place where they are read.
    await page.get_by_role("button", name="看新的说明").click()
    await expect(alert).to_have_count(0)
    await screen(page, "ready")
    await expect(page.get_by_role("button", name="同意，开始排队")).to_be_enabled()
    # A service that is newer than the page is noticed before the tap.
    stage.service |= {"consent_version": CONSENT_VERSION + 1}
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    await expect(page.get_by_role("button", name="看新的说明")).to_be_visible()
    assert len([m for m in stage.heard if m["type"] == "join"]) == 1


async def test_the_place_survives_a_reload(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await queue(page, stage)
    first = await stage.message("hello")
    await page.reload()
    await screen(page, "waiting")
    again = await stage.until(lambda: next((m for m in stage.heard if m["type"] == "hello" and m is not first), None))
    assert again.get("resume")
    assert again.get("ticket") is None
    # The camera comes back by itself: it was allowed.
    await page.locator(".own-picture[data-camera='on']").wait_for()


async def test_a_lost_network_is_said_and_comes_back_by_itself(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await queue(page, stage)
    await page.context.set_offline(True)
    await stage.cut()
    lost = page.get_by_text("网络断了，正在重连。不用重新排队。")
    await expect(lost).to_be_visible()
    await page.context.set_offline(False)
    await expect(lost).to_be_hidden()
    assert [m for m in stage.heard if m["type"] == "hello"][-1].get("resume")


async def test_a_draining_node_is_left_at_once(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await queue(page, stage)
    await stage.post(messages.Draining(), "customer")
    await stage.until(lambda: any(m["type"] == "hello" and m.get("resume") for m in stage.heard))
    await screen(page, "waiting")


async def test_a_page_that_nobody_answers_notices_the_silence(open_page: OpenPage, stage: Stage) -> None:
    stage.heartbeat_s = 1
    page = await open_page("/customer/")
    await queue(page, stage)
    stage.mute = True
    await stage.until(lambda: any(m["type"] == "hello" and m.get("resume") for m in stage.heard))
    await screen(page, "waiting")


async def test_a_place_that_is_gone_is_said(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await queue(page, stage)
    stage.tokens.clear()
    stage.views["customer"] = views.customer("home")
    await stage.cut()
    await screen(page, "home")
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("离开太久，位置没有了。请再排一次。")
    await page.locator(".start").click()
    await screen(page, "ready")


async def test_the_newest_page_has_the_call(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await queue(page, stage)
    await stage.cut(4409)
    await screen(page, "stopped")
    await expect(page.get_by_role("main")).to_contain_text("您在别的页面打开了")
    hellos = len([m for m in stage.heard if m["type"] == "hello"])
    await page.get_by_role("button", name="在这里继续").click()
    await screen(page, "home")
    await page.locator(".truth-good").wait_for()  # asked for after a socket would have been opened
    assert len([m for m in stage.heard if m["type"] == "hello"]) == hellos


async def test_leaving_the_queue_leads_home_and_switches_the_camera_off(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await queue(page, stage)
    track = await page.locator(".own-picture video").evaluate_handle("(v) => v.srcObject.getTracks()[0]")
    await page.get_by_role("button", name="不等了").click()
    await stage.message("hang_up", call=views.CALL)
    await screen(page, "home")
    assert await track.evaluate("(t) => t.readyState") == "ended"
    await stage.show(views.customer("ended", ended_reason="customer_cancelled"))
    await expect(page.locator("#app")).to_have_attribute("data-screen", "home")


async def test_the_language_can_be_chosen_and_stays(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    choice = page.locator(".language")
    await choice.locator("summary").click()
    await page.keyboard.press("Escape")
    await expect(choice.get_by_role("button")).to_have_count(0)
    await choice.locator("summary").press("Enter")
    await choice.get_by_role("button", name="繁體中文").click()
    await expect(page.get_by_role("button", name="開始手語視像")).to_be_visible()
    assert await page.evaluate("document.documentElement.lang") == "zh-HK"
    await choice.locator("summary").click()
    await choice.get_by_role("button", name="English").click()
    await expect(page.get_by_role("button", name="Start sign language video")).to_be_visible()
    await page.goto(f"{stage.url}/customer/")
    await expect(page.get_by_role("button", name="Start sign language video")).to_be_visible()
    assert await page.evaluate("document.documentElement.lang") == "en"
