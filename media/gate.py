"""The only way out of the blur stage: turns evidence into a picture that may be sent, and anything else into less.

Fail closed: whatever is missing, late, wrong or raised on the way makes the picture *less* visible. `Gate.release`
gives a `ProtectedPicture` for every raw one, and nothing but this module can make one.
Decisions and their reasons: docs/adr/0009-fail-closed-gate.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from media.compositor import Compositor
from media.fault_log import FaultLog
from media.judge import MaskLimits, judge
from media.picture import _GATE_TOKEN, BadPicture, Planes, ProtectedPicture, RawPicture
from media.segmenter import Mask, Reason
from media.slate import Slate
from video_service.media_plane import PictureState

# No later picture will be better: the slate comes at once.
HOPELESS: Final = frozenset({Reason.WEIGHTS_MISSING, Reason.WEIGHTS_ALTERED, Reason.NO_ENGINE})


@dataclass(frozen=True, slots=True)
class PictureChange:
    """The protection of a leg's picture changed, at picture `frame_id`; `at_ms` is by the stage's clock."""

    state: PictureState
    reason: str
    frame_id: int
    at_ms: float


def ignore_change(change: PictureChange) -> None:
    """Listen to nothing."""


class Gate:
    """Releases pictures of one leg. For one thread at a time.

    `clock_ms` counts milliseconds, evenly. `slate_after_ms` is the longest time without a good mask for which the
    blurred whole is shown; then comes the slate. One good mask is enough to be clear again. `on_change` hears of every
    change of state and is called in the releasing thread; what it raises is logged and goes no further.
    """

    def __init__(
        self,
        compositor: Compositor,
        mask_shape: tuple[int, int],
        clock_ms: Callable[[], float],
        *,
        slate_after_ms: float,
        limits: MaskLimits,
        on_change: Callable[[PictureChange], None] = ignore_change,
    ) -> None:
        self._compositor, self._mask_shape, self._clock_ms = compositor, mask_shape, clock_ms
        self._slate_after_ms, self._limits, self._on_change = slate_after_ms, limits, on_change
        self._slate = Slate()
        self._last_good_ms: float | None = None
        self._state: PictureState | None = None
        self._faults = FaultLog("picture_covered")

    @property
    def state(self) -> PictureState:
        """What viewers see; before the first picture: nothing clear."""
        return self._state or PictureState.PROTECTED

    def release(self, picture: RawPicture, evidence: Mask | Reason) -> ProtectedPicture:
        """Return what may be sent of `picture`, given its mask or the reason why there is none. Never raises."""
        now_ms = self._clock_ms()
        if self._last_good_ms is None:
            self._last_good_ms = now_ms  # the time without a mask starts with the first picture
        reason = evidence if isinstance(evidence, Reason) else self._fault(evidence, picture)
        planes: Planes | None = None
        state = PictureState.CLEAR
        if reason is None and isinstance(evidence, Mask):
            planes = self._try(lambda: self._compositor.clear(picture.planes, evidence.alpha), picture)
            reason = Reason.RAISED if planes is None else None
        if reason is None:
            self._last_good_ms = now_ms
        else:
            state, planes = self._covered(picture, reason, now_ms - self._last_good_ms)
        if planes is None:
            state, planes = PictureState.SLATE, self._card(picture)
        released = ProtectedPicture(_GATE_TOKEN, planes, picture, state, reason or "")
        self._report(released, now_ms)
        return released

    def _fault(self, evidence: object, picture: RawPicture) -> Reason | None:
        try:
            return judge(evidence, picture, self._mask_shape, self._limits)
        except Exception:  # noqa: BLE001 - fail closed: a mask that cannot even be looked at is no mask
            return Reason.RAISED

    def _covered(self, picture: RawPicture, reason: Reason, without_ms: float) -> tuple[PictureState, Planes | None]:
        """Return the whole picture blurred while there is hope, and no planes where only the slate is left."""
        if reason in HOPELESS or without_ms > self._slate_after_ms:
            return PictureState.SLATE, None
        return PictureState.PROTECTED, self._try(lambda: self._compositor.whole(picture.planes), picture)

    def _try(self, make: Callable[[], Planes], picture: RawPicture) -> Planes | None:
        """Return what `make` makes when it is a picture of the right size that does not share the raw one's memory."""
        try:
            planes = make()
            if (planes.width, planes.height) != (picture.width, picture.height) or _share(planes, picture.planes):
                raise BadPicture
        except Exception as error:  # noqa: BLE001 - fail closed: the next lesser picture is always at hand
            self._faults.note(error)
            return None
        return planes

    def _card(self, picture: RawPicture) -> Planes:
        try:
            return self._slate.render(picture.width, picture.height, picture.planes.full_range)
        except Exception:  # noqa: BLE001 - fail closed: a grey card needs no drawing
            raw = picture.planes
            grey = [np.full(plane.shape, 128, np.uint8) for plane in (raw.y, raw.u, raw.v)]
            return Planes(grey[0], grey[1], grey[2], raw.full_range)

    def _report(self, released: ProtectedPicture, now_ms: float) -> None:
        if released.state is self._state:
            return
        self._state = released.state
        try:
            self._on_change(PictureChange(released.state, released.reason, released.frame_id, now_ms))
        except Exception as error:  # noqa: BLE001 - a listener's trouble must not stop the picture
            self._faults.note(error)


def _share(planes: Planes, raw: Planes) -> bool:
    """Return whether any plane may lie in the raw picture's memory, where the room is."""
    ours, theirs = (planes.y, planes.u, planes.v), (raw.y, raw.u, raw.v)
    return any(np.may_share_memory(one, other) for one in ours for other in theirs)
