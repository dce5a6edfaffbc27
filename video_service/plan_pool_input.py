"""Reads what the queues of a service are played out from, apart and pooled: their past, the roster, who can serve what.

It computes nothing, and a web node without the planning libraries can load it.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from scheduler.errors import BadRoster
from scheduler.roster_file import Duty, read_document
from video_service.plan_input import NobodyAble, PlanInput
from video_service.plan_work import Basis, LookAtPool
from video_service.queues_store import QueueBook
from video_service.roster_desk import RosterDesk


class PoolWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Body of POST /api/plan/pool: how many of the coming days; `draft`: the roster to play, "" for what stands."""

    days: Annotated[int, Meta(ge=1, le=28)] = 14
    draft: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]*\Z")] = ""


class PoolInput:
    """What several queues are played out from, of one pool."""

    def __init__(self, source: PlanInput, desk: RosterDesk, queues: QueueBook) -> None:
        self._source = source
        self._desk = desk
        self._queues = queues

    async def work(self, wish: PoolWish) -> LookAtPool:
        """Return the queues to be played with this wish.

        Raises:
            UnknownRoster: there is no such draft.
            BadRoster: its days are over, or the team's rules cannot be read.
            NobodyAble: nobody can serve any of the queues.
        """
        first, days, duties = await self._roster(wish)
        bases: list[Basis] = []
        left_out: dict[str, str] = {}
        serves: dict[str, tuple[int, ...]] = {}
        names = sorted((await self._desk.names()).values())
        for queue in await self._queues.all():
            try:
                basis = await self._source.basis(queue=queue)
            except NobodyAble as error:
                left_out[queue] = error.code
                continue
            able = await self._source.able(queue)
            for name in names if able is None else able.values():
                serves[name] = (*serves.get(name, ()), len(bases))
            bases.append(basis)
        if not bases:
            raise NobodyAble
        return LookAtPool(
            bases=tuple(bases), first_day=first, days=days, duties=duties, serves=serves, left_out=left_out
        )

    async def _roster(self, wish: PoolWish) -> tuple[date, int, tuple[Duty, ...]]:
        """Return the first day to play, how many, and the duties of the night before and of these days."""
        tomorrow = self._source.today() + timedelta(days=1)
        if not wish.draft:
            eve = tomorrow - timedelta(days=1)
            standing = await self._desk.standing(eve, wish.days + 1)
            duties = self._desk.duties_of(standing, await self._desk.names(), await self._desk.rules())
            there = any(duty.day >= tomorrow for duty in duties)
            return tomorrow, wish.days, tuple(duties) if there else ()
        document = read_document((await self._desk.book.draft(wish.draft)).document)
        first = max(document.first_day, tomorrow)
        days = min(wish.days, (document.first_day - first).days + document.days)
        if days < 1:
            raise BadRoster("The days of this roster are over: only days to come can be played.")
        return first, days, document.duties
