"""Ending tasks for certain."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

AGAIN_S = 0.2


async def cancel_and_wait(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel tasks and return when every one has ended; what they raise is dropped, the present task is left alone.

    One `cancel()` is not enough in Python 3.11: `asyncio.wait_for` loses a cancellation that comes in the same turn of
    the loop as its result, and the Redis client waits with it. So it is said again until it is heard.
    """
    current = asyncio.current_task()
    pending = {task for task in tasks if task is not current}
    _see({task for task in pending if task.done()})
    pending = {task for task in pending if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=AGAIN_S)
        _see(done)


def _see(ended: Iterable[asyncio.Future[Any]]) -> None:
    """Mark what tasks have raised as seen."""
    for task in ended:
        if not task.cancelled():
            task.exception()


@contextlib.contextmanager
def keeps_cancellation() -> Iterator[None]:
    """Raise a cancellation that the block swallowed.

    On Python 3.11 redis-py sends through `asyncio.wait_for`, which drops a cancellation that comes in the same turn as
    its result; a loop around such calls could then not be ended. (Python 3.12 mended `wait_for`.)
    """
    task = asyncio.current_task()
    before = task.cancelling() if task is not None else 0
    yield
    if task is not None and task.cancelling() > before:
        raise asyncio.CancelledError
