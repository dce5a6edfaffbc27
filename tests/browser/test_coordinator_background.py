"""What stands behind agents, on the coordinator's page: a default saved on purpose, and the company's picture."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Locator, Page, Route, expect

from tests.browser import views
from tests.browser.board import answer, board
from tests.browser.conftest import DESK, OpenPage
from tests.browser.looks import look
from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SIZE = (640, 360)
PICTURE = {"digest": "ab" * 32, "width": SIZE[0], "height": SIZE[1]}
MAX_BYTES = 2 * 1024 * 1024


def company(picture: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    default = {"kind": "blur", "strength": 2, "colour": "#3b4a54", "brighten": False}
    return {"default": default | more, "picture": picture, "agents_choose": True}


def file_of(content: bytes = b"x", kind: str = "image/png") -> Any:
    return {"name": "wall.png", "mimeType": kind, "buffer": content}


def sent(stage: Stage, method: str, path: str = "background") -> list[Any]:
    return [body for verb, rest, body in stage.requests if (verb, rest) == (method, path)]


async def open_part(open_page: OpenPage, stage: Stage, first: dict[str, Any], *, lang: str = "zh-CN") -> Page:
    stage.answers["GET background"] = (200, first)
    stage.me = views.ME_COORDINATOR
    answer(stage)
    page = await open_page("/coordinator/", lang=lang, size=DESK, camera="refused")
    shown = io.BytesIO()
    Image.new("RGB", SIZE, (60, 110, 90)).save(shown, "JPEG")

    async def give(route: Route) -> None:
        await route.fulfill(body=shown.getvalue(), content_type="image/jpeg")

    await page.route("**/api/background/picture.jpg*", give)
    await page.locator("a.tab[href='#background']").click()
    await page.locator(".background-grid").wait_for()
    return page


def alert(page: Page) -> Locator:
    return page.get_by_role("alert").filter(visible=True)


async def test_the_default_stands_in_fields_and_is_saved_by_a_second_step(open_page: OpenPage, stage: Stage) -> None:
    page = await open_part(open_page, stage, company())
    await expect(page.get_by_role("heading", name="客服身后", exact=True)).to_be_focused()
    kind, save = page.get_by_label("客服身后显示"), page.get_by_role("button", name="保存", exact=True)
    await expect(kind).to_have_value("blur-2")
    await expect(kind.locator("option[value='picture']")).to_be_disabled()
    await expect(page.get_by_role("checkbox", name="客服可以自己选")).to_be_checked()
    await expect(save).to_have_attribute("aria-disabled", "true")
    await save.click(force=True)
    await kind.select_option("colour")
    await page.get_by_label("颜色", exact=True).fill("#102030")
    await page.get_by_role("checkbox", name="光线暗时把客服调亮").check()
    await page.get_by_role("checkbox", name="客服可以自己选").uncheck()
    assert sent(stage, "PUT") == []
    changed = {**company(kind="colour", colour="#102030", brighten=True), "agents_choose": False}
    stage.answers["PUT background"] = (200, changed)
    await save.click()
    await expect(page.get_by_role("status").filter(has_text="已保存。")).to_be_visible()
    assert sent(stage, "PUT") == [{"default": changed["default"], "agents_choose": False}]
    await expect(save).to_have_attribute("aria-disabled", "true")
    await kind.select_option("blur-3")
    await expect(page.get_by_role("status").filter(has_text="已保存。")).to_be_hidden()
    stage.answers["PUT background"] = (503, {"error": "store_unavailable"})
    await save.click()
    await expect(alert(page)).to_have_text("服务暂时存不了数据。请等一会儿再试。")
    await expect(kind).to_have_value("blur-3")
    assert sent(stage, "PUT")[-1]["default"]["strength"] == 3


async def test_a_picture_goes_up_and_is_shown_and_leaves_what_is_not_saved(open_page: OpenPage, stage: Stage) -> None:
    page = await open_part(open_page, stage, company())
    await expect(page.get_by_text("还没有图片。")).to_be_visible()
    await expect(page.get_by_role("button", name="删除图片")).to_be_hidden()
    await page.get_by_label("客服身后显示").select_option("blur-1")
    stage.answers["PUT background/picture"] = (200, company(PICTURE))
    async with page.expect_request("**/api/background/picture") as request:
        await page.locator(".background-file").set_input_files(file_of(b"picture", "image/webp"))
    asked = await request.value
    assert (asked.method, asked.headers["content-type"], asked.post_data_buffer) == ("PUT", "image/webp", b"picture")
    await expect(page.get_by_role("status").filter(has_text="图片已保存。")).to_be_visible()
    preview = page.get_by_role("img", name="公司的图片，显示出来就是这样")
    await expect(preview).to_be_visible()
    await expect(preview).to_have_attribute("src", "/api/background/picture.jpg?abababababab")
    await expect(preview).to_have_js_property("naturalWidth", SIZE[0])
    await expect(page.get_by_text("还没有图片。")).to_be_hidden()
    await expect(page.locator("option[value='picture']")).to_be_enabled()
    await expect(page.get_by_label("客服身后显示")).to_have_value("blur-1")
    assert sent(stage, "PUT") == []


async def test_each_picture_that_is_not_taken_is_said(open_page: OpenPage, stage: Stage) -> None:
    page = await open_part(open_page, stage, company(PICTURE))
    said = {
        "bad_image": (400, "这张图片打不开。请选 PNG、JPEG 或 WebP。"),
        "image_size": (400, "图片太小或太大。请选 320 × 240 到 8000 × 8000 点的图片。"),
        "too_large": (413, "图片文件太大，最多 2 MB。"),
        "busy": (503, "服务正忙。请等一会儿再试。"),
    }
    files = page.locator(".background-file")
    for code, (status, words) in said.items():
        stage.answers["PUT background/picture"] = (status, {"error": code})
        await files.set_input_files(file_of())
        await expect(alert(page)).to_have_text(words)
    # It stands beside the button that was pressed.
    await expect(page.locator(".card", has=page.locator(".background-file")).get_by_role("alert")).to_be_visible()
    # What cannot be taken is not sent at all.
    before = len(sent(stage, "PUT", "background/picture"))
    await files.set_input_files(file_of(bytes(MAX_BYTES + 1)))
    await expect(alert(page)).to_have_text(said["too_large"][1])
    await files.set_input_files(file_of(b"<svg/>", "image/svg+xml"))
    await expect(alert(page)).to_have_text(said["bad_image"][1])
    assert len(sent(stage, "PUT", "background/picture")) == before == len(said)
    # The picture went while the page was open.
    stage.answers["PUT background"] = (404, {"error": "no_background_picture"})
    await page.get_by_label("客服身后显示").select_option("picture")
    await page.get_by_role("button", name="保存", exact=True).click()
    await expect(alert(page)).to_have_text("现在没有公司的图片。请先选一张。")
    await expect(page.locator("form").get_by_role("alert")).to_be_visible()
    stage.answers["PUT background/picture"] = (200, company(PICTURE))
    await files.set_input_files(file_of())
    await expect(alert(page)).to_have_count(0)
    await expect(page.get_by_label("客服身后显示")).to_have_value("picture")


async def test_all_of_it_by_keys_and_a_picture_goes_only_when_asked_twice(open_page: OpenPage, stage: Stage) -> None:
    page = await open_part(open_page, stage, company(PICTURE, kind="picture"))
    await page.get_by_label("客服身后显示").focus()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("checkbox", name="光线暗时把客服调亮")).to_be_focused()
    await page.keyboard.press("Space")
    for _ in range(2):
        await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="保存", exact=True)).to_be_focused()
    stage.answers["PUT background"] = (200, company(PICTURE, kind="picture", brighten=True))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="已保存。")).to_be_visible()
    assert len(sent(stage, "PUT")) == 1
    await page.keyboard.press("Tab")
    async with page.expect_file_chooser():
        await page.keyboard.press("Enter")
    remove = page.get_by_role("button", name="删除图片")
    await remove.press("Enter")
    await expect(page.get_by_role("button", name="删除", exact=True)).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(remove).to_be_focused()
    assert sent(stage, "DELETE", "background/picture") == []
    stage.answers["DELETE background/picture"] = (200, company())
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="删除", exact=True)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="选择图片")).to_be_focused()
    await expect(page.get_by_role("status").filter(has_text="图片已删除。")).to_be_visible()
    await expect(page.locator(".background-preview")).to_be_hidden()
    await expect(page.get_by_label("客服身后显示")).to_have_value("blur-2")
    await expect(page.locator("option[value='picture']")).to_be_disabled()


async def test_a_service_that_is_away_is_said(open_page: OpenPage, stage: Stage) -> None:
    stage.answers["GET background"] = (503, {"error": "store_unavailable"})
    page = await board(open_page, stage, "background")
    await expect(alert(page)).to_have_text("服务暂时存不了数据。请等一会儿再试。")
    await expect(page.locator(".background-grid")).to_be_hidden()
    stage.answers["GET background"] = (200, company())
    await page.locator("a.tab[href='#hours']").click()
    await page.locator("a.tab[href='#background']").click()
    await expect(page.locator(".background-grid")).to_be_visible()
    await expect(alert(page)).to_have_count(0)


@pytest.mark.parametrize("lang", ["zh-CN", "zh-HK", "en"])
async def test_the_part_is_judged_and_seen(open_page: OpenPage, stage: Stage, lang: str) -> None:
    first = lang == "zh-CN"
    page = await open_part(open_page, stage, company(PICTURE, kind="colour"), lang=lang)
    await expect(page.locator(".background-preview")).to_have_js_property("naturalWidth", SIZE[0])
    await look(page, f"coordinator-{lang}-30-background", themes=first, again=not first)
    stage.answers["PUT background/picture"] = (400, {"error": "image_size"})
    await page.locator(".background-file").set_input_files(file_of())
    await alert(page).wait_for()
    await page.locator(".background-acts > .button").nth(1).click()
    await look(page, f"coordinator-{lang}-31-background-asks", themes=first, again=not first)
