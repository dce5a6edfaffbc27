from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from hashlib import sha256

import pytest
from msgspec.structs import replace

from media import rpc, rpc_server
from media.plane import RpcMediaPlane
from tests.rpc_worker import Heard, RpcWorker, offer, raw, until, within
from video_service.media_plane import (
    Background,
    BackgroundKind,
    BadSdp,
    CallRoute,
    LegAnswer,
    LegEvent,
    LegRole,
    LegState,
    MediaError,
    ObjectEvent,
    PictureEvent,
    PictureState,
    Shown,
    StaleEpoch,
    UnknownLeg,
    WorkerEvent,
    WorkerUnavailable,
)

pytestmark = pytest.mark.integration


async def test_every_order_reaches_the_engine_and_its_result_comes_back(
    plane: RpcMediaPlane, worker: RpcWorker
) -> None:
    route = CallRoute(call_id="c", epoch=3, customer_leg="k", agent_leg="a")

    assert await plane.answer_leg("w-1", offer("a")) == LegAnswer(leg_id="a", sdp="answer to offer")
    await plane.answer_leg("w-1", offer("k", LegRole.CUSTOMER))
    await plane.open_call("w-1", route)
    await plane.answer_leg("w-1", offer("w", LegRole.WATCHER))
    await plane.watch_call("w-1", "c", 3, "w", seen=True)
    await plane.confirm_signer("w-1", "a")
    await plane.pause_leg("w-1", "k", paused=True)
    await plane.shown("w-1", "a", Shown(fps=30))
    counts = await plane.statistics("w-1")
    await plane.close_call("w-1", "c", 3)
    await plane.close_leg("w-1", "a")
    await plane.close_leg("w-1", "a")

    assert [each.leg_id for each in counts] == ["a", "k", "w"]
    assert (worker.engine.paused, worker.engine.reported) == ({"k": True}, [("a", Shown(fps=30))])
    assert worker.engine.orders == [
        offer("a"),
        offer("k", LegRole.CUSTOMER),
        route,
        offer("w", LegRole.WATCHER),
        ("watch", "c", 3, "w", True),
        ("confirm", "a"),
        "statistics",
        ("c", 3),
        "a",
        "a",
    ]


async def test_errors_keep_their_types_and_lose_their_texts(plane: RpcMediaPlane) -> None:
    with pytest.raises(BadSdp):
        await plane.answer_leg("w-1", offer("a", sdp="not an offer"))
    await plane.answer_leg("w-1", offer("k", LegRole.CUSTOMER))
    with pytest.raises(UnknownLeg):
        await plane.confirm_signer("w-1", "k")
    with pytest.raises(MediaError) as raised:
        await plane.answer_leg("w-1", offer("a", sdp="crash"))

    assert type(raised.value) is MediaError
    assert "crash" not in str(raised.value)


async def test_a_worker_is_brought_the_picture_that_it_does_not_have(
    make_plane: Callable[..., RpcMediaPlane], worker: RpcWorker
) -> None:
    jpeg = b"picture" * 50_000
    digest = sha256(jpeg).hexdigest()
    asked: list[str] = []

    async def find(wanted: str) -> bytes | None:
        asked.append(wanted)
        return jpeg if wanted == digest else None

    plane = make_plane(pictures=find)
    await plane.start()
    await until(lambda: bool(plane.workers()))
    engine, here = worker.engine, Background(kind=BackgroundKind.PICTURE, picture=digest)
    gone = Background(kind=BackgroundKind.PICTURE, picture="0" * 64)

    await plane.answer_leg("w-1", replace(offer("a"), background=here))
    await until(lambda: digest in engine.pictures)
    assert engine.pictures[digest] == jpeg
    await plane.set_background("w-1", "a", here)
    await plane.set_background("w-1", "a", gone)
    await until(lambda: asked == [digest, "0" * 64])
    assert engine.orders[-2:] == [("background", "a", here), ("background", "a", gone)]
    assert list(engine.pictures) == [digest]


async def test_a_picture_that_cannot_be_found_changes_nothing(
    make_plane: Callable[..., RpcMediaPlane], worker: RpcWorker
) -> None:
    tried = asyncio.Event()

    async def fail(wanted: str) -> bytes | None:
        tried.set()
        raise OSError

    plane = make_plane(pictures=fail)
    await plane.start()
    await until(lambda: bool(plane.workers()))
    wanted = Background(kind=BackgroundKind.PICTURE, picture="0" * 64)
    assert (await plane.answer_leg("w-1", replace(offer("a"), background=wanted))).needs_picture
    await within(tried.wait())
    await plane.set_background("w-1", "a", Background())
    assert worker.engine.pictures == {}


async def test_an_object_is_shown_and_told_of(plane: RpcMediaPlane, worker: RpcWorker, heard: Heard) -> None:
    await plane.answer_leg("w-1", offer("a"))
    box = (0.1, 0.2, 0.3, 0.4)
    await plane.show_object("w-1", "a", box)
    await plane.show_object("w-1", "a", None)
    with pytest.raises(UnknownLeg):
        await plane.show_object("w-1", "nobody", box)

    await until(lambda: len([event for event in heard.events if isinstance(event, ObjectEvent)]) == 2)
    told = [event.box for event in heard.events if isinstance(event, ObjectEvent)]
    assert told == [box, None]
    assert worker.engine.orders[1:3] == [("object", "a", box), ("object", "a", None)]


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
    await until(lambda: worker.engine.legs == {})


async def test_too_many_orders_at_once_are_refused(
    plane: RpcMediaPlane, worker: RpcWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpc_server, "IN_FLIGHT_LIMIT", 3)
    worker.engine.hold.clear()
    orders = [asyncio.create_task(plane.statistics("w-1")) for _ in range(5)]
    done, _ = await asyncio.wait(orders, timeout=30, return_when=asyncio.FIRST_EXCEPTION)
    assert [type(task.exception()) for task in done] == [rpc.MediaBusy] * len(done)
    worker.engine.hold.set()

    results = await asyncio.gather(*orders, return_exceptions=True)
    assert sum(isinstance(result, rpc.MediaBusy) for result in results) == 2


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
