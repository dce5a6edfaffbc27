"""Puts planned shifts into the service's roster: all of them, or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from redis.asyncio import Redis

from signaling.policy import Policy
from signaling.store import Store
from video_service.accounts import Accounts, Role
from video_service.audit import Audit
from video_service.cipher import Cipher
from video_service.clock import SystemClock
from video_service.errors import ServiceError
from video_service.passwords import Passwords
from video_service.settings import Settings


class NotPublished(ServiceError):
    """The roster cannot be published."""

    code: ClassVar[str] = "not_published"


async def publish(
    redis: Redis, settings: Settings, cipher: Cipher, shifts: Sequence[tuple[str, int, int]], *, dry_run: bool
) -> int:
    """Add `shifts`, each as (sign-in name, start_ms, end_ms), but for those that are there; return how many are added.

    Raises:
        NotPublished: somebody is no agent here, or there is nothing to publish.
        ShiftOverlaps: somebody has another shift in that time.
    """
    clock = SystemClock()
    passwords = Passwords()
    try:
        accounts = Accounts(redis, pool=settings.pool, passwords=passwords, clock=clock, cipher=cipher)
        agents = {
            account.name: account.person
            for account in await accounts.all()
            if account.role is Role.AGENT and not account.disabled
        }
    finally:
        passwords.close()
    if not shifts:
        raise NotPublished("There is no shift in this roster.")
    unknown = Counter(name for name, _, _ in shifts if name not in agents)
    if unknown:
        names = ", ".join(sorted(unknown))
        raise NotPublished(f"Nobody with these sign-in names is an agent here: {names}. Nothing was changed.")
    store = Store(redis, pool=settings.pool, policy=settings.project(Policy), cipher=cipher)
    wanted = [(agents[name], start_ms, end_ms) for name, start_ms, end_ms in shifts]
    from_ms, to_ms = min(start for _, start, _ in wanted), max(end for _, _, end in wanted)
    there = {(shift.agent, shift.start_ms, shift.end_ms) for shift in await store.shifts(from_ms, to_ms)}
    fresh = [shift for shift in wanted if shift not in there]
    if fresh and not dry_run:
        log = Audit(redis, pool=settings.pool, clock=clock, retention_days=settings.audit_retention_days)
        await log.note(who="operator", role="operator", what="roster_published", about=f"{len(fresh)}")
        await store.add_shifts(fresh)
    return len(fresh)
