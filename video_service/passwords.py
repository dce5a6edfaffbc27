"""Passwords: argon2id hashes, never the words themselves, and generated ones that can be read over a telephone."""

from __future__ import annotations

import asyncio
import base64
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import argon2

from video_service.errors import ServiceError

T = TypeVar("T")

MIN_CHARACTERS = 10
MAX_CHARACTERS = 256
QUEUE_TIMEOUT_S = 5.0
# Without 0, O, 1, l, i: what is read aloud or from paper must not be mistaken. 31 ** 16 is more than 2 ** 79.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_GROUPS = 4
_GROUP_LENGTH = 4


class WeakPassword(ServiceError):
    """A password has at least 10 and at most 256 characters, and is not one character over and over."""

    code: ClassVar[str] = "weak_password"


class PasswordsBusy(ServiceError):
    """Too many people sign in at this moment; try again."""

    code: ClassVar[str] = "busy"
    retryable: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class PasswordCost:
    """What one guess costs. Source: RFC 9106 section 4, second recommended option."""

    time_cost: int = 3  # passes over the memory
    memory_kib: int = 65_536
    parallelism: int = 4  # lanes
    at_once: int = 2  # hashes that one process computes at the same time; bounds its memory


class Passwords:
    """Hashes and checks passwords in threads of its own, so that sockets go on while it computes."""

    def __init__(self, cost: PasswordCost | None = None) -> None:
        cost = cost or PasswordCost()
        self._hasher = argon2.PasswordHasher(
            time_cost=cost.time_cost, memory_cost=cost.memory_kib, parallelism=cost.parallelism, type=argon2.Type.ID
        )
        self._threads = ThreadPoolExecutor(cost.at_once, thread_name_prefix="password")
        self._turn = asyncio.Semaphore(cost.at_once)
        # Checked for names that do not exist: the time of an answer must not say who works here.
        self._nobody = _hash_of_nothing(cost)

    async def hash(self, password: str) -> str:
        """Return the argon2id hash of a new password, with its salt and cost inside.

        Raises:
            WeakPassword: too short, too long, or one character over and over.
            PasswordsBusy: no turn within `QUEUE_TIMEOUT_S`.
        """
        text = normalised(password)
        if not MIN_CHARACTERS <= len(text) <= MAX_CHARACTERS or len(set(text)) == 1:
            raise WeakPassword
        return await self._in_turn(self._hasher.hash, text)

    async def matches(self, password: str, hashed: str | None) -> bool:
        """Return whether `password` is the one behind `hashed`; None takes as long and is never right.

        Raises:
            PasswordsBusy: no turn within `QUEUE_TIMEOUT_S`.
        """
        text = normalised(password)[: MAX_CHARACTERS + 1]
        right = await self._in_turn(self._check, hashed if hashed is not None else self._nobody, text)
        return right and hashed is not None

    def outdated(self, hashed: str) -> bool:
        """Return whether `hashed` was made at another cost than today's."""
        return self._hasher.check_needs_rehash(hashed)

    def close(self) -> None:
        """Let the threads go. May be called twice."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _check(self, hashed: str, text: str) -> bool:
        try:
            return self._hasher.verify(hashed, text)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    async def _in_turn(self, work: Callable[..., T], *words: str) -> T:
        try:
            async with asyncio.timeout(QUEUE_TIMEOUT_S):
                await self._turn.acquire()
        except TimeoutError as error:
            raise PasswordsBusy from error
        # The turn ends with the thread's work and not with this await: a client that goes away frees no memory.
        work_done = asyncio.get_running_loop().run_in_executor(self._threads, work, *words)
        work_done.add_done_callback(lambda _: self._turn.release())
        return await asyncio.shield(work_done)


def _hash_of_nothing(cost: PasswordCost) -> str:
    """Return what looks like a hash and costs as much to check, without computing one: chance is right as rarely."""
    salt, digest = (base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
    return f"$argon2id$v=19$m={cost.memory_kib},t={cost.time_cost},p={cost.parallelism}${salt}${digest}"


def normalised(password: str) -> str:
    """Return `password` so that two keyboards that compose a letter differently agree. Source: RFC 8265 section 4.2."""
    return unicodedata.normalize("NFC", password)


def generate() -> str:
    """Return a new password of four groups of four, such as `k7mf-3xqp-w9zt-2hrn`."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)
