"""Lost and late packets between a client and the engine: asked for again, mended, or made good by a key frame."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from media.engine import MediaEngine
from tests.integration.media_peers import Client, Received, Site, loopback_settings, site, until
from tests.integration.udp_relay import Datagram, Lose, UdpRelay, nothing, random_loss
from tests.media_gate import InvertingStage
from video_service.media_plane import LegRole, LegState, LegStatistics

pytestmark = pytest.mark.integration

AGENT, CUSTOMER = LegRole.AGENT, LegRole.CUSTOMER
VP8_TYPE, RTX_TYPE = 97, 98  # aiortc's own payload types


@pytest.fixture
async def place() -> AsyncIterator[Site]:
    async with site(MediaEngine(loopback_settings(media_silence_ms=400), InvertingStage)) as made:
        yield made


@pytest.fixture
async def relay() -> AsyncIterator[UdpRelay]:
    made = UdpRelay()
    await made.open()
    yield made
    made.close()


def one_packet(*, to_engine: bool, also_repairs: Callable[[], bool] = lambda: False) -> Lose:
    """Lose the tenth packet with a marker that passes, and retransmissions for as long as told."""
    state = {"seen": 0}

    def lose(datagram: Datagram) -> bool:
        packet = datagram.packet
        if packet is None or datagram.to_engine is not to_engine:
            return False
        if packet.payload_type == RTX_TYPE:
            return also_repairs()
        if packet.payload_type == VP8_TYPE and packet.marker:
            state["seen"] += 1
            return state["seen"] == 10
        return False

    return lose


async def connected(place: Site, relay: UdpRelay, behind: LegRole) -> tuple[Client, Client]:
    """Join two people in a call, one of them behind the relay."""
    clients = {}
    for role, first in ((AGENT, 1000), (CUSTOMER, 2000)):
        change = relay.through if role is behind else _as_it_is
        clients[role] = await place.join(role.value, role, first=first, codec="video/VP8", change_answer=change)
    await place.call("call", clients[CUSTOMER], clients[AGENT])
    await goes_on(clients[CUSTOMER].slots[0], 15)
    await goes_on(clients[AGENT].slots[1], 15)
    return clients[CUSTOMER], clients[AGENT]


def _as_it_is(answer: str) -> str:
    return answer


async def goes_on(received: Received, count: int = 30, deadline_s: float = 15.0) -> None:
    more = len(received.pictures) + count
    await until(lambda: len(received.pictures) >= more, f"{count} more pictures", deadline_s)


async def counts(place: Site, leg_id: str) -> LegStatistics:
    return next(entry for entry in await place.engine.statistics() if entry.leg_id == leg_id)


async def test_a_packet_lost_on_the_agents_uplink_is_sent_again(place: Site, relay: UdpRelay) -> None:
    customer, _ = await connected(place, relay, AGENT)
    before = await counts(place, "agent")
    relay.lose = one_packet(to_engine=True)
    await goes_on(customer.slots[0])
    after = await counts(place, "agent")

    assert relay.lost == 1
    assert after.nacks_sent > before.nacks_sent
    assert after.plis_sent == before.plis_sent, "no key frame was needed"
    assert after.loss_share > 0


async def test_when_it_is_lost_for_good_a_key_frame_follows(place: Site, relay: UdpRelay) -> None:
    customer, agent = await connected(place, relay, AGENT)
    before = await counts(place, "agent")
    relay.lose = one_packet(to_engine=True, also_repairs=lambda: True)
    await until(lambda: relay.lost >= 1, "the loss")
    leg = place.engine._legs["agent"]
    await until(lambda: leg.plis_sent > before.plis_sent, "a request for a key frame", 2)
    await goes_on(customer.slots[0], deadline_s=3)
    await goes_on(agent.slots[0], deadline_s=3)

    assert leg.plis_sent == before.plis_sent + 1


async def test_a_packet_lost_on_the_customers_uplink_is_mended_on_its_way_through(place: Site, relay: UdpRelay) -> None:
    _, agent = await connected(place, relay, CUSTOMER)
    before = await counts(place, "customer")
    agent.slots[1].clear()
    relay.lose = one_packet(to_engine=True)
    await goes_on(agent.slots[1])
    after = await counts(place, "customer")

    assert after.nacks_sent > before.nacks_sent
    assert after.plis_sent == before.plis_sent
    numbers = sorted({packet.sequence_number for packet in agent.slots[1].packets})
    assert numbers == list(range(numbers[0], numbers[-1] + 1)), "nothing is missing in the end"


async def test_a_forwarded_packet_lost_for_good_leads_to_a_key_frame(place: Site, relay: UdpRelay) -> None:
    await connected(place, relay, CUSTOMER)
    leg = place.engine._legs["customer"]
    before = leg.plis_sent
    relay.lose = one_packet(to_engine=True, also_repairs=lambda: True)
    await until(lambda: leg.plis_sent > before, "a request for a key frame", 3)


@pytest.mark.parametrize("behind", [AGENT, CUSTOMER])
async def test_a_packet_lost_on_the_way_down_comes_from_the_history(
    place: Site, relay: UdpRelay, behind: LegRole
) -> None:
    customer, agent = await connected(place, relay, behind)
    received = customer.slots[0] if behind is CUSTOMER else agent.slots[1]
    relay.lose = one_packet(to_engine=False)
    leg = place.engine._legs[behind.value]
    await until(lambda: any(slot.resent for slot in leg.slots), "it was sent again")
    await goes_on(received)

    assert relay.lost == 1


async def test_five_in_a_hundred_lost_both_ways_at_80_ms_round_trip(place: Site, relay: UdpRelay) -> None:
    relay.delay_ms = 40
    customer, agent = await connected(place, relay, AGENT)
    relay.lose = random_loss(0.05)
    # How fluent it stays is for the benchmark: on a busy machine this test asks only that it goes on.
    await goes_on(customer.slots[0], 120, deadline_s=60)
    found = await counts(place, "agent")

    assert relay.lost > 10
    assert found.round_trip_ms >= 60
    assert agent.slots[0].packets


async def test_a_network_that_is_gone_for_a_moment_is_noticed_and_so_is_its_return(
    place: Site, relay: UdpRelay
) -> None:
    customer, agent = await connected(place, relay, CUSTOMER)
    relay.dead = True
    await until(lambda: place.states("customer")[-1] is LegState.SILENT, "silence")
    previews = len(agent.slots[0].pictures)
    relay.dead = False
    await until(lambda: place.states("customer")[-1] is LegState.RESUMED, "its end")
    relay.lose = nothing
    await goes_on(agent.slots[0], 5)

    assert LegState.SILENT not in place.states("agent")
    assert len(agent.slots[0].pictures) > previews
    assert customer.connection.connectionState == "connected"
