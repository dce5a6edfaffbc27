"""Makes a video message anew: `python -m video_service.video_messages_child SOUND MOST_MS`, a file in, an MP4 out.

A process of its own, with little memory and time and behind all others: what a made-up film does to a decoder, it does
here. Only decoded pictures (and sound, where the customer wants it) leave it, so nothing that the file says beside them
does. Before the MP4 comes one line of JSON: `{"ms": length, "width": ..., "height": ..., "sound": true}`.
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import av

MOST_SIDE: Final = 640
MOST_OTHER_SIDE: Final = 480
"""A picture is at most so large, lying or standing: what live calls have, too."""
TAKEN_PIXELS: Final = 1920 * 1440
"""Larger ones are not decoded at all."""
FPS: Final = 30
MOST_BYTES: Final = 14_000_000
LEAST_MS: Final = 300
MEMORY_BYTES: Final = 2 << 30  # address space; libraries map much that they never touch
CPU_S: Final = 120

BAD, TOO_LONG, EMPTY, SIZE = 1, 2, 3, 4
"""How the process ends when there is no film to give."""

_CODECS: Final = frozenset({"vp8", "vp9", "h264"})
_SOUNDS: Final = frozenset({"opus", "aac"})
_KINDS: Final = {"webm": "matroska", "mp4": "mp4"}
_BASE: Final = Fraction(1, 1000)
_ENCODER: Final = {
    "preset": "superfast",
    "profile": "main",
    "crf": "25",
    "maxrate": "900k",
    "bufsize": "1800k",
    "bf": "0",
    "threads": "1",
}


class Refused(Exception):
    """There is no film to give. `status`: one of the codes above."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass
class Made:
    """A film that was made: an MP4 with H.264, and AAC where there is sound."""

    data: bytes
    ms: int
    width: int
    height: int
    sound: bool


def kind_of(data: bytes) -> str:
    """Return "webm" or "mp4" by a file's first bytes, "" for anything else.

    Source: RFC 8794 section 8 (EBML header), ISO/IEC 14496-12 section 4.3 (file type box).
    """
    if data.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in data[:64]:
        return "webm"
    return "mp4" if data[4:8] == b"ftyp" and 8 <= int.from_bytes(data[:4]) <= 256 else ""


def fit(width: int, height: int) -> tuple[int, int]:
    """Return the size, in even pixels, that a picture of width x height is shown in: smaller where it is too large."""
    sides = (MOST_SIDE, MOST_OTHER_SIDE) if width >= height else (MOST_OTHER_SIDE, MOST_SIDE)
    scale = min(1.0, sides[0] / width, sides[1] / height)
    return max(16, round(width * scale / 2) * 2), max(16, round(height * scale / 2) * 2)


def remake(data: bytes, *, sound: bool, most_ms: int) -> Made:
    """Return the film of a file that a browser has recorded, at most `most_ms` long, with `sound` only if wanted.

    Raises:
        Refused: it is none, or too long, too short, or too large.
    """
    import av

    kind = _KINDS.get(kind_of(data))
    if kind is None:
        raise Refused(BAD)
    try:
        # Format and demuxer are given: no list of other files, no address, is ever opened.
        with av.open(io.BytesIO(data), "r", format=kind, metadata_errors="ignore") as source:
            return _made(source, sound=sound, most_ms=most_ms)
    except (av.FFmpegError, ValueError, MemoryError) as error:
        raise Refused(BAD) from error


def _made(source: av.container.InputContainer, *, sound: bool, most_ms: int) -> Made:
    import av

    if len(source.streams.video) != 1 or len(source.streams.audio) > 1:
        raise Refused(BAD)
    pictures = source.streams.video[0]
    if pictures.codec_context.name not in _CODECS:
        raise Refused(BAD)
    if pictures.width * pictures.height > TAKEN_PIXELS:
        raise Refused(SIZE)
    # A film may change its size on the way: the decoder itself refuses what is too large.
    pictures.codec_context.options = {"max_pixels": str(TAKEN_PIXELS)}
    voice = source.streams.audio[0] if sound and source.streams.audio else None
    if voice is not None and voice.codec_context.name not in _SOUNDS:
        raise Refused(BAD)
    target = io.BytesIO()
    with av.open(target, "w", format="mp4", options={"fflags": "+bitexact"}) as film:
        writer = _Writer(film, most_ms=most_ms, sound=voice is not None)
        for frame in _decoded(source, [pictures] if voice is None else [pictures, voice]):
            writer.add(frame)
        writer.end()
    if writer.ms < LEAST_MS:
        raise Refused(EMPTY)
    made = target.getvalue()
    if len(made) > MOST_BYTES:
        raise Refused(TOO_LONG)
    return Made(made, writer.ms, *writer.size, sound=voice is not None)


