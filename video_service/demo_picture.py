"""A drawn person who signs: what demo people show instead of a camera's picture. Nobody was filmed for it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

LOOP_PICTURES: Final = 48
_OVERSIZE: Final = 2  # drawn so many times larger, then made smaller: smooth edges


@dataclass(frozen=True)
class Look:
    """What tells one drawn person from another; colours are BGR. `label` is written on the shirt."""

    shirt: Colour = (120, 70, 30)
    wall: Colour = (214, 220, 214)
    skin: Colour = (150, 178, 222)
    hair: Colour = (38, 42, 52)
    label: str = ""


def drawn_person(width: int, height: int, look: Look, *, pictures: int = LOOP_PICTURES) -> Iterator[Picture]:
    """Yield one loop of pictures, (height, width, 3) BGR: somebody signs in front of a wall with a window."""
    for number in range(pictures):
        yield _drawn(width, height, number / pictures * 2 * math.pi, look)


def _drawn(width: int, height: int, phase: float, look: Look) -> Picture:
    picture = np.full((height * _OVERSIZE, width * _OVERSIZE, 3), look.wall, np.uint8)
    unit = min(width, height) * _OVERSIZE / 480
    middle, base = width * _OVERSIZE / 2, height * _OVERSIZE

    def at(x: float, y: float) -> tuple[int, int]:
        return round(middle + x * unit), round(base - y * unit)

    def size(*lengths: float) -> tuple[int, ...]:
        return tuple(round(length * unit) for length in lengths)

    cv2.rectangle(picture, at(-300, 440), at(-190, 290), (236, 222, 196), -1)
    cv2.rectangle(picture, at(-300, 440), at(-190, 290), (246, 246, 246), round(8 * unit))
    cv2.rectangle(picture, at(190, 240), at(320, 0), (128, 146, 166), -1)
    cv2.ellipse(picture, at(0, 20), size(112, 190), 0, 180, 360, look.shirt, -1, cv2.LINE_AA)
    cv2.rectangle(picture, at(-112, 20), at(112, 0), look.shirt, -1)
    if look.label:
        place = at(-19 * len(look.label), 60)
        cv2.putText(
            picture, look.label, place, cv2.FONT_HERSHEY_DUPLEX, 2 * unit, (250, 250, 250), round(4 * unit), cv2.LINE_AA
        )
    cv2.rectangle(picture, at(-24, 250), at(24, 190), look.skin, -1)
    cv2.ellipse(picture, at(0, 306), size(58, 72), 0, 0, 360, look.hair, -1, cv2.LINE_AA)
    cv2.ellipse(picture, at(0, 290), size(46, 60), 0, 0, 360, look.skin, -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.circle(picture, at(side * 17, 300), round(5 * unit), look.hair, -1, cv2.LINE_AA)
        swing = math.sin(phase + (0 if side > 0 else math.pi / 2))
        lift = math.cos(phase * 2 + side)
        shoulder, elbow = (side * 92, 165), (side * (140 + 12 * swing), 78 + 10 * lift)
        hand = (side * (84 + 44 * swing), 176 + 44 * lift)
        cv2.line(picture, at(*shoulder), at(*elbow), look.shirt, round(42 * unit), cv2.LINE_AA)
        cv2.line(picture, at(*elbow), at(*hand), look.skin, round(30 * unit), cv2.LINE_AA)
        cv2.circle(picture, at(*hand), round(25 * unit), look.skin, -1, cv2.LINE_AA)
        for finger in range(5):
            angle = math.pi / 2 - side * (finger - 1.6) * 0.36 + 0.2 * swing
            tip = (hand[0] + math.cos(angle) * 50, hand[1] + math.sin(angle) * 50)
            cv2.line(picture, at(*hand), at(*tip), look.skin, round(11 * unit), cv2.LINE_AA)
    mouth = size(15, 8)
    cv2.ellipse(picture, at(0, 272), mouth, 0, 10, 170, (84, 84, 150), round(4 * unit), cv2.LINE_AA)
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
