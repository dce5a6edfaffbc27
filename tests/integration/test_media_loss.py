"""Lost and late packets between a client and the engine: asked for again, mended, or made good by a key frame.

One call serves all tests: agent and customer, each behind a relay that does nothing until a test tells it to. How soon
and how fluently is for `benchmarks/loss.py`; this is about what is asked for, in which order, and that it goes on.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from media.engine import MediaEngine
from media.leg import Leg
from media.loss import KEY_FRAME_INTERVAL_MS, KEY_FRAME_PATIENCE_MS, MAX_GAP, MIN_NACK_INTERVAL_MS, MOST_BEFORE_MS
from tests.integration.media_peers import Client, Received, Site, loopback_settings, site, until
from tests.integration.udp_relay import Datagram, UdpRelay, nothing, random_loss
from tests.media_gate import InvertingStage
from video_service.media_plane import LegRole, LegState

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

AGENT, CUSTOMER = LegRole.AGENT, LegRole.CUSTOMER
VP8_TYPE, RTX_TYPE = 97, 98  # aiortc's own payload types
DEADLINE_S = 60.0


@dataclass(frozen=True)
class Ask:
    """What was asked for (packets, or None: a key frame), and between which two times in milliseconds.

    The engine reads its clock once and then acts; on a busy machine it may be held up in between.
    """

    from_ms: float
    to_ms: float
    lost: frozenset[int] | None

    def most_after(self, earlier: Ask) -> float:
        """Return the longest time that can lie between two readings of the engine's clock."""
        return self.to_ms - earlier.from_ms


@dataclass
class Asked:
    """What the engine asked a client for, in order."""

    entries: list[Ask] = field(default_factory=list)

    def listen(self, leg: Leg) -> None:
        again, key_frame, tick, clock = leg.ask_again, leg.ask_key_frame, leg.tick, leg.now_ms
        read_ms = clock()
        ticking = False

        def noted_now_ms() -> float:
            nonlocal read_ms
            found = clock()
            read_ms = read_ms if ticking else found
            return found

        def noted_tick(now_ms: float) -> None:
            nonlocal read_ms, ticking
            read_ms, ticking = now_ms, True
            try:
                tick(now_ms)
            finally:
                ticking = False

        def ask_again(ssrc: int, lost: list[int], since_ms: float | None = None) -> None:
            self.entries.append(Ask(read_ms, clock(), frozenset(number & 0xFFFF for number in lost)))
            again(ssrc, lost, since_ms)

        def ask_key_frame(ssrc: int) -> None:
            self.entries.append(Ask(read_ms, clock(), None))
            key_frame(ssrc)

        leg.now_ms, leg.tick = noted_now_ms, noted_tick  # type: ignore[method-assign]
        leg.ask_again, leg.ask_key_frame = ask_again, ask_key_frame  # type: ignore[method-assign]

    def packets(self, sequence: int) -> list[Ask]:
        """Return each time that packet `sequence` was asked for."""
        return [ask for ask in self.entries if ask.lost is not None and sequence in ask.lost]

    def key_frames(self) -> list[Ask]:
        return [ask for ask in self.entries if ask.lost is None]


def apart(asks: list[Ask], least_ms: float) -> bool:
    """Whether so much time can have been left between each two."""
    return all(after.most_after(before) >= least_ms for before, after in itertools.pairwise(asks))


@dataclass
class Line:
    """The call, and what lies between its people and the engine."""

    place: Site
    relays: dict[LegRole, UdpRelay]
    clients: dict[LegRole, Client]
    asked: dict[LegRole, Asked]

    def leg(self, role: LegRole) -> Leg:
        return self.place.engine._legs[role.value]

    def seen(self, of: LegRole) -> Received:
        """Return what the other person sees of this one."""
        return self.clients[AGENT].slots[1] if of is CUSTOMER else self.clients[CUSTOMER].slots[0]

    async def goes_on(self, *, of: LegRole, count: int = 10) -> None:
        received = self.seen(of)
        more = len(received.pictures) + count
        await until(lambda: len(received.pictures) >= more, f"{count} more pictures", DEADLINE_S)


@dataclass
class OnePacket:
    """Loses the next packet of a camera or towards it, and what is sent again for it while `also_again`."""

    to_engine: bool
    also_again: bool = False
    sequence: int | None = None

    def __call__(self, datagram: Datagram) -> bool:
        packet = datagram.packet
        if packet is None or datagram.to_engine is not self.to_engine:
            return False
        if packet.payload_type == VP8_TYPE and self.sequence is None and packet.marker:
            self.sequence = packet.sequence
            return True
        again = packet.payload_type == RTX_TYPE or packet.sequence == self.sequence
        return self.also_again and again


