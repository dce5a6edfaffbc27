"""The pure parts of the pages, run by the browser that will run them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.browser.line import Launch
from tests.browser.stage import Stage
from tests.catalogues import catalogue

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HOME: dict[str, Any] = {"state": "home", "call": "", "open": True, "agents_on": 1}
CONNECTED: dict[str, Any] = {
    "state": "connected",
    "call": "c-1",
    "connected_ms": 5,
    "media": "live",
    "other_media": "live",
    "picture": "clear",
    "other_paused": False,
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(launch: Launch, shared_stage: Stage) -> AsyncIterator[Page]:
    """One page for all: nothing here leaves a trace."""
    opened = await (await launch("refused")).new_page()
    await opened.goto(f"{shared_stage.url}/customer/")
    yield opened
    await opened.close()


async def run(page: Page, module: str, call: str, argument: object = None) -> Any:
    """Evaluate `call` with the module's exports as `m` and `argument` as `a`."""
    return await page.evaluate(f"async (a) => {{ const m = await import('{module}'); return {call}; }}", argument)


@pytest.mark.parametrize(
    ("change", "screen"),
    [
        ({}, "home"),
        ({"step": "ready"}, "ready"),
        ({"view": HOME, "step": "ready"}, "ready"),
        ({"view": {**CONNECTED, "state": "waiting"}}, "waiting"),
        ({"view": {**CONNECTED, "state": "ringing"}}, "waiting"),
        ({"view": CONNECTED}, "call"),
        ({"view": CONNECTED, "link": "lost"}, "call"),
        ({"view": CONNECTED, "left": "c-1", "answered": "c-1"}, "ended"),
        ({"view": {**CONNECTED, "state": "waiting", "connected_ms": 0}, "left": "c-1"}, "home"),
        ({"view": {**CONNECTED, "state": "waiting"}, "left": "c-0"}, "waiting"),
        ({"view": {**CONNECTED, "state": "ended", "ended_reason": "agent_hung_up"}}, "ended"),
        ({"view": {**CONNECTED, "state": "ended", "ended_reason": "agent_hung_up"}, "seen": "c-1"}, "home"),
        ({"view": {**CONNECTED, "state": "ended", "ended_reason": "customer_cancelled"}}, "home"),
        ({"view": CONNECTED, "link": "replaced"}, "stopped"),
        ({"view": None, "link": "version"}, "stopped"),
    ],
)
async def test_the_screen_follows_from_the_last_view(page: Page, change: dict[str, Any], screen: str) -> None:
    assert await run(page, "/customer/state.js", "m.screenOf({ ...m.startState(), ...a })", change) == screen


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({}, "clear"),
        ({"quality": "weak"}, "weak"),
        ({"view": {**CONNECTED, "line_word": "poor"}}, "weak"),
        ({"view": {**CONNECTED, "line_word": "poor", "narrow": "mine"}}, "narrow"),
        ({"link": "lost", "quality": "weak"}, "reconnecting"),
        ({"peer": "interrupted"}, "reconnecting"),
        ({"view": {**CONNECTED, "media": "reconnecting"}}, "reconnecting"),
        ({"view": {**CONNECTED, "other_media": "reconnecting"}}, "other_lost"),
        ({"view": {**CONNECTED, "media": "reconnecting", "other_media": "reconnecting"}}, "other_lost"),
        ({"view": CONNECTED, "stalled": True}, "frozen"),
        ({"view": {**CONNECTED, "other_paused": True}}, "other_paused"),
        ({"view": {**CONNECTED, "picture": "protected"}, "quality": "weak"}, "protected"),
        ({"view": {**CONNECTED, "picture": "slate"}}, "slate"),
        ({"view": {**CONNECTED, "narrow": "theirs"}, "quality": "weak"}, "narrow"),
        ({"view": {**CONNECTED, "narrow": "mine", "other_paused": True}}, "other_paused"),
        ({"view": {**CONNECTED, "held_from_ms": 1, "other_paused": True}, "stalled": True}, "held"),
        ({"view": {**CONNECTED, "held_from_ms": 1}, "pictureShown": False}, "held"),
        ({"view": {**CONNECTED, "held_from_ms": 1, "other_media": "reconnecting"}}, "other_lost"),
        ({"pictureShown": False}, "connecting"),
    ],
)
async def test_the_pill_names_the_worst_trouble(page: Page, change: dict[str, Any], name: str) -> None:
    state = {"view": CONNECTED, "link": "open", "peer": "up", "quality": "clear", "pictureShown": True, **change}
    assert (await run(page, "/customer/state.js", "m.pillOf(a)", state))["name"] == name


