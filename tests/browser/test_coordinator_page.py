"""What the coordinator's page does: the wall as it is, the line's door, shifts in and out and from a file."""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta

import pytest
from playwright.async_api import Route, expect

from tests.browser import views
from tests.browser.board import ASK_AGAIN, IN_HAND, answer, board
from tests.browser.conftest import DESK, OpenPage
from tests.browser.looks import settled
from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_the_wall_shows_urgent_people_first_and_the_level_with_its_definition(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await board(open_page, stage)
    await stage.until(lambda: stage.sockets)
    await stage.show(views.wall())
    waiting = page.locator(".now-waiting .call-row")
    await expect(waiting).to_have_count(3)
    await expect(waiting.first).to_contain_text("急事")
    await expect(page.locator(".now-urgent").get_by_role("status")).to_have_text("1 位急事客户在等")
    await expect(page.locator(".now-urgent")).to_contain_text(re.compile(r"\b0:[1-5]\d"))
    await expect(waiting.nth(1)).to_contain_text("正在响铃：赵敏")
    await expect(page.locator(".level")).to_contain_text("89%")
    await expect(page.locator(".level")).to_contain_text("20 秒内接通的来电 ÷ 全部来电（含自己离开的）。今天 42 ÷ 47。")
    await expect(page.locator(".tile")).to_have_count(6)
    await expect(page.locator(".tile").nth(4)).to_contain_text("没接来电")


async def test_the_wall_of_a_first_morning_is_calm(open_page: OpenPage, stage: Stage) -> None:
    page = await board(open_page, stage)
    await stage.until(lambda: stage.sockets)
    await stage.show(views.empty_wall())
    await expect(page.get_by_role("main")).to_contain_text("今天还没有来电")
    await expect(page.get_by_role("main")).to_contain_text("没有人在排队。")
    await expect(page.locator(".now-urgent")).to_be_hidden()
    await expect(page.get_by_role("main")).not_to_contain_text("NaN")


async def test_the_line_is_closed_with_a_notice_and_opened_again(open_page: OpenPage, stage: Stage) -> None:
    page = await board(open_page, stage)
    card = page.locator(".now-door")
    await expect(card.get_by_role("status")).to_contain_text("开着")
    await page.get_by_role("button", name="现在关闭…").press("Enter")
    await expect(page.get_by_label("简体中文通知")).to_be_focused()
    await page.get_by_role("button", name="不关闭").click()
    await expect(page.get_by_role("button", name="现在关闭…")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.type("今天系统维护，15:00 再开。")
    closed = views.door(open=False, notice="今天系统维护，15:00 再开。")
    stage.answers["POST door"] = stage.answers["GET door"] = (200, closed)  # the page asks now and then, too
    await page.keyboard.press("Enter")
    await expect(card.get_by_role("status")).to_contain_text("已关闭")
    await expect(card).to_contain_text("周岚")
    await expect(card.locator(".door-said li")).to_have_text(["今天系统维护，15:00 再开。"])
    stage.answers["POST door"] = (503, {"error": "store_unavailable"})
    await page.get_by_role("button", name="现在开放").click()
    await expect(card.get_by_role("alert")).to_have_text("服务暂时存不了数据。请等一会儿再试。")
    stage.answers["POST door"] = stage.answers["GET door"] = (200, views.door())
    await page.get_by_role("button", name="现在开放").click()
    await expect(card.get_by_role("status")).to_contain_text("开着")
    bodies = [body for method, path, body in stage.requests if (method, path) == ("POST", "door")]
    assert bodies[0] == {"open": False, "notice": {"zh-CN": "今天系统维护，15:00 再开。", "zh-HK": "", "en": ""}}
    assert bodies[1] == bodies[2] == {"open": True, "notice": {"zh-CN": "", "zh-HK": "", "en": ""}}


async def test_a_line_that_stays_as_it_is_says_nothing_again(open_page: OpenPage, stage: Stage) -> None:
    stage.me = views.ME_COORDINATOR
    answer(stage)
    page = await open_page("/coordinator/", size=DESK, camera="refused", script=IN_HAND)
    status = page.locator(".now-door [role='status']")
    await expect(status).to_contain_text("开着")
    await status.evaluate(
        "(e) => { window.said = []; new MutationObserver((all) => said.push(...all)).observe(e, "
        "{ childList: true, subtree: true, characterData: true }); }"
    )

    for _ in range(3):
        async with page.expect_response("**/api/door"), page.expect_response("**/api/service"):
            await page.evaluate(ASK_AGAIN)
    await settled(page)
    assert await page.evaluate("said.length") == 0
    stage.answers["GET door"] = (200, views.door(open=False))
    await page.evaluate(ASK_AGAIN)
    await expect(status).to_contain_text("已关闭")
    assert await page.evaluate("said.length") > 0


async def test_an_answer_that_comes_after_signing_out_clears_nothing(open_page: OpenPage, stage: Stage) -> None:
    page = await board(open_page, stage)
    late: list[Route] = []
    await page.route("**/api/records?*", lambda route: late.append(route))
    await page.get_by_role("link", name="记录").click()
    await stage.until(lambda: late)
    stage.answers["POST sign-out"] = (200, {})
    await page.get_by_role("button", name="退出").click()
    await page.locator("#app[data-screen='sign_in']").wait_for()
    await page.locator("#sign-in-name").fill("zhou")
    async with page.expect_response("**/api/records?*"):
        await late[0].fulfill(status=401, json={"error": "sign_in_first"})
    await settled(page)
    await expect(page.locator("#sign-in-name")).to_have_value("zhou")
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_count(0)


async def test_a_shift_is_added_in_the_viewers_own_time(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["POST shifts"] = (201, views.shifts()[0])
    page = await board(open_page, stage, "shifts")
    await page.get_by_label("客服", exact=True).select_option(label="王静")
    await page.get_by_label("日期").fill("2026-03-02")
    await page.get_by_label("从", exact=True).fill("09:00")
    await page.get_by_label("到", exact=True).fill("17:30")
    await page.get_by_role("button", name="添加").click()
    await expect(page.get_by_text("已添加：王静 09:00–17:30")).to_be_visible()
    (body,) = [body for method, path, body in stage.requests if (method, path) == ("POST", "shifts")]
    assert body == {"agent": "a-2", "start": "2026-03-02T01:00:00.000Z", "end": "2026-03-02T09:30:00.000Z"}


async def test_a_list_that_was_asked_for_before_takes_no_added_shift_away(open_page: OpenPage, stage: Stage) -> None:
    """On a slow line the answer to an earlier question comes last; and one that fails takes back no good word."""
    stage.answers["POST shifts"] = (201, views.shifts()[0])
    page = await board(open_page, stage, "shifts")
    rows, old = page.locator(".shift-row"), views.shifts()
    await expect(rows).to_have_count(len(old))
    held: list[Route] = []

    async def hold(route: Route) -> None:
        if route.request.method == "GET" and len(held) < 2:
            held.append(route)
        else:
            await route.continue_()

    await page.route("**/api/shifts", hold)
    for number in (1, 2):
        await page.evaluate("(hash) => { location.hash = hash; }", f"shifts/{number}/0")
        await stage.until(lambda number=number: len(held) == number)
    stage.answers["GET shifts"] = (200, {"shifts": [*old, {**old[-1], "shift": "s-9"}]})
    await page.get_by_role("button", name="添加").click()
    await expect(rows).to_have_count(len(old) + 1)
    async with page.expect_response("**/api/shifts"):
        await held[0].fulfill(json={"shifts": old})
    async with page.expect_event("requestfailed"):
        await held[1].abort()
    await settled(page)
    await expect(rows).to_have_count(len(old) + 1)
    await expect(page.get_by_role("status").filter(has_text="已添加")).to_be_visible()
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_count(0)

    await page.unroute("**/api/shifts")
    stage.answers["GET shifts"] = (500, {"error": "internal"})
    await page.get_by_role("button", name="添加").click()
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_count(1)
    await expect(page.get_by_role("status").filter(has_text="已添加")).to_be_visible()


async def test_a_night_shift_ends_on_the_next_day(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["POST shifts"] = (201, views.shifts()[0])
    page = await board(open_page, stage, "shifts")
    await page.locator(".shift-row").first.wait_for()
    await page.get_by_label("从", exact=True).fill("22:00")
    await page.get_by_label("到", exact=True).fill("06:00")
    await page.get_by_role("button", name="添加").click()
    await stage.until(lambda: [body for method, _, body in stage.requests if method == "POST"])
    (body,) = [body for method, _, body in stage.requests if method == "POST"]
    start, end = datetime.fromisoformat(body["start"]), datetime.fromisoformat(body["end"])
    assert end - start == timedelta(hours=8)


async def test_a_disabled_account_gets_no_shift(open_page: OpenPage, stage: Stage) -> None:
    page = await board(open_page, stage, "shifts")
    await expect(page.locator("#shift-agent option")).to_have_text(["林晓", "王静", "陈宇", "赵敏", "刘洋"])


async def test_a_refused_shift_says_why(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["POST shifts"] = (409, {"error": "shift_overlaps"})
    page = await board(open_page, stage, "shifts")
    await page.locator(".shift-row").first.wait_for()
    await page.get_by_role("button", name="添加").click()
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("这位客服那时已经有班次。")


async def test_a_shift_is_taken_away_after_a_second_look(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["DELETE shifts/s-0"] = (200, {})
    page = await board(open_page, stage, "shifts")
    row = page.locator(".shift-row").first
    await row.get_by_role("button").click()
    await expect(row.get_by_role("button", name="保留")).to_be_focused()
    await row.get_by_role("button", name="保留").click()
    assert not [path for method, path, _ in stage.requests if method == "DELETE"]
    await row.get_by_role("button").click()
    await row.get_by_role("button", name="删除").click()
    await stage.until(lambda: ("DELETE", "shifts/s-0", None) in stage.requests)
    await expect(page.get_by_role("status").filter(has_text="已删除")).to_be_visible()


ROSTER = {
    "name": "三月.csv",
    "mimeType": "text/csv",
    "buffer": "客服,日期,从,到\n林晓,2026-03-02,22:00,06:00\n".encode(),
}
PLANNED = [
    {
        "line": 2,
        "name": "林晓",
        "start": "2026-03-02T14:00:00.000Z",
        "end": "2026-03-02T22:00:00.000Z",
        "breaks": [
            {"start": "2026-03-02T16:00:00.000Z", "end": "2026-03-02T16:15:00.000Z"},
            {"start": "2026-03-02T18:00:00.000Z", "end": "2026-03-02T18:30:00.000Z"},
        ],
    }
]


async def test_a_file_of_shifts_is_shown_first_and_imported_by_a_second_step(open_page: OpenPage, stage: Stage) -> None:
    answer = {"shifts": PLANNED, "faults": [], "rows": 1, "imported": 0}
    stage.answers["POST shifts/import"] = (200, answer)
    page = await board(open_page, stage, "shifts")
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="选择文件").press("Enter")
    await (await chooser.value).set_files(ROSTER)  # type: ignore[arg-type]
    await expect(page.get_by_role("heading", name="三月.csv：1 个班次，没有问题。还没有导入。")).to_be_focused()
    await expect(page.locator(".import-table tbody tr")).to_contain_text(["3月2日周一 22:00–3月3日周二 06:00"])
    await expect(page.locator(".import-table tbody td").last).to_have_text("00:00–00:15、02:00–02:30")
    stage.answers["POST shifts/import"] = (201, {**answer, "imported": 1})
    await page.get_by_role("button", name="导入 1 个班次").press("Enter")
    await expect(page.get_by_text("已导入 1 个班次。")).to_be_visible()
    first, second = [body for method, path, body in stage.requests if path == "shifts/import"]
    assert first == {"file": base64.b64encode(ROSTER["buffer"]).decode(), "zone": "Asia/Shanghai", "apply": False}  # type: ignore[arg-type]
    assert second == {**first, "apply": True}
    await stage.until(lambda: [path for _, path, _ in stage.requests].count("shifts") == 2, why="the list asked again")


async def test_every_fault_of_a_file_is_listed_and_nothing_can_be_imported(open_page: OpenPage, stage: Stage) -> None:
    faults = [
        {"line": 2, "code": "agent_unknown", "column": "agent", "value": "小王"},
        {"line": 3, "code": "overlaps_line", "column": "from", "other": 2},
        {"line": 0, "code": "columns_missing", "value": "date to"},
    ]
    stage.answers["POST shifts/import"] = (200, {"shifts": PLANNED, "faults": faults, "rows": 2, "imported": 0})
    page = await board(open_page, stage, "shifts")
    await page.locator(".import-file").set_input_files(ROSTER)  # type: ignore[arg-type]
    await expect(page.get_by_role("alert").filter(has_text="3 处不对")).to_be_focused()
    rows = page.locator(".import-table tbody tr")
    await expect(rows).to_have_text(
        ["2客服没有客服“小王”。请写登录名或姓名。", "3从和第 2 行重叠。", "整个文件—第一行缺少：日期、到。"]
    )
    await expect(page.get_by_role("button", name="导入")).to_have_count(0)
    await page.locator(".import-file").set_input_files(
        {"name": "big.csv", "mimeType": "text/csv", "buffer": bytes(600_000)}
    )
    await expect(rows).to_have_text(["整个文件—文件太大（最多 512 KB）。"])
    assert [path for _, path, _ in stage.requests].count("shifts/import") == 1
    link = page.get_by_role("link", name="下载模板")
    await expect(link).to_have_attribute("href", "/api/shifts/template.csv?lang=zh-CN")


async def test_a_session_that_ended_leads_back_to_the_door(open_page: OpenPage, stage: Stage) -> None:
    page = await board(open_page, stage, "shifts")
    await page.locator(".shift-row").first.wait_for()
    stage.answers["GET shifts"] = (401, {"error": "sign_in_first"})
    await page.get_by_role("link", name="现在").click()
    await page.get_by_role("link", name="班次").click()
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("您已经退出。请再登录。")


async def test_a_store_that_is_away_is_said(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["GET shifts"] = (503, {"error": "store_unavailable"})
    page = await board(open_page, stage, "shifts")
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("服务暂时存不了数据。请等一会儿再试。")
