"""Every media worker of the pool behind one object: the `MediaPlane` of a web node."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from media import rpc
from media.link import Link
from media.registry import Lease, Registry
from video_service.background_store import BackgroundStore
from video_service.errors import ServiceError
from video_service.media_plane import (
    Background,
    Box,
    CallRoute,
    LegAnswer,
    LegRequest,
    LegStatistics,
    MediaError,
    MediaEvent,
    Shown,
    WorkerFull,
    WorkerStatus,
    WorkerUnavailable,
)
from video_service.settings import Settings

log = structlog.get_logger(__name__)

DISCOVER_S = 0.5
EVENTS_LIMIT = 1024
FORGET_AFTER_MISSES = 4  # readings of the registry without a lease before an unreachable worker is forgotten

R = TypeVar("R")
Pictures = Callable[[str], Awaitable[bytes | None]]


class RpcMediaPlane:
    """Finds workers in the registry and keeps a link to each. `start` it first; it is a `MediaPlane`."""

    def __init__(
        self,
        registry: Registry,
        *,
        token: str = "",
        tls: ssl.SSLContext | None = None,
        timeout_s: float = 5.0,
        pictures: Pictures | None = None,
    ):
        """`pictures` finds the bytes of the company's picture by its digest."""
        self._registry = registry
        self._pictures = pictures
        self._bringing: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._token = token
        self._tls = tls
        self._timeout_s = timeout_s
        self._links: dict[str, Link] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._misses: dict[str, int] = {}
        self._events: asyncio.Queue[MediaEvent | None] = asyncio.Queue(EVENTS_LIMIT)
        self._discovery: asyncio.Task[None] | None = None
        self._closed = False

    async def start(self) -> None:
        """Begin to look for workers; return at once."""
        if self._discovery is None and not self._closed:
            self._discovery = asyncio.create_task(self._discover(), name="media-discovery")

    def workers(self) -> Sequence[WorkerStatus]:
        """Return the workers that are reachable now."""
        return [link.status for link in self._links.values() if link.status is not None]

    def place(self) -> str:
        """Return the worker with most room for one more blurred leg; one that can really blur goes first.

        Raises:
            WorkerFull: those that are reachable are full.
            WorkerUnavailable: none is reachable, or all are draining.
        """
        choices = [
            (link.status.weights_ok, link.room, -link.status.legs, link.lease.worker)
            for link in self._links.values()
            if link.status is not None and link.room > 0
        ]
        if not choices:
            full = any(not status.draining for status in self.workers())
            raise WorkerFull if full else WorkerUnavailable
        return max(choices)[-1]

    async def answer_leg(self, worker: str, request: LegRequest) -> LegAnswer:
        """Create a leg on `worker` from a client's offer and return the answer."""
        answer = _expect(await self._ask(worker, rpc.AnswerLeg(request=request)), LegAnswer)
        if answer.needs_picture:
            self._bring_soon(worker, request.background.picture)
        return answer

    async def open_call(self, worker: str, route: CallRoute) -> None:
        """Join two legs; idempotent; fenced by the route's epoch."""
        await self._ask(worker, rpc.OpenCall(route=route))

    async def close_call(self, worker: str, call_id: str, epoch: int) -> None:
        """Part the legs of a call at once."""
        await self._ask(worker, rpc.CloseCall(call_id=call_id, epoch=epoch))

    async def watch_call(self, worker: str, call_id: str, epoch: int, leg_id: str, *, seen: bool = False) -> None:
        """Let a further leg into an open call."""
        await self._ask(worker, rpc.WatchCall(call_id=call_id, epoch=epoch, leg_id=leg_id, seen=seen))

    async def close_leg(self, worker: str, leg_id: str) -> None:
        """Close a leg; closing one that is gone is no error."""
        await self._ask(worker, rpc.CloseLeg(leg_id=leg_id))

    async def confirm_signer(self, worker: str, leg_id: str) -> None:
        """Take whoever is nearest to the camera of an agent's leg for the signer."""
        await self._ask(worker, rpc.ConfirmSigner(leg_id=leg_id))

    async def set_background(self, worker: str, leg_id: str, background: Background) -> None:
        """Put another background behind an agent; a picture that the worker does not have is brought."""
        if await self._ask(worker, rpc.SetBackground(leg_id=leg_id, background=background)):
            self._bring_soon(worker, background.picture)

    async def show_object(self, worker: str, leg_id: str, box: Box | None) -> None:
        """Show what lies in `box` beside an agent; None: cover it again."""
        await self._ask(worker, rpc.ShowObject(leg_id=leg_id, box=box))

    async def pause_leg(self, worker: str, leg_id: str, *, paused: bool) -> None:
        """Note that a leg's owner paused the own picture or shows it again."""
        await self._ask(worker, rpc.PauseLeg(leg_id=leg_id, paused=paused))

    async def shown(self, worker: str, leg_id: str, shown: Shown) -> None:
        """Note what the page of this leg presented of the other person's picture."""
        await self._ask(worker, rpc.PageShown(leg_id=leg_id, shown=shown))

    async def statistics(self, worker: str) -> Sequence[LegStatistics]:
        """Return the counts of every leg on `worker`."""
        return _expect(await self._ask(worker, rpc.Statistics()), tuple)

    async def events(self) -> AsyncIterator[MediaEvent]:
        """Yield events from every worker until the plane is closed. One reader."""
        while (event := await self._events.get()) is not None:
            yield event

    async def close(self) -> None:
        """Leave every worker; may be called twice."""
        self._closed = True
        tasks = [*self._tasks.values(), *self._bringing.values()]
        if self._discovery is not None:
            tasks.append(self._discovery)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._links.clear()
        self._tasks.clear()
        # The reader may be gone and the queue full: what is left in it is of no use any more.
        while not self._events.empty():
            self._events.get_nowait()
        self._events.put_nowait(None)

    def _bring_soon(self, worker: str, digest: str) -> None:
        """Bring a worker the company's picture, once at a time. Until it is there the worker blurs instead."""
        if self._pictures is None or self._closed or (worker, digest) in self._bringing:
            return
        task = asyncio.create_task(self._bring(self._pictures, worker, digest), name="media-picture")
        self._bringing[worker, digest] = task
        task.add_done_callback(lambda _done: self._bringing.pop((worker, digest), None))

    async def _bring(self, pictures: Pictures, worker: str, digest: str) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                jpeg = await pictures(digest)
            if jpeg is None:
                log.info("background_picture_gone", digest=digest[:12])
                return
            await self._ask(worker, rpc.PutPicture(digest=digest, jpeg=jpeg))
        except (ServiceError, RedisError, TimeoutError, OSError) as error:
            log.warning("background_picture_not_brought", worker=worker, error=type(error).__name__)

    async def _ask(self, worker: str, order: rpc.Order) -> rpc.Result:
        link = self._links.get(worker)
        if link is None:
            raise WorkerUnavailable
        return await link.ask(order)

    async def _discover(self) -> None:
        """Follow the registry. While it cannot be read the links stay: a worker lives on without Redis."""
        while True:
            try:
                await self._follow(await self._registry.live())
            except (RedisError, TimeoutError, OSError) as error:
                log.debug("registry_not_read", error=type(error).__name__)
            await asyncio.sleep(DISCOVER_S)

    async def _follow(self, leases: list[Lease]) -> None:
        found = {lease.worker for lease in leases}
        for lease in leases:
            if lease.worker not in self._links:
                link = Link(lease, self._events.put, token=self._token, tls=self._tls, timeout_s=self._timeout_s)
                self._links[lease.worker] = link
                self._tasks[lease.worker] = asyncio.create_task(link.run(), name=f"media-link-{lease.worker}")
        for worker, link in list(self._links.items()):
            # A link that is up is better evidence than a lease that could not be renewed.
            gone = worker not in found and link.status is None
            self._misses[worker] = self._misses.get(worker, 0) + 1 if gone else 0
            if self._misses[worker] >= FORGET_AFTER_MISSES:
                await self._forget(worker)

    async def _forget(self, worker: str) -> None:
        task = self._tasks.pop(worker)
        del self._links[worker], self._misses[worker]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def from_settings(settings: Settings, redis: Redis) -> RpcMediaPlane:
    """Return the plane of a web node; `start` it.

    Raises:
        OSError, ssl.SSLError: the file of the workers' authority cannot be read.
    """
    tls = ssl.create_default_context(cafile=settings.media_tls_ca or None)
    registry = Registry(redis, settings.pool)
    return RpcMediaPlane(
        registry,
        token=settings.media_token,
        tls=tls,
        timeout_s=settings.media_call_timeout_s,
        pictures=BackgroundStore(redis, settings.pool).bytes_of,
    )


def _expect(result: rpc.Result, kind: type[R]) -> R:
    if not isinstance(result, kind):
        raise MediaError
    return result
