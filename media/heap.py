"""A worker's memory kept flat over thousands of calls: what glibc's allocator is told, and when it has to give back.

By itself glibc gives further threads heaps of their own, each of which keeps what pictures and networks once took of
it, and learns to keep ever larger free blocks: a worker grew by a fifth when its second thread got work for the first
time, and by 5 % more over some hundred calls (docs/benchmarks.md). Other C libraries have no such habits, nor these
calls: then nothing is done.

Source: glibc, malloc.h, mallopt(3), malloc_trim(3).
"""

from __future__ import annotations

import contextlib
import ctypes
from typing import Final

M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -8, -3, -1

# One heap for all threads; a leg's large blocks go back at once, what one picture leaves to the next stays, and little
# that is free stays at the heap's end.
OPTIONS: Final = ((M_ARENA_MAX, 1), (M_MMAP_THRESHOLD, 4 << 20), (M_TRIM_THRESHOLD, 16 << 20))


def keep_flat() -> None:
    """Set the allocator of this process up; before the first thread that is to keep to it."""
    with contextlib.suppress(AttributeError):
        change = ctypes.CDLL(None).mallopt
        for option, value in OPTIONS:
            change(option, value)


def give_back() -> None:
    """Give the machine back what is free inside the heap, too: some milliseconds, so for the end of a blurred leg."""
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
