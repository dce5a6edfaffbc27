"""The measuring of layouts finds what it is for, so that a page without a finding says something."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.browser.layout import faults
from tests.browser.line import Launch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

STRIP = "height: 60px; overflow: auto"
BUTTON = "style='min-width: 48px; min-height: 48px'"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(launch: Launch) -> AsyncIterator[Page]:
    """One small blank page for all."""
    opened = await (await launch("refused")).new_page(viewport={"width": 320, "height": 256})
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (f"<button {BUTTON}>Start</button><p>All is well.</p>", ""),
        ("<p style='overflow: auto; white-space: nowrap; width: 90px'>What scrolls is not cut.</p>", ""),
        ("<p hidden style='font-size: 3px'>Nobody sees this.</p>", ""),
        ("<p style='width: 400px'>Wide</p>", "80 px too wide"),
        ("<p style='position: absolute; left: -90px; width: 200px'>Beside</p>", "text beside the window"),
        ("<p style='overflow: hidden; white-space: nowrap; width: 60px'>Cut off at its end</p>", "text cut"),
        ("<p style='overflow: hidden; line-height: 1.5; height: 1.5em; width: 60px'>two lines of it</p>", "text cut"),
        (f"<button {BUTTON}><span style='margin-left: 90px; margin-right: -90px'>x</span></button>", "text outside"),
        (f"<div class='lines' style='{STRIP}'><p>{'one line ' * 30}</p><p>new</p></div>", "newest line hidden"),
        ("<p style='font-size: 15px'>Small</p>", "text of 15 px"),
        ("<button style='width: 48px; height: 40px; padding: 0'>x</button>", "target of 48 x 40 px"),
        (f"<button {BUTTON}>x</button><div style='position: fixed; inset: 0'></div>", "out of reach"),
    ],
)
async def test_every_kind_of_fault_is_found(page: Page, body: str, fault: str) -> None:
    await page.set_content(
        f"<style>body {{ margin: 0; font: 17px/1.5 sans-serif }} button {{ font: inherit }}</style>{body}"
    )
    found = await faults(page, least_text_px=17, reach=True)
    assert [one for one in found if not (fault and one.startswith(fault))] == []
    assert bool(found) == bool(fault)
