"""How the agent's desk is laid out, and what stands on it: the clock of signing, the person, the pictures."""

from __future__ import annotations

import re
from typing import Any

import cv2
import msgspec
import pytest
from playwright.async_api import Page, expect

from signaling import messages
from tests.browser import views
from tests.browser.cameras import Picture
from tests.browser.conftest import OpenPage
from tests.browser.desk import LIMIT_MS, MINUTE_MS, after, clock, desk, known_customer
from tests.browser.looks import picture
from tests.browser.stage import Stage
from tests.browser.steps import pictures

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SMALL_DESK = {"width": 1280, "height": 720}
DESKS = ((1280, 720), (1440, 900), (1920, 1080))
OVER = """() => ['html', '.desk-left', '.desk-centre', '.desk-right', '.preview', '.context'].filter((one) => {
  const e = document.querySelector(one);
  return e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1;
})"""
BOX = "(e) => { const b = e.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; }"


def wishing() -> dict[str, int]:
    """Return a break that was asked for and the day's limit: what stands on the left of the desk at most."""
    return {
        "day_signing_ms": 130 * MINUTE_MS,
        "day_limit_ms": 300 * MINUTE_MS,
        "break_asked_ms": views.now_ms() - MINUTE_MS,
        "break_latest_ms": views.now_ms() + 14 * MINUTE_MS,
    }


def call(**more: Any) -> messages.AgentView:
    """Return the view of a call with everything there may be to know of a customer."""
    urgent = views.agent_call(about=known_customer(), urgent=True, reason="airport")
    running = clock(9, signing_from_ms=views.now_ms() - 134_000)
    return views.agent("on_call", media="live", call=urgent, **{**running, **more})


def upright(name: str) -> list[Picture]:
    """Return pictures of somebody who holds a phone upright."""
    return [cv2.resize(picture[:, 60:260], (240, 320)) for picture in pictures(name)]  # type: ignore[misc]


async def box(page: Page, selector: str) -> tuple[float, float, float, float]:
    left, top, right, bottom = await page.locator(selector).evaluate(BOX)
    return left, top, right, bottom


@pytest.mark.parametrize("lang", ["zh-CN", "zh-HK", "en"])
async def test_nothing_scrolls_in_a_call_and_nothing_lies_over_a_picture(
    open_page: OpenPage, stage: Stage, lang: str
) -> None:
    stage.pictures = {0: pictures("dev-student"), 1: pictures("customer")}
    page = await desk(open_page, stage, call(**wishing()), size=SMALL_DESK, lang=lang)
    await page.locator(".customer .pill-good").wait_for()
    for seq in range(1, 12):
        line = messages.TextLine(call=views.CALL, seq=seq, mine=seq % 2 == 0, text="航班 CA1234 取消了。", at_ms=1)
        await stage.post(line, "agent")
    await expect(page.locator(".lines .line")).to_have_count(11)
    for width, height in DESKS:
        await page.set_viewport_size({"width": width, "height": height})
        assert await page.evaluate(OVER) == [], f"{width} x {height}"
        left, top, right, bottom = await box(page, ".customer video")
        assert (right - left) * (bottom - top) > 0.2 * width * height, "the customer is small"
        _, above, _, below = await box(page, ".preview .picture-room")
        assert below - above > 80, "the agent is small"
        covering = await page.evaluate(
            """([left, top, right, bottom]) => {
              const seen = new Set();
              for (let x = left + 2; x < right; x += (right - left) / 12)
                for (let y = top + 2; y < bottom; y += (bottom - top) / 12)
                  seen.add(document.elementFromPoint(x, y)?.tagName);
              return [...seen];
            }""",
            [left, top, right, bottom],
        )
        assert covering == ["VIDEO"]
    further = tuple(messages.OtherAgent(name=name, state="in", media="live") for name in ("王静", "陈默"))
    for count in (0, 1, 2):
        company = views.agent_call(about=known_customer(), others=further[:count])
        await stage.show(msgspec.structs.replace(call(**wishing()), call=company))
        await expect(page.locator(".others h2:visible")).to_have_count(count)
        for width, height in DESKS:
            await page.set_viewport_size({"width": width, "height": height})
            assert await page.evaluate(OVER) == [], f"{count + 1} agents, {width} x {height}"
            left, top, right, bottom = await box(page, ".customer video")
            assert (right - left) * (bottom - top) > 0.2 * width * height, "the customer is small"
            if height == 720 and lang == "zh-CN":
                await picture(page, f"agent-of-{count + 1}-720")
    for view in (after(), after(outcome="follow_up", due_in_h=2, note="第一行\n第二行")):
        await page.set_viewport_size({"width": 1280, "height": 720})
        await stage.show(msgspec.structs.replace(view, **wishing()))
        await page.locator(".after").wait_for()
        assert view.after_call is not None
        await expect(page.locator("#after-note")).to_have_value(view.after_call.note)
        assert await page.evaluate(OVER) == []


