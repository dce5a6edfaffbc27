"""The mask of the signer alone: the person network says where people are, this says which of them is the signer.

    network (every picture) -> people -> pieces that do not hang on the signer go -> where somebody else is: parted
    faces (every third)     -> who is the signer, who is not

Everything happens on the picture at hand and in its own time, so a file gets exactly the masks that a call gets.
"""

from __future__ import annotations

import weakref
from functools import partial
from typing import Final, Protocol

import cv2
import numpy as np

from media.body import Places, Prior, face_patch, outline, prior
from media.clothes import Clothes, covering
from media.doubt import Doubt
from media.faces import Head
from media.hands import Colours, Skin, Still
from media.mask_places import raised, shifted
from media.parting import LEARN_EVERY, Flow, Parting, Scene
from media.person_colours import colour_indices
from media.picture import Plane, RawPicture
from media.pieces import Pieces, fitting
from media.room import Room, moving
from media.scaled_i420 import ScaledI420
from media.segmenter import Alpha, Mask, Segmenter
from media.signer import Finder, Presence, SignerTrack

SAME_CLOTHES: Final = 0.5
LEAST_FITTING: Final = 0.8  # of one shape of people, for it to be one person
PAUSE_MS: Final = 1000.0  # after a longer gap between two pictures somebody else may be there
_FIVE: Final = np.ones((5, 5), np.uint8)


class PersonNetwork(Segmenter, Protocol):
    """A segmenter of all people that keeps the picture as it has seen it."""

    @property
    def scaled(self) -> ScaledI420:
        """The last picture, of the masks' size."""
        ...


class FaceNetwork(Finder, Protocol):
    """A finder that can be closed."""

    def close(self) -> None:
        """Free what it holds; may be called twice."""
        ...


