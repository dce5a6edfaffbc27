"""Looking after accounts on the coordinator's page: who may, what each change says first, a password shown once."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.board import board, people
from tests.browser.conftest import OpenPage
from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SECRET = "k7mf-3xqp-w9zt-2hrn"
WANG = people()[1]


async def wang(open_page: OpenPage, stage: Stage) -> Page:
    """Open the account of an agent."""
    page = await board(open_page, stage, "people")
    await page.get_by_role("button", name="查看 王静").press("Enter")
    await expect(page.get_by_role("heading", name="王静")).to_be_focused()
    return page


def asked(stage: Stage) -> list[tuple[str, Any]]:
    """Return what the page asked to be changed."""
    return [(path, body) for method, path, body in stage.requests if method == "POST" and path.startswith("people")]


async def test_everybody_is_listed_with_what_they_sign_and_whether_they_can_come_in(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await board(open_page, stage, "people")
    rows = page.locator(".people-table tbody tr")
    await expect(rows).to_have_count(6)
    words = ["王静person2", "客服", "中国手语、香港手语", "中文、英文", "可以登录", "查看"]
    assert await rows.nth(1).locator("th, td").all_text_contents() == words
    await expect(rows.nth(2)).to_contain_text("还没用一次性密码")
    await expect(rows.nth(3)).to_contain_text("已停用")
    await expect(rows.nth(4)).to_contain_text("自己")


async def test_a_coordinator_is_told_what_only_others_can_change(open_page: OpenPage, stage: Stage) -> None:
    page = await board(open_page, stage, "people")
    for name, why in (
        ("周岚", "这是您自己的账号。停用和换密码要请另一位管理员。"),
        ("方敏", "只有管理员能改这个账号。"),
    ):
        await page.get_by_role("button", name=f"查看 {name}").click()
        await expect(page.locator(".person-acts li")).to_have_text([why])
        await expect(page.locator(".person-acts button")).to_have_count(0)


async def test_an_agent_is_added_and_the_password_is_shown_once(open_page: OpenPage, stage: Stage) -> None:
    made = {**people()[0], "person": "a-20", "name": "何一", "sign_in_name": "he.yi", "must_change": True}
    stage.answers["POST people"] = (201, {"account": made, "password": SECRET})
    page = await board(open_page, stage, "people")
    await expect(page.get_by_role("button", name="添加人员")).to_be_enabled()
    await page.get_by_role("button", name="添加人员").press("Enter")
    await expect(page.get_by_label("姓名", exact=True)).to_be_focused()
    await expect(page.locator("#person-role option")).to_have_text(["客服"])
    await expect(page.locator(".notice", has_text="有班次时才有来电")).to_be_visible()
    await page.keyboard.type("何一")
    await page.get_by_label("登录名").fill(" He.Yi ")
    level = page.get_by_label("中国手语：水平")
    await expect(level).to_be_hidden()
    await page.get_by_role("checkbox", name="中国手语").press("Space")
    await expect(level).to_have_value("3")
    await level.select_option("较好")
    await page.locator("#person-skills-other").fill("natural-beijing， hotel")
    await page.get_by_role("checkbox", name="中文").press("Space")
    stage.answers["GET people"] = (200, {"people": [*people(), made]})
    await page.get_by_role("button", name="添加", exact=True).press("Enter")
    await expect(page.locator(".one-time")).to_have_text(SECRET)
    await expect(page.get_by_role("heading", name="何一")).to_be_focused()
    await expect(page.get_by_role("status").filter(has_text="已添加 何一。")).to_be_visible()
    await expect(page.locator(".people-table tbody tr")).to_have_count(7)
    assert asked(stage) == [
        (
            "people",
            {
                "sign_in_name": "He.Yi",
                "name": "何一",
                "role": "agent",
                "skills": ["csl:2", "natural-beijing", "hotel"],
                "languages": ["zh"],
            },
        )
    ]
    await page.get_by_role("button", name="关闭").press("Enter")
    await expect(page.get_by_role("button", name="添加人员")).to_be_focused()
    assert SECRET not in await page.content()


async def test_an_administrator_adds_coordinators_whose_hands_nobody_asks_about(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await board(open_page, stage, "people", role="admin")
    await page.get_by_role("button", name="添加人员").click()
    await expect(page.locator("#person-role option")).to_have_text(["客服", "值班管理", "管理员"])
    await page.get_by_role("checkbox", name="中国手语").check()
    await page.get_by_label("角色").select_option(label="值班管理")
    await expect(page.locator(".person-ticks").first).to_be_hidden()
    await expect(page.locator(".notice", has_text="能管理客服账号")).to_be_visible()
    stage.answers["POST people"] = (409, {"error": "name_taken"})
    await page.get_by_label("姓名", exact=True).fill("新人")
    await page.get_by_label("登录名").fill("zhou")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("这个登录名已经有人用。请换一个。")
    await expect(page.get_by_label("登录名")).to_have_attribute("aria-invalid", "true")
    (body,) = [body for _, body in asked(stage)]
    assert (body["role"], body["skills"]) == ("coordinator", [])


async def test_a_form_without_names_is_not_sent(open_page: OpenPage, stage: Stage) -> None:
    page = await board(open_page, stage, "people")
    await page.get_by_role("button", name="添加人员").click()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("请写姓名和登录名。")
    await page.get_by_role("button", name="不添加").click()
    await expect(page.get_by_role("button", name="添加人员")).to_be_focused()
    assert asked(stage) == []


async def test_name_and_signs_are_changed_by_keyboard_and_the_page_says_what_that_does(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await wang(open_page, stage)
    row = page.locator(".person-acts li").first
    says = "姓名和手语改了马上生效，新来电按新的手语。王静 不用退出。正在响铃或通话的不变。"
    await expect(row).to_contain_text(says)
    await page.keyboard.press("Tab")
    await expect(row.get_by_role("button", name="改姓名和手语…")).to_be_focused()
    await page.keyboard.press("Enter")
    name = page.get_by_label("姓名", exact=True)
    await expect(name).to_be_focused()
    await expect(name).to_have_value("王静")
    await expect(page.locator("form .notice", has_text=says)).to_be_visible()
    for box, ticked in (("中国手语", True), ("香港手语", True), ("美国手语", False), ("中文", True), ("英文", True)):
        await expect(page.get_by_role("checkbox", name=box)).to_be_checked(checked=ticked)

    # An empty name is not sent; leaving changes nothing.
    await name.fill(" ")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text(
        "请写姓名（一行）。其他代号只用字母、数字、横线。"
    )
    await expect(name).to_have_attribute("aria-invalid", "true")
    await page.get_by_role("button", name="不改").press("Enter")
    await expect(page.get_by_role("heading", name="王静")).to_be_focused()
    assert asked(stage) == []

    await row.get_by_role("button").press("Enter")
    await name.fill(" 王小静 ")
    await page.get_by_role("checkbox", name="香港手语").press("Space")
    await page.locator("#person-skills-other").fill("two.words")
    stage.answers["POST people/a-2/labels"] = (400, {"error": "bad_account"})
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("其他代号只用字母")
    await expect(name).to_have_value(" 王小静 ")
    await page.locator("#person-skills-other").fill("travel")
    changed = {**WANG, "name": "王小静", "skills": ["csl", "travel"]}
    stage.answers["POST people/a-2/labels"] = (200, changed)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="王小静 已更改。")).to_be_visible()
    await expect(page.get_by_role("heading", name="王小静")).to_be_focused()
    await expect(page.locator(".facts")).to_contain_text("中国手语、travel")
    await expect(page.locator(".people-table tbody tr").nth(1)).to_contain_text("王小静")
    assert asked(stage)[1:] == [
        ("people/a-2/labels", {"name": "王小静", "skills": ["csl", "travel"], "languages": ["zh", "en"]})
    ]

    # Opened again it holds what was saved; unchanged it asks for nothing.
    await row.get_by_role("button").press("Enter")
    await expect(page.locator("#person-skills-other")).to_have_value("travel")
    await name.press("Enter")
    await expect(page.get_by_role("heading", name="王小静")).to_be_focused()
    assert len(asked(stage)) == 2
    await page.get_by_role("button", name="关闭").press("Enter")
    await expect(page.get_by_role("button", name="查看 王小静")).to_be_focused()


async def test_of_somebody_disabled_nothing_is_said_of_calls(open_page: OpenPage, stage: Stage) -> None:
    page = await board(open_page, stage, "people")
    await page.get_by_role("button", name="查看 Alex").click()
    await expect(page.locator(".person-acts li").first.locator("p")).to_have_text("新姓名马上生效。登录名不变。")
    await page.get_by_role("button", name="改姓名和手语…").click()
    await expect(page.get_by_role("checkbox", name="中国手语")).to_be_checked()


async def test_of_a_coordinator_only_the_name_is_changed(open_page: OpenPage, stage: Stage) -> None:
    page = await board(open_page, stage, "people", role="admin")
    await page.get_by_role("button", name="查看 方敏").click()
    await page.get_by_role("button", name="改姓名…").click()
    await expect(page.locator("form .notice", has_text="新姓名马上生效。登录名不变。")).to_be_visible()
    await expect(page.locator("form input[type=checkbox]")).to_have_count(0)
    stage.answers["POST people/a-9/labels"] = (200, {**people("admin")[5], "name": "方小敏"})
    await page.get_by_label("姓名", exact=True).fill("方小敏")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_role("status").filter(has_text="方小敏 已更改。")).to_be_visible()
    assert asked(stage) == [("people/a-9/labels", {"name": "方小敏", "skills": [], "languages": []})]


async def test_shutting_somebody_out_says_what_it_does_and_asks_twice(open_page: OpenPage, stage: Stage) -> None:
    page = await wang(open_page, stage)
    row = page.locator(".person-acts li").last
    await expect(row).to_contain_text(
        "王静 马上退出，不能再登录。班次还在，但没有来电。 正在通话的话，客户回到队伍最前面。"
    )
    await row.get_by_role("button", name="停用…").press("Enter")
    await expect(row.get_by_role("button", name="不改")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(row.get_by_role("button", name="停用…")).to_be_focused()
    assert asked(stage) == []
    stage.answers["POST people/a-2/disabled"] = (200, {**WANG, "disabled": True})
    await page.keyboard.press("Enter")
    await row.get_by_role("button", name="停用", exact=True).press("Enter")
    await expect(page.get_by_role("status").filter(has_text="王静 已停用。")).to_be_visible()
    await expect(page.locator(".people-table tbody tr").nth(1)).to_contain_text("已停用")
    assert asked(stage) == [("people/a-2/disabled", {"disabled": True})]
    stage.answers["POST people/a-2/disabled"] = (200, WANG)
    await page.get_by_role("button", name="重新启用").press("Enter")
    await expect(page.get_by_role("status").filter(has_text="王静 可以再登录。")).to_be_visible()
    assert asked(stage)[1:] == [("people/a-2/disabled", {"disabled": False})]


async def test_a_new_password_is_shown_until_the_account_is_closed(open_page: OpenPage, stage: Stage) -> None:
    page = await wang(open_page, stage)
    stage.answers["POST people/a-2/password"] = (200, {"account": {**WANG, "must_change": True}, "password": SECRET})
    await page.get_by_role("button", name="新的一次性密码…").click()
    await page.get_by_role("button", name="换密码").click()
    await expect(page.locator(".one-time")).to_have_text(SECRET)
    await expect(page.locator(".one-time-box")).to_contain_text("请交给 王静（登录名 person2）。只显示这一次")
    stage.answers["POST people/a-2/sign-out"] = (200, WANG)
    await page.get_by_role("button", name="全部退出…").click()
    await page.get_by_role("button", name="全部退出", exact=True).click()
    await expect(page.get_by_role("status").filter(has_text="已在所有设备上退出")).to_be_visible()
    assert SECRET not in await page.content()
    await page.get_by_role("button", name="关闭").press("Enter")
    await expect(page.get_by_role("button", name="查看 王静")).to_be_focused()


async def test_a_change_that_fails_says_why_and_changes_nothing(open_page: OpenPage, stage: Stage) -> None:
    page = await wang(open_page, stage)
    stage.answers["POST people/a-2/sign-out"] = (404, {"error": "unknown_account"})
    await page.get_by_role("button", name="全部退出…").click()
    await page.get_by_role("button", name="全部退出", exact=True).click()
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("没有这个账号了。请重新打开这一页。")
    await expect(page.get_by_role("button", name="全部退出…")).to_be_visible()


async def test_people_that_cannot_be_read_are_said(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["GET people"] = (503, {"error": "store_unavailable"})
    page = await board(open_page, stage, "people")
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text("服务暂时存不了数据。请等一会儿再试。")
    await expect(page.locator(".people-table caption")).to_have_text("读不到人员。")
    await expect(page.get_by_role("button", name="添加人员")).to_be_disabled()  # the list says which roles one may give
