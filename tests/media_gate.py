"""Gates for tests of what lies behind the gate: their pictures can be told from raw ones, pixel by pixel."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

import numpy as np

from media.gate import Gate
from media.judge import MaskLimits
from media.picture import Planes, ProtectedPicture, RawPicture
from media.segmenter import Alpha, Reason
from video_service.media_plane import Background, Box


class Inverter:
    """A compositor that turns light to dark: where a viewer sees light from dark, the picture went through it."""

    def clear(self, planes: Planes, alpha: Alpha) -> Planes:
        return self.whole(planes)

    def whole(self, planes: Planes) -> Planes:
        return Planes((255 - planes.y).astype(np.uint8), planes.u.copy(), planes.v.copy(), planes.full_range)


def inverting_gate() -> Gate:
    return Gate(Inverter(), (64, 64), lambda: 0.0, slate_after_ms=math.inf, limits=MaskLimits())


class InvertingStage:
    """A blur stage that inverts. `before` runs in the stage's thread ahead of every picture and may block or raise."""

    def __init__(self, before: Callable[[RawPicture], None] | None = None) -> None:
        self.seen = 0
        self.confirmed = 0
        self.backgrounds: list[Background] = []
        self.box: Box | None = None
        self.closed = threading.Event()
        self._before = before
        self._gate = inverting_gate()

    def process(self, picture: RawPicture) -> ProtectedPicture:
        self.seen += 1
        if self._before is not None:
            self._before(picture)
        return self._gate.release(picture, Reason.NO_MASK)

    def confirm(self) -> None:
        self.confirmed += 1

    def set_background(self, background: Background) -> None:
        self.backgrounds.append(background)

    def show_object(self, box: Box | None) -> None:
        self.box = box

    def shown_object(self) -> Box | None:
        return self.box

    def close(self) -> None:
        self.closed.set()
