"""A web node's connection to one media worker."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog
from websockets.asyncio.client import ClientConnection, connect, unix_connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from media import rpc
from media.registry import Lease
from video_service.media_plane import MediaEvent, WorkerEvent, WorkerStatus, WorkerUnavailable

log = structlog.get_logger(__name__)

PENDING_LIMIT = 256
ABANDONED_LIMIT = 256
OPEN_TIMEOUT_S = 3.0
BACKOFF_FIRST_S = 0.1
BACKOFF_MOST_S = 2.0

Told = Callable[[MediaEvent], Awaitable[None]]


class Link:
    """Keeps a connection to the worker of `lease`; `run` it as a task for as long as the worker is wanted.

    `told` is awaited with each event: a slow reader slows this link, and the worker cuts it before anything grows.
    """

    def __init__(self, lease: Lease, told: Told, *, token: str, tls: ssl.SSLContext | None, timeout_s: float) -> None:
        self.lease = lease
        self.status: WorkerStatus | None = None  # None while there is no connection
        self._told = told
        self._token = token
        self._tls = tls
        self._timeout_s = timeout_s
        self._socket: ClientConnection | None = None
        self._next_id = 0
        self._pending: dict[int, asyncio.Future[rpc.Result]] = {}
        self._abandoned: dict[int, str] = {}  # legs whose answer nobody waits for any more
        self._coming = 0  # blurred legs that the worker's status does not count yet

    @property
    def room(self) -> int:
        """How many more blurred legs the worker takes; 0 when it cannot be reached or drains."""
        if self.status is None or self.status.draining:
            return 0
        return self.status.capacity - self.status.blur_legs - self._coming

    async def run(self) -> None:
        """Connect, read until the connection ends, connect again; until cancelled."""
        backoff_s = BACKOFF_FIRST_S
        while True:
            try:
                if await self._connect_once():
                    backoff_s = BACKOFF_FIRST_S
            except (OSError, TimeoutError, InvalidHandshake, InvalidURI, ConnectionClosed) as error:
                log.info("worker_not_reached", worker=self.lease.worker, error=type(error).__name__)
            except Exception as error:  # noqa: BLE001 - a lease can hold anything; the others go on
                log.error("link_failed", worker=self.lease.worker, error=type(error).__name__)
            await asyncio.sleep(backoff_s)
            backoff_s = min(BACKOFF_MOST_S, backoff_s * 2)

    async def ask(self, order: rpc.Order) -> rpc.Result:
        """Have an order carried out.

        Raises:
            WorkerUnavailable: there is no connection, or it was lost before the answer came.
            MediaTimeout: no answer within the time limit.
            MediaError: what the worker answered.
        """
        socket = self._socket
        if socket is None:
            raise WorkerUnavailable
        if len(self._pending) >= PENDING_LIMIT:
            raise rpc.MediaBusy
        self._next_id += 1
        number = self._next_id
        answer: asyncio.Future[rpc.Result] = asyncio.get_running_loop().create_future()
        self._pending[number] = answer
        request = rpc.Request(id=number, limit_ms=round(self._timeout_s * 1000), order=order)
        new_leg = order.request if isinstance(order, rpc.AnswerLeg) else None
        self._coming += new_leg is not None and new_leg.blurred
        try:
            async with asyncio.timeout(self._timeout_s):
                await socket.send(rpc.encode(request))
                return await answer
        except TimeoutError:
            raise rpc.MediaTimeout from None
        except ConnectionClosed:
            raise WorkerUnavailable from None
        finally:
            self._coming -= new_leg is not None and new_leg.blurred
            del self._pending[number]
            answered = answer.done() and not answer.cancelled()
            if new_leg is not None and not answered and len(self._abandoned) < ABANDONED_LIMIT:
                self._abandoned[number] = new_leg.leg_id

    async def _connect_once(self) -> bool:
        """Connect and serve the connection to its end; return whether it was the right worker's."""
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            socket = await self._open()
        try:
            return await self._converse(socket)
        finally:
            await rpc.close_socket(socket, 1000, "")

    async def _open(self) -> ClientConnection:
        scheme, _, place = self.lease.address.partition(":")
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else None
        options: dict[str, Any] = {
            "subprotocols": [Subprotocol(rpc.SUBPROTOCOL)],
            "additional_headers": headers,
            "max_size": rpc.MAX_FRAME_BYTES,
            "ping_interval": rpc.PING_INTERVAL_S,
            "ping_timeout": rpc.PING_TIMEOUT_S,
            "close_timeout": rpc.CLOSE_TIMEOUT_S,
            "open_timeout": OPEN_TIMEOUT_S,
            "compression": None,
            "user_agent_header": None,
        }
        if scheme == "unix":
            return await unix_connect(place, "ws://worker/", **options)
        # A proxy of the environment is for the outside world; a worker is asked directly.
        return await connect(f"wss://{place}/", ssl=self._tls, proxy=None, **options)

    async def _converse(self, socket: ClientConnection) -> bool:
        """Serve one connection until it ends; return whether it was the right worker's."""
        worker = self.lease.worker
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                hello = rpc.decode_from_worker(await socket.recv())
            if not isinstance(hello, rpc.Hello) or hello.v != rpc.VERSION or hello.status.worker != worker:
                # Another instance took the address over; it has a lease, and a link, of its own.
                await rpc.close_socket(socket, rpc.CloseCode.WRONG_WORKER, "another worker")
                return False
        except (TimeoutError, ConnectionClosed, msgspec.DecodeError):
            return False
        self._socket, self.status = socket, hello.status
        log.info("worker_reached", worker=worker)
        try:
            await self._told(WorkerEvent(worker=worker, alive=True))
            async for frame in socket:
                await self._hear(rpc.decode_from_worker(frame))
        except ConnectionClosed:
            pass
        except msgspec.DecodeError:
            log.warning("bad_frame", worker=worker)
            await rpc.close_socket(socket, rpc.CloseCode.BAD_FRAME, "bad frame")
        finally:
            self._lose()
        log.warning("worker_lost", worker=worker, code=socket.close_code)
        await self._told(WorkerEvent(worker=worker, alive=False))
        return True

    def _lose(self) -> None:
        """Everybody who waits for this worker is told at once."""
        self._socket, self.status = None, None
        self._abandoned.clear()
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(WorkerUnavailable())

    async def _hear(self, message: rpc.FromWorker) -> None:
        match message:
            case rpc.Status(status=status):
                self.status = status
            case rpc.Happened(event=event):
                await self._told(event)
            case rpc.Reply(id=number, result=result):
                answer = self._pending.get(number)
                if answer is not None and not answer.done():
                    answer.set_result(result)
                elif (leg_id := self._abandoned.pop(number, None)) is not None:
                    await self._undo(leg_id)
            case rpc.Fault(id=number):
                answer = self._pending.get(number)
                self._abandoned.pop(number, None)
                if answer is not None and not answer.done():
                    answer.set_exception(rpc.error_of(message))
            case rpc.Hello(status=status):
                self.status = status

    async def _undo(self, leg_id: str) -> None:
        """Close a leg whose answer came when nobody waited for it any more; the reply to this is not waited for."""
        socket = self._socket
        if socket is None:
            return
        self._next_id += 1
        request = rpc.Request(
            id=self._next_id, limit_ms=round(self._timeout_s * 1000), order=rpc.CloseLeg(leg_id=leg_id)
        )
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            async with asyncio.timeout(self._timeout_s):
                await socket.send(rpc.encode(request))
