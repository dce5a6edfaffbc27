"""Every state of every page, in every language: judged by axe, seen at every size and in the person's own colours.

One page walks through all states that follow one another, and is looked at in each; colours do not depend on the
language, so only the first is looked at in the dark.
"""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from signaling import messages
from tests.browser import views
from tests.browser.board import answer, long_story, people
from tests.browser.conftest import DESK, OpenPage
from tests.browser.desk import after, clock, known_customer
from tests.browser.looks import ZOOMED, look
from tests.browser.stage import Stage
from tests.browser.steps import pictures
from tests.catalogues import catalogue

# A walk through twenty states, each judged at every size, is long on a machine that is slow.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(360)]

LANGUAGES = ("zh-CN", "zh-HK", "en")


def line(seq: int, mine: bool, text: str, *, of_before: bool = False) -> messages.TextLine:
    return messages.TextLine(call=views.CALL, seq=seq, mine=mine, text=text, at_ms=views.now_ms(), of_before=of_before)


async def ready(page: Page, state: str, selector: str = "#app") -> None:
    await page.locator(f"{selector}[data-screen='{state}']").wait_for()


async def own_picture(page: Page) -> None:
    video = page.locator(".own-picture[data-camera='on'] video")
    await video.evaluate("(v) => v.videoWidth || new Promise((done) => v.addEventListener('loadeddata', done))")


