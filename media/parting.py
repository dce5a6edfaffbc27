"""Parts the signer from everybody else where the person network sees one shape: by place, colour, past and bare skin.

Works on a grid of half the mask's size: finer was four times the work and no better on the clips.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from media.body import Places, Prior, without_specks
from media.mask_places import around
from media.person_colours import FaceColour, Indices, LocalColours
from media.picture import Plane
from media.segmenter import Alpha

Flow = npt.NDArray[np.float32]

LEARN_EVERY: Final = 5  # pictures
_COLOUR, _PLACE, _PAST, _SKIN = 1.5, 0.7, 1.5, 3.5  # weights of the evidence, as logits
_LEARN_RATE: Final = 0.35
_NOVEL: Final = 17  # levels of luma by which something new stands before a colleague
_SKIN_SPREAD: Final = (60.0, 6.0, 6.5)  # of Y, U, V around the signer's face
_HANGS: Final = 0.35  # touching so much less of the signer than of others, a piece of skin is still the signer's
_RADIUS: Final = 2
_EDGE: Final = 0.001  # variance of luma below which there is no edge
_THREE: Final = np.ones((3, 3), np.uint8)
_FIVE: Final = np.ones((5, 5), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One picture on the grid. `people` is 0..1 where the network sees people; `face` tells the signer's cheeks."""

    y: Plane
    u: Plane
    v: Plane
    colours: Indices
    people: Alpha
    prior: Prior
    face: tuple[slice, slice]


class Parting:
    """Keeps what is known about who looks how. For one thread at a time."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._colours = LocalColours(shape)
        self._face = FaceColour(_SKIN_SPREAD)
        self.forget()

    def forget(self) -> None:
        """Know nobody."""
        self._colours.forget()
        self._past: Alpha | None = None
        self._seen: Alpha | None = None
        self._face.forget()
        self._pictures = 0

    @property
    def others_share(self) -> Alpha | None:
        """How surely each place is somebody else's, 0..1, after the last picture; None: nothing was parted yet."""
        return None if self._past is None else np.maximum(-self._past, 0)

    def part(self, scene: Scene, came_from: Flow | None = None) -> Alpha:
        """Return how much of each place is the signer's, if a person is there: 0..1.

        `came_from`: by how much, in places of the grid, what is at each place was elsewhere in the last picture, (rows,
        columns, 2) as x and y; None: unknown. What was known about a hand or a colleague goes with them.
        """
        light = scene.y.astype(np.float32) / np.float32(255)
        past = self._begin(scene, light) if self._past is None else moved_on(self._past, came_from)
        ratio = self._colours.log_ratio(scene.colours)
        logit = self._solve(scene, light, ratio, past, self._bare_skin(scene, ratio, past))
        if self._pictures % LEARN_EVERY == 0:
            self._learn(scene, logit, _LEARN_RATE)
        self._pictures += 1
        self._past = np.tanh(logit / 2)
        share: Alpha = np.clip(logit + np.float32(0.25), 0, 1)
        return share

    def _begin(self, scene: Scene, light: Alpha) -> Alpha:
        """Find out who looks how, from their places alone: a few rounds, the places counting less each time.

        Returns what is known then, as if the last picture had shown it.
        """
        self._seen = scene.y.astype(np.float32)
        logit = self._solve(scene, light, self._colours.log_ratio(scene.colours))
        for round_number in range(6):
            self._learn(scene, logit, 1.0)
            trust = max(0.6, 1 - 0.15 * round_number) / _PLACE
            logit = self._solve(scene, light, self._colours.log_ratio(scene.colours), trust=trust)
        return np.asarray(np.tanh(logit / 2), np.float32)

    def _learn(self, scene: Scene, logit: Alpha, rate: float) -> None:
        share = (1 / (1 + np.exp(-2 * logit))).astype(np.float32)
        self._colours.learn(scene.colours, share, scene.people, rate)

    def _solve(
        self,
        scene: Scene,
        light: Alpha,
        ratio: Alpha,
        past: Alpha | None = None,
        skin: Alpha | None = None,
        trust: float = 1.0,
    ) -> Alpha:
        """Weigh the evidence and smooth it along edges; return the logit."""
        place = np.float32(_PLACE * trust) * scene.prior.logit
        colour = np.float32(_COLOUR) * ratio
        logit = place + colour
        if skin is not None:
            # Both have skin of their own: its colour says nothing, but what it hangs on does.
            logit += skin * (np.float32(_COLOUR * _SKIN) - colour + np.maximum(0, 1 - place))
        if past is not None:
            logit += np.float32(_PAST) * past
        # Where nobody is in reach of the squares, the smoothed value is 0.
        there = scene.people > 0
        smooth = np.zeros_like(logit)
        if there.any():
            part = around(there, 2 * _RADIUS)
            smooth[part] = _guided(light[part], np.clip(logit[part], -6, 6), scene.people[part], _RADIUS)
        return smooth

    def _bare_skin(self, scene: Scene, ratio: Alpha, past: Alpha) -> Alpha | None:
        """Return where the signer's bare arms and hands are, 0..1; None when no face has given its colour yet."""
        planes = scene.y, scene.u, scene.v
        if self._pictures % LEARN_EVERY == 0:
            self._face.learn(planes, scene.face)
        far = self._face.distance(planes)
        if far is None:
            return None
        allowed = scene.prior.reach & (~scene.prior.heads | self._novel(scene, past))
        skin: Alpha = np.clip(2 * cv2.exp(np.float32(-0.5) * far) - np.float32(0.4), 0, 1) * allowed
        hanging = self._hanging_on(scene, skin, past, ratio)
        # In the first picture nobody has been seen to move: bare hands before the signer's body are the signer's.
        return skin * (hanging if self._past is not None else np.maximum(hanging, scene.prior.body))

    def _novel(self, scene: Scene, past: Alpha) -> Places:
        """Return where the picture differs from what colleagues have looked like; learn how they look."""
        now = scene.y.astype(np.float32)
        if self._seen is None:
            self._seen = now.copy()
        novel: Places = cv2.blur(cv2.absdiff(now, self._seen), (3, 3)) > _NOVEL
        theirs = past < -0.5
        for places, rate in ((theirs & novel, 0.03), (theirs & ~novel, 0.1)):
            cv2.accumulateWeighted(now, self._seen, rate, places.view(np.uint8))
        return novel

    def _hanging_on(self, scene: Scene, skin: Alpha, past: Alpha, ratio: Alpha) -> Alpha:
        """Return 1 for the pieces of skin that hang on the signer rather than on somebody else."""
        bare = without_specks((skin > 0.5).view(np.uint8))
        count, labels = cv2.connectedComponents(bare, connectivity=8, ltype=cv2.CV_16U)
        if count < 2:
            return np.zeros_like(skin)
        grown = cv2.dilate(labels, _FIVE)
        near = np.flatnonzero(grown > 0)  # little of the picture
        piece, own, known, likelier = (each.take(near) for each in (grown, labels, past, ratio))
        covered = (scene.people.take(near) > 0.5) & (own == 0)
        mine = np.bincount(piece[covered & (known > 0.3) & (likelier > 0.3)], minlength=count)
        theirs = np.bincount(piece[covered & (known < -0.3) & (likelier < -0.3)], minlength=count)
        areas = np.bincount(own, minlength=count)
        stayed = np.bincount(own[known > 0.3], minlength=count) > 0.5 * areas
        # Hands at a colleague's face are the colleague's, unless the arm is seen that they hang on.
        at_head = np.bincount(own[scene.prior.heads.take(near)], minlength=count) > 0.3 * areas
        hangs = (mine >= np.where(at_head, 1.0, _HANGS) * theirs) | (stayed & ~at_head & (mine >= 0.1 * theirs))
        hangs[0] = False
        return cv2.dilate(hangs.take(np.asarray(labels, np.uint16)).view(np.uint8), _THREE).astype(np.float32)


