"""The coordinator's page of opening hours: what would be is said first, faults stand at their row, nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser import views
from tests.browser.board import board
from tests.browser.conftest import OpenPage
from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def open_hours(open_page: OpenPage, stage: Stage, **more: Any) -> Page:
    stage.answers["GET hours"] = (200, views.hours(**more))
    stage.answers["GET queues"] = (200, views.queues())
    page = await board(open_page, stage, "hours")
    await page.locator(".hours-grid").wait_for()
    return page


def sent(stage: Stage) -> list[dict[str, Any]]:
    return [body for method, path, body in stage.requests if (method, path) == ("PUT", "hours")]


async def test_the_hours_stand_in_fields_and_in_words(open_page: OpenPage, stage: Stage) -> None:
    page = await open_hours(
        open_page, stage, week=[*[[["09:00", "24:00"]]] * 5, [["10:00", "12:00"], ["14:00", "16:00"]], []]
    )
    await expect(page.get_by_text("时间按 Asia/Shanghai 的钟。")).to_be_visible()
    await expect(page.get_by_label("星期一，第 1 段，从")).to_have_value("09:00")
    await expect(page.get_by_label("星期一，第 1 段，到")).to_have_value("00:00")
    lines = page.locator(".hours-effect li")
    await expect(lines).to_have_text(
        ["周一至周五 09:00–24:00", "周六 10:00–12:00、14:00–16:00", "周日 不开", "现在开着，到 3月1日周一 18:00。"]
    )
    await expect(page.locator(".hours-dates li .input[type='date']")).to_have_value("2027-01-01")
    await expect(page.get_by_role("button", name="保存", exact=True)).to_have_attribute("aria-disabled", "true")


async def test_a_change_is_told_first_and_saved_by_a_second_step(open_page: OpenPage, stage: Stage) -> None:
    page = await board(open_page, stage)
    await stage.until(lambda: stage.sockets)
    await stage.show(views.wall())
    await page.locator(".tile").first.wait_for()  # the page knows how many wait
    await page.locator("a[href='#hours']").click()
    would = views.hours(week=[*[[["09:00", "20:00"]]] * 5, [], []], open_now=False, closes_ms=0)
    stage.answers["PUT hours"] = (200, would)
    await page.get_by_label("星期一，第 1 段，到").fill("20:00")
    await expect(page.get_by_text("改动还没有保存。")).to_be_visible()
    effect = page.locator(".hours-effect")
    await expect(effect).to_contain_text("周一至周五 09:00–20:00")
    await expect(effect).to_contain_text("现在不开，以后也不开。")
    await expect(effect).to_contain_text("现在有 3 人在等，不受影响。")
    (looked,) = sent(stage)
    assert looked["apply"] is False
    assert looked["week"] == [[["09:00", "20:00"]], *[[["09:00", "18:00"]]] * 4, [], []]
    assert looked["exceptions"] == [{"date": "2027-01-01", "hours": []}]
    await page.get_by_role("button", name="保存", exact=True).press("Enter")
    await expect(page.get_by_text("已保存。")).to_be_visible()
    await expect(page.get_by_text("改动还没有保存。")).to_be_hidden()
    assert sent(stage)[-1] == {name: looked[name] for name in ("week", "exceptions", "set")}


async def test_nothing_is_saved_by_going_away_and_all_can_be_undone(open_page: OpenPage, stage: Stage) -> None:
    page = await open_hours(open_page, stage)
    stage.answers["PUT hours"] = (200, views.hours())
    until = page.get_by_label("星期一，第 1 段，到")
    await until.fill("20:00")
    await page.locator("a[href='#shifts']").click()
    await page.locator("a[href='#hours']").click()
    await expect(until).to_have_value("20:00")
    await page.get_by_role("button", name="不保存，恢复原样").click()
    await expect(until).to_have_value("18:00")
    await expect(page.get_by_text("改动还没有保存。")).to_be_hidden()
    assert all(body["apply"] is False for body in sent(stage))


async def test_who_writes_on_while_it_is_saved_writes_against_what_was_saved(open_page: OpenPage, stage: Stage) -> None:
    page = await open_hours(open_page, stage)
    week = [[["09:00", "20:00"]], *views.hours()["week"][1:]]
    stage.answers["PUT hours"] = (200, views.hours(week=week))
    late: list[Route] = []

    async def hold(route: Route) -> None:
        if "apply" in (route.request.post_data or "") or route.request.method != "PUT":
            await route.continue_()
        else:
            late.append(route)
            stage.note()

    await page.route("**/api/hours?*", hold)
    until = page.get_by_label("星期一，第 1 段，到")
    await until.fill("20:00")
    await page.get_by_role("button", name="保存", exact=True).click()
    await stage.until(lambda: late)
    await until.fill("18:00")
    unsaved = page.get_by_text("改动还没有保存。")
    await expect(unsaved).to_be_hidden()
    await late[0].continue_()
    await expect(unsaved).to_be_visible()
    await expect(until).to_have_value("18:00")


async def test_rows_come_and_go_by_keyboard(open_page: OpenPage, stage: Stage) -> None:
    page = await open_hours(open_page, stage)
    stage.answers["PUT hours"] = (200, views.hours())
    await page.get_by_role("button", name="星期日：加时间").press("Enter")
    await expect(page.get_by_label("星期日，第 1 段，从")).to_be_focused()
    await expect(page.get_by_label("星期日，第 1 段，到")).to_have_value("18:00")
    await page.get_by_role("button", name="星期日：加时间").press("Enter")
    await expect(page.get_by_label("星期日，第 2 段，从")).to_have_value("18:00")
    await page.get_by_role("button", name="删除星期日第 2 段").press("Enter")
    await expect(page.get_by_role("button", name="星期日：加时间")).to_be_focused()
    await page.get_by_role("button", name="星期六：同前一天").press("Enter")
    await expect(page.get_by_label("星期六，第 1 段，到")).to_have_value("18:00")
    await page.get_by_role("button", name="加一天").press("Enter")
    await page.keyboard.press("Tab")
    day = page.locator(".hours-dates > li").last
    await day.locator("input[type='date']").fill("2027-10-01")
    await day.get_by_role("button", name="2027-10-01：加时间").press("Enter")
    await page.get_by_role("button", name="删除 2027-01-01").press("Enter")
    await expect(page.get_by_role("button", name="加一天")).to_be_focused()
    await page.get_by_role("button", name="保存", exact=True).press("Enter")
    await stage.until(lambda: [body for body in sent(stage) if "apply" not in body])
    saved = sent(stage)[-1]
    assert saved["week"][5:] == [[["09:00", "18:00"]]] * 2
    assert saved["exceptions"] == [{"date": "2027-10-01", "hours": [["09:00", "18:00"]]}]


async def test_each_fault_is_said_at_its_row_and_nothing_is_saved(open_page: OpenPage, stage: Stage) -> None:
    page = await open_hours(open_page, stage)
    faults = [
        {"code": "ends_first", "day": 0, "row": 1},
        {"code": "overlaps", "date": "2027-01-01", "row": 2, "other": 1},
        {"code": "date_unreadable"},
        {"code": "too_many_dates"},
    ]
    stage.answers["PUT hours"] = (400, {"error": "bad_hours", "faults": faults})
    await page.get_by_role("button", name="2027-01-01：加时间").click()
    await page.get_by_role("button", name="2027-01-01：加时间").click()
    await page.get_by_role("button", name="加一天").click()
    await page.get_by_label("星期一，第 1 段，到").fill("08:00")
    alert = page.locator(".hours-side").get_by_role("alert")
    await expect(alert).to_have_text("4 处不对。改好才能保存。")
    wrong = page.get_by_label("星期一，第 1 段，从")
    await expect(wrong).to_have_attribute("aria-invalid", "true")
    await expect(wrong).to_have_accessible_description("结束要晚于开始。过半夜请分成两天写。")
    await expect(page.get_by_label("2027-01-01，第 2 段，到")).to_have_accessible_description("和第 1 段重叠。")
    await expect(page.locator(".hours-dates input[type='date']").last).to_have_accessible_description("请选一个日期。")
    await expect(page.get_by_text("特别的日子最多 366 天。")).to_be_visible()
    await page.get_by_role("button", name="保存", exact=True).click()
    await stage.until(lambda: [body for body in sent(stage) if "apply" not in body])
    await expect(alert).to_be_visible()
    await expect(page.get_by_text("已保存。")).to_be_hidden()
    stage.answers["PUT hours"] = (200, views.hours())
    await page.get_by_label("星期一，第 1 段，到").fill("19:00")
    await expect(alert).to_be_hidden()
    await expect(wrong).not_to_have_attribute("aria-invalid", "true")


async def test_the_house_can_do_without_hours(open_page: OpenPage, stage: Stage) -> None:
    page = await open_hours(open_page, stage, week=[[]] * 7, exceptions=[], set=False, open_now=True, closes_ms=0)
    await expect(page.locator(".hours-effect")).to_have_text("有客服上班，就开着。")
    await expect(page.get_by_label("星期一，第 1 段，从")).to_have_count(0)
    stage.answers["PUT hours"] = (200, views.hours(exceptions=[]))
    await page.get_by_role("checkbox", name="使用服务时间").press("Space")
    await expect(page.get_by_label("星期五，第 1 段，从")).to_have_value("09:00")
    await page.get_by_role("button", name="保存", exact=True).click()
    await expect(page.get_by_text("已保存。")).to_be_visible()
    stage.answers["PUT hours"] = (200, views.hours(week=[[]] * 7, exceptions=[], set=False, open_now=True))
    await page.get_by_role("checkbox", name="使用服务时间").press("Space")
    await page.get_by_role("button", name="保存", exact=True).click()
    await expect(page.locator(".hours-effect")).to_have_text("有客服上班，就开着。")
    assert sent(stage)[-1] == {"week": [[]] * 7, "exceptions": [], "set": False}


async def test_a_service_that_is_away_is_said(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["GET hours"] = (503, {"error": "store_unavailable"})
    page = await board(open_page, stage, "hours")
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("服务暂时存不了数据。请等一会儿再试。")
    stage.answers["GET hours"] = (200, views.hours())
    await page.locator("a[href='#shifts']").click()
    await page.locator("a[href='#hours']").click()
    stage.answers["PUT hours"] = (503, {"error": "store_unavailable"})
    await page.get_by_label("星期一，第 1 段，到").fill("20:00")
    await expect(page.locator(".hours-side").get_by_role("alert")).to_have_text("服务暂时存不了数据。请等一会儿再试。")


async def test_the_wall_says_when_it_is_outside_of_the_hours(open_page: OpenPage, stage: Stage) -> None:
    hours = {"zone": "Asia/Shanghai", "today": [], "open_now": False, "next_open_ms": 0}
    stage.service = {"open": False, "agents_on": 2, "hours": hours}
    page = await board(open_page, stage)
    card = page.locator(".now-door")
    await expect(card.get_by_role("status")).to_contain_text("不在服务时间")
    await expect(card).to_contain_text("新客户不能排队。今天要多开，请在“服务时间”里加上今天。")
    stage.answers["POST door"] = (200, views.door(open=False))
    await card.get_by_role("button", name="现在关闭…").click()
    await card.get_by_role("button", name="现在关闭", exact=True).click()
    await expect(card.get_by_role("status")).to_contain_text("已关闭")


async def test_public_holidays_are_chosen_by_place_and_the_next_ones_are_said(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await open_hours(open_page, stage)
    rule = {"region": "CN", "hours": [], "make_up_as": 0}
    days = [
        {"date": "2027-10-01", "kind": "holiday", "name": "国庆节", "hours": []},
        {"date": "2027-10-09", "kind": "make-up", "name": "", "hours": [["09:00", "18:00"]]},
    ]
    stage.answers["PUT hours"] = (200, views.hours(holidays=rule, special_days=days))
    region = page.get_by_label("哪里的假期")
    await expect(page.get_by_label("调休上班日")).to_be_hidden()
    await region.select_option("中国")
    effect = page.locator(".hours-effect")
    await expect(effect).to_contain_text("10月1日周五，国庆节：不开")
    await expect(effect).to_contain_text("10月9日周六，调休上班日：09:00–18:00")
    assert sent(stage)[-1]["holidays"] == rule
    await page.get_by_role("button", name="公共假期当天：加时间").press("Enter")
    await page.get_by_label("调休上班日").select_option("同星期五")
    fault = {"code": "time_unreadable", "holiday": True, "row": 1}
    stage.answers["PUT hours"] = (400, {"error": "bad_hours", "faults": [fault]})
    await page.get_by_label("公共假期当天，第 1 段，到").fill("")
    start = page.get_by_label("公共假期当天，第 1 段，从")
    await expect(start).to_have_attribute("aria-invalid", "true")
    assert sent(stage)[-1]["holidays"] == {"region": "CN", "hours": [["09:00", ""]], "make_up_as": 4}
