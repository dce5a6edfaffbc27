"""Today against its plan, as the coordinator's page shows it: reckoned now and then in a process of its own, and kept.

What is quick is read at each look (who is where, against the roster); what takes seconds (forecast, required people,
suggestions) is kept for `FRESH_MS` and made anew behind the page, by one node at a time.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, timedelta
from typing import ClassVar, Protocol, TypeVar

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from scheduler.adherence import GRACE_MIN, Adherence, Mark, Planned, adherence
from scheduler.on_shift import OnShift, allowed
from scheduler.plan_file import PlanFile
from scheduler.roster.problem import QUARTER_MIN, QUARTERS
from scheduler.roster_file import RosterDocument
from signaling.store_types import Shift
from video_service.attendance import MINUTE_MS, Attendance, today_of
from video_service.clock import Clock
from video_service.errors import ServiceError
from video_service.floor import Hour, hours_of, occupancy, present
from video_service.keys import SCHEMA_VERSION, Keys
from video_service.plan_input import QUEUE, PlanInput, midnight_ms
from video_service.plan_process import PlanFailed, PlanProcess, available, planning
from video_service.plan_work import Expected, LookAtToday, Said, ShiftToday, TodaySaid, Trouble, Work
from video_service.records import Records
from video_service.redis_client import raw
from video_service.roster_changes import Changes
from video_service.roster_desk import Preview, RosterDesk
from video_service.tasks import cancel_and_wait

log = structlog.get_logger(__name__)

FRESH_MS = 120_000
KEPT_MS = 600_000
TURN_MS = 90_000
LIMIT_S = 80.0
DAY_KEPT_MS = 2 * 86_400_000
MOST_BYTES = 4_000_000
USUAL_LONGEST_MIN = 120
QUARTER_MS = QUARTER_MIN * MINUTE_MS
NOBODY_SOON_MIN = 6
"""Somebody who should be here for so long, and is not, is not reckoned with."""

T = TypeVar("T")


class ShiftsOf(Protocol):
    """Who knows the shifts; `signaling.store.Store` does."""

    async def shifts(self, from_ms: int, to_ms: int) -> Sequence[Shift]:
        """Return the shifts that overlap from_ms <= t < to_ms."""
        ...


Runner = Callable[[Work], AbstractAsyncContextManager[PlanProcess]]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What was reckoned last, and when; `trouble`: a code where nothing could be."""

    v: int = SCHEMA_VERSION
    at_ms: int
    day: str
    said: TodaySaid | None = None
    trouble: str = ""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """How an agent's day goes against the roster; shares are -1 before there is one. `off_min`: not as planned."""

    agent: str
    now: str
    adherence: float
    conformance: float
    off_min: int
    seen_min: int


class NoSuchBreak(ServiceError):
    """This break is not there any more, has begun, or may not lie where it was wanted."""

    code: ClassVar[str] = "no_such_break"


