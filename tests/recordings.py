"""Films as browsers record them, made here: a moving square on grey, with sound where it is wanted."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av
import numpy as np

NOTE = "GPS N 31 13 E 121 28"


def recorded(
    kind: str = "webm",
    *,
    ms: int = 1_000,
    size: tuple[int, int] = (160, 120),
    fps: int = 15,
    codec: str = "",
    sound: bool = False,
    note: str = NOTE,
) -> bytes:
    """Return a film of `kind` ("webm", "mp4", "mov"), with `note` in its metadata."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=kind) as film:
        film.metadata["title"] = film.metadata["comment"] = note
        stream: Any = film.add_stream(codec or {"webm": "libvpx"}.get(kind, "libx264"), rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        if stream.codec_context.name == "libvpx":
            stream.options = {"deadline": "realtime", "cpu-used": "8"}
        voice: Any = (
            film.add_stream("libopus" if kind == "webm" else "aac", rate=48_000, layout="mono") if sound else None
        )
        for n in range(ms * fps // 1000):
            picture = av.VideoFrame.from_ndarray(square(n, size), format="rgb24")
            picture.pts, picture.time_base = n, Fraction(1, fps)
            film.mux(stream.encode(picture))
            if voice is not None:
                samples = 48_000 // fps
                wave = (np.sin(np.arange(samples) / 20) * 8000).astype(np.int16).reshape(1, -1)
                piece = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
                piece.sample_rate, piece.pts, piece.time_base = 48_000, n * samples, Fraction(1, 48_000)
                film.mux(voice.encode(piece))
        film.mux(stream.encode(None))
        if voice is not None:
            film.mux(voice.encode(None))
    return buffer.getvalue()


def square(n: int, size: tuple[int, int]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return a grey picture, red in its upper left quarter, with a white square that moves."""
    width, height = size
    pixels = np.full((height, width, 3), 96, np.uint8)
    pixels[: height // 2, : width // 2] = (200, 30, 30)
    left = (n * 4) % max(1, width - 16)
    pixels[height // 2 : height // 2 + 16, left : left + 16] = 255
    return pixels


def turned(mp4: bytes) -> bytes:
    """Return an MP4 whose track says that it is to be shown a quarter turned, clockwise."""
    at = mp4.index(b"tkhd") + 4 + 40  # version and times, then the matrix. Source: ISO/IEC 14496-12 section 8.3.2
    numbers = (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    matrix = b"".join(number.to_bytes(4, signed=True) for number in numbers)
    return mp4[:at] + matrix + mp4[at + 36 :]
