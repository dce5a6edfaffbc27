"""How many bits a second a picture may take: what its viewers can receive, what its sender can send.

Source: RFC 8698 and draft-ietf-rmcat-gcc-02, section 6 (loss-based control: below 2 % more, above 10 % less).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from aiortc.rate import RemoteBitrateEstimator

INTERVAL_MS: Final = 1000.0
LITTLE_LOSS: Final = 0.02
MUCH_LOSS: Final = 0.10
GROWTH: Final = 1.08
PREVIEW_SHARE: Final = 0.4
FALL: Final = 0.97
USED_SHARE: Final = 0.6
CEILING_MS: Final = 20_000.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Bits per second."""

    start: int
    minimum: int
    maximum: int


class Ceiling:
    """What a receiver's running estimate says about the way to it: nothing, until it falls.

    An estimate follows what is sent (it stays under 1.5 times that), so a still picture or a card makes it small on
    the widest line. Only a fall while the line is used means that packets piled up somewhere; from then on the estimate
    is a ceiling, until it has risen to the maximum or has not fallen for 20 s.
    """

    def __init__(self, maximum_bps: int) -> None:
        self.bps: int | None = None
        self._maximum_bps = maximum_bps
        self._last_bps: int | None = None
        self._fell_ms = 0.0

    def update(self, estimate_bps: int, now_ms: float, *, used: bool = True) -> None:
        """Take the receiver's next estimate; `used` tells whether about as much was sent as may be."""
        fell = used and self._last_bps is not None and estimate_bps < FALL * self._last_bps
        self._last_bps = estimate_bps
        if fell:
            self._fell_ms = now_ms
        if fell or self.bps is not None:
            self.bps = estimate_bps
        if estimate_bps >= self._maximum_bps or now_ms - self._fell_ms > CEILING_MS:
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


class UplinkEstimate:
    """What a client's uplink carries, from the send times in its packets (receiver-side estimation).

    `running_bps` is the estimate as it stands, `ceiling_bps` the limit that it proves, None when there is none.
    """

    def __init__(self, maximum_bps: int) -> None:
        self._estimator = RemoteBitrateEstimator()
        self._ceiling = Ceiling(maximum_bps)
        self.running_bps: int | None = None

    @property
    def ceiling_bps(self) -> int | None:
        return self._ceiling.bps

    def add(self, abs_send_time: int, size: int, ssrc: int, now_ms: float) -> None:
        """Take one packet: 24-bit send time, size in bytes, arrival on the loop's clock."""
        found = self._estimator.add(
            abs_send_time=abs_send_time, arrival_time_ms=int(now_ms), payload_size=size, ssrc=ssrc
        )
        if found is not None:
            self.running_bps = found[0]
            self._ceiling.update(found[0], now_ms)
