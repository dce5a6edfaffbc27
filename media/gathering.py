"""Where media sockets are bound and what clients are told about it: a narrow adapter over aioice.

aioice binds port 0 on every address but loopback, has no port range and no announced address. This adapter binds the
configured addresses and ports only. It is passive: it answers connectivity checks and checks back whoever passed one
(peer-reflexive candidates), and never sends a packet to an address because an offer names it. So a client behind any
NAT, an mDNS name or a candidate list that lies need no special care, and nothing goes to a STUN or TURN server.

Source: RFC 8445, sections 7.3.1.3 (peer-reflexive candidates) and 5.1.2 (priorities); RFC 8839 (candidate text).
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import random
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, cast

import ifaddr
from aioice import Candidate, Connection
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import StunProtocol
from aioice.stun import RETRY_RTO, Message
from aiortc import RTCIceGatherer

from media.settings import MediaSettings
from video_service.media_plane import MediaError, WorkerUnavailable

SOCKET_BUFFER_BYTES: Final = 1 << 20
MAX_EARLY_DATAGRAMS: Final = 64
MAX_PAIRS: Final = 32

Sink = Callable[[bytes], None]


def host_addresses() -> tuple[str, ...]:
    """Return the addresses of this machine that others can reach, or loopback when it has no other."""
    found: list[str] = []
    for adapter in ifaddr.get_adapters():
        for entry in adapter.ips:
            address = ipaddress.ip_address(entry.ip if isinstance(entry.ip, str) else entry.ip[0])
            if not (address.is_loopback or address.is_link_local or address.is_unspecified):
                found.append(str(address))
    return tuple(found) or ("127.0.0.1",)


class Gathering:
    """The addresses and ports of one worker. Reads the machine's addresses once per leg, when none are configured.

    Raises:
        ValueError: the settings hold something that is not an address or a range of ports.
    """

    def __init__(self, settings: MediaSettings) -> None:
        self._bind = tuple(str(ipaddress.ip_address(address)) for address in settings.media_bind)
        self._announce = str(ipaddress.ip_address(settings.media_announce)) if settings.media_announce else ""
        self._ports = settings.port_range()
        if self._ports is not None and not 1 <= self._ports[0] <= self._ports[1] <= 65535:
            raise ValueError(f"media_ports is no range of ports: {settings.media_ports}")

    def addresses(self) -> tuple[str, ...]:
        """Return the addresses to bind; with an announced address those of its family only."""
        addresses = self._bind or host_addresses()
        if not self._announce:
            return addresses
        version = ipaddress.ip_address(self._announce).version
        return tuple(address for address in addresses if ipaddress.ip_address(address).version == version)

    def gatherer(self) -> BoundGatherer:
        return BoundGatherer(self)

    async def bind(self, connection: BoundConnection) -> list[StunProtocol]:
        """Open one socket per address.

        Raises:
            WorkerUnavailable: every port of the range is in use.
            MediaError: none of the addresses can be bound.
        """
        protocols: list[StunProtocol] = []
        refused: OSError | None = None
        try:
            for index, address in enumerate(self.addresses()):
                try:
                    protocols.append(await self._endpoint(connection, address, index))
                except OSError as error:
                    refused = error
        except BaseException:
            for protocol in protocols:
                protocol.transport.abort()
            raise
        if not protocols:
            raise MediaError("No media address can be bound.", reason=str(refused))
        return protocols

    async def _endpoint(self, connection: BoundConnection, address: str, index: int) -> StunProtocol:
        bound = self._socket(address)
        try:
            loop = asyncio.get_running_loop()
            _, protocol = await loop.create_datagram_endpoint(lambda: MediaProtocol(connection), sock=bound)
        except BaseException:
            bound.close()
            raise
        protocol.local_candidate = self._candidate(bound, index)
        return protocol

    def _socket(self, address: str) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        for port in self._candidates_for_port():
            bound = socket.socket(family, socket.SOCK_DGRAM)
            try:
                bound.setblocking(False)
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
                bound.bind((address, port))
            except OSError as error:
                bound.close()
                if self._ports is None or error.errno != errno.EADDRINUSE:
                    raise
                continue
            return bound
        raise WorkerUnavailable("Every port of media_ports is in use.", ports=self._ports)

    def _candidates_for_port(self) -> Iterator[int]:
        if self._ports is None:
            yield 0
            return
        first, last = self._ports
        start = random.randint(first, last)
        yield from range(start, last + 1)
        yield from range(first, start)

    def _candidate(self, bound: socket.socket, index: int) -> Candidate:
        name = bound.getsockname()
        host = self._announce or str(name[0])
        return Candidate(
            foundation=candidate_foundation("host", "udp", host),
            component=1,
            transport="udp",
            priority=candidate_priority(1, "host", 65535 - index),
            host=host,
            port=int(name[1]),
            type="host",
        )


class MediaProtocol(StunProtocol):
    """A media socket. Media goes straight to the connection's sink: no queue, no task switch per packet."""

    receiver: BoundConnection

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        # RFC 7983, section 7: 128-191 is RTP and RTCP, 0-3 is STUN, 20-63 is DTLS.
        if data and cast(bytes, data)[0] > 127:
            sink = self.receiver.sink
            if sink is not None:
                sink(cast(bytes, data))
            return
        super().datagram_received(data, addr)

    async def request(
        self,
        request: Message,
        addr: tuple[str, int],
        integrity_key: bytes | None = None,
        retransmissions: int | None = None,
    ) -> tuple[Message, tuple[str, int]]:
        """Have a check answered, and note how long that took: a first round trip, before any report could tell it."""
        asked_s = time.monotonic()
        answer = await super().request(request, addr, integrity_key, retransmissions)
        self.receiver.answered((time.monotonic() - asked_s) * 1000)
        return answer


