"""How a page looks in one state: judged by axe, held to its window at every size, and pictured to be looked at."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.async_api import Page

from tests.browser.conftest import DESK, PHONE, PICTURING, SHOTS

ZOOMED = {"width": 320, "height": 256}  # 1280 x 1024 at 400 %

_SETTLED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
_TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


async def look(page: Page, name: str, *, themes: bool = False, sizes: tuple[dict[str, int], ...] = ()) -> None:
    """Look at the page as it is now, at its own size last; pictures go to var/shots.

    Without `sizes` those are a zoomed window, a phone and a desk. `themes` adds dark and forced colours: there only
    contrast can differ. Source: WCAG 2.2, levels A and AA, as far as axe-core can tell.
    """
    own: Any = page.viewport_size
    for size in sorted(sizes or (ZOOMED, PHONE, DESK), key=lambda size: size["width"] == own["width"]):
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        await page.evaluate(_SETTLED)
        too_wide = await page.evaluate(_TOO_WIDE)
        assert too_wide <= 0, f"{name}: {too_wide} px too wide at {size['width']}"
        await picture(page, f"{name}-{size['width']}")
    await page.set_viewport_size(own)
    await judge(page, name)
    if themes:
        await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        await judge(page, f"{name}-dark", only="color-contrast")
        await picture(page, f"{name}-dark")
        await page.emulate_media(color_scheme="light", forced_colors="active")
        await judge(page, f"{name}-forced", only="color-contrast")
        await picture(page, f"{name}-forced")
        await page.emulate_media(forced_colors="none", reduced_motion="no-preference")


async def judge(page: Page, name: str, *, only: str = "") -> None:
    """Fail with axe's report when it finds a violation. The script stays in the page: it is half a megabyte."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    options: dict[str, Any] = {"resultTypes": ["violations"]} | ({"runOnly": [only]} if only else {})
    found = await page.evaluate("(options) => axe.run(document, options)", options)
    assert not found["violations"], f"{name}\n{AxeResults(found).generate_report()}"


async def picture(page: Page, name: str) -> None:
    """Keep a picture of the page, unless nobody is there to look at it."""
    if PICTURING:
        SHOTS.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=SHOTS / f"{name}.png")
