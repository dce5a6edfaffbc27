"""Which worker shows a call to the coordinator who looks on: with the customer's yes only, and on the audit log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from signaling.connection import Connection
from signaling.errors import NoCall, StoreUnavailable
from signaling.messages import Watching
from signaling.store import Store
from signaling.views_watch import LEG_START
from video_service.errors import ServiceError
from video_service.media_plane import LegRole, LegStatistics, MediaPlane, WorkerUnavailable

log = structlog.get_logger(__name__)

Note = Callable[[str, str, str], Awaitable[None]]
"""Puts on the audit log who looks on, in which role, at which call. Raises when it cannot."""

BESIDE = (LEG_START[LegRole.WATCHER], LEG_START[LegRole.GUEST])


async def no_log(_who: str, _role: str, _call: str) -> None:
    """Put nothing on any log."""


class WatchDesk:
    """Seats of coordinators who look on. All state that outlives a socket is in the store."""

    def __init__(self, store: Store, plane: MediaPlane, spawn: Callable[..., object], note: Note) -> None:
        self._store = store
        self._plane = plane
        self._spawn = spawn
        self._note = note

    async def place(self, person: str) -> tuple[str, LegRole]:
        """Return the worker on which this coordinator looks on, and as what: with a camera, or without.

        Raises:
            NoCall: nobody lets this one look on now.
            WorkerUnavailable: it is out of reach.
        """
        route = await self._store.watch_route(person)
        if route is None:
            raise NoCall
        if route.worker not in {status.worker for status in self._plane.workers()}:
            raise WorkerUnavailable
        return route.worker, LegRole.GUEST if route.camera else LegRole.WATCHER

    def keep(self, connection: Connection, watching: Watching | None) -> None:
        """Seat whoever has a leg and is not seated as the view says.

        The call may have had nobody to show when the leg came, or the customer has agreed to the picture since.
        """
        if watching is None or watching.media not in ("connecting", "live", "reconnecting"):
            return
        if not connection.seated or connection.seen is not (watching.picture == "shown"):
            self._spawn(self._seat_again(connection), name="watch")

    async def _seat_again(self, connection: Connection) -> None:
        try:
            await self.seat(connection)
        except ServiceError as error:
            log.info("not_seated", person=connection.person, code=error.code)

    async def seat(self, connection: Connection) -> None:
        """Show the call to the leg of whoever may look on now; close the leg of one who may not.

        Raises:
            StoreUnavailable: the look could not be put on the audit log, and nothing is shown.
            MediaError: nobody can be shown just now, or the worker cannot be asked.
        """
        async with connection.seating:
            await self._seat(connection)

    async def _seat(self, connection: Connection) -> None:
        person = connection.person
        route, leg = await self._store.watch_route(person), await self._store.leg(person)
        if route is None or not route.leg:
            if leg is not None:
                await self.close(leg.worker, leg.leg)
            return
        if (connection.seated, connection.seen) == (route.leg, route.seen):
            return
        connection.seated = ""
        if connection.watched != route.call:
            try:
                await self._note(person, connection.identity.role, route.call)
            except Exception as error:
                log.warning("look_not_logged", error=type(error).__name__)
                raise StoreUnavailable from error
            connection.watched = route.call
            # Asked anew: whoever was refused meanwhile has no leg in the store, and the one that was there is closed.
            route = await self._store.watch_route(person)
        if route is not None and route.leg:
            await self._plane.watch_call(route.worker, route.call, route.epoch, route.leg, seen=route.seen)
            connection.seated, connection.seen = route.leg, route.seen

    async def close(self, worker: str, leg: str) -> None:
        """Close a leg; a worker that cannot be asked has lost it, or is asked again by `reconcile`."""
        try:
            await self._plane.close_leg(worker, leg)
        except ServiceError as error:
            log.info("leg_not_closed", leg=leg, code=error.code)

    async def reconcile(self, worker: str, legs: list[LegStatistics]) -> None:
        """Close every leg by which somebody looks on who may not any more.

        Raises:
            StoreUnavailable: no answer.
        """
        watching = {leg.leg_id: leg.call_id for leg in legs if leg.call_id and leg.leg_id.startswith(BESIDE)}
        if watching:
            for leg in watching.keys() - await self._store.watch_legs(watching.values()):
                log.warning("watcher_parted_late", leg=leg, worker=worker)
                await self.close(worker, leg)