class SignerMasks:
    """A `Segmenter` that shows one person. For one thread at a time, but for `confirm`.

    While nobody can be called the signer the masks are empty, which covers the whole picture.
    """

    def __init__(self, people: PersonNetwork, faces: FaceNetwork) -> None:
        self._people, self._faces = people, faces
        rows, columns = people.mask_shape
        self._shape = rows // 2, columns // 2
        # By a weak reference: with a cycle all of it would stay until the collector comes by, after the leg's end.
        self._track = SignerTrack(faces, partial(SignerMasks._covers, weakref.proxy(self)))
        self._aspect, self._solid = 1.0, np.zeros(self._shape, np.bool_)
        self._parting = Parting(self._shape)
        self._revision = self._chosen = 0
        self._prior: Prior | None = None
        self._prior_of: tuple[object, ...] = ()
        self._clothes, self._pieces = Clothes(), Pieces()
        self._time_ms: float | None = None
        self._pictures = 0
        self._last_luma: Plane | None = None
        self._room = Room(self._shape)
        self._planes: Colours = (np.zeros(self._shape, np.uint8),) * 3
        self._still, self._skin, self._doubt = Still(self._shape), Skin(), Doubt(self._shape)
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)

    @property
    def mask_shape(self) -> tuple[int, int]:
        """Height and width of the network."""
        return self._people.mask_shape

    @property
    def presence(self) -> Presence:
        """What is known about the signer."""
        return self._track.presence

    def confirm(self) -> None:
        """Take whoever is nearest now for the signer. Callable from any thread."""
        self._track.confirm()

    def segment(self, picture: RawPicture) -> Mask:
        """Return the mask of the signer in `picture`."""
        mask = self._people.segment(picture)
        return Mask(mask.frame_id, self._of_signer(picture, mask.alpha), mask.produced_ms)

    def close(self) -> None:
        """Free both networks."""
        self._people.close()
        self._faces.close()

    def _of_signer(self, picture: RawPicture, people: Alpha) -> Alpha:
        track, time_ms = self._track, picture.pts_ms
        if self._time_ms is not None and not 0 <= time_ms - self._time_ms <= PAUSE_MS:
            track.doubt()
        self._time_ms = time_ms
        self._pictures += 1
        small = self._small(people)
        self._aspect, self._solid, self._planes = picture.width / picture.height, small > 0.5, self._scaled()
        last, self._last_luma = self._last_luma, self._planes[0]
        track.look(picture)
        if track.presence is Presence.ABSENT:
            self._seek(picture)
        if self._chosen != track.chosen:
            self._chosen = track.chosen
            self._forget_looks()
        if track.presence in (Presence.UNSURE, Presence.ABSENT):
            return np.zeros_like(people)
        signer = track.signer
        if signer is None:
            return self._pieces.without_loose(people, small, None, 0.0)
        known = self._prior_at(picture, signer)
        track.note_presence(cv2.mean(small, known.core.view(np.uint8))[0], time_ms)
        if track.presence is not Presence.HELD:
            return np.zeros_like(people)
        if self._revision != track.revision:
            self._revision = track.revision
            self._parting.forget()
            if not track.colleagues and fitting(small, known) < LEAST_FITTING:
                track.disown()
                return np.zeros_like(people)
        rows, columns = self._shape
        face_area = signer.size**2 * rows * columns * picture.height / picture.width
        moves, strange, familiar = self._changes(last)
        small, people = self._settled(picture, small, people, signer, moves & ~familiar, familiar)
        missed = self._missed(picture, small, known, signer, face_area)
        if missed.any():
            small = np.maximum(small, missed)
            people = raised(people, missed)
        if track.colleagues:
            alpha = self._parted(picture, people, small, known, signer, last)
        else:
            # The network gives fast hands too small a shape: fingers move at its edge, within the signer's reach.
            edge = cv2.dilate((small > 0.4).view(np.uint8), _FIVE) > 0
            alpha = raised(people, moves & strange & edge & known.reach)
        if last is not None:
            self._room.learn(self._planes[0], small)
        if track.colleagues:
            small = self._small(alpha)
        self._clothes.note(self._planes, known.core, self._pictures)
        return self._pieces.without_loose(alpha, small, known.core, face_area)

    def _forget_looks(self) -> None:
        """Know no longer what the signer and the room look like: the signer has just been chosen."""
        self._still.forget()
        self._skin.forget()
        self._doubt.forget()
        self._room.forget()
        self._clothes.forget()
        self._pieces.forget()

    def _missed(self, picture: RawPicture, small: Alpha, known: Prior, signer: Head, face_area: float) -> Places:
        """Return where the network misses hands that are still or bare."""
        if self._pictures % LEARN_EVERY == 1:
            self._skin.learn(self._planes, face_patch(self._shape, picture.width / picture.height, signer))
        held = self._still.held(self._planes, small)
        people = np.maximum(small, held)  # bare hands may hang on a still arm
        return held | self._skin.missed(self._planes, people, known.reach & ~known.heads, face_area)

    def _small(self, alpha: Alpha) -> Alpha:
        """Return the mask on the grid."""
        return np.asarray(cv2.resize(alpha, self._shape[::-1], interpolation=cv2.INTER_AREA), np.float32)

    def _changes(self, last: Plane | None) -> tuple[Places, Places, Places]:
        """Return where something moves, where it is not the room as it is known, and where it is.

        `last` is the luma of the picture before.
        """
        y = self._planes[0]
        if last is None:
            nothing: Places = np.zeros(self._shape, np.bool_)
            return nothing, nothing, nothing
        return moving(y, last), *self._room.compare(y)

    def _settled(
        self, picture: RawPicture, small: Alpha, people: Alpha, signer: Head, moves: Places, familiar: Places
    ) -> tuple[Alpha, Alpha]:
        """Return the mask, on the grid and in full, where colours have settled what the network is unsure of."""
        face = face_patch(self._shape, picture.width / picture.height, signer)
        self._doubt.note(self._planes, small, face, moves)
        settled = self._doubt.settle(self._planes, small, familiar, alone=not self._track.colleagues)
        if settled is None:
            return small, people
        part, shift = settled
        small = small.copy()
        small[part] = np.clip(small[part] + shift, 0, 1)
        return small, shifted(people, part, shift)

    def _parted(
        self, picture: RawPicture, people: Alpha, small: Alpha, known: Prior, signer: Head, last: Plane | None
    ) -> Alpha:
        y, u, v = self._planes
        face = face_patch(self._shape, picture.width / picture.height, signer)
        scene = Scene(y, u, v, colour_indices(y, u, v), np.clip((small - np.float32(0.05)) * 4, 0, 1), known, face)
        came_from: Flow | None = None
        if last is not None:
            came_from = self._flow.calc(y, last, None)  # type: ignore[call-overload]  # OpenCV makes the array
        share = cv2.resize(self._parting.part(scene, came_from), people.shape[::-1], interpolation=cv2.INTER_LINEAR)
        alpha: Alpha = np.minimum(people, share)
        self._let_go(picture, small)
        return alpha

    def _let_go(self, picture: RawPicture, small: Alpha) -> None:
        """Forget colleagues whose face was not found for long and in whose place nobody is."""
        gone = []
        for each in self._track.colleagues:
            if each.unseen > 20:
                rows, columns = face_patch(self._shape, picture.width / picture.height, each.head)
                patch = small[rows, columns]
                if not patch.size or patch.mean() < 0.2:
                    gone.append(each)
        if gone:
            self._track.forget_gone(gone)

    def _scaled(self) -> Colours:
        """Return the picture on the grid; overwritten by the next one, but for its luma."""
        scaled = self._people.scaled
        y = np.asarray(cv2.resize(scaled.y, self._shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)
        return y, scaled.u, scaled.v

    def _prior_at(self, picture: RawPicture, signer: Head) -> Prior:
        others = tuple(each.head for each in self._track.colleagues)
        asked = (signer, others, picture.width, picture.height)
        if self._prior is None or asked != self._prior_of:
            self._prior = prior(self._shape, picture.width / picture.height, signer, others)
            self._prior_of = asked
        return self._prior

    def _covers(self, one: Head, other: Head) -> float:
        """Return which share of the place that two bodies could both fill has the colours of the first one."""
        mine, theirs = (outline(self._shape, self._aspect, head) & self._solid for head in (one, other))
        return covering(self._planes, mine, theirs)

    def _seek(self, picture: RawPicture) -> None:
        """Welcome whoever wears the signer's clothes."""
        faces = self._track.seek(picture)
        if not self._clothes.known or not faces:
            return
        alike = []
        for face in faces:
            place = prior(self._shape, picture.width / picture.height, face, ())
            alike.append((self._clothes.likeness(self._planes, place.core), face))
        best, face = max(alike, key=lambda pair: pair[0])
        if best >= SAME_CLOTHES:
            self._track.welcome(face, [other for other in faces if other is not face])
