from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.rpc_worker import within

pytestmark = pytest.mark.integration

# An application that tells its pages of the end, as the real one does.
NODE = """
import asyncio, socket, sys
from quart import Quart, websocket
from video_service import web_process
app = Quart("test", static_folder=None)
pages = set()
@app.websocket("/ws")
async def ws():
    await websocket.accept()
    page = websocket._get_current_object()
    pages.add(page)
    try:
        while True:
            await websocket.send(await websocket.receive())
    finally:
        pages.remove(page)
        print("page left", flush=True)
@app.after_serving
async def stop():
    print("closed", flush=True)
async def drain(by_signal):
    print("drain", by_signal, flush=True)
    for page in pages:
        await page.send("draining")
    await asyncio.sleep(float(sys.argv[2]))
listener = socket.socket(fileno=int(sys.argv[1]))
sys.exit(asyncio.run(web_process.serve(app, listener, drain=drain, max_message_bytes=1000)))
"""


class Node:
    """A web node's process on a listening socket of this one."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port

    async def page(self) -> ClientConnection:
        return await within(connect(f"ws://127.0.0.1:{self.port}/ws", proxy=None, open_timeout=None))

    async def lines(self) -> list[str]:
        assert self.process.stdout is not None
        return (await within(self.process.stdout.read())).decode().splitlines()


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., object]]:
    started: list[Node] = []

    async def make(drain_s: float = 0.0) -> Node:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", NODE, str(listener.fileno()), str(drain_s)),
                pass_fds=(listener.fileno(),),
                stdout=asyncio.subprocess.PIPE,
            )
            started.append(Node(process, listener.getsockname()[1]))
            # The socket listens already: who comes before the node is ready waits for it.
            page = await started[-1].page()
            await page.close()
        return started[-1]

    yield make
    for node in started:
        if node.process.returncode is None:
            node.process.kill()
        await node.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_pages_hear_of_the_end_before_their_sockets_close(
    start: Callable[..., object], number: signal.Signals
) -> None:
    node = await start()  # type: ignore[misc]
    page = await node.page()
    await page.send("hello")
    assert await within(page.recv()) == "hello"

    node.process.send_signal(number)

    assert await within(page.recv()) == "draining"
    await within(page.wait_closed())
    assert page.close_code == 1012
    assert await within(node.process.wait()) == 0
    lines = await node.lines()
    assert lines == ["page left", "drain True", "page left", "closed"]


async def test_a_drain_that_hangs_does_not_hold_up_the_end(start: Callable[..., object]) -> None:
    node = await start(600.0)  # type: ignore[misc]
    page = await node.page()

    node.process.send_signal(signal.SIGTERM)

    await within(page.wait_closed())
    assert page.close_code == 1012
    assert await within(node.process.wait()) == 0


async def test_a_message_that_is_too_large_closes_its_own_socket_only(start: Callable[..., object]) -> None:
    node = await start()  # type: ignore[misc]
    page, other = await node.page(), await node.page()

    await page.send("x" * 1001)

    await within(page.wait_closed())
    assert page.close_code == 1009
    await other.send("x" * 1000)
    assert await within(other.recv()) == "x" * 1000
    await other.close()
