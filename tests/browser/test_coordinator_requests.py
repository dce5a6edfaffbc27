"""The coordinator's requests about shifts: decided with a reason, given to whoever could, against a rule only twice."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.board import ASK_AGAIN, IN_HAND, board
from tests.browser.conftest import OpenPage
from tests.browser.requests import LIN, REST, WANG, candidates, inbox, live, means, row, sent
from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def opened(open_page: OpenPage, stage: Stage) -> Page:
    page = await board(open_page, stage, "requests")
    await page.locator(".request-card").first.wait_for()
    return page


async def press(page: Page, request: str, name: str) -> None:
    """Press a button of one request by the keyboard."""
    card = page.locator(f"[data-request='{request}']")
    await card.get_by_role("button", name=name, exact=True).press("Enter")


async def test_each_request_says_what_it_means(open_page: OpenPage, stage: Stage) -> None:
    inbox(stage)
    page = await opened(open_page, stage)
    badge = page.locator("a[href='#requests'] .badge")
    await expect(badge).to_have_text("4")
    said = page.locator("[data-request='q-1'] .request-means li")
    await expect(said).to_have_text(
        ["会空出 2 个班，同事可以接。", "3月1日周一 09:00–11:00 人最少：2 人变 1 人。需要 2 人。"]
    )
    await expect(said.nth(1)).to_have_class("request-mean tone-danger")
    await expect(page.locator("[data-request='q-2'] .request-means li")).to_have_text(["都合规则", "在岗人数不变。"])
    against = page.locator("[data-request='q-3'] .request-means li").first
    await expect(against).to_have_text("王静：上班前只休息 10 小时，至少要 11 小时、不会 香港手语（2级）、英文。")


async def test_what_the_fortieth_and_later_mean_is_asked_for(open_page: OpenPage, stage: Stage) -> None:
    rows = [row(f"q-{number}", "open", "waiting", means=means((0, 1, None))) for number in range(40)]
    rows += [row(f"q-{number}", "open", "waiting") for number in range(40, 83)]
    inbox(stage, rows)
    meant = {f"q-{number}": means((0, 1, 2)) for number in range(40, 82)} | {"q-82": None}
    stage.answers["POST requests/means"] = (200, {"means": meant})
    page = await opened(open_page, stage)
    for request in ("q-40", "q-81"):
        await expect(page.locator(f"[data-request='{request}'] .request-means li")).to_have_count(1)
    last = page.locator("[data-request='q-82']")
    await expect(last.get_by_text("正在看会怎样…")).to_have_count(0)
    await expect(last.locator(".request-means")).to_have_count(0)
    assert [len(one["requests"]) for one in sent(stage, "requests/means")] == [40, 3]


async def test_a_no_has_its_reason(open_page: OpenPage, stage: Stage) -> None:
    inbox(stage)
    stage.answers["POST requests/q-1"] = (200, {})
    page = await opened(open_page, stage)
    await press(page, "q-1", "不同意")
    await expect(page.get_by_text("为什么？客服会看到。")).to_be_focused()
    await press(page, "q-1", "返回")
    no = page.locator("[data-request='q-1']").get_by_role("button", name="不同意")
    await expect(no).to_be_focused()
    assert sent(stage, "requests/q-1") == []
    await no.press("Enter")
    inbox(stage, live()[1:])
    await press(page, "q-1", "人手不够")
    await expect(page.locator("[data-request='q-1']")).to_have_count(0)
    assert sent(stage, "requests/q-1") == [{"act": "decline", "why": "too_few", "rev": 1}]
    await expect(page.locator("a[href='#requests'] .badge")).to_have_text("3")
    await expect(page.locator("h1")).to_be_focused()


async def test_what_breaks_rules_is_done_only_when_that_is_pressed(open_page: OpenPage, stage: Stage) -> None:
    inbox(stage)
    rows = [{**REST, "person": WANG, "day": "2055-03-01"}]
    lacks = [{"person": WANG, "what": ["hksl"]}]
    stage.answers["POST requests/q-3"] = (409, {"error": "rules_broken", "rows": rows, "lacks": lacks})
    page = await opened(open_page, stage)
    await press(page, "q-3", "同意")
    card = page.locator("[data-request='q-3']")
    await expect(card.get_by_role("alert")).to_contain_text("王静：上班前只休息 10 小时，至少要 11 小时、不会 香港手语")
    await expect(card.get_by_role("button", name="返回")).to_be_focused()
    await press(page, "q-3", "还是这样做")
    await stage.until(lambda: [one.get("anyway") for one in sent(stage, "requests/q-3")] == [None, True])


async def test_an_open_shift_is_given_to_the_best(open_page: OpenPage, stage: Stage) -> None:
    inbox(stage)
    candidates(stage)
    stage.answers["POST requests/q-4"] = (200, {})
    page = await opened(open_page, stage)
    await press(page, "q-4", "谁能上")
    people = page.locator(".request-person")
    await expect(people).to_have_count(2)
    await expect(people.first).to_contain_text("都合规则")
    await expect(people.first).to_contain_text("这周 16 小时，最多 40 小时")
    await expect(people.nth(1)).to_contain_text("上班前只休息 10 小时，至少要 11 小时、不会 香港手语")
    await press(page, "q-4", "给王静")
    await stage.until(lambda: sent(stage, "requests/q-4") == [{"act": "assign", "person": WANG, "rev": 1}])


async def test_a_sick_call_is_one_step_and_shows_who_could(open_page: OpenPage, stage: Stage) -> None:
    inbox(stage, [])
    page = await board(open_page, stage, "requests")
    await page.get_by_role("button", name="有人来不了").press("Enter")
    await expect(page.locator("#away-agent")).to_be_focused()
    await page.locator("#away-agent").select_option(LIN)
    await page.locator("#away-from").fill("2055-03-01")
    await page.locator("#away-to").fill("2055-03-02")
    stage.answers["POST requests/away"] = (400, {"error": "bad_shift_request", "rule": "day_past"})
    save = page.get_by_role("button", name="取消这几天的班")
    await save.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("第一天已经过去。请选今天或以后。")
    stage.answers["POST requests/away"] = (201, {"request": "q-9", "opened": ["q-4"]})
    inbox(stage, [row("q-4", "open", "waiting")])
    candidates(stage)
    await save.press("Enter")
    await expect(page.locator(".request-person")).to_have_count(2)
    wish = {"agent": LIN, "first_day": "2055-03-01", "last_day": "2055-03-02"}
    assert sent(stage, "requests/away") == [wish, wish]
    await expect(page.locator("[data-request='q-4'] .request-title")).to_be_focused()


async def test_an_open_shift_is_offered_at_times_that_clocks_show(open_page: OpenPage, stage: Stage) -> None:
    inbox(stage, [])
    page = await board(open_page, stage, "requests", zone="Europe/Berlin")
    await page.get_by_role("button", name="放出空班").press("Enter")
    await page.locator("#open-day").fill("2055-03-28")
    await page.locator("#open-from").fill("02:30")
    stage.answers["POST requests/open"] = (201, row("q-4", "open", "waiting"))
    send = page.get_by_role("button", name="放出", exact=True)
    await send.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("2055-03-28 02:30 不存在，那时钟往前拨。")
    await page.locator("#open-from").fill("09:00")
    inbox(stage, [row("q-4", "open", "waiting")])
    await send.press("Enter")
    await expect(page.locator("[data-request='q-4'] .request-title")).to_be_focused()
    assert sent(stage, "requests/open") == [{"start": "2055-03-28T07:00:00.000Z", "end": "2055-03-28T15:00:00.000Z"}]


async def test_whoever_was_quicker_is_told_and_news_do_not_move_what_is_read(open_page: OpenPage, stage: Stage) -> None:
    inbox(stage)
    page = await opened(open_page, stage)
    stage.answers["POST requests/q-2"] = (409, {"error": "request_changed"})
    inbox(stage, live()[2:])
    await press(page, "q-2", "同意")
    await expect(page.get_by_role("alert").first).to_have_text("有人先动了。现在是这样。")
    await expect(page.get_by_role("alert").first).to_be_focused()
    await expect(page.locator("[data-request='q-2']")).to_have_count(0)


async def test_what_comes_meanwhile_is_said_and_read_when_asked(open_page: OpenPage, stage: Stage) -> None:
    inbox(stage, live()[3:])
    page = await board(open_page, stage, "requests", script=IN_HAND)
    await expect(page.locator(".request-card")).to_have_count(6)
    inbox(stage)
    await page.evaluate(ASK_AGAIN)
    await expect(page.get_by_text("有变化。")).to_be_visible()
    await expect(page.locator(".request-card")).to_have_count(6)
    await page.get_by_role("button", name="再看一次").press("Enter")
    await expect(page.locator(".request-card")).to_have_count(9)
    await expect(page.get_by_text("有变化。")).to_be_hidden()
    # Somebody takes an open shift: as many as before wait, and one of them is another thing.
    inbox(stage, [*live()[:-1], row("q-5", "offer", "waiting", changed_ms=live()[-1]["changed_ms"] + 1)])
    await page.evaluate(ASK_AGAIN)
    await expect(page.get_by_text("有变化。")).to_be_visible()


async def test_rules_alone_may_grant(open_page: OpenPage, stage: Stage) -> None:
    inbox(stage)
    page = await opened(open_page, stage)
    tick = page.get_by_role("checkbox")
    stage.answers["PUT requests/rules"] = (503, {"error": "busy"})
    await tick.press("Space")
    await expect(page.get_by_role("alert").first).to_have_text("没有成功。请再试一次。")
    await expect(tick).not_to_be_checked()
    stage.answers["PUT requests/rules"] = (200, {"auto": True})
    await tick.press("Space")
    await stage.until(lambda: sent(stage, "requests/rules") == [{"auto": True}] * 2)
