"""Masks changed at places of the grid of half their size: only around these, for a mask is four times the grid."""

from __future__ import annotations

import cv2
import numpy as np

from media.body import Places
from media.segmenter import Alpha


def around(places: Places, margin: int) -> tuple[slice, slice]:
    """Return the rows and columns that hold all of `places`, of which there are some, and so many more of the grid."""
    left, top, width, height = cv2.boundingRect(places.view(np.uint8))
    return slice(max(0, top - margin), top + height + margin), slice(max(0, left - margin), left + width + margin)


def raised(alpha: Alpha, places: Places) -> Alpha:
    """Return `alpha`, raised to 1 at those places of the grid."""
    if not places.any():
        return alpha
    part, soft = _enlarged(places)
    result = alpha.copy()
    np.maximum(result[part], soft, out=result[part])
    return result


def cleared(alpha: Alpha, places: Places) -> Alpha:
    """Return `alpha` without what is at those places of the grid."""
    if not places.any():
        return alpha
    part, soft = _enlarged(places)
    result = alpha.copy()
    result[part] *= 1 - soft
    return result


def _enlarged(places: Places) -> tuple[tuple[slice, slice], Alpha]:
    """Return the part of a mask around those places of the grid, and these `places` in it, 0..1 with a soft edge."""
    rows, columns = around(places, 1)
    soft = cv2.resize(places[rows, columns].astype(np.float32), None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    start = 2 * rows.start, 2 * columns.start
    part = slice(start[0], start[0] + soft.shape[0]), slice(start[1], start[1] + soft.shape[1])
    return part, np.asarray(soft, np.float32)
