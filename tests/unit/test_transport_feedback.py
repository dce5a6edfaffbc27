"""Feedback on every packet, read: by hand from the draft's figures, back from a writer, and from rubbish."""

from __future__ import annotations

import struct
import tracemalloc

import pytest
from aiortc.rtp import (
    RTCP_RTPFB,
    RTCP_RTPFB_NACK,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    pack_rtcp_packet,
)
from hypothesis import given
from hypothesis import strategies as st

from media import rtcp
from media.transport_feedback import FEEDBACK_FORMAT, TransportFeedback, parse_transport_feedback

pytestmark = pytest.mark.unit

SMALL_MOST = 255
LARGE_LEAST, LARGE_MOST = -(1 << 15), (1 << 15) - 1
SSRCS = bytes(8)
Symbols = list[int | None]
"""Of each packet: ticks since the one before that came, None for one that did not."""


def head(first: int, count: int, reference: int = 0, message: int = 0) -> bytes:
    return struct.pack("!HHL", first, count, reference << 8 | message)


def of(*, first: int = 1, count: int, reference: int = 0, rest: bytes) -> TransportFeedback:
    return parse_transport_feedback(head(first, count, reference) + rest)


def size(delta: int | None) -> int:
    """Return the symbol of a packet: how many octets its delta takes."""
    if delta is None:
        return 0
    return 1 if 0 <= delta <= SMALL_MOST else 2


def written(first: int, reference: int, deltas: Symbols, kinds: list[int]) -> bytes:
    """Write a message as the draft has it; `kinds` chooses each chunk, as far as its packets can be in such a one."""
    sizes, chunks, position = [size(delta) for delta in deltas], b"", 0
    while position < len(sizes):
        kind = kinds[position % len(kinds)]
        part = sizes[position : position + 14]
        if kind == 0 and all(symbol < 2 for symbol in part):
            bits = sum(symbol << 13 - place for place, symbol in enumerate(part))
            chunks, position = chunks + struct.pack("!H", 0x8000 | bits), position + 14
        elif kind == 1:
            bits = sum(symbol << 12 - 2 * place for place, symbol in enumerate(part[:7]))
            chunks, position = chunks + struct.pack("!H", 0xC000 | bits), position + 7
        else:
            run = next((n for n, other in enumerate(sizes[position:]) if other != sizes[position]), None)
            length = min(len(sizes) - position if run is None else run, 0x1FFF)
            chunks, position = chunks + struct.pack("!H", sizes[position] << 13 | length), position + length
    times = b"".join(struct.pack("!h" if size(delta) == 2 else "!B", delta) for delta in deltas if delta is not None)
    message = head(first, len(deltas), reference) + chunks + times
    return message + bytes(-len(message) % 4)


# By hand


def test_a_run_of_packets_that_came_close_to_one_another() -> None:
    found = of(first=0xFFFF, count=3, reference=0xABCDEF, rest=b"\x20\x03" + bytes([4, 8, 0]) + bytes(3))

    assert found == TransportFeedback(0xFFFF, 3, 0xABCDEF, ((0, 4), (1, 12), (2, 12)))


def test_a_run_of_packets_that_did_not_come() -> None:
    # Figure 3.1.3, example 1: 0 00 0000011011101, 221 packets.
    assert of(count=221, rest=b"\x00\xdd") == TransportFeedback(1, 221, 0, ())


def test_the_drafts_vectors_of_one_and_of_two_bits() -> None:
    # Section 3.1.4, example 1: 1 0 0 1 1 1 1 1 0 0 0 1 1 1 0 0.
    one = of(count=14, rest=b"\x9f\x1c" + bytes(range(1, 9)))
    assert [offset for offset, _ in one.came] == [1, 2, 3, 4, 5, 9, 10, 11]
    assert [ticks for _, ticks in one.came] == [1, 3, 6, 10, 15, 21, 28, 36]

    # Example 2: 1 1 00 11 01 01 01 00 00 has a symbol that the draft keeps for later; with 10 in its place it is good.
    with pytest.raises(ValueError, match="reserved"):
        of(count=7, rest=b"\xcd\x50" + bytes(8))
    two = of(count=7, rest=b"\xc9\x50" + struct.pack("!hBBB", -3, 1, 2, 3))
    assert two.came == ((1, -3), (2, -2), (3, 0), (4, 3))


def test_large_and_negative_deltas() -> None:
    deltas = struct.pack("!hhh", LARGE_MOST, LARGE_LEAST, -1)

    assert of(count=3, rest=b"\x40\x03" + deltas).came == ((0, LARGE_MOST), (1, -1), (2, -2))


def test_the_last_chunk_may_have_more_places_than_packets_are_left() -> None:
    assert of(count=1, rest=b"\xbf\xff\x05\x00").came == ((0, 5),)
    assert of(count=1, rest=b"\xd7\xff\x05\x00").came == ((0, 5),)
    assert of(count=2, rest=b"\x3f\xff\x05\x06").came == ((0, 5), (1, 11))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        head(1, 1)[:7],
        head(1, 0),
        head(1, 0) + b"\x20\x01\x00\x00",
        head(1, 1),
        head(1, 1) + b"\x20",
        head(1, 20) + b"\x20\x0e" + bytes(14),
        head(1, 2) + b"\x20\x02\x01",
        head(1, 1) + b"\x40\x01\x01",
        head(1, 14) + b"\xbf\xff" + bytes(13),
        head(1, 1) + b"\x20\x01" + bytes(5),
        head(1, 1) + b"\x60\x01" + bytes(3),
        head(1, 1) + b"\x20\x00" + b"\x20\x01\x00",
        head(1, 1) + b"\xf0\x00" + bytes(3),
    ],
    ids=[
        *("nothing", "half a head", "no packet", "no packet, but a chunk", "no chunk", "half a chunk"),
        *("a chunk missing", "a delta missing", "half a delta", "one of 14 missing", "more than padding"),
        *("a run of the reserved symbol", "a run of nothing", "a vector with the reserved symbol"),
    ],
)
def test_what_is_malformed_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"truncated|no packet|nothing|reserved|deltas"):
        parse_transport_feedback(body)


