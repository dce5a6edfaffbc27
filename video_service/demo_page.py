"""A demo person's page without a screen: the socket's protocol as the browser's pages speak it.

Whatever breaks, it comes back with a new ticket after a moment, as a person would who loads the page again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import Sequence
from typing import Any, Final, cast

import structlog
from aiortc.exceptions import InvalidStateError
from redis.exceptions import RedisError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Origin

from video_service.demo_peer import Configure, DemoPeer, Ticket
from video_service.demo_picture import Picture
from video_service.errors import ServiceError
from video_service.tasks import cancel_and_wait

log = structlog.get_logger(__name__)

VERSION: Final = 1
CODECS: Final = ["video/VP8"]
OPEN_TIMEOUT_S: Final = 10.0
SEND_TIMEOUT_S: Final = 5.0
BACK_AFTER_S: Final = 1.0
OFFER_AGAIN_S: Final = 3.0


class DemoPage:
    """One person's page. `run` it as a task; `view` is what it was shown last, empty while there is no socket."""

    def __init__(
        self,
        url: str,
        *,
        origin: str,
        ticket: Ticket,
        camera: Sequence[Picture],
        configure: Configure,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`url` is the socket's address (ws: or wss:), `origin` the page's as the service knows it."""
        self.view: dict[str, Any] = {}
        self.lines: list[str] = []
        self.peer: DemoPeer | None = None
        self._url = url
        self._origin = origin
        self._ticket = ticket
        self._camera = camera
        self._configure = configure
        self._tls = tls
        self._socket: ClientConnection | None = None
        self._welcome: dict[str, Any] = {}
        self._generation = 0
        self._offered_s = -OFFER_AGAIN_S
        self._following = asyncio.Lock()

    async def run(self) -> None:
        """Be there until cancelled."""
        try:
            while True:
                try:
                    await self._visit()
                except (OSError, TimeoutError, ConnectionClosed, InvalidHandshake, RedisError, ServiceError) as error:
                    log.info("demo_page_lost", error=type(error).__name__)
                self.view, self._socket = {}, None
                await asyncio.sleep(BACK_AFTER_S)
        finally:
            await self._drop_peer()

    async def send(self, kind: str, **fields: object) -> None:
        """Send a message; without a socket it is lost, as a tap on a page that is reconnecting is."""
        if self._socket is not None:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._socket.send(json.dumps({"type": kind, **fields}))

    async def _visit(self) -> None:
        """Open the socket and live by what the service says until it closes."""
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            ticket = await self._ticket()
            socket = await connect(self._url, origin=cast(Origin, self._origin), ssl=self._tls, compression=None)
        beating: asyncio.Task[None] | None = None
        try:
            self._socket = socket
            self._generation = 0
            await self.send("hello", v=VERSION, ticket=ticket, codecs=CODECS, locale="en")
            async for raw in socket:
                message = json.loads(raw)
                if message["type"] == "welcome":
                    self._welcome = message
                    beating = asyncio.create_task(self._beat(message["heartbeat_s"]), name="demo-beat")
                else:
                    await self._hear(message)
        finally:
            if beating is not None:
                await cancel_and_wait((beating,))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await socket.close()

    async def _beat(self, every_s: float) -> None:
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            while True:
                await asyncio.sleep(every_s)
                await self.send("ping", t=0)
                await self._follow()

    async def _hear(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "customer_view" | "agent_view":
                self.view = message
                await self._follow()
            case "ice_servers":
                self._welcome |= {"ice_servers": message["ice_servers"]}
            case "media_answer" if self.peer is not None and message["generation"] == self._generation:
                with contextlib.suppress(InvalidStateError):
                    await self.peer.accept(message["sdp"])
            case "text_line" if not message["mine"]:
                self.lines.append(message["text"])
            case "error":
                log.info("demo_refused", code=message["code"], reply_to=message.get("reply_to", ""))

    async def _follow(self) -> None:
        """Have the peer connection that the view wants."""
        async with self._following:
            await self._follow_once()

    async def _follow_once(self) -> None:
        wish = self.view.get("media", "none")
        now_s = asyncio.get_running_loop().time()
        if wish == "none":
            await self._drop_peer()
        elif wish == "offer" and now_s - self._offered_s >= OFFER_AGAIN_S:
            self._offered_s = now_s
            await self._drop_peer()
            self.peer = DemoPeer(self._configure(self._welcome.get("ice_servers", ())), self._camera)
            sdp = await self.peer.offer()
            self._generation += 1
            await self.send("media_offer", generation=self._generation, sdp=sdp)

    async def _drop_peer(self) -> None:
        peer, self.peer = self.peer, None
        if peer is not None:
            await peer.close()
