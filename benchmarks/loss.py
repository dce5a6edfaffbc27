"""What a bad network does to a call: how soon the picture moves again after a loss, how fluent it stays under many.

    python -m benchmarks.loss [--round-trip 80] [--losses 6] [--seconds 20] [--without-stock] [--json]

A relay stands between one sender and the server. First it loses one packet together with everything that is sent again
for it, and the time runs until the other person has the next picture; the same is done to two aiortc peers with
nothing between them ("stock"). Then it loses 5 % of the packets and of the feedback, both ways. The engine runs in a
process of its own. A picture counts when its last packet is there and all that it refers to came before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import av
import numpy as np
import uvloop
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket

from benchmarks import _peers as peers
from benchmarks._servers import Server, server
from tests.integration.udp_relay import Datagram, UdpRelay, nothing, random_loss
from video_service.media_plane import LegRole

ROLES: Final = (LegRole.AGENT, LegRole.CUSTOMER)
LOSS_SHARE: Final = 0.05
WARM_UP_S: Final = 2.5
BETWEEN_LOSSES_S: Final = 2.5
NOTHING_AGAIN_S: Final = 1.5  # for so long nothing of the lost packet comes through
STOCK_LOSSES: Final = 2
STOCK_PATIENCE_S: Final = 9.0
WINDOW_S: Final = 1.0
WINDOW_STEP_S: Final = 0.25

Arrival = tuple[float, int]  # when a picture was whole, and the number that it carries


@dataclass
class OneForGood:
    """Loses one packet of a picture, and whatever is sent again for it, when told; notes when that was."""

    at_s: list[float] = field(default_factory=list)
    quiet_s: float = NOTHING_AGAIN_S
    _armed: bool = False
    _sequence: int | None = None

    def arm(self) -> None:
        self._armed, self._sequence = True, None

    def __call__(self, datagram: Datagram) -> bool:
        packet = datagram.packet
        if packet is None or not datagram.to_engine:
            return False
        now_s = time.perf_counter()
        if self._armed and packet.payload_type == peers.VP8_TYPE:
            self._armed, self._sequence = False, packet.sequence
            self.at_s.append(now_s)
            return True
        again = packet.payload_type == peers.RTX_TYPE or packet.sequence == self._sequence
        return again and bool(self.at_s) and now_s - self.at_s[-1] < self.quiet_s


# What was seen


def moves_again_ms(camera: peers.Camera, arrivals: Sequence[Arrival], lost_at_s: Sequence[float]) -> list[float]:
    """Return, for each loss, the milliseconds until a picture came that was taken after the one that was hit."""
    found = []
    for lost_s in lost_at_s:
        hit = max((number for number, at_s in camera.sent.items() if at_s <= lost_s), default=0)
        later = [at_s for at_s, number in arrivals if at_s > lost_s and is_after(number, hit)]
        found.append((later[0] - lost_s) * 1000 if later else float("inf"))
    return found


def is_after(stamp: int, number: int) -> bool:
    """Tell whether a stamp (a number's lowest bits) is that of a later picture than `number`."""
    half = 1 << (peers.BITS - 1)
    return 0 < (stamp - number) % (2 * half) < half


def fluency(arrivals: Sequence[Arrival], start_s: float, end_s: float) -> dict[str, float]:
    """Return pictures a second (median and 5 % quantile over windows of a second) and the longest freeze."""
    times = np.array([at_s for at_s, _ in arrivals if start_s <= at_s < end_s])
    starts = np.arange(start_s, end_s - WINDOW_S, WINDOW_STEP_S)
    rates = [int(np.count_nonzero((times >= at_s) & (times < at_s + WINDOW_S))) for at_s in starts]
    edges = np.concatenate([[start_s], times, [end_s]])
    gaps_ms = np.diff(edges) * 1000
    return {
        "fps_p50": float(np.median(rates)),
        "fps_p5": float(np.quantile(rates, 0.05)),
        "longest_freeze_ms": float(gaps_ms.max()),
        "freezes_over_200_ms": int(np.count_nonzero(gaps_ms > 200)),
    }


# The paths


@dataclass
class Path:
    """Two people in a call, the sender behind the relay."""

    camera: peers.Camera
    tap: peers.Tap
    sender_leg: str
    server: Server

    async def counts(self) -> dict[str, Any]:
        legs = (await self.server.usage())["legs"]
        found: dict[str, Any] = next(leg for leg in legs if leg["leg_id"] == self.sender_leg)
        return found


@dataclass
class Seen(peers.Tap):
    """Notes a packet and lets aiortc's receiver have it, which reports on it: so the server learns the round trip."""

    decode: Callable[..., Any] = field(kw_only=True)

    async def receive(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        await super().receive(packet, arrival_time_ms)
        await self.decode(packet, arrival_time_ms=arrival_time_ms)


async def join(
    found: Server, role: LegRole, person: peers.Person, change: Callable[[str], str] = str
) -> list[asyncio.Task[None]]:
    """Let a person in and return who looks at the pictures; `change` may lead the connection over the relay."""
    person.taps = [Seen(decode=line.receiver._handle_rtp_packet) for line in person.lines]
    await found.join(role.value, role, person, change)
    return [asyncio.create_task(read(line.receiver, []), name="person-reads") for line in person.lines]


async def over_relay(
    role: LegRole,
    pictures: Sequence[peers.Picture],
    round_trip_ms: float,
    measure: Callable[[Path, UdpRelay], Any],
) -> Any:
    """Have a call in which only the person of `role` has a camera, and a bad way to the server; then measure."""
    relay = UdpRelay()
    await relay.open()
    try:
        relay.delay_ms = round_trip_ms / 2
        async with server() as found:
            readers: list[asyncio.Task[None]] = []
            people = {each: peers.Person(peers.Camera(pictures) if each is role else None) for each in ROLES}
            for each, person in people.items():
                readers += await join(found, each, person, relay.through if each is role else str)
            await found.call()
            agent, customer = people[LegRole.AGENT], people[LegRole.CUSTOMER]
            tap = customer.taps[0] if role is LegRole.AGENT else agent.taps[1]
            camera = people[role].camera
            assert camera is not None
            await asyncio.sleep(WARM_UP_S)
            measured = await measure(Path(camera, tap, role.value, found), relay)
            await asyncio.gather(agent.connection.close(), customer.connection.close())
            await asyncio.wait(readers)
        return measured
    finally:
        relay.close()


async def one_for_good(path: Path, relay: UdpRelay, losses: int) -> dict[str, Any]:
    """Lose one packet for good, again and again."""
    relay.lose = lose = OneForGood()
    before = await path.counts()
    for _ in range(losses):
        lose.arm()
        await asyncio.sleep(BETWEEN_LOSSES_S)
    after = await path.counts()
    return summary(moves_again_ms(path.camera, path.tap.frames(), lose.at_s)) | {
        "key_frames_asked": after["plis_sent"] - before["plis_sent"]
    }


async def many(path: Path, relay: UdpRelay, seconds: float) -> dict[str, Any]:
    """Lose a share of everything, both ways."""
    before = await path.counts()
    relay.lose, start_s = random_loss(LOSS_SHARE), time.perf_counter()
    lost, passed = relay.lost, relay.passed
    await asyncio.sleep(seconds)
    lost, passed, end_s = relay.lost - lost, relay.passed - passed, time.perf_counter()
    after = await path.counts()
    return fluency(path.tap.frames(), start_s, end_s) | {
        "lost_share": lost / (lost + passed),
        "packets_per_frame": (after["packets_in"] - before["packets_in"])
        / max(1, after["frames_in"] - before["frames_in"]),
        "key_frames_asked": after["plis_sent"] - before["plis_sent"],
        "asked_again": after["nacks_sent"] - before["nacks_sent"],
        "server_round_trip_ms": after["round_trip_ms"],
    }


async def stock(pictures: Sequence[peers.Picture], round_trip_ms: float) -> dict[str, Any]:
    """Have one aiortc peer send to another over the relay, with aiortc's own receiver."""
    relay = UdpRelay()
    await relay.open()
    relay.delay_ms = round_trip_ms / 2
    camera = peers.Camera(pictures)
    sender, receiver = peers.Person(camera, slots=0), RTCPeerConnection(RTCConfiguration(iceServers=[]))
    sender.use_vp8()
    offer = RTCSessionDescription(sdp=relay.back(await sender.offer()), type="offer")
    await receiver.setRemoteDescription(offer)
    await receiver.setLocalDescription(await receiver.createAnswer())
    await sender.accept(relay.through(receiver.localDescription.sdp))
    arrivals: list[Arrival] = []
    reading = asyncio.create_task(read(receiver.getReceivers()[0], arrivals), name="stock-read")
    try:
        await asyncio.sleep(WARM_UP_S)
        relay.lose = lose = OneForGood(quiet_s=STOCK_PATIENCE_S)
        for _ in range(STOCK_LOSSES):
            lose.arm()
            await asyncio.sleep(STOCK_PATIENCE_S)
        relay.lose = nothing
    finally:
        await sender.connection.close()
        await receiver.close()
        await asyncio.wait([reading])
        relay.close()
    return summary(moves_again_ms(camera, arrivals, lose.at_s))


async def read(receiver: RTCRtpReceiver, arrivals: list[Arrival]) -> None:
    """Take every picture as a page would, until the end, and note what is stamped on it."""
    while True:
        try:
            frame = await receiver.track.recv()
        except MediaStreamError:
            return
        assert isinstance(frame, av.VideoFrame)
        luma = np.ascontiguousarray(frame.to_ndarray(format="yuv420p")[: peers.HEIGHT], dtype=np.uint8)
        arrivals.append((time.perf_counter(), peers.stamp_of(luma)))


def summary(times_ms: Sequence[float]) -> dict[str, Any]:
    return {
        "losses": len(times_ms),
        "median_ms": statistics.median(times_ms),
        "max_ms": max(times_ms),
    }


# All of it


async def run(round_trip_ms: float, losses: int, seconds: float, with_stock: bool) -> dict[str, Any]:
    """Run everything and return the results as plain values."""
    pictures = peers.base_pictures()
    roles = {"blurred": LegRole.AGENT, "forwarded": LegRole.CUSTOMER}
    lost_for_good: dict[str, Any] = {}
    for name, role in roles.items():
        for delay_ms in (0.0, round_trip_ms):
            found = await over_relay(role, pictures, delay_ms, lambda path, relay: one_for_good(path, relay, losses))
            lost_for_good[f"{name}, {delay_ms:.0f} ms"] = found | {"target_ms": 300 + delay_ms}
    if with_stock:
        lost_for_good[f"stock aiortc, {round_trip_ms:.0f} ms"] = await stock(pictures, round_trip_ms)
    lossy = {
        name: await over_relay(role, pictures, round_trip_ms, lambda path, relay: many(path, relay, seconds))
        for name, role in roles.items()
    }
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return {
        "machine": machine,
        "clip": peers.clip_name(),
        "round_trip_ms": round_trip_ms,
        "lost_for_good": lost_for_good,
        "loss_of_5_percent": lossy,
    }


def table(results: dict[str, Any]) -> str:
    lines = [
        f"{results['machine']}; {peers.WIDTH}x{peers.HEIGHT} at {peers.RATE}/s, VP8, clip {results['clip']}",
        "",
        f"{'one packet lost for good':<28}{'losses':>8}{'median ms':>11}{'max ms':>9}{'target':>9}",
    ]
    for name, row in results["lost_for_good"].items():
        target = f"{row['target_ms']:>9.0f}" if "target_ms" in row else ""
        lines.append(f"{name:<28}{row['losses']:>8}{row['median_ms']:>11.0f}{row['max_ms']:>9.0f}{target}")
    title = f"5 % lost, {results['round_trip_ms']:.0f} ms"
    lines += ["", f"{title:<28}{'fps p50':>8}{'fps p5':>11}{'freeze':>9}{'PLI':>6}{'NACK':>6}{'packets/frame':>15}"]
    for name, row in results["loss_of_5_percent"].items():
        lines.append(
            f"{name:<28}{row['fps_p50']:>8.0f}{row['fps_p5']:>11.0f}{row['longest_freeze_ms']:>9.0f}"
            f"{row['key_frames_asked']:>6}{row['asked_again']:>6}{row['packets_per_frame']:>15.1f}"
        )
    lines.append("targets: fps p5 >= 20, longest freeze <= 500 ms")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--round-trip", type=float, default=80, help="milliseconds that the relay adds there and back")
    parser.add_argument("--losses", type=int, default=6, help="packets lost for good on each path")
    parser.add_argument("--seconds", type=float, default=20, help="measured time under 5 %% loss, each path")
    parser.add_argument("--without-stock", action="store_true", help="leave aiortc's own receiver out")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    options = parser.parse_args()
    peers.use_loopback()
    found = uvloop.run(run(options.round_trip, options.losses, options.seconds, not options.without_stock))
    print(json.dumps(found, indent=2) if options.json else table(found))


if __name__ == "__main__":
    main()
