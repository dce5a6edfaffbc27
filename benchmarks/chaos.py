"""Random operations on real sockets while web nodes are killed every few seconds: is anybody lost, or given twice?

    python -m benchmarks.chaos [--operations 100000] [--nodes 3] [--customers 60] [--agents 25] [--seed N] [--json]

Whole web nodes (the application on its own server; only media go to a diary) on one Valkey with `appendfsync always`.
Every customer and agent is a page on a WebSocket that does at random what it may, a little that it may not, and goes
away without a word now and then. A node dies by `kill -9`, or in one case of four is told to stop, and comes back at
its port; its people come back to another one by resume token. Judged by what all pages were shown, by looks at the
store in one step each, and by the records in the end. Ends with status 1 when a call had two agents, an agent two
calls, a customer two calls or none where there was one. 100,000 operations take about 4 minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from redis.asyncio import Redis

from benchmarks._town import Person, Seen
from signaling.identity_types import Identity
from tests.support.staff import Staff
from tests.valkey_server import RealValkey
from tests.web_nodes import WebNode
from video_service.records import Records
from video_service.tasks import cancel_and_wait

KILL_EVERY_S: Final = (3.0, 6.0)
DOWN_S: Final = (0.2, 1.5)
LOOK_S: Final = 0.1
END_LIMIT_S: Final = 90.0
NOTICE_LIMIT_S: Final = 30.0
SETTINGS: Final = {
    "VIDEO_SERVICE_RING_TIMEOUT_S": "3",
    # Whoever comes back within moments, however busy the machine is, must not be taken for lost.
    "VIDEO_SERVICE_KEEP_PLACE_S": "120",
    "VIDEO_SERVICE_CUSTOMER_RETURN_S": "120",
    "VIDEO_SERVICE_MAX_SIGNING_MINUTES": "600",
    "VIDEO_SERVICE_JOINS_PER_SESSION": "1000000",
}
# One step: nothing changes while it looks. What it returns are faults, each a sentence.
LOOK: Final = """
local root, faults, agents, customers = KEYS[1], {}, {}, {}
local function look(set, phases)
  for _, id in ipairs(redis.call('ZRANGE', root .. ':' .. set, 0, -1)) do
    local call = redis.call('HMGET', root .. ':call:' .. id, 'phase', 'agent', 'customer')
    local phase, agent, customer = call[1] or '', call[2] or '', call[3] or ''
    if not phases[phase] then faults[#faults + 1] = set .. ' holds ' .. phase end
    if customers[customer] then faults[#faults + 1] = 'a customer with two calls' end
    customers[customer] = true
    if agent ~= '' then
      if agents[agent] then faults[#faults + 1] = 'an agent with two calls' end
      agents[agent] = true
      local row = redis.call('HMGET', root .. ':agent:' .. agent, 'state', 'call')
      if row[2] ~= id then faults[#faults + 1] = phase .. ' call at an agent of another' end
      if row[1] ~= phases[phase] then faults[#faults + 1] = phase .. ' call at an agent who is ' .. (row[1] or '') end
    elseif phase == 'ringing' or set == 'active' then
      faults[#faults + 1] = phase .. ' call without an agent'
    end
  end
end
look('line', {queued = 'none', parked = 'none', ringing = 'reserved'})
look('active', {talking = 'on_call', alone = 'on_call'})
return faults
"""


@dataclass
class Outcome:
    """What came of a run. `faults`: what must never be, counted by its sentence."""

    seed: int
    seconds: float = 0.0
    killed: int = 0
    stopped: int = 0
    looks: int = 0
    noticed_s: list[float] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)
    calls: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)


class Chaos:
    """One run."""

    def __init__(
        self,
        url: str,
        pool: str,
        *,
        operations: int,
        nodes: int,
        customers: int,
        agents: int,
        seed: int,
        kill_every_s: tuple[float, float] = KILL_EVERY_S,
    ) -> None:
        """It goes on until there were so many operations, and as many ends of nodes as there are nodes."""
        self._operations = operations
        self._pool, self._kill_every_s = pool, kill_every_s
        self._sizes = (customers, agents)
        self._dice = random.Random(seed)
        self._redis = Redis.from_url(url, decode_responses=True, socket_timeout=10)
        self._staff = Staff(self._redis, pool)
        self._root = self._staff.store.keys.root
        self._nodes = [WebNode(url, pool, SETTINGS) for _ in range(nodes)]
        self.outcome = Outcome(seed)
        self._people: list[Person] = []
        self._over = False

    async def run(self) -> Outcome:
        """Play, let everybody end what is open, and judge."""
        try:
            await self._play()
        finally:
            await self.close()
        return self.outcome

    async def close(self) -> None:
        """End what runs; may be called twice."""
        for node in self._nodes:
            node.end(signal.SIGKILL)
        self._staff.close()
        await self._redis.aclose()

    async def _play(self) -> None:
        for node in self._nodes:
            node.start()
        await asyncio.gather(*(asyncio.to_thread(node.wait_ready) for node in self._nodes))
        customers, agents = self._sizes
        identities = [await self._staff.agent(f"a{number}") for number in range(agents)]
        identities += [Identity(person=f"c-{number}", role="customer") for number in range(customers)]
        self._people = [
            Person(identity, self._nodes, self._staff, self.outcome.seen, random.Random(self._dice.random()))
            for identity in identities
        ]
        began_s = time.monotonic()
        lives = [asyncio.create_task(person.live(lambda: not self._over)) for person in self._people]
        watch = [asyncio.create_task(work()) for work in (self._kill, self._watch)]
        try:
            while self._goes_on():
                await asyncio.sleep(0.05)
                for task in (*watch, *lives):
                    if task.done():
                        task.result()
            self.outcome.seconds = time.monotonic() - began_s
            await cancel_and_wait(watch[:1])
            await self._bring_back()
            for person in self._people:
                person.quiet = True
            await self._until_over()
        finally:
            self._over = True
            await cancel_and_wait((*watch, *lives))
        await self.judge()

    def _goes_on(self) -> bool:
        ends = self.outcome.killed + self.outcome.stopped
        return self.outcome.seen.operations < self._operations or ends < len(self._nodes)

    async def _kill(self) -> None:
        """Loop: end a node, and start it again a moment later; the others go on."""
        while True:
            await asyncio.sleep(self._dice.uniform(*self._kill_every_s))
            node = self._dice.choice(self._nodes)
            asked = self._dice.random() < 0.25
            channels = await self._all_here()
            began_s = time.monotonic()
            await asyncio.to_thread(node.end, signal.SIGTERM if asked else signal.SIGKILL)
            if asked:
                self.outcome.stopped += 1
            else:
                self.outcome.killed += 1
                await self._time_notice(channels, began_s)
            await asyncio.sleep(self._dice.uniform(*DOWN_S))
            node.start()

    async def _all_here(self) -> set[str]:
        """Wait until every node is on the list, and return their names."""
        async with asyncio.timeout(60):
            while len(found := await self._channels()) != len(self._nodes):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return found

    async def _channels(self) -> set[str]:
        return {str(name) for name in await self._redis.hkeys(f"{self._root}:nodes")}

    async def _time_notice(self, before: set[str], began_s: float) -> None:
        """Measure until one of the nodes that were here is off the list: its people are gone for the others."""
        while before <= await self._channels():
            if time.monotonic() - began_s > NOTICE_LIMIT_S:
                break  # printed as it is: how soon is a figure, not what the run is judged by
            await asyncio.sleep(0.01)
        self.outcome.noticed_s.append(time.monotonic() - began_s)

    async def _watch(self) -> None:
        while True:
            self.outcome.faults.update(await self._redis.eval(LOOK, 1, self._root))
            self.outcome.looks += 1
            await asyncio.sleep(LOOK_S)

    async def _bring_back(self) -> None:
        for node in self._nodes:
            if not node.runs:
                node.start()
            await asyncio.to_thread(node.wait_ready)

    async def _until_over(self) -> None:
        """Wait until every call has ended: whoever is here ends it, so one that stays is stuck."""
        deadline_s = time.monotonic() + END_LIMIT_S
        while time.monotonic() < deadline_s:
            open_calls = await self._redis.zcard(f"{self._root}:line") + await self._redis.zcard(f"{self._root}:active")
            if open_calls == 0:
                return
            await asyncio.sleep(0.2)
        self.outcome.faults["a call that does not end"] += 1

    async def judge(self) -> None:
        """Compare what the pages were shown with the records, and the records with one another."""
        outcome, faults = self.outcome, self.outcome.faults
        by_agent: dict[str, list[tuple[int, int]]] = {}
        by_customer: dict[str, list[tuple[int, int]]] = {}
        kept = set()
        async for record in Records(self._redis, pool=self._pool).each(0, 4_102_444_800_000):
            kept.add(record.call)
            outcome.ended[record.ended_reason] += 1
            faults["a record that never ended"] += record.state != "closed"
            by_customer.setdefault(record.customer, []).append((record.joined_ms, record.closed_ms))
            for part in record.segments:
                by_agent.setdefault(part.agent, []).append((part.from_ms, part.to_ms))
        outcome.calls = len(kept)
        faults["a call that a page was shown and nobody kept"] += len(outcome.seen.joined.keys() - kept)
        faults["a call of one epoch at two agents"] += sum(len(names) > 1 for names in outcome.seen.served.values())
        faults["an agent in two calls at a time"] += sum(map(_overlaps, by_agent.values()))
        faults["a customer in two calls at a time"] += sum(map(_overlaps, by_customer.values()))
        # Everybody came back within moments, and agents were on shift all the time.
        for reason in ("customer_lost", "closed"):
            faults[f"a call that ended as {reason}"] += outcome.ended[reason]
        faults["an internal error"] += sum(n for words, n in outcome.seen.refused.items() if words.endswith("internal"))


def _overlaps(spans: list[tuple[int, int]]) -> int:
    spans.sort()
    return sum(later[0] < earlier[1] for earlier, later in itertools.pairwise(spans))


def report(outcome: Outcome, say: Callable[[str], None]) -> None:
    seen, faults = outcome.seen, sum(outcome.faults.values())
    say(f"seed {outcome.seed}: {seen.operations} operations in {outcome.seconds:.0f} s, {outcome.calls} calls")
    say(f"  nodes killed {outcome.killed}, told to stop {outcome.stopped}; pages back by resume token {seen.resumed}")
    if outcome.noticed_s:
        times = sorted(outcome.noticed_s)
        say(f"  a death was noticed after {times[len(times) // 2]:.2f} s (median), {times[-1]:.2f} s at most")
    say("  sent: " + ", ".join(f"{name} {count}" for name, count in seen.sent.most_common()))
    say("  refused: " + ", ".join(f"{name} {count}" for name, count in seen.refused.most_common(12)))
    say("  calls ended: " + ", ".join(f"{name} {count}" for name, count in outcome.ended.most_common()))
    say(f"  looks at the store {outcome.looks}, faults {faults}")
    for words, count in outcome.faults.items():
        if count:
            say(f"  FAULT {words}: {count}")


def as_json(outcome: Outcome) -> dict[str, Any]:
    seen = outcome.seen
    return {
        "seed": outcome.seed,
        "operations": seen.operations,
        "seconds": outcome.seconds,
        "calls": outcome.calls,
        "killed": outcome.killed,
        "stopped": outcome.stopped,
        "resumed": seen.resumed,
        "noticed_s": outcome.noticed_s,
        "sent": seen.sent,
        "refused": seen.refused,
        "ended": outcome.ended,
        "looks": outcome.looks,
        "faults": {words: count for words, count in outcome.faults.items() if count},
    }


def play(*, operations: int, nodes: int, customers: int, agents: int, seed: int) -> Outcome:
    """Run it on a Valkey of its own."""
    with tempfile.TemporaryDirectory(prefix="valkey-") as folder:
        server = RealValkey(Path(folder), aof=True)
        server.start()
        try:
            chaos = Chaos(
                server.url, "chaos", operations=operations, nodes=nodes, customers=customers, agents=agents, seed=seed
            )
            return asyncio.run(chaos.run())
        finally:
            server.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--operations", type=int, default=100_000)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--customers", type=int, default=60)
    parser.add_argument("--agents", type=int, default=25)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    from tests.data_keys import DATA_KEYS

    os.environ["VIDEO_SERVICE_DATA_KEYS"] = ",".join(DATA_KEYS)
    outcome = play(
        operations=options.operations,
        nodes=options.nodes,
        customers=options.customers,
        agents=options.agents,
        seed=options.seed,
    )
    if options.json:
        print(json.dumps(as_json(outcome)))
    else:
        report(outcome, print)
    sys.exit(1 if sum(outcome.faults.values()) else 0)


if __name__ == "__main__":
    main()
