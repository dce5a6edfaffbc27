"""The people of the media benchmarks: aiortc peers that send stamped pictures, or packets that are ready-made.

Each picture carries its number in squares of 64 pixels, which the blur leaves readable. A sender of ready-made packets
and a receiver that decodes nothing cost little, so that many of them fit beside the process that is measured.
"""

from __future__ import annotations

import asyncio
import fractions
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import aioice.ice
import av
import numpy as np
import numpy.typing as npt
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RTCP_PSFB_PLI, AnyRtcpPacket, RtcpPsfbPacket, RtpPacket
from av.video.codeccontext import VideoCodecContext

from media.assembler import Assembler
from media.decoder import PictureDecoder
from media.packetizer import Vp8Packetizer
from media.rtp_packet import unwrap
from tests.integration.telling_peers import Telling, with_numbers
from video_service.tasks import cancel_and_wait

LOOPBACK: Final = "127.0.0.1"
CLIP: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "signing" / "dev-book.mp4"
WIDTH, HEIGHT, RATE, SQUARE, BITS = 640, 480, 30, 64, 10
VP8_TYPE, RTX_TYPE = 97, 98  # aiortc's own payload types
CLOCK_HZ: Final = 90_000
REPLAY_BPS: Final = 1_000_000

Picture = npt.NDArray[np.uint8]  # yuv420p, (height * 3 / 2, width)


def use_loopback() -> None:
    """Let aiortc's peers be found on loopback, which aioice leaves out."""
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [LOOPBACK]


# The pictures


