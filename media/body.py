"""Where the body under a head is likely to be: the measure of people that tells whose place a pixel lies in.

Everything is counted in widths of the face that the face network finds, from its middle, so it holds at any distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from media.faces import Head
from media.segmenter import Alpha

Places = npt.NDArray[np.bool_]

# Half the width of a body with its arms hanging, by the height under (over) the middle of the face.
_BELOW: Final = (-1.2, -0.95, -0.6, 0.0, 0.5, 0.8, 1.0, 1.4, 2.5, 9.0)
_HALF_WIDTH: Final = (-0.5, 0.3, 0.6, 0.65, 0.55, 0.7, 1.2, 1.5, 1.8, 1.9)
_ARMS_REACH: Final = 4.5  # less than an arm's length: hands that hung 2.5 beside were lost with 2.2
_BODY_ENDS: Final = 2.2
_SURELY: Final = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """What the heads alone say about each place of a grid.

    `logit`: above zero the signer's, below zero somebody else's, if a person is there at all. `core`: surely the
    signer's, head and trunk. `reach`: where the signer's arms and hands may be. `body`: where somebody is who does not
    stretch an arm out. `heads`: other people's heads.
    """

    logit: Alpha
    core: Places
    reach: Places
    body: Places
    heads: Places


def prior(shape: tuple[int, int], aspect: float, signer: Head, others: Sequence[Head]) -> Prior:
    """Return the prior for a grid of `shape` (rows, columns) over a picture of `aspect` width / height.

    The signer is in front: where both bodies are likely, it is the signer's.
    """
    beside, below, beyond = _measure(shape, aspect, signer)
    core = _ellipse(beside, below, 0.4, 0.55) | ((below > 0.3) & (below <= 1.2) & (beside < 0.25))
    core = core | ((below > 1.2) & (beside < 0.6)) | ((below > 1.35) & (beside < 0.85))
    logit = np.ones(shape, np.float32)
    heads, faces = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    for other in others:
        their_side, their_below, their_beyond = _measure(shape, aspect, other)
        contest = np.clip((np.maximum(their_beyond, -0.3) - np.maximum(beyond, -0.15)) * 3, -2.5, 2.5)
        both = (beyond < 0) & (their_beyond < 0)
        contest = np.where(both, 1.2 - 0.6 * np.clip(beyond - their_beyond + 0.3, 0, 1), contest)
        logit = np.minimum(logit, contest).astype(np.float32)
        faces |= _ellipse(their_side, their_below, 0.45, 0.6) & ~core
        heads |= _ellipse(their_side, their_below - 0.4, 0.8, 1.2)
    logit[faces] = -_SURELY
    logit[core] = 3.0
    high = below > -1.1
    return Prior(logit, core, (beside < _ARMS_REACH) & high, (beside < _BODY_ENDS) & high, heads)


def outline(shape: tuple[int, int], aspect: float, head: Head) -> Places:
    """Return where the body under `head` is likely to be, without the head itself."""
    _, below, beyond = _measure(shape, aspect, head)
    return (beyond < 0) & (below > 1.0)


def face_patch(shape: tuple[int, int], aspect: float, head: Head) -> tuple[slice, slice]:
    """Return the rows and columns of cheeks and nose, bare skin on nearly everybody."""
    rows, columns = shape
    wide = head.size / aspect
    top, bottom = (min(max(0, int((head.y + part * head.size) * rows)), rows) for part in (-0.05, 0.3))
    left, right = (min(max(0, int((head.x + part * wide) * columns)), columns) for part in (-0.3, 0.3))
    return slice(top, bottom), slice(left, right)


def without_specks(places: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return `places`, 0 or 1, without what is narrower than two of them."""
    # Both anchors, or an even square would shift what is left by a place.
    square = np.ones((2, 2), np.uint8)
    return np.asarray(cv2.dilate(cv2.erode(places, square, anchor=(0, 0)), square, anchor=(1, 1)), np.uint8)


def _measure(shape: tuple[int, int], aspect: float, head: Head) -> tuple[Alpha, Alpha, Alpha]:
    """Return for each place how far it is beside and below the face, and how far outside the body's outline."""
    rows, columns = shape
    x = ((np.arange(columns, dtype=np.float32) + 0.5) / columns)[None]
    y = ((np.arange(rows, dtype=np.float32) + 0.5) / rows)[:, None]
    beside = np.broadcast_to(np.abs(x - np.float32(head.x)) * np.float32(aspect / head.size), shape)
    down = (y - np.float32(head.y)) / np.float32(head.size)
    half_width = np.interp(down[:, 0], _BELOW, _HALF_WIDTH).astype(np.float32)[:, None]
    return beside, np.broadcast_to(down, shape), beside - half_width


def _ellipse(beside: Alpha, below: Alpha, half_width: float, half_height: float) -> Places:
    inside: Places = (beside / half_width) ** 2 + (below / half_height) ** 2 < 1
    return inside
