"""The transport-wide numbers of the packets towards one client, and when each of the last ones left.

Source: draft-holmer-rmcat-transport-wide-cc-extensions-01, sections 2 and 3.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from typing import Final

from media.arrivals import Arrival
from media.rtp_packet import unwrap
from media.transport_feedback import REFERENCE_BITS, REFERENCE_MS, TICK_MS, TransportFeedback

PLACES: Final = 4096
"""How many packets are remembered: 3 s and more of all that four pictures of 2.5 Mbit/s need; feedback comes after a
quarter of a second and a round trip at the latest."""
_MASK: Final = PLACES - 1
_ENCODED, _LOST, _CAME = 1, 2, 4
_FLAGS_BITS: Final = 3
_NS_PER_MS: Final = 1_000_000


class Departures:
    """Numbers packets as they leave, and tells what a client's feedback says of each. Memory is constant.

    What feedback says goes out as `media.arrivals` has it. A message that is older than one that was read adds what it
    has come; what it misses is left open. The count of messages is not needed: numbers tell what was told.

    `clock_ns` is the loop's clock, but not as the loop tells it, which in uvloop stands still within a turn.
    """

    def __init__(self, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock_ns = clock_ns
        self._last = 0
        self._told = 0
        self._reference = 0
        self._sent_ns = array("q", bytes(8 * PLACES))
        self._packets = array("q", bytes(8 * PLACES))  # octets on the line, and flags

    def leave(self, line_octets: int, encoded: bool) -> int:
        """Return the 16-bit number of a packet that leaves now."""
        number = self._last = self._last + 1
        place = number & _MASK
        self._sent_ns[place] = self._clock_ns()
        self._packets[place] = line_octets << _FLAGS_BITS | encoded
        return number & 0xFFFF

    def arrivals(self, feedback: TransportFeedback) -> list[Arrival]:
        """Return what is new in a message, by number; nothing when it speaks of packets that were never sent."""
        first = unwrap(feedback.first, self._last, 16)
        end = first + feedback.count
        if first < 1 or end > self._last + 1:
            return []
        self._reference = unwrap(feedback.reference, self._reference, REFERENCE_BITS)
        base_ms = self._reference * REFERENCE_MS
        oldest = self._last - PLACES + 1
        gap = max(first, self._told + 1, oldest)  # from here on what is passed over is lost
        found: list[Arrival] = []
        for offset, ticks in feedback.came:
            number = first + offset
            if number < oldest:
                continue
            if number >= gap:
                found += map(self._lost, range(gap, number))
                gap = number + 1
            place = number & _MASK
            packet = self._packets[place]
            if not packet & _CAME:
                self._packets[place] = packet | _CAME
                sent_ms, came_ms = self._sent_ns[place] / _NS_PER_MS, base_ms + ticks * TICK_MS
                encoded, told_lost = packet & _ENCODED > 0, packet & _LOST > 0
                found.append(Arrival(sent_ms, came_ms, packet >> _FLAGS_BITS, encoded, told_lost, number))
        found += map(self._lost, range(gap, end))
        self._told = max(self._told, end - 1)
        return found

    def _lost(self, number: int) -> Arrival:
        place = number & _MASK
        packet = self._packets[place] = self._packets[place] | _LOST
        sent_ms = self._sent_ns[place] / _NS_PER_MS
        return Arrival(sent_ms, None, packet >> _FLAGS_BITS, packet & _ENCODED > 0, number=number)
