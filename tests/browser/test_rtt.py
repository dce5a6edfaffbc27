"""Text as it is written: the order that two carriers make, what a writer sends, and what both people see of it.

The pure parts run in the browser that will run them, on histories made here from fixed seeds; what is expected comes
from a few lines of T.140 in this file, which share nothing with the page's.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from signaling import messages
from tests.browser import views
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.line import Launch
from tests.browser.looks import look
from tests.browser.stage import Stage
from tests.browser.steps import call

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

END, LOSS, BACK = "\u2028", "\ufffd", "\b"
SIGNS = [*"abc ", *"您好航班", "é", "😀", "👩🏽‍✈️", "\u0301", "𠮷"]
LINE = 1_764_000_000_000
EVERY_MS, PER_10_S = 300, 300


def shown(pieces: list[str]) -> str:
    """Return what stands on a T.140 display. Source: ITU-T T.140, sections 7 and 8."""
    signs: list[str] = []
    for sign in itertools.chain.from_iterable(pieces):
        if sign != BACK:
            signs += [] if sign == END else [sign]
        elif signs:
            del signs[-1]
    return "".join(signs)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(launch: Launch, shared_stage: Stage) -> AsyncIterator[Page]:
    """One page for all histories: nothing of one is left for the next."""
    opened = await (await launch("refused")).new_page()
    await opened.goto(f"{shared_stage.url}/customer/")
    yield opened
    await opened.close()


READ = """async (cases) => {
  const { Reader } = await import('/shared/rtt.js');
  return cases.map((steps) => {
    let lines = [];
    let due = [];
    const reader = new Reader({ onChange: (now) => { lines = now; }, later: (act) => due.push(act) });
    const seen = [];
    for (const step of steps) {
      if (step.wait) {
        const acts = due;
        due = [];
        acts.forEach((act) => act());
      } else if (step.settle) reader.settle(step.settle);
      else reader.hear(step);
      seen.push(lines.map((line) => [line.id, line.state, line.text]));
    }
    return seen;
  });
}"""
WAIT = {"wait": True}


def piece(number: int, text: str, line: int = LINE) -> dict[str, Any]:
    return {"line": line, "number": number, "text": text}


def written(random: Random, pieces: int) -> list[str]:
    """Return the pieces of a line as somebody writes, who now and then takes something back."""
    out: list[str] = []
    for _ in range(pieces):
        back = BACK * random.choice([0, 0, 0, 1, 3])
        out.append(back + "".join(random.choices(SIGNS, k=random.randint(0 if back else 1, 4))))
    return out


def over_two_carriers(random: Random, pieces: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what arrives in any mixture of two reliable, ordered carriers, each with a part, some of it with both."""
    carriers: list[list[dict[str, Any]]] = [[], []]
    for each in pieces:
        taken = random.choice([(0,), (1,), (0, 1)])
        for carrier in taken:
            carriers[carrier].append(each)
    arrived: list[dict[str, Any]] = []
    while any(carriers):
        arrived.append(random.choice([carrier for carrier in carriers if carrier]).pop(0))
    return arrived


async def test_two_carriers_make_one_order_and_nothing_twice(page: Page) -> None:
    random = Random(8865)
    texts = [written(random, random.randint(1, 12)) for _ in range(150)]
    cases = [over_two_carriers(random, [piece(n, text) for n, text in enumerate(each, 1)]) for each in texts]
    assert any(len(case) > len(each) for case, each in zip(cases, texts, strict=True))
    assert any([step["number"] for step in case] != sorted(step["number"] for step in case) for case in cases)
    for each, case, seen in zip(texts, cases, await page.evaluate(READ, cases), strict=True):
        whole = shown(each)
        assert seen[-1] == ([[f"w{LINE}", "writing", whole]] if whole else []), case
        # At every moment what stands there is the line as it was after some piece: never a later one before an earlier.
        stages = {shown(each[:count]) for count in range(len(each) + 1)}
        assert {text for lines in seen for _, _, text in lines} <= stages


async def test_what_does_not_come_is_marked_once_and_what_comes_too_late_is_dropped(page: Page) -> None:
    random = Random(4103)
    cases, expected = [], []
    for _ in range(150):
        each = [random.choice(SIGNS) for _ in range(random.randint(2, 14))]
        numbers = range(1, len(each) + 1)
        there = sorted({len(each), *random.sample(numbers, random.randint(1, len(each)))})
        lost = [number for number in numbers if number not in there]
        arriving = random.sample(there, len(there))
        late = [piece(number, each[number - 1]) for number in random.sample(lost, len(lost))]
        # After each wait one gap is given up.
        cases.append([*(piece(number, each[number - 1]) for number in arriving), *[WAIT] * len(each), *late])
        marked = [
            each[number - 1] if number in there else LOSS
            for number in numbers
            if number in there or number - 1 in (0, *there)
        ]
        expected.append(shown(marked))
    for case, text, seen in zip(cases, expected, await page.evaluate(READ, cases), strict=True):
        assert seen[-1] == [[f"w{LINE}", "broken" if LOSS in text else "writing", text]], case


