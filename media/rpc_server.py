"""A media worker's side of the RPC: takes the orders of web nodes, tells all of them what happens.

A node may come back after a crash: it then gets the last state of every leg and picture again, so that nothing that
happened meanwhile is lost. A node that does not read is cut; it never makes a worker wait or grow.
"""

from __future__ import annotations

import asyncio
import hmac
import ssl
from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol

import msgspec
import structlog
from websockets.asyncio.server import Server, ServerConnection, serve, unix_serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response as HttpResponse
from websockets.typing import Subprotocol

from media import rpc
from video_service.media_plane import (
    Background,
    Box,
    CallRoute,
    LegAnswer,
    LegEvent,
    LegRequest,
    LegState,
    LegStatistics,
    MediaEvent,
    Shown,
    WorkerEvent,
    WorkerStatus,
    WorkerUnavailable,
)

log = structlog.get_logger(__name__)

OUTGOING_LIMIT = 1024  # frames that wait for one node
IN_FLIGHT_LIMIT = 256  # orders of one node at once
CLOSED_LIMIT = 256  # legs whose end is told to nodes that come later
SEND_TIMEOUT_S = 5.0
STATUS_INTERVAL_S = 1.0


class Engine(Protocol):
    """What carries the orders out: the operations of `MediaPlane` for one worker."""

    def status(self) -> WorkerStatus: ...
    async def answer_leg(self, request: LegRequest) -> LegAnswer: ...
    async def open_call(self, route: CallRoute) -> None: ...
    async def close_call(self, call_id: str, epoch: int) -> None: ...
    async def watch_call(self, call_id: str, epoch: int, leg_id: str, *, seen: bool = False) -> None: ...
    async def close_leg(self, leg_id: str) -> None: ...
    async def confirm_signer(self, leg_id: str) -> None: ...
    async def pause_leg(self, leg_id: str, *, paused: bool) -> None: ...
    async def shown(self, leg_id: str, shown: Shown) -> None: ...
    async def set_background(self, leg_id: str, background: Background) -> bool: ...
    async def put_picture(self, digest: str, jpeg: bytes) -> None: ...
    async def show_object(self, leg_id: str, box: Box | None) -> None: ...
    async def statistics(self) -> Sequence[LegStatistics]: ...
    async def metrics_text(self) -> bytes: ...
    def events(self) -> AsyncIterator[MediaEvent]: ...
    async def close(self) -> None: ...


