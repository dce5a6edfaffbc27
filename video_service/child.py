"""What a process of the service does about its parent: it must not outlive it for ever.

A supervisor that is killed with SIGKILL can tell nobody. Each of its Python children therefore watches the read end of
a pipe whose write end only the supervisor holds: end of file means that the supervisor is gone, on any system. Valkey
cannot watch a pipe; on Linux the kernel sends it SIGTERM instead, elsewhere the next start ends it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence

PARENT_FD = "VIDEO_SERVICE_PARENT_FD"

# Runs before the program and becomes it. PR_SET_PDEATHSIG is 1 (prctl(2)); it outlives exec. Asking for the parent
# afterwards closes the gap in which the parent died before the request was made.
_TIE = """
import ctypes, os, signal, sys
os.umask(0o077)
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


def tied(argv: Sequence[str]) -> list[str]:
    """Return the command that runs `argv` (its first item a path) so that it ends with the thread that starts it.

    Files that it makes are readable by their owner only.
    """
    return [sys.executable, "-I", "-S", "-c", _TIE, str(os.getpid()), *argv]


def on_parent_gone(call: Callable[[], None]) -> None:
    """Call `call` once in the running loop when the supervisor is gone; without a supervisor do nothing."""
    text = os.environ.pop(PARENT_FD, "")
    if not text.isdigit():
        return
    descriptor = int(text)
    os.set_blocking(descriptor, False)
    loop = asyncio.get_running_loop()

    def readable() -> None:
        try:
            if os.read(descriptor, 64):
                return
        except BlockingIOError:
            return
        loop.remove_reader(descriptor)
        os.close(descriptor)
        call()

    loop.add_reader(descriptor, readable)


def on_stop(call: Callable[[bool], None]) -> None:
    """Call `call(asked)` for SIGTERM and SIGINT (`asked` true) and when the supervisor is gone (false)."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, call, True)
    on_parent_gone(lambda: call(False))
