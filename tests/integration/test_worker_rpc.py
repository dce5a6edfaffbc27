from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import os
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from redis.asyncio import Redis
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from media import rpc, rpc_server
from media.plane import RpcMediaPlane
from media.registry import Lease, Registry
from tests.recording_engine import RecordingEngine
from tests.rpc_worker import Heard, RpcWorker, until, within
from video_service.media_plane import (
    BadSdp,
    CallRoute,
    Candidate,
    LegAnswer,
    LegEvent,
    LegRequest,
    LegRole,
    LegState,
    MediaError,
    PictureEvent,
    PictureState,
    StaleEpoch,
    UnknownLeg,
    WorkerEvent,
    WorkerUnavailable,
)

pytestmark = pytest.mark.integration

TOKEN = "t" * 40
ALIVE = lambda event: isinstance(event, WorkerEvent) and event.alive  # noqa: E731 - read at the call as words
LOST = lambda event: isinstance(event, WorkerEvent) and not event.alive  # noqa: E731


def offer(leg: str, role: LegRole = LegRole.AGENT, sdp: str = "offer") -> LegRequest:
    return LegRequest(leg_id=leg, person=f"p-{leg}", role=role, codecs=("video/VP8",), sdp=sdp)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="rpc-") as name:
        yield Path(name)


@pytest.fixture
async def worker(folder: Path, redis: Redis, pool: str) -> AsyncIterator[RpcWorker]:
    async with RpcWorker("w-1", folder, redis, pool, token=TOKEN) as started:
        yield started


@pytest.fixture
async def make_plane(redis: Redis, pool: str) -> AsyncIterator[Callable[..., RpcMediaPlane]]:
    made: list[RpcMediaPlane] = []

    def make(timeout_s: float = 5.0, token: str = TOKEN, tls: ssl.SSLContext | None = None) -> RpcMediaPlane:
        made.append(RpcMediaPlane(Registry(redis, pool), token=token, tls=tls, timeout_s=timeout_s))
        return made[-1]

    yield make
    for plane in made:
        await plane.close()


@pytest.fixture
async def plane(make_plane: Callable[..., RpcMediaPlane], worker: RpcWorker) -> RpcMediaPlane:
    found = make_plane()
    await found.start()
    await until(lambda: bool(found.workers()))
    return found


@pytest.fixture
async def heard(plane: RpcMediaPlane) -> AsyncIterator[Heard]:
    reader = Heard(plane)
    yield reader
    await reader.close()


async def raw(worker: RpcWorker, *, token: str = TOKEN, protocol: str = rpc.SUBPROTOCOL) -> ClientConnection:
    return await unix_connect(
        str(worker.path),
        "ws://worker/",
        subprotocols=[Subprotocol(protocol)],
        additional_headers={"Authorization": f"Bearer {token}"},
        compression=None,
    )


# ---------------------------------------------------------------- orders


async def test_every_order_reaches_the_engine_and_its_result_comes_back(
    plane: RpcMediaPlane, worker: RpcWorker
) -> None:
    route = CallRoute(call_id="c", epoch=3, customer_leg="k", agent_leg="a")
    candidate = Candidate(candidate="candidate:1", sdp_mid="0")

    assert await plane.answer_leg("w-1", offer("a")) == LegAnswer(leg_id="a", sdp="answer to offer")
    await plane.answer_leg("w-1", offer("k", LegRole.CUSTOMER))
    await plane.add_candidate("w-1", "a", candidate)
    await plane.open_call("w-1", route)
    counts = await plane.statistics("w-1")
    await plane.close_call("w-1", "c", 3)
    await plane.close_leg("w-1", "a")
    await plane.close_leg("w-1", "a")

    assert [each.leg_id for each in counts] == ["a", "k"]
    assert worker.engine.orders == [
        offer("a"),
        offer("k", LegRole.CUSTOMER),
        ("a", candidate),
        route,
        "statistics",
        ("c", 3),
        "a",
        "a",
    ]


async def test_errors_keep_their_types_and_lose_their_texts(plane: RpcMediaPlane) -> None:
    with pytest.raises(BadSdp):
        await plane.answer_leg("w-1", offer("a", sdp="not an offer"))
    with pytest.raises(UnknownLeg):
        await plane.add_candidate("w-1", "nobody", Candidate(candidate=""))
    with pytest.raises(MediaError) as raised:
        await plane.answer_leg("w-1", offer("a", sdp="crash"))

    assert type(raised.value) is MediaError
    assert "crash" not in str(raised.value)


async def test_an_old_epoch_is_refused(plane: RpcMediaPlane) -> None:
    await plane.close_call("w-1", "c", 5)

    with pytest.raises(StaleEpoch):
        await plane.close_call("w-1", "c", 4)


async def test_an_unknown_worker_is_unavailable(plane: RpcMediaPlane) -> None:
    with pytest.raises(WorkerUnavailable):
        await plane.statistics("w-2")


