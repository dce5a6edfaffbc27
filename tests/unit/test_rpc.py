from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import rpc
from video_service.errors import ServiceError
from video_service.line_quality import LineFacts
from video_service.media_plane import (
    BadBox,
    BadSdp,
    BlurFull,
    CallRoute,
    LegAnswer,
    LegEvent,
    LegRequest,
    LegRole,
    LegState,
    LegStatistics,
    LegTaken,
    LineEvent,
    MediaError,
    PictureEvent,
    PictureState,
    QualityEvent,
    Shown,
    StaleEpoch,
    UnknownLeg,
    WorkerEvent,
    WorkerFull,
    WorkerStatus,
    WorkerUnavailable,
)

pytestmark = pytest.mark.unit

STATUS = WorkerStatus(worker="w-1", legs=1, blur_legs=1, capacity=2, weights_ok=True)

ORDERS: list[rpc.Order] = [
    rpc.AnswerLeg(request=LegRequest(leg_id="l", person="p", role=LegRole.AGENT, codecs=("video/VP8",), sdp="v=0\r\n")),
    rpc.OpenCall(route=CallRoute(call_id="c", epoch=2**53 - 1, customer_leg="a", agent_leg="b")),
    rpc.CloseCall(call_id="c", epoch=0),
    rpc.WatchCall(call_id="c", epoch=2, leg_id="w"),
    rpc.CloseLeg(leg_id="l"),
    rpc.PauseLeg(leg_id="l", paused=True),
    rpc.PageShown(leg_id="l", shown=Shown(fps=29, freezes=1, frozen_ms=300)),
    rpc.Statistics(),
]

FROM_WORKER: list[rpc.FromWorker] = [
    rpc.Hello(v=1, status=STATUS),
    rpc.Reply(id=1),
    rpc.Reply(id=1, result=LegAnswer(leg_id="l", sdp="v=0")),
    rpc.Reply(id=1, result=(LegStatistics(leg_id="l", blur_ms_p95=1.5),)),
    rpc.Fault(id=1, code="bad_sdp"),
    rpc.Status(status=STATUS),
    rpc.Happened(event=LegEvent(worker="w", leg_id="l", person="p", state=LegState.FLOWING, call_id="c")),
    rpc.Happened(event=LineEvent(worker="w", leg_id="l", person="p", narrow=True, camera_fps=12)),
    rpc.Happened(event=PictureEvent(worker="w", leg_id="l", person="p", state=PictureState.SLATE, reason="late")),
    rpc.Happened(
        event=QualityEvent(
            worker="w", call_id="c", leg_id="l", person="p", role=LegRole.AGENT, word="fair", facts=LineFacts(seconds=5)
        )
    ),
    rpc.Happened(event=WorkerEvent(worker="w", alive=True)),
]


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_arrives_as_it_was_sent(order: rpc.Order) -> None:
    request = rpc.Request(id=7, limit_ms=5000, order=order)

    assert rpc.decode_request(rpc.encode(request)) == request


@pytest.mark.parametrize("message", FROM_WORKER)
def test_an_answer_arrives_as_it_was_sent(message: rpc.FromWorker) -> None:
    assert rpc.decode_from_worker(rpc.encode(message)) == message


@given(st.binary(max_size=200))
def test_any_frame_is_a_message_or_a_decode_error(frame: bytes) -> None:
    for decode in (rpc.decode_request, rpc.decode_from_worker):
        try:
            decode(frame)
        except msgspec.DecodeError:
            continue


@given(st.sampled_from(ORDERS), st.data())
def test_a_changed_frame_is_a_message_or_a_decode_error(order: rpc.Order, data: st.DataObject) -> None:
    frame = bytearray(rpc.encode(rpc.Request(id=1, limit_ms=1, order=order)))
    at = data.draw(st.integers(0, len(frame) - 1))
    frame[at] = data.draw(st.integers(0, 255))
    try:
        rpc.decode_request(bytes(frame))
    except msgspec.DecodeError:
        return


def test_a_text_frame_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        rpc.decode_request("{}")
    with pytest.raises(msgspec.DecodeError):
        rpc.decode_from_worker("{}")


@pytest.mark.parametrize(
    "kind",
    [
        *(MediaError, WorkerUnavailable, WorkerFull, BlurFull, BadBox, BadSdp, LegTaken, StaleEpoch, UnknownLeg),
        *(rpc.MediaTimeout, rpc.MediaBusy),
    ],
)
def test_an_error_keeps_its_type_over_the_wire(kind: type[MediaError]) -> None:
    found = rpc.error_of(rpc.fault_of(1, kind("with a text", leg="l")))

    assert type(found) is kind
    assert found.retryable == kind.retryable


def test_the_text_of_an_error_stays_where_it_is() -> None:
    for error in (BadSdp("the offer was canary"), RuntimeError("canary"), ServiceError("canary")):
        assert b"canary" not in rpc.encode(rpc.fault_of(1, error))


def test_what_is_no_media_error_becomes_one() -> None:
    assert type(rpc.error_of(rpc.fault_of(1, RuntimeError("x")))) is MediaError
    assert type(rpc.error_of(rpc.Fault(id=1, code="of a later version"))) is MediaError
