"""Frames come out whole, in order, at their last packet; a loss holds them back until it is mended or skipped."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.assembler import MAX_PACKETS, Assembler, EncodedFrame
from media.depacketize_h264 import START_CODE
from media.negotiation import H264, VP8
from media.packetizer import H264Packetizer, Vp8Packetizer

pytestmark = pytest.mark.unit

FRAME_TICKS = 3000


@dataclass(frozen=True)
class Packet:
    sequence: int
    timestamp: int
    marker: bool
    payload: bytes


class Sender:
    """Makes the packets of numbered frames, as a browser would."""

    def __init__(self, codec: str = VP8, sequence: int = 65_530, size: int = 3000) -> None:
        self.codec, self.sequence, self.size = codec, sequence, size
        self.packetizer = H264Packetizer() if codec == H264 else Vp8Packetizer()
        self.frames = 0

    def data(self, number: int, key: bool) -> bytes:
        body = number.to_bytes(2, "big") + b"\x55" * self.size
        if self.codec == H264:
            head = (
                START_CODE + b"\x67sps" + START_CODE + b"\x68pps" + START_CODE + b"\x65" if key else START_CODE + b"A"
            )
            return head + b"\x11" + body.replace(b"\x00", b"\x07")
        return (b"\x10" if key else b"\x11") + body

    def frame(self, key: bool = False) -> list[Packet]:
        self.frames += 1
        payloads = self.packetizer.payloads(self.data(self.frames, key))
        packets = []
        for index, payload in enumerate(payloads):
            marker = index == len(payloads) - 1
            packets.append(Packet(self.sequence, self.frames * FRAME_TICKS, marker, payload))
            self.sequence += 1
        return packets

    def padding(self) -> Packet:
        self.sequence += 1
        return Packet(self.sequence - 1, self.frames * FRAME_TICKS, False, b"")


def feed(assembler: Assembler, packets: list[Packet]) -> list[EncodedFrame]:
    return [frame for p in packets for frame in assembler.add(p.sequence, p.timestamp, p.marker, p.payload)]


def shown(frames: list[EncodedFrame]) -> list[int]:
    return [frame.timestamp // FRAME_TICKS for frame in frames]


@pytest.mark.parametrize("codec", [VP8, H264])
def test_a_frame_is_out_at_its_marker(codec: str) -> None:
    sender, assembler = Sender(codec), Assembler(codec)
    key, delta = sender.frame(key=True), sender.frame()

    assert feed(assembler, key[:-1]) == []
    assert feed(assembler, key[-1:]) == [EncodedFrame(codec, sender.data(1, True), FRAME_TICKS, True)]
    assert feed(assembler, delta) == [EncodedFrame(codec, sender.data(2, False), 2 * FRAME_TICKS, False)]


@pytest.mark.parametrize("codec", [VP8, H264])
def test_nothing_comes_out_before_a_key_frame(codec: str) -> None:
    sender, assembler = Sender(codec), Assembler(codec)

    assert feed(assembler, sender.frame() + sender.frame()) == []
    assert assembler.waiting_for_key
    assert shown(feed(assembler, sender.frame(key=True) + sender.frame())) == [3, 4]
    assert not assembler.waiting_for_key


@pytest.mark.parametrize("codec", [VP8, H264])
@given(data=st.data())
def test_any_order_gives_the_same_frames(codec: str, data: st.DataObject) -> None:
    sender, assembler = Sender(codec), Assembler(codec)
    packets = sender.frame(key=True)
    for _ in range(4):
        packets += sender.frame()
    head = packets[0]

    shuffled = data.draw(st.permutations(packets[1:]))
    twice = [packet for packet in shuffled for _ in range(data.draw(st.integers(1, 2)))]
    frames = feed(assembler, [head, *twice])

    assert shown(frames) == [1, 2, 3, 4, 5]
    assert [frame.data for frame in frames] == [sender.data(n + 1, n == 0) for n in range(5)]


def test_a_missing_packet_holds_later_frames_back_until_it_comes() -> None:
    sender, assembler = Sender(), Assembler(VP8)
    feed(assembler, sender.frame(key=True))
    broken, behind = sender.frame(), sender.frame()

    assert feed(assembler, broken[:1] + broken[2:] + behind) == []
    assert shown(feed(assembler, broken[1:2])) == [2, 3]


@pytest.mark.parametrize("codec", [VP8, H264])
def test_a_whole_key_frame_behind_a_gap_is_taken_at_once(codec: str) -> None:
    sender, assembler = Sender(codec), Assembler(codec)
    feed(assembler, sender.frame(key=True))
    broken, held, key, after = sender.frame(), sender.frame(), sender.frame(key=True), sender.frame()

    assert feed(assembler, broken[1:] + held) == []
    assert shown(feed(assembler, key)) == [4]
    assert assembler.next_sequence == key[-1].sequence + 1
    assert feed(assembler, broken[:1]) == [], "too late"
    assert shown(feed(assembler, after)) == [5]


def test_a_key_frame_with_a_hole_is_not_taken() -> None:
    sender, assembler = Sender(), Assembler(VP8)
    feed(assembler, sender.frame(key=True))
    sender.frame()
    key = sender.frame(key=True)

    assert feed(assembler, key[:1] + key[2:]) == []
    assert shown(feed(assembler, key[1:2])) == [3]


def test_a_key_frame_whose_first_packet_comes_last_is_taken() -> None:
    sender, assembler = Sender(), Assembler(VP8)
    key = sender.frame(key=True)

    assert shown(feed(assembler, key[::-1])) == [1]


def test_padding_is_passed_over() -> None:
    sender, assembler = Sender(), Assembler(VP8)
    first = sender.frame(key=True)
    padding = [sender.padding(), sender.padding()]

    assert shown(feed(assembler, first + padding + sender.frame())) == [1, 2]


def test_a_sender_without_markers_ends_its_frames_with_the_next_one() -> None:
    sender, assembler = Sender(), Assembler(VP8)
    packets = [
        Packet(p.sequence, p.timestamp, False, p.payload)
        for p in sender.frame(key=True) + sender.frame() + sender.frame()
    ]

    assert shown(feed(assembler, packets)) == [1, 2]


def test_after_a_decoding_error_only_a_key_frame_helps() -> None:
    sender, assembler = Sender(), Assembler(VP8)
    feed(assembler, sender.frame(key=True))

    assembler.wait_for_key()

    assert feed(assembler, sender.frame()) == []
    assert shown(feed(assembler, sender.frame(key=True))) == [3]


def test_a_damaged_payload_drops_the_frame_and_waits_for_a_key_frame() -> None:
    sender, assembler = Sender(H264), Assembler(H264)
    feed(assembler, sender.frame(key=True))
    damaged = Packet(sender.sequence, 2 * FRAME_TICKS, True, b"\x78\xff\xff\x00")
    sender.sequence += 1

    assert feed(assembler, [damaged]) == []
    assert assembler.waiting_for_key


def test_memory_is_bounded_while_a_packet_is_missing() -> None:
    sender, assembler = Sender(size=20), Assembler(VP8)
    feed(assembler, sender.frame(key=True))
    sender.frame()

    for _ in range(2 * MAX_PACKETS):
        feed(assembler, sender.frame())
        assert len(assembler._packets) <= MAX_PACKETS
    assert assembler.waiting_for_key
