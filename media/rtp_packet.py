"""RTP headers read and written at the lowest cost, and counters that do not wrap.

Inside the worker sequence numbers and time stamps are unwrapped integers: order is `<`, distance is `-`.

Source: RFC 3550, section 5.1; RFC 8285 (header extensions); RFC 4588, section 4 (retransmissions).
"""

from __future__ import annotations

from struct import Struct
from typing import Final

HEADER_BYTES: Final = 12
NUMBERED_HEADER_BYTES: Final = 20
_HEADER = Struct("!BBHLL")
ONE_WORD: Final = 0xBEDE0001  # a one-byte header extension of so many words
_NUMBERED_HEADER = Struct("!BBHLLLBHB")
_NUMBER_AT: Final = 17
_EXTENSION = Struct("!HH")
_SEQUENCE = Struct("!H")
_ONE_BYTE_PROFILE: Final = 0xBEDE

pack_header = _HEADER.pack
pack_numbered_header = _NUMBERED_HEADER.pack
"""A header with a transport-wide number: after the 0x90 first, marker and payload type, sequence number, time stamp and
SSRC come `ONE_WORD`, the extension's id and length, the number, and a 0.

Source: draft-holmer-rmcat-transport-wide-cc-extensions-01, section 2; RFC 8285, section 4.2 (one-byte headers).
"""


def renumbered(packet: bytes, number: int) -> bytes:
    """Return a packet with such a header under another number."""
    return packet[:_NUMBER_AT] + _SEQUENCE.pack(number) + packet[_NUMBER_AT + 2 :]


class RtpPacket:
    """One received packet; `payload` is without padding. `abs_send_time` is the 24-bit value or -1."""

    __slots__ = ("abs_send_time", "marker", "payload", "payload_type", "sequence", "ssrc", "timestamp")

    def __init__(
        self, payload_type: int, sequence: int, timestamp: int, ssrc: int, marker: bool, payload: bytes
    ) -> None:
        self.payload_type = payload_type
        self.sequence = sequence
        self.timestamp = timestamp
        self.ssrc = ssrc
        self.marker = marker
        self.payload = payload
        self.abs_send_time = -1


def parse_rtp(data: bytes, abs_send_time_id: int = 0) -> RtpPacket:
    """Read a packet that SRTP has already authenticated.

    Raises:
        ValueError: it is truncated or not RTP.
    """
    if len(data) < HEADER_BYTES:
        raise ValueError("truncated RTP header")
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first >> 6 != 2:
        raise ValueError("not RTP version 2")
    start = HEADER_BYTES + 4 * (first & 0x0F)
    end = len(data)
    send_time = -1
    if first & 0x10:
        if end < start + 4:
            raise ValueError("truncated header extension")
        profile, words = _EXTENSION.unpack_from(data, start)
        after = start + 4 + 4 * words
        if abs_send_time_id and profile == _ONE_BYTE_PROFILE:
            send_time = _one_byte_extension(data, start + 4, min(after, end), abs_send_time_id)
        start = after
    if first & 0x20 and end > 0:
        end -= data[-1]
    if start > end or (first & 0x20 and end == len(data)):
        raise ValueError("header or padding longer than the packet")
    packet = RtpPacket(second & 0x7F, sequence, timestamp, ssrc, second > 0x7F, data[start:end])
    packet.abs_send_time = send_time
    return packet


def _one_byte_extension(data: bytes, position: int, end: int, wanted: int) -> int:
    """Return the three bytes of extension `wanted` as a number, -1 when it is absent."""
    while position < end:
        head = data[position]
        if head == 0:
            position += 1
            continue
        length = (head & 0x0F) + 1
        if head >> 4 == wanted and length == 3 and position + 3 < end:
            return int.from_bytes(data[position + 1 : position + 4], "big")
        position += 1 + length
    return -1


def original_of(packet: RtpPacket, payload_type: int, ssrc: int) -> RtpPacket | None:
    """Return the packet that a retransmission carries, or None for the padding that browsers send as such."""
    if len(packet.payload) < 3:
        return None
    sequence: int = _SEQUENCE.unpack_from(packet.payload)[0]
    return RtpPacket(payload_type, sequence, packet.timestamp, ssrc, packet.marker, packet.payload[2:])


def unwrap(value: int, reference: int, bits: int) -> int:
    """Return the integer nearest to `reference` whose low `bits` are `value`."""
    span = 1 << bits
    distance = (value - reference) & (span - 1)
    if distance >= span >> 1:
        distance -= span
    return reference + distance
