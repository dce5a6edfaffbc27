"""A media worker's threads share one heap, so that what one has freed serves the others."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit

# Threads that hold memory at the same time, then what glibc says about its heaps.
HEAPS = """
import ctypes, sys, threading
from media.worker import share_one_heap
if sys.argv[1] == "one":
    share_one_heap()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fdopen.restype = ctypes.c_void_p
all_there = threading.Barrier(4)
def hold():
    libc.malloc(1000)
    all_there.wait()
threads = [threading.Thread(target=hold) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc.malloc_info(0, ctypes.c_void_p(libc.fdopen(1, b"w")))
libc.fflush(None)
"""


def heaps(how_many: str) -> int:
    done = subprocess.run([sys.executable, "-c", HEAPS, how_many], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.count("<heap nr=")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no heaps by thread")
def test_threads_share_one_heap() -> None:
    assert heaps("many") > 1
    assert heaps("one") == 1
