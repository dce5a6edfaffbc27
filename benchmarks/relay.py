"""What the server costs: delay that it adds, CPU time, and how many calls two cores hold.

    python -m benchmarks.relay [--seconds 10] [--calls 2] [--json]

The measured server runs in a process of its own on uvloop, the people in this one. One run has everything side by side:

- delay: a person's camera to another's screen, directly, forwarded, through a stock aiortc server (decoded and encoded
  again in VP8, no blur), and blurred. A frame counts as there when its last packet is there; the added delay is
  quantile against quantile of the direct connection;
- CPU time of the blurred leg and of the stock server over the same ready-made packets, receivers that decode nothing;
- CPU time of each forwarded packet, at as many packets as a busy worker gets;
- capacity: `--calls` calls at once, each with one blurred and one forwarded leg, over ready-made packets; two cores by
  the CPU seconds that a second of a call takes. All threads count. A busy machine shows fewer than 30 pictures a
  second, so CPU time is counted by the picture, and 30 of them are a second.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import uvloop
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtp import RtpPacket

from benchmarks import _peers as peers
from benchmarks._peers import Camera, Person, Picture, Replay, Tap
from benchmarks._servers import Server, server
from media.packetizer import Vp8Packetizer
from video_service.media_plane import LegRole
from video_service.tasks import cancel_and_wait

WARM_UP_S: Final = 2.5
CORES: Final = 2
LOAD_PACKETS: Final = 20_000
LOAD_PER_S: Final = 2_000
LOAD_PAYLOAD_BYTES: Final = 1100
PACKETS_OF_A_FRAME: Final = 4
LEAST_FRAMES: Final = 20

TARGETS: Final = {
    "forward_added_p95_ms": 5.0,
    "blur_added_p95_ms": 20.0,
    "blur_by_stock_cpu": 2.0,
    "cpu_us_per_packet": 45.0,
    "calls_on_two_cores": 4.0,
}

Usage = dict[str, Any]


# The arithmetic


@dataclass(frozen=True)
class Delays:
    """Milliseconds from a frame's sending to its last packet's arrival."""

    frames: int
    median: float
    p95: float
    p99: float

    @classmethod
    def of(cls, delays_ms: Sequence[float]) -> Delays:
        """Return the quantiles.

        Raises:
            SystemExit: too few frames came through to say anything.
        """
        if len(delays_ms) < LEAST_FRAMES:
            raise SystemExit(f"only {len(delays_ms)} frames came through with a readable stamp")
        cuts = statistics.quantiles(delays_ms, n=100, method="inclusive")
        return cls(len(delays_ms), cuts[49], cuts[94], cuts[98])

    def added_to(self, other: Delays) -> dict[str, float]:
        """Return what these are more than `other`, quantile against quantile."""
        return {name: getattr(self, name) - getattr(other, name) for name in ("median", "p95", "p99")}


def matched_ms(sent: dict[int, float], arrivals: Sequence[tuple[float, int]], warm_up_s: float) -> list[float]:
    """Return the delay of each stamped frame, against the latest frame that carried its stamp; no warm-up."""
    start_s = min(sent.values()) + warm_up_s
    by_stamp = {number % (1 << peers.BITS): at_s for number, at_s in sent.items()}
    return [
        (arrival_s - by_stamp[stamp]) * 1000
        for arrival_s, stamp in arrivals
        if stamp in by_stamp and by_stamp[stamp] >= start_s and 0 <= arrival_s - by_stamp[stamp] < 1
    ]


def cpu_per_picture_s(before: Usage, after: Usage, pictures: int) -> float:
    """Return the CPU seconds between two readings by picture.

    Raises:
        SystemExit: no picture came.
    """
    if pictures <= 0:
        raise SystemExit("no picture came through")
    return float(after["cpu_s"] - before["cpu_s"]) / pictures


def calls_held(cpu_of_a_call: float, cores: int = CORES) -> float:
    """Return how many calls `cores` hold when a second of one takes `cpu_of_a_call` CPU seconds."""
    return cores / cpu_of_a_call


# Delay


async def direct(pictures: Sequence[Picture], seconds: float) -> Delays:
    """One person sends to another with nothing between them."""
    camera, tap = Camera(pictures), Tap()
    sender, receiver = Person(camera, slots=0), RTCPeerConnection(RTCConfiguration(iceServers=[]))
    sender.use_vp8()
    await receiver.setRemoteDescription(RTCSessionDescription(sdp=await sender.offer(), type="offer"))
    receiver.getTransceivers()[0].receiver._handle_rtp_packet = tap.receive  # type: ignore[method-assign]
    await receiver.setLocalDescription(await receiver.createAnswer())
    await sender.accept(receiver.localDescription.sdp)
    await asyncio.sleep(WARM_UP_S + seconds)
    await asyncio.gather(sender.connection.close(), receiver.close())
    return Delays.of(matched_ms(camera.sent, tap.frames(), WARM_UP_S))


@contextlib.asynccontextmanager
async def met(kind: str, agent: Person, customer: Person) -> AsyncIterator[Server]:
    """Have a call of these two through a server of their own."""
    async with server(kind) as found:
        await found.join("agent", LegRole.AGENT, agent)
        await found.join("customer", LegRole.CUSTOMER, customer)
        if kind == "engine":
            await found.call()
        yield found
        await asyncio.gather(agent.close(), customer.close())


async def through(kind: str, role: LegRole, pictures: Sequence[Picture], seconds: float) -> tuple[Delays, Usage]:
    """One person of `role` has a camera; return the delay to the other one, and what the leg says of itself."""
    agent, customer = (Person(Camera(pictures) if role is each else None) for each in (LegRole.AGENT, LegRole.CUSTOMER))
    async with met(kind, agent, customer) as found:
        await asyncio.sleep(WARM_UP_S + seconds)
        legs = (await found.usage())["legs"]
    sender, tap = (agent, customer.taps[0]) if role is LegRole.AGENT else (customer, agent.taps[1])
    assert sender.camera is not None
    delays = Delays.of(matched_ms(sender.camera.sent, tap.frames(), WARM_UP_S))
    return delays, next((leg for leg in legs if leg["leg_id"] == role.value), {})


# CPU time


@contextlib.asynccontextmanager
async def replayed(replays: Sequence[Replay]) -> AsyncIterator[None]:
    """Have ready-made pictures sent meanwhile, from the end of a warm-up on."""
    tasks = [asyncio.create_task(replay.run(), name="replay") for replay in replays]
    try:
        await asyncio.sleep(WARM_UP_S)
        yield
    finally:
        await cancel_and_wait(tasks)


async def replayed_leg(kind: str, payloads: Sequence[tuple[bytes, ...]], seconds: float) -> dict[str, Any]:
    """One person's ready-made pictures through a server to one who counts them."""
    agent, customer = Person(None, counts=True), Person(None, counts=True)
    async with met(kind, agent, customer) as found, replayed([Replay(agent, payloads)]):
        before, came = await found.usage(), customer.counts[0].pictures
        await asyncio.sleep(seconds)
        after, came = await found.usage(), customer.counts[0].pictures - came
    picture_s = cpu_per_picture_s(before, after, came)
    return {
        "pictures_per_s": came / (after["at_s"] - before["at_s"]),
        "cpu_ms_per_picture": picture_s * 1000,
        "cores_at_30": picture_s * peers.RATE,
    }


