"""A coordinator beside a call at all three pages: asked for, let in, sent away, and what the agent alone is written."""

from __future__ import annotations

import msgspec
import pytest
from playwright.async_api import expect

from signaling import messages
from tests.browser import views
from tests.browser.board import answer, board
from tests.browser.conftest import DESK, PHONE, OpenPage
from tests.browser.desk import clock, desk, known_customer
from tests.browser.looks import WIDE, look
from tests.browser.stage import Stage
from tests.browser.steps import call, flows, pictures
from tests.catalogues import catalogue

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(360)]

LANGUAGES = ("zh-CN", "zh-HK", "en")
NAME = "周岚"
# What a coordinator presses for the state, where it is gone then.
BEFORE = {"asked": "beside.ask", "joined": "beside.join"}
MICROPHONES = """async () => {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const asked = [];
  navigator.mediaDevices.getUserMedia = (wish) => (asked.push(open(wish)), asked.at(-1));
  for (let n = 0; n < 3; n += 1) document.querySelector("[data-act='speak']").click();
  const opened = await Promise.all(asked);
  await new Promise((done) => setTimeout(done));
  return opened.map((stream) => stream.getAudioTracks()[0].readyState);
}"""


def onlooker(state: str, ask: int = 1) -> messages.Onlooker:
    return messages.Onlooker(name=NAME, state=state, ask=ask)  # type: ignore[arg-type]


def line(seq: int, text: str, *, mine: bool = False, read: bool = False) -> messages.CoachLine:
    return messages.CoachLine(seq=seq, mine=mine, text=text, at_ms=views.now_ms(), read=read)


def coached(state: str, *lines: messages.CoachLine) -> messages.AgentView:
    """Return the view of an agent in a call that a coordinator is beside."""
    its = views.agent_call(about=known_customer(), onlooker=onlooker(state), coach=lines)
    return views.agent("on_call", media="live", call=its, **clock(11))


def wall(state: str = "", *, ended: str = "", lines: tuple[messages.CoachLine, ...] = ()) -> messages.CoordinatorView:
    """Return the wall of a coordinator beside the first live call, or of one whose watching has ended."""
    whole = views.wall()
    fields = {"watch_ended": ended, "watch_ended_call": "c-4" if ended else ""}
    if state:
        now = messages.Watching(
            call="c-4",
            state=state,  # type: ignore[arg-type]
            connected=True,
            agent_name="林晓",
            since_ms=views.now_ms() - 402_000,
            media="live" if state in ("in", "joined") else "none",
            agent_media="live",
            customer_media="live",
            lines=lines,
        )
        return _with(whole, watching=now)
    return _with(whole, **fields)


def with_picture(picture: str, own: str = "", others: tuple[messages.OtherAgent, ...] = ()) -> messages.CoordinatorView:
    """Return the wall of a coordinator who looks on, and whose own picture is so far."""
    view = wall("in")
    assert view.watching is not None
    fields = {"picture": picture, "own_picture": own, "others": others, "until_ms": views.now_ms() + 50_000}
    return _with(view, watching=msgspec.structs.replace(view.watching, **fields))


