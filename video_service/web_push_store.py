"""Which browsers are told that there is news: those of customers who chose it, for a week, sealed."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol

import structlog
from redis.asyncio import Redis

from video_service.cipher import Cipher
from video_service.clock import Clock
from video_service.errors import ServiceError
from video_service.keys import SCHEMA_VERSION, Keys
from video_service.rate_limit import Limit, RateLimits, TooMany
from video_service.redis_client import text_of
from video_service.web_push import GONE, Sender, address_of, push

log = structlog.get_logger(__name__)

KEPT_S: Final = 7 * 86_400
TOLD_MS: Final = 3 * 86_400_000
MOST_TRIES: Final = 5
AGAIN_MS: Final = 60_000
"""So long after the first failed try comes the next; each later wait is twice the one before."""
SEND_TIMEOUT_S: Final = 10.0
AT_ONCE: Final = 8
BY_CUSTOMER: Final = Limit(name="push", burst=12, window_s=3_600.0)
BY_HOST: Final = Limit(name="push_host", burst=600, window_s=60.0)
_SCRIPTS: Final = Path(__file__).parent / "scripts"


class NoPush(ServiceError):
    """This service sends no push messages."""

    code: ClassVar[str] = "no_push"


class News(Protocol):
    """Something that a customer wants to know."""

    @property
    def kind(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def customer(self) -> str: ...


class WebPush:
    """The browsers of one pool. Without a `sender` nothing is taken and nothing connects."""

    def __init__(
        self,
        redis: Redis,
        *,
        pool: str,
        cipher: Cipher,
        clock: Clock,
        rates: RateLimits,
        sender: Sender | None,
    ) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._cipher = cipher
        self._clock = clock
        self._rates = rates
        self._sender = sender
        self._trust: ssl.SSLContext | None = None
        self._take, self._delete_if = (
            redis.register_script((_SCRIPTS / f"{name}.lua").read_text(encoding="utf-8"))
            for name in ("push_take", "delete_if")
        )

    @property
    def public(self) -> str:
        """The key that a browser subscribes with, "" where none is sent."""
        return self._sender.public if self._sender else ""

    async def subscribe(self, customer: str, address: str) -> None:
        """Tell this browser from now on, for a week; the customer's last browser counts.

        Raises:
            NoPush, BadPushAddress: it cannot be told.
        """
        if self._sender is None:
            raise NoPush
        address_of(address, self._sender.hosts)
        await self._redis.set(self._keys.push_of(customer), self._cipher.seal(address), ex=KEPT_S)

    async def forget(self, customer: str) -> int:
        """Tell this customer's browser no more; return how many there were."""
        return int(await self._redis.delete(self._keys.push_of(customer)))

    async def export_of(self, customer: str) -> tuple[dict[str, Any], ...]:
        """Return the address that is kept of a customer's browser.

        Raises:
            Unreadable: a data key is missing.
        """
        sealed = await self._redis.get(self._keys.push_of(customer))
        return () if sealed is None else ({"address": self._cipher.open_once(text_of(sealed))},)

    async def shown_to(self, customer: str) -> dict[str, str] | None:
        """Return what a page needs: the key, and which browser is told, as a digest of its address; None where off."""
        if self._sender is None:
            return None
        try:
            told = [digest(each["address"]) for each in await self.export_of(customer)] if customer else []
        except ServiceError:
            told = []  # sealed with a key that is gone: nobody is told by it
        return {"key": self._sender.public, "told": told[0] if told else ""}

    async def tell_all(self, news: Iterable[News]) -> None:
        """Tell everybody whom it concerns, `AT_ONCE` at a time, each thing once."""
        room = asyncio.Semaphore(AT_ONCE)

        async def one(each: News) -> None:
            async with room:
                await self.tell(each.kind, each.subject, each.customer)

        async with asyncio.TaskGroup() as group:
            for each in news:
                group.create_task(one(each))

    async def tell(self, kind: str, subject: str, customer: str) -> bool:
        """Tell a customer's browser that there is news, once for each event; return whether it was told now.

        What could not be told is tried again, `MOST_TRIES` times in all, as long as it is news. Who is gone is
        forgotten.
        """
        if self._sender is None:
            return False
        sealed = await self._redis.get(self._keys.push_of(customer))
        if sealed is None:
            return False
        mark = self._keys.push_told(hashlib.sha256(f"{kind}|{subject}|{customer}".encode()).hexdigest()[:32])
        numbers = [self._clock.now_ms(), MOST_TRIES, AGAIN_MS, TOLD_MS, SCHEMA_VERSION]
        if not int(await self._take(keys=[mark], args=numbers)):
            return False
        try:
            status = await self._send(self._sender, self._cipher.open_once(text_of(sealed)), customer)
        except TooMany:
            log.info("push_held_back")
            return False
        except (OSError, TimeoutError, ValueError, ServiceError) as error:
            log.info("push_failed", error=type(error).__name__)
            return False
        if status in GONE:
            # What is gone, not an address that the customer has given since.
            await self._delete_if(keys=[self._keys.push_of(customer)], args=[sealed])
        if not 200 <= status < 300:
            log.info("push_refused", status=status)
            return False
        await self._redis.hset(mark, "tries", str(MOST_TRIES))
        return True

    async def _send(self, sender: Sender, url: str, customer: str) -> int:
        address = address_of(url, sender.hosts)
        await self._rates.take((BY_CUSTOMER, customer), (BY_HOST, address.origin))
        if self._trust is None:  # reading a system's certificates takes a while
            self._trust = await asyncio.to_thread(ssl.create_default_context)
        now_s = self._clock.now_ms() // 1_000
        return await push(sender, address, now_s=now_s, timeout_s=SEND_TIMEOUT_S, trust=self._trust)


def digest(address: str) -> str:
    """Return what tells one browser's address from another's without saying it."""
    return hashlib.sha256(address.encode()).hexdigest()[:16]
