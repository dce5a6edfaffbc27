"""From what a coordinator uploads to the company's picture: its header is read, then a process apart makes it anew."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import ClassVar, Final

import structlog

from video_service.child import tied
from video_service.errors import ServiceError
from video_service.image_header import BadImage, ImageHeader, read_header
from video_service.picture_child import MAX_BYTES

log = structlog.get_logger(__name__)

LEAST: Final = (320, 240)
MOST: Final = (8000, 8000)
TIME_LIMIT_S: Final = 30.0


class ImageSize(ServiceError):
    """The picture has fewer than 320x240 pixels, or more than 8000 on a side."""

    code: ClassVar[str] = "image_size"


class Busy(ServiceError):
    """Another picture is being looked at."""

    code: ClassVar[str] = "busy"
    retryable: ClassVar[bool] = True


class PictureMaker:
    """Makes the company's pictures, one at a time."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()

    async def make(self, data: bytes) -> tuple[bytes, ImageHeader]:
        """Return a JPEG with nothing but the pixels of the picture `data`, and its size.

        Raises:
            BadImage: no PNG, JPEG or WebP that can be decoded.
            ImageSize: too few or too many pixels, by its header; nothing was decoded.
            Busy: another one takes long.
        """
        header = read_header(data)
        if header.width < LEAST[0] or header.height < LEAST[1]:
            raise ImageSize
        if header.width > MOST[0] or header.height > MOST[1]:
            raise ImageSize
        try:
            async with asyncio.timeout(TIME_LIMIT_S), self._one:
                jpeg = await _remade(data)
        except TimeoutError:
            raise Busy from None
        if not 0 < len(jpeg) <= MAX_BYTES:
            raise BadImage
        return jpeg, read_header(jpeg)


async def _remade(data: bytes) -> bytes:
    """Return what the process made, empty when it failed."""
    process = await asyncio.create_subprocess_exec(
        *tied([sys.executable, "-I", "-m", "video_service.picture_child"]),
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
        log.info("background_picture_refused", status=process.returncode)
        return b""
    return jpeg