async def test_the_ring_fills_and_never_empties(page: Page) -> None:
    waits = [[4, 4, 0, 0], [4, 3, 0, 0], [4, 1, 0, 0], [4, 4, 60_000, 2], [4, 4, 9e9, 2], [0, 0, 0, 0]]
    shares = await run(page, "/customer/state.js", "a.map((wait) => m.ringShare(...wait))", waits)
    assert shares == [pytest.approx(value) for value in (0.2, 0.4, 0.8, 0.5, 0.95, 0.04)]


async def test_coming_back_waits_longer_each_time_and_never_in_step(page: Page) -> None:
    waits = await run(
        page, "/shared/socket.js", "[0, 1, 2, 5, 50].map((n) => [m.backoffMs(n, 0), m.backoffMs(n, 0.999)])"
    )
    assert waits == [[0, 250], [200, 400], [400, 800], [3200, 6397], [4000, 7996]]


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        ({}, {"frames": 60, "packets": 300}, "clear"),
        ({}, {"frames": 30, "packets": 300}, "clear"),
        ({}, {"frames": 30, "packets": 300, "lost": 10}, "weak"),
        ({}, {"frames": 30, "packets": 300, "asked": 10}, "weak"),
        ({}, {"frames": 30, "packets": 300, "roundTripMs": 400}, "weak"),
        ({}, {"frames": 60, "packets": 300, "lost": 10, "asked": 10, "roundTripMs": 400}, "clear"),
        ({}, {"frames": 60, "packets": 300, "lost": 40}, "weak"),
        ({}, {"frames": 60, "packets": 300, "roundTripMs": 900}, "weak"),
        ({}, {}, "weak"),
    ],
)
async def test_the_network_is_judged_by_what_arrives(
    page: Page, before: dict[str, int], now: dict[str, int], verdict: str
) -> None:
    blank = {"atMs": 0, "frames": 0, "packets": 0, "lost": 0, "asked": 0, "roundTripMs": 40, "bytes": 0}
    pair = [{**blank, **before}, {**blank, "atMs": 2000, **now}]
    assert await run(page, "/shared/quality.js", "m.judge(...a)", pair) == verdict


@pytest.mark.parametrize(
    ("name", "trouble"),
    [
        ("NotAllowedError", "refused"),
        ("SecurityError", "refused"),
        ("NotFoundError", "none"),
        ("OverconstrainedError", "none"),
        ("NotReadableError", "busy"),
        ("AbortError", "busy"),
        ("TypeError", "failed"),
    ],
)
async def test_every_refusal_of_the_camera_has_a_meaning(page: Page, name: str, trouble: str) -> None:
    assert await run(page, "/shared/camera.js", "m.troubleOf(a)", name) == trouble


@pytest.mark.parametrize(
    ("search", "chosen", "preferred", "locale"),
    [
        ("", None, ["zh-TW", "en"], "zh-HK"),
        ("", None, ["zh-Hant-TW"], "zh-HK"),
        ("", None, ["zh-MO"], "zh-HK"),
        ("", None, ["yue"], "zh-HK"),
        ("", None, ["zh-Hans-HK", "zh-HK"], "zh-CN"),
        ("", None, ["zh-SG"], "zh-CN"),
        ("", None, ["ZH", "en"], "zh-CN"),
        ("?lang=zh-HK", "zh-CN", ["en"], "zh-HK"),
        ("", None, ["fr", "en-GB"], "en"),
        ("", "en", ["zh-CN"], "en"),
        ("?lang=zh-CN", "en", ["en"], "zh-CN"),
        ("?lang=xx", None, [], "zh-CN"),
    ],
)
async def test_the_language_is_asked_chosen_or_preferred(
    page: Page, search: str, chosen: str | None, preferred: list[str], locale: str
) -> None:
    assert await run(page, "/shared/i18n.js", "m.pickLocale(...a)", [search, chosen, preferred]) == locale


@pytest.mark.parametrize(
    ("key", "focus", "acts", "keys_on", "act"),
    [
        ("a", "page", ["accept", "decline"], True, "accept"),
        ("A", "control", ["accept", "decline"], True, "accept"),
        ("Enter", "page", ["accept", "decline"], False, "accept"),
        ("Enter", "control", ["accept", "decline"], True, None),
        ("a", "text", ["accept", "decline"], True, None),
        ("a", "page", ["accept", "decline"], False, None),
        ("a", "page", ["ready"], True, None),
        ("e", "page", ["write", "break", "end"], True, "end"),
    ],
)
async def test_each_key_does_one_thing_at_the_right_time(
    page: Page, key: str, focus: str, acts: list[str], keys_on: bool, act: str | None
) -> None:
    press = {"key": key, "ctrlKey": False, "altKey": False, "metaKey": False, "repeat": False}
    assert await run(page, "/agent/state.js", "m.actOfKey(...a)", [press, focus, acts, keys_on]) == act


