"""Makes a JPEG of a picture that was sent: `python -m video_service.picture_child [WIDTH HEIGHT BYTES]`, in and out.

A process of its own, with little memory and time: what a made-up picture does to a decoder, it does here. Only pixels
leave it: names, places and thumbnails inside the file stay behind.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import Final

MAX_WIDTH: Final = 1280
MAX_HEIGHT: Final = 720
MAX_BYTES: Final = 700_000
MEMORY_BYTES: Final = 2 << 30  # address space; the largest picture that is taken has 64 million pixels
CPU_S: Final = 20
QUALITIES: Final = (88, 75, 60, 45)


def remake(data: bytes, width: int = MAX_WIDTH, height: int = MAX_HEIGHT, most_bytes: int = MAX_BYTES) -> bytes | None:
    """Return the picture as a JPEG of at most width x height pixels, upright, or None when it cannot be decoded."""
    import cv2
    import numpy as np

    cv2.setNumThreads(1)
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        return None
    rows, columns = pixels.shape[:2]
    scale = min(1.0, width / columns, height / rows)
    if scale < 1:
        size = max(1, round(columns * scale)), max(1, round(rows * scale))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    for quality in QUALITIES:
        jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(jpeg) <= most_bytes:
            return jpeg
    return None


def main() -> int:
    """Return 0 when a picture was written."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    jpeg = remake(sys.stdin.buffer.read(), *map(int, sys.argv[1:4]))
    if jpeg is None:
        return 1
    sys.stdout.buffer.write(jpeg)
    return 0


if __name__ == "__main__":
    sys.exit(main())
