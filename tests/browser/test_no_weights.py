"""A service without the networks' weights: it starts, says so, and shows a drawn card instead of the agent's room."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from media.slate import GROUND_BGR
from tests.browser.conftest import SHOTS
from tests.browser.line import Launch, open_line

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LIMIT_S = 40.0
# The share of an element's pixels that have a colour, coding noise aside.
SHARE_OF_COLOUR = """async (video, [red, green, blue]) => {
  while (!video.videoWidth || video.readyState < 2) await new Promise((done) => video.requestVideoFrameCallback(done));
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  let like = 0;
  for (let at = 0; at < data.length; at += 4) {
    const far = Math.max(Math.abs(data[at] - red), Math.abs(data[at + 1] - green), Math.abs(data[at + 2] - blue));
    if (far <= 12) like += 1;
  }
  return (like * 4) / data.length;
}"""


async def ground_share(page: Page, selector: str) -> float:
    share: float = await page.locator(selector).evaluate(SHARE_OF_COLOUR, list(reversed(GROUND_BGR)))
    return share


async def test_both_see_a_card_and_are_told_and_can_write(launch: Launch, tmp_path: Path) -> None:
    async with open_line(launch, preview="藏不了房间", VIDEO_SERVICE_WEIGHTS_DIR=str(tmp_path)) as line:
        assert any('"weights_unusable"' in said and '"weights_missing"' in said for said in line.service.lines)
        customer, agent = await line.new_customer(), line.agent
        await customer.begin()
        await agent.accept()
        await customer.pill("slate")
        await expect(customer.page.locator("#app")).to_contain_text("画面保护中，现在看不到林晓。请稍等或打字。")
        for page, selector in ((customer.page, ".stage video"), (agent.page, ".preview video")):
            deadline_s = time.monotonic() + LIMIT_S
            while (share := await ground_share(page, selector)) <= 0.7:  # the first pictures may be coarse
                assert time.monotonic() < deadline_s, f"the card's ground, and no room: {share}"
        assert await ground_share(agent.page, ".customer video") < 0.2, "the control: a real picture is not that"
        SHOTS.mkdir(parents=True, exist_ok=True)
        await customer.page.screenshot(path=SHOTS / "no-weights-customer.png")
        await agent.page.screenshot(path=SHOTS / "no-weights-agent.png")
        await customer.page.get_by_role("group", name="通话按钮").get_by_role("button", name="打字").click()
        await customer.page.get_by_label("写一句话").fill("看不到您")
        await customer.page.keyboard.press("Enter")
        await expect(agent.page.locator(".line-theirs")).to_contain_text("看不到您")
