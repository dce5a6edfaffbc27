"""A network dies in a call and comes back as another one: how soon that is noticed, and both see again.

    python -m benchmarks.reconnect [--cuts N] [--side customer|agent|both] [--json]

A real call between two Chromium processes. Everything between a page and the service passes a relay. A cut loses
every packet, and what was open before stays dead for ever: sockets stay open and say nothing, and media come back from
other ports alone. Noticed: from the cut to the word on the other person's page; when both networks are cut at once, to
the later one of the words on both pages. Back: from the moment in which the network is there again to the first new
picture that each of the two was shown. The browser gets no hint from the system that the network changed, which a phone
would give it: this is the worst case. Everything runs on this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time

import numpy as np
from playwright.async_api import Page
from rich.console import Console
from rich.table import Table

from benchmarks._browsers import open_browsers
from tests.browser.line import Line, open_line
from tests.browser.network import Network, open_network
from tests.browser.people import Customer

CUT_S = (2.5, 3.1, 4.0, 5.3, 7.0)  # in turn: a lift, a tunnel, the walk out of a house
BETWEEN_S = 4.0
LIMIT_S = 30.0
CUSTOMER_SEES, AGENT_SEES = ".stage video", ".customer video"
LOST_TO_CUSTOMER, LOST_TO_AGENT, OWN = "other_lost", "lost", "reconnecting"  # names of pills
SIDES = ("customer", "agent", "both")


async def measure(cuts: int, side: str) -> dict[str, object]:
    """Have a call, cut the network of `side` again and again, and return the figures."""
    async with (
        open_browsers() as launch,
        open_line(launch, own_network=True) as line,
        open_network(line.service.url) as of_customer,
    ):
        assert line.network is not None
        networks = {"customer": [of_customer], "agent": [line.network], "both": [of_customer, line.network]}[side]
        customer = await line.new_customer(network=of_customer)
        await customer.begin()
        await line.agent.accept()
        await customer.see_agent()
        notices = {
            "customer": [(line.agent.page, LOST_TO_AGENT)],
            "agent": [(customer.page, LOST_TO_CUSTOMER)],
            "both": [(customer.page, OWN), (line.agent.page, OWN)],
        }[side]
        found = []
        for number in range(cuts):
            await asyncio.sleep(BETWEEN_S)
            found.append(await one_cut(line, customer, networks, notices, CUT_S[number % len(CUT_S)]))
    names = ("noticed_ms", "customer_sees_again_ms", "agent_sees_again_ms")
    return {"cuts": cuts, "side": side} | {
        name: spread([one[index] for one in found]) for index, name in enumerate(names)
    }


async def one_cut(
    line: Line, customer: Customer, networks: list[Network], notices: list[tuple[Page, str]], cut_s: float
) -> tuple[float, float, float]:
    """Cut the networks for a while; return when the last page said so, and when each saw again, in milliseconds.

    Raises:
        RuntimeError: a page said nothing, or a picture did not come back.
    """
    watching = [asyncio.create_task(says(page, name)) for page, name in notices]
    cut_ms = now_ms()
    for network in networks:
        network.cut()
    await asyncio.sleep(cut_s)
    for network in networks:
        network.give_back()
    back_ms = now_ms()
    seen = await asyncio.gather(
        shown_after(customer.page, CUSTOMER_SEES, back_ms), shown_after(line.agent.page, AGENT_SEES, back_ms)
    )
    said_ms = max(await asyncio.gather(*watching))
    found = said_ms - cut_ms, seen[0] - back_ms, seen[1] - back_ms
    if not np.isfinite(found).all():
        raise RuntimeError(f"Not all of it came within {LIMIT_S:g} s: {found}")
    return found


def now_ms() -> float:
    return time.time() * 1000


async def says(page: Page, name: str) -> float:
    """Return when a pill of the page first has `name`, in milliseconds since 1970."""
    at: float = await page.evaluate(
        """async ([name, limit]) => {
          const end = Date.now() + limit;
          while (!document.querySelector(`.pill[data-name='${name}']`)) {
            if (Date.now() > end) return NaN;
            await new Promise((done) => setTimeout(done, 10));
          }
          return Date.now();
        }""",
        [name, LIMIT_S * 1000],
    )
    return at


async def shown_after(page: Page, selector: str, since_ms: float) -> float:
    """Return when a video was shown its first picture after `since_ms`, in milliseconds since 1970."""
    at: float = await page.locator(selector).evaluate(
        """async (video, [since, limit]) => {
          const end = Date.now() + limit;
          for (;;) {
            const first = video.shownAt.find((at) => at >= since);
            if (first) return first;
            if (Date.now() > end) return NaN;
            await new Promise((done) => setTimeout(done, 10));
          }
        }""",
        [since_ms, LIMIT_S * 1000],
    )
    return at


def spread(values: list[float]) -> dict[str, float]:
    """Return median, 95 % quantile and the largest."""
    return {
        "p50": float(np.quantile(values, 0.5)),
        "p95": float(np.quantile(values, 0.95)),
        "max": max(values),
    }


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description="A network that dies in a call and comes back as another one")
    parser.add_argument("--cuts", type=int, default=10)
    parser.add_argument("--side", choices=SIDES, default="customer")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    figures = asyncio.run(measure(chosen.cuts, chosen.side))
    if chosen.json:
        print(json.dumps(figures))
        return
    whose = "both networks" if figures["side"] == "both" else f"the {figures['side']}'s network"
    table = Table(f"{figures['cuts']} cuts of {whose}", "p50 ms", "p95 ms", "max ms")
    for name, values in figures.items():
        if isinstance(values, dict):
            table.add_row(name, *(f"{value:.0f}" for value in values.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
