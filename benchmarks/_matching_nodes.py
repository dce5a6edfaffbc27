"""One node of the comparison in `benchmarks.matching`, a process of its own: ours, or the obvious design.

    python -m benchmarks._matching_nodes ours|peer URL NUMBER AGENTS SECONDS

Many customers at once join, are given an agent and leave while it rings, so every round is one match. `ours` does that
by the store. `peer` is what one writes first: a sorted set of waiting calls, a loop that pops the first one
(ZPOPMIN) and tries agents who could take it until a lock (SET NX PX) says that one is free. Prints a JSON object.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time

import uvloop
from redis.asyncio import Redis

from signaling.identity_types import Identity
from signaling.policy import Policy
from signaling.store import Store
from video_service.redis_client import hot, text_of

AT_ONCE = 32
LOCK_MS = 20_000
KINDS = 5
POLICY = Policy(waiting_limit=1_000_000, presence_ttl_s=3_600, last_agent_window_s=0)


async def ours(redis: Redis, number: int, seconds: float) -> dict[str, float]:
    """Customers join and leave, as fast as the store answers."""
    store = Store(redis, policy=POLICY)
    await store.load()
    times_s: list[float] = []
    end_s = time.monotonic() + seconds

    async def customer(name: str, need: str) -> None:
        await store.connect(Identity(person=name, role="customer"), node="n", socket="s")
        while time.monotonic() < end_s:
            began_s = time.perf_counter()
            call = await store.join(name, queue="main", needs=(need,), urgent=False, reason="", locale="")
            times_s.append(time.perf_counter() - began_s)
            await store.hang_up(name, call)

    await asyncio.gather(*(customer(f"c{number}-{each}", f"k{each % KINDS}") for each in range(AT_ONCE)))
    return {"matches": len(times_s), "p99_ms": sorted(times_s)[int(len(times_s) * 0.99)] * 1_000}


async def peer(redis: Redis, number: int, agents: int, seconds: float) -> dict[str, float]:
    """Customers put themselves into the sorted set, and as many loops take whoever is first."""
    dice = random.Random(number)
    times_s: list[float] = []
    tries = 0
    end_s = time.monotonic() + seconds
    came: dict[str, float] = {}
    rung: dict[str, asyncio.Event] = {}

    async def customer(name: str, kind: int) -> None:
        while time.monotonic() < end_s:
            call = f"{name}:{len(times_s)}:{dice.getrandbits(32)}:{kind}"
            came[call], rung[call] = time.perf_counter(), asyncio.Event()
            await redis.incr("peer:joined")
            await redis.zadd(f"peer:waiting:{number}", {call: time.time_ns()})
            await rung[call].wait()
            agent = text_of(await redis.hget("peer:calls", call) or "")
            await redis.delete(f"peer:lock:{agent}")
            await redis.hset("peer:calls", call, "over")

    async def loop() -> None:
        nonlocal tries
        while True:
            popped = await redis.zpopmin(f"peer:waiting:{number}")
            if not popped:
                await asyncio.sleep(0.001)
                continue
            call = str(popped[0][0])  # this client decodes
            kind = int(call.rpartition(":")[2])
            while True:
                agent = kind + KINDS * dice.randrange(agents // KINDS)
                tries += 1
                if await redis.set(f"peer:lock:{agent}", call, nx=True, px=LOCK_MS):
                    break
            await redis.hset("peer:calls", call, agent)
            times_s.append(time.perf_counter() - came[call])
            rung[call].set()

    loops = [asyncio.create_task(loop()) for _ in range(AT_ONCE // 2)]
    await asyncio.gather(*(customer(f"c{number}-{each}", each % KINDS) for each in range(AT_ONCE)))
    for task in loops:
        task.cancel()
    await asyncio.gather(*loops, return_exceptions=True)
    return {
        "matches": len(times_s),
        "p99_ms": sorted(times_s)[int(len(times_s) * 0.99)] * 1_000,
        "tries": tries / max(1, len(times_s)),
    }


async def main() -> None:
    what, url, number, agents, seconds = sys.argv[1:]
    redis = hot(url, timeout_s=10)
    print("ready", flush=True)
    sys.stdin.readline()
    began_s = time.process_time()
    if what == "ours":
        found = await ours(redis, int(number), float(seconds))
    else:
        found = await peer(redis, int(number), int(agents), float(seconds))
    found["cpu_s"] = time.process_time() - began_s
    await redis.aclose()
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
