"""A web node's people: their sockets, and the loops that keep every page true to the store.

The hub holds nothing that the store does not: after a crash the pages come back to any node with their resume tokens.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec
import structlog

from signaling import messages
from signaling.connection import BAD_MESSAGES_IN_A_ROW, Connection, SocketClosed, Wire, read, refuse
from signaling.errors import Superseded
from signaling.handlers import handle
from signaling.identity_types import Identity
from signaling.listening import Listening
from signaling.media_desk import MediaDesk
from signaling.messages import PROTOCOL_VERSION, CloseCode, IceServer
from signaling.page_reports import PageReports
from signaling.showing import STORE_TIMEOUT_S, Showing
from signaling.store import Store
from signaling.store_people import Known
from signaling.watch_desk import Note, no_log
from video_service.errors import ServiceError
from video_service.media_plane import MediaPlane
from video_service.tasks import cancel_and_wait

log = structlog.get_logger(__name__)

HELLO_TIMEOUT_S = 5.0
HEARTBEAT_S = 2.0
RETRY_S = 0.5
DRAIN_S = 1.0


class Hub:
    """Every socket of one web node."""

    def __init__(
        self,
        store: Store,
        plane: MediaPlane,
        *,
        node: str = "",
        ice_servers: Callable[[], tuple[IceServer, ...]] = tuple,
        ice_renew_s: float = math.inf,
        note_watching: Note = no_log,
    ) -> None:
        """`ice_servers` is asked for each page at its welcome, and again each `ice_renew_s` while it is here.

        `note_watching` puts on the audit log who looks on at which call, before anything is shown.
        """
        self.store = store
        self.node = node or f"n-{secrets.token_hex(4)}"
        self.media = MediaDesk(store, plane, self.spawn, note=note_watching)
        self.reports = PageReports(store, plane, self.spawn)
        self.showing = Showing(store, self.media)
        self._listening = Listening(self, plane, silent_after_s=3 * HEARTBEAT_S)
        self._ice_servers = ice_servers
        self._ice_renew_s = ice_renew_s
        self.sockets: dict[str, Connection] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []
        self.draining = self._handing_over = False
        self._empty = asyncio.Event()

    async def start(self) -> None:
        """Start the loops; `close` ends them."""
        for loop in (
            self._listening.wakes,
            self._listening.media_events,
            self._listening.sweep,
            self._listening.reconcile,
            self._listening.beat,
            self._listening.nodes,
            self.showing.refresh,
            self.showing.refresh_queue,
            self.showing.resync,
        ):
            self._loops.append(self.spawn(self._forever(loop), name=f"hub-{loop.__name__}"))

    def sockets_by_role(self) -> dict[str, int]:
        """Return how many pages are connected here, by role."""
        return Counter(connection.identity.role for connection in self.sockets.values())

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        """Run `work` under the hub's ownership; a failure is logged, never lost."""
        task = asyncio.create_task(self._logged(work, name), name=name)
        self._tasks.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            work.close()  # a task that was cancelled before its first turn never began its work

        task.add_done_callback(ended)
        return task

    async def _logged(self, work: Coroutine[Any, Any, None], name: str) -> None:
        try:
            await work
        except ServiceError as error:
            log.warning("background_refused", task=name, code=error.code)
        except Exception:
            log.exception("background_failed", task=name)

    async def _forever(self, loop: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await loop()
            except Exception as error:
                log.warning(
                    "loop_retries", loop=getattr(loop, "__name__", ""), error=type(error).__name__, exc_info=True
                )
            await asyncio.sleep(RETRY_S)

    async def drain(self, *, whole_service: bool = False) -> None:
        """Stop taking sockets and send everybody elsewhere; with `whole_service`, end every call and say so first.

        Whoever is sent elsewhere stays present meanwhile: nothing rings in vain, no place is parked, no call is parted.
        """
        if self.draining:
            return
        self.draining, self._handing_over = True, not whole_service
        if whole_service:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(STORE_TIMEOUT_S):
                    await self.store.shut_down()
            await self.showing.show_all_now()
        for connection in list(self.sockets.values()):
            _send_away(connection)
        # Before the sockets are waited for: whoever stops a node may not wait so long, and nobody of it is to be gone.
        if self._handing_over:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(STORE_TIMEOUT_S):
                    await self._listening.leave()
        if self.sockets:
            self._empty.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_S):
                    await self._empty.wait()

    async def close(self) -> None:
        """End every loop and task. May be called twice."""
        await cancel_and_wait(self._loops)
        # What is under way is short (a person leaves, a leg is closed): better done than dropped.
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=DRAIN_S)
        await cancel_and_wait(self._tasks)

    async def serve(self, wire: Wire) -> None:
        """Serve one accepted socket until it closes."""
        try:
            hello, identity = await self._greet(wire)
        except SocketClosed as closed:
            await refuse(wire, closed.code, closed.error)
            return
        token = hello.resume or hello.ticket or ""
        connection = Connection(wire, identity, secrets.token_hex(8), hello.codecs, time.monotonic(), token)
        try:
            await self._welcome(connection)
            await self._converse(connection)
        except SocketClosed as closed:
            log.info("socket_closed", role=identity.role, code=closed.code, reason=closed.error)
            with contextlib.suppress(Exception):
                async with asyncio.timeout(RETRY_S):
                    await wire.close(closed.code, closed.error)
        except ServiceError as error:
            await refuse(wire, CloseCode.GOING_AWAY, error.code)
        except Exception:
            log.exception("socket_failed", role=identity.role)
            await refuse(wire, CloseCode.GOING_AWAY, "internal")
        finally:
            self._leave(connection)

    async def _greet(self, wire: Wire) -> tuple[messages.Hello, Identity]:
        try:
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                raw = await wire.receive()
        except TimeoutError as error:
            raise SocketClosed(CloseCode.TOO_SLOW, "no_hello") from error
        try:
            hello = read(raw)
        except msgspec.DecodeError as error:
            raise SocketClosed(CloseCode.BAD_MESSAGE, "bad_message") from error
        if not isinstance(hello, messages.Hello):
            raise SocketClosed(CloseCode.BAD_MESSAGE, "hello_first")
        if hello.v != PROTOCOL_VERSION:
            raise SocketClosed(CloseCode.VERSION, "version")
        if self.draining:
            raise SocketClosed(CloseCode.GOING_AWAY, "draining")
        try:
            if hello.resume is not None:
                return hello, await self.store.redeem_resume(hello.resume)
            if hello.ticket is not None:
                return hello, await self.store.redeem_ticket(hello.ticket)
        except ServiceError as error:
            raise SocketClosed(CloseCode.BAD_TICKET, error.code) from error
        except Exception as error:
            log.warning("greeting_failed", error=type(error).__name__)
            raise SocketClosed(CloseCode.GOING_AWAY, "store_unavailable") from error
        raise SocketClosed(CloseCode.BAD_TICKET, "bad_ticket")

    async def make_known(self, person: str) -> None:
        """Tell the store of somebody who is here and whom a failover made it forget; the page shows what is left."""
        connection = self.showing.newest.get(person)
        if connection is not None and connection.closing is None:
            log.info("made_known_again", role=connection.identity.role)
            await self._make_known(connection, again=connection.known)
            self.showing.look_again(person)

    async def _make_known(self, connection: Connection, *, again: Known | None = None) -> None:
        identity = connection.identity
        connection.known = await self.store.connect(
            identity, node=self.node, socket=connection.socket_id, token=connection.token, again=again
        )
        if identity.role == "agent":
            await self.store.sign_in(identity)

    async def _welcome(self, connection: Connection) -> None:
        identity = connection.identity
        try:
            await self._make_known(connection)
            resume = await self.store.issue_resume(identity, socket=connection.socket_id)
        except Superseded:
            raise SocketClosed(CloseCode.REPLACED, "replaced") from None
        # Of two that are greeted at once the later answer need not be the newer one's.
        newest = self.showing.newest.get(connection.person)
        if newest is not None and newest.known > connection.known:
            raise SocketClosed(CloseCode.REPLACED, "replaced")
        self.sockets[connection.socket_id] = connection
        self.showing.newest[connection.person] = connection
        connection.post(
            messages.Welcome(
                v=PROTOCOL_VERSION,
                role=identity.role,
                person=identity.person,
                name=identity.name,
                resume=resume,
                heartbeat_s=HEARTBEAT_S,
                server_time_ms=time.time_ns() // 1_000_000,
                ice_servers=self._ice_servers(),
            )
        )
        await self.showing.show(connection)
        if self.draining:  # it was greeted before, and the others have been sent away already
            _send_away(connection)

    async def _converse(self, connection: Connection) -> None:
        sender = asyncio.ensure_future(connection.run_sender())
        reader = asyncio.ensure_future(self._read_page(connection))
        try:
            done, _ = await asyncio.wait((sender, reader), return_when=asyncio.FIRST_COMPLETED)
            # Both may have ended in one turn, and each is asked why.
            faults = [fault for task in done if (fault := task.exception()) is not None]
            for fault in sorted(faults, key=lambda fault: not isinstance(fault, SocketClosed)):
                raise fault
        finally:
            await cancel_and_wait((sender, reader))

    async def _read_page(self, connection: Connection) -> None:
        while True:
            raw = await connection.wire.receive()
            connection.heard_s = time.monotonic()
            self._renew_ice(connection)
            if not connection.budget.take(connection.heard_s):
                raise SocketClosed(CloseCode.TOO_MANY, "too_many")
            try:
                message = read(raw)
            except msgspec.DecodeError:
                connection.bad_in_a_row += 1
                connection.post(messages.Error(code="bad_message"))
                if connection.bad_in_a_row >= BAD_MESSAGES_IN_A_ROW:
                    raise SocketClosed(CloseCode.TOO_MANY, "too_many_bad") from None
                continue
            connection.bad_in_a_row = 0
            await handle(self, connection, message)

    def _renew_ice(self, connection: Connection) -> None:
        if connection.heard_s - connection.ice_s >= self._ice_renew_s:
            connection.ice_s = connection.heard_s
            connection.post(messages.IceServers(ice_servers=self._ice_servers()))

    def _leave(self, connection: Connection) -> None:
        self.sockets.pop(connection.socket_id, None)
        if not self.sockets:
            self._empty.set()
        if self.showing.newest.get(connection.person) is connection:
            del self.showing.newest[connection.person]
        self.media.forget(connection)
        if self._handing_over:
            return
        # Not awaited here: the server cancels a socket's task when its client goes.
        self.spawn(self.store.disconnect(connection.person, connection.socket_id), name="disconnect")


def _send_away(connection: Connection) -> None:
    connection.post(messages.Draining())
    connection.end(CloseCode.GOING_AWAY, "draining")
