"""A media worker without media, in this process: a recording engine behind the real RPC server, with a real lease."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from redis.asyncio import Redis
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.typing import Subprotocol

from media import rpc
from media.registry import Lease, Registry
from media.rpc_server import RpcServer
from tests.recording_engine import RecordingEngine
from video_service.media_plane import LegRequest, LegRole, MediaEvent, MediaPlane

T = TypeVar("T")

LIMIT_S = 30.0
TOKEN = "t" * 40


class RpcWorker:
    """Use `async with`; `cut` makes it vanish as a crash would, with its lease still standing."""

    def __init__(self, name: str, folder: Path, redis: Redis, pool: str, *, token: str = "", capacity: int = 2) -> None:
        self.engine = RecordingEngine(name, capacity=capacity)
        self.server = RpcServer(self.engine, token=token)
        self.registry = Registry(redis, pool)
        self.path = folder / f"{name}.sock"
        self.lease = Lease(worker=name, address=f"unix:{self.path}")
        self._run: asyncio.Task[None] | None = None

    async def __aenter__(self) -> RpcWorker:
        await self.server.serve_unix(self.path)
        await self._begin()
        return self

    async def serve_tls(self, context: ssl.SSLContext) -> None:
        port = await self.server.serve_tls("127.0.0.1", 0, context)
        self.lease = Lease(worker=self.lease.worker, address=f"tls:127.0.0.1:{port}")
        await self._begin()

    async def __aexit__(self, *_: object) -> None:
        await self.cut()
        await self.registry.leave(self.lease)

    async def cut(self) -> None:
        await self.engine.close()
        await self.server.close()
        if self._run is not None:
            self._run.cancel()
            await asyncio.gather(self._run, return_exceptions=True)

    async def _begin(self) -> None:
        self._run = asyncio.create_task(self.server.run(), name="worker-run")
        await self.registry.renew(self.lease, lease_ms=60_000)


class Heard:
    """Reads a plane's events; `until` waits for one."""

    def __init__(self, plane: MediaPlane) -> None:
        self.events: list[MediaEvent] = []
        self._changed = asyncio.Condition()
        self._task = asyncio.create_task(self._read(plane), name="heard")

    async def until(self, wanted: Callable[[MediaEvent], bool]) -> MediaEvent:
        """Return the first event since the last call that is wanted."""
        async with asyncio.timeout(LIMIT_S), self._changed:
            while True:
                while self.events:
                    event = self.events.pop(0)
                    if wanted(event):
                        return event
                await self._changed.wait()

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _read(self, plane: MediaPlane) -> None:
        async for event in plane.events():
            async with self._changed:
                self.events.append(event)
                self._changed.notify_all()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds."""
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await asyncio.sleep(0.005)


async def within(work: Awaitable[T]) -> T:
    """Await `work` with the test's time limit."""
    async with asyncio.timeout(LIMIT_S):
        return await work


def offer(leg: str, role: LegRole = LegRole.AGENT, sdp: str = "offer") -> LegRequest:
    """Return a request for a leg."""
    return LegRequest(leg_id=leg, person=f"p-{leg}", role=role, codecs=("video/VP8",), sdp=sdp)


async def raw(worker: RpcWorker, *, token: str = TOKEN, protocol: str = rpc.SUBPROTOCOL) -> ClientConnection:
    """Connect to a worker without a plane."""
    return await unix_connect(
        str(worker.path),
        "ws://worker/",
        subprotocols=[Subprotocol(protocol)],
        additional_headers={"Authorization": f"Bearer {token}"},
        compression=None,
        open_timeout=LIMIT_S,
    )
