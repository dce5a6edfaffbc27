"""The operator's own signed films: each screen has its place for one, and none plays before it is asked to."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser import views
from tests.browser.conftest import OpenPage
from tests.browser.stage import Stage
from tests.browser.steps import queue, screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# As if the operator had put all five there.
ALL = """new MutationObserver((_, watch) => {
  const app = document.getElementById('app');
  if (app) { app.dataset.clips = 'home waiting closed consent error'; watch.disconnect(); }
}).observe(document, { childList: true, subtree: true });"""


async def plays(page: Page, *names: str) -> None:
    """Ask for every film of this screen: they are these, silent, and within the page."""
    buttons = page.get_by_role("button", name="看手语说明").filter(visible=True)
    await expect(buttons).to_have_count(len(names))
    for _ in names:
        await buttons.first.click()
    films = "(all) => all.map((film) => [film.getAttribute('src'), film.muted, film.playsInline, film.controls])"
    found = await page.locator("#app video.clip-film").evaluate_all(films)
    assert found == [[f"/clips/{name}.mp4", True, True, True] for name in names]


async def test_every_screen_has_its_film(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/", script=ALL)
    await plays(page, "home")
    await queue(page, stage)
    await plays(page, "waiting")
    await stage.show(views.customer("connected"))
    await screen(page, "call")
    await stage.show(views.customer("ended", ended_reason="closed"))
    await screen(page, "ended")
    await plays(page, "closed")


async def test_trouble_a_closed_door_and_the_consent_have_films(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/", script=ALL, camera="refused")
    await page.get_by_role("button", name="开始手语视频").click()
    await page.get_by_role("alert").filter(visible=True).wait_for()
    await plays(page, "error", "consent")
    stage.service = {"open": False, "agents_on": 0, "hours": None}
    shut = await open_page("/customer/", script=ALL)
    await shut.locator(".truth-attention").wait_for()  # until then it may be open, and has the other film
    await plays(shut, "closed")


async def test_without_films_nothing_asks_for_them(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await page.locator(".truth-good").wait_for()
    await expect(page.get_by_role("button", name="看手语说明")).to_have_count(0)
