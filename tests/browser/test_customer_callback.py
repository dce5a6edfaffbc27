"""Booking a callback: choose, move, cancel, be told what became of it; at its time the call begins by itself."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import DESK, OpenPage
from tests.browser.looks import look
from tests.browser.stage import Stage
from tests.browser.steps import screen
from tests.browser.views import agent
from tests.catalogues import catalogue
from video_service.consent import CONSENT_VERSION

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SLOT_MS = 1_800_000


def booking(start_ms: int, state: str = "booked") -> dict[str, Any]:
    return {"booked": {"start_ms": start_ms, "end_ms": start_ms + SLOT_MS, "state": state}}


def tomorrow_ms() -> int:
    return round(time.time() * 1_000) // SLOT_MS * SLOT_MS + 86_400_000


async def test_a_time_is_chosen_moved_and_cancelled(open_page: OpenPage, stage: Stage) -> None:
    first_ms = tomorrow_ms()
    stage.service |= {"callbacks": {"booked": None}}
    stage.answers["POST callback/slots"] = (200, {"slots": [first_ms, first_ms + SLOT_MS], "slot_min": 30})
    stage.answers["PUT callback"] = (201, {})
    stage.answers["DELETE callback"] = (204, None)
    page = await open_page("/customer/")
    await page.get_by_role("button", name="预约视频通话").click()
    await page.get_by_label("什么时候？").select_option(str(first_ms + SLOT_MS))
    await look(page, "customer-callback-choose", themes=True)
    stage.service |= {"callbacks": booking(first_ms + SLOT_MS)}
    await page.get_by_role("button", name="预约", exact=True).click()
    await expect(page.get_by_role("button", name="换个时间")).to_be_visible()
    (wish,) = [body for method, path, body in stage.requests if (method, path) == ("PUT", "callback")]
    assert wish == {
        "start_ms": first_ms + SLOT_MS,
        "consent": CONSENT_VERSION,
        "locale": "zh-CN",
        "sign_language": "",
    }
    await expect(page.get_by_text("到时请打开这个页面")).to_be_visible()
    await look(page, "customer-callback-booked", themes=True)
    stage.service |= {"callbacks": {"booked": None}}
    await page.get_by_role("button", name="取消预约").click()
    await expect(page.get_by_role("button", name="预约视频通话")).to_be_visible()
    assert ("DELETE", "callback", None) in stage.requests


async def test_a_time_that_is_taken_meanwhile_is_said(open_page: OpenPage, stage: Stage) -> None:
    stage.service |= {"callbacks": {"booked": None}}
    stage.answers["POST callback/slots"] = (200, {"slots": [tomorrow_ms()], "slot_min": 30})
    stage.answers["PUT callback"] = (409, {"error": "slot_taken"})
    page = await open_page("/customer/")
    await page.get_by_role("button", name="预约视频通话").click()
    await page.get_by_role("button", name="预约", exact=True).click()
    await expect(page.get_by_role("alert").filter(has_text="刚刚约满")).to_be_visible()


@pytest.mark.parametrize(("state", "words"), [("missed", "没有等到您"), ("unserved", "没有人能接")])
async def test_what_became_of_it_is_said_and_another_time_offered(
    open_page: OpenPage, stage: Stage, state: str, words: str
) -> None:
    stage.service |= {"callbacks": booking(tomorrow_ms() - 2 * 86_400_000, state)}
    stage.answers["POST callback/slots"] = (200, {"slots": [], "slot_min": 30})
    page = await open_page("/customer/")
    await expect(page.get_by_text(words)).to_be_visible()
    await page.get_by_role("button", name="预约视频通话").click()
    await expect(page.get_by_text("没有空的时间")).to_be_visible()


async def test_at_its_time_the_call_begins_by_itself(open_page: OpenPage, stage: Stage) -> None:
    stage.service |= {"callbacks": booking(round(time.time() * 1_000) - 60_000)}
    page = await open_page("/customer/")
    joined = await stage.message("join")
    assert joined["consent"] == CONSENT_VERSION
    await screen(page, "home")


async def test_an_agent_sees_when_and_how_they_sign(open_page: OpenPage, stage: Stage) -> None:
    shown = {"callback": "b-1", "end_ms": 0, "needs": [], "locale": "zh-CN"}
    stage.me = {"name": "Lin", "sign_in_name": "lin", "role": "agent"}
    stage.answers["GET callbacks"] = (
        200,
        {
            "callbacks": [
                {**shown, "start_ms": tomorrow_ms(), "sign_language": "csl", "covered": True},
                {**shown, "start_ms": tomorrow_ms() + SLOT_MS, "sign_language": "", "covered": False},
            ]
        },
    )
    stage.views["agent"] = agent("available")
    page = await open_page("/agent/", size=DESK, camera="agent")
    await page.get_by_text("预约的通话").click()
    rows = page.locator(".booked-calls li")
    await expect(rows).to_have_count(2)
    await expect(rows.nth(0)).to_contain_text(catalogue("zh-CN")["sign.csl"])
    await expect(rows.nth(1)).to_contain_text("接不了")
    await look(page, "agent-booked-calls")
