"""Whether a person's line carries fluent signing, both ways, and how many pictures a second the camera should send."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from media.fitting import NARROW_RATE, NarrowLine


@dataclass(frozen=True, slots=True)
class LineState:
    """What the two pages and the camera behind the line are told. `camera_fps` 0: as many as it can."""

    narrow: bool = False
    camera_fps: int = 0


class LineWatch:
    """Looks at one leg about once a second; None stands for "no limit is known" everywhere."""

    def __init__(self) -> None:
        self.state = LineState()
        self._line = NarrowLine()
        self._camera = NarrowLine()

    def look(
        self, up_bps: int | None, down_bps: Iterable[int | None], camera_bps: int | None, now_ms: float
    ) -> LineState | None:
        """Take what the way here, the pictures on the way back, and the camera may have; return a change, or None.

        The camera may have less than its own way carries: what its viewers can receive counts, too.
        """
        known = [bps for bps in (up_bps, *down_bps) if bps is not None]
        narrow = self._line.update(min(known) if known else None, now_ms)
        few = self._camera.update(camera_bps, now_ms)
        state = LineState(narrow, NARROW_RATE if few else 0)
        if state == self.state:
            return None
        self.state = state
        return state
