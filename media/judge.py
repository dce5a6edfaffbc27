"""Whether a mask may be believed: a pure look at one mask, cheap enough for every picture.

It cannot know whether the mask is *right*; it knows the ways in which broken engines, stale state and mixed-up frames
show themselves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from media.picture import RawPicture
from media.segmenter import Mask, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskLimits:
    """What a plausible mask looks like. Shares are of the whole picture.

    On real signing the mean alpha was 0.26 to 0.75 and the undecided share at most 0.13; pictures of plain walls and
    of noise gave 0.00.
    """

    min_share: float = 0.02
    max_share: float = 0.90
    undecided_from: float = 0.2
    undecided_to: float = 0.8
    max_undecided_share: float = 0.40
    range_slack: float = 0.01


def judge(evidence: object, picture: RawPicture, shape: tuple[int, int], limits: MaskLimits) -> Reason | None:
    """Return what is wrong with `evidence` as the mask of `picture`, or None when it may be used.

    `shape` is (height, width) as the segmenter has declared. Takes anything, for a broken segmenter gives anything.
    """
    if evidence is None:
        return Reason.NO_MASK
    if not isinstance(evidence, Mask):
        return Reason.WRONG_TYPE
    if evidence.frame_id != picture.frame_id:
        return Reason.WRONG_FRAME
    alpha: object = evidence.alpha
    if not isinstance(alpha, np.ndarray) or alpha.dtype != np.float32:
        return Reason.WRONG_TYPE
    if alpha.shape != shape:
        return Reason.WRONG_SIZE
    share = cv2.mean(alpha)[0]
    if not math.isfinite(share):  # nor is a sum with one number that is not; double precision holds any other sum
        return Reason.NOT_FINITE
    least, most, _, _ = cv2.minMaxLoc(alpha)
    if least < -limits.range_slack or most > 1 + limits.range_slack:
        return Reason.OUT_OF_RANGE
    if share < limits.min_share:
        return Reason.TOO_SMALL
    if share > limits.max_share:
        return Reason.TOO_LARGE
    undecided = np.count_nonzero((alpha > limits.undecided_from) & (alpha < limits.undecided_to))
    if undecided > limits.max_undecided_share * alpha.size:
        return Reason.UNDECIDED
    return None
