"""RTP headers against aiortc's own reader and writer, and counters that must not wrap."""

from __future__ import annotations

import pytest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, wrap_rtx
from aiortc.rtp import RtpPacket as AiortcPacket
from hypothesis import given
from hypothesis import strategies as st

from media.negotiation import ABS_SEND_TIME
from media.rtp_packet import original_of, pack_header, parse_rtp, unwrap

pytestmark = pytest.mark.unit

SEND_TIME_ID = 3


def written(**changes: object) -> AiortcPacket:
    packet = AiortcPacket(
        payload_type=96, marker=1, sequence_number=65535, timestamp=4_000_000_000, ssrc=7, payload=b"picture"
    )
    for name, value in changes.items():
        setattr(packet, name, value)
    return packet


def extension_map() -> HeaderExtensionsMap:
    table = HeaderExtensionsMap()
    extension = RTCRtpHeaderExtensionParameters(id=SEND_TIME_ID, uri=ABS_SEND_TIME)
    mid = RTCRtpHeaderExtensionParameters(id=1, uri="urn:ietf:params:rtp-hdrext:sdes:mid")
    table.configure(RTCRtpParameters(headerExtensions=[extension, mid]))
    return table


def test_a_plain_packet_is_read() -> None:
    packet = parse_rtp(written().serialize())

    assert (packet.payload_type, packet.marker, packet.sequence, packet.timestamp, packet.ssrc) == (
        96,
        True,
        65535,
        4_000_000_000,
        7,
    )
    assert packet.payload == b"picture"
    assert packet.abs_send_time == -1


def test_csrcs_and_padding_are_no_part_of_the_payload() -> None:
    assert parse_rtp(written(csrc=[1, 2, 3]).serialize()).payload == b"picture"
    assert parse_rtp(written(padding_size=9).serialize()).payload == b"picture"
    assert parse_rtp(written(padding_size=9, payload=b"").serialize()).payload == b""


@pytest.mark.parametrize("mid", [None, "0", "a-long-mid"])
def test_the_send_time_is_found_among_other_extensions(mid: str | None) -> None:
    packet = written()
    packet.extensions.abs_send_time = 0xABCDEF
    packet.extensions.mid = mid
    data = packet.serialize(extension_map())

    assert parse_rtp(data, SEND_TIME_ID).abs_send_time == 0xABCDEF
    assert parse_rtp(data, SEND_TIME_ID).payload == b"picture"
    assert parse_rtp(data, SEND_TIME_ID + 1).abs_send_time == -1
    assert parse_rtp(data).abs_send_time == -1


@given(data=st.binary(max_size=80), extension=st.integers(0, 14))
def test_no_bytes_break_the_reader(data: bytes, extension: int) -> None:
    try:
        packet = parse_rtp(data, extension)
    except ValueError:
        return
    assert len(packet.payload) <= len(data) - 12


@given(head=st.integers(0, 255), rest=st.binary(min_size=11, max_size=40))
def test_no_truncation_breaks_the_reader(head: int, rest: bytes) -> None:
    data = bytes([0x80 | head & 0x3F]) + rest
    for end in range(len(data)):
        try:
            parse_rtp(data[:end], SEND_TIME_ID)
        except ValueError:
            continue


@pytest.mark.parametrize("data", [b"", b"\x80" * 11, b"\x40" + bytes(20), b"\xa0" + bytes(10) + b"\xff" * 5])
def test_what_is_not_rtp_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"RTP|header|longer"):
        parse_rtp(data)


def test_what_a_retransmission_carries_is_found() -> None:
    lost = written(sequence_number=500, timestamp=90_000)
    repair = wrap_rtx(lost, payload_type=97, sequence_number=3, ssrc=8)
    found = original_of(parse_rtp(repair.serialize()), payload_type=96, ssrc=7)

    assert found is not None
    assert (found.payload_type, found.sequence, found.timestamp, found.ssrc, found.marker, found.payload) == (
        96,
        500,
        90_000,
        7,
        True,
        b"picture",
    )


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\x00\x01"])
def test_padding_on_the_retransmission_stream_carries_nothing(payload: bytes) -> None:
    assert original_of(parse_rtp(pack_header(0x80, 97, 1, 1, 8) + payload), 96, 7) is None


@given(start=st.integers(0, 1 << 40), step=st.integers(-(1 << 15) + 1, (1 << 15) - 1))
def test_unwrapping_follows_any_step_of_less_than_half_the_range(start: int, step: int) -> None:
    assert unwrap((start + step) & 0xFFFF, start, 16) == start + step


def test_unwrapping_counts_on_over_many_wraps() -> None:
    number = 65_000
    for expected in range(65_001, 300_000, 997):
        number = unwrap(expected & 0xFFFF, number, 16)
        assert number == expected
