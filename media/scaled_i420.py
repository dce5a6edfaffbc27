"""Pictures of any size taken down to a network's size, planes first: colour is made of few pixels."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from media.picture import Plane, Planes

_LIMITED_SCALE: Final = 219 / 255
_LIMITED_FOOT: Final = 16
_HALVED_FROM: Final = 1.8


class ScaledI420:
    """Buffers of one size. `y` is (height, width) uint8, `u` and `v` half of that each way, all in limited range.

    They hold the last picture that was loaded, and are overwritten by the next one.
    """

    def __init__(self, width: int, height: int) -> None:
        self._size, self._half = (width, height), (width // 2, height // 2)
        self._buffer = np.empty((height * 3 // 2, width), np.uint8)
        self._rgb = np.empty((height, width, 3), np.uint8)
        self.y: Plane = self._buffer[:height]
        chroma = self._buffer[height:].reshape(2, height // 2, width // 2)
        self.u: Plane = chroma[0]
        self.v: Plane = chroma[1]

    def rgb(self, planes: Planes) -> Plane:
        """Load `planes`, stretched to the size, and return (height, width, 3) uint8, overwritten by the next call."""
        _scale(planes.y, self._size, self.y)
        _scale(planes.u, self._half, self.u)
        _scale(planes.v, self._half, self.v)
        if planes.full_range:
            cv2.convertScaleAbs(self.y, self.y, _LIMITED_SCALE, _LIMITED_FOOT)
        cv2.cvtColor(self._buffer, cv2.COLOR_YUV2RGB_I420, self._rgb)
        return self._rgb


def _scale(plane: Plane, size: tuple[int, int], target: Plane) -> None:
    """Scale `plane` to `size` (width, height) in `target`; halve it first while that hardly makes it the smaller one.

    Averaging by a broken ratio costs eight times as much, and sampling a large plane bluntly shows in the mask: hands
    of a signer far away were lost (0.92 intact instead of 1.00) while 480 lines were not halved for 256.
    """
    height, width = plane.shape
    while width >= _HALVED_FROM * size[0] and height >= _HALVED_FROM * size[1]:
        width, height = width // 2, height // 2
        plane = np.asarray(
            cv2.resize(plane[: height * 2, : width * 2], (width, height), interpolation=cv2.INTER_AREA), np.uint8
        )
    cv2.resize(plane, size, target, interpolation=cv2.INTER_LINEAR)
