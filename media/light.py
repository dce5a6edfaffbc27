"""Lifts a signer out of the dark: a curve over luma, chosen slowly. It smooths nothing: mouth and brows are grammar."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from media.picture import Plane

LIFTED_FROM: Final = 0.40  # skin and other bright parts darker than this (black 0, white 1): lifting begins
LEFT_FROM: Final = 0.50  # brighter than this: it ends; between the two all stays as it is
WANTED: Final = 0.55
STRONGEST: Final = 2.5
DEAD_BAND: Final = 0.3  # a wish that differs by less from the last one is none
STEP: Final = 0.02  # per picture: about one grey level in the middle tones
MEASURED_EVERY: Final = 10  # pictures
BRIGHT_PARTS: Final = 85.0  # percentile of the signer's luma: skin, whatever the clothes are
LEAST_PLACES: Final = 50
_SURE: Final = 230  # of 255: well inside the signer
_GRID: Final = 96  # places on each side that are looked at


class Lift:
    """Chooses the curve of one leg, picture by picture. For one thread.

    The curve is x (1 + k) / (1 + k x) of black 0 to white 1: it keeps both ends and the order of all greys, and
    nowhere raises contrast, or noise, more than 1 + k times. What is measured is the raw signer, so nothing feeds back.
    """

    def __init__(self) -> None:
        self._strength = self._wanted = 0.0
        self._measured: float | None = None
        self._pictures = 0
        self._table: Plane | None = None
        self._made_for: tuple[float, bool] | None = None

    @property
    def strength(self) -> float:
        """How strong the curve is now; 0 changes nothing."""
        return self._strength

    def apply(self, luma: Plane, share: cv2.typing.MatLike, full_range: bool) -> Plane:
        """Return `luma` lifted, or itself while there is nothing to lift.

        `share` (any size, 0 to 255) says where the signer is. `full_range` as in `Planes`.
        """
        if self._pictures % MEASURED_EVERY == 0:
            self._look(luma, share, full_range)
        self._pictures += 1
        self._strength += float(np.clip(self._wanted - self._strength, -STEP, STEP))
        if self._strength <= 0:
            return luma
        key = (self._strength, full_range)
        if self._table is None or key != self._made_for:
            self._table, self._made_for = curve(self._strength, full_range), key
        return cv2.LUT(luma, self._table).astype(np.uint8, copy=False)

    def _look(self, luma: Plane, share: cv2.typing.MatLike, full_range: bool) -> None:
        places = cv2.resize(luma, (_GRID, _GRID), interpolation=cv2.INTER_NEAREST)
        sure = cv2.resize(share, (_GRID, _GRID), interpolation=cv2.INTER_NEAREST) >= _SURE
        if np.count_nonzero(sure) < LEAST_PLACES:
            return
        black, white = _ends(full_range)
        seen = float(np.clip((np.percentile(places[sure], BRIGHT_PARTS) - black) / (white - black), 0.02, 1.0))
        self._measured = seen if self._measured is None else self._measured + 0.3 * (seen - self._measured)
        self._decide(self._measured)

    def _decide(self, light: float) -> None:
        if light > LEFT_FROM:
            self._wanted = 0.0
        elif light < LIFTED_FROM or self._wanted > 0:
            wish = min(STRONGEST, max(0.0, (WANTED - light) / (light * (1 - WANTED))))
            if abs(wish - self._wanted) > DEAD_BAND:
                self._wanted = wish


def curve(strength: float, full_range: bool) -> Plane:
    """Return the 256 values that luma becomes."""
    black, white = _ends(full_range)
    x = np.clip((np.arange(256) - black) / (white - black), 0, 1)
    lifted = black + (white - black) * x * (1 + strength) / (1 + strength * x)
    # Beyond black and white (a camera's overshoot) nothing is changed.
    values = np.arange(256)
    return np.where((values < black) | (values > white), values, np.rint(lifted)).astype(np.uint8)


def _ends(full_range: bool) -> tuple[int, int]:
    """Luma of black and white. Source: ITU-R BT.601-7, section 2.5.3."""
    return (0, 255) if full_range else (16, 235)
