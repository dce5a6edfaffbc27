"""Firefox and Chromium in one call, each in either role, through the real service; over a bad line, and a lost one.

Firefox offers VP8 and no H.264, gathers no address on loopback whatever its preferences, and asks for nothing like
Chromium's start bitrate: what works in one browser alone shows here.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import pytest_asyncio
from aioice.ice import get_host_addresses
from playwright.async_api import Browser, Page, Playwright, expect

from tests.browser import firefox
from tests.browser.conftest import PICTURING, SHOTS
from tests.browser.line import AGENT_CLIP, CUSTOMER_CLIP, DESK, Launch, Line, open_line
from tests.browser.people import WATCH, Agent, Customer, Person
from tests.integration.udp_relay import Lose, UdpRelay, nothing, random_loss

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ENOUGH = 30  # pictures: a second or two
LIMIT_S = 60.0
# What a browser shows of a video that gives pictures: how light it is, and how much one place differs from another.
LOOK = """(video) => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 48 });
  const drawn = canvas.getContext('2d');
  drawn.drawImage(video, 0, 0, 64, 48);
  const { data } = drawn.getImageData(0, 0, 64, 48);
  const light = Array.from({ length: 64 * 48 }, (_, at) => data[at * 4 + 1]);
  const mean = light.reduce((sum, each) => sum + each) / light.length;
  return [mean, Math.sqrt(light.reduce((sum, each) => sum + (each - mean) ** 2, 0) / light.length)];
}"""
SHOWN = "(video, since) => (video.shownAt ?? []).filter((at) => at > since).length"
BY_RELAY = """
const connect = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = async function (answer) {
  return connect.call(this, { type: answer.type, sdp: await window.throughRelay(answer.sdp) });
};
"""


@dataclass
class Firefox:
    """The browser, what its pages complained of, and the address by which it reaches the service's media."""

    browser: Browser
    address: str
    faults: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.faults.append(str(error)) if _is_fault(str(error)) else None)


def _is_fault(text: str) -> bool:
    # Taking a screenshot adds a style of its own, and a connection that a test has cut is reported as an error.
    return "inline style" not in text and "ICE failed" not in text


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fox(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Firefox]:
    if firefox.program() is None:
        pytest.skip(firefox.MISSING)
    addresses = [each for each in get_host_addresses(True, False) if not ipaddress.ip_address(each).is_loopback]
    if not addresses:
        pytest.skip("Firefox has no way to a machine that has nothing but loopback")
    SHOTS.mkdir(parents=True, exist_ok=True)
    async with firefox.launch(playwright, tmp_path_factory.mktemp("firefox")) as browser:
        started = Firefox(browser, addresses[0])
        yield started
        assert started.faults == []


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def line(launch: Launch, fox: Firefox) -> AsyncIterator[Line]:
    """A line whose customers come with Firefox, unless a test asks for another camera than theirs."""

    async def either(camera: str) -> Browser:
        return fox.browser if camera == CUSTOMER_CLIP else await launch(camera)

    async with open_line(either, VIDEO_SERVICE_MEDIA_BIND=fox.address) as opened:
        yield opened


@asynccontextmanager
async def agent_in_firefox(fox: Firefox, line: Line) -> AsyncIterator[Agent]:
    """Put a second agent to work, with Firefox, and send the first one for a break."""
    await line.service.account("mei", "agent", "梅兰")
    await line.coordinator.page.reload()
    await line.coordinator.screen("board")
    local = await line.coordinator.page.evaluate("new Date().toLocaleString('sv')")
    await line.coordinator.roster("梅兰", datetime.fromisoformat(local) - timedelta(minutes=1))
    context = await fox.browser.new_context(viewport=DESK, locale="zh-CN", timezone_id="Asia/Shanghai")  # type: ignore[arg-type]
    await context.add_init_script(WATCH)
    await context.add_init_script(firefox.camera_script(640, 480))
    agent = Agent(await context.new_page())
    fox.watch(agent.page)
    await agent.page.goto(f"{line.service.url}/agent/")
    await agent.sign_in("mei")
    yield agent
    await context.close()


async def pictures(who: Person, selector: str) -> None:
    """Wait until a video element has shown some pictures from now on."""
    video = who.page.locator(selector)
    since_ms = await who.page.evaluate("Date.now()")
    deadline_s = asyncio.get_running_loop().time() + LIMIT_S
    while (seen := await video.evaluate(SHOWN, since_ms)) < ENOUGH:
        assert asyncio.get_running_loop().time() < deadline_s, f"{seen} pictures"
        await asyncio.sleep(0.1)


