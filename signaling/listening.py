"""What a web node hears from elsewhere, and does by the clock: wakes, media events, presence, due deadlines."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from signaling.messages import CloseCode
from signaling.showing import STORE_TIMEOUT_S
from signaling.store_types import Wake
from video_service.errors import ServiceError
from video_service.media_plane import LegEvent, MediaPlane, PictureEvent, WorkerEvent

if TYPE_CHECKING:
    from signaling.hub import Hub

log = structlog.get_logger(__name__)

BEAT_S = 1.0
SWEEP_S = 0.25
EVENT_TRIES = 10
EVENT_RETRY_S = 0.5


class Listening:
    """The loops of a hub. Each may fail and is started again by the hub."""

    def __init__(self, hub: Hub, plane: MediaPlane, *, silent_after_s: float) -> None:
        self._hub = hub
        self._plane = plane
        self._silent_after_s = silent_after_s

    async def wakes(self) -> None:
        """Loop: look again at whatever somebody says has changed."""
        async for wake in self._hub.store.wakes():
            self._woken(wake)

    def _woken(self, wake: Wake) -> None:
        hub = self._hub
        match wake.kind:
            case "person":
                hub.showing.look_again(wake.id)
            case "queue" | "lagged":
                hub.showing.look_at_all()
            case "text":
                connection = hub.showing.newest.get(wake.id)
                if connection is not None and connection.call == wake.call:
                    hub.spawn(hub.showing.show_text(connection), name="show-text")
            case "replaced":
                old = hub.sockets.get(wake.socket)
                if old is not None:
                    old.end(CloseCode.REPLACED, "replaced")
            case "call":
                hub.spawn(hub.media.part(wake), name="part")

    async def media_events(self) -> None:
        """Loop: write down what the workers see of the people who are here."""
        async for event in self._plane.events():
            match event:
                case WorkerEvent():
                    log.info("worker_changed", worker=event.worker, alive=event.alive)
                    self._hub.showing.look_at_all()
                    if event.alive:
                        self._hub.spawn(self._hub.media.part_owed(event.worker), name="part-owed")
                case LegEvent() | PictureEvent():
                    if event.person in self._hub.showing.newest:
                        await self._note(event)

    async def _note(self, event: LegEvent | PictureEvent) -> None:
        """Keep the order in which the worker saw things; a store that is away is waited for a while."""
        for _ in range(EVENT_TRIES):
            try:
                async with asyncio.timeout(STORE_TIMEOUT_S):
                    await self._hub.media.note(event)
                return
            except ServiceError as error:
                log.info("media_event_refused", code=error.code)
                if not error.retryable:
                    return
                await asyncio.sleep(EVENT_RETRY_S)
            except Exception as error:  # noqa: BLE001  a lost event would leave a page at "connecting" for good
                log.warning("media_event_retries", error=type(error).__name__)
                await asyncio.sleep(EVENT_RETRY_S)

    async def beat(self) -> None:
        """Loop: keep the presence of everybody whose page is still heard; cut a page that fell silent."""
        while True:
            now_s = time.monotonic()
            present = []
            for connection in list(self._hub.showing.newest.values()):
                if now_s - connection.heard_s > self._silent_after_s:
                    connection.end(CloseCode.TOO_SLOW, "silent")
                else:
                    present.append((connection.person, connection.socket_id))
            if present:
                async with asyncio.timeout(STORE_TIMEOUT_S):
                    await self._hub.store.beat(present)
            await asyncio.sleep(BEAT_S)

    async def sweep(self) -> None:
        """Loop: act on deadlines that are due (ring, keep-place, return, rest, orphans)."""
        while True:
            async with asyncio.timeout(STORE_TIMEOUT_S):
                handled = await self._hub.store.sweep()
            if handled == 0:
                await asyncio.sleep(SWEEP_S)
