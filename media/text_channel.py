"""A client's data channel for real-time text, with the bounds that aiortc's SCTP does not have.

The browser opens it in band, with label and protocol "t140". Whoever sends more than a person writes, or what no
browser sends, loses the channel and nothing else: the same text goes by the WebSocket too.

Source: RFC 8865 (T.140 over data channels), RFC 8831 and 8832 (data channels and how they are opened).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import structlog
from aiortc import RTCDataChannel, RTCDtlsTransport
from aiortc.rtcsctptransport import Chunk, RTCSctpCapabilities, RTCSctpTransport

from video_service.real_time_text import TextPace, characters_of

log = structlog.get_logger(__name__)

NAME: Final = "t140"
SCTP_PORT: Final = 5000
MOST_BYTES: Final = 4096
"""Of one message: the longest piece in four-byte characters, with what stands before it, has less."""
BYTES_PER_S: Final = 8_000.0
BYTE_BURST: Final = 100_000.0
MOST_WAITING_BYTES: Final = 16_384
LEAST_WINDOW_BYTES: Final = 900_000  # of aiortc's 1 MiB: so little may wait for its other fragments
MOST_CHANNELS: Final = 4
CLOSE_TIMEOUT_S: Final = 1.0


class _Association(RTCSctpTransport):
    """aiortc's, which ends where its own code would let a client fill the memory or stop the connection's pump."""

    def __init__(self, dtls: RTCDtlsTransport) -> None:
        super().__init__(dtls, SCTP_PORT)
        self._tokens = BYTE_BURST
        self._at_s = asyncio.get_running_loop().time()

    async def _handle_data(self, data: bytes) -> None:
        now_s = asyncio.get_running_loop().time()
        self._tokens = min(BYTE_BURST, self._tokens + (now_s - self._at_s) * BYTES_PER_S) - len(data)
        self._at_s = now_s
        try:
            if self._tokens >= 0:
                await super()._handle_data(data)
            if self._tokens >= 0 and self._advertised_rwnd >= LEAST_WINDOW_BYTES:
                return
            reason = "too_much"
        except Exception as error:  # noqa: BLE001 - bytes of a client must not end the connection that carries pictures
            reason = type(error).__name__
        log.info("text_channel_ended", reason=reason)
        await self.stop()

    async def _send_chunk(self, chunk: Chunk) -> None:
        # Its timers and tasks may come after the connection has gone.
        with contextlib.suppress(ConnectionError):
            await super()._send_chunk(chunk)


class TextChannel:
    """One client's text. `on_text` hears each message that is no longer and no faster than a person's; on the loop."""

    def __init__(self, dtls: RTCDtlsTransport, on_text: Callable[[str], None]) -> None:
        self._association = _Association(dtls)
        self._association.on("datachannel", self._opened)
        self._on_text = on_text
        self._channel: RTCDataChannel | None = None
        self._pace = TextPace(asyncio.get_running_loop().time())
        self._channels = 0

    async def start(self, port: int, most_bytes: int) -> None:
        """Begin the association with the client's SCTP `port`, which takes messages of `most_bytes`."""
        await self._association.start(RTCSctpCapabilities(maxMessageSize=most_bytes), port)

    def send(self, text: str) -> bool:
        """Send one message; False when there is no open channel, or the client does not take what waits already."""
        channel = self._channel
        if channel is None or channel.readyState != "open" or channel.bufferedAmount > MOST_WAITING_BYTES:
            return False
        channel.send(text)
        return True

    async def stop(self) -> None:
        """End the association. May be called twice."""
        self._channel = None
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._association.stop()

    def _opened(self, channel: RTCDataChannel) -> None:
        self._channels += 1
        if self._channels > MOST_CHANNELS:
            raise ValueError("A client opens channel after channel.")
        if channel.label == NAME and channel.protocol == NAME and channel.ordered:
            self._channel = channel
            channel.on("message", self._received)

    def _received(self, message: str | bytes) -> None:
        if not isinstance(message, str) or len(message.encode()) > MOST_BYTES:
            return
        if self._pace.take(characters_of(message), asyncio.get_running_loop().time()):
            self._on_text(message)