async def both_see(customer: Customer, agent: Agent) -> None:
    await asyncio.gather(
        customer.page.locator(".stage video").wait_for(timeout=LIMIT_S * 1000),
        agent.page.locator(".customer video").wait_for(timeout=LIMIT_S * 1000),
    )
    await asyncio.gather(pictures(customer, ".stage video"), pictures(agent, ".customer video"))
    # Neither page says of a picture that comes that it has stopped.
    for page in (customer.page, agent.page):
        await expect(page.locator(".pill", has_text="画面停了")).to_have_count(0, timeout=LIMIT_S * 1000)


async def shows_something(who: Person, selector: str, *, contrast: float = -1.0) -> None:
    """Wait until a video element is no black, which is what comes when nothing comes, and has that much contrast."""
    deadline_s = asyncio.get_running_loop().time() + LIMIT_S
    while not ((look := await who.page.locator(selector).evaluate(LOOK))[0] > 20 and look[1] > contrast):
        assert asyncio.get_running_loop().time() < deadline_s, f"light and contrast are {look}"
        await asyncio.sleep(0.2)


async def both_write(customer: Customer, agent: Agent) -> None:
    await customer.page.get_by_role("group", name="通话按钮").get_by_role("button", name="打字").click()
    await customer.page.get_by_label("写一句话").fill("航班取消了")
    await customer.page.keyboard.press("Enter")
    await expect(agent.page.locator(".line-theirs")).to_contain_text("航班取消了")
    await agent.page.keyboard.press("t")
    await agent.page.keyboard.type("我帮您改签")
    await agent.page.keyboard.press("Enter")
    await expect(customer.page.locator(".line-theirs")).to_contain_text("我帮您改签")


async def shot(who: Person, name: str) -> None:
    if PICTURING:
        await who.page.screenshot(path=SHOTS / f"firefox-{name}.png")


async def test_a_customer_in_firefox_meets_an_agent_in_chromium(fox: Firefox, line: Line) -> None:
    customer, agent = await line.new_customer(), line.agent
    fox.watch(customer.page)
    await shot(customer, "customer-home")
    await customer.begin()
    await shot(customer, "customer-waiting")
    await agent.accept()
    await both_see(customer, agent)
    await shows_something(customer, ".stage video", contrast=10)  # a person before a blurred room
    await shows_something(agent, ".customer video")  # Firefox's own camera shows one colour
    await both_write(customer, agent)
    await shot(customer, "customer-call")

    await agent.page.keyboard.press("Escape")
    await customer.end()
    await agent.next_call()


async def test_a_line_that_loses_packets_and_one_that_dies(fox: Firefox, line: Line) -> None:
    relays: list[UdpRelay] = []
    lose: list[Lose] = [nothing]

    async def through(answer: str) -> str:
        relay = UdpRelay()
        relay.lose = lose[0]
        await relay.open(fox.address)
        relays.append(relay)
        return relay.through(answer)

    customer, agent = await line.new_customer(), line.agent
    await customer.page.context.expose_function("throughRelay", through)
    await customer.page.context.add_init_script(BY_RELAY)
    await customer.page.reload()
    fox.watch(customer.page)  # not before: what a reload cuts short is no fault
    lose[0] = random_loss(0.05)
    try:
        await customer.begin()
        await agent.accept()
        await both_see(customer, agent)
        assert sum(relay.lost for relay in relays) > 0
        before = len(relays)
        lose[0] = nothing
        relays[-1].dead = True
        await customer.was_told("正在重连")
        await both_see(customer, agent)
        assert len(relays) > before, "by a new connection"
        await customer.end()
        await agent.next_call()
    finally:
        for relay in relays:
            relay.close()


async def test_an_agent_in_firefox_is_masked_and_meets_a_customer_in_chromium(fox: Firefox, line: Line) -> None:
    async with agent_in_firefox(fox, line) as agent:
        await expect(agent.page.locator(".preview .pill")).to_have_text("房间已隐藏", timeout=LIMIT_S * 1000)
        await line.agent.page.get_by_role("button", name="休息").first.click()
        await line.agent.state("break")
        await agent.take_calls()
        customer = await line.new_customer(AGENT_CLIP)
        await customer.begin()
        await agent.accept()
        await both_see(customer, agent)
        await shows_something(customer, ".stage video", contrast=10)
        await both_write(customer, agent)
        await shot(agent, "agent-call")
        await agent.page.keyboard.press("Escape")
        await agent.page.reload()
        await agent.screen("desk")
        await both_see(customer, agent)
        await customer.end()
        await agent.state("after_call")
