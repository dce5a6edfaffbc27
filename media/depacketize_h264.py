"""H.264 payloads of RTP packets: single NAL units, aggregates (STAP-A) and fragments (FU-A).

Source: RFC 6184, sections 5.3 (NAL header), 5.6 (single), 5.7.1 (STAP-A), 5.8 (FU-A); packetization-mode 1.
"""

from __future__ import annotations

from typing import Final

START_CODE: Final = b"\x00\x00\x00\x01"
NAL_IDR: Final = 5
NAL_SEI: Final = 6
NAL_SPS: Final = 7
NAL_AUD: Final = 9
NAL_STAP_A: Final = 24
NAL_FU_A: Final = 28


def nal_types(payload: bytes) -> tuple[int, ...]:
    """Return the types of the NAL units that begin in this packet, in order; empty for a later fragment or rubbish."""
    if len(payload) < 2:
        return ()
    kind = payload[0] & 0x1F
    if kind == NAL_FU_A:
        return (payload[1] & 0x1F,) if payload[1] & 0x80 else ()
    if kind != NAL_STAP_A:
        return (kind,) if 1 <= kind <= 23 else ()
    found = []
    at = 1
    while at + 2 < len(payload):
        size = int.from_bytes(payload[at : at + 2], "big")
        found.append(payload[at + 2] & 0x1F)
        at += 2 + size
    return tuple(found)


def h264_starts_key_frame(payload: bytes) -> bool:
    """Tell whether a decoder can begin here: a parameter set is the first thing in it, bar delimiter and remarks."""
    types = nal_types(payload)
    return NAL_SPS in types and all(kind in (NAL_AUD, NAL_SEI) for kind in types[: types.index(NAL_SPS)])


def h264_has_key_slice(payload: bytes) -> bool:
    """Tell whether an IDR slice begins in this packet."""
    return NAL_IDR in nal_types(payload)


def depacketize_h264(payload: bytes) -> bytes:
    """Return the part of the byte stream (Annex B) that a packet carries.

    Raises:
        ValueError: truncated, or a packet type that packetization-mode 1 does not have.
    """
    if len(payload) < 2:
        raise ValueError("truncated NAL unit")
    kind = payload[0] & 0x1F
    if 1 <= kind <= 23:
        return START_CODE + payload
    if kind == NAL_FU_A:
        fragment = payload[1]
        if fragment & 0x80:
            return START_CODE + bytes([payload[0] & 0xE0 | fragment & 0x1F]) + payload[2:]
        return payload[2:]
    if kind != NAL_STAP_A:
        raise ValueError("NAL unit type of another packetization mode")
    parts = []
    at = 1
    while at < len(payload):
        size = int.from_bytes(payload[at : at + 2], "big")
        unit = payload[at + 2 : at + 2 + size]
        if not size or len(unit) != size:
            raise ValueError("truncated aggregate")
        parts.append(START_CODE + unit)
        at += 2 + size
    return b"".join(parts)
