"""How a page looks in one state: judged by axe, held to its window at every size, and pictured to be looked at."""

from __future__ import annotations

import re
import time
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.async_api import Page

from tests.browser.conftest import PHONE, PICTURING, SHOTS
from tests.browser.layout import LEAST_TEXT_PX, faults
from tests.browser.stage import WAIT_S

ZOOMED = {"width": 320, "height": 256}  # 1280 x 1024 at 400 %
TABLET = {"width": 768, "height": 1024}
WIDE = {"width": 1440, "height": 900}
# Nobody looks at pictures in CI, and what fits a phone and a desk fits between: one size less.
SIZES = (ZOOMED, PHONE, TABLET, WIDE) if PICTURING else (ZOOMED, PHONE, WIDE)

# What every state that was looked at said, by the name of its pictures: which states there are is asked of it later.
said: dict[str, str] = {}

_SETTLED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# A button that was just enabled has its new words at once and its new ground a moment later.
_CHANGED = """Promise.all(
  document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished.catch(() => {})),
)"""
_MOVING = "document.getAnimations().filter((one) => one.playState === 'running').length"


async def look(
    page: Page,
    name: str,
    *,
    themes: bool = False,
    again: bool = False,
    sizes: tuple[dict[str, int], ...] = SIZES,
) -> None:
    """Look at the page as it is now, at its own size last; pictures go to var/shots.

    `themes` adds dark, with reduced motion, and forced colours: there only contrast and movement can differ. `again`:
    the state was judged in another language; its colours are the same, and targets are measured at every size here, so
    that axe is asked for neither. The customer's page is held to the larger text and to the stronger contrast. Source:
    WCAG 2.2, levels A and AA, as far as axe-core can tell; 1.4.6 for customers; PAGES.md.
    """
    own: Any = page.viewport_size
    customers = name.startswith("customer")
    for size in sorted(sizes, key=lambda size: size["width"] == own["width"]):
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        await settled(page)
        found = await faults(page, least_text_px=LEAST_TEXT_PX if customers else 0, reach=size is ZOOMED)
        assert not found, f"{name} at {size['width']}:\n" + "\n".join(found)
        await picture(page, f"{name}-{size['width']}", whole=size is ZOOMED)
    await page.set_viewport_size(own)
    said[name] = await page.locator("body").inner_text()
    contrast = "color-contrast-enhanced" if customers else "color-contrast"
    await judge(page, name, contrast="" if again else contrast)
    if themes:
        await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        await judge(page, f"{name}-dark", only=contrast)
        assert await page.evaluate(_MOVING) == 0, f"{name}: something moves"
        await picture(page, f"{name}-dark")
        await page.emulate_media(color_scheme="light", forced_colors="active")
        await judge(page, f"{name}-forced", only="color-contrast")
        await picture(page, f"{name}-forced")
        await page.emulate_media(forced_colors="none", reduced_motion="no-preference")


async def settled(page: Page) -> None:
    """Wait until what the page has been told is laid out: what follows its own size comes a frame after it."""
    await page.evaluate(_SETTLED)


async def glance(page: Page, name: str, *words: re.Pattern[str]) -> None:
    """Look only whether everything fits and can be reached in the window as it is: for states that differ by words.

    A page goes on by itself: it is looked at until these words stand in what was seen.
    """
    deadline = time.monotonic() + WAIT_S
    while True:
        await settled(page)
        text = await page.locator("body").inner_text()
        found = await faults(page, reach=True)
        assert not found, f"{name}:\n" + "\n".join(found)
        missing = [one.pattern for one in words if not one.search(text)]
        if not missing:
            break
        assert time.monotonic() < deadline, f"{name}: {missing} is not in:\n{text}"
    said[name] = text
    await picture(page, name, whole=True)


async def judge(page: Page, name: str, *, only: str = "", contrast: str = "") -> None:
    """Fail with axe's report when it finds a violation. The script stays in the page: it is half a megabyte.

    Contrast and sizes of targets take axe as long as all else: they are measured with the rule `contrast`, or not.
    """
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if only:
        options["runOnly"] = [only]
    else:  # whoever passes the stronger contrast passes the weaker, too
        wish = {"color-contrast": False, "target-size": bool(contrast)} | ({contrast: True} if contrast else {})
        options["rules"] = {rule: {"enabled": enabled} for rule, enabled in wish.items()}
    await page.evaluate(f"{_CHANGED}.then(() => true)")
    found = await page.evaluate("(options) => axe.run(document, options)", options)
    assert not found["violations"], f"{name}\n{AxeResults(found).generate_report()}"


async def picture(page: Page, name: str, *, whole: bool = False) -> None:
    """Keep a picture of the page, `whole` also of what is below the window, unless nobody is there to look at it."""
    if PICTURING:
        SHOTS.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=SHOTS / f"{name}.png", full_page=whole)
