"""Cutting encoded pictures into payloads and putting them together again, for both codecs."""

from __future__ import annotations

import pytest
from aiortc.codecs.h264 import H264Encoder, h264_depayload
from aiortc.codecs.vpx import VpxPayloadDescriptor, vp8_depayload
from hypothesis import given
from hypothesis import strategies as st

from media.depacketize_h264 import (
    START_CODE,
    depacketize_h264,
    h264_has_key_slice,
    h264_starts_key_frame,
    nal_types,
)
from media.depacketize_vp8 import (
    NO_VALUE,
    depacketize_vp8,
    parse_vp8,
    vp8_starts_frame,
    vp8_starts_key_frame,
    with_identifiers,
)
from media.packetizer import MAX_PAYLOAD_BYTES, H264Packetizer, Vp8Packetizer, split_nal_units

pytestmark = pytest.mark.unit

SPS, PPS, SEI, IDR, SLICE = b"\x67sps", b"\x68pps", b"\x06sei", b"\x65", b"\x41"
KEY, DELTA = b"\x10\x02\x00", b"\x11\x02\x00"


def stream(*units: bytes) -> bytes:
    return b"".join(START_CODE + unit for unit in units)


units = st.builds(
    lambda head, body: bytes([head]) + body + b"\x80",  # a NAL unit ends in a set bit
    st.sampled_from([0x67, 0x68, 0x65, 0x41, 0x06]),
    st.binary(max_size=4000).map(lambda body: body.replace(b"\x00", b"\x01")),
)


@given(frame=st.binary(min_size=1, max_size=9000))
def test_vp8_comes_back_as_it_was(frame: bytes) -> None:
    payloads = Vp8Packetizer().payloads(frame)

    assert b"".join(map(depacketize_vp8, payloads)) == frame
    assert b"".join(map(vp8_depayload, payloads)) == frame
    assert all(len(payload) <= MAX_PAYLOAD_BYTES for payload in payloads)
    assert [vp8_starts_frame(payload) for payload in payloads] == [True] + [False] * (len(payloads) - 1)


def test_every_vp8_frame_has_the_next_picture_id_and_wraps_at_15_bits() -> None:
    packetizer = Vp8Packetizer()
    first = parse_vp8(packetizer.payloads(b"frame")[0]).picture_id
    later = [parse_vp8(packetizer.payloads(b"frame")[0]).picture_id for _ in range(1 << 15)]

    assert later[:2] == [(first + 1) & 0x7FFF, (first + 2) & 0x7FFF]
    assert later[-1] == first


def test_vp8_parts_are_of_even_size() -> None:
    sizes = [len(payload) for payload in Vp8Packetizer().payloads(bytes(MAX_PAYLOAD_BYTES * 2 + 7))]

    assert len(sizes) == 3
    assert max(sizes) - min(sizes) <= 4


@given(
    picture_id=st.none() | st.integers(0, 0x7FFF),
    tl0=st.none() | st.integers(0, 255),
    tid=st.none() | st.tuples(st.integers(0, 3), st.integers(0, 1)),
    keyidx=st.none() | st.integers(0, 31),
    starts=st.integers(0, 1),
    partition=st.integers(0, 7),
    body=st.binary(max_size=20),
)
def test_vp8_descriptors_are_read_as_aiortc_writes_them(
    picture_id: int | None,
    tl0: int | None,
    tid: tuple[int, int] | None,
    keyidx: int | None,
    starts: int,
    partition: int,
    body: bytes,
) -> None:
    theirs = VpxPayloadDescriptor(starts, partition, picture_id=picture_id, tl0picidx=tl0, tid=tid, keyidx=keyidx)
    head = bytes(theirs)
    ours = parse_vp8(head + body)

    assert ours.length == len(head)
    assert ours.starts_frame == (starts == 1 and partition == 0) == vp8_starts_frame(head + body)
    assert ours.picture_id == (NO_VALUE if picture_id is None else picture_id)
    assert ours.tl0_index == (NO_VALUE if tl0 is None else tl0)


@given(
    picture_id=st.integers(0, 0x7FFF),
    tl0=st.integers(0, 255),
    other=st.integers(0, 1 << 20),
    other_tl0=st.integers(0, 1 << 20),
)
def test_identifiers_become_others_and_nothing_else_changes(
    picture_id: int, tl0: int, other: int, other_tl0: int
) -> None:
    payload = bytes(VpxPayloadDescriptor(1, 0, picture_id=picture_id, tl0picidx=tl0, tid=(1, 0))) + b"frame"
    named = with_identifiers(payload, parse_vp8(payload), other, other_tl0)

    assert parse_vp8(named).picture_id == other & 0x7FFF
    assert parse_vp8(named).tl0_index == other_tl0 & 0xFF
    assert depacketize_vp8(named) == b"frame"
    assert with_identifiers(named, parse_vp8(named), picture_id, tl0) == payload


