"""Being told while the page is closed: offered where there is something to be told of, said plainly when it cannot be.

The worker is the browser's own, and its message comes as a push service's would; only the subscription is made up,
because a browser makes a real one with its maker's server alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import Any

import pytest
from playwright.async_api import CDPSession, Page, expect

from tests.browser import views
from tests.browser.conftest import OpenPage
from tests.browser.looks import look
from tests.browser.stage import Stage
from tests.browser.steps import queue
from tests.catalogues import catalogue

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WORDS = catalogue("zh-CN")
START, STOP = WORDS["push.start"], WORDS["push.stop"]
ADDRESS = "https://push.example.org/send/one"
# A key that is one: browsers look at it before they ask anybody.
KEY = "BFQ7lBOQb7OPPgQxfXM3n5ZUEBsQDOrZdrZMvzUVObWqsmfFwqJ8FKQSCxUAk6_zBQnIcvOWpoRrNQDO1KqBUzg"
MADE_UP = f"""
    let made = null, at = null;
    const register = ServiceWorkerContainer.prototype.register;
    ServiceWorkerContainer.prototype.register = async function (...more) {{
      return (at = await register.apply(this, more));
    }};
    PushManager.prototype.getSubscription = async () => made;
    PushManager.prototype.subscribe = async () => {{
      if (!at.active) throw new DOMException("no active worker", "AbortError");  // as browsers do
      return (made = {{ endpoint: "{ADDRESS}", unsubscribe: async () => ((made = null), true) }});
    }};
"""
LIMIT_S = 30.0


def promised(stage: Stage, told: str = "") -> None:
    """Let there be a promise to this customer, and browsers be told."""
    later_ms = round(time.time() * 1_000) + 86_400_000
    stage.service |= {"push": {"key": KEY, "told": told}, "promises": 1}
    row = {"call": "c_1", "name": "Lin", "about_ms": later_ms - 172_800_000, "reason": "", "due_ms": later_ms}
    row |= {"state": "open", "urged": False, "calls_until_ms": 0, "called_ms": 0}
    stage.answers["GET promises"] = (200, {"promises": [row]})
    stage.answers["PUT push"] = stage.answers["DELETE push"] = (204, None)


def puts(stage: Stage) -> list[Any]:
    return [body for method, path, body in stage.requests if (method, path) == ("PUT", "push")]


async def registration_of(cdp: CDPSession, press: Any) -> str:
    """Press what registers the worker, and return the registration's id once the worker runs."""
    found: asyncio.Queue[str] = asyncio.Queue()

    def heard(event: dict[str, Any]) -> None:
        for version in event["versions"]:
            if version["status"] == "activated":
                found.put_nowait(version["registrationId"])

    cdp.on("ServiceWorker.workerVersionUpdated", heard)
    await cdp.send("ServiceWorker.enable")
    await press()
    async with asyncio.timeout(LIMIT_S):
        return await found.get()


async def shown(page: Page) -> list[list[str]]:
    """Return the notifications that the browser shows of this page's worker."""
    rows: list[list[str]] = await page.evaluate(
        "async () => (await (await navigator.serviceWorker.getRegistration('/customer/later/')).getNotifications())"
        ".map(({ title, body, lang }) => [title, body, lang])"
    )
    return rows