async def capacity(payloads: Sequence[tuple[bytes, ...]], calls: int, seconds: float) -> dict[str, Any]:
    """Some calls at once, both people of each with a camera: CPU seconds that a second of one takes."""
    people: list[Person] = []
    replays: list[Replay] = []
    async with server() as found:
        for number in range(calls):
            agent, customer = Person(None, counts=True), Person(None, counts=True)
            await found.join(f"agent-{number}", LegRole.AGENT, agent)
            await found.join(f"customer-{number}", LegRole.CUSTOMER, customer)
            await found.call(f"agent-{number}", f"customer-{number}")
            leads_s = ((2 * number + offset) / (2 * calls * peers.RATE) for offset in (0, 1))
            replays += [Replay(who, payloads, lead_s) for who, lead_s in zip((agent, customer), leads_s, strict=True)]
            people += [agent, customer]
        async with replayed(replays):
            before, came = await found.usage(), _seen(people)
            await asyncio.sleep(seconds)
            after, came = await found.usage(), _seen(people) - came
        await asyncio.gather(*(person.connection.close() for person in people))
    call_s = cpu_per_picture_s(before, after, came) * peers.RATE
    return {
        "calls": calls,
        "pictures_per_s_and_call": came / (after["at_s"] - before["at_s"]) / calls,
        "cpu_s_per_call_s": call_s,
        "calls_on_two_cores": calls_held(call_s),
    }


