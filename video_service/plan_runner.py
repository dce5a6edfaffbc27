"""Does one planning job from end to end: takes it, has it searched, keeps the best found, and brings the draft.

Whoever runs it, a web node or a worker of its own, needs the store and nothing else: what a roster is made from was
kept when somebody asked for it. When a process is lost, the next one begins at the best roster that was found.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

import msgspec
import structlog
from redis.exceptions import RedisError

from scheduler.roster_file import RosterDocument
from video_service.errors import ServiceError
from video_service.plan_process import PlanFailed, PlanProcess, planning
from video_service.plan_store import NotOurs, Order, PlanStore
from video_service.plan_work import MakeRoster, Progress, Said
from video_service.roster_store import RosterBook

log = structlog.get_logger(__name__)

BEAT_S = 1.0
SLACK_S = 1_800.0  # forecast, staffing and reasons, of the largest teams
RELEASE_S = 2.0
CUT_OFF = "cut_off"
"""A note of a roster: its search was cut off, this is the best that it had found."""

Facts = dict[str, str | int | float]
Runner = Callable[[MakeRoster], AbstractAsyncContextManager[PlanProcess]]


class PlanRunner:
    """Does jobs of one pool."""

    def __init__(self, store: PlanStore, book: RosterBook, *, run: Runner = planning) -> None:
        self._store = store
        self._book = book
        self._run = run

    async def do(self, job: str) -> bool:
        """Do a job; False when another process has it, or another job runs. A job that is over is done.

        When this is cancelled the job is given back, for another process to go on with.
        """
        owner = secrets.token_urlsafe(9)
        try:
            took = await self._store.take(job, owner)
            if took in ("busy", "over"):
                return took == "over"
            try:
                facts = await self._done(job, owner, took)
            except NotOurs:
                raise
            except ServiceError as error:
                facts = {"state": "failed", "error": error.code}
            except asyncio.CancelledError:
                await self._give_back(job, owner)
                raise
            if facts["state"] != "done":
                facts |= {"cost": -1, "bound": -1}  # there is no roster that costs so much
            await self._store.keep(job, owner, facts, over=True)
            await self._store.clear(job)
            log.info("plan_job_over", state=facts["state"], error=facts.get("error", ""))
        except (NotOurs, RedisError, OSError) as error:
            # Nobody can be told. Its lease lapses, and whoever comes next goes on with it.
            log.warning("plan_job_lost", error=type(error).__name__)
            return False
        return True

    async def _done(self, job: str, owner: str, took: str) -> Facts:
        """Return how the job ends."""
        order = await self._store.order(job)
        if order is None or took == "lost":
            return await self._cut_off(job, owner, order, {"state": "failed", "error": "plan_lost"})
        if took == "stopped":
            return await self._cut_off(job, owner, order, {"state": "ended", "error": "plan_ended"})
        best = await self._store.best(job)
        work = order.work if best is None else msgspec.structs.replace(order.work, begun=best.duties)
        try:
            async with asyncio.timeout(work.seconds + SLACK_S):
                said = await self._until_said(job, owner, work, best)
            return await self._outcome(job, owner, said, order)
        except (ServiceError, TimeoutError) as error:
            if isinstance(error, NotOurs):
                raise
            code = error.code if isinstance(error, ServiceError) else PlanFailed.code
            return await self._cut_off(job, owner, order, {"state": "failed", "error": code})

    async def _until_said(self, job: str, owner: str, work: MakeRoster, kept: RosterDocument | None) -> Said:
        """Return how the work ended. Its lease is renewed at every beat; the process is told when it is to end.

        `kept` was found before. The first that this process finds can cost more, and never takes its place.
        """
        async with self._run(work) as process:
            latest, best = Progress(phase="forecast"), None
            while True:
                if await self._store.keep(job, owner, _facts(latest, kept)):
                    process.stop()
                if best is not None and (kept is None or best.cost < kept.cost):
                    await self._store.keep_best(job, best)
                    kept = best
                best = None
                with suppress(TimeoutError):
                    async with asyncio.timeout(BEAT_S):
                        while True:
                            said = await process.said()
                            if said.best is not None:
                                best = said.best
                            elif said.progress is not None:
                                latest = said.progress
                            else:
                                return said

    async def _outcome(self, job: str, owner: str, said: Said, order: Order) -> Facts:
        """Return how the job ends; ended soon after it went on here, what was found before may be the better roster."""
        if said.trouble is not None:
            code, words = said.trouble.code, said.trouble.words
            if code == "plan_ended":
                return await self._cut_off(job, owner, order, {"state": "ended", "error": code, "words": words})
            return {"state": "failed", "error": code, "words": words}
        if said.roster is None:
            raise PlanFailed
        best = await self._store.best(job)
        if best is not None and best.cost < said.roster.cost:
            return await self._cut_off(job, owner, order, {})
        return await self._draft(job, owner, said.roster, order)

    async def _cut_off(self, job: str, owner: str, order: Order | None, otherwise: Facts) -> Facts:
        """Return the best found as the job's draft, or how it ends when there is none."""
        best = None if order is None else await self._store.best(job)
        if order is None or best is None:
            return otherwise
        return await self._draft(job, owner, msgspec.structs.replace(best, notes=(CUT_OFF, *best.notes)), order)

    async def _draft(self, job: str, owner: str, document: RosterDocument, order: Order) -> Facts:
        """Keep a made roster as a draft; what stood in its days may be replaced by publishing it.

        Raises:
            NotOurs: whoever made it has slept so long that another process has the job: its roster counts.
        """
        await self._store.keep(job, owner, {})
        text = msgspec.json.encode(document).decode()
        first_day = document.first_day.isoformat()
        draft = await self._book.begin(first_day, document.days, text, list(order.base), by=order.by)
        return {"state": "done", "draft": draft, "cost": document.cost, "bound": document.bound}

    async def _give_back(self, job: str, owner: str) -> None:
        with suppress(TimeoutError, NotOurs, RedisError, OSError):
            async with asyncio.timeout(RELEASE_S):
                await self._store.keep(job, owner, {}, over=True)


def _facts(progress: Progress, kept: RosterDocument | None) -> dict[str, Any]:
    """Say what would be kept if the work ended now; what a lost process had found and not handed out is gone."""
    cost, bound = progress.cost, progress.bound
    if kept is not None:
        cost = min(cost, kept.cost) if cost >= 0 else kept.cost
        bound = max(bound, kept.bound)
    return {"phase": progress.phase, "done": progress.done, "of": progress.of, "cost": cost, "bound": bound}
