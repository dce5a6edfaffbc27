"""Signed messages: a film of at most 90 seconds that a customer leaves when nobody can take the call.

It comes in parts, so that a lost connection costs one part and any web node takes the next. It is made anew
(`video_messages_film`), kept encrypted in a folder under a key of its own, and that key lies sealed in Redis. The key
has an end from the beginning: an hour while it belongs to no message, then `video_message_days`, or
`video_message_done_days` after the matter is done. When the key is gone the film is unreadable; a sweep removes it.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from video_service.background_picture import Busy
from video_service.cipher import Cipher
from video_service.errors import ServiceError
from video_service.keys import SCHEMA_VERSION, Keys, readable
from video_service.rate_limit import Limit, RateLimits, address_subject
from video_service.redis_client import text_of
from video_service.tasks import cancel_and_wait
from video_service.video_messages_files import Folder, VideoGone, VideosFull, new_key
from video_service.video_messages_film import (
    TIME_LIMIT_S,
    TURN_S,
    BadVideo,
    FilmFacts,
    FilmMaker,
    VideoEmpty,
    VideoSize,
    VideoTooLong,
    can_make_films,
)

log = structlog.get_logger(__name__)

VIDEO_CONSENT_VERSION: Final = 1
"""Changes with the words that are shown before a video message is recorded."""
PART_BYTES: Final = 262_144
MOST_UPLOAD_BYTES: Final = 33_554_432
COMING_MS: Final = 3_600_000
"""So long a film is kept that belongs to no message yet."""
MOST_OF_ONE: Final = 5
DAY_MS: Final = 86_400_000
HOUR_S: Final = 3_600.0
SWEEP_S: Final = 600.0
_LOOK_S: Final = 30.0
_LEASE_MS: Final = round((TIME_LIMIT_S + TURN_S) * 1_000)
_BY_CUSTOMER: Final = Limit(name="video", burst=6, window_s=HOUR_S)
_BY_ADDRESS: Final = Limit(name="video_address", burst=60, window_s=HOUR_S)
_UNUSABLE: Final = (BadVideo, VideoEmpty, VideoSize, VideoTooLong)
_SCRIPTS = Path(__file__).parent / "scripts"


class NoVideos(ServiceError):
    """No video messages are taken here."""

    code: ClassVar[str] = "no_videos"


class NoVideo(ServiceError):
    """There is no such film of this customer, or it was not sent to its end within an hour."""

    code: ClassVar[str] = "no_video"


class VideoCutOff(ServiceError):
    """Parts of the film have not come yet: send them, and try again."""

    code: ClassVar[str] = "video_cut_off"
    retryable: ClassVar[bool] = True


class Film(msgspec.Struct, frozen=True, kw_only=True):
    """The film of a message: how long it is, whether it has sound, whether it can still be seen."""

    ms: int
    sound: bool
    kept: bool


@dataclass(frozen=True, kw_only=True)
class VideoRules:
    """How long video messages are kept (days 0: none are taken), and how much of them there may be."""

    video_message_days: int = 30
    video_message_done_days: int = 7
    video_messages_limit_mb: int = 5_000


class VideoMessages:
    """The video messages of one pool. `folder` is the same for all web nodes."""

    def __init__(
        self, redis: Redis, *, pool: str, cipher: Cipher, rates: RateLimits, folder: Path, rules: VideoRules
    ) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._cipher = cipher
        self._rates = rates
        self._folder = Folder(folder / pool)
        self._maker = FilmMaker()
        self.rules = rules
        self._begin, self._turn = (
            redis.register_script((_SCRIPTS / f"video_{name}.lua").read_text(encoding="utf-8"))
            for name in ("begin", "turn")
        )
        self._looked_s = -_LOOK_S
        self._right = False
        self._making: dict[str, asyncio.Task[FilmFacts]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to sweep."""
        if not self._tasks:
            self._tasks.append(asyncio.create_task(self._run(), name="video messages"))

    async def close(self) -> None:
        """Stop. May be called twice; a film that is being made is asked for again by its page."""
        await cancel_and_wait([*self._tasks, *self._making.values()])
        self._tasks.clear()
        self._making.clear()

    async def offered(self) -> bool:
        """Return whether this node takes video messages: it can make films, and its folder is the service's."""
        if not self.rules.video_message_days or not can_make_films():
            return False
        now_s = asyncio.get_running_loop().time()
        if now_s - self._looked_s >= _LOOK_S:
            right = await self._is_right(prepare=False)
            self._looked_s, self._right = now_s, right
        return self._right

    async def begin(
        self, customer: str, video: str, *, size: int, sound: bool, address: str, consent: int
    ) -> tuple[int, ...]:
        """Announce a film of `size` bytes; return the numbers of its parts that are here already.

        Raises:
            NoVideos: none are taken here.
            NoVideo: `video` is somebody else's.
            VideosFull: there is no room, or this customer has left as many as may be.
            TooMany: this customer, or this address, has sent too many in a short time.
        """
        if not await self.offered() or not await self._is_right(prepare=True):
            raise NoVideos
        if not await self._redis.exists(self._keys.video_message(video)):
            await self._rates.take((_BY_CUSTOMER, customer), (_BY_ADDRESS, address_subject(address)))
        if not await asyncio.to_thread(self._folder.has_room, size):
            raise VideosFull
        key = self._cipher.seal(base64.b64encode(new_key()).decode())
        fields: list[str | int] = [
            *("v", SCHEMA_VERSION, "key", key, "size", size, "sound", int(sound), "consent", consent),
            *("ms", 0, "width", 0, "height", 0, "message", ""),
        ]
        limit = self.rules.video_messages_limit_mb * 1_000_000
        args = [video, customer, size, COMING_MS, limit, MOST_OF_ONE, *fields]
        begun = int(await self._begin(keys=self._keys_of(video, customer), args=args))
        if begun == -2:
            raise NoVideo
        if begun <= 0:
            raise VideosFull
        return tuple(await asyncio.to_thread(self._folder.parts, video))

    async def put(self, customer: str, video: str, part: int, data: bytes) -> None:
        """Keep one part; once more is no error.

        Raises:
            NoVideo: there is no such film, or it is whole already.
            VideoCutOff: the part is not as long as it has to be.
            VideosFull: the disk is full.
        """
        row = await self._row(video, customer)
        size = int(row["size"])
        if row["state"] != "coming" or not await self._is_right(prepare=True):
            raise NoVideo
        if not data or len(data) != min(PART_BYTES, size - part * PART_BYTES):
            raise VideoCutOff
        await asyncio.to_thread(self._folder.keep, video, f"part-{part}", self._key(row), data)

    async def finish(self, customer: str, video: str) -> FilmFacts:
        """Make the film of its parts. Whoever asks again gets the same; who goes away meanwhile loses nothing.

        Raises:
            NoVideo: there is no such film.
            VideoCutOff: parts are missing.
            BadVideo, VideoTooLong, VideoEmpty, VideoSize: it cannot be kept, and is gone.
            Busy: it, or another, is being made.
            VideosFull: the disk is full.
        """
        task = self._making.get(video)
        if task is None:
            row = await self._row(video, customer)
            taken = int(
                await self._turn(keys=self._keys_of(video, customer), args=[video, customer, "take", _LEASE_MS])
            )
            if taken == 2:
                return _facts(await self._row(video, customer))
            if taken != 1:
                raise Busy if taken == 3 else NoVideo
            task = asyncio.create_task(self._make(customer, video, row), name="video message")
            self._making[video] = task
            task.add_done_callback(lambda done: self._made(video, done))
        return await asyncio.shield(task)

    async def of_message(self, message: str) -> tuple[str, bool]:
        """Return the film of a left message ("" for none), and whether the message is open."""
        video, state = await self._redis.hmget(self._keys.message(message), ["video", "state"])
        return text_of(video or ""), text_of(state or "") == "open"

    async def film(self, video: str) -> bytes:
        """Return a whole film, an MP4.

        Raises:
            VideoGone: its time is over, or it was erased.
            Unreadable: a data key is missing.
        """
        row = await self._found(video)
        if row.get("state") != "ready":
            raise VideoGone
        return await asyncio.to_thread(self._folder.read, video, "film", self._key(row))

    async def export_of(self, customer: str) -> tuple[dict[str, Any], ...]:
        """Return the films of a customer, in a form that can be handed over: `mp4` is Base64.

        Raises:
            Unreadable: a data key is missing.
        """
        found = []
        for video in await self._videos_of(customer):
            row = await self._found(video)
            if row.get("state") == "ready":
                facts = {"message": row["message"], "at_ms": int(row["at_ms"]), "ms": int(row["ms"])}
                try:
                    mp4 = base64.b64encode(await self.film(video)).decode()
                except VideoGone:
                    mp4 = ""
                found.append({**facts, "mp4": mp4})
        return tuple(found)

    async def erase_of(self, customer: str) -> int:
        """Erase the films of a customer, their keys first, and return how many there were."""
        videos = await self._videos_of(customer)
        for video in videos:
            await self._turn(keys=self._keys_of(video, customer), args=[video, customer, "drop"])
            await asyncio.to_thread(self._remove, video)
        await self._redis.delete(self._keys.video_messages_of(customer))
        return len(videos)

    async def sweep(self) -> int:
        """Remove the files whose key is gone, and return of how many films."""
        removed = 0
        if not await self._is_right(prepare=False):
            return 0
        for video in await asyncio.to_thread(self._names):
            gone = not await self._redis.exists(self._keys.video_message(video))
            if gone and not await asyncio.to_thread(self._folder.is_young, video):
                await asyncio.to_thread(self._remove, video)
                removed += 1
        return removed

    async def _make(self, customer: str, video: str, row: dict[str, str]) -> FilmFacts:
        keys = self._keys_of(video, customer)
        try:
            data = await asyncio.to_thread(self._joined, video, int(row["size"]), self._key(row))
            facts, film = await self._maker.make(data, sound=row["sound"] == "1")
            await asyncio.to_thread(self._folder.keep, video, "film", self._key(row), film)
            fields: list[str | int] = [
                *("ms", facts.ms, "width", facts.width, "height", facts.height, "sound", int(facts.sound))
            ]
            args = [video, customer, "ready", len(film), COMING_MS, *fields]
            if not await self._turn(keys=keys, args=args):
                raise NoVideo  # erased meanwhile: the sweep takes the file
            await asyncio.to_thread(self._remove, video, parts_only=True)
        except _UNUSABLE:
            await self._turn(keys=keys, args=[video, customer, "drop"])
            await asyncio.to_thread(self._remove, video)
            raise
        except BaseException:
            await self._turn(keys=keys, args=[video, customer, "free"])
            raise
        return facts

    def _made(self, video: str, task: asyncio.Task[FilmFacts]) -> None:
        self._making.pop(video, None)
        if not task.cancelled():
            task.exception()  # whoever waits for it hears of it

    def _joined(self, video: str, size: int, key: bytes) -> bytes:
        count = -(-size // PART_BYTES)
        try:
            data = b"".join(self._folder.read(video, f"part-{part}", key) for part in range(count))
        except VideoGone as error:
            raise VideoCutOff from error
        if len(data) != size:
            raise VideoCutOff
        return data

    def _names(self) -> list[str]:
        return list(self._folder.names()) if self._folder.path.is_dir() else []

    def _remove(self, video: str, parts_only: bool = False) -> None:
        self._folder.remove(video, parts_only=parts_only)

    async def _is_right(self, *, prepare: bool) -> bool:
        """Return whether the folder here is the one that all nodes share; with `prepare` a new one is made and marked.

        An empty folder where others have films already is another one: what is kept there nobody else would find.
        """
        known = text_of(await self._redis.get(self._keys.video_folder) or "")
        try:
            here = await asyncio.to_thread(self._folder.mark)
            if not here:
                if known and await self._redis.hlen(self._keys.video_messages):
                    log.warning("video_folder_is_another", hint="its file `folder` has to hold the mark", mark=known)
                    return False
                if not prepare:
                    return await asyncio.to_thread(self._folder.could_be)
                here = await asyncio.to_thread(self._folder.prepare, secrets.token_hex(16))
                await self._redis.set(self._keys.video_folder, here)
                return True
        except OSError as error:
            log.warning("video_folder_unusable", error=type(error).__name__, number=error.errno)
            return False
        if not known:
            await self._redis.set(self._keys.video_folder, here, nx=True)
            known = text_of(await self._redis.get(self._keys.video_folder) or "")
        if here != known:
            log.warning("video_folder_is_another", hint="its file `folder` has to hold the mark", mark=known)
        return here == known

    async def _videos_of(self, customer: str) -> list[str]:
        found: list[Any] = await self._redis.zrange(self._keys.video_messages_of(customer), 0, -1)
        return [text_of(video) for video in found]

    async def _found(self, video: str) -> dict[str, str]:
        row: dict[Any, Any] = await self._redis.hgetall(self._keys.video_message(video))
        found = {text_of(name): text_of(value) for name, value in row.items()}
        return found if readable(int(found.get("v", "-1"))) else {}

    async def _row(self, video: str, customer: str) -> dict[str, str]:
        row = await self._found(video)
        if row.get("customer") != customer:
            raise NoVideo
        return row

    def _key(self, row: dict[str, str]) -> bytes:
        return base64.b64decode(self._cipher.open_once(row["key"]))

    def _keys_of(self, video: str, customer: str) -> list[str]:
        keys = self._keys
        return [keys.video_message(video), keys.video_messages, keys.video_messages_of(customer)]

    async def _run(self) -> None:
        while True:
            try:
                await self.sweep()
            except (RedisError, OSError, ServiceError) as error:
                log.warning("video_sweep_retry", error=type(error).__name__)
            await asyncio.sleep(SWEEP_S)


async def film_of(redis: Redis, keys: Keys, message: dict[str, str]) -> Film | None:
    """Return what is known of the film of a stored message, None where it has none."""
    if not message.get("video"):
        return None
    kept = bool(await redis.exists(keys.video_message(message["video"])))
    return Film(ms=int(message["video_ms"]), sound=message["video_sound"] == "1", kept=kept)


def _facts(row: dict[str, str]) -> FilmFacts:
    return FilmFacts(ms=int(row["ms"]), width=int(row["width"]), height=int(row["height"]), sound=row["sound"] == "1")