async def test_a_gap_waits_for_the_other_carrier(page: Page) -> None:
    [seen] = await page.evaluate(READ, [[piece(1, "a"), piece(3, "c"), piece(2, "b"), WAIT, piece(2, "b")]])
    assert [lines[0][2] for lines in seen] == ["a", "a", "abc", "abc", "abc"]


async def test_the_finished_line_takes_the_place_of_what_was_seen_of_it(page: Page) -> None:
    steps = [
        piece(1, "gate"),
        piece(2, END),
        piece(1, "14?", LINE + 5),  # the next one is begun before the first has come as a whole
        {"settle": LINE},
        piece(3, "late"),
        {"settle": LINE + 5},
        piece(2, "late too", LINE + 5),
        piece(1, "new", LINE + 6),
    ]
    [seen] = await page.evaluate(READ, [steps])
    assert [[text for _, _, text in lines] for lines in seen] == [
        ["gate"],
        ["gate"],
        ["gate", "14?"],
        ["14?"],
        ["14?"],
        [],
        [],
        ["new"],
    ]


async def test_a_line_that_begins_anew_replaces_the_one_that_was_not_finished(page: Page) -> None:
    steps = [piece(1, "on"), piece(1, "on the", LINE + 1), piece(2, " way"), piece(2, " bus", LINE + 1)]
    [seen] = await page.evaluate(READ, [steps])
    assert [[text for _, _, text in lines] for lines in seen] == [["on"], ["on the"], ["on the"], ["on the bus"]]


async def test_what_somebody_sends_by_force_stays_small(page: Page) -> None:
    flood = [piece(number, "x" * 600) for number in range(1, 10)]
    gaps = [piece(2 * number, "x") for number in range(1, 400)]
    ended = [each for line in range(50) for each in (piece(1, "x", LINE + line), piece(2, END, LINE + line))]
    seen = await page.evaluate(READ, [flood, gaps, ended])
    assert len(seen[0][-1][0][2]) == 1000
    assert LOSS in seen[1][-1][0][2], "so many are not held back"
    assert len(seen[2][-1]) == 4


WRITE = """async (histories) => {
  const { Typist } = await import('/shared/rtt.js');
  return histories.map((history) => {
    const sent = [];
    let now = 5000;
    let due = [];
    const typist = new Typist({
      send: (piece) => sent.push([now, piece.line, piece.number, piece.text]),
      nowMs: () => 1764000000000 + now,
      steadyMs: () => now,
      later: (act, ms) => due.push([now + ms, act]),
    });
    const run = (until) => {
      for (;;) {
        due.sort((a, b) => a[0] - b[0]);
        if (!due.length || due[0][0] > until) break;
        const [at, act] = due.shift();
        now = Math.max(now, at);
        act();
      }
      now = until;
    };
    const ends = [];
    for (const [pause, text] of history) {
      run(now + pause);
      if (text === null) ends.push(typist.end());
      else if (text === 0) typist.again();
      else typist.write(text);
    }
    run(now + 60000);
    return { sent, ends };
  });
}"""


def edits(random: Random) -> list[list[Any]]:
    """Return [pause in ms, the field's text] as somebody writes, changes the middle, pastes, and starts over."""
    text: list[str] = []
    history: list[list[Any]] = []
    for _ in range(random.randint(1, 25)):
        match random.choice(["write", "write", "write", "back", "middle", "paste", "clear"]):
            case "write":
                text.append(random.choice(SIGNS))
            case "back":
                del text[-random.randint(1, 3) :]
            case "middle":
                text.insert(random.randint(0, len(text)), random.choice(SIGNS))
            case "paste":
                text += random.choices(SIGNS, k=random.randint(1, 120))
            case "clear":
                text.clear()
        history.append([random.choice([0, 40, 120, 400, 3000]), "".join(text)])
    return history