class Intraday:
    """Today of one pool, as one web node sees it. `close` ends what it reckons."""

    def __init__(
        self,
        redis: Redis,
        attendance: Attendance,
        source: PlanInput,
        desk: RosterDesk,
        store: ShiftsOf,
        clock: Clock,
        *,
        pool: str,
        run: Runner = planning,
    ) -> None:
        self._redis = redis
        self._attendance = attendance
        self._source = source
        self._desk = desk
        self._store = store
        self._clock = clock
        self._keys = Keys(pool)
        self._records = Records(redis, pool=pool)
        self._run = run
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """End what is reckoned. May be called twice."""
        await cancel_and_wait(list(self._tasks))

    async def kept(self, queue: str = QUEUE) -> Kept | None:
        """Return what was reckoned of a queue's today last; what is old is made anew behind this."""
        now_ms = self._clock.now_ms()
        day, _ = today_of(now_ms, self._desk.zone)
        found = await self._read(self._keys.plan_today(queue), Kept)
        if found is not None and found.day != day:
            found = None
        old = found is None or now_ms - found.at_ms > FRESH_MS
        if old and available() and await self.claim(day, queue):
            task = asyncio.create_task(self._reckon(day, queue), name="today")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return found

    async def claim(self, day: str, queue: str = QUEUE) -> bool:
        """Return whether this node is to reckon a queue's today anew: one at a time, and not too often."""
        return bool(await self._redis.set(self._keys.plan_turn(queue), day, nx=True, px=TURN_MS))

    async def keep(self, day: str, said: Said, queue: str = QUEUE) -> None:
        """Keep what was reckoned, with the forecast that it was reckoned from."""
        code = "" if said.today is not None else said.trouble.code if said.trouble is not None else PlanFailed.code
        if said.today is not None:
            await self._write(self._keys.plan_day(day, queue), said.today.expected, DAY_KEPT_MS)
        kept = Kept(at_ms=self._clock.now_ms(), day=day, said=said.today, trouble=code)
        await self._write(self._keys.plan_today(queue), kept, KEPT_MS)

    async def people(self) -> list[Person]:
        """Return how today goes for everybody who has a shift today, by agent's id: no order that compares people."""
        shifts = await self._shifts_today()
        day, began_ms = today_of(self._clock.now_ms(), self._desk.zone)
        now_min = (self._clock.now_ms() - began_ms) // MINUTE_MS
        planned: dict[str, list[Planned]] = defaultdict(list)
        for one in shifts:
            planned[one.agent].append(_planned(one, began_ms))
        marks = await self._attendance.marks(day, sorted(planned))
        return [
            _person(agent, adherence(planned[agent], found, now_min, GRACE_MIN))
            for agent, found in marks.items()
            if min(one.from_min for one in planned[agent]) < now_min
        ]

    async def scheduled(self, queue: str = QUEUE) -> tuple[int, ...]:
        """Return how many people the roster has on the floor in each quarter hour of today, breaks left out.

        Of those who have what `queue` asks for.
        """
        _, began_ms = today_of(self._clock.now_ms(), self._desk.zone)
        counts = [0] * QUARTERS
        for shift in await self._shifts_of(queue):
            edges = [shift.start_ms, *(edge for one in shift.breaks for edge in one), shift.end_ms]
            for start_ms, end_ms in zip(edges[::2], edges[1::2], strict=True):
                first = -(-max(0, start_ms - began_ms) // QUARTER_MS)
                for quarter in range(first, min(QUARTERS, (end_ms - began_ms) // QUARTER_MS)):
                    counts[quarter] += 1
        return tuple(counts)

    async def present(self, queue: str = QUEUE) -> tuple[float, ...]:
        """Return how many of these people were there in each quarter hour, on average; -1 where nobody looked."""
        day, _ = today_of(self._clock.now_ms(), self._desk.zone)
        agents = sorted({one.agent for one in await self._shifts_of(queue)})
        return present((await self._attendance.marks(day, agents)).values())

    async def occupancy(self) -> tuple[float, ...]:
        """Return which share of the whole team's time calls took, by hour of today; -1 where nobody was there."""
        day, _ = today_of(self._clock.now_ms(), self._desk.zone)
        return occupancy(await self._attendance.floor(day))

    async def hours(self, queue: str = QUEUE) -> list[Hour]:
        """Return the hours of today in which somebody called this queue, with the calls that are over."""
        now_ms = self._clock.now_ms()
        _, began_ms = today_of(now_ms, self._desk.zone)
        return hours_of(await self._records.rollups(began_ms, now_ms, queue=queue), self._desk.zone)

    async def move_break(self, shift_id: str, old: tuple[int, int], new: tuple[int, int], *, by: str) -> int:
        """Move a break inside its shift, as a version of the roster; return its number.

        The break keeps its length, and no stretch of work gets longer than the rules, or the shift as it stands, have.

        Raises:
            NoSuchBreak: it has begun, is gone, or may not lie there.
            RosterChanged: somebody published meanwhile.
        """
        shift = next((one for one in await self._shifts_today() if one.shift == shift_id), None)
        now_ms = self._clock.now_ms()
        if shift is None or old not in shift.breaks or old[0] <= now_ms or new[0] <= now_ms:
            raise NoSuchBreak
        rules = await self._desk.rules()
        one = self._today_shift(shift, rules)
        there = OnShift(
            shift.shift,
            shift.start_ms / 1000,
            shift.end_ms / 1000,
            tuple((a / 1000, b / 1000) for a, b in shift.breaks),
            one.longest_min * 60.0,
        )
        if not allowed(there, (old[0] / 1000, old[1] / 1000), (new[0] / 1000, new[1] / 1000)):
            raise NoSuchBreak
        breaks = tuple(sorted(new if each == old else each for each in shift.breaks))
        return await self._replace(shift, breaks, rules, by=by)

    async def _replace(self, shift: Shift, breaks: tuple[tuple[int, int], ...], rules: PlanFile, *, by: str) -> int:
        day = self._desk.local(shift.start_ms).date()
        last = await self._desk.book.last()
        standing = await self._desk.standing(day, 1)
        moved = [msgspec.structs.replace(one, breaks=breaks) if one.shift == shift.shift else one for one in standing]
        duties = self._desk.duties_of(moved, await self._desk.names(), rules)
        document = RosterDocument(zone=self._desk.zone.key, first_day=day, days=1, duties=tuple(duties))
        found = Changes(
            add=((shift.agent, shift.start_ms, shift.end_ms, breaks),),
            remove=(shift.shift,),
            keep=tuple(one.shift for one in standing if one.shift != shift.shift),
            late=0,
        )
        return await self._desk.publish(document, Preview(found, (), last, found.token(last)), by=by)

    async def _reckon(self, day: str, queue: str) -> None:
        try:
            async with asyncio.timeout(LIMIT_S):
                try:
                    said = await self._said(queue)
                except ServiceError as error:
                    said = Said(trouble=Trouble(code=error.code, words=str(error)))
            await self.keep(day, said, queue)
        except (RedisError, OSError, TimeoutError) as error:
            # The page keeps what it has; the next look after the turn tries again.
            log.info("today_not_reckoned", error=type(error).__name__)

    async def _said(self, queue: str) -> Said:
        async with self._run(await self._work(queue)) as process:
            while True:
                said = await process.said()
                if said.progress is None:
                    return said

    async def _work(self, queue: str) -> LookAtToday:
        now_ms = self._clock.now_ms()
        day, began_ms = today_of(now_ms, self._desk.zone)
        expected = await self._read(self._keys.plan_day(day, queue), Expected)
        rules = await self._desk.rules()
        away = await self._away(day, (now_ms - began_ms) // MINUTE_MS)
        ahead = [one for one in await self._shifts_of(queue) if one.end_ms > now_ms]
        coming = [one for one in ahead if one.start_ms >= now_ms or one.agent not in away]
        return LookAtToday(
            zone=self._desk.zone.key,
            now_ms=now_ms,
            midnight_ms=began_ms,
            day=date.fromisoformat(day),
            rollups=tuple(await self._records.rollups(began_ms, now_ms, queue=queue)),
            shifts=tuple(self._today_shift(one, rules) for one in coming),
            team=await self._desk.team_text(),
            basis=None if expected is not None else await self._source.basis(queue=queue),
            expected=expected,
            goal=await self._source.goal(queue),
        )

    async def _away(self, day: str, now_min: int) -> set[str]:
        """Return who should be here since a while and was not seen in any minute of it."""
        agents = sorted({one.agent for one in await self._shifts_today()})
        marks = await self._attendance.marks(day, agents)
        lately = range(max(0, now_min - NOBODY_SOON_MIN), now_min)
        return {
            agent
            for agent, found in marks.items()
            if (seen := [found[one] for one in lately if one in found]) and set(seen) == {Mark.AWAY}
        }

    async def _shifts_of(self, queue: str) -> Sequence[Shift]:
        """Return today's shifts of those who have what the queue asks for."""
        able = await self._source.able(queue)
        return [one for one in await self._shifts_today() if able is None or one.agent in able]

    async def _shifts_today(self) -> Sequence[Shift]:
        _, began_ms = today_of(self._clock.now_ms(), self._desk.zone)
        today = self._desk.local(began_ms).date()
        return await self._store.shifts(began_ms, midnight_ms(today + timedelta(days=1), self._desk.zone))

    def _today_shift(self, one: Shift, rules: PlanFile) -> ShiftToday:
        begins, minutes = self._desk.local(one.start_ms), (one.end_ms - one.start_ms) // MINUTE_MS
        kinds = {(kind.start_q * QUARTER_MIN, kind.length_q * QUARTER_MIN): kind for kind in rules.shifts}
        kind = kinds.get((begins.hour * 60 + begins.minute, minutes))
        longest = kind.breaks.most_signing_q * QUARTER_MIN if kind is not None and kind.breaks else USUAL_LONGEST_MIN
        return ShiftToday(
            shift=one.shift,
            agent=one.agent,
            from_ms=one.start_ms,
            to_ms=one.end_ms,
            breaks=one.breaks,
            longest_min=longest,
        )

    async def _read(self, key: str, kind: type[T]) -> T | None:
        packed = await raw(self._redis, "GET", key)
        if packed is None:
            return None
        return msgspec.json.decode(zlib.decompressobj().decompress(packed, MOST_BYTES), type=kind)

    async def _write(self, key: str, value: msgspec.Struct, kept_ms: int) -> None:
        await self._redis.set(key, zlib.compress(msgspec.json.encode(value)), px=kept_ms)


def _planned(one: Shift, began_ms: int) -> Planned:
    def minute(ms: int) -> int:
        return (ms - began_ms) // MINUTE_MS

    return Planned(minute(one.start_ms), minute(one.end_ms), tuple((minute(a), minute(b)) for a, b in one.breaks))


def _person(agent: str, found: Adherence) -> Person:
    def share(value: float | None) -> float:
        return -1.0 if value is None else round(value, 4)

    return Person(
        agent=agent,
        now=found.now.value,
        adherence=share(found.adherence),
        conformance=share(found.conformance),
        off_min=found.off_min,
        seen_min=found.seen_min,
    )
