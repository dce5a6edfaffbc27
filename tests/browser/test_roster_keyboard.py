"""Planning with nothing but the keyboard: a roster made, watched, changed, looked at by day, compared and published."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser import rosters, views
from tests.browser.board import board
from tests.browser.conftest import OpenPage
from tests.browser.rosters import duty
from tests.browser.stage import Stage
from tests.browser.test_coordinator_keyboard import press, reach

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NARROW = {"width": 768, "height": 1024}


def cell(page: Page, row: int, column: int) -> Locator:
    return page.locator(f"td[data-row='{row}'][data-column='{column}']")


def answer(stage: Stage) -> None:
    """Let there be two drafts, two versions, two queues, and a draft that can be opened."""
    rail = views.queue("rail", title={"zh-CN": "高铁", "en": "Trains", "zh-HK": "高鐵"})
    for request, said in {
        "GET queues": views.queues(rail),
        "GET rosters": rosters.listed(),
        "GET rosters/r-1": rosters.draft(),
        "GET rosters/r-1/changes": rosters.changes(),
        "GET rosters/versions/1": {**rosters.draft(), "duties": [duty("amei", 0)]},
        "GET rosters/versions/2": {**rosters.draft(), "duties": [duty("amei", 0, "late")]},
        "POST plan/outlook": {"pending": False, "trouble": "", "outlook": rosters.outlook()},
        "POST plan/pool": {"pending": False, "trouble": "", "pool": rosters.pool()},
    }.items():
        stage.answers[request] = (200, said)


async def keeping(page: Page) -> list[list[dict[str, Any]]]:
    """Let the page's changes be kept, each in its turn; return them as they come."""
    kept: list[list[dict[str, Any]]] = []

    async def keep(route: Route) -> None:
        wish = json.loads(route.request.post_data or "")
        kept.append(wish["duties"])
        said = {name: rosters.draft()[name] for name in ("required", "state")}
        said |= {"rev": wish["rev"] + 1, "duties": wish["duties"], "faults": []}
        said["scheduled"] = rosters.floor(wish["duties"], 14)
        await route.fulfill(status=200, content_type="application/json", body=json.dumps(said))

    await page.route("**/api/rosters/duties", keep)
    return kept


