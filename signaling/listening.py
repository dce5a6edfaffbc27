"""What a web node hears from elsewhere, and does by the clock: wakes, media events, presence, due deadlines."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

import structlog

from signaling.messages import CloseCode
from signaling.showing import STORE_TIMEOUT_S
from signaling.store_types import Wake
from video_service.errors import ServiceError
from video_service.media_plane import (
    LegEvent,
    LegState,
    LineEvent,
    MediaPlane,
    ObjectEvent,
    PictureEvent,
    QualityEvent,
    WorkerEvent,
)

if TYPE_CHECKING:
    from signaling.hub import Hub

log = structlog.get_logger(__name__)

BEAT_S = 1.0
SWEEP_S = 0.25
NODES_S = 0.25
RECONCILE_S = 5.0
EVENT_RETRY_S = 0.5
LOST_S = 5.0
"""A worker that is out of reach for so long has lost its legs. Pages that are told make new ones long before."""


class Listening:
    """The loops of a hub. Each may fail and is started again by the hub."""

    def __init__(self, hub: Hub, plane: MediaPlane, *, silent_after_s: float) -> None:
        self._hub = hub
        self._plane = plane
        self._silent_after_s = silent_after_s
        self._reconcile_now = asyncio.Event()
        self._asking = asyncio.Lock()
        self._lost_s: dict[str, float] = {}

    async def wakes(self) -> None:
        """Loop: look again at whatever somebody says has changed."""
        async for wake in self._hub.store.wakes(self._hub.node):
            self._woken(wake)

    def _woken(self, wake: Wake) -> None:
        hub = self._hub
        match wake.kind:
            case "person":
                hub.showing.look_again(wake.id)
            case "queue":
                hub.showing.look_at_all()
            case "lagged":
                hub.showing.look_at_all()
                self._reconcile_now.set()
            case "background":
                hub.showing.look_at_all()
                hub.spawn(self._backgrounds(), name="backgrounds")
            case "text":
                connection = hub.showing.newest.get(wake.id)
                if connection is not None and connection.call == wake.call:
                    hub.spawn(hub.showing.show_text(connection), name="show-text")
            case "rtt":
                hub.showing.show_piece(wake)
            case "replaced":
                self._replaced(wake.socket)
            case "signed_out":
                shut_out = hub.sockets.get(wake.socket)
                if shut_out is not None:
                    shut_out.end(CloseCode.BAD_TICKET, "signed_out")
            case "leg":
                hub.spawn(hub.media.close_leg(wake.leg_worker, wake.leg), name="close-leg")
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
                        self._lost_s.pop(event.worker, None)
                        self._reconcile_now.set()
                    else:
                        self._lost_s.setdefault(event.worker, time.monotonic())
                case LegEvent() | PictureEvent() | ObjectEvent() | LineEvent() | QualityEvent():
                    if self._concerns_us(event):
                        await self._note(event)

    async def _note(self, event: LegEvent | PictureEvent | ObjectEvent | LineEvent | QualityEvent) -> None:
        """Keep the order in which the worker saw things; a store that is away is waited for.

        Meanwhile events queue at the worker, which cuts a node that reads none and tells the last state of every leg
        when it is back: so none is lost that still matters.
        """
        while True:
            try:
                async with asyncio.timeout(STORE_TIMEOUT_S):
                    await self._hub.media.note(event)
                return
            except (ServiceError, TimeoutError) as error:
                if isinstance(error, ServiceError) and not error.retryable:
                    log.info("media_event_refused", code=error.code)
                    return
                log.warning("media_event_retries", error=type(error).__name__)
                await asyncio.sleep(EVENT_RETRY_S)

    def _concerns_us(self, event: LegEvent | PictureEvent | ObjectEvent | LineEvent | QualityEvent) -> bool:
        """Whether its person is here, or somebody in the same call: the person's own node may be dead.

        When a leg leaves its call both pages may be gone already: its last facts are everybody's. So is what is shown
        on purpose: an end that nobody wrote down would stand on the page that comes back, and on the record.
        """
        newest = self._hub.showing.newest
        if event.person in newest or isinstance(event, ObjectEvent):
            return True
        if isinstance(event, QualityEvent) and event.last:
            return True
        call = event.call_id if isinstance(event, LegEvent | QualityEvent) else ""
        return bool(call) and any(connection.call == call for connection in newest.values())

    async def _backgrounds(self) -> None:
        """Put what the company has decided behind every agent who is here."""
        for connection in list(self._hub.showing.newest.values()):
            if connection.identity.role == "agent":
                await self._hub.media.set_background(connection.person)

    async def reconcile(self) -> None:
        """Loop: part what should not be joined: after a gap in what was heard, and now and then in any case."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RECONCILE_S):
                    await self._reconcile_now.wait()
            self._reconcile_now.clear()
            for worker in [name for name, since_s in self._lost_s.items() if time.monotonic() - since_s >= LOST_S]:
                await self._close_legs_of(worker)
                self._lost_s.pop(worker, None)
            await self._hub.media.reconcile()

    async def _close_legs_of(self, worker: str) -> None:
        """Note that a lost worker's legs are closed: an agent whose page offered no new one must not be rung."""
        for person in list(self._hub.showing.newest):
            leg = await self._hub.store.leg(person)
            if leg is not None and leg.worker == worker:
                log.warning("leg_lost", person=person, worker=worker)
                await self._hub.store.leg_event(person, leg=leg.leg, state=LegState.CLOSED)

    def _replaced(self, socket: str) -> None:
        old = self._hub.sockets.get(socket)
        if old is not None:
            old.end(CloseCode.REPLACED, "replaced")

    async def beat(self) -> None:
        """Loop: keep the presence of everybody whose page is still heard; cut a page that fell silent."""
        while True:
            now_s = time.monotonic()
            present = []
            for connection in list(self._hub.showing.newest.values()):
                if now_s - connection.heard_s > self._silent_after_s:
                    connection.end(CloseCode.TOO_SLOW, "silent")
                else:
                    present.append((connection.person, connection.socket_id, connection.known.since_ms))
            if present:
                async with asyncio.timeout(STORE_TIMEOUT_S):
                    heard = await self._hub.store.beat(present)
                for socket in heard.replaced:
                    self._replaced(socket)
                for person in heard.unknown:
                    self._hub.spawn(self._hub.make_known(person), name="make-known")
            await asyncio.sleep(BEAT_S)

    async def nodes(self) -> None:
        """Loop: say that this node is here, and see to the people of one that died."""
        while True:
            async with self._asking, asyncio.timeout(STORE_TIMEOUT_S):
                more = await self._hub.store.look_at_nodes("" if self._hub.draining else self._hub.node)
            if not more:
                await asyncio.sleep(NODES_S)

    async def leave(self) -> None:
        """Have this node forgotten, after what it has asked: it would be put on the list again by that."""
        async with self._asking:
            await self._hub.store.leave_node(self._hub.node)

    async def sweep(self) -> None:
        """Loop: act on deadlines that are due (ring, keep-place, return, rest, orphans)."""
        while True:
            async with asyncio.timeout(STORE_TIMEOUT_S):
                handled = await self._hub.store.sweep()
            if handled == 0:
                await asyncio.sleep(SWEEP_S)
