"""Both ways of one person's line, watched: what comes from the client, what the client's reports say has come there.

The estimate that browsers send (REMB) is not asked: without send times in the packets it takes for the network's delay
what the making of pictures took, and so calls every line narrow when a machine is busy. Reports tell what came, what
was lost and how long the round trip was; those three are enough.

Source: RFC 3550, section 6.4.1 (report blocks); draft-alvestrand-rmcat-remb-03 (send times).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from media.arrival_rate import ArrivalRate
from media.arrivals import Arrival
from media.forwarder import PictureOutlet, Reported
from media.line_rate import LeastDelay, LineRate, Seen, SendTimes
from media.rate_control import Limits, shares

UDP_OCTETS: Final = 28  # and IPv4
USED_SHARE: Final = 0.6
LEAST_WINDOW_MS: Final = 700.0
LONGEST_WINDOW_MS: Final = 2000.0
STALE_MS: Final = 5000.0  # after which what was seen of a picture says nothing: it has stopped
SHORTEST_SPAN_MS: Final = 50.0
PAUSE_MS: Final = 20_000.0  # send times begin anew every 64 s
START_MS: Final = 3000.0
"""How long after the first report a browser believes at once in as much as it is told. Source: libwebrtc's start phase
lasts 2 s from its first report block; here from the first packet on."""
STARTING_UP: Final = 2.0
CLEAR_MS: Final = 40.0
CLEAR_LOSS: Final = 0.02
OVERSHOT: Final = 1.05
MOST_RESTRAINT: Final = 0.5
RELEASE: Final = 1.15
ARRIVALS_FRESH_MS: Final = 5000.0
REST_EVERY_MS: Final = 1000.0


class UpWay:
    """From the client to here. Octets are those of SRTP packets, `packets` how many they were."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._rate = LineRate(limits.minimum, limits.maximum)
        self._times = SendTimes()
        self._delay = LeastDelay()
        self._sent_ms: float | None = None
        self._came_ms = 0.0
        self._span: tuple[float, float] | None = None
        self._begun_ms: float | None = None
        self._before: tuple[int, int, int, int] | None = None
        self._looked_ms = 0.0
        self.invited_bps: int | None = None

    @property
    def ceiling_bps(self) -> int | None:
        return self._rate.ceiling_bps

    def add(self, abs_send_time: int, now_ms: float) -> None:
        """Take the last packet of a picture: its 24-bit send time, and its arrival on the loop's clock."""
        if now_ms - self._came_ms > PAUSE_MS:
            self._times, self._delay, self._sent_ms, self._span = SendTimes(), LeastDelay(), None, None
        delay_ms = self._times.delay_ms(abs_send_time, now_ms)
        self._delay.add(delay_ms, now_ms)
        self._sent_ms, self._came_ms = now_ms - delay_ms, now_ms

    def look(self, octets: int, packets: int, expected: int, received: int, now_ms: float) -> None:
        """Look at what came since the last look; all four are sums since the leg began.

        `expected` and `received` count the packets of the camera, repairs left out.
        """
        line_octets = octets + packets * UDP_OCTETS
        before, looked_ms = self._before, self._looked_ms
        span, self._span = self._span, None if self._sent_ms is None else (self._sent_ms, self._came_ms)
        self._before, self._looked_ms = (line_octets, packets, expected, received), now_ms
        queue_ms = self._delay.take_ms()
        if before is None or now_ms <= looked_ms or packets == before[1]:
            return
        if self._begun_ms is None:
            self._begun_ms = now_ms
        came_bps = (line_octets - before[0]) * 8000 / (now_ms - looked_ms)
        gone = expected - before[2]
        lost = max(0.0, 1 - (received - before[3]) / gone) if gone > 0 else 0.0
        sent_bps = came_bps / max(0.05, 1 - lost)
        if span is not None and self._span is not None and self._span[0] - span[0] >= SHORTEST_SPAN_MS:
            # Packets that stood in a queue were sent in less time than they took to come.
            sent_bps *= (self._span[1] - span[1]) / (self._span[0] - span[0])
        allowed_bps = self._rate.ceiling_bps or self._limits.start
        seen = Seen(came_bps, sent_bps, lost, queue_ms, sent_bps >= USED_SHARE * allowed_bps)
        self._rate.update(seen, now_ms)
        self._invite(seen, now_ms)

    def _invite(self, seen: Seen, now_ms: float) -> None:
        """Tell a browser that has just begun how much more it may try: by itself it grows by 8 % a second."""
        assert self._begun_ms is not None
        begins = now_ms - self._begun_ms < START_MS
        clear = seen.queue_ms < CLEAR_MS and seen.loss_share < CLEAR_LOSS
        if self._rate.ceiling_bps is not None or not begins:
            self.invited_bps = None
            return
        wanted = max(self._limits.start, self.invited_bps or 0, round(STARTING_UP * seen.came_bps) if clear else 0)
        self.invited_bps = min(self._limits.maximum, wanted)


