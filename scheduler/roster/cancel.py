"""Solvers that ask nobody whether to go on are stopped from beside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

_ASK_S = 0.2

Result = TypeVar("Result")


def unless(cancelled: Callable[[], bool] | None, solve: Callable[[], Result], stop: Callable[[], object]) -> Result:
    """Return what `solve` returns; soon after `cancelled` says so, `stop` is called from another thread."""
    if cancelled is None:
        return solve()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_ASK_S):
            if cancelled():
                stop()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        return solve()
    finally:
        ended.set()
        watcher.join()
