"""Who a browser of somebody with an account is: opaque tokens, and a limit on guessing.

Redis holds only the SHA-256 of a token, so reading the store signs nobody in. A session names its account's generation:
disabling an account or resetting its password ends every session of it at the next request, without a list of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec
from redis.asyncio import Redis

from video_service.accounts import Account, Accounts, normalised_name
from video_service.clock import Clock
from video_service.rate_limit import Limit, RateLimits, address_subject

SCHEMA_VERSION = 2

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


# What a whole name and a whole address may try, against one name from one address: a team behind one router, and
# somebody who guesses from many places.
NAME_FACTOR = 5
ADDRESS_FACTOR = 10


@dataclass(frozen=True, kw_only=True)
class SessionLimits:
    """How long people stay signed in, and how often they may try: that often, then not for `sign_in_lockout_s`."""

    session_ttl_s: int = 43_200  # a long shift
    sign_in_tries: int = 10
    sign_in_lockout_s: float = 300.0


class WebSession(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What Redis keeps of a signed-in browser."""

    v: int
    person: str = ""
    name: str = ""  # of version 1, in the person's place
    generation: int
    created_ms: int


class WebSessions:
    """The signed-in browsers of one pool."""

    def __init__(
        self,
        redis: Redis,
        accounts: Accounts,
        *,
        pool: str,
        clock: Clock,
        rates: RateLimits,
        limits: SessionLimits | None = None,
    ) -> None:
        self._redis = redis
        self._accounts = accounts
        self._clock = clock
        self._prefix = f"{{{pool}}}"
        self._rates = rates
        self.limits = limits or SessionLimits()
        tries, lockout_s = self.limits.sign_in_tries, self.limits.sign_in_lockout_s
        self._pair = Limit(name="sign_in", burst=tries, window_s=lockout_s, lockout_s=lockout_s)
        self._name = Limit(name="sign_in_name", burst=tries * NAME_FACTOR, window_s=lockout_s, lockout_s=lockout_s)
        self._address = Limit(name="sign_in_address", burst=tries * ADDRESS_FACTOR, window_s=lockout_s)

    async def sign_in(self, name: str, password: str, *, address: str) -> tuple[str, Account]:
        """Return a new token for the cookie, and the account behind it.

        Raises:
            TooMany: this name from this address, this name, or this address has tried too often;
                `retry_after_s` says for how long it is shut out.
            SignInRefused: name or password is wrong, or the account is disabled.
            PasswordsBusy: too many sign in at this moment.
        """
        async with self._counted(name, address):
            account = await self._accounts.sign_in(name, password)
        return await self._begin(account), account

    async def change_password(self, account: Account, old: str, new: str, *, address: str) -> tuple[str, Account]:
        """Change a password as `Accounts.change_password`; return a new token: every earlier session is over.

        Raises:
            TooMany: as `sign_in`, with which it shares its tries.
            SignInRefused, SamePassword, WeakPassword, PasswordsBusy: as there.
        """
        async with self._counted(account.name, address):
            changed = await self._accounts.change_password(account.name, old, new)
        return await self._begin(changed), changed

    async def account(self, token: str | None) -> Account | None:
        """Return who is signed in with `token`, or None when it is unknown, over, or no longer valid."""
        if token is None or _TOKEN.fullmatch(token) is None:
            return None
        raw = await self._redis.get(self._key(token))
        if raw is None:
            return None
        session = msgspec.json.decode(raw, type=WebSession)
        accounts = self._accounts
        account = await (accounts.of_person(session.person) if session.person else accounts.get(session.name))
        if account is None or account.disabled or account.generation != session.generation:
            return None
        return account

    async def sign_out(self, token: str | None) -> None:
        """End a session; ending one that is over is no error."""
        if token is not None and _TOKEN.fullmatch(token) is not None:
            await self._redis.delete(self._key(token))

    @contextlib.asynccontextmanager
    async def _counted(self, name: str, address: str) -> AsyncIterator[None]:
        """Count a try before it is made, so that many at once are many; forget the wrong ones after a right one."""
        name, place = normalised_name(name), address_subject(address)
        pair, whole_name = (self._pair, f"{name}|{place}"), (self._name, name)
        await self._rates.take(pair, whole_name, (self._address, place))
        yield
        await self._rates.forget(pair, whole_name)

    async def _begin(self, account: Account) -> str:
        token = secrets.token_urlsafe(32)
        session = WebSession(
            v=SCHEMA_VERSION, person=account.person, generation=account.generation, created_ms=self._clock.now_ms()
        )
        await self._redis.set(self._key(token), msgspec.json.encode(session), ex=self.limits.session_ttl_s)
        return token

    def _key(self, token: str) -> str:
        return f"{self._prefix}:web_session:{_digest(token)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
