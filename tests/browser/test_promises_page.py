"""What was promised, on the three pages: asked after once, called back in sign, given on, settled."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from playwright.async_api import Page, expect

from signaling.messages import LatePromise
from tests.browser import views
from tests.browser.board import ASK_AGAIN, IN_HAND, board
from tests.browser.conftest import DESK, OpenPage
from tests.browser.looks import look
from tests.browser.stage import Stage
from tests.browser.steps import screen
from tests.catalogues import catalogue

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HOUR_MS = 3_600_000
PHONE = {"width": 360, "height": 780}
# The pages ask again by themselves: here when a test says so, or what a test is about to press is gone before.
CUSTOMER_IN_HAND = IN_HAND.replace("30000", "10000")
AGENT_IN_HAND = IN_HAND.replace("30000", "60000")


def now_ms() -> int:
    return round(time.time() * 1_000)


def promised(call: str = "c_1", **more: Any) -> dict[str, Any]:
    fields = {
        "call": call,
        "name": "林晓",
        "about_ms": now_ms() - 20 * HOUR_MS,
        "reason": "hotel",
        "due_ms": now_ms() + 30 * HOUR_MS,
        "state": "open",
        "urged": False,
        "calls_until_ms": 0,
        "called_ms": 0,
    }
    return {**fields, **more}


async def at_home(open_page: OpenPage, stage: Stage, *found: dict[str, Any], lang: str = "zh-CN") -> Page:
    stage.service |= {"promises": len(found)}
    stage.answers["GET promises"] = (200, {"promises": list(found)})
    page = await open_page(f"/customer/?lang={lang}", size=PHONE, script=CUSTOMER_IN_HAND)
    await page.locator(".promises").wait_for()
    return page


async def test_a_customer_sees_what_is_owed_and_asks_once(open_page: OpenPage, stage: Stage) -> None:
    late = promised("c_2", state="late", due_ms=now_ms() - HOUR_MS, called_ms=now_ms() - HOUR_MS)
    page = await at_home(open_page, stage, promised(), late, promised("c_3", state="done", reason=""))
    rows = page.locator(".promises li")
    await expect(rows).to_have_count(3)
    await expect(rows.nth(0)).to_contain_text("林晓")
    await expect(rows.nth(0)).to_contain_text(catalogue("zh-CN")["reason.hotel"])
    await expect(rows.nth(2).get_by_role("button")).to_have_count(0)
    await look(page, "customer-promises", themes=True)
    urge = rows.nth(0).get_by_role("button")
    await urge.focus()
    await page.evaluate(ASK_AGAIN)
    await stage.until(lambda: stage.requests.count(("GET", "promises", None)) > 1)
    await page.evaluate("fetch('/api/service').then((answer) => answer.text())")  # by then the page has read it
    await expect(urge).to_be_focused()
    stage.answers["POST promises/c_1/urge"] = (204, None)
    stage.answers["GET promises"] = (200, {"promises": [promised(urged=True)]})
    await urge.click()
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text(catalogue("zh-CN")["promise.urged"])
    await expect(rows.get_by_role("button")).to_have_count(0)
    assert [each[1] for each in stage.requests if each[0] == "POST"] == ["promises/c_1/urge"]


@pytest.mark.parametrize("lang", ["zh-CN", "en", "zh-HK"])
async def test_the_owner_who_calls_back_rings_on_the_open_page(open_page: OpenPage, stage: Stage, lang: str) -> None:
    page = await at_home(open_page, stage, promised(calls_until_ms=now_ms() + HOUR_MS), lang=lang)
    words = catalogue(lang)
    ring = page.get_by_role("alert").filter(has_text=words["promise.calls"].format(name="林晓"))
    await expect(ring).to_be_visible()
    await expect(page.locator("#app.calls-you")).to_have_count(1)
    await look(page, f"customer-called-back-{lang}", themes=lang == "zh-CN", again=lang != "zh-CN")
    stage.answers["POST call-back/decline"] = (204, None)
    stage.answers["GET promises"] = (200, {"promises": [promised()]})
    await ring.get_by_role("button", name=words["promise.not_now"]).click()
    await expect(ring).to_be_hidden()
    await expect(page.locator("#app.calls-you")).to_have_count(0)


async def test_who_answers_looks_at_the_own_picture_and_begins(open_page: OpenPage, stage: Stage) -> None:
    # Also while the line is closed for everybody else.
    stage.service |= {"open": False, "urgent_open": False, "agents_on": 0}
    page = await at_home(open_page, stage, promised(calls_until_ms=now_ms() + HOUR_MS))
    await page.get_by_role("button", name=catalogue("zh-CN")["promise.answer"]).click()
    await screen(page, "ready")
    await page.get_by_role("button", name=catalogue("zh-CN")["ready.begin"]).click()
    await stage.message("join")


async def test_a_page_that_nobody_touches_asks_once_a_minute(open_page: OpenPage, stage: Stage) -> None:
    page = await at_home(open_page, stage, promised())
    ask = "() => { const asked = window.asked; again.forEach((act) => act()); return window.asked - asked; }"
    await page.evaluate("""() => {
      window.asked = 0;
      const ask = window.fetch;
      window.fetch = (url, more) => {
        if (String(url).endsWith('/api/service')) window.asked += 1;
        return ask(url, more);
      };
      window.hours = performance.now.bind(performance);
      window.later = 0;
      performance.now = () => window.hours() + window.later;
    }""")
    assert [await page.evaluate(ask) for _ in range(7)] == [1] * 7
    await page.evaluate("window.later = 601_000")
    assert sum([await page.evaluate(ask) for _ in range(18)]) == 3
    await page.keyboard.press("Shift")
    assert await page.evaluate("window.asked") == 7 + 3 + 1, "for who is there again it is asked at once"
    assert [await page.evaluate(ask) for _ in range(7)] == [1] * 7


async def test_the_link_of_a_message_leads_there_at_once_and_an_old_one_says_so(
    open_page: OpenPage, stage: Stage
) -> None:
    stage.answers["POST call-back/follow"] = (204, None)
    page = await open_page("/customer/#call=" + "a" * 43)
    await screen(page, "ready")
    assert page.url.endswith("/customer/")
    assert ("POST", "call-back/follow", {"token": "a" * 43}) in stage.requests
    stage.answers["POST call-back/follow"] = (410, {"error": "call_back_gone"})
    page = await open_page("/customer/#call=" + "b" * 43)
    await expect(page.get_by_role("alert")).to_contain_text(catalogue("zh-CN")["error.call_back_gone"])
    await screen(page, "home")


async def test_an_agent_sees_the_own_promises_and_calls_back(open_page: OpenPage, stage: Stage) -> None:
    mine = {
        "call": "c_1",
        "about_ms": now_ms() - 20 * HOUR_MS,
        "due_ms": now_ms() - HOUR_MS,
        "late": True,
        "urged_ms": now_ms() - HOUR_MS // 2,
        "reason": "",
        "sign_language": "csl",
        "locale": "zh-CN",
        "called": "",
        "called_ms": 0,
    }
    matter = {"call": "c_0", "since_ms": now_ms() - HOUR_MS, "due_ms": now_ms() + HOUR_MS, "reason": "hotel"}
    stage.answers["GET my/promises"] = (200, {"promises": [mine], "matters": [matter]})
    stage.me = {"name": "Lin", "sign_in_name": "lin", "role": "agent"}
    stage.views["agent"] = views.agent("available")
    page = await open_page("/agent/", size=DESK, camera="agent", script=AGENT_IN_HAND)
    words = catalogue("zh-CN")
    await expect(page.locator(".desk-notices [role=alert]").filter(has_text="我的承诺")).to_be_visible()
    await page.locator(".my-promises summary").click()
    row = page.locator(".my-promises li").filter(has_text=words["agent.promise.call"])
    await expect(row.get_by_role("button", name=words["agent.promise.stop"])).to_be_hidden()
    await look(page, "agent-promises", themes=True)
    stage.answers["GET my/promises/c_1"] = (200, {"note": "订单在查", "readable": True})
    await row.get_by_role("button", name=words["agent.promise.note"]).click()
    await expect(row).to_contain_text("订单在查")
    stage.answers["POST my/promises/c_1"] = (200, {"call": "c_1", "until_ms": now_ms() + HOUR_MS})
    calling = {**mine, "called": "calling", "called_ms": now_ms()}
    stage.answers["GET my/promises"] = (200, {"promises": [calling], "matters": []})
    await row.get_by_role("button", name=words["agent.promise.call"]).click()
    stopping = page.locator(".my-promises").get_by_role("button", name=words["agent.promise.stop"])
    await expect(stopping).to_be_visible()
    assert ("POST", "my/promises/c_1", {"act": "call"}) in stage.requests


async def test_a_coordinator_sees_late_promises_settles_a_matter_and_gives_a_promise_on(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await board(open_page, stage)
    await stage.until(lambda: stage.sockets)
    late = LatePromise(call="c_9", owner_name="林晓", due_ms=now_ms() - 61_000, late=True)
    away = LatePromise(call="c_8", owner_name="", due_ms=now_ms() + HOUR_MS, urged_ms=now_ms() - 5_000, away="leave")
    await stage.show(msgspec.structs.replace(views.wall(), late_promises=(late, away)))
    words = catalogue("zh-CN")
    shown = page.get_by_role("region", name=words["now.promise.title"]).locator("li")
    await expect(shown).to_have_count(2)
    await expect(shown.nth(0).locator(".call-clock")).to_contain_text("1:")
    await look(page, "coordinator-promises", themes=True)
    stage.answers["POST matters/c-0/settle"] = (204, None)
    settle = page.get_by_role("button", name=words["now.settle"])
    await expect(settle).to_have_count(1)  # of two matters: the other's customer still waits
    await settle.click()
    await stage.until(lambda: ("POST", "matters/c-0/settle", {}) in stage.requests)

    entry = {
        "id": "c_9",
        "kind": "follow_up",
        "at_ms": now_ms() - 5 * HOUR_MS,
        "due_ms": now_ms() - HOUR_MS,
        "customer": "c-1",
        "verified": True,
        "locale": "zh-CN",
        "text": "订单在查",
        "contact": "",
        "call": "c_9",
        "owner_name": "林晓",
        "urged_ms": now_ms(),
        "away": "leave",
        "state": "open",
        "readable": True,
        "video": None,
    }
    stage.answers["GET messages"] = (200, {"messages": [entry], "more": False, "cursor": "", "open": 1})
    await page.get_by_role("link", name=words["now.promise.see"]).first.click()
    await page.locator(".inbox-row").click()
    await expect(page.locator(".inbox-detail")).to_contain_text(words["inbox.away.leave"])
    await page.get_by_role("button", name=words["inbox.give"]).click()
    await page.get_by_label(words["inbox.give_to"]).select_option("a-2")
    await look(page, "coordinator-promise-give", themes=True)
    stage.answers["POST promises/c_9/owner"] = (200, {"call": "c_9", "owner_name": "王静"})
    await page.get_by_role("button", name=words["inbox.give_do"], exact=True).click()
    await stage.until(lambda: ("POST", "promises/c_9/owner", {"owner": "a-2"}) in stage.requests)