async def test_orders_do_not_wait_for_one_another(plane: RpcMediaPlane, worker: RpcWorker) -> None:
    worker.engine.hold.clear()
    slow = asyncio.create_task(plane.answer_leg("w-1", offer("a")))
    await within(worker.engine.reached.wait())
    worker.engine.hold.set()
    worker.engine.reached.clear()

    assert await within(plane.statistics("w-1")) is not None
    assert (await within(slow)).leg_id == "a"


async def test_a_worker_that_does_not_answer_is_given_up_in_time(
    make_plane: Callable[..., RpcMediaPlane], worker: RpcWorker
) -> None:
    plane = make_plane(timeout_s=0.2)
    await plane.start()
    await until(lambda: bool(plane.workers()))
    worker.engine.hold.clear()

    with pytest.raises(rpc.MediaTimeout):
        await within(plane.close_leg("w-1", "a"))


async def test_a_leg_whose_answer_nobody_waited_for_is_closed(
    make_plane: Callable[..., RpcMediaPlane], worker: RpcWorker
) -> None:
    plane = make_plane()
    await plane.start()
    await until(lambda: bool(plane.workers()))
    worker.engine.hold.clear()
    waiting = asyncio.create_task(plane.answer_leg("w-1", offer("a")))
    await within(worker.engine.reached.wait())
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    worker.engine.hold.set()

    await until(lambda: "a" in worker.engine.orders)
    assert worker.engine.legs == {}


async def test_too_many_orders_at_once_are_refused(
    plane: RpcMediaPlane, worker: RpcWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpc_server, "IN_FLIGHT_LIMIT", 3)
    worker.engine.hold.clear()
    orders = [asyncio.create_task(plane.statistics("w-1")) for _ in range(5)]
    done, _ = await asyncio.wait(orders, timeout=10, return_when=asyncio.FIRST_EXCEPTION)
    assert [type(task.exception()) for task in done] == [rpc.MediaBusy] * len(done)
    worker.engine.hold.set()

    results = await asyncio.gather(*orders, return_exceptions=True)
    assert sum(isinstance(result, rpc.MediaBusy) for result in results) == 2


# ---------------------------------------------------------------- workers come and go


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

    async with asyncio.timeout(5):
        while await registry.live() != [stays]:
            await asyncio.sleep(0.005)
    await registry.leave(stays)
    assert await registry.live() == []


async def test_a_lease_of_another_version_is_left_out(redis: Redis, pool: str) -> None:
    registry = Registry(redis, pool)
    await registry.renew(Lease(v=2, worker="w-2", address="unix:/b"))
    await redis.zadd(f"{{{pool}}}:media_workers", {"nonsense": 9e15})

    assert await registry.live() == []


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


# ---------------------------------------------------------------- choosing a worker


async def test_the_worker_with_most_room_is_chosen(plane: RpcMediaPlane, folder: Path, redis: Redis, pool: str) -> None:
    async with RpcWorker("w-2", folder, redis, pool, token=TOKEN, capacity=3):
        await until(lambda: len(plane.workers()) == 2)
        chosen = []
        for number in range(5):
            chosen.append(plane.place())
            await plane.answer_leg(chosen[-1], offer(f"a{number}"))
        with pytest.raises(WorkerUnavailable):
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

    with pytest.raises(WorkerUnavailable):
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

    with pytest.raises(WorkerUnavailable):
        plane.place()
    with pytest.raises(WorkerUnavailable):
        await plane.answer_leg("w-1", offer("b"))
    await plane.close_leg("w-1", "a")


# ---------------------------------------------------------------- events


async def test_events_reach_every_node(
    plane: RpcMediaPlane, make_plane: Callable[..., RpcMediaPlane], worker: RpcWorker
) -> None:
    second = make_plane()
    await second.start()
    await until(lambda: len(second.workers()) == 1)
    readers = [Heard(plane), Heard(second)]
    event = PictureEvent(worker="w-1", leg_id="a", person="p", state=PictureState.PROTECTED, reason="late")

    worker.engine.tell(event)

    try:
        for reader in readers:
            assert await reader.until(lambda each: isinstance(each, PictureEvent)) == event
    finally:
        for reader in readers:
            await reader.close()


async def test_a_node_that_comes_later_hears_the_last_of_each_leg(
    make_plane: Callable[..., RpcMediaPlane], worker: RpcWorker
) -> None:
    def leg(name: str, state: LegState) -> LegEvent:
        return LegEvent(worker="w-1", leg_id=name, person="p", state=state)

    picture = PictureEvent(worker="w-1", leg_id="a", person="p", state=PictureState.CLEAR)
    for event in (
        leg("a", LegState.CONNECTED),
        picture,
        leg("b", LegState.CONNECTED),
        leg("a", LegState.FLOWING),
        leg("b", LegState.CLOSED),
    ):
        worker.engine.tell(event)
    await until(worker.engine._events.empty)

    plane = make_plane()
    await plane.start()
    reader = Heard(plane)
    try:
        found = [await reader.until(lambda _: True) for _ in range(4)]
    finally:
        await reader.close()
    assert found[0] == WorkerEvent(worker="w-1", alive=True)
    assert found[1] == leg("b", LegState.CLOSED)
    assert set(found[2:]) == {leg("a", LegState.FLOWING), picture}