@dataclass
class Outage:
    """Loses so many packets of a camera one after the other, and what is sent again for them."""

    count: int
    last: int = 0

    def __call__(self, datagram: Datagram) -> bool:
        packet = datagram.packet
        if packet is None or not datagram.to_engine or not self.count:
            return False
        if packet.payload_type == VP8_TYPE:
            self.count, self.last = self.count - 1, packet.sequence
        return packet.payload_type in (VP8_TYPE, RTX_TYPE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole() -> AsyncIterator[Line]:
    relays = {AGENT: UdpRelay(), CUSTOMER: UdpRelay()}
    async with site(MediaEngine(loopback_settings(), InvertingStage)) as place:
        clients = {}
        for role, first in ((AGENT, 1000), (CUSTOMER, 2000)):
            await relays[role].open()
            clients[role] = await place.join(
                role.value, role, first=first, codec="video/VP8", change_answer=relays[role].through
            )
        await place.call("call", clients[CUSTOMER], clients[AGENT])
        line = Line(place, relays, clients, {AGENT: Asked(), CUSTOMER: Asked()})
        for role, asked in line.asked.items():
            asked.listen(line.leg(role))
        yield line
    for relay in relays.values():
        relay.close()


@pytest_asyncio.fixture(loop_scope="module")
async def line(whole: Line) -> Line:
    """The call, flowing both ways, with nothing missing and nothing written down."""
    for relay in whole.relays.values():
        relay.lose, relay.delay_ms, relay.dead, relay.lost = nothing, 0.0, False, 0
    await whole.goes_on(of=AGENT)
    await whole.goes_on(of=CUSTOMER)
    for client in whole.clients.values():
        for slot in client.slots:
            slot.clear()
    for asked in whole.asked.values():
        asked.entries.clear()
    return whole


async def lose_one(line: Line, behind: LegRole, lose: OnePacket) -> int:
    """Lose one packet and return its sequence number."""
    line.relays[behind].lose = lose
    await until(lambda: lose.sequence is not None, "the loss", DEADLINE_S)
    assert lose.sequence is not None
    return lose.sequence


@pytest.mark.parametrize("sender", [AGENT, CUSTOMER])
async def test_a_packet_lost_on_the_way_up_is_asked_for_and_the_picture_goes_on(line: Line, sender: LegRole) -> None:
    lost = await lose_one(line, sender, OnePacket(to_engine=True))
    asked = line.asked[sender]
    await until(lambda: asked.packets(lost), "it was asked for", DEADLINE_S)
    await line.goes_on(of=sender)

    assert asked.entries[0].lost == frozenset({lost}), "it alone, and first"
    assert line.relays[sender].lost == 1
    reception = line.leg(sender).picture_reception
    assert reception is not None
    assert reception.loss_share > 0


async def test_what_a_customer_lost_is_mended_on_its_way_through(line: Line) -> None:
    await lose_one(line, CUSTOMER, OnePacket(to_engine=True))
    await line.goes_on(of=CUSTOMER)

    def nothing_is_missing() -> bool:
        numbers = sorted({packet.sequence_number for packet in line.seen(CUSTOMER).packets})
        return numbers == list(range(numbers[0], numbers[-1] + 1))

    await until(nothing_is_missing, "all of it in the end", DEADLINE_S)


@pytest.mark.parametrize("receiver", [AGENT, CUSTOMER])
async def test_a_packet_lost_on_the_way_down_comes_from_the_history(line: Line, receiver: LegRole) -> None:
    slots = line.leg(receiver).slots
    before = sum(slot.resent for slot in slots)
    await lose_one(line, receiver, OnePacket(to_engine=False))
    await until(lambda: sum(slot.resent for slot in slots) > before, "it was sent again", DEADLINE_S)
    await line.goes_on(of=CUSTOMER if receiver is AGENT else AGENT)

    assert line.relays[receiver].lost == 1


async def test_five_in_a_hundred_lost_both_ways_at_80_ms_round_trip(line: Line) -> None:
    relay, asked = line.relays[AGENT], line.asked[AGENT]
    relay.delay_ms, relay.lose = 40, random_loss(0.05)
    await line.goes_on(of=AGENT, count=60)
    await until(lambda: relay.lost > 10, "enough is lost", DEADLINE_S)
    await until(lambda: asked.entries, "something is asked for", DEADLINE_S)
    await line.goes_on(of=AGENT)

    assert apart(asked.key_frames(), KEY_FRAME_INTERVAL_MS)
    assert line.leg(AGENT).round_trip_ms > 0
    assert line.clients[AGENT].slots[0].packets, "the agent's own preview, too"


@pytest.mark.parametrize("sender", [AGENT, CUSTOMER])
async def test_what_follows_a_gap_too_large_to_mend_begins_with_a_key_frame_that_is_asked_for_at_once(
    line: Line, sender: LegRole
) -> None:
    lose, leg, came_until = Outage(MAX_GAP), line.leg(sender), []
    ask = leg.ask_key_frame

    def ask_key_frame(ssrc: int) -> None:
        assert leg.picture_reception is not None
        came_until.append(leg.picture_reception.highest)
        ask(ssrc)

    leg.ask_key_frame = ask_key_frame  # type: ignore[method-assign]
    line.relays[sender].lose = lose
    await until(lambda: not lose.count, "the end of the outage", DEADLINE_S)
    await until(lambda: came_until, "a key frame was asked for", DEADLINE_S)
    await line.goes_on(of=sender)
    leg.ask_key_frame = ask  # type: ignore[method-assign]

    assert (came_until[0] - lose.last) & 0xFFFF == 1, "at the first packet that came"
    assert apart(line.asked[sender].key_frames(), KEY_FRAME_INTERVAL_MS)


async def test_a_network_that_is_gone_for_a_moment_is_noticed_and_so_is_its_return(line: Line) -> None:
    states, agent, customer = line.place.states, line.leg(AGENT), line.leg(CUSTOMER)
    told, told_of_agent = len(states("customer")), len(states("agent"))
    line.relays[CUSTOMER].dead = True
    customer._silence_ms = 1000
    await until(lambda: LegState.SILENT in states("customer")[told:], "silence", DEADLINE_S)
    heard, previews = agent.packets_in, len(line.clients[AGENT].slots[0].pictures)
    await until(lambda: agent.packets_in > heard + 10, "the agent is heard meanwhile", DEADLINE_S)
    await until(lambda: len(line.clients[AGENT].slots[0].pictures) > previews, "the agent's preview", DEADLINE_S)
    of_agent = states("agent")[told_of_agent:]
    customer._silence_ms = agent._silence_ms
    line.relays[CUSTOMER].dead = False
    await until(lambda: states("customer")[-1] is LegState.RESUMED, "its end", DEADLINE_S)
    await line.goes_on(of=CUSTOMER)

    assert LegState.SILENT not in of_agent, "whose line is dead is silent, and nobody else"
    assert line.clients[CUSTOMER].connection.connectionState == "connected"


# Last, for aiortc's own receiver takes seconds to recover when a forwarded packet is gone for good.
@pytest.mark.parametrize("sender", [AGENT, CUSTOMER])
async def test_a_packet_lost_for_good_is_asked_for_again_and_then_a_key_frame_is(line: Line, sender: LegRole) -> None:
    lose = OnePacket(to_engine=True, also_again=True)
    lost = await lose_one(line, sender, lose)
    asked = line.asked[sender]
    await until(asked.key_frames, "a key frame was asked for", DEADLINE_S)
    if sender is AGENT:
        await line.goes_on(of=sender)
    nacks, key_frames = asked.packets(lost), asked.key_frames()

    assert asked.entries[0].lost == frozenset({lost})
    assert len(nacks) > 1, "more than once"
    assert apart(nacks, MIN_NACK_INTERVAL_MS)
    patience_ms = KEY_FRAME_PATIENCE_MS - MOST_BEFORE_MS
    assert key_frames[0].most_after(nacks[0]) >= patience_ms, "not before it was in vain"
    assert apart(key_frames, KEY_FRAME_INTERVAL_MS)


async def test_a_key_frame_is_asked_for_to_the_millisecond_and_not_at_the_next_tick_only(line: Line) -> None:
    """A request that misses a picture of the camera costs one more: here there is no tick at all."""
    ticker = line.place.engine._ticker
    assert ticker is not None
    await asyncio.sleep(KEY_FRAME_INTERVAL_MS / 1000)  # no request of before stands in the way
    ticker.cancel()
    await asyncio.wait([ticker])
    await lose_one(line, AGENT, OnePacket(to_engine=True, also_again=True))
    await until(line.asked[AGENT].key_frames, "a key frame was asked for", DEADLINE_S)
    await line.goes_on(of=AGENT)
