"""What real browsers say of each packet that they get: it comes 5 to 20 times a second, and is about what was sent.

A page has a camera and two slots, as the pages of the service have; the engine runs in this process, so what it sent
and what it was told can be compared. Firefox gathers no address on loopback, so both browsers come by another one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

import pytest
import pytest_asyncio
from aioice.ice import get_host_addresses
from playwright.async_api import Browser, Page, Playwright

from media.arrivals import Arrival
from media.engine import MediaEngine
from media.leg import Leg
from media.negotiation import TRANSPORT_CC
from tests.browser import firefox
from tests.integration.media_peers import loopback_settings, until
from tests.media_gate import InvertingStage
from video_service.media_plane import CallRoute, LegRequest, LegRole

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FLAGS: Final = ("--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream=fps=30")
LIMIT_S: Final = 90.0
LOOKED_MS: Final = 3000.0
LEAST_PER_S, MOST_PER_S = 5.0, 21.0  # at most every 50 ms; timers tremble
OFFER: Final = """async () => {
    const pc = new RTCPeerConnection({iceServers: [], bundlePolicy: 'max-bundle'});
    const media = await navigator.mediaDevices.getUserMedia({video: {width: 640, height: 480}, audio: true});
    pc.addTransceiver(media.getAudioTracks()[0], {direction: 'sendrecv'});
    pc.addTransceiver(media.getVideoTracks()[0], {direction: 'sendonly'});
    for (let slot = 0; slot < 2; slot += 1) pc.addTransceiver('video', {direction: 'recvonly'});
    globalThis.pc = pc;
    await pc.setLocalDescription(await pc.createOffer());
    await new Promise((done) => {
        const look = () => pc.iceGatheringState === 'complete' && done();
        pc.onicegatheringstatechange = look;
        look();
    });
    return pc.localDescription.sdp;
}"""
ACCEPT: Final = "async (sdp) => { await pc.setRemoteDescription({type: 'answer', sdp}); }"
EXTENSIONS_SENT: Final = """() => pc.getSenders().filter(({track}) => track?.kind === 'video')
    .flatMap((sender) => sender.getParameters().headerExtensions.map(({uri}) => uri))"""


class _Blank(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>leg</title>")

    def log_message(self, *_: Any) -> None:
        """It says nothing."""


@dataclass
class Heard:
    """What one leg was told, and when each message came."""

    page: Page
    leg: Leg
    messages_ms: list[float] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)

    def __post_init__(self) -> None:
        inner = self.leg._arrived

        def arrived(packets: Sequence[Arrival], now_ms: float) -> None:
            self.messages_ms.append(now_ms)
            self.arrivals += packets
            inner(packets, now_ms)

        self.leg._arrived = arrived  # type: ignore[method-assign]

    def often_enough(self) -> bool:
        """Whether as many messages came as there should be, in the last seconds."""
        if not self.messages_ms or self.messages_ms[-1] - self.messages_ms[0] < LOOKED_MS:
            return False
        lately = sum(at_ms > self.messages_ms[-1] - LOOKED_MS for at_ms in self.messages_ms)
        return LEAST_PER_S <= lately / LOOKED_MS * 1000 <= MOST_PER_S

    def matches_what_was_sent(self) -> None:
        once = [each for each in self.arrivals if not each.told_lost]
        numbers = [each.number for each in once]
        assert len(set(numbers)) == len(numbers), "each is told once"
        assert min(numbers) >= 1
        came = [(each.sent_ms, each.came_ms) for each in self.arrivals if each.came_ms is not None]
        # A busy machine may lose some on loopback, too.
        assert len(came) > 0.9 * max(numbers)
        sent_octets = sum(slot.line_octets for slot in self.leg.slots)
        assert 0.8 * sent_octets < sum(each.line_octets for each in once) <= sent_octets
        took_ms = came[-1][1] - came[0][1], came[-1][0] - came[0][0]
        assert took_ms[0] == pytest.approx(took_ms[1], rel=0.25), "both clocks count milliseconds"
        assert self.leg.peer.malformed == 0


@dataclass
class Place:
    engine: MediaEngine
    url: str

    async def join(self, browser: Browser, leg_id: str, role: LegRole) -> Heard:
        page = await (await browser.new_context()).new_page()
        await page.goto(self.url)
        offer = await page.evaluate(OFFER)
        answer = await self.engine.answer_leg(
            LegRequest(leg_id=leg_id, person=leg_id, role=role, codecs=("video/VP8",), sdp=offer)
        )
        heard = Heard(page, self.engine._legs[leg_id])
        await page.evaluate(ACCEPT, answer.sdp)
        await until(lambda: heard.leg.peer.is_up, f"{leg_id} connected", LIMIT_S)
        return heard


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browsers(
    playwright: Playwright, chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, Browser]]:
    if firefox.program() is None:
        pytest.skip(firefox.MISSING)
    chrome = await playwright.chromium.launch(executable_path=chromium, headless=True, args=list(FLAGS))
    async with firefox.launch(playwright, tmp_path_factory.mktemp("firefox")) as fox:
        yield {"chromium": chrome, "firefox": fox}
    await chrome.close()


@pytest_asyncio.fixture(loop_scope="session")
async def place() -> AsyncIterator[Place]:
    addresses = [each for each in get_host_addresses(True, False) if not ipaddress.ip_address(each).is_loopback]
    if not addresses:
        pytest.skip("Firefox has no way to a machine that has nothing but loopback")
    pages = ThreadingHTTPServer(("127.0.0.1", 0), _Blank)
    Thread(target=pages.serve_forever, daemon=True).start()
    engine = MediaEngine(loopback_settings(media_bind=(addresses[0],)), InvertingStage)
    yield Place(engine, f"http://127.0.0.1:{pages.server_address[1]}/")
    await engine.close()
    pages.shutdown()
    pages.server_close()


@pytest.mark.parametrize(("of_agent", "of_customer"), [("firefox", "chromium"), ("chromium", "firefox")])
async def test_browsers_tell_when_each_packet_of_a_picture_came(
    place: Place, browsers: dict[str, Browser], of_agent: str, of_customer: str
) -> None:
    agent = await place.join(browsers[of_agent], "agent", LegRole.AGENT)
    customer = await place.join(browsers[of_customer], "customer", LegRole.CUSTOMER)
    await place.engine.open_call(CallRoute(call_id="call", epoch=1, customer_leg="customer", agent_leg="agent"))

    await until(lambda: agent.often_enough() and customer.often_enough(), "feedback often enough", LIMIT_S)
    await until(lambda: {each.encoded for each in agent.arrivals} == {True, False}, "of both pictures", LIMIT_S)
    assert all(each.encoded for each in customer.arrivals)
    for heard in (agent, customer):
        heard.matches_what_was_sent()
        assert TRANSPORT_CC not in await heard.page.evaluate(EXTENSIONS_SENT), "the camera's packets have no number"
