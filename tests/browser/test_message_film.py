"""The film of a signed message on the coordinator's and the agent's page: asked for when it is to be seen, or gone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser import views
from tests.browser.board import board
from tests.browser.conftest import DESK, OpenPage
from tests.browser.looks import look
from tests.browser.stage import Stage
from tests.catalogues import catalogue
from tests.recordings import recorded
from video_service.video_messages_child import remake

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WORDS = catalogue("zh-CN")


def signed() -> list[dict[str, Any]]:
    """Return two messages in sign: one that can be seen, one whose time is over."""
    first = views.inbox()["messages"][0]
    films = ({"ms": 42_000, "sound": False, "kept": True}, {"ms": 9_000, "sound": True, "kept": False})
    return [{**first, "id": f"m-{n}", "text": "", "video": film} for n, film in enumerate(films, 1)]


async def answer_with_film(page: Page) -> list[str]:
    """Let the service give the film; return who was asked for it."""
    film = remake(recorded(size=(320, 240)), sound=False, most_ms=9_000).data
    asked: list[str] = []

    async def give(route: Route) -> None:
        asked.append(route.request.url)
        await route.fulfill(status=200, content_type="video/mp4", body=film)

    await page.route("**/api/messages/*/video", give)
    return asked


async def test_a_coordinator_sees_a_film_when_it_is_asked_for(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["GET messages"] = (200, views.inbox(messages=signed(), open=2))
    stage.answers["GET messages/count"] = (200, {"open": 2})
    page = await board(open_page, stage, "messages")
    asked = await answer_with_film(page)
    rows = page.locator(".inbox-row")
    await expect(rows.first).to_contain_text(WORDS["inbox.signed"])
    await rows.first.click()
    detail = page.locator(".inbox-detail")
    watch = detail.get_by_role("button", name=WORDS["inbox.watch"].replace("{time}", "0:42"))
    await expect(watch).to_be_visible()
    assert asked == [], "nothing is looked at before somebody wants to"
    await watch.click()
    film = detail.locator("video")
    await expect(film).to_be_focused()
    await expect(film).to_have_js_property("videoWidth", 320)
    await expect(film).to_have_js_property("muted", True)
    assert len(asked) == 1
    await look(page, "coordinator-signed-message")
    await rows.nth(1).click()
    await expect(detail).to_contain_text(WORDS["inbox.video_gone"])
    await expect(detail.locator("video")).to_have_count(0)


async def test_an_agent_reads_what_was_signed_and_hears_why_not(open_page: OpenPage, stage: Stage) -> None:
    stage.me = {"name": "Lin", "sign_in_name": "lin", "role": "agent"}
    stage.answers["GET signed-messages"] = (200, {"messages": signed()[:1]})
    stage.views["agent"] = views.agent("available")
    page = await open_page("/agent/", size=DESK, camera="agent")
    await page.get_by_text(WORDS["agent.signed.title"]).click()
    row = page.locator(".signed-messages li")
    await expect(row).to_contain_text("lin@example.org")
    watch = row.get_by_role("button").first
    await watch.click()
    await expect(row.get_by_role("alert")).to_have_text(WORDS["inbox.video_gone"])
    await answer_with_film(page)
    await watch.click()
    await expect(row.locator("video")).to_have_js_property("videoWidth", 320)
    await look(page, "agent-signed-messages")
    turn, said = row.locator(".button").last, row.get_by_role("status")
    for state, word, sentence in (("done", "mark_open", "now_done"), ("open", "mark_done", "now_open")):
        stage.answers["POST signed-messages/m-1"] = (200, {"id": "m-1", "state": state})
        await turn.click()
        await expect(said).to_have_text(WORDS[f"inbox.{sentence}"])
        await expect(turn).to_have_text(WORDS[f"inbox.{word}"])
    stage.answers["POST signed-messages/m-1"] = (404, {"error": "unknown_message"})
    await turn.click()
    await expect(said).to_have_text(WORDS["error.unknown_message"])
