"""Whether a media worker grows: many short calls in a row through a real one, its memory looked at after each.

    python -m benchmarks.memory [--calls 2000] [--json]

The worker is the service's own process, reached over its RPC as a web node reaches it; a Valkey of its own holds its
lease. Each call has two new people (connections, blur stage, networks, codecs), ready-made pictures both ways, and ends
when each has seen a few of the other's. Flat is: after the first calls the last quarter's median is within 2 % of the
first quarter's; how far single blocks of 50 calls lie from the first is printed beside it, for pages come and go.
The 2,000 calls take 5 minutes, so more than the other benchmarks; `--calls 400` gives an idea.

Ends with status 1 when the memory is not flat, or a file or thread is left over.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import uvloop

from benchmarks import _peers as peers
from benchmarks._peers import Person, Replay
from media.plane import RpcMediaPlane, from_settings
from tests.valkey_server import RealValkey
from video_service import redis_client
from video_service.media_plane import CallRoute, LegAnswer, LegRequest, LegRole
from video_service.settings import Settings
from video_service.tasks import cancel_and_wait

FIRST_CALLS: Final = 200
BLOCK: Final = 50
FLAT_SHARE: Final = 0.02
PICTURES: Final = 3  # that each person has to see of the other
KINDS_OF_PICTURES: Final = 30
LIMIT_S: Final = 30.0
LATER: Final = {"files": 0, "threads": os.cpu_count() or 1}  # a pool starts a thread when it needs one more
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


class Worker(Protocol):
    """What carries calls: the engine, or a worker of a plane."""

    async def answer_leg(self, request: LegRequest) -> LegAnswer: ...
    async def open_call(self, route: CallRoute) -> None: ...
    async def close_call(self, call_id: str, epoch: int) -> None: ...
    async def close_leg(self, leg_id: str) -> None: ...


class OneOf:
    """One worker of a plane."""

    def __init__(self, plane: RpcMediaPlane, worker: str) -> None:
        self._plane, self._worker = plane, worker

    async def answer_leg(self, request: LegRequest) -> LegAnswer:
        return await self._plane.answer_leg(self._worker, request)

    async def open_call(self, route: CallRoute) -> None:
        await self._plane.open_call(self._worker, route)

    async def close_call(self, call_id: str, epoch: int) -> None:
        await self._plane.close_call(self._worker, call_id, epoch)

    async def close_leg(self, leg_id: str) -> None:
        await self._plane.close_leg(self._worker, leg_id)


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process held after a call."""

    rss_bytes: int
    files: int
    threads: int

    @classmethod
    def of(cls, process: int) -> Sample:
        place = Path(f"/proc/{process}")
        pages = int((place / "statm").read_text().split()[1])
        return cls(pages * PAGE_BYTES, len(list((place / "fd").iterdir())), len(list((place / "task").iterdir())))


# The arithmetic


def blocks(values: Sequence[float], size: int = BLOCK) -> list[float]:
    """Return the median of every whole block of `size` values; of all of them when they fill none."""
    whole = [values[at : at + size] for at in range(0, len(values) - size + 1, size)] or [values]
    return [statistics.median(each) for each in whole]


