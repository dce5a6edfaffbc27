"""Each process of a running service is killed or stopped: it comes back, and what was acknowledged is there."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.running_service import RunningService, is_gone

pytestmark = pytest.mark.faults


@pytest.fixture
def service() -> Iterator[RunningService]:
    with tempfile.TemporaryDirectory(prefix="vs-") as name, RunningService(Path(name)) as running:
        yield running


def keep(service: RunningService, value: str) -> None:
    with service.store() as store:
        assert store.set("kept", value)


def kept(service: RunningService) -> str | None:
    with service.store() as store:
        found = store.get("kept")
    assert found is None or isinstance(found, str)
    return found


def came_back(service: RunningService, child: str) -> bool:
    return service.times_ready(child) == 2


def test_the_web_node_comes_back_at_the_same_address(service: RunningService) -> None:
    keep(service, "1")
    worker = service.events("worker_ready")[-1]["worker"]

    os.kill(service.pid("web"), signal.SIGKILL)

    service.until(lambda: service.times_ready("web") == 2)
    assert service.get("/readyz") == 200
    assert kept(service) == "1"
    # The worker never noticed: media flows while the web node is away.
    assert [line["worker"] for line in service.events("worker_reached")] == [worker, worker]
    assert service.times_ready("media 1") == 1
    assert service.stop() == 0


def test_a_worker_comes_back_as_another_worker(service: RunningService) -> None:
    os.kill(service.pid("media 1"), signal.SIGKILL)

    service.until(lambda: len(service.events("worker_reached")) == 2)
    first, second = (line["worker"] for line in service.events("worker_reached"))
    assert first != second
    assert [line["worker"] for line in service.events("worker_lost")] == [first]
    service.until(lambda: service.get("/readyz") == 200)
    assert service.times_ready("web") == 1
    assert service.stop() == 0


def test_valkey_comes_back_with_everything_that_it_acknowledged(service: RunningService) -> None:
    with service.store() as store:
        assert all(store.set(f"kept{number}", number) for number in range(500))

    os.kill(service.pid("valkey"), signal.SIGKILL)

    service.until(lambda: service.times_ready("valkey") == 2)
    with service.store() as store:
        assert store.mget([f"kept{number}" for number in range(500)]) == [str(number) for number in range(500)]
    service.until(lambda: service.get("/readyz") == 200)
    assert service.times_ready("web") == 1
    assert service.times_ready("media 1") == 1
    assert service.stop() == 0


def test_all_three_at_once(service: RunningService) -> None:
    keep(service, "1")
    for child in ("valkey", "media 1", "web"):
        os.kill(service.pid(child), signal.SIGKILL)

    for child in ("valkey", "media 1", "web"):
        service.until(partial(came_back, service, child))
    service.until(lambda: service.get("/readyz") == 200)
    assert kept(service) == "1"
    assert service.stop() == 0


def test_a_killed_supervisor_leaves_nobody_behind_and_the_next_start_works_at_once(service: RunningService) -> None:
    keep(service, "1")
    pids = [service.pid(child) for child in ("valkey", "media 1", "web")]

    service.process.kill()
    service.process.wait()

    with RunningService(service.data) as second:
        assert kept(second) == "1"
        assert second.get("/readyz") == 200
        second.until(lambda: all(is_gone(pid) for pid in pids))
        assert second.stop() == 0


def test_a_worker_that_stands_still_is_given_up_and_taken_again(service: RunningService) -> None:
    worker = service.pid("media 1")
    os.kill(worker, signal.SIGSTOP)
    try:
        service.until(lambda: service.events("worker_lost"))
        service.until(lambda: service.get("/readyz") == 503)
    finally:
        os.kill(worker, signal.SIGCONT)

    service.until(lambda: service.get("/readyz") == 200)
    assert service.times_ready("media 1") == 1
    assert service.stop() == 0


@pytest.mark.parametrize("child", ["web", "media 1", "valkey"])
def test_a_child_that_stands_still_does_not_hold_up_the_end(service: RunningService, child: str) -> None:
    os.kill(service.pid(child), signal.SIGSTOP)

    assert service.stop() == 0
    assert [line["child"] for line in service.events("child_killed")] == [child]
