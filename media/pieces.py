"""What does not hang on the signer goes, face or no face, but for a hand that the network has cut off its arm."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from media.body import Places, Prior
from media.mask_places import cleared
from media.segmenter import Alpha

_SOLID: Final = 0.4  # of a mask: more is somebody
_LEAST: Final = 20  # places of the signer's core that a piece must hold
_STAYED: Final = 0.3  # of a small piece, where the signer has just been
_THREE: Final = np.ones((3, 3), np.uint8)
_FIVE: Final = np.ones((5, 5), np.uint8)


class Pieces:
    """Remembers where the signer has just been. For one thread at a time."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Know nothing."""
        self._kept: Places | None = None

    def without_loose(self, alpha: Alpha, small: Alpha, core: Places | None, face_area: float) -> Alpha:
        """Return `alpha` without what does not hang on the signer; `small` is the same mask on the grid.

        A hand that the network has cut from its arm stays while it is smaller than `face_area`, in places, and where
        the signer has just been. With no `core`, for nobody's face was found, the largest piece is the signer.
        """
        solid = (small > _SOLID).view(np.uint8)
        count, labels = cv2.connectedComponents(solid, connectivity=4)
        if count < 2:
            return alpha
        keep = self._kept_pieces(count, labels, core, face_area)
        whole = bool(keep[1:].all())
        wanted = solid if whole else keep.take(np.asarray(labels, np.int32)).view(np.uint8)
        self._kept = cv2.dilate(wanted, _FIVE) > 0
        if whole:
            return alpha
        near = cv2.dilate(wanted, _THREE) > 0
        loose = (cv2.dilate(solid - wanted, _FIVE) > 0) & ~near
        return cleared(alpha, loose)

    def _kept_pieces(
        self, count: int, labels: cv2.typing.MatLike, core: Places | None, face_area: float
    ) -> npt.NDArray[np.bool_]:
        """Return for each of `count` labels, the first of which is nothing, whether it is the signer's."""
        keep = np.zeros(count, np.bool_)
        if core is not None:
            keep = np.bincount(labels[core], minlength=count) > _LEAST
        if not keep[1:].all():
            areas = np.bincount(labels.ravel())
            if core is None:
                keep = areas == areas[1:].max()
            elif self._kept is not None:
                stayed = np.bincount(labels[self._kept], minlength=count) > _STAYED * areas
                keep |= stayed & (areas < face_area)
        keep[0] = False
        return keep


def fitting(people: Alpha, known: Prior) -> float:
    """Return which share of the people whom the signer touches is within the signer's reach."""
    _, labels = cv2.connectedComponents((people > _SOLID).view(np.uint8), connectivity=4)
    touched = np.unique(labels[known.core])
    piece = np.isin(labels, touched[touched > 0])
    size = int(np.count_nonzero(piece))
    return int(np.count_nonzero(piece & known.body)) / size if size else 1.0
