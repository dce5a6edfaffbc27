"""Every task of a customer with keys alone, from a keyboard or a switch: the focus is always seen, and never lost."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser import views
from tests.browser.conftest import OpenPage
from tests.browser.looks import picture
from tests.browser.stage import Stage
from tests.browser.steps import loaded, pictures, screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

MOST_STEPS = 25

# What has the focus: its words, and whether it can be seen that it has it.
FOCUS = """() => {
  const at = document.activeElement;
  const words = at.getAttribute('aria-label') || at.labels?.[0]?.textContent || at.textContent;
  const box = at.getBoundingClientRect();
  const style = getComputedStyle(at);
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const seen = style.outlineStyle === 'solid' && parseFloat(style.outlineWidth) >= 3 && inside;
  return { tag: at.tagName, words: words.trim(), seen };
}"""


async def focus(page: Page) -> dict[str, Any]:
    """Return what has the focus, which has to be seen; the end of the page hands it to the browser's own controls."""
    at: dict[str, Any] = await page.evaluate(FOCUS)
    assert at["seen"] or at["tag"] == "BODY", at
    return at


async def step_to(page: Page, words: str, key: str = "Tab") -> None:
    """Press Tab, or Shift+Tab, until what has the focus says `words`."""
    passed = []
    for _ in range(MOST_STEPS):
        await page.keyboard.press(key)
        passed.append((await focus(page))["words"][:20])
        if passed[-1] == words[:20]:
            return
    raise AssertionError(f"{words!r} is not among {passed}")


async def arrive(page: Page, name: str, heading: str) -> None:
    """Wait for a screen, and for the focus on its heading."""
    await screen(page, name)
    await expect(page.get_by_role("heading", name=heading)).to_be_focused()
    await focus(page)


