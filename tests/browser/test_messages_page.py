"""The coordinator's page of messages: who waits longest first, told in full, done and open again by keyboard."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser import views
from tests.browser.board import ASK_AGAIN, IN_HAND, answer, board
from tests.browser.conftest import DESK, OpenPage
from tests.browser.stage import WAIT_S, Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def open_messages(open_page: OpenPage, stage: Stage, **more: Any) -> Page:
    stage.answers["GET messages"] = (200, views.inbox(**more))
    stage.answers["GET messages/count"] = (200, {"open": views.inbox(**more)["open"]})
    page = await board(open_page, stage, "messages")
    await page.get_by_role("heading", name="留言和跟进").wait_for()
    return page


async def test_each_says_how_long_it_waits_in_colour_and_words(open_page: OpenPage, stage: Stage) -> None:
    page = await open_messages(open_page, stage)
    rows = page.locator(".inbox-row")
    await expect(rows).to_have_count(5)
    waits = ["等太久：2 天", "过期 3 小时", "已等 6 小时，请今天回复", "已等 12 分钟"]
    for row, wait in zip(await rows.all(), waits, strict=False):
        await expect(row.locator(".pill")).to_have_text(wait)
    await expect(rows.last.locator(".pill")).to_contain_text("前回复")
    tones = [str(await row.get_attribute("class")).split("tone-")[1] for row in await rows.all()]
    assert tones == ["danger", "danger", "attention", "accent", "accent"]
    await expect(page.locator("a[href='#messages'] .badge")).to_have_text("5")
    await expect(page.locator("a[href='#messages'] .badge")).to_have_attribute("aria-label", "5 条要回复")


async def test_one_is_read_in_full_and_closed_again(open_page: OpenPage, stage: Stage) -> None:
    page = await open_messages(open_page, stage)
    row = page.locator(".inbox-row").first
    await row.press("Enter")
    detail = page.locator(".inbox-detail")
    await expect(detail.get_by_role("heading", name="客户的留言")).to_be_focused()
    await expect(detail.locator(".inbox-text")).to_have_text("航班取消了。\n请问怎么改签？", use_inner_text=True)
    await expect(detail).to_contain_text("lin@example.org")
    await expect(detail).to_contain_text("c-guest1 · 访客")
    await expect(detail).to_contain_text("简体中文")
    await expect(detail.get_by_role("link")).to_have_count(0)
    await detail.get_by_role("button", name="关闭").press("Enter")
    await expect(row).to_be_focused()
    await expect(detail).to_be_hidden()


async def test_a_follow_up_leads_to_its_call_and_names_who_promised(open_page: OpenPage, stage: Stage) -> None:
    page = await open_messages(open_page, stage)
    await page.locator(".inbox-row").nth(1).click()
    detail = page.locator(".inbox-detail")
    await expect(detail.get_by_role("heading", name="客服答应的跟进")).to_be_visible()
    await expect(detail).to_contain_text("王静")
    await expect(detail.get_by_role("link", name="看这次通话")).to_have_attribute("href", "#records/c_77")


async def test_done_goes_on_with_the_next_and_can_be_taken_back(open_page: OpenPage, stage: Stage) -> None:
    page = await open_messages(open_page, stage)
    rows = page.locator(".inbox-row")
    await rows.nth(1).press("Enter")
    stage.answers["POST messages/c_77"] = (200, {"id": "c_77", "state": "done"})
    stage.answers["GET messages/count"] = (200, {"open": 4})  # the page asks now and then, too
    await page.get_by_role("button", name="办好了").press("Enter")
    await expect(rows).to_have_count(4)
    await expect(rows.nth(1)).to_be_focused()
    await expect(page.locator("#announcer")).to_have_text("已标为办好。")
    await expect(page.locator("a[href='#messages'] .badge")).to_have_text("4")
    await expect(page.locator(".inbox-detail")).to_be_hidden()
    done = views.inbox()["messages"][1] | {"state": "done"}
    stage.answers["GET messages"] = (200, {"messages": [done], "more": False, "cursor": "", "open": 4})
    await page.get_by_role("button", name="已办好").press("Enter")
    await expect(rows).to_have_count(1)
    await expect(rows.locator(".pill")).to_have_text("已办好")
    await rows.first.press("Enter")
    await page.get_by_role("button", name="重新打开").press("Enter")
    await expect(page.get_by_text("还没有办好的留言。")).to_be_visible()
    await expect(page.get_by_role("heading", name="留言和跟进")).to_be_focused()
    turned = [(path, body) for method, path, body in stage.requests if method == "POST" and "messages" in path]
    assert turned == [("messages/c_77", {"state": "done"}), ("messages/c_77", {"state": "open"})]


async def test_a_late_answer_takes_nobody_away_from_what_they_look_at(open_page: OpenPage, stage: Stage) -> None:
    page = await open_messages(open_page, stage)
    asked, answered = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await answered.wait()
        await route.continue_()

    async def begin(row: int, entry: str) -> None:
        asked.clear()
        answered.clear()
        stage.answers[f"POST messages/{entry}"] = (200, {"id": entry, "state": "done"})
        await page.locator(".inbox-row").nth(row).click()
        await page.get_by_role("button", name="办好了").click()
        await asyncio.wait_for(asked.wait(), WAIT_S)

    await page.route("**/api/messages/*_*", hold)
    await begin(1, "c_77")
    await page.locator(".inbox-row").first.click()
    title = page.get_by_role("heading", name="客户的留言")
    await expect(title).to_be_focused()
    answered.set()
    await expect(page.locator(".inbox-row")).to_have_count(4)
    await expect(title).to_be_focused()
    await page.unroute_all(behavior="wait")

    await page.route("**/api/messages/m-1", hold)
    await begin(0, "m-1")
    done = views.inbox()["messages"][1] | {"state": "done"}
    stage.answers["GET messages"] = (200, {"messages": [done], "more": False, "cursor": "", "open": 4})
    await page.get_by_role("button", name="已办好").click()
    await page.locator("#announcer").evaluate("(region) => region.replaceChildren()")  # it said the same before
    answered.set()
    await expect(page.locator("#announcer")).to_have_text("已标为办好。")
    await expect(page.locator(".inbox-row")).to_have_count(1)
    await expect(page.locator(".inbox-row .pill")).to_have_text("已办好")


async def test_a_refusal_leaves_all_as_it_was_and_says_why(open_page: OpenPage, stage: Stage) -> None:
    page = await open_messages(open_page, stage)
    await page.locator(".inbox-row").first.press("Enter")
    await page.get_by_role("button", name="办好了").click()
    stage.answers["POST messages/m-1"] = (404, {"error": "unknown_message"})
    await page.get_by_role("button", name="办好了").click()
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("没有这条留言，或已过保存期。")
    await expect(page.locator(".inbox-row")).to_have_count(5)
    await expect(page.get_by_role("button", name="办好了")).to_be_enabled()


async def test_more_is_asked_for_with_the_cursor(open_page: OpenPage, stage: Stage) -> None:
    page = await open_messages(open_page, stage, cursor="1-m-1", open=7)
    rest = [each | {"id": f"{each['id']}x"} for each in views.inbox()["messages"][:2]]
    stage.answers["GET messages"] = (200, {"messages": rest, "more": False, "cursor": "", "open": 7})
    async with page.expect_request("**/api/messages?*cursor*") as asked:
        await page.get_by_role("button", name="再看更多").click()
    assert (await asked.value).url.endswith("/api/messages?state=open&cursor=1-m-1")
    await expect(page.locator(".inbox-row")).to_have_count(7)
    await expect(page.get_by_role("button", name="再看更多")).to_be_hidden()


async def test_a_list_that_changed_meanwhile_says_so(open_page: OpenPage, stage: Stage) -> None:
    stage.me = views.ME_COORDINATOR
    answer(stage)
    page = await open_page("/coordinator/#messages", size=DESK, camera="refused", script=IN_HAND)
    await expect(page.locator(".inbox-row")).to_have_count(5)
    await expect(page.get_by_text("留言有变化。")).to_be_hidden()
    stage.answers["GET messages/count"] = (200, {"open": 6})
    await page.evaluate(ASK_AGAIN)
    await expect(page.get_by_text("留言有变化。")).to_be_visible()
    await expect(page.locator("a[href='#messages'] .badge")).to_have_text("6")
    stage.answers["GET messages"] = (200, views.inbox(open=6))
    await page.get_by_role("button", name="再看一次").click()
    await expect(page.get_by_text("留言有变化。")).to_be_hidden()


async def test_nobody_waits_until_somebody_writes(open_page: OpenPage, stage: Stage) -> None:
    stage.me = views.ME_COORDINATOR
    stage.answers["GET messages"] = (200, views.inbox(messages=[], open=0))
    stage.answers["GET messages/count"] = (200, {"open": 0})
    answer(stage)
    page = await open_page("/coordinator/#messages", size=DESK, camera="refused", script=IN_HAND)
    await expect(page.get_by_text("没有要回复的留言。")).to_be_visible()
    await expect(page.locator("a[href='#messages'] .badge")).to_be_hidden()
    stage.answers["GET messages/count"] = (200, {"open": 1})
    await page.evaluate(ASK_AGAIN)
    await expect(page.get_by_text("留言有变化。")).to_be_visible()


async def test_a_list_that_does_not_come_leaves_no_other_in_its_place(open_page: OpenPage, stage: Stage) -> None:
    page = await open_messages(open_page, stage)
    await expect(page.locator(".inbox-row")).to_have_count(5)
    stage.answers["GET messages"] = (503, {"error": "store_unavailable"})
    await page.get_by_role("button", name="已办好").click()
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("服务暂时存不了数据。请等一会儿再试。")
    await expect(page.locator(".inbox-row")).to_have_count(0)
    stage.answers["GET messages"] = (200, views.inbox())
    await page.get_by_role("button", name="要回复").click()
    await expect(page.locator(".inbox-row")).to_have_count(5)
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_count(0)


async def test_what_no_key_opens_and_what_nobody_wrote_is_said(open_page: OpenPage, stage: Stage) -> None:
    first, second, *_ = views.inbox()["messages"]
    lost = [first | {"text": "", "contact": "", "readable": False}, second | {"text": "", "owner_name": ""}]
    page = await open_messages(open_page, stage, messages=lost, open=2)
    rows = page.locator(".inbox-row")
    await expect(rows.first).to_contain_text("读不出来：缺少数据密钥。")
    await expect(rows.last).to_contain_text("没有写。")
    await rows.last.click()
    await expect(page.locator(".inbox-detail")).to_contain_text("账号已不在")


async def test_a_service_that_is_away_is_said(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["GET messages"] = (503, {"error": "store_unavailable"})
    page = await board(open_page, stage, "messages")
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("服务暂时存不了数据。请等一会儿再试。")
    await expect(page.get_by_text("正在读取…").filter(visible=True)).to_have_count(0)
