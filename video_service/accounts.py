"""Accounts of the people who work here. Customers have none.

One hash holds every account of a pool by a digest of its sign-in name, as JSON with a schema version, in which the
names are sealed; a second finds the sealed sign-in name behind a person's id, which is all that calls, records and logs
ever carry. A change watches the first, so two operators who change one account at a time cannot undo each other.
"""

from __future__ import annotations

import enum
import re
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from video_service.cipher import Cipher
from video_service.clock import Clock
from video_service.errors import ServiceError
from video_service.keys import Keys
from video_service.passwords import Passwords, WeakPassword, normalised
from video_service.redis_client import text_of

SCHEMA_VERSION = 2
"""In version 1 both names were stored as they are, by the sign-in name itself; a start seals such rows."""
MAX_LABELS = 16

_CUT_OFF = Path(__file__).with_name("scripts") / "cut_off.lua"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SKILL = re.compile(rf"{_LABEL.pattern}(:[1-3])?")  # a label, and how well: 1 a little, 3 or nothing fully
_DIGEST = re.compile(r"[0-9a-f]{64}")  # longer than any sign-in name
_SEALED = ("name", "display_name")
_DISPLAY_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,64}")


class Role(enum.StrEnum):
    """What an account may do."""

    AGENT = "agent"
    COORDINATOR = "coordinator"
    ADMIN = "admin"  # all that a coordinator may; the command line's users need no account


class BadAccount(ServiceError):
    """This account cannot be made so."""

    code: ClassVar[str] = "bad_account"


class NameTaken(ServiceError):
    """There is an account with this name."""

    code: ClassVar[str] = "name_taken"


class NotFirst(ServiceError):
    """There are accounts already."""

    code: ClassVar[str] = "not_first"


class UnknownAccount(ServiceError):
    """There is no account with this name."""

    code: ClassVar[str] = "unknown_account"


class AccountUnreadable(ServiceError):
    """An account has a schema version that this program cannot read."""

    code: ClassVar[str] = "schema_unknown"


class SamePassword(ServiceError):
    """The new password is the old one; choose another."""

    code: ClassVar[str] = "same_password"


