"""What is kept of rosters: the team's rules, drafts, and the versions that were published.

Drafts are changed by whoever knows their latest state (`rev`), so two coordinators never write over each other. Who is
in them stands as sign-in names, as in the accounts; why somebody is away stands nowhere.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from redis.asyncio import Redis

from video_service.clock import Clock
from video_service.errors import ServiceError
from video_service.keys import SCHEMA_VERSION, Keys, readable
from video_service.redis_client import text_of

DAY_MS = 86_400_000
MOST_DRAFTS = 50
_SCRIPTS = Path(__file__).parent / "scripts"


class UnknownRoster(ServiceError):
    """There is no such draft or version, or its retention has passed."""

    code: ClassVar[str] = "unknown_roster"


class DraftChanged(ServiceError):
    """Somebody has changed this draft meanwhile."""

    code: ClassVar[str] = "roster_changed"


class TeamChanged(ServiceError):
    """Somebody has written the team's rules anew meanwhile."""

    code: ClassVar[str] = "roster_changed"


class TooManyDrafts(ServiceError):
    """There are as many drafts as this service keeps: delete one."""

    code: ClassVar[str] = "rosters_full"


class RosterUnreadable(ServiceError):
    """A roster has a schema version that this program cannot read."""

    code: ClassVar[str] = "schema_unknown"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A roster in the making. `document`: a `scheduler.roster_file.RosterDocument` as JSON.

    `base`: the shifts, by id, that stood when it was begun or last published; `published`: the version that came of it,
    0 for none yet, and `published_rev` its state then.
    """

    draft: str
    rev: int
    first_day: str
    days: int
    document: str
    base: str = ""
    by: str = ""
    changed_ms: int = 0
    published: int = 0
    published_rev: int = 0

    @property
    def state(self) -> str:
        """Where it is in its life: "draft", "published", or "changed" since it was published."""
        if not self.published:
            return "draft"
        return "published" if self.rev == self.published_rev else "changed"

    @property
    def base_shifts(self) -> frozenset[str]:
        """The ids in `base`."""
        return frozenset(filter(None, self.base.split(",")))


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A published roster: `document` as JSON, its `shifts` by id, how many shifts came, went and stayed."""

    number: int
    at_ms: int
    by: str
    first_day: str
    days: int
    document: str
    shifts: str
    added: int
    removed: int
    kept: int


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """The team's rules as a plan file, since when, who wrote them down (an account's id), and how often it was done."""

    text: str
    since_ms: int
    by: str
    rev: int = 0


_DRAFT_FACTS = tuple(name for name in Draft.__struct_fields__ if name not in ("document", "base"))
_VERSION_FACTS = tuple(name for name in Version.__struct_fields__ if name != "document")


