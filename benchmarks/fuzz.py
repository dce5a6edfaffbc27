"""Random messages on real sockets for long: does a web node fail, keep anybody stuck, or grow?

    python -m benchmarks.fuzz [--messages 100000] [--pages 24] [--seed 1] [--json]

One whole web node and a Valkey, each a process of its own. Customers, agents and a coordinator send what pages send,
what pages nearly send, and rubbish (`tests/fuzzing.py`), each as fast as a page may; whose socket is closed for it
comes back. Counted: messages, answers by code, sockets closed by code, and the node's memory, of which the last third
is compared with the first one. In the end everybody hangs up, which has to leave no call behind, and two new people
have to get to each other. Ends with status 1 for an internal error, for a caller who is stuck, for two who do not meet,
or for memory that grew by more than a twentieth.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from websockets.exceptions import ConnectionClosed

from signaling.identity_types import Identity
from tests import fuzzing
from tests.data_keys import DATA_KEYS
from tests.support.staff import Staff
from tests.valkey_server import RealValkey
from tests.web_nodes import SocketPage, WebNode
from video_service.consent import CONSENT_VERSION
from video_service.redis_client import hot
from video_service.tasks import cancel_and_wait

POOL: Final = "fuzz"
PER_S: Final = 45.0  # a page may send 50
GROWTH_LIMIT: Final = 0.05
ATTEMPTS: Final = 20
SAMPLE_S: Final = 1.0
SETTINGS: Final = {
    "VIDEO_SERVICE_DATA_KEYS": ",".join(DATA_KEYS),
    "VIDEO_SERVICE_JOINS_PER_SESSION": "1000000",
    "VIDEO_SERVICE_RING_TIMEOUT_S": "3",
}


class Crowd:
    """Whoever sends, and what came of it."""

    def __init__(self, node: WebNode, staff: Staff, messages: int, seed: int) -> None:
        self.node, self.staff = node, staff
        self.left = messages
        self.dice = random.Random(seed)
        self.said: Counter[str] = Counter()
        self.closed: Counter[int] = Counter()
        self.known: dict[str, Sequence[Any]] = {"consent": (CONSENT_VERSION,), "queue": ("main",), "needs": ([],)}

    async def person(self, identity: Identity) -> None:
        """Send as one person until all has been sent."""
        while self.left > 0:
            page = await SocketPage.open(self.node, ticket=await self.staff.ticket(identity))
            reading = asyncio.create_task(self._read(page))
            try:
                await self._send(page)
            except ConnectionClosed:
                self.closed[page.wire.close_code or 0] += 1
            finally:
                await cancel_and_wait((reading,))
                page.wire.transport.abort()

    async def _send(self, page: SocketPage) -> None:
        began_s, sent = time.monotonic(), 0
        while self.left > 0:
            self.left -= 1
            sent += 1
            raw = fuzzing.message(self.dice, self.known)
            await page.wire.send(raw)
            await asyncio.sleep(max(0.0, began_s + sent / PER_S - time.monotonic()))

    async def _read(self, page: SocketPage) -> None:
        while True:
            try:
                message = await page.next()
            except ConnectionClosed:
                return
            if message["type"] == "error":
                self.said[message["code"]] += 1
            call = message.get("call") or (message.get("reservation") or {})
            if isinstance(call, str) and call:
                self.known["call"] = (call, "c_none")
            elif isinstance(call, dict) and call.get("call"):
                self.known["call"], self.known["epoch"] = (call["call"],), (call.get("epoch", 1), 0)


def resident_bytes(pid: int) -> int:
    """Return what a process holds in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def hang_up(node: WebNode, staff: Staff, who: Sequence[Identity]) -> int:
    """Let every customer end what is open; return how many calls there are then."""
    root = staff.store.keys.root
    for identity in who:
        page = await SocketPage.open(node, ticket=await staff.ticket(identity), beats=True)
        await page.until(type="customer_view")
        if call := page.view["call"]:
            await page.send("hang_up", call=call)
            await page.send("ping", t=1)
            await page.until(type="pong", t=1)
        await page.close()
    for _ in range(ATTEMPTS):
        left = int(await staff.store.redis.zcard(f"{root}:line")) + int(await staff.store.redis.zcard(f"{root}:active"))
        if left == 0:
            break
        await asyncio.sleep(SAMPLE_S)
    return left