async def test_a_held_key_acts_once(page: Page) -> None:
    press = {"key": "e", "ctrlKey": False, "altKey": False, "metaKey": False, "repeat": True}
    assert await run(page, "/agent/state.js", "m.actOfKey(...a)", [press, "page", ["end"], True]) is None


@pytest.mark.parametrize(
    ("key", "focus", "in_call", "keys_on", "number"),
    [
        ("1", "page", True, True, 1),
        ("6", "control", True, True, 6),
        ("7", "page", True, True, 0),
        ("0", "page", True, True, 0),
        ("1", "text", True, True, 0),
        ("1", "page", False, True, 0),
        ("1", "page", True, False, 0),
    ],
)
async def test_a_number_says_its_phrase_in_a_call_only(
    page: Page, key: str, focus: str, in_call: bool, keys_on: bool, number: int
) -> None:
    press = {"key": key, "ctrlKey": False, "altKey": False, "metaKey": False, "repeat": False}
    state = {"view": {"call": {} if in_call else None}, "keysOn": keys_on}
    assert await run(page, "/agent/state.js", "m.phraseOfKey(...a)", [press, focus, state]) == number


FIRST = {"seq": 1, "mine": True, "text": "改签"}
LATER = [
    {"seq": 2, "mine": False, "text": "哪一班?", "of_before": True},
    {"seq": 3, "mine": False, "text": "您好"},
]


async def test_a_line_of_the_signer_before_is_neither_ones_own_nor_the_other_ones(page: Page) -> None:
    await page.locator("#app[data-screen='home']").wait_for()  # until then there are no words
    said = {"type": "text_line", "call": "c-1", "at_ms": 1, "of_before": False}
    # With the second signer all lines come again: the second of them is not the present signer's any more.
    lines = [{**said, **line} for line in (FIRST, {**LATER[0], "of_before": False}, FIRST, *LATER)]
    result = await run(
        page,
        "/shared/text.js",
        """(async () => {
          const theirs = [];
          const drawn = [];
          const { TextStrip } = await import('/shared/strip.js');
          const strip = new TextStrip({ lines: {}, typing: null });
          const kept = new m.Lines({
            send: () => true,
            onChange: (lines) => {
              strip.draw(lines, '小周');
              drawn.push([...strip.log.children].map((line) => [
                line.dataset.who, line.className, line.querySelector('.line-who').textContent,
              ]));
            },
            onTheirs: (line) => theirs.push(line.seq),
          });
          for (const line of a) kept.hear(line);
          return { theirs, last: drawn.at(-1), before: drawn.at(-3), seqs: kept.lines.map((line) => line.seq) };
        })()""",
        lines,
    )
    texts = catalogue("en")
    mine = ["me", "line line-mine", texts["text.me"]]
    assert result["before"] == [mine, ["other", "line line-theirs", "小周"]]
    before = ["before", "line line-before", texts["text.before"]]
    assert result["last"] == [mine, before, ["other", "line line-theirs", "小周"]]
    assert result["seqs"] == [1, 2, 3]
    assert result["theirs"] == [2, 3], "what comes again is no news"


async def test_only_the_present_signers_lines_are_news(page: Page) -> None:
    said = {"type": "text_line", "call": "c-1", "at_ms": 1, "of_before": False}
    heard = await run(
        page,
        "/shared/text.js",
        """(() => {
          const theirs = [];
          const kept = new m.Lines({ send: () => true, onChange: () => {}, onTheirs: (line) => theirs.push(line.seq) });
          for (const line of a) kept.hear(line);
          return theirs;
        })()""",
        [{**said, **line} for line in (FIRST, *LATER)],
    )
    assert heard == [3]


WIDE, HIGH = 32, 24
ROOM = [110 + 60 * (x % 4 < 2) for _ in range(HIGH) for x in range(WIDE)]
STILL = [0.0] * (WIDE * HIGH)


def cells(left: int, top: int, right: int, bottom: int, value: float) -> list[float]:
    """Return a grid with `value` inside a box, 0 elsewhere."""
    return [value if left <= x < right and top <= y < bottom else 0.0 for y in range(HIGH) for x in range(WIDE)]


