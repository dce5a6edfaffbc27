"""Firefox and Chromium in one call, each in either role, through the real service; over a bad line, and a lost one.

Firefox offers VP8 and no H.264, gathers no address on loopback whatever its preferences, and asks for nothing like
Chromium's start bitrate: what works in one browser alone shows here.
"""

from __future__ import annotations

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
from tests.browser.network import Network, open_network
from tests.browser.people import WATCH, Agent, Customer, Person, both_see
from tests.integration.udp_relay import nothing, random_loss

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LIMIT_S = 60.0


@dataclass
class Firefox:
    """The browser, what its pages complained of, and the address by which it reaches the service's media."""

    browser: Browser
    address: str
    faults: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.faults.append(str(error)) if _is_fault(str(error)) else None)


def _is_fault(text: str) -> bool:
    # Taking a screenshot adds a style of its own, and each connection that a test has cut is reported as an error.
    return not any(part in text for part in ("inline style", "ICE failed", "connection to ws://", "server at ws://"))


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
async def agent_in_firefox(fox: Firefox, line: Line, network: Network) -> AsyncIterator[Agent]:
    """Put a second agent to work, with Firefox behind `network`, and send the first one for a break."""
    await line.service.account("mei", "agent", "梅兰")
    await line.coordinator.page.reload()
    await line.coordinator.screen("board")
    local = await line.coordinator.page.evaluate("new Date().toLocaleString('sv')")
    await line.coordinator.roster("梅兰", datetime.fromisoformat(local) - timedelta(minutes=1))
    context = await fox.browser.new_context(viewport=DESK, locale="zh-CN", timezone_id="Asia/Shanghai")  # type: ignore[arg-type]
    await context.add_init_script(WATCH)
    await context.add_init_script(firefox.camera_script(640, 480))
    await network.carry(context)
    agent = Agent(await context.new_page())
    fox.watch(agent.page)
    await agent.page.goto(f"{network.url}/agent/")
    await agent.sign_in("mei")
    await expect(agent.page.locator(".preview .pill")).to_have_text("房间已隐藏", timeout=LIMIT_S * 1000)
    await line.agent.page.get_by_role("button", name="休息").first.click()
    await line.agent.state("break")
    await agent.take_calls()
    yield agent
    await context.close()


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
    await customer.shows_something(".stage video", contrast=10)  # a person before a blurred room
    await agent.shows_something(".customer video")  # Firefox's own camera shows one colour
    await both_write(customer, agent)
    await shot(customer, "customer-call")

    await agent.page.keyboard.press("Escape")
    await customer.end()
    await agent.next_call()


async def test_a_customers_line_in_firefox_that_loses_packets_and_dies(fox: Firefox, line: Line) -> None:
    async with open_network(line.service.url, fox.address) as network:
        network.spoil(random_loss(0.05))
        customer, agent = await line.new_customer(network=network), line.agent
        fox.watch(customer.page)
        await customer.begin()
        await agent.accept()
        await both_see(customer, agent)
        assert network.lost > 0
        before = network.connections
        network.cut()
        await agent.pill("lost")
        await customer.was_told("正在重连")
        network.spoil(nothing)
        network.give_back()
        await both_see(customer, agent)
        assert network.connections > before, "by a new connection"
        await customer.end()
        await agent.next_call()


async def test_an_agent_in_firefox_is_masked_and_meets_a_customer_in_chromium(fox: Firefox, line: Line) -> None:
    async with (
        open_network(line.service.url, fox.address) as network,
        agent_in_firefox(fox, line, network) as agent,
    ):
        customer = await line.new_customer(AGENT_CLIP)
        await customer.begin()
        await agent.accept()
        await both_see(customer, agent)
        await customer.shows_something(".stage video", contrast=10)
        await both_write(customer, agent)
        await shot(agent, "agent-call")
        await agent.page.keyboard.press("Escape")

        network.spoil(random_loss(0.05))
        await both_see(customer, agent)
        assert network.lost > 0
        before = network.connections
        network.cut()
        await customer.pill("other_lost")
        await customer.shows_something(".stage video", contrast=1)  # the last picture stays
        network.give_back()
        await both_see(customer, agent)
        assert network.connections > before, "by a new connection"
        network.spoil(nothing)

        await agent.page.reload()
        await agent.screen("desk")
        await both_see(customer, agent)
        await customer.end()
        await agent.state("after_call")
