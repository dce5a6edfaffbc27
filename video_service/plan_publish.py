"""Publishes a roster from the command line: by the function that the coordinator's page uses."""

from __future__ import annotations

from dataclasses import dataclass

from redis.asyncio import Redis

from scheduler.roster_file import RosterDocument
from signaling.policy import Policy
from signaling.store import Store
from video_service.accounts import Accounts
from video_service.audit import Audit
from video_service.cipher import Cipher
from video_service.clock import SystemClock
from video_service.passwords import Passwords
from video_service.roster_desk import NotPublished, RosterDesk
from video_service.roster_store import RosterBook
from video_service.settings import Settings
from video_service.shift_requests_store import RequestBook


@dataclass(frozen=True)
class Published:
    """How many shifts came, went and stayed. `version`: the new version's number, 0 where nothing had to change."""

    added: int
    removed: int
    kept: int
    version: int


async def publish(
    redis: Redis, settings: Settings, cipher: Cipher, document: RosterDocument, *, dry_run: bool
) -> Published:
    """Make a roster's shifts stand, all of them or none. Shifts of earlier published rosters in its days may go.

    Raises:
        NotPublished: somebody is no agent here, or there is nothing to publish.
        Overlapping: somebody has another shift in that time; it names the rows.
    """
    clock, passwords = SystemClock(), Passwords()
    try:
        accounts = Accounts(redis, pool=settings.pool, passwords=passwords, clock=clock, cipher=cipher)
        store = Store(redis, pool=settings.pool, policy=settings.project(Policy), cipher=cipher)
        book = RosterBook(redis, pool=settings.pool, clock=clock, retention_days=settings.record_retention_days)
        asked = RequestBook(redis, pool=settings.pool, clock=clock, retention_days=settings.record_retention_days)
        desk = RosterDesk(book, store, accounts, clock, zone=settings.time_zone, requests=asked)
        if not document.duties:
            raise NotPublished("There is no shift in this roster.")
        preview = await desk.preview(document, await desk.published_shifts())
        found = preview.changes
        version = 0
        if not dry_run and (found.add or found.remove):
            log = Audit(redis, pool=settings.pool, clock=clock, retention_days=settings.audit_retention_days)
            await log.note(who="operator", role="operator", what="roster_published", about=f"{len(found.add)}")
            version = await desk.publish(document, preview, by="operator")
        return Published(len(found.add), len(found.remove), len(found.keep), version)
    finally:
        passwords.close()
