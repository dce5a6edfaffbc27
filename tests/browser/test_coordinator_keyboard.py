"""Every task of a coordinator, from signing in to signing out, with nothing but the keyboard."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser import board, views
from tests.browser.conftest import DESK, OpenPage
from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

MOST_STEPS = 80
_FOCUSED = "(element) => element === document.activeElement"
_RING = "(element) => element.matches(':focus-visible') && getComputedStyle(element).outlineStyle !== 'none'"


async def reach(page: Page, target: Locator, key: str = "Tab") -> None:
    """Walk with the Tab key until `target` has the focus, which has to be seen there."""
    for _ in range(MOST_STEPS):
        if await target.evaluate(_FOCUSED):
            assert await target.evaluate(_RING), "the focus is there and cannot be seen"
            return
        await page.keyboard.press(key)
    raise AssertionError(f"{target} is not reached")


async def press(page: Page, name: str, *, role: str = "button", key: str = "Enter") -> None:
    """Walk to what is called `name` and press it."""
    await reach(page, page.get_by_role(role, name=name, exact=True))  # type: ignore[arg-type]
    await page.keyboard.press(key)


async def test_a_day_of_a_coordinator(open_page: OpenPage, stage: Stage) -> None:
    board.answer(stage)
    stage.answers["POST sign-in"] = (200, views.ME_COORDINATOR)
    page = await open_page("/coordinator/", size=DESK, camera="refused", timezone_id="Asia/Shanghai")
    await page.locator("#app[data-screen='sign_in']").wait_for()

    await reach(page, page.get_by_label("姓名"))
    await page.keyboard.type("zhou")
    await page.keyboard.press("Tab")
    await page.keyboard.type("secret words")
    await page.keyboard.press("Enter")
    await page.locator("#app[data-screen='board']").wait_for()
    await stage.message("hello")
    await stage.show(views.wall())

    # Close with a notice, open again.
    await press(page, "现在关闭…")
    await page.keyboard.type("15:00 再开。")
    # What is changed stays so: the page asks now and then how it stands.
    stage.answers["POST door"] = stage.answers["GET door"] = (200, views.door(open=False, notice="15:00 再开。"))
    await press(page, "现在关闭")
    await expect(page.locator(".now-door").get_by_role("status")).to_contain_text("已关闭")
    stage.answers["POST door"] = stage.answers["GET door"] = (200, views.door())
    await press(page, "现在开放")
    await expect(page.locator(".now-door").get_by_role("status")).to_contain_text("开着")

    # The numbers behind the curve; from a gap of the roster to the form that fills it.
    await press(page, "看表格")
    await expect(page.locator(".day tbody tr").first).to_be_visible()
    await reach(page, page.locator(".ahead-gaps a"), "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("客服", exact=True)).to_be_focused()
    await expect(page.locator("#shift-agent option")).to_have_count(5)
    await page.keyboard.press("ArrowDown")
    stage.answers["POST shifts"] = (201, views.shifts()[0])
    more = [*views.shifts(), {**views.shifts()[-1], "shift": "s-9"}]
    stage.answers["GET shifts"] = (200, {"shifts": more})
    await press(page, "添加")
    await expect(page.get_by_role("status").filter(has_text="已添加：王静")).to_be_visible()
    await expect(page.locator(".shift-row")).to_have_count(len(more))  # drawn anew, and a walk to one loses its way

    # A file with a fault.
    fault = {"line": 3, "code": "date_none", "column": "date", "value": "2026-02-30"}
    stage.answers["POST shifts/import"] = (200, {"shifts": [], "faults": [fault], "rows": 2, "imported": 0})
    await reach(page, page.get_by_role("button", name="选择文件"))
    async with page.expect_file_chooser() as chooser:
        await page.keyboard.press("Enter")
    await (await chooser.value).set_files({"name": "三月.csv", "mimeType": "text/csv", "buffer": b"x"})
    await expect(page.get_by_role("alert").filter(has_text="1 处不对")).to_be_focused()

    # Take a shift away.
    stage.answers["DELETE shifts/s-0"] = (200, {})
    await reach(page, page.locator(".shift-row button").first)
    await page.keyboard.press("Enter")
    await press(page, "删除")
    await expect(page.get_by_role("status").filter(has_text="已删除")).to_be_visible()
    await expect(page.get_by_role("heading", level=1)).to_be_focused()  # once the list has come again

    # Find sessions, look at one, take the file.
    await press(page, "记录", role="link")
    await expect(page.locator(".table tbody tr").first).to_be_visible()
    await reach(page, page.get_by_label("结果", exact=True))
    await page.keyboard.press("ArrowDown")
    await press(page, "急事", role="checkbox", key="Space")
    async with page.expect_request("**/api/records?*") as found:
        await press(page, "查看")
    assert "ended=customer_hung_up&urgent=1" in (await found.value).url
    stage.answers["GET records.csv"] = (200, {})
    await reach(page, page.get_by_role("link", name="下载 CSV"))
    async with page.expect_download() as file:
        await page.keyboard.press("Enter")
    assert "urgent=1" in (await file.value).url
    stage.answers["GET records/c-1"] = (200, views.records()[0])
    await reach(page, page.locator(".table tbody button").first)
    await page.keyboard.press("Enter")
    await page.locator(".timeline li").first.wait_for()
    await press(page, "关闭")
    await expect(page.locator(".table tbody button").first).to_be_focused()

    # Somebody's account: a new password.
    await reach(page, page.get_by_role("link", name="人员"), "Shift+Tab")
    await page.keyboard.press("Enter")
    await reach(page, page.get_by_role("button", name="查看 林晓"))
    await page.keyboard.press("Enter")
    account = {**board.people()[0], "must_change": True}
    stage.answers["POST people/a-1/password"] = (200, {"account": account, "password": "k7mf-3xqp-w9zt-2hrn"})
    await press(page, "新的一次性密码…")
    await reach(page, page.get_by_role("button", name="换密码"), "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator(".one-time")).to_be_visible()
    await press(page, "关闭")

    await reach(page, page.get_by_role("button", name="退出", exact=True), "Shift+Tab")
    await page.keyboard.press("Enter")
    await page.locator("#app[data-screen='sign_in']").wait_for()
    assert ("POST", "sign-out", {}) in stage.requests
