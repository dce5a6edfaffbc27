"""A whole call through the hub, with a real store and a plane that keeps a diary: ring, media, text, the end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from signaling import messages
from signaling.hub import Hub
from signaling.identity_types import Identity
from tests.support.calls import AGENT, COORDINATOR, CUSTOMER, HOUR_MS, call_between, has_leg, offer, poll, ready_agent
from tests.support.page import Page, enter
from tests.support.plane import DiaryPlane
from video_service.consent import CONSENT_VERSION
from video_service.media_plane import LegState
from video_service.records import Records

pytestmark = pytest.mark.integration

OTHER_AGENT = Identity(person="a-wu", role="agent", name="Wu", skills=("csl",))


async def test_an_agent_who_says_this_is_me_reaches_the_own_leg_alone(hub: Hub, plane: DiaryPlane) -> None:
    other = await enter(hub, OTHER_AGENT)
    agent = await enter(hub, AGENT)
    await offer(other)
    await offer(agent)
    agent.send("this_is_me")
    await poll(lambda: bool(plane.confirmed))
    agent.send("ping", t=1)
    await agent.until(type="pong")
    assert plane.confirmed == [("w-1", plane.leg_of("a-lin"))]
    assert all(message["type"] != "error" for message in agent.seen)


async def test_a_whole_call_from_ring_to_after_call(hub: Hub, plane: DiaryPlane) -> None:
    agent = await ready_agent(hub)
    customer = await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    assert customer.view["agent_name"] == "Lin"
    assert customer.view["media"] == "offer"
    await offer(customer)
    await poll(lambda: call in plane.calls)
    route = plane.calls[call]
    assert (route.customer_leg, route.agent_leg) == (plane.leg_of("c-1"), plane.leg_of("a-lin"))
    assert plane.legs[route.customer_leg][0] == plane.legs[route.agent_leg][0] == "w-1"
    plane.say(route.customer_leg, LegState.CONNECTED)
    plane.say(route.customer_leg, LegState.FLOWING)
    await customer.until(type="customer_view", media="live")
    customer.send("hang_up", call=call)
    assert (await customer.until(type="customer_view", state="ended"))["ended_reason"] == "customer_hung_up"
    await agent.until(type="agent_view", state="after_call")
    await poll(lambda: call not in plane.calls and route.customer_leg not in plane.legs)
    assert route.agent_leg in plane.legs, "the agent's preview lives on"


async def test_text_reaches_the_other_once_and_comes_back_after_a_reconnection(hub: Hub) -> None:
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    customer.send("say", call=call, text="gate 14?")
    mine = await customer.until(type="text_line")
    theirs = await agent.until(type="text_line")
    assert (mine["seq"], mine["mine"], theirs["mine"], theirs["text"]) == (1, True, False, "gate 14?")
    await customer.vanish()
    back = Page(hub)
    back.send("hello", v=1, resume=customer.resume)
    line = await back.until(type="text_line")
    assert (line["seq"], line["mine"], line["text"]) == (1, True, "gate 14?")


async def test_a_line_that_becomes_narrow_is_told_to_both_and_to_the_camera_behind_it(
    hub: Hub, plane: DiaryPlane
) -> None:
    agent = await ready_agent(hub)
    customer = await enter(hub, CUSTOMER)
    await call_between(customer, agent)
    await offer(customer)
    await poll(lambda: has_leg(plane, CUSTOMER))
    leg = plane.leg_of(CUSTOMER.person)
    plane.narrow(leg, True, 12)
    assert (await customer.until(type="customer_view", narrow="mine"))["camera_fps"] == 12
    assert "camera_fps" in await agent.until(type="agent_view", narrow="theirs")
    plane.narrow(leg, False)
    assert (await customer.until(type="customer_view", narrow=""))["camera_fps"] == 0
    await agent.until(type="agent_view", narrow="")


async def test_two_calls_do_not_see_each_other(hub: Hub) -> None:
    other_agent = Identity(person="a-wu", role="agent", name="Wu")
    other_customer = Identity(person="c-2", role="customer")
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    second_agent, second_customer = await ready_agent(hub, other_agent), await enter(hub, other_customer)
    second_call = await call_between(second_customer, second_agent)
    second_customer.send("say", call=call, text="not mine")
    assert (await second_customer.until(type="error"))["code"] == "no_call"
    second_customer.send("hang_up", call=call)
    assert (await second_customer.until(type="error"))["code"] == "no_call"
    second_customer.send("say", call=second_call, text="mine")
    await second_agent.until(type="text_line")
    for page in (agent, customer):
        page.send("ping", t=1)
        await page.until(type="pong")
    assert all(message["type"] != "text_line" for message in agent.seen + customer.seen)


async def test_a_live_call_is_left_alone_by_reconciling(hub: Hub, plane: DiaryPlane) -> None:
    agent = await ready_agent(hub)
    customer = await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    await offer(customer)
    await poll(lambda: call in plane.calls)
    await hub.media.reconcile()
    assert call in plane.calls


async def test_an_offer_that_is_quicker_than_the_other_persons_is_no_error(hub: Hub, plane: DiaryPlane) -> None:
    agent = await ready_agent(hub)
    customer = await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    plane.unknown = plane.leg_of("a-lin")
    await offer(customer)
    customer.send("ping", t=1)
    await customer.until(type="pong")
    assert all(message["type"] != "error" for message in customer.seen)
    plane.unknown = ""
    await offer(agent, 2)
    await poll(lambda: call in plane.calls)


async def test_stopping_the_whole_service_ends_calls_and_says_so(hub: Hub) -> None:
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    await call_between(customer, agent)
    await hub.drain(whole_service=True)
    assert (await customer.until(type="customer_view", state="ended"))["ended_reason"] == "shutdown"
    await customer.until(type="draining")


async def test_the_wall_shows_who_waits_and_who_signs(hub: Hub) -> None:
    coordinator = await enter(hub, COORDINATOR)
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    while not coordinator.view.get("active"):
        await coordinator.next()
    assert coordinator.view["active"][0]["call"] == call
    assert coordinator.view["agents"][0]["name"] == "Lin"


async def test_the_record_says_to_which_words_the_customer_agreed(hub: Hub, redis: Redis, pool: str) -> None:
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    assert (await Records(redis, pool=pool).get(call)).consent == CONSENT_VERSION


async def test_a_customer_gets_another_signer_and_the_first_one_is_parted_at_once(hub: Hub, plane: DiaryPlane) -> None:
    first, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, first)
    await offer(customer)
    await poll(lambda: call in plane.calls)
    second = await ready_agent(hub, OTHER_AGENT)
    customer.send("another_signer", call=call, epoch=customer.view["epoch"])
    assert (await first.until(type="agent_view", state="after_call"))["ended_reason"] == "another_signer"
    await poll(lambda: call not in plane.calls and not has_leg(plane, CUSTOMER))
    ring = await second.until(type="agent_view", state="reserved")
    waiting = await customer.until(type="customer_view", state="ringing")
    assert (waiting["call"], waiting["requeued"]) == (call, "another_signer")
    second.send("accept", call=call, epoch=ring["reservation"]["epoch"])
    connected = await customer.until(type="customer_view", state="connected", agent_name="Wu")
    assert connected["media"] == "offer", "the agent's worker is the same one, and yet the leg is a new one"
    await offer(customer, 2)
    await poll(lambda: call in plane.calls and plane.calls[call].agent_leg == plane.leg_of(OTHER_AGENT.person))
    customer.send("another_signer", call=call, epoch=customer.view["epoch"])
    assert (await customer.until(type="error"))["code"] == "nobody_else"
    assert customer.view["state"] == "connected"
    first.send("say", call=call, text="still here?")
    assert (await first.until(type="error"))["code"] == "no_call"


async def test_with_another_signer_the_lines_come_again_though_the_wait_was_never_shown(hub: Hub) -> None:
    first, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, first)
    first.send("say", call=call, text="which flight?")
    assert not (await customer.until(type="text_line"))["of_before"]
    second = await ready_agent(hub, OTHER_AGENT)
    # This node has no time for the customer's page until the second one has accepted.
    connection = hub.showing.newest.pop(CUSTOMER.person)
    customer.send("another_signer", call=call, epoch=customer.view["epoch"])
    ring = await second.until(type="agent_view", state="reserved")
    second.send("accept", call=call, epoch=ring["reservation"]["epoch"])
    await second.until(type="agent_view", state="on_call")
    hub.showing.newest[CUSTOMER.person] = connection
    hub.showing.look_again(CUSTOMER.person)
    line = await customer.until(type="text_line")
    assert (line["seq"], line["text"], line["of_before"]) == (1, "which flight?", True)
    assert customer.view["agent_name"] == "Wu"
    assert all(message.get("state") not in ("waiting", "ringing") for message in customer.seen[-2:])


async def test_lines_that_were_read_for_one_agent_are_not_counted_for_the_next(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, first)
    for text in ("which flight?", "on what day?"):
        first.send("say", call=call, text=text)
        assert (await customer.until(type="text_line"))["text"] == text
    second = await ready_agent(hub, OTHER_AGENT)
    texts, asked, goes_on = hub.store.texts, 0, asyncio.Event()

    async def crossing(person: str, *words: Any) -> list[messages.TextLine]:
        """Answer the customer's first look only once the second has its answer, too."""
        nonlocal asked
        found = await texts(person, *words)
        asked += person == CUSTOMER.person
        if person == CUSTOMER.person and asked == 1:
            await goes_on.wait()
        elif person == CUSTOMER.person:
            goes_on.set()
            for _ in range(5):
                await asyncio.sleep(0)
        return found

    monkeypatch.setattr(hub.store, "texts", crossing)
    first.send("say", call=call, text="one moment")
    await poll(lambda: asked == 1)
    customer.send("another_signer", call=call, epoch=customer.view["epoch"])
    ring = await second.until(type="agent_view", state="reserved")
    second.send("accept", call=call, epoch=ring["reservation"]["epoch"])
    again = [(await customer.until(type="text_line", of_before=True))["seq"] for _ in range(3)]
    assert again == [1, 2, 3]


async def test_what_an_agent_promises_after_the_call_is_told_to_the_customer_at_once(hub: Hub) -> None:
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    agent.send("hang_up", call=call)
    after = (await agent.until(type="agent_view", state="after_call"))["after_call"]
    assert (after["call"], after["outcome"]) == (call, "")
    agent.send("disposition", call=call, outcome="follow_up", note="the airport's desk", due_in_h=24)
    seen = await customer.until(type="customer_view", agent_name="Lin", state="ended")
    assert seen["follow_up_due_ms"] > seen["server_time_ms"] + 23 * HOUR_MS
    while agent.view["after_call"]["note"] != "the airport's desk":
        await agent.next()
    agent.send("disposition", call=call, outcome="solved", due_in_h=24)
    assert (await agent.until(type="error"))["code"] == "bad_disposition"
    agent.send("disposition", call=call, outcome="solved", note="x" * 1_001)
    assert (await agent.until(type="error"))["code"] == "bad_message"
    agent.send("ready")
    await agent.until(type="agent_view", state="available", after_call=None)
    agent.send("disposition", call=call, outcome="solved")
    assert (await agent.until(type="error"))["code"] == "no_call"