def moved_on(past: Alpha, came_from: Flow | None) -> Alpha:
    """Return `past` where the picture has carried it: `came_from` is (rows, columns, 2) as `Parting.part` takes it."""
    if came_from is None:
        return past
    source = came_from + _places(past.shape)
    return np.asarray(
        cv2.remap(past, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),  # type: ignore[call-overload]
        np.float32,
    )


@cache
def _places(shape: tuple[int, int]) -> Flow:
    """Return each place of a grid as x and y."""
    y, x = np.indices(shape, np.float32)
    return np.stack((x, y), axis=2)


def _guided(guide: Alpha, value: Alpha, weight: Alpha, radius: int) -> Alpha:
    """Return `value` smoothed along the edges of `guide`, from weighted means over squares of side 2 `radius` + 1.

    Source: He, Sun, Tang, "Guided Image Filtering" (2013), with weights.
    """
    size = (2 * radius + 1, 2 * radius + 1)
    weighed = guide * weight
    scale = 1 / (cv2.blur(weight, size) + np.float32(1e-4))
    mean_guide, mean_value = cv2.blur(weighed, size) * scale, cv2.blur(value * weight, size) * scale
    slope = cv2.blur(weighed * value, size) * scale - mean_guide * mean_value
    slope /= cv2.blur(weighed * guide, size) * scale - mean_guide * mean_guide + np.float32(_EDGE)
    offset = mean_value - slope * mean_guide
    slopes, offsets = (cv2.blur(each * weight, size) * scale for each in (slope, offset))
    return np.asarray(slopes * guide + offsets, np.float32)
