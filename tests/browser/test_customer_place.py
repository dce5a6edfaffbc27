"""Keeping the place in the queue: one tap, until when, and the way back to it by the link."""

from __future__ import annotations

import time

import pytest
from playwright.async_api import expect

from tests.browser import views
from tests.browser.conftest import OpenPage
from tests.browser.looks import look
from tests.browser.stage import Stage
from tests.browser.steps import queue, screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TOKEN = "t" * 43
LATER_MS = round(time.time() * 1000) + 3_600_000


async def test_one_tap_keeps_the_place_and_says_until_when(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["POST place"] = (201, {"until_ms": LATER_MS, "token": TOKEN})
    page = await open_page("/customer/", permissions=["clipboard-read", "clipboard-write"])
    await queue(page, stage)
    await page.get_by_role("button", name="保留我的位置").click()
    await stage.until(lambda: ("POST", "place", {}) in stage.requests, why="the wish")
    await stage.show(views.customer("waiting", place=2, kept_until_ms=LATER_MS))
    await expect(page.get_by_text("现在可以关掉这个页面。")).to_be_visible()
    await expect(page.get_by_role("button", name="保留我的位置")).to_be_hidden()
    await look(page, "customer-place-kept", themes=True)
    await page.get_by_role("button", name="复制回来的链接").click()
    await expect(page.get_by_role("button", name="链接已复制")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == f"{stage.url}/customer/#place={TOKEN}"


async def test_a_link_leads_back_to_the_place_and_is_gone_from_the_address(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["POST place/follow"] = (204, None)
    stage.service |= {"yours": True}
    stage.views["customer"] = views.customer("waiting", place=1, kept_until_ms=LATER_MS)
    page = await open_page(f"/customer/#place={TOKEN}")
    await screen(page, "waiting")
    assert ("POST", "place/follow", {"token": TOKEN}) in stage.requests
    assert "#" not in page.url


async def test_a_place_that_is_kept_no_longer_is_said_so(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["POST place/follow"] = (410, {"error": "place_gone"})
    page = await open_page(f"/customer/#place={TOKEN}")
    await expect(page.get_by_role("alert")).to_contain_text("保留的时间已过")
    await screen(page, "home")


async def test_whose_hour_ran_out_reads_that_and_may_queue_again(open_page: OpenPage, stage: Stage) -> None:
    stage.service |= {"yours": True}
    stage.views["customer"] = views.customer("ended", ended_reason="customer_lost", kept_until_ms=LATER_MS)
    page = await open_page("/customer/")
    await screen(page, "ended")
    await expect(page.get_by_text("保留的时间已过")).to_be_visible()
