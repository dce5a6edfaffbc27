"""Pictures for Chromium's fake camera: a signing clip, or a drawn person where there are no clips.

Chromium plays a Motion-JPEG file (JPEG pictures one after the other) at 30 pictures a second, over and over. One file
serves a whole browser process, so two people need two processes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from video_service import demo_picture

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
    return demo_picture.drawn_person(width, height, demo_picture.Look(shirt=shirt, wall=wall), pictures=DRAWN_FRAMES)
