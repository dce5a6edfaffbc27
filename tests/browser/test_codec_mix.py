"""A phone that sends in one codec and receives in the other, as many do: a real call both ways, and another network.

Chromium has both codecs both ways. In the customer's page each line of the offer holds only what such a phone has for
that direction; the agent's page is the whole browser, and the one encode of its picture has to follow the phone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.browser.line import Launch, Line, open_line
from tests.browser.network import Network, open_network
from tests.browser.people import Agent, Customer, both_see

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

VP8, H264 = "video/VP8", "video/H264"
# Runs in the customer's page before its own scripts: a browser with one codec to send and another one to receive.
MIX = """
const able = { sendonly: '%s', recvonly: '%s' };
const received = RTCRtpReceiver.getCapabilities.bind(RTCRtpReceiver);
const within = (codecs, type) => codecs.filter(({ mimeType }) => [type, 'video/rtx'].includes(mimeType));
const all = received('video').codecs;
for (const [side, direction] of [[RTCRtpReceiver, 'recvonly'], [RTCRtpSender, 'sendonly']]) {
  const known = side.getCapabilities.bind(side);
  side.getCapabilities = (kind) => {
    const found = known(kind);
    return kind === 'video' ? { ...found, codecs: within(found.codecs, able[direction]) } : found;
  };
}
const prefer = RTCRtpTransceiver.prototype.setCodecPreferences;
const add = RTCPeerConnection.prototype.addTransceiver;
RTCPeerConnection.prototype.addTransceiver = function (what, init) {
  const transceiver = add.call(this, what, init);
  const type = able[transceiver.direction];
  if (type && transceiver.receiver.track.kind === 'video') prefer.call(transceiver, within(all, type));
  return transceiver;
};
// What this browser cannot do it does not offer, whatever a page would like best.
RTCRtpTransceiver.prototype.setCodecPreferences = function () {};
"""
# The codecs of the pictures that this page sends, and of those that it decodes.
CODECS = """async () => {
  const report = await window.newestConnection.getStats();
  const found = { sent: new Set(), received: new Set() };
  report.forEach((entry) => {
    const codec = report.get(entry.codecId)?.mimeType;
    if (entry.kind === 'video' && entry.framesSent) found.sent.add(codec);
    if (entry.kind === 'video' && entry.framesDecoded) found.received.add(codec);
  });
  return [[...found.sent], [...found.received].sort()];
}"""


@dataclass
class Call:
    """A call of a customer whose phone sends in the codec `sends` and receives in `receives`."""

    sends: str
    receives: str
    customer: Customer
    agent: Agent
    of_customer: Network
    of_agent: Network

    async def flows(self) -> None:
        """Wait until both see, in the right codecs, each by the connection that the page has now."""
        await both_see(self.customer, self.agent)
        assert await self.customer.page.evaluate(CODECS) == [[self.sends], [self.receives]]
        # The agent sees the customer's picture as it was sent, and the own one as the customer receives it.
        sent, seen = await self.agent.page.evaluate(CODECS)
        assert len(sent) == 1
        assert seen == sorted([self.sends, self.receives])
        await self.agent.state("on_call")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def line(launch: Launch) -> AsyncIterator[Line]:
    async with open_line(launch, own_network=True) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session", params=[(VP8, H264), (H264, VP8)], ids=["sends VP8", "sends H.264"])
async def call(request: pytest.FixtureRequest, line: Line) -> AsyncIterator[Call]:
    assert line.network is not None
    async with open_network(line.service.url) as network:
        customer = await line.new_customer(network=network, script=MIX % request.param)
        await customer.begin()
        await line.agent.accept()
        sends, receives = request.param
        yield Call(sends, receives, customer, line.agent, network, line.network)
        await customer.end()
        await line.agent.next_call()


async def test_each_direction_has_its_codec_also_after_a_change_of_network(call: Call) -> None:
    await call.flows()
    before = call.of_customer.connections, call.of_agent.connections

    call.of_customer.cut()
    await call.agent.pill("lost")
    call.of_customer.give_back()
    await call.flows()
    assert call.of_customer.connections > before[0], "a new peer connection"

    call.of_agent.cut()
    await call.customer.pill("other_lost")
    call.of_agent.give_back()
    await call.flows()
    assert call.of_agent.connections > before[1], "and the agent's"
