"""What the media benchmarks measure, each in a process of its own: the engine, or a stock aiortc server.

    python -m benchmarks._servers engine|stock

One JSON line on the standard input asks, one on the standard output answers. CPU time is that of the whole process, all
of its threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog
import uvloop

from benchmarks._peers import LOOPBACK, Person, use_loopback
from video_service.media_plane import CallRoute, LegRequest, LegRole

ANSWER_LIMIT_S: Final = 30
LINE_LIMIT: Final = 1 << 20
ROOM: Final = 16  # blurred legs: more than any benchmark joins

Answer = Callable[[dict[str, Any]], Awaitable[Any]]


class Server:
    """The parent's side of a process that is measured."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, operation: str, **values: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode({"operation": operation, **values}) + b"\n")
        async with asyncio.timeout(ANSWER_LIMIT_S):
            line = await self._process.stdout.readline()
        return json.loads(line)

    async def join(self, leg_id: str, role: LegRole, person: Person, change: Callable[[str], str] = str) -> None:
        """Let a person in; `change` may lead the connection over a relay."""
        person.use_vp8()
        request = LegRequest(leg_id=leg_id, person=leg_id, role=role, codecs=("video/VP8",), sdp=await person.offer())
        answer = await self.ask("answer", request=request)
        await person.accept(change(answer["sdp"]))
        await person.connected()

    async def call(self, agent_leg: str = "agent", customer_leg: str = "customer") -> None:
        """Join two legs in a call."""
        route = CallRoute(call_id=f"of-{agent_leg}", epoch=1, customer_leg=customer_leg, agent_leg=agent_leg)
        await self.ask("open", route=route)

    async def usage(self) -> dict[str, Any]:
        """Return the CPU seconds so far, the time, and the statistics of the legs."""
        found: dict[str, Any] = await self.ask("usage")
        return found


@contextlib.asynccontextmanager
async def server(kind: str = "engine") -> AsyncIterator[Server]:
    """Start a process and end it afterwards."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks._servers", kind, stdin=pipe, stdout=pipe, limit=LINE_LIMIT
    )
    try:
        yield Server(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(10):
            await process.wait()


def usage(legs: Any = ()) -> dict[str, Any]:
    return {"cpu_s": time.process_time(), "at_s": time.perf_counter(), "legs": legs}


async def serve_engine() -> None:
    """Run the engine as a worker runs it, until the standard input ends."""
    from media.worker import keep_to_ourselves, make_engine
    from video_service.settings import Settings

    keep_to_ourselves()
    engine: Any = make_engine(Settings(media_bind=(LOOPBACK,), capacity=ROOM), "measured")
    engine._load = None  # what is measured is the whole work, however busy the machine is with other things
    gc.collect()
    gc.freeze()

    async def answer(asked: dict[str, Any]) -> Any:
        match asked["operation"]:
            case "answer":
                return await engine.answer_leg(msgspec.convert(asked["request"], LegRequest))
            case "open":
                return await engine.open_call(msgspec.convert(asked["route"], CallRoute))
            case _:
                return usage(msgspec.to_builtins(await engine.statistics()))

    await converse(answer)
    await engine.close()


async def serve_stock() -> None:
    """Run what aiortc alone would do: decode one person's picture, encode it again in VP8 for another."""
    from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

    use_loopback()
    peers: list[RTCPeerConnection] = []
    tracks: list[MediaStreamTrack] = []

    async def answer(asked: dict[str, Any]) -> Any:
        if asked["operation"] != "answer":
            return usage()
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peers.append(peer)
        sender = asked["request"]["role"] == LegRole.AGENT
        if sender:
            peer.on("track", tracks.append)
        sdp = asked["request"]["sdp"]
        await peer.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="offer"))
        if not sender:
            seen = peer.getTransceivers()[1]
            seen.sender.replaceTrack(tracks[0])
            seen.direction = "sendonly"
        await peer.setLocalDescription(await peer.createAnswer())
        return {"sdp": peer.localDescription.sdp}

    await converse(answer)
    await asyncio.gather(*(peer.close() for peer in peers))


async def converse(answer: Answer) -> None:
    """Answer line by line until the standard input ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LINE_LIMIT)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        sys.stdout.buffer.write(msgspec.json.encode(await answer(json.loads(line)) or {}) + b"\n")
        sys.stdout.buffer.flush()


def main() -> None:
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    uvloop.run(serve_engine() if sys.argv[1] == "engine" else serve_stock())


if __name__ == "__main__":
    main()
