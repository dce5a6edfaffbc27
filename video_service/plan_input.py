"""Reads what planning starts from: calls by interval, shifts, open times, the team's rules. It computes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import ClassVar, Protocol, TypeVar
from zoneinfo import ZoneInfo

from redis.asyncio import Redis

from scheduler.errors import BadRoster, NoHistory
from scheduler.plan_file import PlanFile
from scheduler.roster_making import DAYS_BEFORE
from video_service import open_time
from video_service.campaigns import Campaigns
from video_service.clock import Clock, SystemClock
from video_service.errors import ServiceError
from video_service.opening_hours import Hours
from video_service.opening_hours_store import OpeningHours
from video_service.plan_work import Basis, Goal, MakeRoster, RawPast, Team
from video_service.queues import QueueRules
from video_service.queues_store import QueueBook
from video_service.records import Records
from video_service.roster_desk import RosterDesk
from video_service.skill_words import all_skills, covers

Item = TypeVar("Item")

QUEUE = "main"
WEEKS = 26


class NobodyAble(ServiceError):
    """Nobody in the team's rules has what this queue asks for."""

    code: ClassVar[str] = "nobody_able"


class OnShift(Protocol):
    """A shift, without whose."""

    @property
    def start_ms(self) -> int: ...
    @property
    def end_ms(self) -> int: ...


class ShiftStore(Protocol):
    """Who knows the shifts."""

    async def shifts(self, from_ms: int, to_ms: int) -> Sequence[OnShift]:
        """Return the shifts that overlap from_ms <= t < to_ms."""
        ...


async def read_past(
    redis: Redis, store: ShiftStore, *, pool: str, zone: str, queue: str, weeks: int, now_ms: int
) -> RawPast:
    """Return what the service itself has kept of the last `weeks` weeks, yesterday the last day.

    Costs one read for each interval in which somebody called, whatever the number of calls.
    """
    where = ZoneInfo(zone)
    today = datetime.fromtimestamp(now_ms / 1000, where).date()
    first = today - timedelta(weeks=weeks)
    from_ms, to_ms = midnight_ms(first, where), midnight_ms(today, where)
    return RawPast(
        first=first,
        today=today,
        from_ms=from_ms,
        rollups=tuple(await Records(redis, pool=pool).rollups(from_ms, to_ms, queue=queue)),
        shifts=tuple((one.start_ms, one.end_ms) for one in await store.shifts(from_ms, to_ms)),
        times=await open_time.read(redis, pool=pool, from_ms=from_ms, to_ms=to_ms),
    )


async def hours_of(redis: Redis, pool: str, zone: str, queue: str) -> tuple[Hours | None, bool]:
    """Return the opening hours of a queue, None where shifts alone decide, and whether they are its own.

    Raises:
        NoHistory: there is no such queue.
    """
    book = book_of(redis, pool, zone)
    rules = await rules_of(book, queue)
    return await book.hours(queue), rules.hours is not None and queue != QUEUE


def book_of(redis: Redis, pool: str, zone: str) -> QueueBook:
    """Return the queues of a pool, as planning reads them."""
    clock = SystemClock()
    return QueueBook(redis, pool=pool, clock=clock, line=OpeningHours(redis, pool=pool, clock=clock, zone=zone))


async def rules_of(book: QueueBook, queue: str) -> QueueRules:
    """Return a queue.

    Raises:
        NoHistory: there is none of this name.
    """
    rules = await book.find(queue)
    if rules is None:
        known = ", ".join(sorted(await book.all()))
        raise NoHistory(f"There is no queue {queue}; there are {known}.")
    return rules


def goal_of(rules: QueueRules) -> Goal | None:
    """Return what a queue wants of its ordinary calls; None where it has nothing of its own."""
    own = rules.targets.get("normal")
    return None if own is None else Goal(share=own.share_percent / 100, within_s=float(own.within_s))


