"""A media worker's threads share one heap, and what is free in it goes back to the machine."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.unit,
    pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no such heaps"),
]

# Threads that hold memory at the same time, then what glibc says about its heaps.
HEAPS = """
import ctypes, sys, threading
from benchmarks import blur
from media import heap
setups = {"worker": heap.keep_flat, "benchmark": blur.as_in_a_worker, "none": lambda: None}
setups[sys.argv[1]]()
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

# 64 MB in pieces with one between that stays, so that the free ones are not at the heap's end.
PIECES = """
import ctypes, os
from pathlib import Path
from media import heap
heap.keep_flat()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
pieces = [libc.malloc(1 << 20) for _ in range(64)]
for piece in pieces: ctypes.memset(piece, 1, 1 << 20)
for piece in pieces[:-1]: libc.free(piece)
before = resident()
heap.give_back()
print(before - resident())
"""


def said(program: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_threads_share_one_heap() -> None:
    assert said(HEAPS, "none").count("<heap nr=") > 1
    assert said(HEAPS, "worker").count("<heap nr=") == 1


def test_the_blur_stage_is_measured_with_a_workers_heap() -> None:
    assert said(HEAPS, "benchmark").count("<heap nr=") == 1


def test_what_is_free_inside_the_heap_goes_back() -> None:
    assert int(said(PIECES)) > 50 << 20
