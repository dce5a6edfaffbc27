"""The customer's way through the scripted service, for tests that begin somewhere along it."""

from __future__ import annotations

from functools import cache
from itertools import islice

from playwright.async_api import Page, expect

from tests.browser import cameras, views
from tests.browser.conftest import SIGNING
from tests.browser.stage import Stage

PICTURES = 30
SMALL = (320, 240)


@cache
def pictures(name: str) -> list[cameras.Picture]:
    """Return a second of the clip `name`, or of a drawn person; small, as tests encode it over and over."""
    source = SIGNING / f"{name}.mp4"
    frames = cameras.clip(source, *SMALL) if source.is_file() else cameras.drawn_person(*SMALL)
    return list(islice(frames, PICTURES))


async def screen(page: Page, name: str) -> None:
    await page.locator(f"#app[data-screen='{name}']").wait_for()


async def loaded(page: Page) -> None:
    """Wait until every screen has come: nothing more of the page is then asked of the service."""
    await page.evaluate(
        """async () => {
          const end = Date.now() + 30_000;
          const there = () => performance.getEntriesByType('resource').some((one) => one.name.endsWith('/ended.js'));
          while (!there()) {
            if (Date.now() > end) throw new Error('not all screens came');
            await new Promise((done) => setTimeout(done, 20));
          }
        }"""
    )


async def queue(page: Page, stage: Stage, **more: object) -> None:
    """Go from the first screen into the queue."""
    await page.get_by_role("button", name="开始手语视频").click()
    await page.get_by_role("button", name="同意，开始排队").click()
    await stage.message("join")
    await stage.show(views.customer("waiting", **{"place": 2, **more}))
    await screen(page, "waiting")


async def call(page: Page, stage: Stage) -> None:
    """Go into a call whose picture flows."""
    await queue(page, stage)
    stage.pictures[0] = pictures("dev-book")
    await stage.show(views.customer("connected"))
    await stage.message("media_offer")
    await stage.show(views.customer("connected", media="live"))
    await page.locator(".pill[data-name='clear']").wait_for()


async def flows(page: Page, selector: str) -> None:
    """Wait until a video shows pictures."""
    await expect(page.locator(selector)).not_to_have_js_property("videoWidth", 0, timeout=90_000)
