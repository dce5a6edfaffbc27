"""One HTTP request to somebody else's server, of whose answer the status alone is read: webhook and Web Push."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from typing import Final

MOST_STATUS_BYTES: Final = 512
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: |\r)")


async def status_of(
    host: str,
    port: int,
    request: bytes,
    *,
    trust: ssl.SSLContext | None,
    timeout_s: float,
    happy_eyeballs_delay: float | None = None,
) -> int:
    """Send `request`; return the status of its answer. No redirect is followed, and nothing else is read of it.

    `trust`: whose certificates are taken; None speaks without TLS. `happy_eyeballs_delay`: seconds, as asyncio has it.

    Raises:
        OSError, TimeoutError: there was no answer in time.
        ValueError: what answered does not speak HTTP.
    """
    async with asyncio.timeout(timeout_s):
        reader, writer = await asyncio.open_connection(
            host, port, ssl=trust, limit=MOST_STATUS_BYTES, happy_eyeballs_delay=happy_eyeballs_delay
        )
        try:
            writer.write(request)
            await writer.drain()
            line = await reader.readuntil(b"\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise ValueError("no HTTP answer") from error
        finally:
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()
    status = _STATUS.match(line)
    if status is None:
        raise ValueError("no HTTP answer")
    return int(status[1])
