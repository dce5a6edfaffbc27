from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.rpc_worker import LIMIT_S, until, within
from tests.running_service import is_gone
from video_service import supervised
from video_service.child import PARENT_FD, tied
from video_service.supervised import ChildFailed, ChildPlan, SupervisedChild

pytestmark = pytest.mark.integration

# Says that it is ready by making a file, and leaves a mark when it is told to stop.
POLITE = """
import pathlib, signal, sys, time
def stop(*_):
    print("stopping", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("started", flush=True)
pathlib.Path(sys.argv[1]).touch()
time.sleep(600)
"""
STUBBORN = POLITE.replace("signal.signal(signal.SIGTERM, stop)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)")


class Life:
    """A supervised child and the file that says that it is ready."""

    def __init__(self, folder: Path, script: str, **changes: Any) -> None:
        self.ready_file = folder / "ready"
        self.lines: list[str] = []

        async def ready() -> bool:
            if self.ready_file.exists():
                self.ready_file.unlink()
                return True
            return False

        async def alive() -> bool:
            return True

        plan: dict[str, Any] = {
            "name": "test",
            "argv": [sys.executable, "-c", script, str(self.ready_file)],
            "environment": dict(os.environ),
            "ready": ready,
            "alive": alive,
            "stop_timeout_s": LIMIT_S,
            "write": self.lines.append,
        }
        self.child = SupervisedChild(ChildPlan(**(plan | changes)))
        self.task = asyncio.create_task(self.child.run(), name="child")

    @property
    def pid(self) -> int:
        assert self.child.pid is not None
        return self.child.pid

    async def ready(self) -> None:
        async with asyncio.timeout(LIMIT_S):
            waiting = asyncio.create_task(self.child.ready.wait())
            await asyncio.wait((waiting, self.task), return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
        if self.task.done():
            self.task.result()

    async def close(self) -> None:
        self.child.kill()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Callable[..., Life]]:
    lives: list[Life] = []

    def make(script: str = POLITE, **changes: Any) -> Life:
        lives.append(Life(tmp_path, script, **changes))
        return lives[-1]

    yield make
    for life in lives:
        await life.close()


async def test_a_child_is_started_and_stopped(start: Callable[..., Life]) -> None:
    life = start()
    await life.ready()
    pid = life.pid

    await within(life.child.stop())
    await within(life.task)

    assert life.lines == ["started", "stopping"]
    assert life.child.restarts == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    await life.child.stop()


async def test_a_child_leads_a_session_of_its_own(start: Callable[..., Life]) -> None:
    life = start()
    await life.ready()

    assert os.getsid(life.pid) == life.pid != os.getsid(0)


async def test_a_child_that_dies_is_started_again(start: Callable[..., Life]) -> None:
    life = start()
    await life.ready()
    first = life.pid
    for round_ in (1, 2, 3, 4):
        os.kill(life.pid, signal.SIGKILL)
        await until(lambda: not life.child.ready.is_set())
        await life.ready()
        assert life.child.restarts == round_

    assert life.pid != first


async def test_a_child_that_does_not_stop_is_killed_with_what_it_started(
    start: Callable[..., Life], tmp_path: Path
) -> None:
    grandchild = tmp_path / "grandchild"
    script = f"import subprocess, pathlib\np = subprocess.Popen(['sleep', '600'])\npathlib.Path({str(grandchild)!r}).write_text(str(p.pid))\n{STUBBORN}"  # noqa: E501
    life = start(script, stop_timeout_s=0.2)
    await life.ready()
    pid = int(grandchild.read_text())

    await within(life.child.stop())
    await within(life.task)

    await until(lambda: is_gone(pid))


async def test_a_child_that_never_starts_is_a_sentence_with_its_last_lines(start: Callable[..., Life]) -> None:
    life = start("print('first'); print('no disk'); raise SystemExit(3)")

    with pytest.raises(ChildFailed) as raised:
        await within(life.task)

    assert str(raised.value) == (
        "The test process does not start: it ended with status 3, 3 times. Its last lines:\n  first\n  no disk"
    )


