"""The selfie segmentation networks in LiteRT (XNNPACK), straight from yuv420p planes.

The picture is stretched to the network's size, as the network's authors do. Fitting it in with bars cost hands on
upright pictures: 0.87 instead of 0.95 intact on one clip, 0.86 instead of 0.95 on another.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from media.network_tail import rearranged, unfolded
from media.picture import RawPicture
from media.scaled_i420 import ScaledI420
from media.segmenter import Alpha, Mask

_View = Callable[[], npt.NDArray[np.float32]]
Model = Literal["selfie_segmentation", "selfie_segmentation_landscape"]

GENERAL: Final[Model] = "selfie_segmentation"  # 256x256
LANDSCAPE: Final[Model] = "selfie_segmentation_landscape"  # 144 rows, 256 columns


class LiteRtSegmenter:
    """One network, one thread, one picture at a time, in a cheaper order of its sums (`media.network_tail`).

    `weights` is a verified `.tflite` file whose input is (1, height, width, 3) float32 in 0..1 RGB and whose output is
    (1, height, width, 1) float32 in 0..1, the signer's share.

    Raises:
        ValueError: the file is no such network.
    """

    def __init__(self, weights: Path, clock_ms: Callable[[], float], threads: int = 1) -> None:
        self._clock_ms = clock_ms
        try:
            model = rearranged(weights.read_bytes())
        except ValueError as error:
            raise ValueError(f"not a segmentation network: {weights.name}") from error
        self._interpreter: Any = Interpreter(model_content=model, num_threads=threads)
        self._interpreter.allocate_tensors()
        sources, results = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        source, result = sources[0], results[0]
        shape, values = _shape(source), _shape(result)
        whole = len(shape) == 4 and shape[3] == 3 and not (shape[1] % 4 or shape[2] % 4)
        if not whole or values != (1, shape[1] // 2, shape[2] // 2, 4) or source["dtype"] is not np.float32:
            raise ValueError(f"not a segmentation network: {weights.name}")
        self._height, self._width = shape[1:3]
        self._tensor: _View = self._interpreter.tensor(source["index"])
        self._values: _View = self._interpreter.tensor(result["index"])
        self.scaled = ScaledI420(self._width, self._height)  # the picture as the network sees it

    @property
    def mask_shape(self) -> tuple[int, int]:
        """Height and width of the network."""
        return self._height, self._width

    def load(self, picture: RawPicture) -> None:
        """Scale `picture` into the network's input."""
        rgb = self.scaled.rgb(picture.planes)
        # The view must be gone before `invoke`: LiteRT may move its memory.
        np.multiply(rgb, np.float32(1 / 255), out=self._tensor()[0])

    def infer(self) -> Alpha:
        """Run the network on what `load` has put in and return its answer, (height, width) float32."""
        self._interpreter.invoke()
        return unfolded(self._values()[0])

    def segment(self, picture: RawPicture) -> Mask:
        """Return the mask of `picture`."""
        self.load(picture)
        alpha = self.infer()
        return Mask(picture.frame_id, alpha, self._clock_ms())

    def close(self) -> None:
        """Free the network; a later `segment` raises."""
        self._tensor = self._values = _no_tensor
        self._interpreter = None


def _shape(tensor: Any) -> tuple[int, ...]:
    return tuple(int(side) for side in tensor["shape"])


def _no_tensor() -> npt.NDArray[np.float32]:
    raise ValueError("the segmenter is closed")
