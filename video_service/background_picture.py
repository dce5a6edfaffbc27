"""From what people upload to the company's picture or a call's photo: a process apart makes it anew."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import ClassVar, Final

import structlog

from video_service.child import tied
from video_service.errors import ServiceError
from video_service.image_header import BadImage, ImageHeader, read_header
from video_service.picture_child import MAX_BYTES, MAX_HEIGHT, MAX_WIDTH

log = structlog.get_logger(__name__)

LEAST: Final = (320, 240)
MOST: Final = (8000, 8000)
TIME_LIMIT_S: Final = 30.0
PHOTO_LEAST: Final = (16, 16)
PHOTO_PIXELS: Final = 1600
"""Longer side of a call's photo: small print on a ticket or a page is still readable."""
PHOTO_BYTES: Final = 300_000
PHOTOS_AT_ONCE: Final = 2


class ImageSize(ServiceError):
    """The picture has fewer than 320x240 pixels (a photo: 16x16), or more than 8000 on a side."""

    code: ClassVar[str] = "image_size"


class Busy(ServiceError):
    """Another picture is being looked at."""

    code: ClassVar[str] = "busy"
    retryable: ClassVar[bool] = True


class PictureMaker:
    """Makes the company's pictures, one at a time, and the photos of calls, a few at a time."""

    def __init__(self) -> None:
        self._one = asyncio.Semaphore(1)
        self._some = asyncio.Semaphore(PHOTOS_AT_ONCE)

    async def make(self, data: bytes) -> tuple[bytes, ImageHeader]:
        """Return a JPEG with nothing but the pixels of the picture `data`, and its size.

        Raises:
            BadImage: no PNG, JPEG or WebP that can be decoded.
            ImageSize: too few or too many pixels, by its header; nothing was decoded.
            Busy: another one takes long.
        """
        _check_size(data, LEAST)
        jpeg = await _remade(data, self._one, MAX_WIDTH, MAX_HEIGHT, MAX_BYTES)
        return jpeg, read_header(jpeg)

    async def make_photo(self, data: bytes) -> bytes:
        """Return a JPEG of at most 1600 pixels a side with nothing but the pixels of the picture `data`.

        Raises:
            BadImage, ImageSize, Busy: as `make`.
        """
        _check_size(data, PHOTO_LEAST)
        return await _remade(data, self._some, PHOTO_PIXELS, PHOTO_PIXELS, PHOTO_BYTES)


def _check_size(data: bytes, least: tuple[int, int]) -> None:
    header = read_header(data)
    if header.width < least[0] or header.height < least[1]:
        raise ImageSize
    if header.width > MOST[0] or header.height > MOST[1]:
        raise ImageSize


async def _remade(data: bytes, turn: asyncio.Semaphore, width: int, height: int, most_bytes: int) -> bytes:
    try:
        async with asyncio.timeout(TIME_LIMIT_S), turn:
            jpeg = await _in_a_process(data, width, height, most_bytes)
    except TimeoutError:
        raise Busy from None
    if not 0 < len(jpeg) <= most_bytes:
        raise BadImage
    return jpeg


async def _in_a_process(data: bytes, *limits: int) -> bytes:
    """Return what the process made, empty when it failed."""
    process = await asyncio.create_subprocess_exec(
        *tied([sys.executable, "-I", "-m", "video_service.picture_child", *map(str, limits)]),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        jpeg, _ = await process.communicate(data)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        log.info("picture_refused", status=process.returncode)
        return b""
    return jpeg
