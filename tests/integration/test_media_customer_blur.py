"""A customer who wishes that the room is not seen: decoded, blurred and encoded like an agent, and never raw."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest

from media.agent_leg import BlurredCustomerLeg
from media.engine import MediaEngine
from media.picture import RawPicture
from media.sources import ForwardedPicture, ProtectedPictures
from tests.integration.media_peers import (
    HEIGHT,
    Client,
    Site,
    as_drawn,
    card,
    inverted,
    loopback_settings,
    site,
    some,
    until,
    upright,
    within,
)
from tests.media_gate import InvertingStage
from video_service.media_plane import BlurFull, LegRole, LegState, PictureEvent, PictureState, UnknownLeg, WorkerFull

pytestmark = pytest.mark.integration

AGENT, CUSTOMER, WATCHER = LegRole.AGENT, LegRole.CUSTOMER, LegRole.WATCHER


@pytest.fixture
async def place() -> AsyncIterator[Site]:
    async with site(MediaEngine(loopback_settings(capacity=2), InvertingStage, worker="w-1")) as made:
        yield made


async def meet(place: Site, codec: str = "") -> tuple[Client, Client]:
    agent = await place.join("agent", AGENT, first=1000, codec=codec)
    customer = await place.join("customer", CUSTOMER, first=2000, codec=codec, blur=True)
    await place.call("call", customer, agent)
    return customer, agent


@pytest.mark.parametrize("codec", ["video/VP8", "video/H264"])
async def test_the_agent_sees_what_went_through_the_blur_and_nothing_else(place: Site, codec: str) -> None:
    customer, agent = await meet(place, codec)
    await some(agent.slots[1], 20)
    await some(customer.slots[0], 10)
    leg = place.engine._legs["customer"]

    assert within(inverted(agent.slots[1]), 2000)
    assert within(inverted(customer.slots[0]), 1000)
    for number, (_, luma) in zip(inverted(agent.slots[1]), agent.slots[1].pictures, strict=True):
        assert np.abs(as_drawn(luma).astype(int) - card(number)[:HEIGHT]).mean() > 40, "no raw pixel"
    assert isinstance(leg, BlurredCustomerLeg)
    assert type(leg.shown) is ProtectedPictures
    assert not [each for each in vars(leg).values() if isinstance(each, ForwardedPicture)]
    assert LegState.FLOWING in place.states("agent", "call")


async def test_what_the_blur_makes_of_it_is_told_under_the_customers_name(place: Site) -> None:
    await meet(place)
    await until(
        lambda: any(isinstance(event, PictureEvent) and event.leg_id == "customer" for event in place.told), "its state"
    )
    counts = {entry.leg_id: entry for entry in await place.engine.statistics()}

    assert counts["customer"].frames_blurred_whole > 0
    told = [event for event in place.told if isinstance(event, PictureEvent) and event.leg_id == "customer"]
    assert [(event.person, event.state) for event in told] == [("person-customer", PictureState.PROTECTED)]


async def test_a_stage_that_fails_shows_nothing_of_the_customer() -> None:
    def fault(_: RawPicture) -> None:
        raise RuntimeError

    async with site(MediaEngine(loopback_settings(), lambda: InvertingStage(before=fault), worker="w-1")) as place:
        customer, agent = await meet(place)
        leg = place.engine._legs["customer"]
        assert isinstance(leg, BlurredCustomerLeg)
        await until(lambda: leg.blur.dropped > 20, "pictures that failed")
        assert agent.slots[1].packets == []
        assert customer.slots[0].packets == []


async def test_switched_on_in_a_call_only_the_first_leg_was_ever_raw(place: Site) -> None:
    agent = await place.join("agent", AGENT, first=1000)
    raw = await place.join("customer", CUSTOMER, first=2000)
    await place.call("call", raw, agent)
    await some(agent.slots[1])
    await place.engine.close_leg("customer")
    blurred = await place.join("customer-2", CUSTOMER, first=3000, blur=True)
    await place.call("call", blurred, agent, epoch=1)
    await until(lambda: any(3000 <= n < 3060 for n in inverted(agent.slots[1])), "the blurred picture")
    await some(blurred.slots[0])
    back = await place.join("customer-3", CUSTOMER, first=4000)
    await place.call("call", back, agent, epoch=1)
    await until(lambda: any(4000 <= n < 4060 for n in upright(agent.slots[1])), "the raw picture, as wished")

    assert not [number for number in upright(agent.slots[1]) if 3000 <= number < 3060]
    assert {packet.ssrc for packet in agent.slots[1].packets} == {place.engine._legs["agent"].slots[1].ssrc}


async def test_a_watcher_sees_the_blurred_customer_as_the_agent_does(place: Site) -> None:
    await meet(place)
    watcher = await place.join("watcher", WATCHER)
    await place.engine.watch_call("call", 1, "watcher")
    await some(watcher.slots[1], 10)

    assert within(inverted(watcher.slots[1]), 2000)


async def test_it_takes_the_room_of_a_blurred_picture_and_is_refused_without(place: Site) -> None:
    await meet(place)
    assert (place.engine.status().blur_legs, place.engine.status().capacity) == (2, 2)
    with pytest.raises(BlurFull):
        await place.join("second", CUSTOMER, blur=True)
    with pytest.raises(WorkerFull) as refused:
        await place.join("second-agent", AGENT)
    assert not isinstance(refused.value, BlurFull)
    await place.join("second", CUSTOMER)
    await place.engine.close_leg("customer")
    await place.join("third", CUSTOMER, blur=True)


async def test_the_wish_of_a_watcher_or_an_agent_changes_nothing(place: Site) -> None:
    await place.join("agent", AGENT, blur=True)
    await place.join("watcher", WATCHER, blur=True)

    assert place.engine.status().blur_legs == 1
    with pytest.raises(UnknownLeg):
        await place.engine.confirm_signer("watcher")