def test_a_seven_bit_picture_id_gets_the_room_for_a_longer_one() -> None:
    payload = b"\x90\xe0\x7e\x09\x20" + b"frame"

    assert parse_vp8(payload).picture_id == 126
    assert with_identifiers(payload, parse_vp8(payload), 300, 10) == b"\x90\xe0\x81\x2c\x0a\x20" + b"frame"


def test_a_descriptor_without_identifiers_is_left_alone() -> None:
    for payload in (b"\x10frame", b"\x90\x20\x20frame"):
        assert with_identifiers(payload, parse_vp8(payload), 5, 5) == payload


@given(payload=st.binary(max_size=8))
def test_no_bytes_break_the_vp8_readers(payload: bytes) -> None:
    vp8_starts_key_frame(payload)
    try:
        assert 1 <= parse_vp8(payload).length <= len(payload)
    except ValueError:
        assert len(payload) < 6


def test_vp8_key_frames_are_told_by_their_first_bit() -> None:
    assert vp8_starts_key_frame(b"\x90\x80\x81\x23" + KEY)
    assert not vp8_starts_key_frame(b"\x90\x80\x81\x23" + DELTA)
    assert not vp8_starts_key_frame(b"\x80\x80\x81\x23" + KEY), "not the first packet of its frame"
    assert not vp8_starts_key_frame(b"\x91\x80\x81\x23" + KEY), "a later partition"


@given(found=st.lists(units, min_size=1, max_size=6))
def test_h264_comes_back_as_it_was(found: list[bytes]) -> None:
    payloads = H264Packetizer().payloads(stream(*found))

    assert b"".join(map(depacketize_h264, payloads)) == stream(*found)
    assert b"".join(map(h264_depayload, payloads)) == stream(*found)
    assert all(len(payload) <= MAX_PAYLOAD_BYTES for payload in payloads)


@given(found=st.lists(units, min_size=1, max_size=6))
def test_h264_that_aiortc_cut_is_put_together(found: list[bytes]) -> None:
    payloads = H264Encoder._packetize(iter(found))

    assert b"".join(map(depacketize_h264, payloads)) == stream(*found)


def test_nal_units_are_found_behind_short_and_long_start_codes() -> None:
    assert list(split_nal_units(b"\x00\x00\x00\x01" + SPS + b"\x00\x00\x01" + PPS + b"\x00\x00\x00\x01" + IDR)) == [
        SPS,
        PPS,
        IDR,
    ]
    assert list(split_nal_units(b"no start code")) == []


def test_parameter_sets_travel_together() -> None:
    payloads = H264Packetizer().payloads(stream(SPS, PPS, SEI, IDR + bytes(3000)))

    assert nal_types(payloads[0]) == (7, 8, 6)
    assert nal_types(payloads[1]) == (5,)
    assert nal_types(payloads[2]) == ()


@pytest.mark.parametrize(
    ("found", "starts", "has_slice"),
    [
        ((SPS, PPS, IDR), True, True),
        ((SEI, SPS, PPS), True, False),
        ((b"\x09\xf0", SPS, PPS), True, False),
        ((IDR + b"x",), False, True),
        ((SLICE + b"x",), False, False),
        ((PPS, SPS), False, False),
    ],
)
def test_h264_key_frames_begin_with_a_parameter_set(found: tuple[bytes, ...], starts: bool, has_slice: bool) -> None:
    payload = H264Packetizer().payloads(stream(*found))[0]

    assert h264_starts_key_frame(payload) is starts
    assert h264_has_key_slice(payload) is has_slice


@given(payload=st.binary(max_size=12))
def test_no_bytes_break_the_h264_readers(payload: bytes) -> None:
    h264_starts_key_frame(payload)
    h264_has_key_slice(payload)
    try:
        depacketize_h264(payload)
    except ValueError:
        return


@pytest.mark.parametrize("payload", [b"", b"\x67", b"\x19\x00", b"\x78\x00\x09ab", b"\x78\x00\x00", b"\x1d\x00\x00"])
def test_damaged_h264_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"NAL|truncated"):
        depacketize_h264(payload)