def _seen(people: Sequence[Person]) -> int:
    """Return the blurred pictures that the customers have seen; people come in pairs."""
    return sum(customer.counts[0].pictures for customer in people[1::2])


async def packets() -> dict[str, Any]:
    """Send ready-made packets as fast as a busy worker would get them, and divide the engine's CPU time by them.

    The receiver says when each packet came, as browsers do: to read that is counted, too.
    """
    agent, customer = Person(None, counts=True, tells=True), Person(None, counts=True)
    async with met("engine", agent, customer) as found:
        sender = customer.sender
        packetizer, size = Vp8Packetizer(), LOAD_PAYLOAD_BYTES
        # A key frame first, then frames of four packets.
        payloads = [
            payload
            for number in range(LOAD_PACKETS // PACKETS_OF_A_FRAME)
            for payload in packetizer.payloads(bytes([number > 0]) + bytes(PACKETS_OF_A_FRAME * size - 1))
        ]
        idle = await found.usage()
        await asyncio.sleep(2)
        before = await found.usage()
        start = time.perf_counter()
        for index, payload in enumerate(payloads[:LOAD_PACKETS]):
            frame, place = divmod(index, PACKETS_OF_A_FRAME)
            marker = int(place == PACKETS_OF_A_FRAME - 1)
            packet = RtpPacket(peers.VP8_TYPE, marker, 1000 + index & 0xFFFF, frame * 3000, sender._ssrc, payload)
            packet.extensions.abs_send_time = int(time.time() * (1 << 18)) & 0xFFFFFF
            await sender.transport._send_rtp(packet.serialize(sender.transport._rtp_header_extensions_map))
            if index % 20 == 19:
                await asyncio.sleep(max(0.0, start + index / LOAD_PER_S - time.perf_counter()))
        await asyncio.sleep(0.3)
        after = await found.usage()
        arrived = agent.counts[1].packets
    idle_share = (before["cpu_s"] - idle["cpu_s"]) / (before["at_s"] - idle["at_s"])
    seconds = after["at_s"] - before["at_s"]
    cpu_s = after["cpu_s"] - before["cpu_s"] - idle_share * seconds
    return {
        "packets": arrived,
        "packets_per_s": arrived / seconds,
        "cpu_us_per_packet": cpu_s / max(1, arrived) * 1e6,
        "idle_cpu_share": idle_share,
    }


# All of it


async def run(seconds: float, calls: int) -> dict[str, Any]:
    """Run everything and return the results as plain values."""
    pictures = peers.base_pictures()
    payloads = peers.encoded(pictures)
    plain = await direct(pictures, seconds)
    forward, _ = await through("engine", LegRole.CUSTOMER, pictures, seconds)
    stock, _ = await through("stock", LegRole.AGENT, pictures, seconds)
    blur, leg = await through("engine", LegRole.AGENT, pictures, seconds)
    rows: dict[str, Any] = {"direct": vars(plain)}
    for name, found in (("forward", forward), ("stock transcode", stock), ("blur", blur)):
        rows[name] = vars(found) | {"added": found.added_to(plain)}
    cpu = {
        "blur": await replayed_leg("engine", payloads, seconds),
        "stock transcode": await replayed_leg("stock", payloads, seconds),
    }
    facts = ("blur_ms_mean", "blur_ms_p95", "frames_dropped", "frames_blurred_whole")
    results = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "clip": peers.clip_name(),
        "delay_ms": rows,
        "stage": {name: leg[name] for name in facts},
        "cpu": cpu,
        "load": await packets(),
        "capacity": await capacity(payloads, calls, seconds),
    }
    results["reached"] = reached(results)
    return results


