"""Parts the signer from everybody else where the person network sees one shape: by place, colour, past and bare skin.

Works on a grid of half the mask's size: finer was four times the work and no better on the clips.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from media.body import Places, Prior, without_specks
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
        return _guided(light, np.clip(logit, -6, 6), scene.people, _RADIUS)

    def _bare_skin(self, scene: Scene, ratio: Alpha, past: Alpha) -> Alpha | None:
        """Return where the signer's bare arms and hands are, 0..1; None when no face has given its colour yet."""
        planes = scene.y, scene.u, scene.v
        if self._pictures % LEARN_EVERY == 0:
            self._face.learn(planes, scene.face)
        far = self._face.distance(planes)
        if far is None:
            return None
        allowed = scene.prior.reach & (~scene.prior.heads | self._novel(scene, past))
        skin: Alpha = np.clip(2 * np.exp(np.float32(-0.5) * far) - np.float32(0.4), 0, 1) * allowed
        hanging = self._hanging_on(scene, skin, past, ratio)
        # In the first picture nobody has been seen to move: bare hands before the signer's body are the signer's.
        return skin * (hanging if self._past is not None else np.maximum(hanging, scene.prior.body))

    def _novel(self, scene: Scene, past: Alpha) -> Places:
        """Return where the picture differs from what colleagues have looked like; learn how they look."""
        now = scene.y.astype(np.float32)
        seen = now if self._seen is None else self._seen
        change = now - seen
        novel: Places = cv2.blur(np.abs(change), (3, 3)) > _NOVEL
        self._seen = seen + change * (np.where(novel, np.float32(0.03), np.float32(0.1)) * (past < -0.5))
        return novel

    def _hanging_on(self, scene: Scene, skin: Alpha, past: Alpha, ratio: Alpha) -> Alpha:
        """Return 1 for the pieces of skin that hang on the signer rather than on somebody else."""
        bare = without_specks((skin > 0.5).astype(np.uint8))
        count, labels = cv2.connectedComponents(bare, connectivity=8)
        if count < 2:
            return np.zeros_like(skin)
        covered = (scene.people > 0.5) & (bare == 0)
        grown = cv2.dilate(labels.astype(np.uint16), np.ones((5, 5), np.uint8))
        mine = np.bincount(grown[covered & (past > 0.3) & (ratio > 0.3)], minlength=count)
        theirs = np.bincount(grown[covered & (past < -0.3) & (ratio < -0.3)], minlength=count)
        areas = np.bincount(labels.ravel(), minlength=count)
        stayed = np.bincount(labels[past > 0.3], minlength=count) > 0.5 * areas
        # Hands at a colleague's face are the colleague's, unless the arm is seen that they hang on.
        at_head = np.bincount(labels[scene.prior.heads], minlength=count) > 0.3 * areas
        hangs = (mine >= np.where(at_head, 1.0, _HANGS) * theirs) | (stayed & ~at_head & (mine >= 0.1 * theirs))
        hangs[0] = False
        return cv2.dilate(hangs[labels].astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.float32, copy=False)


def moved_on(past: Alpha, came_from: Flow | None) -> Alpha:
    """Return `past` where the picture has carried it: `came_from` is (rows, columns, 2) as `Parting.part` takes it."""
    if came_from is None:
        return past
    rows, columns = past.shape
    x = came_from[..., 0] + np.arange(columns, dtype=np.float32)
    y = came_from[..., 1] + np.arange(rows, dtype=np.float32)[:, None]
    return np.asarray(cv2.remap(past, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _guided(guide: Alpha, value: Alpha, weight: Alpha, radius: int) -> Alpha:
    """Return `value` smoothed along the edges of `guide`, from weighted means over squares of side 2 `radius` + 1.

    Source: He, Sun, Tang, "Guided Image Filtering" (2013), with weights.
    """
    size = (2 * radius + 1, 2 * radius + 1)
    weighed = guide * weight
    stack = cv2.merge([weight, weighed, value * weight, weighed * value])
    whole, guides, values, products = (np.asarray(each, np.float32) for each in cv2.split(cv2.blur(stack, size)))
    squares = np.asarray(cv2.blur(weighed * guide, size), np.float32)
    scale = 1 / (whole + np.float32(1e-4))
    mean_guide, mean_value = guides * scale, values * scale
    variance = squares * scale - mean_guide * mean_guide
    slope = (products * scale - mean_guide * mean_value) / (variance + np.float32(_EDGE))
    offset = mean_value - slope * mean_guide
    slopes, offsets = (
        np.asarray(each, np.float32) * scale
        for each in cv2.split(cv2.blur(cv2.merge([slope * weight, offset * weight]), size))
    )
    return np.asarray(slopes * guide + offsets, np.float32)
