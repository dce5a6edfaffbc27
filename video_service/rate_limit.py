"""How often somebody may do something, counted in Redis, so that any number of web nodes count as one.

The generic cell rate algorithm: one number for each limit and subject, the time at which what was asked so far would be
paid off. `burst` requests pass at once, and `burst` more for each `window_s` that goes by, evenly.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from redis.asyncio import Redis

from video_service.cipher import Cipher
from video_service.errors import ServiceError
from video_service.keys import Keys

_SCRIPT = Path(__file__).with_name("scripts") / "gcra.lua"


class TooMany(ServiceError):
    """Too many tries in a short time; wait a few minutes."""

    code: ClassVar[str] = "too_many"
    retryable: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class Limit:
    """How often each subject may. With `lockout_s`, whoever asks too often is refused for that long altogether."""

    name: str
    burst: int
    window_s: float
    lockout_s: float = 0.0


class RateLimits:
    """The limits of one pool.

    Subjects stand in the store as digests that only the data keys can make: addresses are few enough to be guessed from
    a plain one. With a new key everybody begins anew.
    """

    def __init__(self, redis: Redis, *, pool: str, cipher: Cipher) -> None:
        self._redis = redis
        self._cipher = cipher
        self._root = Keys(pool).root
        self._script = redis.register_script(_SCRIPT.read_text(encoding="utf-8"))

    async def take(self, *claims: tuple[Limit, str]) -> None:
        """Count one request against each limit for its subject: against all of them, or, when one refuses, none.

        Raises:
            TooMany: a limit is reached; `retry_after_s` says when it may pass.
        """
        numbers: list[str] = []
        for limit, _ in claims:
            interval_ms = limit.window_s * 1000 / limit.burst
            numbers += [f"{interval_ms:.3f}", str(limit.burst), f"{limit.lockout_s * 1000:.0f}"]
        wait_ms = int(await self._script(keys=[self._key(*claim) for claim in claims], args=numbers))
        if wait_ms > 0:
            raise TooMany(retry_after_s=-(-wait_ms // 1000))

    async def forget(self, *claims: tuple[Limit, str]) -> None:
        """Forget what these subjects have asked so far."""
        if claims:
            await self._redis.delete(*(self._key(*claim) for claim in claims))

    def _key(self, limit: Limit, subject: str) -> str:
        digest = self._cipher.digest(subject.encode("utf-8", "backslashreplace").decode())
        return f"{self._root}:limit:{limit.name}:{digest[:32]}"


def address_subject(address: str) -> str:
    """Return the part of an IP address that counts as one place: a whole IPv4 address, the first 64 bits of an IPv6.

    One household or phone gets at least a /64 and could otherwise count anew with each packet. Source: RFC 6177.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)
