"""What the customer sees of an agent's room: a background, chosen beside the own picture, and an object on purpose."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from playwright.async_api import Page, expect

from signaling import messages
from tests.browser import views
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.desk import desk
from tests.browser.looks import WIDE, ZOOMED, look
from tests.browser.stage import Stage
from tests.browser.steps import pictures

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SMALL_DESK = {"width": 1280, "height": 720}
BLUR = messages.AgentBackground(
    kind="blur", strength=2, colour="#3b4a54", brighten=False, picture=False, may_choose=True
)
SCROLLS = """() => ['html', '.desk-left', '.desk-centre', '.desk-right', '.preview'].filter((one) => {
  const e = document.querySelector(one);
  return e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1;
})"""


def in_call(**more: Any) -> messages.AgentView:
    return views.agent("on_call", media="live", call=views.agent_call(), background=BLUR, **more)


async def call_desk(open_page: OpenPage, stage: Stage, **options: object) -> Page:
    stage.pictures = {0: pictures("dev-student"), 1: pictures("customer")}
    page = await desk(open_page, stage, in_call(), size=SMALL_DESK, **options)
    await page.locator(".object-bar .button:has(.key)").wait_for()
    return page


def boxes(stage: Stage) -> list[list[float] | None]:
    return [m["box"] and [round(v, 2) for v in m["box"]] for m in stage.heard if m["type"] == "show_object"]


def choices(stage: Stage) -> list[tuple[str, int, bool]]:
    return [(m["kind"], m["strength"], m["brighten"]) for m in stage.heard if m["type"] == "background"]


async def test_an_object_is_framed_and_shown_by_keys_alone(open_page: OpenPage, stage: Stage) -> None:
    page = await call_desk(open_page, stage)
    await expect(page.locator(".object-frame")).to_be_hidden()
    await page.keyboard.press("o")
    await expect(page.locator(".object-frame")).to_be_focused()
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Shift+ArrowRight")
    await page.keyboard.press("Shift+ArrowUp")
    assert await page.evaluate(SCROLLS) == []
    await page.keyboard.press("Enter")
    await stage.message("show_object", call=views.CALL, epoch=2)
    assert boxes(stage) == [[0.28, 0.38, 0.42, 0.48]]
    await expect(page.locator(".object-sign")).to_be_hidden()  # until the service says that it is so
    await stage.show(in_call(object_box=(0.28, 0.38, 0.42, 0.48)))
    await expect(page.locator(".object-sign")).to_have_text("客户看得清这个框")
    await expect(page.locator(".object-frame")).to_be_visible()
    assert await page.evaluate(SCROLLS) == []
    picture, bar = await page.locator(".preview video").bounding_box(), await page.locator(".object-bar").bounding_box()
    assert picture is not None
    assert bar is not None
    assert bar["y"] >= picture["y"] + picture["height"], "no button lies over the hands"
    await look(page, "agent-object-shown", themes=True, sizes=(SMALL_DESK, WIDE, ZOOMED))
    await page.keyboard.press("o")
    await stage.until(lambda: boxes(stage)[-1] is None)
    await stage.show(in_call())
    await expect(page.locator(".object-sign")).to_be_hidden()
    await expect(page.locator(".object-frame")).to_be_hidden()


async def test_by_pointer_too_and_never_more_than_the_service_takes(open_page: OpenPage, stage: Stage) -> None:
    page = await call_desk(open_page, stage)
    await page.get_by_role("button", name="给客户看东西").click()
    await expect(page.locator(".object-frame")).to_be_focused()
    area = await page.locator(".object-area").bounding_box()
    assert area is not None
    await page.mouse.move(area["x"] + area["width"] * 0.2, area["y"] + area["height"] * 0.3)
    await page.mouse.down()
    await page.mouse.move(area["x"] + area["width"] * 0.5, area["y"] + area["height"] * 0.6, steps=4)
    await page.mouse.up()
    await look(page, "agent-object-placing", sizes=(SMALL_DESK, PHONE, ZOOMED))
    await page.get_by_role("button", name="给客户看清").click()
    await stage.until(lambda: len(boxes(stage)) == 1)
    first = boxes(stage)[0]
    assert first == pytest.approx([0.2, 0.3, 0.3, 0.3], abs=0.03)
    await page.locator(".object-frame").focus()
    for _ in range(40):
        await page.keyboard.press("Shift+ArrowRight")
        await page.keyboard.press("Shift+ArrowDown")
    await page.keyboard.press("Enter")
    await stage.until(lambda: len(boxes(stage)) == 2)
    last = boxes(stage)[1]
    assert last is not None
    assert last[2] * last[3] <= 0.41
    assert last[0] + last[2] <= 1.01
    assert last[1] + last[3] <= 1.01
    await page.keyboard.press("Escape")
    await expect(page.locator(".object-frame")).to_be_hidden()
    assert len(boxes(stage)) == 2


async def test_a_phone_that_is_turned_covers_the_object(open_page: OpenPage, stage: Stage) -> None:
    page = await call_desk(open_page, stage)
    turn = "screen.orientation.dispatchEvent(new Event('change'))"
    await page.keyboard.press("o")
    await page.evaluate(turn)
    await expect(page.locator(".object-frame")).to_be_hidden()
    await stage.show(in_call(object_box=(0.1, 0.1, 0.3, 0.3)))
    await expect(page.locator(".object-frame")).to_be_visible()
    assert boxes(stage) == []
    await page.evaluate(turn)
    await stage.until(lambda: boxes(stage) == [None])


async def test_out_of_a_call_there_is_nothing_to_show_and_a_background_to_choose(
    open_page: OpenPage, stage: Stage
) -> None:
    stage.pictures = {0: pictures("dev-student")}
    page = await desk(open_page, stage, views.agent("available", background=BLUR))
    await expect(page.locator(".object-bar .button:has(.key)")).to_be_hidden()
    choice = page.get_by_label("我身后")
    await expect(choice).to_have_value("blur-2")
    picture = page.locator("option[value='picture']")
    await expect(picture).to_be_disabled()
    await expect(picture).to_have_text("公司的图片（还没有）")
    await stage.show(views.agent("available", background=msgspec.structs.replace(BLUR, picture=True)))
    await expect(picture).to_be_enabled()
    await expect(picture).to_have_text("公司的图片")
    await choice.select_option("blur-3")
    await stage.until(lambda: choices(stage) == [("blur", 3, False)])
    await choice.select_option("colour")
    await stage.until(lambda: choices(stage)[1:] == [("colour", 2, False)])
    await page.get_by_label("光线暗时把我调亮").check()
    await stage.until(lambda: choices(stage)[2:] == [("colour", 2, True)])
    fixed = messages.AgentBackground(
        kind="picture", strength=2, colour="#3b4a54", brighten=True, picture=True, may_choose=False
    )
    await stage.show(views.agent("available", background=fixed))
    await expect(choice).to_be_hidden()
    await expect(page.locator(".background-choice")).to_contain_text("由公司决定")


@pytest.mark.parametrize("lang", ["zh-CN", "zh-HK", "en"])
async def test_the_choice_is_judged_and_seen(open_page: OpenPage, stage: Stage, lang: str) -> None:
    first = lang == "zh-CN"
    stage.pictures = {0: pictures("dev-student")}
    colour = messages.AgentBackground(
        kind="colour", strength=2, colour="#3b4a54", brighten=True, picture=True, may_choose=True
    )
    page = await desk(open_page, stage, views.agent("available", background=colour), size=SMALL_DESK, lang=lang)
    await page.locator(".background-choice").wait_for()
    await look(page, f"agent-{lang}-background", themes=first, again=not first)
