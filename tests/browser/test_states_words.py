"""Every state that a page has words for is drawn once, in the smallest window: the catalogue is the list of them.

How the pages look otherwise is in test_states.py; here the words of each state must come, fit, and leave every control
in reach. A state that nobody draws is found by its text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from playwright.async_api import Page, expect

from signaling import messages
from signaling.views_parts import AwayReason
from tests.browser import views
from tests.browser.conftest import OpenPage
from tests.browser.looks import ZOOMED, glance, said
from tests.browser.stage import Stage
from tests.browser.steps import call, loaded, pictures, screen
from tests.catalogues import PLACEHOLDER, catalogue

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(360)]

# The families of texts that name states.
FAMILIES = (
    *("call.pill.", "call.say.", "camera.", "ended.", "stopped.", "waiting.", "home.", "ready."),
    *("agent.state.", "agent.say.", "agent.away.", "agent.ended.", "agent.customer_word.", "agent.customer_say."),
    *("agent.preview_word.", "agent.preview_say."),
)
# Drawn by other tests, that bring about what the state needs: light, a bad network, a tap, an old page.
ELSEWHERE = {
    "test_agent_desk.py": ("agent.preview_{kind}.dark", "agent.preview_{kind}.backlit", "agent.preview_say.hands"),
    "test_logic.py": ("agent.preview_{kind}.edge", "agent.preview_{kind}.near", "call.pill.weak", "call.say.weak"),
    "test_call.py": ("call.pill.frozen", "call.say.frozen", "agent.customer_{kind}.frozen"),
    "test_customer_camera.py": ("camera.wechat", "camera.copied", "call.say.muted"),
    "test_customer_page.py": ("ready.reread", "home.urgent_only"),
}
# Gone before anybody could look, in place of another text on a wide window, inside a field, or for screen readers.
NOT_PICTURED = {
    *("home.asking", "ready.opening", "ready.joining", "agent.preview_say.opening", "agent.preview_word.opening"),
    *("ready.hint_desk", "waiting.note_example", "agent.customer_say.clear"),
}
CAMERA_FAULTS = {
    "NotAllowedError": "refused",
    "NotFoundError": "none",
    "NotReadableError": "busy",
    "DataError": "failed",
}
NO_CAMERA = """navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", window.fault));"""
WRONG_VERSION = 4406
STALLED = {"link": "open", "peer": "up", "stalled": True}

# The last picture of every walk: without one of them nothing can be said of what is missing.
LAST = {
    "customer-zh-CN-13-ended",
    "customer-zh-CN-24-replaced",
    "agent-zh-CN-11-link-lost",
    "agent-zh-CN-12-camera-refused",
}
LAST |= {"word-stopped-version", "word-home-unreachable", "word-desk-hidden", "word-desk-camera_lost"}


async def seen(page: Page, name: str, *keys: str) -> None:
    """Wait until the texts are there, then look at the page while they are."""
    for key in keys:
        await expect(page.locator("#app")).to_contain_text(_pattern(key))
    await glance(page, f"word-{name}", *(_pattern(key) for key in keys if key not in NOT_PICTURED))


def _pattern(key: str) -> re.Pattern[str]:
    parts = PLACEHOLDER.split(catalogue("zh-CN")[key])
    return re.compile(".*?".join(map(re.escape, parts[::2])))


