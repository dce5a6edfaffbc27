"""Every task of an agent by the keyboard alone, with the focus seen; and the list of keys on the page is the truth."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from playwright.async_api import Page, expect

from signaling import messages
from tests.browser import views
from tests.browser.conftest import DESK, OpenPage
from tests.browser.desk import ACTS, after, desk, said, sent
from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FOCUS = """() => { const e = document.activeElement, s = getComputedStyle(e);
  return e === document.body ? null : {
    name: (e.getAttribute('aria-label') || e.innerText || e.name || e.id).replace(/\\s+/g, ' ').trim(),
    seen: e.matches(':focus-visible') && s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2,
    inside: (({ top, bottom, left, right }) => bottom > 0 && top < innerHeight && right > 0 && left < innerWidth)(
      e.getBoundingClientRect()),
  }; }"""
# What does not end in itself: a press of each of these in its state sends exactly this.
SENDS: list[tuple[str, str, dict[str, Any]]] = [
    ("R", "break", {"type": "ready"}),
    ("B", "available", {"type": "break"}),
    ("P", "available", {"type": "ask_break", "wanted": True}),
    ("A", "reserved", {"type": "accept", "call": views.CALL, "epoch": 2}),
    ("D", "reserved", {"type": "decline", "call": views.CALL, "epoch": 2}),
    ("W", "on_call", {"type": "hold", "call": views.CALL, "epoch": 2, "held": True}),
    ("U", "on_call", {"type": "escalate", "call": views.CALL, "epoch": 2}),
    ("S", "on_call", {"type": "voice", "call": views.CALL, "on": True}),
    ("E", "on_call", {"type": "hang_up", "call": views.CALL}),
    ("K", "coached", {"type": "coach_read", "call": views.CALL, "seq": 1}),
    ("M", "covered", {"type": "this_is_me"}),
    ("H", "available", {"type": "pause_picture", "paused": True}),
    ("1", "on_call", {"type": "say", "call": views.CALL, "text": "您好，我看到您了。"}),
    ("6", "on_call", {"type": "say", "call": views.CALL, "text": "还有别的事吗？"}),
    ("1", "after_call", {"type": "disposition", "call": views.CALL, "outcome": "solved", "note": "", "due_in_h": 0}),
    (
        "8",
        "after_call",
        {"type": "disposition", "call": views.CALL, "outcome": "follow_up", "note": "", "due_in_h": 72},
    ),
    ("R", "after_call", {"type": "ready"}),
]
FIELDS = {"T": "on_call", "N": "after_call"}
PANELS = {"X": "on_call", "I": "on_call"}


def state(name: str) -> messages.AgentView:
    """Return the view of one state, with what belongs to it."""
    if name == "reserved":
        return views.agent("reserved", reservation=views.reservation())
    if name == "on_call":
        return views.agent("on_call", call=views.agent_call())
    if name == "coached":
        line = messages.CoachLine(seq=1, mine=False, text="慢一点。", at_ms=views.now_ms())
        onlooker = messages.Onlooker(name="周岚", state="coach")
        return views.agent("on_call", call=views.agent_call(onlooker=onlooker, coach=(line,)))
    if name == "covered":
        return views.agent("available", picture="protected", picture_reason="too_small")
    return after() if name == "after_call" else views.agent(name)


async def show(page: Page, stage: Stage, name: str) -> None:
    view = state(name)
    await stage.show(view)
    await expect(page.locator(".state-card")).to_have_attribute("data-state", view.state)
    # A covered picture is no state of its own: whether this view has come is seen by what can be done about it.
    claim = page.get_by_role("button", name="这是我")
    await (expect(claim).to_be_visible() if name == "covered" else expect(claim).to_be_hidden())
    await expect(page.locator(".beside .is-new")).to_have_count(1 if name == "coached" else 0)


async def tab_to(page: Page, word: str, *, key: str = "Tab") -> None:
    """Press Tab until the focus is on something with this word; all the way the focus has to be seen."""
    for _ in range(40):
        await page.keyboard.press(key)
        focus = await page.evaluate(FOCUS)
        if focus is None:
            continue
        assert (focus["seen"], focus["inside"]) == (True, True), focus
        if word in focus["name"]:
            return
    raise AssertionError(f"no way to {word} by {key}")


def pressed(stage: Stage) -> list[dict[str, Any]]:
    """Return what keys have sent so far."""
    return [m for m in stage.heard if m["type"] not in ("hello", "media_offer", "pause_picture")]


async def test_a_shift_by_single_keys(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["POST sign-in"] = (200, views.ME_AGENT)
    stage.answers["POST sign-out"] = (200, {})
    page = await open_page("/agent/", size=DESK)
    await stage.show(state("break"))
    await expect(page.get_by_label("姓名")).to_be_focused()
    await page.keyboard.type("lin")
    await page.keyboard.press("Tab")
    await page.keyboard.type("correct horse")
    await page.keyboard.press("Enter")
    await page.locator("#app[data-screen='desk']").wait_for()
    await stage.until(lambda: stage.sockets)
    await expect(page.locator(".preview-acts .button").first).to_be_visible()
    heard = 0
    for key, name, message in SENDS:
        await show(page, stage, name)
        await page.keyboard.press(key)
        await stage.message(message["type"], **message)
        heard += message["type"] != "pause_picture"
        # What was sent in an earlier state as well may be on its way.
        await stage.until(lambda: len(pressed(stage)) >= heard)  # noqa: B023
        kinds = pressed(stage)
        assert len(kinds) == heard, f"{key} in {name} sent more: {kinds[heard - 1 :]}"
    await show(page, stage, "on_call")
    await page.keyboard.press("t")
    await expect(page.get_by_label("写一句话")).to_be_focused()
    await page.keyboard.type("rbae 1")
    await page.keyboard.press("Enter")
    await stage.message("say", call=views.CALL, text="rbae 1")
    await show(page, stage, "break")
    await tab_to(page, "退出")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("姓名")).to_be_focused()


async def test_a_call_is_passed_on_by_two_keys_and_what_goes_along_is_a_choice(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await desk(open_page, stage, state("on_call"))
    free = (messages.Colleague(agent="a-wang", name="王静", covers=True),)
    odd = messages.Colleague(agent="a-chen", name="陈默", covers=False)
    call = views.agent_call(colleagues=(odd, *free), skills_on=("hksl", "rail", "refunds"), needs=("rail",))
    await stage.show(views.agent("on_call", call=call))
    panel = page.locator(".transfer")
    await page.keyboard.press("x")
    await expect(panel.locator(".phrase-list .button")).to_have_text(["1任何一位（排最前）", "2王静"])
    await page.keyboard.press("3")  # nobody stands there, and no phrase is said while it is asked
    await page.keyboard.press("2")
    await stage.message("transfer", to="a-wang", sign_language="", need="", note="", call=views.CALL, epoch=2)
    await stage.post(messages.Error(code="not_free", reply_to="transfer"), "agent")
    await expect(page.get_by_text("这位同事现在接不了。通话继续，请选别人。")).to_be_visible()
    # Whoever passes it on to somebody who signs in another way says so, and writes a line.
    await expect(panel.locator("option")).to_have_text(["和现在一样", "香港手语", "refunds"])
    await panel.get_by_label("下一位要会").select_option("香港手语")
    await panel.get_by_label("告诉下一位（可以不写）").fill("CA1234 改签")
    await page.keyboard.press("Enter")
    await page.keyboard.press("1")
    await stage.message("transfer", to="", sign_language="hksl", need="", note="CA1234 改签")
    await page.keyboard.press("x")
    await expect(panel).to_be_hidden()
    await page.keyboard.press("x")
    await panel.get_by_label("下一位要会").select_option("refunds")
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await page.keyboard.press("x")
    await panel.get_by_role("button", name="任何一位").click()
    await stage.message("transfer", to="", sign_language="", need="refunds")
    assert [message["type"] for message in pressed(stage)] == ["transfer"] * 3
    await show(page, stage, "after_call")
    await expect(panel).to_be_hidden()
    await show(page, stage, "on_call")
    await expect(page.locator(".phrases")).to_be_visible()


async def test_a_colleague_is_asked_in_by_two_keys_and_who_came_in_can_only_write_and_leave(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await desk(open_page, stage, state("on_call"))
    odd = messages.Colleague(agent="a-chen", name="陈默", covers=False)
    await stage.show(views.agent("on_call", call=views.agent_call(colleagues=(odd,))))
    panel = page.locator(".transfer")
    await page.keyboard.press("i")
    await expect(panel.get_by_role("heading", name="请谁加入？")).to_be_visible()
    await expect(panel.locator(".phrase-list .button")).to_have_text(["1陈默"])
    await expect(panel.get_by_label("下一位要会")).to_be_hidden()
    await page.keyboard.press("1")
    await stage.message("invite", to="a-chen", note="", call=views.CALL, epoch=2)
    await expect(panel).to_be_hidden()
    asked = messages.OtherAgent(name="陈默", state="asked", until_ms=views.now_ms() + 59_000)
    await stage.show(views.agent("on_call", call=views.agent_call(others=(asked,))))
    await expect(page.locator(".notice-accent")).to_contain_text("正在请 陈默 加入，还有 0:")
    await page.keyboard.press("i")
    await stage.message("invite", to="")
    await stage.show(views.agent("on_call", call=views.agent_call(invite_ended="missed")))
    await expect(page.locator(".notice-accent")).to_have_text("同事没有接听。")
    came = messages.OtherAgent(name="陈默", state="in", media="live")
    third = messages.OtherAgent(name="王静", state="in", media="connecting")
    buttons = page.locator(".call-acts .button:visible > span")
    for others, helps, words in (
        ((came,), False, ["打字", "请客户稍等", "请同事加入", "标为急事", "离开通话"]),
        ((came, asked), False, ["打字", "请客户稍等", "不请了", "标为急事", "离开通话"]),
        ((came, third), False, ["打字", "请客户稍等", "标为急事", "离开通话"]),
        ((came, third), True, ["打字", "离开通话"]),
    ):
        await stage.show(views.agent("on_call", call=views.agent_call(others=others, helps=helps)))
        await expect(buttons).to_have_text(words)
        inside = [other.name for other in others if other.state == "in"]
        await expect(page.locator(".others h2:visible")).to_have_text(inside)
    await page.keyboard.press("e")
    await stage.message("hang_up", call=views.CALL)


TASKS = [
    ("break", "开始接听", "ready", {}),
    ("available", "休息一下", "break", {}),
    ("covered", "这是我", "this_is_me", {}),
    ("available", "隐藏画面", "pause_picture", {"paused": True}),
    ("reserved", "接听", "accept", {"epoch": 2}),
    ("reserved", "不接", "decline", {"epoch": 2}),
    ("on_call", "请稍等", "say", {"text": "请稍等，我查一下。"}),
    ("on_call", "请客户稍等", "hold", {"held": True}),
    ("on_call", "通话后休息", "break", {}),
    ("on_call", "结束通话", "hang_up", {"call": views.CALL}),
    ("after_call", "转给别处", "disposition", {"outcome": "referred"}),
    ("after_call", "2 小时内", "disposition", {"outcome": "follow_up", "due_in_h": 2}),
    ("after_call", "开始接听", "ready", {}),
]


@pytest.mark.parametrize("size", [DESK, {"width": 360, "height": 740}], ids=["desk", "phone"])
async def test_a_shift_by_tab_and_enter_alone(open_page: OpenPage, stage: Stage, size: dict[str, int]) -> None:
    page = await desk(open_page, stage, state("break"), size=size)
    await expect(page.locator(".preview-acts .button").first).to_be_visible()
    await tab_to(page, "快捷键")
    await page.keyboard.press("Space")  # single keys are off: nothing here needs one
    for name, word, kind, fields in TASKS:
        await show(page, stage, name)
        before = len(stage.heard)
        await tab_to(page, word)
        await page.keyboard.press("Space")
        await stage.until(
            lambda before=before, kind=kind, fields=fields: [
                m
                for m in stage.heard[before:]
                if m["type"] == kind and all(m[field] == value for field, value in fields.items())
            ],
            why=word,
        )
    await show(page, stage, "on_call")
    await tab_to(page, "写一句话")
    await page.keyboard.type("好")
    await page.keyboard.press("Enter")
    await stage.message("say", text="好")
    await stage.show(after(outcome="solved"))
    await page.locator(".after").wait_for()
    await tab_to(page, "after-note")
    await page.keyboard.type("备注")
    await page.keyboard.press("Tab")
    await stage.until(lambda: said(stage)[-1] == ("solved", "备注", 0))


async def test_the_list_on_the_page_is_the_table_of_keys(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, state("break"))
    await expect(page.locator(".preview-acts .button").first).to_be_visible()
    table = await page.evaluate(
        "(async () => { const s = await import('/agent/state.js'), d = await import('/agent/disposition.js');"
        " return { keys: s.KEYS, phrases: s.PHRASES, choices: d.CHOICES.length }; })()"
    )
    listed = await page.locator(".key-row .key").all_inner_texts()
    # O is a key of its own (test_agent_object.py).
    assert sorted(listed) == sorted([*table["keys"].values(), "O", f"1–{table['phrases']}", f"1–{table['choices']}"])
    assert "O" not in table["keys"].values()
    # Every letter does something, as the tests above and this one have shown.
    assert set(table["keys"].values()) == {key for key, _, _ in SENDS if key.isalpha()} | set(FIELDS) | set(PANELS)
    assert len(set(table["keys"].values())) == len(table["keys"])
    # What is marked as possible now is possible now, and what stands on a button is the key of that button.
    for name in ("break", "available", "reserved", "on_call", "after_call"):
        await show(page, stage, name)
        marked = {text for text in await page.locator(".key-row.is-now .key").all_inner_texts() if text.isalpha()}
        acts = await page.evaluate(
            "async (v) => (await import('/agent/state.js')).actsOf({ view: v, camera: 'on', hidden: false })",
            msgspec.to_builtins(state(name)),
        )
        assert marked == {table["keys"][act] for act in acts}, name
        on_buttons = await page.evaluate(
            "[...document.querySelectorAll('.desk [data-act]')].filter((b) => b.checkVisibility())"
            ".map((b) => [b.dataset.act, b.querySelector('.key').textContent])"
        )
        assert all(table["keys"][act] == key for act, key in on_buttons)


async def test_no_key_acts_while_somebody_writes_or_holds_another_key(open_page: OpenPage, stage: Stage) -> None:
    page = await desk(open_page, stage, state("after_call"))
    await page.keyboard.press("n")
    await page.keyboard.type("rbh 12345678")
    await page.keyboard.press("Escape")
    for press in ("Control+b", "Alt+r", "Meta+1", "Control+2"):
        await page.keyboard.press(press)
    assert (sent(stage), said(stage)) == ([], [])
    await show(page, stage, "on_call")
    await page.keyboard.press("t")
    await page.keyboard.type("ebh12")
    await page.keyboard.press("Enter")
    await stage.message("say", text="ebh12")
    # What a key would have sent would have come before.
    assert sent(stage, *ACTS, "say", "disposition") == ["say"]
    assert [m["paused"] for m in stage.heard if m["type"] == "pause_picture"] == [False]
