from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis

from media import rpc_server
from media.plane import RpcMediaPlane
from media.registry import Lease, Registry
from tests.recording_engine import RecordingEngine
from tests.rpc_worker import TOKEN, Heard, RpcWorker, offer, until, within
from video_service.media_plane import (
    WorkerEvent,
    WorkerFull,
    WorkerUnavailable,
)

pytestmark = pytest.mark.integration


ALIVE = lambda event: isinstance(event, WorkerEvent) and event.alive  # noqa: E731 - read at the call as words
LOST = lambda event: isinstance(event, WorkerEvent) and not event.alive  # noqa: E731


async def test_a_worker_is_found_and_lost(
    plane: RpcMediaPlane, heard: Heard, worker: RpcWorker, folder: Path, redis: Redis, pool: str
) -> None:
    assert await heard.until(ALIVE) == WorkerEvent(worker="w-1", alive=True)

    async with RpcWorker("w-2", folder, redis, pool, token=TOKEN):
        assert await heard.until(ALIVE) == WorkerEvent(worker="w-2", alive=True)
        assert {status.worker for status in plane.workers()} == {"w-1", "w-2"}

    assert await heard.until(LOST) == WorkerEvent(worker="w-2", alive=False)
    assert [status.worker for status in plane.workers()] == ["w-1"]


async def test_everything_that_waits_fails_at_once_when_the_worker_goes(
    plane: RpcMediaPlane, heard: Heard, worker: RpcWorker
) -> None:
    worker.engine.hold.clear()
    waiting = [asyncio.create_task(plane.statistics("w-1")) for _ in range(3)]
    await until(lambda: len(worker.engine.orders) == 3)

    await worker.cut()

    results = await within(asyncio.gather(*waiting, return_exceptions=True))
    assert [type(result) for result in results] == [WorkerUnavailable] * 3
    assert await heard.until(LOST) == WorkerEvent(worker="w-1", alive=False)
    with pytest.raises(WorkerUnavailable):
        plane.place()


async def test_a_lost_connection_to_a_living_worker_comes_back(
    plane: RpcMediaPlane, heard: Heard, worker: RpcWorker
) -> None:
    await heard.until(ALIVE)
    for node in list(worker.server._nodes):
        node.socket.transport.abort()

    await heard.until(LOST)
    await heard.until(ALIVE)
    assert [status.worker for status in plane.workers()] == ["w-1"]


async def test_another_instance_at_the_same_address_is_not_taken_for_the_old_one(
    plane: RpcMediaPlane, heard: Heard, worker: RpcWorker, redis: Redis, pool: str
) -> None:
    await heard.until(ALIVE)
    await worker.cut()
    await heard.until(LOST)
    second = RpcWorker("w-2", worker.path.parent, redis, pool, token=TOKEN)
    second.path, second.lease = worker.path, Lease(worker="w-2", address=worker.lease.address)
    worker.path.unlink(missing_ok=True)
    async with second:
        assert await heard.until(ALIVE) == WorkerEvent(worker="w-2", alive=True)
        assert [status.worker for status in plane.workers()] == ["w-2"]


async def test_a_lease_that_ends_is_forgotten(redis: Redis, pool: str) -> None:
    registry = Registry(redis, pool)
    stays, ends = Lease(worker="w-1", address="unix:/a"), Lease(worker="w-2", address="unix:/b")
    await registry.renew(stays, lease_ms=60_000)
    await registry.renew(ends, lease_ms=1)

    async with asyncio.timeout(30):
        while await registry.live() != [stays]:
            await asyncio.sleep(0.005)
    await registry.leave(stays)
    assert await registry.live() == []


async def test_a_lease_of_another_version_is_left_out(redis: Redis, pool: str) -> None:
    registry = Registry(redis, pool)
    await registry.renew(Lease(v=2, worker="w-2", address="unix:/b"))
    await redis.zadd(f"{{{pool}}}:media_workers", {"nonsense": 9e15})

    assert await registry.live() == []


