from __future__ import annotations

import pytest

from tests.browser import views
from tests.browser.conftest import DESK, PHONE, OpenPage, person, shoot
from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1280"])
async def test_look(open_page: OpenPage, stage: Stage, size: dict[str, int]) -> None:
    w = size["width"]
    page = await open_page("/customer/", size=size)
    await page.locator("main, header, section").get_by_text("现在有 2 位").first.wait_for()
    await shoot(page, f"customer-home-{w}")
    await page.get_by_role("button", name="开始手语视频").click()
    await page.get_by_role("button", name="同意").wait_for()
    await page.wait_for_timeout(700)
    await shoot(page, f"customer-ready-{w}")
    await page.get_by_role("button", name="同意").click()
    await stage.message("join")
    await stage.show(views.customer("waiting", place=3, estimate_low_min=2, estimate_high_min=5))
    await page.locator("main, header, section").get_by_text("前面还有 2 位").first.wait_for()
    await page.wait_for_timeout(500)
    await shoot(page, f"customer-waiting-{w}")
    await stage.show(views.customer("ringing", place=1))
    await page.locator("main, header, section").get_by_text("轮到您了").first.wait_for()
    await page.wait_for_timeout(300)
    await shoot(page, f"customer-ringing-{w}")
    stage.pictures[0] = person("dev-book", 640, 480)
    await stage.show(views.customer("connected"))
    await stage.message("media_offer")
    await stage.show(views.customer("connected", media="live", connected_s=5))
    await page.locator("main, header, section").get_by_text("画面清楚").first.wait_for()
    await page.wait_for_timeout(1500)
    await shoot(page, f"customer-call-{w}")
    await stage.show(
        views.customer(
            "ended",
            ended_reason="agent_hung_up",
            agent_name="小林",
            connected_s=200,
            connected_ms=views.now_ms() - 200000,
        )
    )
    await page.locator("main, header, section").get_by_text("通话结束了").first.wait_for()
    await page.wait_for_timeout(300)
    await shoot(page, f"customer-ended-{w}")