class _Node:
    """One connected web node."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.outgoing: asyncio.Queue[bytes] = asyncio.Queue(OUTGOING_LIMIT)
        self.cut = asyncio.Event()

    def post(self, frame: bytes) -> None:
        try:
            self.outgoing.put_nowait(frame)
        except asyncio.QueueFull:
            self.cut.set()


class RpcServer:
    """Serves one engine to any number of nodes. `serve_unix` or `serve_tls`, then `run`, then `close`."""

    def __init__(self, engine: Engine, *, token: str) -> None:
        self._engine = engine
        self._token = token
        self._nodes: set[_Node] = set()
        self._legs: dict[str, dict[type[MediaEvent], bytes]] = {}
        self._closed: dict[str, bytes] = {}
        self._last_status: WorkerStatus | None = None
        self._server: Server | None = None
        self._draining = False

    async def serve_unix(self, path: Path) -> None:
        """Listen on a Unix socket. Who may open its folder may give orders, so the folder must be private."""
        self._server = await unix_serve(self._serve_node, str(path), **self._options())

    async def serve_tls(self, host: str, port: int, context: ssl.SSLContext) -> int:
        """Listen on a TCP port, encrypted, and return the port (of use when `port` is 0)."""
        self._server = await serve(self._serve_node, host, port, ssl=context, **self._options())
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    def _options(self) -> dict[str, Any]:
        return {
            "process_request": self._admit,
            "subprotocols": [Subprotocol(rpc.SUBPROTOCOL)],
            "max_size": rpc.MAX_FRAME_BYTES,
            "ping_interval": rpc.PING_INTERVAL_S,
            "ping_timeout": rpc.PING_TIMEOUT_S,
            "close_timeout": rpc.CLOSE_TIMEOUT_S,
            "compression": None,
            "server_header": None,
        }

    async def run(self) -> None:
        """Pass events and changes of load on, until cancelled or the engine ends."""
        async with asyncio.TaskGroup() as group:
            beat = group.create_task(self._beat(), name="rpc-status")
            async for event in self._engine.events():
                self._tell(event)
            beat.cancel()

    def drain(self) -> None:
        """Take no further legs, and say so to every node."""
        self._draining = True
        self._tell_status()

    async def close(self) -> None:
        """Close every connection and stop listening. May be called twice."""
        server, self._server = self._server, None
        if server is not None:
            server.close(code=rpc.CloseCode.GOING_AWAY, reason="worker stops")
            await server.wait_closed()

    def _admit(self, socket: ServerConnection, request: HttpRequest) -> HttpResponse | None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._token and not hmac.compare_digest(given.encode(), self._token.encode()):
            log.warning("node_refused", reason="token")
            return socket.respond(HTTPStatus.UNAUTHORIZED, "token\n")
        offered = [part.strip() for part in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        if rpc.SUBPROTOCOL not in offered:
            return socket.respond(HTTPStatus.BAD_REQUEST, f"this worker speaks {rpc.SUBPROTOCOL}\n")
        return None

    def _status(self) -> WorkerStatus:
        status = self._engine.status()
        return msgspec.structs.replace(status, draining=True) if self._draining else status

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(STATUS_INTERVAL_S)
            self._tell_status()

    def _tell_status(self) -> None:
        status = self._status()
        if status != self._last_status:
            self._last_status = status
            self._tell_all(rpc.encode(rpc.Status(status=status)))

    def _tell(self, event: MediaEvent) -> None:
        frame = rpc.encode(rpc.Happened(event=event))
        if isinstance(event, LegEvent) and event.state is LegState.CLOSED:
            self._legs.pop(event.leg_id, None)
            self._closed[event.leg_id] = frame
            if len(self._closed) > CLOSED_LIMIT:
                del self._closed[next(iter(self._closed))]
        elif not isinstance(event, WorkerEvent) and event.leg_id not in self._closed:
            self._legs.setdefault(event.leg_id, {})[type(event)] = frame
        self._tell_status()
        self._tell_all(frame)

    def _earlier(self) -> list[bytes]:
        """Return what a node has to hear that was not here: the ends of legs, the last of each living leg."""
        return [*self._closed.values(), *(frame for leg in self._legs.values() for frame in leg.values())]

    def _tell_all(self, frame: bytes) -> None:
        for node in self._nodes:
            node.post(frame)

    async def _serve_node(self, socket: ServerConnection) -> None:
        node = _Node(socket)
        node.post(rpc.encode(rpc.Hello(v=rpc.VERSION, status=self._status())))
        sender = asyncio.create_task(self._send(node, self._earlier()), name="rpc-send")
        reader = asyncio.create_task(self._read(node), name="rpc-read")
        watcher = asyncio.create_task(node.cut.wait(), name="rpc-cut")
        self._nodes.add(node)
        log.info("node_connected", nodes=len(self._nodes))
        try:
            await asyncio.wait((sender, reader, watcher), return_when=asyncio.FIRST_COMPLETED)
            if node.cut.is_set():
                log.warning("node_cut", reason="does not read")
                await rpc.close_socket(socket, rpc.CloseCode.TOO_SLOW, "does not read")
        finally:
            self._nodes.discard(node)
            for task in (sender, reader, watcher):
                task.cancel()
            await asyncio.gather(sender, reader, watcher, return_exceptions=True)
            log.info("node_left", nodes=len(self._nodes))

    async def _send(self, node: _Node, earlier: list[bytes]) -> None:
        """Write to the node: its greeting, what happened before it came, then what is posted."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await node.socket.send(await node.outgoing.get())
                for frame in earlier:
                    await node.socket.send(frame)
            while True:
                frame = await node.outgoing.get()
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await node.socket.send(frame)
        except TimeoutError:
            node.cut.set()
        except ConnectionClosed:
            return

    async def _read(self, node: _Node) -> None:
        """Carry the node's orders out until it is gone; what it waited for then is given up."""
        orders: set[asyncio.Task[None]] = set()
        try:
            async for frame in node.socket:
                request = rpc.decode_request(frame)
                if len(orders) >= IN_FLIGHT_LIMIT:
                    node.post(rpc.encode(rpc.fault_of(request.id, rpc.MediaBusy())))
                    continue
                task = asyncio.create_task(self._carry_out(node, request), name="rpc-order")
                orders.add(task)
                task.add_done_callback(orders.discard)
        except ConnectionClosed:
            pass
        except msgspec.DecodeError:
            log.warning("bad_frame")
            await rpc.close_socket(node.socket, rpc.CloseCode.BAD_FRAME, "bad frame")
        finally:
            left = list(orders)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _carry_out(self, node: _Node, request: rpc.Request) -> None:
        answer: rpc.Reply | rpc.Fault
        try:
            async with asyncio.timeout(request.limit_ms / 1000):
                answer = rpc.Reply(id=request.id, result=await self._order(request.order))
        except TimeoutError:
            answer = rpc.fault_of(request.id, rpc.MediaTimeout())
        except Exception as error:  # noqa: BLE001 - one order's failure is the node's news, not the worker's end
            answer = rpc.fault_of(request.id, error)
            log.info("order_refused", order=type(request.order).__name__, code=answer.code, error=type(error).__name__)
        # Before the answer, so that the node's next choice of a worker knows of this leg.
        self._tell_status()
        node.post(rpc.encode(answer))

    async def _order(self, order: rpc.Order) -> rpc.Result:
        engine = self._engine
        match order:
            case rpc.AnswerLeg(request=request):
                if self._draining:
                    raise WorkerUnavailable
                return await engine.answer_leg(request)
            case rpc.OpenCall(route=route):
                await engine.open_call(route)
            case rpc.CloseCall(call_id=call_id, epoch=epoch):
                await engine.close_call(call_id, epoch)
            case rpc.WatchCall(call_id=call_id, epoch=epoch, leg_id=leg_id, seen=seen):
                await engine.watch_call(call_id, epoch, leg_id, seen=seen)
            case rpc.CloseLeg(leg_id=leg_id):
                await engine.close_leg(leg_id)
            case rpc.ConfirmSigner(leg_id=leg_id):
                await engine.confirm_signer(leg_id)
            case rpc.PauseLeg(leg_id=leg_id, paused=paused):
                await engine.pause_leg(leg_id, paused=paused)
            case rpc.PageShown(leg_id=leg_id, shown=shown):
                await engine.shown(leg_id, shown)
            case rpc.SetBackground(leg_id=leg_id, background=background):
                return await engine.set_background(leg_id, background)
            case rpc.PutPicture(digest=digest, jpeg=jpeg):
                await engine.put_picture(digest, jpeg)
            case rpc.ShowObject(leg_id=leg_id, box=box):
                await engine.show_object(leg_id, box)
            case rpc.Statistics():
                return tuple(await engine.statistics())
        return None
