"""Past counts of another system, kept as if the service had counted them itself, so that pages plan from them, too.

What is kept is what the service keeps of its own calls: sums of each interval, marked as imported, and marks of when
the line was open. They end where the service's own sums begin. An import replaces the sums that an earlier one brought
to its queue in these days; the line was open whenever it was so in one of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import WatchError

from scheduler.errors import BadHistory
from scheduler.history import History, State
from video_service.keys import SCHEMA_VERSION, Keys
from video_service.open_time import DAY_MS, MARK_MS
from video_service.redis_client import raw, text_of

MINUTE_MS = 60_000
_KNOWN_OPEN, _KNOWN_CLOSED = 0b11111111, 0b10101010
_BYTES_A_DAY = DAY_MS // MARK_MS // 4
_AT_ONCE = 2_000
_TRIES = 20

Sums = dict[int, dict[str, int]]
"""Fields of a roll-up by the interval's start, milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import brought: days and intervals with calls, calls, and how many days are older than sums are kept."""

    first: date
    last: date
    intervals: int
    calls: int
    too_old_days: int


async def import_past(
    redis: Redis,
    history: History,
    *,
    pool: str,
    queue: str,
    zone: ZoneInfo,
    interval_minutes: int,
    retention_days: int,
    now_ms: int,
    dry_run: bool = False,
) -> Imported:
    """Keep a history as the past of `queue`, all of it or nothing. `dry_run`: only say what would be kept.

    Raises:
        BadHistory: it reaches into what the service itself has counted, or into today, or all of it is too old, or the
            service counts without a pause.
    """
    since_ms = now_ms - retention_days * DAY_MS
    days = [day for day in history.days if _midnight_ms(day, zone) >= since_ms]
    if not days:
        raise BadHistory(f"All days of the file are older than the {retention_days} days for which sums are kept.")
    kept = history.of(days[0], days[-1])
    end_ms = _midnight_ms(days[-1] + timedelta(days=1), zone)
    keys = Keys(pool)
    own_ms = min(await _own_since_ms(redis, keys), _midnight_ms(_local(now_ms, zone).date(), zone))
    if end_ms > own_ms:
        raise BadHistory(
            f"The file reaches to {days[-1]}, but from {_local(own_ms, zone):%Y-%m-%d %H:%M} on the service counts for "
            "itself: leave those days out."
        )
    sums, marks = sums_of(kept, zone, interval_minutes), marks_of(kept, zone)
    found = Imported(
        first=days[0],
        last=days[-1],
        intervals=len(sums),
        calls=sum(one["offered"] for one in sums.values()),
        too_old_days=len(history.days) - len(days),
    )
    if not dry_run:
        from_ms = _midnight_ms(days[0], zone)
        await _keep(redis, keys, queue, sums, marks, (from_ms, end_ms), now_ms, retention_days * DAY_MS)
    return found


def sums_of(history: History, zone: ZoneInfo, interval_minutes: int) -> Sums:
    """Return the sums of each interval in which somebody called while the queue was open.

    Calls of a longer interval are dealt out to its parts by chance, as calls that come one by one would fall; the same
    file gives the same sums.
    """
    step_ms = interval_minutes * MINUTE_MS
    found: Sums = defaultdict(lambda: defaultdict(int))
    for row, slot, start_ms in _slots(history, zone):
        calls = int(history.calls[row, slot])
        if not calls or history.state[row, slot] != State.OPEN:
            continue
        answered = 0 if history.answered is None else min(calls, int(history.answered[row, slot]))
        handle_ms = 0 if history.handle_s is None else round(float(history.handle_s[row, slot]) * 1000)
        for part_ms, offered, taken, work_ms in _dealt(
            start_ms, history.interval_s * 1000, step_ms, calls, answered, handle_ms
        ):
            sums = found[part_ms]
            for name, count in (
                ("offered", offered),
                ("offered_normal", offered),
                ("answered", taken),
                ("handle_ms", work_ms),
            ):
                if count:
                    sums[name] += count
    return {start_ms: dict(sums) for start_ms, sums in sorted(found.items()) if sums}


