"""Pictures before and after the gate: two types that cannot be mistaken for each other.

`RawPicture` is what a decoder gives and never leaves the blur stage. `ProtectedPicture` is the only picture that an
encoder accepts; the gate alone can make one, so an un-blurred frame has no way out by accident, error or shortcut.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Final, NoReturn, SupportsIndex, final

import av
import numpy as np
import numpy.typing as npt

from video_service.errors import ServiceError
from video_service.media_plane import PictureState

Plane = npt.NDArray[np.uint8]

_FULL_RANGE_FORMAT: Final = "yuvj420p"
_FULL_RANGE: Final = 2  # AVCOL_RANGE_JPEG
_GATE_TOKEN: Final = object()  # only media.gate may use it; a test reads every module to make sure


class BadPicture(ServiceError):
    """The planes do not make a picture."""

    code: ClassVar[str] = "bad_picture"


class NotProtected(ServiceError):
    """Only the gate makes protected pictures."""

    code: ClassVar[str] = "not_protected"


def chroma_size(width: int, height: int) -> tuple[int, int]:
    """Return width and height of the U and V planes; an odd luma size rounds up."""
    return (width + 1) // 2, (height + 1) // 2


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """Planar Y'CbCr 4:2:0. `y` is (height, width) uint8; `u` and `v` are half of that each way, rounded up.

    `full_range` tells luma 0..255 from the usual 16..235. Source: ITU-R BT.601-7, section 3.5.

    Raises:
        BadPicture: a plane has the wrong type or size.
    """

    y: Plane
    u: Plane
    v: Plane
    full_range: bool = False

    def __post_init__(self) -> None:
        planes = (self.y, self.u, self.v)
        if any(plane.dtype != np.uint8 or plane.ndim != 2 for plane in planes) or not self.y.size:
            raise BadPicture(shapes=[plane.shape for plane in planes], dtypes=[str(plane.dtype) for plane in planes])
        width, height = chroma_size(self.width, self.height)
        if self.u.shape != (height, width) or self.v.shape != (height, width):
            raise BadPicture(shapes=[plane.shape for plane in planes])

    @property
    def width(self) -> int:
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        return int(self.y.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class RawPicture:
    """A decoded picture of somebody's room. It must not leave the blur stage.

    `frame_id` is unique within a leg; masks carry it back. `pts` counts `time_base` seconds.
    """

    planes: Planes
    frame_id: int
    pts: int
    time_base: Fraction

    @classmethod
    def from_frame(cls, frame: av.VideoFrame, frame_id: int) -> RawPicture:
        """Wrap a decoder's frame without a copy (other pixel formats are converted). The frame must not be written to.

        Raises:
            BadPicture: the frame has no picture in it.
        """
        if frame.format.name not in ("yuv420p", _FULL_RANGE_FORMAT):
            frame = frame.reformat(format="yuv420p")
        full_range = frame.format.name == _FULL_RANGE_FORMAT or frame.color_range == _FULL_RANGE
        width, height = frame.width, frame.height
        half_width, half_height = chroma_size(width, height)
        planes = Planes(
            y=_view(frame, 0, width, height),
            u=_view(frame, 1, half_width, half_height),
            v=_view(frame, 2, half_width, half_height),
            full_range=full_range,
        )
        return cls(planes, frame_id, frame.pts or 0, frame.time_base or Fraction(1, 90_000))

    @property
    def width(self) -> int:
        return self.planes.width

    @property
    def height(self) -> int:
        return self.planes.height

    @property
    def pts_ms(self) -> float:
        return _ms(self.pts, self.time_base)


@final
class ProtectedPicture:
    """A picture that may be sent: the only type that an encoder accepts, made by the gate alone.

    Its planes are read-only. It cannot be subclassed, copied, pickled, replaced or changed.

    Raises:
        NotProtected: anything but the gate tried to make, copy or change one.
    """

    __slots__ = ("_frame_id", "_planes", "_pts", "_reason", "_seal", "_state", "_time_base")

    _planes: Planes
    _frame_id: int
    _pts: int
    _time_base: Fraction
    _state: PictureState
    _reason: str
    _seal: object

    def __new__(
        cls, token: object, planes: Planes, source: RawPicture, state: PictureState, reason: str = ""
    ) -> ProtectedPicture:
        """Take the finished `planes`; number and time are those of `source`, whose pixels are not kept."""
        if token is not _GATE_TOKEN:
            raise NotProtected
        for plane in (planes.y, planes.u, planes.v):
            plane.setflags(write=False)
        picture = super().__new__(cls)
        values = (planes, source.frame_id, source.pts, source.time_base, state, reason, token)
        names = ("_planes", "_frame_id", "_pts", "_time_base", "_state", "_reason", "_seal")
        for name, value in zip(names, values, strict=True):
            object.__setattr__(picture, name, value)
        return picture

    @property
    def planes(self) -> Planes:
        return self._planes

    @property
    def frame_id(self) -> int:
        return self._frame_id

    @property
    def width(self) -> int:
        return self._planes.width

    @property
    def height(self) -> int:
        return self._planes.height

    @property
    def pts(self) -> int:
        return self._pts

    @property
    def time_base(self) -> Fraction:
        return self._time_base

    @property
    def pts_ms(self) -> float:
        return _ms(self._pts, self._time_base)

    @property
    def state(self) -> PictureState:
        return self._state

    @property
    def reason(self) -> str:
        """Why it is not clear (a `media.segmenter.Reason`), empty when it is."""
        return self._reason

    def to_frame(self) -> av.VideoFrame:
        """Return a new yuv420p frame with this picture's planes and time stamp, for an encoder."""
        require_protected(self)
        frame = av.VideoFrame(self.width, self.height, "yuv420p")
        for index, plane in enumerate((self._planes.y, self._planes.u, self._planes.v)):
            height, width = plane.shape
            _view(frame, index, width, height)[:] = plane
        if self._planes.full_range:
            frame.color_range = _FULL_RANGE
        frame.pts, frame.time_base = self._pts, self._time_base
        return frame

    def __init_subclass__(cls) -> NoReturn:
        raise NotProtected("A protected picture has no subclasses.")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise NotProtected("A protected picture does not change.")

    def __delattr__(self, name: str) -> NoReturn:
        raise NotProtected("A protected picture does not change.")

    def __copy__(self) -> NoReturn:
        raise NotProtected

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise NotProtected

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise NotProtected

    def __setstate__(self, state: object) -> NoReturn:
        raise NotProtected


def require_protected(picture: object) -> ProtectedPicture:
    """Return `picture` when the gate made it: the run-time side of the type, for whoever is about to send it.

    Raises:
        NotProtected: it is anything else, a look-alike included.
    """
    if type(picture) is not ProtectedPicture or getattr(picture, "_seal", None) is not _GATE_TOKEN:
        raise NotProtected
    return picture


def _ms(pts: int, time_base: Fraction) -> float:
    """Return milliseconds. Fractions are reduced at each step, which takes longer than all the rest of this."""
    return pts * 1000 * time_base.numerator / time_base.denominator


def _view(frame: av.VideoFrame, index: int, width: int, height: int) -> Plane:
    """Return plane `index` of a frame as an array over the frame's own memory, its line padding cut off."""
    plane = frame.planes[index]
    rows: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[:height, :width]