def _decoded(source: av.container.InputContainer, streams: list[Any]) -> Iterator[Any]:
    """Yield what can be decoded. A few broken pieces are left out, as at the end of a recording that was cut off."""
    import av

    whole, broken = 0, 0
    for packet in source.demux(*streams):
        try:
            frames = packet.decode()
        except av.FFmpegError:
            broken += 1
            if broken > 5 + whole // 10:
                raise
            continue
        whole += 1
        yield from frames


class _Writer:
    """Puts pictures and sound into a film, on the pictures' clock, which begins with the first."""

    def __init__(self, film: av.container.OutputContainer, *, most_ms: int, sound: bool) -> None:
        self._film = film
        self._most_ms = most_ms
        self._pictures: Any = None
        self._voice: Any = film.add_stream("aac", rate=48_000, layout="mono", bit_rate=64_000) if sound else None
        self._first_s: float | None = None
        self._last_ms = -1
        self.size = (0, 0)

    @property
    def ms(self) -> int:
        """How long it is, the last picture's own time included."""
        return self._last_ms + 1000 // FPS if self._last_ms >= 0 else 0

    def add(self, frame: Any) -> None:
        """Take the next picture or piece of sound.

        Raises:
            Refused: the film would be too long.
        """
        if frame.time is None:
            return
        if hasattr(frame, "samples"):
            self._add_sound(frame)
        else:
            self._add_picture(frame)

    def _add_picture(self, frame: Any) -> None:
        if self._first_s is None:
            self._first_s = frame.time
        at_ms = round((frame.time - self._first_s) * 1000)
        if at_ms > self._most_ms:
            raise Refused(TOO_LONG)
        if self._pictures is None:
            self._begin(frame)
        # Out of order, or more of them than a screen shows.
        if self._last_ms >= 0 and at_ms - self._last_ms < 1000 // FPS - 8:
            return
        picture = _fitted(frame, self.size)
        picture.pts, picture.time_base = at_ms, _BASE
        self._last_ms = at_ms
        self._film.mux(self._pictures.encode(picture))

    def _begin(self, frame: Any) -> None:
        turned = frame.rotation % 180 == 90
        self.size = fit(*((frame.height, frame.width) if turned else (frame.width, frame.height)))
        self._pictures = self._film.add_stream("libx264", rate=FPS, options=_ENCODER)
        self._pictures.width, self._pictures.height = self.size
        self._pictures.pix_fmt = "yuv420p"
        self._pictures.codec_context.time_base = _BASE

    def _add_sound(self, frame: Any) -> None:
        # What was heard before the first picture, or after the last that may be, is left out.
        if self._pictures is None or self._first_s is None:
            return
        at_s = frame.time - self._first_s
        if 0 <= at_s <= self._most_ms / 1000:
            frame.time_base = Fraction(1, frame.sample_rate)
            frame.pts = round(at_s * frame.sample_rate)
            self._film.mux(self._voice.encode(frame))

    def end(self) -> None:
        for stream in (self._pictures, self._voice if self._pictures is not None else None):
            if stream is not None:
                self._film.mux(stream.encode(None))


def _fitted(frame: Any, size: tuple[int, int]) -> Any:
    """Return a picture upright and in the film's size, never stretched: what is left over is black."""
    import av
    import numpy as np

    turns = round(frame.rotation / 90) % 4
    upright = (frame.height, frame.width) if turns % 2 else (frame.width, frame.height)
    if not turns and fit(*upright) == size:
        return frame.reformat(*size, format="yuv420p")
    pixels = np.rot90(frame.to_ndarray(format="rgb24"), turns)
    scale = min(size[0] / upright[0], size[1] / upright[1])
    inner = max(2, min(size[0], round(upright[0] * scale))), max(2, min(size[1], round(upright[1] * scale)))
    small = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24").reformat(*inner)
    whole = np.zeros((size[1], size[0], 3), np.uint8)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    whole[top : top + inner[1], left : left + inner[0]] = small.to_ndarray(format="rgb24")
    return av.VideoFrame.from_ndarray(whole, format="rgb24").reformat(format="yuv420p")


def main() -> int:
    """Return 0 when a film was written, or why none was."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    os.nice(10)  # calls that go on come first
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        made = remake(sys.stdin.buffer.read(), sound=sys.argv[1] == "1", most_ms=int(sys.argv[2]))
    except Refused as refused:
        return refused.status
    facts = {"ms": made.ms, "width": made.width, "height": made.height, "sound": made.sound}
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n" + made.data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
