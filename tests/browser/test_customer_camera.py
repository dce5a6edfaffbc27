"""The customer's own camera and microphone: opened, turned, paused, lost, refused, or not there at all."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser import views
from tests.browser.conftest import OpenPage
from tests.browser.looks import look
from tests.browser.stage import Stage
from tests.browser.steps import call, pictures, queue, screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize(
    ("camera", "sentence"),
    [
        ("refused", "摄像头没打开。请允许使用，或换浏览器打开。也可以打字。"),
        ("none", "没有找到摄像头。请接上摄像头再试。也可以打字。"),
    ],
)
async def test_without_a_camera_one_can_write(open_page: OpenPage, stage: Stage, camera: str, sentence: str) -> None:
    page = await open_page("/customer/", camera=camera)
    await page.get_by_role("button", name="开始手语视频").click()
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text(sentence)
    await page.get_by_role("button", name="不开摄像头，只打字").click()
    await stage.message("join")
    stage.pictures[0] = pictures("dev-book")
    await stage.show(views.customer("connected"))
    # The agent hears that there is no picture, and packets flow all the same.
    await stage.message("pause_picture", paused=True)
    await stage.message("media_offer")
    await expect(page.get_by_label("写一句话")).to_be_visible()
    await page.get_by_label("写一句话").fill("航班取消了")
    await page.keyboard.press("Enter")
    await stage.message("say", call=views.CALL, text="航班取消了")


async def test_a_browser_without_any_camera_access_says_what_to_do(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await page.evaluate("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    await page.get_by_role("button", name="开始手语视频").click()
    await expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("这个 App 里不能用摄像头")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.get_by_role("button", name="复制网址").click()
    await expect(page.get_by_role("button", name="已复制")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == page.url
    await expect(page.get_by_role("button", name="不开摄像头，只打字")).to_be_visible()


PHONES = {
    "wechat": "Mozilla/5.0 (Linux; Android 9; MI 8) AppleWebKit/537.36 Chrome/66.0 Mobile MicroMessenger/7.0",
    "android": "Mozilla/5.0 (Linux; Android 9; MI 8; wv) AppleWebKit/537.36 Version/4.0 Chrome/66.0 Mobile",
    "iphone": "Mozilla/5.0 (iPhone; CPU iPhone OS 13_7 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "desk": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36",
}


async def test_the_way_out_of_an_apps_browser_is_offered_where_there_is_one(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    address = "https://calls.example.org/customer/?lang=en"
    found = await page.evaluate(
        "async ([phones, url]) => Promise.all(Object.entries(phones).map("
        "async ([name, agent]) => [name, (await import('/shared/phone.js')).outsideAddress(agent, url)]))",
        [PHONES, address],
    )
    intent = "intent://calls.example.org/customer/?lang=en#Intent;scheme=https;action=android.intent.action.VIEW;end"
    assert dict(found) == {"wechat": "", "android": intent, "iphone": f"x-safari-{address}", "desk": ""}


async def test_wechat_without_a_camera_says_where_its_menu_is_and_writing_works(
    open_page: OpenPage, stage: Stage
) -> None:
    gone = "Object.defineProperty(Navigator.prototype, 'mediaDevices', { value: undefined })"
    page = await open_page("/customer/", script=gone, user_agent=PHONES["wechat"])
    await page.get_by_role("button", name="开始手语视频").click()
    await expect(page.get_by_role("alert").filter(visible=True)).to_have_text(
        "微信里不能用摄像头。请点右上角“…”，选“在浏览器打开”。也可以打字。"
    )
    await expect(page.get_by_role("button", name="复制网址")).to_be_visible()
    await look(page, "customer-zh-CN-34-ready-wechat")
    await page.get_by_role("button", name="不开摄像头，只打字").click()
    await stage.message("join")
    await stage.show(views.customer("waiting"))
    await screen(page, "waiting")
    stage.pictures[0] = pictures("dev-book")
    await stage.show(views.customer("connected"))
    await stage.message("media_offer")
    await expect(page.get_by_label("写一句话")).to_be_visible()


async def test_pictures_may_play_where_ios_is_strict(open_page: OpenPage, stage: Stage) -> None:
    """Inline, muted and asked to play; and where the browser wants a tap all the same, there is a button for it."""
    strict = """const play = HTMLMediaElement.prototype.play;
    window.tapped = false;
    addEventListener('click', () => (window.tapped = true), true);
    HTMLMediaElement.prototype.play = function () {
      if (window.tapped || this.closest('.own-picture')) return play.call(this);
      this.autoplay = false;
      this.pause();
      return Promise.reject(new DOMException('', 'NotAllowedError'));
    };"""
    page = await open_page("/customer/", script=strict)
    await queue(page, stage)
    await plays(page, ".own-picture video")
    await page.evaluate("window.tapped = false")
    stage.pictures[0] = pictures("dev-book")
    await stage.show(views.customer("connected"))
    await stage.message("media_offer")
    await stage.show(views.customer("connected", media="live"))
    await page.get_by_role("button", name="点一下看画面").click()
    await page.locator(".pill[data-name='clear']").wait_for()
    await expect(page.get_by_role("button", name="点一下看画面")).to_be_hidden()
    await plays(page, ".stage video")


async def plays(page: Page, video: str) -> None:
    """Wait until the picture plays, inline and muted."""
    await expect(page.locator(video)).to_have_js_property("paused", False)
    assert await page.locator(video).evaluate("(v) => [v.playsInline, v.muted]") == [True, True]


async def test_the_camera_check_speaks_and_never_forbids(open_page: OpenPage, stage: Stage) -> None:
    dark = """Object.defineProperty(CanvasRenderingContext2D.prototype, 'getImageData', {
      value: (x, y, w, h) => ({ data: new Uint8ClampedArray(4 * w * h).fill(10) }) });
    window.hints = [];
    new MutationObserver(() => {
      const hint = document.querySelector('.ready-hint')?.textContent;
      if (hint && hints.at(-1) !== hint) hints.push(hint);
    }).observe(document, { childList: true, characterData: true, subtree: true });"""
    page = await open_page("/customer/", script=dark)
    await page.get_by_role("button", name="开始手语视频").click()
    await expect(page.locator(".ready-hint")).to_have_text("太暗了。请开灯，或面向窗户。")
    first = "请把手机立好，退后一点，露出头和双手。"  # stands for a moment only, so it is read from what was noted
    assert await page.evaluate("hints") == [first, "太暗了。请开灯，或面向窗户。"]
    await page.get_by_role("button", name="同意，开始排队").click()
    await stage.message("join")


async def test_a_paused_picture_is_said_and_keeps_flowing(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await page.get_by_role("button", name="暂停").click()
    await stage.message("pause_picture", paused=True)
    await expect(page.get_by_text("您暂停了画面，对方看不到您。").first).to_be_visible()
    frames = stage.frames_received
    await stage.until(lambda: stage.frames_received > frames + 3, why="frames while paused")
    stage.heard.clear()
    await page.get_by_role("button", name="恢复").click()
    await stage.message("pause_picture", paused=False)


async def test_who_paused_reads_so_back_in_the_queue_and_can_go_on(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await page.get_by_role("button", name="暂停").click()
    await stage.message("pause_picture", paused=True)
    await stage.show(views.customer("waiting", place=1, requeued="agent_lost"))
    await screen(page, "waiting")
    await expect(page.locator(".own-picture")).to_have_text("画面已暂停")
    await look(page, "customer-zh-CN-40-waiting-paused")
    stage.heard.clear()
    await page.get_by_role("button", name="恢复").click()
    await stage.message("pause_picture", paused=False)
    await expect(page.locator(".own-picture")).to_have_attribute("data-camera", "on")
    await expect(page.get_by_role("button", name="恢复")).to_be_hidden()
    await expect(page.get_by_role("heading", level=1)).to_be_focused()


async def test_a_lost_camera_in_a_call_is_said_and_opens_again(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    own = page.locator(".own-picture video")
    await own.evaluate("(v) => { const [t] = v.srcObject.getTracks(); t.stop(); t.dispatchEvent(new Event('ended')); }")
    await expect(page.get_by_text("摄像头断开了，对方看不到您。请再打开。也可以打字。").first).to_be_visible()
    await stage.message("pause_picture", paused=True)
    await page.get_by_role("button", name="再打开摄像头").click()
    await page.locator(".own-picture[data-camera='on']").wait_for()
    await stage.until(lambda: not [m for m in stage.heard if m["type"] == "pause_picture"][-1]["paused"])


async def test_a_camera_that_the_phone_takes_away_is_said_and_comes_back_by_itself(
    open_page: OpenPage, stage: Stage
) -> None:
    """Safari on iOS does so while a phone call rings: the track lives on, muted. No fake camera can be asked to."""
    page = await open_page("/customer/")
    await call(page, stage)
    mute = (
        "(v, muted) => { const [t] = v.srcObject.getTracks(); window.taken = t;"
        " Object.defineProperty(t, 'muted', { value: muted, configurable: true });"
        " t.dispatchEvent(new Event('mute')); }"
    )
    await page.locator(".own-picture video").evaluate(mute, True)
    await stage.message("pause_picture", paused=True, by_phone=True)
    sentence = page.get_by_text("手机暂停了摄像头，可能有电话打进来。结束后画面会自己恢复。").first
    await expect(sentence).to_be_visible()
    await look(page, "customer-zh-CN-muted-by-the-phone")
    frames = stage.frames_received
    await stage.until(lambda: stage.frames_received > frames + 3, why="the card in place of the picture")
    await page.get_by_role("button", name="暂停").click()
    await stage.message("pause_picture", paused=True, by_phone=False)
    stage.heard.clear()
    await page.get_by_role("button", name="恢复").click()
    await stage.message("pause_picture", paused=True, by_phone=True)
    await page.evaluate(
        "() => { Object.defineProperty(taken, 'muted', { value: false }); taken.dispatchEvent(new Event('unmute')); }"
    )
    await stage.message("pause_picture", paused=False, by_phone=False)
    await expect(sentence).to_be_hidden()
    await expect(page.locator(".own-picture")).to_have_attribute("data-camera", "on")


async def test_a_permission_that_is_withdrawn_in_a_call_is_said_and_writing_goes_on(
    open_page: OpenPage, stage: Stage
) -> None:
    # Here nothing answers the browser's own question but the permissions of the context.
    page = await open_page("/customer/", camera="refused", permissions=["camera"])
    await call(page, stage)
    await page.context.clear_permissions()
    await expect(page.locator(".call-say > span:nth-child(2)")).to_have_text(
        "摄像头断开了，对方看不到您。请再打开。也可以打字。"
    )
    await stage.message("pause_picture", paused=True)
    frames = stage.frames_received
    await stage.until(lambda: stage.frames_received > frames + 3, why="the card in place of the picture")
    await page.get_by_role("button", name="再打开摄像头").click()
    await expect(page.locator(".call-say")).to_contain_text("请允许使用")
    await page.get_by_role("button", name="打字").click()
    await page.get_by_label("写一句话").fill("看得到我吗")
    await page.keyboard.press("Enter")
    await stage.message("say", text="看得到我吗")
    await page.context.grant_permissions(["camera"])
    await page.get_by_role("button", name="再打开摄像头").click()
    await page.locator(".own-picture[data-camera='on']").wait_for()
    await expect(page.locator(".call-say")).to_be_hidden()


async def test_sound_is_off_until_it_is_asked_for(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    assert await page.locator("audio").evaluate("(a) => a.muted")
    assert await page.locator(".stage video").evaluate("(v) => v.muted && v.hasAttribute('playsinline')")
    await page.get_by_role("button", name="声音关").click()
    await expect(page.get_by_role("button", name="声音开")).to_be_visible()
    assert not await page.locator("audio").evaluate("(a) => a.muted")


MICROPHONE = """
const open = MediaDevices.prototype.getUserMedia;
window.microphones = [];
MediaDevices.prototype.getUserMedia = async function (wish) {
  const stream = await open.call(this, wish);
  microphones.push(...stream.getAudioTracks());
  return stream;
};
"""

UNTIL_ALL = """async (state) => {
  const end = Date.now() + 30_000;
  while (!microphones.length || microphones.some((each) => each.readyState !== state)) {
    if (Date.now() > end) throw new Error(microphones.map((each) => each.readyState).join());
    await new Promise((done) => setTimeout(done, 50));
  }
}"""


async def test_a_microphone_ends_with_its_call_where_there_is_no_camera_to_close(
    open_page: OpenPage, stage: Stage
) -> None:
    page = await open_page("/customer/", script=MICROPHONE)
    await page.get_by_role("button", name="开始手语视频").click()
    await page.get_by_role("button", name="不开摄像头，只打字").click()
    await stage.message("join")
    stage.pictures[0] = pictures("dev-book")
    await stage.show(views.customer("connected"))
    await stage.message("media_offer")
    await stage.show(views.customer("connected", media="live"))
    await page.get_by_role("button", name="声音关").click()
    await expect(page.get_by_role("button", name="声音开")).to_be_visible()
    await page.evaluate(UNTIL_ALL, "live")
    await stage.show(views.customer("ended", ended_reason="agent_hung_up"))
    await screen(page, "ended")
    await page.evaluate(UNTIL_ALL, "ended")
    await stage.show(views.customer("connected", media="live", call="c-2"))
    await expect(page.get_by_role("button", name="声音关")).to_be_visible()


TWO_CAMERAS = """
const open = MediaDevices.prototype.getUserMedia;
window.asked = [];
MediaDevices.prototype.getUserMedia = function (wish) {
  asked.push(wish.video?.facingMode);
  if (window.noRear && wish.video?.facingMode === 'environment')
    return Promise.reject(new DOMException('', 'NotFoundError'));
  return open.call(this, wish);
};
MediaDevices.prototype.enumerateDevices = async () => [{ kind: 'videoinput' }, { kind: 'videoinput' }];
"""


async def test_the_camera_can_be_turned_and_turns_back_where_there_is_none(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/", script=TWO_CAMERAS)
    await call(page, stage)
    own, turn = page.locator(".own-picture video"), page.get_by_role("button", name="换镜头")
    await expect(own).to_have_class("mirrored")
    await turn.click()
    await expect(own).not_to_have_class("mirrored")
    await page.locator(".own-picture[data-camera='on']").wait_for()
    await turn.click()
    await expect(own).to_have_class("mirrored")
    await page.locator(".own-picture[data-camera='on']").wait_for()
    await page.evaluate("window.noRear = true")
    await turn.click()
    await page.wait_for_function("asked.length === 5")
    await page.locator(".own-picture[data-camera='on']").wait_for()
    await expect(own).to_have_class("mirrored")
    assert await page.evaluate("asked") == ["user", "environment", "user", "environment", "user"]


async def test_a_phone_with_one_camera_is_not_asked_to_turn_it(open_page: OpenPage, stage: Stage) -> None:
    page = await open_page("/customer/")
    await call(page, stage)
    await expect(page.get_by_role("button", name="换镜头")).to_be_hidden()
