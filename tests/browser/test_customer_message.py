"""A closed line is said before the camera opens, and a message in writing is the way round it."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect

from tests.browser import views
from tests.browser.conftest import OpenPage
from tests.browser.looks import look
from tests.browser.stage import Stage
from tests.browser.steps import queue, screen
from video_service.consent import CONSENT_VERSION

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ZONE = "Asia/Shanghai"
NOON_MS = round(datetime(2027, 3, 10, 12, tzinfo=ZoneInfo(ZONE)).timestamp() * 1000)
CLOSED: dict[str, Any] = {"open": False, "agents_on": 0, "hours": None}


def hours(*, next_open_ms: int = 0, open_now: bool = False, today: Any = (("09:00", "18:00"),)) -> dict[str, Any]:
    return {"zone": ZONE, "today": list(today), "open_now": open_now, "next_open_ms": next_open_ms}


async def write(page: Page, text: str, contact: str = "") -> None:
    """Fill the form and send it."""
    await page.get_by_label("您想说什么").fill(text)
    await page.get_by_label("怎么联系您（可以不写）").fill(contact)
    await page.get_by_role("button", name="发送").click()


def sent(stage: Stage) -> list[dict[str, Any]]:
    """Return every message that came, refused ones too."""
    return [body for _, path, body in stage.requests if path == "messages"]


async def test_hours_are_said_by_the_clock_of_the_house(open_page: OpenPage, stage: Stage) -> None:
    # The pages' clock stands, so that no midnight comes between, and no minute between two zones.
    noon = f"Date.now = () => {NOON_MS};"
    tomorrow_ms = NOON_MS + 86_400_000
    stage.service = CLOSED | {"hours": hours(next_open_ms=tomorrow_ms, today=(("09:00", "12:00"), ("13:30", "18:00")))}
    page = await open_page("/customer/", timezone_id=ZONE, script=noon)
    await expect(page.get_by_text("今天 09:00–12:00、13:30–18:00 · 明天 ")).to_be_visible()
    elsewhere = await open_page("/customer/", timezone_id="America/New_York", script=noon)
    await expect(elsewhere.get_by_text("今天 09:00–12:00、13:30–18:00（按中国标准时间）")).to_be_visible()
    stage.service = CLOSED | {"hours": hours(today=())}
    shut = await open_page("/customer/", timezone_id=ZONE, script=noon)
    await expect(shut.get_by_text("今天不开", exact=True)).to_be_visible()


async def test_a_closed_line_offers_a_message_and_no_camera(open_page: OpenPage, stage: Stage) -> None:
    stage.service = CLOSED | {"notice": {"zh-CN": "今天系统维护。", "zh-HK": "", "en": ""}}
    asked = (
        "window.asked = 0; MediaDevices.prototype.getUserMedia = () => { asked += 1; return new Promise(() => {}); };"
    )
    page = await open_page("/customer/", script=asked)
    await expect(page.get_by_role("main")).to_contain_text("今天系统维护。")
    await page.get_by_role("button", name="留言", exact=True).click()
    await screen(page, "message")
    await expect(page.get_by_role("heading", name="留言")).to_be_focused()
    stage.answers["POST messages"] = (201, {"message": "m-1"})
    await write(page, " 行李没到 ", "li@example.org")
    await expect(page.get_by_role("heading", name="收到留言了")).to_be_focused()
    await expect(page.locator("#app").get_by_role("status").filter(visible=True)).to_contain_text("会用您写的方式回复")
    body = {"text": "行李没到", "contact": "li@example.org", "consent": CONSENT_VERSION, "locale": "zh-CN"}
    (left,) = sent(stage)
    assert {**left, "id": ""} == {**body, "id": ""}
    assert re.fullmatch(r"\d+(-\d+){3}", left["id"])
    await page.get_by_role("button", name="再写一条").click()
    await expect(page.get_by_label("您想说什么")).to_be_focused()
    assert await page.get_by_label("您想说什么").input_value() == ""
    assert await page.evaluate("asked") == 0


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (429, "too_many", "试的次数太多"),
        (503, "store_unavailable", "服务暂时存不了数据"),
        (500, "internal", "服务出了点问题"),
    ],
)
async def test_a_message_that_was_refused_says_why_and_stays(
    open_page: OpenPage, stage: Stage, status: int, code: str, sentence: str
) -> None:
    page = await open_page("/customer/")
    await page.get_by_role("button", name="留言", exact=True).click()
    stage.answers["POST messages"] = (status, {"error": code})
    await write(page, "行李没到")
    await expect(page.get_by_role("alert").filter(visible=True)).to_contain_text(sentence)
    assert await page.get_by_label("您想说什么").input_value() == "行李没到"


async def test_before_sending_one_reads_how_long_it_is_kept(open_page: OpenPage, stage: Stage) -> None:
    stage.service |= {"message_retention_days": 30}
    page = await open_page("/customer/")
    await page.get_by_role("button", name="留言", exact=True).click()
    await expect(page.locator(".message-kept")).to_have_text(
        "发送就是同意：留言加密保存，只有值班的人看。30 天后删除。"
    )
    await look(page, "customer-zh-CN-42-message-kept")


async def test_words_stay_until_they_are_sent(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await page.get_by_role("button", name="留言", exact=True).click()
    await page.get_by_role("button", name="发送").click()
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("请先写一句。")
    await expect(page.get_by_label("您想说什么")).to_be_focused()
    await page.context.set_offline(True)
    await write(page, "行李没到", "13800000000")
    await expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("您写的还在这里")
    await page.context.set_offline(False)
    await page.reload()
    await page.get_by_role("button", name="留言", exact=True).click()
    assert await page.get_by_label("您想说什么").input_value() == "行李没到"
    stage.answers["POST messages"] = (201, {"message": "m-1"})
    await page.get_by_role("button", name="发送").click()
    await screen(page, "message")
    await expect(page.get_by_role("heading", name="收到留言了")).to_be_visible()
    await page.get_by_role("button", name="返回").click()
    await screen(page, "home")
    await page.get_by_role("button", name="留言", exact=True).click()
    assert await page.get_by_label("怎么联系您（可以不写）").input_value() == ""


async def test_whoever_writes_in_the_queue_keeps_the_place(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await queue(page, stage, place=3)
    await page.get_by_role("button", name="留言", exact=True).click()
    await screen(page, "message")
    place = page.locator("#app").get_by_role("status").filter(visible=True)
    await expect(place).to_contain_text("您还在排队，第 3 位。")
    await page.get_by_label("您想说什么").fill("行李没到")
    await stage.show(views.customer("waiting", place=2))
    await expect(place).to_contain_text("第 2 位")
    assert await page.get_by_label("您想说什么").input_value() == "行李没到"
    # The turn comes first: the screen changes by itself, and the words wait.
    await stage.show(views.customer("ringing", place=1))
    await screen(page, "waiting")
    await expect(page.locator("#app")).to_have_class(re.compile("calls-you"))
    await page.locator(".own-picture[data-camera='on']").wait_for()
    await stage.show(views.customer("waiting", place=1))
    await screen(page, "waiting")
    await page.get_by_role("button", name="留言", exact=True).click()
    assert await page.get_by_label("您想说什么").input_value() == "行李没到"
    await page.get_by_role("button", name="返回").click()
    await screen(page, "waiting")
    # A socket keeps the order: whatever had been sent before would be here, too.
    await page.get_by_role("button", name="不等了").click()
    await stage.message("hang_up")
    assert len([m for m in stage.heard if m["type"] == "hang_up"]) == 1
    assert sent(stage) == []


async def test_sending_from_the_queue_leaves_it_once_the_words_are_kept(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await queue(page, stage, place=3)
    await page.get_by_role("button", name="留言", exact=True).click()
    await page.get_by_label("您想说什么").fill("行李没到")
    stage.answers["POST messages"] = (503, {"error": "messages_full"})
    await page.get_by_role("button", name="发送，不再排队").click()
    await page.get_by_role("alert").filter(visible=True).wait_for()
    assert not [m for m in stage.heard if m["type"] == "hang_up"], "a refusal costs nobody the place"
    stage.answers["POST messages"] = (201, {"message": "m-1"})
    await page.get_by_role("button", name="发送，不再排队").click()
    await stage.message("hang_up", call=views.CALL)
    await stage.show(views.customer("ended", ended_reason="customer_cancelled"))
    await expect(page.get_by_role("heading", name="收到留言了")).to_be_visible()
    assert len({one["id"] for one in sent(stage)}) == 1
    await page.get_by_role("button", name="返回").click()
    await screen(page, "home")


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
async def test_the_form_and_its_answers_look_right(open_page: OpenPage, stage: Stage, lang: str) -> None:
    first = lang == "zh-CN"
    stage.service = CLOSED | {"hours": hours(next_open_ms=round(time.time() * 1000) + 86_400_000)}
    page = await open_page("/customer/", lang=lang)
    await page.locator(".truth-attention").wait_for()
    await look(page, f"customer-{lang}-30-home-hours", themes=first, again=not first)
    await page.locator(".home-acts .button").last.click()
    await screen(page, "message")
    await look(page, f"customer-{lang}-31-message", themes=first, again=not first)
    stage.answers["POST messages"] = (429, {"error": "too_many"})
    await page.locator("#message-text").fill("行李没到" if first else "My bags did not arrive")
    await page.locator(".message .button-main").click()
    await page.get_by_role("alert").filter(visible=True).wait_for()
    await look(page, f"customer-{lang}-32-message-refused", themes=first, again=not first)
    stage.answers["POST messages"] = (201, {"message": "m-1"})
    await page.locator(".message .button-main").click()
    await page.locator(".notice-good").wait_for()
    await look(page, f"customer-{lang}-33-message-sent", themes=first, again=not first)
