"""VP8 payloads of RTP packets: descriptor, picture identifiers, key frames.

Source: RFC 7741, sections 4.2 (descriptor), 4.3 (payload header) and 4.5 (picture identifiers).
"""

from __future__ import annotations

from dataclasses import dataclass

NO_VALUE = -1


@dataclass(frozen=True, slots=True)
class Vp8Descriptor:
    """`length` is the descriptor's size in bytes; `picture_id` and `tl0_index` are -1 where absent.

    `wide` tells a 15-bit picture id from a 7-bit one; `tl0_at` is where the TL0PICIDX byte stands.
    """

    length: int
    starts_frame: bool
    picture_id: int = NO_VALUE
    wide: bool = False
    tl0_index: int = NO_VALUE
    tl0_at: int = 0


def parse_vp8(payload: bytes) -> Vp8Descriptor:
    """Read the descriptor.

    Raises:
        ValueError: the payload is truncated.
    """
    try:
        first = payload[0]
        starts = first & 0x10 != 0 and first & 0x07 == 0
        if not first & 0x80:
            return Vp8Descriptor(1, starts)
        flags, at = payload[1], 2
        picture_id, wide, tl0_index, tl0_at = NO_VALUE, False, NO_VALUE, 0
        if flags & 0x80:
            picture_id, wide = payload[at], payload[at] & 0x80 != 0
            if wide:
                picture_id = (picture_id & 0x7F) << 8 | payload[at + 1]
            at += 2 if wide else 1
        if flags & 0x40:
            tl0_index, tl0_at = payload[at], at
            at += 1
        if flags & 0x30:
            at += 1
    except IndexError:
        raise ValueError("truncated VP8 descriptor") from None
    if at > len(payload):
        raise ValueError("truncated VP8 descriptor")
    return Vp8Descriptor(at, starts, picture_id, wide, tl0_index, tl0_at)


def vp8_starts_frame(payload: bytes) -> bool:
    """Tell whether this is a frame's first packet, without reading the whole descriptor."""
    return bool(payload) and payload[0] & 0x17 == 0x10


def vp8_starts_key_frame(payload: bytes) -> bool:
    """Tell whether this is the first packet of a key frame: first partition, inverse key frame flag clear."""
    if not vp8_starts_frame(payload):
        return False
    try:
        length = parse_vp8(payload).length
    except ValueError:
        return False
    return len(payload) > length and payload[length] & 0x01 == 0


def with_identifiers(payload: bytes, descriptor: Vp8Descriptor, picture_id: int, tl0_index: int) -> bytes:
    """Return the payload with another picture id and TL0PICIDX; of both only the low bits count.

    A 7-bit picture id becomes one of 15 bits: a stream with which another source goes on cannot wrap earlier than
    before. What the payload lacks by its `descriptor` is not added.
    """
    data = bytearray(payload)
    if descriptor.tl0_index != NO_VALUE:
        data[descriptor.tl0_at] = tl0_index & 0xFF
    if descriptor.picture_id != NO_VALUE:
        data[2 : 4 if descriptor.wide else 3] = (0x8000 | picture_id & 0x7FFF).to_bytes(2, "big")
    return bytes(data)


def depacketize_vp8(payload: bytes) -> bytes:
    """Return the part of the bitstream that a packet carries.

    Raises:
        ValueError: the payload is truncated.
    """
    return payload[parse_vp8(payload).length :]
