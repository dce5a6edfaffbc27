"""How long a matching decision takes, how many there can be, and how soon it rings.

    python -m benchmarks.matching [growth rate ring ...] [--waiting 1000 10000 100000] [--agents 1000] [--json]

Each part starts a Valkey of its own with `appendfsync always`.

growth  the scripts that decide, one after another, with ever more people waiting: `ready` (an agent takes the first
        call that fits), `join` (a call looks for an agent), `decline` (both). Needs and skills are of eight and five
        kinds. Whole requests as a web node sees them, and what a script takes inside Valkey.
rate    two nodes (processes) match as fast as they can, with most agents free and with few; beside it the obvious
        design, a sorted set for each node with a ZPOPMIN loop and a lock for each agent. Then a third node is killed.
ring    200 calls a second: from a call's join to the agent's socket of a real web node.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any, Final

from redis.asyncio import Redis

from benchmarks._matching_nodes import KINDS, POLICY
from signaling.identity_types import Identity
from signaling.store import Store
from tests.data_keys import CIPHER, DATA_KEYS
from tests.support.staff import Staff
from tests.valkey_server import RealValkey
from tests.web_nodes import SocketPage, WebNode
from video_service.redis_client import hot, text_of
from video_service.tasks import cancel_and_wait

NEEDS = ((), ("csl",), ("csl", "hksl"), ("asl",), ("csl", "air"), ("hksl",), ("csl", "voice"), ("csl", "rail"))
SKILLS = (("csl",), ("csl", "hksl"), ("asl",), ("csl", "air", "voice"), ("csl", "rail", "hksl"))
PARTS: Final = ("growth", "rate", "ring")
HOUR_MS = 3_600_000
AT_ONCE = 50
RATE_AGENTS: Final = 200
FREE: Final = {"most agents free": 160, "one agent in ten free": 20}
RING_AGENTS: Final = 60
RING_PER_S: Final = 200
POOL: Final = "matching"


@contextlib.contextmanager
def valkey() -> Iterator[str]:
    """A Valkey of its own; its address."""
    with tempfile.TemporaryDirectory(prefix="valkey-") as folder:
        server = RealValkey(Path(folder), aof=True)
        server.start()
        try:
            yield server.url
        finally:
            server.kill()


async def seat(store: Store, number: int, *skills: str, ready: bool = False) -> None:
    """Bring an agent to the desk."""
    now_ms = time.time_ns() // 1_000_000
    agent = Identity(person=f"a{number}", role="agent", skills=skills)
    await store.add_shift(agent.person, now_ms - HOUR_MS, now_ms + 8 * HOUR_MS)
    await store.connect(agent, node="n", socket="s")
    await store.sign_in(agent)
    await store.leg_offered(agent.person, leg="l", worker="w")
    if ready:
        await store.ready(agent.person)


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
        for number in range(agents):
            await seat(self.store, number, *SKILLS[number % len(SKILLS)])

        async def come() -> None:
            await self.join(await self.connect_customer())

        while self.customers < waiting:
            await asyncio.gather(*(come() for _ in range(min(AT_ONCE, waiting - self.customers))))

    async def work(self, agents: int, turns: int) -> None:
        """Agents serve or decline what rings; each call that ends is followed by a new one."""
        for number in range(agents):
            await self.measure("ready", self.store.ready(f"a{number}"))
        for turn in range(turns):
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


async def growth(url: str, waiting: int, agents: int, turns: int) -> dict[str, Any]:
    """Return p50, p99 and the greatest time in ms for each kind of request, and p50 and p99 inside Valkey."""
    redis = hot(url, timeout_s=5)
    store = Store(redis, policy=POLICY)
    await store.load()
    bench = Bench(store)
    await redis.config_set("appendfsync", "everysec")  # only while the line fills
    await bench.fill(waiting, agents)
    await redis.config_set("appendfsync", "always")
    await redis.config_resetstat()
    await bench.work(agents, turns)
    inside = (await redis.info("latencystats"))["latency_percentiles_usec_fcall"]
    await redis.aclose()
    rows: dict[str, Any] = {
        name: {"n": len(times), "p50_ms": quantile(times, 0.5), "p99_ms": quantile(times, 0.99), "max_ms": max(times)}
        for name, times in bench.times_ms.items()
    }
    return rows | {"inside": {"p50_ms": inside["p50"] / 1_000, "p99_ms": inside["p99"] / 1_000}}


def start_node(what: str, url: str, number: int, seconds: float) -> subprocess.Popen[str]:
    words = (what, url, str(number), str(RATE_AGENTS), str(seconds))
    node = subprocess.Popen(
        [sys.executable, "-m", "benchmarks._matching_nodes", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert node.stdout is not None
    assert node.stdout.readline() == "ready\n"
    return node


def go(node: subprocess.Popen[str]) -> None:
    assert node.stdin is not None
    node.stdin.write("\n")
    node.stdin.flush()


async def people(redis: Redis, free: int) -> None:
    """As many agents as compete, of `KINDS` skills, `free` of them free: for ours and for the peer."""
    store = Store(redis, policy=POLICY)
    await store.load()
    for number in range(RATE_AGENTS):
        await seat(store, number, f"k{number % KINDS}", ready=number < free)
        if number >= free:
            await redis.set(f"peer:lock:{number}", "busy")


async def lost(redis: Redis, what: str) -> int:
    """Return how many calls came and are nowhere: not over, not waiting, and with no agent."""
    if what == "peer":
        waiting = sum([await redis.zcard(name) async for name in redis.scan_iter("peer:waiting:*")])
        return int(text_of(await redis.get("peer:joined") or "0")) - waiting - int(await redis.hlen("peer:calls"))
    store = Store(redis, policy=POLICY)
    root = store.keys.root
    found = 0
    for each in await redis.zrange(f"{root}:records", 0, -1):
        call = str(each)  # this client decodes
        state = await redis.hget(f"{root}:record:{call}", "state")
        found += state == "waiting" and await redis.zscore(f"{root}:line", call) is None
    return found


async def cpu_s(redis: Redis) -> float:
    """Return what Valkey's one thread for commands has used."""
    used = await redis.info("cpu")
    return float(used["used_cpu_user_main_thread"]) + float(used["used_cpu_sys_main_thread"])


