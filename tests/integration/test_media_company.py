"""A customer, agents and a guest on one worker: each blurred, in a slot of its own, whoever comes or goes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from media.engine import MediaEngine
from tests.integration.media_peers import Client, Site, inverted, loopback_settings, site, some, two, until, within
from tests.media_gate import InvertingStage
from video_service.media_plane import CallRoute, LegRole

pytestmark = pytest.mark.integration


@pytest.fixture
async def place() -> AsyncIterator[Site]:
    async with site(MediaEngine(loopback_settings(capacity=4), InvertingStage, worker="w-1")) as made:
        yield made


def shown(place: Site, leg_id: str) -> list[str]:
    """Return whose picture each slot of a leg shows, "" for nobody's."""
    legs = place.engine._legs
    owners = {id(leg.shown): leg.id for leg in legs.values() if leg.shown is not None}
    return [owners.get(id(slot.source), "") if slot.source is not None else "" for slot in legs[leg_id].slots]


async def join(
    place: Site, helpers: Sequence[str], *, epoch: int = 1, agent: str = "agent", held: bool = False, voice: str = ""
) -> None:
    route = CallRoute(
        call_id="call",
        epoch=epoch,
        customer_leg="customer",
        agent_leg=agent,
        held=held,
        helper_legs=tuple(helpers),
        voice_leg=voice,
    )
    await place.engine.open_call(route)


async def helper(place: Site, name: str, first: int, *, slots: int = 3) -> Client:
    return await place.join(name, LegRole.AGENT, first=first, codec="video/VP8", slots=slots)


async def test_each_agent_is_blurred_and_keeps_the_own_slot(place: Site) -> None:
    customer, agent = await two(place, codec="video/VP8")
    second = await helper(place, "second", 5000)
    third = await helper(place, "third", 7000)
    await join(place, ["second", "third"])
    # The stage of this test turns pictures over: what came any other way would stand upright.
    seen = {1000: [customer.slots[0], second.slots[2], third.slots[2]]}
    seen |= {5000: [customer.slots[1], agent.slots[2]], 7000: [customer.slots[2]]}
    for first, places in seen.items():
        for received in places:
            await some(received, 5)
            assert within(inverted(received), first)
    assert shown(place, "customer") == ["agent", "second", "third"]
    assert shown(place, "second") == ["second", "customer", "agent"]
    assert shown(place, "third") == ["third", "customer", "agent"]

    # The second one's page is away: nobody moves up.
    await place.engine.close_leg("second")
    await join(place, ["second", "third"])
    assert shown(place, "customer") == ["agent", "", "third"]
    assert shown(place, "agent") == ["agent", "customer", ""]
    await helper(place, "second-again", 5000)
    await join(place, ["second-again", "third"])
    assert shown(place, "customer") == ["agent", "second-again", "third"]

    # On hold the customer sees none of them.
    await join(place, ["second-again", "third"], held=True)
    assert shown(place, "customer") == ["", "", ""]
    assert shown(place, "third") == ["third", "customer", "agent"]

    # The first one leaves, and the second goes on.
    await join(place, ["third"], epoch=2, agent="second-again")
    assert shown(place, "customer") == ["second-again", "third", ""]
    assert shown(place, "agent") == ["agent", "", ""], "the own preview goes on"
    assert place.engine._legs["agent"].call_id == ""
    customer.slots[0].pictures.clear()
    await some(customer.slots[0], 5)

    # Whoever is named no more is not in it any more.
    await join(place, [], epoch=2, agent="second-again")
    assert shown(place, "customer") == ["second-again", "", ""]
    assert shown(place, "third") == ["third", "", ""]
    await until(lambda: place.engine._legs["third"].call_id == "", "the end of the third one's part")


async def guest(place: Site, name: str = "guest", *, seen: bool = False) -> Client:
    client = await place.join(name, LegRole.GUEST, first=9000, codec="video/VP8", slots=5)
    await place.engine.watch_call("call", 1, name, seen=seen)
    return client


async def test_a_guest_sees_everybody_and_is_seen_blurred_once_that_is_ordered_and_moves_nobody(place: Site) -> None:
    agent = await helper(place, "agent", 1000, slots=4)
    await helper(place, "second", 5000, slots=4)
    customer = await place.join("customer", LegRole.CUSTOMER, first=2000, codec="video/VP8")
    await join(place, ["second"])
    mei = await guest(place)
    for received in mei.slots[:4]:
        await some(received, 5)
    assert within(inverted(mei.slots[0]), 9000), "the own picture, as others would see it"
    assert within(inverted(mei.slots[1]), 1000)
    assert shown(place, "guest") == ["guest", "agent", "customer", "second", ""]
    before = [shown(place, name) for name in ("customer", "agent", "second")]
    assert before == [["agent", "second", ""], ["agent", "customer", "second", ""], ["second", "customer", "agent", ""]]
    assert place.engine._legs["guest"].peer.plan.sound is not None
    assert not place.engine._legs["guest"].sound.viewers

    await place.engine.watch_call("call", 1, "guest", seen=True)
    for received in (customer.slots[2], agent.slots[3]):
        await some(received, 5)
        assert within(inverted(received), 9000)
    assert shown(place, "customer") == ["agent", "second", "guest"]
    assert shown(place, "second") == ["second", "customer", "agent", "guest"]

    # Whoever else comes or goes, and on hold as well: nobody's picture stands in another's place.
    await join(place, [])
    assert shown(place, "customer") == ["agent", "", "guest"]
    await join(place, [], held=True)
    assert shown(place, "customer") == ["", "", ""]
    await place.engine.confirm_signer("guest")
    await join(place, [])

    # She goes back to looking on, and then out.
    await place.engine.watch_call("call", 1, "guest")
    assert shown(place, "customer") == ["agent", "", ""]
    assert shown(place, "agent") == ["agent", "customer", "", ""]
    await place.engine.watch_call("call", 1, "guest", seen=True)
    await place.engine.close_call("call", 1)
    await until(lambda: "guest" not in place.engine._legs, "the end of the guest's leg")
    assert shown(place, "agent") == ["agent", "", "", ""]


async def test_each_agent_hears_the_customer_who_hears_one_of_them(place: Site) -> None:
    customer = await place.join("customer", LegRole.CUSTOMER, first=2000, codec="video/VP8", pitch_hz=880)
    await helper(place, "agent", 1000)
    second = await place.join("second", LegRole.AGENT, first=5000, codec="video/VP8", pitch_hz=440)
    legs = place.engine._legs

    def heard(name: str) -> str:
        owners = {id(leg.sound): leg.id for leg in legs.values()}
        outlet = legs[name].sound_outlet
        assert outlet is not None
        return owners.get(id(outlet.source), "")

    await join(place, ["second"])
    assert [heard(name) for name in ("customer", "agent", "second")] == ["agent", "customer", "customer"]
    await until(lambda: len(second.sound.packets) > 10, "the second agent hears the clerk")
    assert not customer.sound.packets, "the first one says nothing"
    await join(place, ["second"], voice="second")
    assert [heard(name) for name in ("customer", "agent", "second")] == ["second", "customer", "customer"]
    await until(lambda: len(customer.sound.packets) > 10, "the clerk hears the second agent")
    await join(place, ["second"], voice="second", held=True)
    assert [heard(name) for name in ("customer", "agent", "second")] == ["", "customer", "customer"]
    await join(place, ["second"], voice="second")
    await place.engine.close_leg("second")
    await join(place, ["second"], voice="second")
    assert heard("customer") == "agent", "whose page is away says nothing"
