"""What becomes of both pictures of a real call when the customer's line gets narrower: size first, rate last.

    python -m benchmarks.narrow [--settle S] [--seconds S] [--kbps 2000,500,200,120,80] [--json]

Two Chromium processes talk through the real service; every packet of the customer passes a relay that carries so many
kbit/s each way, with a queue of 0.3 s before it. For each width: pictures a second and their size as the customer sees
the agent (blurred and encoded by the service) and as the agent sees the customer (encoded by the customer's browser),
and whether the two pages say that the line is narrow. Before that, on a wide line, how soon the customer's camera is at
its rate.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any, Final

from playwright.async_api import Page
from rich.console import Console
from rich.table import Table

from benchmarks._line import Lines, counts, open_call_line, until_sent
from benchmarks.call import RISE_S, rise

WIDTHS_KBPS: Final = (2000, 500, 200, 120, 80)
AGENT_SEEN, CUSTOMER_SEEN = 0, 1
NOTICES: Final = (".pill[data-name='narrow']", ".desk-notices .notice-attention:visible")


async def measure(widths_kbps: list[int], settle_s: float, seconds: float) -> dict[str, Any]:
    """Return one row for each width, in that order, within one call, and how the customer's camera began it."""
    lines = Lines()
    rows = []
    async with open_call_line(lines) as line:
        customer = await line.new_customer()
        await customer.begin()
        await line.agent.accept()
        await customer.see_agent()
        start = rise(await until_sent(customer.page, RISE_S))
        for kbps in widths_kbps:
            lines.narrow(kbps * 1000)
            await asyncio.sleep(settle_s)
            rows.append(
                {"kbps": kbps}
                | await one_width(customer.page, line.agent.page, seconds)
                | {
                    "customer_told": await customer.page.locator(NOTICES[0]).count() > 0,
                    "agent_told": await line.agent.page.locator(NOTICES[1]).count() > 0,
                }
            )
    return {"start": start, "widths": rows}


async def one_width(customer: Page, agent: Page, seconds: float) -> dict[str, Any]:
    """Return what both people see during some seconds."""
    before = await asyncio.gather(counts(customer, AGENT_SEEN), counts(agent, CUSTOMER_SEEN))
    await asyncio.sleep(seconds)
    after = await asyncio.gather(counts(customer, AGENT_SEEN), counts(agent, CUSTOMER_SEEN))
    found: dict[str, Any] = {}
    for name, old, new in zip(("agent_seen", "customer_seen"), before, after, strict=True):
        elapsed_s = (new["at"] - old["at"]) / 1000
        found[name] = {
            "fps": (new["frames"] - old["frames"]) / elapsed_s,
            "size": f"{new['width']:.0f}x{new['height']:.0f}",
            "kbps": (new["bytes"] - old["bytes"]) * 8 / elapsed_s / 1000,
            "freezes": int(new["freezes"] - old["freezes"]),
        }
    return found


def table(rows: list[dict[str, Any]]) -> Table:
    made = Table("line kbit/s", "agent seen", "customer seen", "customer told", "agent told")
    for row in rows:
        seen = [
            f"{each['fps']:.1f} fps, {each['size']}, {each['kbps']:.0f} kbit/s, {each['freezes']} freezes"
            for each in (row["agent_seen"], row["customer_seen"])
        ]
        made.add_row(
            str(row["kbps"]), *seen, *("yes" if row[name] else "no" for name in ("customer_told", "agent_told"))
        )
    return made


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settle", type=float, default=12, help="seconds before each measurement")
    parser.add_argument("--seconds", type=float, default=6, help="seconds of each measurement")
    parser.add_argument("--kbps", default=",".join(map(str, WIDTHS_KBPS)), help="widths of the line, in this order")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    chosen = parser.parse_args()
    found = asyncio.run(measure([int(each) for each in chosen.kbps.split(",")], chosen.settle, chosen.seconds))
    if chosen.json:
        print(json.dumps(found))
    else:
        Console().print(table(found["widths"]))
        start = found["start"]
        print(
            f"customer's camera: {start['rise_ms']:.0f} ms to 90 % of {start['final_kbps']:.0f} kbit/s, the line wide"
        )


if __name__ == "__main__":
    main()
