"""What makes masks, as seen by the rest of the blur stage: the seam behind which engines and evidence stand.

A segmenter may be one network, or several kinds of evidence joined (a person network, hands, a learned plate): it
takes a raw picture and gives one mask for exactly that picture. It may keep state between pictures; it is called from
one thread at a time. It may fail in any way: the gate believes nothing that it says without looking.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from media.picture import RawPicture

Alpha = npt.NDArray[np.float32]


class Reason(enum.StrEnum):
    """Why a picture is not clear. The words go into events and statistics."""

    NO_MASK = "no_mask"  # no segmenter gave anything for this picture
    LATE = "late"  # not ready within the budget
    RAISED = "raised"  # the segmenter, the refiner or the compositor raised
    WRONG_FRAME = "wrong_frame"
    WRONG_TYPE = "wrong_type"
    WRONG_SIZE = "wrong_size"
    NOT_FINITE = "not_finite"
    OUT_OF_RANGE = "out_of_range"  # values that are no alpha
    TOO_SMALL = "too_small"  # hardly any signer: an empty room, or a mask of zeros
    TOO_LARGE = "too_large"  # hardly any background: a mask of ones
    UNDECIDED = "undecided"  # grey nearly everywhere
    WEIGHTS_MISSING = "weights_missing"
    WEIGHTS_ALTERED = "weights_altered"
    NO_ENGINE = "no_engine"  # the engine could not be loaded


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """How much of each place belongs to the signer.

    `alpha` is (height, width) float32 in 0..1 at the model's size and covers the whole picture `frame_id`, whatever
    the picture's shape. `produced_ms` is the time, by the producer's clock, at which it was ready.
    """

    frame_id: int
    alpha: Alpha
    produced_ms: float


class Segmenter(Protocol):
    """Makes masks."""

    @property
    def mask_shape(self) -> tuple[int, int]:
        """Height and width of every mask."""
        ...

    def segment(self, picture: RawPicture) -> Mask:
        """Return the mask of `picture`. Anything raised means: no mask for this picture."""
        ...

    def close(self) -> None:
        """Free what the engine holds; may be called twice."""
        ...


class MaskFilter(Protocol):
    """One step between a mask and the compositor: sharpening its edge, or smoothing over time."""

    def apply(self, picture: RawPicture, mask: Mask) -> Mask:
        """Return a mask of the same picture. Must not write into the one that it is given."""
        ...

    def reset(self) -> None:
        """Forget the past: the next mask follows a failure or a change of size."""
        ...