def midnight_ms(day: date, zone: ZoneInfo) -> int:
    """Return when `day` begins by the clock of `zone`, milliseconds since 1970."""
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * 1000


class PlanInput:
    """What planning starts from, of one pool."""

    def __init__(
        self, redis: Redis, store: ShiftStore, desk: RosterDesk, clock: Clock, *, pool: str, region: str
    ) -> None:
        self._redis = redis
        self._store = store
        self._desk = desk
        self._clock = clock
        self._pool = pool
        self._region = region
        self._queues = book_of(redis, pool, desk.zone.key)

    def today(self) -> date:
        """Return the day that it is where the service is."""
        return self._desk.local(self._clock.now_ms()).date()

    async def goal(self, queue: str) -> Goal | None:
        """Return what a queue wants of its ordinary calls; as `rules_of` and `goal_of`."""
        return goal_of(await rules_of(self._queues, queue))

    async def able(self, queue: str) -> dict[str, str] | None:
        """Return who has what a queue asks for: sign-in names by agent's id. None where it asks for nothing."""
        asked = (await rules_of(self._queues, queue)).asked
        if not asked:
            return None
        return {one.person: one.name for one in await self._desk.agents() if covers(all_skills(one), asked)}

    async def basis(self, only: Sequence[str] = (), queue: str = QUEUE) -> Basis:
        """Return what every piece of work starts from; `only`: sign-in names of those to plan with, () for all.

        A queue that asks for skills is planned with those who have them.

        Raises:
            BadRoster: the team's rules cannot be read, or there is nobody.
            NobodyAble: nobody of them has what the queue asks for.
            NoHistory: there is no such queue.
        """
        rules, text = await self._desk.rules(), await self._desk.team_text()
        if only and not any(one.name in only for one in rules.people):
            raise BadRoster("Nobody of these is in the team's rules.")
        able = await self.able(queue)
        if able is not None:
            only = [one.name for one in rules.people if one.name in able.values() and (not only or one.name in only)]
            if not only:
                raise NobodyAble
        past = await read_past(
            self._redis,
            self._store,
            pool=self._pool,
            zone=self._desk.zone.key,
            queue=queue,
            weeks=WEEKS,
            now_ms=self._clock.now_ms(),
        )
        asked = await rules_of(self._queues, queue)
        return Basis(
            hours=await self._queues.hours(queue),
            own_hours=asked.hours is not None and queue != QUEUE,
            campaigns=(await Campaigns(self._redis, pool=self._pool).get())[0],
            zone=self._desk.zone.key,
            region=self._region,
            queue=queue,
            past=past,
            team=_team(rules, text, only),
            goal=goal_of(asked),
        )

    async def roster(
        self, first_day: date, days: int, seconds: float, only: Sequence[str], queue: str = QUEUE
    ) -> MakeRoster:
        """Return a roster to be made; as `basis`."""
        names, rules = await self._desk.names(), await self._desk.rules()
        before = first_day - timedelta(days=DAYS_BEFORE)
        return MakeRoster(
            basis=await self.basis(only, queue),
            first_day=first_day,
            days=days,
            seconds=seconds,
            earlier=tuple(self._desk.duties_of(await self._desk.standing(before, DAYS_BEFORE), names, rules)),
            standing=tuple(self._desk.duties_of(await self._desk.standing(first_day, days), names, rules)),
        )


def _team(rules: PlanFile, text: str, only: Sequence[str]) -> Team:
    return Team(
        text=text,
        only=tuple(sorted(only)),
        off=_sorted(rules.off),
        wishes_off=_sorted(rules.wishes_off),
        wishes=_sorted(rules.wishes),
        busy=_sorted(rules.busy),
    )


def _sorted(days: Mapping[str, tuple[Item, ...]]) -> dict[str, tuple[Item, ...]]:
    return {name: tuple(sorted(set(found), key=str)) for name, found in sorted(days.items()) if found}
