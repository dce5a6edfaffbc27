"""What every page of this node shows: reads the store, sends what is new. Wakes are hints; the store is the truth."""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from signaling import messages
from signaling.connection import Connection
from signaling.media_desk import MediaDesk
from signaling.store import Store
from signaling.store_types import Wake
from video_service.errors import ServiceError

RESYNC_S = 10.0
QUEUE_REFRESH_S = 0.5
STORE_TIMEOUT_S = 5.0
RETRY_S = 0.5

log = structlog.get_logger(__name__)


class Showing:
    """The newest connection of each person here, and who has to be looked at again."""

    def __init__(self, store: Store, media: MediaDesk) -> None:
        self._store = store
        self._media = media
        self.newest: dict[str, Connection] = {}
        self._dirty: set[str] = set()
        self._stale: set[str] = set()
        self._look = asyncio.Event()
        self._queue_changed = asyncio.Event()

    def look_again(self, person: str) -> None:
        """Mark a person's page for a fresh view; nothing happens when the person is on another node."""
        if person in self.newest:
            self._dirty.add(person)
            self._look.set()

    def look_at_all(self) -> None:
        """Places, estimates or the wall may have changed: everybody gets a fresh view, at most twice a second."""
        self._queue_changed.set()

    async def show(self, connection: Connection) -> None:
        """Read this person's view and send it when it shows something new."""
        async with connection.looking:  # of two looks at once the older might be answered last
            await self._show(connection)

    async def _show(self, connection: Connection) -> None:
        person, alive = connection.person, self._media.alive()
        view: messages.CustomerView | messages.AgentView | messages.CoordinatorView
        if connection.identity.role == "customer":
            view = await self._store.customer_view(person, alive=alive)
            call, epoch = (view.call, view.epoch) if view.state == "connected" else ("", 0)
        elif connection.identity.role == "agent":
            view = await self._store.agent_view(person, alive=alive)
            call, epoch = (view.call.call, view.call.epoch) if view.call is not None else ("", 0)
        else:
            wall = await self._store.coordinator_view()
            view = await self._store.with_watching(wall, person, alive=alive)
            beside = view.watching
            call, epoch = (beside.call if beside is not None and beside.state == "joined" else ""), 0
        is_new = bool(call) and (call, epoch) != (connection.call, connection.epoch)
        # With another agent all lines are sent again, as to whose they are; a busy node may have shown nothing between.
        if (call, epoch) != (connection.call, connection.epoch):
            connection.call, connection.epoch, connection.text_seq, connection.route = call, epoch, 0, None
        connection.show(view)
        if isinstance(view, messages.AgentView) and view.call is not None:
            self._media.keep_route(connection, (view.call.held_from_ms > 0, view.call.voice))
        if isinstance(view, messages.CoordinatorView):
            self._media.watchers.keep(connection, view.watching)
        if call:
            await self.show_text(connection)
        if is_new:  # what the other is writing just now began without this page
            with contextlib.suppress(ServiceError):
                await self._store.pass_on(person, call, None)

    async def show_text(self, connection: Connection) -> None:
        """Send the lines of the call's text that this page has not had."""
        asked = connection.call, connection.epoch
        for line in await self._store.texts(connection.person, connection.call, connection.text_seq):
            if (connection.call, connection.epoch) != asked:
                return  # meanwhile it is another call, or another agent: these lines were counted for the one before
            if line.seq > connection.text_seq:
                connection.text_seq = line.seq
                connection.post(line)

    def show_piece(self, wake: Wake) -> None:
        """Send a piece of what another person of the call is writing; one that cannot be read is a lost one."""
        connection = self.newest.get(wake.id)
        if connection is None or connection.call != wake.call:
            return
        try:
            piece = self._store.piece(wake.piece)
        except ServiceError as error:
            log.warning("text_piece_unreadable", code=error.code)
            return
        if piece is None:
            connection.post(messages.OtherTyping(call=wake.call, line=0, number=0, text=""))
            return
        writer, signs = piece
        connection.post(
            messages.OtherTyping(call=wake.call, line=signs.line, number=signs.number, text=signs.text, writer=writer)
        )

    async def show_all_now(self) -> None:
        """Send everybody's last view before the sockets close."""
        for connection in list(self.newest.values()):
            with contextlib.suppress(Exception):
                await self.show(connection)

    async def refresh(self) -> None:
        """Loop: show whoever is marked. Whoever has news of its own comes before those whose place may have moved."""
        while True:
            await self._look.wait()
            self._look.clear()
            while self._dirty or self._stale:
                marked = self._dirty or self._stale
                person = marked.pop()
                connection = self.newest.get(person)
                if connection is None:
                    continue
                try:
                    async with asyncio.timeout(STORE_TIMEOUT_S):
                        await self.show(connection)
                except Exception as error:
                    log.warning("view_failed", role=connection.identity.role, error=type(error).__name__, exc_info=True)
                    if not isinstance(error, ServiceError) or error.retryable:
                        asyncio.get_running_loop().call_later(RETRY_S, self.look_again, person)

    async def refresh_queue(self) -> None:
        """Loop: mark everybody when the queue changed."""
        while True:
            await self._queue_changed.wait()
            self._queue_changed.clear()
            self._stale.update(self.newest)
            self._look.set()
            await asyncio.sleep(QUEUE_REFRESH_S)

    async def resync(self) -> None:
        """Loop: look at everybody now and then even without a hint; estimates move with time alone."""
        while True:
            await asyncio.sleep(RESYNC_S)
            self._queue_changed.set()
