"""One child process of the supervisor: started, watched, started again, ended.

A child counts as ready when its probe says so, and as hung when its second probe says nothing for `HUNG_AFTER_S`.
Before it was ready for the first time, three failures end the whole start: what is wrong then is wrong for good. Later
it is started again for as long as the supervisor lives, with growing pauses.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import structlog

from video_service.errors import ServiceError

log = structlog.get_logger(__name__)

START_TRIES = 3
PAUSE_FIRST_S = 0.1
PAUSE_MOST_S = 5.0
STEADY_S = 10.0  # a child that lived so long starts again with the first pause
PROBE_S = 0.05
WATCH_S = 1.0
HUNG_AFTER_S = 15.0
LINES_KEPT = 12
LINE_BYTES = 65_536

Probe = Callable[[], Awaitable[bool]]


class ChildFailed(ServiceError):
    """A part of the service does not start."""

    code: ClassVar[str] = "child_failed"


@dataclass(frozen=True, kw_only=True)
class ChildPlan:
    """What to run and how to know that it works.

    `ready` and `alive` must answer within a second or so; they are asked one at a time. `speaks_log`: what the child
    writes are log lines already. `descriptors` are left open for it.
    """

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    ready: Probe
    alive: Probe
    stop_timeout_s: float
    start_timeout_s: float = 60.0
    descriptors: Sequence[int] = ()
    speaks_log: bool = True
    hung_after_s: float = HUNG_AFTER_S
    write: Callable[[str], None] = field(default=lambda line: _to_stderr(line))


class SupervisedChild:
    """Runs a plan. `run` is its life; `ready` is set while the child is ready; `stop` ends both."""

    def __init__(self, plan: ChildPlan) -> None:
        self.plan = plan
        self.ready = asyncio.Event()
        self.restarts = 0
        self._was_ready = False
        self._stopping = False
        self._process: asyncio.subprocess.Process | None = None
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)

    @property
    def pid(self) -> int | None:
        """The process id of the child, while there is one."""
        return self._process.pid if self._process is not None else None

    async def run(self) -> None:
        """Start the child and start it again until `stop`.

        Raises:
            ChildFailed: it never became ready; the sentence has its last lines.
        """
        pause_s, tries = PAUSE_FIRST_S, 0
        loop = asyncio.get_running_loop()
        while not self._stopping:
            began_s = loop.time()
            status = await self._live_once()
            if self._stopping:
                return
            tries += 1
            if not self._was_ready and tries >= START_TRIES:
                raise ChildFailed(self._why(status))
            if loop.time() - began_s > STEADY_S:
                pause_s = PAUSE_FIRST_S
            log.warning("child_ended", child=self.plan.name, status=status, again_in_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(PAUSE_MOST_S, pause_s * 2)
            self.restarts += 1

    async def stop(self, spare_s: float = 0.0) -> None:
        """End the child: politely, by force after `stop_timeout_s` or `spare_s`, the longer. May be called twice."""
        self._stopping = True
        process = self._process
        if process is None:
            return
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(max(spare_s, self.plan.stop_timeout_s)):
                await process.wait()
        except TimeoutError:
            log.warning("child_killed", child=self.plan.name, reason="did not stop in time")
            self.kill()
            await process.wait()
        log.info("child_stopped", child=self.plan.name, status=process.returncode)

    def kill(self) -> None:
        """End the child and what it started, by force."""
        self._stopping = True
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            # The child leads a session of its own, so its group holds all that it started.
            if number is signal.SIGKILL:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)

    async def _live_once(self) -> int:
        """Start the child once and return its status when it has ended."""
        plan = self.plan
        self._lines.clear()
        process = await asyncio.create_subprocess_exec(
            *plan.argv,
            env=dict(plan.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            pass_fds=tuple(plan.descriptors),
            limit=LINE_BYTES,
        )
        self._process = process
        if self._stopping:
            self.kill()
        assert process.stdout is not None
        relay = asyncio.create_task(self._relay(process.stdout), name=f"relay-{plan.name}")
        watch = asyncio.create_task(self._watch(), name=f"watch-{plan.name}")
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            self.kill()
            await process.wait()
            raise
        finally:
            self.ready.clear()
            watch.cancel()
            # What it started may hold the pipe open after its end.
            await asyncio.wait((relay,), timeout=0.5)
            relay.cancel()
            await asyncio.gather(relay, watch, return_exceptions=True)
            self._process = None
        return status

    async def _watch(self) -> None:
        """Wait until the child is ready, then see that it lives; end it by force when it does neither."""
        plan = self.plan
        try:
            async with asyncio.timeout(plan.start_timeout_s):
                while not await _ask(plan.ready):  # noqa: ASYNC110 - another process's state has no event
                    await asyncio.sleep(PROBE_S)
        except TimeoutError:
            self._lines.append(f"It was not ready within {plan.start_timeout_s:g} s.")
            self._signal(signal.SIGKILL)
            return
        self._was_ready = True
        self.ready.set()
        log.info("child_ready", child=plan.name, pid=self.pid)
        loop = asyncio.get_running_loop()
        seen_s = loop.time()
        while True:
            await asyncio.sleep(WATCH_S)
            if await _ask(plan.alive):
                seen_s = loop.time()
            elif loop.time() - seen_s > plan.hung_after_s:
                log.error("child_hung", child=plan.name)
                self._signal(signal.SIGKILL)
                return

    async def _relay(self, stream: asyncio.StreamReader) -> None:
        """Pass what the child writes on, and keep its last lines."""
        while True:
            try:
                raw = await stream.readuntil(b"\n")
            except asyncio.IncompleteReadError as error:
                raw = error.partial
                if not raw:
                    return
            except asyncio.LimitOverrunError as error:
                raw = await stream.readexactly(error.consumed)
            line = raw.decode(errors="replace").rstrip()
            self._lines.append(line)
            if self.plan.speaks_log:
                self.plan.write(line)
            else:
                log.info("child_says", child=self.plan.name, line=line[:300])

    def _why(self, status: int) -> str:
        how = f"ended with signal {-status}" if status < 0 else f"ended with status {status}"
        said = "".join(f"\n  {line}" for line in self._lines) or "\n  (it said nothing)"
        return f"The {self.plan.name} process does not start: it {how}, {START_TRIES} times. Its last lines:{said}"


async def _ask(probe: Probe) -> bool:
    """Return what the probe says; one that fails or takes too long says no."""
    try:
        async with asyncio.timeout(2.0):
            return await probe()
    except Exception:  # noqa: BLE001 - whatever is wrong, the child cannot be reached, and that is the answer
        return False


def _to_stderr(line: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - a child's log line, passed on as it is
