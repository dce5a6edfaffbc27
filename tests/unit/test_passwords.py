"""Passwords: hashed with argon2id, checked in turns, generated without letters that are mistaken for others."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator

import argon2
import pytest

from video_service import passwords as module
from video_service.passwords import PasswordCost, Passwords, PasswordsBusy, WeakPassword, generate

pytestmark = pytest.mark.unit

CHEAP = PasswordCost(time_cost=1, memory_kib=8, parallelism=1)


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    made = Passwords(CHEAP)
    yield made
    made.close()
    made.close()


async def test_a_password_matches_its_hash_and_no_other(passwords: Passwords) -> None:
    hashed = await passwords.hash("correct horse battery")
    assert hashed.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert "horse" not in hashed
    assert await passwords.matches("correct horse battery", hashed)
    assert not await passwords.matches("correct horse batterY", hashed)
    assert not await passwords.matches("", hashed)


async def test_two_hashes_of_one_password_differ(passwords: Passwords) -> None:
    assert await passwords.hash("correct horse battery") != await passwords.hash("correct horse battery")


async def test_nobody_is_never_right_whatever_is_said(passwords: Passwords) -> None:
    assert not await passwords.matches("correct horse battery", None)
    assert not await passwords.matches("", None)


async def test_what_is_checked_for_nobody_costs_what_a_hash_costs(passwords: Passwords) -> None:
    made, real = argon2.extract_parameters(passwords._nobody), await passwords.hash("correct horse battery")
    assert made == argon2.extract_parameters(real)
    with pytest.raises(argon2.exceptions.VerifyMismatchError):  # computed to the end, not refused as unreadable
        argon2.PasswordHasher().verify(passwords._nobody, "correct horse battery")


async def test_a_hash_that_is_none_is_never_right(passwords: Passwords) -> None:
    assert not await passwords.matches("correct horse battery", "")
    assert not await passwords.matches("correct horse battery", "$argon2id$broken")


async def test_letters_composed_in_two_ways_are_one(passwords: Passwords) -> None:
    hashed = await passwords.hash("cafe\u0301 au lait 您好")
    assert await passwords.matches("caf\u00e9 au lait 您好", hashed)


@pytest.mark.parametrize("weak", ["", "short", "123456789", "x" * 257, "zzzzzzzzzzzz", "密码密码密码密码密"])
async def test_a_weak_password_is_refused(passwords: Passwords, weak: str) -> None:
    with pytest.raises(WeakPassword):
        await passwords.hash(weak)


@pytest.mark.parametrize("strong", ["0123456789", "x" * 255 + "y", "密码密码密码密码密码"])
async def test_the_limits_count_characters(passwords: Passwords, strong: str) -> None:
    assert await passwords.matches(strong, await passwords.hash(strong))


async def test_a_hash_of_another_cost_is_outdated(passwords: Passwords) -> None:
    dearer = Passwords(PasswordCost(time_cost=2, memory_kib=16, parallelism=1))
    hashed = await dearer.hash("correct horse battery")
    dearer.close()
    assert passwords.outdated(hashed)
    assert not passwords.outdated(await passwords.hash("correct horse battery"))
    assert await passwords.matches("correct horse battery", hashed)


async def test_no_more_than_so_many_are_computed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUEUE_TIMEOUT_S", 0.05)
    made = Passwords(PasswordCost(time_cost=1, memory_kib=8, parallelism=1, at_once=1))
    go_on, begun = threading.Event(), threading.Event()

    def wait(_: str) -> bool:
        begun.set()
        return go_on.wait(60)

    slow = asyncio.ensure_future(made._in_turn(wait, ""))
    await asyncio.to_thread(begun.wait, 60)
    with pytest.raises(PasswordsBusy) as busy:
        await made.matches("correct horse battery", None)
    assert busy.value.retryable

    # The client went away, the thread computes on: its turn must not be given to another one.
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    with pytest.raises(PasswordsBusy):
        await made.matches("correct horse battery", None)

    go_on.set()
    monkeypatch.setattr(module, "QUEUE_TIMEOUT_S", 60)
    assert not await made.matches("correct horse battery", None)
    made.close()


def test_a_generated_password_is_long_readable_and_new() -> None:
    made = {generate() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"([2-9a-hjkmnp-z]{4}-){3}[2-9a-hjkmnp-z]{4}", word) for word in made)


def test_the_cost_is_the_recommended_one() -> None:
    cost = PasswordCost()
    assert (cost.time_cost, cost.memory_kib, cost.parallelism) == (3, 64 * 1024, 4)
