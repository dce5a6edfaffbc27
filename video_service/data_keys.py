"""Where the data keys of a service come from, and whether they are the ones that its store was sealed with.

Every pool keeps a canary for each key in use: a known text sealed with it. Whoever starts has to open every canary, so
nobody runs with names that cannot be read, and nobody misses a key that others seal with already.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Final

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from video_service.cipher import Cipher, Unreadable, keys_in, make_keys
from video_service.errors import ServiceError
from video_service.keys import Keys
from video_service.redis_client import text_of
from video_service.settings import Settings

FILE: Final = "data_keys"
CANARY: Final = "video-service"


class NoDataKeys(ServiceError):
    """There are no data keys: set VIDEO_SERVICE_DATA_KEYS; `video-service data-key new` makes a key."""

    code: ClassVar[str] = "no_data_keys"


def file_of(settings: Settings) -> Path:
    """Return the file of the keys, which counts when the setting has none."""
    return Path(settings.data_keys_file) if settings.data_keys_file else settings.data_dir / FILE


def keys_of(settings: Settings, *, make: bool = False) -> tuple[str, ...]:
    """Return the data keys, newest first. With `make` the file in the data folder is made when it is absent.

    Raises:
        NoDataKeys: there are none, or their file cannot be read.
        BadDataKeys: others may read the file, or there is no key in it.
    """
    if settings.data_keys:
        return settings.data_keys
    path = file_of(settings)
    try:
        if make and not settings.data_keys_file:
            make_keys(path)
        return keys_in(path)
    except FileNotFoundError as error:
        raise NoDataKeys from error
    except OSError as error:
        raise NoDataKeys(f"The data keys in {path} cannot be read or made: {error.strerror}.") from error


def cipher_of(settings: Settings, *, make: bool = False) -> Cipher:
    """Return what seals and opens with the data keys of `settings`.

    Raises:
        NoDataKeys, BadDataKeys: see `keys_of`.
    """
    return Cipher(keys_of(settings, make=make))


class Canaries:
    """The canaries of one pool, by the name of their key."""

    def __init__(self, redis: Redis, *, pool: str, cipher: Cipher) -> None:
        self._redis = redis
        self._key = Keys(pool).data_keys
        self._cipher = cipher

    @property
    def newest(self) -> str:
        """The name of the newest key."""
        return self._cipher.names[0]

    async def check(self, *, starts: bool = True) -> None:
        """Open every canary. A part of the service that `starts` adds that of its newest key.

        A command beside it must not seal with a key of which the service does not know yet. Of two that start at once
        with different keys the second meets the canary of the first.

        Raises:
            Unreadable: something was sealed with a key that is not here, or the newest key is too new.
        """

        async def add(pipe: Pipeline) -> None:
            found = {text_of(name): text_of(sealed) for name, sealed in (await pipe.hgetall(self._key)).items()}
            if not self._opens(found.values()):
                raise Unreadable(
                    "What is stored was encrypted with data keys that are not all here. Give every key that was in "
                    "use, in VIDEO_SERVICE_DATA_KEYS or in the file data_keys of the data folder."
                )
            if not starts and found and self.newest not in found:
                raise Unreadable("The service was not started with the first of these data keys yet: start it first.")
            pipe.multi()  # type: ignore[no-untyped-call]
            if self.newest not in found:
                pipe.hset(self._key, self.newest, self._cipher.seal(CANARY))

        await self._redis.transaction(add, self._key)

    async def open_all(self) -> bool:
        """Return whether these keys open every canary."""
        return self._opens(map(text_of, await self._redis.hvals(self._key)))

    def _opens(self, canaries: Iterable[str]) -> bool:
        try:
            for sealed in canaries:
                self._cipher.open(sealed)
        except Unreadable:
            return False
        return True

    async def names(self) -> set[str]:
        """Return the names of the keys that have a canary."""
        return {text_of(name) for name in await self._redis.hkeys(self._key)}

    async def drop_old(self) -> None:
        """Take out the canaries of all keys but the newest: nothing is left under those."""
        if old := await self.names() - {self.newest}:
            await self._redis.hdel(self._key, *old)


async def pools_of(redis: Redis, cipher: Cipher) -> list[str]:
    """Return the names of the pools in this store that use these keys: a demo's has the same as the others."""
    found = []
    async for key in redis.scan_iter(match=f"{{*}}:{FILE}", count=1000):
        pool = text_of(key).removeprefix("{").partition("}")[0]
        if await Canaries(redis, pool=pool, cipher=cipher).open_all():
            found.append(pool)
    return sorted(found)
