"""Hold through the hub: the worker follows what the store says, whatever was lost on the way."""

from __future__ import annotations

import pytest

from signaling.hub import Hub
from tests.support.calls import CUSTOMER, call_between, has_leg, offer, poll, ready_agent
from tests.support.page import Page, enter
from tests.support.plane import DiaryPlane
from video_service.media_plane import WorkerUnavailable

pytestmark = pytest.mark.integration


async def in_call(hub: Hub, plane: DiaryPlane) -> tuple[Page, Page, str]:
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    await offer(customer)
    await poll(lambda: call in plane.calls)
    return agent, customer, call


def say_hold(agent: Page, *, held: bool) -> None:
    call = agent.view["call"]
    agent.send("hold", call=call["call"], epoch=call["epoch"], held=held)


async def test_the_worker_is_told_and_both_pages_say_so(hub: Hub, plane: DiaryPlane) -> None:
    agent, customer, call = await in_call(hub, plane)
    assert not plane.calls[call].held
    say_hold(agent, held=True)
    await poll(lambda: plane.calls[call].held)
    while not customer.view.get("held_from_ms"):
        await customer.next()
    while agent.view["call"].get("held_from_ms") != customer.view["held_from_ms"]:
        await agent.next()
    say_hold(agent, held=False)
    await poll(lambda: not plane.calls[call].held)
    while customer.view.get("held_from_ms"):
        await customer.next()


async def test_who_reconnects_is_joined_on_hold(hub: Hub, plane: DiaryPlane) -> None:
    agent, customer, call = await in_call(hub, plane)
    say_hold(agent, held=True)
    await poll(lambda: plane.calls[call].held)
    for person, page in (("c-1", customer), ("a-lin", agent)):
        before = plane.leg_of(person)
        await offer(page, 2)
        await poll(lambda person=person, before=before: plane.leg_of(person) != before)  # type: ignore[misc]
        await poll(lambda: {plane.leg_of("c-1"), plane.leg_of("a-lin")} == set(_legs(plane, call)))
        assert plane.calls[call].held


def _legs(plane: DiaryPlane, call: str) -> tuple[str, str]:
    return plane.calls[call].customer_leg, plane.calls[call].agent_leg


async def test_a_worker_that_could_not_be_told_is_told_at_the_next_look(
    hub: Hub, plane: DiaryPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent, _, call = await in_call(hub, plane)
    told = plane.open_call
    tried: list[str] = []

    async def away(worker: str, _route: object) -> None:
        tried.append(worker)
        raise WorkerUnavailable

    monkeypatch.setattr(plane, "open_call", away)
    say_hold(agent, held=True)
    await poll(lambda: bool(tried))
    await poll(lambda: hub.showing.newest["a-lin"].route is None)
    assert not plane.calls[call].held
    monkeypatch.setattr(plane, "open_call", told)
    hub.showing.look_again("a-lin")
    await poll(lambda: plane.calls[call].held)


async def test_only_the_agent_may_say_so(hub: Hub, plane: DiaryPlane) -> None:
    agent, customer, call = await in_call(hub, plane)
    assert has_leg(plane, CUSTOMER)
    customer.send("hold", call=call, epoch=agent.view["call"]["epoch"], held=True)
    assert (await customer.until(type="error", reply_to="hold"))["code"] == "not_allowed"
    agent.send("hold", call=call, epoch=agent.view["call"]["epoch"] - 1, held=True)
    assert (await agent.until(type="error", reply_to="hold"))["code"] == "stale"
