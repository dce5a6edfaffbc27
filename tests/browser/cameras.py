"""Pictures for Chromium's fake camera: a signing clip, or a drawn person where there are no clips.

Chromium plays a Motion-JPEG file (JPEG pictures one after the other) at 30 pictures a second, over and over. One file
serves a whole browser process, so two people need two processes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

FPS = 30
QUALITY = 90
DRAWN_FRAMES = 60


def write_camera(frames: Iterator[Picture], target: Path) -> Path:
    """Write BGR pictures as a Motion-JPEG file and return its path."""
    with target.open("wb") as file:
        for frame in frames:
            ok, jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            assert ok
            file.write(jpeg.tobytes())
    return target


def clip(source: Path, width: int, height: int) -> Iterator[Picture]:
    """Read a clip as BGR pictures of one size: the largest middle part of that shape, scaled."""
    with av.open(str(source)) as container:
        for frame in container.decode(video=0):
            picture = frame.to_ndarray(format="bgr24")
            have_height, have_width = picture.shape[:2]
            scale = max(width / have_width, height / have_height)
            cut_width, cut_height = round(width / scale), round(height / scale)
            left, top = (have_width - cut_width) // 2, (have_height - cut_height) // 2
            yield cv2.resize(picture[top : top + cut_height, left : left + cut_width], (width, height)).astype(np.uint8)


def drawn_person(
    width: int,
    height: int,
    *,
    shirt: tuple[int, int, int] = (120, 70, 30),
    wall: tuple[int, int, int] = (214, 220, 214),
) -> Iterator[Picture]:
    """Draw somebody who signs in front of a wall with a window: head, trunk, two arms that move, hands with fingers."""
    for number in range(DRAWN_FRAMES):
        yield _drawn(width, height, number / DRAWN_FRAMES * 2 * math.pi, shirt, wall)


def _drawn(width: int, height: int, phase: float, shirt: tuple[int, int, int], wall: tuple[int, int, int]) -> Picture:
    scale = 2  # drawn twice as large, then halved: smooth edges
    picture = np.full((height * scale, width * scale, 3), wall, np.uint8)
    unit = min(width, height) * scale / 480
    middle, base = width * scale / 2, height * scale

    def at(x: float, y: float) -> tuple[int, int]:
        return round(middle + x * unit), round(base - y * unit)

    skin, hair = (150, 178, 222), (38, 42, 52)
    cv2.rectangle(picture, at(-300, 440), at(-190, 290), (236, 222, 196), -1)
    cv2.rectangle(picture, at(-300, 440), at(-190, 290), (246, 246, 246), round(8 * unit))
    cv2.rectangle(picture, at(190, 240), at(320, 0), (128, 146, 166), -1)
    cv2.ellipse(picture, at(0, 20), (round(112 * unit), round(190 * unit)), 0, 180, 360, shirt, -1, cv2.LINE_AA)
    cv2.rectangle(picture, at(-112, 20), at(112, 0), shirt, -1)
    cv2.rectangle(picture, at(-24, 250), at(24, 190), skin, -1)
    cv2.ellipse(picture, at(0, 306), (round(58 * unit), round(72 * unit)), 0, 0, 360, hair, -1, cv2.LINE_AA)
    cv2.ellipse(picture, at(0, 290), (round(46 * unit), round(60 * unit)), 0, 0, 360, skin, -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.circle(picture, at(side * 17, 300), round(5 * unit), hair, -1, cv2.LINE_AA)
        swing = math.sin(phase + (0 if side > 0 else math.pi / 2))
        lift = math.cos(phase * 2 + side)
        shoulder, elbow = (side * 92, 165), (side * (140 + 12 * swing), 78 + 10 * lift)
        hand = (side * (84 + 44 * swing), 176 + 44 * lift)
        cv2.line(picture, at(*shoulder), at(*elbow), shirt, round(42 * unit), cv2.LINE_AA)
        cv2.line(picture, at(*elbow), at(*hand), skin, round(30 * unit), cv2.LINE_AA)
        cv2.circle(picture, at(*hand), round(25 * unit), skin, -1, cv2.LINE_AA)
        for finger in range(5):
            angle = math.pi / 2 - side * (finger - 1.6) * 0.36 + 0.2 * swing
            tip = (hand[0] + math.cos(angle) * 50, hand[1] + math.sin(angle) * 50)
            cv2.line(picture, at(*hand), at(*tip), skin, round(11 * unit), cv2.LINE_AA)
    cv2.ellipse(
        picture,
        at(0, 272),
        (round(15 * unit), round(8 * unit)),
        0,
        10,
        170,
        (84, 84, 150),
        round(4 * unit),
        cv2.LINE_AA,
    )
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
