"""An encoded picture cut into RTP payloads.

Source: RFC 7741, section 4.2 (VP8 descriptor); RFC 6184, sections 5.6, 5.7.1 and 5.8 (H.264).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Final

from media.depacketize_h264 import NAL_FU_A, NAL_STAP_A

MAX_PAYLOAD_BYTES: Final = 1180  # with RTP, SRTP, TURN and IPv6 headers this stays under 1,280 bytes
_VP8_DESCRIPTOR_BYTES: Final = 4


class Vp8Packetizer:
    """Cuts VP8 frames; each gets the next 15-bit picture id."""

    def __init__(self) -> None:
        self._picture_id = secrets.randbits(14)

    def payloads(self, frame: bytes) -> tuple[bytes, ...]:
        self._picture_id = (self._picture_id + 1) & 0x7FFF
        identifier = bytes([0x80, 0x80 | self._picture_id >> 8, self._picture_id & 0xFF])
        size = MAX_PAYLOAD_BYTES - _VP8_DESCRIPTOR_BYTES
        count = max(1, -(-len(frame) // size))
        # Equal parts: one tiny last packet costs as much as a full one.
        step = max(1, -(-len(frame) // count))
        return tuple(
            (b"\x90" if at == 0 else b"\x80") + identifier + frame[at : at + step] for at in range(0, len(frame), step)
        )


class H264Packetizer:
    """Cuts H.264 byte streams (Annex B): small NAL units together, large ones in fragments."""

    def payloads(self, frame: bytes) -> tuple[bytes, ...]:
        found: list[bytes] = []
        small: list[bytes] = []
        for unit in split_nal_units(frame):
            if sum(len(other) + 2 for other in small) + len(unit) + 3 > MAX_PAYLOAD_BYTES:
                found += _aggregate(small)
                small = []
            if len(unit) > MAX_PAYLOAD_BYTES - 3:
                found += _fragments(unit)
            else:
                small.append(unit)
        return tuple(found + _aggregate(small))


def split_nal_units(stream: bytes) -> Iterator[bytes]:
    """Yield the NAL units of a byte stream. Source: ITU-T H.264, annex B."""
    start = stream.find(b"\x00\x00\x01")
    while start >= 0:
        start += 3
        following = stream.find(b"\x00\x00\x01", start)
        end = len(stream) if following < 0 else following
        unit = stream[start:end].rstrip(b"\x00") if following >= 0 else stream[start:end]
        if unit:
            yield unit
        start = following


def _aggregate(units: list[bytes]) -> list[bytes]:
    if len(units) < 2:
        return units
    importance = max(unit[0] & 0x60 for unit in units)
    parts = b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)
    return [bytes([importance | NAL_STAP_A]) + parts]


def _fragments(unit: bytes) -> Iterator[bytes]:
    head, body = unit[0], unit[1:]
    size = MAX_PAYLOAD_BYTES - 2
    step = -(-len(body) // -(-len(body) // size))
    for at in range(0, len(body), step):
        flags = (0x80 if at == 0 else 0) | (0x40 if at + step >= len(body) else 0)
        yield bytes([head & 0xE0 | NAL_FU_A, flags | head & 0x1F]) + body[at : at + step]
