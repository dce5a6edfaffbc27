"""The box in which an agent shows an object: how large it may be, and for how long.

Both sides of the media seam check it: who asks, so that the page hears why not, and who shows, because what lies in
the box is shown as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

MAX_SHARE: Final = 0.40  # of the picture: a paper held up fits, a room does not
MIN_SIDE: Final = 0.05
LIMIT_S: Final = 60.0  # then it is covered again, unless it is asked for anew
_ROUNDING: Final = 1e-6


def is_box(box: Sequence[float]) -> bool:
    """Return whether `box` lies in the picture and is neither too small nor too large."""
    if len(box) != 4 or not all(math.isfinite(value) for value in box):
        return False
    x, y, width, height = box
    inside = x >= 0 and y >= 0 and x + width <= 1 + _ROUNDING and y + height <= 1 + _ROUNDING
    return inside and min(width, height) >= MIN_SIDE and width * height <= MAX_SHARE + _ROUNDING
