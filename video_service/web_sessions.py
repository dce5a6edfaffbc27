"""Who a browser is: opaque tokens for people with an account, pseudonyms for guests, and a limit on guessing.

Redis holds only the SHA-256 of a token, so reading the store signs nobody in. A session names its account's generation:
disabling an account or resetting its password ends every session of it at the next request, without a list of them.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import ClassVar

import msgspec
from redis.asyncio import Redis

from video_service.accounts import Account, Accounts, normalised_name
from video_service.clock import Clock
from video_service.errors import ServiceError

SCHEMA_VERSION = 1

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class TooManyTries(ServiceError):
    """Too many sign-ins with this name from this address; wait a few minutes."""

    code: ClassVar[str] = "too_many"
    retryable: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class SessionLimits:
    """How long people stay signed in, and how often they may try."""

    session_ttl_s: int = 43_200  # a long shift
    guest_ttl_s: int = 86_400
    sign_in_tries: int = 10
    sign_in_window_s: int = 300


class WebSession(msgspec.Struct, frozen=True, kw_only=True):
    """What Redis keeps of a signed-in browser."""

    v: int = SCHEMA_VERSION
    name: str
    generation: int
    created_ms: int


class WebSessions:
    """The signed-in browsers of one pool."""

    def __init__(
        self, redis: Redis, accounts: Accounts, *, pool: str, clock: Clock, limits: SessionLimits | None = None
    ) -> None:
        self._redis = redis
        self._accounts = accounts
        self._clock = clock
        self._prefix = f"{{{pool}}}"
        self.limits = limits or SessionLimits()

    async def sign_in(self, name: str, password: str, *, address: str) -> tuple[str, Account]:
        """Return a new token for the cookie, and the account behind it.

        Raises:
            TooManyTries: this name from this address, within the window; `retry_after_s` says for how long.
            SignInRefused: name or password is wrong, or the account is disabled.
        """
        tries = f"{self._prefix}:sign_in_tries:{_digest(normalised_name(name) + '|' + address)}"
        await self._count(tries)
        account = await self._accounts.sign_in(name, password)
        await self._redis.delete(tries)
        token = secrets.token_urlsafe(32)
        session = WebSession(name=account.name, generation=account.generation, created_ms=self._clock.now_ms())
        await self._redis.set(self._key(token), msgspec.json.encode(session), ex=self.limits.session_ttl_s)
        return token, account

    async def account(self, token: str | None) -> Account | None:
        """Return who is signed in with `token`, or None when it is unknown, over, or no longer valid."""
        if token is None or _TOKEN.fullmatch(token) is None:
            return None
        raw = await self._redis.get(self._key(token))
        if raw is None:
            return None
        session = msgspec.json.decode(raw, type=WebSession)
        account = await self._accounts.get(session.name)
        if account is None or account.disabled or account.generation != session.generation:
            return None
        return account

    async def sign_out(self, token: str | None) -> None:
        """End a session; ending one that is over is no error."""
        if token is not None and _TOKEN.fullmatch(token) is not None:
            await self._redis.delete(self._key(token))

    async def _count(self, key: str) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.incr(key)
            pipe.expire(key, self.limits.sign_in_window_s, nx=True)
            pipe.ttl(key)
            count, _, left_s = await pipe.execute()
        if count > self.limits.sign_in_tries:
            raise TooManyTries(retry_after_s=max(1, int(left_s)))

    def _key(self, token: str) -> str:
        return f"{self._prefix}:web_session:{_digest(token)}"


def new_guest_token() -> str:
    """Return the secret that makes a guest the same person again after a reload."""
    return secrets.token_urlsafe(32)


def guest_person(token: str | None) -> str | None:
    """Return the pseudonym behind a guest's cookie, or None when it is no such cookie.

    The pseudonym stands in records and on the wall; nobody who reads it there can make the cookie from it.
    """
    if token is None or _TOKEN.fullmatch(token) is None:
        return None
    digest = hashlib.sha256(b"guest|" + token.encode()).digest()
    return "c-" + base64.urlsafe_b64encode(digest[:15]).decode()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
