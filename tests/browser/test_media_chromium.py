"""The media engine against real Chromium: both roles, both codecs, hidden candidates, a tab that is gone.

Pages are blank and the fake camera draws a moving test picture, so the agent's picture goes out covered or as a card:
what is measured here is the way of the pictures, not the mask.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from playwright.async_api import Browser, Page, Route, async_playwright

from media.engine import MediaEngine
from media.settings import MediaSettings
from tests.integration.media_peers import loopback_settings, until
from tests.media_gate import InvertingStage
from video_service.media_plane import CallRoute, LegEvent, LegRequest, LegRole, LegState, MediaEvent

pytestmark = pytest.mark.browser

FLAGS: Final = (
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream=fps=30",
    # Without it a machine that has nothing but loopback offers no candidate; elsewhere it changes nothing.
    "--allow-loopback-in-peer-connection",
)
ADDRESS: Final = "http://127.0.0.1:1/"  # a secure context; every request is answered by the test itself
MEASURED_S: Final = 2.0
LIMIT_S: Final = 50.0
# A busy machine stands still for longer than the service takes for silence; where that is to come, it is waited for.
PATIENT_SILENCE_MS: Final = 5_000

OFFER: Final = """async ([codec, camera]) => {
    const pc = new RTCPeerConnection({iceServers: [], bundlePolicy: 'max-bundle'});
    const media = camera ? await navigator.mediaDevices.getUserMedia(
        {video: {width: 640, height: 480, frameRate: 30}, audio: true}) : null;
    pc.addTransceiver(media ? media.getAudioTracks()[0] : 'audio', {direction: media ? 'sendrecv' : 'recvonly'});
    const lines = [pc.addTransceiver(media ? media.getVideoTracks()[0] : 'video',
        {direction: media ? 'sendonly' : 'inactive'})];
    for (let slot = 0; slot < 3; slot += 1) lines.push(pc.addTransceiver('video', {direction: 'recvonly'}));
    if (codec) {
        const wanted = RTCRtpReceiver.getCapabilities('video').codecs
            .filter((entry) => entry.mimeType === codec || entry.mimeType === 'video/rtx');
        lines.forEach((line) => line.setCodecPreferences(wanted));
    }
    const rendered = lines.slice(1).map((line) => {
        const video = document.createElement('video');
        Object.assign(video, {muted: true, autoplay: true, playsInline: true, width: 320});
        video.srcObject = new MediaStream([line.receiver.track]);
        document.body.append(video);
        const counter = {frames: 0, width: 0};
        const count = (_now, frame) => {
            counter.frames += 1;
            counter.width = frame.width;
            video.requestVideoFrameCallback(count);
        };
        video.requestVideoFrameCallback(count);
        return counter;
    });
    globalThis.leg = {pc, rendered};
    await pc.setLocalDescription(await pc.createOffer());
    return pc.localDescription.sdp;
}"""
ACCEPT: Final = "async (sdp) => { await leg.pc.setRemoteDescription({type: 'answer', sdp}); }"
COUNTS: Final = """async () => {
    const counts = {decoded: {}, codecs: {}, freezes: 0, sent: 0, width: 0, state: leg.pc.connectionState,
        rendered: leg.rendered.map((counter) => counter.frames), at: performance.now()};
    const report = await leg.pc.getStats();
    report.forEach((entry) => {
        if (entry.type === 'inbound-rtp' && entry.kind === 'video' && entry.framesDecoded) {
            counts.decoded[entry.mid] = entry.framesDecoded;
            counts.codecs[entry.mid] = report.get(entry.codecId).mimeType;
            counts.freezes += entry.freezeCount;
            counts.width = entry.frameWidth;
        }
        if (entry.type === 'outbound-rtp' && entry.kind === 'video') counts.sent = entry.framesSent;
    });
    return counts;
}"""
SLOT_MIDS: Final = ("2", "3", "4")
LEAST_FPS: Final = 4.0


@dataclass
class Site:
    """An engine, a browser, and what the engine told."""

    engine: MediaEngine
    browser: Browser
    told: list[MediaEvent]

    async def page(self) -> Page:
        page = await (await self.browser.new_context()).new_page()
        await page.route("**/*", _blank)
        await page.goto(ADDRESS)
        return page

    async def join(self, leg_id: str, role: LegRole, *, codec: str = "", camera: bool = True) -> Page:
        page = await self.page()
        offer = await page.evaluate(OFFER, [codec, camera])
        codecs = (codec,) if codec else ("video/VP8", "video/H264")
        answer = await self.engine.answer_leg(
            LegRequest(leg_id=leg_id, person=leg_id, role=role, codecs=codecs, sdp=offer)
        )
        await page.evaluate(ACCEPT, answer.sdp)
        await until(lambda: LegState.CONNECTED in self.states(leg_id), f"{leg_id} connected", LIMIT_S)
        return page

    def states(self, leg_id: str) -> list[LegState]:
        return [event.state for event in self.told if isinstance(event, LegEvent) and event.leg_id == leg_id]


async def _blank(route: Route) -> None:
    await route.fulfill(body="<!doctype html><title>leg</title><body></body>", content_type="text/html")


@pytest.fixture
async def place(chromium: str, request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    silence_ms = getattr(request, "param", PATIENT_SILENCE_MS)
    engine = MediaEngine(loopback_settings(media_silence_ms=silence_ms), InvertingStage)
    told: list[MediaEvent] = []

    async def listen() -> None:
        async for event in engine.events():
            told.append(event)

    listener = asyncio.create_task(listen())
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS), timeout=90_000)
        yield Site(engine, browser, told)
        await browser.close()
    await engine.close()
    await listener


async def frames_in(page: Page, slot: int) -> int:
    counts = await page.evaluate(COUNTS)
    return int(counts["decoded"].get(SLOT_MIDS[slot], 0))


async def shows(page: Page, slot: int, frames: int = 10) -> None:
    """Wait until a slot has decoded some frames."""
    loop = asyncio.get_running_loop()
    end = loop.time() + LIMIT_S
    while await frames_in(page, slot) < frames:
        assert loop.time() < end, f"slot {slot} shows nothing"
        await asyncio.sleep(0.05)


async def rates(page: Page) -> dict[str, Any]:
    """Measure frames per second, decoded and rendered, for every slot."""
    first = await page.evaluate(COUNTS)
    await asyncio.sleep(MEASURED_S)
    last = await page.evaluate(COUNTS)
    seconds = (last["at"] - first["at"]) / 1000
    measured: dict[str, Any] = last | {
        "sent": (last["sent"] - first["sent"]) / seconds,
        "decoded": {mid: (last["decoded"][mid] - first["decoded"].get(mid, 0)) / seconds for mid in last["decoded"]},
        "rendered": [
            (after - before) / seconds for before, after in zip(first["rendered"], last["rendered"], strict=True)
        ],
    }
    return measured


@pytest.mark.parametrize("codec", ["video/VP8", "video/H264"])
async def test_a_call_is_seen_both_ways_in_each_codec(place: Site, codec: str) -> None:
    agent = await place.join("agent", LegRole.AGENT, codec=codec)
    await shows(agent, 0)
    customer = await place.join("customer", LegRole.CUSTOMER, codec=codec)
    await place.engine.open_call(CallRoute(call_id="call", epoch=1, customer_leg="customer", agent_leg="agent"))
    await shows(customer, 0)
    await shows(agent, 1)
    end_s = time.monotonic() + LIMIT_S
    while True:
        seen_by_agent, seen_by_customer = await asyncio.gather(rates(agent), rates(customer))
        assert set(seen_by_agent["decoded"]) == {"2", "3"}
        assert set(seen_by_customer["decoded"]) == {"2"}
        for seen in (seen_by_agent, seen_by_customer):
            assert set(seen["codecs"].values()) == {codec}
            assert seen["state"] == "connected"
        # How many a second is for the benchmarks to say: a busy machine has slower cameras and drops frames, and for a
        # while its browser makes the camera's pictures smaller.
        slowest = min(
            *seen_by_agent["decoded"].values(), *seen_by_customer["decoded"].values(), seen_by_customer["rendered"][0]
        )
        if slowest > LEAST_FPS and seen_by_agent["width"] == seen_by_customer["width"] == 640:
            break
        assert time.monotonic() < end_s, f"agent {seen_by_agent}, customer {seen_by_customer}"
    assert LegState.SILENT not in place.states("agent") + place.states("customer")


@pytest.mark.parametrize("place", [MediaSettings().media_silence_ms], indirect=True, ids=["soon-silent"])
async def test_a_page_without_a_camera_hides_its_addresses_and_is_reached_all_the_same(place: Site) -> None:
    agent = await place.join("agent", LegRole.AGENT)
    watcher = await place.join("watcher", LegRole.CUSTOMER, camera=False)
    await place.engine.open_call(CallRoute(call_id="call", epoch=1, customer_leg="watcher", agent_leg="agent"))
    await shows(watcher, 0)

    assert await frames_in(agent, 1) == 0
    assert LegState.SILENT not in place.states("watcher"), "who has nothing to send is not silent"


async def test_a_customer_who_comes_back_from_another_page_sees_and_is_seen(place: Site) -> None:
    agent = await place.join("agent", LegRole.AGENT)
    first = await place.join("customer", LegRole.CUSTOMER)
    await place.engine.open_call(CallRoute(call_id="call", epoch=1, customer_leg="customer", agent_leg="agent"))
    await shows(first, 0)
    await shows(agent, 1)
    await first.close()
    await until(
        lambda: bool({LegState.SILENT, LegState.CLOSED} & set(place.states("customer"))), "it is missed", LIMIT_S
    )
    back = await place.join("customer-2", LegRole.CUSTOMER)
    await place.engine.open_call(CallRoute(call_id="call", epoch=2, customer_leg="customer-2", agent_leg="agent"))
    before = await frames_in(agent, 1)
    await shows(back, 0)
    await shows(agent, 1, before + 10)

    assert LegState.SILENT not in place.states("agent")