async def rate(url: str, what: str, free: int, seconds: float) -> dict[str, float]:
    """Two nodes for `seconds`.

    Returns:
        Matches a second, the slowest of a hundred in ms, CPU microseconds of a match in Valkey and in the nodes, agents
        tried for each, and calls lost when a node is killed.
    """
    redis = hot(url, timeout_s=30)
    await people(redis, free)
    nodes = [start_node(what, url, number, seconds) for number in range(2)]
    for node in nodes:
        go(node)
    before_s = await cpu_s(redis)
    outputs = [json.loads((await asyncio.to_thread(node.communicate))[0]) for node in nodes]
    spent_s = await cpu_s(redis) - before_s
    matches = sum(each["matches"] for each in outputs)
    victim = start_node(what, url, 7, 60)
    go(victim)
    await asyncio.sleep(1)
    victim.kill()
    await asyncio.to_thread(victim.communicate)
    found = {
        "matches_per_s": matches / seconds,
        "valkey_us": spent_s * 1e6 / matches,
        "nodes_us": sum(each["cpu_s"] for each in outputs) * 1e6 / matches,
        "p99_ms": max(each["p99_ms"] for each in outputs),
        "tries": sum(each.get("tries", 1.0) for each in outputs) / 2,
        "lost_by_a_kill": await lost(redis, what),
    }
    await redis.aclose()
    return found