async def tell(stage: Stage, **more: object) -> None:
    await stage.show(views.customer("connected", connected_s=134, **more))


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_customer(open_page: OpenPage, stage: Stage, lang: str) -> None:
    page = await open_page("/customer/", lang=lang)
    first = lang == LANGUAGES[0]

    async def seen(name: str) -> None:
        await look(page, f"customer-{lang}-{name}", themes=first, again=not first)

    await page.locator(".truth-good").wait_for()
    await seen("01-home")
    await page.locator(".urgent-open").click()
    await seen("02-home-urgent")
    await page.locator(".start").click()
    await own_picture(page)
    await seen("03-ready")
    await page.locator(".ready-buttons .button-main").click()
    await stage.message("join")
    await stage.show(views.customer("waiting", place=3, estimate_low_min=2, estimate_high_min=5))
    await ready(page, "waiting")
    await own_picture(page)
    await seen("04-waiting")
    await page.locator("#note").fill("航班取消了" if first else "My flight was cancelled")
    await page.locator(".waiting form .button").click()
    await stage.message("note")
    await stage.show(views.customer("waiting", place=1, estimate_low_min=1, estimate_high_min=1, urgent=True))
    await expect(page.locator(".waiting")).to_contain_text(catalogue(lang)["waiting.title_urgent"])
    await seen("05-waiting-next")
    await stage.show(views.customer("ringing", place=1))
    await page.locator(".waiting.is-ringing").wait_for()
    await seen("06-ringing")
    stage.pictures[0] = pictures("dev-book")
    await stage.show(views.customer("connected"))
    await ready(page, "call")
    await seen("07-connecting")
    await tell(stage, media="live")
    await page.locator(".pill[data-name='clear']").wait_for()
    await seen("08-call")
    before = line(1, False, "您好，我是王静。" if first else "Hello, I am Wang.", of_before=True)
    await stage.post(before, "customer")
    await stage.post(line(2, False, "您好，我是小林。" if first else "Hello, I am Lin."), "customer")
    await stage.post(line(3, True, "航班 CA1234 取消了。" if first else "Flight CA1234 was cancelled."), "customer")
    await page.locator(".bar .button").first.click()
    await seen("09-call-text")
    await page.locator(".bar:not(.question) .button-end").click()
    await seen("10-call-end")
    await page.locator(".ending .button").first.click()
    await page.locator(".bar:not(.question) .button").nth(1).click()
    await seen("14-call-not-understood")
    await page.locator(".confusion .button").last.click()
    await page.locator(".bar:not(.question) .button").nth(4).click()
    await tell(stage, media="live", picture="protected")
    await page.locator(".pill[data-name='protected']").wait_for()
    await seen("11-call-protected")
    await tell(stage, media="live", held_from_ms=views.now_ms() - 42_000)
    await page.locator(".pill[data-name='held']").wait_for()
    await seen("15-call-held")
    further = [messages.OtherAgent(name=name, state="in", media="live") for name in ("王静", "陈默")]
    for count in (1, 2):
        await tell(stage, media="live", others=tuple(further[:count]))
        await page.locator(f".call.is-shared .others > .picture:nth-child({count})").wait_for()
        await seen(f"16-call-of-{count + 2}")
    await tell(stage, media="live")
    await page.locator(".call:not(.is-shared)").wait_for()
    await tell(stage, media="reconnecting", other_media="live")
    await page.locator(".pill[data-name='reconnecting']").wait_for()
    await seen("12-call-reconnecting")
    # In the smallest window every control can be reached, if by scrolling.
    await page.set_viewport_size(ZOOMED)  # type: ignore[arg-type]
    await page.locator(".bar:not(.question) .button-end").click()
    await page.locator(".ending .button-end").click()
    await ready(page, "ended")
    await page.set_viewport_size({"width": 360, "height": 740})
    await stage.show(views.customer("ended", ended_reason="agent_hung_up"))
    await page.locator(".survey .button").first.click()
    await seen("13-ended")
    await page.locator(".ended .button").last.click()
    await ready(page, "home")


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_customer_in_trouble(open_page: OpenPage, stage: Stage, lang: str) -> None:
    first = lang == LANGUAGES[0]
    stage.service = {"open": False, "agents_on": 0, "hours": None}
    page = await open_page("/customer/", lang=lang, camera="refused")

    async def seen(name: str) -> None:
        await look(page, f"customer-{lang}-{name}", themes=first, again=not first)

    await page.locator(".truth-attention").wait_for()
    await seen("20-home-closed")
    stage.service |= {"notice": {"zh-CN": "今天系统维护，15:00 再开。", "en": "We are back at 15:00."}}
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    await page.locator(".truth-attention", has_text="15:00").wait_for()
    await seen("25-home-notice")
    stage.service = {"open": True, "agents_on": 1, "hours": None}
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    await page.locator(".truth-good").wait_for()
    await page.locator(".start").click()
    await page.locator(".ready .notice-attention").wait_for()
    await seen("21-ready-refused")
    await page.locator(".ready-buttons .button:visible").last.click()
    await stage.message("join")
    await stage.show(views.customer("waiting", place=2))
    await ready(page, "waiting")
    stage.refuse_sockets = True
    await stage.cut()
    await page.locator(".waiting .notice-attention[role='alert']:visible").wait_for()
    await seen("22-waiting-lost")
    stage.refuse_sockets = False
    await stage.show(views.customer("ended", ended_reason="agent_lost"))
    await ready(page, "ended")
    await seen("23-ended-lost")
    await stage.cut(4409)
    await ready(page, "stopped")
    await seen("24-replaced")


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_agent(open_page: OpenPage, stage: Stage, lang: str) -> None:
    first, now = lang == LANGUAGES[0], views.now_ms()
    page = await open_page("/agent/", lang=lang, size=DESK)

    async def seen(name: str) -> None:
        await look(page, f"agent-{lang}-{name}", themes=first, again=not first)

    await ready(page, "sign_in")
    await seen("01-sign-in")
    stage.answers["POST sign-in"] = (401, {"error": "bad_sign_in"})
    await page.locator("#sign-in-name").fill("lin")
    await page.locator("#sign-in-password").fill("wrong")
    await page.keyboard.press("Enter")
    await page.locator(".notice-danger").wait_for()
    await seen("02-sign-in-wrong")
    stage.answers["POST sign-in"] = (200, views.ME_AGENT)
    stage.pictures = {0: pictures("dev-student"), 1: pictures("customer")}
    await stage.show(views.agent("break"))
    await page.locator("#sign-in-password").fill("right")
    await page.keyboard.press("Enter")
    await ready(page, "desk")
    await stage.message("media_offer")
    await stage.show(views.agent("break", media="live", away_reason="asked"))
    await page.locator(".preview .pill-good").wait_for()
    await seen("03-break")
    await stage.show(views.agent("available", media="live"))
    await seen("04-available")
    await stage.show(views.agent("reserved", media="live", reservation=views.reservation()))
    await page.locator(".ring-card").wait_for()
    await seen("05-ring")
    about = messages.Caller(verified=True, entry="launch", sign_language="csl", context="CA1234-5678")
    urgent = views.reservation(urgent=True, reason="airport", epoch=3, note="", about=about)
    await stage.show(views.agent("reserved", media="live", reservation=urgent))
    await seen("06-ring-urgent")
    urgent_call = views.agent_call(about=known_customer(), urgent=True, reason="airport")
    await stage.show(views.agent("on_call", media="live", call=urgent_call, **clock(11)))
    await page.locator(".customer .pill-good").wait_for()
    await stage.post(line(1, False, "航班 CA1234 取消了。"), "agent")
    await stage.post(line(2, False, "请问哪一班?", of_before=True), "agent")
    await stage.post(line(3, True, "您好，我帮您查。"), "agent")
    await seen("07-call")
    paused, tired = views.agent_call(other_paused=True), clock(21)
    await stage.show(views.agent("on_call", media="live", picture="protected", break_wanted=True, call=paused, **tired))
    await page.locator(".customer .pill[data-name='paused']").wait_for()
    await seen("08-call-paused")
    handover = messages.Handover(from_name="王静", note="要改签,已查到航班。")
    colleagues = tuple(
        messages.Colleague(agent=f"a-{number}", name=name, covers=True)
        for number, name in enumerate(("王静", "陈默", "周岚", "吴越", "郑好"))
    )
    passed = views.agent_call(handover=handover, colleagues=colleagues, skills_on=("hksl", "refunds"))
    await stage.show(views.agent("on_call", media="live", call=passed, **clock(11)))
    await page.keyboard.press("x")
    await page.locator(".transfer").wait_for()
    await seen("17-call-transfer")
    await page.keyboard.press("Escape")
    further = [messages.OtherAgent(name=name, state="in", media="live") for name in ("王静", "陈默")]
    for count in (1, 2):
        call = views.agent_call(others=tuple(further[:count]))
        await stage.show(views.agent("on_call", media="live", call=call, **clock(11)))
        await page.locator(f".others > div:nth-child({count})").wait_for()
        await seen(f"18-call-of-{count + 2}")
    held = views.agent_call(held_from_ms=views.now_ms() - 42_000)
    await stage.show(views.agent("on_call", media="live", call=held, **clock(11)))
    await page.locator(".hold-line").wait_for()
    await seen("16-call-held")
    lost = views.agent_call(other_media="reconnecting")
    await stage.show(views.agent("on_call", media="live", picture="slate", call=lost))
    await page.locator(".customer .pill[data-name='lost']").wait_for()
    await seen("09-call-lost")
    await stage.show(after(ended="another_signer"))
    await page.locator(".after").wait_for()
    await seen("10-after")
    await stage.show(after(age_s=500, outcome="follow_up", due_in_h=2, note="CA1234"))
    await page.locator(".after .pill-good").wait_for()
    await seen("13-after-saved")
    await stage.show(views.agent("rest", media="live", since_ms=now - 60_000, rest_until_ms=now + 240_000))
    await page.locator(".clock[data-level='rest']").wait_for()
    await seen("14-rest")
    stage.refuse_sockets = True
    await stage.cut()
    await page.locator(".desk .notice-attention").first.wait_for()
    await seen("11-link-lost")
    stage.refuse_sockets = False
    await stage.until(lambda: stage.sockets)
    await stage.cut(4409)
    await ready(page, "replaced")
    await seen("15-second-page")


