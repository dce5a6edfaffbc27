"""What the server costs: added delay of the forwarded and the blurred leg, and CPU time per forwarded packet.

    python -m benchmarks.relay [--seconds 12] [--json]

The engine runs in a process of its own on uvloop, the people are aiortc peers in this one. Each frame carries its
number in squares of 64 pixels, which the blur leaves readable. A frame counts as there when its last packet is there;
the same is measured without a server in the same run, and the added delay is quantile against quantile.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fractions
import json
import math
import os
import platform
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aioice.ice
import av
import msgspec
import numpy as np
import numpy.typing as npt
import uvloop
from aiortc import MediaStreamTrack, RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket

from media.assembler import Assembler
from media.decoder import PictureDecoder
from media.packetizer import Vp8Packetizer
from media.rtp_packet import unwrap
from video_service.media_plane import CallRoute, LegRequest, LegRole

LOOPBACK: Final = "127.0.0.1"
CLIP: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "signing" / "dev-book.mp4"
WIDTH, HEIGHT, RATE, SQUARE, BITS = 640, 480, 30, 64, 10
WARM_UP_S: Final = 2.5
LOAD_PACKETS: Final = 20_000
LOAD_PER_S: Final = 2_000


# The pictures


def base_pictures() -> list[npt.NDArray[np.uint8]]:
    """Return yuv420p pictures of a signing person, or of a drawn one."""
    if not CLIP.is_file():
        luma = np.full((HEIGHT, WIDTH), 90, np.uint8)
        luma[160:, 220:420] = 180
        luma[60:180, 280:360] = 200
        return [np.vstack([luma, np.full((HEIGHT // 2, WIDTH), 128, np.uint8)])]
    with av.open(str(CLIP)) as clip:
        frames = [frame.reformat(WIDTH, HEIGHT, "yuv420p").to_ndarray() for frame in clip.decode(video=0)]
    return [np.ascontiguousarray(frame, dtype=np.uint8) for frame in (*frames, *frames[::-1])]


def stamped(picture: npt.NDArray[np.uint8], number: int) -> npt.NDArray[np.uint8]:
    marked = picture.copy()
    for bit in range(BITS):
        marked[:SQUARE, bit * SQUARE : (bit + 1) * SQUARE] = 235 if number >> bit & 1 else 16
    return marked


def stamp_of(luma: npt.NDArray[np.uint8]) -> int:
    middle = SQUARE // 2
    cells = [luma[middle - 8 : middle + 8, b * SQUARE + middle - 8 : b * SQUARE + middle + 8] for b in range(BITS)]
    return sum(1 << bit for bit, cell in enumerate(cells) if cell.mean() > 125)


class Camera(MediaStreamTrack):
    """Sends stamped pictures at a steady rate and notes when."""

    kind = "video"

    def __init__(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> None:
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
        frame.pts, frame.time_base = number * 90_000 // RATE, fractions.Fraction(1, 90_000)
        self.sent[number] = time.perf_counter()
        return frame


# The people


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


class Person:
    """An aiortc peer as a page would be: one camera, some slots, no sound."""

    def __init__(self, camera: Camera | None, slots: int = 3) -> None:
        configuration = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self.connection = RTCPeerConnection(configuration)
        self.camera = camera
        self.taps = [Tap() for _ in range(slots)]
        self.sender = self.connection.addTransceiver(camera or "video", direction="sendonly").sender
        self.lines = [self.connection.addTransceiver("video", direction="recvonly") for _ in range(slots)]

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return str(self.connection.localDescription.sdp)

    async def accept(self, sdp: str) -> None:
        for line, tap in zip(self.lines, self.taps, strict=True):
            line.receiver._handle_rtp_packet = tap.receive  # type: ignore[method-assign]
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="answer"))

    def use_vp8(self) -> None:
        from aiortc import RTCRtpSender

        wanted = [c for c in RTCRtpSender.getCapabilities("video").codecs if c.mimeType in ("video/VP8", "video/rtx")]
        for transceiver in self.connection.getTransceivers():
            transceiver.setCodecPreferences(wanted)


async def direct(pictures: Sequence[npt.NDArray[np.uint8]], seconds: float) -> tuple[Camera, Tap]:
    """One person sends to another with nothing between them."""
    camera, tap = Camera(pictures), Tap()
    sender, receiver = Person(camera, slots=0), RTCPeerConnection(RTCConfiguration(iceServers=[]))
    sender.use_vp8()
    await receiver.setRemoteDescription(RTCSessionDescription(sdp=await sender.offer(), type="offer"))
    receiver.getTransceivers()[0].receiver._handle_rtp_packet = tap.receive  # type: ignore[method-assign]
    await receiver.setLocalDescription(await receiver.createAnswer())
    await sender.accept(receiver.localDescription.sdp)
    await asyncio.sleep(WARM_UP_S + seconds)
    await sender.connection.close()
    await receiver.close()
    return camera, tap


# The engine, in its own process


class Engine:
    """A child process that carries the legs; one JSON line asks, one answers."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, operation: str, **values: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode({"operation": operation, **values}) + b"\n")
        async with asyncio.timeout(30):
            line = await self._process.stdout.readline()
        return json.loads(line)

    async def join(self, leg_id: str, role: LegRole, person: Person) -> None:
        person.use_vp8()
        request = LegRequest(leg_id=leg_id, person=leg_id, role=role, codecs=("video/VP8",), sdp=await person.offer())
        answer = await self.ask("answer", request=request)
        await person.accept(answer["sdp"])
        connected = asyncio.Event()
        person.connection.on("connectionstatechange", connected.set)
        while person.connection.connectionState != "connected":
            async with asyncio.timeout(10):
                await connected.wait()
            connected.clear()

    async def call(self) -> None:
        await self.ask("open", route=CallRoute(call_id="call", epoch=1, customer_leg="customer", agent_leg="agent"))


