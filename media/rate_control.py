"""How many bits a second a picture may take: what its viewers can receive, what its sender can send.

Source: RFC 8698 and draft-ietf-rmcat-gcc-02, section 6 (loss-based control: below 2 % more, above 10 % less).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from aiortc.rate import RemoteBitrateEstimator

from media.rtp_packet import unwrap

INTERVAL_MS: Final = 1000.0
LITTLE_LOSS: Final = 0.02
MUCH_LOSS: Final = 0.10
GROWTH: Final = 1.08
PREVIEW_SHARE: Final = 0.4
FALL: Final = 0.97
USED_SHARE: Final = 0.6
CEILING_MS: Final = 20_000.0
QUEUE_MS: Final = 60.0
QUEUE_WINDOW_MS: Final = 10_000.0
QUEUE_WEIGHT: Final = 0.05


@dataclass(frozen=True, slots=True)
class Limits:
    """Bits per second."""

    start: int
    minimum: int
    maximum: int


class Ceiling:
    """What a receiver's running estimate says about the way to it: nothing, until the way is congested.

    An estimate follows what is sent (it stays under 1.5 times that), so a still picture or a card makes it small on
    the widest line. From the first congestion on it is a ceiling, until it has risen to the maximum or until there was
    no congestion for 20 s.
    """

    def __init__(self, maximum_bps: int) -> None:
        self.bps: int | None = None
        self._maximum_bps = maximum_bps
        self._last_bps: int | None = None
        self._congested_ms = 0.0

    def falls(self, estimate_bps: int) -> bool:
        """Tell whether the estimate is less than the one before: something piled up, if much was sent."""
        return self._last_bps is not None and estimate_bps < FALL * self._last_bps

    def update(self, estimate_bps: int, now_ms: float, *, congested: bool) -> None:
        """Take the receiver's next estimate."""
        self._last_bps = estimate_bps
        if congested:
            self._congested_ms = now_ms
        if congested or self.bps is not None:
            self.bps = estimate_bps
        if estimate_bps >= self._maximum_bps or now_ms - self._congested_ms > CEILING_MS:
            self.bps = None


@dataclass(frozen=True, slots=True)
class ViewerState:
    """One viewer: the most that it can receive of this picture (None: no limit known), and the share it loses."""

    ceiling_bps: int | None
    loss_share: float


class PictureRate:
    """The target for one encoded picture: grows slowly, falls at once, the weakest viewer decides."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._stepped_ms: float | None = None
        self.target_bps = limits.start

    def update(self, viewers: Iterable[ViewerState], now_ms: float) -> int:
        """Take the viewers' state and return the target."""
        states = list(viewers)
        target = float(self.target_bps)
        if self._stepped_ms is None:
            self._stepped_ms = now_ms
        elif now_ms - self._stepped_ms >= INTERVAL_MS and states:
            self._stepped_ms = now_ms
            loss = max(state.loss_share for state in states)
            if loss > MUCH_LOSS:
                target *= 1 - 0.5 * loss
            elif loss < LITTLE_LOSS:
                target *= GROWTH
        ceilings = [state.ceiling_bps for state in states if state.ceiling_bps is not None]
        if ceilings:
            target = min(target, min(ceilings))
        self.target_bps = int(min(max(target, self._limits.minimum), self._limits.maximum))
        return self.target_bps


def shares(bandwidth_bps: int | None, active: int) -> list[int | None]:
    """Divide a client's bandwidth between its open slots: slot 0 gets less when it is an agent's own preview."""
    if active <= 1 or bandwidth_bps is None:
        return [bandwidth_bps] * active
    preview = int(bandwidth_bps * PREVIEW_SHARE)
    return [preview, *[(bandwidth_bps - preview) // (active - 1)] * (active - 1)]


class QueueDelay:
    """How long packets stand in a queue on their way here, from send times of another clock.

    The smallest delay of the last 10 to 20 s counts as no queue at all, so the clocks need not agree and may drift.
    """

    def __init__(self) -> None:
        self.ms = 0.0
        self._smooth_ms: float | None = None
        self._least_ms = [math.inf, math.inf]
        self._window_ms = 0.0
        self._last_send = 0

    def add(self, abs_send_time: int, now_ms: float) -> None:
        """Take one packet's 24-bit send time (6.18 fixed point seconds) and its arrival."""
        self._last_send = unwrap(abs_send_time, self._last_send, 24)
        delay_ms = now_ms - self._last_send * 1000 / (1 << 18)
        smooth_ms = delay_ms if self._smooth_ms is None else self._smooth_ms
        self._smooth_ms = smooth_ms + QUEUE_WEIGHT * (delay_ms - smooth_ms)
        if now_ms - self._window_ms > QUEUE_WINDOW_MS:
            self._window_ms = now_ms
            self._least_ms = [math.inf, self._least_ms[0]]
        self._least_ms[0] = min(self._least_ms[0], delay_ms)
        self.ms = self._smooth_ms - min(self._least_ms)


class UplinkEstimate:
    """What a client's uplink carries, from the send times in its packets (receiver-side estimation).

    `running_bps` is the estimate as it stands, `ceiling_bps` the limit that it proves, None when there is none. A busy
    worker reads packets late now and then, which looks like congestion to the estimator: the way is congested only
    when packets really stand in a queue.
    """

    def __init__(self, maximum_bps: int) -> None:
        self._estimator = RemoteBitrateEstimator()
        self._ceiling = Ceiling(maximum_bps)
        self._queue = QueueDelay()
        self.running_bps: int | None = None

    @property
    def ceiling_bps(self) -> int | None:
        return self._ceiling.bps

    def add(self, abs_send_time: int, size: int, ssrc: int, now_ms: float) -> None:
        """Take one packet: 24-bit send time, size in bytes, arrival on the loop's clock."""
        self._queue.add(abs_send_time, now_ms)
        found = self._estimator.add(
            abs_send_time=abs_send_time, arrival_time_ms=int(now_ms), payload_size=size, ssrc=ssrc
        )
        if found is not None:
            self.running_bps = found[0]
            self._ceiling.update(found[0], now_ms, congested=self._queue.ms > QUEUE_MS)
