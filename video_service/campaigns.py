"""Campaigns that the coordinator enters: days and hours on which more or fewer people call than usual, and how many.

One in the past is not learned from, one ahead raises the forecast. The list is kept as a whole, by whoever knows its
latest state.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta
from redis.asyncio import Redis

from video_service.errors import ServiceError
from video_service.keys import SCHEMA_VERSION, Keys, readable
from video_service.redis_client import text_of

MOST = 100
MOST_DAYS = 366
LEAST_PERCENT, MOST_PERCENT = 10, 1_000
_SCRIPT = Path(__file__).parent / "scripts" / "roster_team.lua"

Clock = Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z")]


class Campaign(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From `first` to `last`, both included, `percent` of the usual calls come, each day from `start` to `end`."""

    name: Annotated[str, Meta(min_length=1, max_length=60)]
    first: date
    last: date
    percent: int
    start: Clock = "00:00"
    end: Clock = "24:00"

    @property
    def span_min(self) -> tuple[int, int]:
        """When it begins and ends each day, minutes after midnight."""
        start, end = (int(text[:2]) * 60 + int(text[3:]) for text in (self.start, self.end))
        return start, end


class CampaignsChanged(ServiceError):
    """Somebody has changed the campaigns meanwhile."""

    code: ClassVar[str] = "roster_changed"


class BadCampaigns(ServiceError):
    """A campaign cannot be; the sentence names its row."""

    code: ClassVar[str] = "bad_campaigns"

    def __init__(self, row: int, fault: str) -> None:
        super().__init__(f"Row {row}: {fault}")
        self.row = row
        self.fault = fault


def check(rows: Sequence[Campaign]) -> None:
    """Say what cannot be.

    Raises:
        BadCampaigns: of the first row that is wrong; `fault` is order, length, times, percent or many.
    """
    for number, one in enumerate(rows, 1):
        start, end = one.span_min
        for wrong, fault in (
            (number > MOST, "many"),
            (one.last < one.first, "order"),
            ((one.last - one.first).days >= MOST_DAYS, "length"),
            (start >= end, "times"),
            (not LEAST_PERCENT <= one.percent <= MOST_PERCENT, "percent"),
        ):
            if wrong:
                raise BadCampaigns(number, fault)


class Campaigns:
    """The campaigns of one pool."""

    def __init__(self, redis: Redis, *, pool: str) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._put = redis.register_script(_SCRIPT.read_text(encoding="utf-8"))

    async def get(self) -> tuple[tuple[Campaign, ...], int]:
        """Return the campaigns and their state, 0 before anybody entered one."""
        version, rows, rev = await self._redis.hmget(self._keys.campaigns, ["v", "rows", "rev"])
        if rows is None or not readable(int(text_of(version or "-1"))):
            return (), 0
        return msgspec.json.decode(text_of(rows), type=tuple[Campaign, ...]), int(text_of(rev or "0"))

    async def set(self, rows: Sequence[Campaign], *, rev: int) -> int:
        """Keep the campaigns, by their first day, and return their state. `rev`: the one that was read.

        Raises:
            BadCampaigns: a row cannot be; nothing is kept.
            CampaignsChanged: their state is not `rev` any more; nothing is kept.
        """
        check(rows)
        text = msgspec.json.encode(sorted(rows, key=lambda one: (one.first, one.last, one.name))).decode()
        words: list[str | int] = ["v", SCHEMA_VERSION, "rows", text]
        found = int(await self._put(keys=[self._keys.campaigns], args=[f"{rev}", *words]))
        if found == 0:
            raise CampaignsChanged
        return found