def base_pictures() -> list[Picture]:
    """Return pictures of a signing person, there and back again, or of a drawn one."""
    if not CLIP.is_file():
        luma = np.full((HEIGHT, WIDTH), 90, np.uint8)
        luma[160:, 220:420] = 180
        luma[60:180, 280:360] = 200
        return [np.vstack([luma, np.full((HEIGHT // 2, WIDTH), 128, np.uint8)])]
    with av.open(str(CLIP)) as clip:
        frames = [frame.reformat(WIDTH, HEIGHT, "yuv420p").to_ndarray() for frame in clip.decode(video=0)]
    return [np.ascontiguousarray(frame, dtype=np.uint8) for frame in (*frames, *frames[::-1])]


def clip_name() -> str:
    return CLIP.name if CLIP.is_file() else "drawn"


def stamped(picture: Picture, number: int) -> Picture:
    marked = picture.copy()
    for bit in range(BITS):
        marked[:SQUARE, bit * SQUARE : (bit + 1) * SQUARE] = 235 if number >> bit & 1 else 16
    return marked


def stamp_of(luma: Picture) -> int:
    middle = SQUARE // 2
    cells = [luma[middle - 8 : middle + 8, b * SQUARE + middle - 8 : b * SQUARE + middle + 8] for b in range(BITS)]
    return sum(1 << bit for bit, cell in enumerate(cells) if cell.mean() > 125)


def encoded(pictures: Sequence[Picture], bitrate_bps: int = REPLAY_BPS) -> list[tuple[bytes, ...]]:
    """Return the payloads of each picture in VP8, as a browser would send them; only the first is a key frame."""
    context = av.CodecContext.create("libvpx", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context.time_base, context.bit_rate, context.gop_size = fractions.Fraction(1, RATE), bitrate_bps, len(pictures)
    context.options = {"deadline": "realtime", "cpu-used": "-6", "lag-in-frames": "0"}
    packetizer, payloads = Vp8Packetizer(), []
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = number, fractions.Fraction(1, RATE)
        payloads.append(packetizer.payloads(b"".join(bytes(packet) for packet in context.encode(frame))))
    return payloads


class Camera(MediaStreamTrack):
    """Sends stamped pictures at a steady rate and notes when."""

    kind = "video"

    def __init__(self, pictures: Sequence[Picture]) -> None:
        super().__init__()
        self.sent: dict[int, float] = {}
        self._pictures = pictures
        self._start: float | None = None
        self._index = 0

    async def recv(self) -> av.VideoFrame:
        now_s = time.perf_counter()
        self._start = now_s if self._start is None else self._start
        number, self._index = self._index, self._index + 1
        marked = stamped(self._pictures[number % len(self._pictures)], number % (1 << BITS))
        await asyncio.sleep(max(0.0, self._start + number / RATE - time.perf_counter()))
        if self.readyState != "live":
            raise MediaStreamError
        frame = av.VideoFrame.from_ndarray(marked, format="yuv420p")
        frame.pts, frame.time_base = number * CLOCK_HZ // RATE, fractions.Fraction(1, CLOCK_HZ)
        self.sent[number] = time.perf_counter()
        return frame


# Who looks


class Receiver(Protocol):
    """Takes the packets of one m-line."""

    async def receive(self, packet: RtpPacket, arrival_time_ms: int) -> None: ...


@dataclass
class Tap:
    """Packets of one m-line with the time of their arrival; nothing is decoded while the clock runs."""

    packets: list[tuple[float, RtpPacket]] = field(default_factory=list)

    async def receive(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        self.packets.append((time.perf_counter(), packet))

    def frames(self, codec: str = "VP8") -> list[tuple[float, int]]:
        """Return arrival and stamp of every whole frame."""
        assembler, decoder = Assembler(codec), PictureDecoder()
        sequence = timestamp = 0
        found = []
        for arrival, packet in self.packets:
            sequence = unwrap(packet.sequence_number, sequence, 16)
            timestamp = unwrap(packet.timestamp, timestamp, 32)
            for frame in assembler.add(sequence, timestamp, bool(packet.marker), packet.payload):
                picture = decoder.decode(frame)
                if picture is not None:
                    found.append((arrival, stamp_of(picture.planes.y)))
        return found


@dataclass
class Count:
    """How many packets and pictures came; nothing is kept."""

    packets: int = 0
    pictures: int = 0

    async def receive(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        self.packets += 1
        self.pictures += packet.marker


class Person:
    """An aiortc peer as a page would be: one camera, some slots, no sound.

    `tells`: it says when each packet came, as browsers do; end it with `close` then.
    """

    def __init__(self, camera: Camera | None, slots: int = 3, *, counts: bool = False, tells: bool = False) -> None:
        configuration = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self.connection = RTCPeerConnection(configuration)
        self.camera = camera
        self.taps = [] if counts else [Tap() for _ in range(slots)]
        self.counts = [Count() for _ in range(slots)] if counts else []
        self.sender = self.connection.addTransceiver(camera or "video", direction="sendonly").sender
        self.lines = [self.connection.addTransceiver("video", direction="recvonly") for _ in range(slots)]
        self._tells = tells
        self._telling: asyncio.Task[None] | None = None

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        offer = str(self.connection.localDescription.sdp)
        return with_numbers(offer) if self._tells else offer

    async def accept(self, sdp: str) -> None:
        receivers: Sequence[Receiver] = self.taps or self.counts
        for line, receiver in zip(self.lines, receivers, strict=True):
            line.receiver._handle_rtp_packet = receiver.receive  # type: ignore[method-assign]
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="answer"))
        if self._tells:
            telling = Telling(self.lines[0].receiver.transport)
            self._telling = asyncio.create_task(telling.run(), name="telling")

    async def close(self) -> None:
        """End the connection."""
        if self._telling is not None:
            await cancel_and_wait((self._telling,))
        await self.connection.close()

    async def connected(self, limit_s: float = 15) -> None:
        """Wait for the connection.

        Raises:
            TimeoutError: it did not come up.
        """
        changed = asyncio.Event()
        self.connection.on("connectionstatechange", changed.set)
        async with asyncio.timeout(limit_s):
            while self.connection.connectionState != "connected":
                await changed.wait()
                changed.clear()

    def use_vp8(self) -> None:
        wanted = [c for c in RTCRtpSender.getCapabilities("video").codecs if c.mimeType in ("video/VP8", "video/rtx")]
        for transceiver in self.connection.getTransceivers():
            transceiver.setCodecPreferences(wanted)


class Replay:
    """Sends ready-made pictures on a person's camera line at the camera's rate, from the first one on when asked.

    `lead_s` shifts the beat, so that several of these do not all send at once. `run` it as a task.
    """

    def __init__(self, person: Person, pictures: Sequence[tuple[bytes, ...]], lead_s: float = 0.0) -> None:
        self.sent = 0
        self._person, self._pictures, self._lead_s = person, pictures, lead_s
        self._next = 0
        person.sender._handle_rtcp_packet = self._hear  # type: ignore[method-assign]

    async def run(self) -> None:
        """Send until cancelled, or until the connection is gone."""
        start_s, sequence = time.perf_counter() + self._lead_s, 1000
        try:
            while True:
                await asyncio.sleep(max(0.0, start_s + self.sent / RATE - time.perf_counter()))
                payloads = self._pictures[self._next]
                self._next = (self._next + 1) % len(self._pictures)
                await self._send(payloads, sequence)
                sequence += len(payloads)
                self.sent += 1
        except ConnectionError:
            return

    async def _send(self, payloads: Sequence[bytes], sequence: int) -> None:
        sender = self._person.sender
        transport = sender.transport
        timestamp = self.sent * CLOCK_HZ // RATE & 0xFFFFFFFF
        for index, payload in enumerate(payloads):
            marker = int(index == len(payloads) - 1)
            packet = RtpPacket(VP8_TYPE, marker, sequence + index & 0xFFFF, timestamp, sender._ssrc, payload)
            packet.extensions.abs_send_time = int(time.time() * (1 << 18)) & 0xFFFFFF
            await transport._send_rtp(packet.serialize(transport._rtp_header_extensions_map))

    async def _hear(self, packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_PLI:
            self._next = 0