def reached(results: dict[str, Any]) -> dict[str, float]:
    """Return the figures that have a target, by the names of `TARGETS`."""
    rows, cpu = results["delay_ms"], results["cpu"]
    return {
        "forward_added_p95_ms": rows["forward"]["added"]["p95"],
        "blur_added_p95_ms": rows["blur"]["added"]["p95"],
        "blur_by_stock_cpu": cpu["blur"]["cpu_ms_per_picture"] / cpu["stock transcode"]["cpu_ms_per_picture"],
        "cpu_us_per_packet": results["load"]["cpu_us_per_packet"],
        "calls_on_two_cores": results["capacity"]["calls_on_two_cores"],
    }


def table(results: dict[str, Any]) -> str:
    lines = [
        f"{results['machine']}; {peers.WIDTH}x{peers.HEIGHT} at {peers.RATE}/s, VP8, clip {results['clip']}",
        "",
        f"{'delay in ms':<16}{'frames':>8}{'median':>9}{'p95':>9}{'p99':>9}{'+median':>10}{'+p95':>9}{'+p99':>9}",
    ]
    for name, row in results["delay_ms"].items():
        line = f"{name:<16}{row['frames']:>8}{row['median']:>9.1f}{row['p95']:>9.1f}{row['p99']:>9.1f}"
        added = row.get("added", {})
        lines.append(line + "".join(f"{value:>{9 + (key == 'median')}.1f}" for key, value in added.items()))
    stage = results["stage"]
    seen = f"{stage['frames_dropped']} frames dropped, {stage['frames_blurred_whole']} blurred whole"
    lines += [f"blur stage: {stage['blur_ms_mean']:.1f} ms mean, {stage['blur_ms_p95']:.1f} p95; {seen}", ""]
    lines.append(f"{'CPU time':<16}{'pictures/s':>12}{'ms/picture':>12}{'cores at 30/s':>15}")
    for name, row in results["cpu"].items():
        lines.append(
            f"{name:<16}{row['pictures_per_s']:>12.1f}{row['cpu_ms_per_picture']:>12.2f}{row['cores_at_30']:>15.3f}"
        )
    load, held = results["load"], results["capacity"]
    cost = f"{load['cpu_us_per_packet']:.1f} us of CPU a packet at {load['packets_per_s']:.0f}/s"
    lines.append(f"forwarding: {cost} ({load['packets']} packets; idle {load['idle_cpu_share'] * 100:.1f} % of a core)")
    rate = f"{held['pictures_per_s_and_call']:.1f} pictures/s each"
    lines.append(f"{held['calls']} calls at once ({rate}): {held['cpu_s_per_call_s']:.3f} CPU s per call second")
    lines += ["", f"{'target':<26}{'must reach':>12}{'reached':>10}"]
    for name, figure in results["reached"].items():
        sign = ">=" if name == "calls_on_two_cores" else "<="
        lines.append(f"{name:<26}{sign:>5} {TARGETS[name]:>6.1f}{figure:>10.2f}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10, help="measured time of each step, after the warm-up")
    parser.add_argument("--calls", type=int, default=2, help="calls at once, for the capacity")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    options = parser.parse_args()
    peers.use_loopback()
    results = uvloop.run(run(options.seconds, options.calls))
    print(json.dumps(results, indent=2) if options.json else table(results))


if __name__ == "__main__":
    main()
