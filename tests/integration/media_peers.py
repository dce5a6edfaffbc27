"""aiortc clients for the media engine: what a browser does, with every packet open to inspection.

A client offers what a page offers: audio both ways, one camera, three slots. Its camera is a drawn test card whose
frame number can be read back after encoding, its slots record the frames that the engine sent, as bytes and as
pictures.
"""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from unittest import mock

import av
import cv2
import numpy as np
import numpy.typing as npt
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket

from media.engine import MediaEngine
from media.settings import MediaSettings
from video_service.media_plane import CallRoute, LegEvent, LegRequest, LegRole, LegState, MediaEvent

LOOPBACK: Final = "127.0.0.1"
DEADLINE_S: Final = 60.0
WIDTH: Final = 640
HEIGHT: Final = 480
BITS: Final = 16
BIT_SIZE: Final = 32
CARDS: Final = 60  # of one camera, over and over
RTP_TIME_BASE: Final = fractions.Fraction(1, 90_000)


def loopback_settings(**changes: Any) -> MediaSettings:
    """Return settings for this machine alone. A busy one may send nothing for a second: that is no silence here."""
    chosen: dict[str, Any] = {"media_bind": (LOOPBACK,), "media_silence_ms": 30_000}
    return MediaSettings(**(chosen | changes))


@contextlib.contextmanager
def clients_on_loopback() -> Iterator[None]:
    """aioice leaves loopback out; on a machine that has nothing else its clients could not be reached."""
    with mock.patch("aioice.ice.get_host_addresses", return_value=[LOOPBACK]):
        yield


async def until(condition: Callable[[], object], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Wait for a condition; fail with a name when it does not come."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not in time: {what}")
        await asyncio.sleep(0.005)


