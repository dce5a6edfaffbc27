"""The object that an agent shows on purpose: one box of the picture, sharp for a while, then covered by itself."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import structlog

from video_service.media_plane import Box
from video_service.shown_box import LIMIT_S, is_box

log = structlog.get_logger(__name__)

ASPECT_SLACK: Final = 0.05  # a camera that changes its resolution rounds; one that is turned does not come near

LEAST_ALIKE: Final = 0.5  # signing leaves 0.8 and more, four frames apart; the same pictures upside down have 0.4
GRID: Final = (16, 12)  # columns and rows in which two pictures are compared: who moves a hand changes little of it

Rectangle = tuple[int, int, int, int]
"""Left, top, right, bottom in luma pixels; right and bottom lie outside."""


class ShownObject:
    """Says of each picture which part of it is shown as it is. `clock_ms` counts milliseconds, evenly.

    Asked from one thread while pictures pass in another. A box ends after a minute, with any change of the picture's
    shape, and when the picture jumps (a phone turned upside down, another camera): what lay in it lies somewhere else
    then.
    """

    def __init__(self, clock_ms: Callable[[], float]) -> None:
        self._clock_ms = clock_ms
        self._lock = threading.Lock()
        self._box: Box | None = None
        self._until_ms = 0.0
        self._aspect: float | None = None
        self._before: npt.NDArray[np.float32] | None = None

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
                log.info("object_ended", why="time")
            return self._box

    def look(self, luma: npt.NDArray[np.uint8]) -> None:
        """Compare the next picture, whose luma plane this is, (height, width) uint8, with the last; end with a jump."""
        before, self._before = self._before, None
        if self.box() is None:
            return
        now = self._before = _in_coarse(luma)
        if before is not None:
            alike = _alike(before, now)
            if alike < LEAST_ALIKE or _alike(before[::-1], now) > alike:
                self._end("jump")

    def rectangle(self, width: int, height: int) -> Rectangle | None:
        """Return the part of the next picture, of that size, that is shown as it is; rounded inwards."""
        aspect, before = width / height, self._aspect
        self._aspect = aspect
        if before is not None and abs(math.log(aspect / before)) > ASPECT_SLACK and self.box() is not None:
            self._end("shape")
        box = self.box()
        if box is None:
            return None
        x, y, across, down = box
        left, top = math.ceil(x * width), math.ceil(y * height)
        right, bottom = min(width, math.floor((x + across) * width)), min(height, math.floor((y + down) * height))
        return (left, top, right, bottom) if left < right and top < bottom else None

    def _end(self, why: str) -> None:
        self.show(None)
        log.info("object_ended", why=why)


def _in_coarse(luma: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the picture in a few cells, row by row, as differences from their mean."""
    cells = cv2.resize(luma, GRID, interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    return np.asarray(cells - cells.mean(), np.float32)


def _alike(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Return the correlation of two pictures, 1 for two that are even everywhere."""
    sizes = float(np.linalg.norm(one)), float(np.linalg.norm(other))
    if max(sizes) < 1:
        return 1.0
    return float(one @ other) / max(sizes[0] * sizes[1], 1e-6)
