"""Photos on a call's text strip: chosen, made smaller, sent, shown large, and what is said when one cannot be sent."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from playwright.async_api import Page, Request, Route, expect

from signaling import messages
from tests.browser import views
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.desk import desk
from tests.browser.looks import look
from tests.browser.stage import Stage
from tests.browser.steps import call
from video_service.image_header import read_header

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def drawn(width: int, height: int, suffix: str = ".png") -> bytes:
    pixels = np.full((height, width, 3), (190, 170, 120), np.uint8)
    cv2.putText(pixels, "CA1234", (width // 8, height // 2), cv2.FONT_HERSHEY_SIMPLEX, width / 250, (30, 30, 30), 5)
    return cv2.imencode(suffix, pixels)[1].tobytes()


async def service(page: Page, status: list[int]) -> list[Request]:
    """Answer what is sent with `status`, the last of them again and again, and what is asked for with a photo."""
    sent: list[Request] = []
    photo = drawn(800, 500, ".jpg")

    async def answer(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(route.request)
            await route.fulfill(status=status.pop(0) if len(status) > 1 else status[0], json={})
        else:
            await route.fulfill(body=photo, content_type="image/jpeg")

    await page.route("**/api/photos**", answer)
    await page.route("**/api/photos/**", answer)
    return sent


def choice(data: bytes, name: str = "ticket.png", kind: str = "image/png") -> Any:
    return {"name": name, "mimeType": kind, "buffer": data}


def line(photo: str, *, mine: bool, seq: int = 1) -> messages.TextLine:
    return messages.TextLine(call=views.CALL, seq=seq, mine=mine, text="", at_ms=1, photo=photo)


async def test_a_photo_goes_out_smaller_and_stands_in_the_text_of_both(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/", size=PHONE)
    await call(page, stage)
    sent = await service(page, [201])
    await page.get_by_role("group", name="通话按钮").get_by_role("button", name="打字").click()
    await page.get_by_label("照片").set_input_files(choice(drawn(2400, 1500)))
    await expect(page.locator(".line-who")).to_have_text("我 · 正在发")
    await stage.until(lambda: sent)
    body = sent[0].post_data_buffer
    assert body is not None
    header = read_header(body)
    assert (header.kind, header.width, header.height) == ("jpeg", 1600, 1000)
    photo = sent[0].url.partition("photo=")[2]
    assert sent[0].url.endswith(f"/api/photos?call={views.CALL}&photo={photo}")
    assert len(photo) == 32
    await stage.post(line(photo, mine=True), "customer")
    await expect(page.locator(".line-who")).to_have_text(["我"])
    await stage.post(line("b" * 16, mine=False, seq=2), "customer")
    shown = page.locator(".line-theirs img")
    await expect(shown).to_have_attribute("src", f"/api/photos/{views.CALL}/{'b' * 16}")
    await expect(shown).to_have_js_property("naturalWidth", 800)
    await look(page, "customer-zh-CN-44-call-photos")
    await page.locator(".line-theirs").get_by_role("button", name="照片").click()
    large = page.get_by_role("dialog")
    await expect(large.get_by_role("img", name="照片")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(large).to_have_count(0)


async def test_what_was_not_sent_can_be_sent_again_and_what_is_no_picture_says_so(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await open_page("/customer/", size=PHONE)
    await call(page, stage)
    sent = await service(page, [503, 400])
    await page.get_by_role("group", name="通话按钮").get_by_role("button", name="打字").click()
    await page.get_by_label("照片").set_input_files(choice(b"no picture at all"))
    await expect(page.locator(".line-who")).to_have_text("我 · 没发出去")
    await page.get_by_role("button", name="再发").click()
    await expect(page.locator(".line-who")).to_have_text("我 · 发不了")
    await expect(page.locator(".line p")).to_have_text("这张图发不了，请换一张。一次通话最多十张。")
    await expect(page.get_by_role("button", name="再发")).to_be_hidden()
    urls = {request.url for request in sent}
    assert len(sent) == 2
    assert len(urls) == 1, "again is the same photo"
    assert sent[0].post_data_buffer == b"no picture at all", "what the browser cannot read the service judges"


async def test_an_agent_sends_one_from_the_desk(open_page: OpenPage, stage: Stage) -> None:
    on_call = views.agent("on_call", media="live", call=views.agent_call())
    page = await desk(open_page, stage, on_call)
    sent = await service(page, [201])
    await page.get_by_label("照片").set_input_files(choice(drawn(640, 400)))
    await stage.until(lambda: sent)
    await stage.post(line(sent[0].url.partition("photo=")[2], mine=True), "agent")
    await stage.post(line("b" * 16, mine=False, seq=2), "agent")
    await expect(page.locator(".line img")).to_have_count(2)
    await expect(page.locator(".line-theirs img")).to_have_js_property("naturalWidth", 800)
    await look(page, "agent-zh-CN-44-call-photos", sizes=({"width": 1440, "height": 900},))
