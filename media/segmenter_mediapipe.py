"""The selfie segmentation networks in mediapipe's ImageSegmenter: the second engine behind the segmenter's Protocol.

It gives the same masks as LiteRT, for it runs the same network, and costs more (docs/adr/0013-two-engines.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from media.picture import RawPicture
from media.scaled_i420 import ScaledI420
from media.segmenter import Alpha, Mask
from media.silent import keep_off_the_network

# mediapipe gives a mask of its picture's size and does not tell its network's: height and width by the file's name.
SHAPES: Final[Mapping[str, tuple[int, int]]] = {
    "selfie_segmentation": (256, 256),
    "selfie_segmentation_landscape": (144, 256),
}


class MediapipeSegmenter:
    """One network, one picture at a time.

    `weights` is a verified file of one of the networks in `SHAPES`. The process is kept off the network from now on.

    Raises:
        ValueError: the file is no such network.
    """

    def __init__(self, weights: Path, clock_ms: Callable[[], float]) -> None:
        keep_off_the_network()
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision

        if weights.stem not in SHAPES:
            raise ValueError(f"not a segmentation network: {weights.name}")
        self._clock_ms = clock_ms
        self._height, self._width = SHAPES[weights.stem]
        self.scaled = ScaledI420(self._width, self._height)  # the picture as the network sees it
        self._image: Callable[..., Any] = mediapipe.Image
        self._format = mediapipe.ImageFormat.SRGB
        options = vision.ImageSegmenterOptions(
            base_options=BaseOptions(model_asset_path=str(weights), delegate=BaseOptions.Delegate.CPU),
            running_mode=vision.RunningMode.IMAGE,
        )
        try:
            self._task: Any = vision.ImageSegmenter.create_from_options(options)
        except RuntimeError as error:
            raise ValueError(f"not a segmentation network: {weights.name}") from error

    @property
    def mask_shape(self) -> tuple[int, int]:
        """Height and width of the network."""
        return self._height, self._width

    def segment(self, picture: RawPicture) -> Mask:
        """Return the mask of `picture`."""
        if self._task is None:
            raise ValueError("the segmenter is closed")
        rgb = self.scaled.rgb(picture.planes)
        (found,) = self._task.segment(self._image(image_format=self._format, data=rgb)).confidence_masks
        # A copy: what mediapipe gives is a view of its own memory.
        alpha: Alpha = np.array(found.numpy_view(), np.float32).reshape(self._height, self._width)
        return Mask(picture.frame_id, alpha, self._clock_ms())

    def close(self) -> None:
        """Free the network; a later `segment` raises."""
        task, self._task = self._task, None
        if task is not None:
            task.close()
