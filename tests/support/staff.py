"""People and tickets for web nodes that are processes of their own: what a page would get over HTTP."""

from __future__ import annotations

import time

from redis.asyncio import Redis

from signaling.identity_types import Identity
from signaling.store import Store
from tests.data_keys import CIPHER
from video_service.accounts import Accounts, Role
from video_service.clock import SystemClock
from video_service.passwords import PasswordCost, Passwords

CHEAP = PasswordCost(time_cost=1, memory_kib=8, parallelism=1)
HOUR_MS = 3_600_000
PASSWORD = "correct horse battery"


class Staff:
    """Makes accounts, puts agents on shift, and hands out tickets."""

    def __init__(self, redis: Redis, pool: str) -> None:
        self.passwords = Passwords(CHEAP)
        self.store = Store(redis, pool=pool, cipher=CIPHER)
        self._accounts = Accounts(redis, pool=pool, passwords=self.passwords, clock=SystemClock(), cipher=CIPHER)

    async def agent(self, name: str, *skills: str) -> Identity:
        """Make an account of an agent who is on shift."""
        account = await self._accounts.add(name, role=Role.AGENT, display_name=name, password=PASSWORD, skills=skills)
        now_ms = time.time_ns() // 1_000_000
        await self.store.add_shift(account.person, now_ms - HOUR_MS, now_ms + HOUR_MS)
        return Identity(
            person=account.person, role="agent", name=name, skills=account.skills, generation=account.generation
        )

    async def coordinator(self, name: str) -> None:
        """Make a coordinator's account."""
        await self._accounts.add(name, role=Role.COORDINATOR, display_name=name, password=PASSWORD)

    async def ticket(self, identity: Identity) -> str:
        return await self.store.issue_ticket(identity)

    def close(self) -> None:
        self.passwords.close()
