"""Session records and roll-ups, as the rest of the service reads them.

A record is written through by the scripts of signalling: created when a customer joins, updated at each transition,
final when the call closes. Nothing here writes. A record holds facts and pseudonymous ids: no names, no text, no
pictures.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterable
from typing import Any, ClassVar

import msgspec
from redis.asyncio import Redis

from video_service.errors import ServiceError
from video_service.keys import Keys, readable
from video_service.line_quality import LineFacts
from video_service.redis_client import text_of

BATCH = 200


class UnknownRecord(ServiceError):
    """There is no such session record."""

    code: ClassVar[str] = "unknown_record"


class BadCursor(ServiceError):
    """The cursor is not one that an earlier page gave."""

    code: ClassVar[str] = "bad_cursor"


class RecordUnreadable(ServiceError):
    """A session record has a schema version that this program cannot read."""

    code: ClassVar[str] = "schema_unknown"


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """One agent's part of a call; `to_ms` 0 and `ended` "" while it lasts."""

    agent: str
    from_ms: int
    to_ms: int
    ended: str


class LegFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One RTCPeerConnection of a call; times are epoch milliseconds, 0: never.

    `flowing_ms` is when the first picture was sent to this leg. `quality`: how its picture reached the other person,
    None when no second of it was counted.
    """

    leg: str
    role: str
    worker: str
    offered_ms: int
    connected_ms: int
    flowing_ms: int
    silences: int
    closed_ms: int
    quality: LineFacts | None = None


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody did in a call; `who` is an agent's id.

    `what`: "object_shown", "object_hidden", "held" (the customer is on hold), "taken_up" (no longer) or
    "transferred_to" (`who` is to take the call).
    """

    at_ms: int
    what: str
    who: str


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True, rename={"call_class": "class"}):
    """What is kept of a call. Times are epoch milliseconds (0: did not happen), durations milliseconds.

    `wait_ms` is from joining to the first answer, or to the close of a call that nobody answered; `signing_ms` the sum
    of the segments, `holds` and `hold_ms` how often and how long the customer was on hold in them; `transfers` how
    often an agent passed the call on; `customer` a pseudonymous id; `sign_language` the variety asked for, "" for not
    known, and `sign_matched` whether who served the call last has it; `topic` what the customer chose; `consent` the
    version of the text that the customer agreed to, 0 for none; `kept_ms` when the customer asked to keep the place
    while the page is away, which may be much of `wait_ms`.

    `helpers`: who was in the call beside the agent of the segment, from when to when, in the order in which they came.

    What the customer said of the call: `solved` "yes", "no" or "", `face` 1 (bad) to 5 (good), 0 for nothing. What the
    agent said: `outcome`, and with "follow_up" by when, within how many hours, and who comes back to the customer.

    What became of that promise: when the customer asked after it, when it was late, when it was kept (0 for not). Of a
    call that keeps one: the call it was promised in (`call_back_of`), and whether the agent began it (`outbound`).

    `target_ms`: within what time its queue's target for its class had it answered, 0 for the house's.

    Of an urgent call: its `urgent_owner`, when something was proposed and when it was solved, and of which half of the
    time had passed before (`escalated`, "proposal" or "solution"; "agent": an agent made it urgent in the call).
    """

    v: int
    call: str
    state: str
    customer: str
    queue: str
    needs: str
    call_class: str
    reason: str
    locale: str
    entry: str
    sign_language: str = ""
    topic: str = ""
    sign_matched: bool | None = None
    site: str
    verified: bool
    joined_ms: int
    answered_ms: int
    closed_ms: int
    wait_ms: int
    signing_ms: int
    after_call_ms: int
    reservations: int
    declines: int
    misses: int
    requeues: int
    holds: int = 0
    hold_ms: int = 0
    transfers: int = 0
    consent: int = 0
    kept_ms: int = 0
    ended_reason: str
    solved: str = ""
    face: int = 0
    outcome: str = ""
    follow_up_due_ms: int = 0
    follow_up_in_h: int = 0
    follow_up_owner: str = ""
    promise_urged_ms: int = 0
    promise_late_ms: int = 0
    promise_done_ms: int = 0
    call_back_of: str = ""
    outbound: bool = False
    urgent_owner: str = ""
    proposed_ms: int = 0
    solved_ms: int = 0
    escalated: str = ""
    timeline: tuple[TimelineEntry, ...] = ()
    target_ms: int = 0
    segments: tuple[Segment, ...]
    helpers: tuple[Segment, ...] = ()
    legs: tuple[LegFacts, ...]


class RecordPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some records, newest first, and the cursor of the next page ("": no more)."""

    records: tuple[SessionRecord, ...]
    cursor: str


class Rollup(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the calls of a queue that arrived in one interval and are closed. Counts, and integer milliseconds.

    `wait_ms` sums the waits of answered calls, `abandoned_wait_ms` those of the others; `handle_ms` is signing and
    after-call work. Service level: `within_target` over `offered`, and `within_<class>` over `offered_<class>`: each
    call against its queue's target for its class. `outbound`: calls that agents began, which count as none of these,
    and `outbound_handle_ms` the work in them.
    """

    queue: str
    start_ms: int
    offered: int = 0
    offered_urgent: int = 0
    offered_resumed: int = 0
    offered_callback: int = 0
    offered_vip: int = 0
    offered_normal: int = 0
    answered: int = 0
    within_target: int = 0
    within_urgent: int = 0
    within_resumed: int = 0
    within_callback: int = 0
    within_vip: int = 0
    within_normal: int = 0
    abandoned: int = 0
    wait_ms: int = 0
    abandoned_wait_ms: int = 0
    signing_ms: int = 0
    after_call_ms: int = 0
    handle_ms: int = 0
    reservations: int = 0
    declines: int = 0
    misses: int = 0
    requeues: int = 0
    outbound: int = 0
    outbound_answered: int = 0
    outbound_handle_ms: int = 0


