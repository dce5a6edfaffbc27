"""A bad network between one client and the engine: every datagram passes here, and may be lost or late."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from media.rtp_packet import RtpPacket, parse_rtp

_CANDIDATE = re.compile(r"(a=candidate:\S+ 1 udp \d+) (\S+) (\d+) typ host")


@dataclass(frozen=True)
class Datagram:
    """One datagram on its way; `packet` is its RTP header, in the clear also under SRTP, or None.

    `feedback` tells that it is RTCP: reports, and requests for packets and key frames.
    """

    to_engine: bool
    packet: RtpPacket | None
    feedback: bool = False


Lose = Callable[[Datagram], bool]
LONGEST_QUEUE_S = 0.3  # what comes when more stands in a narrow line's queue is lost
HEADER_BYTES = 28  # of IPv4 and UDP, which take their room on the line, too


def nothing(datagram: Datagram) -> bool:
    return False


def random_loss(share: float, *, to_engine: bool | None = None, seed: int = 1) -> Lose:
    """Lose media packets and feedback by chance, by the same dice in every run; checks and handshakes pass."""
    dice = random.Random(seed)

    def lose(datagram: Datagram) -> bool:
        wanted = to_engine is None or datagram.to_engine is to_engine
        return wanted and (datagram.packet is not None or datagram.feedback) and dice.random() < share

    return lose


class UdpRelay:
    """Give `through` to `Site.join` as `change_answer`; then set the rest at any time.

    `delay_ms`: one way. `bps`: what each way carries, with a queue before it; None: everything.
    """

    def __init__(self) -> None:
        self.lose: Lose = nothing
        self.delay_ms = 0.0
        self.bps: int | None = None
        self._free_s = {True: 0.0, False: 0.0}
        self.dead = False
        self.passed = 0
        self.lost = 0
        self._engine: tuple[str, int] | None = None
        self._client: tuple[str, int] | None = None
        self._front: asyncio.DatagramTransport | None = None
        self._back: asyncio.DatagramTransport | None = None

    async def open(self, host: str = "127.0.0.1") -> None:
        """Listen on both sides, at an address by which the client and the engine can be reached."""
        loop = asyncio.get_running_loop()
        local = (host, 0)
        self._front, _ = await loop.create_datagram_endpoint(lambda: _Side(self._from_client), local_addr=local)
        self._back, _ = await loop.create_datagram_endpoint(lambda: _Side(self._from_engine), local_addr=local)

    def through(self, answer: str) -> str:
        """Put the relay's address where the engine's was."""
        assert self._front is not None
        host, port = self._front.get_extra_info("sockname")
        found = _CANDIDATE.search(answer)
        assert found is not None
        self._engine = (found.group(2), int(found.group(3)))
        return _CANDIDATE.sub(rf"\1 {host} {port} typ host", answer)

    def back(self, offer: str) -> str:
        """Put the relay's other address where the client's was, for an answerer that reaches out by itself."""
        assert self._back is not None
        host, port = self._back.get_extra_info("sockname")
        return _CANDIDATE.sub(rf"\1 {host} {port} typ host", offer)

    def close(self) -> None:
        for side in (self._front, self._back):
            if side is not None:
                side.close()

    def _from_client(self, data: bytes, address: tuple[str, int]) -> None:
        self._client = address
        self._pass(data, to_engine=True)

    def _from_engine(self, data: bytes, address: tuple[str, int]) -> None:
        self._pass(data, to_engine=False)

    def _pass(self, data: bytes, *, to_engine: bool) -> None:
        if self.dead or self.lose(Datagram(to_engine, _rtp_header(data), _is_feedback(data))):
            self.lost += 1
            return
        wait_s = self.delay_ms / 1000
        if self.bps is not None:
            now_s = asyncio.get_running_loop().time()
            starts_s = max(now_s, self._free_s[to_engine])
            if starts_s - now_s > LONGEST_QUEUE_S:
                self.lost += 1
                return
            self._free_s[to_engine] = starts_s + (len(data) + HEADER_BYTES) * 8 / self.bps
            wait_s += self._free_s[to_engine] - now_s
        self.passed += 1
        if wait_s:
            asyncio.get_running_loop().call_later(wait_s, self._send, data, to_engine)
        else:
            self._send(data, to_engine)

    def _send(self, data: bytes, to_engine: bool) -> None:
        side, address = (self._back, self._engine) if to_engine else (self._front, self._client)
        if side is not None and address is not None and not side.is_closing():
            side.sendto(data, address)


class _Side(asyncio.DatagramProtocol):
    def __init__(self, receive: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._receive = receive

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._receive(data, (addr[0], addr[1]))


def _is_feedback(data: bytes) -> bool:
    return len(data) > 1 and 128 <= data[0] <= 191 and 192 <= data[1] <= 223  # RFC 5761, section 4


def _rtp_header(data: bytes) -> RtpPacket | None:
    if len(data) < 12 or not 128 <= data[0] <= 191 or 192 <= data[1] <= 223:
        return None
    try:
        return parse_rtp(data)
    except ValueError:
        return None
