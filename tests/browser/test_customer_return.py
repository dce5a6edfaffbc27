"""A customer whose token is no use comes back to the call all the same: the guest's cookie knows the person."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser import views
from tests.browser.conftest import OpenPage
from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def wait_in_line(page: Page, stage: Stage) -> None:
    await page.get_by_role("button", name="开始手语视频").click()
    await page.get_by_role("button", name="同意，开始排队").click()
    await stage.message("join")
    await stage.show(views.customer("waiting", place=2))
    await page.locator("#app[data-screen='waiting']").wait_for()


async def test_a_welcome_that_got_lost_costs_nobody_the_place(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await wait_in_line(page, stage)
    stage.tokens.clear()  # as if it had been spent by a greeting whose answer never arrived
    await stage.cut()
    again = await stage.until(
        lambda: next((m for m in stage.heard[1:] if m["type"] == "hello" and m.get("ticket")), None)
    )
    assert again.get("resume") is None
    await expect(page.get_by_text("网络断了，正在重连。不用重新排队。")).to_be_hidden()
    await page.locator("#app[data-screen='waiting']").wait_for()
    assert await page.get_by_role("alert").filter(visible=True).count() == 0


async def test_a_reloaded_tab_with_a_spent_token_goes_back_to_its_call(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await wait_in_line(page, stage)
    stage.tokens.clear()
    await page.reload()
    await page.locator("#app[data-screen='waiting']").wait_for()


async def test_a_new_tab_of_a_guest_with_a_call_goes_to_it(open_page: OpenPage, stage: Stage) -> None:
    stage.views["customer"] = views.customer("waiting", place=1)
    stage.service = {"open": True, "agents_on": 1, "hours": None, "yours": True}
    page = await open_page("/customer/")
    await page.locator("#app[data-screen='waiting']").wait_for()


async def test_an_idle_tab_with_an_old_token_stays_at_home_and_closes_its_socket(
    open_page: OpenPage, stage: Stage
) -> None:
    stage.views["customer"] = views.customer("home")
    page = await open_page(
        "/customer/", script="sessionStorage.setItem('video-service.resume.customer', 'an-old-token-of-this-tab')"
    )
    await stage.until(lambda: any(m["type"] == "hello" and m.get("ticket") for m in stage.heard))
    await stage.until(lambda: not stage.sockets)
    await page.locator("#app[data-screen='home']").wait_for()
    assert await page.get_by_role("alert").filter(visible=True).count() == 0


async def test_a_note_that_found_no_socket_goes_out_with_the_next(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await wait_in_line(page, stage)
    stage.refuse_sockets = True
    await stage.cut()
    await expect(page.get_by_text("网络断了，正在重连。不用重新排队。")).to_be_visible()
    await page.get_by_label("可以先写一句，客服会看到").fill("航班取消了")
    await page.get_by_role("button", name="告诉客服").click()
    stage.refuse_sockets = False
    assert (await stage.message("note"))["text"] == "航班取消了"
