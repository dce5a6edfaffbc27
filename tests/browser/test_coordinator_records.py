"""Sessions on the coordinator's page: found by what is asked, told as a timeline, taken away as a file."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import expect

from tests.browser import views
from tests.browser.board import board, long_story
from tests.browser.conftest import OpenPage
from tests.browser.looks import look
from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_session_says_who_served_why_each_part_ended_and_what_came_of_it(
    open_page: OpenPage, stage: Stage
) -> None:
    stage.answers["GET records/c-1"] = (200, long_story())
    page = await board(open_page, stage, "records/c-1")
    moments = page.locator(".timeline li span:last-child")
    await expect(moments).to_have_text(
        [
            "客户开始排队（急事）",
            "林晓 接听",
            "客户想换一位客服，回到队伍最前面",
            "王静 接听",
            "王静 断线，客户回到队伍最前面",
            "赵敏 接听",
            "结束：客户结束",
        ]
    )
    facts = page.locator(".facts")
    for words in (
        "要跟进",
        "赵敏，",
        "还没有",
        "不好",
        "5 次（没有接受 1，没接 1）",
        "机场",
        "香港手语",
        "已核实",
        "p-9",
        "c-1",
    ):
        await expect(facts).to_contain_text(words)
    await expect(page.locator(".records-grid h2")).to_be_focused()
    await page.get_by_role("button", name="关闭").press("Enter")
    await expect(page.locator("h1")).to_be_focused()


async def test_a_session_says_how_the_pictures_reached_the_other_side(open_page: OpenPage, stage: Stage) -> None:
    record = views.records()[0]
    of_agent = {"seconds": 300, "fps_p5": 24, "fps_p50": 30, "freezes": 2, "loss_p95_permille": 12}
    of_agent |= {"round_trip_p50_ms": 48, "pictures": 9000, "pictures_whole": 81, "pictures_slate": 9}
    forwarded = {"fps_p5": 11, "pictures": 0, "pictures_whole": 0, "pictures_slate": 0}
    short, long = ({**of_agent, **forwarded, "seconds": seconds, "freezes": seconds} for seconds in (3, 290))
    legs = [{"role": "customer", "quality": short}, {"role": "customer", "quality": long}, {"role": "agent"}]
    legs += [{"role": "agent", "quality": of_agent}]
    record["legs"] = [record["legs"][0] | {"leg": f"l-{n}"} | leg for n, leg in enumerate(legs)]
    stage.answers["GET records/c-1"] = (200, record)
    page = await board(open_page, stage, "records/c-1")
    table = page.locator(".quality-table")
    await expect(table.locator("thead th")).to_have_text(["客服", "客户"])
    rows = ["24 / 30", "11 / 30", "2", "290", "1.2%", "1.2%", "48 毫秒", "48 毫秒", "1.0%", "—"]
    await expect(table.locator("tbody td")).to_have_text(rows)
    await look(page, "coordinator-record-quality")


async def test_what_is_not_known_of_a_session_is_left_out(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["GET records/c-3"] = (200, views.records()[2])
    page = await board(open_page, stage, "records/c-3")
    await expect(page.locator(".facts dt")).to_have_text(["等待", "结果", "客户编号", "编号"])
    await expect(page.locator(".timeline li")).to_have_count(2)
    await expect(page.locator(".quality-table")).to_have_count(0)


async def test_what_an_agent_showed_on_purpose_stands_among_the_moments(open_page: OpenPage, stage: Stage) -> None:
    record = views.records()[0]
    start = record["answered_ms"]
    shown = [(30, "object_shown", "a-1"), (42, "object_hidden", "a-1"), (50, "of_a_later_version", "a-1")]
    record["timeline"] = [{"at_ms": start + s * 1000, "what": what, "who": who} for s, what, who in shown]
    stage.answers["GET records/c-1"] = (200, record)
    page = await board(open_page, stage, "records/c-1")
    moments = page.locator(".timeline li")
    told = moments.filter(has_text="林晓 给客户看东西")
    await expect(told).to_have_count(1)
    await expect(moments.filter(has_text="林晓 把东西盖住了")).to_have_count(1)
    await expect(told.locator("xpath=following-sibling::li[1]")).to_contain_text("林晓 把东西盖住了")
    await expect(page.get_by_text("of_a_later_version")).to_have_count(0)


async def test_a_session_that_is_gone_is_said(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["GET records/c-0"] = (404, {"error": "unknown_record"})
    page = await board(open_page, stage, "records/c-0")
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("没有这条记录。")


async def test_a_customer_is_blocked_beside_the_record_and_let_call_again_from_the_list(
    open_page: OpenPage, stage: Stage
) -> None:
    stage.answers["GET records/c-1"] = (200, long_story())
    block = {"customer": "p-9", "since_ms": views.now_ms(), "until_ms": views.now_ms() + 30 * 86_400_000, "by": "陈美"}
    block |= {"reason": "三次辱骂同事", "call": "c-1"}
    stage.answers["POST blocks"] = (201, block)
    stage.answers["DELETE blocks/p-9"] = (204, None)
    page = await board(open_page, stage, "records/c-1")
    await expect(page.get_by_text("这位客户可以呼叫。")).to_be_visible()
    await page.get_by_role("button", name="暂停这位客户").click()
    reason = page.get_by_label("原因（只有团队看得到）")
    await expect(reason).to_be_focused()
    await page.get_by_role("button", name="暂停呼叫", exact=True).click()
    await expect(page.get_by_role("alert").filter(has_text="请写明原因")).to_be_visible()
    await look(page, "coordinator-record-block", themes=True)
    await reason.fill("三次辱骂同事")
    await page.get_by_label("多长时间").select_option("30")
    await page.get_by_role("button", name="暂停呼叫", exact=True).click()
    lift = page.get_by_role("button", name="恢复呼叫")
    await expect(lift).to_be_focused()
    await expect(page.locator(".records-grid")).to_contain_text("陈美")
    wish = {"customer": "p-9", "reason": "三次辱骂同事", "days": 30, "call": "c-1"}
    assert ("POST", "blocks", wish) in stage.requests

    stage.answers["GET blocks"] = (200, {"blocks": [block]})
    await page.get_by_text("暂停呼叫的客户").click()
    row = page.locator("details li")
    await expect(row).to_contain_text("三次辱骂同事")
    await look(page, "coordinator-blocks")
    stage.answers["GET blocks"] = (200, {"blocks": []})
    await row.get_by_role("button", name="恢复呼叫").click()
    await expect(page.get_by_text("所有客户都可以呼叫。")).to_be_visible()
    assert ("DELETE", "blocks/p-9", None) in stage.requests
    await expect(page.locator("details.blocks > summary")).to_be_focused()


async def test_records_are_found_by_day_and_told_as_a_timeline(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["GET records/c-1"] = (200, views.records()[0])
    page = await board(open_page, stage, "records")
    rows = page.locator(".table tbody tr")
    await expect(rows).to_have_count(5)
    await expect(rows.first).to_contain_text("急事")
    await expect(rows.first).to_contain_text("6 分 12 秒")
    await expect(rows.nth(2)).to_contain_text("客户不等了")
    await page.get_by_label("第一天").fill("2026-03-02")
    await page.get_by_label("最后一天").fill("2026-03-03")
    await page.get_by_role("button", name="查看").click()
    link = page.get_by_role("link", name="下载 CSV")
    await expect(link).to_have_attribute(
        "href", "/api/records.csv?from=2026-03-01T16%3A00%3A00.000Z&to=2026-03-03T16%3A00%3A00.000Z"
    )
    await expect(rows).to_have_count(5)
    await rows.first.get_by_role("button").click()
    moments = page.locator(".timeline li")
    await expect(moments.first).to_contain_text("客户开始排队（急事）")
    await expect(moments.nth(1)).to_contain_text("王静 接听")
    await expect(moments.last).to_contain_text("结束：客户结束")
    await page.get_by_role("button", name="关闭").click()
    await expect(rows.first.get_by_role("button")).to_be_focused()


async def test_filters_go_into_the_list_and_into_the_file(open_page: OpenPage, stage: Stage) -> None:
    page = await board(open_page, stage, "records")
    await expect(page.locator(".table tbody tr")).to_have_count(5)
    await page.get_by_label("第一天").fill("2026-03-02")
    await page.get_by_label("最后一天").fill("2026-03-02")
    await page.get_by_label("客服", exact=True).select_option(label="王静")
    await page.get_by_label("结果", exact=True).select_option(label="客户断线")
    await page.get_by_label("客服判断", exact=True).select_option(label="要跟进")
    for name in ("急事", "没接通", "没解决"):
        await page.get_by_role("checkbox", name=name).press("Space")
    async with page.expect_request("**/api/records?*") as asked:
        await page.get_by_role("button", name="查看").click()
    wanted = {
        "agent": ["a-2"],
        "ended": ["customer_lost"],
        "outcome": ["follow_up"],
        **{name: ["1"] for name in ("urgent", "unanswered", "not_solved")},
        "from": ["2026-03-01T16:00:00.000Z"],
        "to": ["2026-03-02T16:00:00.000Z"],
    }
    assert parse_qs(urlsplit((await asked.value).url).query) == {**wanted, "limit": ["50"]}
    link = await page.get_by_role("link", name="下载 CSV").get_attribute("href")
    assert link is not None
    assert parse_qs(urlsplit(link).query) == wanted
    await expect(page.get_by_label("客服", exact=True)).to_have_value("a-2")


async def test_more_records_are_asked_for_with_the_cursor(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["GET records"] = (200, {"records": views.records(), "cursor": "abc"})
    page = await board(open_page, stage, "records")
    rows = page.locator(".table tbody tr")
    await expect(rows).to_have_count(5)
    stage.answers["GET records"] = (200, {"records": views.records()[:2], "cursor": ""})
    await page.get_by_role("button", name="再看更多").click()
    await expect(rows).to_have_count(7)
    await expect(page.get_by_role("button", name="再看更多")).to_be_hidden()


async def test_days_in_the_wrong_order_are_said(open_page: OpenPage, stage: Stage) -> None:
    page = await board(open_page, stage, "records")
    await page.get_by_label("第一天").fill("2026-03-05")
    await page.get_by_label("最后一天").fill("2026-03-02")
    await page.get_by_role("button", name="查看").click()
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("日期不对。最后一天不能早于第一天。")
    await expect(page.get_by_label("第一天")).to_have_attribute("aria-invalid", "true")


async def test_a_page_that_is_open_past_midnight_shows_the_new_day_unless_others_were_chosen(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await board(open_page, stage, "records")
    days = await page.evaluate(
        """async () => {
          const { RecordFilters } = await import('/coordinator/record-filters.js');
          const Real = Date;
          let now = new Real(2055, 2, 4, 23, 59).getTime();
          globalThis.Date = class extends Real { constructor(...at) { super(...(at.length ? at : [now])); } };
          const filters = new RecordFilters(() => {});
          const said = [];
          const ask = () => { filters.query(); said.push(`${filters.from.value} ${filters.to.value}`); };
          ask();
          now += 120_000;
          ask();
          filters.from.value = '2055-03-01';
          now += 86_400_000;
          ask();
          globalThis.Date = Real;
          return said;
        }"""
    )
    assert days == ["2055-02-26 2055-03-04", "2055-02-27 2055-03-05", "2055-03-01 2055-03-05"]
