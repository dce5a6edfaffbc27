"""What stands behind the agents of a pool: the company's default, its picture, and whether agents may choose.

Two keys: the decision, which every view of an agent reads, and the picture's bytes, which only a worker or a page that
shows them asks for. Each agent's own choice is signalling's (`signaling/scripts/background.lua`).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, ClassVar

import msgspec
from redis.asyncio import Redis

from video_service.clock import Clock, SystemClock
from video_service.errors import ServiceError
from video_service.keys import SCHEMA_VERSION, Keys, readable
from video_service.media_plane import Background, BackgroundKind
from video_service.redis_client import text_of


class BackgroundUnreadable(ServiceError):
    """The company's background has a schema version that this program cannot read."""

    code: ClassVar[str] = "schema_unknown"


class NoBackgroundPicture(ServiceError):
    """There is no picture of the company."""

    code: ClassVar[str] = "no_background_picture"


class PictureFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The company's picture: SHA-256 (hex) of its JPEG, and its size in pixels."""

    digest: str
    width: int
    height: int


class CompanyBackground(msgspec.Struct, frozen=True, kw_only=True):
    """What the company has decided. `default` names no picture: it is always the one in `picture`."""

    default: Background = Background()
    agents_choose: bool = True
    picture: PictureFacts | None = None


class BackgroundStore:
    """The company's background of one pool. `pool` as in `Keys`."""

    def __init__(self, redis: Redis, pool: str, clock: Clock | None = None) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._clock = clock or SystemClock()

    async def get(self) -> CompanyBackground:
        """Return what was decided.

        Raises:
            BackgroundUnreadable: of another schema version.
        """
        found: Mapping[Any, Any] = await self._redis.hgetall(self._keys.background)
        if not found:
            return CompanyBackground()
        row = {text_of(name): text_of(value) for name, value in found.items()}
        if not readable(int(row.get("v", "-1"))):
            raise BackgroundUnreadable
        digest = row.get("picture", "")
        facts = PictureFacts(digest=digest, width=int(row["width"]), height=int(row["height"])) if digest else None
        default = Background()
        if "kind" in row:
            default = msgspec.convert(
                {
                    "kind": row["kind"],
                    "strength": int(row["strength"]),
                    "colour": row["colour"],
                    "brighten": row["brighten"] == "1",
                },
                type=Background,
            )
        return CompanyBackground(default=default, agents_choose=row.get("agents_choose", "1") == "1", picture=facts)

    async def decide(self, default: Background, *, agents_choose: bool, by: str) -> CompanyBackground:
        """Keep another default. `by` is an account's id.

        Raises:
            NoBackgroundPicture: the default is a picture and there is none.
        """
        if default.kind is BackgroundKind.PICTURE and (await self.get()).picture is None:
            raise NoBackgroundPicture
        await self._write(
            {
                "kind": default.kind.value,
                "strength": default.strength,
                "colour": default.colour,
                "brighten": int(default.brighten),
                "agents_choose": int(agents_choose),
            },
            by,
        )
        return await self.get()

    async def put_picture(self, jpeg: bytes, width: int, height: int, *, by: str) -> PictureFacts:
        """Keep another picture, a JPEG of ours; the last one goes."""
        facts = PictureFacts(digest=sha256(jpeg).hexdigest(), width=width, height=height)
        row: dict[Any, Any] = {
            "v": SCHEMA_VERSION,
            "digest": facts.digest,
            # Clients of this service read text.
            "jpeg": base64.b64encode(jpeg).decode("ascii"),
        }
        await self._redis.hset(self._keys.background_picture, mapping=row)
        await self._write({"picture": facts.digest, "width": width, "height": height}, by)
        return facts

    async def remove_picture(self, *, by: str) -> CompanyBackground:
        """Forget the picture; a default that was it becomes the blur."""
        company = await self.get()
        change: dict[Any, Any] = {"picture": "", "width": 0, "height": 0}
        if company.default.kind is BackgroundKind.PICTURE:
            change |= {"kind": BackgroundKind.BLUR.value, "strength": Background().strength}
        await self._write(change, by)
        await self._redis.delete(self._keys.background_picture)
        return await self.get()

    async def bytes_of(self, digest: str) -> bytes | None:
        """Return the JPEG with that digest, None when it is not the company's picture any more."""
        row = await self._redis.hmget(self._keys.background_picture, ["digest", "jpeg"])
        if row[0] is None or row[1] is None or text_of(row[0]) != digest:
            return None
        return base64.b64decode(row[1])

    async def _write(self, change: Mapping[Any, Any], by: str) -> None:
        """Write and wake: signalling tells the workers of everybody whom it concerns."""
        row: dict[Any, Any] = {"v": SCHEMA_VERSION, "since_ms": self._clock.now_ms(), "by": by, **change}
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(self._keys.background, mapping=row)
            pipeline.publish(self._keys.wakes, '[{"kind":"background","id":"company"}]')
            await pipeline.execute()
