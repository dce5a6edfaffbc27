"""Text as it is written, between two real pages: from a key press here until its character stands there.

    python -m benchmarks.rtt [--lines 3] [--json]

A real call between two Chromium processes. In each page somebody writes lines of 36 characters, a key every 80 to 400
ms; what the other page shows is watched by a `MutationObserver`. Three times each way: with both carriers, as it is; by
the peer connection's channel alone; by the WebSocket alone. Target: 95 of 100 within 300 ms. A page sends the first
piece of a line at once and the next ones at a steady pace, so that most of the time is waiting for the next piece.
Everything runs on this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import string
from collections.abc import Iterator
from typing import Final

import numpy as np
from playwright.async_api import Page, expect
from rich.console import Console
from rich.table import Table

from benchmarks._browsers import open_browsers
from tests.browser.line import Line, open_line

SIGNS: Final = string.ascii_lowercase + string.digits
KEY_S: Final = (0.08, 0.4)
TARGET_MS: Final = 300.0
FIELD: Final = "写一句话"
CARRIERS: Final = {
    "both carriers": "",
    "channel alone": """
        const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (data) {
          if (!String(data).includes('"type":"rtt"')) send.call(this, data);
        };
        return () => { WebSocket.prototype.send = send; };
    """,
    "WebSocket alone": """
        const send = RTCDataChannel.prototype.send;
        RTCDataChannel.prototype.send = () => {};
        return () => { RTCDataChannel.prototype.send = send; };
    """,
}
PRESSED: Final = """() => {
  window.pressed = [];
  document.addEventListener('keydown', (event) => {
    if (event.key.length === 1) window.pressed.push(performance.timeOrigin + event.timeStamp);
  }, { capture: true });
}"""
# When each beginning of the line first stood there.
WATCH: Final = """(signs) => {
  window.stood?.observer.disconnect();
  const at = [];
  const look = () => {
    const now = performance.timeOrigin + performance.now();
    const text = document.querySelector('.line-draft p')?.textContent ?? '';
    if (signs.startsWith(text)) while (at.length < text.length) at.push(now);
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { childList: true, subtree: true, characterData: true });
  window.stood = { at, observer };
}"""


async def one_line(writer: Page, reader: Page, dice: random.Random) -> list[float]:
    """Write a line; return how long each character took, in milliseconds."""
    await reader.evaluate(WATCH, SIGNS)
    await writer.evaluate("() => { window.pressed.length = 0; }")
    field = writer.get_by_label(FIELD)
    await field.focus()
    for sign in SIGNS:
        await writer.keyboard.press(sign)
        await asyncio.sleep(dice.uniform(*KEY_S))
    await expect(reader.locator(".line-draft p")).to_have_text(SIGNS)
    pressed = await writer.evaluate("() => window.pressed")
    stood = await reader.evaluate("() => window.stood.at")
    await writer.keyboard.press("Enter")
    await expect(reader.locator(".line-draft")).to_have_count(0)
    assert len(pressed) == len(stood) == len(SIGNS)
    return [there - here for here, there in zip(pressed, stood, strict=True)]


def ways(line: Line, customer: Page) -> Iterator[tuple[str, Page, Page]]:
    yield "customer to agent", customer, line.agent.page
    yield "agent to customer", line.agent.page, customer


async def measure(lines: int) -> dict[str, dict[str, float]]:
    """Have a call, and write in both pages over each carrier."""
    dice = random.Random(1)
    found: dict[str, dict[str, float]] = {}
    async with open_browsers() as launch, open_line(launch) as line:
        customer = await line.new_customer()
        await customer.begin()
        await line.agent.accept()
        await customer.see_agent()
        await customer.page.get_by_role("group", name="通话按钮").get_by_role("button", name="打字").click()
        for page in (customer.page, line.agent.page):
            await page.evaluate(PRESSED)
        for carrier, script in CARRIERS.items():
            for way, writer, reader in ways(line, customer.page):
                await writer.evaluate(f"() => {{ window.asBefore = (() => {{ {script} }})(); }}")
                took = [each for _ in range(lines) for each in await one_line(writer, reader, dice)]
                await writer.evaluate("() => window.asBefore?.()")
                found[f"{way}, {carrier}"] = {
                    "keys": len(took),
                    "p50_ms": float(np.quantile(took, 0.5)),
                    "p95_ms": float(np.quantile(took, 0.95)),
                    "max_ms": max(took),
                }
    return found


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    found = asyncio.run(measure(chosen.lines))
    if chosen.json:
        print(json.dumps(found))
        return
    table = Table("from a key press to the other page", "keys", "p50 ms", "p95 ms", "max ms", "target")
    for name, row in found.items():
        word = "PASS" if row["p95_ms"] <= TARGET_MS else "MISS"
        numbers = (f"{row[each]:.0f}" for each in ("keys", "p50_ms", "p95_ms", "max_ms"))
        table.add_row(name, *numbers, f"p95 <= {TARGET_MS:.0f}: {word}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
