"""What was promised to customers, as each of the three reads it, and the link by which a customer answers a call back.

A promise is part of its call's record; signalling's scripts keep it. The link holds 32 random bytes; the store holds
their digest, and behind it who the customer is, sealed. It works once, and no longer than the agent calls.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from typing import Any, ClassVar, Literal, Protocol

import msgspec
from redis.asyncio import Redis

from video_service.cipher import Cipher, Unreadable
from video_service.clock import Clock
from video_service.customers import Customer
from video_service.errors import ServiceError
from video_service.keys import Keys, readable
from video_service.rate_limit import Limit, RateLimits, address_subject
from video_service.redis_client import text_of
from video_service.webhook_outbox import Outbox, is_of_host

HOUR_S = 3_600.0
DAY_MS = 86_400_000
SHOWN_MS = 2 * DAY_MS  # so long a customer sees that a promise was kept
LOOKED_AT = 20
"""So many of a customer's latest calls are looked at for promises."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_TRIES_BY_ADDRESS = Limit(name="call_back_link", burst=60, window_s=HOUR_S)
_BY_CUSTOMER = Limit(name="promise", burst=60, window_s=HOUR_S)

Called = Literal["", "calling", "joined", "declined", "missed"]


class CallBackGone(ServiceError):
    """The call back is over, or this link was used: open the page, or wait for the next one."""

    code: ClassVar[str] = "call_back_gone"


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """A promise, by its call. Times in epoch milliseconds, 0 for did not happen.

    `called`, `called_ms`: what became of the owner's last calling back, and when that began; `owner`, `customer` ids.
    """

    call: str
    owner: str
    customer: str
    verified: bool = False
    queue: str = ""
    locale: str = ""
    sign_language: str = ""
    reason: str = ""
    joined_ms: int = 0
    due_ms: int = 0
    late_ms: int = 0
    urged_ms: int = 0
    done_ms: int = 0
    away: str = ""
    called: Called = ""
    called_ms: int = 0


class OpenMatter(msgspec.Struct, frozen=True, kw_only=True):
    """An urgent matter that is not solved, by its call; `due_ms`: by when it is to be."""

    call: str
    since_ms: int
    due_ms: int
    reason: str


class PromiseStore(Protocol):
    """Where promises are kept; `signaling.store.Store` is one."""

    async def call_back(self, owner: str, call: str, *, link: str = "", sealed: str = "") -> tuple[str, int]:
        """Call the customer of a promise; return who it is, and until when they may answer."""
        ...


