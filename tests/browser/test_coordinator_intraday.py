"""Today against its plan on the coordinator's page: the level to come, suggestions in one click, who is where."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from playwright.async_api import expect

from tests.browser import views
from tests.browser.board import board, floor, intraday
from tests.browser.conftest import OpenPage
from tests.browser.looks import look, settled
from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HOUR_MS = 3_600_000
# Runs in the page before its own scripts: the timers that wait for an answer which is being reckoned.
COUNT_SOON = """
window.soon = new Set();
const [wait, forget] = [window.setTimeout.bind(window), window.clearTimeout.bind(window)];
window.setTimeout = (then, ms) => {
  const timer = wait(() => (soon.delete(timer), then()), ms);
  if (ms === 3000) soon.add(timer);
  return timer;
};
window.clearTimeout = (timer) => (soon.delete(timer), forget(timer));
"""


def level(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean - 0.02, "high": mean + 0.02}


def plan(**more: Any) -> dict[str, Any]:
    """Return a day from nine to nine that goes on longer than it is planned for."""
    noon = views.now_ms() // HOUR_MS * HOUR_MS
    said = [2.5 if 9 <= hour < 21 else 0.0 for hour in range(24)]
    moved = {"shift": "s-1", "agent": "a-1", "old": [noon, noon + 900_000], "new": [noon + 900_000, noon + 1_800_000]}
    none: dict[str, Any] = {"shift": "", "agent": "", "old": [0, 0], "calls": 0}
    fields: dict[str, Any] = {
        "said": said,
        "now": [each * 1.2 for each in said],
        "low": [1 if each else 0 for each in said],
        "high": [5 if each else 0 for each in said],
        "came": [0] * 9 + [4, 6, 2],
        "required": [3] * 96,
        "level": level(0.912),
        "goal": 0.95,
        "advice": [
            {**none, "kind": "reserve", "level": level(0.957), "new": [noon + HOUR_MS, noon + 4 * HOUR_MS]},
            {**none, "kind": "break", "level": level(0.931), "calls": 0, **moved},
            {**none, "kind": "text", "level": level(0.925), "new": [noon, noon + HOUR_MS], "calls": 3.2},
        ],
    }
    return {**fields, **more}


def person(agent: str, now: str, adherence: float, conformance: float) -> dict[str, Any]:
    return {"agent": agent, "now": now, "adherence": adherence, "conformance": conformance, "off_min": 0, "seen_min": 0}


async def test_today_is_held_against_its_plan_and_a_break_is_moved_by_one_click(
    open_page: OpenPage, stage: Stage
) -> None:
    people = [person("a-2", "late", 0.8, 0.75), person("a-1", "as_planned", -1, -1)]
    today = intraday(trouble="", at_ms=views.now_ms(), plan=plan(), scheduled=[2] * 96, people=people, **floor())
    stage.answers["GET intraday"] = (200, today)
    await stage.show(views.wall())
    page = await board(open_page, stage)
    card = page.locator(".intraday")
    await expect(card).to_contain_text("照现在这样，今天约 91% 及时接起（89–93）。低于目标 95%。")
    await expect(card).to_contain_text("现在要 3 人，排了 2 人")
    calls = card.get_by_role("img", name="每小时来电。今天预计约 36 通，已来 12 通。")
    await expect(calls).to_be_visible()
    rows = card.locator(".intraday-advice li")
    await expect(rows).to_have_count(3)
    await expect(rows.nth(0)).to_contain_text("今天会有约 95%（93–97）。")
    await expect(rows.nth(2)).to_contain_text("约 3 通来电")
    await card.get_by_text("谁和班表不一样").press("Enter")
    await expect(card.locator("tbody tr").filter(has_text="该在还没来")).to_contain_text("80%75%")
    await look(page, "coordinator-zh-CN-intraday", themes=True)

    stage.answers["POST intraday/break"] = (409, {"error": "no_such_break"})
    move = rows.nth(1).get_by_role("button")
    await expect(rows.nth(1)).to_contain_text("林晓")
    await move.press("Enter")
    await expect(card.get_by_role("alert")).to_contain_text("休息已经开始")
    stage.answers["POST intraday/break"] = (201, {"version": 4})
    await expect(move).not_to_have_attribute("aria-disabled", "true")
    await move.press("Enter")
    await expect(rows.nth(1).get_by_role("button")).to_have_text("已挪")
    wished = today["plan"]["advice"][1]
    wish = {name: wished[name] for name in ("shift", "old", "new")}
    assert [asked for _, path, asked in stage.requests if path == "intraday/break"] == [wish, wish]


async def test_what_is_being_reckoned_is_asked_for_by_one_timer_however_often_it_was_looked_at(
    open_page: OpenPage, stage: Stage
) -> None:
    stage.answers["GET intraday"] = (200, intraday(pending=True))
    stage.answers["GET queues"] = (200, views.queues(views.queue("rail"), views.queue("bus")))
    page = await board(open_page, stage, script=COUNT_SOON)
    choice = page.locator("#intraday-queue")
    for queue in ("rail", "bus", "rail", "bus"):
        async with page.expect_response(f"**/api/intraday?queue={queue}"):
            await choice.select_option(queue)
    await settled(page)
    assert await page.evaluate("soon.size") == 1


async def test_before_there_is_a_past_it_says_so(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["GET intraday"] = (200, intraday())
    await stage.show(views.wall())
    page = await board(open_page, stage)
    card = page.locator(".intraday")
    await expect(card).to_contain_text("还没有来电可以参考，过几天就有了。")
    await expect(card.locator(".intraday-who")).to_be_hidden()
    quiet = plan(level={"mean": -1, "low": -1, "high": -1}, advice=[])
    stage.answers["GET intraday"] = (200, intraday(trouble="", plan=quiet))
    await page.reload()
    await expect(card).to_contain_text("今天估计没有来电了。")
    await expect(card.get_by_role("heading", name="今天可以做的")).to_be_hidden()


async def test_the_day_is_seen_in_charts_each_with_its_table(open_page: OpenPage, stage: Stage) -> None:
    today = intraday(trouble="", at_ms=views.now_ms(), plan=plan(), scheduled=[2] * 96, **floor())
    stage.answers["GET intraday"] = (200, today)
    wall = views.wall()
    signed = (7_260_000, 0, 18_000_000, 600_000, 60_000, 0)
    agents = [msgspec.structs.replace(one, day_signing_ms=ms) for one, ms in zip(wall.agents, signed, strict=True)]
    await stage.show(msgspec.structs.replace(wall, agents=tuple(agents), day_limit_ms=18_000_000))
    page = await board(open_page, stage)
    charts = page.locator(".floor-charts > section")
    await expect(charts).to_have_count(6)
    tables = {
        "每小时来电": ["10:00–11:00", "3.0", "1–5", "6"],
        "需要、排班、在岗": ["09:15–09:30", "3", "2", "1", "1.7"],
        "服务水平": ["11:00–12:00", "6", "3", "50%"],
        "等待": ["11:00–12:00", "5", "31 秒"],
        "占用率": ["10:00–11:00", "91%"],
        "每人的手语时间": ["陈宇", "300 分钟", "0 分钟"],
    }
    for title, row in tables.items():
        chart = page.locator("section.chart-card", has=page.get_by_role("heading", name=title, exact=True))
        await expect(chart.get_by_role("img")).to_be_visible()
        turn = chart.get_by_role("button", name=f"看表格：{title}")
        await turn.press("Enter")
        await expect(chart.get_by_role("img")).to_be_hidden()
        await expect(chart.locator("tbody tr", has_text=row[0])).to_have_text("".join(row))
        await chart.get_by_role("button", name=f"看图：{title}").press("Enter")
        await expect(chart.get_by_role("img")).to_be_visible()
    people = page.locator(".floor-signing")
    await people.get_by_role("button").press("Enter")
    names = await people.locator("tbody th").all_text_contents()
    assert names == ["陈宇", "林晓", "刘洋", "王静", "赵敏"], "by name, whatever anybody signed"
    await expect(people).to_contain_text("不是用来比较人的")


async def test_before_anybody_called_each_chart_says_so_and_a_queue_is_chosen(
    open_page: OpenPage, stage: Stage
) -> None:
    rail = views.queue("rail", title={"zh-CN": "高铁", "en": "Trains", "zh-HK": ""})
    stage.answers["GET queues"] = (200, views.queues(rail))
    stage.answers["GET intraday"] = (503, {"error": "store_unavailable"})
    await stage.show(views.empty_wall())
    page = await board(open_page, stage)
    card = page.locator(".intraday")
    await expect(card).to_contain_text("没有读到，会自己再试。")
    stage.answers["GET intraday"] = (200, intraday(trouble="nobody_able"))
    choice = card.get_by_label("队列")
    async with page.expect_request("**/api/intraday?queue=rail"):
        await choice.select_option("rail")
    await expect(card).to_contain_text("没有人会这个队列要的技能")
    said = ["还没有预测", "今天还没有结束的来电", "今天还没有接起的来电", "今天还没有人在岗"]
    for text in said:
        await expect(card.locator(".floor-charts")).to_contain_text(text)
    await expect(card.locator(".floor-charts").get_by_role("button")).to_have_count(1)  # the roster is always known
    await look(page, "coordinator-zh-CN-intraday-queue")
