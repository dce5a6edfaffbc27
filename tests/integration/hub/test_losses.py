"""Workers, nodes and pages are lost in the middle of calls; what ended unheard is parted all the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from redis.asyncio import Redis

from signaling.hub import Hub
from tests.support.calls import CUSTOMER, call_between, has_leg, offer, poll, ready_agent
from tests.support.page import enter
from tests.support.plane import DiaryPlane
from video_service.media_plane import LegState, WorkerFull

pytestmark = pytest.mark.integration


async def test_a_lost_worker_asks_both_pages_for_new_connections(hub: Hub, plane: DiaryPlane) -> None:
    agent = await ready_agent(hub)
    customer = await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    await offer(customer)
    plane.lose("w-1")
    await agent.until(type="agent_view", media="offer")
    await customer.until(type="customer_view", media="reconnecting")
    await offer(agent, 2)
    await customer.until(type="customer_view", media="offer")
    await offer(customer, 2)
    await poll(lambda: call in plane.calls and plane.calls[call].customer_leg in plane.legs)
    route = plane.calls[call]
    assert {plane.legs[route.customer_leg][0], plane.legs[route.agent_leg][0]} == {"w-2"}


async def test_a_worker_that_was_out_of_reach_parts_what_ended_meanwhile(hub: Hub, plane: DiaryPlane) -> None:
    agent = await ready_agent(hub)
    customer = await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    await offer(customer)
    await poll(lambda: call in plane.calls)
    plane.cut_off("w-1")
    customer.send("hang_up", call=call)
    await customer.until(type="customer_view", state="ended")
    await agent.until(type="agent_view", state="after_call")
    assert call in plane.calls
    plane.reach("w-1")
    await poll(lambda: call not in plane.calls)


async def test_a_call_whose_end_was_not_heard_is_parted_all_the_same(hub: Hub, plane: DiaryPlane, redis: Redis) -> None:
    agent = await ready_agent(hub)
    customer = await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    await offer(customer)
    await poll(lambda: call in plane.calls)
    plane.failures = 1  # one order to the worker gets lost, too
    await redis.client_kill_filter(_type="pubsub")
    customer.send("hang_up", call=call)
    await customer.until(type="customer_view", state="ended")
    await poll(lambda: call not in plane.calls)


async def test_what_a_worker_sees_of_somebody_whose_node_is_dead_is_noted_by_the_others(
    make_hub: Callable[..., Hub], plane: DiaryPlane
) -> None:
    deaf = DiaryPlane("w-1", "w-2")  # the other node's way to the same workers: it hears nothing any more
    deaf.legs, deaf.calls, deaf.epochs = plane.legs, plane.calls, plane.epochs
    here, there = make_hub(), make_hub(deaf)
    await here.start()
    await there.start()
    agent = await ready_agent(there)
    customer = await enter(here, CUSTOMER)
    call = await call_between(customer, agent)
    await offer(customer)
    await poll(lambda: call in plane.calls)
    route = plane.calls[call]
    plane.say(route.customer_leg, LegState.CONNECTED)
    plane.say(route.customer_leg, LegState.FLOWING)
    await customer.until(type="customer_view", media="live")
    plane.say(route.agent_leg, LegState.CONNECTED, call=call)
    plane.say(route.agent_leg, LegState.FLOWING, call=call)
    await customer.until(type="customer_view", other_media="live")
    plane.say(route.agent_leg, LegState.SILENT, call=call)
    await customer.until(type="customer_view", other_media="reconnecting")


async def test_an_agent_whose_page_is_gone_gives_the_call_back(hub: Hub, plane: DiaryPlane) -> None:
    agent = await ready_agent(hub)
    customer = await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    await offer(customer)
    await agent.vanish()
    waiting = await customer.until(type="customer_view", state="waiting", call=call, place=1)
    assert waiting["requeued"] == "agent_lost"
    await poll(lambda: call not in plane.calls and not has_leg(plane, CUSTOMER))


async def test_an_agent_whose_page_makes_no_new_leg_after_its_worker_died_is_not_rung(
    hub: Hub, plane: DiaryPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signaling.listening.RECONCILE_S", 0.05)
    monkeypatch.setattr("signaling.listening.LOST_S", 0.1)
    page = await ready_agent(hub)
    plane.lose("w-1")
    away = await page.until(type="agent_view", state="break")
    assert away["away_reason"] == "no_picture"


async def test_a_worker_out_of_reach_for_a_moment_costs_nobody_the_picture(
    hub: Hub, plane: DiaryPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signaling.listening.RECONCILE_S", 0.05)
    monkeypatch.setattr("signaling.listening.LOST_S", 60.0)
    page = await ready_agent(hub)
    plane.cut_off("w-1")
    await page.until(type="agent_view", media="offer")
    plane.reach("w-1")
    seen = await page.until(type="agent_view", media="connecting")
    assert seen["state"] == "available"


async def test_a_customer_whom_a_full_worker_refuses_is_told_so_and_may_try_again(hub: Hub, plane: DiaryPlane) -> None:
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    plane.refuse = WorkerFull()
    customer.send("media_offer", generation=1, sdp="offer 1")
    assert await customer.until(type="error") == {
        "type": "error",
        "code": "media_full",
        "retryable": True,
        "reply_to": "media_offer",
    }
    assert (customer.view["state"], customer.view["call"]) == ("connected", call), "text goes on meanwhile"
    plane.refuse = None
    await offer(customer, 2)
    await poll(lambda: call in plane.calls)
