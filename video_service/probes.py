"""How the supervisor asks its children whether they are ready, and whether they live."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from video_service import valkey

PROBE_TIMEOUT_S = 1.5


async def http_status(host: str, port: int, path: str) -> int:
    """Return the status that the web node answers to GET `path`, or 0 when it does not answer in time."""
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(_reachable(host), port)
            request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            writer.write(request.encode())
            await writer.drain()
            first = (await reader.readline()).split()
            return int(first[1]) if len(first) > 1 else 0
    except (OSError, TimeoutError, ValueError):
        return 0
    finally:
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def valkey_answers(socket: Path) -> bool:
    """Return whether the embedded Valkey answers and has read its data."""
    return await asyncio.to_thread(valkey.ping, socket)


async def valkey_lives(socket: Path) -> bool:
    """Return whether the embedded Valkey answers anything at all."""
    return await asyncio.to_thread(valkey.lives, socket)


def _reachable(host: str) -> str:
    """Return the address at which this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)
