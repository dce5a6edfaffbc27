"""Planning jobs on workers of their own, by streaq: who waits for one, who has it, who takes over from a lost one.

streaq carries a job's name and nothing else. What the job is made from, how far it is and the best found stand in
`plan_store`, whose lease says who has it: a name that comes twice is done once.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
from typing import TYPE_CHECKING, Any, ClassVar, Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from video_service import redis_client
from video_service.clock import SystemClock
from video_service.errors import ServiceError
from video_service.plan_runner import PlanRunner
from video_service.plan_store import LEASE_MS, PlanStore
from video_service.roster_store import RosterBook
from video_service.settings import Settings
from video_service.tasks import cancel_and_wait

if TYPE_CHECKING:
    from streaq import Worker

log = structlog.get_logger(__name__)

IDLE_S: Final = LEASE_MS / 1000
TASK: Final = "roster"
SEND_S: Final = 5.0
HEARD_MS: Final = 3 * LEASE_MS
AGAIN_S: Final = 5
"""So long a worker waits before it looks again at a job that another one has, or for a store that was away."""


class NoWorkers(ServiceError):
    """The package streaq is not installed; the extra `workers` brings it."""

    code: ClassVar[str] = "no_workers"


def stream_of(pool: str) -> str:
    """Return the name of streaq's queue of a pool: its keys lie on the server of the pool's own."""
    return f"{{{pool}}}:plan"


def _worker(url: str, pool: str, *, idle_s: float = IDLE_S, signals: bool = False) -> Worker[None]:
    """Return a streaq worker of the pool's planning jobs, or what sends to them.

    Raises:
        NoWorkers: there is no streaq here.
        BadStoreAddress: `url` cannot be read.
    """
    try:
        from streaq import Worker
    except ModuleNotFoundError as error:
        raise NoWorkers from error
    where: dict[str, Any] = {"redis_url": url}
    if (sentinels := redis_client.sentinels_of(url)) is not None:
        where = {
            "sentinel_nodes": list(sentinels.hosts),
            "sentinel_master": sentinels.service,
            "sentinel_kwargs": {"password": sentinels.own_password},
            "redis_kwargs": {"username": sentinels.user, "password": sentinels.password, "db": sentinels.database},
        }
    return Worker(
        **where,
        queue_name=stream_of(pool),
        concurrency=1,  # a roster takes all cores
        serializer=_packed,
        deserializer=json.loads,
        idle_timeout=idle_s,
        handle_signals=signals,
        id=f"{socket.gethostname()}-{os.getpid()}",
    )


async def anybody_here(redis: Redis, pool: str) -> bool:
    """Return whether a worker of this machine, or of this container, has asked for work of late."""
    try:
        known = await redis.xinfo_consumers(f"streaq:{stream_of(pool)}:queues:normal", "workers")
    except ResponseError:  # there has never been a worker
        return False
    own = f"{socket.gethostname()}-"
    return any(one["name"].startswith(own) and one["idle"] < HEARD_MS for one in known)


def _packed(facts: dict[str, Any]) -> str:
    return json.dumps(facts, default=str)  # an exception is kept as its words


class PlanSender:
    """Tells workers of jobs. Each time by a connection of its own: it is one a week."""

    def __init__(self, url: str, *, pool: str) -> None:
        self._url = url
        self._pool = pool

    async def __call__(self, job: str) -> None:
        """Say that a job waits; twice is once. A store that is away hears of it when somebody next looks at the job.

        Raises:
            NoWorkers: there is no streaq here.
        """
        sender = _worker(self._url, self._pool)
        try:
            async with asyncio.timeout(SEND_S), sender:
                task = sender.enqueue_unsafe(TASK, job)
                task.id = job
                await task
        except Exception as error:  # noqa: BLE001 - streaq's client raises what its own library has, groups of it too
            log.warning("plan_job_not_sent", error=type(error).__name__)


async def serve(settings: Settings, *, idle_s: float = IDLE_S) -> None:
    """Do planning jobs until SIGTERM or SIGINT; the job at hand is then given back.

    `idle_s`: a worker that is silent for so long has lost its job. A store that is away is asked for again.

    Raises:
        NoWorkers: there is no streaq here.
    """
    logging.getLogger("streaq").setLevel(logging.WARNING)
    redis = redis_client.hot(settings.redis_url)
    book = RosterBook(redis, pool=settings.pool, clock=SystemClock(), retention_days=settings.record_retention_days)
    runner = PlanRunner(PlanStore(redis, pool=settings.pool, lease_ms=round(idle_s * 1000)), book)
    try:
        while True:
            worker = _worker(settings.redis_url, settings.pool, idle_s=idle_s, signals=True)
            _teach(worker, runner)
            try:
                log.info("plan_worker_started")
                await worker.run_async()
            except Exception as error:  # noqa: BLE001 - streaq's client raises what its own library has, and groups
                log.warning("plan_worker_lost_store", error=type(error).__name__)
                await asyncio.sleep(AGAIN_S)
            else:
                return
    finally:
        await redis.aclose()


def _teach(worker: Worker[None], runner: PlanRunner) -> None:
    """Let a worker do planning jobs, however often one has to be tried: the job itself counts that."""
    from anyio import CancelScope
    from streaq import StreaqRetry

    @worker.task(name=TASK, max_tries=None, timeout=None, ttl=0, silent=True)
    async def roster(job: str) -> None:
        # A task of its own: streaq's cancellation comes again at each wait, and a job has to be given back.
        doing = asyncio.create_task(runner.do(job), name=f"plan {job}")
        try:
            done = await asyncio.shield(doing)
        finally:
            with CancelScope(shield=True):
                await cancel_and_wait([doing])
        if not done:
            raise StreaqRetry(delay=AGAIN_S)
