"""A call on hold: no picture and no sound of an agent goes to the customer, and everything else goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from media.depacketize_vp8 import vp8_starts_key_frame
from media.engine import MediaEngine
from tests.integration.media_peers import (
    Client,
    Site,
    inverted,
    loopback_settings,
    site,
    some,
    two,
    until,
    upright,
    within,
)
from tests.media_gate import InvertingStage
from video_service.media_plane import CallRoute, LegRole, StaleEpoch

pytestmark = pytest.mark.integration

AGENT, CUSTOMER, WATCHER = LegRole.AGENT, LegRole.CUSTOMER, LegRole.WATCHER


@pytest.fixture
async def place() -> AsyncIterator[Site]:
    async with site(MediaEngine(loopback_settings(capacity=3), InvertingStage, worker="w-1")) as made:
        yield made


async def in_call(place: Site) -> tuple[Client, Client]:
    customer, agent = await two(place, codec="video/VP8")
    await place.call("call", customer, agent)
    for received in (customer.slots[0], agent.slots[1]):
        await some(received, 10)
    return customer, agent


async def hold(place: Site, customer: Client, agent: Client, *, held: bool, epoch: int = 1) -> None:
    await place.engine.open_call(
        CallRoute(call_id="call", epoch=epoch, customer_leg=customer.leg_id, agent_leg=agent.leg_id, held=held)
    )


def sent_to(place: Site, leg: str, slot: int = 0) -> int:
    """Return how many packets of a picture the worker has sent to this slot."""
    return place.engine._legs[leg].slots[slot].packets


async def more(client: Client, slot: int) -> None:
    await some(client.slots[slot], len(client.slots[slot].pictures) + 10)


async def test_the_customer_is_sent_nothing_of_the_agent_and_is_seen_all_the_while(place: Site) -> None:
    customer, agent = await in_call(place)
    await hold(place, customer, agent, held=True)
    legs = place.engine._legs
    sent = sent_to(place, "customer")
    assert (legs["customer"].slots[0].source, legs["customer"].sound_outlet.source) == (None, None)  # type: ignore[union-attr]
    for slot in (0, 1):  # the own preview, the customer
        await more(agent, slot)

    assert sent_to(place, "customer") == sent
    assert legs["agent"].sound_outlet.source is legs["customer"].sound  # type: ignore[union-attr]
    customer.slots[0].clear()
    await hold(place, customer, agent, held=False)
    await some(customer.slots[0], 10)
    assert vp8_starts_key_frame(customer.slots[0].packets[0].payload)
    assert within(inverted(customer.slots[0]), 1000), "the agent, out of the blur"
    assert legs["customer"].sound_outlet.source is legs["agent"].sound  # type: ignore[union-attr]


async def test_a_customer_who_comes_back_is_still_on_hold(place: Site) -> None:
    customer, agent = await in_call(place)
    await hold(place, customer, agent, held=True)
    await place.engine.close_leg("customer")
    back = await place.join("customer-2", CUSTOMER, first=3000, codec="video/VP8")
    await hold(place, back, agent, held=True)
    await until(lambda: within(upright(agent.slots[1], last=1), 3000), "the agent sees who is back")
    assert sent_to(place, "customer-2") == 0
    await hold(place, back, agent, held=False)
    await some(back.slots[0], 10)
    assert within(inverted(back.slots[0]), 1000)


async def test_whoever_watches_and_helps_goes_on_seeing_and_the_customer_sees_neither(place: Site) -> None:
    customer, agent = await in_call(place)
    helper = await place.join("helper", AGENT, first=5000, codec="video/VP8")
    await place.engine.watch_call("call", 1, "helper")
    watcher = await place.join("watcher", WATCHER, codec="video/VP8")
    await place.engine.watch_call("call", 1, "watcher")
    await some(customer.slots[1])
    await hold(place, customer, agent, held=True)
    sent = [sent_to(place, "customer", slot) for slot in (0, 1)]
    for client, slot in ((agent, 2), (helper, 1), (helper, 2), (watcher, 0), (watcher, 1)):
        await more(client, slot)

    assert [sent_to(place, "customer", slot) for slot in (0, 1)] == sent
    late = await place.join("late", WATCHER, codec="video/VP8")
    await place.engine.watch_call("call", 1, "late")
    await some(late.slots[0], 10)
    assert [sent_to(place, "customer", slot) for slot in (0, 1)] == sent, "who comes then does not end it"
    await hold(place, customer, agent, held=False)
    for slot in (0, 1):
        await more(customer, slot)


async def test_a_hold_of_a_call_that_has_moved_on_is_refused(place: Site) -> None:
    customer, agent = await in_call(place)
    await place.call("call", customer, agent, epoch=4)
    with pytest.raises(StaleEpoch):
        await hold(place, customer, agent, held=True, epoch=3)
    await more(customer, 0)


async def test_a_hold_is_no_freeze_of_the_agents_picture(place: Site) -> None:
    customer, agent = await in_call(place)
    legs, watched = place.engine._legs, place.engine._quality._watched
    outlet = legs["customer"].slots[0]
    await until(lambda: "agent" in watched and watched["agent"].outlet is outlet, "a second was counted")
    await hold(place, customer, agent, held=True)
    await until(lambda: watched["agent"].outlet is None, "nobody is shown the picture")
    assert not outlet.meter._times_ms, "its clock begins anew with the next picture"
    await hold(place, customer, agent, held=False)
    await until(lambda: watched["agent"].outlet is outlet, "it is counted again")