async def ring(url: str, seconds: float) -> dict[str, float]:
    """Return how long it takes from a join to the agent's socket, at `RING_PER_S` calls a second."""
    redis = hot(url, timeout_s=5)
    store = Store(redis, pool=POOL, policy=POLICY, cipher=CIPHER)
    await store.load()
    staff = Staff(redis, POOL)
    began_s: dict[str, float] = {}
    rang_s: dict[str, float] = {}
    names: dict[str, str] = {}

    async def listen(page: SocketPage) -> None:
        while True:
            view = await page.next()
            reservation = view.get("reservation") if view["type"] == "agent_view" else None
            if reservation:
                rang_s.setdefault(reservation["call"], time.perf_counter())

    async def call(number: int) -> None:
        name = f"c{number}"
        await store.connect(Identity(person=name, role="customer"), node="n", socket="s")
        at_s = time.perf_counter()
        made = await store.join(name, queue="main", needs=(), urgent=False, reason="", locale="")
        began_s[made], names[made] = at_s, name
        while made not in rang_s and time.perf_counter() - at_s < 5:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        await store.hang_up(name, made)

    with WebNode(url, POOL, {"VIDEO_SERVICE_DATA_KEYS": ",".join(DATA_KEYS)}) as node:
        pages, tasks = [], []
        for number in range(RING_AGENTS):
            identity = await staff.agent(f"a{number}")
            page = await SocketPage.open(node, ticket=await staff.ticket(identity))
            await page.until(type="agent_view")
            await store.leg_offered(identity.person, leg="l", worker="w-1")
            await page.send("ready")
            pages.append(page)
            tasks.append(asyncio.create_task(listen(page)))

        async def beat() -> None:
            while True:
                for page in pages:
                    await page.send("ping", t=1)
                await asyncio.sleep(2)

        tasks.append(asyncio.create_task(beat()))
        await asyncio.sleep(1)
        first_s, calls = time.perf_counter(), []
        for number in range(round(RING_PER_S * seconds)):
            await asyncio.sleep(max(0.0, first_s + number / RING_PER_S - time.perf_counter()))
            calls.append(asyncio.create_task(call(number)))
        await asyncio.gather(*calls)
        took_s = time.perf_counter() - first_s
        await cancel_and_wait(tasks)
        for page in pages:
            page.wire.transport.abort()
    staff.close()
    await redis.aclose()
    times_ms = [(rang_s[name] - began_s[name]) * 1_000 for name in began_s if name in rang_s]
    return {
        "calls": len(began_s),
        "rang": len(times_ms),
        "per_s": len(began_s) / took_s,
        "p50_ms": quantile(times_ms, 0.5),
        "p99_ms": quantile(times_ms, 0.99),
        "max_ms": max(times_ms),
    }


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Run the parts that were asked for."""
    found: dict[str, Any] = {}
    if "growth" in options.parts:
        for waiting in options.waiting:
            with valkey() as url:
                one = asyncio.run(growth(url, waiting, options.agents, options.turns))
            found.setdefault("growth", {})[str(waiting)] = one
    if "rate" in options.parts:
        for free, count in FREE.items():
            for what in ("ours", "peer"):
                with valkey() as url:
                    one = asyncio.run(rate(url, what, count, options.seconds))
                found.setdefault("rate", {})[f"{what}, {free}"] = one
    if "ring" in options.parts:
        with valkey() as url:
            found["ring"] = asyncio.run(ring(url, options.seconds))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", default=PARTS, help="growth, rate, ring; all unless said")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--agents", type=int, default=1_000)
    parser.add_argument("--waiting", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--turns", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    found = measured(options)
    if options.json:
        print(json.dumps({"agents": options.agents, "appendfsync": "always", **found}))
        return
    for waiting, rows in found.get("growth", {}).items():
        print(f"{waiting} waiting, {options.agents} agents")
        for name, row in rows.items():
            print(f"  {name:8} p50 {row['p50_ms']:6.2f} ms  p99 {row['p99_ms']:6.2f} ms")
    for name, row in found.get("rate", {}).items():
        print(
            f"{name:28} {row['matches_per_s']:6.0f} matches/s  p99 {row['p99_ms']:6.1f} ms  "
            f"{row['tries']:4.1f} tries  {row['lost_by_a_kill']} lost by a kill  "
            f"CPU of a match: Valkey {row['valkey_us']:.0f} us, nodes {row['nodes_us']:.0f} us"
        )
    if "ring" in found:
        row = found["ring"]
        print(f"ring at {row['per_s']:.0f} calls/s: p50 {row['p50_ms']:.1f} ms  p99 {row['p99_ms']:.1f} ms")
        print(f"  {row['rang']} of {row['calls']} rang, the slowest in {row['max_ms']:.1f} ms")


if __name__ == "__main__":
    main()
