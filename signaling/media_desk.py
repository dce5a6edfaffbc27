"""Between the store and the media plane: which worker answers whose offer, and when two legs become a call."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable

import structlog

from signaling import messages
from signaling.connection import Connection
from signaling.errors import NoCall, NoPicture, StaleReservation
from signaling.store import Store
from signaling.store_types import CallRouteInfo, Wake
from signaling.views_watch import LEG_START
from signaling.watch_desk import Note, WatchDesk, no_log
from video_service.errors import ServiceError
from video_service.media_plane import (
    Background,
    BadBox,
    CallRoute,
    LegEvent,
    LegRequest,
    LegRole,
    LegState,
    LineEvent,
    MediaPlane,
    ObjectEvent,
    PictureEvent,
    QualityEvent,
    StaleEpoch,
    UnknownLeg,
    WorkerUnavailable,
)
from video_service.shown_box import is_box

log = structlog.get_logger(__name__)


class PageMedia:
    """The peer connection of one page: its newest offer only."""

    def __init__(self) -> None:
        self.generation = 0
        self.task: asyncio.Task[None] | None = None


class MediaDesk:
    """Answers offers and joins legs. All state that outlives a socket is in the store."""

    def __init__(
        self, store: Store, plane: MediaPlane, spawn: Callable[..., asyncio.Task[None]], *, note: Note = no_log
    ) -> None:
        self.watchers = WatchDesk(store, plane, spawn, note)
        self._store = store
        self._plane = plane
        self._spawn = spawn
        self._pages: dict[str, PageMedia] = {}
        self._behind: dict[str, bool] = {}  # whose background a worker is being told, and whether to look once more

    def alive(self) -> frozenset[str]:
        """Return the names of the workers that can be reached now."""
        return frozenset(status.worker for status in self._plane.workers())

    def offer(self, connection: Connection, offer: messages.MediaOffer) -> None:
        """Answer an offer in the background, so that the heartbeat goes on. A newer offer ends an older one."""
        page = self._pages.setdefault(connection.socket_id, PageMedia())
        if offer.generation <= page.generation:
            return
        if page.task is not None:
            page.task.cancel()
        page.generation = offer.generation
        page.task = self._spawn(self._answer(connection, offer), name="media-offer")

    async def confirm_signer(self, person: str) -> None:
        """Tell the worker of this agent's leg that whoever is nearest to the camera is the agent.

        Raises:
            NoPicture: there is no leg, or its worker has lost it.
            MediaError: the worker cannot be asked.
        """
        leg = await self._store.leg(person)
        if leg is None:
            raise NoPicture
        try:
            await self._plane.confirm_signer(leg.worker, leg.leg)
        except UnknownLeg as error:
            raise NoPicture from error

    async def set_background(self, person: str) -> None:
        """Have what this agent chose, or the company decided, put behind the agent's picture.

        A worker that cannot be asked has lost the leg, or is told when the page makes its next one. While one is told
        it is looked once more: of two that look at once the older might come last.
        """
        if person in self._behind:
            self._behind[person] = True
            return
        self._behind[person] = True
        try:
            while self._behind[person]:
                self._behind[person] = False
                await self._set_background(person)
        finally:
            del self._behind[person]

    async def _set_background(self, person: str) -> None:
        leg = await self._store.leg(person)
        if leg is None:
            return
        try:
            await self._plane.set_background(leg.worker, leg.leg, await self._store.background(person))
        except ServiceError as error:
            log.info("background_not_set", leg=leg.leg, code=error.code)

    async def show_object(self, person: str, wish: messages.ShowObject) -> None:
        """Have what an agent in a call holds up shown, or covered again. The worker tells what became of it.

        Raises:
            BadBox: outside of the picture, too small or too large.
            NoCall: the agent is in no such call.
            StaleReservation: that call has moved on.
            NoPicture: the worker has lost the agent's leg.
            MediaError: the worker cannot be asked.
        """
        box = wish.box
        if box is not None and not is_box(box):
            raise BadBox
        route = await self._store.route(person)
        if route is None or route.call != wish.call or route.agent != person:
            raise NoCall
        if route.epoch != wish.epoch:
            raise StaleReservation
        if not route.agent_leg:
            raise NoPicture
        try:
            wanted = None if box is None else (box[0], box[1], box[2], box[3])
            await self._plane.show_object(route.agent_worker, route.agent_leg, wanted)
        except UnknownLeg as error:
            raise NoPicture from error

    def forget(self, connection: Connection) -> None:
        """The socket is gone. Its leg stays: a picture outlives a cut of signalling; a closed page falls silent."""
        page = self._pages.pop(connection.socket_id, None)
        if page is not None and page.task is not None:
            page.task.cancel()

    async def _answer(self, connection: Connection, offer: messages.MediaOffer) -> None:
        try:
            await self._answer_once(connection, offer)
        except ServiceError as error:
            log.warning("offer_refused", code=error.code, person=connection.person)
            connection.post(messages.Error(code=error.code, retryable=error.retryable, reply_to="media_offer"))

    async def _answer_once(self, connection: Connection, offer: messages.MediaOffer) -> None:
        person = connection.person
        route = await self._store.route(person)
        before = await self._store.leg(person)
        if connection.identity.role == "agent":
            kept = route.agent_worker if route is not None else before.worker if before is not None else ""
            worker = kept if kept in self.alive() else self._plane.place()
            role = LegRole.AGENT
        elif connection.identity.role == "coordinator":
            worker, role = await self.watchers.place(person)
            connection.seated = ""
        else:
            if route is None:
                raise NoCall
            if route.agent_worker not in self.alive():
                raise WorkerUnavailable
            worker, role = route.agent_worker, LegRole.CUSTOMER
        leg = f"{LEG_START[role]}{secrets.token_hex(8)}"
        if before is not None and before.worker in self.alive():
            # The page has left its old connection already; first out, then in, or a full worker would refuse its own.
            await self.close_leg(before.worker, before.leg)
        await self._store.leg_offered(person, leg=leg, worker=worker)
        staff = role in (LegRole.AGENT, LegRole.GUEST)
        background = await self._store.background(person) if staff else Background()
        request = LegRequest(
            leg_id=leg,
            person=person,
            role=role,
            codecs=connection.codecs,
            sdp=offer.sdp,
            blur=offer.blur and role is LegRole.CUSTOMER,
            background=background,
        )
        try:
            answer = await self._plane.answer_leg(worker, request)
        except asyncio.CancelledError:
            # The worker may have made the leg although nobody waits for the answer any more.
            self._spawn(self.close_leg(worker, leg), name="close-leg")
            raise
        except ServiceError:
            # Nobody is to be given to an agent, or to wait for a customer, whose leg was never made.
            await self._store.leg_event(person, leg=leg, state=LegState.CLOSED)
            raise
        connection.post(messages.MediaAnswer(generation=offer.generation, sdp=answer.sdp))
        beside = role in (LegRole.WATCHER, LegRole.GUEST)
        await (self.watchers.seat(connection) if beside else self.join_legs(person))

    async def join_legs(self, person: str) -> None:
        """Join the legs of this person's call, when its two are on one worker. Doing it again is harmless."""
        route = await self._store.route(person)
        if route is None or not self._both_here(route):
            return
        try:
            await self._plane.open_call(
                route.agent_worker,
                CallRoute(
                    call_id=route.call,
                    epoch=route.epoch,
                    customer_leg=route.customer_leg,
                    agent_leg=route.agent_leg,
                    held=route.held,
                    helper_legs=route.helper_legs,
                    voice_leg=route.voice_leg,
                ),
            )
        except StaleEpoch:
            log.info("call_moved_on", call=route.call, epoch=route.epoch)
        except UnknownLeg:
            # The other person's leg is not made yet; whoever is slower joins.
            log.info("other_leg_to_come", call=route.call, epoch=route.epoch)

    def keep_route(self, connection: Connection, route: tuple[bool, str]) -> None:
        """Have the worker of this agent's call do what the store says of hold and voice, unless it has been told."""
        if connection.route != route:
            connection.route = route
            self._spawn(self._tell_route(connection), name="route")

    async def _tell_route(self, connection: Connection) -> None:
        try:
            await self.join_legs(connection.person)
        except ServiceError as error:
            # The next look at this page, seconds from now, tells it again.
            connection.route = None
            log.warning("route_not_told", call=connection.call, code=error.code)

    @staticmethod
    def _both_here(route: CallRouteInfo) -> bool:
        return bool(route.customer_leg and route.agent_leg and route.customer_worker == route.agent_worker)

    async def part(self, wake: Wake) -> None:
        """A call was closed or given back: nothing of one person reaches the other from here on.

        This is the quick way. What it misses (a lost wake, a worker out of reach) `reconcile` finds.
        """
        if wake.worker:
            await self._close_call(wake.worker, wake.id, wake.epoch)
        if wake.leg and wake.leg_worker:
            await self.close_leg(wake.leg_worker, wake.leg)

    async def reconcile(self) -> None:
        """Part every call that a worker still has joined although it is no longer active."""
        for worker in self.alive():
            try:
                legs = list(await self._plane.statistics(worker))
                await self.watchers.reconcile(worker, legs)
                ended = await self._store.ended({leg.call_id for leg in legs if leg.call_id})
            except ServiceError as error:
                log.info("not_reconciled", worker=worker, code=error.code)
                continue
            for call, epoch in ended.items():
                log.warning("call_parted_late", call=call, worker=worker)
                await self._close_call(worker, call, epoch)

    async def _close_call(self, worker: str, call: str, epoch: int) -> None:
        try:
            await self._plane.close_call(worker, call, epoch)
        except StaleEpoch:
            log.info("call_moved_on", call=call, epoch=epoch)
        except ServiceError as error:
            log.warning("part_failed", call=call, code=error.code)

    async def close_leg(self, worker: str, leg: str) -> None:
        """Close a leg that nobody needs. A worker that cannot be asked has lost it, or will notice its silence."""
        try:
            await self._plane.close_leg(worker, leg)
        except ServiceError as error:
            log.info("leg_not_closed", leg=leg, code=error.code)

    async def note(self, event: LegEvent | PictureEvent | ObjectEvent | LineEvent | QualityEvent) -> None:
        """Write down what a worker saw of a leg, of its line, or of an agent's picture."""
        if isinstance(event, LegEvent):
            await self._store.leg_event(event.person, leg=event.leg_id, state=event.state)
        elif isinstance(event, QualityEvent):
            await self._store.quality(
                event.person, leg=event.leg_id, call=event.call_id, word=event.word, facts=event.facts
            )
        elif isinstance(event, ObjectEvent):
            await self._store.shown_object(event.person, leg=event.leg_id, box=event.box)
        elif isinstance(event, LineEvent):
            await self._store.line(event.person, leg=event.leg_id, narrow=event.narrow, camera_fps=event.camera_fps)
        else:
            await self._store.picture(event.person, leg=event.leg_id, state=event.state, reason=event.reason)
