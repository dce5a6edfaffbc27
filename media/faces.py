"""Finds faces: where people are, and how near. About 1 ms per look.

The network sees 128x128 pixels, so a face at the back of a room is only found in a window around it: of the faces
behind a signer it found none at 640 columns and nearly all in windows of three quarters of the picture's height.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from media.picture import Planes, RawPicture
from media.scaled_i420 import ScaledI420

SIDE: Final = 128
_ROWS_OF_ANCHORS: Final = ((16, 2), (8, 6))  # cells per side, anchors per cell


@dataclass(frozen=True, slots=True)
class Head:
    """A face. `x` is a share of the picture's width, `y` and `size` (its width) are shares of the height.

    `x` and `y` are the middle of the face; `score` is in 0..1.
    """

    x: float
    y: float
    size: float
    score: float = 1.0

    def distance(self, other: Head, aspect: float) -> float:
        """Return how far the middles lie apart, in heights of the picture; `aspect` is width / height."""
        return float(np.hypot((self.x - other.x) * aspect, self.y - other.y))


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the picture: left and right as shares of the width, top and bottom as shares of the height."""

    left: float
    top: float
    right: float
    bottom: float


WHOLE: Final = Window(0, 0, 1, 1)


class FaceFinder:
    """The short-range face network. `weights` is a verified file.

    Raises:
        ValueError: the file is no such network.
    """

    def __init__(self, weights: Path, threads: int = 1) -> None:
        self._interpreter: Any = Interpreter(model_path=str(weights), num_threads=threads)
        self._interpreter.allocate_tensors()
        source = self._interpreter.get_input_details()[0]
        boxes, scores = self._interpreter.get_output_details()
        shapes = [tuple(int(side) for side in each["shape"]) for each in (source, boxes, scores)]
        self._anchors = _anchors()
        if shapes != [(1, SIDE, SIDE, 3), (1, len(self._anchors), 16), (1, len(self._anchors), 1)]:
            raise ValueError(f"not the face network: {weights.name}")
        self._source, self._boxes, self._scores = source["index"], boxes["index"], scores["index"]
        self._scaled = ScaledI420(SIDE, SIDE)

    def find(self, picture: RawPicture, window: Window = WHOLE, least_score: float = 0.6) -> list[Head]:
        """Return the faces in `window`, the surest first, in shares of the whole picture."""
        planes, left, top = _cut(picture.planes, window)
        pixels = self._scaled.rgb(planes)
        tensor = self._interpreter.tensor(self._source)()
        np.multiply(pixels, np.float32(1 / 127.5), out=tensor[0])
        tensor -= np.float32(1)
        del tensor  # no view may be left: LiteRT may move its memory
        self._interpreter.invoke()
        logits = self._interpreter.get_tensor(self._scores)[0, :, 0]
        (chosen,) = (logits > math.log(least_score / (1 - least_score))).nonzero()
        if not chosen.size:
            return []
        boxes = self._interpreter.get_tensor(self._boxes)[0, chosen, :4] / SIDE
        boxes[:, :2] += self._anchors[chosen]
        boxes *= np.tile([planes.width, planes.height], 2)
        found: list[Head] = []
        for place in np.argsort(-logits[chosen]):
            x, y, width, _ = (float(value) for value in boxes[place])
            score = float(1 / (1 + np.exp(-logits[chosen[place]])))
            head = Head((left + x) / picture.width, (top + y) / picture.height, width / picture.height, score)
            aspect = picture.width / picture.height
            if all(head.distance(other, aspect) > 0.5 * max(head.size, other.size) for other in found):
                found.append(head)
        return found

    def close(self) -> None:
        """Free the network; may be called twice. A later `find` raises."""
        self._interpreter = None


def _cut(planes: Planes, window: Window) -> tuple[Planes, int, int]:
    """Return the planes of `window`, and its left and top in pixels, on even pixels as chroma needs.

    What lies outside the picture is black: the network wants to see around a face, also around one at the edge.
    """
    left, right = (2 * round(share * planes.width / 2) for share in (window.left, window.right))
    top, bottom = (2 * round(share * planes.height / 2) for share in (window.top, window.bottom))
    parts = []
    for plane, step, black in ((planes.y, 1, 16), (planes.u, 2, 128), (planes.v, 2, 128)):
        rows, columns = plane.shape
        x0, x1, y0, y1 = left // step, max(right, left + 2) // step, top // step, max(bottom, top + 2) // step
        inside = plane[max(0, y0) : min(rows, y1), max(0, x0) : min(columns, x1)]
        margins = (max(0, -y0), max(0, y1 - rows), max(0, -x0), max(0, x1 - columns))
        if any(margins):
            inside = np.asarray(cv2.copyMakeBorder(inside, *margins, cv2.BORDER_CONSTANT, value=black), np.uint8)
        parts.append(inside)
    y, u, v = parts
    return Planes(y, u, v, planes.full_range), left, top


def _anchors() -> npt.NDArray[np.float32]:
    """Return the middles of the network's anchors as shares of its input, (896, 2)."""
    rows = []
    for cells, repeats in _ROWS_OF_ANCHORS:
        middles = (np.arange(cells) + 0.5) / cells
        x, y = np.meshgrid(middles, middles)
        rows.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), repeats, axis=0))
    return np.concatenate(rows).astype(np.float32)
