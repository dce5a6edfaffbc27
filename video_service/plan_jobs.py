"""Rosters made in the background: begun from the page, watched from any node, kept as drafts.

A job is done by the node that was asked for it, or, where the settings say so, by workers of its own (`plan_queue`).
Any node may ask it to end. One whose process died goes on in another, at the best that it had found.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from scheduler.roster_draft import MOST_DAYS
from video_service.errors import ServiceError
from video_service.plan_input import PlanInput
from video_service.plan_process import NoPlanner, available
from video_service.plan_runner import PlanRunner
from video_service.plan_store import Job, Order, PlanStore
from video_service.plan_work import MakeRoster, digest
from video_service.queue_names import MAIN, QueueName
from video_service.roster_desk import RosterDesk
from video_service.roster_store import MOST_DRAFTS, TooManyDrafts, UnknownRoster
from video_service.tasks import cancel_and_wait

FAREST_DAYS = 84  # a forecast reaches no further
DEFAULT_SECONDS = 60.0

Name = Annotated[str, Meta(max_length=32, pattern=r"^[a-z0-9][a-z0-9._-]*\Z")]


class BadPlanDays(ServiceError):
    """A roster is made for days to come, none of them more than twelve weeks ahead."""

    code: ClassVar[str] = "plan_days"


class RosterWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A roster that somebody wants. `people`: sign-in names of those to plan with, () for the whole team.

    `queue`: whose calls it is to serve.
    """

    first_day: date
    days: Annotated[int, Meta(ge=1, le=MOST_DAYS)]
    seconds: Annotated[float, Meta(ge=1, le=600)] = DEFAULT_SECONDS
    people: Annotated[tuple[Name, ...], Meta(max_length=1000)] = ()
    queue: QueueName = MAIN


class PlanJobs:
    """The jobs of one pool, as one web node sees them. `close` gives back those that it runs.

    `send`: tells workers of a job; None: this node does it.
    """

    def __init__(
        self,
        store: PlanStore,
        source: PlanInput,
        desk: RosterDesk,
        *,
        send: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._store = store
        self._source = source
        self._desk = desk
        self._send = send
        self._runner = PlanRunner(store, desk.book)
        self._tasks: set[asyncio.Task[bool]] = set()

    async def begin(self, wish: RosterWish, *, by: str) -> Job:
        """Begin to make a roster; for the same input the job that there is.

        Raises:
            BadPlanDays: a day is past, today, or too far ahead.
            NoPlanner: this node cannot, and there are no workers.
            PlanBusy: another one is made.
            BadRoster, NobodyAble: as `PlanInput.basis`.
            TooManyDrafts: what is made could not be kept.
        """
        ahead = (wish.first_day - self._source.today()).days
        if ahead < 1 or ahead + wish.days > FAREST_DAYS:
            raise BadPlanDays
        if self._send is None and not available():
            raise NoPlanner
        if len(await self._desk.book.drafts()) >= MOST_DRAFTS:
            raise TooManyDrafts
        base = tuple(one.shift for one in await self._desk.standing(wish.first_day, wish.days))
        work = await self._source.roster(wish.first_day, wish.days, wish.seconds, wish.people, wish.queue)
        return await self._begin(work, wish, base, by=by)

    async def look(self) -> Job | None:
        """Return the job that was begun last; one that lost its process goes on in another."""
        job = await self._store.last()
        if job is None or job.state != "running" or await self._store.held():
            return job
        found = await self._store.last()  # it may have come to its end between the two looks
        if found is None or found.state != "running" or (self._send is None and not available()):
            return found
        if await self._store.renew(found.job):
            await self._give(found.job)
        return await self._store.get(found.job)

    async def cancel(self, job: str) -> None:
        """Ask a job to end soon; the best that it has found is kept. One that nobody has taken yet ends here."""
        await self._store.cancel(job)
        if await self._store.awaited(job):
            await self._runner.do(job)

    async def close(self) -> None:
        """Give back the jobs that this node runs; another node may go on with them. May be called twice."""
        await cancel_and_wait(list(self._tasks))

    async def _begin(self, work: MakeRoster, wish: RosterWish, base: tuple[str, ...], *, by: str) -> Job:
        name = f"p-{digest(work)}"
        known = await self._store.get(name)
        if known is not None and known.state == "done" and not await self._there(known.draft):
            await self._store.forget(name)
        facts: dict[str, str | int | float] = {
            "kind": "roster",
            "wish": msgspec.json.encode(wish).decode(),
            "by": by,
            "limit_s": wish.seconds,
        }
        if await self._store.begin(name, facts):
            await self._store.keep_order(name, Order(work=work, base=base, by=by))
            await self._give(name)
        job = await self._store.get(name)
        assert job is not None, "it was kept a moment ago, for days"
        return job

    async def _give(self, job: str) -> None:
        """Give a job to the workers, or to a task of this node."""
        if self._send is not None:
            await self._send(job)
            return
        task = asyncio.create_task(self._runner.do(job), name=f"plan {job}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _there(self, draft: str) -> bool:
        try:
            await self._desk.book.draft(draft)
        except UnknownRoster:
            return False
        return True
