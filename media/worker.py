"""The media worker's process: one engine, the RPC server before it, and a lease in the registry."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import secrets
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path

import structlog
from redis.exceptions import RedisError

from media import heap
from media.metrics_listener import MetricsListener
from media.registry import RENEW_S, Lease, Registry
from media.rpc_server import Engine, RpcServer
from media.settings import MediaSettings
from media.silent import keep_off_the_network
from video_service import redis_client
from video_service.child import on_stop
from video_service.settings import Settings
from video_service.sockets import private_folder, socket_folder

log = structlog.get_logger(__name__)

ENGINE_CLOSE_S = 0.5
SWITCH_INTERVAL_S = 0.0005
LEAVE_S = 0.1  # a lease that cannot be taken back ends by itself


def keep_to_ourselves() -> None:
    """Set up this process's environment before any media library is loaded.

    No library calls home, and numeric libraries get one thread each: there is a worker for every core.
    """
    keep_off_the_network()
    heap.keep_flat()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def make_engine(settings: Settings, name: str) -> Engine:
    """Return the media engine with the blur stage; without usable weights it is one that shows a slate, and says so.

    Everything heavy is loaded here, before anybody waits for an answer.
    """
    import cv2

    from media import own_speed
    from media.backdrop import PictureShelf
    from media.engine import MediaEngine
    from media.ladder import Gauge, WorkerLoad
    from media.segmenter import Reason
    from media.stage import BlurSettings, monotonic_ms, open_segmenter, open_stage

    # Pictures, the loop and the codecs share one core: nobody keeps the interpreter for the default 5 ms at a time (a
    # picture beside a busy thread took 176 ms, with this 15 ms), and OpenCV starts no threads of its own.
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    cv2.setNumThreads(1)
    load = WorkerLoad(Gauge(time.process_time))
    blur = BlurSettings(engine=settings.segmenter, thrift=load.thrift)
    found = open_segmenter(blur, monotonic_ms, settings.weights_dir or None)
    if isinstance(found, Reason):
        log.error("weights_unusable", reason=found.value, worker=name)
    else:
        found.close()
    pictures = PictureShelf()
    return MediaEngine(
        settings.project(MediaSettings),
        lambda: open_stage(blur, weights_dir=settings.weights_dir or None, pictures=pictures),
        worker=name,
        weights_ok=not isinstance(found, Reason),
        measure=lambda should_stop: own_speed.measure(
            settings.weights_dir or None, should_stop, BlurSettings(engine=settings.segmenter)
        ),
        load=load,
        pictures=pictures,
    )


def new_name() -> str:
    """Return a name for this process instance: a restarted worker is another worker."""
    return f"w-{secrets.token_hex(6)}"


async def serve(settings: Settings, *, slot: str, engine_of: Callable[[Settings, str], Engine] = make_engine) -> None:
    """Serve until told to stop, or until the supervisor is gone.

    `slot` names the Unix socket, one for each worker of the machine. `engine_of` is called with the worker's name.

    Raises:
        FolderOpen: the folder of the Unix sockets is not private.
        OSError, ssl.SSLError: cannot listen, or a file for encryption cannot be read.
    """
    stop = asyncio.Event()
    on_stop(lambda _asked: stop.set())
    name = new_name()
    engine = engine_of(settings, name)
    server = RpcServer(engine, token=settings.media_token)
    metrics = MetricsListener(engine.metrics_text, token=settings.metrics_token)
    redis = redis_client.hot(settings.redis_url, timeout_s=RENEW_S)
    try:
        await _tell_metrics(metrics, settings, slot)
        lease = Lease(worker=name, address=await _listen(server, settings, slot))
        # What was loaded stays: the collector need not walk through it again and again.
        gc.collect()
        gc.freeze()
        await _until(stop, server, Registry(redis, settings.pool), lease)
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ENGINE_CLOSE_S):
                await engine.close()
        await metrics.close()
        await server.close()
        await redis.aclose()
        log.info("worker_stopped", worker=name)


async def _tell_metrics(metrics: MetricsListener, settings: Settings, slot: str) -> None:
    """Listen for Prometheus where the settings say so; each worker of a machine has a port of its own."""
    if settings.media_metrics:
        host, _, port = settings.media_metrics.rpartition(":")
        await metrics.open(host.strip("[]"), int(port) + (int(slot) - 1 if slot.isdecimal() else 0))


async def _listen(server: RpcServer, settings: Settings, slot: str) -> str:
    """Start to listen and return the address for the lease."""
    if settings.media_listen:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(settings.media_tls_cert, settings.media_tls_key)
        host, _, port = settings.media_listen.rpartition(":")
        found = await server.serve_tls(host.strip("[]"), int(port), context)
        return f"tls:{settings.media_advertise or f'{host}:{found}'}"
    path = socket_path(settings, slot)
    private_folder(path.parent)
    path.unlink(missing_ok=True)
    await server.serve_unix(path)
    return f"unix:{path}"


def socket_path(settings: Settings, slot: str) -> Path:
    """Return the Unix socket of the worker in `slot`."""
    return socket_folder(settings.data_dir) / f"media-{slot}.sock"


async def _until(stop: asyncio.Event, server: RpcServer, registry: Registry, lease: Lease) -> None:
    """Renew the lease and pass events on until `stop`; then leave in good order: no new legs, no lease."""
    async with asyncio.TaskGroup() as group:
        work = (
            group.create_task(_renew(registry, lease), name="lease"),
            group.create_task(server.run(), name="rpc-events"),
        )
        log.info("worker_ready", worker=lease.worker)
        stopped = asyncio.ensure_future(stop.wait())
        # An engine whose events end has failed: a new process is the way out.
        await asyncio.wait((stopped, *work), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        server.drain()
        for task in work:
            task.cancel()
    with contextlib.suppress(RedisError, OSError, TimeoutError):
        async with asyncio.timeout(LEAVE_S):
            await registry.leave(lease)


async def _renew(registry: Registry, lease: Lease) -> None:
    told = True
    while True:
        try:
            await registry.renew(lease)
            told = True
        except (RedisError, OSError, TimeoutError) as error:
            if told:
                log.warning("lease_not_renewed", worker=lease.worker, error=type(error).__name__)
            told = False
        await asyncio.sleep(RENEW_S)
