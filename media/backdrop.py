"""Backdrops that show nothing of the room: one colour, or the company's picture."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Final, Protocol

import cv2
import numpy as np
import structlog

from media.compositor import INSTEAD, STRENGTHS, Backdrop
from media.picture import Plane, Planes, chroma_size
from media.segmenter import Alpha
from video_service.errors import ServiceError
from video_service.image_header import BadImage, read_header
from video_service.media_plane import Background, BackgroundKind

log = structlog.get_logger(__name__)

KEPT_PICTURES: Final = 4  # of a pool's company, and of its changes in the last time
KEPT_SIZES: Final = 12  # scaled pictures; a full HD one takes 3 MB
MAX_JPEG_BYTES: Final = 800_000
MAX_SIDE: Final = 1920


class BadCompanyPicture(ServiceError):
    """These bytes are not the picture that was announced, or no picture that is taken."""

    code = "bad_picture"


def planes_of_bgr(canvas: Plane, width: int, height: int, full_range: bool) -> Planes:
    """Return read-only planes of `width` by `height` from BGR pixels of that size, rounded up to even numbers."""
    half_width, half_height = chroma_size(width, height)
    i420 = cv2.cvtColor(canvas, cv2.COLOR_BGR2YUV_I420)
    chroma = i420[2 * half_height :].reshape(2, half_height, half_width)
    y, u, v = (np.array(view, np.uint8) for view in (i420[:height, :width], chroma[0], chroma[1]))
    if full_range:
        y = cv2.convertScaleAbs(y, alpha=255 / 219, beta=-16 * 255 / 219).astype(np.uint8, copy=False)
    planes = Planes(y, u, v, full_range)
    for plane in (planes.y, planes.u, planes.v):
        plane.setflags(write=False)
    return planes


class Colour:
    """One colour everywhere, "#rrggbb"."""

    def __init__(self, colour: str) -> None:
        self._bgr = tuple(int(colour[start : start + 2], 16) for start in (5, 3, 1))
        self._made: Planes | None = None

    def render(self, planes: Planes, alpha: Alpha | None = None) -> Planes:
        """Return the colour; the same arrays until the size changes."""
        made = self._made
        if made is None or not _fits(made, planes):
            half_width, half_height = chroma_size(planes.width, planes.height)
            canvas = np.full((2 * half_height, 2 * half_width, 3), self._bgr, np.uint8)
            made = self._made = planes_of_bgr(canvas, planes.width, planes.height, planes.full_range)
        return made


class Shelf(Protocol):
    """Where pictures lie, ready in the sizes that are asked for."""

    def planes(self, digest: str, width: int, height: int, full_range: bool) -> Planes | None:
        """Return the picture filling that size, or None while it is not ready (asking makes it so) or not there."""
        ...


class CompanyPicture:
    """The picture `digest` of a shelf; while it is not ready, or gone: the blur that stands instead of it."""

    def __init__(self, shelf: Shelf, digest: str) -> None:
        self._shelf, self._digest = shelf, digest

    def render(self, planes: Planes, alpha: Alpha | None = None) -> Planes:
        """Return the picture, or the room's blur."""
        made = self._shelf.planes(self._digest, planes.width, planes.height, planes.full_range)
        return made if made is not None and _fits(made, planes) else INSTEAD.render(planes, alpha)


class PictureShelf:
    """The company's pictures of one worker, decoded once and scaled once for each size, on a thread of its own.

    Every method may be called from any thread and none waits for that work.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pictures: OrderedDict[str, Plane] = OrderedDict()
        self._scaled: OrderedDict[tuple[str, int, int, bool], Planes | None] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="backdrop")

    def has(self, digest: str) -> bool:
        """Return whether the picture is here."""
        with self._lock:
            return digest in self._pictures

    def put(self, digest: str, jpeg: bytes) -> None:
        """Take a picture. It blocks for its decoding: call it in a thread.

        Raises:
            BadCompanyPicture: too large, not a JPEG, or not what `digest` says.
        """
        if len(jpeg) > MAX_JPEG_BYTES or sha256(jpeg).hexdigest() != digest:
            raise BadCompanyPicture
        try:
            header = read_header(jpeg)
        except BadImage as error:
            raise BadCompanyPicture from error
        if header.kind != "jpeg" or max(header.width, header.height) > MAX_SIDE:
            raise BadCompanyPicture
        decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        if decoded is None:
            raise BadCompanyPicture
        with self._lock:
            self._pictures[digest] = decoded.astype(np.uint8, copy=False)
            while len(self._pictures) > KEPT_PICTURES:
                gone, _ = self._pictures.popitem(last=False)
                for key in [key for key in self._scaled if key[0] == gone]:
                    del self._scaled[key]
        log.info("background_picture_here", digest=digest[:12])

    def planes(self, digest: str, width: int, height: int, full_range: bool) -> Planes | None:
        """Return the picture filling that size, or None while it is not ready (asking makes it so) or not there."""
        key = (digest, width, height, full_range)
        with self._lock:
            if key in self._scaled:
                self._scaled.move_to_end(key)
                return self._scaled[key]
            picture = self._pictures.get(digest)
            if picture is None:
                return None
            self._pictures.move_to_end(digest)
            self._scaled[key] = None
            while len(self._scaled) > KEPT_SIZES:
                self._scaled.popitem(last=False)
        self._thread.submit(self._scale, key, picture)
        return None

    def close(self) -> None:
        """Let the thread end; may be called twice."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _scale(self, key: tuple[str, int, int, bool], picture: Plane) -> None:
        try:
            made = filling(picture, *key[1:])
        except Exception as error:  # noqa: BLE001 - the blur goes on standing where the picture should
            log.warning("background_picture_failed", error=type(error).__name__)
            return
        with self._lock:
            if key in self._scaled:
                self._scaled[key] = made


def filling(picture: Plane, width: int, height: int, full_range: bool) -> Planes:
    """Return `picture` (BGR) scaled to fill `width` by `height`: its middle, nothing stretched, no bars."""
    half_width, half_height = chroma_size(width, height)
    size = 2 * half_width, 2 * half_height
    rows, columns = picture.shape[:2]
    scale = max(size[0] / columns, size[1] / rows)
    across, down = min(columns, round(size[0] / scale)), min(rows, round(size[1] / scale))
    left, top = (columns - across) // 2, (rows - down) // 2
    part = picture[top : top + down, left : left + across]
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    fitted = cv2.resize(part, size, interpolation=method).astype(np.uint8, copy=False)
    return planes_of_bgr(fitted, width, height, full_range)


def backdrop_of(background: Background, shelf: Shelf) -> Backdrop:
    """Return what stands behind the signer for that choice."""
    makers: dict[BackgroundKind, Callable[[], Backdrop]] = {
        BackgroundKind.BLUR: lambda: STRENGTHS[background.strength],
        BackgroundKind.COLOUR: lambda: Colour(background.colour),
        BackgroundKind.PICTURE: lambda: CompanyPicture(shelf, background.picture),
    }
    return makers[background.kind]()


def _fits(made: Planes, planes: Planes) -> bool:
    return (made.width, made.height, made.full_range) == (planes.width, planes.height, planes.full_range)
