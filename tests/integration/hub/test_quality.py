"""What workers and pages say of pictures, through the hub: to the record, to the other page, to the worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from redis.asyncio import Redis

from signaling.hub import Hub
from tests.support.calls import AGENT, CUSTOMER, call_between, has_leg, offer, poll, ready_agent
from tests.support.page import Page, enter
from tests.support.plane import DiaryPlane
from video_service.line_quality import LineFacts
from video_service.media_plane import LegState, Shown
from video_service.records import Records

pytestmark = pytest.mark.integration

FACTS = LineFacts(seconds=12, fps_p5=22, fps_p50=29, freezes=1, frozen_ms=300)


async def joined(hub: Hub, plane: DiaryPlane) -> tuple[str, Page, Page]:
    """Return a call between two pages whose legs the workers have."""
    agent = await ready_agent(hub)
    customer = await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    await offer(customer)
    await poll(lambda: call in plane.calls)
    plane.say(plane.leg_of(CUSTOMER.person), LegState.CONNECTED, call=call)
    await agent.until(type="agent_view")
    return call, agent, customer


async def test_word_reaches_both_pages_and_facts_the_record(
    hub: Hub, plane: DiaryPlane, redis: Redis, pool: str
) -> None:
    call, agent, customer = await joined(hub, plane)
    plane.judge(plane.leg_of(CUSTOMER.person), call, "poor", FACTS)
    await agent.until(type="agent_view", line_theirs="poor")
    await customer.until(type="customer_view", line_word="poor")
    plane.judge(plane.leg_of(AGENT.person), call, "fair", FACTS)
    await agent.until(type="agent_view", line_mine="fair")
    plane.judge(plane.leg_of(CUSTOMER.person), call, "good", FACTS)
    await agent.until(type="agent_view", line_theirs="good")
    await customer.until(type="customer_view", line_word="")

    record = await Records(redis, pool=pool).get(call)
    assert {leg.role: leg.quality for leg in record.legs} == {"agent": FACTS, "customer": FACTS}


async def test_last_facts_are_written_by_a_node_where_nobody_of_the_call_is(
    hub: Hub, plane: DiaryPlane, make_hub: Callable[..., Hub], redis: Redis, pool: str
) -> None:
    call, agent, customer = await joined(hub, plane)
    leg = plane.leg_of(CUSTOMER.person)
    plane_of_another = DiaryPlane("w-1")
    behind_it = plane.legs[leg]
    other = make_hub(plane_of_another)
    await other.start()
    customer.send("hang_up", call=call)
    await agent.until(type="agent_view", state="after_call")
    plane_of_another.legs[leg] = behind_it
    plane_of_another.judge(leg, call, "", FACTS, last=True)

    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        record = await Records(redis, pool=pool).get(call)
        if [fact.quality for fact in record.legs if fact.leg == leg] == [FACTS]:
            break
        await asyncio.sleep(0.02)
    else:
        pytest.fail("the facts are not on record")


async def test_page_tells_the_worker_of_its_leg_what_it_presented(hub: Hub, plane: DiaryPlane) -> None:
    _, agent, customer = await joined(hub, plane)
    agent.send("picture_shown", fps=27, freezes=1, frozen_ms=250)
    await poll(lambda: bool(plane.reported))
    customer.send("picture_shown", fps=30)
    await poll(lambda: len(plane.reported) == 2)
    assert plane.reported == [
        (plane.leg_of(AGENT.person), Shown(fps=27, freezes=1, frozen_ms=250)),
        (plane.leg_of(CUSTOMER.person), Shown(fps=30)),
    ]


async def test_pause_reaches_the_worker_and_a_new_leg_hears_of_it_again(hub: Hub, plane: DiaryPlane) -> None:
    _, agent, customer = await joined(hub, plane)
    first = plane.leg_of(CUSTOMER.person)
    customer.send("pause_picture", paused=True)
    await poll(lambda: plane.paused == {first: True})
    await agent.until(type="agent_view")
    await offer(customer, 2)
    second = plane.leg_of(CUSTOMER.person)
    assert second != first
    customer.send("pause_picture", paused=True)
    await poll(lambda: plane.paused.get(second) is True)
    customer.send("pause_picture", paused=False)
    await poll(lambda: plane.paused.get(second) is False)


async def test_pause_that_is_taken_back_at_once_ends_as_the_page_said_last(hub: Hub, plane: DiaryPlane) -> None:
    _, _, customer = await joined(hub, plane)
    leg = plane.leg_of(CUSTOMER.person)
    for paused in (True, False, True, False, True):
        customer.send("pause_picture", paused=paused)
    customer.send("ping", t=1)
    await customer.until(type="pong")
    await poll(lambda: leg in plane.paused)
    await poll(lambda: not [task for task in asyncio.all_tasks() if task.get_name() == "page-report"])
    assert plane.paused == {leg: True}


async def test_report_without_a_leg_or_with_a_dead_worker_is_no_error(hub: Hub, plane: DiaryPlane) -> None:
    customer = await enter(hub, CUSTOMER)
    assert not has_leg(plane, CUSTOMER)
    customer.send("picture_shown", fps=30)
    customer.send("pause_picture", paused=True)
    customer.send("ping", t=1)
    await customer.until(type="pong")
    await poll(lambda: not [task for task in asyncio.all_tasks() if task.get_name() == "page-report"])
    assert all(message["type"] != "error" for message in customer.seen)
    assert (plane.reported, plane.paused) == ([], {})


@pytest.mark.parametrize("fields", [{"fps": -1}, {"fps": 241}, {"fps": 30, "freezes": 61}, {"frozen_ms": 1}])
async def test_nonsense_is_refused(hub: Hub, fields: dict[str, int]) -> None:
    customer = await enter(hub, CUSTOMER)
    customer.send("picture_shown", **fields)
    assert (await customer.until(type="error"))["code"] == "bad_message"