@pytest.mark.parametrize(
    ("light", "motion", "verdict"),
    [
        (ROOM, cells(10, 10, 22, 20, 30), "fine"),
        (ROOM, STILL, "still"),
        ([20 + one / 20 for one in ROOM], cells(10, 10, 22, 20, 30), "dark"),
        ([120.0] * WIDE * HIGH, STILL, "covered"),
        ([220 - one for one in cells(8, 4, 24, 24, 190)], cells(10, 10, 22, 20, 30), "backlit"),
        (ROOM, [20.0] * WIDE * HIGH, "shaky"),
        (ROOM, cells(8, 0, 24, 12, 30), "near"),
        (ROOM, cells(0, 10, 3, 20, 30), "edge"),
        (ROOM, cells(29, 10, 32, 20, 30), "edge"),
    ],
)
async def test_the_own_picture_is_judged_by_light_and_movement(
    page: Page, light: list[float], motion: list[float], verdict: str
) -> None:
    assert await run(page, "/customer/check.js", "m.judgePicture(...a)", [light, motion]) == verdict


async def test_advice_does_not_flicker(page: Page) -> None:
    heard = ["fine"] * 4 + ["dark"] * 5 + ["fine", "dark"] * 6 + ["fine"] * 12
    said = await run(
        page, "/customer/check.js", "(() => { const s = new m.Steady(); return a.map((v) => s.hear(v)); })()", heard
    )
    assert said == ["still"] * 8 + ["dark"] * 17 + ["fine"] * 8


async def test_the_service_level_is_never_rounded_up(page: Page) -> None:
    days = [(0, 0), (3, 3), (199, 200), (0, 3)]
    assert await run(page, "/coordinator/day.js", "a.map((day) => m.levelOf(...day))", days) == [None, 100, 99, 0]


async def test_a_record_is_told_in_order_with_every_agent(page: Page) -> None:
    record = {
        "joined_ms": 1_000,
        "class": "normal",
        "closed_ms": 9_000,
        "segments": [
            {"agent": "a", "from_ms": 2_000, "to_ms": 4_000, "ended": "agent_lost"},
            {"agent": "b", "from_ms": 5_000, "to_ms": 9_000, "ended": "customer_hung_up"},
        ],
        "legs": [],
    }
    moments = await run(page, "/coordinator/timeline.js", "m.timelineOf(a, (x) => x.toUpperCase())", record)
    assert [(m["atMs"], m["key"], m["values"].get("agent")) for m in moments] == [
        (1_000, "joined", None),
        (2_000, "accepted", "A"),
        (4_000, "part_agent_lost", "A"),
        (5_000, "accepted", "B"),
        (9_000, "closed", None),
    ]


MINUTE = 60_000
BREAK = {"break_from_ms": 60 * MINUTE, "break_length_ms": 15 * MINUTE, "break_quiet_ms": 50 * MINUTE}


@pytest.mark.parametrize(
    ("view", "at_min", "said"),
    [
        ({}, 0, None),
        (BREAK, 49, "next"),
        (BREAK, 50, "quiet"),
        (BREAK | {"break_quiet_ms": 60 * MINUTE}, 54, "next"),
        (BREAK | {"break_quiet_ms": 60 * MINUTE}, 55, "soon"),
        (BREAK | {"break_asked_ms": MINUTE, "break_latest_ms": 16 * MINUTE}, 2, "asked"),
        (BREAK | {"break_owed_ms": 15 * MINUTE}, 2, "after_call"),
        (BREAK | {"break_until_ms": 70 * MINUTE}, 62, "goes_on"),
    ],
)
async def test_what_is_said_of_breaks(page: Page, view: dict[str, Any], at_min: int, said: str | None) -> None:
    saying = await run(
        page, "/agent/break-line.js", "m.breakSaying(a.view, a.at)", {"view": view, "at": at_min * MINUTE}
    )
    assert (saying and saying["key"]) == said


async def test_who_on_the_wall_needs_a_look(page: Page) -> None:
    agents = [
        {"agent": "a1", "name": "Lin", "state": "break", "since_ms": 0, "away_reason": "missed"},
        {"agent": "a2", "name": "", "state": "break", "since_ms": 0, "away_reason": "asked"},
        {"agent": "a3", "name": "", "state": "after_call", "since_ms": 0},
        {"agent": "a4", "name": "", "state": "after_call", "since_ms": 5 * MINUTE},
        {"agent": "a5", "name": "", "state": "on_call", "since_ms": 0, "break_asked_ms": MINUTE},
    ]
    view = {"agents": agents, "after_call_warn_ms": 8 * MINUTE}
    found = await run(page, "/coordinator/care.js", "m.careNotices(a.view, a.at)", {"view": view, "at": 8 * MINUTE})
    assert [each["id"] for each in found] == ["missed:a1", "after_call:a3", "break_asked:a5"]
    assert found[0]["values"]["name"] == "Lin"
    lines = await run(page, "/coordinator/care.js", "m.careOf(a).map((each) => each.key)", agents[4])
    assert lines == ["break_asked"]