def _with(view: messages.CoordinatorView, **more: object) -> messages.CoordinatorView:
    return msgspec.structs.replace(view, **more)


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_how_each_page_looks(open_page: OpenPage, stage: Stage, lang: str) -> None:
    first, words = lang == LANGUAGES[0], catalogue(lang)
    page = await open_page("/customer/", lang=lang)
    await page.locator(".start").click()
    await page.locator(".ready-buttons .button-main").click()
    await stage.message("join")
    stage.pictures[0] = pictures("dev-book")
    await stage.show(views.customer("connected"))
    await stage.message("media_offer")
    await stage.show(views.customer("connected", media="live"))
    await page.locator(".pill[data-name='clear']").wait_for()
    for number, state in enumerate(("asked", "in", "joined"), 17):
        await stage.show(views.customer("connected", media="live", onlooker=onlooker(state)))
        await expect(page.locator(".watched > span").nth(1)).to_have_text(words[f"watched.{state}"].format(name=NAME))
        await look(page, f"customer-{lang}-{number}-watched-{state}", themes=first, again=not first)
    await page.close()

    stage.pictures = {0: pictures("dev-student"), 1: pictures("customer")}
    stage.me = views.ME_AGENT
    stage.views["agent"] = coached("in", line(1, "请问订单号。" if first else "Ask for the number."))
    page = await open_page("/agent/", lang=lang, size=DESK)
    await page.locator(".customer .pill-good").wait_for()
    await expect(page.locator(".beside .is-new")).to_be_visible()
    await look(page, f"agent-{lang}-19-coached", themes=first, again=not first)
    await page.close()

    stage.me = views.ME_COORDINATOR
    answer(stage)
    stage.views["coordinator"] = wall("coach")
    page = await open_page("/coordinator/", lang=lang, size=DESK, camera="refused")
    for number, (name, view) in enumerate(
        (
            ("coach", wall("coach", lines=(line(1, "订单号?" if first else "The number?", mine=True, read=True),))),
            ("asked", wall("asked")),
            ("in", wall("in", lines=(line(2, "好的" if first else "Yes"),))),
            ("joined", wall("joined", lines=(line(2, "好的" if first else "Yes"),))),
            ("refused", wall(ended="refused")),
        ),
        30,
    ):
        if first and name in BEFORE:
            await page.get_by_role("button", name=words[BEFORE[name]], exact=True).focus()
        await stage.show(view)
        await expect(page.locator(".beside .notice").first).to_have_text(words[f"beside.say.{name}"])
        if first and name in BEFORE:  # what was pressed to get here is gone
            await expect(page.locator(".beside .notice").first).to_be_focused()
        if name == "in":
            for who in ("agent", "customer"):
                await flows(page, f".beside-figure[data-who='{who}'] video")
        await look(page, f"coordinator-{lang}-{number}-beside-{name}", themes=first, again=not first)


async def test_how_four_people_look(open_page: OpenPage, stage: Stage) -> None:
    """A customer, two agents and a coordinator, at each one's page, and the steps on the way there."""
    stage.pictures = {1: pictures("dev-student"), 2: pictures("customer")}
    page = await open_page("/customer/")
    await call(page, stage)
    others = (messages.OtherAgent(name="王静", state="in", media="live"),)
    fields = {"media": "live", "others": others, "agent_name": "林晓"}
    question = msgspec.structs.replace(onlooker("in", 4), picture="asked")
    await stage.show(views.customer("connected", **fields, onlooker=question))
    await expect(page.locator(".watched")).to_contain_text("周岚 想露面加入")
    await look(page, "customer-zh-CN-27-asked-for-a-picture", sizes=(PHONE,))
    await page.get_by_role("button", name="同意", exact=True).click()
    await stage.message("allow_watch", call=views.CALL, ask=4, allow=True, picture=True)
    here = msgspec.structs.replace(onlooker("joined", 4), picture="shown", media="live")
    await stage.show(views.customer("connected", **fields, onlooker=here))
    await flows(page, ".others .picture:nth-child(2) video")
    await expect(page.locator(".call-name")).to_have_text("林晓、王静、周岚")
    await look(page, "customer-zh-CN-28-four-people", themes=True)
    await page.get_by_role("button", name="不看画面").click()
    await stage.message("allow_watch", call=views.CALL, ask=4, allow=False, picture=True)
    await page.close()

    stage.heard.clear()
    stage.pictures = {
        0: pictures("dev-student"),
        1: pictures("customer"),
        2: pictures("dev-book"),
        3: pictures("customer"),
    }
    its = views.agent_call(about=known_customer(), onlooker=here, others=others)
    page = await desk(open_page, stage, views.agent("on_call", media="live", call=its, **clock(11)))
    await flows(page, ".others > div:nth-child(2) video")
    await expect(page.locator("[data-act='invite']")).to_be_hidden()
    # On, off and on again before a microphone is there: the one that is open is the last.
    await expect(page.get_by_role("button", name="声音")).to_be_visible()
    assert await page.evaluate(MICROPHONES) == ["ended", "live"]
    await stage.message("voice", call=views.CALL, on=True)
    its = msgspec.structs.replace(its, voice="me", speaks=True)
    await stage.show(views.agent("on_call", media="live", call=its, **clock(11)))
    await expect(page.locator(".voice-line")).to_have_text("客户那边现在听到您。不录音。")
    await look(page, "agent-zh-CN-28-four-people")
    # Somebody else has switched on: the own microphone is off.
    others = (msgspec.structs.replace(others[0], writer="she"),)
    its = msgspec.structs.replace(its, voice="she", speaks=False, others=others)
    await stage.show(views.agent("on_call", media="live", call=its, **clock(11)))
    await expect(page.locator(".voice-line")).to_have_text("现在客户那边听到 王静。")
    await expect(page.locator("[data-act='speak']")).to_have_attribute("aria-pressed", "false")
    await page.close()


