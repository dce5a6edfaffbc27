"""A second agent through the hub: seated where the first one is, parted alone, and in the end joined alone."""

from __future__ import annotations

import pytest

from signaling.hub import Hub
from signaling.identity_types import Identity
from tests.support.calls import AGENT, CUSTOMER, call_between, offer, poll, ready_agent
from tests.support.page import Page, enter
from tests.support.plane import DiaryPlane
from video_service.real_time_text import writer_key

pytestmark = pytest.mark.integration

SECOND = Identity(person="a-wu", role="agent", name="Wu", skills=("hksl",))


@pytest.fixture
def agent_return_s() -> float:
    """Whoever's page closes here comes back, however slow the machine is."""
    return 600


async def together(hub: Hub, plane: DiaryPlane) -> tuple[Page, Page, Page, str]:
    """Bring a customer and two agents together, the second one's leg on another worker at first."""
    first, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, first)
    await offer(customer)
    await poll(lambda: call in plane.calls)
    plane.alive = ["w-2", "w-1"]
    second = await ready_agent(hub, SECOND)
    assert plane.legs[plane.leg_of("a-wu")][0] == "w-2"
    now = first.view["call"]
    first.send("invite", call=call, epoch=now["epoch"], to="a-wu", note="order 17")
    ring = (await second.until(type="agent_view", state="reserved"))["reservation"]
    assert (ring["joins"], ring["handover"]) == (True, {"from_name": "Lin", "note": "order 17"})
    second.send("accept", call=call, epoch=ring["epoch"])
    await second.until(type="agent_view", state="on_call", media="offer")
    assert plane.calls[call].helper_legs in ((), ("",)), "it cannot be seated from another worker"
    await offer(second, 2)
    leg = plane.leg_of("a-wu")
    assert plane.legs[leg][0] == "w-1"
    await poll(lambda: plane.calls[call].helper_legs == (leg,))
    return first, second, customer, call


async def test_a_second_agent_is_seated_and_parted_without_the_others(hub: Hub, plane: DiaryPlane) -> None:
    first, second, customer, call = await together(hub, plane)
    route, leg = plane.calls[call], plane.leg_of("a-wu")
    while [other["name"] for other in customer.view.get("others", ())] != ["Wu"]:
        await customer.next()
    second.send("hang_up", call=call)
    await second.until(type="agent_view", state="after_call")
    await poll(lambda: leg not in plane.legs)
    while customer.view.get("others"):
        await customer.next()
    now = plane.calls[call]
    assert (now.epoch, now.customer_leg, now.agent_leg) == (route.epoch, route.customer_leg, route.agent_leg)
    assert (route.customer_leg in plane.legs, route.agent_leg in plane.legs) == (True, True)
    first.send("hang_up", call=call)
    assert (await customer.until(type="customer_view", state="ended"))["ended_reason"] == "agent_hung_up"


async def test_a_lost_worker_asks_all_three_for_new_connections_on_one_other(hub: Hub, plane: DiaryPlane) -> None:
    first, second, customer, call = await together(hub, plane)
    plane.lose("w-1")
    await first.until(type="agent_view", media="offer")
    await offer(first, 3)
    await customer.until(type="customer_view", media="offer")
    for page, number in ((second, 3), (customer, 3)):
        await offer(page, number)
    legs = [plane.leg_of(person.person) for person in (CUSTOMER, AGENT, SECOND)]
    await poll(lambda: {plane.legs[leg][0] for leg in legs} == {"w-2"})
    await poll(
        lambda: (
            (plane.calls[call].customer_leg, plane.calls[call].agent_leg, *plane.calls[call].helper_legs)
            == tuple(plane.leg_of(person.person) for person in (CUSTOMER, AGENT, SECOND))
        )
    )
    assert customer.view["state"] == "connected"


async def test_a_second_agent_whose_page_closes_or_comes_back_touches_nobody(hub: Hub, plane: DiaryPlane) -> None:
    first, second, customer, call = await together(hub, plane)
    while not customer.view.get("others"):
        await customer.next()
    epoch = customer.view["epoch"]
    await second.vanish()
    while [other["media"] for other in customer.view.get("others", ())] != ["reconnecting"]:
        await customer.next()
    back = await enter(hub, SECOND)
    seen = back.view
    assert (seen["state"], seen["call"]["call"], seen["call"]["helps"]) == ("on_call", call, True)
    await first.vanish()
    first = await enter(hub, AGENT)
    seen = first.view
    assert (seen["state"], seen["call"]["call"], seen["call"].get("helps", False)) == ("on_call", call, False)
    assert (customer.view["state"], customer.view["epoch"]) == ("connected", epoch)
    back.send("say", call=call, text="still here")
    for page in (first, customer):
        await page.until(type="text_line", text="still here")


async def test_what_one_writes_reaches_both_others_with_the_mark_of_who_writes(hub: Hub, plane: DiaryPlane) -> None:
    first, second, customer, call = await together(hub, plane)
    people = {AGENT.person: first, SECOND.person: second, CUSTOMER.person: customer}
    for number, (name, page) in enumerate(people.items(), 1):
        page.send("rtt", call=call, line=number, number=1, text=name)
        for other, reader in people.items():
            if other != name:
                piece = await reader.until(type="rtt", line=number, number=1)
                assert (piece["text"], piece["writer"]) == (name, writer_key(call, name))
    for page in people.values():
        own = [m["line"] for m in page.seen if m["type"] == "rtt" and m["number"]]
        assert len(own) == 2, "nobody reads from elsewhere what stands in the own field"


async def test_the_first_agent_leaves_and_the_customers_leg_is_not_touched(hub: Hub, plane: DiaryPlane) -> None:
    first, second, customer, call = await together(hub, plane)
    before, leg = plane.calls[call], plane.leg_of("a-wu")
    first.send("hang_up", call=call)
    assert (await first.until(type="agent_view", state="after_call"))["ended_reason"] == "handed_over"
    await poll(lambda: plane.calls[call].epoch == before.epoch + 1)
    after = plane.calls[call]
    assert (after.customer_leg, after.agent_leg) == (before.customer_leg, leg)
    assert before.agent_leg in plane.legs, "the own preview of who left goes on"
    while customer.view["agent_name"] != "Wu":
        await customer.next()
    assert (customer.view["state"], customer.view["media"]) == ("connected", "connecting")
    while second.view["call"].get("helps"):
        await second.next()
    second.send("say", call=call, text="I go on")
    assert (await customer.until(type="text_line"))["text"] == "I go on"