@contextlib.asynccontextmanager
async def engine() -> AsyncIterator[Engine]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.relay", "--engine", stdin=pipe, stdout=pipe, limit=1 << 20
    )
    try:
        yield Engine(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(10):
            await process.wait()


async def serve_engine() -> None:
    """Run the engine for the parent process until its standard input ends."""
    import structlog

    from media.engine import MediaEngine
    from media.settings import MediaSettings
    from media.stage import BlurSettings, open_stage

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    settings = MediaSettings(media_bind=(LOOPBACK,))
    made = MediaEngine(settings, lambda: open_stage(BlurSettings(slate_after_ms=math.inf)))
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        asked = json.loads(line)
        answer: Any = {}
        if asked["operation"] == "answer":
            answer = await made.answer_leg(msgspec.convert(asked["request"], LegRequest))
        elif asked["operation"] == "open":
            await made.open_call(msgspec.convert(asked["route"], CallRoute))
        elif asked["operation"] == "usage":
            legs = msgspec.to_builtins(await made.statistics())
            answer = {"cpu_s": time.process_time(), "at_s": time.perf_counter(), "legs": legs}
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()
    await made.close()


# The measurements


@dataclass(frozen=True)
class Delays:
    """Milliseconds from a frame's sending to its last packet's arrival."""

    frames: int
    median: float
    p95: float
    p99: float

    @classmethod
    def of(cls, camera: Camera, tap: Tap) -> Delays:
        """Match stamps to the latest frame that carried them; the warm-up is left out."""
        start = min(camera.sent.values()) + WARM_UP_S
        by_stamp = {number % (1 << BITS): at for number, at in camera.sent.items()}
        delays = [
            (arrival - by_stamp[stamp]) * 1000
            for arrival, stamp in tap.frames()
            if stamp in by_stamp and by_stamp[stamp] >= start and 0 <= arrival - by_stamp[stamp] < 1
        ]
        if len(delays) < 20:
            raise SystemExit(f"only {len(delays)} frames came through with a readable stamp")
        cuts = statistics.quantiles(delays, n=100, method="inclusive")
        return cls(len(delays), cuts[49], cuts[94], cuts[98])


async def forward(pictures: Sequence[npt.NDArray[np.uint8]], seconds: float) -> tuple[Delays, dict[str, Any]]:
    """A customer's picture to an agent who shows none."""
    async with engine() as server:
        agent, customer = Person(None), Person(Camera(pictures))
        await server.join("agent", LegRole.AGENT, agent)
        await server.join("customer", LegRole.CUSTOMER, customer)
        await server.call()
        await asyncio.sleep(WARM_UP_S + seconds)
        assert customer.camera is not None
        delays = Delays.of(customer.camera, await closed(agent, customer, agent.taps[1]))
    return delays, {}


async def blur(pictures: Sequence[npt.NDArray[np.uint8]], seconds: float) -> tuple[Delays, dict[str, Any]]:
    """An agent's picture to a customer who shows none."""
    async with engine() as server:
        agent, customer = Person(Camera(pictures)), Person(None)
        await server.join("agent", LegRole.AGENT, agent)
        await server.join("customer", LegRole.CUSTOMER, customer)
        await server.call()
        await asyncio.sleep(WARM_UP_S)
        before = await server.ask("usage")
        await asyncio.sleep(seconds)
        after = await server.ask("usage")
        leg = next(entry for entry in after["legs"] if entry["leg_id"] == "agent")
        assert agent.camera is not None
        delays = Delays.of(agent.camera, await closed(agent, customer, customer.taps[0]))
    share = (after["cpu_s"] - before["cpu_s"]) / (after["at_s"] - before["at_s"])
    return delays, {
        "engine_cpu_share": share,
        "stage_ms_mean": leg["blur_ms_mean"],
        "stage_ms_p95": leg["blur_ms_p95"],
        "frames_dropped": leg["frames_dropped"],
        "frames_blurred_whole": leg["frames_blurred_whole"],
    }


async def closed(agent: Person, customer: Person, tap: Tap) -> Tap:
    await agent.connection.close()
    await customer.connection.close()
    return tap


async def load() -> dict[str, Any]:
    """Send ready-made packets as fast as a busy worker would get them, and divide the engine's CPU time by them."""
    async with engine() as server:
        agent, customer = Person(None), Person(None)
        await server.join("agent", LegRole.AGENT, agent)
        await server.join("customer", LegRole.CUSTOMER, customer)
        await server.call()
        transport = customer.sender.transport
        packetizer = Vp8Packetizer()
        size = 1100
        # A key frame first, then frames of four packets.
        packets = [
            p for n in range(LOAD_PACKETS // 4) for p in packetizer.payloads(bytes([n > 0]) + bytes(4 * size - 1))
        ]
        idle = await server.ask("usage")
        await asyncio.sleep(2)
        before = await server.ask("usage")
        start = time.perf_counter()
        for index, payload in enumerate(packets[:LOAD_PACKETS]):
            last = index % 4 == 3
            packet = RtpPacket(97, int(last), 1000 + index & 0xFFFF, index // 4 * 3000, 4711, payload)
            packet.extensions.abs_send_time = int(time.time() * (1 << 18)) & 0xFFFFFF
            await transport._send_rtp(packet.serialize(transport._rtp_header_extensions_map))
            if index % 20 == 19:
                await asyncio.sleep(max(0.0, start + index / LOAD_PER_S - time.perf_counter()))
        await asyncio.sleep(0.3)
        after = await server.ask("usage")
        arrived = len(agent.taps[1].packets)
        await closed(agent, customer, agent.taps[1])
    idle_share = (before["cpu_s"] - idle["cpu_s"]) / (before["at_s"] - idle["at_s"])
    seconds = after["at_s"] - before["at_s"]
    cpu_s = after["cpu_s"] - before["cpu_s"] - idle_share * seconds
    return {
        "packets": arrived,
        "packets_per_s": arrived / seconds,
        "cpu_us_per_packet": cpu_s / max(1, arrived) * 1e6,
        "idle_cpu_share": idle_share,
    }


async def run(seconds: float) -> dict[str, Any]:
    """Run everything and return the results as plain values."""
    pictures = base_pictures()
    camera, tap = await direct(pictures, seconds)
    rows: dict[str, Any] = {"direct": vars(Delays.of(camera, tap))}
    facts: dict[str, Any] = {}
    steps: dict[str, Callable[..., Any]] = {"forward": forward, "blur": blur}
    for name, step in steps.items():
        delays, found = await step(pictures, seconds)
        rows[name] = vars(delays)
        facts |= found
    for name in steps:
        rows[name]["added"] = {key: rows[name][key] - rows["direct"][key] for key in ("median", "p95", "p99")}
    facts["load"] = await load()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return {"machine": machine, "clip": CLIP.name if CLIP.is_file() else "drawn", "delay_ms": rows, **facts}


def table(results: dict[str, Any]) -> str:
    lines = [
        f"{results['machine']}; {WIDTH}x{HEIGHT} at {RATE}/s, VP8, clip {results['clip']}",
        "",
        f"{'delay in ms':<12}{'frames':>8}{'median':>9}{'p95':>9}{'p99':>9}{'+median':>10}{'+p95':>9}{'+p99':>9}",
    ]
    for name, row in results["delay_ms"].items():
        added = row.get("added", {})
        line = f"{name:<12}{row['frames']:>8}{row['median']:>9.1f}{row['p95']:>9.1f}{row['p99']:>9.1f}"
        lines.append(line + "".join(f"{value:>{9 + (key == 'median')}.1f}" for key, value in added.items()))
    load_row = results["load"]
    stage = f"blur stage: {results['stage_ms_mean']:.1f} ms mean, {results['stage_ms_p95']:.1f} p95"
    leg = f"whole blurred leg: {results['engine_cpu_share']:.2f} of a core"
    frames = f"{results['frames_dropped']} frames dropped, {results['frames_blurred_whole']} blurred whole"
    cost = f"{load_row['cpu_us_per_packet']:.1f} us CPU per packet at {load_row['packets_per_s']:.0f}/s"
    idle = f"{load_row['packets']} packets; idle {load_row['idle_cpu_share'] * 100:.1f} % of a core"
    lines += ["", f"{stage}; {leg}; {frames}", f"forwarding: {cost} ({idle})"]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=12, help="measured time of each delay, after the warm-up")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--engine", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine:
        uvloop.run(serve_engine())
        return
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [LOOPBACK]  # it leaves loopback out
    results = uvloop.run(run(options.seconds))
    print(json.dumps(results, indent=2) if options.json else table(results))


if __name__ == "__main__":
    main()
