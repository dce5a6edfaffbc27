"""Which media workers there are: each writes its own lease into Redis and renews it; a lease that ends is forgotten.

Key `{pool}:media_workers`: sorted set, member = lease as JSON, score = end of the lease in milliseconds of Redis's own
time. Written by workers, read by web nodes.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
from redis.asyncio import Redis

LEASE_MS = 3000
RENEW_S = 1.0
COMMAND_TIMEOUT_S = 2.0

_SCRIPTS = Path(__file__).with_name("scripts")


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """Where a worker can be reached: "unix:/path" on this machine, or "tls:host:port". `worker` names the instance."""

    v: int = 1
    worker: str
    address: str


class Registry:
    """The leases of one pool."""

    def __init__(self, redis: Redis, pool: str) -> None:
        self._key = f"{{{pool}}}:media_workers"
        self._redis = redis
        self._renew = redis.register_script((_SCRIPTS / "renew_lease.lua").read_text(encoding="utf-8"))
        self._live = redis.register_script((_SCRIPTS / "live_leases.lua").read_text(encoding="utf-8"))

    async def renew(self, lease: Lease, *, lease_ms: int = LEASE_MS) -> None:
        """Write the lease, or lengthen it.

        Raises:
            redis.RedisError, TimeoutError: it could not be written; the next time may do.
        """
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            await self._renew(keys=[self._key], args=[msgspec.json.encode(lease), lease_ms])

    async def leave(self, lease: Lease) -> None:
        """Take the lease back.

        Raises:
            redis.RedisError, TimeoutError: it could not be taken back; it ends by itself.
        """
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            await self._redis.zrem(self._key, msgspec.json.encode(lease))

    async def live(self) -> list[Lease]:
        """Return the leases that have not ended. One that this version cannot read is left out.

        Raises:
            redis.RedisError, TimeoutError: they could not be read.
        """
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            members = await self._live(keys=[self._key])
        found = []
        for member in members:
            try:
                lease = msgspec.json.decode(member, type=Lease)
            except msgspec.DecodeError:
                continue
            if lease.v == 1:
                found.append(lease)
        return found