async def test_a_child_that_is_killed_before_it_is_ready_says_by_what(start: Callable[..., Life]) -> None:
    life = start("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")

    with pytest.raises(ChildFailed, match=r"it ended with signal 11, 3 times\. Its last lines:\n  \(it said nothing\)"):
        await within(life.task)


async def test_a_child_that_is_never_ready_is_given_up(start: Callable[..., Life]) -> None:
    life = start("import time; time.sleep(600)", start_timeout_s=0.1)

    with pytest.raises(ChildFailed, match=r"It was not ready within 0\.1 s\."):
        await within(life.task)


async def test_a_child_that_hangs_is_started_again(start: Callable[..., Life], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervised, "WATCH_S", 0.01)
    answers = True

    async def alive() -> bool:
        return answers

    life = start(alive=alive, hung_after_s=0.1)
    await life.ready()
    first = life.pid
    answers = False
    await until(lambda: not life.child.ready.is_set())
    answers = True
    await life.ready()

    assert life.pid != first


async def test_a_probe_that_fails_is_a_no(start: Callable[..., Life]) -> None:
    tries = 0

    async def ready() -> bool:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise OSError
        return True

    life = start(ready=ready)
    await life.ready()

    assert tries == 3


async def test_a_line_without_an_end_and_a_line_without_bounds_are_passed_on(start: Callable[..., Life]) -> None:
    life = start(f"import sys; sys.stdout.write('x' * 100_000 + '\\nlast'); sys.stdout.flush(); {POLITE}")
    await life.ready()
    await until(lambda: "laststarted" in life.lines)

    assert sum(line.count("x") for line in life.lines) == 100_000
    assert life.lines[-1] == "laststarted"


async def test_stopping_while_it_starts_leaves_nothing(start: Callable[..., Life]) -> None:
    life = start()
    await asyncio.sleep(0)
    await within(life.child.stop())
    await within(life.task)

    assert life.child.pid is None


# ---------------------------------------------------------------- a parent that was killed

PARENT = """
import os, subprocess, sys
from video_service.child import PARENT_FD, tied
read_end, write_end = os.pipe()
watching = '''
import asyncio
from video_service.child import on_stop
async def main():
    stop = asyncio.Event()
    on_stop(lambda asked: (print("asked" if asked else "alone", flush=True), stop.set()))
    print("ready", flush=True)
    await stop.wait()
asyncio.run(main())
'''
environment = os.environ | {PARENT_FD: str(read_end)}
subprocess.Popen([sys.executable, "-c", watching], env=environment, pass_fds=[read_end], start_new_session=True)
tied_one = subprocess.Popen(tied(["/bin/sleep", "600"]), start_new_session=True)
print(tied_one.pid, flush=True)
os.close(read_end)
sys.stdin.read()
"""


async def test_children_notice_that_their_parent_was_killed() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    first = [(await within(parent.stdout.readline())).decode().strip() for _ in range(2)]
    assert "ready" in first
    pid = int(next(word for word in first if word.isdigit()))

    parent.kill()

    assert await within(parent.stdout.readline()) == b"alone\n"
    assert await within(parent.stdout.read()) == b""
    await parent.wait()
    if sys.platform == "linux":
        await until(lambda: is_gone(pid))
    else:
        os.kill(pid, signal.SIGKILL)


def test_a_tied_program_does_not_start_without_its_parent() -> None:
    argv = tied(["/bin/sleep", "600"])
    argv[argv.index(str(os.getpid()))] = "1"
    if os.getppid() == 1:
        pytest.skip("this test's parent is process 1")

    assert os.spawnv(os.P_WAIT, argv[0], argv) == 1


def test_without_a_supervisor_there_is_nothing_to_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PARENT_FD, raising=False)

    async def main() -> None:
        from video_service.child import on_parent_gone

        on_parent_gone(lambda: pytest.fail("nobody is gone"))

    asyncio.run(main())