async def test_agent_without_camera(open_page: OpenPage, stage: Stage) -> None:
    stage.me = views.ME_AGENT
    await stage.show(views.agent("break", shift_until_ms=0))
    page = await open_page("/agent/", size=DESK, camera="refused")
    await page.locator(".camera-trouble").wait_for()
    await look(page, "agent-zh-CN-12-camera-refused", themes=True)


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_coordinator_hours_and_messages(open_page: OpenPage, stage: Stage, lang: str) -> None:
    first = lang == LANGUAGES[0]
    stage.me = views.ME_COORDINATOR
    answer(stage)
    page = await open_page("/coordinator/#hours", lang=lang, size=DESK, camera="refused")

    async def seen(name: str) -> None:
        await look(page, f"coordinator-{lang}-{name}", themes=first, again=not first)

    await page.locator(".hours-grid").wait_for()
    await seen("20-hours")
    faults = [
        {"code": "ends_first", "day": 1, "row": 1},
        {"code": "overlaps", "date": "2027-01-01", "row": 2, "other": 1},
        {"code": "date_unreadable"},
    ]
    stage.answers["PUT hours"] = (400, {"error": "bad_hours", "faults": faults})
    for _ in range(2):
        await page.locator(".hours-dates .hours-acts .button").first.click()
    await page.locator(".hours-dates ~ .row .button").click()
    await page.locator(".hours-side .notice-danger").wait_for()
    await seen("21-hours-faults")
    closed = views.hours(open_now=False, closes_ms=0, next_open_ms=views.now_ms() + 9_000_000)
    stage.answers["PUT hours"] = (200, closed)
    await page.locator(".hours-dates > li").last.locator(".hours-acts .button").last.click()
    await page.locator(".hours-side .notice-danger").wait_for(state="hidden")
    await seen("22-hours-changed")
    await page.locator("#hours-use").uncheck()
    stage.answers["PUT hours"] = (200, views.hours(week=[[]] * 7, exceptions=[], set=False))
    await page.locator(".hours-side .button-main").click()
    await page.locator(".hours-side .notice-good").wait_for()
    await seen("23-hours-none")
    await page.locator("a[href='#messages']").click()
    await page.locator(".inbox-row").first.wait_for()
    await seen("24-messages")
    await page.locator(".inbox-row").first.click()
    await seen("25-message")
    await page.locator(".inbox-row").nth(1).click()
    await seen("26-follow-up")
    stage.answers["POST messages/c_77"] = (503, {"error": "store_unavailable"})
    await page.locator(".inbox-detail .button-main").click()
    await page.locator("main .notice-danger:visible").wait_for()
    await seen("27-messages-refused")
    stage.answers["GET messages"] = (200, views.inbox(messages=[], open=0))
    await page.locator(".row .button[aria-pressed='false']").click()
    await page.locator("main p.soft:visible").wait_for()
    await seen("28-messages-none")


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_coordinator(open_page: OpenPage, stage: Stage, lang: str) -> None:
    first = lang == LANGUAGES[0]
    stage.answers["POST sign-in"] = (200, views.ME_COORDINATOR)
    stage.answers["GET agents"] = (200, {"agents": views.AGENTS})
    stage.answers["GET door"] = (200, views.door())
    stage.answers["GET shifts"] = (200, {"shifts": views.shifts()})
    stage.answers["GET records"] = (200, {"records": views.records(), "cursor": "next"})
    stage.answers["GET records/c-1"] = (200, long_story())
    answer(stage)
    page = await open_page("/coordinator/", lang=lang, size=DESK, camera="refused")

    async def seen(name: str) -> None:
        await look(page, f"coordinator-{lang}-{name}", themes=first, again=not first)

    await ready(page, "sign_in")
    await seen("01-sign-in")
    await page.locator("#sign-in-name").fill("zhou")
    await page.locator("#sign-in-password").fill("right")
    await page.keyboard.press("Enter")
    await stage.message("hello")
    await stage.show(views.wall())
    await page.locator(".tile").first.wait_for()
    await page.locator(".now-level .chart").wait_for()
    await seen("02-now")
    await page.locator(".day .button").click()
    await seen("11-now-table")
    await page.locator(".now-door .button").first.click()
    await seen("09-door-asks")
    closed = views.door(open=False, notice="今天系统维护，15:00 再开。")
    stage.answers["POST door"] = stage.answers["GET door"] = (200, closed)
    await page.locator(".now-door .button-end").click()
    await page.locator(".now-door .pill-danger").wait_for()
    await seen("10-door-closed")
    await page.locator(".tab").nth(1).click()
    await page.locator(".shift-row").first.wait_for()
    await seen("03-shifts")
    stage.answers["POST shifts"] = (409, {"error": "shift_overlaps"})
    await page.locator(".shift-form .button-main").click()
    await page.locator(".shift-form .notice-danger").wait_for()
    await page.locator(".shift-row .button").first.click()
    await seen("04-shifts-asks")
    file = {"name": "roster.csv", "mimeType": "text/csv", "buffer": b"x"}
    plan = {
        "line": 2,
        "name": "林晓",
        "start": views.shifts()[3]["start"],
        "end": views.shifts()[3]["end"],
        "breaks": [],
    }
    fault = {"line": 3, "code": "date_unreadable", "column": "date", "value": "3/2/26"}
    for name, faults in (("07-import", []), ("08-import-faults", [fault, {**fault, "line": 4}])):
        checked = {"shifts": [plan] * 3, "faults": faults, "rows": 3, "imported": 0}
        stage.answers["POST shifts/import"] = (200, checked)
        await page.locator(".import-file").set_input_files(file)  # type: ignore[arg-type]
        await page.locator(".import-table").wait_for()
        await page.locator(".import-frame").scroll_into_view_if_needed()
        await seen(name)
    await page.locator("a.tab[href='#records']").click()
    await page.locator(".records-grid .table tbody tr").first.wait_for()
    await seen("05-records")
    await page.locator(".table tbody .button").first.click()
    await page.locator(".timeline li").first.wait_for()
    await seen("06-record")
    await page.locator("a.tab[href='#people']").click()
    await page.locator(".people-table tbody tr").first.wait_for()
    await seen("12-people")
    await page.locator(".spread > .button").click()
    await page.keyboard.press("Enter")
    await page.locator("form .notice-danger").wait_for()
    await seen("13-person-form")
    await page.locator(".people-table .button").last.click()
    await seen("14-person-not-yours")
    await page.locator(".people-table .button").first.click()
    await page.locator(".person-acts .button").first.click()
    await page.locator("form .notice").first.wait_for()
    await seen("17-person-labels")
    stage.answers["POST people/a-1/password"] = (200, {"account": people()[0], "password": "k7mf-3xqp-w9zt-2hrn"})
    await page.locator(".people-table .button").first.click()
    await page.locator(".person-acts .button").nth(2).click()
    await seen("15-person-asks")
    await page.locator(".person-acts .button-end").click()
    await page.locator(".one-time").wait_for()
    await seen("16-person-password")
