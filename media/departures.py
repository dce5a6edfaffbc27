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


def monotonic_ms() -> float:
    """Return the loop's clock; not as the loop does, which in uvloop stands still within a turn."""
    return time.monotonic() * 1000


class Departures:
    """Numbers packets as they leave, and tells what a client's feedback says of each. Memory is constant.

    What feedback says goes out as `media.arrivals` has it. A message that is older than one that was read adds what it
    has come; what it misses is left open. The count of messages is not needed: numbers tell what was told.
    """

    def __init__(self, clock_ms: Callable[[], float] = monotonic_ms) -> None:
        self._clock_ms = clock_ms
        self._last = 0
        self._told = 0
        self._reference = 0
        self._sent_ms = array("d", bytes(8 * PLACES))
        self._octets = array("L", bytes(array("L").itemsize * PLACES))
        self._flags = bytearray(PLACES)

    def leave(self, line_octets: int, encoded: bool) -> int:
        """Return the 16-bit number of a packet that leaves now."""
        number = self._last = self._last + 1
        place = number & _MASK
        self._sent_ms[place] = self._clock_ms()
        self._octets[place] = line_octets
        self._flags[place] = encoded
        return number & 0xFFFF

    def arrivals(self, feedback: TransportFeedback) -> list[Arrival]:
        """Return what is new in a message, by number; nothing when it speaks of packets that were never sent."""
        first = unwrap(feedback.first, self._last, 16)
        end = first + feedback.count
        if first < 1 or end > self._last + 1:
            return []
        self._reference = unwrap(feedback.reference, self._reference, REFERENCE_BITS)
        base_ms = self._reference * REFERENCE_MS
        came_ms = {first + offset: base_ms + ticks * TICK_MS for offset, ticks in feedback.came}
        oldest = self._last - PLACES + 1
        fresh = max(first, self._told + 1, oldest)
        found = [self._came(number, ms) for number, ms in came_ms.items() if oldest <= number < fresh]
        for number in range(fresh, end):
            ms = came_ms.get(number)
            found.append(self._lost(number) if ms is None else self._came(number, ms))
        self._told = max(self._told, end - 1)
        return [each for each in found if each is not None]

    def _came(self, number: int, came_ms: float) -> Arrival | None:
        place = number & _MASK
        flags = self._flags[place]
        if flags & _CAME:
            return None
        self._flags[place] = flags | _CAME
        was_lost = flags & _LOST > 0
        return Arrival(self._sent_ms[place], came_ms, self._octets[place], flags & _ENCODED > 0, was_lost, number)

    def _lost(self, number: int) -> Arrival:
        place = number & _MASK
        self._flags[place] |= _LOST
        encoded = self._flags[place] & _ENCODED > 0
        return Arrival(self._sent_ms[place], None, self._octets[place], encoded, number=number)
