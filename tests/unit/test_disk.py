from __future__ import annotations

import asyncio
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from video_service import disk
from video_service.tasks import cancel_and_wait

pytestmark = pytest.mark.unit

MB = 1 << 20
Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(
    ("free_mb", "before", "state"),
    [
        (2000, "enough", "enough"),
        (511, "enough", "low"),
        (600, "low", "low"),
        (641, "low", "enough"),
        (0, "low", "full"),
        (0, "enough", "full"),
        (2, "full", "low"),
        (2000, "full", "enough"),
    ],
)
def test_how_a_disk_is(free_mb: int, before: disk.State, state: disk.State) -> None:
    assert disk.state_of(free_mb * MB, before) == state


@pytest.mark.looptime
async def test_each_change_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    free = [2000, 2000, 400, 300, 0, 0, 2000]
    said: list[str] = []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, (free.pop(0) if len(free) > 1 else free[0]) * MB))

    watching = asyncio.create_task(disk.watch(Path("/data"), said.append))
    await asyncio.sleep(60)
    await cancel_and_wait([watching])

    assert said == [
        "The disk of /data has only 400 MB left. When it is full, no call can begin.",
        "The disk of /data is full: nothing can be stored, so no call can begin. Make room; it goes on then.",
        "The disk of /data has room again.",
    ]
