"""A message in sign: agreed to, counted down, ended by a key or by itself, looked at, recorded again, sent in parts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import OpenPage
from tests.browser.looks import look
from tests.browser.stage import Stage
from tests.browser.steps import screen
from tests.catalogues import catalogue
from video_service.video_messages_child import remake

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CLOSED: dict[str, Any] = {"open": False, "agents_on": 0, "hours": None, "message_retention_days": 90}
LANDSCAPE = {"width": 740, "height": 360}
PART = 60_000
SMALL_PART = 5_000  # even of the first picture alone there are several
# Some steps last only moments: `steps` are all that the view has been in, and what `held` names, in ms, waits.
MOMENTS = """
  window.steps = [];
  new MutationObserver(() => {
    const view = document.querySelector('dialog.record');
    const now = view && view.dataset.step + (view.classList.contains('is-near') ? ' near' : '');
    if (now && now !== steps.at(-1)) steps.push(now);
  }).observe(document, { subtree: true, childList: true, attributes: true });
  window.held = 0;
  const wait = window.setInterval;
  window.setInterval = (act, ms) => wait(() => ms === window.held || act(), ms);
"""
COUNT_MS, TICK_MS = 1000, 200
FILMS = """
  window.films = [];
  const address = URL.createObjectURL;
  URL.createObjectURL = (film) => (window.films.push(film), address.call(URL, film));
