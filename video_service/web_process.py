"""The web node's process: an ASGI application on uvicorn, which hears of the end before its sockets are closed.

uvicorn closes WebSockets (1012) as soon as it is told to stop, so it is told last: first the application's `drain` ends
or hands over what is live, while every socket is still open.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, ClassVar

import structlog
import uvicorn

from video_service.child import on_stop
from video_service.errors import ServiceError

log = structlog.get_logger(__name__)

DRAIN_S = 1.5
CLOSE_S = 1

Drain = Callable[[bool], Awaitable[None]]


class TlsUnusable(ServiceError):
    """The files of VIDEO_SERVICE_TLS_CERT and VIDEO_SERVICE_TLS_KEY cannot be read, or do not belong together."""

    code: ClassVar[str] = "tls_unusable"


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: `serve` decides when it ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def serve(
    app: Any,
    listener: socket.socket,
    *,
    drain: Drain,
    max_message_bytes: int,
    trusted_proxies: tuple[str, ...] = (),
    tls_cert: str = "",
    tls_key: str = "",
) -> int:
    """Serve `app` on `listener` until told to stop; return the exit status.

    `drain` has `DRAIN_S` seconds; its argument is true for a signal, false when the supervisor is gone. A second signal
    ends the wait for anything. `tls_cert` and `tls_key` are PEM files; without them it speaks plain HTTP.

    Raises:
        TlsUnusable: one of the two files cannot be read, or they do not belong together.
    """
    config = uvicorn.Config(
        app,
        lifespan="on",
        ws="websockets-sansio",
        ws_max_size=max_message_bytes,
        ws_per_message_deflate=False,
        http="auto",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        timeout_graceful_shutdown=CLOSE_S,
        ssl_certfile=tls_cert or None,
        ssl_keyfile=tls_key or None,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise TlsUnusable(reason=type(error).__name__) from error
    server = _Server(config)
    told = asyncio.Event()
    by_signal = False

    def stop(signalled: bool) -> None:
        nonlocal by_signal
        if told.is_set():
            server.force_exit = True
        by_signal = signalled
        told.set()

    on_stop(stop)
    serving = asyncio.create_task(server.serve([listener]), name="uvicorn")
    waiting = asyncio.create_task(told.wait(), name="stop")
    await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
    if not serving.done():
        # Whoever comes from now on is for another node: a balancer that is refused here tries the next one at once.
        for listening in getattr(server, "servers", ()):
            listening.close()
        await _drained(drain, by_signal)
        server.should_exit = True
    waiting.cancel()
    await serving
    return 0 if told.is_set() else 1


async def _drained(drain: Drain, by_signal: bool) -> None:
    try:
        async with asyncio.timeout(DRAIN_S):
            await drain(by_signal)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong, the node stops
        log.warning("drain_incomplete", error=type(error).__name__)
