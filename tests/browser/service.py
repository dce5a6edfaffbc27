"""The real service as an operator starts it: `video-service run` in a process of its own, with an empty data folder."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

START_S = 90.0
STOP_S = 45.0
PASSWORD = "correct horse battery"
PROGRAM = Path(sys.executable).parent / "video-service"


@dataclass
class Service:
    """A running service. `pids` holds its parts by name ("web", "media 1"), newest first in place."""

    data: Path
    process: asyncio.subprocess.Process
    url: str = ""
    pids: dict[str, int] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, ready: object, why: str, limit_s: float = START_S) -> None:
        """Wait until `ready()`, looked at after each line of the log."""
        assert callable(ready)
        deadline = time.monotonic() + limit_s
        while not ready():
            left = deadline - time.monotonic()
            assert left > 0, f"{why}\n" + "".join(self.lines[-30:])
            self.changed.clear()
            try:
                await asyncio.wait_for(self.changed.wait(), min(left, 0.2))
            except TimeoutError:
                continue

    async def account(self, name: str, role: str, display_name: str) -> None:
        """Add somebody who may sign in with `PASSWORD`."""
        adding = await asyncio.create_subprocess_exec(
            PROGRAM,
            *("users", "add", name, "--role", role, "--display-name", display_name),
            *("--password-stdin", "--data", str(self.data)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await asyncio.wait_for(adding.communicate(PASSWORD.encode()), START_S)
        assert adding.returncode == 0, said.decode()

    def kill(self, part: str) -> None:
        """End one part as a crash would."""
        os.kill(self.pids.pop(part), signal.SIGKILL)

    async def read(self) -> None:
        """Follow the log."""
        assert self.process.stdout is not None
        async for raw in self.process.stdout:
            line = raw.decode(errors="replace")
            self.lines.append(line)
            if found := re.search(r"customers:\s+(http://[^/]+)/", line):
                self.url = found[1]
            if '"child_ready"' in line and (child := re.search(r'"child": "([^"]+)"', line)):
                pid = re.search(r'"pid": (\d+)', line)
                assert pid is not None
                self.pids[child[1]] = int(pid[1])
            self.changed.set()


@asynccontextmanager
async def run_service(**environment: str) -> AsyncIterator[Service]:
    """Start the service with media on this machine's loopback only, and stop it as Ctrl-C does."""
    with tempfile.TemporaryDirectory(prefix="vs-", ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            *("run", "--port", "0", "--data", folder),
            env={
                **os.environ,
                "VIDEO_SERVICE_LOG_FORMAT": "json",
                "VIDEO_SERVICE_MEDIA_BIND": "127.0.0.1",
                "VIDEO_SERVICE_MEDIA_WORKERS": "1",  # whatever the machine: tests name their worker
                "VIDEO_SERVICE_CAPACITY": "8",  # however slow the machine is
                **environment,
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            limit=1 << 20,
        )
        service = Service(Path(folder), process)
        reading = asyncio.create_task(service.read())
        try:
            await service.until(lambda: service.url or process.returncode is not None, "The service did not start")
            assert service.url, "".join(service.lines)
            yield service
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                process.kill()
                await process.wait()
            await reading
