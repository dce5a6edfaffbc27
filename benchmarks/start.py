"""From a fresh clone to the first call: how long a stranger waits.

    python -m benchmarks.start [--empty-cache] [--json]

The project is cloned into a new folder and `./dev run --demo` is started there twice: first with nothing set up, then
with all that the first start left. Times run from the command to the web node's first answer (/healthz), to the words
"The service is ready", and to the first picture of a demo agent in a customer's page in Chromium, which taps as soon as
the service is ready. `--empty-cache`: packages come from the index instead of this machine's cache. What is measured is
what is committed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path

from playwright.async_api import Browser, async_playwright
from rich.console import Console
from rich.table import Table

from tests.browser import cameras
from tests.browser.conftest import PHONE, launch_flags
from tests.browser.people import WATCH, Customer

ROOT = Path(__file__).resolve().parents[1]
LIMIT_S = 1800.0
STOP_S = 30.0
POLL_S = 0.1


class DidNotStart(Exception):
    """The service ended, or said nothing for too long; the message is what it wrote last."""


@dataclass(frozen=True)
class Start:
    """One start; seconds since the command."""

    name: str
    answers_s: float
    ready_s: float
    first_picture_s: float


@dataclass
class Command:
    """A running `./dev run --demo`."""

    process: asyncio.subprocess.Process
    began_s: float
    url: str
    said: list[str]

    async def said_ready(self) -> float:
        """Read what it says until it is ready; return when (seconds since the command)."""
        assert self.process.stdout is not None
        async for raw in self.process.stdout:
            line = raw.decode(errors="replace")
            self.said.append(line)
            if "The service is ready" in line:
                return time.monotonic() - self.began_s
        raise DidNotStart("".join(self.said[-20:]))

    async def answered(self) -> float:
        """Ask /healthz until it answers; return when."""
        while True:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(_get, f"{self.url}/healthz")
                return time.monotonic() - self.began_s
            await asyncio.sleep(POLL_S)


def _get(url: str) -> None:
    with urllib.request.urlopen(url, timeout=5) as answer:
        answer.read()


@contextlib.asynccontextmanager
async def started(folder: Path, environment: dict[str, str]) -> AsyncIterator[Command]:
    """Start the service in a clone, and stop it as Ctrl-C does."""
    port = _free_port()
    began_s = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *("./dev", "run", "--demo", "--port", str(port)),
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        limit=1 << 20,
    )
    command = Command(process, began_s, f"http://127.0.0.1:{port}", [])
    try:
        yield command
    finally:
        reading = asyncio.create_task(_read_on(process))  # a full pipe would keep it from ending
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGINT)
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        await reading


async def _read_on(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    while await process.stdout.read(1 << 16):
        continue


async def one_start(name: str, folder: Path, environment: dict[str, str], browser: Browser) -> Start:
    """Start once, call once."""
    async with asyncio.timeout(LIMIT_S), started(folder, environment) as command:
        answering = asyncio.create_task(command.answered())
        try:
            ready_s = await command.said_ready()
            answers_s = await answering
        finally:
            answering.cancel()
        reading = asyncio.create_task(_read_on(command.process))
        try:
            first_picture_s = await _first_picture(browser, command)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
    return Start(name, answers_s, ready_s, first_picture_s)


async def _first_picture(browser: Browser, command: Command) -> float:
    context = await browser.new_context(viewport=PHONE, locale="zh-CN")  # type: ignore[arg-type]
    await context.add_init_script(WATCH)
    page = await context.new_page()
    before_ms = time.time_ns() / 1e6
    before_s = time.monotonic() - command.began_s
    await page.goto(f"{command.url}/customer/")
    customer = Customer(page)
    await customer.begin()
    await customer.see_agent(limit_s=120)
    shown_ms = await customer.first_shown_ms(".stage video", before_ms)
    await context.close()
    return before_s + (shown_ms - before_ms) / 1000


def measure(*, empty_cache: bool) -> dict[str, object]:
    """Clone, start twice, and return the figures."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Chromium is not installed; on Debian: apt-get install chromium fonts-noto-cjk")
    with tempfile.TemporaryDirectory(prefix="start-") as name:
        folder = Path(name) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True, timeout=120)
        foreign = re.compile("VIDEO_SERVICE_|REDIS_URL|VIRTUAL_ENV")
        environment = {key: value for key, value in os.environ.items() if not foreign.match(key)}
        if empty_cache:
            environment |= {"UV_CACHE_DIR": f"{name}/uv", "PIP_CACHE_DIR": f"{name}/pip"}
        camera = cameras.write_camera(cameras.drawn_person(480, 640), Path(name) / "camera.mjpeg")
        starts = asyncio.run(_two_starts(folder, environment, chromium, launch_flags("drawn", camera)))
        return {
            "commit": _commit(folder),
            "package_cache": "empty" if empty_cache else "as it was",
            "starts": [asdict(start) for start in starts],
            "installed_mb": {part: _megabytes(folder / part) for part in (".venv", "var/weights")},
        }


async def _two_starts(folder: Path, environment: dict[str, str], chromium: str, flags: list[str]) -> list[Start]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=flags)
        starts = [await one_start(which, folder, environment, browser) for which in ("first", "second")]
        await browser.close()
        return starts


def _commit(folder: Path) -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=folder, capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout.strip()


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink()) / 1e6


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description="From a fresh clone to the first call")
    parser.add_argument("--empty-cache", action="store_true", help="fetch every package")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    figures = measure(empty_cache=chosen.empty_cache)
    if chosen.json:
        print(json.dumps(figures))
        return
    table = Table("start", "web node answers", "service is ready", "first picture of a call")
    starts = figures["starts"]
    assert isinstance(starts, list)
    for each in starts:
        start = Start(**each)
        table.add_row(
            start.name, f"{start.answers_s:.1f} s", f"{start.ready_s:.1f} s", f"{start.first_picture_s:.1f} s"
        )
    Console().print(table)
    Console().print(f"package cache: {figures['package_cache']}; installed, MB: {figures['installed_mb']}")


if __name__ == "__main__":
    main()
