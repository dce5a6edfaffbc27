"""Rosters made in the background: begun from the page, watched from any node, kept as drafts.

The node that begins a job owns it: it holds the lease, reads what the process says, and keeps the draft. Any node may
ask it to end. A job whose node died is begun anew by whichever node is asked about it next.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from datetime import date
from typing import Annotated, ClassVar

import msgspec
import structlog
from msgspec import Meta
from redis.exceptions import RedisError

from scheduler.roster_draft import MOST_DAYS
from scheduler.roster_file import RosterDocument
from video_service.errors import ServiceError
from video_service.plan_input import PlanInput
from video_service.plan_process import NoPlanner, PlanFailed, PlanProcess, available, planning
from video_service.plan_store import Job, NotOurs, PlanStore
from video_service.plan_work import MakeRoster, Progress, Said, digest
from video_service.roster_desk import RosterDesk
from video_service.roster_store import MOST_DRAFTS, TooManyDrafts, UnknownRoster
from video_service.tasks import cancel_and_wait

log = structlog.get_logger(__name__)

BEAT_S = 1.0
SLACK_S = 1_800.0  # forecast, staffing and reasons, of the largest teams
FAREST_DAYS = 84  # a forecast reaches no further
DEFAULT_SECONDS = 60.0

Name = Annotated[str, Meta(max_length=32, pattern="^[a-z0-9][a-z0-9._-]*$")]


class BadPlanDays(ServiceError):
    """A roster is made for days to come, none of them more than twelve weeks ahead."""

    code: ClassVar[str] = "plan_days"


class RosterWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A roster that somebody wants. `people`: sign-in names of those to plan with, () for the whole team."""

    first_day: date
    days: Annotated[int, Meta(ge=1, le=MOST_DAYS)]
    seconds: Annotated[float, Meta(ge=1, le=600)] = DEFAULT_SECONDS
    people: Annotated[tuple[Name, ...], Meta(max_length=1000)] = ()


Runner = Callable[[MakeRoster], AbstractAsyncContextManager[PlanProcess]]


class PlanJobs:
    """The jobs of one pool, as one web node sees them. `close` ends those that it runs."""

    def __init__(self, store: PlanStore, source: PlanInput, desk: RosterDesk, *, run: Runner = planning) -> None:
        self._store = store
        self._source = source
        self._desk = desk
        self._run = run
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, wish: RosterWish, *, by: str) -> Job:
        """Begin to make a roster; for the same input the job that there is.

        Raises:
            BadPlanDays: a day is past, today, or too far ahead.
            NoPlanner: this node cannot.
            PlanBusy: another one is made.
            BadRoster: the team's rules cannot be read, or nobody of them is wished for.
            TooManyDrafts: what is made could not be kept.
        """
        ahead = (wish.first_day - self._source.today()).days
        if ahead < 1 or ahead + wish.days > FAREST_DAYS:
            raise BadPlanDays
        if not available():
            raise NoPlanner
        if len(await self._desk.book.drafts()) >= MOST_DRAFTS:
            raise TooManyDrafts
        work = await self._source.roster(wish.first_day, wish.days, wish.seconds, wish.people)
        return await self._begin(work, wish, by=by)

    async def look(self) -> Job | None:
        """Return the job that was begun last; one that lost its process is begun anew here."""
        job = await self._store.last()
        if job is None or job.state != "running" or await self._store.held():
            return job
        found = await self._store.last()  # it may have come to its end between the two looks
        if found is None or found.state != "running" or not available():
            return found
        wish = msgspec.json.decode(job.wish, type=RosterWish)
        with suppress(ServiceError):
            work = await self._source.roster(wish.first_day, wish.days, wish.seconds, wish.people)
            return await self._begin(work, wish, by=job.by)
        return found

    async def cancel(self, job: str) -> None:
        """Ask a job to end soon; the best that it has found is kept."""
        await self._store.cancel(job)

    async def close(self) -> None:
        """End the jobs that this node runs; another node may begin them anew. May be called twice."""
        await cancel_and_wait(list(self._tasks))

    async def _begin(self, work: MakeRoster, wish: RosterWish, *, by: str) -> Job:
        name, owner = f"p-{digest(work)}", secrets.token_urlsafe(9)
        known = await self._store.get(name)
        if known is not None and known.state == "done" and not await self._there(known.draft):
            await self._store.forget(name)
        facts: dict[str, str | int | float] = {
            "kind": "roster",
            "wish": msgspec.json.encode(wish).decode(),
            "by": by,
            "limit_s": wish.seconds,
        }
        if await self._store.begin(name, owner, facts):
            task = asyncio.create_task(self._work(name, owner, work, by), name=f"plan {name}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        job = await self._store.get(name)
        assert job is not None, "it was kept a moment ago, for days"
        return job

    async def _there(self, draft: str) -> bool:
        try:
            await self._desk.book.draft(draft)
        except UnknownRoster:
            return False
        return True

    async def _work(self, name: str, owner: str, work: MakeRoster, by: str) -> None:
        try:
            try:
                async with asyncio.timeout(work.seconds + SLACK_S):
                    said = await self._until_said(name, owner, work)
                facts = await self._outcome(said, work, by)
            except (ServiceError, TimeoutError) as error:
                if isinstance(error, NotOurs):
                    raise
                code = error.code if isinstance(error, ServiceError) else PlanFailed.code
                facts = {"state": "failed", "error": code}
            await self._store.keep(name, owner, facts, over=True)
            log.info("plan_job_over", state=facts["state"], error=facts.get("error", ""))
        except (NotOurs, RedisError, OSError) as error:
            # Nobody can be told. Its lease lapses, and whoever asks next begins it anew.
            log.warning("plan_job_lost", error=type(error).__name__)

    async def _until_said(self, name: str, owner: str, work: MakeRoster) -> Said:
        """Return how the work ended. Its lease is renewed at every beat; the process is told when it is to end."""
        async with self._run(work) as process:
            latest = Progress(phase="forecast")
            while True:
                if await self._store.keep(name, owner, _facts(latest)):
                    process.stop()
                with suppress(TimeoutError):
                    async with asyncio.timeout(BEAT_S):
                        while True:
                            said = await process.said()
                            if said.progress is None:
                                return said
                            latest = said.progress

    async def _outcome(self, said: Said, work: MakeRoster, by: str) -> dict[str, str | int | float]:
        if said.trouble is not None:
            ended = said.trouble.code == "plan_ended"
            words = said.trouble.words
            return {"state": "ended" if ended else "failed", "error": said.trouble.code, "words": words}
        if said.roster is None:
            raise PlanFailed
        draft = await self._draft(said.roster, by)
        return {"state": "done", "draft": draft, "cost": said.roster.cost, "bound": said.roster.bound}

    async def _draft(self, document: RosterDocument, by: str) -> str:
        """Keep a made roster as a draft; what stands in its days may be replaced by publishing it."""
        standing = await self._desk.standing(document.first_day, document.days)
        text = msgspec.json.encode(document).decode()
        base = [one.shift for one in standing]
        return await self._desk.book.begin(document.first_day.isoformat(), document.days, text, base, by=by)


def _facts(progress: Progress) -> dict[str, str | int | float]:
    return {
        "phase": progress.phase,
        "done": progress.done,
        "of": progress.of,
        "cost": progress.cost,
        "bound": progress.bound,
    }
