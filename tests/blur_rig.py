"""A blur stage whose segmenter can be made to fail, and calls in which that happens at any point."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from media.backdrop import filling
from media.compositor import YuvCompositor
from media.gate import PictureChange
from media.mask_source import ThreadedMasks
from media.picture import Planes, ProtectedPicture, RawPicture, require_protected
from media.stage import BlurSettings, BlurStage, mask_maker
from tests.blur_room import FAULTS, GoodSegmenter, Hang, VirtualClock
from video_service.media_plane import Background, BackgroundKind, Box, PictureState

STEP_MS: Final = 1000 / 30
HANGS: Final = "hangs"
KINDS: Final = (*FAULTS, HANGS)
LANDSCAPE, PORTRAIT, ODD = (320, 240), (240, 320), (321, 239)
HERE, GONE = "1" * 64, "0" * 64  # pictures of the company
BACKGROUNDS: Final = {
    "blur 1": Background(strength=1),
    "blur 2": Background(),
    "blur 3": Background(strength=3),
    "blur, lifted": Background(brighten=True),
    "colour": Background(kind=BackgroundKind.COLOUR),
    "picture": Background(kind=BackgroundKind.PICTURE, picture=HERE),
    "picture that is gone": Background(kind=BackgroundKind.PICTURE, picture=GONE),
}
OBJECT: Final[Box] = (0.72, 0.6, 0.26, 0.36)  # where the signer is, and no code of any room


class DrawnShelf:
    """A shelf with one picture, ready in every size."""

    def __init__(self) -> None:
        self._pixels = np.full((90, 160, 3), (60, 110, 160), np.uint8)
        cv2.circle(self._pixels, (80, 45), 30, (230, 230, 230), -1)

    def planes(self, digest: str, width: int, height: int, full_range: bool) -> Planes | None:
        return filling(self._pixels, width, height, full_range) if digest == HERE else None


class Rig:
    """A stage on its own thread, with a segmenter that fails and time that stands still between pictures."""

    def __init__(self) -> None:
        self.clock, self.settings = VirtualClock(), BlurSettings(budget_ms=60_000)
        self.told: list[PictureChange] = []
        self.fault = ""
        self._hang: Hang | None = None
        self._last_good_ms: float | None = None
        self.background = Background(strength=1)
        self._open()

    def process(self, picture: RawPicture) -> ProtectedPicture:
        """Return what is released of `picture`, a picture's time after the one before."""
        self.clock.advance(STEP_MS)
        released = require_protected(self.stage.process(picture))
        if self._last_good_ms is None or not self.fault:
            self._last_good_ms = self.clock.ms
        return released

    def expected(self) -> PictureState:
        """Return what the picture that was just released has to be."""
        assert self._last_good_ms is not None
        if not self.fault:
            return PictureState.CLEAR
        return PictureState.SLATE if self.clock.ms - self._last_good_ms > 2000 else PictureState.PROTECTED

    def begin(self, kind: str) -> None:
        """Let the segmenter fail from the next picture on."""
        self.fault = kind
        self._hang = Hang() if kind == HANGS else None
        self.segmenter.fault = self._hang or FAULTS[kind][0]

    def end(self) -> None:
        """Let the segmenter work again; one that hangs comes back, late."""
        self.fault, self.segmenter.fault = "", None
        if self._hang is not None:
            self._hang.let_go.set()
            end_s = time.monotonic() + 30
            while self.masks.busy:
                assert time.monotonic() < end_s, "the segmenter has not come back"
                time.sleep(0.001)
            self._hang = None

    def choose(self, background: Background) -> None:
        """Put another background behind the signer; it outlives the stage, as a leg's order does."""
        self.background = background
        self.stage.set_background(background)

    def restart(self) -> None:
        """Go on with another stage, as after a new connection or in a new worker; a fault goes on, too."""
        kind = self.fault
        self.close()
        self._open()
        self._last_good_ms = None
        if kind:
            self.begin(kind)

    def close(self) -> None:
        self.end()
        self.stage.close()

    def _open(self) -> None:
        self.segmenter = GoodSegmenter()
        self.masks = ThreadedMasks(mask_maker(self.segmenter, self.settings), self.settings.budget_ms, self._wait)
        shelf = DrawnShelf()
        self.stage = BlurStage(self.masks, YuvCompositor(), self.clock, self.settings, self.told.append, pictures=shelf)
        self.stage.set_background(self.background)

    def _wait(self, event: threading.Event, seconds: float) -> bool:
        """The deadline: reached at once for a segmenter that is known to hang, and never for one that is not."""
        return event.wait(0 if self._hang else seconds)


@dataclass(frozen=True)
class Moment:
    """One picture of a call, and what happens just before it."""

    size: tuple[int, int]
    fault: str  # "" while the segmenter works
    restart: bool = False
    pause_ms: float = 0.0
    background: str = ""  # another choice, "" to go on with the last
    shows: bool | None = None  # an object begins or ends to be shown, None for neither


def call(dice: random.Random, frames: int, sizes: tuple[tuple[int, int], ...]) -> Iterator[Moment]:
    """Throw a call of `frames` pictures: faults of every kind and length, turned phones, pauses, new connections."""
    size, fault, left = dice.choice(sizes), "", 0
    for _ in range(frames):
        if not left:
            fault = "" if fault and dice.random() < 0.7 else dice.choice(KINDS)
            left = dice.choice((1, 1, 2, 5, 20, 70) if fault else (1, 3, 10, 30))
        left -= 1
        turned = dice.random() < 0.05
        size = dice.choice(sizes) if turned else size
        paused = dice.random() < 0.01
        yield Moment(
            size,
            fault,
            dice.random() < 0.01,
            dice.choice((400.0, 2500.0)) if paused else 0.0,
            dice.choice(sorted(BACKGROUNDS)) if dice.random() < 0.03 else "",
            dice.random() < 0.5 if dice.random() < 0.02 else None,
        )


def play(rig: Rig, moment: Moment) -> None:
    """Bring the rig to where `moment` wants it, short of the picture itself."""
    rig.clock.advance(moment.pause_ms)
    if moment.restart:
        rig.restart()
    if moment.background:
        rig.choose(BACKGROUNDS[moment.background])
    if moment.shows is not None:
        rig.stage.show_object(OBJECT if moment.shows else None)
    if moment.fault != rig.fault:
        rig.end()
        if moment.fault:
            rig.begin(moment.fault)
