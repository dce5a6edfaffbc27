"""What the room looks like, and where something moves: it tells hands and furniture from what was always there."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from media.body import Places
from media.picture import Plane
from media.segmenter import Alpha

MOVES: Final = 12  # levels of luma from one picture to the next
STRANGE: Final = 16  # levels of luma from what the room looks like
_FIVE: Final = np.ones((5, 5), np.uint8)


def moving(y: Plane, last: Plane) -> Places:
    """Return where `y` differs from the luma of the picture before."""
    changed: Places = cv2.blur(cv2.absdiff(y, last), (3, 3)) > MOVES
    return changed


class Room:
    """What the room looks like where people have not been for a while: a plate of luma, learned place by place."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._plate = np.zeros(shape, np.float32)
        self._times = np.zeros(shape, np.uint8)

    def forget(self) -> None:
        """Know nothing."""
        self._times.fill(0)

    def compare(self, y: Plane) -> tuple[Places, Places]:
        """Return where `y` shows something else than the room as it is known, and where it shows the room."""
        strange = cv2.blur(cv2.absdiff(y.astype(np.float32), self._plate), (3, 3)) > STRANGE
        known = self._times > 1
        return known & strange, known & ~strange

    def learn(self, y: Plane, people: Alpha) -> None:
        """Take up `y` where nobody is."""
        empty = cv2.dilate((people >= np.float32(0.05)).view(np.uint8), _FIVE) == 0
        cv2.accumulateWeighted(y, self._plate, 0.1, empty.view(np.uint8))
        new = empty & (self._times == 0)
        if new.any():
            self._plate[new] = y[new]
        self._times += empty & (self._times < 9)
