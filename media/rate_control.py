"""How many bits a second a picture may take: what its viewers can receive, what its sender can send.

What a viewer can receive is found in `media.line_ways`. Source of what loss does where no such limit is known:
draft-ietf-rmcat-gcc-02, section 6 (below 2 % more, above 10 % less).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

INTERVAL_MS: Final = 1000.0
LITTLE_LOSS: Final = 0.02
MUCH_LOSS: Final = 0.10
GROWTH: Final = 1.25
KNOWN_GROWTH: Final = 1.6
PREVIEW_SHARE: Final = 0.4
FLUENT_BPS: Final = 100_000
"""What the smallest fluent picture needs, a little more than `media.fitting` asks for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bits per second."""

    start: int
    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class ViewerState:
    """One viewer: the most that it can receive of this picture (None: no limit known), and the share it loses."""

    ceiling_bps: int | None
    loss_share: float


class PictureRate:
    """The target for one encoded picture: grows by steps, falls at once, the weakest viewer decides.

    A viewer's ceiling has its loss in it already.
    """

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
            loss = max((state.loss_share for state in states if state.ceiling_bps is None), default=0.0)
            if loss > MUCH_LOSS:
                target *= 1 - 0.5 * loss
            elif loss < LITTLE_LOSS:
                # A ceiling grows by itself, and as slowly as it has to.
                target *= GROWTH if any(state.ceiling_bps is None for state in states) else KNOWN_GROWTH
        ceilings = [state.ceiling_bps for state in states if state.ceiling_bps is not None]
        if ceilings:
            target = min(target, min(ceilings))
        self.target_bps = int(min(max(target, self._limits.minimum), self._limits.maximum))
        return self.target_bps


def shares(bandwidth_bps: int | None, active: int) -> list[int | None]:
    """Divide a client's bandwidth between its open slots.

    Slot 0 gets less when it is an agent's own preview, but not so little that it is not fluent, as long as the others
    have as much: the picture is encoded once, so the customer sees no more than the preview can have.
    """
    if active <= 1 or bandwidth_bps is None:
        return [bandwidth_bps] * active
    preview = max(int(bandwidth_bps * PREVIEW_SHARE), min(bandwidth_bps // active, FLUENT_BPS))
    return [preview, *[(bandwidth_bps - preview) // (active - 1)] * (active - 1)]
