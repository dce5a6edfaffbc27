"""After-call work on the agent's page: no typing needed, nothing lost, and no hurry."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from signaling import messages
from tests.browser import views
from tests.browser.conftest import OpenPage
from tests.browser.desk import after, desk, said, sent
from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

KEYS = [
    ("1", ("solved", "", 0)),
    ("2", ("follow_up", "", 24)),
    ("3", ("referred", "", 0)),
    ("4", ("cut_off", "", 0)),
    ("5", ("misdirected", "", 0)),
    ("6", ("follow_up", "", 2)),
    ("7", ("follow_up", "", 24)),
    ("8", ("follow_up", "", 72)),
]


# The sign-out looks again and again, for two seconds, whether the last word is kept: here it looks when it is told to.
HOLD_LOOKS = """const later = window.setTimeout; window.looks = [];
  window.setTimeout = (act, ms, ...more) => (ms === 50 ? looks.push(act) : later(act, ms, ...more));"""


async def state(page: Page, word: str) -> None:
    await expect(page.locator(".after .pill")).to_have_text(word)


async def test_a_number_says_how_the_call_ended_and_the_page_says_when_that_is_kept(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await desk(open_page, stage, after())
    await state(page, "按一个数字")
    for number, (key, words) in enumerate(KEYS, 1):
        await page.keyboard.press(key)
        await stage.until(lambda number=number: len(said(stage)) == number, why=f"key {key}")
        assert said(stage)[-1] == words
        await state(page, "正在保存")
        await stage.show(after(outcome=words[0], due_in_h=words[2]))
        await state(page, "已保存")
        on = page.locator(".after .choice[aria-pressed='true']")
        assert await on.first.get_attribute("data-outcome") == words[0]
        assert await on.count() == (2 if words[2] else 1)
    await expect(page.locator("#announcer")).to_have_text("已保存")


async def test_every_choice_is_a_large_target_too(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, after())
    for name in ("已解决", "要跟进", "转给别处", "中途断了", "打错了", "2 小时内", "1 天内", "3 天内"):
        button = page.get_by_role("button", name=name)
        box = await button.bounding_box()
        assert box is not None
        assert min(box["height"], box["width"]) >= 48, name
        await button.click()
    await stage.until(lambda: len(said(stage)) == 8)
    assert said(stage) == [words for _, words in KEYS]


async def test_one_key_is_ready_again_and_the_last_word_goes_first(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, after(outcome="solved"))
    await page.keyboard.press("n")
    await page.keyboard.type("ok 12")
    await page.keyboard.press("Escape")
    await page.keyboard.press("r")
    await stage.message("ready")
    assert said(stage)[-1] == ("solved", "ok 12", 0)
    assert sent(stage, "disposition", "ready")[-2:] == ["disposition", "ready"]
    await stage.show(views.agent("available"))
    await expect(page.locator(".after")).to_be_hidden()
    await expect(page.locator(".after-lost")).to_be_hidden()


async def test_a_note_is_written_with_numbers_in_it_and_kept_as_it_grows(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, after())
    note = page.get_by_label("备注")
    await page.keyboard.press("2")
    await page.keyboard.press("n")
    await expect(note).to_be_focused()
    await page.keyboard.type("CA1234 3 pm, e-mail")
    await stage.until(lambda: said(stage)[-1:] == [("follow_up", "CA1234 3 pm, e-mail", 24)])
    assert {outcome for outcome, _, _ in said(stage)} == {"follow_up"}
    await page.keyboard.press("Escape")
    await page.keyboard.press("6")
    await stage.until(lambda: said(stage)[-1] == ("follow_up", "CA1234 3 pm, e-mail", 2))
    assert sent(stage) == []


async def test_a_note_alone_waits_for_an_outcome_and_says_so(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, after())
    await page.get_by_label("备注").fill("要等回复")
    await state(page, "选结果才保存")
    await page.get_by_role("button", name="开始接听").click()
    await expect(page.locator(".desk-notices").get_by_role("alert").filter(visible=True)).to_have_text(
        "请先选一个结果，备注才能保存。"
    )
    assert (said(stage), sent(stage)) == ([], [])
    await page.keyboard.press("3")
    await stage.until(lambda: said(stage) == [("referred", "要等回复", 0)])


async def test_who_leaves_with_a_note_alone_is_asked_first(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, after())
    await page.get_by_label("备注").fill("要等回复")
    await state(page, "选结果才保存")
    await page.get_by_role("button", name="退出").click()
    notices = page.locator(".desk-notices").get_by_role("alert").filter(visible=True)
    await expect(notices).to_have_text("请先选一个结果，备注才能保存。")
    assert not [path for _, path, _ in stage.requests if path == "sign-out"]
    asks = "dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    assert await page.evaluate(asks) is False, "the browser asks"
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="转给别处").click()
    await stage.until(lambda: said(stage) == [("referred", "要等回复", 0)])
    assert await page.evaluate(asks) is True
    await stage.show(after(outcome="referred", note="要等回复"))
    stage.answers["POST sign-out"] = (200, {})
    await page.get_by_role("button", name="退出").click()
    await page.locator("#app[data-screen='sign_in']").wait_for()


async def test_the_last_word_is_kept_before_the_agent_is_signed_out(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, after(), script=HOLD_LOOKS)
    stage.answers["POST sign-out"] = (200, {})
    await page.keyboard.press("1")
    await stage.until(lambda: said(stage) == [("solved", "", 0)])
    await page.get_by_role("button", name="退出").click()
    await state(page, "正在保存")
    look = "looks.splice(0).map((act) => act()).length"
    assert await page.evaluate(look) == 1, "it waits"
    assert await page.evaluate(look) == 1, "it goes on waiting"
    assert not [path for _, path, _ in stage.requests if path == "sign-out"]
    await stage.show(after(outcome="solved"))
    await state(page, "已保存")
    await page.evaluate(look)
    await page.locator("#app[data-screen='sign_in']").wait_for()


async def test_what_was_said_without_a_network_is_said_again(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, after())
    stage.refuse_sockets = True
    await stage.cut()
    await expect(page.get_by_text("网络断了，正在重连。通话不会丢。")).to_be_visible()
    await page.keyboard.press("6")
    await page.get_by_label("备注").fill("两点前打")
    await state(page, "连上就保存")
    assert said(stage) == []
    stage.refuse_sockets = False
    await stage.until(lambda: said(stage) == [("follow_up", "两点前打", 2)])
    await stage.show(after(outcome="follow_up", note="两点前打", due_in_h=2))
    await state(page, "已保存")


async def test_what_may_not_have_arrived_is_said_again(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, after())
    await page.keyboard.press("1")
    await stage.until(lambda: len(said(stage)) == 1)
    await stage.cut()  # before the service has said that it has it
    await stage.until(lambda: said(stage) == [("solved", "", 0)] * 2)
    await stage.show(after(outcome="solved"))
    await state(page, "已保存")


async def test_a_page_that_was_loaded_again_shows_what_is_kept(open_page: OpenPage, stage: Stage) -> None:
    kept = after(outcome="follow_up", due_in_h=72, note="等航空公司")
    page = await desk(open_page, stage, kept)
    await state(page, "已保存")
    await expect(page.get_by_label("备注")).to_have_value("等航空公司")
    await expect(page.get_by_role("button", name="3 天内")).to_have_attribute("aria-pressed", "true")
    assert said(stage) == []


async def test_the_limit_is_seen_in_good_time_and_takes_nothing_away(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, after(age_s=130))
    time = page.locator(".after .ring-time")
    await expect(time).to_have_text("还有 8 分钟。不写也可以，到时会自动结束。")
    width = "(e) => e.getBoundingClientRect().width / e.parentElement.clientWidth"
    share = await page.locator(".after .ring-time-bar").evaluate(width)
    assert 0.7 < share < 0.8
    await stage.show(after(age_s=485, outcome="solved"))
    await expect(time).to_contain_text(re.compile("还有 1 分 [1-5]"))
    await expect(time).to_contain_text("写的都会保存。")
    await page.get_by_label("备注").fill("第一句")
    await stage.show(after(age_s=599, outcome="solved"))
    await stage.until(lambda: said(stage)[-1:] == [("solved", "第一句", 0)])
    await stage.show(views.agent("available"))
    await expect(page.locator(".after-lost")).to_be_hidden()


async def test_a_note_that_came_too_late_stays_to_be_read(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, after())
    await page.get_by_label("备注").fill("打给 010 的号码")
    await stage.show(views.agent("available"))  # the time was over, and no outcome was chosen
    lost = page.locator(".after-lost")
    await expect(lost).to_contain_text("打给 010 的号码")
    await lost.get_by_role("button", name="知道了").click()
    await expect(lost).to_be_hidden()
    await stage.show(after(call="c-next"))
    await state(page, "按一个数字")
    await page.keyboard.press("1")
    await page.get_by_label("备注").fill("又一条")
    await stage.until(lambda: [note for _, note, _ in said(stage)][-1:] == ["又一条"])
    await stage.show(views.agent("available"))
    await stage.post(messages.Error(code="wrong_state", reply_to="disposition"), "agent")
    await expect(lost).to_contain_text("又一条")


async def test_a_refusal_is_said(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, after())
    await page.keyboard.press("1")
    await stage.until(lambda: said(stage))
    await stage.post(messages.Error(code="bad_disposition", reply_to="disposition"), "agent")
    await state(page, "没有保存")


async def test_another_signer_is_nobodys_fault(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, after(ended="another_signer"))
    await expect(page.locator(".after-say")).to_have_text("客户想换一位客服，已经为客户排队。")


async def test_a_service_that_keeps_nothing_of_it_asks_for_nothing(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, views.agent("after_call", ended_reason="agent_lost"))
    await expect(page.locator(".after")).to_be_hidden()
    await page.keyboard.press("1")
    await page.keyboard.press("n")
    await stage.show(views.agent("after_call", ended_reason="agent_lost", break_wanted=True))
    await expect(page.get_by_role("button", name="做完了，去休息")).to_be_visible()
    await expect(page.locator("[data-act='break']")).to_be_hidden()
    await page.keyboard.press("r")
    await stage.message("ready")
    assert said(stage) == []
