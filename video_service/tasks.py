"""Ending tasks for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN_S = 0.2


async def cancel_and_wait(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel tasks and return when every one has ended; what they raise is dropped, the present task is left alone.

    One `cancel()` is not enough in Python 3.11: `asyncio.wait_for` loses a cancellation that comes in the same turn of
    the loop as its result, and the Redis client waits with it. So it is said again until it is heard.
    """
    current = asyncio.current_task()
    pending = {task for task in tasks if task is not current and not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=AGAIN_S)
        for task in done:
            if not task.cancelled():
                task.exception()  # marks it as seen
