"""Roll-ups computed anew from the session records, interval by interval, and put right where they differ.

The service may run meanwhile: sums that a call changes while they are compared are compared again. Sums from before the
oldest record, or of the interval in which it lies, never become fewer: their records may have passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from redis.asyncio import Redis

from video_service.errors import ServiceError
from video_service.keys import SCHEMA_VERSION, Keys
from video_service.records import Records, Rollup
from video_service.records_export import Sums
from video_service.redis_client import text_of

DAY_MS = 86_400_000
TRIES = 20
_SCRIPT = Path(__file__).parent / "scripts" / "rollup_put.lua"

Row = dict[str, str]


class StillChanging(ServiceError):
    """Calls end faster than their sums can be compared. Nothing wrong was written: try again when it is quieter."""

    code: ClassVar[str] = "rollups_changing"
    retryable: ClassVar[bool] = True


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """An interval whose sums were not those of its records. `was` and `right`: the fields that differ."""

    queue: str
    start_ms: int
    was: Mapping[str, int]
    right: Mapping[str, int]


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: how many intervals, of how many calls, were looked at from when to when; what was wrong."""

    from_ms: int
    to_ms: int
    intervals: int
    calls: int
    wrong: tuple[Wrong, ...]


class Rebuild:
    """The roll-ups of one pool. `interval_minutes`, `target_s`: as calls are counted; retentions in days."""

    def __init__(
        self,
        redis: Redis,
        *,
        pool: str,
        interval_minutes: int,
        target_s: float,
        record_retention_days: int,
        rollup_retention_days: int,
    ) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._records = Records(redis, pool=pool)
        self._interval_minutes = interval_minutes
        self._target_s = target_s
        self._records_ms = record_retention_days * DAY_MS
        self._rollups_ms = rollup_retention_days * DAY_MS
        self._put = redis.register_script(_SCRIPT.read_text(encoding="utf-8"))

    def reaches_ms(self, now_ms: int) -> int:
        """Return the first interval of which every record is there still; what is older stays as it is."""
        step_ms = self._interval_minutes * 60_000
        return -((self._records_ms - now_ms) // step_ms) * step_ms

    async def run(self, from_ms: int, to_ms: int, *, now_ms: int, write: bool) -> Rebuilt:
        """Compare the intervals that begin in from_ms <= t < to_ms; with `write` put right what is wrong.

        Raises:
            StillChanging: sums changed each time they were compared.
        """
        begin_ms = at_ms = max(from_ms, self.reaches_ms(now_ms))
        oldest = await self._redis.zrange(self._keys.records, 0, 0, withscores=True)
        whole_ms = float(oldest[0][1]) if oldest else float(to_ms)
        intervals = calls = 0
        wrong: list[Wrong] = []
        while at_ms < to_ms:
            until_ms = min(to_ms, at_ms + DAY_MS)
            for _ in range(TRIES):
                seen, counted, found, stood = await self._day(at_ms, until_ms, whole_ms, write=write)
                wrong += found
                if stood:
                    break
            else:
                raise StillChanging
            intervals, calls, at_ms = intervals + seen, calls + counted, until_ms
        return Rebuilt(
            from_ms=begin_ms, to_ms=max(begin_ms, to_ms), intervals=intervals, calls=calls, wrong=tuple(wrong)
        )

    async def _day(
        self, from_ms: int, to_ms: int, whole_ms: float, *, write: bool
    ) -> tuple[int, int, list[Wrong], bool]:
        """Return intervals, calls, what was wrong (with `write`: and is right now), and whether all of it stood still.

        `whole_ms`: of intervals that begin later every record is there.
        The sums are read before the records: a call that ends in between changes what the script then finds.
        """
        known = await self._known(from_ms, to_ms)
        sums = Sums(interval_minutes=self._interval_minutes, target_s=self._target_s)
        calls = 0
        async for record in self._records.each(from_ms, to_ms):
            sums.add(record)
            calls += record.state == "closed"
        right = {f"{each.queue}:{each.start_ms}": _row(each) for each in sums.rollups()}
        found, stood = [], True
        for member in sorted(known.keys() | right.keys()):
            was, wanted = known.get(member, {}), right.get(member, {})
            if was == wanted or (int(member.rpartition(":")[2]) <= whole_ms and _calls(was) > _calls(wanted)):
                continue
            if write and not await self._keep(member, was, wanted):
                stood = False
                continue
            queue, _, start = member.rpartition(":")
            fields = sorted(name for name in was.keys() | wanted.keys() if was.get(name) != wanted.get(name))
            found.append(
                Wrong(
                    queue=queue,
                    start_ms=int(start),
                    was={name: int(was.get(name, 0)) for name in fields},
                    right={name: int(wanted.get(name, 0)) for name in fields},
                )
            )
        return len(known.keys() | right.keys()), calls, found, stood

    async def _known(self, from_ms: int, to_ms: int) -> dict[str, Row]:
        """Return the sums that are kept, by member of their index."""
        found: list[Any] = await self._redis.zrange(self._keys.rollups, f"{from_ms}", f"({to_ms}", byscore=True)
        members = [text_of(member) for member in found]
        async with self._redis.pipeline(transaction=False) as pipe:
            for member in members:
                pipe.hgetall(self._keys.rollup(member))
            rows = await pipe.execute()
        return {
            member: {text_of(name): text_of(value) for name, value in row.items()}
            for member, row in zip(members, rows, strict=True)
        }

    async def _keep(self, member: str, was: Row, wanted: Row) -> bool:
        words = [word for pair in was.items() for word in pair]
        start = member.rpartition(":")[2]
        said = await self._put(
            keys=[self._keys.rollup(member), self._keys.rollups],
            args=[start, member, self._rollups_ms, len(words), *words, *(w for pair in wanted.items() for w in pair)],
        )
        return bool(said)


def _calls(sums: Row) -> int:
    return int(sums.get("offered", 0)) + int(sums.get("outbound", 0))


def _row(sums: Rollup) -> Row:
    """Return sums as the closing scripts keep them: what is nought is left out."""
    fields: dict[str, int] = msgspec.to_builtins(sums)
    del fields["queue"], fields["start_ms"]
    return {"v": str(SCHEMA_VERSION)} | {name: str(value) for name, value in fields.items() if value}
