"""What load balancers and the supervisor ask: does the process live, and can it serve."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from quart import Blueprint, Response, jsonify
from redis.asyncio import Redis
from redis.exceptions import RedisError

from video_service.errors import ServiceError
from video_service.media_plane import WorkerStatus
from video_service.services import ANYBODY, CallStore, services

TIMEOUT_S = 1.0
OK = "ok"

health = Blueprint("health", __name__)


@health.get("/healthz")
async def alive() -> Response:
    """Answer, which is all that a living process has to do."""
    return jsonify({"alive": True})


@health.get("/readyz")
async def ready() -> tuple[Response, int]:
    """Say which part is not ready.

    Media workers are told of (`media_word`) and do not count: they belong to every node, and without them people can
    still wait.
    """
    opened = services()
    store, scripts = await asyncio.gather(_store(opened.redis), _scripts(opened.store))
    media = media_word(opened.plane.workers())
    whole = store == scripts == OK
    answer = {"ready": whole, "parts": {"store": store, "scripts": scripts, "media": media}}
    return jsonify(answer), 200 if whole else 503


def media_word(workers: Sequence[WorkerStatus]) -> str:
    """Say whether there are media workers, and how far the busiest of them has stepped down (docs/how-to/load.md)."""
    if not workers:
        return "no_worker"
    step = max(worker.step for worker in workers)
    return f"load_step_{step}" if step else OK


async def _store(redis: Redis) -> str:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await redis.ping()
    except (RedisError, OSError, TimeoutError) as error:
        return type(error).__name__
    return OK


async def _scripts(store: CallStore) -> str:
    """Run one, and not only look for them: that is what the next call will do."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await store.customer_view(ANYBODY, alive=())
    except (ServiceError, RedisError, OSError, TimeoutError) as error:
        return error.code if isinstance(error, ServiceError) else type(error).__name__
    return OK
