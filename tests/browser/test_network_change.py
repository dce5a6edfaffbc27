"""A network that is bad, dies and comes back as another one in the middle of a call: two Chromium pages, each codec.

From Wi-Fi to mobile: what was open stays dead for ever, and no hint of the system reaches the browsers. How soon all of
it is noticed and over is for `benchmarks/reconnect.py` to say.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.line import Launch, Line, open_line
from tests.browser.network import Network, open_network
from tests.browser.people import Agent, Customer, Person, both_see
from tests.integration.udp_relay import nothing, random_loss

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CUSTOMER_SEES, AGENT_SEES = ".stage video", ".customer video"
# Runs in each page before its own scripts: a browser that has this codec and no other.
ONLY = """
const capabilities = RTCRtpReceiver.getCapabilities.bind(RTCRtpReceiver);
RTCRtpReceiver.getCapabilities = (kind) => {
  const found = capabilities(kind);
  return kind === 'video'
    ? { ...found, codecs: found.codecs.filter(({ mimeType }) => ['%s', 'video/rtx'].includes(mimeType)) }
    : found;
};
"""
CODECS = """async () => {
  const report = await window.newestConnection.getStats();
  const found = new Set();
  report.forEach((entry) => {
    if (entry.kind === 'video' && (entry.framesDecoded || entry.framesSent)) {
      found.add(report.get(entry.codecId)?.mimeType);
    }
  });
  return [...found];
}"""


@dataclass
class Call:
    """A call whose two people have a network each."""

    codec: str
    customer: Customer
    agent: Agent
    of_customer: Network
    of_agent: Network

    async def flows(self) -> None:
        """Wait until both see, in the one codec, each by the connection that the page has now."""
        await both_see(self.customer, self.agent)
        for person in (self.customer, self.agent):
            assert await person.page.evaluate(CODECS) == [self.codec]
        await self.agent.state("on_call")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def line(launch: Launch) -> AsyncIterator[Line]:
    async with open_line(launch, own_network=True) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["video/VP8", "video/H264"])
async def whole_call(request: pytest.FixtureRequest, line: Line) -> AsyncIterator[Call]:
    """One call in each codec for all that happens to its networks: it outlives each of them, and ends as ever."""
    codec: str = request.param
    assert line.network is not None
    before, line.agent.page = line.agent.page, await line.agent.page.context.new_page()
    await before.close()
    await line.agent.page.add_init_script(ONLY % codec)
    await line.agent.page.goto(f"{line.network.url}/agent/")
    await line.agent.screen("desk")
    await expect(line.agent.page.locator(".preview .pill")).to_have_text("房间已隐藏")
    await line.agent.take_calls()
    async with open_network(line.service.url) as network:
        customer = await line.new_customer(network=network, script=ONLY % codec)
        await customer.begin()
        await line.agent.accept()
        begun = Call(codec, customer, line.agent, network, line.network)
        await begun.flows()
        yield begun
        await customer.end()
        await line.agent.next_call()


@pytest_asyncio.fixture(loop_scope="session")
async def call(whole_call: Call) -> AsyncIterator[Call]:
    """The call, which flows on good networks again after each test."""
    yield whole_call
    for each in (whole_call.of_customer, whole_call.of_agent):
        each.spoil(nothing)
    await whole_call.flows()


async def keeps_its_last_picture(person: Person, selector: str) -> None:
    """A picture that has stopped is still there: no black, and nothing in its place."""
    await person.shows_something(selector, contrast=1)  # the last one may have been blurred whole, or a card
    await expect(person.page.locator(selector)).to_be_visible()


async def test_one_packet_in_twenty_lost_on_both_lines(call: Call) -> None:
    for network in (call.of_customer, call.of_agent):
        network.spoil(random_loss(0.05))
    await asyncio.gather(call.customer.sees(CUSTOMER_SEES, 90), call.agent.sees(AGENT_SEES, 90))
    await call.flows()
    assert min(call.of_customer.lost, call.of_agent.lost) > 0


async def test_the_customers_network_becomes_another_one(call: Call) -> None:
    before = call.of_customer.connections, call.of_agent.connections
    call.of_customer.cut()
    await call.agent.pill("lost")
    await keeps_its_last_picture(call.agent, AGENT_SEES)
    await call.customer.pill("reconnecting")
    await keeps_its_last_picture(call.customer, CUSTOMER_SEES)
    call.of_customer.give_back()
    await call.flows()
    assert call.of_customer.connections > before[0], "a new peer connection"
    assert call.of_agent.connections == before[1], "and the other person's is the old one"


async def test_the_agents_network_becomes_another_one(call: Call) -> None:
    before = call.of_customer.connections, call.of_agent.connections
    call.of_agent.cut()
    await call.customer.pill("other_lost")
    await keeps_its_last_picture(call.customer, CUSTOMER_SEES)
    call.of_agent.give_back()
    await call.flows()
    assert call.of_agent.connections > before[1], "a new peer connection"
    assert call.of_customer.connections == before[0], "and the other person's is the old one"


async def test_both_networks_are_gone_at_once(call: Call) -> None:
    before = call.of_customer.connections, call.of_agent.connections
    for network in (call.of_customer, call.of_agent):
        network.cut()
    for person, selector in ((call.customer, CUSTOMER_SEES), (call.agent, AGENT_SEES)):
        await person.page.locator(".pill[data-name='reconnecting']").first.wait_for()
        await keeps_its_last_picture(person, selector)
    for network in (call.of_customer, call.of_agent):
        network.give_back()
    await call.flows()
    assert call.of_customer.connections > before[0]
    assert call.of_agent.connections > before[1]
