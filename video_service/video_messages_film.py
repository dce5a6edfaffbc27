"""From what a customer's browser recorded to a film that may be kept: a process apart makes it anew."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import sys
from typing import ClassVar, Final

import msgspec
import structlog

from video_service.background_picture import Busy
from video_service.child import tied
from video_service.errors import ServiceError
from video_service.video_messages_child import BAD, EMPTY, MOST_BYTES, SIZE, TOO_LONG, kind_of

log = structlog.get_logger(__name__)

MOST_MS: Final = 90_000
SLACK_MS: Final = 5_000
"""A browser stops a little after it was told to."""
TIME_LIMIT_S: Final = 120.0
TURN_S: Final = 20.0


class BadVideo(ServiceError):
    """This is no film as browsers record it (WebM or MP4 with VP8, VP9 or H.264), or it cannot be played."""

    code: ClassVar[str] = "bad_video"


class VideoTooLong(ServiceError):
    """A video message is at most 90 seconds long."""

    code: ClassVar[str] = "video_too_long"


class VideoEmpty(ServiceError):
    """There is nothing to see in this film."""

    code: ClassVar[str] = "video_empty"


class VideoSize(ServiceError):
    """The pictures of this film are too large: at most 1920x1440 pixels are taken."""

    code: ClassVar[str] = "video_size"


_REFUSALS: Final[dict[int, type[ServiceError]]] = {
    BAD: BadVideo,
    TOO_LONG: VideoTooLong,
    EMPTY: VideoEmpty,
    SIZE: VideoSize,
}


class FilmFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a film: its length, its size in pixels, whether it has sound."""

    ms: int
    width: int
    height: int
    sound: bool


def can_make_films() -> bool:
    """Return whether what decodes films is installed here (the extra `media`)."""
    return importlib.util.find_spec("av") is not None


class FilmMaker:
    """Makes films, one at a time: there is other work on this machine."""

    def __init__(self) -> None:
        self._one = asyncio.Semaphore(1)

    async def make(self, data: bytes, *, sound: bool) -> tuple[FilmFacts, bytes]:
        """Return an MP4 with nothing but what is seen in `data` (and heard, with `sound`), and its facts.

        Raises:
            BadVideo, VideoTooLong, VideoEmpty, VideoSize: it is not kept; each says why.
            Busy: another one takes long; the same again may go well.
        """
        if not kind_of(data):
            raise BadVideo
        try:
            async with asyncio.timeout(TURN_S):
                await self._one.acquire()
        except TimeoutError:
            raise Busy from None
        try:
            async with asyncio.timeout(TIME_LIMIT_S):
                status, said = await _in_a_process(data, "1" if sound else "0", str(MOST_MS + SLACK_MS))
        except TimeoutError:
            raise BadVideo from None
        finally:
            self._one.release()
        if status:
            log.info("video_refused", status=status)
            raise _REFUSALS.get(status, BadVideo)
        line, _, film = said.partition(b"\n")
        facts = msgspec.json.decode(line, type=FilmFacts)
        if not 0 < len(film) <= MOST_BYTES:
            raise BadVideo
        return facts, film


async def _in_a_process(data: bytes, *words: str) -> tuple[int, bytes]:
    """Return how the process ended, and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        *tied([sys.executable, "-I", "-m", "video_service.video_messages_child", *words]),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        said, _ = await process.communicate(data)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return process.returncode or 0, said
