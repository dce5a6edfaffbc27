"""What the customer's page does: with views, with what people press, and with everything that can go wrong."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from signaling import messages
from tests.browser import views
from tests.browser.conftest import DESK, PHONE, OpenPage, person
from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NARROW = {"width": 320, "height": 640}
SIDEWAYS = {"width": 740, "height": 360}


async def screen(page: Page, name: str) -> None:
    await page.locator(f"#app[data-screen='{name}']").wait_for()


async def queue(page: Page, stage: Stage, **more: object) -> None:
    """Go from the first screen into the queue."""
    await page.get_by_role("button", name="开始手语视频").click()
    await page.get_by_role("button", name="同意，开始排队").click()
    await stage.message("join")
    await stage.show(views.customer("waiting", **{"place": 2, **more}))
    await screen(page, "waiting")


async def call(page: Page, stage: Stage) -> None:
    """Go into a call whose picture flows."""
    await queue(page, stage)
    stage.pictures[0] = person("dev-book", 640, 480)
    await stage.show(views.customer("connected"))
    await stage.message("media_offer")
    await stage.show(views.customer("connected", media="live"))
    await page.locator(".pill[data-name='clear']").wait_for()


async def test_one_tap_and_a_look_lead_into_the_queue(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await queue(page, stage, place=3, estimate_low_min=2, estimate_high_min=5)
    join = await stage.message("join")
    assert (join["queue"], join["urgent"], join["reason"]) == ("main", False, "")
    await expect(page.get_by_role("main")).to_contain_text("前面还有 2 位")
    await expect(page.get_by_role("main")).to_contain_text("大约 2–5 分钟")
    hello = await stage.message("hello")
    assert set(hello["codecs"]) == {"video/VP8", "video/H264"}
    assert hello["locale"] == "zh-CN"


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
    await page.locator(".start").dispatch_event("click")
    await expect(page.locator("#app")).to_have_attribute("data-screen", "home")
    assert stage.heard == []


async def test_a_line_that_closes_meanwhile_is_said(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await page.get_by_role("button", name="开始手语视频").click()
    await page.get_by_role("button", name="同意，开始排队").click()
    await stage.message("join")
    await stage.post(messages.Error(code="closed", reply_to="join"), "customer")
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("现在没有手语客服。请晚点再来。")
    await expect(page.get_by_role("button", name="同意，开始排队")).to_be_enabled()


@pytest.mark.parametrize(
    ("camera", "sentence"),
    [
        ("refused", "摄像头没打开。请允许使用，或换浏览器打开。也可以打字。"),
        ("none", "没有找到摄像头。请接上摄像头再试。也可以打字。"),
    ],
)
async def test_without_a_camera_one_can_write(open_page: OpenPage, stage: Stage, camera: str, sentence: str) -> None:
    page = await open_page("/customer/", camera=camera)
    await page.get_by_role("button", name="开始手语视频").click()
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text(sentence)
    await page.get_by_role("button", name="不开摄像头，只打字").click()
    await stage.message("join")
    stage.pictures[0] = person("dev-book", 640, 480)
    await stage.show(views.customer("connected"))
    # The agent hears that there is no picture, and packets flow all the same.
    await stage.message("pause_picture", paused=True)
    await stage.message("media_offer")
    await expect(page.get_by_label("写一句话")).to_be_visible()
    await page.get_by_label("写一句话").fill("航班取消了")
    await page.keyboard.press("Enter")
    await stage.message("say", call=views.CALL, text="航班取消了")


async def test_a_browser_without_any_camera_access_says_what_to_do(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await page.evaluate("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    await page.get_by_role("button", name="开始手语视频").click()
    await expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("这个 App 里不能用摄像头")


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
    await stage.until(lambda: len([m for m in stage.heard if m["type"] == "hello" and m.get("resume")]) == 1)
    await screen(page, "waiting")


async def test_a_page_that_nobody_answers_notices_the_silence(open_page: OpenPage, stage: Stage) -> None:
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


async def test_the_edge_calls_until_the_agent_can_be_seen(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await queue(page, stage)
    app = page.locator("#app")
    await expect(app).not_to_have_class(re.compile("calls-you"))
    await stage.show(views.customer("ringing", place=1))
    await expect(app).to_have_class(re.compile("calls-you"))
    await stage.show(views.customer("waiting", place=1))  # the agent refused
    await expect(app).not_to_have_class(re.compile("calls-you"))
    stage.pictures[0] = person("dev-book", 640, 480)
    await stage.show(views.customer("connected"))
    await expect(page.get_by_role("heading", name="小林")).to_be_visible()
    await expect(app).to_have_class(re.compile("calls-you"))
    await stage.show(views.customer("connected", media="live"))
    await page.locator(".pill[data-name='clear']").wait_for()
    await expect(app).not_to_have_class(re.compile("calls-you"))


@pytest.mark.parametrize("size", [PHONE, NARROW, SIDEWAYS, DESK], ids=lambda size: f"{size['width']}x{size['height']}")
async def test_nothing_lies_over_the_agent(open_page: OpenPage, stage: Stage, size: dict[str, int]) -> None:
    page = await open_page("/customer/", size=size)
    await call(page, stage)
    await stage.post(messages.TextLine(call=views.CALL, seq=1, mine=False, text="您好", at_ms=1), "customer")
    await page.get_by_role("button", name="打字").click()
    await stage.show(views.customer("connected", media="live", picture="protected"))
    await page.get_by_text("画面保护中，请稍等或打字。").first.wait_for()
    # Whatever is on top at any point of the picture must be the picture itself.
    covering = await page.locator(".stage video").evaluate(
        """(video) => {
          const box = video.getBoundingClientRect();
          const found = new Set();
          for (let x = 0.02; x < 1; x += 0.04) for (let y = 0.02; y < 1; y += 0.04) {
            const top = document.elementFromPoint(box.x + box.width * x, box.y + box.height * y);
            if (top && top !== video && !top.contains(video)) found.add(top.outerHTML.slice(0, 80));
          }
          return [...found];
        }"""
    )
    assert covering == []
    style = await page.locator(".stage video").evaluate(
        "(v) => [getComputedStyle(v).objectFit, getComputedStyle(v).transform]"
    )
    assert style == ["contain", "none"], "never cropped, never mirrored"


async def test_every_target_is_large_enough(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/", size=NARROW)
    small = """() => [...document.querySelectorAll('button, a, input')].filter((e) => e.offsetParent)
      .map((e) => [e.textContent, e.offsetWidth, e.offsetHeight]).filter(([, w, h]) => w < 44 || h < 44)"""
    text = """() => [...document.querySelectorAll('#app *')].filter((e) => e.offsetParent && [...e.childNodes]
      .some((n) => n.nodeType === 3 && n.data.trim())).map((e) => [e.textContent, getComputedStyle(e).fontSize])
      .filter(([, size]) => parseFloat(size) < 13.5)"""
    await page.locator(".truth-good").wait_for()
    assert await page.evaluate(small) == []
    assert await page.locator(".start").evaluate("(e) => e.offsetHeight") >= 56
    await call(page, stage)
    assert await page.evaluate(small) == []
    assert await page.evaluate(text) == []


async def test_text_of_both_is_told_apart_and_comes_once(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await page.get_by_role("button", name="打字").click()
    await page.get_by_label("写一句话").fill("您好")
    await page.keyboard.press("Enter")
    await stage.message("say", text="您好")
    lines = page.locator(".line")
    await expect(lines).to_have_text(["我 · 正在发您好再发"])
    mine = messages.TextLine(call=views.CALL, seq=1, mine=True, text="您好", at_ms=1)
    theirs = messages.TextLine(call=views.CALL, seq=2, mine=False, text="请说", at_ms=2)
    for one in (mine, theirs, mine, theirs):
        await stage.post(one, "customer")
    await expect(lines).to_have_count(2)
    await expect(lines.nth(0).locator(".line-who")).to_have_text("我")
    await expect(lines.nth(1).locator(".line-who")).to_have_text("小林")
    assert await page.get_by_role("log").count() == 1


async def test_text_that_was_not_sent_says_so_and_can_be_sent_again(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await page.get_by_role("button", name="打字").click()
    stage.refuse_sockets = True
    await stage.cut()
    await page.locator(".pill[data-name='reconnecting']").wait_for()
    await page.get_by_label("写一句话").fill("在吗")
    await page.keyboard.press("Enter")
    await expect(page.locator(".line-who")).to_have_text("我 · 没发出去")
    stage.refuse_sockets = False
    await page.locator(".pill[data-name='clear']").wait_for()
    await page.get_by_role("button", name="再发").click()
    await stage.message("say", text="在吗")


async def test_a_paused_picture_is_said_and_keeps_flowing(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await page.get_by_role("button", name="暂停").click()
    await stage.message("pause_picture", paused=True)
    await expect(page.get_by_text("您暂停了画面，对方看不到您。").first).to_be_visible()
    frames = stage.frames_received
    await stage.until(lambda: stage.frames_received > frames + 3, why="frames while paused")
    await page.get_by_role("button", name="恢复").click()
    await stage.message("pause_picture", paused=False)


async def test_a_lost_camera_in_a_call_is_said_and_opens_again(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    own = page.locator(".own-picture video")
    await own.evaluate("(v) => { const [t] = v.srcObject.getTracks(); t.stop(); t.dispatchEvent(new Event('ended')); }")
    await expect(page.get_by_text("摄像头断开了。对方现在看不到您。请再打开。").first).to_be_visible()
    await stage.message("pause_picture", paused=True)
    await page.get_by_role("button", name="再打开摄像头").click()
    await page.locator(".own-picture[data-camera='on']").wait_for()
    assert [m for m in stage.heard if m["type"] == "pause_picture"][-1]["paused"] is False


async def test_sound_is_off_until_it_is_asked_for(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    assert await page.locator("audio").evaluate("(a) => a.muted")
    assert await page.locator(".stage video").evaluate("(v) => v.muted && v.hasAttribute('playsinline')")
    await page.get_by_role("button", name="声音关").click()
    await expect(page.get_by_role("button", name="声音开")).to_be_visible()
    assert not await page.locator("audio").evaluate("(a) => a.muted")


async def test_ending_is_asked_for_twice(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await page.get_by_role("button", name="结束", exact=True).click()
    await expect(page.get_by_role("button", name="继续通话")).to_be_focused()
    await page.get_by_role("button", name="继续通话").click()
    assert not [m for m in stage.heard if m["type"] == "hang_up"]
    await page.get_by_role("button", name="结束", exact=True).click()
    await page.get_by_role("button", name="结束通话").click()
    await stage.message("hang_up", call=views.CALL)
    # The page does not wait for the service to say that it is over.
    await screen(page, "ended")
    await expect(page.get_by_role("main")).to_contain_text("您结束了通话。谢谢。")
    await page.get_by_role("button", name="再打一次").click()
    await screen(page, "ready")


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("agent_hung_up", "小林结束了通话。谢谢。"),
        ("customer_lost", "您的网络断得太久"),
        ("agent_lost", "小林的网络断了，没有回来"),
        ("closed", "现在没有手语客服了"),
        ("shutdown", "服务正在重新启动"),
    ],
)
async def test_every_end_has_its_sentence(open_page: OpenPage, stage: Stage, reason: str, sentence: str) -> None:
    page = await open_page("/customer/")
    await queue(page, stage)
    await stage.show(views.customer("connected"))
    await screen(page, "call")
    await stage.show(views.customer("ended", ended_reason=reason))
    await screen(page, "ended")
    await expect(page.get_by_role("main")).to_contain_text(sentence)


async def test_a_broken_peer_connection_is_replaced_by_a_new_one(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    first = (await stage.message("media_offer"))["generation"]
    await stage.peers[-1].close()
    await stage.message("media_offer", generation=first + 1)
    await page.locator(".pill[data-name='clear']").wait_for()


async def test_a_view_that_asks_again_makes_one_new_offer(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    first = (await stage.message("media_offer"))["generation"]
    await page.wait_for_timeout(1500)  # an offer younger than this may have crossed the view
    for _ in range(3):
        await stage.show(views.customer("connected", media="offer", epoch=2))
    await stage.message("media_offer", generation=first + 1)
    await stage.show(views.customer("connected", media="live", epoch=2))
    await page.locator(".pill[data-name='clear']").wait_for()
    assert max(m["generation"] for m in stage.heard if m["type"] == "media_offer") == first + 1


async def test_another_agents_picture_never_starts_with_the_last_ones(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await stage.show(views.customer("waiting", place=1))  # the agent was lost: back to the head of the queue
    await screen(page, "waiting")
    await expect(page.get_by_text("刚才的客服断线了。您排在最前面，马上换一位客服。")).to_be_visible()
    stage.pictures.clear()
    await stage.show(views.customer("connected", epoch=3, agent_name="小王"))
    await screen(page, "call")
    await expect(page.locator(".stage video")).to_be_hidden()
    await expect(page.get_by_text("正在接通小王…")).to_be_visible()


async def test_the_whole_way_works_with_keys_alone(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await page.locator(".truth-good").wait_for()

    async def press(name: str) -> None:
        button = page.get_by_role("button", name=name)
        for _ in range(20):
            await page.keyboard.press("Tab")
            if await button.evaluate("(e) => e === document.activeElement"):
                break
        await expect(button).to_be_focused()
        assert await button.evaluate("(e) => getComputedStyle(e).outlineStyle") == "solid"
        await page.keyboard.press("Enter")

    await press("开始手语视频")
    await expect(page.get_by_role("button", name="同意，开始排队")).not_to_have_attribute("aria-disabled", "true")
    await press("同意，开始排队")
    await stage.message("join")
    await stage.show(views.customer("waiting", place=1))
    await screen(page, "waiting")
    await expect(page.get_by_role("heading", name="正在排队")).to_be_focused()
    await press("不等了")
    await stage.message("hang_up")


async def test_the_language_can_be_chosen_and_stays(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("button", name="Start sign language video")).to_be_visible()
    await page.goto(f"{stage.url}/customer/")
    await expect(page.get_by_role("button", name="Start sign language video")).to_be_visible()
    assert await page.evaluate("document.documentElement.lang") == "en"