async def test_the_worker_shows_an_empty_message_in_the_pages_own_words_until_it_is_ended(
    open_page: OpenPage, stage: Stage
) -> None:
    promised(stage)
    page = await open_page("/customer/", permissions=["notifications"], script=MADE_UP)
    await expect(page.get_by_text(WORDS["push.about"])).to_be_visible()
    await look(page, "customer-push", themes=True)
    cdp = await page.context.new_cdp_session(page)
    registration = await registration_of(cdp, page.get_by_role("button", name=START).click)
    await expect(page.get_by_role("status").filter(has_text=WORDS["push.is_on"])).to_be_visible()
    assert puts(stage) == [{"address": ADDRESS}]
    assert await page.evaluate("navigator.serviceWorker.controller") is None, (
        "it stands between no page and the service"
    )
    push = {"origin": stage.url, "registrationId": registration, "data": ""}
    await cdp.send("ServiceWorker.deliverPushMessage", push)
    async with asyncio.timeout(LIMIT_S):
        while not (rows := await shown(page)):
            await asyncio.sleep(0.05)
    assert rows == [[WORDS["push.title"], WORDS["push.body"], "zh-CN"]]
    await page.get_by_role("button", name=STOP).click()
    await expect(page.get_by_role("status").filter(has_text=WORDS["push.is_off"])).to_be_visible()
    assert ("DELETE", "push", None) in stage.requests
    gone = "navigator.serviceWorker.getRegistration('/customer/later/').then((each) => each === undefined)"
    assert await page.evaluate(gone)


async def test_where_the_browsers_maker_cannot_be_reached_it_is_said_and_may_be_tried_again(
    open_page: OpenPage, stage: Stage
) -> None:
    promised(stage)
    fails = "PushManager.prototype.subscribe = async () => { throw new DOMException('no server', 'AbortError'); };"
    page = await open_page("/customer/", permissions=["notifications"], script=fails)
    await page.get_by_role("button", name=START).click()
    await expect(page.get_by_role("status").filter(has_text=WORDS["push.failed"])).to_be_visible()
    await expect(page.get_by_role("button", name=START)).to_be_enabled()
    assert puts(stage) == []


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("Object.defineProperty(Notification, 'permission', { get: () => 'denied' });", "blocked"),
        ("delete window.PushManager;", "unsupported"),
    ],
    ids=["blocked", "unsupported"],
)
async def test_what_cannot_be_had_is_said_instead_of_a_button(
    open_page: OpenPage, stage: Stage, script: str, said: str
) -> None:
    promised(stage)
    page = await open_page("/customer/", script=script)
    await expect(page.get_by_text(WORDS[f"push.{said}"])).to_be_visible()
    await expect(page.get_by_role("button", name=START)).to_be_hidden()
    await look(page, f"customer-push-{said}")


@pytest.mark.parametrize(("answer", "said"), [("denied", "blocked"), ("default", "not_yet")])
async def test_a_no_and_no_answer_are_taken_as_such(open_page: OpenPage, stage: Stage, answer: str, said: str) -> None:
    promised(stage)
    script = f"""
        let answered = "default";
        Object.defineProperty(Notification, "permission", {{ get: () => answered }});
        Notification.requestPermission = async () => (answered = "{answer}");
    """
    page = await open_page("/customer/", script=script)
    await page.get_by_role("button", name=START).click()
    await expect(page.get_by_text(WORDS[f"push.{said}"])).to_be_visible()
    assert puts(stage) == []


async def test_whoever_is_told_already_can_end_it_and_it_is_offered_where_there_is_news_to_come(
    open_page: OpenPage, stage: Stage
) -> None:
    promised(stage, told=hashlib.sha256(ADDRESS.encode()).hexdigest()[:16])
    stage.service["promises"] = 0
    stage.answers["POST place"] = (201, {"until_ms": 1, "token": "t" * 43})
    was = f"""{MADE_UP} made = {{ endpoint: "{ADDRESS}", unsubscribe: async () => true }};"""
    page = await open_page("/customer/", permissions=["notifications"], script=was)
    await page.evaluate(
        "navigator.serviceWorker.register('/customer/later/push-worker.js?title=x', { scope: '/customer/later/' })"
    )
    await queue(page, stage)
    await expect(page.get_by_role("button", name=STOP)).to_have_count(0)
    kept_ms = round(time.time() * 1_000) + 3_600_000
    await stage.show(views.customer("waiting", place=2, kept_until_ms=kept_ms))
    await expect(page.get_by_role("button", name=STOP)).to_be_visible()
