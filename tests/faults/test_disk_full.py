"""The disk under Valkey is full: what the service says, what it keeps, and that it goes on when there is room again."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.running_service import ANSWER_S, RunningService

pytestmark = pytest.mark.faults

DISK_MB = 8


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of a few megabytes, which only root can make."""
    if os.geteuid() != 0:
        pytest.skip("a small disk can be mounted by root only")
    with tempfile.TemporaryDirectory(prefix="vs-") as name:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=0700", "disk", name], check=True)
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "--lazy", name], check=True)


def fill(disk: Path) -> Path:
    """Leave no byte free."""
    path = disk / "filler"
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return path


def write_on(store: redis.Redis) -> None:
    for number in range(1000):
        store.set("lost", "x" * 4096 + str(number))


def answer(service: RunningService, path: str) -> tuple[int, str]:
    """Return the status and what is wrong, 0 when there is no answer."""
    try:
        with urllib.request.urlopen(service.address + path, timeout=ANSWER_S) as told:
            return told.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, str(json.load(error).get("error", ""))
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)


def test_a_full_disk_is_said_loses_nothing_and_ends_with_the_room(small_disk: Path) -> None:
    with RunningService(small_disk) as service:
        names = [f"kept{number}" for number in range(200)]
        with service.store() as store:
            assert all(store.set(name, name) for name in names)
        assert "has only" in "\n".join(service.said), "said while there is still room"

        filler = fill(small_disk)
        with service.store() as store, pytest.raises(redis.RedisError):
            write_on(store)
        service.until(lambda: any("is full: nothing can be stored" in line for line in service.said))
        service.until(lambda: answer(service, "/api/service") == (503, "store_unavailable"))

        assert answer(service, "/healthz")[0] == 200, "the pages' node lives, and pages can say what is wrong"
        filler.unlink()
        service.until(lambda: service.get("/readyz") == 200)
        with service.store() as store:
            assert store.mget(names) == names
            assert store.set("again", "1")
        service.until(service.has_media)
        service.until(lambda: any("has only" in line for line in service.said[-3:]))
        assert service.stop() == 0
