"""How long a matching decision takes, with many people waiting: `python -m benchmarks.matching [--json]`.

Starts a Valkey of its own. Each figure is the whole call as a web node sees it (redis-py, Unix socket, script, answer),
one after another. The scripts that decide: `ready` (an agent takes the first call that fits), `join` (a call looks for
an agent), `decline` (both). Needs and skills are of eight and five kinds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable
from pathlib import Path

from signaling.identity_types import Identity
from signaling.policy import Policy
from signaling.store import Store
from tests.valkey_server import RealValkey
from video_service.redis_client import hot

NEEDS = ((), ("csl",), ("csl", "hksl"), ("asl",), ("csl", "air"), ("hksl",), ("csl", "voice"), ("csl", "rail"))
SKILLS = (("csl",), ("csl", "hksl"), ("asl",), ("csl", "air", "voice"), ("csl", "rail", "hksl"))
HOUR_MS = 3_600_000
AT_ONCE = 50


class Bench:
    """One store with people in it, and a stop-watch."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.customers = 0
        self.times_ms: dict[str, list[float]] = defaultdict(list)

    async def measure(self, name: str, work: Awaitable[object]) -> None:
        began_s = time.perf_counter()
        await work
        self.times_ms[name].append((time.perf_counter() - began_s) * 1_000)

    async def connect_customer(self) -> str:
        self.customers += 1
        person = f"c{self.customers}"
        await self.store.connect(Identity(person=person, role="customer"), node="n", socket="s")
        return person

    def join(self, person: str) -> Awaitable[str]:
        number = int(person[1:])
        return self.store.join(
            person, queue="main", needs=NEEDS[number % len(NEEDS)], urgent=number % 20 == 0, reason="", locale=""
        )

    async def fill(self, waiting: int, agents: int) -> None:
        now_ms = time.time_ns() // 1_000_000
        for number in range(agents):
            agent = Identity(person=f"a{number}", role="agent", skills=SKILLS[number % len(SKILLS)])
            await self.store.add_shift(agent.person, now_ms - HOUR_MS, now_ms + 8 * HOUR_MS)
            await self.store.connect(agent, node="n", socket="s")
            await self.store.sign_in(agent)
            await self.store.leg_offered(agent.person, leg="l", worker="w")

        async def come() -> None:
            await self.join(await self.connect_customer())

        while self.customers < waiting:
            await asyncio.gather(*(come() for _ in range(min(AT_ONCE, waiting - self.customers))))

    async def work(self, agents: int, rounds: int) -> None:
        """Every agent serves or declines what rings; each call that ends is followed by a new one."""
        for number in range(agents):
            await self.measure("ready", self.store.ready(f"a{number}"))
        for turn in range(agents * rounds):
            agent = f"a{turn % agents}"
            ring = (await self.store.agent_view(agent, alive=())).reservation
            if ring is None:
                continue
            if turn % 3 == 0:
                await self.measure("decline", self.store.decline(agent, ring.call, ring.epoch))
                continue
            await self.measure("accept", self.store.accept(agent, ring.call, ring.epoch))
            await self.measure("hang_up", self.store.hang_up(agent, ring.call))
            await self.measure("ready", self.store.ready(agent))
            person = await self.connect_customer()
            await self.measure("join", self.join(person))


def quantile(values: list[float], share: float) -> float:
    """Return the value below which `share` of the values lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def run(url: str, *, waiting: int, agents: int, rounds: int) -> dict[str, dict[str, float]]:
    """Return p50, p99 and the greatest time in ms for each kind of request."""
    client = hot(url, timeout_s=5)
    store = Store(client, policy=Policy(waiting_limit=10_000_000, presence_ttl_s=3_600))
    await store.load()
    bench = Bench(store)
    await bench.fill(waiting, agents)
    await bench.work(agents, rounds)
    await client.aclose()
    return {
        name: {"n": len(times), "p50_ms": quantile(times, 0.5), "p99_ms": quantile(times, 0.99), "max_ms": max(times)}
        for name, times in bench.times_ms.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--waiting", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    results = {}
    for waiting in options.waiting:
        with tempfile.TemporaryDirectory(prefix="valkey-") as folder:
            server = RealValkey(Path(folder), aof=True)
            server.start()
            try:
                results[waiting] = asyncio.run(
                    run(server.url, waiting=waiting, agents=options.agents, rounds=options.rounds)
                )
            finally:
                server.kill()
    if options.json:
        print(json.dumps({"agents": options.agents, "appendfsync": "always", "waiting": results}))
        return
    for waiting, rows in results.items():
        print(f"{waiting} waiting, {options.agents} agents, appendfsync always")
        for name, row in rows.items():
            print(f"  {name:8} n={row['n']:5.0f}  p50 {row['p50_ms']:6.2f} ms  p99 {row['p99_ms']:6.2f} ms")


if __name__ == "__main__":
    main()