async def test_what_is_sent_is_what_stands_in_the_field_in_time_and_at_a_readers_pace(page: Page) -> None:
    random = Random(140)
    histories = [edits(random) for _ in range(150)]
    for history, made in zip(histories, await page.evaluate(WRITE, histories), strict=True):
        sent = made["sent"]
        assert shown([text for _, _, _, text in sent]) == history[-1][1]
        assert [number for _, _, number, _ in sent] == list(range(1, len(sent) + 1))
        assert len({line for _, line, _, _ in sent}) <= 1
        times = [at for at, _, _, _ in sent]
        assert all(later - at >= EVERY_MS for at, later in itertools.pairwise(times))
        for at in times:
            window = sum(len(text) for when, _, _, text in sent if at <= when < at + 10_000)
            assert window <= 2 * PER_10_S, "a full bucket and what flows in"


async def test_the_first_sign_goes_at_once_and_more_of_it_after_300_ms(page: Page) -> None:
    history = [[0, "h"], [50, "he"], [50, "hel"], [150, "hell"], [2000, "hello"]]
    [made] = await page.evaluate(WRITE, [history])
    assert [(at - 5000, text) for at, _, _, text in made["sent"]] == [(0, "h"), (300, "ell"), (2250, "o")]


async def test_a_finished_line_says_its_end_and_the_next_has_a_larger_number(page: Page) -> None:
    history = [[0, "a"], [10, "ab"], [10, None], [0, "c"], [400, None], [5, None]]
    [made] = await page.evaluate(WRITE, [history])
    first, second = sorted({line for _, line, _, _ in made["sent"]})
    assert [(line, number, text) for _, line, number, text in made["sent"]] == [
        (first, 1, "a"),
        (first, 2, f"b{END}"),
        (second, 1, "c"),
        (second, 2, END),
    ]
    assert made["ends"] == [first, second, 0], "where nothing was seen there is no number"


async def test_whoever_missed_something_gets_the_line_anew(page: Page) -> None:
    [made] = await page.evaluate(WRITE, [[[0, "on the"], [500, 0], [10, "on the way"]]])
    (_, old, _, _), *rest = made["sent"]
    new = rest[0][1]
    assert new > old
    assert [(line, number, text) for _, line, number, text in rest] == [(new, 1, "on the"), (new, 2, " way")]


async def test_no_half_sign_and_no_control_is_ever_sent(page: Page) -> None:
    # JSON carries lone surrogates to the page; what comes back would not be readable with one in it.
    histories = [
        [[0, "x\x00\x1b\u2028\u2029y\x7f"]],
        [[0, "\ud83d"]],
        [[0, "a\ud83d\ude00"], [400, "a\ud83d"], [400, "a"]],
    ]
    made = await page.evaluate(WRITE, histories)
    assert [text for _, _, _, text in made[0]["sent"]] == ["xy"]
    assert made[1]["sent"] == []
    assert [text for _, _, _, text in made[2]["sent"]] == ["a😀", BACK]


CARRIERS = """async (a) => {
  const { Typing } = await import('/shared/typing.js');
  const sent = { socket: [], channel: [] };
  let drafts = [];
  const peer = { text: { readyState: 'connecting', send: (message) => sent.channel.push(message) }, onText: null };
  const app = {
    socket: { send: (message) => sent.socket.push(message) },
    lines: { call: 'c-1', draft: (lines) => { drafts = lines.map((line) => line.text); } },
    peer,
  };
  const typing = new Typing(app);
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  typing.write('您');
  await pause(50);
  peer.text.readyState = 'open';
  typing.write('您好');
  while (sent.socket.length < 2) await pause(20);
  const seen = [];
  for (const [carrier, message] of a) {
    if (carrier === 'channel') peer.onText(message);
    else typing.hear(message);
    seen.push([...drafts]);
  }
  app.lines.call = 'c-2';
  typing.hear({ type: 'pong' });
  seen.push([...drafts]);
  return { sent, seen };
}"""


