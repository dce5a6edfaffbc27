"""What a client itself says that its line carries (REMB), for as long as that is fresh.

Browsers are not asked for it (docs/adr/0002-media-topology.md says why): the answer does not name `goog-remb` on the
lines towards them. A client that says it all the same has its own reasons, and is not sent more.

Source: draft-alvestrand-rmcat-remb-03.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from aiortc.rtp import RTCP_PSFB_APP, RtcpPsfbPacket, unpack_remb_fci

from media.forwarder import PictureOutlet
from media.rate_control import shares

FRESH_MS: Final = 10_000.0


class ToldRate:
    """The last estimate of one client; before it came, and when it is old, nothing is known."""

    def __init__(self) -> None:
        self._bps = 0
        self._ssrcs: frozenset[int] = frozenset()
        self._told_ms = 0.0

    def hear(self, packet: RtcpPsfbPacket, now_ms: float) -> None:
        """Take a feedback message; of one that is no estimate, or is malformed, nothing is learned."""
        if packet.fmt != RTCP_PSFB_APP:
            return
        try:
            bps, ssrcs = unpack_remb_fci(packet.fci)
        except (ValueError, struct.error):
            return
        self._bps, self._ssrcs, self._told_ms = bps, frozenset(ssrcs), now_ms

    def shares_bps(self, slots: Sequence[PictureOutlet], now_ms: float) -> list[int | None]:
        """Return the most that each slot may be sent in bits a second, None where nothing is known."""
        if now_ms - self._told_ms > FRESH_MS:
            return [None] * len(slots)
        named = [slot for slot in slots if slot.ssrc in self._ssrcs]
        known = dict(zip(named, shares(self._bps, len(named)), strict=True))
        return [known.get(slot) for slot in slots]
