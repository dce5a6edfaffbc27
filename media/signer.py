"""Who the signer is: chosen once, at the first picture, and held; everybody else is background.

The nearest, largest, most central face is the signer's. When two are so alike that this would be a guess, nobody is:
then the whole picture is covered until one of them has come clearly nearer or the agent has confirmed. When the signer
has left the picture, whoever comes next is a stranger until the clothes are the same or the agent has confirmed.
Decisions and their reasons: docs/adr/0010-who-is-the-signer.md.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from media.faces import WHOLE, Head, Window
from media.picture import RawPicture

SURE_SCORE: Final = 0.75  # from here on one look is enough, below a face must be seen twice
LOOK_EVERY: Final = 3  # pictures between two looks
_BY_FAR: Final = 1.6  # times the face's area: then nothing else is asked
_COVERS: Final = 0.15  # of the common place, from one half: then this one is in front
_LED_LOOKS: Final = 6  # in a row with the same one nearest, after a doubt
_OVER_EDGE: Final = 0.15  # of a window's side
_OVER_TOP: Final = 0.05  # of the picture's height
_ALONE_LOOKS: Final = 10  # in a row with one face only, before it is believed that the other has left


class Presence(enum.StrEnum):
    """What is known about the signer."""

    SOUGHT = "sought"  # no face was seen yet
    UNSURE = "unsure"  # two people, and no telling who it is
    HELD = "held"
    ABSENT = "absent"  # has left; whoever comes is a stranger


class Finder(Protocol):
    """Finds faces in a window of a picture."""

    def find(self, picture: RawPicture, window: Window) -> list[Head]:
        """Return the faces, in shares of the whole picture."""
        ...


@dataclass(slots=True)
class Colleague:
    """Somebody else. `unseen` counts the looks since their face was last found."""

    head: Head
    unseen: int = 0


def _unknown(one: Head, other: Head) -> float:
    return 0.5


class SignerTrack:
    """Follows the signer's head and everybody else's, with one look for a face every few pictures.

    Looks go in turn to the signer's surroundings and to windows along the top of the picture. `revision` rises when
    what has been learned about who is who must be learned anew, `chosen` when somebody is taken for the signer, whether
    the same person again or another. For one thread at a time, but for `confirm`.

    `covers` tells for two heads which share of the place that both bodies could fill is the first one's.
    """

    def __init__(
        self,
        finder: Finder,
        covers: Callable[[Head, Head], float] = _unknown,
        *,
        clear_lead: float = 1.12,
        absent_after_ms: float = 700.0,
    ) -> None:
        self._finder, self._clear_lead, self._absent_after_ms = finder, clear_lead, absent_after_ms
        self._covers, self._confirmed = covers, False
        self.revision = self.chosen = 0
        self.reset()

    def reset(self) -> None:
        """Begin anew, as with the first picture of a call."""
        self.presence = Presence.SOUGHT
        self.signer: Head | None = None
        self.colleagues: list[Colleague] = []
        self.revision += 1
        self._candidates: list[Head] = []
        self._pictures = self._alone = 0
        self._leader: Head | None = None
        self._led: list[float] = []
        self._last_seen_ms: float | None = None
        self._aspect = 0.0

    def confirm(self) -> None:
        """Take whoever is nearest now for the signer, from the next picture on. Callable from any thread."""
        self._confirmed = True

    def look(self, picture: RawPicture) -> None:
        """Take notice of `picture`."""
        aspect = picture.width / picture.height
        if self._aspect and abs(aspect - self._aspect) > 0.01 * aspect:
            self.reset()
        self._aspect = aspect
        turn, self._pictures = self._pictures, self._pictures + 1
        if self._confirmed:
            self._confirmed = False
            self._choose(self._all_faces(picture), sure=True)
        elif turn % LOOK_EVERY:
            return
        elif self.presence is Presence.HELD and self.signer is not None:
            self._follow(self._finder.find(picture, self._window(turn // LOOK_EVERY, self.signer)))
        elif self.presence is not Presence.ABSENT:
            self._choose(self._all_faces(picture), sure=False)

    def note_presence(self, share: float, time_ms: float) -> None:
        """Hear which share of the signer's place, head and trunk, has somebody in it at `time_ms` of the pictures."""
        if self.presence is not Presence.HELD:
            return
        if share > 0.25 or self._last_seen_ms is None:
            self._last_seen_ms = time_ms
        elif not 0 <= time_ms - self._last_seen_ms <= self._absent_after_ms:
            self.presence, self._last_seen_ms = Presence.ABSENT, None
            self.revision += 1

    def doubt(self) -> None:
        """Hear that time has passed without pictures: whoever was held may be somebody else now."""
        if self.presence is Presence.HELD:
            self.presence, self._last_seen_ms = Presence.ABSENT, None
            self._pictures = 0
            self.revision += 1

    def disown(self) -> None:
        """Hear that the body in the picture does not fit the face that was taken for the signer's."""
        self.presence, self.signer, self._alone = Presence.UNSURE, None, 0
        self.revision += 1

    def seek(self, picture: RawPicture) -> list[Head]:
        """Return all faces while the signer is absent, every few pictures; the caller knows the signer's clothes."""
        return self._all_faces(picture) if (self._pictures - 1) % LOOK_EVERY == 0 else []

    def welcome(self, head: Head, others: Sequence[Head]) -> None:
        """Take `head` for the signer who has come back."""
        self._hold(head, others)

    def forget_gone(self, gone: Sequence[Colleague]) -> None:
        """Drop colleagues who are no longer in the picture."""
        self.colleagues = [each for each in self.colleagues if all(each is not other for other in gone)]

    def _choose(self, faces: list[Head], *, sure: bool) -> None:
        """Take the nearest, largest, most central of `faces` when one of them leads."""
        ranked = sorted(faces, key=self._rank, reverse=True)
        if not ranked:
            return
        if len(ranked) > 1 and self._rank(ranked[0]) < _BY_FAR * self._rank(ranked[1]):
            covers = self._covers(ranked[0], ranked[1])
            sure = sure or abs(covers - 0.5) > _COVERS
            if covers < 0.5 - _COVERS:
                ranked[:2] = ranked[1::-1]
        if not sure and not self._leads(ranked):
            self.presence = Presence.UNSURE
            return
        self._hold(ranked[0], ranked[1:])

    def _leads(self, ranked: list[Head]) -> bool:
        """Return whether the first is clearly the nearest. After a doubt it takes more: noise must not decide."""
        doubted = self.presence is Presence.UNSURE
        self._alone = self._alone + 1 if len(ranked) == 1 else 0
        if len(ranked) == 1:
            return not doubted or self._alone >= _ALONE_LOOKS
        lead = self._rank(ranked[0]) / self._rank(ranked[1])
        if not self._leader or self._leader.distance(ranked[0], self._aspect) > 0.5 * ranked[0].size:
            self._led = []
        self._leader, self._led = ranked[0], [*self._led, lead][-_LED_LOOKS:]
        if doubted and len(self._led) < _LED_LOOKS:
            return False
        return sum(self._led) / len(self._led) >= (self._clear_lead**2 if doubted else self._clear_lead)

    def _rank(self, head: Head) -> float:
        """Return how much of the picture the face fills, a little less towards the sides."""
        return head.size**2 * (1 - 0.3 * abs(head.x - 0.5))

    def _hold(self, signer: Head, others: Sequence[Head]) -> None:
        self.presence, self.signer, self._last_seen_ms = Presence.HELD, signer, None
        surely = [other for other in others if other.score > SURE_SCORE and not self._on_trunk(other, signer)]
        self.colleagues = [Colleague(other) for other in surely]
        self._candidates = []
        self.revision += 1
        self.chosen += 1

    def _follow(self, faces: list[Head]) -> None:
        for each in self.colleagues:
            each.unseen += 1
        for face in faces:
            signer = self.signer
            if signer is None:
                return
            off = signer.distance(face, self._aspect) / signer.size
            theirs = min((each.head.distance(face, self._aspect) for each in self.colleagues), default=9.0)
            alike = 0.6 < face.size / signer.size < 1.6
            if alike and (off < 0.7 or (off < 1.2 and off * signer.size < theirs)):
                self.signer = _between(signer, face)
            elif off >= 0.5 and not self._on_trunk(face, signer):
                self._colleague(face)

    def _colleague(self, face: Head) -> None:
        for each in self.colleagues:
            if each.head.distance(face, self._aspect) < 0.8 * max(each.head.size, face.size):
                each.head, each.unseen = _between(each.head, face), 0
                return
        for seen in self._candidates:
            if seen.distance(face, self._aspect) < 0.5 * max(seen.size, face.size):
                self._candidates.remove(seen)
                self.colleagues.append(Colleague(face))
                self.revision += 1
                return
        self._candidates = [*self._candidates, face][-4:]

    def _on_trunk(self, face: Head, signer: Head) -> bool:
        """Return whether `face` is printed on the signer's clothes, or is a hand before them."""
        beside = abs(face.x - signer.x) * self._aspect / signer.size
        return beside < 0.9 and (face.y - signer.y) / signer.size > 0.6

    def _all_faces(self, picture: RawPicture) -> list[Head]:
        faces: list[list[Head]] = []
        for window in (*self._tiles(), WHOLE):
            for face in self._finder.find(picture, window):
                for same in faces:
                    if same[0].distance(face, self._aspect) < 0.6 * max(same[0].size, face.size):
                        if window is not WHOLE:  # where it is stretched, and its size a guess
                            same.append(face)
                        break
                else:
                    faces.append([face])
        return self._without_prints([_mean(same) for same in faces])

    def _without_prints(self, faces: list[Head]) -> list[Head]:
        """Return `faces` without those below a surer one: pictures on clothes, and hands."""
        return [
            face
            for face in faces
            if not any(
                abs(face.x - other.x) * self._aspect < other.size
                and face.y - other.y > 0.9 * other.size
                and other.score > face.score
                for other in faces
                if other is not face
            )
        ]

    def _tiles(self) -> list[Window]:
        """Return square windows of three quarters of the shorter side along the top of the picture.

        They reach over its edges: the network misses faces that have nothing around them.
        """
        side = 0.75 * min(1.0, self._aspect)  # in heights
        wide, margin = side / self._aspect, _OVER_EDGE * side / self._aspect
        count = 3 if self._aspect > 1.4 * side else 2
        free = 1 - wide + 2 * margin
        lefts = [free * place / (count - 1) - margin for place in range(count)]
        return [Window(left, -_OVER_TOP, left + wide, side - _OVER_TOP) for left in lefts]

    def _window(self, turn: int, signer: Head) -> Window:
        tiles = self._tiles()
        if turn % 3 == 0:
            reach = 2 * signer.size
            left, right = signer.x - reach / self._aspect, signer.x + reach / self._aspect
            top = max(0.0, signer.y - reach)
            return Window(max(0.0, left), top, min(1.0, right), min(1.0, top + 2 * reach))
        return tiles[(turn - turn // 3 - 1) % len(tiles)]


def _mean(faces: list[Head]) -> Head:
    """Return the mean of one face seen in several windows; what is unsure does not blur what is sure."""
    best = max(faces, key=lambda face: face.score)
    sure = [face for face in faces if face.score > SURE_SCORE] or [best]
    count = len(sure)
    x, y, size = (sum(getattr(face, name) for face in sure) / count for name in ("x", "y", "size"))
    return Head(x, y, size, best.score)


def _between(old: Head, new: Head) -> Head:
    """Return the middle of the two, or the old one when hardly anything moved: much that is computed hangs on it."""
    still = max(abs(old.x - new.x), abs(old.y - new.y), abs(old.size - new.size)) < 0.03 * old.size
    return old if still else replace(new, x=(old.x + new.x) / 2, y=(old.y + new.y) / 2, size=(old.size + new.size) / 2)
