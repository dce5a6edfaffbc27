"""What one person's browser says of the picture that it receives, and what of it reaches the other person's camera.

Real aiortc peers at both ends: a request is sent by the agent's receiver over its own connection, and what the
customer's camera hears is read at its sender. Between them is the engine, which decodes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from aiortc import RTCRtpSender
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    AnyRtcpPacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    pack_remb_fci,
    unpack_remb_fci,
)

from media.depacketize_vp8 import parse_vp8, vp8_starts_key_frame
from media.engine import MediaEngine
from tests.integration.media_peers import Client, Received, Site, loopback_settings, site, some, two, until
from tests.media_gate import InvertingStage
from video_service.media_plane import LegRole

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

DEADLINE_S = 60.0
CAMERA, CUSTOMER_LINE = 1, 3  # m-lines of an offer: the own camera, and slot 1
CARRIED_BPS = 150_000
LEAST_OF_AIORTC_BPS = 250_000


@dataclass
class Heard:
    """What one sender's connection has brought it about its own stream."""

    sender: RTCRtpSender
    packets: list[AnyRtcpPacket] = field(default_factory=list)

    def __post_init__(self) -> None:
        inner = self.sender._handle_rtcp_packet

        async def handle(packet: AnyRtcpPacket) -> None:
            self.packets.append(packet)
            await inner(packet)

        self.sender._handle_rtcp_packet = handle  # type: ignore[method-assign]

    @property
    def key_frame_requests(self) -> list[RtcpPsfbPacket]:
        return [each for each in self._feedback() if each.fmt == RTCP_PSFB_PLI]

    @property
    def estimates_bps(self) -> list[int]:
        return [unpack_remb_fci(each.fci)[0] for each in self._feedback() if each.fmt == RTCP_PSFB_APP]

    def _feedback(self) -> list[RtcpPsfbPacket]:
        return [packet for packet in self.packets if isinstance(packet, RtcpPsfbPacket)]


@dataclass
class Call:
    place: Site
    customer: Client
    agent: Client
    heard: Heard

    @property
    def seen(self) -> Received:
        return self.agent.slots[1]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def call() -> AsyncIterator[Call]:
    async with site(MediaEngine(loopback_settings(), InvertingStage, worker="w-1")) as place:
        customer, agent = await two(place, codec="video/VP8")
        heard = Heard(customer.connection.getTransceivers()[CAMERA].sender)
        await place.call("call", customer, agent)
        await some(agent.slots[1], 10)
        yield Call(place, customer, agent, heard)


def key_frames(received: Received) -> int:
    """Count the frames that need no other."""
    return sum(vp8_starts_key_frame(packet.payload) for packet in received.packets)


async def test_a_request_for_a_key_frame_reaches_the_other_camera_and_is_answered(call: Call) -> None:
    """A key frame that comes by itself meanwhile, as with another bitrate, is one, too: then it is asked for again."""
    line = call.agent.connection.getTransceivers()[CUSTOMER_LINE]
    before, asked = key_frames(call.seen), len(call.heard.key_frame_requests)
    async with asyncio.timeout(DEADLINE_S):
        while len(call.heard.key_frame_requests) == asked:
            await line.receiver._send_rtcp_pli(call.seen.packets[-1].ssrc)
            await some(call.seen, len(call.seen.pictures) + 10)
    await until(lambda: key_frames(call.seen) > before, "the key frame comes to the agent", DEADLINE_S)

    assert call.heard.key_frame_requests[-1].media_ssrc == call.heard.sender._ssrc, "of its own stream, not the agent's"
    counted = {leg.leg_id: leg for leg in await call.place.engine.statistics()}
    assert counted["agent"].plis_received >= 1
    assert counted["customer"].plis_sent >= 1


async def test_a_packet_that_a_receiver_misses_is_sent_again_from_the_history_and_counted(call: Call) -> None:
    line = call.agent.connection.getTransceivers()[CUSTOMER_LINE]
    leg = call.place.engine._legs["agent"]
    await some(call.seen, len(call.seen.pictures) + 5)
    asked, sent = len(call.heard.packets), leg.slots[1].resent
    missed = call.seen.packets[-3]
    await line.receiver._send_rtcp_nack(missed.ssrc, [missed.sequence_number])
    await until(lambda: leg.slots[1].resent > sent, "the packet is sent again", DEADLINE_S)
    counted = leg.statistics()
    assert counted.nacks_received >= 1
    assert counted.packets_resent >= 1
    nacks = [packet for packet in call.heard.packets[asked:] if isinstance(packet, RtcpRtpfbPacket)]
    at_the_camera = (missed.sequence_number - leg.slots[1]._sequence_shift) & 0xFFFF
    assert not any(at_the_camera in packet.lost for packet in nacks), "the history answers, not the camera"


