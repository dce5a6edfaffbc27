"""The coordinator's page of queues: what a queue would be is said first, and each has its own hours."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from playwright.async_api import Page, expect

from signaling import messages
from tests.browser import views
from tests.browser.board import board
from tests.browser.conftest import OpenPage
from tests.browser.looks import look
from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

RAIL = views.queue(
    "rail",
    title={"zh-CN": "铁路", "zh-HK": "鐵路", "en": "Rail"},
    needs=["csl:2"],
    languages=["en"],
    targets={"normal": {"share_percent": 80, "within_s": 60}},
    able=2,
    on_now=1,
)


async def open_queues(open_page: OpenPage, stage: Stage) -> Page:
    stage.answers["GET queues"] = (200, views.queues(RAIL))
    page = await board(open_page, stage, "hours")
    await page.locator(".queue-grid").wait_for()
    return page


def sent(stage: Stage, name: str) -> list[dict[str, Any]]:
    return [body for method, path, body in stage.requests if (method, path) == ("PUT", f"queues/{name}")]


async def test_a_queue_says_whom_it_asks_and_a_change_is_told_before_it_is_saved(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await open_queues(open_page, stage)
    effect = page.locator(".queue-effect")
    await expect(effect).to_contain_text("所有客服都可以接。")
    await page.get_by_role("button", name="铁路").press("Enter")
    await expect(effect).to_contain_text("只给这样的客服：中国手语（2级）、会写英文。")
    await expect(effect).to_contain_text("6 位客服中 2 位能接，现在上班 1 位。")
    await expect(page.get_by_label("普通：每 100 个来电")).to_have_value("80")
    await expect(page.get_by_label("急事：每 100 个来电")).to_have_attribute("placeholder", "95")
    await look(page, "coordinator-zh-CN-60-queues")
    would = RAIL | {"able": 0, "on_now": 0, "needs": ["csl:3"]}
    stage.answers["PUT queues/rail"] = (200, would)
    await page.get_by_label("中国手语：水平（客服至少要会）").select_option("熟练")
    await expect(effect).to_contain_text("没有人能接：这个队列对谁都不开。")
    await expect(page.get_by_text("队列有改动，未保存。")).to_be_visible()
    (looked,) = sent(stage, "rail")
    assert (looked["apply"], looked["needs"], looked["languages"]) == (False, ["csl:3"], ["en"])
    assert looked["targets"] == {"normal": {"share_percent": 80, "within_s": 60}}
    await page.get_by_label("急事：秒").fill("10")
    await page.get_by_role("button", name="保存队列").click()
    await expect(page.get_by_text("已保存：铁路。")).to_be_visible()
    (saved,) = (body for body in sent(stage, "rail") if "apply" not in body)
    assert saved["targets"]["urgent"] == {"share_percent": 95, "within_s": 10}, "the other half is the house's"


async def test_a_new_queue_needs_a_name_and_what_is_written_stays_until_it_is_undone(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await open_queues(open_page, stage)
    await page.get_by_role("button", name="新队列").click()
    await expect(page.get_by_role("heading", name="服务时间", exact=True)).to_be_hidden()
    stage.answers["PUT queues/new"] = (200, views.queue("new", needs=["csl"]))
    await page.get_by_role("checkbox", name="中国手语", exact=True).check()
    await page.get_by_role("button", name="添加队列").click()
    name = page.get_by_label("链接里的名称")
    await expect(name).to_be_focused()
    await stage.until(lambda: sent(stage, "new"))  # what it would do is asked for all the same
    await expect(page.locator(".queue-effect li").first).to_be_visible()
    await expect(name).to_have_attribute("aria-invalid", "true")
    stage.answers["PUT queues/Hotel"] = (400, {"error": "bad_queue_name"})
    await name.fill("Hotel")
    await expect(page.locator(".queue-side").get_by_role("alert")).to_contain_text("名称只用小写字母")
    await page.get_by_role("button", name="主队列").click()
    await page.get_by_role("button", name="新队列").click()
    await expect(name).to_have_value("Hotel")
    stage.answers["PUT queues/hotel"] = (200, views.queue("hotel", needs=["csl"]))
    await name.fill("hotel")
    await page.get_by_role("button", name="添加队列").click()
    await expect(page.get_by_text("已保存：hotel。")).to_be_visible()
    await expect(page.get_by_role("heading", name="服务时间", exact=True)).to_be_visible()
    assert sent(stage, "hotel")[-1]["new"] is True
    assert sent(stage, "hotel")[-1]["needs"] == ["csl"], "the least level needs no word"
    await page.get_by_role("checkbox", name="中国手语", exact=True).uncheck()
    await page.locator(".queue-side").get_by_role("button", name="不保存，恢复原样").click()
    await expect(page.get_by_role("checkbox", name="中国手语", exact=True)).to_be_checked()


async def test_each_queue_has_hours_of_its_own_or_those_of_the_main_one(open_page: OpenPage, stage: Stage) -> None:
    page = await open_queues(open_page, stage)
    await page.locator(".hours-grid").wait_for()
    stage.answers["GET hours"] = (200, views.hours(week=[[]] * 7, exceptions=[], set=False))
    await page.get_by_role("button", name="铁路").click()
    await expect(page.get_by_text("跟主队列的时间一样。")).to_be_visible()
    stage.answers["PUT hours"] = (200, views.hours(exceptions=[]))
    await page.get_by_role("checkbox", name="这个队列有自己的时间").check()
    await page.get_by_role("button", name="保存", exact=True).click()
    await expect(page.get_by_text("已保存。")).to_be_visible()
    await expect(page.get_by_label("星期一，第 1 段，到")).to_have_value("18:00")


async def test_a_queue_is_deleted_by_a_second_step_that_says_what_it_does(open_page: OpenPage, stage: Stage) -> None:
    page = await open_queues(open_page, stage)
    await expect(page.get_by_role("button", name="删除这个队列")).to_have_count(0)
    await page.get_by_role("button", name="铁路").click()
    await page.get_by_role("button", name="删除这个队列").press("Enter")
    await expect(page.get_by_text("写着它的链接改进主队列。")).to_be_visible()
    stage.answers["DELETE queues/rail"] = (204, None)
    await page.get_by_role("button", name="确定删除").click()
    await expect(page.get_by_text("已删除：铁路。")).to_be_visible()
    await expect(page.get_by_role("button", name="铁路")).to_have_count(0)


async def test_the_wall_shows_each_class_against_its_target(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["GET queues"] = (200, views.queues(RAIL))
    page = await board(open_page, stage)
    await stage.until(lambda: stage.sockets)
    fixed: dict[str, Any] = {"queue": "main", "call_class": "normal", "goal_percent": 95, "target_s": 20}
    normal = messages.ClassToday(**fixed, offered=40, within=39)
    await stage.show(msgspec.structs.replace(views.wall(), classes_today=(normal,)))
    await page.locator(".tile").first.wait_for()
    card = page.locator(".now-targets")
    await expect(card).to_be_hidden()
    rail = messages.ClassToday(queue="rail", call_class="urgent", offered=2, within=1, goal_percent=100, target_s=10)
    await stage.show(msgspec.structs.replace(views.wall(), classes_today=(normal, rail)))
    rows = card.locator("tbody tr")
    await expect(rows).to_have_text(
        ["主队列普通97%40 个里 39 个在 20 秒内20 秒内 95%", "铁路急事50%2 个里 1 个在 10 秒内10 秒内 100%"]
    )
    await expect(rows.nth(0).locator(".pill-good")).to_be_visible()
    await expect(rows.nth(1).locator(".pill-attention")).to_be_visible()
    await look(page, "coordinator-zh-CN-61-targets")
