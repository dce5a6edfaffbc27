"""A media worker dies in a call: how soon both people see each other again, on another worker.

    python -m benchmarks.workers [--kills N] [--json]

The real service with two workers and a real call between two Chromium processes. The worker that carries the call is
ended by `kill -9`, and comes back while the call is on the other one. Measured from the kill to the picture that ends
the longest gap of the next `LOOK_S` seconds, at each of the two. Everything runs on this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
from pathlib import Path

from playwright.async_api import Page
from rich.console import Console
from rich.table import Table

from benchmarks._browsers import open_browsers
from benchmarks.reconnect import AGENT_SEES, BETWEEN_S, CUSTOMER_SEES, now_ms, spread
from tests.browser.line import Line, open_line
from tests.browser.people import Customer
from tests.browser.service import Service

LOOK_S = 8.0
GAP_MS = 150.0
WATCH_S = 1.0
SETTLED_S = 6.0  # a worker that has just come back measures itself, and is busy with that


async def measure(kills: int) -> dict[str, object]:
    """Have a call, kill its worker again and again, and return the figures."""
    async with (
        open_browsers() as launch,
        open_line(launch, VIDEO_SERVICE_MEDIA_WORKERS="2") as line,
    ):
        await line.service.until(lambda: len(workers(line.service)) == 2, "two workers")
        customer = await line.new_customer()
        await customer.begin()
        await line.agent.accept()
        await customer.see_agent()
        found = []
        for _ in range(kills):
            await asyncio.sleep(BETWEEN_S)
            found.append(await one_kill(line, customer))
    return {"kills": kills} | {
        name: spread([one[at] for one in found])
        for at, name in enumerate(("customer_sees_again_ms", "agent_sees_again_ms"))
    }


def workers(service: Service) -> list[str]:
    return [name for name in service.pids if name.startswith("media")]


async def one_kill(line: Line, customer: Customer) -> tuple[float, float]:
    """End the worker that works; return when each saw again, in milliseconds from then."""
    service = line.service
    before = {name: cpu(service.pids[name]) for name in workers(service)}
    await asyncio.sleep(WATCH_S)
    busiest = max(before, key=lambda name: cpu(service.pids[name]) - before[name])
    killed_ms = now_ms()
    service.kill(busiest)
    await asyncio.sleep(LOOK_S)
    seen = [
        await gap_end(page, selector, killed_ms)
        for page, selector in ((customer.page, CUSTOMER_SEES), (line.agent.page, AGENT_SEES))
    ]
    await service.until(lambda: len(workers(service)) == 2, "the worker that was killed comes back")
    await asyncio.sleep(SETTLED_S)
    return seen[0] - killed_ms, seen[1] - killed_ms


async def gap_end(page: Page, selector: str, since_ms: float) -> float:
    """Return when the longest time without a new picture since then was over, in milliseconds since 1970.

    Raises:
        RuntimeError: there was none to speak of: another worker carried the call.
    """
    found: list[float] = await page.locator(selector).evaluate("video => [...video.shownAt]")
    shown = [at for at in found if at >= since_ms - GAP_MS]
    length, end = max((later - at, later) for at, later in itertools.pairwise(shown))
    if length < GAP_MS:
        raise RuntimeError("nobody missed a picture")
    return end


def cpu(pid: int) -> int:
    """Return how many ticks a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description="A media worker that dies in a call")
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    figures = asyncio.run(measure(chosen.kills))
    if chosen.json:
        print(json.dumps(figures))
        return
    table = Table(f"{figures['kills']} workers killed", "p50 ms", "p95 ms", "max ms")
    for name, values in figures.items():
        if isinstance(values, dict):
            table.add_row(name, *(f"{value:.0f}" for value in values.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
