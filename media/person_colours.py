"""Whose colours these are: what the signer and everybody else have looked like lately, place by place.

A picture is cut into cells; each keeps two histograms of colour, one of the signer and one of the others, smoothed over
neighbouring colours and cells. Their ratio tells two people apart where they touch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from media.picture import Plane
from media.segmenter import Alpha

Indices = npt.NDArray[np.int32]

CELLS: Final = 10  # per side
LUMA, CHROMA = 16, 8
COLOURS: Final = LUMA * CHROMA * CHROMA
_EVERYWHERE: Final = 0.05  # weight of the colours of the whole picture in each cell
_LITTLE: Final = 0.2  # pixels that a cell has always seen, of either
_MOST: Final = 3.0
_LEAST_PATCH: Final = 6  # places on a face, to know its colour
_RENEWAL: Final = 0.4


def _levels(step: int, place: int) -> Indices:
    return np.clip((np.arange(256) - 128) // step + CHROMA // 2, 0, CHROMA - 1).astype(np.int32) * place


# Dark clothes differ by little: finer levels for dark than for light.
_LUMA_LEVEL: Final = np.minimum(LUMA - 1, LUMA * (np.arange(256) / 256) ** 0.6).astype(np.int32) * CHROMA**2
_LEVELS: Final = np.arange(256)
_U_LEVEL: Final = _levels(5, CHROMA)
_V_LEVEL: Final = _levels(5, 1)


def colour_indices(y: Plane, u: Plane, v: Plane) -> Indices:
    """Return the colour of each pixel as one number below `COLOURS`; all planes have one shape."""
    levels = zip((_LUMA_LEVEL, _U_LEVEL, _V_LEVEL), (y, u, v), strict=True)
    first, second, third = (cv2.LUT(plane, table) for table, plane in levels)
    return np.asarray(first + second + third, np.int32)


def _medians(patches: Sequence[Plane]) -> npt.NDArray[np.float32]:
    values = np.sort(np.stack([patch.ravel() for patch in patches])).astype(np.float32)
    size = values.shape[1]
    return (values[:, (size - 1) // 2] + values[:, size // 2]) * np.float32(0.5)


class FaceColour:
    """The colour of the signer's cheeks. `spreads` of Y, U and V are the unit in which others are compared with it."""

    def __init__(self, spreads: tuple[float, float, float]) -> None:
        self._spreads = np.array(spreads)[:, None]
        self.forget()

    def forget(self) -> None:
        """Know no face."""
        self._colour: npt.NDArray[np.float32] | None = None
        self._tables: Alpha | None = None

    def learn(self, planes: Sequence[Plane], face: tuple[slice, slice]) -> None:
        """Take up a picture's face, unless it is too small to have a colour."""
        patches = [plane[face] for plane in planes]
        if patches[0].size < _LEAST_PATCH:
            return
        now = _medians(patches)
        self._colour = now if self._colour is None else self._colour + (now - self._colour) * np.float32(_RENEWAL)
        self._tables = (((_LEVELS - self._colour[:, None]) / self._spreads) ** 2).astype(np.float32)

    def distance(self, planes: Sequence[Plane]) -> Alpha | None:
        """Return how far each place is from it, squared, in spreads; None: no face was seen."""
        if self._tables is None:
            return None
        first, second, third = (cv2.LUT(plane, table) for table, plane in zip(self._tables, planes, strict=True))
        return np.asarray(cv2.add(cv2.add(first, second), third), np.float32)


