"""Stands between Playwright and a stock Firefox, which speak WebDriver BiDi but not the same edition of it.

    python -m tests.browser.bidi_relay FIREFOX OPTIONS...

Playwright starts this in Firefox's place and is told this program's address. Everything goes through untouched, but for
the commands in `UNKNOWN`: Playwright sends them with each new context and gives up when they are refused, and Firefox
ESR does not know them. They are answered here, with nothing done.

Source: W3C WebDriver BiDi, sections 3.3 (transport: one WebSocket, commands with `id` and `method`) and 7.3.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Any

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

UNKNOWN = {"emulation.setMediaFeaturesOverride"}
LISTENING = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")
# Neither side counts as gone because it is busy.
FOR_EVER: dict[str, Any] = {"max_size": None, "open_timeout": None, "ping_interval": None}

Send = Callable[[str], Awaitable[None]]


async def main(command: list[str]) -> int:
    """Run Firefox to its end and return its exit status."""
    firefox = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert firefox.stderr is not None
    async for line in firefox.stderr:
        if found := LISTENING.search(line):
            break
    else:
        return await firefox.wait()
    address = found[1].decode()

    async def relay(page: ServerConnection) -> None:
        assert page.request is not None
        async with connect(address + page.request.path, **FOR_EVER) as browser:

            async def command_(text: str) -> None:
                asked = json.loads(text)
                if asked["method"] in UNKNOWN:
                    await page.send(json.dumps({"type": "success", "id": asked["id"], "result": {}}))
                else:
                    await browser.send(text)

            await _first_ended(_pass(page, command_), _pass(browser, page.send))

    async with serve(relay, "127.0.0.1", 0, **FOR_EVER) as server:
        port = server.sockets[0].getsockname()[1]
        print(f"WebDriver BiDi listening on ws://127.0.0.1:{port}", file=sys.stderr, flush=True)  # noqa: T201
        async for line in firefox.stderr:
            sys.stderr.buffer.write(line)  # Playwright keeps it for the message of a failed start
        return await firefox.wait()


async def _pass(source: AsyncIterable[str | bytes], send: Send) -> None:
    async for text in source:
        assert isinstance(text, str)
        await send(text)


async def _first_ended(*ways: Awaitable[None]) -> None:
    tasks = [asyncio.ensure_future(way) for way in ways]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