async def test_from_the_first_screen_into_the_queue(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await loaded(page)
    await page.locator(".truth-good").wait_for()
    keys = page.keyboard
    await step_to(page, "语言 简体中文")
    await keys.press("Enter")
    await step_to(page, "English")
    await keys.press("Escape")
    assert (await focus(page))["words"] == "语言 简体中文"
    await step_to(page, "急事：机场、酒店、用车优先接通")
    await keys.press("Space")
    await step_to(page, "酒店")
    await keys.press("Enter")
    await arrive(page, "ready", "先看看画面")
    await step_to(page, "返回")
    await keys.press("Space")
    await arrive(page, "home", "用手语找客服")
    await step_to(page, "开始手语视频")
    await keys.press("Enter")
    await arrive(page, "ready", "先看看画面")
    await page.locator(".own-picture[data-camera='on']").wait_for()
    await step_to(page, "同意，开始排队")
    await keys.press("Space")
    await stage.message("join", urgent=False)
    await stage.show(views.customer("waiting", place=2))
    await arrive(page, "waiting", "正在排队")
    await step_to(page, "可以先写一句，客服会看到")
    await keys.type("航班取消了")
    await keys.press("Enter")
    await stage.message("note", text="航班取消了")
    await step_to(page, "留言")
    await keys.press("Enter")
    await arrive(page, "message", "留言")
    await step_to(page, "返回")
    await keys.press("Enter")
    await arrive(page, "waiting", "正在排队")
    await step_to(page, "不等了")
    await keys.press("Enter")
    await stage.message("hang_up")
    await arrive(page, "home", "用手语找客服")


async def test_through_a_call_to_the_last_questions(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await loaded(page)
    keys = page.keyboard
    await step_to(page, "开始手语视频")
    await keys.press("Enter")
    await page.locator(".own-picture[data-camera='on']").wait_for()
    await step_to(page, "同意，开始排队")
    await keys.press("Enter")
    await stage.message("join")
    await stage.show(views.customer("waiting", place=1))
    await arrive(page, "waiting", "正在排队")
    stage.pictures[0] = pictures("dev-book")
    await stage.show(views.customer("connected"))
    await arrive(page, "call", "小林")
    await stage.message("media_offer")
    await stage.show(views.customer("connected", media="live"))
    await page.locator(".pill[data-name='clear']").wait_for()

    await step_to(page, "打字")
    await keys.press("Space")
    assert (await focus(page))["words"] == "写一句话"
    await keys.type("您好")
    await keys.press("Enter")
    await stage.message("say", text="您好")
    await step_to(page, "收起", "Shift+Tab")
    await keys.press("Enter")
    assert (await focus(page))["words"] == "看自己"
    await step_to(page, "暂停")
    await keys.press("Space")
    await stage.message("pause_picture", paused=True)
    assert (await focus(page))["words"] == "恢复"
    await step_to(page, "看不懂", "Shift+Tab")
    await keys.press("Enter")
    assert (await focus(page))["words"] == "请再来一遍"
    await keys.press("Escape")
    assert (await focus(page))["words"] == "看不懂"
    await keys.press("Enter")
    await step_to(page, "换一位客服")
    await keys.press("Enter")
    await stage.message("another_signer")
    assert (await focus(page))["words"] == "看不懂"
    await stage.show(views.customer("waiting", place=1, requeued="another_signer"))
    await arrive(page, "waiting", "正在排队")
    await stage.show(views.customer("connected", epoch=3, agent_name="小王"))
    await arrive(page, "call", "小王")

    await step_to(page, "结束")
    await keys.press("Enter")
    assert (await focus(page))["words"] == "继续通话"
    await keys.press("Escape")
    assert (await focus(page))["words"] == "结束"
    await keys.press("Enter")
    await step_to(page, "结束通话")
    await keys.press("Enter")
    await arrive(page, "ended", "通话结束了")
    await step_to(page, "解决了")
    await keys.press("Space")
    await stage.message("survey", solved="yes")
    await step_to(page, "很好")
    await keys.press("Space")
    await stage.message("survey", face=5)
    assert (await focus(page))["words"] == "很好"
    await step_to(page, "回到首页")
    await keys.press("Enter")
    await arrive(page, "home", "用手语找客服")


async def test_past_a_closed_door_to_a_message(open_page: OpenPage, stage: Stage) -> None:
    stage.service = {"open": False, "agents_on": 0, "hours": None}
    page = await open_page("/customer/")
    await loaded(page)
    keys = page.keyboard
    await page.locator(".truth-attention").wait_for()
    # The large button says that it is off, and can still be read.
    await step_to(page, "开始手语视频")
    await keys.press("Enter")
    await screen(page, "home")
    await step_to(page, "留言")
    await keys.press("Enter")
    await arrive(page, "message", "留言")
    await step_to(page, "您想说什么")
    await keys.type("行李没到")
    await keys.press("Enter")  # a new line, as in every larger field
    await step_to(page, "怎么联系您（可以不写）")
    await keys.type("li@example.org")
    stage.answers["POST messages"] = (503, {"error": "busy"})
    await step_to(page, "发送")
    await keys.press("Space")
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("服务正忙。请等一会儿再试。")
    assert (await focus(page))["words"] == "发送"
    stage.answers["POST messages"] = (201, {"message": "m-1"})
    await keys.press("Enter")
    await arrive(page, "message", "收到留言了")
    await step_to(page, "再写一条")
    await step_to(page, "返回", "Shift+Tab")
    await keys.press("Enter")
    await arrive(page, "home", "用手语找客服")


LARGE = "document.documentElement.style.fontSize = '212.5%'"
TOO_WIDE = """() => [...document.querySelectorAll('#app *')]
  .filter((one) => one.offsetParent && one.getBoundingClientRect().right > innerWidth + 1)
  .map((one) => `${one.tagName}.${one.className} ${one.textContent.slice(0, 20)}`)"""


async def test_letters_twice_as_large_fit_and_every_button_is_reached(open_page: OpenPage, stage: Stage) -> None:
    """As a phone's own setting for large text does it: the window stays, the letters grow. Source: WCAG 2.2, 1.4.4."""
    page = await open_page("/customer/")
    await loaded(page)
    await page.evaluate(LARGE)

    async def fits(name: str) -> None:
        assert await page.evaluate(TOO_WIDE) == [], name
        await picture(page, f"customer-zh-CN-large-{name}")

    await page.locator(".truth-good").wait_for()
    await fits("home")
    await step_to(page, "开始手语视频")
    await page.keyboard.press("Enter")
    await page.locator(".own-picture[data-camera='on']").wait_for()
    await fits("ready")
    await step_to(page, "同意，开始排队")
    await page.keyboard.press("Enter")
    await stage.message("join")
    await stage.show(views.customer("waiting", place=2, estimate_low_min=2, estimate_high_min=5))
    await screen(page, "waiting")
    await fits("waiting")
    await step_to(page, "留言")
    await page.keyboard.press("Enter")
    await screen(page, "message")
    await fits("message")
    stage.pictures[0] = pictures("dev-book")
    await stage.show(views.customer("connected"))
    await stage.message("media_offer")
    await stage.show(views.customer("connected", media="live"))
    await page.locator(".pill[data-name='clear']").wait_for()
    await fits("call")
    await step_to(page, "看不懂")
    await page.keyboard.press("Enter")
    await fits("not-understood")
    await page.keyboard.press("Escape")
    await step_to(page, "结束")
    await page.keyboard.press("Enter")
    await step_to(page, "结束通话")
    await page.keyboard.press("Enter")
    await screen(page, "ended")
    await fits("ended")
    await step_to(page, "回到首页")


async def test_what_goes_away_hands_the_focus_on(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/", camera="refused", permissions=["camera"])
    await loaded(page)
    await page.get_by_role("button", name="开始手语视频").focus()
    await page.context.clear_permissions()
    await page.keyboard.press("Enter")
    await page.get_by_role("alert").filter(visible=True).wait_for()
    await step_to(page, "再打开摄像头")
    await page.context.grant_permissions(["camera"])
    await page.keyboard.press("Enter")
    await page.locator(".own-picture[data-camera='on']").wait_for()
    await arrive(page, "ready", "先看看画面")
