"""How the supervisor asks its children whether they are ready, and whether they live."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
from pathlib import Path

from video_service import valkey

PROBE_TIMEOUT_S = 1.5
BODY_BYTES = 4096


async def http_get(host: str, port: int, path: str, *, tls: bool = False) -> tuple[int, bytes]:
    """Return the status and the beginning of the body that the web node answers, or 0 when it does not in time.

    With `tls` it speaks HTTPS and takes any certificate: it asks the process that it has started, on this machine.
    """
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(
                reachable(host), port, ssl=any_certificate() if tls else None
            )
            request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            writer.write(request.encode())
            await writer.drain()
            head, _, body = (await reader.read(BODY_BYTES)).partition(b"\r\n\r\n")
            return int(head.split()[1]), body or await reader.read(BODY_BYTES)
    except (OSError, TimeoutError, ValueError, IndexError):
        return 0, b""
    finally:
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@functools.cache
def any_certificate() -> ssl.SSLContext:
    """Return how to meet a server of this machine that this service itself has started."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def valkey_answers(socket: Path) -> bool:
    """Return whether the embedded Valkey answers and has read its data."""
    return await asyncio.to_thread(valkey.ping, socket)


async def valkey_lives(socket: Path) -> bool:
    """Return whether the embedded Valkey answers anything at all."""
    return await asyncio.to_thread(valkey.lives, socket)


def reachable(host: str) -> str:
    """Return the address at which this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)
