"""A network of people that looks at every second picture when the machine is short of time.

Between two looks its last mask is moved on with what moved in the picture. Nothing comes into the mask that way which
was not in it: who steps into the room is not shown by it, and what a hand uncovers is found by those who read the mask
(`media.signer_mask`), which look at every picture as ever. Whatever makes the moved mask doubtful calls the network.

Source: Kroeger et al., "Fast Optical Flow using Dense Inverse Search" (2016), in OpenCV.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import cv2
import numpy as np

from media.picture import Plane, RawPicture
from media.scaled_i420 import ScaledI420
from media.segmenter import Alpha, Mask, Segmenter

LONGEST_GAP_MS: Final = 100.0
MOST_CHANGE: Final = 12.0  # levels of luma over the whole picture: a cut, another light, a camera that was moved


class Network(Segmenter, Protocol):
    """A segmenter that keeps the picture as it has seen it."""

    @property
    def scaled(self) -> ScaledI420:
        """The last picture, of the masks' size."""
        ...


class Wish(Protocol):
    """Whether work is to be spared, now."""

    @property
    def on(self) -> bool: ...


class SparingNetwork:
    """Stands before `network`. For one thread at a time; `wish` may be changed by any."""

    def __init__(self, network: Network, wish: Wish, clock_ms: Callable[[], float]) -> None:
        self._network, self._wish, self._clock_ms = network, wish, clock_ms
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._alpha: Alpha | None = None
        self._luma: Plane | None = None
        self._seen: tuple[int, int, float] = (0, 0, 0.0)
        rows, columns = network.mask_shape
        self._half = columns // 2, rows // 2
        self._grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).astype(np.float32)

    @property
    def mask_shape(self) -> tuple[int, int]:
        """Height and width of the network."""
        return self._network.mask_shape

    @property
    def scaled(self) -> ScaledI420:
        """The last picture, of the masks' size."""
        return self._network.scaled

    def segment(self, picture: RawPicture) -> Mask:
        """Return the mask of everybody in `picture`: the network's, or its last one moved on."""
        if self._wish.on and self._is_next(picture):
            moved = self._moved_to(picture)
            if moved is not None:
                self._alpha = None  # the next picture is the network's again
                return Mask(picture.frame_id, moved, self._clock_ms())
        mask = self._network.segment(picture)
        self._alpha = None
        if self._wish.on:
            self._alpha = mask.alpha
            self._luma = self._small_luma()
            self._seen = picture.width, picture.height, picture.pts_ms
        return mask

    def close(self) -> None:
        """Close the network."""
        self._network.close()

    def _is_next(self, picture: RawPicture) -> bool:
        """Tell whether the network saw the picture just before this one, in the same shape."""
        width, height, at_ms = self._seen
        same = (picture.width, picture.height) == (width, height)
        return self._alpha is not None and same and 0 < picture.pts_ms - at_ms <= LONGEST_GAP_MS

    def _moved_to(self, picture: RawPicture) -> Alpha | None:
        assert self._alpha is not None
        assert self._luma is not None
        self._network.scaled.rgb(picture.planes)
        luma = self._small_luma()
        if cv2.absdiff(luma, self._luma).mean() > MOST_CHANGE:
            return None
        flow = self._flow.calc(luma, self._luma, None)  # type: ignore[call-overload]  # OpenCV makes the array
        back = cv2.resize(flow, self._alpha.shape[::-1], interpolation=cv2.INTER_LINEAR) * np.float32(2)
        x, y = cv2.split(self._grid + back)
        moved = cv2.remap(self._alpha, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.float32)

    def _small_luma(self) -> Plane:
        return np.asarray(cv2.resize(self._network.scaled.y, self._half, interpolation=cv2.INTER_AREA), np.uint8)
