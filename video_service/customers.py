"""Customers, who have no account: guests, and people whom a host application sends with a launch token.

A browser's cookie is its only proof. A guest's pseudonym follows from the cookie alone. Who came with a token, or by a
frame, has a session in Redis beside it, under the digest of the cookie; it ends after a day at the latest.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import ClassVar, Literal

import msgspec
from redis.asyncio import Redis

from video_service.block_list import BlockList
from video_service.cipher import Cipher
from video_service.clock import Clock
from video_service.errors import ServiceError
from video_service.keys import SCHEMA_VERSION, Keys, readable
from video_service.launch_tokens import SKEW_S, LaunchKeys, LaunchUsed, UrgentReason
from video_service.rate_limit import Limit, RateLimits, address_subject

SESSION_TTL_S = 86_400
# What the host called urgent is no reason to go first for the rest of the day.
URGENT_S = 3_600
WINDOW_S = 600.0

Entry = Literal["web", "embed", "launch"]

_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}")


class LaunchFirst(ServiceError):
    """This service is opened from the company's own app or page."""

    code: ClassVar[str] = "launch_first"


@dataclass(frozen=True, kw_only=True)
class CustomerLimits:
    """How often the customer's page may be opened in `WINDOW_S`."""

    tickets_per_address: int = 200
    tickets_per_session: int = 60


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as this service knows one. `entry`: the page itself, a frame, or a launch token; `vip`: what it says.

    `sign_language` is the variety that the host says, "" for not known; `needs` what it says the agent must have, such
    as voice or rail:2; `queue` where it sends the customer, "" for the main one; `context` what the matter is about,
    such as an order number. `urgent_until_ms` is 0 when the host did not call it urgent.
    """

    v: int = SCHEMA_VERSION
    person: str
    entry: Entry = "web"
    verified: bool = False
    vip: bool = False
    sign_language: str = ""
    needs: tuple[str, ...] = ()
    queue: str = ""
    urgent_until_ms: int = 0
    reason: UrgentReason = ""
    context: str = ""


class Customers:
    """The customers of one pool."""

    def __init__(
        self,
        redis: Redis,
        *,
        pool: str,
        clock: Clock,
        rates: RateLimits,
        cipher: Cipher,
        launch_keys: LaunchKeys,
        guests_allowed: bool,
        limits: CustomerLimits | None = None,
    ) -> None:
        limits = limits or CustomerLimits()
        self._redis = redis
        self._keys = Keys(pool)
        self._root = self._keys.root
        self._clock = clock
        self._rates = rates
        self._cipher = cipher
        self._launch_keys = launch_keys
        self.guests_allowed = guests_allowed
        self.blocks = BlockList(redis, pool=pool, cipher=cipher, clock=clock)
        self._by_address = Limit(name="ticket_address", burst=limits.tickets_per_address, window_s=WINDOW_S)
        self._by_session = Limit(name="ticket_session", burst=limits.tickets_per_session, window_s=WINDOW_S)

    async def of(self, cookie: str | None) -> Customer | None:
        """Return the customer with this cookie, or None when it is nobody's who may call, or of somebody erased."""
        if cookie is None or _COOKIE.fullmatch(cookie) is None:
            return None
        guest = _guest_person(cookie)
        raw, erased = await self._redis.mget(self._key(cookie), self._keys.erased(guest))
        if raw is not None:
            customer = msgspec.json.decode(raw, type=Customer)
            if readable(customer.v):
                return msgspec.structs.replace(customer, context=self._cipher.open_or_plain(customer.context))
        return Customer(person=guest) if self.guests_allowed and erased is None else None

    async def admit(self, cookie: str | None, *, address: str) -> tuple[str, Customer]:
        """Return the cookie and the customer of a browser that wants to come in; a new guest when it has none.

        Raises:
            LaunchFirst: it has no session, and guests are not allowed.
            TooMany: this customer, or this address, has come too often.
        """
        customer = await self.of(cookie)
        if customer is None:
            if not self.guests_allowed:
                raise LaunchFirst
            cookie = new_cookie()
            customer = Customer(person=_guest_person(cookie))
        assert cookie is not None
        await self._rates.take((self._by_address, address_subject(address)), (self._by_session, customer.person))
        return cookie, customer

    async def enter(self, token: str, *, framed: bool, address: str) -> tuple[str, Customer]:
        """Begin a session: with a launch token as whom it names, without one ("") as a guest of a frame or page.

        Raises:
            LaunchFirst: there is no token, and guests are not allowed.
            LaunchRefused: the token cannot be used; each kind of fault has its own class.
            TooMany: this address has come too often.
            Blocked: a coordinator has decided so of whom the token names; the token is not used up.
        """
        if not token and not self.guests_allowed:
            raise LaunchFirst
        await self._rates.take((self._by_address, address_subject(address)))
        cookie = new_cookie()
        customer = Customer(person=_guest_person(cookie), entry="embed" if framed else "web")
        if token:
            customer = await self._launched(token, customer.entry)
        await self._begin(cookie, customer)
        return cookie, customer

    async def begin(self, customer: Customer) -> str:
        """Begin a session of a customer who is known already, and return its cookie."""
        cookie = new_cookie()
        await self._begin(cookie, customer)
        return cookie

    async def _begin(self, cookie: str, customer: Customer) -> None:
        sealed = msgspec.structs.replace(customer, context=self._cipher.seal(customer.context))
        await self._redis.set(self._key(cookie), msgspec.json.encode(sealed), ex=SESSION_TTL_S)

    def is_urgent(self, customer: Customer) -> bool:
        """Return whether the host called this customer's matter urgent, not long ago."""
        return self._clock.now_ms() < customer.urgent_until_ms

    async def _launched(self, token: str, entry: Entry) -> Customer:
        now_ms = self._clock.now_ms()
        launch = self._launch_keys.read(token, now_s=now_ms / 1000)
        await self.blocks.check(launch.person)
        # Kept until it would be refused as expired: from then on it needs no mark.
        left_ms = (launch.exp + SKEW_S) * 1000 - now_ms
        fresh = await self._redis.set(f"{self._root}:launch:{launch.digest}", "1", px=max(1, left_ms), nx=True)
        if not fresh:
            raise LaunchUsed
        return Customer(
            person=launch.person,
            entry="launch" if entry == "web" else entry,
            verified=launch.verified,
            vip=launch.vip,
            sign_language=launch.sign_language,
            needs=launch.needs,
            queue=launch.queue,
            urgent_until_ms=now_ms + URGENT_S * 1000 if launch.urgent else 0,
            reason=launch.reason,
            context=launch.context,
        )

    def _key(self, cookie: str) -> str:
        return f"{self._root}:customer:{hashlib.sha256(cookie.encode()).hexdigest()}"


def new_cookie() -> str:
    """Return the secret that makes a customer the same person again after a reload."""
    return secrets.token_urlsafe(32)


def _guest_person(cookie: str) -> str:
    """Return a guest's pseudonym; nobody who reads it on the wall or on record can make the cookie from it."""
    digest = hashlib.sha256(b"guest|" + cookie.encode()).digest()
    return "c-" + base64.urlsafe_b64encode(digest[:15]).decode()
