"""Settles places of which the person network is unsure, by the colours of people and of the room around them.

A dark chair beside the signer and a hand in noise both weigh 0.1 to 0.5 in the network's mask, whose edge, made sharp,
shows both then. What people and the room look like in this part of the picture mostly tells them apart.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from media.body import Places
from media.mask_places import Part, around
from media.person_colours import LocalColours, colour_indices, histogram
from media.picture import Plane
from media.segmenter import Alpha

LEARN_EVERY: Final = 15  # pictures
QUIET: Final = 15  # pictures for which what has moved may be a hand, whatever its colour
_LEAST, _MOST = 0.05, 0.9  # of the network's mask: below and above it is sure
_FEW: Final = 10  # places: not worth a look
_RATE: Final = 0.35
_FACE: Final = 200.0  # places of the face's colours that each part of the picture has seen: hands go everywhere
_DOWN, _DOWN_FROM = 0.5, -0.5  # at most so much less, from this logarithm of how much likelier people's the colour is
_UP, _UP_FROM = 0.2, 0.5
_THREE: Final = np.ones((3, 3), np.uint8)


class Doubt:
    """Knows the colours of people and of the room, place by place, and where something has moved lately."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._colours = LocalColours(shape)
        self._moved_ago = np.empty(shape, np.uint8)
        self.forget()

    def forget(self) -> None:
        """Know nothing."""
        self._colours.forget()
        self._moved_ago.fill(0)  # a hand may rest where it is when all begins
        self._pictures = 0

    def note(
        self, planes: tuple[Plane, Plane, Plane], people: Alpha, face: tuple[slice, slice], moving: Places
    ) -> None:
        """Take up a picture: its colours now and then, and where something that is not the room is `moving`."""
        if self._pictures % LEARN_EVERY == 0:
            colours = colour_indices(*planes)
            sure = (cv2.erode(people, _THREE) > _MOST) | (cv2.dilate(people, _THREE) < 0.02)
            skin = None
            if colours[face].size:
                skin = histogram(colours[face], np.ones(colours[face].shape, np.float32)) * np.float32(_FACE)
            weight = np.zeros_like(people)
            weight[::2, ::2] = 4 * sure[::2, ::2]  # every fourth place: colours need no more
            self._colours.learn(colours, (people > 0.5).astype(np.float32), weight, _RATE, skin)
        self._pictures += 1
        self._moved_ago += self._moved_ago < 255
        self._moved_ago[moving] = 0

    def settle(
        self, planes: tuple[Plane, Plane, Plane], people: Alpha, familiar: Places, *, alone: bool
    ) -> tuple[Part, Alpha] | None:
        """Return a part of the grid and what to add to `people` there, within -0.5..0.2; None: nothing is in doubt.

        Nothing is taken where something has just moved, and nothing is added where it looks like the room as it is
        `familiar`, nor while the signer is not `alone`, for colours of people are a colleague's as well. What is sure
        stays.
        """
        weak = (people > _LEAST) & (people < _MOST)
        if np.count_nonzero(weak) < _FEW:
            return None
        part = around(weak, 1)
        y, u, v = (np.ascontiguousarray(plane[part]) for plane in planes)
        likelier = np.asarray(cv2.blur(self._colours.log_ratio(colour_indices(y, u, v), part), (3, 3)), np.float32)
        room = np.maximum(np.clip(np.float32(_DOWN_FROM) - likelier, 0, 1), familiar[part])
        shift = np.float32(-_DOWN) * room * (self._moved_ago[part] > QUIET)
        if alone:
            shift += np.float32(_UP) * np.clip(likelier - np.float32(_UP_FROM), 0, 1) * ~familiar[part]
        return part, shift * weak[part]
