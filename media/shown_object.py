"""The object that an agent shows on purpose: one box of the picture, sharp for a while, then covered by itself."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Final

from video_service.media_plane import Box
from video_service.shown_box import LIMIT_S, is_box

ASPECT_SLACK: Final = 0.05  # a camera that changes its resolution rounds; one that is turned does not come near

Rectangle = tuple[int, int, int, int]
"""Left, top, right, bottom in luma pixels; right and bottom lie outside."""


class ShownObject:
    """Says of each picture which part of it is shown as it is. `clock_ms` counts milliseconds, evenly.

    Asked from one thread while pictures pass in another. A box ends after a minute, and with any change of the
    picture's shape: what lay in it lies somewhere else then.
    """

    def __init__(self, clock_ms: Callable[[], float]) -> None:
        self._clock_ms = clock_ms
        self._lock = threading.Lock()
        self._box: Box | None = None
        self._until_ms = 0.0
        self._aspect: float | None = None

    def show(self, box: Box | None) -> None:
        """Show `box` from the next picture on, for a minute; None: nothing. One that is no proper box is nothing."""
        with self._lock:
            self._box = box if box is not None and is_box(box) else None
            self._until_ms = self._clock_ms() + LIMIT_S * 1000

    def box(self) -> Box | None:
        """Return what is shown now."""
        with self._lock:
            if self._box is not None and self._clock_ms() >= self._until_ms:
                self._box = None
            return self._box

    def rectangle(self, width: int, height: int) -> Rectangle | None:
        """Return the part of the next picture, of that size, that is shown as it is; rounded inwards."""
        aspect, before = width / height, self._aspect
        self._aspect = aspect
        if before is not None and abs(math.log(aspect / before)) > ASPECT_SLACK:
            self.show(None)
        box = self.box()
        if box is None:
            return None
        x, y, across, down = box
        left, top = math.ceil(x * width), math.ceil(y * height)
        right, bottom = min(width, math.floor((x + across) * width)), min(height, math.floor((y + down) * height))
        return (left, top, right, bottom) if left < right and top < bottom else None
