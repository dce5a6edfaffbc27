"""Planning jobs as Redis knows them: one at a time in a pool, begun once for the same input, held by a lease.

Whoever runs a job renews its lease and keeps what it is made from and the best it has found; a job whose lease has
lapsed has lost its process, and the next one goes on from there.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import msgspec
from redis.asyncio import Redis

from scheduler.roster_file import RosterDocument
from video_service import redis_client
from video_service.errors import ServiceError
from video_service.keys import SCHEMA_VERSION, Keys, readable
from video_service.plan_work import MakeRoster
from video_service.redis_client import text_of

T = TypeVar("T", bound=msgspec.Struct)

LEASE_MS = 30_000
KEPT_MS = 7 * 86_400_000
MOST_ATTEMPTS = 3
_SCRIPTS = Path(__file__).parent / "scripts"


class PlanBusy(ServiceError):
    """Another roster is being made: wait for it, or stop it."""

    code: ClassVar[str] = "plan_busy"
    retryable: ClassVar[bool] = True


class NotOurs(ServiceError):
    """This job belongs to another process meanwhile."""

    code: ClassVar[str] = "plan_not_ours"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it stands. `wish`: what was asked for, as JSON; `draft`: the roster that came of it.

    `state`: running (`phase` "queue": no process has it yet), done, ended (stopped before there was anything to keep),
    failed (`error`: a code, `words`: a sentence). `cancel`: 1 when somebody asked it to end. `cost` of the best found
    so far, none costs less than `bound`; -1 where not known. `limit_s`: how long it searches.
    """

    job: str
    state: str
    kind: str = ""
    wish: str = "{}"
    by: str = ""
    attempts: int = 1
    started_ms: int = 0
    changed_ms: int = 0
    limit_s: float = 0
    phase: str = ""
    done: int = 0
    of: int = 0
    cost: int = -1
    bound: float = -1
    cancel: int = 0
    draft: str = ""
    error: str = ""
    words: str = ""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a process needs to make a roster. `base`: the shifts, by id, that it may replace; `by`: an account's id."""

    work: MakeRoster
    base: tuple[str, ...]
    by: str


class PlanStore:
    """The jobs of one pool. `lease_ms`: a process that is silent for so long has lost its job."""

    def __init__(self, redis: Redis, *, pool: str, lease_ms: int | None = None) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._lease_ms = LEASE_MS if lease_ms is None else lease_ms
        self._begin, self._take, self._keep = (
            redis.register_script((_SCRIPTS / f"plan_{name}.lua").read_text(encoding="utf-8"))
            for name in ("begin", "take", "keep")
        )

    async def begin(self, job: str, facts: dict[str, str | int | float]) -> bool:
        """Write down that a job is wanted and return True; False when it runs already or has its result.

        Raises:
            PlanBusy: another one runs.
        """
        words = [word for pair in {"v": SCHEMA_VERSION, **facts}.items() for word in pair]
        said: list[Any] = await self._begin(
            keys=[self._keys.plan_job(job), self._keys.plan_running, self._keys.plan_last],
            args=[job, self._lease_ms, KEPT_MS, *words],
        )
        what = text_of(said[0])
        if what == "running":
            raise PlanBusy
        return what == "started"

    async def renew(self, job: str) -> bool:
        """Write down that a job which lost its process is wanted still; False when somebody has it or another runs."""
        return bool(await self._redis.set(self._keys.plan_running, f"{job} -", nx=True, px=self._lease_ms))

    async def take(self, job: str, owner: str) -> str:
        """Give a job to a process: "taken", "stopped", "lost", "busy" or "over", as plan_take.lua says."""
        keys = [self._keys.plan_job(job), self._keys.plan_running]
        return text_of(await self._take(keys=keys, args=[job, owner, self._lease_ms, MOST_ATTEMPTS]))

    async def order(self, job: str) -> Order | None:
        """Return what a job is made from, None when it is over."""
        return await self._packed(self._keys.plan_work(job), Order)

    async def keep_order(self, job: str, order: Order) -> None:
        """Keep what a job is made from, until it is over."""
        await self._pack(self._keys.plan_work(job), order)

    async def best(self, job: str) -> RosterDocument | None:
        """Return the best roster that a job has found, None for none yet."""
        return await self._packed(self._keys.plan_best(job), RosterDocument)

    async def keep_best(self, job: str, found: RosterDocument) -> None:
        """Keep the best roster that a job has found, until it is over: whoever takes it next begins there."""
        await self._pack(self._keys.plan_best(job), found)

    async def clear(self, job: str) -> None:
        """Delete what only a running job needs."""
        await self._redis.delete(self._keys.plan_work(job), self._keys.plan_best(job))

    async def keep(self, job: str, owner: str, facts: dict[str, str | int | float], *, over: bool = False) -> bool:
        """Renew the lease, or with `over` give it up; keep `facts`. Return whether somebody asked the job to end.

        Given up without a state, the job waits for another process.

        Raises:
            NotOurs: the lease lapsed; nothing was kept.
        """
        words = [word for pair in facts.items() for word in pair]
        said = int(
            await self._keep(
                keys=[self._keys.plan_job(job), self._keys.plan_running],
                args=[job, owner, 0 if over else self._lease_ms, *words],
            )
        )
        if said < 0:
            raise NotOurs
        return said > 0

    async def cancel(self, job: str) -> None:
        """Ask a job to end with the best it has; no error when it is over or gone."""
        if await self._redis.hget(self._keys.plan_job(job), "state") is not None:
            await self._redis.hset(self._keys.plan_job(job), "cancel", "1")

    async def forget(self, job: str) -> None:
        """Forget what came of a job, so that the same input is work again."""
        await self._redis.delete(self._keys.plan_job(job))

    async def get(self, job: str) -> Job | None:
        """Return a job, None when there is none or its time has passed."""
        flat = await self._redis.hgetall(self._keys.plan_job(job))
        row = {text_of(name): text_of(value) for name, value in flat.items()}
        # A cancel that came when the job was gone leaves a row without a state.
        if not readable(int(row.get("v", "-1"))) or "state" not in row:
            return None
        return msgspec.convert(row, type=Job, strict=False)

    async def last(self) -> Job | None:
        """Return the job that was begun or asked for last."""
        name = await self._redis.get(self._keys.plan_last)
        return None if name is None else await self.get(text_of(name))

    async def held(self) -> bool:
        """Return whether some process works on a job now, or is awaited."""
        return bool(await self._redis.exists(self._keys.plan_running))

    async def awaited(self, job: str) -> bool:
        """Return whether a job waits for a process."""
        running = await self._redis.get(self._keys.plan_running)
        return running is not None and text_of(running) == f"{job} -"

    async def _pack(self, key: str, what: msgspec.Struct) -> None:
        await self._redis.set(key, zlib.compress(msgspec.json.encode(what)), px=KEPT_MS)

    async def _packed(self, key: str, kind: type[T]) -> T | None:
        packed = await redis_client.raw(self._redis, "GET", key)
        return None if packed is None else msgspec.json.decode(zlib.decompress(packed), type=kind)
