"""Reads what a client says of each packet that it was sent: transport-wide congestion control feedback.

Work and memory are linear in the size of the message, whatever it claims: packets that did not come take none.

Source: draft-holmer-rmcat-transport-wide-cc-extensions-01, sections 3.1 and 3.1.1 to 3.1.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from struct import Struct
from typing import Final

FEEDBACK_FORMAT: Final = 15  # of RTCP packet type 205 (RTPFB)
REFERENCE_MS: Final = 64
REFERENCE_BITS: Final = 24
TICK_MS: Final = 0.25
_HEAD = Struct("!HHL")
_CHUNK = Struct("!H")
_LARGE = Struct("!h")
_ABSENT, _SMALL, _LARGE_SIZE, _RESERVED = 0, 1, 2, 3  # symbols; those of packets that came: the octets of their delta
_MOST_PADDING: Final = 3


@dataclass(frozen=True, slots=True)
class TransportFeedback:
    """One message, on the `count` packets from the 16-bit number `first` on.

    `came` holds those that came, in the order of their numbers: how far each is from `first`, and when it came, in
    ticks of 0.25 ms after the reference time. That is `reference` times 64 ms by the client's clock, modulo 2^24.
    """

    first: int
    count: int
    reference: int
    came: tuple[tuple[int, int], ...]


def parse_transport_feedback(body: bytes) -> TransportFeedback:
    """Read the control information of a message, without RTCP header, SSRCs and padding.

    Raises:
        ValueError: it is truncated, too long, tells of no packet, or has a reserved symbol.
    """
    if len(body) < _HEAD.size:
        raise ValueError("truncated transport feedback")
    first, count, word = _HEAD.unpack_from(body)
    if count == 0:
        raise ValueError("transport feedback on no packet")
    position, seen = _HEAD.size, 0
    room = len(body) - position
    offsets: list[int] = []
    sizes = bytearray()
    while seen < count:
        if position + 2 > len(body):
            raise ValueError("truncated packet status chunks")
        chunk: int = _CHUNK.unpack_from(body, position)[0]
        position, room = position + 2, room - 2
        if chunk & 0x8000:
            # The last chunk may have more places than there are packets left.
            for offset, symbol in enumerate(_vector(chunk), seen):
                if symbol != _ABSENT and offset < count:
                    offsets.append(offset)
                    sizes.append(symbol)
            seen += 7 if chunk & 0x4000 else 14
            continue
        symbol, run = chunk >> 13, min(chunk & 0x1FFF, count - seen)
        if run == 0 or symbol * run > room:
            raise ValueError("a run of nothing, or of more receive deltas than there are")
        if symbol != _ABSENT:
            offsets += range(seen, seen + run)
            sizes += bytes([symbol]) * run
            room -= symbol * run
        seen += run
    if _RESERVED in sizes:
        raise ValueError("a reserved symbol")
    if not 0 <= len(body) - position - sum(sizes) <= _MOST_PADDING:
        raise ValueError("not as many receive deltas as packets that came")
    times = accumulate(_deltas(body, position, sizes))
    return TransportFeedback(first, count, word >> 8, tuple(zip(offsets, times, strict=True)))


def _vector(chunk: int) -> Iterator[int]:
    """Yield the symbols of a status vector chunk: 14 of one bit, or 7 of two."""
    if not chunk & 0x4000:
        return (chunk >> place & 1 for place in range(13, -1, -1))
    return (chunk >> place & 3 for place in range(12, -1, -2))


def _deltas(body: bytes, position: int, sizes: bytearray) -> Iterable[int]:
    """Return how many ticks after the packet before it each one came."""
    if _LARGE_SIZE not in sizes:
        return body[position : position + len(sizes)]
    deltas = []
    for size in sizes:
        deltas.append(body[position] if size == _SMALL else _LARGE.unpack_from(body, position)[0])
        position += size
    return deltas