async def test_a_coordinator_comes_in_with_her_picture_step_by_step(open_page: OpenPage, stage: Stage) -> None:
    names = ("customer", "dev-student", "customer", "dev-book", "dev-book")
    stage.pictures = {slot: pictures(name) for slot, name in enumerate(names)}
    answer(stage)
    stage.me = views.ME_COORDINATOR
    agents = tuple(messages.OtherAgent(name=name, state="in", media="live") for name in ("王静", "陈默"))
    start = with_picture("", others=agents)
    stage.views["coordinator"] = start
    page = await open_page("/coordinator/", size=DESK)
    beside = page.locator(".beside")
    for who in ("agent", "customer", "second", "third"):
        await flows(page, f".beside-figure[data-who='{who}'] video")
    await look(page, "coordinator-zh-CN-35-beside-three-agents", sizes=(WIDE,))
    await beside.get_by_role("button", name="开画面加入").click()
    await stage.message("watch", call="c-4", how="prepare")
    await stage.show(with_picture("ready", "slate", others=agents[:1]))

    def with_six() -> str:
        """Return the offer with the own camera and five pictures to see; one without may have come more than once."""
        offers = [each["sdp"] for each in stage.heard if each["type"] == "media_offer"]
        return next((offer for offer in offers if offer.count("m=video") == 6), "")

    assert (await stage.until(with_six)).count("a=sendonly") == 1
    await flows(page, ".beside-own video")
    await expect(beside.locator(".beside-own-say")).to_be_focused()
    await expect(beside.get_by_role("button", name="这是我")).to_be_visible()
    await beside.get_by_role("button", name="这是我").click()
    await stage.message("this_is_me")
    for picture in ("ready", "asked", "shown"):
        await stage.show(with_picture(picture, "clear", others=agents[:1]))
        await expect(beside.locator(".beside-own-say")).to_have_attribute("data-name", picture)
        if picture == "ready":
            await look(page, "coordinator-zh-CN-36-own-picture", themes=True)
            await beside.get_by_role("button", name="请求加入").click()
            await stage.message("watch", call="c-4", how="show")

    # Her network was gone: she comes back to where she was without a further press.
    stage.heard.clear()
    await stage.show(wall(ended="gone"))
    await stage.message("watch", call="c-4", how="watch")
    await stage.show(with_picture(""))
    await stage.message("watch", call="c-4", how="prepare")
    await stage.show(with_picture("ready", "clear"))
    await stage.message("watch", call="c-4", how="show")
    await stage.show(with_picture("shown", "clear"))
    await beside.get_by_role("button", name="关掉我的画面").click()
    await stage.message("watch", call="c-4", how="hide")
    await stage.show(with_picture(""))
    await expect(beside.locator(".beside-own")).to_be_hidden()
    await expect(beside.get_by_role("button", name="开画面加入")).to_be_focused()

    # The customer's no: the camera is off, and it is said.
    await beside.get_by_role("button", name="开画面加入").click()
    await stage.until(lambda: [each for each in stage.heard if each.get("how") == "prepare"][1:])
    await stage.show(with_picture("refused"))
    await expect(beside.locator(".beside-own-say")).to_contain_text("客户不想在这次通话里看到您")
    await expect(beside.get_by_role("button", name="开画面加入")).to_be_hidden()