def picture_of(record: SessionRecord, role: str) -> LineFacts | None:
    """Return how the customer's or agent's picture reached the other person: of the leg with most counted seconds."""
    known = [leg.quality for leg in record.legs if leg.role == role and leg.quality is not None]
    return max(known, key=lambda facts: facts.seconds, default=None)


def read_record(flat: dict[Any, Any]) -> SessionRecord:
    """Return a record from its hash.

    Raises:
        RecordUnreadable: of another schema version.
    """
    row: dict[str, Any] = {text_of(name): text_of(value) for name, value in flat.items()}
    if not readable(int(row.get("v", -1))):
        raise RecordUnreadable(call=row.get("call", ""), version=row.get("v"))
    for name in ("segments", "helpers", "legs", "timeline"):
        row[name] = msgspec.json.decode(row.get(name, "[]"))
    return msgspec.convert(row, type=SessionRecord, strict=False)


class Records:
    """The records and roll-ups of one pool."""

    def __init__(self, redis: Redis, *, pool: str = "main") -> None:
        self._redis = redis
        self._keys = Keys(pool)

    async def get(self, call: str) -> SessionRecord:
        """Return one record.

        Raises:
            UnknownRecord: there is none, or its retention has passed.
        """
        flat = await self._redis.hgetall(self._keys.record(call))
        if not flat:
            raise UnknownRecord(call=call)
        return read_record(flat)

    async def page(self, from_ms: int, to_ms: int, *, limit: int = 50, cursor: str = "") -> RecordPage:
        """Return records of calls that joined in from_ms <= t < to_ms, newest first, `limit` at most.

        `cursor` is that of the page before; records that are new since then do not shift the pages.

        Raises:
            BadCursor: not readable.
        """
        high, before = f"({to_ms}", None
        if cursor:
            at, _, call = cursor.partition("-")
            if not at.isascii() or not at.isdecimal() or not call:
                raise BadCursor
            if int(at) < to_ms:
                high, before = at, (int(at), call)
        calls: list[tuple[str, int]] = []
        for offset in itertools.count(0, BATCH):
            found = await self._index(f"{from_ms}", high, desc=True, offset=offset, num=BATCH)
            # Members of one score come in falling order too.
            calls += [pair for pair in found if before is None or (pair[1], pair[0]) < before]
            if len(found) < BATCH or len(calls) > limit:
                break
        shown = calls[:limit]
        records = await self._read([call for call, _ in shown])
        more = len(calls) > limit
        return RecordPage(records=tuple(records), cursor=f"{shown[-1][1]}-{shown[-1][0]}" if more and shown else "")

    async def each(self, from_ms: int, to_ms: int) -> AsyncIterator[SessionRecord]:
        """Yield the records of calls that joined in from_ms <= t < to_ms, oldest first, in bounded memory."""
        low, seen = f"{from_ms}", set[str]()
        while True:
            found = await self._index(low, f"({to_ms}", desc=False, offset=0, num=BATCH + len(seen))
            fresh = [pair for pair in found if pair[0] not in seen]
            if not fresh:
                return
            for record in await self._read([call for call, _ in fresh]):
                yield record
            last = fresh[-1][1]
            seen = {call for call, at in found if at == last}
            low = f"{last}"

    async def rollups(self, from_ms: int, to_ms: int, *, queue: str = "") -> list[Rollup]:
        """Return the intervals that begin in from_ms <= t < to_ms, by time, then queue; of one queue, or of all."""
        found: list[Any] = await self._redis.zrange(self._keys.rollups, f"{from_ms}", f"({to_ms}", byscore=True)
        members = [text_of(member) for member in found]
        async with self._redis.pipeline(transaction=False) as pipe:
            for member in members:
                pipe.hgetall(self._keys.rollup(member))
            rows = await pipe.execute()
        rollups = []
        for member, flat in zip(members, rows, strict=True):
            name, _, start = member.partition(":")
            if flat and queue in ("", name):
                sums: dict[str, Any] = {text_of(field): text_of(value) for field, value in flat.items()}
                sums |= {"queue": name, "start_ms": start}
                rollups.append(msgspec.convert(sums, type=Rollup, strict=False))
        return sorted(rollups, key=lambda rollup: (rollup.start_ms, rollup.queue))

    async def _index(self, low: str, high: str, *, desc: bool, offset: int, num: int) -> list[tuple[str, int]]:
        ends = (high, low) if desc else (low, high)
        found: list[Any] = await self._redis.zrange(
            self._keys.records, *ends, desc=desc, byscore=True, offset=offset, num=num, withscores=True
        )
        return [(text_of(member), int(score)) for member, score in found]

    async def _read(self, calls: Iterable[str]) -> list[SessionRecord]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for call in calls:
                pipe.hgetall(self._keys.record(call))
            return [read_record(flat) for flat in await pipe.execute() if flat]
