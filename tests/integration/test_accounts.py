"""Accounts in a real Valkey: made once, changed without losing another's change, never telling who works here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from tests.data_keys import CIPHER
from video_service.accounts import (
    Account,
    Accounts,
    AccountUnreadable,
    BadAccount,
    NameTaken,
    Role,
    SignInRefused,
    UnknownAccount,
)
from video_service.cipher import Cipher, Unreadable, new_key
from video_service.passwords import PasswordCost, Passwords, WeakPassword

pytestmark = pytest.mark.integration

CHEAP = PasswordCost(time_cost=1, memory_kib=8, parallelism=1)
SECRET = "correct horse battery"


class HandClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.ms = 1_000

    def now_ms(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def accounts(redis: Redis, pool: str, clock: HandClock) -> AsyncIterator[Accounts]:
    passwords = Passwords(CHEAP)
    yield Accounts(redis, pool=pool, passwords=passwords, clock=clock, cipher=CIPHER)
    passwords.close()


async def _add(accounts: Accounts, name: str = "lin", role: Role = Role.AGENT, **more: Any) -> Account:
    return await accounts.add(name, role=role, display_name="林老师", password=SECRET, **more)


async def test_an_account_is_kept_as_it_was_made(accounts: Accounts) -> None:
    made = await _add(accounts, " Lin ", skills=("csl", "travel", "csl"), languages=("zh",))
    assert (made.name, made.display_name, made.role) == ("lin", "林老师", Role.AGENT)
    assert (made.skills, made.languages, made.disabled) == (("csl", "travel"), ("zh",), False)
    assert made.created_ms == made.changed_ms == 1_000
    assert await accounts.get("LIN") == made
    assert await accounts.of_person(made.person) == made
    assert SECRET not in made.password_hash


async def test_a_person_is_told_apart_by_an_id_without_the_name(accounts: Accounts) -> None:
    first, second = await _add(accounts, "lin"), await _add(accounts, "wang")
    assert first.person != second.person
    assert "lin" not in first.person
    assert await accounts.of_person("a-nobody") is None
    assert await accounts.get("nobody") is None


async def test_a_name_is_given_once_even_when_two_ask_at_once(accounts: Accounts) -> None:
    asked = await asyncio.gather(*(_add(accounts, "lin") for _ in range(8)), return_exceptions=True)
    made = [answer for answer in asked if isinstance(answer, Account)]
    assert len(made) == 1
    assert all(isinstance(answer, NameTaken) for answer in asked if answer not in made)
    assert await accounts.all() == made


@pytest.mark.parametrize("name", ["", " ", "-lin", "lin lin", "林", "a" * 33, "lin/../x"])
async def test_a_name_that_cannot_be_used_is_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(BadAccount):
        await _add(accounts, name)
    assert await accounts.all() == []


@pytest.mark.parametrize("label", ["", "two words", "中文", "x" * 65])
async def test_a_label_that_cannot_be_used_is_refused(accounts: Accounts, label: str) -> None:
    with pytest.raises(BadAccount):
        await _add(accounts, skills=(label,))
    with pytest.raises(BadAccount):
        await _add(accounts, languages=(label,))


async def test_too_many_labels_and_odd_display_names_are_refused(accounts: Accounts) -> None:
    with pytest.raises(BadAccount):
        await _add(accounts, skills=tuple(f"s{number}" for number in range(17)))
    for display_name in ("", "   ", "two\nlines", "x" * 65):
        with pytest.raises(BadAccount):
            await accounts.add("lin", role=Role.AGENT, display_name=display_name, password=SECRET)


async def test_a_weak_password_makes_no_account(accounts: Accounts) -> None:
    with pytest.raises(WeakPassword):
        await accounts.add("lin", role=Role.AGENT, display_name="Lin", password="short")
    assert await accounts.all() == []


async def test_signing_in_needs_the_right_name_and_password(accounts: Accounts) -> None:
    made = await _add(accounts)
    assert await accounts.sign_in("Lin", SECRET) == made
    for name, password in (("lin", "wrong horse battery"), ("lin", ""), ("wang", SECRET), ("", SECRET)):
        with pytest.raises(SignInRefused):
            await accounts.sign_in(name, password)


async def test_an_unknown_name_costs_a_check_too(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str | None] = []
    real = Passwords.matches

    async def watched(self: Passwords, password: str, hashed: str | None) -> bool:
        checked.append(hashed)
        return await real(self, password, hashed)

    monkeypatch.setattr(Passwords, "matches", watched)
    with pytest.raises(SignInRefused):
        await accounts.sign_in("nobody", SECRET)
    assert checked == [None]


async def test_a_disabled_account_is_shut_out_until_enabled(accounts: Accounts, clock: HandClock) -> None:
    made = await _add(accounts)
    clock.ms = 2_000
    disabled = await accounts.set_disabled("lin", True)
    assert (disabled.disabled, disabled.generation, disabled.changed_ms) == (True, made.generation + 1, 2_000)
    with pytest.raises(SignInRefused):
        await accounts.sign_in("lin", SECRET)

    clock.ms = 3_000
    assert await accounts.set_disabled("lin", True) == disabled
    enabled = await accounts.set_disabled("lin", False)
    assert (enabled.disabled, enabled.generation, enabled.changed_ms) == (False, disabled.generation, 3_000)
    assert await accounts.sign_in("lin", SECRET) == enabled


async def test_a_reset_password_replaces_the_old_one(accounts: Accounts) -> None:
    made = await _add(accounts)
    changed = await accounts.reset("lin", "another good password")
    assert changed.generation == made.generation + 1
    with pytest.raises(SignInRefused):
        await accounts.sign_in("lin", SECRET)
    assert await accounts.sign_in("lin", "another good password") == changed


async def test_name_skills_and_languages_change_and_nothing_else_does(accounts: Accounts, clock: HandClock) -> None:
    made = await _add(accounts, skills=("csl",), languages=("zh",))
    clock.ms = 2_000
    changed = await accounts.set_labels(
        " LIN", display_name=" 林晓 ", skills=("hksl", "csl", "hksl"), languages=("zh", "en")
    )
    assert (changed.display_name, changed.skills, changed.languages) == ("林晓", ("hksl", "csl"), ("zh", "en"))
    assert changed == msgspec.structs.replace(
        made, display_name="林晓", skills=("hksl", "csl"), languages=("zh", "en"), changed_ms=2_000
    )
    assert await accounts.get("lin") == changed
    assert await accounts.sign_in("lin", SECRET) == changed
    only_one = await accounts.set_labels("lin", skills=())
    assert (only_one.display_name, only_one.skills, only_one.languages) == ("林晓", (), ("zh", "en"))


@pytest.mark.parametrize(
    "wish",
    [
        {"display_name": ""},
        {"display_name": "a\nb"},
        {"skills": ["two words"]},
        {"languages": [f"x{n}" for n in range(17)]},
    ],
    ids=["empty", "lines", "words", "many"],
)
async def test_a_change_is_held_to_what_a_new_account_is(accounts: Accounts, wish: dict[str, Any]) -> None:
    made = await _add(accounts, skills=("csl",))
    with pytest.raises(BadAccount):
        await accounts.set_labels("lin", **wish)
    assert await accounts.get("lin") == made


async def test_a_changed_name_is_stored_sealed(accounts: Accounts, redis: Redis, pool: str) -> None:
    made = await _add(accounts)
    await accounts.set_labels("lin", display_name="Xiaolin")
    stored = str(await redis.hgetall(f"{{{pool}}}:accounts"))
    assert made.person in stored
    assert "Xiaolin" not in stored


async def test_an_unknown_account_cannot_be_changed(accounts: Accounts) -> None:
    with pytest.raises(UnknownAccount):
        await accounts.set_disabled("nobody", True)
    with pytest.raises(UnknownAccount):
        await accounts.reset("nobody", SECRET)
    with pytest.raises(UnknownAccount):
        await accounts.set_labels("nobody", skills=("csl",))


async def test_changes_at_the_same_moment_are_all_kept(accounts: Accounts) -> None:
    await _add(accounts)
    await asyncio.gather(
        *(accounts.reset("lin", f"password number {number}") for number in range(5)),
        accounts.set_disabled("lin", True),
    )
    account = await accounts.get("lin")
    assert account is not None
    assert (account.disabled, account.generation) == (True, 7)


async def test_a_hash_of_an_older_cost_is_renewed_at_sign_in(accounts: Accounts, redis: Redis, pool: str) -> None:
    old = Passwords(PasswordCost(time_cost=2, memory_kib=16, parallelism=1))
    made = await Accounts(redis, pool=pool, passwords=old, clock=HandClock(), cipher=CIPHER).add(
        "lin", role=Role.AGENT, display_name="Lin", password=SECRET
    )
    old.close()
    signed_in = await accounts.sign_in("lin", SECRET)
    assert signed_in.password_hash != made.password_hash
    assert "m=8,t=1,p=1" in signed_in.password_hash
    assert signed_in.generation == made.generation
    assert await accounts.sign_in("lin", SECRET) == signed_in


async def test_everybody_is_listed_by_name(accounts: Accounts) -> None:
    for name, role in (("wang", Role.AGENT), ("chen", Role.COORDINATOR), ("lin", Role.ADMIN)):
        await _add(accounts, name, role)
    assert [(account.name, account.role) for account in await accounts.all()] == [
        ("chen", Role.COORDINATOR),
        ("lin", Role.ADMIN),
        ("wang", Role.AGENT),
    ]


async def test_what_is_stored_has_a_version_and_no_password(accounts: Accounts, redis: Redis, pool: str) -> None:
    await _add(accounts)
    ((place, raw),) = (await redis.hgetall(f"{{{pool}}}:accounts")).items()
    stored = msgspec.json.decode(raw)
    assert stored["v"] == 2
    assert SECRET not in str(stored)
    later = {**stored, "new_field": "from a later minor version"}
    await redis.hset(f"{{{pool}}}:accounts", place, msgspec.json.encode(later))
    assert await accounts.get("lin") is not None
    await redis.hset(f"{{{pool}}}:accounts", place, msgspec.json.encode({**stored, "v": 3}))
    with pytest.raises(AccountUnreadable):
        await accounts.get("lin")


async def test_no_name_is_stored_as_it_is(accounts: Accounts, redis: Redis, pool: str) -> None:
    made = await _add(accounts, "xiaolin")
    stored = str(await redis.hgetall(f"{{{pool}}}:accounts")) + str(await redis.hgetall(f"{{{pool}}}:account_names"))
    assert made.person in stored
    for name in ("xiaolin", "林老师", *map(str, ("林老师".encode(), msgspec.json.encode("林老师")))):
        assert name.strip("b'\"") not in stored


@pytest.fixture
def under(redis: Redis, pool: str, clock: HandClock, accounts: Accounts) -> Callable[..., Accounts]:
    """The same accounts, as a service with these data keys knows them."""

    def make(*keys: str) -> Accounts:
        return Accounts(redis, pool=pool, passwords=accounts._passwords, clock=clock, cipher=Cipher(keys))

    return make


async def test_an_account_is_found_and_changed_under_an_old_key_until_it_is_renewed(
    under: Callable[..., Accounts], redis: Redis, pool: str
) -> None:
    old, new = new_key(), new_key()
    made = await _add(under(old), "lin")
    await _add(under(old), "wang")
    both = under(new, old)
    assert await both.get("lin") == made == await both.of_person(made.person)
    with pytest.raises(NameTaken):
        await _add(both, "lin")
    disabled = await both.set_disabled("lin", True)
    assert [await both.renew(), await both.renew()] == [1, 0], "a change seals anew by itself"
    assert await redis.hlen(f"{{{pool}}}:accounts") == await under(new).count() == 2
    assert await under(new).of_person(made.person) == disabled
    assert await under(new).sign_in("wang", SECRET) is not None
    with pytest.raises(Unreadable):
        await under(old).all()


async def test_accounts_from_before_names_were_sealed_are_read_and_sealed(
    accounts: Accounts, redis: Redis, pool: str
) -> None:
    made = await _add(accounts, "lin")
    plain = msgspec.json.encode({"v": 1, **msgspec.structs.asdict(made)}).decode()
    await redis.delete(f"{{{pool}}}:accounts", f"{{{pool}}}:account_names")
    await redis.hset(f"{{{pool}}}:accounts", "lin", plain)
    await redis.hset(f"{{{pool}}}:account_names", made.person, "lin")
    assert await accounts.get("lin") == made == await accounts.of_person(made.person)
    assert [await accounts.seal_plain(), await accounts.seal_plain()] == [1, 0]
    assert await redis.hkeys(f"{{{pool}}}:accounts") == [CIPHER.digest("lin").encode()]
    assert await accounts.get("lin") == made == await accounts.of_person(made.person)
    assert await accounts.sign_in("lin", SECRET) == made
    await redis.hset(f"{{{pool}}}:accounts", "chen", plain.replace('"lin"', '"chen"'))
    changed = await accounts.set_disabled("chen", True)
    assert await accounts.get("chen") == changed, "a change seals too"
    assert await redis.hget(f"{{{pool}}}:accounts", "chen") is None