async def test_a_node_that_does_not_read_is_cut_and_the_worker_lives(
    worker: RpcWorker, plane: RpcMediaPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpc_server, "OUTGOING_LIMIT", 8)
    silent = await raw(worker)
    silent.transport.pause_reading()
    event = PictureEvent(worker="w-1", leg_id="a", person="p" * 50_000, state=PictureState.CLEAR)
    reader = Heard(plane)
    try:
        for _ in range(200):
            worker.engine.tell(event)
            await reader.until(lambda each: isinstance(each, PictureEvent))
        await until(lambda: len(worker.server._nodes) == 1)
        assert list(await plane.statistics("w-1")) == []
    finally:
        await reader.close()
        silent.transport.abort()
        await silent.wait_closed()


# ---------------------------------------------------------------- who may give orders


async def test_a_wrong_token_is_refused(worker: RpcWorker, make_plane: Callable[..., RpcMediaPlane]) -> None:
    for token in ("", "t" * 39, "x" * 40, "Bearer", "é" * 20):
        with pytest.raises(InvalidStatus) as raised:
            await raw(worker, token=token)
        assert raised.value.response.status_code == 401
    assert worker.engine.orders == []

    stranger = make_plane(token="x" * 40)
    await stranger.start()
    await until(lambda: bool(stranger._links))
    assert stranger.workers() == []


async def test_another_version_is_refused(worker: RpcWorker) -> None:
    with pytest.raises(InvalidStatus) as raised:
        await raw(worker, protocol="video-service.media.0")

    assert raised.value.response.status_code == 400


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xc1",
        b"\x80",
        "{}",
        os.urandom(64),
        rpc.encode(rpc.Reply(id=1)),
        rpc.encode(rpc.Request(id=1, limit_ms=1, order=rpc.Statistics())).replace(b"statistics", b"shutdown!!"),
        rpc.encode(rpc.Request(id=1, limit_ms=1, order=rpc.CloseLeg(leg_id="abcd"))).replace(
            b"abcd", b"\xff\xfe\xfd\xfc"
        ),
    ],
)
async def test_an_unreadable_frame_ends_its_connection_only(
    worker: RpcWorker, plane: RpcMediaPlane, frame: bytes | str
) -> None:
    await plane.answer_leg("w-1", offer("a"))
    stranger = await raw(worker)
    await stranger.recv()
    await stranger.send(frame)

    await within(stranger.wait_closed())
    assert stranger.close_code == rpc.CloseCode.BAD_FRAME
    assert worker.engine.orders == [offer("a")]
    assert len(await plane.statistics("w-1")) == 1


async def test_a_frame_that_is_too_large_ends_its_connection_only(worker: RpcWorker, plane: RpcMediaPlane) -> None:
    stranger = await raw(worker)
    await stranger.send(b"\x00" * (rpc.MAX_FRAME_BYTES + 1))

    await within(stranger.wait_closed())
    assert stranger.close_code == 1009
    assert list(await plane.statistics("w-1")) == []


async def test_between_machines_orders_travel_encrypted(
    folder: Path, redis: Redis, pool: str, make_plane: Callable[..., RpcMediaPlane]
) -> None:
    certificate, key = certificate_for_loopback(folder)
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_side.load_cert_chain(certificate, key)
    worker = RpcWorker("w-tls", folder, redis, pool, token=TOKEN)
    await worker.serve_tls(server_side)
    trusting = make_plane(tls=ssl.create_default_context(cafile=str(certificate)))
    doubting = make_plane(tls=ssl.create_default_context())
    try:
        for plane in (trusting, doubting):
            await plane.start()
        await until(lambda: bool(trusting.workers()) and bool(doubting._links))

        assert await trusting.answer_leg("w-tls", offer("a")) == LegAnswer(leg_id="a", sdp="answer to offer")
        assert doubting.workers() == []
    finally:
        await trusting.close()
        await doubting.close()
        await worker.__aexit__()


def certificate_for_loopback(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "worker")])
    now = dt.datetime.now(tz=dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "cert.pem", folder / "key.pem"
    certificate_file.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file


# ---------------------------------------------------------------- the end


async def test_close_may_be_called_twice_and_ends_the_events(plane: RpcMediaPlane) -> None:
    events = plane.events()
    assert isinstance(await within(anext(events)), WorkerEvent)

    await plane.close()
    await plane.close()

    with contextlib.suppress(StopAsyncIteration):
        while True:
            await within(anext(events))
    with pytest.raises(WorkerUnavailable):
        await plane.statistics("w-1")