def card(number: int, width: int = WIDTH, height: int = HEIGHT) -> npt.NDArray[np.uint8]:
    """Draw yuv420p planes, (height * 3 / 2, width): a person-like shape that moves, and `number` in large squares."""
    luma = np.full((height, width), 90, np.uint8)
    luma[:, ::8] = 70
    x = width // 2 + int(width / 8 * np.sin(number / 9))
    luma[height // 4 :, x - width // 8 : x + width // 8] = 180
    luma[height // 8 : height // 3, x - width // 16 : x + width // 16] = 200
    for bit in range(BITS):
        value = 235 if number >> bit & 1 else 16
        luma[height - BIT_SIZE :, bit * BIT_SIZE : (bit + 1) * BIT_SIZE] = value
    chroma = np.full((height // 2, width), 128, np.uint8)
    return np.vstack([luma, chroma])


def read_number(luma: npt.NDArray[np.uint8]) -> int:
    """Read the number of a `card` back."""
    middle = luma.shape[0] - BIT_SIZE // 2
    squares = luma[middle - 4 : middle + 4, : BITS * BIT_SIZE].reshape(8, BITS, BIT_SIZE)
    bright = squares[:, :, 12:20].mean(axis=(0, 2)) > 125
    return sum(1 << bit for bit in range(BITS) if bright[bit])


def as_drawn(luma: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return a picture in the size in which it was drawn: of a busy machine's line the engine thinks less of."""
    if luma.shape == (HEIGHT, WIDTH):
        return luma
    return np.asarray(cv2.resize(luma, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), np.uint8)


class Camera(MediaStreamTrack):
    """Sends cards at a steady rate."""

    kind = "video"

    def __init__(
        self, rate: int = 30, draw: Callable[[int], npt.NDArray[np.uint8]] = card, first: int = 0, cycle: int = CARDS
    ) -> None:
        super().__init__()
        self.sent: dict[int, float] = {}
        self.paused = False
        self._rate = rate
        self._number = first
        self._first = first
        self._drawn = [draw(first + index) for index in range(cycle)]
        self._draw = draw
        self._start: float | None = None
        self._index = 0

    async def recv(self) -> av.VideoFrame:
        loop = asyncio.get_running_loop()
        if self._start is None:
            self._start = loop.time()
        while True:
            wait_s = self._start + self._index / self._rate - loop.time()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            self._index += 1
            if self.readyState != "live":
                raise MediaStreamError
            if not self.paused:
                break
        number = self._first + self._index - 1
        frame = av.VideoFrame.from_ndarray(self._drawn[(self._index - 1) % len(self._drawn)], format="yuv420p")
        frame.pts, frame.time_base = int((self._index - 1) * 90_000 / self._rate), RTP_TIME_BASE
        self.sent[number] = loop.time()
        return frame


class Microphone(MediaStreamTrack):
    """A tone of one pitch: 48 kHz mono, 20 ms at a time."""

    kind = "audio"

    def __init__(self, pitch_hz: int) -> None:
        super().__init__()
        steps = np.arange(960) / 48_000
        self._wave = (np.sin(2 * np.pi * pitch_hz * steps) * 8000).astype(np.int16)[np.newaxis, :]
        self._start: float | None = None
        self._index = 0

    async def recv(self) -> av.AudioFrame:
        loop = asyncio.get_running_loop()
        if self._start is None:
            self._start = loop.time()
        await asyncio.sleep(max(0.0, self._start + self._index * 0.02 - loop.time()))
        if self.readyState != "live":
            raise MediaStreamError
        frame = av.AudioFrame.from_ndarray(self._wave, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, self._index * 960, fractions.Fraction(1, 48_000)
        self._index += 1
        return frame


@dataclass
class Received:
    """What came in on one m-line: packets, and pictures with the time of their arrival."""

    packets: list[RtpPacket] = field(default_factory=list)
    pictures: list[tuple[float, npt.NDArray[np.uint8]]] = field(default_factory=list)
    keep_pixels: bool = True

    def numbers(self, last: int = 0) -> list[int]:
        """Read the numbers of all cards, or of the `last` ones."""
        return [read_number(as_drawn(luma)) for _, luma in self.pictures[-last:]]

    def clear(self) -> None:
        self.packets.clear()
        self.pictures.clear()


def tap(receiver: RTCRtpReceiver, received: Received) -> None:
    """Note every packet that reaches a receiver, as it came."""
    inner = receiver._handle_rtp_packet

    async def handle(packet: RtpPacket, arrival_time_ms: int) -> None:
        received.packets.append(packet)
        await inner(packet, arrival_time_ms=arrival_time_ms)

    receiver._handle_rtp_packet = handle  # type: ignore[method-assign]


class Client:
    """One person's page. Use `join` to make one."""

    def __init__(
        self, leg_id: str, role: LegRole, *, camera: Camera | None, pitch_hz: int, codec: str, slots: int = 3
    ) -> None:
        self.leg_id, self.role, self.camera, self.codec = leg_id, role, camera, codec
        # With its default policy aiortc leaves a second video line on a transport that the answer has closed.
        configuration = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self.connection = RTCPeerConnection(configuration)
        self.slots = [Received() for _ in range(slots)]
        self.sound = Received()
        self._readers: set[asyncio.Task[None]] = set()
        audio = self.connection.addTransceiver(Microphone(pitch_hz) if pitch_hz else "audio", direction="sendrecv")
        video = self.connection.addTransceiver(camera or "video", direction="sendonly" if camera else "inactive")
        lines = [self.connection.addTransceiver("video", direction="recvonly") for _ in range(slots)]
        if codec:
            capabilities = RTCRtpSender.getCapabilities("video").codecs
            wanted = [c for c in capabilities if c.mimeType in (codec, "video/rtx")]
            for line in (video, *lines):
                line.setCodecPreferences(wanted)
        self._lines = [(audio.receiver, self.sound), *zip((line.receiver for line in lines), self.slots, strict=True)]

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def accept(self, answer: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
        for receiver, received in self._lines:
            if receiver.track is not None:
                tap(receiver, received)
                self._readers.add(asyncio.create_task(self._read(receiver.track, received), name="client-read"))

    def request(self, offer: str, *, blur: bool = False) -> LegRequest:
        codecs = (self.codec,) if self.codec else ("video/VP8", "video/H264")
        person = f"person-{self.leg_id}"
        return LegRequest(leg_id=self.leg_id, person=person, role=self.role, codecs=codecs, sdp=offer, blur=blur)

    async def close(self) -> None:
        await self.connection.close()
        for reader in self._readers:
            reader.cancel()
        if self._readers:
            await asyncio.wait(self._readers)

    @staticmethod
    async def _read(track: MediaStreamTrack, received: Received) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if isinstance(frame, av.VideoFrame):
                    plane = frame.planes[0]
                    luma = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
                    kept = luma[: frame.height, : frame.width].copy() if received.keep_pixels else luma[:1, :1].copy()
                    received.pictures.append((loop.time(), kept))


class Site:
    """One engine, its clients, and every event that it told."""

    def __init__(self, engine: MediaEngine) -> None:
        self.engine = engine
        self.told: list[MediaEvent] = []
        self.clients: list[Client] = []
        self._listener = asyncio.create_task(self._listen(), name="site-events")

    async def join(
        self,
        leg_id: str,
        role: LegRole,
        *,
        first: int = 0,
        pitch_hz: int = 0,
        codec: str = "",
        camera: Camera | None = None,
        blur: bool = False,
        change_answer: Callable[[str], str] = lambda answer: answer,
        change_offer: Callable[[str], str] = lambda offer: offer,
        slots: int = 3,
    ) -> Client:
        """Let a person sign in with a camera whose cards count from `first`."""
        camera = camera if camera is not None else Camera(first=first)
        client = Client(leg_id, role, camera=camera, pitch_hz=pitch_hz, codec=codec, slots=slots)
        self.clients.append(client)
        answer = await self.engine.answer_leg(client.request(change_offer(await client.offer()), blur=blur))
        await client.accept(change_answer(answer.sdp))
        await until(lambda: LegState.CONNECTED in self.states(leg_id), f"{leg_id} connected")
        return client

    async def call(self, call_id: str, customer: Client, agent: Client, epoch: int = 1) -> None:
        await self.engine.open_call(
            CallRoute(call_id=call_id, epoch=epoch, customer_leg=customer.leg_id, agent_leg=agent.leg_id)
        )

    def states(self, leg_id: str, call_id: str | None = None) -> list[LegState]:
        return [
            event.state
            for event in self.told
            if isinstance(event, LegEvent) and event.leg_id == leg_id and (call_id is None or event.call_id == call_id)
        ]

    async def close(self) -> None:
        for client in self.clients:
            await client.close()
        await self.engine.close()
        await self._listener

    async def _listen(self) -> None:
        async for event in self.engine.events():
            self.told.append(event)


@contextlib.asynccontextmanager
async def site(engine: MediaEngine) -> AsyncIterator[Site]:
    """Run clients against `engine`, and close everything at the end."""
    with clients_on_loopback():
        place = Site(engine)
        try:
            yield place
        finally:
            await place.close()


def upright(received: Received, last: int = 0) -> list[int]:
    """Numbers on cards that came as they were drawn."""
    return received.numbers(last)


def inverted(received: Received, last: int = 0) -> list[int]:
    """Numbers on cards that went through the inverting stage."""
    return [~number & (1 << BITS) - 1 for number in received.numbers(last)]


def since(numbers: list[int], first: int) -> list[int]:
    """Return the numbers from the first card on that is of the camera whose cards count from `first`.

    Pictures of another camera that were under way inside a client when it was switched may stand before it.
    """
    begin = next((index for index, number in enumerate(numbers) if first <= number < first + CARDS), len(numbers))
    return numbers[begin:]


async def some(received: Received, count: int = 5) -> None:
    await until(lambda: len(received.pictures) >= count, f"{count} pictures")


async def two(place: Site, codec: str = "", pitch: bool = False) -> tuple[Client, Client]:
    agent = await place.join("agent", LegRole.AGENT, first=1000, codec=codec, pitch_hz=440 if pitch else 0)
    customer = await place.join("customer", LegRole.CUSTOMER, first=2000, codec=codec, pitch_hz=880 if pitch else 0)
    return customer, agent


def within(numbers: list[int], first: int) -> bool:
    return bool(numbers) and all(first <= number < first + CARDS for number in numbers)