# Any


@given(
    first=st.integers(0, 0xFFFF),
    reference=st.integers(0, (1 << 24) - 1),
    deltas=st.lists(
        st.none() | st.integers(0, SMALL_MOST) | st.integers(LARGE_LEAST, LARGE_MOST), min_size=1, max_size=80
    ),
    kinds=st.lists(st.integers(0, 2), min_size=1, max_size=5),
)
def test_what_a_client_writes_is_read(first: int, reference: int, deltas: Symbols, kinds: list[int]) -> None:
    came, ticks = [], 0
    for offset, delta in enumerate(deltas):
        if delta is not None:
            ticks += delta
            came.append((offset, ticks))

    found = parse_transport_feedback(written(first, reference, deltas, kinds))
    assert found == TransportFeedback(first, len(deltas), reference, tuple(came))


@given(body=st.binary(max_size=64) | st.binary(max_size=200).map(lambda rest: head(1, 60) + rest))
def test_no_bytes_break_the_reader_or_make_more_packets_of_them_than_they_are(body: bytes) -> None:
    try:
        found = parse_transport_feedback(body)
    except ValueError:
        return
    offsets = [offset for offset, _ in found.came]
    assert offsets == sorted(set(offsets))
    assert all(0 <= offset < found.count for offset in offsets)
    assert len(offsets) <= len(body)


@given(
    deltas=st.lists(st.none() | st.integers(-300, 300), min_size=1, max_size=40),
    kinds=st.lists(st.integers(0, 2), min_size=1, max_size=3),
)
def test_no_truncation_breaks_the_reader(deltas: Symbols, kinds: list[int]) -> None:
    whole = written(1, 1, deltas, kinds)
    without_padding = len(whole) - 3
    for end in range(without_padding):
        with pytest.raises(ValueError, match=r"truncated|deltas"):
            parse_transport_feedback(whole[:end])


def test_a_message_of_a_few_octets_that_tells_of_65535_packets_takes_no_room() -> None:
    lost = of(count=0xFFFF, rest=b"\x1f\xff" * 8 + b"\x00\x07")
    assert (lost.count, lost.came) == (0xFFFF, ())

    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="deltas"):
            of(count=0xFFFF, rest=b"\x3f\xff" * 8 + b"\x20\x07")
        assert tracemalloc.get_traced_memory()[1] < 1 << 16
    finally:
        tracemalloc.stop()


# Among other messages


def feedback(body: bytes) -> bytes:
    return pack_rtcp_packet(RTCP_RTPFB, FEEDBACK_FORMAT, SSRCS + body)


def padded(packet: bytes, octets: int) -> bytes:
    words = struct.unpack_from("!H", packet, 2)[0]
    end = bytes(octets - 1) + bytes([octets])
    return bytes([packet[0] | 0x20, packet[1]]) + struct.pack("!H", words + octets // 4) + packet[4:] + end


def test_feedback_is_taken_out_and_the_rest_is_as_it_was() -> None:
    report, nack, key = rtcp.receiver_report(1, []), rtcp.nack(1, 2, [7]), rtcp.picture_loss(1, 2)
    rest, bodies = rtcp.without_transport_feedback(report + feedback(b"abcd") + nack + feedback(b"efgh") + key)

    assert bodies == [b"abcd", b"efgh"]
    assert rest == report + nack + key
    assert [type(packet) for packet in RtcpPacket.parse(rest)] == [RtcpRrPacket, RtcpRtpfbPacket, RtcpPsfbPacket]


def test_without_it_aiortc_would_take_feedback_for_packets_to_be_sent_again() -> None:
    """Why it is taken out before: remove the detour when this fails."""
    (read,) = RtcpPacket.parse(feedback(head(7, 3) + b"\x20\x03\xff\xff"))

    assert isinstance(read, RtcpRtpfbPacket)
    assert read.fmt != RTCP_RTPFB_NACK
    assert read.lost


def test_padding_is_no_part_of_it() -> None:
    assert rtcp.without_transport_feedback(padded(feedback(b"abcd"), 4)) == (b"", [b"abcd"])
    packet = padded(feedback(b"abcd"), 4)
    assert rtcp.without_transport_feedback(packet[:-1] + b"\xff") == (b"", [b""])


def test_feedback_that_is_cut_off_is_left_to_be_refused() -> None:
    cut_off = feedback(b"abcdefgh")[:-4]

    assert rtcp.without_transport_feedback(cut_off) == (cut_off, [])
    with pytest.raises(ValueError, match="truncated"):
        RtcpPacket.parse(cut_off)


@given(parts=st.lists(st.binary(max_size=30) | st.just(feedback(bytes(12))), max_size=6))
def test_no_bytes_break_the_sorting_and_none_get_lost(parts: list[bytes]) -> None:
    data = b"".join(parts)
    rest, bodies = rtcp.without_transport_feedback(data)

    if not bodies:
        assert rest == data
    assert len(rest) + sum(len(body) for body in bodies) <= len(data)


@given(data=st.binary(max_size=60))
def test_what_holds_no_feedback_stays_as_it_was(data: bytes) -> None:
    whole = rtcp.nack(1, 2, [7]) + data

    rest, bodies = rtcp.without_transport_feedback(whole)
    assert bodies or rest == whole
