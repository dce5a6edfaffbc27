"""A blur stage whose segmenter can be made to fail, and calls in which that happens at any point."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from media.compositor import YuvCompositor
from media.gate import PictureChange
from media.mask_source import ThreadedMasks
from media.picture import ProtectedPicture, RawPicture, require_protected
from media.stage import BlurSettings, BlurStage, mask_maker
from tests.blur_room import FAULTS, GoodSegmenter, Hang, VirtualClock
from video_service.media_plane import PictureState

STEP_MS: Final = 1000 / 30
HANGS: Final = "hangs"
KINDS: Final = (*FAULTS, HANGS)
LANDSCAPE, PORTRAIT, ODD = (320, 240), (240, 320), (321, 239)


class Rig:
    """A stage on its own thread, with a segmenter that fails and time that stands still between pictures."""

    def __init__(self) -> None:
        self.clock, self.settings = VirtualClock(), BlurSettings(budget_ms=60_000)
        self.told: list[PictureChange] = []
        self.fault = ""
        self._hang: Hang | None = None
        self._last_good_ms: float | None = None
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
        self.stage = BlurStage(self.masks, YuvCompositor(), self.clock, self.settings, self.told.append)

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
        yield Moment(size, fault, dice.random() < 0.01, dice.choice((400.0, 2500.0)) if paused else 0.0)


def play(rig: Rig, moment: Moment) -> None:
    """Bring the rig to where `moment` wants it, short of the picture itself."""
    rig.clock.advance(moment.pause_ms)
    if moment.restart:
        rig.restart()
    if moment.fault != rig.fault:
        rig.end()
        if moment.fault:
            rig.begin(moment.fault)
