"""One page's socket: bounded sending with the newest view only, and reading with limits. No call logic."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Protocol

import msgspec

from signaling import messages
from signaling.identity_types import Identity
from signaling.messages import CloseCode, FromPage, ToPage
from signaling.store_people import Known
from video_service.real_time_text import TextPace

# Above the longest text of a call (`Policy.text_buffer_lines`): whoever comes back into it is sent all of it at once.
OUTBOX_LIMIT = 768
SEND_TIMEOUT_S = 5.0
BAD_MESSAGES_IN_A_ROW = 10
# A page sends a heartbeat each 2 s and at most a few dozen messages at once: far above anything a person does.
MESSAGES_PER_S = 50.0
MESSAGE_BURST = 200.0


class Wire(Protocol):
    """The part of quart's websocket that is used."""

    async def receive(self) -> str | bytes: ...

    async def send(self, data: str) -> None: ...

    async def close(self, code: int, reason: str = "") -> None: ...


class SocketClosed(Exception):
    """The socket has to close; `code` says why."""

    def __init__(self, code: int, error: str) -> None:
        self.code = code
        self.error = error
        super().__init__(f"{code} {error}")


class MessageBudget:
    """A token bucket: how many messages a page may still send now."""

    def __init__(self, now_s: float) -> None:
        self._tokens = MESSAGE_BURST
        self._at_s = now_s

    def take(self, now_s: float) -> bool:
        """Take one token; False when the page has sent too many."""
        self._tokens = min(MESSAGE_BURST, self._tokens + (now_s - self._at_s) * MESSAGES_PER_S)
        self._at_s = now_s
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


def read(raw: str | bytes) -> FromPage:
    """Decode one message of a page.

    Raises:
        SocketClosed: larger than `MAX_MESSAGE_BYTES`.
        msgspec.DecodeError: not a message of this version.
    """
    size = len(raw) if isinstance(raw, bytes) else len(raw.encode("utf-8", "surrogatepass"))
    if size > messages.MAX_MESSAGE_BYTES:
        raise SocketClosed(CloseCode.TOO_LARGE, "too_large")
    try:
        return messages.decode(raw)
    except UnicodeError as error:
        raise msgspec.DecodeError("not UTF-8") from error


class Connection:
    """One greeted socket. `post` and `show` never block; `run_sender` writes until the socket closes."""

    def __init__(
        self, wire: Wire, identity: Identity, socket_id: str, codecs: tuple[str, ...], now_s: float, token: str = ""
    ) -> None:
        self.wire = wire
        self.identity = identity
        self.socket_id = socket_id
        self.codecs = codecs
        self.token = token  # which opened it, and opens nothing more
        self.known = Known()
        self.heard_s = now_s
        self.ice_s = now_s  # when the page was told its ICE servers last
        self.budget = MessageBudget(now_s)
        self.text_pace = TextPace(now_s)
        self.bad_in_a_row = 0
        self.call = ""
        self.epoch = 0  # of that call
        self.route: tuple[bool, str] | None = None  # what the worker of that call was told last of hold and voice
        self.text_seq = 0
        self.watched = ""  # the call whose watching by this page is on the audit log
        self.seated = ""  # the leg of this page that is shown that call
        self.seen = False  # whether the call's people are shown that leg's own picture
        self.seating = asyncio.Lock()
        self.looking = asyncio.Lock()
        self.closing: SocketClosed | None = None
        # None holds the place of the newest view: it goes out in its turn, with what it says by then.
        self._outbox: deque[ToPage | None] = deque()
        self._view: ToPage | None = None
        self._shown: ToPage | None = None
        self._wake = asyncio.Event()

    @property
    def person(self) -> str:
        """The pseudonymous id behind this socket."""
        return self.identity.person

    def post(self, message: ToPage) -> None:
        """Queue one message. A page that does not read is cut, never waited for."""
        if len(self._outbox) >= OUTBOX_LIMIT:
            self.end(CloseCode.TOO_SLOW, "too_slow")
            return
        self._outbox.append(message)
        self._wake.set()

    def show(self, view: ToPage) -> None:
        """Queue the newest view; one that was not sent yet is replaced, one that shows nothing new is not sent."""
        last = self._view or self._shown
        if last is not None and type(last) is type(view) and _timeless(last) == _timeless(view):
            return
        if self._view is None:
            self._outbox.append(None)
        self._view = view
        self._wake.set()

    def end(self, code: int, error: str) -> None:
        """Ask for the socket to close, after what is queued was sent."""
        if self.closing is None:
            self.closing = SocketClosed(code, error)
        self._wake.set()

    async def run_sender(self) -> None:
        """Write what is queued until the socket has to close.

        Raises:
            SocketClosed: always, in the end.
        """
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._outbox:
                message = self._outbox.popleft()
                if message is None:
                    message, self._shown, self._view = self._view, self._view, None
                if message is None:
                    continue
                try:
                    # Not wait_for: in Python 3.11 it can swallow a cancellation.
                    async with asyncio.timeout(SEND_TIMEOUT_S):
                        await self.wire.send(messages.encode(message))
                except TimeoutError as error:
                    raise SocketClosed(CloseCode.TOO_SLOW, "too_slow") from error
            if self.closing is not None:
                raise self.closing


def _timeless(view: ToPage) -> ToPage:
    # Every view carries the server's time for the page's clocks; alone it is no news.
    return msgspec.structs.replace(view, server_time_ms=0) if hasattr(view, "server_time_ms") else view


async def refuse(wire: Wire, code: int, error: str) -> None:
    """Say why, then close. The page may be gone already."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await wire.send(messages.encode(messages.Error(code=error)))
            await wire.close(code, error)
