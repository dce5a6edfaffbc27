"""Who came first is served first: thousands of calls by two nodes, and the proof on the store's own log.

    python -m benchmarks.order [--seconds 20] [--json]

Two processes serve customers and agents as a web node does, each with its own store. Agents answer, decline and miss;
pages vanish and come back or do not; calls age into higher classes within seconds, wait for the customer's last agent,
and some are urgent. Then the log (Valkey's AOF) is read by `benchmarks._order`, and once more with two calls' numbers
exchanged in it, which the reader has to find.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import uvloop

from benchmarks._order import Checker, commands, operations, planted
from benchmarks.matching import NEEDS, SKILLS
from signaling.errors import SignalingError
from signaling.identity_types import Identity
from signaling.policy import Policy
from signaling.store import Store
from tests.valkey_server import RealValkey
from video_service.redis_client import hot

AGENTS: Final = 20
CUSTOMERS: Final = 120
HOUR_MS: Final = 3_600_000
POLICY: Final = Policy(
    ring_timeout_s=0.3, keep_place_s=1, customer_return_s=1, age_after_s=1, last_agent_window_s=0.3, ask_again_s=0.5,
    waiting_limit=10_000, presence_ttl_s=3_600, after_call_limit_s=5, resume_window_s=1,
)  # fmt: skip


class Node:
    """One web node's store, and its share of the people."""

    def __init__(self, store: Store, number: int, seconds: float) -> None:
        self.store = store
        self.number = number
        self.dice = random.Random(number)
        self.end_s = time.monotonic() + seconds

    def runs(self) -> bool:
        return time.monotonic() < self.end_s

    async def nap(self, least_s: float, most_s: float) -> None:
        await asyncio.sleep(self.dice.uniform(least_s, most_s))

    async def agent(self, number: int) -> None:
        """Answer what rings, mostly."""
        store, name = self.store, f"a{number}"
        who = Identity(person=name, role="agent", skills=SKILLS[number % len(SKILLS)])
        now_ms = time.time_ns() // 1_000_000
        await store.add_shift(name, now_ms - HOUR_MS, now_ms + HOUR_MS)
        await store.connect(who, node="n", socket="s")
        await store.sign_in(who)
        await store.leg_offered(name, leg="l", worker="w")
        while self.runs():
            try:
                await self._turn(name)
            except SignalingError:
                continue  # somebody else was quicker: the call was taken back, or closed
            await self.nap(0.01, 0.05)

    async def _turn(self, name: str) -> None:
        view = await self.store.agent_view(name, alive=("w",))
        if view.reservation is not None:
            ring, what = view.reservation, self.dice.random()
            if what < 0.75:
                await self.store.accept(name, ring.call, ring.epoch)
            elif what < 0.9:
                await self.store.decline(name, ring.call, ring.epoch)
            else:
                await self.nap(0.3, 0.6)
        elif view.state == "on_call" and view.call is not None:
            await self.store.hang_up(name, view.call.call)
        elif view.state in ("after_call", "break"):
            await self.store.ready(name)

    async def customer(self, number: int) -> None:
        """Call, wait, vanish at times, and call again."""
        name, tries = f"c{self.number}-{number}", 0
        who = Identity(person=name, role="customer")
        while self.runs():
            tries += 1
            try:
                await self.store.connect(who, node="n", socket=f"s{tries}")
                needs, urgent = NEEDS[number % len(NEEDS)], self.dice.random() < 0.05
                call = await self.store.join(name, queue="main", needs=needs, urgent=urgent, reason="", locale="")
                while self.runs() and (await self.store.customer_view(name, alive=("w",))).state != "ended":
                    await self.nap(0.1, 0.6)
                    if self.dice.random() < 0.1:
                        await self.store.disconnect(name, f"s{tries}")
                        await self.nap(0.05, 1.5)
                        tries += 1
                        await self.store.connect(who, node="n", socket=f"s{tries}")
                await self.store.hang_up(name, call)
            except SignalingError:
                continue  # lost meanwhile
            await self.nap(0.01, 0.2)

    async def sweeps(self) -> None:
        while self.runs():
            await self.store.sweep()
            await asyncio.sleep(0.05)


async def node(url: str, number: int, seconds: float) -> None:
    """Be one of the two."""
    redis = hot(url, timeout_s=10)
    one = Node(Store(redis, policy=POLICY), number, seconds)
    await one.store.load()
    agents = [one.agent(each) for each in range(number, AGENTS, 2)]
    customers = [one.customer(each) for each in range(CUSTOMERS // 2)]
    await asyncio.gather(*agents, *customers, one.sweeps())
    await redis.aclose()


def measured(seconds: float) -> dict[str, Any]:
    """Let two nodes work, and read the log."""
    with tempfile.TemporaryDirectory(prefix="valkey-") as folder:
        server = RealValkey(Path(folder), aof=True)
        server.start()
        try:
            words = [sys.executable, "-m", "benchmarks.order", "--seconds", str(seconds), "--node", server.url]
            nodes = [subprocess.Popen([*words, str(number)]) for number in range(2)]
            ends = [each.wait() for each in nodes]
            if any(ends):
                raise SystemExit("a node failed")
        finally:
            server.stop()
        logs = sorted((Path(folder) / "appendonlydir").glob("*.incr.aof"))
        log = [each for path in logs for each in operations(commands(path))]
    checker = Checker()
    for operation in log:
        checker.play(operation)
    wrong = Checker()
    for operation in planted(log):
        wrong.play(operation)
    return {
        "operations": len(log),
        "calls": sum(name.startswith("call:") for name in checker.rows),
        "rings": checker.counts.pop("rings"),
        "steps": dict(sorted(checker.counts.items())),
        "overtaken": len(checker.found),
        "found_where_planted": len(wrong.found),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--node", nargs=2, metavar=("URL", "NUMBER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.node:
        uvloop.run(node(options.node[0], int(options.node[1]), options.seconds))
        return
    found = measured(options.seconds)
    if options.json:
        print(json.dumps(found))
        return
    print(f"{found['operations']} operations on the log, {found['calls']} calls, {found['rings']} rings")
    for step, count in found["steps"].items():
        print(f"  {step:28} {count}")
    print(f"served before somebody who came first: {found['overtaken']}")
    print(f"with two calls exchanged in the log the reader finds: {found['found_where_planted']}")


if __name__ == "__main__":
    main()
