"""The wall tells how the day goes: a curve with its table, the roster ahead, urgent people, signing minutes."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from playwright.async_api import Page, expect

from tests.browser import views
from tests.browser.board import QUARTER_MS, board, day
from tests.browser.conftest import OpenPage
from tests.browser.looks import settled
from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def wall(open_page: OpenPage, stage: Stage, **more: Any) -> Page:
    """Open the page on Now, with a wall."""
    page = await board(open_page, stage, **more)
    await stage.until(lambda: stage.sockets)
    await stage.show(views.wall())
    await page.locator(".tile").first.wait_for()
    return page


async def test_the_days_curve_says_its_units_its_target_and_its_source(open_page: OpenPage, stage: Stage) -> None:
    page = await wall(open_page, stage)
    chart = page.locator(".now-level .chart")
    await expect(chart).to_have_attribute("aria-label", re.compile(r"现在 85%，目标 95%"))
    await expect(chart).to_contain_text("今天到此的服务水平（%）")
    await expect(chart).to_contain_text("来电（每 15 分钟）")
    await expect(chart.locator(".chart-goal")).to_have_count(1)
    assert await chart.locator(".chart-within").count() == 12
    assert await chart.locator("rect.chart-late").count() == 3
    assert await chart.locator("rect.chart-left").count() == 3
    await expect(page.locator(".now-level .chart-legend li")).to_have_text(
        ["服务水平", "目标 95%", "20 秒内接通", "晚些接通", "自己离开"]
    )
    await expect(page.locator(".day")).to_contain_text("来源：已经结束的来电")
    await expect(page.locator(".level .pill")).to_have_text("低于目标 95%")


async def test_the_numbers_behind_the_curve_are_a_table_for_the_keyboard(open_page: OpenPage, stage: Stage) -> None:
    page = await wall(open_page, stage)
    turn = page.get_by_role("button", name="看表格", exact=True)
    await turn.focus()
    await page.keyboard.press("Enter")
    rows = page.locator(".day tbody tr")
    await expect(rows).to_have_count(14)
    numbers = await rows.nth(4).locator("td").all_text_contents()
    assert numbers == ["8", "7", "5", "1", "50 秒", "77%"]
    assert await rows.nth(3).locator("td").all_text_contents() == ["0", "0", "0", "0", "—", "90%"]
    await expect(page.locator(".now-level .chart")).to_be_hidden()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("region", name="今天的变化")).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator(".now-level .chart")).to_be_visible()


async def test_a_morning_without_calls_draws_nothing(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["GET day"] = (200, day(()))
    page = await board(open_page, stage)
    await stage.until(lambda: stage.sockets)
    await stage.show(views.empty_wall())
    await expect(page.locator(".day")).to_contain_text("今天还没有结束的来电。")
    await expect(page.locator(".now-level .chart-frame")).to_be_hidden()
    await expect(page.locator(".level .pill")).to_be_hidden()


async def test_the_curve_is_drawn_anew_when_a_call_is_over_or_the_window_changes(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await wall(open_page, stage)
    wide = await page.locator(".now-level .chart").evaluate("(chart) => chart.clientWidth")
    await page.set_viewport_size({"width": 360, "height": 740})
    await expect(page.locator(".now-level .chart")).not_to_have_attribute("width", str(wide))
    stage.answers["GET day"] = (200, day(((9, 0, 0),), goal_percent=80))
    await stage.show(msgspec.structs.replace(views.wall(), offered_today=48, answered_today=45))
    await expect(page.locator(".now-level .chart")).to_have_attribute("aria-label", re.compile("现在 100%，目标 80%"))
    await expect(page.locator(".level .pill")).to_have_text("达到目标 80%")


async def test_the_roster_ahead_stands_beside_who_is_here_and_a_gap_leads_to_the_form(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await wall(open_page, stage)
    rows = page.locator(".ahead-table tbody tr")
    await expect(rows).to_have_count(5)  # they are asked for, and may come after the wall
    found = [await row.locator("td").all_text_contents() for row in await rows.all()]
    assert [here for _, here in found] == ["4", "3", "1", "0", "0"]
    assert [rostered for rostered, _ in found] == ["4", "3（最少时 2）", "1", "0", "0"]
    gaps = page.locator(".ahead-gaps li")
    await expect(gaps).to_have_count(1)
    await expect(gaps).to_contain_text("没人有班次。")
    await expect(page.locator(".now-ahead")).to_contain_text("要几位，看“今天和计划”。")

    ahead = stage.answers["GET day"][1]["ahead"]
    await gaps.get_by_role("link").press("Enter")
    agent = page.get_by_label("客服", exact=True)
    await expect(agent).to_be_focused()

    async def local(ms: int) -> str:
        said: str = await page.evaluate("(ms) => new Date(ms).toTimeString().slice(0, 5)", ms)
        return said

    await expect(page.get_by_label("从", exact=True)).to_have_value(await local(ahead[3]["start_ms"]))
    await expect(page.get_by_label("到", exact=True)).to_have_value(await local(ahead[4]["end_ms"]))


async def test_the_wall_fits_a_tablet_both_ways_and_a_desk(open_page: OpenPage, stage: Stage) -> None:
    page = await wall(open_page, stage)
    for asked in (".now-level .chart", ".now-door", ".now-ahead"):
        await page.locator(asked).wait_for()

    async def places(width: int, height: int) -> list[dict[str, float]]:
        """Return where waiting, talking, the day and the agents stand."""
        await page.set_viewport_size({"width": width, "height": height})
        await settled(page)  # the curve is drawn for its room, once that is known
        found: list[dict[str, float]] = await page.evaluate(
            """() => ["waiting", "active", "level", "agents"].map((name) => {
              const { left, right, top, bottom } = document.querySelector(`.now-${name}`).getBoundingClientRect();
              return { left, right, top, bottom };
            })"""
        )
        assert await page.evaluate("document.documentElement.scrollWidth") == width
        return found

    waiting, active, level, agents = await places(768, 1024)  # who waits beside who talks, both at the first glance
    assert waiting["right"] <= active["left"]
    assert waiting["top"] == active["top"]
    assert max(waiting["bottom"], active["bottom"]) <= 1024
    assert level["top"] >= active["bottom"]
    for width, height in ((1024, 768), (1440, 900)):  # people on the right of the day
        waiting, active, level, agents = await places(width, height)
        assert level["right"] <= waiting["left"]
        assert level["top"] == waiting["top"]
        assert active["top"] >= waiting["bottom"]
        assert waiting["bottom"] <= height
        assert agents["top"] >= level["bottom"]


async def test_urgent_people_stand_on_top_each_with_a_clock(open_page: OpenPage, stage: Stage) -> None:
    page = await wall(open_page, stage)
    now = views.now_ms()
    first = views.wall().waiting[1]
    second = msgspec.structs.replace(first, call="c-9", joined_ms=now - 125_000, state="ringing", agent="a-4")
    open_one = msgspec.structs.replace(views.wall().urgent_matters[0], since_ms=now - 605_000)
    await stage.show(msgspec.structs.replace(views.wall(), waiting=(second, first), urgent_matters=(open_one,)))
    calls = page.locator(".now-urgent .call-row")
    await expect(calls).to_have_count(3)
    await expect(calls.first).to_contain_text("酒店 · 通话已结束 · 林晓 负责")
    await expect(calls.first).to_contain_text("快到时间")
    await expect(calls.first).to_contain_text(re.compile(r"\b1[0-4]:\d\d"))
    await expect(calls.nth(1)).to_contain_text("正在响铃：赵敏")
    await expect(calls.nth(1)).to_contain_text(re.compile(r"\b[2-5]:\d\d"))
    await expect(page.locator(".now-urgent").get_by_role("status")).to_have_text("2 位急事客户在等")
    await expect(page.locator(".now-waiting .call-row")).to_have_count(2)


async def test_minutes_of_signing_stand_at_the_agent_and_go_on_during_a_call(open_page: OpenPage, stage: Stage) -> None:
    page = await wall(open_page, stage)
    view = views.wall()
    signing = msgspec.structs.replace(view.agents[0], signing_ms=721_000)
    await stage.show(msgspec.structs.replace(view, agents=(signing, view.agents[1])))
    tiles = page.locator(".tile")
    await expect(tiles.first).to_contain_text("连续手语 12 分钟")
    await expect(tiles.nth(1)).not_to_contain_text("连续手语")
    minutes = await page.evaluate(
        """async (a) => {
          const { signingMinutes } = await import('/coordinator/day.js');
          return a.map((one) => signingMinutes(...one));
        }""",
        [[{"state": "on_call", "signing_ms": 754_000}, 26_000], [{"state": "rest", "signing_ms": 754_000}, 9e9]],
    )
    assert minutes == [13, 12]


async def test_the_arithmetic_of_the_curve(open_page: OpenPage, stage: Stage) -> None:
    page = await board(open_page, stage)

    async def run(call: str, argument: object) -> Any:
        return await page.evaluate(
            f"async (a) => {{ const m = await import('/coordinator/day.js'); return {call}; }}", argument
        )

    assert await run("a.map((each) => m.levelOf(...each))", [[0, 0], [3, 3], [199, 200], [0, 3]]) == [None, 100, 99, 0]
    assert await run("a.map(m.topOf)", [0, 1, 2, 3, 7, 11, 21, 101]) == [2, 2, 2, 4, 8, 20, 40, 200]
    noon = 1_800_014_400_000
    (first, last) = await run("m.spanOf(...a)", [[{"start_ms": noon + QUARTER_MS}], QUARTER_MS])
    assert ((first - noon) / 3_600_000, (last - noon) / 3_600_000) == (0, 2)
    assert len(await run("m.hoursOf(...a)", [noon, noon + 12 * 3_600_000, 300])) == 5
    rosters: list[tuple[list[str], int]] = [(["a"], 1), (["a"], 0), (["b"], 0), ([], 0), (["b"], 1), ([], 0)]
    ahead = [{"start_ms": n, "end_ms": n + 1, "agents": who, "fewest": least} for n, (who, least) in enumerate(rosters)]
    assert [tuple(gap.values()) for gap in await run("m.gapsOf(a)", ahead)] == [
        (1, 3, False),
        (3, 4, True),
        (5, 6, True),
    ]


async def test_an_address_that_names_no_part_leads_to_now(open_page: OpenPage, stage: Stage) -> None:
    page = await board(open_page, stage, "toString")
    await expect(page.get_by_role("link", name="现在")).to_have_attribute("aria-current", "page")
