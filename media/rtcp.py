"""RTCP messages that this side writes, and the parts of those it reads that aiortc leaves packed.

Source: RFC 4585, sections 6.2.1 and 6.3.1; RFC 5104, section 4.3.1 (FIR); draft-alvestrand-rmcat-remb-03 (REMB).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Final

from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    pack_remb_fci,
    pack_rtcp_packet,
)

from media.transport_feedback import FEEDBACK_FORMAT

MAX_NACK_ITEMS: Final = 64
_HEAD = struct.Struct("!BBH")
_SSRCS_BYTES: Final = 8


def without_transport_feedback(data: bytes) -> tuple[bytes, list[bytes]]:
    """Take transport feedback out of a compound packet: return the rest, and the control information of each.

    aiortc would read it as a NACK of all sorts of numbers. What is malformed stays in the rest for it to refuse.
    Source: RFC 3550, section 6.4.1 (length, padding); RFC 4585, section 6.1.
    """
    rest, bodies, position = [], [], 0
    while position + _HEAD.size <= len(data):
        first, kind, words = _HEAD.unpack_from(data, position)
        end = position + _HEAD.size + 4 * words
        body = data[position + _HEAD.size : end]
        if kind != RTCP_RTPFB or first & 0x1F != FEEDBACK_FORMAT or first >> 6 != 2 or end > len(data):
            rest.append(data[position:end])
        else:
            padding = body[-1] if first & 0x20 and body else 0
            bodies.append(body[_SSRCS_BYTES : len(body) - padding])
        position = end
    return b"".join(rest) + data[position:], bodies


def nack(sender_ssrc: int, media_ssrc: int, lost: Iterable[int]) -> bytes:
    """Return a generic NACK for unwrapped sequence numbers; more than the message holds are left for the next."""
    body = struct.pack("!LL", sender_ssrc, media_ssrc)
    base: int | None = None
    mask = 0
    items = 0
    for number in sorted(set(lost)):
        if base is not None and number - base <= 16:
            mask |= 1 << (number - base - 1)
            continue
        if base is not None:
            body += struct.pack("!HH", base & 0xFFFF, mask)
            items += 1
        base, mask = number, 0
        if items == MAX_NACK_ITEMS:
            base = None
            break
    if base is not None:
        body += struct.pack("!HH", base & 0xFFFF, mask)
    return pack_rtcp_packet(RTCP_RTPFB, RTCP_RTPFB_NACK, body)


def picture_loss(sender_ssrc: int, media_ssrc: int) -> bytes:
    """Return a picture loss indication: the request for a key frame."""
    return bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=sender_ssrc, media_ssrc=media_ssrc))


def bandwidth(sender_ssrc: int, bitrate_bps: int, ssrcs: Sequence[int]) -> bytes:
    """Return a REMB message: how much the streams `ssrcs` may take together."""
    fci = pack_remb_fci(max(0, bitrate_bps), list(ssrcs))
    return bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=sender_ssrc, media_ssrc=0, fci=fci))


def receiver_report(sender_ssrc: int, reports: Iterable[RtcpReceiverInfo]) -> bytes:
    """Return a receiver report of these blocks."""
    return bytes(RtcpRrPacket(ssrc=sender_ssrc, reports=list(reports)))


def key_frame_targets(packet: RtcpPsfbPacket) -> list[int]:
    """Return the SSRCs for which a PLI or FIR asks for a key frame."""
    if packet.fmt == RTCP_PSFB_PLI:
        return [packet.media_ssrc]
    if packet.fmt == RTCP_PSFB_FIR:
        return [int.from_bytes(packet.fci[at : at + 4], "big") for at in range(0, len(packet.fci) - 7, 8)]
    return []
