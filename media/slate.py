"""The card that is sent instead of a picture: two drawn hands on a dark ground, no text, nothing of the room."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from media.backdrop import planes_of_bgr
from media.picture import Plane, Planes, chroma_size

GROUND_BGR: Final = (0x2B, 0x26, 0x20)
GLYPH_BGR: Final = (0xB5, 0xA8, 0x9C)

# One open right hand in units of its height, palm towards the viewer, origin at the middle of the palm, y down:
# each finger from its root to its tip, with its thickness.
_FINGERS: Final = (
    ((-0.13, -0.10), (-0.20, -0.42), 0.095),
    ((-0.04, -0.12), (-0.06, -0.52), 0.100),
    ((0.06, -0.12), (0.08, -0.50), 0.100),
    ((0.15, -0.08), (0.21, -0.38), 0.090),
    ((-0.14, 0.12), (-0.36, -0.10), 0.105),
)
_PALM: Final = ((-0.10, -0.06), (0.10, -0.06), (0.11, 0.17), (-0.08, 0.17))
_PALM_THICKNESS: Final = 0.18
_TILT_DEG: Final = 12.0
_GLYPH_SHARE: Final = 0.34  # a hand's height as a share of the picture's shorter side
_SPREAD: Final = 0.46  # from the picture's middle to each palm, in hand heights
_FRACTION_BITS: Final = 4  # sub-pixel places for OpenCV's drawing


class Slate:
    """Draws the card once for each size and keeps the last one."""

    def __init__(self) -> None:
        self._key: tuple[int, int, bool] | None = None
        self._card: Planes | None = None

    def render(self, width: int, height: int, full_range: bool = False) -> Planes:
        """Return the card as read-only planes of that size, which may be shared between pictures."""
        key = (width, height, full_range)
        if self._card is None or self._key != key:
            self._card, self._key = draw(width, height, full_range), key
        return self._card


def draw(width: int, height: int, full_range: bool = False) -> Planes:
    """Return a new card. `full_range` as in `Planes`."""
    half_width, half_height = chroma_size(width, height)
    canvas = np.full((2 * half_height, 2 * half_width, 3), GROUND_BGR, np.uint8)
    for side in (-1, 1):
        _draw_hand(canvas, side, min(width, height) * _GLYPH_SHARE)
    return planes_of_bgr(canvas, width, height, full_range)


def _draw_hand(canvas: Plane, side: int, size: float) -> None:
    """Draw one hand; `side` -1 is the one on the left of the picture, a mirror image of the other."""
    height, width = canvas.shape[:2]
    tilt = np.deg2rad(_TILT_DEG)
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    middle = np.array([width / 2 + side * _SPREAD * size, height / 2 + 0.16 * size])

    def place(point: tuple[float, float]) -> tuple[int, int]:
        x, y = turn @ np.array(point) * size
        where = np.round((middle + np.array((side * x, y))) * 2**_FRACTION_BITS).astype(int)
        return int(where[0]), int(where[1])

    def stroke(start: tuple[float, float], end: tuple[float, float], share: float) -> None:
        thickness = max(1, round(share * size))
        cv2.line(canvas, place(start), place(end), GLYPH_BGR, thickness, cv2.LINE_AA, _FRACTION_BITS)

    palm = np.array([place(corner) for corner in _PALM], np.int32)
    cv2.fillConvexPoly(canvas, palm, GLYPH_BGR, cv2.LINE_AA, _FRACTION_BITS)
    for corner, following in zip(_PALM, _PALM[1:] + _PALM[:1], strict=True):
        stroke(corner, following, _PALM_THICKNESS)
    for root, tip, share in _FINGERS:
        stroke(root, tip, share)
