"""What pages tell of pictures, passed on to the media worker: what they presented, and what their owners paused.

Nothing waits for these: a report that finds no worker, or an earlier report still on its way, is dropped.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import structlog

from signaling.connection import Connection
from signaling.store import Store
from signaling.store_types import LegInfo
from video_service.errors import ServiceError
from video_service.media_plane import MediaPlane, Shown

log = structlog.get_logger(__name__)

LEG_KNOWN_S: Final = 5.0
"""So long a page's leg is remembered: once in so long a report reads the store."""


@dataclass
class _Page:
    leg: LegInfo | None = None
    looked_s: float = -LEG_KNOWN_S
    paused: bool = False
    said: bool = False
    told: tuple[str, bool] | None = None
    telling: asyncio.Task[None] | None = None


class PageReports:
    """The reports of one node's pages."""

    def __init__(self, store: Store, plane: MediaPlane, spawn: Callable[..., asyncio.Task[None]]) -> None:
        self._store = store
        self._plane = plane
        self._spawn = spawn
        self._pages: WeakKeyDictionary[Connection, _Page] = WeakKeyDictionary()

    def paused(self, connection: Connection, *, paused: bool) -> None:
        """The page's owner paused the own picture, or shows it again."""
        page = self._page(connection)
        page.paused, page.said, page.told = paused, True, None
        page.looked_s = -LEG_KNOWN_S
        self._pass_on(connection, page, None)

    def shown(self, connection: Connection, shown: Shown) -> None:
        """The page presented so much of the other person's picture in the last second."""
        self._pass_on(connection, self._page(connection), shown)

    def _page(self, connection: Connection) -> _Page:
        return self._pages.setdefault(connection, _Page())

    def _pass_on(self, connection: Connection, page: _Page, shown: Shown | None) -> None:
        if page.telling is None or page.telling.done():
            page.telling = self._spawn(self._tell(connection.person, page, shown), name="page-report")

    async def _tell(self, person: str, page: _Page, shown: Shown | None) -> None:
        try:
            if shown is not None:
                leg = await self._leg(person, page)
                if leg is not None:
                    await self._plane.shown(leg.worker, leg.leg, shown)
            # A pause that was said meanwhile, or a leg that is new, is told here, too.
            while page.said and (leg := await self._leg(person, page)) and page.told != (leg.leg, page.paused):
                page.told = (leg.leg, page.paused)
                await self._plane.pause_leg(leg.worker, leg.leg, paused=page.paused)
        except ServiceError as error:
            log.debug("report_dropped", code=error.code)

    async def _leg(self, person: str, page: _Page) -> LegInfo | None:
        now_s = time.monotonic()
        if now_s - page.looked_s >= LEG_KNOWN_S:
            page.leg = await self._store.leg(person)
            page.looked_s = now_s
        return page.leg
