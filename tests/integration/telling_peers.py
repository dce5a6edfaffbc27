"""What aiortc lacks to be a client that says when each packet came: words in its offer, and feedback as browsers write.

Source: draft-holmer-rmcat-transport-wide-cc-extensions-01, sections 2 and 3.1.
"""

from __future__ import annotations

import asyncio
import struct
import time
from typing import Final

from aiortc import RTCDtlsTransport
from aiortc.rtp import RTCP_RTPFB, pack_rtcp_packet

from media.negotiation import TRANSPORT_CC
from media.transport_feedback import FEEDBACK_FORMAT

NUMBERS: Final = 7
EXTENSION: Final = bytes.fromhex("bede0001") + bytes([NUMBERS << 4 | 1])
EVERY_S: Final = 0.05
_SSRCS: Final = struct.pack("!LL", 1, 2)
_TICKS_PER_S: Final = 4000
_REFERENCE_TICKS: Final = 256


def with_numbers(offer: str) -> str:
    """Offer numbers for every packet on all lines for pictures."""
    pictures = False
    changed = []
    for line in offer.splitlines():
        changed.append(line)
        if line.startswith("m="):
            pictures = line.startswith("m=video")
        elif line.startswith("a=mid:") and pictures:
            changed += [f"a=extmap:{NUMBERS} {TRANSPORT_CC}", "a=rtcp-fb:* transport-cc"]
    return "\r\n".join(changed) + "\r\n"


def number_of(data: bytes) -> int | None:
    """Return the 16-bit number of an RTP packet, None when it has none."""
    return int.from_bytes(data[17:19], "big") if data[12:17] == EXTENSION else None


def feedback(body: bytes) -> bytes:
    """Return the RTCP packet of a feedback message; `body` must be of whole words."""
    return pack_rtcp_packet(RTCP_RTPFB, FEEDBACK_FORMAT, _SSRCS + body)


class Telling:
    """Tells a server 20 times a second when each packet came that came over one connection. `run` it as a task."""

    def __init__(self, transport: RTCDtlsTransport) -> None:
        self._transport = transport
        self._came: dict[int, int] = {}
        inner = transport._handle_rtp_data

        async def handle(data: bytes, arrival_time_ms: int) -> None:
            number = number_of(data)
            if number is not None:
                self._came.setdefault(number, int(time.monotonic() * _TICKS_PER_S))
            await inner(data, arrival_time_ms)

        transport._handle_rtp_data = handle  # type: ignore[method-assign]

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            came, self._came = self._came, {}
            if came:
                await self._transport._send_rtp(feedback(_body(came)))


def _body(came: dict[int, int]) -> bytes:
    """Write a message on packets by when they came, in ticks; two of them no more than 63 ms apart, in their order."""
    first, now = next(iter(came.items()))
    ticks = {offset: at for number, at in came.items() if (offset := number - first & 0xFFFF) < 1 << 15}
    count = max(ticks) + 1
    body = struct.pack("!HHL", first, count, (now // _REFERENCE_TICKS & 0xFFFFFF) << 8)
    for chunk in range(0, count, 14):
        body += struct.pack("!H", 0x8000 | sum(1 << 13 - place for place in range(14) if chunk + place in ticks))
    now -= now % _REFERENCE_TICKS
    for offset in sorted(ticks):
        delta = min(0xFF, max(0, ticks[offset] - now))
        now += delta
        body += bytes([delta])
    return body + bytes(-len(body) % 4)