async def test_sender_reports_let_the_receiver_answer_with_the_round_trip(call: Call) -> None:
    outlet = call.place.engine._legs["agent"].slots[1]
    await until(lambda: outlet.round_trip_ms is not None, "a report block that answers a sender report", DEADLINE_S)
    reports = []
    line = call.agent.connection.getTransceivers()[CUSTOMER_LINE]
    inner = line.receiver._handle_rtcp_packet

    async def handle(packet: AnyRtcpPacket) -> None:
        reports.extend([packet] if isinstance(packet, RtcpSrPacket) else [])
        await inner(packet)

    line.receiver._handle_rtcp_packet = handle  # type: ignore[method-assign]

    def sent(index: int) -> int:
        return reports[index].sender_info.packet_count

    await until(lambda: reports and sent(-1) > sent(0), "two sender reports, with packets between them", DEADLINE_S)

    # That their two clocks tell the same time is held in virtual time: here packets come when the machine lets them.
    assert {report.ssrc for report in reports} == {call.seen.packets[-1].ssrc}


async def test_reports_to_a_camera_answer_its_own_and_tell_it_the_round_trip(call: Call) -> None:
    def answered() -> bool:
        reports = [
            block for packet in call.heard.packets if isinstance(packet, RtcpRrPacket) for block in packet.reports
        ]
        return any(block.ssrc == call.heard.sender._ssrc and block.lsr and block.dlsr for block in reports)

    await until(answered, "a report block that answers the camera's sender report", DEADLINE_S)


async def test_what_a_viewers_line_carries_limits_the_other_camera(call: Call) -> None:
    """How much that is, is found by `media.line_ways` and tested there; here it has to reach the camera."""
    outlet = call.place.engine._legs["agent"].slots[1]
    encoder = call.heard.sender._RTCRtpSender__encoder  # type: ignore[attr-defined]
    obeyed = False
    async with asyncio.timeout(DEADLINE_S):
        while not obeyed:
            outlet.ceiling_bps = CARRIED_BPS  # each time: the outlet's own reports take it back
            await some(call.seen, len(call.seen.pictures) + 1)
            told = any(bps <= CARRIED_BPS for bps in call.heard.estimates_bps)
            obeyed = told and encoder.target_bitrate <= LEAST_OF_AIORTC_BPS


async def test_what_a_viewer_says_that_it_can_receive_reaches_the_other_camera_and_the_own_encoder(call: Call) -> None:
    line = call.agent.connection.getTransceivers()[CUSTOMER_LINE]
    leg = call.place.engine._legs["agent"]
    fci = pack_remb_fci(2 * CARRIED_BPS, [slot.ssrc for slot in leg.slots[:2]])
    told, before = False, len(call.heard.estimates_bps)
    async with asyncio.timeout(DEADLINE_S):
        while not told:
            await line.receiver._send_rtcp(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=fci))
            await some(call.seen, len(call.seen.pictures) + 1)
            told = any(bps <= 2 * CARRIED_BPS for bps in call.heard.estimates_bps[before:])

    assert sum(slot.ceiling_bps or 0 for slot in leg.slots[:2]) <= 2 * CARRIED_BPS
    assert leg.slots[0].allowed_bps is not None
    assert leg.slots[0].allowed_bps <= CARRIED_BPS, "the own picture, which is encoded here"


async def test_a_switch_of_the_camera_behind_a_viewer_begins_with_a_key_frame_in_the_same_stream(call: Call) -> None:
    back = await call.place.join("customer-2", LegRole.CUSTOMER, first=3000, codec="video/VP8")
    last = call.seen.packets[-1]
    await call.place.call("call", back, call.agent, epoch=2)
    await until(lambda: any(number >= 3000 for number in call.seen.numbers(last=5)), "the new camera", DEADLINE_S)
    first = call.place.engine._legs["agent"].slots[1]._first & 0xFFFF
    packets = call.seen.packets
    start = next(index for index, packet in enumerate(packets) if packet.sequence_number == first)

    assert vp8_starts_key_frame(packets[start].payload)
    assert packets[start].ssrc == last.ssrc
    assert (packets[start].sequence_number - packets[start - 1].sequence_number) & 0xFFFF == 1
    pictures = [parse_vp8(packet.payload).picture_id for packet in packets[start - 1 : start + 1]]
    assert (pictures[1] - pictures[0]) & 0x7FFF == 1, "identifiers go on, though the new camera counts its own"
    assert 0 < (packets[start].timestamp - packets[start - 1].timestamp) & 0xFFFFFFFF < 90_000 * DEADLINE_S