class LocalColours:
    """The two histograms and their ratio, for planes of `shape` (rows, columns)."""

    def __init__(self, shape: tuple[int, int]) -> None:
        rows, columns = ((np.arange(side) * CELLS // side).astype(np.int32) for side in shape)
        self._cell: Indices = (rows[:, None] * CELLS + columns[None]) * COLOURS
        self.forget()

    def forget(self) -> None:
        """Know nothing."""
        self._signer, self._others, self._ratio = (np.zeros((CELLS * CELLS, COLOURS), np.float32) for _ in range(3))
        self._empty = True

    def log_ratio(self, colours: Indices, part: tuple[slice, slice] | None = None) -> Alpha:
        """Return for each pixel the logarithm of how much likelier its colour is the signer's, within -3..3.

        `colours` are those of a `part`, rows and columns, of the planes, where one is named.
        """
        cells = self._cell if part is None else self._cell[part]
        ratio: Alpha = self._ratio.take(cells + colours)
        return ratio

    def learn(self, colours: Indices, share: Alpha, weight: Alpha, rate: float, anywhere: Alpha | None = None) -> None:
        """Take up a picture: `share` of each pixel is the signer's, the rest the others'; `weight` tells people.

        `anywhere`, (COLOURS,) float32, counts as seen of the signer in each cell; it is not remembered.
        """
        if self._empty:
            rate, self._empty = 1.0, False
        seen = np.flatnonzero(weight > 0)
        places, mine, new = (self._cell + colours).take(seen), share.take(seen), weight.take(seen) * np.float32(rate)
        for known, part in ((self._signer, mine), (self._others, 1 - mine)):
            known *= np.float32(1 - rate)
            np.add.at(known.reshape(-1), places, new * part)
        mass = float(self._signer.sum() + self._others.sum()) / 2
        signer, others = (self._spread(each, mass) for each in (self._signer, self._others))
        if anywhere is not None:
            signer += anywhere
        self._ratio = np.asarray(cv2.log(cv2.divide(signer, others)), np.float32)
        np.clip(self._ratio, -_MOST, _MOST, out=self._ratio)

    def _spread(self, counts: Alpha, mass: float) -> Alpha:
        """Return smoothed counts; who fills little of the picture is not drowned by who fills much."""
        everywhere = counts.sum(axis=0)
        filled = np.flatnonzero(counts.max(axis=1))
        cells = np.zeros((CELLS, CELLS, COLOURS), np.float32)
        colours = np.matmul(counts[filled].reshape(-1, LUMA, CHROMA**2), _CHROMA_MIX)
        cells.reshape(counts.shape)[filled] = np.matmul(_LUMA_MIX, colours).reshape(-1, COLOURS)
        for _ in range(2):  # rows, then columns
            cells = np.matmul(_CELL_MIX, cells.transpose(1, 0, 2))
        smooth: Alpha = cells.reshape(counts.shape)
        smooth += np.float32(_EVERYWHERE) * everywhere
        smooth *= np.float32((mass / (float(everywhere.sum()) + 100)) ** 0.5)
        smooth += np.float32(_LITTLE)
        return smooth


def _mix(levels: int, weight: float) -> Alpha:
    """Return the matrix that gives each of `levels` numbers `weight` of its neighbours."""
    return (np.eye(levels) + weight * (np.eye(levels, k=1) + np.eye(levels, k=-1))).astype(np.float32)


# Many small products: NumPy's library wakes threads for large ones, which then spin and take all of a core.
_LUMA_MIX: Final = _mix(LUMA, 0.35)
_CHROMA_MIX: Final = np.kron(_mix(CHROMA, 0.35), _mix(CHROMA, 0.35))
_CELL_MIX: Final = _mix(CELLS, 0.4)


def _with_neighbours(array: Alpha, axis: int, weight: np.float32) -> Alpha:
    """Return `array` plus `weight` times its neighbours along `axis`."""
    result = array.copy()
    later = tuple(slice(1, None) if each == axis else slice(None) for each in range(array.ndim))
    earlier = tuple(slice(None, -1) if each == axis else slice(None) for each in range(array.ndim))
    result[later] += weight * array[earlier]
    result[earlier] += weight * array[later]
    return result


def histogram(colours: Indices, weight: Alpha) -> Alpha:
    """Return the share of each colour under `weight`, coarse enough for a change of light; (COLOURS,) float32."""
    counts = np.bincount(colours.ravel(), weight.ravel(), COLOURS).astype(np.float32)
    cells = counts.reshape(LUMA, CHROMA, CHROMA)
    for axis in range(3):
        cells = _with_neighbours(cells, axis, np.float32(0.5))
    return cells.ravel() / max(float(cells.sum()), 1e-6)


def likeness(one: Alpha, other: Alpha) -> float:
    """Return how much two histograms share, 0..1."""
    return float(np.minimum(one, other).sum())