def drift(values: Sequence[float]) -> float:
    """Return how far the median of the last quarter lies from that of the first, as a share; more is positive."""
    quarter = max(1, len(values) // 4)
    return statistics.median(values[-quarter:]) / statistics.median(values[:quarter]) - 1


def scatter(values: Sequence[float], size: int = BLOCK) -> float:
    """Return how far the farthest block lies from the first, as a share of it; more is positive."""
    first, *others = blocks(values, size)
    return max(((each - first) / first for each in others), key=abs, default=0.0)


def summary(samples: Sequence[Sample], seconds: float) -> dict[str, Any]:
    """Return what became of a worker over these samples, one after each call."""
    first = min(FIRST_CALLS, len(samples) // 3)
    later = samples[first:]
    share = drift([sample.rss_bytes for sample in later])
    counts = {
        name: {"after_the_first": getattr(later[0], name), "at_the_end": getattr(later[-1], name)}
        for name in ("files", "threads")
    }
    return {
        "calls": len(samples),
        "first_calls": first,
        "rss_mb": [round(each / 1e6, 2) for each in blocks([sample.rss_bytes for sample in samples])],
        "drift_share": share,
        "scatter_share": scatter([sample.rss_bytes for sample in later]),
        "flat": abs(share) <= FLAT_SHARE,
        "leftovers": any(
            count["at_the_end"] > count["after_the_first"] + LATER[name] for name, count in counts.items()
        ),
        "seconds": seconds,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        **counts,
    }


# The calls


async def one_call(worker: Worker, number: int, payloads: Sequence[tuple[bytes, ...]]) -> None:
    """Have a call of two new people who see a few pictures of each other, then hang up.

    Raises:
        TimeoutError: a connection did not come up, or no pictures came.
    """
    agent, customer = Person(None, slots=2, counts=True), Person(None, slots=1, counts=True)
    legs = {f"a-{number}": (LegRole.AGENT, agent), f"c-{number}": (LegRole.CUSTOMER, customer)}
    try:
        await asyncio.gather(*(join(worker, leg_id, role, person) for leg_id, (role, person) in legs.items()))
        call_id = f"call-{number}"
        await worker.open_call(CallRoute(call_id=call_id, epoch=1, customer_leg=f"c-{number}", agent_leg=f"a-{number}"))
        sending = [asyncio.create_task(Replay(person, payloads).run(), name="replay") for person in (agent, customer)]
        try:
            await until(lambda: min(agent.counts[1].pictures, customer.counts[0].pictures) >= PICTURES)
        finally:
            await cancel_and_wait(sending)
        await worker.close_call(call_id, 1)
        for leg_id in legs:
            await worker.close_leg(leg_id)
    finally:
        await asyncio.gather(agent.connection.close(), customer.connection.close())


async def join(worker: Worker, leg_id: str, role: LegRole, person: Person) -> None:
    person.use_vp8()
    request = LegRequest(leg_id=leg_id, person=leg_id, role=role, codecs=("video/VP8",), sdp=await person.offer())
    await person.accept((await worker.answer_leg(request)).sdp)
    await person.connected()


async def until(condition: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    """Wait for a condition.

    Raises:
        TimeoutError: it did not come.
    """
    end_s = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end_s:
            raise TimeoutError
        await asyncio.sleep(0.005)


async def hear(plane: RpcMediaPlane) -> None:
    """Take what the worker tells, for one that is not heard waits."""
    async for _ in plane.events():
        pass


@contextlib.asynccontextmanager
async def real_worker() -> AsyncIterator[tuple[Worker, int]]:
    """Start a worker's process and a Valkey for its lease; give the worker and its process's number."""
    with tempfile.TemporaryDirectory(prefix="memory-") as name:
        folder = Path(name)
        valkey = RealValkey(folder)
        valkey.start()
        settings = Settings(
            redis_url=valkey.url, data_dir=folder, media_bind=(peers.LOOPBACK,), capacity=2, log_level="error"
        )
        redis = redis_client.hot(settings.redis_url)
        plane = from_settings(settings, redis)
        hearing = asyncio.create_task(hear(plane), name="events")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "video_service.cli", "media", env=os.environ | settings.to_environment()
        )
        try:
            await plane.start()
            await until(plane.workers)
            yield OneOf(plane, plane.workers()[0].worker), process.pid
        finally:
            await plane.close()
            await hearing
            await redis.aclose()
            process.terminate()
            await process.wait()
            valkey.stop()


async def run(calls: int) -> dict[str, Any]:
    """Have the calls and return what became of the worker as plain values."""
    payloads = peers.encoded(peers.base_pictures()[:KINDS_OF_PICTURES])
    samples: list[Sample] = []
    started_s = time.perf_counter()
    async with real_worker() as (worker, process):
        for number in range(calls):
            await one_call(worker, number, payloads)
            samples.append(Sample.of(process))
            if sys.stderr.isatty() and number % BLOCK == BLOCK - 1:
                print(f"{number + 1} calls: {asdict(samples[-1])}", file=sys.stderr)
    return summary(samples, time.perf_counter() - started_s)


def table(found: dict[str, Any]) -> str:
    medians = found["rss_mb"]
    lines = [
        f"{found['machine']}; {found['calls']} calls in {found['seconds']:.0f} s",
        f"memory in MB, median of every {BLOCK} calls:",
        *("  " + " ".join(f"{each:7.1f}" for each in medians[at : at + 10]) for at in range(0, len(medians), 10)),
        f"after the first {found['first_calls']} calls: {found['drift_share'] * 100:+.2f} % (target: within 2 %)",
        f"single blocks: {found['scatter_share'] * 100:+.2f} %",
    ]
    for name in ("files", "threads"):
        lines.append(f"{name}: {found[name]['after_the_first']} then, {found[name]['at_the_end']} at the end")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    options = parser.parse_args()
    peers.use_loopback()
    found = uvloop.run(run(options.calls))
    print(json.dumps(found, indent=2) if options.json else table(found))
    if not found["flat"] or found["leftovers"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
