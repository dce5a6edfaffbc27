"""RTCP that this side writes, read back by aiortc, and the arithmetic of reception reports."""

from __future__ import annotations

import pytest
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSenderInfo,
    unpack_remb_fci,
)
from hypothesis import given
from hypothesis import strategies as st

from media import rtcp
from media.reception import Reception
from media.sender_clock import SenderClock

pytestmark = pytest.mark.unit


@given(start=st.integers(0, 1 << 20), offsets=st.sets(st.integers(0, 300), min_size=1, max_size=60))
def test_a_nack_names_every_lost_packet_also_across_a_wrap(start: int, offsets: set[int]) -> None:
    lost = [start + offset for offset in offsets]
    packet = RtcpPacket.parse(rtcp.nack(1, 2, lost))[0]

    assert isinstance(packet, RtcpRtpfbPacket)
    assert (packet.fmt, packet.ssrc, packet.media_ssrc) == (RTCP_RTPFB_NACK, 1, 2)
    assert {number & 0xFFFF for number in packet.lost} == {number & 0xFFFF for number in lost}


def test_a_nack_is_of_bounded_size() -> None:
    message = rtcp.nack(1, 2, range(0, 100_000, 20))

    assert len(message) == 12 + 4 * rtcp.MAX_NACK_ITEMS
    assert len(RtcpPacket.parse(message)) == 1


def test_a_request_for_a_key_frame_is_read() -> None:
    packet = RtcpPacket.parse(rtcp.picture_loss(1, 2))[0]

    assert isinstance(packet, RtcpPsfbPacket)
    assert (packet.fmt, packet.media_ssrc) == (RTCP_PSFB_PLI, 2)
    assert rtcp.key_frame_targets(packet) == [2]


def test_a_full_intra_request_names_its_streams_inside() -> None:
    fci = b"".join(ssrc.to_bytes(4, "big") + bytes([7, 0, 0, 0]) for ssrc in (5, 6))

    assert rtcp.key_frame_targets(RtcpPsfbPacket(RTCP_PSFB_FIR, 1, 0, fci)) == [5, 6]
    assert rtcp.key_frame_targets(RtcpPsfbPacket(RTCP_PSFB_FIR, 1, 0, fci[:11])) == [5]
    assert rtcp.key_frame_targets(RtcpPsfbPacket(RTCP_PSFB_APP, 1, 0, fci)) == []


@given(bps=st.integers(0, 50_000_000), ssrcs=st.lists(st.integers(1, 0xFFFFFFFF), min_size=1, max_size=4))
def test_an_estimate_comes_back_within_its_precision(bps: int, ssrcs: list[int]) -> None:
    packet = RtcpPacket.parse(rtcp.bandwidth(1, bps, ssrcs))[0]
    assert isinstance(packet, RtcpPsfbPacket)
    found, named = unpack_remb_fci(packet.fci)

    assert found == pytest.approx(bps, rel=1e-4)
    assert named == ssrcs


@given(fci=st.binary(max_size=24), fmt=st.integers(0, 31))
def test_no_feedback_message_breaks_the_readers(fci: bytes, fmt: int) -> None:
    packet = RtcpPsfbPacket(fmt, 1, 2, fci)

    rtcp.key_frame_targets(packet)


def test_a_receiver_report_carries_its_blocks() -> None:
    reception = Reception(9, 90_000, 100)
    reception.add(100, 0, 0)
    packet = RtcpPacket.parse(rtcp.receiver_report(1, [reception.report(10)]))[0]

    assert isinstance(packet, RtcpRrPacket)
    assert [block.ssrc for block in packet.reports] == [9]


def test_loss_is_counted_from_report_to_report() -> None:
    reception = Reception(9, 90_000, 10)
    for sequence in (10, 11, 13, 14):
        reception.add(sequence, sequence * 3000, sequence * 33.0)
    first = reception.report(1000)
    assert (first.fraction_lost, first.packets_lost, first.highest_sequence) == (256 // 5, 1, 14)

    for sequence in (15, 16):
        reception.add(sequence, sequence * 3000, sequence * 33.0)
    second = reception.report(2000)
    assert (second.fraction_lost, second.packets_lost) == (0, 1)
    assert reception.loss_share == pytest.approx(1 / 7)


def test_sequence_numbers_are_counted_over_the_wrap() -> None:
    reception = Reception(9, 90_000, 65_534)
    numbers = [reception.add(sequence, 0, 0) for sequence in (65_534, 65_535, 1, 0, 2)]

    assert numbers == [65_534, 65_535, 65_537, 65_536, 65_538]
    assert reception.report(0).highest_sequence == 65_538
    assert reception.expected == reception.packets == 5


def test_duplicates_do_not_make_loss_negative_for_the_reader() -> None:
    reception = Reception(9, 90_000, 1)
    for _ in range(5):
        reception.add(1, 0, 0)
    report = reception.report(0)

    assert report.fraction_lost == 0
    assert report.packets_lost == -4
    assert reception.loss_share == 0


def test_jitter_is_that_of_frames_not_of_their_packets() -> None:
    even, uneven = Reception(9, 90_000, 0), Reception(9, 90_000, 0)
    for frame in range(200):
        for packet in range(3):
            sequence = 3 * frame + packet
            even.add(sequence, frame * 3000, frame * 1000 / 30 + packet)
            uneven.add(sequence, frame * 3000, frame * 1000 / 30 + (frame % 2) * 10)

    assert even.report(0).jitter == 0
    assert uneven.report(0).jitter == pytest.approx(900, rel=0.05)


def test_a_report_answers_the_last_sender_report() -> None:
    reception = Reception(9, 90_000, 0)
    assert (reception.report(0).lsr, reception.report(0).dlsr) == (0, 0)
    info = RtcpSenderInfo(ntp_timestamp=0x1122_3344_5566_7788, rtp_timestamp=0, packet_count=0, octet_count=0)
    reception.sender_report(info, SenderClock(), 1000)
    report = reception.report(1500)

    assert report.lsr == 0x3344_5566
    assert report.dlsr == 32_768
