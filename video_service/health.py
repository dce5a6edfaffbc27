"""The health check of one part, run beside it: what a container's engine asks again and again."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import ClassVar

from redis.exceptions import RedisError

from video_service import plan_queue, redis_client
from video_service.errors import ServiceError
from video_service.probes import any_certificate, http_get
from video_service.settings import Settings

TIMEOUT_S = 3.0


class UnknownPart(ServiceError):
    """There is a health check for web, for media and for plan-worker."""

    code: ClassVar[str] = "unknown_part"


async def check(settings: Settings, part: str) -> int:
    """Return 0 when the part can serve, else 1.

    A web node can when /readyz says so. A media worker can when it takes connections for orders at `media_listen`.
    A planning worker can when one of this machine has been heard of in the store within its time-out.

    Raises:
        UnknownPart: there is no such part.
    """
    if part == "web":
        status, _ = await http_get(settings.host, settings.port, "/readyz", tls=bool(settings.tls_cert))
        return 0 if status == 200 else 1
    if part == "media":
        return 0 if await _takes_orders(settings.media_listen) else 1
    if part == "plan-worker":
        return 0 if await _is_heard_of(settings) else 1
    raise UnknownPart


async def _is_heard_of(settings: Settings) -> bool:
    redis = redis_client.hot(settings.redis_url, timeout_s=TIMEOUT_S)
    try:
        return await plan_queue.anybody_here(redis, settings.pool)
    except (RedisError, OSError):
        return False
    finally:
        await redis.aclose()


async def _takes_orders(listen: str) -> bool:
    host, _, port = listen.rpartition(":")
    host = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, int(port), ssl=any_certificate())
    except (OSError, TimeoutError, ValueError, ssl.SSLError):
        return False
    writer.close()
    with contextlib.suppress(OSError, ssl.SSLError):
        await writer.wait_closed()
    return True