async def test_leases_that_lead_nowhere_do_not_hide_the_others(
    plane: RpcMediaPlane, redis: Redis, pool: str, folder: Path
) -> None:
    addresses = ("", "unix:", "unix:/no/such.sock", "tls:", "tls:127.0.0.1:1", "tls:[", "http:a", "\0")
    for number, address in enumerate(addresses):
        await Registry(redis, pool).renew(Lease(worker=f"nowhere-{number}", address=address), lease_ms=60_000)
    await until(lambda: len(plane._links) == len(addresses) + 1)

    async with RpcWorker("w-2", folder, redis, pool, token=TOKEN):
        await until(lambda: len(plane.workers()) == 2)
    with pytest.raises(WorkerUnavailable):
        await plane.statistics("nowhere-0")


async def test_leases_that_nobody_renews_leave_nothing_behind(redis: Redis, pool: str) -> None:
    await Registry(redis, pool).renew(Lease(worker="w-1", address="unix:/a"), lease_ms=3000)

    assert 0 < await redis.pttl(f"{{{pool}}}:media_workers") <= 30_000


async def test_without_redis_the_links_stay(
    plane: RpcMediaPlane, worker: RpcWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def fails() -> list[Lease]:
        asked.set()
        raise ConnectionError

    monkeypatch.setattr(plane._registry, "live", fails)
    await within(asked.wait())
    asked.clear()
    await within(asked.wait())

    assert [status.worker for status in plane.workers()] == ["w-1"]
    assert list(await plane.statistics("w-1")) == []


async def test_the_worker_with_most_room_is_chosen(plane: RpcMediaPlane, folder: Path, redis: Redis, pool: str) -> None:
    async with RpcWorker("w-2", folder, redis, pool, token=TOKEN, capacity=3):
        await until(lambda: len(plane.workers()) == 2)
        chosen = []
        for number in range(5):
            chosen.append(plane.place())
            await plane.answer_leg(chosen[-1], offer(f"a{number}"))
        with pytest.raises(WorkerFull):
            plane.place()

        assert sorted(chosen) == ["w-1", "w-1", "w-2", "w-2", "w-2"]
        assert chosen[0] == "w-2"
        await plane.close_leg("w-1", "a3" if chosen[3] == "w-1" else "a4")
        await until(lambda: any(status.blur_legs < status.capacity for status in plane.workers()))
        assert plane.place() == "w-1"


async def test_a_leg_on_its_way_counts(plane: RpcMediaPlane, worker: RpcWorker) -> None:
    worker.engine.hold.clear()
    waiting = [asyncio.create_task(plane.answer_leg("w-1", offer(f"a{number}"))) for number in range(2)]
    await until(lambda: len(worker.engine.orders) == 2)

    with pytest.raises(WorkerFull):
        plane.place()
    worker.engine.hold.set()
    await within(asyncio.gather(*waiting))


async def test_a_worker_that_cannot_blur_is_the_last_choice(
    plane: RpcMediaPlane, folder: Path, redis: Redis, pool: str
) -> None:
    blind = RpcWorker("w-2", folder, redis, pool, token=TOKEN, capacity=100)
    blind.engine = RecordingEngine("w-2", capacity=100, weights_ok=False)
    blind.server = rpc_server.RpcServer(blind.engine, token=TOKEN)
    async with blind:
        await until(lambda: len(plane.workers()) == 2)

        assert plane.place() == "w-1"


async def test_a_draining_worker_takes_no_more_legs(plane: RpcMediaPlane, worker: RpcWorker) -> None:
    await plane.answer_leg("w-1", offer("a"))
    worker.server.drain()
    await until(lambda: plane.workers()[0].draining)

    with pytest.raises(WorkerUnavailable) as raised:
        plane.place()
    assert raised.value.code == "media_unavailable", "it is not full"
    with pytest.raises(WorkerUnavailable):
        await plane.answer_leg("w-1", offer("b"))
    await plane.close_leg("w-1", "a")
