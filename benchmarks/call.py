"""A real call between two Chromium processes: how soon the customer sees the agent, and how fluently both are seen.

    python -m benchmarks.call [--calls N] [--seconds S] [--json]

Join time: from the agent's tap on "accept" to the customer's first shown picture, both by the machine's clock, over
`--calls` calls. Frame rate: pictures shown in each second of the last call, both ways, as the video elements count
them (`presentedFrames` of requestVideoFrameCallback). Start: how long each camera's browser takes from its first
packet to 90 % of the rate that it ends at. Everything runs on this machine, browsers included; a share of
the time is theirs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from statistics import median
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks._line import open_call_line, until_sent
from tests.browser.line import Line
from tests.browser.people import Customer

RISE_S: Final = 20.0
FINAL_MS: Final = 5000.0
SEEN_MS: Final = 2000.0


async def measure(calls: int, seconds: int) -> dict[str, object]:
    """Run the calls and return the figures."""
    async with open_call_line() as line:
        joins = [await one_call(line) for _ in range(calls - 1)]
        customer, joined_ms = await begin_call(line)
        joins.append(joined_ms)
        starts = {
            "customer_camera": rise(await until_sent(customer.page, RISE_S)),
            "agent_camera": rise(await until_sent(line.agent.page, RISE_S)),
        }
        rates = [await one_second(line, customer) for _ in range(seconds)]
    return {
        "join_ms": {"calls": calls, "p50": median(joins), "p95": float(np.quantile(joins, 0.95)), "max": max(joins)},
        "agent_seen_fps": spread([seen for seen, _ in rates]),
        "customer_seen_fps": spread([seen for _, seen in rates]),
        **{f"{name}_start": values for name, values in starts.items()},
    }


def rise(sent: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Return after how many ms a camera sends 90 % of its final rate, seen over two seconds, and that rate in kbit/s.

    `sent`: (ms, bytes so far), from the first packet on. The final rate is that of the last five seconds.
    """
    at_ms, octets = (np.array(column) for column in zip(*sent, strict=True))

    def kbps(since_ms: float, until_ms: float) -> float:
        first, last = np.interp([since_ms, until_ms], at_ms, octets)
        return float(last - first) * 8 / (until_ms - since_ms)

    final = kbps(at_ms[-1] - FINAL_MS, at_ms[-1])
    starts = at_ms[at_ms <= at_ms[-1] - SEEN_MS]
    risen = next((each for each in starts if kbps(each, each + SEEN_MS) >= 0.9 * final), starts[-1])
    return {
        "rise_ms": float(risen - at_ms[0]),
        "final_kbps": final,
        "first_second_kbps": kbps(at_ms[0], at_ms[0] + 1000),
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
