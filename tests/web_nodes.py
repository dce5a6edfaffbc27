"""Whole web nodes as processes of their own, on one Valkey, which may be killed, stopped and started; pages for them.

They are the real application on the real server; only media go to a plane that keeps a diary, so that no worker is
needed: `python -m tests.web_nodes DESCRIPTOR` with the settings in the environment.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import signal
import socket
import subprocess
import sys
import urllib.request
import weakref
from collections.abc import Mapping
from typing import Any, Self

import msgspec
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from signaling.messages import MAX_MESSAGE_BYTES, PROTOCOL_VERSION
from video_service.tasks import cancel_and_wait

HOST = "127.0.0.1"
LIMIT_S = 60.0
CONNECT_S = 30.0
BEAT_S = 1.0


class WebNode:
    """One web node. `start` may be called again after it has ended: it comes back at the same port."""

    def __init__(
        self, redis_url: str, pool: str, settings: Mapping[str, str] | None = None, *, buffer_bytes: int = 0
    ) -> None:
        """`buffer_bytes`: about so much the system keeps for a page that does not read; 0: as it likes."""
        self.port = 0
        self._buffer_bytes = buffer_bytes
        self._environment = {
            **os.environ,
            "REDIS_URL": redis_url,
            "VIDEO_SERVICE_POOL": pool,
            "VIDEO_SERVICE_LOG_LEVEL": "error",
            **(settings or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        self.wait_ready()
        return self

    def __exit__(self, *error: object) -> None:
        self.end(signal.SIGKILL)

    @property
    def url(self) -> str:
        return f"ws://{HOST}:{self.port}/ws"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Start it and return at once; whoever connects waits until it serves."""
        self._keep_port()
        with socket.create_server((HOST, self.port), backlog=2_048) as listener:
            self.port = listener.getsockname()[1]
            if self._buffer_bytes:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._buffer_bytes)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.web_nodes", str(listener.fileno())],
                pass_fds=(listener.fileno(),),
                env=self._environment,
                start_new_session=True,
            )

    def _keep_port(self) -> None:
        """Take a port for the life of this object: else the kernel gives it to somebody while the node is away.

        A socket that is bound and does not listen refuses whoever connects, and on Linux it leaves room for one that
        listens.
        """
        if self.port == 0 and sys.platform == "linux":
            with socket.socket() as kept:
                kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                kept.bind((HOST, 0))
                self.port = kept.getsockname()[1]
                weakref.finalize(self, os.close, kept.detach())

    def wait_ready(self) -> None:
        """Wait until it serves: its socket listens from the beginning, and the answer comes then."""
        with urllib.request.urlopen(f"http://{HOST}:{self.port}/readyz", timeout=LIMIT_S) as answer:
            assert answer.status == 200

    def send_signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def end(self, number: signal.Signals) -> int:
        """Send it a signal, wait for its end and return its status; may be called twice."""
        if self._process is not None:
            self._process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Wait for its end and return its status. It may have been told to end, and be told no second time."""
        if self._process is None:
            return 0
        try:
            return self._process.wait(LIMIT_S)
        finally:
            self._process.kill()
            self._process.wait()
            self._process = None


class SocketPage:
    """A page on a real WebSocket. `view` is the newest view, `resume` the token to come back with."""

    def __init__(self, wire: ClientConnection) -> None:
        self.wire = wire
        self._beats: asyncio.Task[None] | None = None
        self.view: dict[str, Any] = {}
        self.resume = ""

    @classmethod
    async def open(
        cls, node: WebNode, *, ticket: str = "", resume: str = "", beats: bool = False, buffer_bytes: int = 0
    ) -> SocketPage:
        """Connect and say hello. With `beats` the service hears the page also while nobody reads from it.

        `buffer_bytes`: about so much may be under way to a page that does not read; 0: as the system likes it.
        """
        more: dict[str, Any] = {}
        if buffer_bytes:
            raw = socket.socket()
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)  # counts only before it is connected
            raw.connect((HOST, node.port))
            raw.setblocking(False)
            more["sock"] = raw
        async with asyncio.timeout(CONNECT_S):
            # Pings are the page's own, so that it is the service that says when a socket is over.
            wire = await connect(
                node.url,
                origin=Origin(f"http://{HOST}:{node.port}"),
                proxy=None,
                compression=None,
                max_queue=None,
                open_timeout=None,
                ping_interval=None,
                **more,
            )
        page = cls(wire)
        proof = {"ticket": ticket} if ticket else {"resume": resume}
        await page.send("hello", v=PROTOCOL_VERSION, codecs=["video/VP8"], **proof)
        if beats:
            page._beats = asyncio.create_task(page._beat())
        return page

    async def _beat(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(BEAT_S)
                await self.send("ping", t=0)

    async def send(self, kind: str, /, **fields: object) -> None:
        await self.wire.send(msgspec.json.encode({"type": kind, **fields}).decode())

    async def next(self) -> dict[str, Any]:
        """Return the next message; until it comes, let the service hear the page.

        Raises:
            ConnectionClosed: there is none any more.
        """
        raw: str | bytes | None = None
        while raw is None:
            try:
                async with asyncio.timeout(BEAT_S):
                    raw = await self.wire.recv()
            except TimeoutError:
                await self.send("ping", t=0)
        message: dict[str, Any] = msgspec.json.decode(raw)
        if message["type"].endswith("_view"):
            self.view = message
        if message["type"] == "welcome":
            self.resume = message["resume"]
        return message

    async def until(self, **fields: object) -> dict[str, Any]:
        """Read until a message has these fields, and return it."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                message = await self.next()
                if all(message.get(name) == value for name, value in fields.items()):
                    return message

    async def gone(self) -> int:
        """Wait until the service closes the socket, and return the code."""
        async with asyncio.timeout(LIMIT_S):
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await self.next()
        assert self.wire.close_code is not None
        return self.wire.close_code

    async def close(self) -> None:
        if self._beats is not None:
            await cancel_and_wait((self._beats,))
        await self.wire.close()


async def _serve(listener: socket.socket) -> int:
    from signaling.hub import Hub
    from tests.support.plane import DiaryPlane
    from video_service import app as web_app
    from video_service import settings, web_process
    from video_service.data_keys import keys_of

    loaded = settings.load()
    opened = await web_app.open_services(dataclasses.replace(loaded, data_keys=keys_of(loaded)))
    assert isinstance(opened.store, web_app.StaffedStore)
    await opened.plane.close()
    plane = DiaryPlane("w-1")
    application = web_app.create_app(loaded, dataclasses.replace(opened, plane=plane, hub=Hub(opened.store, plane)))

    async def drain(by_signal: bool) -> None:
        await web_app.drain(application)

    return await web_process.serve(application, listener, drain=drain, max_message_bytes=MAX_MESSAGE_BYTES)


if __name__ == "__main__":
    from video_service import logs, settings

    logs.configure("json", settings.load().log_level, process="web")
    sys.exit(uvloop.run(_serve(socket.socket(fileno=int(sys.argv[1])))))
