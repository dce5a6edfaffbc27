"""The coordinator's roster: a grid and a day edited by keyboard and pointer, undo, the check, publishing seen first."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser import rosters, views
from tests.browser.board import board
from tests.browser.conftest import OpenPage
from tests.browser.looks import look
from tests.browser.rosters import duty
from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def answer(stage: Stage) -> None:
    stage.answers["GET rosters"] = (200, rosters.listed())
    stage.answers["GET rosters/r-1"] = (200, rosters.draft())
    stage.answers["GET rosters/r-1/changes"] = (200, rosters.changes())


async def opened(open_page: OpenPage, stage: Stage, **more: Any) -> tuple[Page, list[list[dict[str, Any]]]]:
    """Open the draft with a service that keeps what it is sent; return the page and each state that was kept."""
    answer(stage)
    kept: list[list[dict[str, Any]]] = []

    async def keep(route: Route) -> None:
        wish = json.loads(route.request.post_data or "")
        assert wish["rev"] == len(kept) + 1, "each change knows the one before"
        kept.append(wish["duties"])
        said = {
            "rev": wish["rev"] + 1,
            "state": "draft",
            "duties": wish["duties"],
            "required": rosters.draft()["required"],
        }
        said |= {"faults": [], "scheduled": rosters.floor(wish["duties"], 14)}
        await route.fulfill(status=200, content_type="application/json", body=json.dumps(said))
        stage.note()

    page = await board(open_page, stage, "roster/r-1", **more)
    await page.route("**/api/rosters/duties", keep)
    await page.locator(".roster-grid").wait_for()
    return page, kept


def cell(page: Page, row: int, column: int) -> Locator:
    return page.locator(f"[data-row='{row}'][data-column='{column}']")


def worked(duties: list[dict[str, Any]], person: str, day: int) -> list[str]:
    wanted = duty(person, day)["day"]
    return [
        f"{one['shift']} {one['start']} {one['minutes']}"
        for one in duties
        if (one["person"], one["day"]) == (person, wanted)
    ]


async def test_the_drafts_are_listed_and_one_is_begun(open_page: OpenPage, stage: Stage) -> None:
    answer(stage)
    page = await board(open_page, stage, "roster")
    rows = page.locator(".shift-row")
    await expect(rows).to_have_count(4)
    await expect(rows.nth(0)).to_contain_text("发布后有改动")
    await expect(rows.nth(2)).to_contain_text("新增 1 个，取消 1 个，不变 31 个")
    await look(page, "coordinator-zh-CN-rosters", themes=True)
    stage.answers["POST rosters"] = (201, rosters.draft())
    await page.get_by_label("第一天").fill("2027-03-01")
    await page.get_by_label("多长").select_option("2")
    await page.get_by_role("button", name="从现有班次开始").press("Enter")
    await page.locator(".roster-grid").wait_for()
    assert ("POST", "rosters", {"first_day": "2027-03-01", "days": 14}) in stage.requests


async def test_a_roster_is_made_watched_and_stopped(open_page: OpenPage, stage: Stage) -> None:
    answer(stage)
    stage.answers["POST plan/roster"] = (409, {"error": "plan_busy"})
    page = await board(open_page, stage, "roster")
    await page.get_by_label("第一天").fill("2027-03-01")
    await page.get_by_label("多长").select_option("2")
    await page.get_by_label("最多找多久").select_option("20")
    await page.get_by_text("全组一起排（4 人）").press("Enter")
    await page.get_by_label("赵敏", exact=True).uncheck()
    await expect(page.get_by_text("只排 4 人中的 3 人")).to_be_visible()
    make = page.get_by_role("button", name="排一份班表")
    await make.press("Enter")
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text(
        "正在排另一份班表，请等一等，或先停下它。"
    )
    wish = {"first_day": "2027-03-01", "days": 14, "queue": "main", "seconds": 20, "people": ["amei", "wang", "chen"]}
    assert ("POST", "plan/roster", wish) in stage.requests
    running = rosters.job(phase="staffing", done=3, of=14)
    stage.answers |= {"POST plan/roster": (202, running), "GET plan/job": (200, running)}
    await make.press("Enter")
    await expect(page.get_by_role("heading", name="正在排 3月1日周一至3月14日周日 的班表")).to_be_visible()
    await expect(page.get_by_text("正在算每个时段要几个人：14 天算了 3 天")).to_be_visible()
    await expect(make).to_have_attribute("aria-disabled", "true")
    stage.answers["GET plan/job"] = (200, rosters.job(cost=1250, bound=1200.0))
    await expect(page.get_by_text("目前最好的：1250 分。任何班表都不会低于 1200 分，最多还能省 4.0%。")).to_be_visible()
    await look(page, "coordinator-zh-CN-roster-making", themes=True)
    # It goes on while nobody looks, and a page that comes new finds it.
    await page.reload()
    await expect(page.get_by_text("目前最好的：1250 分")).to_be_visible()
    stage.answers["POST plan/cancel"] = (200, rosters.job(cost=1250, bound=1200.0, cancel=1))
    stage.answers["GET plan/job"] = (200, rosters.job(cost=1250, bound=1200.0, cancel=1))
    await page.get_by_role("button", name="停下，用目前最好的").press("Enter")
    await expect(page.get_by_role("button", name="正在停下…")).to_have_attribute("aria-disabled", "true")
    assert ("POST", "plan/cancel", {"job": "p-1"}) in stage.requests
    stage.answers["GET plan/job"] = (200, rosters.job("done", cost=1250, bound=1250.0, draft="r-1"))
    await page.get_by_role("link", name="打开草稿").press("Enter")
    await page.locator(".roster-grid").wait_for()


async def test_what_cannot_be_made_is_said(open_page: OpenPage, stage: Stage) -> None:
    answer(stage)
    stage.answers["POST plan/roster"] = (202, rosters.job())
    words = "Shift early must not be followed by nowhere, which is no shift."
    stage.answers["GET plan/job"] = (200, rosters.job("failed", error="planning_roster", words=words))
    page = await board(open_page, stage, "roster")
    make = page.get_by_role("button", name="排一份班表")
    await expect(page.get_by_label("多长")).to_be_visible()
    await make.press("Enter")
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text(f"没有成功。{words}")
    await expect(make).not_to_have_attribute("aria-disabled", "true")


async def test_a_made_roster_says_what_is_short_why_and_what_would_help(open_page: OpenPage, stage: Stage) -> None:
    answer(stage)
    made = rosters.draft(explained=rosters.explained(), notes=["no_calls", "in the solver's own words"])
    stage.answers["GET rosters/r-1"] = (200, made)
    page = await board(open_page, stage, "roster/r-1")
    known = page.locator("section", has=page.get_by_role("heading", name="这份班表是怎么排的"))
    await expect(known).to_contain_text("还没有来电记录")
    await expect(known).not_to_contain_text("solver")
    await expect(known).to_contain_text("最多还能省 4.3%。")
    await expect(known).to_contain_text("总共缺 7 个人时。")
    await expect(known.locator(".plan-truth")).to_contain_text(
        "这样的时间和目标要 7 人。现有 4 人，每周 40 小时，不够。"
    )
    await expect(known.locator(".plan-truth")).to_contain_text(
        "周一到周五 09:00–21:00，周末 不开。这时有 76% 的来电，其余收留言。"
    )
    await expect(known.locator(".plan-lacks li")).to_have_text(
        [
            "3月6日周六 17:00–18:00缺 1 人低于最少人数原因：两天之间的休息、合同工时",
            "3月6日周六 18:00–24:00缺 1 个会 hksl 的人",
        ]
    )
    await expect(known.locator(".plan-way")).to_have_text(["多一位兼职手语客服", "放宽一条规则：两天之间的休息"])
    await expect(known).to_contain_text("周六 13:00–21:00，2 次")
    await expect(known).to_contain_text("林晓，3月1日周一：从这天起一周 45 小时，最多 40 小时")
    await look(page, "coordinator-zh-CN-roster-why", themes=True)


async def test_the_coming_days_are_shown_and_what_would_be_otherwise(open_page: OpenPage, stage: Stage) -> None:
    answer(stage)
    stage.answers["POST plan/outlook"] = (200, {"pending": True, "trouble": "", "outlook": None})
    page = await board(open_page, stage, "roster")
    await page.get_by_role("heading", name="接下来两周").click()
    card = page.locator(".roster-ahead")
    await expect(card.get_by_role("status")).to_have_text("正在推算…")
    stage.answers["POST plan/outlook"] = (200, {"pending": False, "trouble": "", "outlook": rosters.outlook()})
    await expect(card.get_by_role("img")).to_have_count(4)
    await expect(card.get_by_role("img", name="每天来电。14 天预计约 280 通来电。")).to_be_visible()
    days = card.get_by_role("region", name="接下来两周").locator("tbody tr")
    await expect(days.first).to_have_text("3月1日周一20.013–27336.095%4.2 秒41%")
    await expect(card.get_by_role("status")).to_have_text("目标：95% 在 20 秒内接起。")
    await card.get_by_role("button", name="看表格：预计的服务水平").press("Enter")
    await expect(card.get_by_role("region", name="预计的服务水平").locator("tr").nth(1)).to_have_text(
        "3月1日周一95%94–96%"
    )
    await expect(card.locator(".plan-truth")).to_contain_text("要 7 人")
    await look(page, "coordinator-zh-CN-roster-ahead", themes=True)
    first = {"queue": "main", "calls_factor": 1, "length_factor": 1, "share": 0, "people": 0}
    assert ("POST", "plan/outlook", first) in stage.requests
    await card.get_by_label("来电数量").fill("150")
    await card.get_by_label("人数").fill("9")
    changed = {**first, "calls_factor": 1.5, "people": 9}
    await stage.until(lambda: ("POST", "plan/outlook", changed) in stage.requests)
    await expect(card.get_by_text("150%")).to_be_visible()
    stage.answers["POST plan/outlook"] = (200, {"pending": False, "trouble": "planning_no_history", "outlook": None})
    await card.get_by_role("slider", name="目标").fill("90")
    await expect(card.get_by_role("status")).to_have_text("还没有来电可以参考，过几天就有了。")


async def test_a_queue_is_chosen_and_queues_are_pooled(open_page: OpenPage, stage: Stage) -> None:
    answer(stage)
    rail = views.queue("rail", title={"zh-CN": "高铁", "en": "Trains", "zh-HK": ""})
    stage.answers["GET queues"] = (200, views.queues(rail, views.queue("air")))
    stage.answers["POST plan/outlook"] = (409, {"error": "nobody_able"})
    stage.answers["POST plan/pool"] = (200, {"pending": True, "trouble": "", "pool": None})
    page = await board(open_page, stage, "roster")
    await page.get_by_role("heading", name="接下来两周").click()
    await page.get_by_label("队列").select_option("rail")
    ahead = page.locator(".roster-ahead")
    await expect(ahead.get_by_role("status")).to_have_text("小组里没有人会这个队列要的技能，请看“人员”。")
    asked = [body["queue"] for _, path, body in stage.requests if path == "plan/outlook"]
    assert asked[-1] == "rail"
    stage.answers["POST plan/roster"] = (202, rosters.job(queue="rail"))
    stage.answers["GET plan/job"] = (200, rosters.job(queue="rail"))
    await page.get_by_role("button", name="排一份班表").press("Enter")
    await expect(page.get_by_role("heading", name="正在排 3月1日周一至3月14日周日 的班表 · 高铁")).to_be_visible()
    card = page.locator(".roster-pool")
    await card.get_by_role("heading", name="各队分开，还是一起").click()
    await expect(card.get_by_role("status")).to_have_text("正在推算…")
    stage.answers["POST plan/pool"] = (200, {"pending": False, "trouble": "", "pool": rosters.pool()})
    await expect(card.get_by_role("status")).to_have_text("用现有的班表，接下来 14 天。")
    await expect(card).to_contain_text("各队分开：约 86.0% 及时接起（84.8–87.2）。在岗 291 小时。")
    await expect(card).to_contain_text("大家一起：约 95.8% 及时接起（94.6–97.0）。在岗 291 小时。")
    await expect(card.locator("thead th")).to_have_text(["怎么接", "在岗时数", "所有队列", "主队列", "高铁"])
    await expect(card.locator("tbody tr").first).to_have_text(
        "各队分开290.586.0%（84.8–87.2）84.0%（83.0–85.0）87.0%（86.0–88.0）"
    )
    await expect(card).to_contain_text("大家一起：主队列、高铁。6 人，在岗 290.5 小时，忙的时间 44%。")
    await expect(card).to_contain_text("air 没有算进去：还没有来电可以参考。")
    stage.answers["POST plan/pool"] = (409, {"error": "no_planner"})
    await card.get_by_role("button", name="再算一次").press("Enter")
    await expect(card.get_by_role("status")).to_have_text("这台服务器没有装排班程序，请问维护的人。")
    await expect(card.get_by_role("button", name="再算一次")).to_be_focused()


async def test_two_rosters_stand_side_by_side(open_page: OpenPage, stage: Stage) -> None:
    answer(stage)
    facts = ("first_day", "days", "required")
    one = {name: rosters.draft()[name] for name in facts}
    stage.answers["GET rosters/versions/1"] = (200, {**one, "duties": [duty("amei", 0), duty("wang", 0)]})
    late = [duty("amei", 0, "late"), duty("wang", 0), duty("wang", 20)]
    stage.answers["GET rosters/versions/2"] = (200, {**one, "duties": late})
    page = await board(open_page, stage, "roster")
    card = page.locator(".roster-compare")
    await card.get_by_role("button", name="比较").press("Enter")
    await expect(card.get_by_role("status")).to_have_text("有 1 处不同。")
    sums = card.get_by_role("region", name="合计").locator("tbody tr")
    await expect(sums.nth(0)).to_have_text("班次23")
    await expect(sums.filter(has_text="王静")).to_have_text("王静8 小时16 小时")
    await expect(card.get_by_role("region", name="不同的日子").locator("tbody tr")).to_have_text(
        ["3月1日周一林晓09:00–17:0013:00–21:00"]
    )
    await look(page, "coordinator-zh-CN-roster-compare")
    await card.get_by_label("第二份").select_option("versions/1")
    await card.get_by_role("button", name="比较").press("Enter")
    await expect(card.get_by_role("status")).to_have_text("共同的日子里没有不同。")
    await expect(page.get_by_role("link", name="第 2 版的 Excel 表格")).to_have_attribute(
        "href", "/api/rosters/versions/2/roster.xlsx"
    )


async def test_on_paper_a_roster_has_nothing_to_press(open_page: OpenPage, stage: Stage) -> None:
    page, _ = await opened(open_page, stage)
    await expect(page.get_by_role("link", name="Excel 表格")).to_have_attribute("href", "/api/rosters/r-1/roster.xlsx")
    await page.emulate_media(media="print")
    await expect(page.locator(".board-head")).to_be_hidden()
    for name in ("发布…", "看表格"):
        await expect(page.get_by_role("button", name=name)).to_be_hidden()
    await expect(page.get_by_text("方向键移动")).to_be_hidden()
    await expect(page.locator(".roster-grid")).to_be_visible()
    assert len(await page.pdf(format="A4", landscape=True)) > 10_000


async def test_a_roster_is_seen_with_what_is_wrong_and_what_is_missing(open_page: OpenPage, stage: Stage) -> None:
    page, _ = await opened(open_page, stage)
    await expect(page.get_by_role("heading", name="2 处不合规则")).to_be_visible()
    await expect(page.locator(".roster-fault")).to_have_text(
        [
            "林晓，3月3日周三：上班前只休息 10 小时，至少要 11 小时",
            "陈宇，3月1日周一：从这天起一周 42 小时，最多 40 小时",
        ]
    )
    await expect(cell(page, 0, 2)).to_have_attribute(
        "aria-label", "林晓、3月3日周三、early 09:00–17:00、上班前只休息 10 小时，至少要 11 小时"
    )
    await expect(cell(page, 1, 4)).to_contain_text("请假")
    await expect(page.locator(".chart")).to_have_attribute("role", "img")
    await look(page, "coordinator-zh-CN-roster", themes=True)
    await page.get_by_role("button", name="看表格").press("Enter")
    await expect(page.locator("#roster-table tbody tr").first).to_have_text("00:00–09:00000")
    await page.locator(".roster-fault button").first.press("Enter")
    await expect(cell(page, 0, 2)).to_be_focused()


async def test_keys_walk_give_take_copy_and_undo(open_page: OpenPage, stage: Stage) -> None:
    page, kept = await opened(open_page, stage)
    await cell(page, 0, 0).focus()
    for key in ("ArrowRight", "ArrowDown", "End", "Home", "ArrowUp"):
        await page.keyboard.press(key)
    await expect(cell(page, 0, 0)).to_be_focused()
    await page.keyboard.press("2")
    await stage.until(lambda: len(kept) == 1)
    assert worked(kept[0], "amei", 0) == ["late 13:00 480"]
    await expect(cell(page, 0, 0)).to_be_focused()
    await expect(page.get_by_text("已保存，已检查。")).to_be_visible()
    await expect(page.get_by_role("heading", name="都合规则")).to_be_visible()
    await page.keyboard.press("x")
    await stage.until(lambda: len(kept) == 2)
    assert worked(kept[1], "amei", 0) == []
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("v")
    await stage.until(lambda: len(kept) == 3)
    assert worked(kept[2], "wang", 0) == ["late 13:00 480"]
    for _ in range(3):
        await page.keyboard.press("Control+z")
    await stage.until(lambda: kept[-1] == rosters.draft()["duties"])
    await expect(page.get_by_role("button", name="撤销")).to_have_attribute("aria-disabled", "true")
    await page.keyboard.press("Control+Shift+z")
    await stage.until(lambda: worked(kept[-1], "amei", 0) == ["late 13:00 480"])


async def test_a_pointer_drags_a_shift_and_the_palette_gives_one(open_page: OpenPage, stage: Stage) -> None:
    page, kept = await opened(open_page, stage)
    before = rosters.draft()["duties"]
    assert (worked(before, "amei", 0), worked(before, "zhao", 0)) == (["late 13:00 480"], [])
    await cell(page, 0, 0).drag_to(cell(page, 3, 0))
    await stage.until(lambda: kept)
    assert (worked(kept[-1], "amei", 0), worked(kept[-1], "zhao", 0)) == ([], ["late 13:00 480"])
    await cell(page, 0, 0).click()
    await page.get_by_role("button", name="early 09:00–17:00").click()
    await stage.until(lambda: len(kept) == 2)
    assert worked(kept[-1], "amei", 0) == ["early 09:00 480"]


async def test_a_day_is_edited_by_quarter_hours(open_page: OpenPage, stage: Stage) -> None:
    page, kept = await opened(open_page, stage)
    await cell(page, 0, 0).focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="3月1日周一，每一刻钟")).to_be_focused()
    await look(page, "coordinator-zh-CN-roster-day", themes=True)
    bar = page.get_by_role("button", name="林晓、late")
    await bar.focus()
    await page.keyboard.press("ArrowLeft")
    await stage.until(lambda: len(kept) == 1)
    assert worked(kept[-1], "amei", 0) == [" 12:45 480"]
    moved = page.get_by_role("button", name="林晓、自定时间")
    await expect(moved).to_be_focused()
    await page.keyboard.press("Shift+ArrowRight")
    await stage.until(lambda: len(kept) == 2)
    assert worked(kept[-1], "amei", 0) == [" 12:45 495"]
    await page.get_by_label("从", exact=True).fill("13:00")
    await page.get_by_label("到", exact=True).fill("21:00")
    await stage.until(lambda: worked(kept[-1], "amei", 0) == ["late 13:00 480"])
    await expect(page.get_by_text("已保存，已检查。")).to_be_visible()  # nothing is drawn anew from here on
    box = await bar.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    await page.mouse.move(box["x"] + box["width"] / 2, middle)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] / 2 - box["width"] / 8, middle)  # an hour of its eight
    await page.mouse.up()
    await stage.until(lambda: worked(kept[-1], "amei", 0) == [" 12:00 480"])
    await page.get_by_role("button", name="给赵敏加一个班次").press("Enter")
    await stage.until(lambda: worked(kept[-1], "zhao", 0) == ["early 09:00 480"])
    await expect(page.get_by_role("button", name="赵敏、early")).to_be_focused()
    await page.keyboard.press("Delete")
    await stage.until(lambda: worked(kept[-1], "zhao", 0) == [])
    await expect(page.get_by_text("已保存，已检查。")).to_be_visible()
    await expect(page.get_by_role("button", name="给赵敏加一个班次")).to_be_focused()


async def test_what_publishing_changes_is_shown_first(open_page: OpenPage, stage: Stage) -> None:
    page, _ = await opened(open_page, stage)
    await page.get_by_role("button", name="发布…").press("Enter")
    await expect(page.get_by_role("heading", name="发布后会这样变")).to_be_focused()
    panel = page.locator("section", has=page.get_by_role("heading", name="发布后会这样变"))
    await expect(panel.locator("tbody tr")).to_have_text(
        ["3月1日周一林晓09:00–17:0013:00–21:00", "3月1日周一赵敏休息09:00–17:00"]
    )
    await expect(panel).to_contain_text("还有 2 处不合规则。")
    await look(page, "coordinator-zh-CN-roster-publish")
    row = {"person": "zhao", "start": "2027-03-01 09:00", "other": "2027-03-01 10:00"}
    stage.answers["POST rosters/r-1/publish"] = (409, {"error": "roster_overlaps", "rows": [row]})
    await panel.get_by_role("button", name="现在发布").press("Enter")
    await expect(panel.get_by_role("alert")).to_contain_text(
        "赵敏：2027-03-01 09:00 的班次和 2027-03-01 10:00 开始的班次重叠。"
    )
    await panel.get_by_role("button", name="先不发布").press("Enter")
    await expect(page.get_by_role("button", name="发布…")).to_be_focused()
    stage.answers["POST rosters/r-1/publish"] = (201, {"version": 3, "added": 2, "removed": 1, "kept": 30, "late": 0})
    stage.answers["GET rosters/r-1"] = (200, rosters.draft(state="published", rev=1))
    await page.get_by_role("button", name="发布…").press("Enter")
    await expect(panel.get_by_role("button", name="现在发布")).not_to_have_attribute("aria-disabled", "true")
    await panel.get_by_role("button", name="现在发布").press("Enter")
    await expect(page.get_by_text("已发布，是第 3 版。")).to_be_visible()
    assert ("POST", "rosters/r-1/publish", {"token": "t-1"}) in stage.requests


async def test_a_change_that_is_not_kept_is_said_and_nothing_is_published_without_it(
    open_page: OpenPage, stage: Stage
) -> None:
    answer(stage)
    stage.answers["PUT rosters/duties"] = (409, {"error": "roster_changed"})
    page = await board(open_page, stage, "roster/r-1")
    await cell(page, 0, 0).focus()
    await page.keyboard.press("1")
    clash = page.get_by_role("alert").filter(visible=True)
    await expect(clash).to_contain_text("别人刚改了这张班表。您最后的修改还没有保存。")
    await look(page, "coordinator-zh-CN-roster-clash")
    kept = {"rev": 2, "state": "draft", "duties": [], "required": [], "faults": [], "scheduled": [[0] * 96] * 14}
    stage.answers["PUT rosters/duties"] = (200, kept)
    await page.get_by_role("button", name="发布…").press("Enter")
    await expect(page.get_by_role("heading", name="发布后会这样变")).to_be_focused()
    await stage.until(lambda: ("GET", "rosters/r-1/changes", None) in stage.requests)
    asked = [(method, path) for method, path, _ in stage.requests]
    assert asked.index(("GET", "rosters/r-1/changes")) > asked.index(("PUT", "rosters/duties")) + 1
    assert asked.count(("PUT", "rosters/duties")) == 2


async def test_what_somebody_else_changed_meanwhile_is_a_choice_and_loses_nothing(
    open_page: OpenPage, stage: Stage
) -> None:
    answer(stage)
    stage.answers["PUT rosters/duties"] = (409, {"error": "roster_changed"})
    page = await board(open_page, stage, "roster/r-1")
    await cell(page, 0, 0).focus()
    await page.keyboard.press("1")
    stage.answers["GET rosters/r-1"] = (200, rosters.draft(rev=7, duties=[]))
    await page.get_by_role("button", name="看对方的").press("Enter")
    await expect(page.get_by_text("这是对方改的。按“撤销”回到您的。")).to_be_visible()
    await expect(cell(page, 0, 0)).to_have_text("")
    stage.answers["PUT rosters/duties"] = (409, {"error": "roster_changed"})
    await page.get_by_role("button", name="撤销").press("Enter")
    await expect(cell(page, 0, 0)).not_to_have_text("")
    stage.answers["GET rosters/r-1"] = (200, rosters.draft(rev=8, duties=[]))
    kept = {"rev": 9, "state": "draft", "duties": rosters.draft()["duties"], "required": [], "faults": []}
    await expect(page.get_by_role("button", name="用我的")).to_be_visible()
    stage.answers["PUT rosters/duties"] = (200, {**kept, "scheduled": [[0] * 96] * 14})
    await page.get_by_role("button", name="用我的").press("Enter")
    await expect(page.get_by_text("已保存，已检查。")).to_be_visible()
    sent = [body for method, path, body in stage.requests if (method, path) == ("PUT", "rosters/duties")]
    assert [body["rev"] for body in sent] == [1, 7, 8]
    assert sent[-1]["duties"], "what was here went in place of theirs"


async def test_a_campaign_is_entered_and_a_wrong_one_told(open_page: OpenPage, stage: Stage) -> None:
    answer(stage)
    stage.answers["GET plan/campaigns"] = (200, {"campaigns": [], "rev": 0})
    page = await board(open_page, stage, "roster")
    await page.locator(".roster-campaigns summary").press("Enter")
    await expect(page.get_by_text("还没有活动。")).to_be_visible()
    await page.get_by_role("button", name="添加", exact=True).press("Enter")
    told = page.get_by_role("alert").filter(visible=True)
    await expect(told).to_have_text("请写名称，选第一天。")
    await page.get_by_label("名称", exact=True).fill("展会")
    await page.get_by_label("从哪天").fill("2026-05-01")
    stage.answers["PUT plan/campaigns"] = (400, {"error": "bad_campaigns", "row": 1, "fault": "times"})
    await page.get_by_role("button", name="添加", exact=True).press("Enter")
    await expect(told).to_have_text("结束要晚于开始。")
    row = {
        "name": "展会",
        "first": "2026-05-01",
        "last": "2026-05-01",
        "percent": 130,
        "start": "00:00",
        "end": "24:00",
    }
    stage.answers["PUT plan/campaigns"] = (200, {"campaigns": [row], "rev": 1})
    await page.get_by_role("button", name="添加", exact=True).press("Enter")
    await expect(page.get_by_text("来电是平常的 130%")).to_be_visible()
    assert ("PUT", "plan/campaigns", {"campaigns": [row], "rev": 0}) in stage.requests
    await look(page, "coordinator-zh-CN-roster-campaigns")


async def test_what_is_let_go_outside_of_the_grid_moves_nothing_later(open_page: OpenPage, stage: Stage) -> None:
    page, kept = await opened(open_page, stage)
    assert worked(rosters.draft()["duties"], "amei", 0)
    await cell(page, 0, 0).hover()
    await page.mouse.down()
    await page.get_by_role("heading", level=1).filter(visible=True).hover()
    await page.mouse.up()
    await cell(page, 3, 0).click()  # a free day
    await page.get_by_role("button", name="early 09:00–17:00").press("Enter")
    await expect(page.get_by_role("button", name="early 09:00–17:00")).to_be_focused()
    await stage.until(lambda: kept)
    assert worked(kept[0], "amei", 0) == worked(rosters.draft()["duties"], "amei", 0)
    assert worked(kept[0], "zhao", 0) == ["early 09:00 480"]
    await expect(page.get_by_text("已保存，已检查。")).to_be_visible()
    await expect(page.get_by_role("button", name="early 09:00–17:00")).to_be_focused()


async def test_the_teams_rules_are_told_where_they_are_wrong(open_page: OpenPage, stage: Stage) -> None:
    answer(stage)
    stage.answers["GET rosters/team"] = (200, {"text": "[targets]\n", "set": False, "since_ms": 0, "rev": 0})
    stage.answers["PUT rosters/team"] = (400, {"error": "bad_team", "words": "people 1 (amei), off: no day."})
    page = await board(open_page, stage, "roster")
    await page.locator(".roster-team summary").press("Enter")
    rules = page.get_by_label("规则", exact=True)
    await expect(rules).to_have_value("[targets]\n")
    await page.get_by_role("button", name="保存规则").press("Enter")
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("没有保存。people 1 (amei), off: no day.")
    stage.answers["PUT rosters/team"] = (409, {"error": "roster_changed"})
    stage.answers["GET rosters/team"] = (200, {"text": "theirs\n", "set": True, "since_ms": 1, "rev": 4})
    await page.get_by_role("button", name="保存规则").press("Enter")
    await expect(page.get_by_text("别人刚改了团队规则。您写的还没有保存。")).to_be_visible()
    await page.get_by_role("button", name="看对方的").press("Enter")
    await expect(rules).to_have_value("theirs\n")
    await expect(page.get_by_label("您刚才写的")).to_have_value("[targets]\n")
    stage.answers["PUT rosters/team"] = (200, {"people": 2, "unknown": ["x"], "without": [], "rev": 5})
    await page.get_by_role("button", name="保存规则").press("Enter")
    await expect(page.get_by_text("已保存，有 2 人。 没有这些账号：x。")).to_be_visible()
    await look(page, "coordinator-zh-CN-roster-team")
