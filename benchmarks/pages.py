"""How soon each page can be used on a slow line and a slow phone, in the manner of Lighthouse.

    python -m benchmarks.pages [--runs N] [--json]

Chromium is held to 1.6 Mbit/s down, 0.75 Mbit/s up, 150 ms for each answer to begin (slow 4G), and a quarter of this
machine's speed; every run has an empty cache, then comes once more with what it kept ("again"). The page comes from the
real web node over HTTP/1.1, without the proxy that a deployment has. Medians of the runs:

- fcp, lcp: first and largest contentful paint
- usable: the button (or field) with which people begin is shown and enabled
- tbt: what long tasks take beyond 50 ms each, from the first paint to the end of loading
- cls: cumulative layout shift
- kB by type as they came over the line, heads included, until the page could be used and in all

Source: web.dev, "User-centric performance metrics"; Lighthouse, "Throttling" (slow 4G).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import Any

from playwright.async_api import Browser, BrowserContext, async_playwright
from rich.console import Console
from rich.table import Table

from tests.browser.conftest import DESK, PHONE, launch_flags
from tests.browser.service import run_service

DOWN_BYTES_S = 1_600_000 / 8
UP_BYTES_S = 750_000 / 8
LATENCY_MS = 150
CPU_TIMES = 4
LIMIT_MS = 30_000
QUIET_MS = 500  # without a request: everything has come


@dataclass(frozen=True)
class Seen:
    """A page, and what people begin with there."""

    path: str
    begin: str
    size: dict[str, int]


PAGES = {
    "customer": Seen("/customer/", ".start", PHONE),
    "agent": Seen("/agent/", "#sign-in-name", DESK),
    "coordinator": Seen("/coordinator/", "#sign-in-name", DESK),
}

# Runs before the page's own scripts. `begin` is replaced by a selector.
OBSERVE = """
(() => {
  const seen = { lcp: 0, cls: 0, tasks: [], usable: 0 };
  window.seen = seen;
  const observe = (type, take) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
  observe('largest-contentful-paint', (entry) => { seen.lcp = entry.startTime; });
  observe('layout-shift', (entry) => { if (!entry.hadRecentInput) seen.cls += entry.value; });
  observe('longtask', (entry) => { seen.tasks.push([entry.startTime, entry.duration]); });
  const look = () => {
    const begin = document.querySelector(BEGIN);
    if (begin && !begin.disabled && begin.getClientRects().length) seen.usable = performance.now();
    else requestAnimationFrame(look);
  };
  look();
})();
"""

READ = """
async (quiet) => {
  const end = performance.now() + 20_000;
  const last = () => Math.max(...performance.getEntriesByType('resource').map((one) => one.responseEnd), seen.usable);
  while (performance.now() < end && (!seen.usable || performance.now() - last() < quiet)) {
    await new Promise((done) => setTimeout(done, 50));
  }
  const fcp = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0;
  const blocked = seen.tasks.filter(([at]) => at >= fcp).reduce((sum, [, long]) => sum + Math.max(0, long - 50), 0);
  const came = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
  return {
    fcp_ms: fcp, lcp_ms: seen.lcp, usable_ms: seen.usable, tbt_ms: blocked, cls: seen.cls,
    came: came.map((one) => [one.name, one.entryType, one.transferSize, one.responseEnd]),
  };
}
"""

KINDS = {"js": "script", "css": "style", "json": "texts", "mp4": "film"}


async def one_visit(context: BrowserContext, url: str, seen: Seen) -> dict[str, float]:
    """Open a page as a slow phone would, and return its figures."""
    page = await context.new_page()
    line = await context.new_cdp_session(page)
    await line.send("Network.enable")
    await line.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY_MS,
            "downloadThroughput": DOWN_BYTES_S,
            "uploadThroughput": UP_BYTES_S,
        },
    )
    await line.send("Emulation.setCPUThrottlingRate", {"rate": CPU_TIMES})
    await page.add_init_script(OBSERVE.replace("BEGIN", json.dumps(seen.begin)))
    await page.goto(f"{url}{seen.path}", timeout=LIMIT_MS)
    figures: dict[str, Any] = await page.evaluate(READ, QUIET_MS)
    await page.close()
    if not figures["usable_ms"]:
        raise SystemExit(f"{seen.path}: {seen.begin} was never there to be used.")
    return figures | weights(figures.pop("came"), figures["usable_ms"])


def weights(came: list[tuple[str, str, int, float]], usable_ms: float) -> dict[str, float]:
    """Return kB by type, in all ("kb"), and of what had come when the page could be used ("kb_usable")."""
    found: dict[str, float] = defaultdict(float)
    for name, entry, size, end_ms in came:
        suffix = name.partition("?")[0].rpartition(".")[2]
        kind = "document" if entry == "navigation" else KINDS.get(suffix, "answers")
        found[f"kb_{kind}"] += size / 1000
        found["kb"] += size / 1000
        if end_ms <= usable_ms:
            found["kb_usable"] += size / 1000
    return dict(found)


async def visits(browser: Browser, url: str, seen: Seen) -> dict[str, float]:
    """Come for the first time, then once more."""
    context = await browser.new_context(viewport=seen.size, locale="zh-CN")  # type: ignore[arg-type]
    first = await one_visit(context, url, seen)
    again = await one_visit(context, url, seen)
    await context.close()
    return first | {"again_usable_ms": again["usable_ms"], "again_kb": again["kb"]}


async def measure(runs: int) -> dict[str, dict[str, float]]:
    """Return the medians of each page."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Chromium is not installed; on Debian: apt-get install chromium fonts-noto-cjk")
    async with async_playwright() as playwright, run_service() as service:
        browser = await playwright.chromium.launch(executable_path=chromium, args=launch_flags("none"))
        found = {}
        for name, seen in PAGES.items():
            figures = [await visits(browser, service.url, seen) for _ in range(runs)]
            names = sorted({key for each in figures for key in each})
            found[name] = {key: median(each.get(key, 0.0) for each in figures) for key in names}
        await browser.close()
    return found


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description="How soon pages can be used on a slow phone")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    found = asyncio.run(measure(chosen.runs))
    if chosen.json:
        print(json.dumps(found))
        return
    table = Table("what", *found)
    for key in sorted({key for figures in found.values() for key in figures}):
        digits = 3 if key == "cls" else 1 if key.startswith(("kb", "again_kb")) else 0
        table.add_row(key, *(f"{figures.get(key, 0.0):.{digits}f}" for figures in found.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
