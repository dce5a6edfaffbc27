"""A real call between two Chromium processes: how soon the customer sees the agent, and how fluently both are seen.

    python -m benchmarks.call [--calls N] [--seconds S] [--json]

Join time: from the agent's tap on "accept" to the customer's first shown picture, both by the machine's clock, over
`--calls` calls. Frame rate: pictures shown in each second of the last call, both ways, as the video elements count
them (`presentedFrames` of requestVideoFrameCallback). Everything runs on this machine, browsers included; a share of
the time is theirs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
from playwright.async_api import Browser, async_playwright
from rich.console import Console
from rich.table import Table

from tests.browser import cameras
from tests.browser.conftest import launch_flags, person
from tests.browser.line import Line, open_line
from tests.browser.people import Customer

WARM_UP_S = 10.0


async def measure(calls: int, seconds: int) -> dict[str, object]:
    """Run the calls and return the figures."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Chromium is not installed; on Debian: apt-get install chromium fonts-noto-cjk")
    async with async_playwright() as playwright:
        started: dict[str, Browser] = {}
        with tempfile.TemporaryDirectory(prefix="call-") as folder:

            async def launch(camera: str, width: int = 640, height: int = 480) -> Browser:
                if camera not in started:
                    file = None
                    if camera not in ("none", "refused"):
                        pictures = iter(person(camera, width, height))
                        file = cameras.write_camera(pictures, Path(folder) / f"{camera}.mjpeg")
                    started[camera] = await playwright.chromium.launch(
                        executable_path=chromium, headless=True, args=launch_flags(camera, file)
                    )
                return started[camera]

            async with open_line(launch) as line:
                joins = [await one_call(line) for _ in range(calls - 1)]
                customer, joined_ms = await begin_call(line)
                joins.append(joined_ms)
                await asyncio.sleep(WARM_UP_S)
                rates = [await one_second(line, customer) for _ in range(seconds)]
        for browser in started.values():
            await browser.close()
    return {
        "join_ms": {"calls": calls, "p50": median(joins), "p95": float(np.quantile(joins, 0.95)), "max": max(joins)},
        "agent_seen_fps": spread([seen for seen, _ in rates]),
        "customer_seen_fps": spread([seen for _, seen in rates]),
    }


async def begin_call(line: Line) -> tuple[Customer, float]:
    """Begin a call; return the customer, and the milliseconds from accept to the first picture there."""
    customer = await line.new_customer()
    await customer.begin()
    pressed_ms = await line.agent.accept()
    await customer.see_agent()
    return customer, await customer.first_shown_ms(".stage video", pressed_ms) - pressed_ms


async def one_call(line: Line) -> float:
    """Have a whole call; return the milliseconds from accept to the customer's first picture."""
    customer, joined_ms = await begin_call(line)
    await customer.end()
    await customer.page.close()
    await line.agent.next_call()
    return joined_ms


async def one_second(line: Line, customer: Customer) -> tuple[float, float]:
    """Return the pictures a second that the customer and the agent were shown."""
    agent_seen, customer_seen = await asyncio.gather(
        customer.fps(".stage video", 1.0), line.agent.fps(".customer video", 1.0)
    )
    return agent_seen, customer_seen


def spread(rates: list[float]) -> dict[str, float]:
    """Return the median and the 5 % quantile."""
    return {"p50": median(rates), "p5": float(np.quantile(rates, 0.05))}


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description="Join time and frame rate of a real call")
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    figures = asyncio.run(measure(chosen.calls, chosen.seconds))
    if chosen.json:
        print(json.dumps(figures))
        return
    table = Table("what", "figures")
    for name, values in figures.items():
        assert isinstance(values, dict)
        table.add_row(name, ", ".join(f"{key} {value:.1f}" for key, value in values.items()))
    Console().print(table)


if __name__ == "__main__":
    main()