async def test_a_roster_is_made_changed_and_published(open_page: OpenPage, stage: Stage) -> None:
    answer(stage)
    page = await board(open_page, stage, "roster")
    kept = await keeping(page)
    saved = page.get_by_role("status").filter(has_text="已保存，已检查。")
    await expect(page.get_by_label("队列")).to_be_visible()

    # Whose calls, which days, how long to search; then it is watched, and stopped.
    await reach(page, page.get_by_label("队列"))
    await page.keyboard.press("ArrowDown")
    await reach(page, page.get_by_label("多长"))
    await page.keyboard.press("ArrowUp")
    running = rosters.job(cost=1250, bound=1200.0, queue="rail")
    stage.answers |= {"POST plan/roster": (202, running), "GET plan/job": (200, running)}
    await press(page, "排一份班表")
    await expect(page.get_by_role("heading", name=re.compile("正在排 .* · 高铁"))).to_be_visible()
    wishes = [body for _, path, body in stage.requests if path == "plan/roster"]
    assert [(wish["queue"], wish["days"]) for wish in wishes] == [("rail", 14)]
    stopped = rosters.job("done", cost=1250, bound=1200.0, draft="r-1", queue="rail")
    stage.answers |= {"POST plan/cancel": (200, stopped), "GET plan/job": (200, stopped)}
    await press(page, "停下，用目前最好的")
    await expect(page.get_by_role("link", name="打开草稿")).to_be_visible()

    # What would be: a slider, the numbers behind a chart; and the queues together.
    await reach(page, page.locator(".roster-ahead > summary"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="预计的占用率")).to_be_visible()
    await reach(page, page.get_by_label("来电数量"))
    await page.keyboard.press("ArrowRight")
    await stage.until(lambda: any((body or {}).get("calls_factor") == 1.05 for _, _, body in stage.requests))
    await press(page, "看表格：预计的等待")
    table = page.get_by_role("region", name="预计的等待")
    await reach(page, table)
    await expect(table.locator("tbody tr").first).to_be_visible()
    await reach(page, page.locator(".roster-pool > summary"))
    await page.keyboard.press("Enter")
    await expect(page.locator(".roster-pool tbody tr")).to_have_count(3)

    # Two versions side by side, and back to the draft that was made.
    await press(page, "比较")
    await expect(page.locator(".roster-compare").get_by_role("status")).to_have_text("有 1 处不同。")
    await reach(page, page.get_by_role("link", name="打开草稿"), "Shift+Tab")
    await page.keyboard.press("Enter")
    await page.locator(".roster-grid").wait_for()
    await expect(page.get_by_role("heading", level=1)).to_be_focused()

    # The grid is one stop: from the buttons before it, into it, and out again.
    await reach(page, page.get_by_role("button", name=re.compile("休息$")))
    await page.keyboard.press("Tab")
    await expect(cell(page, 0, 0)).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name=re.compile("看表格"))).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("2")
    await expect(saved).to_be_visible()
    await page.keyboard.press("x")
    await page.keyboard.press("End")
    await page.keyboard.press("v")
    await expect(cell(page, 0, 13)).to_contain_text("late")
    await expect(saved).to_be_visible()
    await page.keyboard.press("Control+z")
    await expect(cell(page, 0, 13)).to_have_text("")
    await page.keyboard.press("Control+y")
    await expect(cell(page, 0, 13)).to_contain_text("late")
    await expect(cell(page, 0, 13)).to_be_focused()

    # A day on top, by the arrow; its shifts by quarter hours; the day after; back to all days.
    await page.keyboard.press("Home")
    await page.keyboard.press("ArrowDown")
    for _ in range(2):
        await page.keyboard.press("ArrowUp")
    await expect(page.get_by_role("button", name="看 3月1日周一 这一天")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="3月1日周一，每一刻钟")).to_be_focused()
    bar = page.get_by_role("button", name="王静、early")
    await reach(page, bar)
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("button", name="王静、自定时间")).to_be_focused()
    await page.keyboard.press("Shift+ArrowLeft")
    await expect(page.get_by_role("button", name="王静、自定时间")).to_contain_text("09:15–17:00")
    await reach(page, page.get_by_role("button", name="后一天"), "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="3月2日周二，每一刻钟")).to_be_visible()
    await reach(page, page.get_by_role("button", name="看全部日期"), "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(cell(page, 0, 1)).to_be_focused()
    await stage.until(lambda: bool(kept))

    # What comes out of it: files, paper; then what publishing changes, and publishing.
    for name in ("下载表格", "Excel 表格", "日历文件"):
        await reach(page, page.get_by_role("link", name=name), "Shift+Tab")
    await reach(page, page.get_by_role("button", name="打印"))
    await reach(page, page.get_by_role("button", name="发布…"), "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="发布后会这样变")).to_be_focused()
    stage.answers["POST rosters/r-1/publish"] = (201, {"version": 3, "added": 2, "removed": 1, "kept": 30, "late": 0})
    now = page.get_by_role("button", name="现在发布", exact=True)
    await expect(now).not_to_have_attribute("aria-disabled", "true")  # once what would change is known
    await press(page, "现在发布")
    await expect(page.get_by_text("已发布，是第 3 版。")).to_be_visible()


async def test_what_the_keys_reach_is_not_under_the_names(open_page: OpenPage, stage: Stage) -> None:
    answer(stage)
    page = await board(open_page, stage, "roster/r-1", size=NARROW)
    await page.locator(".roster-grid").wait_for()
    await cell(page, 0, 0).focus()
    for key in ("End", *["ArrowLeft"] * 9):
        await page.keyboard.press(key)
    await expect(cell(page, 0, 4)).to_be_focused()
    seen = await page.evaluate(
        """() => {
          const left = document.activeElement.getBoundingClientRect().left;
          return left - document.querySelector('tbody .roster-who').getBoundingClientRect().right;
        }"""
    )
    assert seen >= -1, "the focused day is under the name"
    # A day that is wider than the window begins with its first shift.
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name=re.compile("每一刻钟"))).to_be_focused()
    await expect(page.locator(".roster-bar").first).to_be_in_viewport()
