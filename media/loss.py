"""What to ask a sender for: lost packets again and again, a key frame when that does not help, neither too often.

Source: RFC 4585, sections 6.2.1 (generic NACK) and 6.3.1 (picture loss indication).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

MAX_GAP: Final = 256
NACK_PATIENCE_MS: Final = 1000.0
KEY_FRAME_PATIENCE_MS: Final = 100.0
KEY_FRAME_INTERVAL_MS: Final = 1000.0
MIN_NACK_INTERVAL_MS: Final = 20.0
MOST_BEFORE_MS: Final = 34.0  # a frame: for so long a packet can have been lost before the next one shows it


@dataclass(slots=True)
class _Missing:
    """A packet: when it should have come, and when it was asked for last."""

    since_ms: float
    asked_ms: float


@dataclass(frozen=True, slots=True)
class LossAction:
    """What is due now: packets to ask for, and whether the picture needs a key frame.

    `since_ms` is when the packets of a new gap should have come.
    """

    nack: list[int] = field(default_factory=list)
    key_frame: bool = False
    since_ms: float | None = field(default=None, compare=False)


def key_frame_patience_ms(round_trip_ms: float) -> float:
    """Return how long a packet may be missing before a key frame is asked for."""
    return max(KEY_FRAME_PATIENCE_MS, 2 * round_trip_ms)


class LossTracker:
    """The missing packets of one stream, by unwrapped sequence number."""

    def __init__(self) -> None:
        self._missing: dict[int, _Missing] = {}
        self._highest: int | None = None
        self._highest_ms = 0.0

    @property
    def pending(self) -> bool:
        return bool(self._missing)

    def add(self, sequence: int, now_ms: float) -> LossAction:
        """Note a received packet; return what has to be asked for at once."""
        highest = self._highest
        if highest is None:
            self._highest, self._highest_ms = sequence, now_ms
            return LossAction()
        if sequence <= highest:
            self._missing.pop(sequence, None)
            return LossAction()
        since_ms = max(self._highest_ms, now_ms - MOST_BEFORE_MS)
        self._highest, self._highest_ms = sequence, now_ms
        if sequence == highest + 1:
            return LossAction()
        if sequence - highest > MAX_GAP:
            self._missing.clear()
            return LossAction(key_frame=True)
        lost = list(range(highest + 1, sequence))
        for number in lost:
            self._missing[number] = _Missing(since_ms, now_ms)
        return LossAction(lost, since_ms=since_ms)

    def due(self, now_ms: float, round_trip_ms: float) -> LossAction:
        """Return what has to be asked for again: packets once per round trip, a key frame after two."""
        if not self._missing:
            return LossAction()
        interval_ms = max(MIN_NACK_INTERVAL_MS, round_trip_ms)
        patience_ms = key_frame_patience_ms(round_trip_ms)
        nack = []
        key_frame = False
        for number, missing in list(self._missing.items()):
            age_ms = now_ms - missing.since_ms
            key_frame = key_frame or age_ms >= patience_ms
            if age_ms >= NACK_PATIENCE_MS:
                del self._missing[number]
            elif now_ms - missing.asked_ms >= interval_ms:
                missing.asked_ms = now_ms
                nack.append(number)
        return LossAction(nack, key_frame)

    def forget_before(self, sequence: int) -> None:
        """Packets before `sequence` are of no use any more."""
        if self._missing:
            self._missing = {number: missing for number, missing in self._missing.items() if number >= sequence}

    def reset(self) -> None:
        self._missing.clear()
        self._highest = None


class KeyFrameRequests:
    """Decides when a key frame is asked for: at once the first time and for a new viewer, else once a second."""

    def __init__(self) -> None:
        self._wanted = False
        self._asked_ms: float | None = None

    @property
    def wanted(self) -> bool:
        """Whether somebody waits for a key frame."""
        return self._wanted

    def want(self, now_ms: float, *, new_viewer: bool = False) -> bool:
        """Note that a key frame is needed; return whether to ask for it now."""
        self._wanted = True
        if new_viewer:
            self._asked_ms = None
        return self.due(now_ms)

    def due(self, now_ms: float) -> bool:
        """Return whether to ask now, and if so note that it was asked."""
        if not self._wanted or (self._asked_ms is not None and now_ms - self._asked_ms < KEY_FRAME_INTERVAL_MS):
            return False
        self._asked_ms = now_ms
        return True

    def settled(self) -> None:
        """A key frame came, or what was missing: nobody waits any more."""
        self._wanted = False
