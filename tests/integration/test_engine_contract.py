"""What the RPC expects of an engine, held against the real one and against the recorder that tests use for it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from media.rpc_server import Engine
from media.worker import make_engine
from tests.recording_engine import RecordingEngine
from tests.rpc_worker import within
from video_service.media_plane import (
    Background,
    BadSdp,
    CallRoute,
    LegRequest,
    LegRole,
    MediaError,
    StaleEpoch,
    UnknownLeg,
    WorkerStatus,
    WorkerUnavailable,
)
from video_service.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture(params=["real", "recorder"])
async def engine(request: pytest.FixtureRequest, weights_dir: object) -> AsyncIterator[Engine]:
    settings = Settings(media_bind=("127.0.0.1",), capacity=2, weights_dir=str(weights_dir))
    made: Engine = make_engine(settings, "w-1") if request.param == "real" else RecordingEngine("w-1", capacity=2)
    yield made
    await made.close()


def offer(role: LegRole, sdp: str) -> LegRequest:
    return LegRequest(leg_id="l", person="p", role=role, codecs=("video/VP8",), sdp=sdp)


async def test_an_engine_begins_empty(engine: Engine) -> None:
    assert engine.status() == WorkerStatus(worker="w-1", legs=0, blur_legs=0, capacity=2, weights_ok=True)
    assert list(await engine.statistics()) == []


@pytest.mark.parametrize("role", LegRole)
async def test_what_is_no_offer_is_refused_and_leaves_nothing(engine: Engine, role: LegRole) -> None:
    with pytest.raises(BadSdp):
        await engine.answer_leg(offer(role, "not an offer"))

    assert engine.status().legs == 0


async def test_legs_that_are_not_there_are_refused(engine: Engine) -> None:
    with pytest.raises(UnknownLeg):
        await engine.confirm_signer("nobody")
    with pytest.raises(UnknownLeg):
        await engine.set_background("nobody", Background())
    with pytest.raises(UnknownLeg):
        await engine.show_object("nobody", (0.1, 0.1, 0.2, 0.2))
    with pytest.raises(UnknownLeg):
        await engine.open_call(CallRoute(call_id="c", epoch=1, customer_leg="k", agent_leg="a"))


async def test_a_call_that_is_not_open_cannot_be_watched(engine: Engine) -> None:
    with pytest.raises(MediaError):
        await engine.watch_call("c", 1, "nobody")
    await engine.close_call("c", 3)
    with pytest.raises(StaleEpoch):
        await engine.watch_call("c", 2, "nobody")


async def test_closing_what_is_not_there_is_no_error(engine: Engine) -> None:
    await engine.close_leg("nobody")
    await engine.close_call("c", 1)
    await engine.close_call("c", 1)


async def test_an_older_epoch_is_refused_for_opening_and_closing(engine: Engine) -> None:
    await engine.close_call("c", 5)

    with pytest.raises(StaleEpoch):
        await engine.close_call("c", 4)
    with pytest.raises(StaleEpoch):
        await engine.open_call(CallRoute(call_id="c", epoch=4, customer_leg="k", agent_leg="a"))
    await engine.close_call("another", 1)


async def test_a_call_that_could_not_be_opened_is_not_fenced(engine: Engine) -> None:
    with pytest.raises(UnknownLeg):
        await engine.open_call(CallRoute(call_id="c", epoch=9, customer_leg="k", agent_leg="a"))

    await engine.close_call("c", 8)


async def test_closing_ends_the_events_and_may_be_done_twice(engine: Engine) -> None:
    await engine.close()
    await engine.close()

    async def read() -> list[object]:
        return [event async for event in engine.events()]

    assert await within(read()) == []
    with pytest.raises(WorkerUnavailable):
        await engine.answer_leg(offer(LegRole.CUSTOMER, "offer"))