"""


def offer(most_s: int = 90) -> dict[str, Any]:
    return {"video_messages": {"days": 30, "done_days": 7, "most_s": most_s, "consent": 1}}


async def form(open_page: OpenPage, stage: Stage, *, most_s: int = 90, **more: Any) -> Page:
    """Open the form of a message on a line that is closed."""
    stage.service = CLOSED | offer(most_s)
    stage.answers["POST video-messages"] = (201, {"part_bytes": PART, "parts": []})
    stage.answers["POST video-messages/part"] = (200, {})
    stage.answers["POST video-messages/finish"] = (200, {"ms": 1000, "width": 480, "height": 640, "sound": False})
    stage.answers["POST messages"] = (201, {"message": "m-1"})
    page = await open_page("/customer/", **more)
    await page.locator(".home-acts .button").last.click()
    await screen(page, "message")
    return page


async def agree(page: Page, words: dict[str, str]) -> None:
    """Open the view and the camera."""
    await page.get_by_role("button", name=words["record.open"]).click()
    await page.get_by_role("button", name=words["record.agree"]).click()
    await page.locator("dialog.record .own-picture[data-camera='on']").wait_for()


async def step(page: Page, name: str) -> None:
    await page.locator(f"dialog.record[data-step='{name}']").wait_for()


async def went(page: Page, *names: str) -> None:
    """Wait until these are the last steps that the view has gone through."""
    await page.evaluate(
        """async (names) => {
          const end = Date.now() + 30_000;
          while (steps.slice(-names.length).join() !== names.join()) {
            if (Date.now() > end) throw new Error(`went ${steps}`);
            await new Promise((done) => setTimeout(done, 50));
          }
        }""",
        list(names),
    )


async def hold(page: Page, every_ms: int) -> None:
    """Let what the page does so often wait; 0: let everything go on."""
    await page.evaluate("(ms) => { window.held = ms; }", every_ms)


async def test_hands_are_free_when_it_begins_and_any_key_ends_it(open_page: OpenPage, stage: Stage) -> None:
    words = catalogue("zh-CN")
    page = await form(open_page, stage, script=FILMS)
    await page.get_by_role("button", name=words["record.open"]).click()
    ask = page.get_by_role("dialog", name=words["record.title"])
    await expect(ask).to_contain_text(words["record.room"])
    await expect(ask).to_contain_text("加密保存 30 天，然后删除。 回复以后，7 天删除。")
    await expect(ask.get_by_role("checkbox")).not_to_be_checked()
    await page.get_by_role("button", name=words["record.agree"]).click()
    await ask.locator(".own-picture[data-camera='on']").wait_for()
    await page.get_by_role("button", name=words["record.start"]).click()
    await expect(ask.locator(".record-clock")).to_have_text(re.compile("[321]"))
    await step(page, "record")
    # Two seconds at least: a camera that is slow to begin has given pictures by then.
    await expect(ask.locator(".record-clock")).to_have_text(re.compile(r"(0:0[2-9]|0:[1-5]\d|1:\d\d) / 1:30"))
    await page.keyboard.press("x")
    await step(page, "review")
    await expect(ask.locator("video.record-film")).to_have_js_property("error", None)
    await page.get_by_role("button", name=words["record.use"]).click()
    await expect(ask).to_have_count(0)
    await expect(page.locator(".record-have")).to_contain_text(re.compile(r"您的视频：\d:\d\d"))
    await page.get_by_label(words["message.contact"]).fill("li@example.org")
    await page.get_by_role("button", name="发送", exact=True).click()
    await expect(page.get_by_role("heading", name=words["message.sent_title"])).to_be_focused()
    bodies = {path: body for _, path, body in stage.requests if "messages" in path}
    begun, left = bodies["video-messages"], bodies["messages"]
    assert re.fullmatch("[0-9a-f]{32}", begun["video"])
    film = bytes(await page.evaluate("films[0].arrayBuffer().then((data) => [...new Uint8Array(data)])"))
    assert (begun["consent"], begun["sound"], begun["size"]) == (1, False, len(film))
    parts = [path for _, path, _ in stage.requests if path == "video-messages/part"]
    assert len(parts) == -(-len(film) // PART)
    assert bodies["video-messages/finish"] == {"video": begun["video"]}
    assert (left["video"], left["text"], left["contact"]) == (begun["video"], "", "li@example.org")
    # What this browser records is what the service takes.
    made = remake(film, sound=True, most_ms=95_000)
    assert (made.width, made.sound) == (480, False)
    assert made.ms >= 300
    await page.get_by_role("button", name=words["message.another"]).click()
    await expect(page.get_by_role("button", name=words["record.open"])).to_be_visible()


async def test_it_ends_by_itself_and_is_recorded_again_or_left_out(open_page: OpenPage, stage: Stage) -> None:
    words = catalogue("zh-CN")
    page = await form(open_page, stage, most_s=2, script=MOMENTS)
    await agree(page, words)
    await hold(page, COUNT_MS)
    await page.get_by_role("button", name=words["record.start"]).click()
    await page.get_by_role("button", name=words["record.wait"]).click()
    await step(page, "look")
    await hold(page, 0)
    for _ in range(2):
        name = words["record.start"] if await page.locator("[data-step='look']").count() else words["record.again"]
        await page.get_by_role("button", name=name).click()
        await went(page, "count", "record near", "review")
    await page.locator("dialog.record").get_by_role("button", name=words["record.back"]).click()
    await expect(page.get_by_role("button", name=words["record.open"])).to_be_focused()
    await agree(page, words)
    await hold(page, TICK_MS)
    await page.get_by_role("button", name=words["record.start"]).click()
    await step(page, "record")
    await page.locator(".record-stage").click()
    await step(page, "review")
    await page.get_by_role("button", name=words["record.use"]).click()
    await page.get_by_role("button", name=words["record.leave_out"]).click()
    await page.get_by_role("button", name="发送", exact=True).click()
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text(words["message.empty"])
    assert [path for _, path, _ in stage.requests if "video" in path] == []


async def test_a_lost_connection_costs_no_second_recording(open_page: OpenPage, stage: Stage) -> None:
    words = catalogue("zh-CN")
    script = "const slow = setTimeout; window.setTimeout = (work, ms) => slow(work, ms === 1500 ? 9 : ms);"
    page = await form(open_page, stage, most_s=2, script=script)
    stage.answers["POST video-messages"] = (201, {"part_bytes": SMALL_PART, "parts": []})
    parts: list[str] = []
    broken = True

    async def part(route: Route) -> None:
        number = route.request.url.partition("part=")[2]
        if broken and number != "0":
            await route.abort()
            return
        parts.append(number)
        await route.fulfill(status=204)

    await page.route("**/api/video-messages/part**", part)
    await agree(page, words)
    await page.get_by_role("button", name=words["record.start"]).click()
    await step(page, "review")
    await page.get_by_role("button", name=words["record.use"]).click()
    await page.get_by_label(words["message.text"]).fill("行李没到")
    await page.get_by_role("button", name="发送", exact=True).click()
    alert = page.get_by_role("alert").filter(visible=True)
    await expect(alert).to_have_text(words["record.offline"])
    assert parts == ["0"]
    broken = False
    stage.answers["POST video-messages"] = (201, {"part_bytes": SMALL_PART, "parts": [0]})
    stage.answers["POST video-messages/finish"] = (400, {"error": "bad_video"})
    await page.get_by_role("button", name="发送", exact=True).click()
    await expect(alert).to_have_text(words["record.no_bad_video"])
    stage.answers["POST video-messages/finish"] = (200, {"ms": 1, "width": 1, "height": 1, "sound": False})
    await page.get_by_role("button", name="发送", exact=True).click()
    await expect(page.get_by_role("heading", name=words["message.sent_title"])).to_be_visible()
    assert parts.count("0") == 1, "what was sent stays sent"
    begun = [body["video"] for _, path, body in stage.requests if path == "video-messages"]
    assert len(set(begun)) == 1


@pytest.mark.parametrize(
    "script", ["delete window.MediaRecorder;", ""], ids=["a browser that cannot", "a service that takes none"]
)
async def test_where_it_cannot_be_it_is_not_offered(open_page: OpenPage, stage: Stage, script: str) -> None:
    stage.service = CLOSED | (offer() if script else {"video_messages": None})
    page = await open_page("/customer/", script=script)
    await page.locator(".home-acts .button").last.click()
    await screen(page, "message")
    await expect(page.get_by_label("您想说什么")).to_be_visible()
    await expect(page.get_by_role("button", name="用手语留言")).to_have_count(0)


async def test_a_camera_that_does_not_open_is_said(open_page: OpenPage, stage: Stage) -> None:
    words = catalogue("zh-CN")
    page = await form(open_page, stage, camera="none")
    await page.get_by_role("button", name=words["record.open"]).click()
    await page.get_by_role("button", name=words["record.agree"]).click()
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text(words["camera.none"])
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name=words["record.open"])).to_be_focused()


# Every step is judged at every size, while it is recorded: long on a machine that is slow.
@pytest.mark.timeout(360)
@pytest.mark.parametrize("lang", ["zh-CN", "en", "zh-HK"])
async def test_each_step_looks_right_standing_and_lying(open_page: OpenPage, stage: Stage, lang: str) -> None:
    words, first = catalogue(lang), lang == "zh-CN"
    page = await form(open_page, stage, lang=lang, most_s=600)
    await page.get_by_role("button", name=words["record.open"]).wait_for()
    await look(page, f"customer-{lang}-60-record-offered", themes=first, again=not first)
    await page.get_by_role("button", name=words["record.open"]).click()
    await step(page, "ask")
    await look(page, f"customer-{lang}-61-record-ask", themes=first, again=not first)
    await page.get_by_role("button", name=words["record.agree"]).click()
    await page.locator("dialog.record .own-picture[data-camera='on']").wait_for()
    await look(page, f"customer-{lang}-62-record-look", themes=first, again=not first)
    await page.get_by_role("button", name=words["record.start"]).click()
    await step(page, "record")
    await look(page, f"customer-{lang}-63-record", themes=first, again=not first)
    await page.set_viewport_size(LANDSCAPE)  # type: ignore[arg-type]
    await look(page, f"customer-{lang}-64-record-lying", again=not first, sizes=(LANDSCAPE,))
    await page.locator("dialog.record .button-main").click()
    await step(page, "review")
    await expect(page.locator("dialog.record .button-main")).to_be_enabled()  # not by the same tap that ended it
    await look(page, f"customer-{lang}-65-review-lying", again=not first, sizes=(LANDSCAPE,))
    await page.set_viewport_size({"width": 360, "height": 740})
    await look(page, f"customer-{lang}-66-review", themes=first, again=not first)
    await page.locator("dialog.record .button-main").click()
    await page.locator(".record-have").wait_for()
    await look(page, f"customer-{lang}-67-record-have", themes=first, again=not first)
