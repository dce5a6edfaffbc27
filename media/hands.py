"""Hands that the person network misses: still where they were seen, or small, skin-coloured and hanging on the signer.

The network is unsure of resting hands before something dark, of hands far away and of noisy pictures. Both rules look
at the grid of half the mask's size, and neither can add more than what a hand fills or what has just been there.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from media.body import Places, without_specks
from media.person_colours import FaceColour
from media.picture import Plane
from media.segmenter import Alpha

Colours = tuple[Plane, Plane, Plane]

LASTS: Final = 20  # pictures for which a place that looks as it did is believed to be what it was
SURE: Final = 0.5
_ALIKE: Final = (9, 4, 4)  # levels of Y, U, V
_SPREAD: Final = (45.0, 6.0, 6.5)  # of Y, U, V around the signer's face
_SKIN: Final = 2.0  # squared distance from the face's colour, in spreads
_HAND: Final = 0.8  # of the face's square: no piece of skin is larger
_ALL_SKIN: Final = 1.2  # where more of the room than this looks like skin, its colour says nothing


class Still:
    """Remembers how people looked, place by place: what still looks like that has not gone."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._seen = [np.zeros(shape, np.uint8) for _ in _ALIKE]
        self._age = np.full(shape, LASTS, np.uint8)

    def forget(self) -> None:
        """Know nothing."""
        self._age.fill(LASTS)

    def held(self, colours: Colours, people: Alpha) -> Places:
        """Return where nobody is seen now, but was lately, and nothing has changed since; learn from this picture.

        Each place is compared by the mean of its neighbourhood, for noise, and of that only what people have filled.
        """
        sure = people > SURE
        known = self._age < LASTS
        held: Places = ~sure & known
        if held.any():
            # Sums of bytes instead of means: three by three of them fit into 16 bits, and nothing is rounded.
            count = cv2.boxFilter(known.view(np.uint8), cv2.CV_16U, (3, 3), normalize=False)
            mask = known.view(np.uint8) * np.uint8(255)
            for now, seen, most in zip(colours, self._seen, _ALIKE, strict=True):
                change = cv2.bitwise_and(cv2.absdiff(now, seen), mask)
                held &= cv2.boxFilter(change, cv2.CV_16U, (3, 3), normalize=False) <= count * np.uint16(most)
        for now, seen in zip(colours, self._seen, strict=True):
            cv2.copyTo(now, sure.view(np.uint8), seen)
        self._age += known
        self._age *= ~sure
        return held


class Skin:
    """Finds missed hands by the colour of the signer's face."""

    def __init__(self) -> None:
        self._face = FaceColour(_SPREAD)

    def forget(self) -> None:
        """Know nobody's skin."""
        self._face.forget()

    def learn(self, colours: Colours, face: tuple[slice, slice]) -> None:
        """Take up the colour of the signer's cheeks."""
        self._face.learn(colours, face)

    def missed(self, colours: Colours, people: Alpha, reach: Places, face_area: float) -> Places:
        """Return the small pieces of skin within `reach` that touch people and are not among them."""
        nothing: Places = np.zeros(people.shape, np.bool_)
        far = self._face.distance(colours)
        if far is None:
            return nothing
        solid = people > SURE
        bare = (reach & ~solid & (far < _SKIN)).view(np.uint8)
        if not 0 < cv2.countNonZero(bare) < _ALL_SKIN * face_area:
            return nothing
        count, labels = cv2.connectedComponents(without_specks(bare), connectivity=4)
        if count < 2:
            return nothing
        areas = np.bincount(labels.ravel())
        beside = cv2.dilate(solid.view(np.uint8), np.ones((3, 3), np.uint8)) > 0
        hangs = (np.bincount(labels[beside], minlength=count) > 1) & (areas < _HAND * face_area)
        hangs[0] = False
        missed: Places = hangs[labels]
        return missed
