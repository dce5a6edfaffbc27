"""Many pages on one web node: what each costs in memory and CPU, at rest and while the line moves.

    python -m benchmarks.sockets [--sockets 500 1000 2000] [--seconds 20] [--json]

A whole web node (the application on its own server; only media go to a diary) and a Valkey with `appendfsync always`,
each a process whose memory and CPU time are read from outside; the pages live in this one. Every page sends a heartbeat
each 2 s. First all are on their first screen; then all wait in line, and every 5 s the first one leaves and another
comes, so that everybody has a new place. Behind: how long until a page has its new place.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table
from websockets.exceptions import WebSocketException

from signaling.identity_types import Identity
from tests.data_keys import DATA_KEYS
from tests.support.staff import Staff
from tests.valkey_server import RealValkey
from tests.web_nodes import SocketPage, WebNode
from video_service.consent import CONSENT_VERSION
from video_service.tasks import cancel_and_wait

POOL: Final = "sockets"
AT_ONCE: Final = 25
HEARTBEAT_S: Final = 2.0
MOVE_S: Final = 5.0
SETTLE_S: Final = 5.0
LIMIT_S: Final = 120.0
SETTINGS: Final = {"VIDEO_SERVICE_WAITING_LIMIT": "100000"}
TICKS: Final = os.sysconf("SC_CLK_TCK")
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Load:
    """What one state of all pages costs. CPU in percent of one core; delays in seconds."""

    node_cpu: float
    valkey_cpu: float
    views_per_s: float
    behind_p50_s: float | None = None
    behind_max_s: float | None = None


@dataclass
class Row:
    """What so many sockets cost."""

    sockets: int
    greeted_per_s: float
    node_mb: float
    kb_per_socket: float
    at_rest: Load
    in_line: Load
    lost: int


@dataclass
class Usage:
    """CPU seconds of a process so far, and its resident bytes."""

    cpu_s: float
    bytes: int

    @classmethod
    def of(cls, pid: int) -> Usage:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return cls((int(fields[11]) + int(fields[12])) / TICKS, resident * PAGE_BYTES)


@dataclass
class Page:
    """One customer's page."""

    identity: Identity
    socket: SocketPage
    place: int = 0
    state: str = ""
    changed_s: float = 0.0
    reader: asyncio.Task[None] | None = None