class SignInRefused(ServiceError):
    """The name or the password is wrong, or the account is disabled; which of them is not told."""

    code: ClassVar[str] = "bad_sign_in"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One person who works here. `generation` grows when everything signed in before must end."""

    person: str
    name: str
    display_name: str
    role: Role
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    disabled: bool = False
    generation: int = 1
    must_change: bool = False  # the password was made for one sign-in
    password_hash: str
    created_ms: int
    changed_ms: int


class _Stored(Account, frozen=True, kw_only=True):
    """An account as it stands in the store: its names sealed, unless it is of version 1."""

    v: int = 1


def normalised_name(name: str) -> str:
    """Return a sign-in name as it is stored: names differ by more than capitals and outer spaces."""
    return name.strip().lower()


def with_labels(
    account: Account,
    *,
    display_name: str | None = None,
    skills: Sequence[str] | None = None,
    languages: Sequence[str] | None = None,
) -> Account:
    """Return an account with another shown name, skills or languages; None leaves it as it is.

    Raises:
        BadAccount: a name, skill or language that cannot be used.
    """
    changed = msgspec.structs.replace(
        account,
        display_name=account.display_name if display_name is None else display_name.strip(),
        skills=account.skills if skills is None else tuple(dict.fromkeys(skills)),
        languages=account.languages if languages is None else tuple(dict.fromkeys(languages)),
    )
    _check(changed)
    return changed


class Accounts:
    """The accounts of one pool."""

    def __init__(self, redis: Redis, *, pool: str, passwords: Passwords, clock: Clock, cipher: Cipher) -> None:
        self._redis = redis
        self._cipher = cipher
        self._passwords = passwords
        self._clock = clock
        self._keys = Keys(pool)
        self._by_name = f"{self._keys.root}:accounts"
        self._names = f"{self._keys.root}:account_names"
        self._cut_off_script = redis.register_script(_CUT_OFF.read_text(encoding="utf-8"))

    async def add(
        self,
        name: str,
        *,
        role: Role,
        display_name: str,
        password: str,
        skills: Sequence[str] = (),
        languages: Sequence[str] = (),
        one_time: bool = False,
        only_first: bool = False,
    ) -> Account:
        """Make an account; with `one_time` the password has to be changed after the first sign-in.

        Raises:
            NotFirst: `only_first` was asked, and there is an account.
            BadAccount: a name, skill or language that cannot be used.
            NameTaken: the name is in use, by a disabled account too.
            WeakPassword: see `passwords`.
        """
        now_ms = self._clock.now_ms()
        account = Account(
            person=f"a-{secrets.token_urlsafe(9)}",
            name=normalised_name(name),
            display_name=display_name.strip(),
            role=role,
            skills=tuple(dict.fromkeys(skills)),
            languages=tuple(dict.fromkeys(languages)),
            must_change=one_time,
            password_hash="",
            created_ms=now_ms,
            changed_ms=now_ms,
        )
        _check(account)
        account = msgspec.structs.replace(account, password_hash=await self._passwords.hash(password))

        async def create(pipe: Pipeline) -> None:
            if only_first and await pipe.hlen(self._by_name):
                raise NotFirst
            if any(raw is not None for raw in await pipe.hmget(self._by_name, self._places(account.name))):
                raise NameTaken(name=account.name)
            pipe.multi()  # type: ignore[no-untyped-call]
            self._put(pipe, account)

        await self._redis.transaction(create, self._by_name)
        return account

    async def get(self, name: str) -> Account | None:
        """Return the account with this sign-in name."""
        found = await self._redis.hmget(self._by_name, self._places(normalised_name(name)))
        return next((self._read(raw) for raw in found if raw is not None), None)

    async def of_person(self, person: str) -> Account | None:
        """Return the account behind a person's id."""
        name = await self._redis.hget(self._names, person)
        return None if name is None else await self.get(self._cipher.open_or_plain(text_of(name)))

    async def count(self) -> int:
        """Return how many accounts there are, disabled ones too."""
        return int(await self._redis.hlen(self._by_name))

    async def all(self) -> list[Account]:
        """Return every account, by name."""
        found = [self._read(raw) for raw in await self._redis.hvals(self._by_name)]
        return sorted(found, key=lambda account: account.name)

    async def seal_plain(self) -> int:
        """Seal the accounts that were stored before names were sealed; return how many."""
        return await self._seal_anew([place for place in await self._all_places() if _DIGEST.fullmatch(place) is None])

    async def renew(self) -> int:
        """Seal every account anew that does not stand under the newest key; return how many. May be run again.

        Raises:
            Unreadable: a key is missing.
        """
        old = []
        for place in await self._all_places():
            raw = await self._redis.hget(self._by_name, place)
            if raw is not None and not self._is_new(place, text_of(raw)):
                old.append(place)
        return await self._seal_anew(old)

    async def _all_places(self) -> list[str]:
        return [text_of(place) for place in await self._redis.hkeys(self._by_name)]

    def _is_new(self, place: str, raw: str) -> bool:
        stored = msgspec.json.decode(raw, type=_Stored)
        if stored.v < SCHEMA_VERSION or place != self._cipher.digest(self._cipher.open(stored.name)):
            return False
        newest = self._cipher.names[0]
        return all(self._cipher.sealed_by(text) == newest for text in (stored.name, stored.display_name))

    async def _seal_anew(self, places: Sequence[str]) -> int:
        return sum([await self._seal_at(place) for place in places])

    async def _seal_at(self, place: str) -> int:
        async def apply(pipe: Pipeline) -> int:
            raw = await pipe.hget(self._by_name, place)
            pipe.multi()  # type: ignore[no-untyped-call]
            if raw is None:
                return 0
            self._put(pipe, self._read(raw), found_at=place)
            return 1

        done: int = await self._redis.transaction(apply, self._by_name, value_from_callable=True)
        return done

    def _places(self, name: str) -> list[str]:
        """Return where an account may stand: by the digests of its name, by the plain name of version 1."""
        return [*self._cipher.digests(name), *([name] if _NAME.fullmatch(name) else [])]

    def _read(self, raw: bytes | str) -> Account:
        stored = msgspec.json.decode(raw, type=_Stored)
        if not SCHEMA_VERSION - 1 <= stored.v <= SCHEMA_VERSION:
            raise AccountUnreadable(version=stored.v)
        fields = msgspec.structs.asdict(stored)
        sealed = fields.pop("v") > 1
        if sealed:
            fields |= {name: self._cipher.open(fields[name]) for name in _SEALED}
        return Account(**fields)

    def _put(self, pipe: Pipeline, account: Account, *, found_at: str = "") -> None:
        """Write an account into a transaction, at its newest place; it leaves the place where it was found."""
        fields = msgspec.structs.asdict(account)
        fields |= {name: self._cipher.seal(fields[name]) for name in _SEALED}
        place = self._cipher.digest(account.name)
        if found_at not in ("", place):
            pipe.hdel(self._by_name, found_at)
        pipe.hset(self._by_name, place, msgspec.json.encode(_Stored(**fields, v=SCHEMA_VERSION)).decode())
        pipe.hset(self._names, account.person, fields["name"])

    async def set_disabled(self, name: str, disabled: bool) -> Account:
        """Shut an account out, or let it in again; shutting out ends all that it had signed in, open sockets too.

        Raises:
            UnknownAccount: there is none with this name.
        """

        def change(account: Account) -> Account:
            if account.disabled == disabled:
                return account
            step = 1 if disabled else 0
            return msgspec.structs.replace(account, disabled=disabled, generation=account.generation + step)

        account = await self._change(name, change)
        if disabled:
            await self.cut_off(account)
        return account

    async def set_labels(
        self,
        name: str,
        *,
        display_name: str | None = None,
        skills: Sequence[str] | None = None,
        languages: Sequence[str] | None = None,
    ) -> Account:
        """Change what somebody is called, signs and writes; None leaves it. What is signed in stays so.

        Raises:
            UnknownAccount: there is none with this name.
            BadAccount: a name, skill or language that cannot be used.
        """
        return await self._change(
            name,
            lambda account: with_labels(account, display_name=display_name, skills=skills, languages=languages),
        )

    async def reset(self, name: str, password: str, *, one_time: bool = False) -> Account:
        """Give an account another password; all that it had signed in ends, open sockets too. `one_time` as in `add`.

        Raises:
            UnknownAccount: there is none with this name.
            WeakPassword: see `passwords`.
        """
        hashed = await self._passwords.hash(password)
        account = await self._change(name, lambda account: _with_password(account, hashed, one_time=one_time))
        await self.cut_off(account)
        return account

    async def change_password(self, name: str, old: str, new: str) -> Account:
        """Let somebody who knows the password choose another; all that was signed in ends, open sockets too.

        Raises:
            SignInRefused: `old` is not right, or was changed at the same moment.
            SamePassword: `new` is `old`.
            WeakPassword: see `passwords`.
            PasswordsBusy: too many sign in at this moment.
        """
        known = await self.sign_in(name, old)
        if normalised(new) == normalised(old):
            raise SamePassword
        hashed = await self._passwords.hash(new)

        def change(account: Account) -> Account:
            if account.disabled or account.password_hash != known.password_hash:
                raise SignInRefused
            return _with_password(account, hashed, one_time=False)

        account = await self._change(name, change)
        await self.cut_off(account)
        return account

    async def sign_out_everywhere(self, name: str) -> Account:
        """End all that an account has signed in, open sockets too; the password stays.

        Raises:
            UnknownAccount: there is none with this name.
        """
        account = await self._change(
            name, lambda account: msgspec.structs.replace(account, generation=account.generation + 1)
        )
        await self.cut_off(account)
        return account

    async def sign_in(self, name: str, password: str) -> Account:
        """Return the account when name and password are right; an answer takes as long for a name that does not exist.

        Raises:
            SignInRefused: they are not right, or the account is disabled.
            PasswordsBusy: too many sign in at this moment.
        """
        account = await self.get(name)
        right = await self._passwords.matches(password, account.password_hash if account is not None else None)
        if account is None or not right or account.disabled:
            raise SignInRefused
        if self._passwords.outdated(account.password_hash):
            account = await self._hash_anew(account, password)
        return account

    async def _hash_anew(self, account: Account, password: str) -> Account:
        try:
            hashed = await self._passwords.hash(password)
        except WeakPassword:
            return account  # right, but from before today's rule: a sign-in is no moment to refuse it

        def change(stored: Account) -> Account:
            same = stored.password_hash == account.password_hash
            return msgspec.structs.replace(stored, password_hash=hashed) if same else stored

        return await self._change(account.name, change)

    async def cut_off(self, account: Account) -> None:
        """Close the person's open socket, and let its page not come back without signing in."""
        root, person = self._keys.root, account.person
        await self._cut_off_script(
            keys=[f"{root}:resume_of:{person}", f"{root}:person:{person}", self._keys.wakes],
            args=[f"{root}:resume:", person],
        )

    async def _change(self, name: str, change: Callable[[Account], Account]) -> Account:
        key = normalised_name(name)

        async def apply(pipe: Pipeline) -> Account:
            places = self._places(key)
            found = await pipe.hmget(self._by_name, places)
            place, raw = next(((place, raw) for place, raw in zip(places, found, strict=True) if raw), ("", None))
            if raw is None:
                raise UnknownAccount(name=key)
            account = self._read(raw)
            changed = change(account)
            pipe.multi()  # type: ignore[no-untyped-call]
            if changed != account:
                changed = msgspec.structs.replace(changed, changed_ms=self._clock.now_ms())
                self._put(pipe, changed, found_at=place)
            return changed

        account: Account = await self._redis.transaction(apply, self._by_name, value_from_callable=True)
        return account


def _with_password(account: Account, hashed: str, *, one_time: bool) -> Account:
    return msgspec.structs.replace(
        account, password_hash=hashed, generation=account.generation + 1, must_change=one_time
    )


def _check(account: Account) -> None:
    if _NAME.fullmatch(account.name) is None:
        raise BadAccount(
            "A sign-in name has 1 to 32 small letters, digits, dots, hyphens or underscores, and begins with a letter "
            "or digit.",
            name=account.name,
        )
    if _DISPLAY_NAME.fullmatch(account.display_name) is None:
        raise BadAccount("A display name has 1 to 64 characters on one line.")
    for what, labels in (("skill", account.skills), ("language", account.languages)):
        if len(labels) > MAX_LABELS:
            raise BadAccount(f"An account has at most {MAX_LABELS} of each kind of label.", kind=what)
        for label in labels:
            if (_SKILL if what == "skill" else _LABEL).fullmatch(label) is None:
                raise BadAccount(
                    f"A {what} has 1 to 64 letters, digits, hyphens or underscores; a skill may end with :1 to :3.",
                    label=label,
                )
