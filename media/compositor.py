"""Puts the signer over the background, in yuv420p planes and 8-bit arithmetic: no colour conversion, no float pixels.

Alpha 1 keeps the signer's bytes as they are (lifted by a curve where that was asked for), alpha 0 keeps nothing of the
room but what the backdrop shows of it: its blur, or nothing at all. A share of the raw picture goes into the result by
the mask and by the shown box alone, whatever the backdrop is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import cv2
import numpy as np

from media.light import Lift
from media.picture import Plane, Planes
from media.segmenter import Alpha
from media.shown_object import Rectangle

_LINEAR: Final = cv2.INTER_LINEAR


class Backdrop(Protocol):
    """What stands where the signer is not."""

    def render(self, planes: Planes, alpha: Alpha | None = None) -> Planes:
        """Return a backdrop of the size of `planes`, which may look at them; whoever gets it must not write to it.

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
            weight += _LEAST_WEIGHT - cv2.resize(alpha, size, interpolation=_LINEAR)
        colours = [
            cv2.multiply(_averaged(plane, size, each), weight, dtype=cv2.CV_32F)
            for plane, each in ((planes.y, step), (planes.u, step // 2), (planes.v, step // 2))
        ]
        blurred = cv2.GaussianBlur(cv2.merge([*colours, weight]), (0, 0), self.sigma_cells)
        *weighed, weights = cv2.split(blurred)
        y, u, v = (
            _bytes(cv2.resize(cv2.divide(cells, weights, dtype=cv2.CV_8U), plane.shape[::-1], interpolation=_LINEAR))
            for cells, plane in zip(weighed, (planes.y, planes.u, planes.v), strict=True)
        )
        return Planes(y, u, v, planes.full_range)


def _averaged(plane: cv2.typing.MatLike, size: tuple[int, int], step: int) -> cv2.typing.MatLike:
    """Return the means of `step` by `step` cells; the last few lines that fill no cell are left out."""
    columns, rows = size
    plane = plane[: rows * step, : columns * step]
    while step % 2 == 0:  # halving a few times takes a quarter of the time
        step //= 2
        plane = cv2.resize(plane, (columns * step, rows * step), interpolation=cv2.INTER_AREA)
    return plane if step == 1 else cv2.resize(plane, size, interpolation=cv2.INTER_AREA)


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
# Of the agent's choice: none is weaker than the first, which is the one that was attacked.
STRENGTHS: Final = {1: BACKGROUND, 2: Blur(cells=40, sigma_cells=3.0), 3: Blur(cells=28, sigma_cells=3.0)}
INSTEAD: Final = STRENGTHS[2]  # of a picture that is not there


class YuvCompositor:
    """Blends in planes. `background` stands behind the signer, `cover` replaces the whole picture.

    `choose` may be called from any thread, everything else from one at a time.
    """

    def __init__(self, background: Backdrop = BACKGROUND, cover: Backdrop = COVER) -> None:
        self._cover = cover
        self._choice: tuple[Backdrop, Lift | None] = (background, None)
        self._shown: Rectangle | None = None
        self._scratch: dict[tuple[int, int], tuple[Plane, ...]] = {}
        self._size = (0, 0)

    def choose(self, background: Backdrop, *, brighten: bool) -> None:
        """Put `background` behind the signer from the next picture on, and lift the signer out of the dark or not."""
        lift = self._choice[1]
        self._choice = (background, (lift or Lift()) if brighten else None)

    def show(self, rectangle: Rectangle | None) -> None:
        """Keep this part of the following clear pictures as it is, beside the signer. It lies inside of them."""
        self._shown = rectangle

    def clear(self, planes: Planes, alpha: Alpha) -> Planes:
        """Return the signer sharp over the background, in new arrays."""
        self._prepare(planes)
        background, lift = self._choice
        behind = background.render(planes, alpha)
        share = cv2.convertScaleAbs(alpha, alpha=255.0)
        luma = planes.y if lift is None else lift.apply(planes.y, share, planes.full_range)
        shown = self._shown
        halved = None if shown is None else ((shown[0] + 1) // 2, (shown[1] + 1) // 2, shown[2] // 2, shown[3] // 2)
        (y,) = self._blend([(luma, behind.y)], share, shown)
        u, v = self._blend([(planes.u, behind.u), (planes.v, behind.v)], share, halved)
        return Planes(y, u, v, planes.full_range)

    def whole(self, planes: Planes) -> Planes:
        """Return the whole picture under the cover."""
        return self._cover.render(planes)

    def _prepare(self, planes: Planes) -> None:
        """Make the scratch planes of this size; those of the last size go."""
        size = (planes.width, planes.height)
        if size != self._size:
            self._scratch = {
                plane.shape: tuple(np.empty_like(plane, order="C") for _ in range(3)) for plane in (planes.y, planes.u)
            }
            self._size = size

    def _blend(
        self, pairs: Sequence[tuple[Plane, Plane]], share: cv2.typing.MatLike, shown: Rectangle | None
    ) -> list[Plane]:
        """Return front * share + behind * (1 - share) of each pair, which all have one size.

        Each product is rounded on its own: at most 1 from the exact one. Where the share is 0 or 255 the result is
        exact; it is 255 in `shown`.
        """
        height, width = shape = pairs[0][0].shape
        share_full, remainder, hidden = self._scratch[shape]
        cv2.resize(share, (width, height), share_full, interpolation=_LINEAR)
        if shown is not None:
            left, top, right, bottom = shown
            share_full[top:bottom, left:right] = 255
        cv2.bitwise_not(share_full, remainder)
        blended = []
        for front, behind in pairs:
            kept = cv2.multiply(front, share_full, scale=1 / 255)
            cv2.multiply(behind, remainder, hidden, scale=1 / 255)
            blended.append(_bytes(cv2.add(kept, hidden, kept)))
        return blended


def _bytes(plane: cv2.typing.MatLike) -> Plane:
    """Say to the type checker what OpenCV keeps: bytes in, bytes out."""
    assert plane.dtype == np.uint8
    return plane  # type: ignore[return-value]