async def test_each_piece_goes_by_both_carriers_and_is_read_once_from_either(page: Page) -> None:
    def by_channel(number: int, text: str, call: str = "c-1") -> tuple[str, Any]:
        return "channel", f"\x98{call} {LINE} {number} w1\x9c{text}"

    def by_socket(number: int, text: str, writer: str = "w1") -> tuple[str, Any]:
        return "socket", {"type": "rtt", "call": "c-1", "line": LINE, "number": number, "text": text, "writer": writer}

    heard = [
        by_channel(1, "a"),
        by_socket(1, "a"),
        by_socket(2, "b"),
        by_channel(2, "b"),
        by_channel(3, "x", call="c-0"),
        ("channel", "no piece"),
        by_channel(4, "d"),
        by_socket(3, "c"),
        # Somebody else writes at the same time, under the same number.
        by_socket(1, "z", writer="w2"),
        ("socket", {"type": "text_line", "call": "c-1", "line": LINE, "mine": False, "writer": "w1"}),
    ]
    result = await page.evaluate(CARRIERS, heard)
    first, second = result["sent"]["socket"]
    assert (first["call"], first["number"], first["text"]) == ("c-1", 1, "您")
    assert (second["line"], second["number"], second["text"]) == (first["line"], 2, "好")
    assert result["sent"]["channel"] == [f"\x98c-1 {first['line']} 2\x9c好"], "what is not open carries nothing"
    *seen, in_the_next_call = result["seen"]
    assert seen == [["a"], ["a"], ["ab"], ["ab"], ["ab"], ["ab"], ["ab"], ["abcd"], ["abcd", "z"], ["z"]]
    assert in_the_next_call == []


# ---- on the page


def typing(number: int, text: str, line: int = LINE) -> messages.OtherTyping:
    return messages.OtherTyping(call=views.CALL, line=line, number=number, text=text)


async def test_both_see_characters_as_they_come_and_readers_hear_whole_lines(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/", size=PHONE)
    await call(page, stage)
    await page.get_by_role("group", name="通话按钮").get_by_role("button", name="打字").click()
    await page.get_by_label("写一句话").press_sequentially("hi")
    first = await stage.message("rtt", number=1)
    assert first["call"] == views.CALL

    def sent() -> str:
        return shown([m["text"] for m in stage.heard if m["type"] == "rtt" and m["line"] == first["line"]])

    await stage.until(lambda: sent() == "hi")
    await page.get_by_label("写一句话").press("Backspace")
    await stage.until(lambda: sent() == "h")
    await stage.post(typing(1, "航班"), "customer")
    await stage.post(typing(2, "取消了"), "customer")
    draft = page.locator(".line-draft")
    await expect(draft.locator("p")).to_have_text("航班取消了")
    await expect(draft.locator(".line-who")).to_have_text("小林 · 正在输入")
    await expect(draft).to_have_class("line line-theirs line-draft")
    await expect(page.get_by_role("log").locator(".line")).to_have_count(0)
    await look(page, "customer-zh-CN-43-call-other-writes")
    await page.get_by_label("写一句话").press("Enter")
    said = await stage.message("say", text="h")
    assert said["line"] == first["line"]
    mine = messages.TextLine(call=views.CALL, seq=1, mine=True, text="h", at_ms=1, line=said["line"])
    theirs = messages.TextLine(call=views.CALL, seq=2, mine=False, text="航班取消了。", at_ms=2, line=LINE)
    for line in (mine, theirs):
        await stage.post(line, "customer")
    await expect(draft).to_have_count(0)
    await expect(page.get_by_role("log").locator(".line p")).to_have_text(["h", "航班取消了。"])
    # The other page has come back: the next line is for it from the start.
    await page.get_by_label("写一句话").press_sequentially("ok")
    await stage.until(
        lambda: shown([m["text"] for m in stage.heard if m["type"] == "rtt" and m["line"] > said["line"]]) == "ok"
    )
    lines = {m["line"] for m in stage.heard if m["type"] == "rtt"}
    await stage.post(typing(0, "", 0), "customer")
    anew = await stage.until(
        lambda: next((m for m in stage.heard if m["type"] == "rtt" and m["line"] not in lines), None)
    )
    assert (anew["number"], anew["text"]) == (1, "ok")


async def test_what_an_input_method_still_composes_stays_at_home(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await page.get_by_role("group", name="通话按钮").get_by_role("button", name="打字").click()
    field = page.get_by_label("写一句话")
    await field.focus()
    devtools = await page.context.new_cdp_session(page)
    for pinyin in ("h", "hang", "hangban"):
        await devtools.send(
            "Input.imeSetComposition", {"text": pinyin, "selectionStart": len(pinyin), "selectionEnd": len(pinyin)}
        )
    await expect(field).to_have_value("hangban")
    await devtools.send("Input.insertText", {"text": "航班"})
    await expect(field).to_have_value("航班")
    first = await stage.message("rtt")
    assert (first["number"], first["text"]) == (1, "航班")
    await devtools.detach()


async def test_what_is_missing_is_said(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await stage.post(typing(1, "gate "), "customer")
    await stage.post(typing(3, "4"), "customer")
    await expect(page.locator(".line-draft p")).to_have_text(f"gate {LOSS}4")
    await expect(page.locator(".line-draft .line-who")).to_have_text("小林 · 正在输入，漏了一些字")
