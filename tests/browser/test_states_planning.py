"""Every state of the coordinator's planning, in every language, judged by axe and seen at every size."""

from __future__ import annotations

import msgspec
import pytest
from playwright.async_api import expect

from tests.browser import rosters, views
from tests.browser.board import answer as answer_board
from tests.browser.board import floor, intraday
from tests.browser.conftest import DESK, OpenPage
from tests.browser.looks import look
from tests.browser.stage import Stage
from tests.browser.test_coordinator_intraday import plan
from tests.browser.test_roster_keyboard import answer
from tests.catalogues import catalogue

# A walk through states, each judged at every size, is long on a machine that is slow.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(360)]

LANGUAGES = ("zh-CN", "zh-HK", "en")


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_coordinator_planning(open_page: OpenPage, stage: Stage, lang: str) -> None:
    words = catalogue(lang)
    answer(stage)
    made = rosters.draft(explained=rosters.explained(), notes=["no_calls"])
    stage.answers["GET rosters/r-1"] = (200, made)
    stage.answers["GET intraday"] = (200, intraday(trouble="", plan=plan(), scheduled=[2] * 96, **floor()))
    stage.me = views.ME_COORDINATOR
    answer_board(stage)
    wall = views.wall()
    agents = tuple(msgspec.structs.replace(one, day_signing_ms=7_260_000) for one in wall.agents)
    await stage.show(msgspec.structs.replace(wall, agents=agents, day_limit_ms=18_000_000))
    page = await open_page("/coordinator/", lang=lang, size=DESK, camera="refused", timezone_id="Asia/Shanghai")

    async def seen(name: str) -> None:
        await look(page, f"coordinator-{lang}-planning-{name}", themes=lang == LANGUAGES[0], again=lang != LANGUAGES[0])

    await expect(page.locator(".floor-charts svg[role='img']")).to_have_count(6)
    await seen("01-today")
    for turn in await page.locator(".floor-charts button").all():
        await turn.press("Enter")
    await expect(page.locator(".floor-charts tbody:visible")).to_have_count(6)
    await seen("02-today-tables")
    await page.locator("a.tab[href='#roster']").click()
    for fold in (".roster-ahead", ".roster-pool"):
        await page.locator(f"{fold} > summary").press("Enter")
    await expect(page.locator(".roster-ahead svg[role='img']")).to_have_count(4)
    await expect(page.locator(".roster-pool tbody tr")).to_have_count(3)
    await seen("03-rosters")
    stage.answers["POST plan/outlook"] = (409, {"error": "nobody_able"})
    await page.locator("#roster-queue").select_option("rail")
    await expect(page.get_by_text(words["outlook.trouble.nobody_able"])).to_be_visible()
    await page.locator("a[href='#roster/r-1']").first.press("Enter")
    await page.locator(".plan-why").wait_for()
    await seen("04-draft")
    await page.locator(".roster-day").first.click()
    await page.locator(".roster-bar").first.wait_for()
    await seen("05-day")
