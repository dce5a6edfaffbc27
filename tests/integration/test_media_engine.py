"""Two people through one engine, over real sockets: who sees what, and who never sees what."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from collections.abc import AsyncIterator, Callable
from unittest import mock

import numpy as np
import pytest
from aiortc.codecs import depayload
from aiortc.rtcrtpparameters import RTCRtpCodecParameters

from media.engine import EVENT_LIMIT, MediaEngine
from media.negotiation import H264
from media.rtp_packet import RtpPacket
from tests.integration.media_peers import (
    HEIGHT,
    Camera,
    Client,
    Site,
    as_drawn,
    card,
    inverted,
    loopback_settings,
    since,
    site,
    some,
    two,
    until,
    upright,
    within,
)
from tests.media_gate import InvertingStage
from video_service.media_plane import (
    Background,
    BadSdp,
    CallRoute,
    LegRequest,
    LegRole,
    LegState,
    MediaError,
    PictureEvent,
    PictureState,
    StaleEpoch,
    UnknownLeg,
    WorkerFull,
    WorkerUnavailable,
)

pytestmark = pytest.mark.integration

AGENT, CUSTOMER = LegRole.AGENT, LegRole.CUSTOMER
BOTH_CODECS = pytest.mark.parametrize("codec", ["video/VP8", "video/H264"])


@pytest.fixture
async def place() -> AsyncIterator[Site]:
    async with site(MediaEngine(loopback_settings(capacity=3), InvertingStage, worker="w-1")) as made:
        yield made


# Pictures and sound


@BOTH_CODECS
async def test_an_agent_alone_sees_the_own_picture_as_others_will(place: Site, codec: str) -> None:
    agent = await place.join("agent", AGENT, first=1000, codec=codec)
    await some(agent.slots[0], 10)

    assert within(inverted(agent.slots[0]), 1000)
    assert agent.slots[1].packets == []
    assert place.states("agent", "") == [LegState.CONNECTED, LegState.FLOWING]


@BOTH_CODECS
async def test_in_a_call_each_sees_the_other(place: Site, codec: str) -> None:
    customer, agent = await two(place, codec)
    await place.call("call", customer, agent)
    for received in (customer.slots[0], agent.slots[1]):
        await some(received, 20)

    assert within(inverted(customer.slots[0]), 1000)
    assert within(upright(agent.slots[1]), 2000)
    assert place.states("customer", "call") == [LegState.FLOWING]
    assert place.states("agent", "call") == [LegState.FLOWING]
    assert [received.packets for received in (*customer.slots[1:], agent.slots[2])] == [[], [], []]


async def test_people_with_different_codecs_meet_in_the_one_that_both_have(place: Site) -> None:
    agent = await place.join("agent", AGENT, first=1000)
    await some(agent.slots[0], 3)
    customer = await place.join("customer", CUSTOMER, first=2000, codec="video/H264")
    await place.call("call", customer, agent)
    for received in (customer.slots[0], agent.slots[1]):
        await some(received, 10)
    agent.slots[0].clear()
    await some(agent.slots[0], 10)

    assert within(inverted(customer.slots[0]), 1000)
    assert within(upright(agent.slots[1]), 2000)
    assert within(inverted(agent.slots[0]), 1000), "the preview goes on in the other codec"


async def test_without_a_common_codec_there_is_no_call(place: Site) -> None:
    agent = await place.join("agent", AGENT, codec="video/VP8")
    customer = await place.join("customer", CUSTOMER, codec="video/H264")

    with pytest.raises(MediaError):
        await place.call("call", customer, agent)
    assert agent.slots[1].packets == []


@BOTH_CODECS
async def test_a_customers_frames_arrive_byte_for_byte(place: Site, codec: str) -> None:
    customer, agent = await two(place, codec)
    sent: list[bytes] = []
    leg = place.engine._legs["customer"]
    receive = leg.received

    def note(packet: RtpPacket) -> None:
        sent.append(packet.payload)
        receive(packet)

    leg.received = note  # type: ignore[method-assign]
    await place.call("call", customer, agent)
    await until(lambda: len(agent.slots[1].packets) > 100, "100 packets")

    parameters = RTCRtpCodecParameters(mimeType=codec, clockRate=90_000)
    came = [depayload(parameters, packet.payload) for packet in agent.slots[1].packets]
    left = [depayload(parameters, payload) for payload in sent if payload]
    start = left.index(came[0])
    assert came[:100] == left[start : start + 100]


async def test_sound_goes_both_ways(place: Site) -> None:
    customer, agent = await two(place, pitch=True)
    await place.call("call", customer, agent)
    await until(lambda: len(customer.sound.packets) > 20 and len(agent.sound.packets) > 20, "sound both ways")

    assert {packet.payload_type for packet in customer.sound.packets} == {96}


async def test_no_raw_pixel_of_the_agent_reaches_anybody(place: Site) -> None:
    """The stage inverts: every picture of every viewer, the first included, must be the drawn card turned over."""
    agent = await place.join("agent", AGENT, first=1000)
    await some(agent.slots[0], 5)
    viewers = [agent.slots[0]]
    for index in range(3):
        customer = await place.join(f"customer-{index}", CUSTOMER, first=2000)
        await place.call(f"call-{index}", customer, agent)
        await some(customer.slots[0], 5)
        await place.engine.close_call(f"call-{index}", 1)
        viewers.append(customer.slots[0])

    for viewer in viewers:
        for number, (_, luma) in zip(inverted(viewer), viewer.pictures, strict=True):
            seen, raw = as_drawn(luma).astype(int), card(number)[:HEIGHT].astype(int)
            assert np.abs(seen - (255 - raw)).mean() < 15
            assert np.abs(seen - raw).mean() > 50


async def test_a_call_may_be_opened_before_its_customer_is_connected(place: Site) -> None:
    agent = await place.join("agent", AGENT, first=1000)
    customer = Client("customer", CUSTOMER, camera=Camera(first=2000), pitch_hz=0, codec="")
    place.clients.append(customer)
    answer = await place.engine.answer_leg(customer.request(await customer.offer()))
    await place.call("call", customer, agent)
    await some(agent.slots[0], 10)
    await customer.accept(answer.sdp)
    for received in (customer.slots[0], agent.slots[1]):
        await some(received)

    assert within(inverted(customer.slots[0]), 1000)
    assert within(upright(agent.slots[1]), 2000)
    assert place.states("customer", "call") == [LegState.CONNECTED, LegState.FLOWING]


async def test_a_client_that_wants_to_begin_the_handshake_may(place: Site) -> None:
    agent = await place.join("agent", AGENT, change_offer=lambda offer: offer.replace("actpass", "active"))
    await some(agent.slots[0])


# Swaps, ends and fences


async def test_a_customer_who_comes_back_takes_the_old_legs_place(place: Site) -> None:
    customer, agent = await two(place)
    await place.call("call", customer, agent)
    await some(agent.slots[1])
    back = await place.join("customer-2", CUSTOMER, first=3000)
    before = len(agent.slots[0].pictures)
    await place.call("call", back, agent, epoch=2)
    sent = place.engine._legs["customer"].slots[0].packets
    await some(back.slots[0])
    agent.slots[1].clear()
    await until(lambda: len(since(upright(agent.slots[1]), 3000)) >= 10, "the new customer")

    assert within(since(upright(agent.slots[1]), 3000), 3000)
    assert place.engine._legs["customer"].slots[0].packets == sent, "nothing goes to the old leg any more"
    assert len(agent.slots[0].pictures) > before
    assert "agent" in place.engine._legs
    numbers = [packet.sequence_number for packet in agent.slots[1].packets]
    assert all((later - earlier) & 0xFFFF == 1 for earlier, later in itertools.pairwise(numbers))


async def test_an_agent_who_comes_back_takes_the_old_legs_place(place: Site) -> None:
    customer, agent = await two(place)
    await place.call("call", customer, agent)
    await some(customer.slots[0])
    back = await place.join("agent-2", AGENT, first=4000)
    await place.call("call", customer, back, epoch=2)
    await until(lambda: within(inverted(customer.slots[0], last=1), 4000), "the new agent")
    await some(back.slots[1])

    assert within(upright(back.slots[1]), 2000)


async def test_parting_is_at_once_and_the_agents_leg_lives_on(place: Site) -> None:
    customer, agent = await two(place, pitch=True)
    await place.call("call", customer, agent)
    await some(customer.slots[0])
    await some(agent.slots[1])
    await place.engine.close_call("call", 1)
    leg = place.engine._legs
    sent = [leg["customer"].slots[0].packets, leg["agent"].slots[1].packets]
    previews = len(agent.slots[0].pictures)
    await until(lambda: len(agent.slots[0].pictures) > previews + 10, "the preview goes on")

    assert [leg["customer"].slots[0].packets, leg["agent"].slots[1].packets] == sent
    assert place.states("agent")[-1] is not LegState.CLOSED


async def test_opening_twice_changes_nothing(place: Site) -> None:
    customer, agent = await two(place)
    await place.call("call", customer, agent)
    await some(customer.slots[0])
    for _ in range(3):
        await place.call("call", customer, agent)
    await place.call("call", customer, agent, epoch=5)
    await some(customer.slots[0], 20)

    assert place.states("customer", "call") == [LegState.FLOWING]


async def test_stale_requests_are_refused_and_change_nothing(place: Site) -> None:
    customer, agent = await two(place)
    await place.call("call", customer, agent, epoch=5)
    await some(customer.slots[0])
    with pytest.raises(StaleEpoch):
        await place.engine.close_call("call", 4)
    with pytest.raises(StaleEpoch):
        await place.call("call", customer, agent, epoch=4)
    more = len(customer.slots[0].pictures) + 5
    await some(customer.slots[0], more)
    await place.engine.close_call("call", 6)
    with pytest.raises(StaleEpoch):
        await place.call("call", customer, agent, epoch=6)


async def test_a_leg_in_another_call_leaves_it_first(place: Site) -> None:
    customer, agent = await two(place)
    other = await place.join("other", CUSTOMER, first=5000)
    await place.call("one", customer, agent)
    await some(customer.slots[0])
    await place.call("two", other, agent)
    await some(other.slots[0])
    sent = place.engine._legs["customer"].slots[0].packets
    agent.slots[1].clear()
    await until(lambda: len(since(upright(agent.slots[1]), 5000)) >= 10, "the second customer")

    assert place.engine._legs["customer"].slots[0].packets == sent, "the first customer sees nothing more"
    assert within(since(upright(agent.slots[1]), 5000), 5000)


async def test_two_calls_see_nothing_of_each_other(place: Site) -> None:
    people = []
    for index in range(2):
        agent = await place.join(f"agent-{index}", AGENT, first=1000 + 1000 * index, pitch_hz=300)
        customer = await place.join(f"customer-{index}", CUSTOMER, first=11_000 + 1000 * index, pitch_hz=300)
        people.append((customer, agent))
    for index, (customer, agent) in enumerate(people):
        await place.call(f"call-{index}", customer, agent)
    for customer, agent in people:
        await some(customer.slots[0], 15)
        await some(agent.slots[1], 15)

    for index, (customer, agent) in enumerate(people):
        assert within(inverted(customer.slots[0]), 1000 + 1000 * index)
        assert within(upright(agent.slots[1]), 11_000 + 1000 * index)


@pytest.mark.parametrize("who", ["customer", "agent"])
async def test_one_leg_that_goes_does_not_touch_the_other(place: Site, who: str) -> None:
    customer, agent = await two(place)
    await place.call("call", customer, agent)
    await some(customer.slots[0])
    gone, stays = (customer, agent) if who == "customer" else (agent, customer)
    await gone.connection.close()
    await until(lambda: LegState.CLOSED in place.states(gone.leg_id), "its end is told")

    assert place.states(gone.leg_id, "call")[-1] is LegState.CLOSED
    assert LegState.CLOSED not in place.states(stays.leg_id)
    assert set(place.engine._legs) == {stays.leg_id}
    if who == "customer":
        previews = len(agent.slots[0].pictures)
        await until(lambda: len(agent.slots[0].pictures) > previews + 5, "the preview goes on")


async def test_closing_a_leg_twice_is_no_error_and_told_once(place: Site) -> None:
    await place.join("agent", AGENT)
    await place.engine.close_leg("agent")
    await place.engine.close_leg("agent")

    assert place.states("agent").count(LegState.CLOSED) == 1
    assert place.engine.status().legs == 0


@pytest.mark.parametrize("where", ["packet", "report", "tick"])
async def test_a_fault_in_one_leg_is_nobody_elses(place: Site, where: str) -> None:
    customer, agent = await two(place)
    await place.call("call", customer, agent)
    other = await place.join("other", CUSTOMER, pitch_hz=300)
    leg = place.engine._legs["other"]
    raised: list[str] = []

    def fault(*_: object, **__: object) -> None:
        raised.append(where)
        raise ZeroDivisionError

    setattr(leg, {"packet": "received", "report": "reported", "tick": "tick"}[where], fault)
    await until(lambda: len(raised) > 2, "faults")
    for received in (customer.slots[0], agent.slots[1]):
        await some(received, len(received.pictures) + 10)
    await place.engine.close_leg("other")

    assert place.states("other")[-1] is LegState.CLOSED
    assert other.leg_id not in place.engine._legs


# States


async def test_silence_and_its_end_are_told_once_each(place: Site) -> None:
    camera = Camera()
    await place.join("customer", CUSTOMER, camera=camera)
    leg = place.engine._legs["customer"]
    await until(lambda: leg.packets_in > 10, "it sends")
    camera.paused = True
    await until(lambda: leg.now_ms() - (leg._heard_ms or 0.0) > 500, "what was under way has come")
    leg._silence_ms = 500
    await until(lambda: LegState.SILENT in place.states("customer"), "silence")
    for _ in range(3):
        leg.tick(leg.now_ms() + 10_000)
    leg._silence_ms = 30_000  # from here on a machine that is busy for a moment is no silence
    camera.paused = False
    await until(lambda: LegState.RESUMED in place.states("customer"), "its end")
    more = leg.packets_in + 10
    await until(lambda: leg.packets_in > more, "it goes on")

    assert place.states("customer") == [LegState.CONNECTED, LegState.SILENT, LegState.RESUMED]


async def test_the_state_of_the_picture_is_told_with_its_reason(place: Site) -> None:
    await place.join("agent", AGENT)
    await until(lambda: any(isinstance(event, PictureEvent) for event in place.told), "a picture event")

    assert [event for event in place.told if isinstance(event, PictureEvent)] == [
        PictureEvent(
            worker="w-1", leg_id="agent", person="person-agent", state=PictureState.PROTECTED, reason="no_mask"
        )
    ]


async def test_statistics_count_what_passed(place: Site) -> None:
    customer, agent = await two(place)
    await place.call("call", customer, agent)
    for received in (customer.slots[0], agent.slots[1]):
        await some(received, 45)
    await until(lambda: place.engine._legs["customer"]._known_round_trip_ms() is not None, "a round trip")
    # Those of the last moment: for a moment a busy machine may make no picture.
    legs = [place.engine._legs[name] for name in ("customer", "agent")]
    await until(lambda: all(min(leg.statistics().fps_in, leg.statistics().fps_out) > 0 for leg in legs), "both flow")
    counts = {entry.leg_id: entry for entry in await place.engine.statistics()}

    assert counts["customer"].call_id == counts["agent"].call_id == "call"
    assert counts["customer"].frames_in > 30
    assert counts["customer"].frames_out >= 45
    assert counts["agent"].frames_blurred_whole > 45
    for counted in counts.values():
        assert counted.octets_in > 10_000
        assert counted.octets_out > 10_000
        assert counted.fps_in > 0
        assert counted.fps_out > 0
        assert 0 <= counted.freezes_in <= counted.frames_in
        assert 0 <= counted.freezes_out <= counted.frames_out
    assert 0 < counts["agent"].blur_ms_p95 <= counts["agent"].delay_ms_p95, "the blur is part of the delay"
    assert 0 < counts["agent"].delay_ms_p50 <= counts["agent"].delay_ms_p95
    assert counts["agent"].frames_out > counts["customer"].frames_out
    # A mean may lie above its p95 when one picture takes long; no blur takes longer than what it is part of.
    assert 0 < counts["agent"].blur_ms_mean <= counts["agent"].delay_ms_p95
    assert 0 < counts["customer"].round_trip_ms < 10_000
    assert counts["customer"].loss_share == 0


async def test_this_is_me_reaches_the_stage_of_that_agent_alone() -> None:
    stages: list[InvertingStage] = []

    def stage() -> InvertingStage:
        stages.append(InvertingStage())
        return stages[-1]

    async with site(MediaEngine(loopback_settings(), stage)) as place:
        for name, role in (("one", AGENT), ("two", AGENT), ("customer", CUSTOMER)):
            await place.join(name, role)
        await place.engine.confirm_signer("two")
        assert [made.confirmed for made in stages] == [0, 1]
        with pytest.raises(UnknownLeg):
            await place.engine.confirm_signer("customer")
        await place.engine.close_leg("two")
        with pytest.raises(UnknownLeg):
            await place.engine.confirm_signer("two")
        assert [made.confirmed for made in stages] == [0, 1]


# Admission and bad input


async def test_a_full_worker_refuses_agents(place: Site) -> None:
    for index in range(3):
        await place.join(f"agent-{index}", AGENT)

    with pytest.raises(WorkerFull):
        await place.join("one-too-many", AGENT)
    await place.join("customer", CUSTOMER)
    status = place.engine.status()
    assert (status.legs, status.blur_legs, status.capacity) == (4, 3, 3)
    await place.engine.close_leg("agent-0")
    await place.join("agent-3", AGENT)


async def test_a_stage_that_comes_too_late_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    come, closed = threading.Event(), threading.Event()

    class Late(InvertingStage):
        def close(self) -> None:
            super().close()
            closed.set()

    def make() -> Late:
        come.wait(60)
        return Late()

    monkeypatch.setattr("media.leg_maker.STAGE_TIMEOUT_S", 0.05)
    async with site(MediaEngine(loopback_settings(), make, worker="w-1")) as place:
        with pytest.raises((MediaError, TimeoutError)):
            await place.join("agent", AGENT)
        come.set()
        await until(closed.is_set, "the late stage closed")
        assert place.engine.status().blur_legs == 0


async def test_the_stage_of_a_leg_that_cannot_be_made_is_closed() -> None:
    closed = threading.Event()

    class Unwilling(InvertingStage):
        def set_background(self, background: Background, /) -> None:
            raise RuntimeError("no background today")

        def close(self) -> None:
            closed.set()

    async with site(MediaEngine(loopback_settings(), Unwilling, worker="w-1")) as place:
        with pytest.raises(RuntimeError):
            await place.join("agent", AGENT)
        await until(closed.is_set, "its stage closed", 30)
        assert (place.engine.status().legs, place.engine.status().blur_legs) == (0, 0)


async def test_a_leg_that_exists_is_not_made_again(place: Site) -> None:
    await place.join("agent", AGENT)

    with pytest.raises(MediaError):
        await place.join("agent", AGENT)
    assert place.engine.status().legs == 1


@pytest.mark.parametrize(
    "damage", [lambda offer: "", lambda offer: offer[:400], lambda offer: offer.replace("a=mid", "a=dim")]
)
async def test_bad_offers_are_refused_and_touch_nobody(place: Site, damage: Callable[[str], str]) -> None:
    agent = await place.join("agent", AGENT)
    for role in (AGENT, CUSTOMER):
        with pytest.raises(BadSdp):
            await place.join(f"bad-{role}", role, change_offer=damage)
    previews = len(agent.slots[0].pictures)
    await some(agent.slots[0], previews + 5)

    assert place.engine.status().legs == 1


async def test_roles_are_not_mixed_up(place: Site) -> None:
    customer, agent = await two(place)

    with pytest.raises(UnknownLeg):
        await place.call("call", agent, customer)
    with pytest.raises(UnknownLeg):
        await place.call("call", customer, customer)
    with pytest.raises(UnknownLeg):
        await place.engine.open_call(CallRoute(call_id="c", epoch=1, customer_leg="nobody", agent_leg="agent"))


async def test_a_closed_engine_takes_nobody(place: Site) -> None:
    await place.join("agent", AGENT)
    await place.engine.close()
    await place.engine.close()

    with pytest.raises(WorkerUnavailable):
        await place.engine.answer_leg(LegRequest(leg_id="x", person="p", role=AGENT, codecs=(), sdp=""))
    assert place.states("agent")[-1] is LegState.CLOSED


async def test_an_agents_h264_camera_is_decoded(place: Site) -> None:
    agent = await place.join("agent", AGENT, first=1000, codec="video/H264")
    await some(agent.slots[0], 5)

    camera = place.engine._legs["agent"]._camera  # type: ignore[attr-defined]
    assert camera._assembler.codec == H264


async def test_events_that_nobody_reads_are_bounded(place: Site) -> None:
    engine = MediaEngine(loopback_settings(), InvertingStage)
    agent = await place.join("agent", AGENT)
    leg = place.engine._legs[agent.leg_id]
    for _ in range(2 * EVENT_LIMIT):
        engine._state_changed(leg, LegState.SILENT)
    await engine.close()

    assert len([event async for event in engine.events()]) == EVENT_LIMIT - 1


async def test_a_certificate_that_ends_soon_is_replaced(place: Site) -> None:
    first = place.engine._maker.certificate()
    assert place.engine._maker.certificate() is first, "one for the whole process"
    soon = dt.datetime.now(tz=dt.UTC) + dt.timedelta(hours=20)
    with mock.patch.object(type(first), "expires", new_callable=mock.PropertyMock, return_value=soon):
        second = place.engine._maker.certificate()

    assert second is not first
    await place.join("agent", AGENT)
