"""A line that carries less and less: the blurred picture gets smaller, then slower, and the line's end is told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from media.agent_leg import AgentLeg
from media.blur_leg import BlurLeg
from media.engine import MediaEngine
from media.fitting import NARROW_RATE
from tests.integration.media_peers import Camera, loopback_settings, site, until
from tests.integration.udp_relay import Datagram, UdpRelay
from tests.media_gate import InvertingStage
from video_service.media_plane import LegRole, LineEvent

pytestmark = pytest.mark.integration

PATIENCE_S = 60.0
NARROW_BPS = 60_000


class Stamps:
    """Notes the time stamps of pictures that go to the client; loses nothing."""

    def __init__(self) -> None:
        self.since = -1
        self.seen: set[int] = set()

    def __call__(self, datagram: Datagram) -> bool:
        packet = datagram.packet
        if packet is not None and not datagram.to_engine and packet.timestamp > self.since:
            self.seen.add(packet.timestamp)
        return False

    def begin_again(self) -> None:
        """Forget what was seen, and what is sent again of it."""
        self.since = max(self.seen, default=-1)
        self.seen.clear()


async def test_size_goes_first_then_the_rate_and_who_is_on_the_line_is_told() -> None:
    engine = MediaEngine(loopback_settings(start_bitrate_kbps=450), InvertingStage)
    relay, stamps = UdpRelay(), Stamps()
    await relay.open()
    try:
        async with site(engine) as place:
            agent = await place.join("agent", LegRole.AGENT)
            silent = Camera()
            silent.paused = True
            customer = await place.join("customer", LegRole.CUSTOMER, camera=silent, change_answer=relay.through)
            await place.call("call", customer, agent)
            await until(lambda: customer.slots[0].pictures, "the agent is seen")
            assert customer.slots[0].pictures[0][1].shape == (480, 640)

            relay.lose, relay.bps = stamps, NARROW_BPS
            await until(lambda: lines(place.told, "customer"), "the line is told to be narrow", PATIENCE_S)
            event = lines(place.told, "customer")[0]
            assert event.person == "person-customer"
            assert (event.narrow, event.camera_fps) == (True, 0), "the way back says nothing of the camera"
            blur = blurred(engine, "agent")
            await until(lambda: blur.line_rate == NARROW_RATE, "few pictures", PATIENCE_S)
            assert blur.pixels < 640 * 480 // 2
            stamps.begin_again()
            await until(lambda: len(stamps.seen) >= 15, "fifteen pictures more", PATIENCE_S)
            sent = sorted(stamps.seen)
            assert (sent[-1] - sent[0]) / (len(sent) - 1) > 90_000 / (NARROW_RATE + 2)
    finally:
        relay.close()


def blurred(engine: MediaEngine, leg_id: str) -> BlurLeg:
    leg = engine._legs[leg_id]
    assert isinstance(leg, AgentLeg)
    return leg.blur


def lines(told: Sequence[object], leg_id: str) -> list[LineEvent]:
    """Return what was told of this leg's line; on a busy machine the others may seem narrow, too."""
    return [event for event in told if isinstance(event, LineEvent) and event.leg_id == leg_id]
