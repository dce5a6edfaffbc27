"""Signed-in browsers and guests in a real Valkey."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from media.registry import Lease, Registry
from video_service.accounts import Accounts, Role, SignInRefused
from video_service.clock import SystemClock
from video_service.keys import OTHER_KEYS, spec_of
from video_service.passwords import PasswordCost, Passwords
from video_service.web_sessions import SessionLimits, TooManyTries, WebSessions, guest_person, new_guest_token

pytestmark = pytest.mark.integration

SECRET = "correct horse battery"
ADDRESS = "192.0.2.7"


@pytest.fixture
async def accounts(redis: Redis, pool: str) -> AsyncIterator[Accounts]:
    passwords = Passwords(PasswordCost(time_cost=1, memory_kib=8, parallelism=1))
    made = Accounts(redis, pool=pool, passwords=passwords, clock=SystemClock())
    await made.add("lin", role=Role.AGENT, display_name="Lin", password=SECRET)
    yield made
    passwords.close()


@pytest.fixture
def sessions(redis: Redis, accounts: Accounts, pool: str) -> WebSessions:
    return WebSessions(redis, accounts, pool=pool, clock=SystemClock(), limits=SessionLimits(sign_in_tries=3))


async def test_every_key_is_in_the_table_and_passes_when_the_table_says_so(
    redis: Redis, pool: str, sessions: WebSessions
) -> None:
    await sessions.sign_in("lin", SECRET, address=ADDRESS)
    with contextlib.suppress(SignInRefused):
        await sessions.sign_in("lin", "wrong", address=ADDRESS)
    await Registry(redis, pool).renew(Lease(worker="w", address="unix:/nowhere"))
    found = {}
    async for key in redis.scan_iter(match=f"{{{pool}}}:*"):
        spec = spec_of(key.decode(), pool)
        assert spec is not None, key
        kind: Any = await redis.type(key)
        found[spec] = (kind.decode(), await redis.ttl(key) > 0)
    assert found == {spec: (spec.type, spec.ttl != "none") for spec in OTHER_KEYS}


async def test_a_token_signs_in_until_it_is_signed_out(sessions: WebSessions) -> None:
    token, account = await sessions.sign_in("lin", SECRET, address=ADDRESS)
    assert await sessions.account(token) == account
    other, _ = await sessions.sign_in("lin", SECRET, address=ADDRESS)
    assert other != token

    await sessions.sign_out(token)
    await sessions.sign_out(token)
    assert await sessions.account(token) is None
    assert await sessions.account(other) == account


@pytest.mark.parametrize("token", [None, "", "x", "x" * 43, "../" * 14 + "x", "x" * 4096, "ключ" * 11])
async def test_what_is_no_token_is_nobody(sessions: WebSessions, token: str | None) -> None:
    assert await sessions.account(token) is None
    await sessions.sign_out(token)


async def test_the_store_holds_no_token_and_every_key_ends(sessions: WebSessions, redis: Redis, pool: str) -> None:
    token, _ = await sessions.sign_in("lin", SECRET, address=ADDRESS)
    with pytest.raises(SignInRefused):
        await sessions.sign_in("lin", "wrong", address=ADDRESS)
    seen = 0
    async for key in redis.scan_iter(match=f"{{{pool}}}:*"):
        if key.endswith((b":accounts", b":account_names")):
            continue
        seen += 1
        assert 0 < await redis.ttl(key) <= 43_200
        stored = key + (await redis.get(key) or b"")
        assert token.encode() not in stored
        assert ADDRESS.encode() not in stored
    assert seen == 2


async def test_disabling_and_resetting_end_every_session_at_once(sessions: WebSessions, accounts: Accounts) -> None:
    first, _ = await sessions.sign_in("lin", SECRET, address=ADDRESS)
    await accounts.set_disabled("lin", True)
    assert await sessions.account(first) is None
    await accounts.set_disabled("lin", False)
    assert await sessions.account(first) is None, "letting in again must not revive what was signed in"

    second, _ = await sessions.sign_in("lin", SECRET, address=ADDRESS)
    await accounts.reset("lin", "another good password")
    assert await sessions.account(second) is None


async def test_guessing_is_limited_by_name_and_address(sessions: WebSessions) -> None:
    for _ in range(3):
        with pytest.raises(SignInRefused):
            await sessions.sign_in("lin", "wrong", address=ADDRESS)
    with pytest.raises(TooManyTries) as refused:
        await sessions.sign_in(" LIN ", SECRET, address=ADDRESS)
    assert 0 < int(str(refused.value.data["retry_after_s"])) <= 300
    assert refused.value.retryable

    # Somebody elsewhere must not be locked out by the guesser, nor a colleague at the same address.
    await sessions.sign_in("lin", SECRET, address="192.0.2.8")
    with pytest.raises(SignInRefused):
        await sessions.sign_in("wang", SECRET, address=ADDRESS)


async def test_a_right_password_forgets_the_wrong_ones(sessions: WebSessions) -> None:
    for password in ("wrong", "wrong", SECRET) * 3:
        with contextlib.suppress(SignInRefused):
            await sessions.sign_in("lin", password, address=ADDRESS)


def test_a_guest_is_the_same_person_again_and_unlike_the_token() -> None:
    token = new_guest_token()
    person = guest_person(token)
    assert person is not None
    assert person == guest_person(token)
    assert person != guest_person(new_guest_token())
    assert person[2:] not in token
    assert len(person) == 22


@pytest.mark.parametrize("token", [None, "", "short", "x" * 44, "x" * 42 + "!", "您" * 43])
def test_what_is_no_guest_token_is_no_guest(token: str | None) -> None:
    assert guest_person(token) is None
