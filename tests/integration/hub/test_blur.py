"""A customer who wishes that the room is not seen: what the worker is asked for, and what the two pages hear of it."""

from __future__ import annotations

import pytest

from signaling.hub import Hub
from tests.support.calls import AGENT, CUSTOMER, call_between, poll, ready_agent
from tests.support.page import enter
from tests.support.plane import DiaryPlane
from video_service.media_plane import BlurFull, LegState, PictureState

pytestmark = pytest.mark.integration


async def test_the_wish_goes_to_the_worker_and_its_state_to_the_customer_alone(hub: Hub, plane: DiaryPlane) -> None:
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    customer.send("media_offer", generation=1, sdp="offer 1", blur=True)
    await customer.until(type="media_answer", generation=1)
    leg = plane.leg_of(CUSTOMER.person)
    assert plane.legs[leg][1].blur
    await poll(lambda: call in plane.calls)
    plane.show(plane.leg_of(AGENT.person), PictureState.CLEAR)
    await customer.until(type="customer_view", picture="clear", own_picture="")
    await agent.until(type="agent_view", picture="clear")
    for state in (PictureState.CLEAR, PictureState.SLATE):
        plane.show(leg, state, "late" if state is PictureState.SLATE else "")
        await customer.until(type="customer_view", picture="clear", own_picture=state.value)
    agent.send("ping", t=1)
    await agent.until(type="pong")
    assert agent.view["picture"] == "clear", "the agent's own picture is another matter"

    customer.send("media_offer", generation=2, sdp="offer 2")
    await customer.until(type="media_answer", generation=2)
    assert not plane.legs[plane.leg_of(CUSTOMER.person)][1].blur
    await customer.until(type="customer_view", own_picture="")


async def test_without_room_it_is_refused_and_nothing_is_shown_in_its_place(hub: Hub, plane: DiaryPlane) -> None:
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    plane.refuse = BlurFull()
    customer.send("media_offer", generation=1, sdp="offer 1", blur=True)
    assert await customer.until(type="error") == {
        "type": "error",
        "code": "blur_full",
        "retryable": True,
        "reply_to": "media_offer",
    }
    assert not [leg for leg, (_, request) in plane.legs.items() if request.person == CUSTOMER.person]
    assert call not in plane.calls
    assert customer.view["state"] == "connected"
    plane.refuse = None
    customer.send("media_offer", generation=2, sdp="offer 2", blur=True)
    await customer.until(type="media_answer", generation=2)
    await poll(lambda: call in plane.calls)
    plane.say(plane.leg_of(CUSTOMER.person), LegState.CONNECTED)


async def test_an_agent_is_blurred_without_asking(hub: Hub, plane: DiaryPlane) -> None:
    agent = await ready_agent(hub)
    agent.send("media_offer", generation=2, sdp="offer 2", blur=True)
    await agent.until(type="media_answer", generation=2)
    request = plane.legs[plane.leg_of(AGENT.person)][1]
    assert (request.blur, request.blurred) == (False, True)
