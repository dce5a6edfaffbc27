"""Tasks end, even those that lose a cancellation on the way."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from video_service.tasks import cancel_and_wait

pytestmark = pytest.mark.unit


async def forever(losing: int = 0) -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            losing -= 1
            if losing < 0:
                raise


async def test_tasks_end_and_what_they_raise_is_dropped() -> None:
    async def fails() -> None:
        raise ValueError

    tasks = [asyncio.create_task(forever()), asyncio.create_task(fails())]
    await asyncio.sleep(0)
    await cancel_and_wait(tasks)
    assert all(task.done() for task in tasks)


async def test_a_task_that_loses_the_first_cancellation_is_cancelled_again() -> None:
    task = asyncio.create_task(forever(losing=2))
    await asyncio.sleep(0)
    await cancel_and_wait([task])
    assert task.cancelled()


async def test_the_present_task_and_ended_ones_are_left_alone() -> None:
    ended = asyncio.create_task(asyncio.sleep(0))
    await ended
    current = asyncio.current_task()
    assert current is not None
    await cancel_and_wait([current, ended])
    await cancel_and_wait([])
    assert current.cancelling() == 0


async def test_what_had_ended_before_is_seen_too() -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    async def fails() -> None:
        raise OSError

    task = asyncio.create_task(fails())
    await asyncio.wait((task,))
    await cancel_and_wait((task,))
    del task
    gc.collect()
    assert told == []
