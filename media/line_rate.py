"""How much one way of a person's line carries, from what was seen to come through: nothing is said until it was full.

A line that is not full proves only that it carries at least what was sent, however little that was: a still picture, a
card, a busy machine that reads late. It is full when packets are lost in numbers, or when the quickest of a second
stood in a queue, and there was something to fill it with. What comes through then is what it carries. From there on
the ceiling grows: fast up to where the line was full, slowly past that point, fast again when it is evidently wider.

Source: the ideas of taking the delivered rate for a path's width (Cardwell et al., "BBR: Congestion-Based Congestion
Control", 2016), the least delay of an interval for a standing queue (RFC 8289), and growth around the last point of
congestion (RFC 9438, section 4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from media.rtp_packet import unwrap

QUEUE_MS: Final = 70.0
MUCH_LOSS: Final = 0.10
LITTLE_LOSS: Final = 0.02
DRAIN: Final = 0.9  # of what came through when the line was full, so that its queue empties
AGAIN: Final = 0.93  # of what came through then: less than that, all of it come, fills no queue
ALL_CAME: Final = 0.9
SLOW_GROWTH: Final = 1.03
FAST_GROWTH: Final = 1.25
BACK_GROWTH: Final = 1.5
DEEPEST: Final = 0.4  # of what was sent, in one step: a short look at a bad moment may see almost nothing come
WIDER: Final = 1.15
FORGET_MS: Final = 20_000.0
LONGEST_STEP_MS: Final = 2000.0
BASE_WINDOW_MS: Final = 10_000.0

PACKET_OCTETS: Final = 50
"""What a packet takes on the line beside its payload: IPv4 and UDP 28, RTP 12, SRTP's tag 10."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one way in about a second, in bits a second as they lie on the line.

    `came_bps` of `sent_bps` came through. `queue_ms`: how long even the quickest packets stood in a queue. `used`: as
    much was sent as was allowed, or nearly so.
    """

    came_bps: float
    sent_bps: float
    loss_share: float
    queue_ms: float
    used: bool


class LineRate:
    """The ceiling of one way of a line; None while nothing proves one. `minimum_bps` is the least it says."""

    def __init__(self, minimum_bps: int, maximum_bps: int) -> None:
        self.ceiling_bps: int | None = None
        self._minimum_bps = minimum_bps
        self._maximum_bps = maximum_bps
        self._full_bps = 0.0
        self._full_ms = 0.0
        self._late_anyway = False
        self._before: Seen | None = None
        self._last_ms: float | None = None

    def update(self, seen: Seen, now_ms: float) -> int | None:
        """Take the next second and return the ceiling."""
        step_ms = 0.0 if self._last_ms is None else min(now_ms - self._last_ms, LONGEST_STEP_MS)
        self._last_ms = now_ms
        before, self._before = self._before or seen, seen
        if self._is_full(seen, before):
            known = self.ceiling_bps
            floor = DEEPEST * (seen.sent_bps if known is None else min(known, seen.sent_bps))
            # What counts to one look may have come in the next; when much is lost the last one counts alone.
            came_bps = seen.came_bps if seen.loss_share >= MUCH_LOSS else max(seen.came_bps, before.came_bps)
            self._full_bps, self._full_ms = max(came_bps, floor), now_ms
            ceiling = max(DRAIN * came_bps, floor)
            self._set(ceiling if known is None else min(ceiling, known))
        elif self.ceiling_bps is not None:
            if now_ms - self._full_ms > FORGET_MS:
                self.ceiling_bps = None
            elif seen.loss_share < LITTLE_LOSS:
                self._grow(self.ceiling_bps, step_ms / 1000)
        return self.ceiling_bps

    def _is_full(self, seen: Seen, before: Seen) -> bool:
        if not seen.used:
            return False
        if seen.loss_share >= MUCH_LOSS:
            return True
        if seen.queue_ms < QUEUE_MS:
            self._late_anyway = False
            return False
        came_bps, sent_bps = seen.came_bps + before.came_bps, seen.sent_bps + before.sent_bps
        if came_bps < ALL_CAME * sent_bps:
            return True
        # With less than the line carries its queue would have emptied: what is late then is late for other reasons,
        # and until it is on time again lateness alone proves nothing.
        self._late_anyway |= self.ceiling_bps is not None and came_bps < 2 * AGAIN * self._full_bps
        return not self._late_anyway

    def _grow(self, ceiling_bps: int, step_s: float) -> None:
        low, high = DRAIN * self._full_bps, WIDER * self._full_bps
        if ceiling_bps < low:
            self._set(min(low, ceiling_bps * BACK_GROWTH**step_s))
        else:
            self._set(ceiling_bps * (SLOW_GROWTH if ceiling_bps < high else FAST_GROWTH) ** step_s)

    def _set(self, bps: float) -> None:
        self.ceiling_bps = None if bps >= self._maximum_bps else max(self._minimum_bps, math.ceil(bps))


class LeastDelay:
    """How much later than at best even the quickest of some packets came, by clocks that need not agree.

    The best of the last 10 to 20 s counts as no queue at all, so clocks may drift. A packet that was read late by a
    busy machine says nothing as long as another one was not.
    """

    def __init__(self) -> None:
        self._base_ms = [math.inf, math.inf]
        self._window_ms: float | None = None
        self._least_ms = math.inf

    def add(self, delay_ms: float, now_ms: float) -> None:
        """Take one packet's delay, with any constant in it."""
        if self._window_ms is None:
            self._window_ms = now_ms
        elif now_ms - self._window_ms > BASE_WINDOW_MS:
            self._window_ms = now_ms
            self._base_ms = [math.inf, self._base_ms[0]]
        self._base_ms[0] = min(self._base_ms[0], delay_ms)
        self._least_ms = min(self._least_ms, delay_ms)

    def take_ms(self) -> float:
        """Return the least delay since this was asked last, over the best; 0 when there was no packet."""
        least_ms, self._least_ms = self._least_ms, math.inf
        return 0.0 if math.isinf(least_ms) else least_ms - min(self._base_ms)


class SendTimes:
    """Turns the 24-bit send times of packets (6.18 fixed point seconds) into delays with a constant in them."""

    def __init__(self) -> None:
        self._last = 0

    def delay_ms(self, abs_send_time: int, now_ms: float) -> float:
        """Return how long the packet was on its way, by two clocks that do not agree."""
        self._last = unwrap(abs_send_time, self._last, 24)
        return now_ms - self._last * 1000 / (1 << 18)


def payload_bps(line_bps: int, rate: int) -> int:
    """Return what an encoder may make of a line's bits a second, when pictures come `rate` times a second."""
    packets = rate * max(1, math.ceil(line_bps / rate / 8 / 1200))
    return max(line_bps // 2, line_bps - packets * PACKET_OCTETS * 8)
