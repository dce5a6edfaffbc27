"""The agent's own shifts on the desk, and the address for the agent's calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser import views
from tests.browser.conftest import OpenPage
from tests.browser.desk import desk
from tests.browser.looks import look
from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PATH = "/api/calendar/kT3xVn0cXq9a1ZrWmB7yDfHsUe5LgJpQoIiKbNt4wYA.ics"


def shifts(*starts_h: float) -> list[dict[str, Any]]:
    """Return shifts of eight hours that begin so many hours from now."""
    now = datetime.fromtimestamp(views.now_ms() / 1000, UTC)
    return [
        {
            "shift": f"s-{number}",
            "start": (now + timedelta(hours=hours)).isoformat(),
            "end": (now + timedelta(hours=hours + 8)).isoformat(),
        }
        for number, hours in enumerate(starts_h)
    ]


def answer(stage: Stage, *starts_h: float, since_ms: int = 0) -> None:
    stage.answers["GET my/shifts"] = (200, {"shifts": shifts(*starts_h), "calendar_since_ms": since_ms})


async def opened(open_page: OpenPage, stage: Stage, lang: str = "zh-CN") -> Page:
    page = await desk(open_page, stage, views.agent("break", media="offer"), lang=lang)
    await page.locator(".my-shifts summary").press("Enter")
    return page


async def test_shifts_ahead_are_listed_with_the_one_that_runs(open_page: OpenPage, stage: Stage) -> None:
    answer(stage, -30, -2, 20, *range(44, 44 + 24 * 9, 24))
    page = await opened(open_page, stage)
    rows = page.locator(".my-shift")
    await expect(rows).to_have_count(8)
    await expect(rows.first).to_contain_text("正在值班")
    await expect(rows.nth(1)).not_to_contain_text("正在值班")


async def test_an_empty_roster_and_a_silent_service_are_said(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["GET my/shifts"] = (503, {"error": "busy"})
    page = await opened(open_page, stage)
    await expect(page.locator(".my-shifts [role=status]")).to_have_text("班次没有读到。请再打开一次。")
    answer(stage)
    await page.locator(".my-shifts summary").press("Enter")
    await page.locator(".my-shifts summary").press("Enter")
    await expect(page.locator(".my-shifts [role=status]")).to_have_text("还没有排班。")


async def test_an_address_is_made_shown_once_and_ended(open_page: OpenPage, stage: Stage) -> None:
    answer(stage, 20)
    stage.answers["POST my/calendar"] = (201, {"path": PATH})
    stage.answers["DELETE my/calendar"] = (200, {})
    page = await opened(open_page, stage)
    await expect(page.locator(".my-shift")).to_have_count(1)  # what was read is drawn, and draws over nothing later
    await page.get_by_role("button", name="连接我的日历").press("Enter")
    address = page.get_by_label("日历地址")
    await expect(address).to_be_focused()
    await expect(address).to_have_value(f"{stage.url}{PATH}")
    link = page.get_by_role("link", name="在日历中打开")
    assert await link.get_attribute("href") == f"webcal://{stage.url.partition('://')[2]}{PATH}"
    assert ("POST", "my/calendar", {"locale": "zh-CN"}) in stage.requests
    await expect(page.get_by_role("button", name="换一个地址")).to_be_visible()
    await look(page, "agent-zh-CN-shifts-address")

    await page.get_by_role("button", name="停止").press("Enter")
    await expect(page.locator(".my-shifts [role=status]")).to_have_text("已停止。旧地址不再有效。")
    await expect(address).to_be_hidden()
    assert await address.input_value() == "", "what is over stays nowhere"
    await expect(page.get_by_role("button", name="连接我的日历")).to_be_focused()


@pytest.mark.parametrize("lang", ["en", "zh-HK"])
async def test_whoever_has_one_sees_since_when(open_page: OpenPage, stage: Stage, lang: str) -> None:
    answer(stage, 20, since_ms=views.now_ms() - 86_400_000)
    page = await opened(open_page, stage, lang)
    stop = {"en": "Stop", "zh-HK": "停止"}[lang]
    await expect(page.get_by_role("button", name=stop, exact=True)).to_be_visible()
    await look(page, f"agent-{lang}-shifts", themes=lang == "en")
    stage.answers["DELETE my/calendar"] = (503, {"error": "busy"})
    await page.get_by_role("button", name=stop, exact=True).press("Enter")
    words = {"en": "That did not work. Please try again.", "zh-HK": "沒有成功。請再試一次。"}[lang]
    await expect(page.locator(".my-shifts [role=status]")).to_have_text(words)
