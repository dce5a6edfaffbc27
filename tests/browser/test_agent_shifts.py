"""The agent's own shifts on the desk, and the address for the agent's calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser import views
from tests.browser.conftest import OpenPage
from tests.browser.desk import desk
from tests.browser.looks import look
from tests.browser.stage import Stage
from tests.catalogues import catalogue

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ME, WANG = "a-1", "a-2"  # days are far ahead: the fields take none that has passed
PATH = "/api/calendar/kT3xVn0cXq9a1ZrWmB7yDfHsUe5LgJpQoIiKbNt4wYA.ics"


def shifts(*starts_h: float) -> list[dict[str, Any]]:
    """Return shifts of eight hours that begin so many hours from now."""
    now = datetime.fromtimestamp(views.now_ms() / 1000, UTC)
    return [
        {
            "shift": f"s-{number}",
            "start": (now + timedelta(hours=hours)).isoformat(),
            "end": (now + timedelta(hours=hours + 8)).isoformat(),
        }
        for number, hours in enumerate(starts_h)
    ]


def hours(from_h: float, to_h: float) -> tuple[str, str]:
    """Return two moments, so many hours from now."""
    now = datetime.fromtimestamp(views.now_ms() / 1000, UTC)
    return (now + timedelta(hours=from_h)).isoformat(), (now + timedelta(hours=to_h)).isoformat()


def row(request: str, kind: str, state: str, **more: Any) -> dict[str, Any]:
    """Return a request of this agent as the service gives it."""
    fields: dict[str, Any] = {"request": request, "rev": 1, "kind": kind, "state": state, "person": ME, "other": ""}
    fields |= {"at_ms": views.now_ms(), "changed_ms": views.now_ms(), "fresh": False}
    if kind in ("open", "offer", "swap"):
        fields |= dict(zip(("start", "end"), hours(30, 38), strict=True))
    else:
        fields |= {"first_day": "2099-03-02", "last_day": "2099-03-04", "named": ""}
    return {**fields, **more}


def asks(stage: Stage, *mine: dict[str, Any], there: tuple[dict[str, Any], ...] = ()) -> None:
    people = {ME: "林晓", WANG: "王静"}
    answer = {"zone": "Asia/Shanghai", "auto": False, "me": ME, "people": people, "shifts": ["early", "late"]}
    stage.answers["GET my/requests"] = (200, {**answer, "mine": list(mine), "open": list(there)})
    stage.answers["POST my/requests/seen"] = (200, {})


def asked(stage: Stage, path: str) -> list[Any]:
    """Return the bodies of what the page has sent to a path."""
    return [body for method, rest, body in stage.requests if (method, rest) == ("POST", path)]


def answer(stage: Stage, *starts_h: float, since_ms: int = 0) -> None:
    stage.answers["GET my/shifts"] = (200, {"shifts": shifts(*starts_h), "calendar_since_ms": since_ms})


async def opened(open_page: OpenPage, stage: Stage, lang: str = "zh-CN") -> Page:
    page = await desk(open_page, stage, views.agent("break", media="offer"), lang=lang)
    await page.locator(".own-shifts > summary").press("Enter")
    return page


async def test_shifts_ahead_are_listed_with_the_one_that_runs(open_page: OpenPage, stage: Stage) -> None:
    answer(stage, -30, -2, 20, *range(44, 44 + 24 * 9, 24))
    page = await opened(open_page, stage)
    rows = page.locator(".my-shift")
    await expect(rows).to_have_count(8)
    await expect(rows.first).to_contain_text("正在值班")
    await expect(rows.nth(1)).not_to_contain_text("正在值班")


async def test_an_empty_roster_and_a_silent_service_are_said(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["GET my/shifts"] = (503, {"error": "busy"})
    page = await opened(open_page, stage)
    await expect(page.locator(".own-shifts [role=status]")).to_have_text("班次没有读到。请再打开一次。")
    answer(stage)
    await page.locator(".own-shifts > summary").press("Enter")
    await page.locator(".own-shifts > summary").press("Enter")
    await expect(page.locator(".own-shifts [role=status]")).to_have_text("还没有排班。")


async def test_an_address_is_made_shown_once_and_ended(open_page: OpenPage, stage: Stage) -> None:
    answer(stage, 20)
    stage.answers["POST my/calendar"] = (201, {"path": PATH})
    stage.answers["DELETE my/calendar"] = (200, {})
    page = await opened(open_page, stage)
    await expect(page.locator(".my-shift")).to_have_count(1)  # what was read is drawn, and draws over nothing later
    await page.get_by_role("button", name="连接我的日历").press("Enter")
    address = page.get_by_label("日历地址")
    await expect(address).to_be_focused()
    await expect(address).to_have_value(f"{stage.url}{PATH}")
    link = page.get_by_role("link", name="在日历中打开")
    assert await link.get_attribute("href") == f"webcal://{stage.url.partition('://')[2]}{PATH}"
    assert ("POST", "my/calendar", {"locale": "zh-CN"}) in stage.requests
    await expect(page.get_by_role("button", name="换一个地址")).to_be_visible()
    await look(page, "agent-zh-CN-shifts-address")

    await page.get_by_role("button", name="停止").press("Enter")
    await expect(page.locator(".own-shifts [role=status]")).to_have_text("已停止。旧地址不再有效。")
    await expect(address).to_be_hidden()
    assert await address.input_value() == "", "what is over stays nowhere"
    await expect(page.get_by_role("button", name="连接我的日历")).to_be_focused()


async def test_an_older_answer_undoes_no_newer_address(open_page: OpenPage, stage: Stage) -> None:
    answer(stage, 20)
    stage.answers["POST my/calendar"] = (201, {"path": PATH})
    page = await opened(open_page, stage)
    await expect(page.locator(".my-shift")).to_have_count(1)
    # The next reading has left the service before the address is made, and comes after it.
    held: list[Route] = []
    await page.route("**/api/my/shifts", lambda route: held.append(route))
    await page.locator(".own-shifts > summary").press("Enter")
    await page.locator(".own-shifts > summary").press("Enter")
    await stage.until(lambda: held)
    await page.get_by_role("button", name="连接我的日历").press("Enter")
    await expect(page.get_by_role("button", name="换一个地址")).to_be_visible()
    async with page.expect_response("**/api/my/shifts"):
        await held[0].continue_()
    await page.evaluate("fetch('/api/my/requests').then((answer) => answer.text())")  # by then the page has read it
    await expect(page.get_by_role("button", name="换一个地址")).to_be_visible()
    await expect(page.get_by_label("日历地址")).to_have_value(f"{stage.url}{PATH}")


@pytest.mark.parametrize("lang", ["en", "zh-HK"])
async def test_whoever_has_one_sees_since_when(open_page: OpenPage, stage: Stage, lang: str) -> None:
    answer(stage, 20, since_ms=views.now_ms() - 86_400_000)
    page = await opened(open_page, stage, lang)
    stop = {"en": "Stop", "zh-HK": "停止"}[lang]
    await expect(page.get_by_role("button", name=stop, exact=True)).to_be_visible()
    await look(page, f"agent-{lang}-shifts", themes=lang == "en", again=lang != "en")
    stage.answers["DELETE my/calendar"] = (503, {"error": "busy"})
    await page.get_by_role("button", name=stop, exact=True).press("Enter")
    words = {"en": "That did not work. Please try again.", "zh-HK": "沒有成功。請再試一次。"}[lang]
    await expect(page.locator(".own-shifts [role=status]")).to_have_text(words)


def busy_desk(stage: Stage) -> None:
    """Somebody with shifts, whom a colleague asks, and who could take one of two open ones."""
    answer(stage, -2, 20)
    theirs = dict(zip(("their_start", "their_end"), hours(54, 62), strict=True))
    rest = {"rule": "rest", "shift": "", "has": 40, "limit": 44, "person": ME, "day": "2099-03-02"}
    asks(
        stage,
        row("q-1", "swap", "waiting", person=WANG, other=ME, fresh=True, **theirs),
        row("q-2", "leave", "granted", fresh=True),
        row("q-3", "offer", "waiting"),
        row("q-4", "wish", "noted", named="late"),
        there=(
            row("q-5", "open", "waiting", person="", broken=[]),
            row("q-6", "open", "waiting", person="", broken=[rest]),
        ),
    )


async def test_what_is_asked_and_what_became_of_it_is_there_and_answered(open_page: OpenPage, stage: Stage) -> None:
    busy_desk(stage)
    page = await opened(open_page, stage)
    requests = page.locator(".my-request")
    await expect(requests).to_have_count(6)
    await expect(requests.nth(0)).to_contain_text("王静想和您换班")
    await expect(requests.nth(2)).to_contain_text("您不能上：上班前只休息 10 小时，至少要 11 小时")
    await expect(requests.nth(3)).to_contain_text("已同意")
    await stage.until(lambda: asked(stage, "my/requests/seen") == [{}])
    await look(page, "agent-zh-CN-requests", themes=True)

    stage.answers["POST my/requests/q-1"] = (200, {})
    await page.get_by_role("button", name="好").press("Enter")
    await stage.until(lambda: asked(stage, "my/requests/q-1") == [{"act": "accept", "rev": 1}])
    await expect(page.locator("#announcer")).to_have_text(catalogue("zh-CN")["agent.requests.did.accept"])
    stage.answers["POST my/requests/q-5"] = (409, {"error": "request_changed"})
    await page.get_by_role("button", name="我来上").press("Enter")
    await expect(page.locator(".own-shifts [role=alert]")).to_have_text("有人先动了。现在是这样。")
    stage.answers["POST my/requests/q-3"] = (200, {})
    await page.get_by_role("button", name="取消").first.press("Enter")
    await stage.until(lambda: asked(stage, "my/requests/q-3") == [{"act": "withdraw", "rev": 1}])
    await expect(page.locator(".own-shifts [role=alert]")).to_be_hidden()


async def test_a_shift_is_offered_swapped_or_given_up(open_page: OpenPage, stage: Stage) -> None:
    answer(stage, 20)
    asks(stage)
    start, end = hours(54, 62)
    swap = {"person": WANG, "shift": "s-9", "start": start, "end": end, "alike": False}
    stage.answers["GET my/shifts/s-0/swaps"] = (200, {"people": [WANG], "unlike": [WANG], "swaps": [swap]})
    page = await opened(open_page, stage)
    change = page.get_by_role("button", name="换班").first
    await change.press("Enter")
    said = "王静（不会您全部的手语或文字，要协调员同意）"
    await expect(page.get_by_label("换成")).to_contain_text(f"{said} · ")
    await expect(page.get_by_label("让给谁").locator("option")).to_have_text(["谁愿意都行", said])
    await look(page, "agent-zh-CN-shift-acts")
    stage.answers["POST my/requests"] = (201, {})
    await page.get_by_role("button", name="请同事换").press("Enter")
    await expect(page.locator(".shift-acts")).to_be_hidden()
    await expect(change).to_be_focused()
    await change.press("Enter")
    await page.get_by_label("让给谁").select_option(WANG)
    await page.get_by_role("button", name="让出").press("Enter")
    await expect(page.locator(".shift-acts")).to_be_hidden()
    assert asked(stage, "my/requests") == [
        {"kind": "swap", "shift": "s-0", "to": WANG, "theirs": "s-9"},
        {"kind": "offer", "shift": "s-0", "to": WANG},
    ]
    await change.press("Enter")
    stage.answers["POST my/away"] = (201, {"request": "q-1", "opened": ["q-2"]})
    await page.get_by_label("最后一天").first.fill("2099-03-04")
    await page.get_by_label("第一天").first.fill("2099-03-02")
    await page.get_by_role("button", name="我来不了").press("Enter")
    await expect(page.locator(".shift-acts")).to_be_hidden()
    assert asked(stage, "my/away") == [{"first_day": "2099-03-02", "last_day": "2099-03-04"}]


@pytest.mark.parametrize("lang", ["en", "zh-HK"])
async def test_days_are_asked_for(open_page: OpenPage, stage: Stage, lang: str) -> None:
    busy_desk(stage)
    page = await opened(open_page, stage, lang)
    words = {
        "en": ("Leave and wishes", "What is it?", "I would like this shift", "Which shift?", "Send"),
        "zh-HK": ("請假和希望", "要甚麼", "希望返這更", "哪一更", "傳送"),
    }[lang]
    await page.get_by_text(words[0], exact=True).click()
    await page.get_by_label(words[1]).select_option(label=words[2])
    await page.get_by_label(words[3]).select_option("late")
    form = page.locator(".ask-days")
    await form.locator("#days-last").fill("2099-03-03")
    await form.locator("#days-first").fill("2099-03-02")
    await look(page, f"agent-{lang}-ask-days", again=lang != "en")
    stage.answers["POST my/requests"] = (201, {})
    await form.get_by_role("button", name=words[4], exact=True).press("Enter")
    wish = {"kind": "wish", "first_day": "2099-03-02", "last_day": "2099-03-03", "named": "late"}
    await stage.until(lambda: asked(stage, "my/requests") == [wish])


async def test_a_decision_is_heard_while_the_shifts_are_folded(open_page: OpenPage, stage: Stage) -> None:
    answer(stage, 20)
    asks(stage, row("q-2", "leave", "declined", fresh=True, why="too_few"))
    page = await desk(open_page, stage, views.agent("break", media="offer"))
    pill = page.locator(".own-shifts > summary .pill")
    await expect(pill).to_be_hidden()
    await stage.show(views.agent("break", media="offer", shift_news_ms=views.now_ms()))
    await expect(pill).to_have_text("1 条消息")
    await page.locator(".own-shifts > summary").press("Enter")
    await expect(page.locator(".my-request")).to_contain_text("原因：人手不够。")