class BoundConnection(Connection):
    """An ICE connection over the configured sockets that waits to be called upon."""

    def __init__(self, gathering: Gathering) -> None:
        super().__init__(ice_controlling=False)
        self.sink: Sink | None = None
        self.round_trip_ms: float | None = None
        self._gathering = gathering

    async def gather_candidates(self) -> None:
        if self._local_candidates_start:
            return
        self._local_candidates_start = True
        self._protocols += await self._gathering.bind(self)
        self._local_candidates += [protocol.local_candidate for protocol in self._protocols]
        self._local_candidates_end = True

    async def add_remote_candidate(self, remote_candidate: Candidate | None) -> None:
        """Do nothing, not even with the end of candidates: clients come to this side by themselves."""

    def data_received(self, data: bytes, component: int) -> None:
        """Queue what is not media: the DTLS handshake. Nobody reads before the connection is up."""
        if self._queue.qsize() < MAX_EARLY_DATAGRAMS:
            super().data_received(data, component)

    def check_incoming(self, message: Message, addr: tuple[str, int], protocol: StunProtocol) -> None:
        """Check back whoever passed a check, up to a number of addresses."""
        if "PRIORITY" in message.attributes and (
            len(self._check_list) < MAX_PAIRS or any(pair.remote_addr == addr for pair in self._check_list)
        ):
            super().check_incoming(message, addr, protocol)

    def answered(self, after_ms: float) -> None:
        """Note the round trip of a check; one that was asked twice says nothing (RFC 6298, section 3)."""
        if after_ms < RETRY_RTO * 1000:
            self.round_trip_ms = after_ms

    def selected(self) -> tuple[asyncio.DatagramTransport, tuple[str, int]] | None:
        """Return the nominated socket and the client's address."""
        pair = self._nominated.get(1)
        return None if pair is None else (pair.protocol.transport, pair.remote_addr)


class BoundGatherer(RTCIceGatherer):
    """aiortc's gatherer around a `BoundConnection`."""

    def __init__(self, gathering: Gathering) -> None:
        super().__init__(iceServers=[])
        self._connection: BoundConnection = BoundConnection(gathering)

    def candidates(self) -> Sequence[Candidate]:
        return self._connection.local_candidates
