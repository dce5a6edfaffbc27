"""Further people in a call: a watcher and a second agent, whom the first two do not notice, and what each sees."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

import pytest
from aiortc.rtp import RtpPacket

from media.depacketize_vp8 import parse_vp8, vp8_starts_key_frame
from media.engine import MediaEngine
from media.forwarder import HISTORY
from media.wiring import MAX_GUESTS
from tests.integration.media_peers import (
    Client,
    Received,
    Site,
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
from video_service.media_plane import LegRole, LegState, LegTaken, MediaError, StaleEpoch, UnknownLeg

pytestmark = pytest.mark.integration

AGENT, CUSTOMER, WATCHER = LegRole.AGENT, LegRole.CUSTOMER, LegRole.WATCHER


@pytest.fixture
async def place() -> AsyncIterator[Site]:
    async with site(MediaEngine(loopback_settings(capacity=3), InvertingStage, worker="w-1")) as made:
        yield made


async def in_call(place: Site) -> tuple[Client, Client]:
    """Two people whose pictures have been flowing for a while."""
    customer, agent = await two(place, codec="video/VP8")
    await place.call("call", customer, agent)
    for received in (customer.slots[0], agent.slots[1]):
        await some(received, 10)
    return customer, agent


async def watch(place: Site, leg_id: str = "watcher", role: LegRole = WATCHER, first: int = 7000) -> Client:
    client = await place.join(leg_id, role, first=first, codec="video/VP8")
    await place.engine.watch_call("call", 1, leg_id)
    return client


async def more(received: Received, count: int = 10) -> None:
    """Wait for further pictures."""
    await some(received, len(received.pictures) + count)


def even(packets: list[RtpPacket]) -> bool:
    """Whether numbers, times and identifiers go on as those of one stream do; a packet may be late or sent again."""
    begin = packets[0].sequence_number
    steps = sorted({(packet.sequence_number - begin + 0x8000) & 0xFFFF: packet for packet in packets}.items())
    for (number, earlier), (next_number, later) in itertools.pairwise(steps):
        if next_number - number > HISTORY or (later.timestamp - earlier.timestamp) & 0xFFFFFFFF > 90_000 * 60:
            return False
        ids = [parse_vp8(packet.payload).picture_id for packet in (earlier, later)]
        if (ids[1] - ids[0]) & 0x7FFF > next_number - number:
            return False
    return len({packet.ssrc for packet in packets}) == 1


class Bound:
    """How slots are bound to what they show: a slot that was switched is bound anew."""

    def __init__(self, place: Site, *slots: tuple[str, int]) -> None:
        self._outlets = [place.engine._legs[name].slots[slot] for name, slot in slots]
        self._before = self._now()

    def untouched(self) -> bool:
        return self._now() == self._before

    def _now(self) -> list[tuple[object, int, int, int, bool]]:
        return [(o.source, o._sequence_shift, o._timestamp_shift, o._first, o._bound) for o in self._outlets]


BOTH = (("customer", 0), ("agent", 1), ("agent", 0))


async def test_a_watcher_who_comes_late_begins_with_a_key_frame_of_both(place: Site) -> None:
    await in_call(place)
    bound = Bound(place, *BOTH)
    watcher = await watch(place)
    for received in watcher.slots[:2]:
        await some(received, 10)

    assert within(inverted(watcher.slots[0]), 1000), "the agent, out of the blur"
    assert within(upright(watcher.slots[1]), 2000), "the customer, as the agent sees the customer"
    assert watcher.slots[2].packets == []
    for received in watcher.slots[:2]:
        assert vp8_starts_key_frame(received.packets[0].payload)
        assert even(received.packets)
    assert bound.untouched(), "who was there before noticed nothing"
    assert place.states("watcher", "call") == [LegState.FLOWING]


async def test_nothing_of_a_watcher_goes_anywhere(place: Site) -> None:
    customer, agent = await in_call(place)
    watcher = await watch(place)
    await some(watcher.slots[0])
    leg = place.engine._legs["watcher"]

    assert leg.peer.plan.camera is None
    assert leg.shown is None
    assert (leg.sound.viewers, leg._receivers, leg.packets_in) == ((), {}, 0)
    assert [received.packets for received in (*customer.slots[1:], agent.slots[2], watcher.slots[2])] == [[]] * 4
    leg.tick(leg.now_ms() + 60_000)
    assert LegState.SILENT not in place.states("watcher"), "nobody waits for a picture of it"


async def test_a_watcher_who_goes_touches_nobody(place: Site) -> None:
    customer, agent = await in_call(place)
    bound = Bound(place, *BOTH)
    watcher = await watch(place)
    await some(watcher.slots[1])
    await watcher.connection.close()
    await until(lambda: LegState.CLOSED in place.states("watcher"), "its end is told")
    for received in (customer.slots[0], agent.slots[1]):
        await more(received)

    assert bound.untouched()
    legs = place.engine._legs
    assert set(legs) == {"customer", "agent"}
    assert len(legs["agent"].shown.viewers) == 2, "the preview and the customer"  # type: ignore[union-attr]
    assert len(legs["customer"].shown.viewers) == 1  # type: ignore[union-attr]


async def test_a_customer_who_goes_and_comes_back_leaves_the_watcher_with_the_agent(place: Site) -> None:
    _, agent = await in_call(place)
    watcher = await watch(place)
    await some(watcher.slots[1])
    bound = Bound(place, ("watcher", 0), ("agent", 0))
    await place.engine.close_leg("customer")
    await more(watcher.slots[0])
    back = await place.join("customer-2", CUSTOMER, first=3000, codec="video/VP8")
    watcher.slots[1].clear()
    await place.call("call", back, agent, epoch=2)
    await until(lambda: len(since(upright(watcher.slots[1]), 3000)) >= 10, "the customer who is back")
    for received in (back.slots[0], agent.slots[1]):
        await more(received)

    assert within(since(upright(watcher.slots[1]), 3000), 3000)
    assert vp8_starts_key_frame(watcher.slots[1].packets[0].payload)
    assert bound.untouched(), "the agent's picture went on all the while"
    assert LegState.CLOSED not in place.states("watcher")


async def test_a_watcher_follows_the_call_to_another_agent(place: Site) -> None:
    customer, _ = await in_call(place)
    watcher = await watch(place)
    await some(watcher.slots[0])
    other = await place.join("agent-2", AGENT, first=4000, codec="video/VP8")
    await place.call("call", customer, other, epoch=2)
    await until(lambda: within(inverted(watcher.slots[0], last=1), 4000), "the new agent, out of the blur")

    assert even(watcher.slots[0].packets)
    assert not [n for n in upright(watcher.slots[0]) if 4000 <= n < 4060 or 1000 <= n < 1060]
    assert place.engine._legs["agent"].call_id == ""


async def test_the_end_of_the_call_is_the_watchers_end(place: Site) -> None:
    await in_call(place)
    watcher = await watch(place)
    await some(watcher.slots[0])
    await place.engine.close_call("call", 1)
    await until(lambda: LegState.CLOSED in place.states("watcher"), "the watcher's leg ends")

    assert set(place.engine._legs) == {"customer", "agent"}
    assert {leg.call_id for leg in place.engine._legs.values()} == {""}


async def test_a_second_agent_is_seen_blurred_by_everybody(place: Site) -> None:
    customer, agent = await in_call(place)
    watcher = await watch(place)
    bound = Bound(place, *BOTH)
    helper = await watch(place, "helper", AGENT, first=5000)
    seen = (customer.slots[1], agent.slots[2], watcher.slots[2], helper.slots[0])
    for received in (*seen, helper.slots[1], helper.slots[2]):
        await some(received, 10)

    for received in seen:
        assert within(inverted(received), 5000)
        assert vp8_starts_key_frame(received.packets[0].payload)
    assert within(upright(helper.slots[1]), 2000)
    assert within(inverted(helper.slots[2]), 1000)
    await place.engine.close_leg("helper")
    for received in (customer.slots[0], agent.slots[1], watcher.slots[0]):
        await more(received)
    assert bound.untouched()


async def test_watching_twice_is_watching_once(place: Site) -> None:
    customer, agent = await in_call(place)
    watcher = await watch(place)
    await some(watcher.slots[0])
    bound = Bound(place, *BOTH, ("watcher", 0), ("watcher", 1))
    await place.engine.watch_call("call", 1, "watcher")
    await place.call("call", customer, agent)
    await more(watcher.slots[0])

    assert bound.untouched()
    assert place.states("watcher", "call") == [LegState.FLOWING]


async def test_who_may_not_watch_is_refused_and_nobody_is_touched(place: Site) -> None:
    customer, agent = await in_call(place)
    bound = Bound(place, *BOTH)
    stranger = await place.join("stranger", CUSTOMER, codec="video/VP8")
    for leg_id in ("nobody", "stranger"):
        with pytest.raises(UnknownLeg):
            await place.engine.watch_call("call", 1, leg_id)
    with pytest.raises(MediaError):
        await place.engine.watch_call("another", 1, "agent")
    with pytest.raises(MediaError):
        await place.engine.watch_call("call", 1, "agent")
    await place.call("call", customer, agent, epoch=4)
    with pytest.raises(StaleEpoch):
        await place.engine.watch_call("call", 3, "agent")
    for index in range(MAX_GUESTS):
        await place.join(f"w-{index}", WATCHER, codec="video/VP8")
        await place.engine.watch_call("call", 4, f"w-{index}")
    await place.join("one-too-many", WATCHER, codec="video/VP8")
    with pytest.raises(MediaError):
        await place.engine.watch_call("call", 4, "one-too-many")
    await more(customer.slots[0])

    assert stranger.slots[0].packets == []
    assert bound.untouched()
    await place.engine.close_call("call", 5)
    with pytest.raises(StaleEpoch):
        await place.engine.watch_call("call", 5, "one-too-many")


async def test_an_agent_in_another_call_is_refused_as_a_second_one_and_that_call_goes_on(place: Site) -> None:
    await in_call(place)
    busy = await place.join("busy", AGENT, first=5000, codec="video/VP8")
    other = await place.join("other", CUSTOMER, first=6000, codec="video/VP8")
    await place.call("second call", other, busy)
    await some(other.slots[0])
    bound = Bound(place, *BOTH, ("other", 0), ("busy", 1))
    with pytest.raises(LegTaken):
        await place.engine.watch_call("call", 1, "busy")
    await more(other.slots[0])

    assert within(inverted(other.slots[0]), 5000)
    assert bound.untouched()
    await place.engine.close_call("second call", 1)
    await place.engine.watch_call("call", 1, "busy")
    await some(busy.slots[2])
    assert within(inverted(busy.slots[2]), 1000), "out of the other call the agent may come"


async def test_an_agent_who_is_called_elsewhere_leaves_as_a_guest_only(place: Site) -> None:
    customer, agent = await in_call(place)
    bound = Bound(place, *BOTH)
    helper = await watch(place, "helper", AGENT, first=5000)
    await some(customer.slots[1])
    other = await place.join("other", CUSTOMER, first=6000, codec="video/VP8")
    await place.call("second call", other, helper)
    await some(other.slots[0])
    sent = place.engine._legs["customer"].slots[1].packets
    for received in (customer.slots[0], agent.slots[1]):
        await more(received)

    assert within(inverted(other.slots[0]), 5000)
    assert place.engine._legs["customer"].slots[1].packets == sent, "the first customer sees nothing more of the guest"
    assert bound.untouched()


async def test_each_viewer_is_sent_again_what_it_missed_from_a_history_of_its_own(place: Site) -> None:
    customer, _ = await in_call(place)
    watcher = await watch(place)
    for received in (customer.slots[0], watcher.slots[0]):
        await more(received)
    first, second = (place.engine._legs[name].slots[0] for name in ("customer", "watcher"))
    assert HISTORY == 1024
    missed = watcher.slots[0].packets[-1].sequence_number
    second.resend([missed], place.engine._legs["watcher"].now_ms())

    assert (first.resent, second.resent) == (0, 1)
