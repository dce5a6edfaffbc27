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

MAX_NACK_ITEMS: Final = 64


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
