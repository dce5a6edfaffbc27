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


@dataclass(frozen=True, slots=True)
class Limits:
    """Bits per second."""

    start: int
    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class ViewerState:
    """One viewer: its estimate of what it can receive of this picture (None: unknown), and the share it loses."""

    estimate_bps: int | None
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
        estimates = [state.estimate_bps for state in states if state.estimate_bps is not None]
        if estimates:
            target = min(target, min(estimates))
        self.target_bps = int(min(max(target, self._limits.minimum), self._limits.maximum))
        return self.target_bps


def shares(estimate_bps: int, active: int) -> list[int]:
    """Divide a client's bandwidth between its open slots: slot 0 gets less when it is an agent's own preview."""
    if active <= 1:
        return [estimate_bps] * active
    preview = int(estimate_bps * PREVIEW_SHARE)
    return [preview] + [(estimate_bps - preview) // (active - 1)] * (active - 1)


class UplinkEstimate:
    """What a client's uplink carries, from the send times in its packets (receiver-side estimation)."""

    def __init__(self) -> None:
        self._estimator = RemoteBitrateEstimator()
        self.bps: int | None = None

    def add(self, abs_send_time: int, size: int, ssrc: int, now_ms: float) -> None:
        """Take one packet: 24-bit send time, size in bytes, arrival on the loop's clock."""
        found = self._estimator.add(
            abs_send_time=abs_send_time, arrival_time_ms=int(now_ms), payload_size=size, ssrc=ssrc
        )
        if found is not None:
            self.bps = found[0]
