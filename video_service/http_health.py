"""What load balancers and the supervisor ask: does the process live, and can it serve. And what Prometheus reads."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from collections.abc import Sequence

from quart import Blueprint, Response, abort, current_app, jsonify, request
from redis.asyncio import Redis
from redis.exceptions import RedisError

from video_service import metrics
from video_service.errors import ServiceError
from video_service.media_plane import WorkerStatus
from video_service.services import ANYBODY, CallStore, services

TIMEOUT_S = 1.0
OK = "ok"
METRICS_TOKEN = "METRICS_TOKEN"
"""Where the application's configuration has the token that opens /metrics to whoever is not on this machine."""
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")

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


@health.get("/metrics")
async def measured() -> Response:
    """Tell Prometheus how the service does. To anybody but this machine and holders of the token it is not there."""
    if not _may_measure():
        abort(404)
    opened = services()
    async with asyncio.timeout(TIMEOUT_S):
        pool = await opened.store.pool_counts()
    target_s = opened.day.service_level_target_s
    families = metrics.node_families(pool, opened.hub.sockets_by_role(), opened.plane.workers(), target_s)
    return Response(metrics.text_of(metrics.Families(families), metrics.process), content_type=metrics.CONTENT_TYPE)


def _may_measure() -> bool:
    token: str = current_app.config.get(METRICS_TOKEN, "")
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    # What a proxy on this machine passes on comes from elsewhere.
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


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