class RosterBook:
    """The rosters of one pool."""

    def __init__(self, redis: Redis, *, pool: str, clock: Clock, retention_days: int) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._clock = clock
        self._retention_ms = retention_days * DAY_MS
        self._keep, self._keep_team = (
            redis.register_script((_SCRIPTS / f"roster_{name}.lua").read_text(encoding="utf-8"))
            for name in ("keep", "team")
        )

    async def team(self) -> Team | None:
        """Return the team's rules, None when nobody has written any down."""
        row = await self._row(self._keys.roster_team)
        return None if row is None else msgspec.convert(row, type=Team, strict=False)

    async def set_team(self, text: str, *, by: str, rev: int | None = None) -> int:
        """Keep the team's rules and return their state; `rev`: the one that was read, None for whichever.

        Raises:
            TeamChanged: their state is not `rev` any more; nothing is kept.
        """
        words: list[str | int] = ["v", SCHEMA_VERSION, "text", text, "since_ms", self._clock.now_ms(), "by", by]
        known = "" if rev is None else f"{rev}"
        found = int(await self._keep_team(keys=[self._keys.roster_team], args=[known, *words]))
        if found == 0:
            raise TeamChanged
        return found

    async def begin(self, first_day: str, days: int, document: str, base: list[str], *, by: str) -> str:
        """Keep a new draft and return its id.

        Raises:
            TooManyDrafts: there are `MOST_DRAFTS` already.
        """
        draft = "r-" + secrets.token_urlsafe(9)
        fields: dict[str, str | int] = {
            "v": SCHEMA_VERSION,
            "draft": draft,
            "first_day": first_day,
            "days": days,
            "base": ",".join(base),
        }
        await self._write(draft, 0, {**fields, "document": document, "by": by})
        return draft

    async def change(self, draft: str, rev: int, document: str, *, by: str) -> int:
        """Keep a draft's new state and return its `rev`.

        Raises:
            DraftChanged: its state is not `rev` any more, or it is gone.
        """
        return await self._write(draft, max(rev, 1), {"document": document, "by": by})

    async def draft(self, draft: str) -> Draft:
        """Return a draft.

        Raises:
            UnknownRoster: there is none, or its retention has passed.
        """
        row = await self._row(self._keys.roster_draft(draft))
        if row is None:
            raise UnknownRoster
        return msgspec.convert(row, type=Draft, strict=False)

    async def drafts(self) -> list[Draft]:
        """Return the drafts' facts, `document` and `base` left empty; the one that was changed last first."""
        names: list[Any] = await self._redis.zrevrange(self._keys.roster_drafts, 0, -1)
        rows = await self._heads([self._keys.roster_draft(text_of(name)) for name in names], _DRAFT_FACTS)
        return [msgspec.convert({**row, "document": ""}, type=Draft, strict=False) for row in rows]

    async def drop(self, draft: str) -> None:
        """Delete a draft, not what was published of it; no error when it is gone."""
        await self._redis.zrem(self._keys.roster_drafts, draft)
        await self._redis.delete(self._keys.roster_draft(draft))

    async def last(self) -> int:
        """Return the number of the newest version, 0 for none."""
        return int(await self._redis.hget(self._keys.roster, "last") or 0)

    async def version(self, number: int) -> Version:
        """Return a version.

        Raises:
            UnknownRoster: there is none, or its retention has passed.
        """
        row = await self._row(self._keys.roster_version(number))
        if row is None:
            raise UnknownRoster
        return msgspec.convert(row, type=Version, strict=False)

    async def versions(self) -> list[Version]:
        """Return the versions' facts and shifts, `document` left empty; newest first."""
        numbers: list[Any] = await self._redis.zrange(self._keys.roster_versions, 0, -1)
        newest_first = sorted(map(int, numbers), reverse=True)
        rows = await self._heads([self._keys.roster_version(number) for number in newest_first], _VERSION_FACTS)
        return [msgspec.convert({**row, "document": ""}, type=Version, strict=False) for row in rows]

    async def _write(self, draft: str, rev: int, fields: dict[str, str | int]) -> int:
        keys = [self._keys.roster_draft(draft), self._keys.roster_drafts]
        words = [word for pair in fields.items() for word in pair]
        found = int(await self._keep(keys=keys, args=[draft, rev, self._retention_ms, MOST_DRAFTS, *words]))
        if found == -1:
            raise TooManyDrafts
        if found == 0:
            raise DraftChanged
        return found

    async def _heads(self, keys: list[str], names: tuple[str, ...]) -> list[dict[str, str]]:
        """Return some fields of the rows that are there: a list of rosters has no use for what is in them."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.hmget(key, ["v", *names])
            found = await pipe.execute()
        rows = [
            {name: text_of(value) for name, value in zip(("v", *names), values, strict=True) if value is not None}
            for values in found
        ]
        return [_readable(row) for row in rows if row]

    async def _row(self, key: str) -> dict[str, str] | None:
        flat = await self._redis.hgetall(key)
        row = {text_of(name): text_of(value) for name, value in flat.items()}
        return _readable(row) if row else None


def _readable(row: dict[str, str]) -> dict[str, str]:
    if not readable(int(row.get("v", "-1"))):
        raise RosterUnreadable
    return row
