"""The network of one person, to be spoilt, cut and given back: every packet between a page and the service passes here.

What was open before a cut stays dead for ever, as after a change from Wi-Fi to mobile: its packets go nowhere and its
sockets say nothing. What is opened after the network is back goes through, from other ports.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext

from tests.integration.udp_relay import Lose, UdpRelay, nothing
from video_service.tasks import cancel_and_wait

# Runs in each page before its own scripts: the service's address in an answer becomes that of this person's network.
THROUGH = """
const original = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = async function (description) {
  window.newestConnection = this;
  return original.call(this, { type: description.type, sdp: await window.throughNetwork(description.sdp) });
};
"""
CHUNK = 65_536


@dataclass
class Network:
    """Make one with `open_network`, let a context use it with `carry`, then `spoil`, `cut` and `give_back`.

    `host` is the address of this machine by which the browser and the service's media reach one another.
    """

    upstream: tuple[str, int]
    host: str = "127.0.0.1"
    url: str = ""
    down: bool = False
    _lose: Lose = nothing
    _relays: list[UdpRelay] = field(default_factory=list)
    _pipes: set[asyncio.Task[None]] = field(default_factory=set)
    _generation: int = 0

    async def carry(self, context: BrowserContext) -> None:
        """Lead the media of every page of `context` through here; its pages have to be opened at `url`."""
        await context.expose_function("throughNetwork", self._through)
        await context.add_init_script(THROUGH)

    @property
    def connections(self) -> int:
        """How many peer connections were made through here."""
        return len(self._relays)

    @property
    def lost(self) -> int:
        """How many datagrams were lost on it."""
        return sum(relay.lost for relay in self._relays)

    def spoil(self, lose: Lose) -> None:
        """Lose these packets of media from now on, on what is open and on what will be."""
        self._lose = lose
        for relay in self._relays:
            relay.lose = lose

    def cut(self) -> None:
        """Lose every packet from now on."""
        self.down = True
        self._generation += 1
        for relay in self._relays:
            relay.dead = True

    def give_back(self) -> None:
        """Let through what is opened from now on."""
        self.down = False

    async def close(self) -> None:
        await cancel_and_wait(self._pipes)
        for relay in self._relays:
            relay.close()

    async def _through(self, answer: str) -> str:
        relay = UdpRelay()
        await relay.open(self.host)
        relay.dead, relay.lose = self.down, self._lose
        self._relays.append(relay)
        return relay.through(answer)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection of the page."""
        pipe = asyncio.create_task(self._join(reader, writer), name="network-pipe")
        self._pipes.add(pipe)
        pipe.add_done_callback(self._pipes.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Join a connection of the page to one to the service; both end together."""
        born = self._generation
        try:
            if self.down:
                await asyncio.Event().wait()  # a way that leads nowhere: taken, never answered
            far_reader, far_writer = await asyncio.open_connection(*self.upstream)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pass(reader, far_writer, born))
                    group.create_task(self._pass(far_reader, writer, born))
            finally:
                far_writer.close()
        except* (ConnectionError, OSError):
            pass
        finally:
            writer.close()

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, born: int) -> None:
        while data := await source.read(CHUNK):
            if born != self._generation:
                await asyncio.Event().wait()
            sink.write(data)
            await sink.drain()
        with suppress(OSError, RuntimeError):
            sink.write_eof()


@asynccontextmanager
async def open_network(service_url: str, host: str = "127.0.0.1") -> AsyncIterator[Network]:
    """Listen before the service at `service_url` with a network that is up."""
    parts = urlsplit(service_url)
    network = Network((parts.hostname or "127.0.0.1", parts.port or 80), host)
    server = await asyncio.start_server(network.accept, "127.0.0.1", 0)
    network.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield network
    finally:
        server.close()
        await network.close()
        await server.wait_closed()
