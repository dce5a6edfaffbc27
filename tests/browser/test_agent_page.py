"""What the agent's page does: one key for each act, the own picture as others see it, and every trouble a sentence."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from signaling import messages
from tests.browser import views
from tests.browser.conftest import DESK, OpenPage
from tests.browser.desk import desk, sent
from tests.browser.stage import Stage
from tests.browser.steps import pictures

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def sign_in(page: Page) -> None:
    await page.get_by_label("姓名").fill("lin")
    await page.get_by_label("密码").fill("correct horse")
    await page.keyboard.press("Enter")


async def pictures_have_stopped(page: Page, video: str) -> None:
    """Wait until the page itself has seen no new picture for a while: then none is on its way."""
    await page.locator(video).evaluate(
        """async (video) => {
          let [count, quiet] = [-1, 0];
          for (let look = 0; look < 600 && quiet < 20; look += 1) {
            const now = video.getVideoPlaybackQuality().totalVideoFrames;
            quiet = now === count ? quiet + 1 : 0;
            count = now;
            await new Promise((done) => setTimeout(done, 50));
          }
          if (quiet < 20) throw new Error("pictures go on");
        }"""
    )


def paused(stage: Stage) -> list[bool]:
    """Return what the page has said of its own picture so far."""
    return [m["paused"] for m in stage.heard if m["type"] == "pause_picture"]


async def test_signing_in_leads_to_the_desk(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["POST sign-in"] = (200, views.ME_AGENT)
    page = await open_page("/agent/", size=DESK)
    await expect(page.get_by_label("姓名")).to_be_focused()
    await sign_in(page)
    await page.locator("#app[data-screen='desk']").wait_for()
    assert ("POST", "sign-in", {"name": "lin", "password": "correct horse"}) in stage.requests
    await expect(page.get_by_role("banner")).to_contain_text("林晓")


REFUSALS = [
    (401, "bad_sign_in", "姓名或密码不对。请再试。"),
    (429, "too_many", "试的次数太多。请过五分钟再试。"),
    (503, "busy", "服务正忙。请等一会儿再试。"),
    (500, "never_heard_of", "出了点问题。请再试一次。（never_heard_of）"),
]


async def test_a_refused_sign_in_says_why(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/agent/", size=DESK)
    for status, code, sentence in REFUSALS:
        stage.answers["POST sign-in"] = (status, {"error": code})
        await sign_in(page)
        await expect(page.get_by_role("alert")).to_have_text(sentence)


async def test_a_password_for_once_gives_way_to_an_own_one(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["POST sign-in"] = (200, views.ME_AGENT | {"must_change": True})
    page = await open_page("/agent/", size=DESK)
    await sign_in(page)
    await page.get_by_label("新密码").fill("ten letters")
    await page.get_by_label("再写一次").fill("ten lettres")
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_role("alert")).to_have_text("两次写的密码不一样。")
    await page.get_by_label("再写一次").fill("ten letters")
    stage.answers["POST password"] = (400, {"error": "weak_password"})
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_role("alert")).to_have_text("密码至少要 10 个字符。请写长一点。")
    stage.answers["POST password"] = (200, views.ME_AGENT)
    await page.get_by_role("button", name="登录").click()
    await page.locator("#app[data-screen='desk']").wait_for()
    assert ("POST", "password", {"old": "correct horse", "new": "ten letters"}) in stage.requests


async def test_whoever_left_before_choosing_signs_in_once_more(open_page: OpenPage, stage: Stage) -> None:
    stage.me = views.ME_AGENT | {"must_change": True}
    page = await open_page("/agent/", size=DESK)
    await expect(page.get_by_role("alert")).to_have_text("请再登录一次，然后换一个新密码。")
    assert stage.heard == []


async def test_an_empty_form_is_not_sent(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/agent/", size=DESK)
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_role("alert")).to_have_text("请写姓名和密码。")
    await expect(page.get_by_label("姓名")).to_be_focused()
    assert stage.requests == []


async def test_a_coordinator_is_sent_elsewhere(open_page: OpenPage, stage: Stage) -> None:
    stage.me = views.ME_COORDINATOR
    page = await open_page("/agent/", size=DESK)
    await expect(page.get_by_role("alert")).to_have_text("这个账号不能用这一页。")


async def test_the_own_picture_is_what_the_service_sends_back(open_page: OpenPage, stage: Stage) -> None:
    stage.pictures = {0: pictures("dev-student")}
    page = await desk(open_page, stage, views.agent("available"))
    await stage.message("media_offer")
    await stage.show(views.agent("available", media="live"))
    await expect(page.locator(".preview .pill")).to_have_text("房间已隐藏")
    # Unlike a mirror: the picture stands as the customer sees it.
    assert await page.locator(".preview video").evaluate("(v) => getComputedStyle(v).transform") == "none"
    await stage.show(views.agent("available", media="live", picture="protected"))
    await expect(page.locator(".preview .pill")).to_have_text("全部模糊")
    await stage.show(views.agent("available", media="live", picture="slate"))
    await expect(page.locator(".preview .pill")).to_have_text("看不到您")


async def test_whoever_gets_no_place_for_video_is_told_and_the_page_tries_again_more_and_more_slowly(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await desk(open_page, stage, views.agent("break"))
    refusal = messages.Error(code="media_full", retryable=True, reply_to="media_offer")
    for number in (1, 2):
        await stage.until(lambda number=number: len(sent(stage, "media_offer")) == number, why=f"offer {number}")
        await stage.post(refusal, "agent")
        await stage.show(views.agent("break", media="offer"))  # what the view asks for meanwhile hurries nothing
        await expect(page.locator(".preview .pill")).to_have_text("没有位置")
    await expect(page.locator(".preview")).to_contain_text("视频的位置都用完了")
    await stage.until(lambda: len(sent(stage, "media_offer")) == 3)
    stage.pictures = {0: pictures("dev-student")}  # from the next offer on there is a place
    await stage.post(refusal, "agent")
    await stage.until(lambda: len(sent(stage, "media_offer")) == 4)
    await stage.show(views.agent("break", media="live"))
    await expect(page.locator(".preview .pill")).to_have_text("房间已隐藏")


async def test_whoever_cannot_be_hidden_is_not_told_to_sit_elsewhere(open_page: OpenPage, stage: Stage) -> None:
    stage.pictures = {0: pictures("dev-student")}
    page = await desk(open_page, stage, views.agent("break"))
    for reason in ("weights_missing", "weights_altered", "no_engine"):
        await stage.show(views.agent("break", media="live", picture="slate", picture_reason=reason))
        await expect(page.locator(".preview .pill")).to_have_text("藏不了房间")
        await expect(page.locator(".preview")).to_contain_text("不是您的问题。请告诉值班管理员。")
        await stage.show(views.agent("break", media="live", picture="slate", picture_reason="late"))
        await expect(page.locator(".preview .pill")).to_have_text("看不到您")


async def test_in_a_call_a_banner_says_that_the_customer_sees_only_a_card(open_page: OpenPage, stage: Stage) -> None:
    stage.pictures = {0: pictures("dev-student"), 1: pictures("customer")}
    page = await desk(open_page, stage, views.agent("on_call", media="live", call=views.agent_call()))
    await page.locator(".preview .pill-good").wait_for()
    banner = page.locator(".covered-notice")
    for reason, sentence in (("no_mask", "客户现在只看到提示卡"), ("no_engine", "不是您的问题")):
        await stage.show(
            views.agent("on_call", media="live", call=views.agent_call(), picture="slate", picture_reason=reason)
        )
        await expect(banner).to_contain_text(sentence)
        assert await page.get_by_text(sentence).locator("visible=true").count() == 1, "said once"
    await stage.show(views.agent("on_call", media="live", call=views.agent_call(), picture="protected"))
    await expect(banner).to_be_hidden()
    await expect(page.locator(".preview")).to_contain_text("整个画面都模糊了")


async def test_only_a_covered_picture_can_be_claimed(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, views.agent("available"))
    claim = page.locator(".preview").get_by_role("button", name="这是我")
    await expect(page.get_by_role("button", name="休息一下")).to_be_visible()
    await expect(claim).to_be_hidden()
    await page.keyboard.press("m")  # nothing to claim
    await stage.show(views.agent("available", picture="protected", picture_reason="too_small"))
    await claim.click()
    await stage.message("this_is_me")
    assert sent(stage, "this_is_me") == ["this_is_me"]
    await stage.show(views.agent("on_call", call=views.agent_call(), picture="slate", picture_reason="too_small"))
    await expect(claim).to_be_visible()
    await page.keyboard.press("m")
    await stage.until(lambda: sent(stage, "this_is_me") == ["this_is_me"] * 2)
    for change in ({"picture": "slate", "picture_reason": "weights_missing"}, {"picture": ""}, {"picture": "clear"}):
        await stage.show(views.agent("available", **change))
        await expect(claim).to_be_hidden()
        await stage.show(views.agent("available", picture="protected", picture_reason="late"))
        await expect(claim).to_be_visible()


async def test_a_ring_is_answered_by_one_key(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, views.agent("available"))
    for epoch, (key, kind) in enumerate([("a", "accept"), ("Enter", "accept"), ("d", "decline")], 2):
        await stage.show(views.agent("reserved", reservation=views.reservation(epoch=epoch)))
        await expect(page.locator("#app")).to_have_class(re.compile("calls-you"))
        await expect(page).to_have_title(re.compile("来电"))
        await expect(page.get_by_role("alert").filter(has_text="有来电")).to_contain_text(
            "航班取消了，想改到明天上午。"
        )
        await page.keyboard.press(key)
        await stage.message(kind, call=views.CALL, epoch=epoch)
        await stage.show(views.agent("available"))
        await expect(page.locator("#app")).not_to_have_class(re.compile("calls-you"))
    assert sent(stage) == ["accept", "accept", "decline"]


async def test_a_ring_is_answered_by_one_large_target(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, views.agent("reserved", reservation=views.reservation()))
    accept = page.get_by_role("button", name="接听")
    box = await accept.bounding_box()
    assert box is not None
    assert box["height"] >= 56
    assert box["width"] >= 200
    await accept.click()
    await stage.message("accept", call=views.CALL, epoch=2)


async def test_one_key_takes_the_own_picture_away_and_brings_it_back(open_page: OpenPage, stage: Stage) -> None:
    stage.pictures = {0: pictures("dev-student")}
    page = await desk(open_page, stage, views.agent("on_call", call=views.agent_call()))
    await stage.message("media_offer")
    await page.keyboard.press("h")
    await stage.message("pause_picture", paused=True)
    await expect(page.locator(".preview .pill")).to_have_text("画面已隐藏")
    frames = stage.frames_received
    await stage.until(lambda: stage.frames_received > frames + 2, why="the card in place of the camera")
    assert paused(stage)[0] is False
    before = len(paused(stage))
    await stage.cut()  # a new socket hears of it again
    await stage.until(lambda: len(paused(stage)) > before)
    assert all(paused(stage)[1:])
    await page.get_by_role("button", name="恢复画面").click()
    await stage.until(lambda: paused(stage)[-1] is False)
    await expect(page.locator(".preview .pill")).not_to_have_text("画面已隐藏")


async def test_a_number_says_a_sentence_in_a_call(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, views.agent("on_call", call=views.agent_call()))
    await page.keyboard.press("2")
    await stage.message("say", call=views.CALL, text="请稍等，我查一下。")
    await page.get_by_role("button", name="已经办好了。").click()
    await stage.message("say", call=views.CALL, text="已经办好了。")
    await stage.show(views.agent("after_call"))
    await expect(page.locator(".phrases")).to_be_hidden()


async def test_nothing_moves_when_a_picture_can_be_claimed(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, views.agent("available"))
    await stage.message("media_offer")
    places = """[...document.querySelectorAll('.desk section, .desk button')]
      .filter((e) => e.checkVisibility()).map((e) => e.getBoundingClientRect().y)"""
    claim = page.get_by_role("button", name="这是我")
    await expect(claim).to_be_hidden()
    before = await page.evaluate(places)
    await stage.show(views.agent("available", picture="protected", picture_reason="too_small"))
    await expect(claim).to_be_visible()
    assert await page.evaluate(places) == before


async def test_what_the_host_application_said_is_seen_at_the_ring_and_in_the_call(
    open_page: OpenPage, stage: Stage
) -> None:
    about = messages.Caller(verified=True, entry="launch", sign_language="csl", context="CA1234")
    page = await desk(open_page, stage, views.agent("reserved", reservation=views.reservation(about=about)))
    await expect(page.locator(".ring-card")).to_contain_text("中国手语 · CA1234")
    await stage.show(views.agent("on_call", call=views.agent_call(about=about)))
    card = page.locator(".context")
    await expect(card).to_contain_text("已核实")
    await expect(card).to_contain_text("CA1234")
    await stage.show(views.agent("on_call", call=views.agent_call(call="c-guest")))
    await expect(card).to_contain_text("访客")
    await expect(card).not_to_contain_text("CA1234")


async def test_the_time_to_answer_shrinks(open_page: OpenPage, stage: Stage) -> None:
    ring = views.reservation(ring_until_ms=views.now_ms() + 60_000)
    page = await desk(open_page, stage, views.agent("reserved", reservation=ring))
    bar = page.locator(".ring-card .ring-time-bar")
    first = await bar.evaluate("(e) => e.getBoundingClientRect().width")
    await expect(page.locator(".ring-card .ring-time")).not_to_contain_text("60 秒")
    # The figure may have changed before the first look; the bar shrinks with each tick.
    await bar.evaluate(
        """async (bar, first) => {
          const end = Date.now() + 30_000;
          while (bar.getBoundingClientRect().width >= first) {
            if (Date.now() > end) throw new Error("the bar stands still");
            await new Promise((done) => setTimeout(done, 50));
          }
        }""",
        first,
    )


async def test_keys_do_nothing_while_somebody_writes(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, views.agent("on_call", call=views.agent_call()))
    await page.keyboard.press("t")
    await expect(page.get_by_label("写一句话")).to_be_focused()
    await page.keyboard.type("eabdr")
    await page.keyboard.press("Enter")
    await stage.message("say", call=views.CALL, text="eabdr")
    assert sent(stage) == [], "what a key sends would have come before"


async def test_keys_can_be_switched_off(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, views.agent("available"))
    await page.get_by_role("button", name="快捷键").click()
    await page.keyboard.press("b")
    await expect(page.locator(".acts .key").filter(visible=True)).to_have_count(0)
    await page.get_by_role("button", name="休息一下").click()
    await stage.message("break")
    assert sent(stage) == ["break"]


async def test_keys_with_modifiers_belong_to_the_browser(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, views.agent("available"))
    await page.keyboard.press("Alt+b")
    await page.keyboard.press("Shift+b")
    await stage.message("break")
    assert sent(stage) == ["break"]


async def test_a_break_can_be_wished_for_and_taken_back(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, views.agent("on_call", call=views.agent_call()))
    await page.get_by_role("button", name="通话后休息").click()
    await stage.message("break")
    await stage.show(views.agent("on_call", call=views.agent_call(), break_wanted=True))
    wish = page.get_by_role("button", name="通话后休息 ✓")
    await expect(wish).to_have_attribute("aria-pressed", "true")
    await wish.click()
    await stage.message("ready")


async def test_a_call_is_ended_by_one_key_and_says_how_it_ended(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, views.agent("on_call", call=views.agent_call()))
    await page.keyboard.press("e")
    await stage.message("hang_up", call=views.CALL)
    await stage.show(views.agent("after_call", ended_reason="customer_lost"))
    await expect(page.get_by_text("客户的网络断了，没有回来。").first).to_be_visible()
    await page.keyboard.press("r")
    await stage.message("ready")


async def test_the_next_call_shows_nothing_of_the_last(open_page: OpenPage, stage: Stage) -> None:
    stage.pictures = {0: pictures("dev-student"), 1: pictures("customer")}
    page = await desk(open_page, stage, views.agent("available"))
    await stage.message("media_offer")
    await stage.show(views.agent("on_call", media="live", call=views.agent_call()))
    await expect(page.locator(".customer .pill")).to_have_text("画面清楚")
    await stage.post(messages.TextLine(call=views.CALL, seq=1, mine=False, text="秘密", at_ms=1), "agent")
    await expect(page.get_by_text("秘密")).to_be_visible()
    for peer in stage.peers:
        peer.getTransceivers()[3].sender.replaceTrack(None)
    await pictures_have_stopped(page, ".customer video")  # what was on its way has arrived
    await stage.show(views.agent("after_call", media="live"))
    await expect(page.locator(".state-card")).to_have_attribute("data-state", "after_call")
    assert await page.locator(".customer video").evaluate("(v) => v.srcObject") is None
    await stage.show(views.agent("on_call", media="live", call=views.agent_call(call="c-other", note="")))
    await expect(page.locator(".customer .pill")).to_have_text("正在接通")
    await expect(page.locator(".customer video")).to_be_hidden()
    await expect(page.get_by_text("秘密")).to_have_count(0)


async def test_a_customer_without_picture_is_said(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, views.agent("on_call", call=views.agent_call(other_paused=True)))
    await expect(page.locator(".customer")).to_contain_text("客户暂停了画面，或没有摄像头。请打字。")
    await stage.show(views.agent("on_call", call=views.agent_call(other_media="reconnecting")))
    await expect(page.locator(".customer")).to_contain_text("客户的网络断了，正在等客户回来。")


async def test_without_a_camera_no_leg_is_made(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, views.agent("break"), camera="refused")
    await expect(page.locator(".camera-trouble")).to_contain_text("摄像头没打开。请允许使用，或换浏览器打开。")
    assert sent(stage, "media_offer") == []


async def test_a_camera_lost_in_a_call_is_said(open_page: OpenPage, stage: Stage) -> None:
    # A track of this page's own camera cannot be unplugged from outside: the script keeps hold of it.
    keep = """const open = MediaDevices.prototype.getUserMedia;
      MediaDevices.prototype.getUserMedia = async function (wish) {
        const stream = await open.call(this, wish);
        window.lastTrack = stream.getTracks()[0];
        return stream;
      };"""
    page = await desk(open_page, stage, views.agent("available"), script=keep)
    await stage.message("media_offer")
    await page.evaluate("lastTrack.stop(); lastTrack.dispatchEvent(new Event('ended'))")
    await expect(page.locator(".camera-trouble")).to_contain_text("摄像头断开了")
    await page.get_by_role("button", name="再打开摄像头").click()
    await expect(page.locator(".camera-trouble")).to_be_hidden()


async def test_a_refused_act_is_said(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, views.agent("break"))
    await page.keyboard.press("r")
    await stage.message("ready")
    await stage.post(messages.Error(code="not_rostered", reply_to="ready"), "agent")
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text(
        "您现在没有班次，不能接来电。请联系值班管理员。"
    )


async def test_a_lost_network_is_said_and_a_session_that_ended_leads_back_to_the_door(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await desk(open_page, stage, views.agent("available"))
    stage.refuse_sockets = True
    await stage.cut()
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("网络断了，正在重连。通话不会丢。")
    stage.refuse_sockets, stage.me = False, None
    stage.tokens.clear()
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("您已经退出。请再登录。")
    await expect(page.get_by_label("姓名")).to_be_focused()


async def test_signing_out_stops_the_camera(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["POST sign-out"] = (200, {})
    page = await desk(open_page, stage, views.agent("break"))
    await stage.message("media_offer")
    stage.me = None
    await page.get_by_role("button", name="退出").click()
    await expect(page.get_by_label("姓名")).to_be_visible()
    assert ("POST", "sign-out", {}) in stage.requests
    await stage.until(lambda: not stage.sockets)


async def test_another_desk_takes_over(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, views.agent("available"))
    await stage.cut(4409)
    await expect(page.get_by_role("main")).to_contain_text("您在别的页面打开了")
    await page.get_by_role("button", name="在这里继续").click()
    await page.locator("#app[data-screen='desk']").wait_for()
    await stage.until(lambda: stage.sockets)