async def test_a_phone_held_upright_gets_the_whole_height(open_page: OpenPage, stage: Stage) -> None:
    stage.pictures = {0: pictures("dev-student"), 1: pictures("customer")}
    page = await desk(open_page, stage, call(), size=SMALL_DESK)
    await page.locator(".customer .pill-good").wait_for()
    wide = await box(page, ".customer video")
    stage.pictures = {0: pictures("dev-student"), 1: upright("customer")}
    await page.reload()
    await page.locator(".desk-centre.is-tall").wait_for()
    tall = await box(page, ".customer video")
    assert tall[3] - tall[1] > 1.2 * (wide[3] - wide[1])
    assert (tall[2] - tall[0]) / (tall[3] - tall[1]) == pytest.approx(0.75, abs=0.02)
    assert await page.evaluate(OVER) == []


async def test_the_clock_tells_minutes_and_what_comes_next(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, views.agent("available", **clock(12)))
    ring = page.locator(".clock")
    await expect(ring).to_contain_text("已手语 12 分钟 / 最多 25")
    await expect(ring).to_contain_text("再过 13 分钟手语就休息。")
    await expect(ring).to_have_attribute("data-level", "calm")
    dash = "(e) => Number(e.getAttribute('stroke-dasharray').split(' ')[0])"
    assert await page.locator(".clock-arc").evaluate(dash) == pytest.approx(48, abs=0.2)
    await stage.show(call(**clock(18, signing_from_ms=views.now_ms() - 3 * MINUTE_MS)))
    await expect(ring).to_have_attribute("data-level", "soon")
    await expect(ring).to_contain_text("已手语 21 分钟 / 最多 25")
    # A word, a mark and a thicker ring say it, not the colour alone.
    await expect(ring.locator(".clock-mark .icon")).to_be_visible()
    await expect(page.locator("#announcer")).to_contain_text("再过 4 分钟手语就休息。")
    await stage.show(call(**clock(24, signing_from_ms=views.now_ms() - 3 * MINUTE_MS)))
    await expect(ring).to_contain_text("时间够了。这个通话之后休息。")
    assert await page.locator(".clock-arc").evaluate(dash) == 100
    rest = views.agent("rest", since_ms=views.now_ms() - 2 * MINUTE_MS, rest_until_ms=views.now_ms() + 3 * MINUTE_MS)
    await stage.show(rest)
    await expect(ring.locator(".clock-figure")).to_have_text(re.compile("^2:[0-5][0-9]$"))
    await expect(ring).to_contain_text("还有 3 分钟，请放松手和眼睛。")
    assert 40 < await page.locator(".clock-arc").evaluate(dash) <= 60
    await stage.show(views.agent("break", signing_limit_ms=0))
    await expect(ring).to_be_hidden()


READINGS: list[tuple[dict[str, int], dict[str, Any]]] = [
    ({}, {"level": "calm", "part": 0, "ms": 0}),
    ({"signing_ms": 5 * MINUTE_MS}, {"level": "calm", "part": 0.2, "ms": 5 * MINUTE_MS}),
    ({"signing_ms": 20 * MINUTE_MS - 1}, {"level": "calm", "leftMs": 5 * MINUTE_MS + 1}),
    ({"signing_ms": 20 * MINUTE_MS}, {"level": "soon", "part": 0.8}),
    ({"signing_from_ms": 1_000_000 - 6 * MINUTE_MS}, {"level": "calm", "ms": 6 * MINUTE_MS}),
    ({"signing_ms": 25 * MINUTE_MS, "signing_from_ms": 900_000}, {"level": "over", "part": 1, "leftMs": 0}),
    ({"signing_from_ms": 2_000_000}, {"level": "calm", "ms": 0}),  # a page's clock that is behind the service's
    ({"rest_until_ms": 1_060_000, "since_ms": 940_000}, {"level": "rest", "part": 0.5, "ms": MINUTE_MS}),
    ({"rest_until_ms": 900_000}, {"level": "rest", "part": 0, "ms": 0}),
]


