"""The word for a line: an icon and a word beside each picture, said when it changes; and how a page counts frames."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from signaling import messages
from tests.browser import views
from tests.browser.conftest import OpenPage
from tests.browser.desk import desk
from tests.browser.looks import look
from tests.browser.stage import Stage
from tests.browser.steps import call, pictures

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

MINE, THEIRS = ".preview .line-word", ".customer .line-word"
SMALL_DESK = {"width": 1280, "height": 720}
COUNT = """async ([times, takes]) => {
  const { ShownCount } = await import('/shared/shown.js');
  const count = new ShownCount();
  const told = [];
  let at = 0, presented = 0;
  for (const takeMs of takes) {
    for (; at < times.length && times[at][0] <= takeMs; at += 1) count.frame(times[at][0], (presented += times[at][1]));
    told.push(count.take(takeMs));
  }
  return told;
}"""


def on_call(mine: str = "", theirs: str = "", **more: Any) -> messages.AgentView:
    fields: dict[str, Any] = {"call": views.agent_call(), **more}
    return views.agent("on_call", media="live", line_mine=mine, line_theirs=theirs, **fields)


async def words(page: Page) -> list[str]:
    """Return the words that are seen, the own one first."""
    return [await page.locator(one).inner_text() for one in (MINE, THEIRS) if await page.locator(one).is_visible()]


async def test_each_picture_has_a_word_with_an_icon_of_its_own_and_fits(open_page: OpenPage, stage: Stage) -> None:
    stage.pictures = {0: pictures("dev-student"), 1: pictures("customer")}
    page = await desk(open_page, stage, on_call("good", "good"), size=SMALL_DESK)
    await page.locator(".customer .pill-good").wait_for()
    await expect(page.locator(MINE)).to_have_text("线路好")
    shapes = set()
    for mine, theirs, text in (("good", "fair", "线路一般"), ("poor", "good", "线路好"), ("fair", "poor", "线路差")):
        await stage.show(on_call(mine, theirs))
        await expect(page.locator(THEIRS)).to_have_text(text)
        await expect(page.locator(MINE)).to_have_attribute("data-name", mine)
        shapes.add(await page.locator(f"{THEIRS} path").get_attribute("d"))
    assert len(shapes) == 3, "nobody has to tell colours apart"
    await expect(page.locator(".customer .pill")).to_be_hidden()  # nobody reads "clear" beside a line that is poor
    await look(page, "agent-line-words", themes=True)


async def test_word_is_said_when_it_changes_and_a_line_that_is_good_from_the_start_is_not(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await desk(open_page, stage, on_call())
    region = page.locator("#announcer")
    await region.evaluate(
        "(e) => { window.saidWords = [];"
        " new MutationObserver(() => saidWords.push(e.textContent)).observe(e, { childList: true, subtree: true,"
        " characterData: true }); }"
    )
    for theirs in ("good", "poor", "poor", "fair", "good"):
        await stage.show(on_call("good", theirs))
        await expect(page.locator(THEIRS)).to_have_attribute("data-name", theirs)
    told = [text for text in await page.evaluate("saidWords") if "线路" in text]
    assert told == ["客户的画面到您这边：线路差", "客户的画面到您这边：线路一般", "客户的画面到您这边：线路好"]
    assert await region.get_attribute("role") == "status", "polite"


async def test_there_is_no_word_where_something_else_is_said_of_a_picture(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, on_call("fair", "poor"))
    await expect(page.locator(THEIRS)).to_be_visible()
    for other in ({"other_media": "reconnecting"}, {"other_paused": True}):
        await stage.show(on_call("fair", "poor", call=views.agent_call(**other)))
        await expect(page.locator(THEIRS)).to_be_hidden()
        await stage.show(on_call("fair", "poor"))
        await expect(page.locator(THEIRS)).to_be_visible()
    for narrow, seen in (("theirs", ["线路一般"]), ("mine", ["线路好"]), ("both", [])):
        await stage.show(on_call("fair", "good", narrow=narrow))
        await expect(page.locator(".line-word:visible")).to_have_text(seen)  # none says that a narrow line is well
    await stage.show(on_call("poor", "poor", narrow="both"))
    await expect(page.locator(THEIRS)).to_be_visible()
    await page.keyboard.press("h")
    await expect(page.locator(MINE)).to_be_hidden()
    await expect(page.locator(THEIRS)).to_be_visible()
    await stage.show(views.agent("available", media="live", line_mine="poor", line_theirs="poor"))
    await expect(page.locator(THEIRS)).to_be_hidden()
    assert await words(page) == []


async def test_customer_reads_of_a_poor_line_and_of_nothing_else(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    sentence = page.get_by_text("网络慢。画面会变小，但动作不会停。").first
    await expect(sentence).to_be_hidden()
    await stage.show(views.customer("connected", media="live", line_word="poor"))
    await expect(sentence).to_be_visible()
    await expect(page.locator(".call-head .pill")).to_have_text("网络慢")
    await stage.show(views.customer("connected", media="live"))
    await expect(sentence).to_be_hidden()
    await expect(page.locator(".call-head .pill")).to_have_text("画面清楚")


async def test_pages_of_both_people_tell_what_they_present(open_page: OpenPage, stage: Stage) -> None:
    def told() -> bool:
        return any(m["type"] == "picture_shown" and m["fps"] > 0 for m in stage.heard)

    stage.pictures = {0: pictures("dev-student"), 1: pictures("customer")}
    page = await desk(open_page, stage, views.agent("available", media="live"))
    await expect(page.locator(".preview .pill-good")).to_be_visible()
    assert not told(), "the own preview is nobody else's picture"
    await stage.show(on_call())
    await stage.until(told, why="the agent's page tells")
    await page.close()
    await stage.until(lambda: not stage.sockets, why="the agent's page is gone")
    stage.heard.clear()
    page = await open_page("/customer/")
    await call(page, stage)
    await stage.until(told, why="the customer's page tells")


@pytest.mark.parametrize(
    ("times", "takes", "told"),
    [
        ([(ms, 1) for ms in range(0, 1000, 40)], [1000], [{"fps": 25, "freezes": 0, "frozen_ms": 0}]),
        # A page that was busy for a moment hears of three frames at once, and none was late.
        ([(0, 1), (40, 1), (80, 1), (200, 3), (240, 1)], [1000], [{"fps": 7, "freezes": 0, "frozen_ms": 0}]),
        # 500 ms without a frame, at 25 a second, are a freeze; it counts when it ends.
        (
            [(0, 1), (40, 1), (80, 1), (580, 1), (620, 1)],
            [1000],
            [{"fps": 5, "freezes": 1, "frozen_ms": 500}],
        ),
        # It may begin in one second and end in the next.
        (
            [(0, 1), (40, 1), (900, 1)],
            [800, 1800],
            [{"fps": 3, "freezes": 0, "frozen_ms": 0}, {"fps": 1, "freezes": 1, "frozen_ms": 860}],
        ),
        # A timer that was held back with the page says nothing, and neither does the gap behind it.
        ([(0, 1), (40, 1), (5020, 1), (5060, 1)], [5000, 6000], [None, {"fps": 2, "freezes": 0, "frozen_ms": 0}]),
    ],
)
async def test_frames_are_counted_as_they_are_seen(
    open_page: OpenPage, stage: Stage, times: list[tuple[int, int]], takes: list[int], told: list[Any]
) -> None:
    page = await open_page("/customer/")
    assert await page.evaluate(COUNT, [times, takes]) == told
