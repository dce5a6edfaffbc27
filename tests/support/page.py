"""A page's end of a socket, without a browser: what it sends, what it was sent, how the socket closed."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from signaling import messages
from signaling.hub import Hub
from signaling.identity_types import Identity

WAIT_S = 30.0
BEAT_S = 1.0
BEAT_T = 2_000_000_001  # of the pings that a page sends by itself; their answers are no news to a test


class PageWire:
    """The service's end: a bounded pair of queues in place of a WebSocket."""

    def __init__(self) -> None:
        self.to_service: asyncio.Queue[str | bytes] = asyncio.Queue(1_000)
        self.to_page: asyncio.Queue[dict[str, Any]] = asyncio.Queue(10_000)
        self.closed: tuple[int, str] | None = None
        self.reads = asyncio.Event()
        self.reads.set()

    async def receive(self) -> str | bytes:
        return await self.to_service.get()

    async def send(self, data: str) -> None:
        await self.reads.wait()
        message = msgspec.json.decode(data)
        if message != {"type": "pong", "t": BEAT_T}:
            self.to_page.put_nowait(message)

    async def close(self, code: int, reason: str = "") -> None:
        self.closed = (code, reason)


class Page:
    """One page that talks to a hub. `vanish` is a closed tab, `gone` waits for the service to close the socket.

    From its first message on it beats, as real ones do: the service cuts whoever is silent, and a test may be slow.
    """

    def __init__(self, hub: Hub) -> None:
        self.wire = PageWire()
        self.hub = hub
        self.task = asyncio.create_task(hub.serve(self.wire))
        self._beats: asyncio.Task[None] | None = None
        self.task.add_done_callback(self._stop_beating)
        self.seen: list[dict[str, Any]] = []
        self.view: dict[str, Any] = {}
        self.resume = ""

    def send(self, kind: str, /, **fields: object) -> None:
        self.raw(msgspec.json.encode({"type": kind, **fields}))

    def raw(self, data: str | bytes) -> None:
        self.wire.to_service.put_nowait(data)
        if self._beats is None and not self.task.done():
            self._beats = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            self.wire.to_service.put_nowait(msgspec.json.encode({"type": "ping", "t": BEAT_T}))

    def _stop_beating(self, task: asyncio.Task[None]) -> None:
        if self._beats is not None:
            self._beats.cancel()

    async def next(self) -> dict[str, Any]:
        message = await asyncio.wait_for(self.wire.to_page.get(), WAIT_S)
        self.seen.append(message)
        if message["type"].endswith("_view"):
            self.view = message
        if message["type"] == "welcome":
            self.resume = message["resume"]
        return message

    async def until(self, **fields: object) -> dict[str, Any]:
        """Read until a message (or the view) has these fields, and return it."""
        while True:
            message = await self.next()
            if all(message.get(name) == value for name, value in fields.items()):
                return message

    async def gone(self) -> tuple[int, str]:
        await asyncio.wait_for(asyncio.shield(self.task), WAIT_S)
        assert self.wire.closed is not None
        return self.wire.closed

    async def vanish(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def enter(hub: Hub, identity: Identity, *, codecs: tuple[str, ...] = ("video/VP8",)) -> Page:
    """Open a page with a fresh ticket and read up to its first view."""
    page = Page(hub)
    ticket = await hub.store.issue_ticket(identity)
    page.send("hello", v=messages.PROTOCOL_VERSION, ticket=ticket, codecs=list(codecs))
    await page.until(type="welcome")
    await page.until(type=f"{identity.role}_view")
    return page
