"""Watches the disk under the data, and says so in words before it is full, when it is, and when there is room again.

With `appendfsync always` Valkey ends itself rather than acknowledge what it could not write. So a full disk costs no
data; it costs the service until there is room, and somebody has to be told what to do.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import structlog

log = structlog.get_logger(__name__)

LOW_BYTES: Final = 512 << 20
FULL_BYTES: Final = 1 << 20
LOOK_S: Final = 2.0

State = Literal["enough", "low", "full"]


def state_of(free_bytes: int, before: State) -> State:
    """Return how the disk is; what was low has to get a quarter better before it counts as enough again."""
    if free_bytes < FULL_BYTES:
        return "full"
    limit_bytes = LOW_BYTES if before == "enough" else LOW_BYTES * 5 // 4
    return "low" if free_bytes < limit_bytes else "enough"


def sentence(state: State, folder: Path, free_bytes: int) -> str:
    """Return what to tell the person at the terminal."""
    if state == "full":
        return f"The disk of {folder} is full: nothing can be stored, so no call can begin. Make room; it goes on then."
    if state == "low":
        return f"The disk of {folder} has only {free_bytes >> 20} MB left. When it is full, no call can begin."
    return f"The disk of {folder} has room again."


async def watch(folder: Path, say: Callable[[str], None]) -> None:
    """Look every few seconds until cancelled; `say` is called at each change for the worse or the better."""
    state: State = "enough"
    while True:
        try:
            free_bytes = shutil.disk_usage(folder).free
        except OSError as error:
            log.warning("disk_not_seen", error=type(error).__name__)
        else:
            before, state = state, state_of(free_bytes, state)
            if state != before:
                log.warning("disk_changed", state=state, free_mb=free_bytes >> 20)
                say(sentence(state, folder, free_bytes))
        await asyncio.sleep(LOOK_S)
