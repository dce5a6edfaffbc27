"""Every state of the coordinator's requests about shifts, in every language, judged by axe and seen at every size."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser import views
from tests.browser.board import answer
from tests.browser.conftest import DESK, OpenPage
from tests.browser.looks import look
from tests.browser.requests import LIN, REST, WANG, candidates, inbox
from tests.browser.stage import Stage
from tests.catalogues import catalogue

# A walk through states, each judged at every size, is long on a machine that is slow.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(360)]

ZONE = "Asia/Shanghai"
LANGUAGES = ("zh-CN", "zh-HK", "en")


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_coordinator_requests(open_page: OpenPage, stage: Stage, lang: str) -> None:
    words = catalogue(lang)
    stage.me = {**views.ME_COORDINATOR, "role": "coordinator"}
    stage.answers["GET requests"] = (503, {"error": "busy"})
    answer(stage)
    page = await open_page(
        "/coordinator/#requests", lang=lang, size=DESK, camera="refused", timezone_id="Asia/Shanghai"
    )

    async def seen(name: str) -> None:
        await look(page, f"coordinator-{lang}-requests-{name}", themes=lang == LANGUAGES[0], again=lang != LANGUAGES[0])

    async def press(key: str) -> None:
        await page.get_by_role("button", name=words[key], exact=True).first.press("Enter")

    await expect(page.get_by_text(words["requests.not_read"])).to_be_visible()
    await seen("01-not-read")
    inbox(stage, [], days=[], past=[])
    await press("inbox.again")
    await expect(page.get_by_text(words["requests.none"])).to_be_visible()
    await seen("02-none")
    inbox(stage)
    await press("inbox.again")
    await page.locator(".request-card").first.wait_for()
    for fold in await page.locator(".request-fold > summary").all():
        await fold.press("Enter")
    await seen("03-list")
    await press("requests.decline")
    await page.locator(".request-ask").wait_for()
    await seen("04-why")
    await press("requests.back")
    rows = [{**REST, "person": WANG, "day": "2055-03-01"}]
    lacks = [{"person": LIN, "what": ["csl:2", "writes_en"]}]
    stage.answers["POST requests/q-1"] = (409, {"error": "rules_broken", "rows": rows, "lacks": lacks})
    await press("requests.grant")
    await page.locator(".request-card [role=alert]").first.wait_for()
    await seen("05-anyway")
    candidates(stage)
    await press("requests.who")
    await page.locator(".request-person").first.wait_for()
    await seen("06-people")
    await press("requests.away_title")
    stage.answers["POST requests/away"] = (400, {"error": "bad_shift_request", "rule": "not_an_agent"})
    await press("requests.away")
    await page.locator("form [role=alert]").first.wait_for()
    await seen("07-away")
    await press("requests.open_title")
    await seen("08-open")
    stage.answers["POST requests/q-2"] = (409, {"error": "request_changed"})
    await page.locator("[data-request='q-2'] .button-main").press("Enter")
    await expect(page.get_by_text(words["requests.refused.request_changed"])).to_be_visible()
    await seen("09-stale")
