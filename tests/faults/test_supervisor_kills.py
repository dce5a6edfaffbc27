"""Each process of a running service is killed or stopped: it comes back, and what was acknowledged is there."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running_service import RunningService, is_gone, run_command

pytestmark = pytest.mark.faults

CHILDREN = ("valkey", "media 1", "web")


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningService]:
    """One service for every test that leaves it as it was."""
    with tempfile.TemporaryDirectory(prefix="vs-") as name, RunningService(Path(name)) as running:
        yield running
        assert running.stop() == 0


@pytest.fixture
def service(shared: RunningService) -> RunningService:
    """The shared service when all is well again, and when all that it logged until then has been read."""
    shared.until(shared.has_media)
    shared.until(lambda: shared.events("worker_reached") and _newest(shared, "reached") == _newest(shared, "ready"))
    return shared


def _newest(service: RunningService, what: str) -> str:
    return str(service.events(f"worker_{what}")[-1]["worker"])


@pytest.fixture
def own_service() -> Iterator[RunningService]:
    with tempfile.TemporaryDirectory(prefix="vs-") as name, RunningService(Path(name)) as running:
        yield running


class Watch:
    """How often things happened since the watch began."""

    def __init__(self, service: RunningService) -> None:
        self._service = service
        self._began = len(service.log)

    def workers(self, event: str) -> list[str]:
        return [line["worker"] for line in self._service.log[self._began :] if line["event"] == event]

    def times_ready(self, child: str) -> int:
        lines = self._service.log[self._began :]
        return sum(line["event"] == "child_ready" and line["child"] == child for line in lines)


def keep(service: RunningService, value: str) -> None:
    with service.store() as store:
        assert store.set("kept", value)


def kept(service: RunningService) -> str | None:
    with service.store() as store:
        found = store.get("kept")
    assert found is None or isinstance(found, str)
    return found


def test_the_web_node_comes_back_at_the_same_address(service: RunningService) -> None:
    keep(service, "web")
    worker = service.events("worker_ready")[-1]["worker"]
    watch = Watch(service)

    os.kill(service.pid("web"), signal.SIGKILL)

    service.until(lambda: watch.times_ready("web"))
    service.until(service.has_media)
    service.until(lambda: watch.workers("worker_reached"))
    assert kept(service) == "web"
    # The worker never noticed: media flows while the web node is away.
    assert watch.workers("worker_reached") == [worker]
    assert watch.times_ready("media 1") == 0


def test_a_worker_comes_back_as_another_worker(service: RunningService) -> None:
    first = service.events("worker_ready")[-1]["worker"]
    watch = Watch(service)

    os.kill(service.pid("media 1"), signal.SIGKILL)

    # Two processes log this, and the lines of one may overtake those of the other.
    service.until(lambda: watch.workers("worker_reached") and watch.workers("worker_ready"))
    assert watch.workers("worker_lost") == [first]
    assert watch.workers("worker_reached") == watch.workers("worker_ready") != [first]
    service.until(service.has_media)
    assert watch.times_ready("web") == 0


def test_valkey_comes_back_with_everything_that_it_acknowledged(service: RunningService) -> None:
    names = [f"kept{number}" for number in range(500)]
    with service.store() as store:
        assert all(store.set(name, name) for name in names)
    watch = Watch(service)

    os.kill(service.pid("valkey"), signal.SIGKILL)

    service.until(lambda: watch.times_ready("valkey"))
    with service.store() as store:
        assert store.mget(names) == names
    service.until(service.has_media)
    assert (watch.times_ready("web"), watch.times_ready("media 1")) == (0, 0)


def test_all_three_at_once(service: RunningService) -> None:
    keep(service, "all")
    watch = Watch(service)
    for child in CHILDREN:
        os.kill(service.pid(child), signal.SIGKILL)

    service.until(lambda: all(watch.times_ready(child) for child in CHILDREN))
    service.until(service.has_media)
    service.until(lambda: watch.workers("worker_reached"))
    assert kept(service) == "all"


def test_a_worker_that_stands_still_is_given_up_and_taken_again(service: RunningService) -> None:
    worker = service.pid("media 1")
    watch = Watch(service)
    os.kill(worker, signal.SIGSTOP)
    try:
        service.until(lambda: watch.workers("worker_lost"))
        assert not service.has_media()
        assert service.get("/readyz") == 200  # people can still wait
    finally:
        os.kill(worker, signal.SIGCONT)

    service.until(service.has_media)
    service.until(lambda: watch.workers("worker_reached"))
    assert watch.times_ready("media 1") == 0


def test_a_second_service_on_the_same_data_is_a_sentence(service: RunningService) -> None:
    second = run_command("run", "--port", "0", "--data", str(service.data))

    assert second.returncode == 1
    assert second.stderr.strip() == f"Another video service runs on the data folder {service.data.resolve()}."
    assert second.stdout == ""
    assert service.get("/healthz") == 200


def test_a_killed_supervisor_leaves_nobody_behind_and_the_next_start_works_at_once(
    own_service: RunningService,
) -> None:
    keep(own_service, "supervisor")
    pids = [own_service.pid(child) for child in CHILDREN]

    own_service.process.kill()
    own_service.process.wait()

    with RunningService(own_service.data) as second:
        assert kept(second) == "supervisor"
        second.until(second.has_media)  # `ready` is said without a worker, too, where one is slow to start
        second.until(lambda: all(is_gone(pid) for pid in pids))
        assert second.stop() == 0


@pytest.mark.parametrize("children", [("web", "media 1"), ("valkey",)], ids=" and ".join)
def test_children_that_stand_still_do_not_hold_up_the_end(
    own_service: RunningService, children: tuple[str, ...]
) -> None:
    for child in children:
        os.kill(own_service.pid(child), signal.SIGSTOP)

    assert own_service.stop() == 0
    assert {line["child"] for line in own_service.events("child_killed")} >= set(children)
