"""How evenly the frames of one picture come: how many in the last second, and how often it froze.

Source: W3C, Identifiers for WebRTC's Statistics API, freezeCount (an interval longer than three times the mean of the
last 30, and longer than that mean plus 150 ms).
"""

from __future__ import annotations

from collections import deque
from typing import Final

SECOND_MS: Final = 1000.0
MEAN_OF: Final = 30
KEPT: Final = 128
FREEZE_FACTOR: Final = 3.0
FREEZE_MARGIN_MS: Final = 150.0


class PictureMeter:
    """Counts of one stream. Times are milliseconds of the loop's clock and never go back."""

    def __init__(self) -> None:
        self.frames = 0
        self.freezes = 0
        self.frozen_ms = 0.0
        self._times_ms: deque[float] = deque(maxlen=KEPT)

    def frame(self, now_ms: float) -> None:
        """Count a frame."""
        self.frames += 1
        times = self._times_ms
        known = min(len(times) - 1, MEAN_OF)
        if known > 0:
            gap_ms, mean_ms = now_ms - times[-1], (times[-1] - times[-1 - known]) / known
            if gap_ms > max(FREEZE_FACTOR * mean_ms, mean_ms + FREEZE_MARGIN_MS):
                self.freezes += 1
                self.frozen_ms += gap_ms
        times.append(now_ms)

    def fps(self, now_ms: float) -> int:
        """Return the frames of the last second."""
        count = 0
        for at_ms in reversed(self._times_ms):
            if at_ms <= now_ms - SECOND_MS:
                break
            count += 1
        return count

    def restart(self) -> None:
        """Another picture follows: the time until its first frame is no freeze."""
        self._times_ms.clear()