async def test_the_clock_is_read_from_the_view_alone(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, views.agent("break"))
    none = {"signing_ms": 0, "signing_from_ms": 0, "signing_limit_ms": LIMIT_MS, "rest_until_ms": 0, "since_ms": 0}
    for change, wanted in READINGS:
        read = await page.evaluate(
            "async (view) => (await import('/agent/clock.js')).readClock(view, 1_000_000)", {**none, **change}
        )
        assert {name: read[name] for name in wanted} == wanted, change
    # A call over midnight counts for today from then on, and its signing without a rest goes on.
    late = {**none, "day_signing_ms": 0, "signing_from_ms": MINUTE_MS, "day_from_ms": 10 * MINUTE_MS}
    today = "async (view) => (await import('/agent/clock.js')).signedToday(view, 720_000)"
    assert await page.evaluate(today, late) == 2 * MINUTE_MS
    assert await page.evaluate(today, {**none, "day_signing_ms": 7}) == 7


async def test_the_clock_does_not_chatter(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, call(**clock(19.99, signing_from_ms=0)))
    watch = """() => { window.spoken = [];
      new MutationObserver(() => spoken.push(document.getElementById('announcer').textContent))
        .observe(document.getElementById('announcer'), { childList: true, subtree: true, characterData: true }); }"""
    await page.evaluate(watch)
    await stage.show(call(**clock(20, signing_from_ms=0)))
    await expect(page.locator(".clock")).to_have_attribute("data-level", "soon")
    for minutes in (20.2, 21, 22):
        await stage.show(call(**clock(minutes, signing_from_ms=0)))
        await expect(page.locator(".clock-figure")).to_have_text(f"{int(minutes)} 分")
    assert len(await page.evaluate("spoken")) == 1
    assert await page.locator(".clock [aria-live], .clock [role='timer']").count() == 0


async def test_earlier_calls_are_told_newest_first(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, call(), size={"width": 1440, "height": 900})
    lines = await page.locator(".earlier-list li").all_inner_texts()
    assert [line.replace(" ", "") for line in lines] == [
        "3天前和您·已解决",
        "9天前和王静·要跟进",
        "上个月和陈宇·转给别处",
        "2个月前",
        "3个月前和您·中途断了",
    ]
    await stage.show(after())
    await expect(page.locator(".context")).to_contain_text("订单 CA1234-5678")
    await expect(page.locator(".earlier-list li")).to_have_count(5)
    await stage.show(views.agent("on_call", call=views.agent_call(call="c-other")))
    await expect(page.locator(".earlier")).to_be_hidden()


async def test_a_ring_tells_of_the_last_time_together(open_page: OpenPage, stage: Stage) -> None:
    ring = views.reservation(about=known_customer())
    page = await desk(open_page, stage, views.agent("reserved", reservation=ring))
    await expect(page.locator(".ring-last")).to_contain_text("和您 · 已解决")
    assert await page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    await stage.show(views.agent("reserved", reservation=views.reservation(epoch=3)))
    await expect(page.locator(".ring-last")).to_be_hidden()


async def test_hands_that_are_seen_are_said(open_page: OpenPage, stage: Stage) -> None:
    stage.pictures = {0: pictures("dev-student")}
    page = await desk(open_page, stage, views.agent("available", media="live"))
    await expect(page.locator(".preview")).to_contain_text("手看得见", timeout=60_000)


async def test_light_and_hands_are_judged_after_the_room(open_page: OpenPage, stage: Stage) -> None:
    dark = [(picture // 8).astype("uint8") for picture in pictures("dev-student")]
    stage.pictures = {0: dark}
    page = await desk(open_page, stage, views.agent("available", media="live"))
    pill = page.locator(".preview .pill")
    await expect(pill).to_have_text("光线太暗", timeout=60_000)
    await expect(page.locator(".preview")).to_contain_text("请打开前面的灯。")
    await stage.show(views.agent("available", media="live", picture="protected", picture_reason="too_small"))
    await expect(pill).to_have_text("全部模糊")
