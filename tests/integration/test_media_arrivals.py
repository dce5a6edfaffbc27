"""Numbers on every packet of a picture, and feedback on them, between the engine and real aiortc peers.

aiortc does not know transport-wide feedback. Here its offer is made to name it, what comes is read before aiortc does,
and the feedback is written beside it; what browsers write is in `tests/browser/test_arrivals.py`.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from aiortc import RTCDtlsTransport
from aiortc.rtp import RtcpRrPacket

from media.arrivals import Arrival
from media.engine import MediaEngine
from media.leg import Leg
from tests.integration.media_peers import Client, Site, loopback_settings, site, some, two, until
from tests.integration.telling_peers import Telling, feedback, number_of, with_numbers
from tests.media_gate import InvertingStage
from video_service.media_plane import LegRole

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@dataclass
class Wire:
    """All RTP that comes to a client, as it was before aiortc read it, and a way for RTCP back."""

    transport: RTCDtlsTransport
    data: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        inner = self.transport._handle_rtp_data

        async def handle(data: bytes, arrival_time_ms: int) -> None:
            self.data.append(data)
            await inner(data, arrival_time_ms)

        self.transport._handle_rtp_data = handle  # type: ignore[method-assign]

    @property
    def numbers(self) -> list[int]:
        return [number for data in self.data if (number := number_of(data)) is not None]

    async def feed_back(self, body: bytes, before: bytes = b"") -> None:
        await self.transport._send_rtp(before + feedback(body))


@dataclass
class Told:
    """What a leg is told of its packets."""

    leg: Leg
    arrivals: list[Arrival] = field(default_factory=list)

    def __post_init__(self) -> None:
        inner = self.leg._arrived

        def arrived(packets: Sequence[Arrival], now_ms: float) -> None:
            self.arrivals += packets
            inner(packets, now_ms)

        self.leg._arrived = arrived  # type: ignore[method-assign]


@dataclass
class Call:
    place: Site
    agent: Client
    wire: Wire
    told: Told


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def call() -> AsyncIterator[Call]:
    async with site(MediaEngine(loopback_settings(), InvertingStage, worker="w-1")) as place:
        agent = await place.join("agent", LegRole.AGENT, first=1000, codec="video/VP8", change_offer=with_numbers)
        wire = Wire(agent.connection.getTransceivers()[0].receiver.transport)
        told = Told(place.engine._legs["agent"])
        customer = await place.join("customer", LegRole.CUSTOMER, first=2000, codec="video/VP8", pitch_hz=440)
        await place.call("call", customer, agent)
        await some(agent.slots[0])
        await some(agent.slots[1])
        yield Call(place, agent, wire, told)


async def test_packets_of_all_pictures_are_numbered_and_those_of_sound_are_not(call: Call) -> None:
    await until(lambda: call.agent.sound.packets, "sound")
    numbers = call.wire.numbers
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    streams = {data[8:12] for data in call.wire.data if data[0] & 0x10}
    assert streams == {slot.ssrc.to_bytes(4, "big") for slot in call.told.leg.slots[:2]}
    assert len(numbers) == sum(data[0] & 0x10 > 0 for data in call.wire.data)


async def test_feedback_tells_the_leg_which_packets_came_when(call: Call) -> None:
    first = call.wire.numbers[-3]
    call.told.arrivals.clear()
    # Three packets: at once, lost, 2.5 ms later.
    await call.wire.feed_back(struct.pack("!HHL", first, 3, 5 << 8) + b"\xd1\x00" + bytes([8, 10]))
    await until(lambda: len(call.told.arrivals) == 3, "what the feedback says")

    came, lost, later = call.told.arrivals
    assert (came.came_ms, lost.came_ms, later.came_ms) == (5 * 64 + 2, None, 5 * 64 + 4.5)
    now_ms = call.told.leg.now_ms()
    assert 0 < came.sent_ms <= lost.sent_ms <= later.sent_ms <= now_ms
    sizes = {int.from_bytes(data[17:19], "big"): len(data) + 38 for data in call.wire.data if data[0] & 0x10}
    assert [each.line_octets for each in call.told.arrivals] == [sizes[first + place & 0xFFFF] for place in range(3)]


async def test_who_tells_all_along_is_told_of_once(call: Call) -> None:
    call.told.arrivals.clear()
    telling = asyncio.create_task(Telling(call.wire.transport).run(), name="telling")
    await until(lambda: len(call.told.arrivals) > 200, "200 packets")
    telling.cancel()

    numbers = [each.number for each in call.told.arrivals]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    came = [(each.sent_ms, each.came_ms) for each in call.told.arrivals if each.came_ms is not None]
    assert len(came) > 0.9 * len(numbers), "a busy machine may lose some on loopback"
    took_ms = came[-1][1] - came[0][1]
    assert took_ms > 0.25 * (came[-1][0] - came[0][0]), "milliseconds of its clock, but for long pauses"


async def test_malformed_feedback_says_nothing_and_takes_nothing_with_it(call: Call) -> None:
    peer = call.told.leg.peer
    before = peer.malformed
    await call.wire.feed_back(b"")
    await until(lambda: peer.malformed == before + 1, "what was told before is read, too")
    heard_ms = call.told.leg._told_ms
    call.told.arrivals.clear()
    for body in (b"", bytes(8), struct.pack("!HHL", call.wire.numbers[-1], 1, 0) + b"\x60\x01\x00\x00"):
        await call.wire.feed_back(body, before=bytes(RtcpRrPacket(ssrc=1)))
    await until(lambda: peer.malformed == before + 4, "all are read")

    assert call.told.arrivals == []
    assert call.told.leg._told_ms > heard_ms, "the reports before them are"


async def test_who_does_not_offer_it_gets_packets_as_ever_and_is_not_listened_to() -> None:
    async with site(MediaEngine(loopback_settings(), InvertingStage, worker="w-1")) as place:
        customer, agent = await two(place, codec="video/VP8")
        wire = Wire(agent.connection.getTransceivers()[0].receiver.transport)
        told = Told(place.engine._legs["agent"])
        await place.call("call", customer, agent)
        await some(agent.slots[1])
        for body in (struct.pack("!HHL", 1, 1, 0) + b"\x20\x01\x00\x00", bytes(4)):
            await wire.feed_back(body)
        await until(lambda: told.leg.peer.malformed, "both are read")

        assert {data[0] for data in wire.data} == {0x80}
        assert told.arrivals == []
