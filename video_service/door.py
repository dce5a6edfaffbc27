"""Whether the line is open to new customers: a coordinator's switch, with words for whoever finds it closed.

One hash. The script that lets customers into the queue reads it (`signaling/scripts/join.lua`); calls that wait or go
on already are not touched. Without the hash the door is open: then shifts alone decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta
from redis.asyncio import Redis

from video_service.clock import Clock
from video_service.errors import ServiceError
from video_service.keys import SCHEMA_VERSION, Keys, readable
from video_service.redis_client import text_of

MAX_NOTICE = 120

# One line of plain text: no control characters, and none that turn the direction of the text around them.
ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$"
NoticeText = Annotated[str, Meta(max_length=MAX_NOTICE, pattern=ONE_LINE)]


class DoorUnreadable(ServiceError):
    """The switch has a schema version that this program cannot read."""

    code: ClassVar[str] = "schema_unknown"


class Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"zh": "zh-CN", "hk": "zh-HK"}):
    """What customers read while the door is closed, in each language of the pages; "" for the page's own words."""

    zh: NoticeText = ""
    hk: NoticeText = ""
    en: NoticeText = ""


class DoorState(msgspec.Struct, frozen=True, kw_only=True):
    """How the switch stands, since when (milliseconds since 1970, 0: never touched) and by whom (an account's id)."""

    open: bool = True
    since_ms: int = 0
    by: str = ""
    notice: Notice = Notice()


class Door:
    """The switch of one pool."""

    def __init__(self, redis: Redis, *, pool: str, clock: Clock) -> None:
        self._redis = redis
        self._key = Keys(pool).door
        self._clock = clock

    async def state(self) -> DoorState:
        """Return how the switch stands.

        Raises:
            DoorUnreadable: of another schema version.
        """
        found: Mapping[Any, Any] = await self._redis.hgetall(self._key)
        if not found:
            return DoorState()
        row = {text_of(name): text_of(value) for name, value in found.items()}
        if not readable(int(row.get("v", "-1"))):
            raise DoorUnreadable
        return DoorState(
            open=row["closed"] != "1",
            since_ms=int(row["since_ms"]),
            by=row["by"],
            notice=Notice(zh=row["notice_zh"], hk=row.get("notice_hk", ""), en=row["notice_en"]),
        )

    async def turn(self, *, opened: bool, by: str, notice: Notice) -> DoorState:
        """Open the door, or close it with a notice; the last one who turns the switch decides."""
        said = Notice() if opened else Notice(zh=notice.zh.strip(), hk=notice.hk.strip(), en=notice.en.strip())
        state = DoorState(open=opened, since_ms=self._clock.now_ms(), by=by, notice=said)
        row: dict[Any, Any] = {
            "v": SCHEMA_VERSION,
            "closed": int(not opened),
            "since_ms": state.since_ms,
            "by": by,
            "notice_zh": said.zh,
            "notice_hk": said.hk,
            "notice_en": said.en,
        }
        await self._redis.hset(self._key, mapping=row)
        return state