def marks_of(history: History, zone: ZoneInfo) -> dict[int, bytes]:
    """Return the marks of open time by day since 1970 (UTC), as `open_time` reads them; gaps and outages have none."""
    found: dict[int, bytearray] = defaultdict(lambda: bytearray(_BYTES_A_DAY))
    for row, slot, start_ms in _slots(history, zone):
        state = history.state[row, slot]
        if state in (State.GAP, State.OUTAGE):
            continue
        pattern = _KNOWN_OPEN if state == State.OPEN else _KNOWN_CLOSED
        for minute in range(start_ms // MINUTE_MS, (start_ms + history.interval_s * 1000) // MINUTE_MS):
            day, at = divmod(minute * MINUTE_MS, DAY_MS)
            found[day][at // MINUTE_MS] |= pattern
    return {day: bytes(marks) for day, marks in found.items()}


def _slots(history: History, zone: ZoneInfo) -> Iterator[tuple[int, int, int]]:
    """Yield row, slot and start of each interval that the clock shows, milliseconds since 1970."""
    for row, day in enumerate(history.days):
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall clock's, its zone follows
        for slot in range(history.calls.shape[1]):
            wall = midnight + timedelta(seconds=slot * history.interval_s)
            at = wall.replace(tzinfo=zone)
            if at.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall:
                yield row, slot, round(at.timestamp() * 1000)


def _dealt(
    start_ms: int, length_ms: int, step_ms: int, calls: int, answered: int, handle_ms: int
) -> Iterator[tuple[int, int, int, int]]:
    """Yield the parts of an interval as (start, offered, answered, handle time)."""
    parts = max(1, length_ms // step_ms)
    first_ms = start_ms - start_ms % step_ms
    if parts == 1:
        yield first_ms, calls, answered, handle_ms
        return
    random = np.random.default_rng(start_ms // 1000)
    offered = random.multinomial(calls, np.full(parts, 1 / parts))
    taken = random.multivariate_hypergeometric(offered, answered)
    left_ms, left = handle_ms, answered
    for number in range(parts):
        work_ms = round(left_ms * int(taken[number]) / left) if left else 0
        left_ms, left = left_ms - work_ms, left - int(taken[number])
        if offered[number]:
            yield first_ms + number * step_ms, int(offered[number]), int(taken[number]), work_ms


async def _own_since_ms(redis: Redis, keys: Keys) -> float:
    """Return when the first call was counted by the service itself, infinity for never."""
    oldest = await redis.zrange(keys.records, 0, 0, withscores=True)
    own_ms = float(oldest[0][1]) if oldest else float("inf")
    at = 0
    while True:
        members: list[Any] = await redis.zrange(keys.rollups, at, at + _AT_ONCE - 1, withscores=True)
        if not members:
            return own_ms
        async with redis.pipeline(transaction=False) as pipe:
            for member, _ in members:
                pipe.hexists(keys.rollup(text_of(member)), "imported")
            marked = await pipe.execute()
        for (_, score), imported in zip(members, marked, strict=True):
            if not imported:
                return min(own_ms, float(score))
        at += len(members)


async def _keep(
    redis: Redis,
    keys: Keys,
    queue: str,
    sums: Sums,
    marks: Mapping[int, bytes],
    span: tuple[int, int],
    now_ms: int,
    lifetime_ms: int,
) -> None:
    """Keep it all at once, beside what stands there then: what is written between reading and keeping begins it again.

    Another import may run, and in a zone ahead of UTC yesterday ends on the day that the service marks as open now.
    """
    for _ in range(_TRIES):
        async with redis.pipeline(transaction=True) as pipe:
            await pipe.watch(keys.rollups, *map(keys.open_time, marks))
            there: list[Any] = await redis.zrange(keys.rollups, f"{span[0]}", f"({span[1]}", byscore=True)
            before = [member for member in map(text_of, there) if member.rpartition(":")[0] == queue]
            bits = await raw(redis, "MGET", *map(keys.open_time, marks)) if marks else []
            pipe.multi()  # type: ignore[no-untyped-call]
            known = dict(zip(marks, bits, strict=True))
            _write(pipe, keys, queue, before, sums, marks, known, now_ms, lifetime_ms)
            try:
                await pipe.execute()
            except WatchError:
                continue
            return
    raise BadHistory("The service counts calls without a pause: nothing was kept. Try again when it is quieter.")


def _write(
    pipe: Pipeline,
    keys: Keys,
    queue: str,
    before: Sequence[str],
    sums: Sums,
    marks: Mapping[int, bytes],
    known: Mapping[int, bytes | None],
    now_ms: int,
    lifetime_ms: int,
) -> None:
    for member in before:
        pipe.delete(keys.rollup(member))
        pipe.zrem(keys.rollups, member)
    for start_ms, fields in sums.items():
        member = f"{queue}:{start_ms}"
        row: dict[Any, Any] = {"v": SCHEMA_VERSION, "imported": 1, **fields}
        pipe.hset(keys.rollup(member), mapping=row)
        pipe.pexpire(keys.rollup(member), start_ms + lifetime_ms - now_ms)
        pipe.zadd(keys.rollups, {member: start_ms})
    for day, bits in marks.items():
        whole = (known[day] or b"").ljust(_BYTES_A_DAY, b"\0")
        ored = bytes(a | b for a, b in zip(whole, bits, strict=True))
        pipe.execute_command("SET", keys.open_time(day), ored, "PX", (day + 1) * DAY_MS + lifetime_ms - now_ms)


def _midnight_ms(day: date, zone: ZoneInfo) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * 1000


def _local(at_ms: float, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, zone)