async def test_a_customers_call(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/", size=ZOOMED)
    await call(page, stage)

    async def tell(name: str, **more: Any) -> None:
        await stage.show(views.customer("connected", **{"media": "live", **more}))
        await seen(page, f"call-{name}", f"call.pill.{name}", f"call.say.{name}")

    await seen(page, "call-clear", "call.pill.clear")
    # What is held back on purpose has its own word while it stands still, too; what ought to move is called frozen.
    pill = "async (state) => (await import('/customer/state.js')).pillOf(state).name"
    for its, word in (({"other_paused": True}, "other_paused"), ({"picture": "slate"}, "slate"), ({}, "frozen")):
        state = {**STALLED, "pictureShown": True, "view": {"media": "live", "other_media": "live", **its}}
        assert await page.evaluate(pill, state) == word
    await tell("other_paused", other_paused=True)
    await tell("slate", picture="slate")
    await tell("protected", picture="protected")
    await tell("narrow", narrow="mine", camera_fps=12)
    await tell("held", held_from_ms=views.now_ms() - 65_000)
    await expect(page.locator(".stage")).to_contain_text("小林去处理一下，会回来的。已等 1:")
    await expect(page.locator(".stage video")).not_to_be_visible()
    await tell("other_lost", other_media="reconnecting")
    await tell("reconnecting", media="reconnecting")
    await stage.show(views.customer("connected", media="live"))
    await page.locator(".pill[data-name='clear']").wait_for()
    await page.get_by_role("button", name="暂停", exact=True).click()
    await seen(page, "call-paused", "call.say.paused")
    await stage.show(views.customer("connected", media="live", held_from_ms=views.now_ms()))
    await seen(page, "call-held-unseen", "call.held_unseen")
    for requeued, text in (
        ("agent_lost", "waiting.agent_lost"),
        ("another_signer", "waiting.another_signer"),
        ("transferred", "waiting.transferred"),
    ):
        await stage.show(views.customer("waiting", place=1, requeued=requeued))
        await seen(page, f"waiting-{requeued}", text)
    await stage.show(views.customer("ringing", place=1, requeued="transferred", agent_name="王静"))
    await seen(page, "waiting-transferred-to", "waiting.transferred_to")
    await stage.show(views.customer("waiting", place=1))
    await seen(page, "waiting-paused", "own.paused", "call.resume")
    await page.get_by_role("button", name="恢复").click()
    lose = "document.querySelector('.own-picture video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))"
    await page.evaluate(lose)
    await seen(page, "waiting-camera-lost", "camera.lost", "camera.again")
    reasons = {reason for reason in get_args(messages.EndReason) if reason} - {"customer_cancelled"}
    for reason in sorted(reasons):
        due = views.now_ms() + 7_200_000 if reason == "agent_hung_up" else 0
        more: dict[str, Any] = {"agent_name": "小林", "follow_up_due_ms": due} if due else {}
        await stage.show(views.customer("ended", ended_reason=reason, **more))
        await seen(page, f"ended-{reason}", f"ended.{reason}")
    await stage.cut(WRONG_VERSION)
    await seen(page, "stopped-version", "stopped.version")


async def test_a_customers_first_screens(open_page: OpenPage, stage: Stage) -> None:
    stage.service = {"open": False, "agents_on": 0, "hours": None, "guests": False, "known": False}
    page = await open_page("/customer/", size=ZOOMED, script=NO_CAMERA)
    await seen(page, "home-stranger", "home.stranger")
    hours = {"zone": "Asia/Hong_Kong", "today": [["09:00", "18:00"]], "open_now": False}
    for today, ahead_h in (([["09:00", "12:00"], ["13:00", "18:00"]], 30), ([], 60)):
        stage.service = {"open": False, "agents_on": 0, "hours": {**hours, "today": today}}
        stage.service["hours"] |= {"next_open_ms": views.now_ms() + ahead_h * 3_600_000}
        await page.reload()
        text = "home.hours" if today else "home.hours_none"
        await seen(page, f"home-{text.removeprefix('home.')}", text, "home.closed")
    stage.service = {"open": True, "agents_on": 1, "hours": None}
    await page.reload()
    await seen(page, "home-open", "home.agents_on.one")
    await loaded(page)
    for fault, trouble in CAMERA_FAULTS.items():
        await page.evaluate("(fault) => { window.fault = fault; }", fault)
        await page.locator(".start").click()
        await seen(page, f"camera-{trouble}", f"camera.{trouble}")
        await page.get_by_role("button", name="返回").click()
        await screen(page, "home")
    await page.evaluate("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    for secure, trouble in ((True, "unsupported"), (False, "insecure")):
        await page.evaluate(
            "(v) => Object.defineProperty(window, 'isSecureContext', { value: v, configurable: true })", secure
        )
        await page.locator(".start").click()
        await seen(page, f"camera-{trouble}", f"camera.{trouble}")
        await page.get_by_role("button", name="返回").click()
        await screen(page, "home")
    await page.route("**/api/service", lambda route: route.abort())
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    await seen(page, "home-unreachable", "home.unreachable")


async def test_an_agents_desk(open_page: OpenPage, stage: Stage) -> None:
    stage.me = views.ME_AGENT
    stage.pictures = {0: pictures("dev-student"), 1: pictures("customer")}
    await stage.show(views.agent("offline", media="offer"))
    page = await open_page("/agent/", size=ZOOMED)
    await seen(page, "desk-offline", "agent.state.offline", "agent.say.offline")
    await stage.message("media_offer")
    await stage.show(views.agent("break", media="live"))
    await page.locator(".preview .pill-good").wait_for()
    await seen(page, "desk-break", "agent.say.break")
    for away in (reason for reason in get_args(AwayReason) if reason):
        await stage.show(views.agent("break", media="live", away_reason=away))
        await seen(page, f"desk-away-{away}", f"agent.away.{away}")
    await stage.show(views.agent("rest", media="live", rest_until_ms=views.now_ms() + 240_000))
    await seen(page, "desk-rest", "agent.state.rest", "agent.say.rest")
    await stage.show(views.agent("available", media="live"))
    await seen(page, "desk-available", "agent.say.available")
    await stage.show(views.agent("available", media="live", shift_until_ms=0))
    await seen(page, "desk-no-shift", "agent.say.no_shift")
    await stage.show(views.agent("reserved", media="live", reservation=views.reservation()))
    await seen(page, "desk-reserved", "agent.state.reserved", "agent.say.reserved")
    for picture, reason in (("slate", ""), ("protected", ""), ("slate", "no_engine")):
        await stage.show(views.agent("available", media="live", picture=picture, picture_reason=reason))
        word = "no_masks" if reason else picture
        await seen(page, f"desk-{word}", f"agent.preview_word.{word}", f"agent.preview_say.{word}")
    await stage.show(views.agent("on_call", media="live", call=views.agent_call()))
    await seen(page, "desk-call", "agent.customer_word.clear", "agent.customer_say.clear", "agent.say.on_call")
    await stage.show(views.agent("on_call", media="live", call=views.agent_call(other_paused=True)))
    for narrow in ("mine", "theirs", "both"):
        await stage.show(views.agent("on_call", media="live", call=views.agent_call(), narrow=narrow))
        await seen(page, f"desk-narrow-{narrow}", f"agent.narrow.{narrow}")
    await stage.show(views.agent("on_call", media="live", call=views.agent_call(other_paused=True)))
    await seen(page, "desk-customer-paused", "agent.customer_word.paused", "agent.customer_say.paused")
    for held_s, text in ((5, "agent.held"), (130, "agent.held_long")):
        held_call = views.agent_call(held_from_ms=views.now_ms() - held_s * 1_000)
        await stage.show(views.agent("on_call", media="live", call=held_call))
        await seen(page, f"desk-{text.removeprefix('agent.')}", text, "agent.unhold")
    await seen(page, "desk-preview-held", "agent.preview_word.held", "agent.preview_say.held")
    word_of = "async (state) => (await import('/agent/words.js')).customerWord(state).name"
    for paused, word in ((True, "paused"), (False, "frozen")):
        held = {**STALLED, "customerShown": True, "view": {"call": {"other_media": "live", "other_paused": paused}}}
        assert await page.evaluate(word_of, held) == word
    stopped = views.agent_call(other_paused=True, other_by_phone=True)
    await stage.show(views.agent("on_call", media="live", call=stopped))
    await seen(page, "desk-phone-paused", "agent.customer_word.phone_paused", "agent.customer_say.phone_paused")
    await stage.show(views.agent("on_call", media="live", call=views.agent_call(other_media="reconnecting")))
    await seen(page, "desk-customer-lost", "agent.customer_word.lost", "agent.customer_say.lost")
    await stage.show(views.agent("after_call", media="live"))
    await seen(page, "desk-after", "agent.say.after_call")
    for ended in (reason for reason in get_args(messages.AgentEndReason) if reason):
        await stage.show(views.agent("after_call", media="live", ended_reason=ended))
        await seen(page, f"desk-ended-{ended}", f"agent.ended.{ended}")
    stage.pictures = {}  # the page asks again at once, and an answer would take the word away
    await stage.post(messages.Error(code="media_full", reply_to="media_offer"), "agent")
    await seen(page, "desk-full", "agent.preview_word.full", "agent.preview_say.full")
    await stage.show(views.agent("available", media="live"))
    await page.locator("[data-act='hide']").click()
    await seen(page, "desk-hidden", "agent.preview_word.hidden", "agent.preview_say.hidden")


async def test_an_agents_desk_in_trouble(open_page: OpenPage, stage: Stage) -> None:
    stage.me = views.ME_AGENT
    await stage.show(views.agent("on_call", media="offer", call=views.agent_call()))
    page = await open_page("/agent/", size=ZOOMED)
    await seen(page, "desk-connecting", "agent.preview_word.connecting", "agent.preview_say.connecting")
    stage.pictures = {0: pictures("dev-student"), 1: pictures("customer")}
    await page.reload()
    await page.locator(".customer .pill-good").wait_for()
    stage.refuse_sockets = True
    await stage.cut()
    await seen(page, "desk-reconnecting", "agent.customer_word.reconnecting", "agent.preview_word.reconnecting")
    stage.refuse_sockets = False
    page = await open_page("/agent/", size=ZOOMED, camera="refused")
    await seen(page, "desk-camera_lost", "agent.preview_word.camera_lost", "agent.preview_say.camera_lost")


async def test_no_state_is_left_out() -> None:
    if LAST - set(said):
        pytest.skip("The other tests of how states look draw them: run test_states.py and this file together.")
    texts = catalogue("zh-CN")
    assert all((Path(__file__).parent / file).is_file() for file in ELSEWHERE)
    elsewhere = {key.format(kind=kind) for keys in ELSEWHERE.values() for key in keys for kind in ("word", "say")}
    assert elsewhere | NOT_PICTURED <= set(texts)
    states = {key for key in texts if key.startswith(FAMILIES)} - elsewhere - NOT_PICTURED
    everything = "\n".join(said.values())
    missing = {key: texts[key] for key in sorted(states) if not _pattern(key).search(everything)}
    assert not missing, "\n".join(f"{key}: {text}" for key, text in missing.items())
