"""Runs one piece of planning in a process of its own, and says what comes of it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar, Final

import msgspec
import structlog

from video_service.child import tied
from video_service.errors import ServiceError
from video_service.plan_work import Said, Work, line_of

log = structlog.get_logger(__name__)

MOST_LINE_BYTES: Final = 64 << 20
WRITE_TIMEOUT_S: Final = 30.0


class NoPlanner(ServiceError):
    """This web node has no planning libraries (the extra `scheduler`): plan on a node that has them, or on the CLI."""

    code: ClassVar[str] = "no_planner"


class PlanFailed(ServiceError):
    """The planning process ended without a result."""

    code: ClassVar[str] = "plan_failed"


def available() -> bool:
    """Return whether this node has what planning needs; nothing of it is loaded here."""
    return importlib.util.find_spec("ortools") is not None and importlib.util.find_spec("numpy") is not None


class PlanProcess:
    """A running process. `said` returns its next line; `stop` asks it to end soon with the best it has."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._stopped = False

    async def said(self) -> Said:
        """Return what it says next. May be cancelled; nothing is lost then.

        Raises:
            PlanFailed: it ended without a word.
        """
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise PlanFailed
        return msgspec.json.decode(line, type=Said)

    def stop(self) -> None:
        """Ask it to end. May be called again."""
        if self._stopped:
            return
        self._stopped = True
        assert self._process.stdin is not None
        self._process.stdin.close()


@asynccontextmanager
async def planning(work: Work) -> AsyncIterator[PlanProcess]:
    """Start a process that does `work`; at the end it is gone.

    Raises:
        NoPlanner: the libraries are not here.
        PlanFailed: it does not take its work.
    """
    if not available():
        raise NoPlanner
    process = await asyncio.create_subprocess_exec(
        *tied([sys.executable, "-I", "-m", "video_service.plan_child"]),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=MOST_LINE_BYTES,
    )
    try:
        assert process.stdin is not None
        process.stdin.write(line_of(work))
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await process.stdin.drain()
        except (TimeoutError, OSError) as error:
            raise PlanFailed from error
        yield PlanProcess(process)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            # What it wrote and nobody read holds its pipe open.
            await process.communicate()
        if process.returncode not in (0, None):
            log.info("plan_process_ended", status=process.returncode)
