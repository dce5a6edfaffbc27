"""A customer and three agents on one worker: each agent blurred, in a slot of its own, whoever comes or goes."""

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
    place: Site, helpers: Sequence[str], *, epoch: int = 1, agent: str = "agent", held: bool = False
) -> None:
    route = CallRoute(
        call_id="call", epoch=epoch, customer_leg="customer", agent_leg=agent, held=held, helper_legs=tuple(helpers)
    )
    await place.engine.open_call(route)


async def helper(place: Site, name: str, first: int) -> Client:
    return await place.join(name, LegRole.AGENT, first=first, codec="video/VP8")


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