@dataclass(frozen=True, slots=True)
class _Got:
    """What a client got of one picture between two of its reports. `came_bps`: its losses are still in it."""

    at_ms: float
    came_bps: float
    sent_bps: float
    loss_share: float
    round_trip_ms: float | None


class DownWay:
    """From here to the client: by when each packet came, or by reports on its pictures when it does not tell that."""

    def __init__(self, limits: Limits, slots: int) -> None:
        self._rate = LineRate(limits.minimum, limits.maximum * slots)
        self._arrivals = ArrivalRate(limits.minimum, limits.maximum * slots)
        self._arrived_ms: float | None = None
        self._has_arrived = False
        self._delay = LeastDelay()
        self._last_delay_ms = 0.0
        self._before: dict[PictureOutlet, Reported] = {}
        self._got: dict[PictureOutlet, _Got] = {}
        self._all: tuple[int, float] | None = None
        self._looked_ms = 0.0
        self._other_bps = 0.0
        self.restraint = 1.0  # share of what they are given that encoders may aim at

    @property
    def ceiling_bps(self) -> int | None:
        """What the way carries of all that is sent on it."""
        return self._rate.ceiling_bps if self._arrived_ms is None else self._arrivals.ceiling_bps

    @property
    def judges_loss(self) -> bool:
        """Whether what is lost is in the ceiling already, or was lost by chance: it need not lower anything more."""
        return self._arrived_ms is not None

    def arrived(self, packets: Sequence[Arrival], now_ms: float) -> None:
        """Take what one feedback message says of the packets of pictures, in the order in which they were sent."""
        self._arrived_ms, self._has_arrived = now_ms, True
        self._arrivals.update(packets, self._other_bps, now_ms)
        self.restraint = self._arrivals.restraint

    def look(self, slots: Sequence[PictureOutlet], octets: int, packets: int, now_ms: float) -> bool:
        """Look at what the reports tell that came by now; return whether there was enough new in them.

        `octets` of SRTP packets and `packets` are all that was ever sent this way. Each picture is reported on by
        itself, about once a second: there is enough when every one was. None is needed while arrivals are told.
        """
        if self._arrived_ms is not None and now_ms - self._arrived_ms <= ARRIVALS_FRESH_MS:
            if self._all is None or now_ms - self._all[1] >= REST_EVERY_MS:
                self._count_the_rest(slots, octets + packets * UDP_OCTETS, now_ms)
            has_arrived, self._has_arrived = self._has_arrived, False
            return has_arrived
        self._arrived_ms = None
        active = [slot for slot in slots if slot.source is not None and slot.reported is not None]
        self._before = {slot: self._before[slot] for slot in active if slot in self._before}
        self._got = {slot: got for slot, got in self._got.items() if slot in active and now_ms - got.at_ms <= STALE_MS}
        for slot in active:
            self._take(slot)
        fresh = [got for got in self._got.values() if got.at_ms > self._looked_ms]
        if not fresh or (len(fresh) < len(active) and now_ms - self._looked_ms < LONGEST_WINDOW_MS):
            return False
        self._looked_ms = now_ms
        self._count_the_rest(slots, octets + packets * UDP_OCTETS, now_ms)
        known = self._got.values()
        sent_bps = sum(got.sent_bps for got in known)
        lost = _loss(self._got)
        allowed_bps = sum(
            max(got.sent_bps, (slot.source and slot.source.target_bps) or 0) for slot, got in self._got.items()
        )
        seen = Seen(
            came_bps=(sum(got.came_bps for got in known) + self._other_bps) * (1 - lost),
            sent_bps=sent_bps + self._other_bps,
            loss_share=lost,
            queue_ms=self._queue_ms([got.round_trip_ms for got in fresh if got.round_trip_ms is not None], now_ms),
            used=sent_bps >= USED_SHARE * allowed_bps,
        )
        self._rate.update(seen, now_ms)
        self._restrain(seen)
        return True

    def _take(self, slot: PictureOutlet) -> None:
        new, old = slot.reported, self._before.get(slot)
        assert new is not None
        if old is None or old.stream != new.stream:
            self._before[slot] = new
            self._got.pop(slot, None)
            return
        elapsed_ms, expected = new.at_ms - old.at_ms, new.count - old.count
        if elapsed_ms < LEAST_WINDOW_MS or expected <= 0:
            return
        self._before[slot] = new
        lost = min(1.0, max(0, new.lost - old.lost, new.nacked - old.nacked) / expected)
        # What was sent again fills the line, too, but some of it had come before.
        known = new.acknowledged_octets - old.acknowledged_octets + (new.resent_octets - old.resent_octets) // 2
        sent = new.sent_octets - old.sent_octets
        per_second = 8000 / elapsed_ms
        self._got[slot] = _Got(new.at_ms, known * per_second, sent * per_second, lost, slot.round_trip_sample_ms)

    def _restrain(self, seen: Seen) -> None:
        """Allow less as long as more is sent than was allowed, and lost: key frames for what was lost fill the line."""
        ceiling = self._rate.ceiling_bps
        if ceiling is not None and seen.loss_share >= CLEAR_LOSS and seen.sent_bps > OVERSHOT * ceiling:
            self.restraint = max(MOST_RESTRAINT, min(self.restraint, ceiling / seen.sent_bps))
        elif ceiling is None or seen.loss_share < CLEAR_LOSS:
            self.restraint = min(1.0, RELEASE * self.restraint)

    def _count_the_rest(self, slots: Sequence[PictureOutlet], line_octets: int, now_ms: float) -> None:
        """Find how much of the way is taken by sound."""
        others = line_octets - sum(slot.line_octets for slot in slots)
        if self._all is not None and now_ms > self._all[1]:
            self._other_bps = max(0.0, (others - self._all[0]) * 8000 / (now_ms - self._all[1]))
        self._all = (others, now_ms)

    def shares_bps(self, active: int) -> list[int | None]:
        """Divide what the way carries between so many pictures, sound and all the rest taken off."""
        ceiling = self.ceiling_bps
        return shares(None if ceiling is None else max(1, round(ceiling - self._other_bps)), active)

    def _queue_ms(self, known_ms: Sequence[float], now_ms: float) -> float:
        """Return what two looks in a row agree on: one report that is late proves nothing."""
        if not known_ms:
            return 0.0
        self._delay.add(min(known_ms), now_ms)
        delay_ms, before_ms = self._delay.take_ms(), self._last_delay_ms
        self._last_delay_ms = delay_ms
        return min(delay_ms, before_ms)


def _loss(got: Mapping[PictureOutlet, _Got]) -> float:
    """Return the share of packets that the way loses.

    What a forwarded picture lost on its sender's way is missing here, too: where there is a picture that was encoded
    here it tells, for it goes the same way.
    """
    encoded = [one for slot, one in got.items() if slot.source is not None and slot.source.target_bps is not None]
    counted = encoded or list(got.values())
    sent_bps = sum(one.sent_bps for one in counted)
    return sum(one.loss_share * one.sent_bps for one in counted) / sent_bps if sent_bps else 0.0