@pytest.mark.parametrize(("camera", "said"), [("refused", "摄像头没打开"), ("none", "没有找到摄像头")])
async def test_a_coordinator_without_a_camera_reads_why_and_goes_on_as_before(
    open_page: OpenPage, stage: Stage, camera: str, said: str
) -> None:
    answer(stage)
    stage.me = views.ME_COORDINATOR
    stage.views["coordinator"] = with_picture("")
    page = await open_page("/coordinator/", size=DESK, camera=camera)
    await page.get_by_role("button", name="开画面加入").click()
    await expect(page.locator(".beside-own-say")).to_contain_text(said)
    await page.get_by_role("button", name="关掉我的画面").click()
    await expect(page.locator(".beside-own")).to_be_hidden()
    await expect(page.locator(".beside-figure").nth(1)).to_be_visible()
    await stage.message("watch", call="c-4", how="hide")
    assert not [each for each in stage.heard if each.get("how") == "prepare"]


async def test_a_customer_says_yes_and_later_no_to_whoever_asks(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await expect(page.locator(".watched")).to_have_count(0)
    await stage.show(views.customer("connected", media="live", onlooker=onlooker("asked", 3)))
    await page.get_by_role("button", name="同意", exact=True).click()
    await stage.message("allow_watch", call=views.CALL, ask=3, allow=True)
    await stage.show(views.customer("connected", media="live", onlooker=onlooker("in", 3)))
    await expect(page.get_by_role("button", name="同意", exact=True)).to_be_hidden()
    await expect(page.locator(".stage video")).to_be_visible()
    await page.get_by_role("button", name="不让看了").click()
    await stage.message("allow_watch", call=views.CALL, ask=3, allow=False)
    await stage.show(views.customer("connected", media="live"))
    await expect(page.locator(".watched")).to_be_hidden()
    await expect(page.get_by_role("status").filter(has_text="没有别人在看。")).to_have_count(1)


async def test_an_agent_reads_by_one_key_and_answers_by_one_tap_without_losing_the_focus(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await desk(open_page, stage, coached("coach"))
    field = page.locator(".text-card input[type='text']")
    await field.focus()
    await stage.show(coached("coach", line(1, "请问订单号。"), line(2, "慢一点。")))
    card = page.locator(".beside")
    await expect(card.locator(".is-new")).to_have_count(2)
    await expect(field).to_be_focused()
    await page.keyboard.press("k")
    await expect(field).to_have_value("k")  # who writes, writes
    await page.keyboard.press("Backspace")
    await field.blur()
    await page.keyboard.press("k")
    assert (await stage.message("coach_read"))["seq"] == 2
    await stage.show(coached("coach", line(1, "请问订单号。", read=True), line(2, "慢一点。", read=True)))
    await expect(card.get_by_role("button", name="看过了")).to_be_hidden()
    await expect(card).to_contain_text("慢一点。")
    await card.get_by_role("button", name="请帮我").click()
    await stage.message("coach", call=views.CALL, text="请帮我")


async def test_a_coordinator_asks_writes_and_comes_back_after_a_broken_network(
    open_page: OpenPage, stage: Stage
) -> None:
    stage.pictures = {0: pictures("dev-student"), 1: pictures("customer")}
    page = await board(open_page, stage)
    await stage.until(lambda: stage.sockets)
    await stage.show(views.wall())
    await page.locator(".now-active .call-row").first.get_by_role("button", name="辅导…").click()
    await stage.message("watch", call="c-4", how="coach")
    await stage.show(wall("coach"))
    await page.get_by_label("只给客服看").fill("请问订单号。")
    await page.keyboard.press("Enter")
    await stage.message("coach", call="c-4", text="请问订单号。")
    await page.get_by_role("button", name="请求旁观").click()
    await stage.message("watch", call="c-4", how="watch")
    await stage.show(wall("asked"))
    await expect(page.locator(".beside video").first).to_be_hidden()
    await stage.show(wall("in"))
    offer = await stage.message("media_offer")
    assert offer["generation"] == 1, "none was made before the yes"
    assert "a=sendrecv" not in offer["sdp"].partition("m=video")[2], "no camera"
    for who in ("agent", "customer"):
        await flows(page, f".beside-figure[data-who='{who}'] video")
    stage.heard.clear()
    await stage.show(wall(ended="gone"))
    await stage.message("watch", call="c-4", how="watch")
    await stage.show(wall(ended="refused"))
    await expect(page.locator(".beside video").first).to_be_hidden()
    await expect(page.locator(".beside video").first).to_have_js_property("srcObject", None)
    await page.get_by_role("button", name="关闭", exact=True).click()
    await stage.message("watch", call="c-4", how="leave")