async def meet(node: WebNode, staff: Staff) -> bool:
    """Say whether two new people get to each other."""
    agent = await staff.agent("fresh", "fresh")
    desk = await SocketPage.open(node, ticket=await staff.ticket(agent), beats=True)
    await desk.until(type="agent_view")
    await staff.store.leg_offered(agent.person, leg="l", worker="w-1")
    await desk.send("ready")
    caller = Identity(person="c-fresh", role="customer")
    page = await SocketPage.open(node, ticket=await staff.ticket(caller), beats=True)
    await page.send("join", consent=CONSENT_VERSION, needs=["fresh"])
    try:
        ring = (await desk.until(type="agent_view", state="reserved"))["reservation"]
        await desk.send("accept", call=ring["call"], epoch=ring["epoch"])
        await page.until(type="customer_view", state="connected")
    except TimeoutError:
        return False
    finally:
        await desk.close()
        await page.close()
    return True


async def measured(url: str, messages: int, pages: int, seed: int) -> dict[str, Any]:
    """Let a crowd send so many messages to one node."""
    redis = hot(url, timeout_s=10)
    staff = Staff(redis, POOL)
    await staff.store.load()
    with WebNode(url, POOL, SETTINGS) as node:
        crowd = Crowd(node, staff, messages, seed)
        who = [Identity(person=f"c-{number}", role="customer") for number in range(pages * 2 // 3)]
        who += [await staff.agent(f"a{number}") for number in range(pages - len(who))]
        began_s = time.monotonic()
        tasks = [asyncio.create_task(crowd.person(each)) for each in who]
        sizes = []
        while not all(task.done() for task in tasks):
            sizes.append(resident_bytes(node.pid))
            await asyncio.sleep(SAMPLE_S)
        await asyncio.gather(*tasks)
        took_s = time.monotonic() - began_s
        stuck = await hang_up(node, staff, [identity for identity in who if identity.role == "customer"])
        met = await meet(node, staff)
    staff.close()
    await redis.aclose()
    third = max(1, len(sizes) // 3)
    first, last = statistics.median(sizes[:third]), statistics.median(sizes[-third:])
    return {
        "messages": messages,
        "seconds": took_s,
        "errors": dict(crowd.said.most_common()),
        "closed": {str(code): count for code, count in crowd.closed.most_common()},
        "internal": crowd.said["internal"],
        "first_third_mb": first / 1e6,
        "last_third_mb": last / 1e6,
        "growth_share": last / first - 1,
        "stuck": stuck,
        "two_new_people_met": met,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--pages", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="valkey-") as folder:
        server = RealValkey(Path(folder), aof=True)
        server.start()
        try:
            found = asyncio.run(measured(server.url, options.messages, options.pages, options.seed))
        finally:
            server.kill()
    if options.json:
        print(json.dumps(found))
    else:
        print(
            f"{found['messages']} messages in {found['seconds']:.0f} s, {sum(found['errors'].values())} refused by name"
        )
        for code, count in found["errors"].items():
            print(f"  {code:24} {count}")
        print(f"sockets closed, by code: {found['closed']}")
        print(
            f"memory of the node: {found['first_third_mb']:.1f} MB in the first third, "
            f"{found['last_third_mb']:.1f} MB in the last ({found['growth_share']:+.1%})"
        )
        print(f"calls left once everybody has hung up: {found['stuck']}; internal errors: {found['internal']}")
        print(f"two new people get to each other: {found['two_new_people_met']}")
    grew = found["growth_share"] > GROWTH_LIMIT
    if found["internal"] or found["stuck"] or not found["two_new_people_met"] or grew:
        sys.exit(1)


if __name__ == "__main__":
    main()
