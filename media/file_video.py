"""Video files in and out for the file tool: upright pictures with steady time stamps in, protected pictures out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Final, Self

import av
import av.error
import numpy as np
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from media.picture import Plane, Planes, ProtectedPicture, RawPicture, require_protected
from video_service.errors import ServiceError

X264_OPTIONS: Final = {"crf": "10", "preset": "medium"}
FALLBACK_RATE: Final = Fraction(30)
_FULL_RANGE: Final = 2


class FileTrouble(ServiceError):
    """The file could not be blurred."""

    code: ClassVar[str] = "blur_file"


class VideoReader:
    """The first video stream of a local file. Nothing but files is opened, whatever a playlist inside may name.

    Raises:
        FileTrouble: it is no readable file, or has no video in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise FileTrouble(f"There is no file {path}.")
        try:
            self._container: InputContainer = av.open(str(path), options={"protocol_whitelist": "file"})
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise FileTrouble(f"{path} cannot be read as a video.") from error
        if not self._container.streams.video:
            self._container.close()
            raise FileTrouble(f"{path} has no video in it.")
        self.stream: VideoStream = self._container.streams.video[0]
        self.stream.thread_type = "AUTO"
        self.frames: int | None = self.stream.frames or None
        self.rate: Fraction = self.stream.average_rate or self.stream.guessed_rate or FALLBACK_RATE
        self.time_base: Fraction = self.stream.time_base or 1 / self.rate

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._container.close()

    def pictures(self) -> Iterator[RawPicture]:
        """Yield every picture upright and in the size of the first, with time stamps that rise.

        Raises:
            FileTrouble: the file holds no picture, or breaks off.
        """
        size: tuple[int, int] | None = None
        frame_id, last = 0, -1
        step = max(1, round(1 / (self.rate * self.time_base)))
        try:
            for frame in self._container.decode(self.stream):
                size = size or (frame.width, frame.height)
                pts = last + step if frame.pts is None else frame.pts
                if frame_id and pts <= last:
                    pts = last + 1
                frame_id, last = frame_id + 1, pts
                if (frame.width, frame.height) != size:
                    frame = frame.reformat(width=size[0], height=size[1])
                frame.pts, frame.time_base = pts, self.time_base
                yield _upright(RawPicture.from_frame(frame, frame_id), frame.rotation)
        except (av.error.FFmpegError, OSError) as error:
            raise FileTrouble(f"{self.path} breaks off after {frame_id} pictures.") from error
        if not frame_id:
            raise FileTrouble(f"{self.path} has no pictures in it.")


class VideoWriter:
    """An H.264 file made of protected pictures. It takes its name when `finish` has been called; before, it is hidden.

    Raises:
        FileTrouble: it cannot be written there, or its ending names no kind of file that holds H.264.
    """

    def __init__(self, path: Path, like: VideoReader) -> None:
        self.path, self._like = path, like
        if path.exists() and path.samefile(like.path):
            raise FileTrouble("Input and output are the same file.")
        self._part = path.with_name(f".{path.stem}.part{path.suffix}")
        self._stream: VideoStream | None = None
        try:
            self._container: OutputContainer = av.open(str(self._part), "w")
        except ValueError as error:
            raise FileTrouble(f"{path.name} is no name of a video file; let it end in .mp4 or .mkv.") from error
        except (av.error.FFmpegError, OSError) as error:
            raise FileTrouble(f"{path} cannot be written.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if kind is not None:
            self._abandon()

    def write(self, picture: ProtectedPicture) -> None:
        """Add one picture; all must have the size of the first."""
        frame = require_protected(picture).to_frame()
        with _as_trouble(self.path):
            stream = self._stream = self._stream or self._open_stream(picture)
            if stream.codec_context.pix_fmt == "yuv444p":
                frame = _full_chroma(frame, picture)
            self._container.mux(stream.encode(frame))

    def finish(self) -> None:
        """Write what the encoder still holds and give the file its name."""
        with _as_trouble(self.path):
            if self._stream is not None:
                self._container.mux(self._stream.encode(None))
            self._container.close()
            self._part.replace(self.path)

    def _abandon(self) -> None:
        # A container that never got its header cannot be closed in order; what counts is that the file goes.
        with contextlib.suppress(av.error.FFmpegError, OSError, ValueError):
            self._container.close()
        self._part.unlink(missing_ok=True)

    def _open_stream(self, picture: ProtectedPicture) -> VideoStream:
        like = self._like
        source: Any = like.stream.codec_context
        stream = self._container.add_stream("libx264", rate=like.rate, options=X264_OPTIONS)
        context: Any = stream.codec_context
        # 4:2:0 halves both sides and x264 refuses odd ones; 4:4:4 takes them as they are.
        odd = picture.width % 2 or picture.height % 2
        context.width, context.height, context.pix_fmt = picture.width, picture.height, "yuv444p" if odd else "yuv420p"
        context.time_base = like.time_base
        context.color_range = _FULL_RANGE if picture.planes.full_range else source.color_range
        context.colorspace, context.color_primaries = source.colorspace, source.color_primaries
        context.color_trc = source.color_trc
        shape = source.sample_aspect_ratio
        if shape:
            turned = (source.width, source.height) != (picture.width, picture.height)
            context.sample_aspect_ratio = 1 / shape if turned else shape
        return stream


@contextlib.contextmanager
def _as_trouble(path: Path) -> Iterator[None]:
    """Turn what the libraries raise into a sentence about the output."""
    try:
        yield
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise FileTrouble(f"{path} cannot be written as H.264; is there room, and is it .mp4 or .mkv?") from error


def _upright(picture: RawPicture, rotation_deg: int) -> RawPicture:
    """Return `picture` as a player shows it; `rotation_deg` is counter-clockwise."""
    turns = round(rotation_deg / 90) % 4
    if not turns:
        return picture
    planes = picture.planes
    y, u, v = (np.ascontiguousarray(np.rot90(plane, turns)) for plane in (planes.y, planes.u, planes.v))
    return RawPicture(Planes(y, u, v, planes.full_range), picture.frame_id, picture.pts, picture.time_base)


def _full_chroma(frame: av.VideoFrame, picture: ProtectedPicture) -> av.VideoFrame:
    """Return `frame` in 4:4:4, each chroma sample standing for the four pixels that it stood for."""
    planes = picture.planes

    def doubled(plane: Plane) -> Plane:
        return plane.repeat(2, axis=0).repeat(2, axis=1)[: picture.height, : picture.width]

    full = av.VideoFrame.from_ndarray(np.stack([planes.y, doubled(planes.u), doubled(planes.v)]), format="yuv444p")
    full.pts, full.time_base, full.color_range = frame.pts, frame.time_base, frame.color_range
    return full
