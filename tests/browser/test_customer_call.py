"""What a call is on the customer's page: what is seen, what is written, what happens when something breaks."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from signaling import messages
from tests.browser import views
from tests.browser.conftest import DESK, PHONE, OpenPage
from tests.browser.looks import TABLET, look
from tests.browser.stage import LoopingPictures, Stage
from tests.browser.steps import call, pictures, queue, screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NARROW = {"width": 320, "height": 640}
SIDEWAYS = {"width": 740, "height": 360}
# The height of the page once it has heard of its new window.
SETTLED_HEIGHT = """new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(
  () => done(document.documentElement.scrollHeight))))"""


def newest(stage: Stage) -> int:
    """Return the number of the newest offer: on a slow machine a page may have made more than one."""
    return max(int(m["generation"]) for m in stage.heard if m["type"] == "media_offer")


def hellos(stage: Stage) -> int:
    return len([m for m in stage.heard if m["type"] == "hello"])


async def test_the_edge_calls_until_the_agent_can_be_seen(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await queue(page, stage)
    app = page.locator("#app")
    await expect(app).not_to_have_class(re.compile("calls-you"))
    await stage.show(views.customer("ringing", place=1))
    await expect(app).to_have_class(re.compile("calls-you"))
    await stage.show(views.customer("waiting", place=1))  # the agent refused
    await expect(app).not_to_have_class(re.compile("calls-you"))
    # The connection is made without the agent's picture, which comes when the edge has been seen.
    stage.pictures[1] = pictures("dev-book")
    await stage.show(views.customer("connected"))
    await expect(page.get_by_role("heading", name="小林")).to_be_visible()
    await expect(app).to_have_class(re.compile("calls-you"))
    stage.pictures[0] = pictures("dev-book")
    await stage.until(lambda: stage.peers and stage.peers[-1].localDescription, why="an answer")
    stage.peers[-1].getTransceivers()[2].sender.replaceTrack(LoopingPictures(stage.pictures[0]))
    await stage.show(views.customer("connected", media="live"))
    await page.locator(".pill[data-name='clear']").wait_for()
    await expect(app).not_to_have_class(re.compile("calls-you"))


async def test_the_phone_vibrates_only_when_it_was_touched(open_page: OpenPage, stage: Stage) -> None:
    # Before a tap a browser refuses, and writes an error. What counts as a tap is the browser's matter, so it is given.
    page = await open_page(
        "/customer/",
        script="""window.shaken = 0;
          Navigator.prototype.vibrate = () => { window.shaken += 1; return true; };
          Object.defineProperty(navigator, "userActivation", {
            value: { get hasBeenActive() { return window.touched === true; } },
          });""",
    )
    await call(page, stage)
    assert await page.evaluate("window.shaken") == 0
    await page.evaluate("window.touched = true")
    await stage.post(messages.TextLine(call=views.CALL, seq=1, mine=False, text="您好", at_ms=1), "customer")
    await expect(page.get_by_text("您好").first).to_be_attached()
    assert await page.evaluate("window.shaken") == 1


async def test_nothing_lies_over_the_agent(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await stage.post(messages.TextLine(call=views.CALL, seq=1, mine=False, text="您好", at_ms=1), "customer")
    await page.get_by_role("button", name="打字").click()
    await stage.show(views.customer("connected", media="live", picture="protected"))
    await page.get_by_text("画面保护中，请稍等或打字。").first.wait_for()
    for size in (PHONE, NARROW, SIDEWAYS, DESK):
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        await page.evaluate(SETTLED_HEIGHT)
        # Whatever is on top at any point of the picture must be the picture itself.
        covering = await page.locator(".stage video").evaluate(
            """(video) => {
              video.scrollIntoView();
              const box = video.getBoundingClientRect();
              const found = new Set();
              for (let x = 0.02; x < 1; x += 0.04) for (let y = 0.02; y < 1; y += 0.04) {
                const top = document.elementFromPoint(box.x + box.width * x, box.y + box.height * y);
                if (top && top !== video && !top.contains(video)) found.add(top.outerHTML.slice(0, 80));
              }
              return [...found];
            }"""
        )
        assert covering == [], size
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


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
async def test_whoever_writes_below_a_notice_has_every_button_in_the_window(
    open_page: OpenPage, stage: Stage, lang: str
) -> None:
    page = await open_page("/customer/", size=PHONE)
    await call(page, stage)
    if lang != "zh-CN":
        await page.goto(f"{stage.url}/customer/?lang={lang}")
        await page.locator(".pill[data-name='clear']").wait_for()
    await page.locator(".bar .button").first.click()
    await stage.show(views.customer("connected", media="live", other_paused=True))
    await page.locator(".call-say").wait_for()
    for seq in (1, 2, 3):
        line = messages.TextLine(call=views.CALL, seq=seq, mine=False, text="CA1234 · 12:40", at_ms=1)
        await stage.post(line, "customer")
    await expect(page.locator(".line")).to_have_count(3)
    await look(page, f"customer-{lang}-41-call-writing-notice", again=lang != "zh-CN")
    await page.set_viewport_size(TABLET)  # type: ignore[arg-type]
    assert await page.evaluate(SETTLED_HEIGHT) <= TABLET["height"]
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert await page.evaluate(SETTLED_HEIGHT) <= PHONE["height"]
    await page.get_by_role("button", name="暂停" if lang == "zh-CN" else "Pause").click()
    await stage.show(views.customer("connected", media="live"))
    await expect(page.locator(".own-picture .picture-empty")).to_be_visible()
    assert await page.evaluate(SETTLED_HEIGHT) <= PHONE["height"]


async def test_text_of_both_is_told_apart_and_comes_once(open_page: OpenPage, stage: Stage) -> None:
    # A line that is not confirmed says after three seconds that it was not sent: here it may take longer.
    page = await open_page(
        "/customer/",
        script="""const later = window.setTimeout;
          window.setTimeout = (act, ms, ...more) => later(act, ms === 3000 ? 600_000 : ms, ...more);""",
    )
    await call(page, stage)
    await page.get_by_role("button", name="打字").click()
    await page.get_by_label("写一句话").fill("您好")
    await page.keyboard.press("Enter")
    await stage.message("say", text="您好")
    lines = page.locator(".line")
    await expect(lines).to_have_text(["我 · 正在发您好再发"])
    mine = messages.TextLine(call=views.CALL, seq=1, mine=True, text="您好", at_ms=1)
    theirs = messages.TextLine(call=views.CALL, seq=2, mine=False, text="请说", at_ms=2)
    last = messages.TextLine(call=views.CALL, seq=3, mine=False, text="再见", at_ms=3)
    for one in (mine, theirs, mine, theirs, last):
        await stage.post(one, "customer")
    await expect(lines.last).to_contain_text("再见")  # so that all that went before has come
    await expect(lines).to_have_count(3)
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


async def test_whoever_does_not_understand_says_so_by_two_taps(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    lost = page.get_by_role("button", name="看不懂", exact=True)
    await lost.click()
    await expect(page.get_by_role("button", name="请再来一遍")).to_be_focused()
    await page.get_by_role("button", name="继续通话").filter(visible=True).click()
    await expect(lost).to_be_focused()
    await lost.click()
    await page.get_by_role("button", name="请慢一点").click()
    await stage.message("say", call=views.CALL, text="我没看懂，请慢一点。")
    await lost.click()
    await page.get_by_role("group", name="看不懂吗？").get_by_role("button", name="打字").click()
    await stage.message("say", text="我没看懂，请打字。")
    await expect(page.get_by_label("写一句话")).to_be_focused()


async def test_another_signer_is_asked_for_and_the_wait_says_why(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await page.get_by_role("button", name="看不懂", exact=True).click()
    await page.get_by_role("button", name="换一位客服").click()
    await stage.message("another_signer", call=views.CALL, epoch=1)
    await stage.show(views.customer("waiting", place=1, requeued="another_signer"))
    await screen(page, "waiting")
    await expect(page.get_by_text("正在换一位客服。您排在最前面。")).to_be_visible()
    await expect(page.get_by_role("main")).to_contain_text("下一位就是您")
    await look(page, "customer-zh-CN-36-waiting-another")
    await stage.show(views.customer("ringing", place=1, requeued="another_signer"))
    await expect(page.get_by_text("正在换一位客服。您排在最前面。")).to_be_hidden()


async def test_where_nobody_else_is_there_the_call_goes_on_and_one_can_write(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await page.get_by_role("button", name="看不懂", exact=True).click()
    await page.get_by_role("button", name="换一位客服").click()
    await stage.message("another_signer")
    await stage.post(messages.Error(code="nobody_else", reply_to="another_signer"), "customer")
    await expect(page.locator(".call-say > span:nth-child(2)")).to_have_text(
        "现在没有别的手语客服。通话继续，也可以打字。"
    )
    await look(page, "customer-zh-CN-38-call-nobody-else")
    # An answer that comes when it likes moves no focus; writing is one tap away.
    await expect(page.get_by_role("button", name="看不懂", exact=True)).to_be_focused()
    await expect(page.get_by_role("button", name="打字")).to_be_visible()
    await screen(page, "call")
    # Asking again takes the sentence away until there is an answer.
    await page.get_by_role("button", name="看不懂", exact=True).click()
    await page.get_by_role("button", name="换一位客服").click()
    await expect(page.locator(".call-say")).to_be_hidden()


async def test_a_refusal_is_read_although_the_picture_is_not_well(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await stage.show(views.customer("connected", media="live", picture="protected"))
    await page.locator(".pill[data-name='protected']").wait_for()
    await page.get_by_role("button", name="看不懂", exact=True).click()
    await page.get_by_role("button", name="换一位客服").click()
    await stage.message("another_signer")
    await stage.post(messages.Error(code="nobody_else", reply_to="another_signer"), "customer")
    await expect(page.locator(".call-say > span:nth-child(2)")).to_have_text(
        "现在没有别的手语客服。通话继续，也可以打字。"
    )
    await expect(page.locator(".pill[data-name='protected']")).to_be_visible()
    await stage.show(views.customer("connected", media="live", other_paused=True))
    await expect(page.locator(".call-say > span:nth-child(2)")).to_have_text("小林暂停了画面。可以打字。")


async def test_a_service_without_room_for_the_picture_says_so_and_goes_on_trying(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await open_page("/customer/")
    await queue(page, stage)
    await stage.show(views.customer("connected"))
    first = (await stage.message("media_offer"))["generation"]
    stage.pictures[0] = pictures("dev-book")  # the next offer finds room
    await stage.post(messages.Error(code="media_full", reply_to="media_offer", retryable=True), "customer")
    await expect(page.locator(".call-say > span:nth-child(2)")).to_have_text(
        "视频位置都满了。这里会自己再试，您可以先写字。"
    )
    await page.get_by_role("button", name="打字").click()
    await expect(page.get_by_label("写一句话")).to_be_focused()
    await stage.message("media_offer", generation=first + 1)
    await stage.show(views.customer("connected", media="live"))
    await page.locator(".pill[data-name='clear']").wait_for()
    await expect(page.locator(".call-say")).to_be_hidden()


async def test_without_a_network_another_signer_stays_one_tap_away(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await page.get_by_role("button", name="看不懂", exact=True).click()
    stage.refuse_sockets = True
    await stage.cut()
    await page.locator(".pill[data-name='reconnecting']").wait_for()
    await page.get_by_role("button", name="换一位客服").click()
    await expect(page.get_by_role("button", name="换一位客服")).to_be_visible()
    stage.refuse_sockets = False
    await page.locator(".pill[data-name='clear']").wait_for()
    await page.get_by_role("button", name="换一位客服").click()
    await stage.message("another_signer")


async def test_ending_is_asked_for_twice(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await page.get_by_role("button", name="结束", exact=True).click()
    await expect(page.get_by_role("button", name="继续通话")).to_be_focused()
    await page.get_by_role("button", name="继续通话").click()
    await page.get_by_role("button", name="结束", exact=True).click()
    await expect(page.get_by_role("button", name="继续通话")).to_be_focused()
    await page.get_by_role("button", name="结束通话").click()
    await stage.message("hang_up", call=views.CALL)
    # A socket keeps the order: had the first time ended anything, it would be here, too.
    assert len([m for m in stage.heard if m["type"] == "hang_up"]) == 1
    # The page does not wait for the service to say that it is over.
    await screen(page, "ended")
    await expect(page.get_by_role("main")).to_contain_text("您结束了通话。谢谢。")
    await page.get_by_role("button", name="再打一次").click()
    await screen(page, "ready")


ENDS = {
    "agent_hung_up": "小林结束了通话。谢谢。",
    "customer_lost": "您的网络断得太久",
    "agent_lost": "小林的网络断了，没有回来",
    "closed": "现在没有手语客服了",
    "shutdown": "服务正在重新启动",
}


async def test_every_end_has_its_sentence(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await queue(page, stage)
    for number, (reason, sentence) in enumerate(ENDS.items()):
        await stage.show(views.customer("connected", call=f"c-{number}"))
        await screen(page, "call")
        await stage.show(views.customer("ended", call=f"c-{number}", ended_reason=reason))
        await screen(page, "ended")
        await expect(page.get_by_role("main")).to_contain_text(sentence)


async def test_a_promise_to_come_back_is_named_with_its_time(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/", timezone_id="Asia/Shanghai")
    await queue(page, stage)
    await stage.show(views.customer("connected"))
    await screen(page, "call")
    await stage.show(views.customer("ended", ended_reason="agent_hung_up"))
    await screen(page, "ended")
    promise = page.get_by_role("status").filter(has_text="跟进")
    await expect(promise).to_be_hidden()
    # The agent writes it down after the call, when the customer's last screen is already there.
    # By the service's clock, which the view tells: whenever this runs, no midnight comes between.
    noon = datetime(2027, 3, 10, 12, 5, tzinfo=ZoneInfo("Asia/Shanghai"))
    for days, when in ((0, "今天 12:05"), (1, "明天 12:05"), (3, " 12:05")):
        due_ms = round((noon + timedelta(days=days)).timestamp() * 1000)
        now_ms = round((noon - timedelta(hours=2)).timestamp() * 1000)
        more = {"follow_up_due_ms": due_ms, "agent_name": "小林", "server_time_ms": now_ms}
        await stage.show(views.customer("ended", ended_reason="agent_hung_up", **more))
        await expect(promise).to_have_text(re.compile(f"^小林会跟进，.*{when}前回复。$"))
    await look(page, "customer-zh-CN-37-ended-follow-up", themes=True)


async def test_after_a_closed_line_a_message_is_the_way(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await queue(page, stage)
    await stage.show(views.customer("ended", ended_reason="closed"))
    await screen(page, "ended")
    await expect(page.get_by_role("button", name="再打一次")).to_be_hidden()
    await page.get_by_role("button", name="留言").click()
    await screen(page, "message")


async def test_after_a_call_two_taps_say_how_it_was(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await queue(page, stage)
    await stage.show(views.customer("connected"))
    await screen(page, "call")
    await stage.show(views.customer("ended", ended_reason="agent_hung_up"))
    await screen(page, "ended")
    yes, good = page.get_by_role("button", name="解决了"), page.get_by_role("button", name="很好")
    await yes.click()
    await stage.message("survey", call=views.CALL, solved="yes", face=0)
    await expect(yes).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_text("记下了，谢谢。")).to_be_visible()
    said = len([each for each in stage.heard if each["type"] == "survey"])
    await stage.cut()
    await stage.until(
        lambda: len([each for each in stage.heard if each["type"] == "survey"]) > said,
        why="what may have gone into a dead line is said again",
    )
    stage.refuse_sockets = True
    greeted = hellos(stage)
    await stage.cut()
    # The last screen does not show that the socket is gone: the page has noticed once it tries to come back.
    await stage.until(lambda: hellos(stage) > greeted, why="a try to come back")
    await good.click()
    await expect(page.get_by_text("网络不好，连上就发。")).to_be_visible()
    stage.refuse_sockets = False
    await stage.message("survey", call=views.CALL, solved="yes", face=5)
    await expect(page.get_by_text("记下了，谢谢。")).to_be_visible()


async def test_a_call_that_nobody_answered_is_not_asked_about(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await queue(page, stage)
    await stage.show(views.customer("ended", ended_reason="closed"))
    await screen(page, "ended")
    await expect(page.get_by_role("button", name="解决了")).to_be_hidden()


async def test_a_broken_peer_connection_is_replaced_by_a_new_one(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    first = newest(stage)
    await stage.peers[-1].close()
    await stage.message("media_offer", generation=first + 1)
    await page.locator(".pill[data-name='clear']").wait_for()


async def test_a_view_that_asks_again_makes_one_new_offer(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    first = newest(stage)
    # For a moment a view that asks may have crossed the offer: after it the first that asks is a new wish, and those
    # that follow have crossed the new offer. The last view comes right behind them: what still asks a moment later is
    # another wish.
    await page.wait_for_timeout(1500)
    for _ in range(3):
        await stage.show(views.customer("connected", media="offer", epoch=2))
    await stage.show(views.customer("connected", media="live", epoch=2))
    await stage.message("media_offer", generation=first + 1)
    await page.locator(".pill[data-name='clear']").wait_for()
    assert newest(stage) == first + 1


async def test_another_agents_picture_never_starts_with_the_last_ones(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await stage.show(views.customer("waiting", place=1, requeued="agent_lost"))
    await screen(page, "waiting")
    await expect(page.get_by_text("刚才的客服断线了。您排在最前面，马上换一位客服。")).to_be_visible()
    stage.pictures.clear()
    await stage.show(views.customer("connected", epoch=3, agent_name="小王"))
    await screen(page, "call")
    await expect(page.locator(".stage video")).to_be_hidden()
    await expect(page.get_by_text("正在接通小王…")).to_be_visible()
