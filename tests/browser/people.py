"""People at the pages of the real service: what each does and sees."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page, expect
from playwright.async_api import TimeoutError as NotInTime

from tests.browser.service import PASSWORD

LIMIT_S = 40.0  # everything here comes at once, or on a busy machine in a while
AGAIN_S = 5.0
TAKES_CALLS = re.compile("available|reserved")  # with somebody in the queue the first leads to the second at once
# Runs in each page before its own scripts: keeps count of the pictures that were really shown.
WATCH = """
const watch = (video) => {
  if (video.watched || video.closest('.own-picture')) return;
  video.watched = true;
  const shown = (now) => {
    (video.shownAt ??= []).push(performance.timeOrigin + now);
    video.requestVideoFrameCallback(shown);
  };
  video.requestVideoFrameCallback(shown);
};
// And every word that the pills have shown: some states last only moments.
window.pills = [];
new MutationObserver(() => {
  document.querySelectorAll('video').forEach(watch);
  for (const pill of document.querySelectorAll('.pill')) {
    if (!window.pills.includes(pill.textContent)) window.pills.push(pill.textContent);
  }
}).observe(document, { childList: true, subtree: true, characterData: true });
"""
# How light a video's picture is, and how much one place differs from another.
LOOK = """(video) => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 48 });
  const drawn = canvas.getContext('2d');
  drawn.drawImage(video, 0, 0, 64, 48);
  const { data } = drawn.getImageData(0, 0, 64, 48);
  const light = Array.from({ length: 64 * 48 }, (_, at) => data[at * 4 + 1]);
  const mean = light.reduce((sum, each) => sum + each) / light.length;
  return [mean, Math.sqrt(light.reduce((sum, each) => sum + (each - mean) ** 2, 0) / light.length)];
}"""


@dataclass
class Person:
    """Somebody at a page."""

    page: Page

    async def was_told(self, word: str) -> None:
        """Wait until a pill has said this word, if only for a moment, since the page was loaded."""
        await self.page.evaluate(
            """async ([word, limitS]) => {
              const end = Date.now() + limitS * 1000;
              while (!window.pills.includes(word)) {
                if (Date.now() > end) throw new Error(`only ${window.pills}`);
                await new Promise((done) => setTimeout(done, 50));
              }
            }""",
            [word, LIMIT_S],
        )

    async def sign_in_as(self, name: str, password: str, *, screen: str) -> None:
        """Sign in at a staff page, which then shows `screen`."""
        await self.page.get_by_label("姓名").fill(name)
        await self.page.locator("#sign-in-password").fill(password)
        await self.page.keyboard.press("Enter")
        await self.screen(screen)

    async def screen(self, name: str, *, limit_s: float = LIMIT_S) -> None:
        await self.page.locator(f"#app[data-screen='{name}']").wait_for(timeout=limit_s * 1000)

    async def fps(self, selector: str, seconds: float = 3.0) -> float:
        """Return how many pictures a second a video element showed.

        By the element's own count of pictures given to the screen (`presentedFrames`): the callbacks that tell of it
        come once for several pictures when the page's script is late.
        """
        rate: float = await self.page.locator(selector).evaluate(
            """async (video, ms) => {
              const next = () => Promise.race([
                new Promise((done) => video.requestVideoFrameCallback((_, picture) => done(picture))),
                new Promise((done) => setTimeout(done, ms + 1000)),
              ]);
              const first = await next();
              await new Promise((done) => setTimeout(done, ms));
              const last = first && (await next());
              if (!last) return 0;
              const shown = last.presentedFrames - first.presentedFrames;
              return (shown * 1000) / (last.presentationTime - first.presentationTime);
            }""",
            seconds * 1000,
        )
        return rate

    async def sees(self, selector: str, count: int = 30) -> None:
        """Wait until a video element has shown so many pictures from now on."""
        since_ms = await self.page.evaluate("Date.now()")
        shown = "(video, since) => (video.shownAt ?? []).filter((at) => at > since).length"
        deadline_s = time.monotonic() + 2 * LIMIT_S
        while (seen := await self.page.locator(selector).evaluate(shown, since_ms)) < count:
            assert time.monotonic() < deadline_s, f"{seen} pictures"
            await asyncio.sleep(0.1)

    async def shows_something(self, selector: str, *, contrast: float = -1.0) -> None:
        """Wait until a video is no black, which is what comes when nothing comes, and has that much contrast."""
        deadline_s = time.monotonic() + 2 * LIMIT_S
        while not ((look := await self.page.locator(selector).evaluate(LOOK))[0] > 20 and look[1] > contrast):
            assert time.monotonic() < deadline_s, f"light and contrast are {look}"
            await asyncio.sleep(0.2)

    async def pill(self, name: str, *, limit_s: float = LIMIT_S) -> None:
        """Wait until a picture says this of itself."""
        await self.page.locator(f".pill[data-name='{name}']").wait_for(timeout=limit_s * 1000)

    async def first_shown_ms(self, selector: str, since_ms: float) -> float:
        """Return when a video element showed its first picture after `since_ms` (milliseconds since 1970)."""
        first: float = await self.page.locator(selector).evaluate(
            """async (video, [since, limitS]) => {
              const end = Date.now() + limitS * 1000;
              for (;;) {
                const first = video.shownAt?.find((at) => at >= since);
                if (first !== undefined) return first;
                if (Date.now() > end) throw new Error('no picture was shown');
                await new Promise((done) => setTimeout(done, 50));
              }
            }""",
            [since_ms, LIMIT_S],
        )
        return first


class Customer(Person):
    async def begin(self) -> None:
        await self.page.get_by_role("button", name="开始手语视频").click()
        await self.page.get_by_role("button", name="同意，开始排队").click()
        await self.screen("waiting")

    async def see_agent(self, *, limit_s: float = LIMIT_S) -> None:
        # On a busy machine the picture comes, and the line is called slow or narrow.
        seen = ", ".join(f".pill[data-name='{name}']" for name in ("clear", "protected", "weak", "narrow"))
        await self.page.locator(seen).wait_for(timeout=limit_s * 1000)

    async def end(self) -> None:
        await self.page.get_by_role("button", name="结束", exact=True).click()
        await self.page.get_by_role("button", name="结束通话").click()
        await self.screen("ended")


class Agent(Person):
    async def sign_in(self, name: str, password: str = PASSWORD) -> None:
        await self.sign_in_as(name, password, screen="desk")

    async def take_calls(self) -> None:
        """Be ready for calls, whatever went before: press again when the service says that the picture is not there."""
        ready = self.page.get_by_role("button", name="开始接听")
        card = self.page.locator(".state-card")
        deadline_s = time.monotonic() + LIMIT_S
        while not TAKES_CALLS.fullmatch(state := await card.get_attribute("data-state") or ""):
            assert time.monotonic() < deadline_s, f"still {state}"
            try:
                await ready.click(timeout=AGAIN_S * 1000)
                await expect(card).to_have_attribute("data-state", TAKES_CALLS, timeout=AGAIN_S * 1000)
            except (NotInTime, AssertionError):
                await asyncio.sleep(0)

    async def accept(self) -> float:
        """Accept the call that rings; returns when (milliseconds since 1970)."""
        button = self.page.get_by_role("button", name="接听")
        await button.wait_for()
        pressed: float = await button.evaluate("(b) => { b.click(); return Date.now(); }")
        return pressed

    async def next_call(self) -> None:
        """The call is over: be ready for another."""
        await self.state("after_call")
        await self.take_calls()

    async def state(self, name: str, *, limit_s: float = LIMIT_S) -> None:
        await expect(self.page.locator(".state-card")).to_have_attribute("data-state", name, timeout=limit_s * 1000)


class Coordinator(Person):
    async def sign_in(self, name: str, password: str = PASSWORD) -> None:
        await self.sign_in_as(name, password, screen="board")

    async def roster(self, agent: str, day: Any) -> None:
        """Put an agent on shift from now on."""
        await self.page.get_by_role("link", name="班次", exact=True).click()
        await self.page.locator("#shift-agent").select_option(label=agent)
        await self.page.get_by_label("日期").fill(f"{day:%Y-%m-%d}")
        await self.page.get_by_label("从", exact=True).fill(f"{day:%H:%M}")
        later = (day.hour + 8) % 24
        await self.page.get_by_label("到", exact=True).fill(f"{later:02}:{day:%M}")
        await self.page.get_by_role("button", name="添加").click()
        await self.page.get_by_role("status").filter(has_text="已添加").wait_for()


async def both_see(customer: Customer, agent: Agent) -> None:
    """Wait until each sees the other's picture move, and neither page says that it has stopped."""
    limit_ms = 2 * LIMIT_S * 1000
    await asyncio.gather(
        customer.page.locator(".stage video").wait_for(timeout=limit_ms),
        agent.page.locator(".customer video").wait_for(timeout=limit_ms),
    )
    await asyncio.gather(customer.sees(".stage video"), agent.sees(".customer video"))
    for page in (customer.page, agent.page):
        await expect(page.locator(".pill", has_text="画面停了")).to_have_count(0, timeout=limit_ms)
