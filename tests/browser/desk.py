"""An agent's desk on the scripted service, and what that service says of customers and of after-call work."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page, expect

from signaling import messages
from tests.browser import views
from tests.browser.conftest import DESK, OpenPage
from tests.browser.stage import Stage

MINUTE_MS = 60_000
DAY_MS = 1440 * MINUTE_MS
LIMIT_MS = 25 * MINUTE_MS
ACTS = ("ready", "break", "accept", "decline", "hang_up")


async def desk(
    open_page: OpenPage, stage: Stage, view: messages.AgentView, *, size: dict[str, int] = DESK, **options: object
) -> Page:
    """Open the page of an agent who is signed in."""
    stage.me = views.ME_AGENT
    stage.views["agent"] = view
    page = await open_page("/agent/", size=size, **options)
    await page.locator("#app[data-screen='desk']").wait_for()
    await stage.until(lambda: stage.sockets)
    await expect(page.locator(".state-card")).to_be_visible()
    return page


def sent(stage: Stage, *kinds: str) -> list[str]:
    """Return the types of what the page has sent, of `kinds`, or of what an agent decides."""
    return [m["type"] for m in stage.heard if m["type"] in (kinds or ACTS)]


def known_customer() -> messages.Caller:
    """Return a customer whom the host application knows, with five earlier calls."""
    calls = [(3, "林晓", "solved", True), (9, "王静", "follow_up", False), (40, "陈宇", "referred", False)]
    calls += [(70, "", "", False), (100, "林晓", "cut_off", True)]
    earlier = tuple(
        messages.Earlier(at_ms=views.now_ms() - days * DAY_MS - MINUTE_MS, agent_name=name, outcome=out, with_me=mine)  # type: ignore[arg-type]
        for days, name, out, mine in calls
    )
    return messages.Caller(
        verified=True, entry="launch", sign_language="csl", context="订单 CA1234-5678", earlier=earlier
    )


def clock(signed_min: float, **more: Any) -> dict[str, Any]:
    """Return the fields of a view that say how long somebody has signed since the last rest."""
    return {"signing_ms": round(signed_min * MINUTE_MS), "signing_limit_ms": LIMIT_MS, **more}


def after(*, age_s: float = 20, ended: str = "customer_hung_up", **more: Any) -> messages.AgentView:
    """Return the view of an agent in after-call work for `age_s` seconds, of ten minutes at most."""
    since = views.now_ms() - round(age_s * 1000)
    fields: dict[str, Any] = {"call": views.CALL, "since_ms": since, "warn_ms": 480_000, "limit_ms": 600_000}
    work = messages.AfterCall(**{**fields, "about": known_customer(), **more})
    return views.agent("after_call", media="live", ended_reason=ended, since_ms=since, after_call=work, **clock(12))


def said(stage: Stage) -> list[tuple[str, str, int]]:
    """Return every disposition that the page has sent: outcome, note, hours until it is due."""
    return [(m["outcome"], m.get("note", ""), m.get("due_in_h", 0)) for m in stage.heard if m["type"] == "disposition"]