class Promises:
    """The promises of one pool. Without an `outbox` the host application is told nothing, and no link is made."""

    def __init__(
        self,
        redis: Redis,
        store: PromiseStore,
        *,
        pool: str,
        cipher: Cipher,
        clock: Clock,
        rates: RateLimits,
        outbox: Outbox | None = None,
    ) -> None:
        self._redis = redis
        self._store = store
        self._keys = Keys(pool)
        self._cipher = cipher
        self._clock = clock
        self._rates = rates
        self._outbox = outbox

    async def of_owner(self, owner: str) -> list[Promise]:
        """Return an agent's open promises, what is due first at the head."""
        return await self._read(await self._redis.zrange(self._keys.promises_of(owner), 0, -1))

    async def all_open(self) -> list[Promise]:
        """Return every open promise, what is due first at the head."""
        return await self._read(await self._redis.zrange(self._keys.follow_ups, 0, -1))

    async def of_customer(self, customer: str) -> list[Promise]:
        """Return what a customer was promised in the latest calls: what is open, and what was kept not long ago."""
        calls: list[Any] = await self._redis.zrange(self._keys.calls_of(customer), 0, LOOKED_AT - 1, desc=True)
        since_ms = self._clock.now_ms() - SHOWN_MS
        found = await self._read(calls)
        async with self._redis.pipeline(transaction=False) as pipe:
            for each in found:
                pipe.zscore(self._keys.follow_ups, each.call)
            opened = await pipe.execute()
        return [
            each
            for each, score in zip(found, opened, strict=True)
            if each.customer == customer and (score is not None or each.done_ms > since_ms)
        ]

    async def matters_of(self, owner: str) -> list[OpenMatter]:
        """Return the open urgent matters that an agent owns, the oldest first."""
        calls: list[Any] = await self._redis.zrange(self._keys.urgent_matters, 0, -1, withscores=True)
        async with self._redis.pipeline(transaction=False) as pipe:
            for call, _ in calls:
                pipe.hmget(self._keys.record(text_of(call)), ["urgent_owner", "solution_within_ms", "reason"])
            rows = await pipe.execute()
        return [
            OpenMatter(
                call=text_of(call),
                since_ms=int(since_ms),
                due_ms=int(since_ms) + int(within_ms or 0),
                reason=text_of(reason or ""),
            )
            for (call, since_ms), (found, within_ms, reason) in zip(calls, rows, strict=True)
            if text_of(found or "") == owner
        ]

    async def count_of(self, customer: str) -> int:
        """Return how many promises a customer's page would show."""
        return len(await self.of_customer(customer))

    async def caller_of(self, customer: str) -> tuple[str, int]:
        """Return which promise's owner calls this customer now, and until when; "" and 0 for nobody."""
        row: list[Any] = await self._redis.hmget(self._keys.call_back(customer), ["promise", "until_ms"])
        promise, until_ms = (text_of(each) if each else "" for each in row)
        return (promise, int(until_ms)) if promise and int(until_ms) > self._clock.now_ms() else ("", 0)

    async def one(self, call: str) -> Promise | None:
        """Return a promise by its call, None where nothing was promised."""
        found = await self._read([call])
        return found[0] if found else None

    async def note_of(self, call: str) -> tuple[str, bool]:
        """Return what the agent noted of the call of a promise, and whether a data key here opens it."""
        sealed = await self._redis.get(self._keys.call_note(call))
        try:
            return (self._cipher.open(text_of(sealed)) if sealed else ""), True
        except Unreadable:
            return "", False

    async def admit(self, customer: str) -> None:
        """Count one word of a customer about promises.

        Raises:
            TooMany: there were too many.
        """
        await self._rates.take((_BY_CUSTOMER, customer))

    async def call_back(self, owner: str, call: str) -> int:
        """Call the customer of a promise: on the open page, and by the host application's message where it is known.

        Returns until when they may answer (epoch milliseconds), 0 for one who waits in the line already.

        Raises:
            NoPromise, CustomerInCall, CalledAlready: not now; see `signaling.store_promises`.
        """
        promise = await self.one(call)
        token = secrets.token_urlsafe(32)
        linked = promise is not None and self._outbox is not None and is_of_host(promise.customer)
        sealed = self._behind(promise) if promise is not None and linked else ""
        customer, until_ms = await self._store.call_back(
            owner, call, link=_digest(token) if linked else "", sealed=sealed
        )
        if linked and until_ms and self._outbox is not None:
            await self._outbox.put("follow_up.calling", f"{call}|{until_ms}", customer, token=token, until_ms=until_ms)
        return until_ms

    async def follow(self, token: str, *, address: str) -> Customer:
        """Return the customer whom a link leads to, and use it up.

        Raises:
            CallBackGone: it leads nowhere, was used, or its time is over.
            TooMany: this address has followed too many.
        """
        await self._rates.take((_TRIES_BY_ADDRESS, address_subject(address)))
        sealed = (
            await self._redis.getdel(self._keys.call_back_link(_digest(token))) if _TOKEN.fullmatch(token) else None
        )
        if sealed is None:
            raise CallBackGone
        customer = msgspec.json.decode(self._cipher.open(text_of(sealed)), type=Customer)
        if not readable(customer.v):
            raise CallBackGone
        return customer

    def _behind(self, promise: Promise) -> str:
        customer = Customer(
            person=promise.customer,
            entry="launch",
            verified=promise.verified,
            sign_language=promise.sign_language,
            queue=promise.queue,
        )
        return self._cipher.seal(msgspec.json.encode(customer).decode())

    async def _read(self, calls: Iterable[Any]) -> list[Promise]:
        names = [text_of(call) for call in calls]
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hmget(self._keys.record(name), list(_FIELDS.values()))
            rows = await pipe.execute()
        found = []
        for name, values in zip(names, rows, strict=True):
            row = {field: text_of(value or "") for field, value in zip(_FIELDS, values, strict=True)}
            if row["owner"] and row["customer"]:
                known = {field: value for field, value in row.items() if value}
                found.append(msgspec.convert({"call": name, **known}, type=Promise, strict=False))
        return found


_FIELDS = {
    "owner": "follow_up_owner",
    "customer": "customer",
    "verified": "verified",
    "queue": "queue",
    "locale": "locale",
    "sign_language": "sign_language",
    "reason": "reason",
    "joined_ms": "joined_ms",
    "due_ms": "follow_up_due_ms",
    "late_ms": "promise_late_ms",
    "urged_ms": "promise_urged_ms",
    "done_ms": "promise_done_ms",
    "away": "promise_away",
    "called": "promise_called",
    "called_ms": "promise_called_ms",
}


async def erase_call_back(redis: Redis, keys: Keys, customer: str) -> None:
    """Forget that somebody calls a customer, and end the link."""
    link = await redis.hget(keys.call_back(customer), "link")
    names = [keys.call_back(customer)]
    if link:
        names.append(keys.call_back_link(text_of(link)))
    await redis.delete(*names)
    await redis.zrem(f"{keys.root}:deadlines", f"call_back:{customer}")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
