"""A coordinator beside a real call: asked for, let in by words and by a picture, sent away; see var/shots."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.conftest import DESK, SHOTS
from tests.browser.line import AGENT_CLIP, Launch, Line, open_line
from tests.browser.people import Coordinator
from tests.browser.steps import flows

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(360)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(launch: Launch) -> AsyncIterator[Line]:
    # A question waits until the other pages have been looked at, however slow they are.
    async with open_line(launch, VIDEO_SERVICE_WATCH_ANSWER_S="600") as opened:
        SHOTS.mkdir(parents=True, exist_ok=True)
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def board_page(house: Line, launch: Launch) -> AsyncIterator[Page]:
    """The coordinator's page where there is a camera; both have the agent's, as one browser serves them."""
    context = await (await launch(AGENT_CLIP)).new_context(
        viewport=DESK,  # type: ignore[arg-type]
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
    )
    page = await context.new_page()
    await page.goto(f"{house.service.url}/coordinator/")
    await Coordinator(page).sign_in("zhou")
    yield page
    await context.close()


async def in_and_out_with_a_picture(board_page: Page, phone: Page, desk_page: Page) -> None:
    """Whoever looks on comes in with her own picture, by name and with the customer's yes, and goes without it."""
    beside = board_page.locator(".beside")
    await beside.get_by_role("button", name="开画面加入").click()
    await flows(board_page, ".beside-own video")
    await beside.get_by_role("button", name="请求加入").click(timeout=90_000)
    await expect(phone.locator(".watched")).to_contain_text("周岚 想露面加入")
    await expect(desk_page.locator(".beside")).to_contain_text("周岚 正在问客户")
    await expect(phone.locator(".others .picture")).to_have_count(0)
    await phone.get_by_role("button", name="同意", exact=True).click()
    await expect(beside.locator(".beside-own-say")).to_contain_text("客户和客服看到您了", timeout=90_000)
    await flows(phone, ".others video")
    await flows(desk_page, ".others > div:nth-child(2) video")
    for page, name in ((phone, "customer"), (desk_page, "agent"), (board_page, "coordinator")):
        await page.screenshot(path=SHOTS / f"real-watch-{name}-sees-the-coordinator.png")
    await beside.get_by_role("button", name="关掉我的画面").click()
    await expect(phone.locator(".others .picture")).to_be_hidden()
    await expect(desk_page.locator(".others > div:nth-child(2)")).to_be_hidden()
    for who in ("agent", "customer"):
        cover = board_page.locator(f".beside-figure[data-who='{who}'] .picture-empty")
        await expect(cover).to_be_hidden(timeout=90_000)


async def test_three_people_at_the_real_service(house: Line, board_page: Page) -> None:
    customer = await house.new_customer()
    await customer.begin()
    await house.agent.accept()
    await customer.see_agent(limit_s=90)
    desk_page, phone = house.agent.page, customer.page
    await board_page.goto(f"{house.service.url}/coordinator/#now")
    await board_page.get_by_role("button", name="辅导…").click()
    await board_page.get_by_label("只给客服看").fill("请问订单号。")
    await board_page.keyboard.press("Enter")
    await expect(desk_page.locator(".beside .is-new")).to_have_text("请问订单号。")
    await desk_page.keyboard.press("k")
    await expect(board_page.locator(".beside-line")).to_contain_text("已读")
    await expect(phone.locator(".watched")).to_have_count(0)

    await board_page.get_by_role("button", name="请求旁观").click()
    await expect(desk_page.locator(".beside")).to_contain_text("正在请客户同意旁观")
    await expect(phone.locator(".watched")).to_contain_text("想看这次通话")
    await phone.get_by_role("button", name="同意", exact=True).click()
    await expect(phone.locator(".watched")).to_contain_text("正在看这次通话")
    await expect(desk_page.locator(".beside")).to_contain_text("正在旁观")
    for who in ("agent", "customer"):
        await flows(board_page, f".beside-figure[data-who='{who}'] video")
    await board_page.screenshot(path=SHOTS / "real-watch-coordinator-sees.png")
    await phone.screenshot(path=SHOTS / "real-watch-customer-sees.png")
    await desk_page.screenshot(path=SHOTS / "real-watch-agent-sees.png")

    await board_page.get_by_role("button", name="打字加入").click()
    await expect(phone.locator(".watched")).to_contain_text("加入了通话")
    await board_page.locator("#beside-say").fill("已经查到了。")
    await board_page.keyboard.press("Enter")
    for page in (phone, desk_page):
        await expect(page.locator(".line-theirs").last).to_contain_text("已经查到了。")
        await expect(page.locator(".line-theirs .line-who").last).to_have_text("周岚")

    await in_and_out_with_a_picture(board_page, phone, desk_page)
    await phone.get_by_role("button", name="不让看了").click()
    await expect(board_page.locator(".beside .notice").first).to_contain_text("客户不同意旁观")
    await expect(board_page.locator(".beside video").first).to_be_hidden()
    await expect(phone.locator(".watched")).to_be_hidden()
    await expect(desk_page.locator(".beside")).to_be_hidden()
    await customer.see_agent()
    await customer.end()
    await house.agent.next_call()
    await phone.close()
