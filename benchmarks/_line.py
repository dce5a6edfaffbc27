"""A real call between two Chromium processes whose peer connections can be looked into, over a line of any width."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.async_api import Browser, BrowserContext, Page

from benchmarks._browsers import open_browsers
from tests.browser.line import CUSTOMER_CLIP, Line, open_line
from tests.integration.udp_relay import UdpRelay

# Keeps every peer connection of a page, and what its camera has sent, ten times a second.
KEEP: Final = """
window.pcs = [];
window.sent = [];
const Real = window.RTCPeerConnection;
window.RTCPeerConnection = function (configuration) {
  const pc = new Real(configuration);
  window.pcs.push(pc);
  return pc;
};
window.RTCPeerConnection.prototype = Real.prototype;
setInterval(async () => {
  const pc = window.pcs.at(-1);
  if (!pc) return;
  (await pc.getStats()).forEach((entry) => {
    if (entry.type === 'outbound-rtp' && entry.kind === 'video' && entry.packetsSent) {
      window.sent.push([entry.timestamp, entry.bytesSent + entry.headerBytesSent]);
    }
  });
}, 100);
"""
THROUGH: Final = """
const accept = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = async function ({ type, sdp }) {
  return accept.call(this, { type, sdp: await window.throughLine(sdp) });
};
"""
COUNTS: Final = """async (slot) => {
  const pc = window.pcs.at(-1);
  const seen = { at: performance.now(), frames: 0, width: 0, height: 0, freezes: 0, bytes: 0, sent_width: 0,
      sent_height: 0, sent_frames: 0, target: 0 };
  const track = pc.getTransceivers()[2 + slot].receiver.track;
  (await pc.getStats()).forEach((entry) => {
    if (entry.type === 'inbound-rtp' && entry.trackIdentifier === track.id) {
      Object.assign(seen, { frames: entry.framesDecoded ?? 0, width: entry.frameWidth ?? 0,
        height: entry.frameHeight ?? 0, freezes: entry.freezeCount ?? 0, bytes: entry.bytesReceived ?? 0 });
    }
    if (entry.type === 'outbound-rtp' && entry.kind === 'video') {
      Object.assign(seen, { sent_width: entry.frameWidth ?? 0, sent_height: entry.frameHeight ?? 0,
        sent_frames: entry.framesEncoded ?? 0, target: entry.targetBitrate ?? 0 });
    }
  });
  return seen;
}"""


@dataclass
class Lines:
    """The customer's way to the service: one relay for each peer connection, all of them as wide as `narrow` says."""

    bps: int | None = None
    relays: list[UdpRelay] = field(default_factory=list)

    def narrow(self, bps: int | None) -> None:
        """Let each way carry so many bits a second from now on."""
        self.bps = bps
        for relay in self.relays:
            relay.bps = bps

    async def through(self, answer: str) -> str:
        """Lead a connection over a relay of its own."""
        relay = UdpRelay()
        await relay.open()
        relay.bps = self.bps
        self.relays.append(relay)
        return relay.through(answer)

    def close(self) -> None:
        for relay in self.relays:
            relay.close()


@dataclass
class _Opener:
    """Stands before a browser: the pages of its contexts keep their connections, some are led over a line."""

    browser: Browser
    lines: Lines | None

    async def new_context(self, **options: Any) -> BrowserContext:
        opened = await self.browser.new_context(**options)
        await opened.add_init_script(KEEP)
        if self.lines is not None:
            await opened.expose_function("throughLine", self.lines.through)
            await opened.add_init_script(THROUGH)
        return opened


@asynccontextmanager
async def open_call_line(lines: Lines | None = None) -> AsyncIterator[Line]:
    """Open the real service with somebody who takes calls; customers come over `lines` when there are any.

    Raises:
        SystemExit: there is no Chromium.
    """
    async with open_browsers() as launch:

        async def open_one(camera: str, *size: int) -> Any:
            return _Opener(await launch(camera, *size), lines if camera == CUSTOMER_CLIP else None)

        try:
            async with open_line(open_one) as line:
                yield line
        finally:
            if lines is not None:
                lines.close()


async def counts(page: Page, slot: int) -> dict[str, float]:
    """Return what a page has received in a slot and what its camera has sent, since the connection began."""
    found: dict[str, float] = await page.evaluate(COUNTS, slot)
    return found


async def until_sent(page: Page, seconds: float) -> list[tuple[float, float]]:
    """Wait until the camera of the page has sent for so long; return (ms, bytes so far), ten times a second."""
    while True:
        sent: list[tuple[float, float]] = await page.evaluate("window.sent")
        if sent and sent[-1][0] - sent[0][0] >= seconds * 1000:
            return sent
        await asyncio.sleep(0.5)
