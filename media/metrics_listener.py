"""The one address of a media worker that Prometheus reads: GET /metrics over plain HTTP/1.1, and nothing else.

Small on purpose: one request a connection, bounded in size and time. Where there is a token, it has to be shown.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import Awaitable, Callable
from typing import Final

from video_service.metrics import CONTENT_TYPE

REQUEST_LIMIT: Final = 8192
TIMEOUT_S: Final = 5.0


class MetricsListener:
    """Answers with what `text` returns. `open` it, `close` it; closing twice is no error."""

    def __init__(self, text: Callable[[], Awaitable[bytes]], *, token: str = "") -> None:
        self._text = text
        self._token = token
        self._server: asyncio.Server | None = None

    async def open(self, host: str, port: int) -> int:
        """Listen, and return the port (of use when `port` is 0).

        Raises:
            OSError: the address cannot be had.
        """
        self._server = await asyncio.start_server(self._serve, host, port, limit=REQUEST_LIMIT)
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def close(self) -> None:
        """Stop listening."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                status, body = await self._answer(head)
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\n"
                    "Connection: close\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asked does not speak HTTP, or has gone
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, head: list[str]) -> tuple[str, bytes]:
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        given = fields.get("authorization", "").removeprefix("Bearer ")
        if head[0].split(" ")[:2] != ["GET", "/metrics"]:
            return "404 Not Found", b""
        if self._token and not hmac.compare_digest(given.encode(), self._token.encode()):
            return "401 Unauthorized", b""
        return "200 OK", await self._text()
