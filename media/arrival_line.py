"""How wide a line is and what stands in its queue, by when each packet that was sent on it came.

A packet that was sent before the one ahead of it had come waited for that one, or left together with it: the time from
the one's arrival to the other's is what the line took for it, exactly, and its octets over that time are the line's
width. Where a picture is one packet and nothing waits, large packets take longer than small ones, by the same width.

Whoever reads late reads all at once: one packet looks slow and those behind it fast. So the slowest is left out, and a
busy machine looks like a wide line and not like a narrow one.

Source: packet pairs (Keshav, "A Control-Theoretic Approach to Flow Control", 1991); delivery rate samples (Cardwell et
al., draft-cheng-iccrg-delivery-rate-estimation-02).
"""

from __future__ import annotations

import enum
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from media.arrivals import Arrival

BASE_WINDOW_MS: Final = 10_000.0
TOGETHER_MS: Final = 1.0  # packets that leave within that are of one picture
KEPT_MS: Final = 2500.0
SOON_MS: Final = 150.0  # of a line's work are enough for a first look at its width
STEADY_MS: Final = 1000.0
LEAST_SAMPLES: Final = 4
STANDING_MS: Final = 150.0
STANDING_PICTURES: Final = 3
LOSS_MS: Final = 1000.0
LARGER_OCTETS: Final = 200
LEAST_CHAINS: Final = 5
SURE: Final = 0.5  # of the pictures: whatever else is late makes a line look narrower, never wider
SHORTEST_MS: Final = 1.0
WIDEST_BPS: Final = 100e6


@dataclass(frozen=True, slots=True)
class LineLook:
    """What is known of the line after some feedback. Rates count all that lies on it, in bits a second.

    `queue_ms`: how long even the quickest of the last pictures waited before the line began with it. `proven_bps`: it
    carries at least so much, by pictures that found it idle; None while there are too few. `work_share`: how much of
    the last half second it was at work without a pause.
    `sent_bps`, `came_bps`, `loss_share`, `packets`: of the packets of about the last second that were told of.
    """

    queue_ms: float
    proven_bps: float | None
    work_share: float
    sent_bps: float
    came_bps: float
    loss_share: float
    packets: int


class _Follows(enum.Enum):
    """What is known of the packets between one that came and the one that came before it."""

    AT_ONCE = 0
    LOST = 1  # there were some, and none came
    UNTOLD = 2


@dataclass(slots=True)
class _Told:
    sent_ms: float
    octets: int
    came: bool


@dataclass(frozen=True, slots=True)
class _Came:
    """A packet that came: how long it waited for the one ahead of it (less than 0: the line stood idle)."""

    sent_ms: float
    came_ms: float
    octets: float
    gap_ms: float
    waited_ms: float
    together: bool
    follows: _Follows


