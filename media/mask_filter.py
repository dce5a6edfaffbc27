"""Steps between the network's mask and the compositor: hands in at once and out slowly, and an edge that keeps fingers.

Both work at the mask's own size, where a step costs a few hundredths of a millisecond.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from media.picture import RawPicture
from media.segmenter import Alpha, Mask

_SEEN: Final = 0.3  # of a mask: more is somebody


class SlowOut:
    """Lets a place become signer within one picture and background slowly.

    Each picture an alpha falls by `fall` of the way to its new value and rises all the way at once: smoothing both
    ways would hide a newly placed hand for several pictures. With 0.7 a place that the hand has left is gone in the
    second picture, and the edge of a hand that the network loses for one picture stays. Slower, the room shows behind
    quick hands; faster, hands flicker. Nothing stays farther than `reach_px` mask pixels from the signer as seen now:
    there a whole hand has gone, and what it has uncovered is the room, in sharp view.

    The past is dropped when the picture changes its size, and when it is older than `memory_ms` by the pictures' time
    stamps: after a pause somebody else may stand where the signer stood.
    """

    def __init__(self, fall: float = 0.7, memory_ms: float = 150.0, reach_px: int = 3) -> None:
        if not 0 < fall <= 1 or reach_px < 0:
            raise ValueError("fall must lie in (0, 1], reach_px must not be negative")
        self._reach = np.ones((2 * reach_px + 1, 2 * reach_px + 1), np.uint8)
        self._fall, self._memory_ms = np.float32(fall), memory_ms
        self._past: Alpha | None = None
        self._size, self._time_ms = (0, 0), 0.0

    def apply(self, picture: RawPicture, mask: Mask) -> Mask:
        """Return `mask` with what the last pictures had, fading."""
        size, time_ms = (picture.width, picture.height), picture.pts_ms
        alpha, past = mask.alpha, self._past
        recent = size == self._size and 0 <= time_ms - self._time_ms <= self._memory_ms
        if past is not None and recent and past.shape == alpha.shape:
            faded = np.subtract(alpha, past)
            faded *= self._fall
            faded += past
            faded *= cv2.dilate((alpha > _SEEN).view(np.uint8), self._reach)
            alpha = np.maximum(alpha, faded, out=faded)
        self._past, self._size, self._time_ms = alpha, size, time_ms
        return Mask(mask.frame_id, alpha, mask.produced_ms)

    def reset(self) -> None:
        """Forget the past."""
        self._past = None


class KeepEdge:
    """Turns the network's doubt at an edge into a decision for the signer, then grows it by `grow_px` mask pixels.

    Alpha at or below `low` is background, at or above `high` signer, with a smooth step between: a half-transparent
    finger is an illegible finger, and a half-transparent room is a legible room.
    """

    def __init__(self, low: float = 0.1, high: float = 0.5, grow_px: int = 2) -> None:
        if not 0 <= low < high <= 1 or grow_px < 0:
            raise ValueError("0 <= low < high <= 1 and grow_px >= 0 are needed")
        self._low, self._scale = np.float32(low), np.float32(1 / (high - low))
        side = 2 * grow_px + 1
        self._kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))

    def apply(self, picture: RawPicture, mask: Mask) -> Mask:
        """Return `mask` with a decided, grown edge."""
        # In place: a mask has a quarter of a megabyte, and each further copy of it costs as much as the arithmetic.
        step = np.subtract(mask.alpha, self._low)
        step *= self._scale
        np.clip(step, 0, 1, out=step)
        bend = np.multiply(step, np.float32(-2))
        bend += np.float32(3)
        step *= step
        step *= bend
        alpha: Alpha = cv2.dilate(step, self._kernel).astype(np.float32, copy=False)
        return Mask(mask.frame_id, alpha, mask.produced_ms)

    def reset(self) -> None:
        """Has no past."""
