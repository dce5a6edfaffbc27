"""Planning jobs as Redis knows them: one at a time in a pool, begun once for the same input, held by a lease.

Whoever runs a job renews its lease; a job whose lease has lapsed has lost its process, and any node may begin it anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import msgspec
from redis.asyncio import Redis

from video_service.errors import ServiceError
from video_service.keys import SCHEMA_VERSION, Keys, readable
from video_service.redis_client import text_of

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

    `state`: running, done, ended (stopped before there was anything to keep), failed (`error`: a code, `words`: a
    sentence). `cancel`: 1 when somebody asked it to end. `cost` of the best found so far, none costs less than `bound`;
    -1 where not known. `limit_s`: how long it searches.
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


class PlanStore:
    """The jobs of one pool."""

    def __init__(self, redis: Redis, *, pool: str) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._begin = redis.register_script((_SCRIPTS / "plan_begin.lua").read_text(encoding="utf-8"))
        self._keep = redis.register_script((_SCRIPTS / "plan_keep.lua").read_text(encoding="utf-8"))

    async def begin(self, job: str, owner: str, facts: dict[str, str | int | float]) -> bool:
        """Begin a job and return True; False when it runs already, has its result, or was lost too often.

        Raises:
            PlanBusy: another one runs.
        """
        words = [word for pair in {"v": SCHEMA_VERSION, **facts}.items() for word in pair]
        said: list[Any] = await self._begin(
            keys=[self._keys.plan_job(job), self._keys.plan_running, self._keys.plan_last],
            args=[job, owner, LEASE_MS, KEPT_MS, MOST_ATTEMPTS, *words],
        )
        what = text_of(said[0])
        if what == "running":
            raise PlanBusy
        return what == "started"

    async def keep(self, job: str, owner: str, facts: dict[str, str | int | float], *, over: bool = False) -> bool:
        """Renew the lease, or with `over` give it up; keep `facts`. Return whether somebody asked the job to end.

        Raises:
            NotOurs: the lease lapsed; nothing was kept.
        """
        words = [word for pair in facts.items() for word in pair]
        said = int(
            await self._keep(
                keys=[self._keys.plan_job(job), self._keys.plan_running],
                args=[job, owner, 0 if over else LEASE_MS, *words],
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
        """Return whether some process works on a job now."""
        return bool(await self._redis.exists(self._keys.plan_running))
