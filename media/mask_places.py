"""Masks changed at places of the grid of half their size: only around these, for a mask is four times the grid."""

from __future__ import annotations

import cv2
import numpy as np

from media.body import Places
from media.segmenter import Alpha

Part = tuple[slice, slice]  # rows and columns


def around(places: Places, margin: int) -> Part:
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


def shifted(alpha: Alpha, part: Part, shift: Alpha) -> Alpha:
    """Return `alpha` plus `shift`, which is that part of the grid, within 0..1."""
    where, soft = _doubled(part, shift)
    result = alpha.copy()
    result[where] += soft
    np.clip(result[where], 0, 1, out=result[where])
    return result


def _enlarged(places: Places) -> tuple[Part, Alpha]:
    """Return the part of a mask around those places of the grid, and these `places` in it, 0..1 with a soft edge."""
    part = around(places, 1)
    return _doubled(part, places[part].astype(np.float32))


def _doubled(part: Part, values: Alpha) -> tuple[Part, Alpha]:
    """Return the part of a mask that a part of the grid is, and the values there."""
    soft = cv2.resize(values, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    top, left = (2 * side.start for side in part)
    return (slice(top, top + soft.shape[0]), slice(left, left + soft.shape[1])), np.asarray(soft, np.float32)