class ArrivalLine:
    """The packets of the last seconds. Clocks need not agree, and may drift apart slowly."""

    def __init__(self) -> None:
        self._base = [(math.inf, 0), (math.inf, 0)]
        self._window_ms: float | None = None
        self._came: deque[_Came] = deque()
        self._told: deque[_Told] = deque()
        self._chains: deque[tuple[float, float]] = deque()
        self._chain: tuple[float, float] | None = None
        self._number = -1
        self._follows = _Follows.AT_ONCE

    def add(self, packets: Sequence[Arrival], other_bps: float, now_ms: float) -> LineLook:
        """Take one feedback's packets, in the order in which they were sent; `other_bps` is sent beside them."""
        if self._window_ms is None:
            self._window_ms = now_ms
        elif now_ms - self._window_ms > BASE_WINDOW_MS:
            self._window_ms = now_ms
            self._base = [(math.inf, 0), self._base[0]]
        for packet in packets:
            if packet.told_lost:
                self._forgive(packet)
            else:
                self._told.append(_Told(packet.sent_ms, packet.line_octets, packet.came_ms is not None))
                if -1 < self._number < packet.number - 1:
                    self._follows = _Follows.UNTOLD
                self._number = packet.number
                if packet.came_ms is not None:
                    self._take(packet, packet.came_ms, other_bps)
                    self._follows = _Follows.AT_ONCE
                elif self._follows is _Follows.AT_ONCE:
                    self._follows = _Follows.LOST
        while self._told and self._told[-1].sent_ms - self._told[0].sent_ms > LOSS_MS:
            self._told.popleft()
        while self._chains and self._came[-1].came_ms - self._chains[0][0] > KEPT_MS:
            self._chains.popleft()
        while self._came and self._came[-1].came_ms - self._came[0].came_ms > KEPT_MS:
            self._came.popleft()
        return self._look()

    def width_bps(self, work_ms: float) -> float | None:
        """Return what the line carries, by packets that waited for one another in the last `work_ms` of its work.

        None when too few did in the last second.
        """
        # Lost ones in between have taken their time on the line, or none: only where nothing else is known they count.
        at_once = self._width_of((_Follows.AT_ONCE,), work_ms)
        return at_once if at_once is not None else self._width_of((_Follows.AT_ONCE, _Follows.LOST), work_ms)

    def forget_proofs(self) -> None:
        """The line is full: what it was proven to carry before says nothing any more."""
        self._chains.clear()
        self._chain = None

    def _forgive(self, packet: Arrival) -> None:
        for told in self._told:
            if told.sent_ms == packet.sent_ms and not told.came:
                told.came = True
                return

    def _take(self, packet: Arrival, came_ms: float, other_bps: float) -> None:
        delay_ms = came_ms - packet.sent_ms
        self._base[0] = min(self._base[0], (delay_ms, packet.line_octets))
        base_ms = min(self._base)[0]
        if not self._came:
            self._came.append(_Came(packet.sent_ms, came_ms, 0, 0.0, 0.0, False, _Follows.UNTOLD))
            return
        ahead = self._came[-1]
        if came_ms < ahead.came_ms or packet.sent_ms < ahead.sent_ms:
            return  # overtaken on its way: it says nothing of the line
        pause_ms = packet.sent_ms - ahead.sent_ms
        together, waited_ms = pause_ms <= TOGETHER_MS, ahead.came_ms - base_ms - packet.sent_ms
        octets = packet.line_octets + other_bps * pause_ms / 8000
        if not together and waited_ms <= 0:
            self._end_chain(ahead.came_ms)
            self._chain = (packet.sent_ms, packet.line_octets)
        elif self._chain is not None:
            self._chain = (self._chain[0], self._chain[1] + octets)
        self._came.append(
            _Came(packet.sent_ms, came_ms, octets, came_ms - ahead.came_ms, waited_ms, together, self._follows)
        )

    def _end_chain(self, came_ms: float) -> None:
        """The line stood idle: what it carried since it stood idle last took it no longer than from then to now."""
        base_ms, base_octets = min(self._base)
        if self._chain is not None and self._chain[1] >= base_octets + LARGER_OCTETS:
            took_ms = max(SHORTEST_MS, came_ms - base_ms - self._chain[0])
            self._chains.append((came_ms, min(WIDEST_BPS, (self._chain[1] - base_octets) * 8000 / took_ms)))

    def _look(self) -> LineLook:
        span_ms = max(1.0, self._told[-1].sent_ms - self._told[0].sent_ms) if self._told else 1.0
        octets = sum(told.octets for told in self._told)
        come = sum(told.octets for told in self._told if told.came)
        lost = sum(not told.came for told in self._told)
        return LineLook(
            self._queue_ms(),
            self._proven_bps(),
            self._work_share(),
            octets * 8000 / max(span_ms, LOSS_MS),
            come * 8000 / max(span_ms, LOSS_MS),
            lost / max(1, len(self._told)),
            len(self._told),
        )

    def _queue_ms(self) -> float:
        found: list[float] = []
        for came in reversed(self._came):
            if len(found) >= STANDING_PICTURES and self._came[-1].came_ms - came.came_ms > STANDING_MS:
                break
            if not came.together:
                found.append(came.waited_ms)
        return max(0.0, min(found)) if len(found) >= STANDING_PICTURES else 0.0

    def _width_of(self, follows: Sequence[_Follows], work_ms: float) -> float | None:
        octets = took_ms = 0.0
        samples = 0
        slowest = (math.inf, 0.0, 0.0)
        for came in reversed(self._came):
            if (took_ms >= work_ms and samples >= LEAST_SAMPLES) or (self._came[-1].came_ms - came.came_ms > STEADY_MS):
                break
            if (came.together or came.waited_ms > 0) and came.follows in follows:
                octets, took_ms, samples = octets + came.octets, took_ms + came.gap_ms, samples + 1
                slowest = min(slowest, (came.octets / max(came.gap_ms, SHORTEST_MS), came.octets, came.gap_ms))
        if samples < LEAST_SAMPLES or took_ms < work_ms / 2:
            return None
        # Who stood still for a while has made one of them look slow, and those behind it fast.
        return min(WIDEST_BPS, (octets - slowest[1]) * 8000 / max(took_ms - slowest[2], SHORTEST_MS))

    def _proven_bps(self) -> float | None:
        found = sorted(bps for _, bps in self._chains)
        return found[int(SURE * len(found))] if len(found) >= LEAST_CHAINS else None

    def _work_share(self) -> float:
        worked_ms = span_ms = 0.0
        for came in reversed(self._came):
            if self._came[-1].came_ms - came.came_ms > LOSS_MS / 2:
                break
            span_ms += came.gap_ms
            worked_ms += came.gap_ms if came.waited_ms > 0 else 0.0
        return worked_ms / span_ms if span_ms else 0.0
