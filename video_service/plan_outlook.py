"""What would be: the coming days reckoned with other calls, lengths, goals or people, kept by their input."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Annotated

import msgspec
import structlog
from msgspec import Meta
from redis.asyncio import Redis
from redis.exceptions import RedisError

from video_service.errors import ServiceError
from video_service.keys import SCHEMA_VERSION, Keys
from video_service.plan_input import PlanInput
from video_service.plan_pool_input import PoolInput, PoolWish
from video_service.plan_process import NoPlanner, PlanFailed, PlanProcess, available, planning
from video_service.plan_work import AheadSaid, LookAhead, LookAtPool, PoolSaid, Said, Work, digest
from video_service.queue_names import MAIN, QueueName
from video_service.redis_client import raw
from video_service.tasks import cancel_and_wait

log = structlog.get_logger(__name__)

KEPT_MS = 3_600_000
TROUBLE_KEPT_MS = 60_000
TURN_MS = 130_000
LIMIT_S = 120.0
MOST_BYTES = 4_000_000
Runner = Callable[[Work], AbstractAsyncContextManager[PlanProcess]]


class OutlookWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Body of POST /api/plan/outlook: of which queue, and what would be otherwise; as `LookAhead`."""

    queue: QueueName = MAIN
    days: Annotated[int, Meta(ge=7, le=28)] = 14
    calls_factor: Annotated[float, Meta(ge=0.25, le=4)] = 1.0
    length_factor: Annotated[float, Meta(ge=0.25, le=4)] = 1.0
    share: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    people: Annotated[int, Meta(ge=0, le=200)] = 0


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it, of the queues together in `pool`; `trouble`: a code where nothing could."""

    v: int = SCHEMA_VERSION
    said: AheadSaid | None = None
    pool: PoolSaid | None = None
    trouble: str = ""


class Outlooks:
    """Outlooks of one pool, as one web node sees them: one is reckoned at a time. `close` ends it."""

    def __init__(self, redis: Redis, source: PlanInput, pools: PoolInput, *, pool: str, run: Runner = planning) -> None:
        self._redis = redis
        self._source = source
        self._pools = pools
        self._keys = Keys(pool)
        self._run = run
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """End what is reckoned. May be called twice."""
        await cancel_and_wait(list(self._tasks))

    async def look(self, wish: OutlookWish) -> Outlook | None:
        """Return the outlook with this wish; None while it, or another one before it, is reckoned: ask again.

        Raises:
            NoPlanner: this node cannot.
            BadRoster, NobodyAble: as `PlanInput.basis`.
        """
        work = LookAhead(
            basis=await self._source.basis(queue=wish.queue),
            first_day=self._source.today() + timedelta(days=1),
            days=wish.days,
            calls_factor=wish.calls_factor,
            length_factor=wish.length_factor,
            share=wish.share,
            people=wish.people,
        )
        return await self._kept(work)

    async def pooled(self, wish: PoolWish) -> Outlook | None:
        """Return what the queues come to apart and pooled; as `look`.

        Raises:
            NoPlanner: this node cannot.
            UnknownRoster, BadRoster, NobodyAble: as `PoolInput.work`.
        """
        return await self._kept(await self._pools.work(wish))

    async def _kept(self, work: LookAhead | LookAtPool) -> Outlook | None:
        key = self._keys.plan_outlook(digest(work))
        packed = await raw(self._redis, "GET", key)
        if packed is not None:
            return msgspec.json.decode(zlib.decompressobj().decompress(packed, MOST_BYTES), type=Outlook)
        if not available():
            raise NoPlanner
        if await self._redis.set(self._keys.outlook_turn, "1", nx=True, px=TURN_MS):
            task = asyncio.create_task(self._reckon(key, work), name="outlook")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return None

    async def _reckon(self, key: str, work: LookAhead | LookAtPool) -> None:
        try:
            try:
                async with asyncio.timeout(LIMIT_S):
                    said = await self._said(work)
            except TimeoutError:
                said = Said()
            good = said.ahead is not None or said.pool is not None
            code = "" if good else said.trouble.code if said.trouble is not None else PlanFailed.code
            text = zlib.compress(msgspec.json.encode(Outlook(said=said.ahead, pool=said.pool, trouble=code)))
            await self._redis.set(key, text, px=KEPT_MS if good else TROUBLE_KEPT_MS)
        except (ServiceError, RedisError, OSError) as error:
            log.info("outlook_not_reckoned", error=type(error).__name__)
        finally:
            await self._redis.delete(self._keys.outlook_turn)

    async def _said(self, work: Work) -> Said:
        async with self._run(work) as process:
            while True:
                said = await process.said()
                if said.progress is None:
                    return said