@dataclass
class Crowd:
    """All pages, and what they were sent."""

    node: WebNode
    staff: Staff
    pages: list[Page] = field(default_factory=list)
    views: int = 0
    lost: int = 0
    made: int = 0

    async def come(self) -> Page:
        """Open one more page and wait for its first view."""
        self.made += 1
        identity = Identity(person=f"c-{self.made}", role="customer")
        socket = await SocketPage.open(self.node, ticket=await self.staff.ticket(identity))
        page = Page(identity, socket)
        await socket.until(type="customer_view")
        page.state = socket.view["state"]
        page.reader = asyncio.create_task(self._read(page))
        self.pages.append(page)
        return page

    async def grow(self, size: int) -> float:
        """Open pages until there are so many; return how many came in a second."""
        began_s, wanted = time.monotonic(), size - len(self.pages)

        async def some(count: int) -> None:
            for _ in range(count):
                await self.come()

        shares = [wanted // AT_ONCE + (number < wanted % AT_ONCE) for number in range(AT_ONCE)]
        await asyncio.gather(*map(some, shares))
        return wanted / (time.monotonic() - began_s)

    async def join(self, pages: list[Page]) -> None:
        for page in pages:
            await page.socket.send("join", consent=CONSENT_VERSION)
            await asyncio.sleep(0)
        async with asyncio.timeout(LIMIT_S):
            while any(page.state != "waiting" for page in pages):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    async def beat(self) -> None:
        """Loop: a heartbeat of every page each 2 s, spread evenly as those of many people are."""
        while True:
            began_s, pages = time.monotonic(), list(self.pages)
            for number, page in enumerate(pages):
                late_s = began_s + HEARTBEAT_S * number / len(pages) - time.monotonic()
                if late_s > 0:
                    await asyncio.sleep(late_s)
                try:
                    await page.socket.send("ping", t=1)
                except WebSocketException:
                    continue
            await asyncio.sleep(max(0.05, began_s + HEARTBEAT_S - time.monotonic()))

    async def move(self, delays: list[float]) -> None:
        """Loop: the first in line leaves, another comes, and everybody has a new place."""
        while True:
            began_s = time.monotonic()
            first = min(self.pages, key=lambda page: page.place or 1 << 30)
            rest = [page for page in self.pages if page is not first]
            await first.socket.send("hang_up", call=first.socket.view["call"])
            await asyncio.sleep(MOVE_S)
            delays += [page.changed_s - began_s for page in rest if page.changed_s > began_s]
            delays += [MOVE_S for page in rest if page.changed_s <= began_s]
            await first.socket.send("join", consent=CONSENT_VERSION)
            first.place = 0
            async with asyncio.timeout(LIMIT_S):
                while first.state != "waiting":  # noqa: ASYNC110
                    await asyncio.sleep(0.05)

    async def close(self) -> None:
        await cancel_and_wait(page.reader for page in self.pages if page.reader is not None)
        for page in self.pages:
            page.socket.wire.transport.abort()

    async def _read(self, page: Page) -> None:
        try:
            while True:
                message = await page.socket.next()
                if message["type"] == "customer_view":
                    self.views += 1
                    page.state = message["state"]
                    if message["place"] != page.place:
                        page.place, page.changed_s = message["place"], time.monotonic()
        except WebSocketException:
            self.lost += 1


async def load(node: int, valkey: int, crowd: Crowd, seconds: float, delays: list[float]) -> Load:
    """Measure for a while what all of it costs."""
    before, views, began_s = (Usage.of(node), Usage.of(valkey)), crowd.views, time.monotonic()
    await asyncio.sleep(seconds)
    lasted_s = time.monotonic() - began_s
    after = (Usage.of(node), Usage.of(valkey))
    cpu = [100 * (later.cpu_s - earlier.cpu_s) / lasted_s for earlier, later in zip(before, after, strict=True)]
    return Load(
        node_cpu=cpu[0],
        valkey_cpu=cpu[1],
        views_per_s=(crowd.views - views) / lasted_s,
        behind_p50_s=statistics.median(delays) if delays else None,
        behind_max_s=max(delays) if delays else None,
    )


async def measure(sockets: int, seconds: float, server: RealValkey) -> Row:
    """Bring so many pages to one node and measure."""
    redis = Redis.from_url(server.url, decode_responses=True, socket_timeout=10)
    staff = Staff(redis, POOL)
    with WebNode(server.url, POOL, SETTINGS) as node:
        # Somebody is on shift, or nobody could wait; on break, so that nobody is served.
        agent = await SocketPage.open(node, ticket=await staff.ticket(await staff.agent("a1")))
        await agent.until(type="agent_view")
        crowd = Crowd(node, staff)
        tasks = [asyncio.create_task(crowd.beat()), asyncio.create_task(_heard(agent))]
        try:
            await crowd.grow(AT_ONCE)  # what the first ones load is not theirs
            await asyncio.sleep(SETTLE_S)
            empty = Usage.of(node.pid).bytes
            greeted = await crowd.grow(sockets)
            await asyncio.sleep(SETTLE_S)
            at_rest = await load(node.pid, server.pid, crowd, seconds, [])
            full = Usage.of(node.pid).bytes
            await crowd.join(list(crowd.pages))
            await asyncio.sleep(SETTLE_S)
            delays: list[float] = []
            tasks.append(asyncio.create_task(crowd.move(delays)))
            in_line = await load(node.pid, server.pid, crowd, seconds, delays)
        finally:
            await cancel_and_wait(tasks)
            await crowd.close()
            agent.wire.transport.abort()
            staff.close()
            await redis.aclose()
    return Row(
        sockets=sockets,
        greeted_per_s=greeted,
        node_mb=full / 1e6,
        kb_per_socket=(full - empty) / 1e3 / (sockets - AT_ONCE),
        at_rest=at_rest,
        in_line=in_line,
        lost=crowd.lost,
    )


async def _heard(page: SocketPage) -> None:
    """Keep an agent's page alive."""

    async def read() -> None:
        while True:
            await page.next()

    reader = asyncio.create_task(read())
    try:
        while True:
            await page.send("ping", t=1)
            await asyncio.sleep(HEARTBEAT_S)
    finally:
        await cancel_and_wait((reader,))


def table(rows: list[Row]) -> Table:
    found = Table(
        "sockets", "greeted/s", "node", "per socket", "at rest: node, Valkey", "line: node, Valkey", "views/s"
    )
    found.add_column("behind p50, max")
    found.add_column("lost")
    for row in rows:
        line = row.in_line
        found.add_row(
            str(row.sockets),
            f"{row.greeted_per_s:.0f}",
            f"{row.node_mb:.0f} MB",
            f"{row.kb_per_socket:.1f} kB",
            f"{row.at_rest.node_cpu:.0f} %, {row.at_rest.valkey_cpu:.0f} %",
            f"{line.node_cpu:.0f} %, {line.valkey_cpu:.0f} %",
            f"{line.views_per_s:.0f}",
            f"{line.behind_p50_s or 0:.2f}, {line.behind_max_s or 0:.2f} s",
            str(row.lost),
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--sockets", type=int, nargs="+", default=[500, 1_000, 2_000])
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    os.environ["VIDEO_SERVICE_DATA_KEYS"] = ",".join(DATA_KEYS)
    rows: list[Row] = []
    for sockets in options.sockets:
        with tempfile.TemporaryDirectory(prefix="valkey-") as folder:
            server = RealValkey(Path(folder), aof=True)
            server.start()
            try:
                rows.append(asyncio.run(measure(sockets, options.seconds, server)))
            finally:
                server.kill()
    if options.json:
        found: dict[str, Any] = {"seconds": options.seconds, "rows": [asdict(row) for row in rows]}
        print(json.dumps(found))
    else:
        Console(width=140).print(table(rows))


if __name__ == "__main__":
    main()
