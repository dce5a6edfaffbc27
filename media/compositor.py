"""Puts the signer over the background, in yuv420p planes and 8-bit arithmetic: no colour conversion, no float pixels.

Alpha 1 keeps the signer's bytes as they are, alpha 0 keeps nothing of the room but its blur.
"""

from __future__ import annotations

from typing import Final, Protocol

import cv2
import numpy as np

from media.picture import Plane, Planes
from media.segmenter import Alpha


class Background(Protocol):
    """What stands where the signer is not."""

    def render(self, planes: Planes, alpha: Alpha | None = None) -> Planes:
        """Return a background of the size of `planes`, which may look at them; the arrays are the caller's.

        `alpha`, of any size, says where the signer is; None: nowhere that is known.
        """
        ...


class Blur:
    """The picture averaged on a coarse grid, the grid blurred, and stretched back.

    The grid has about `cells` cells on the picture's shorter side, whatever its resolution, and is blurred with a
    standard deviation of `sigma_cells`: the blur is as strong at 720 lines as at 240. The grid is the strength: what
    is gone there cannot be computed back (docs/adr/0009-fail-closed-gate.md has the attack that was tried).

    Where the signer is, the room's colours are carried on, so that nobody stands in a glow of their own clothes.
    """

    def __init__(self, cells: int, sigma_cells: float) -> None:
        if cells < 1 or sigma_cells <= 0:
            raise ValueError("cells and sigma_cells must be positive")
        self.cells, self.sigma_cells = cells, sigma_cells

    def render(self, planes: Planes, alpha: Alpha | None = None) -> Planes:
        """Return the blurred picture."""
        # An even step for luma makes a whole one for chroma: averaging by whole steps is five times as fast.
        step = 2 * max(1, round(min(planes.width, planes.height) / (2 * self.cells)))
        size = max(1, planes.width // step), max(1, planes.height // step)
        weight = np.ones(size[::-1], np.float32)
        if alpha is not None:
            weight += _LEAST_WEIGHT - cv2.resize(alpha, size, interpolation=cv2.INTER_LINEAR)
        colours = [
            cv2.multiply(_averaged(plane, size, each), weight, dtype=cv2.CV_32F)
            for plane, each in ((planes.y, step), (planes.u, step // 2), (planes.v, step // 2))
        ]
        blurred = cv2.GaussianBlur(cv2.merge([*colours, weight]), (0, 0), self.sigma_cells)
        grid = cv2.convertScaleAbs(np.asarray(blurred[..., :3] / blurred[..., 3:], np.float32))
        y, u, v = (
            _bytes(cv2.resize(cells, plane.shape[::-1], interpolation=cv2.INTER_LINEAR))
            for cells, plane in zip(cv2.split(grid), (planes.y, planes.u, planes.v), strict=True)
        )
        return Planes(y, u, v, planes.full_range)


def _averaged(plane: Plane, size: tuple[int, int], step: int) -> cv2.typing.MatLike:
    """Return the means of `step` by `step` cells; the last few lines that fill no cell are left out."""
    columns, rows = size
    return cv2.resize(plane[: rows * step, : columns * step], size, interpolation=cv2.INTER_AREA)


class Compositor(Protocol):
    """Makes the planes that the gate releases. Whatever it raises, the gate falls back to less."""

    def clear(self, planes: Planes, alpha: Alpha) -> Planes:
        """Return the signer sharp over the background. `alpha` is (rows, columns) float32 in 0..1, of any size."""
        ...

    def whole(self, planes: Planes) -> Planes:
        """Return a picture in which nothing can be read, whoever is in it."""
        ...


_LEAST_WEIGHT: Final = 0.02  # of a cell that is all signer: where there is no room to be seen, something must stand
BACKGROUND: Final = Blur(cells=60, sigma_cells=3.0)
COVER: Final = Blur(cells=24, sigma_cells=3.0)


class YuvCompositor:
    """Blends in planes. `background` stands behind the signer, `cover` replaces the whole picture."""

    def __init__(self, background: Background = BACKGROUND, cover: Background = COVER) -> None:
        self._background, self._cover = background, cover
        self._scratch: dict[tuple[int, int], tuple[Plane, Plane]] = {}
        self._size = (0, 0)

    def clear(self, planes: Planes, alpha: Alpha) -> Planes:
        """Return the signer sharp over the background, in new arrays."""
        self._prepare(planes)
        behind = self._background.render(planes, alpha)
        share = cv2.convertScaleAbs(alpha, alpha=255.0)
        y = self._blend(planes.y, behind.y, share)
        u, v = self._blend(planes.u, behind.u, share), self._blend(planes.v, behind.v, share)
        return Planes(y, u, v, planes.full_range)

    def whole(self, planes: Planes) -> Planes:
        """Return the whole picture under the cover."""
        return self._cover.render(planes)

    def _prepare(self, planes: Planes) -> None:
        """Make the scratch planes of this size; those of the last size go."""
        size = (planes.width, planes.height)
        if size != self._size:
            self._scratch = {
                plane.shape: (np.empty_like(plane, order="C"), np.empty_like(plane, order="C"))
                for plane in (planes.y, planes.u)
            }
            self._size = size

    def _blend(self, front: Plane, behind: Plane, share: cv2.typing.MatLike) -> Plane:
        """Return front * share + behind * (1 - share), each product rounded on its own: at most 1 from the exact one.

        Where the share is 0 or 255 the result is exact. `behind` is overwritten.
        """
        height, width = front.shape
        share_full, remainder = self._scratch[front.shape]
        cv2.resize(share, (width, height), share_full, interpolation=cv2.INTER_LINEAR)
        cv2.bitwise_not(share_full, remainder)
        kept = cv2.multiply(front, share_full, scale=1 / 255)
        cv2.multiply(behind, remainder, behind, scale=1 / 255)
        return _bytes(cv2.add(kept, behind, kept))


def _bytes(plane: cv2.typing.MatLike) -> Plane:
    """Say to the type checker what OpenCV keeps: bytes in, bytes out."""
    assert plane.dtype == np.uint8
    return plane  # type: ignore[return-value]
