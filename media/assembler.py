"""Packets in, whole encoded frames out, each as soon as its last packet is there.

A frame ends at the RTP marker, not at the first packet of the next frame: that is one frame interval (33 ms) less
delay. A lost packet holds everything behind it back until it comes, or until a later key frame is whole: a decoder is
never given a frame whose references are missing.

Source: RFC 7741, section 4.1 and RFC 6184, section 5.1 (marker on the last packet of a frame).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from media.depacketize_h264 import depacketize_h264, h264_has_key_slice, h264_starts_key_frame
from media.depacketize_vp8 import depacketize_vp8, vp8_starts_key_frame
from media.negotiation import H264

MAX_PACKETS: Final = 1024
MAX_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One frame as the client sent it: VP8, or H.264 as a byte stream. `timestamp` counts 1/90000 s, unwrapped."""

    codec: str
    data: bytes
    timestamp: int
    key: bool


class _Stored(NamedTuple):
    timestamp: int
    marker: bool
    payload: bytes


class Assembler:
    """Puts the frames of one stream of one codec together. Sequence numbers and time stamps are unwrapped."""

    def __init__(self, codec: str) -> None:
        self.codec = codec
        self._is_h264 = codec == H264
        self._starts_key_frame = h264_starts_key_frame if self._is_h264 else vp8_starts_key_frame
        self._depacketize = depacketize_h264 if self._is_h264 else depacketize_vp8
        self._packets: dict[int, _Stored] = {}
        self._bytes = 0
        self._key_starts: list[int] = []
        self._next: int | None = None
        self._scanned = 0

    @property
    def waiting_for_key(self) -> bool:
        """Whether nothing comes out before a key frame is whole."""
        return self._next is None

    @property
    def next_sequence(self) -> int | None:
        """The first packet that is not yet part of a frame; packets before it are of no use any more."""
        return self._next

    def wait_for_key(self) -> None:
        """Forget what is buffered: the decoder lost its references."""
        self._packets.clear()
        self._key_starts.clear()
        self._bytes = 0
        self._next = None

    def add(self, sequence: int, timestamp: int, marker: bool, payload: bytes) -> list[EncodedFrame]:
        """Take one packet and return the frames that it completes, in order."""
        if (self._next is not None and sequence < self._next) or sequence in self._packets:
            return []
        self._packets[sequence] = _Stored(timestamp, marker, payload)
        self._bytes += len(payload)
        if self._starts_key_frame(payload):
            self._key_starts.append(sequence)
        frames = self._in_order() if self._next is not None else []
        if not frames and self._key_starts:
            frames = self._from_key_frame()
        if len(self._packets) > MAX_PACKETS or self._bytes > MAX_BYTES:
            self.wait_for_key()
        return frames

    def _in_order(self) -> list[EncodedFrame]:
        frames: list[EncodedFrame] = []
        while self._next is not None:
            end = self._frame_end(self._next, max(self._scanned, self._next))
            if end is None:
                break
            frame = self._take(self._next, end)
            if frame is not None:
                frames.append(frame)
        return frames

    def _from_key_frame(self) -> list[EncodedFrame]:
        """Skip what is missing when a key frame behind the gap is whole."""
        for start in sorted(self._key_starts):
            end = self._frame_end(start, start)
            if end is None:
                continue
            for sequence in [number for number in self._packets if number < start]:
                self._bytes -= len(self._packets.pop(sequence).payload)
            self._key_starts = [number for number in self._key_starts if number >= start]
            self._next, self._scanned = start, start
            return self._in_order()
        return []

    def _frame_end(self, start: int, position: int) -> int | None:
        """Return the last packet of the frame that begins at `start`, None while one is missing."""
        first = self._packets.get(start)
        while first is not None and (stored := self._packets.get(position)) is not None:
            if stored.timestamp != first.timestamp:
                return position - 1  # a sender without markers
            if stored.marker:
                return position
            position += 1
        if start == self._next:
            self._scanned = position
        return None

    def _take(self, start: int, end: int) -> EncodedFrame | None:
        stored = [self._packets.pop(sequence) for sequence in range(start, end + 1)]
        self._bytes -= sum(len(packet.payload) for packet in stored)
        self._next = self._scanned = end + 1
        self._key_starts = [number for number in self._key_starts if number > end]
        payloads = [packet.payload for packet in stored if packet.payload]
        if not payloads:
            return None  # padding
        try:
            data = b"".join(self._depacketize(payload) for payload in payloads)
        except ValueError:
            self.wait_for_key()
            return None
        key = self._starts_key_frame(payloads[0]) or (self._is_h264 and any(map(h264_has_key_slice, payloads)))
        return EncodedFrame(self.codec, data, stored[0].timestamp, key)
