"""Web nodes are killed, stopped for a while and sent home while people wait, ring and sign on them."""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from redis.asyncio import Redis

from signaling.identity_types import Identity
from signaling.messages import CloseCode
from tests.support.staff import Staff
from tests.valkey_server import RealValkey
from tests.web_nodes import SocketPage, WebNode
from video_service.consent import CONSENT_VERSION

pytestmark = pytest.mark.faults

POOL = f"t-{secrets.token_hex(6)}"
# Nothing stops ringing and nobody's time to come back runs out, however slow the machine is: only a node's end counts.
SETTINGS = {
    "VIDEO_SERVICE_RING_TIMEOUT_S": "300",
    "VIDEO_SERVICE_KEEP_PLACE_S": "300",
    "VIDEO_SERVICE_CUSTOMER_RETURN_S": "300",
    "VIDEO_SERVICE_AGENT_RETURN_S": "300",
}


@pytest.fixture(scope="module")
def nodes(valkey: RealValkey) -> Iterator[tuple[WebNode, WebNode]]:
    """Two nodes for all tests of this file, each of which has people of its own and leaves both running."""
    here, there = (WebNode(valkey.url, POOL, SETTINGS) for _ in range(2))
    try:
        for node in (here, there):
            node.start()
        for node in (here, there):
            node.wait_ready()
        yield here, there
    finally:
        for node in (here, there):
            node.end(signal.SIGKILL)


@pytest.fixture
async def staff(valkey: RealValkey) -> AsyncIterator[Staff]:
    client = Redis.from_url(valkey.url)
    made = Staff(client, POOL)
    yield made
    made.close()
    await client.aclose()


@pytest.fixture
async def pages() -> AsyncIterator[list[SocketPage]]:
    """What a test puts here is closed afterwards."""
    opened: list[SocketPage] = []
    yield opened
    for page in opened:
        await page.close()


async def ready_agent(staff: Staff, name: str, node: WebNode) -> SocketPage:
    """An agent with a skill that nobody else has, so that tests do not meet."""
    page = await SocketPage.open(node, ticket=await staff.ticket(await staff.agent(name, name)), beats=True)
    await page.until(type="agent_view")
    await page.send("media_offer", generation=1, sdp="offer")
    await page.until(type="media_answer")
    await page.send("ready")
    await page.until(type="agent_view", state="available")
    return page


async def customer(staff: Staff, name: str, node: WebNode) -> SocketPage:
    ticket = await staff.ticket(Identity(person=f"c-{name}", role="customer"))
    page = await SocketPage.open(node, ticket=ticket, beats=True)
    await page.until(type="customer_view")
    return page


async def back(page: SocketPage, node: WebNode) -> SocketPage:
    """Come back by the resume token, as a page does whose socket has closed."""
    return await SocketPage.open(node, resume=page.resume, beats=True)


async def rings(agent: SocketPage, customer: SocketPage, needs: str) -> dict[str, Any]:
    """Let the customer join and the agent's desk ring; return the reservation."""
    await customer.send("join", consent=CONSENT_VERSION, needs=[needs])
    return dict((await agent.until(type="agent_view", state="reserved"))["reservation"])


async def call_between(agent: SocketPage, customer: SocketPage, needs: str) -> str:
    ring = await rings(agent, customer, needs)
    await agent.send("accept", call=ring["call"], epoch=ring["epoch"])
    await agent.until(type="agent_view", state="on_call")
    return str((await customer.until(type="customer_view", state="connected"))["call"])


async def test_people_of_a_killed_node_are_in_the_same_state_on_another(
    nodes: tuple[WebNode, WebNode], staff: Staff, pages: list[SocketPage]
) -> None:
    here, there = nodes
    agent = await ready_agent(staff, "kill", there)
    other = await ready_agent(staff, "kill2", here)
    signs, waits, rung = [await customer(staff, f"kill{number}", here) for number in range(3)]
    pages += [agent, other, signs, waits, rung]
    call = await call_between(agent, signs, "kill")
    await waits.send("join", consent=CONSENT_VERSION, needs=["kill"])
    waiting = await waits.until(type="customer_view", state="waiting")
    ring = await rings(other, rung, "kill2")

    here.end(signal.SIGKILL)

    # Nobody of that node is back yet: the other node sees it by itself.
    async with asyncio.timeout(60):
        while agent.view["call"]["other_media"] != "reconnecting":
            await agent.next()
    signs, waits, rung, other = [await back(page, there) for page in (signs, waits, rung, other)]
    pages += [signs, waits, rung, other]
    seen = await signs.until(type="customer_view")
    assert (seen["state"], seen["call"]) == ("connected", call)
    seen = await waits.until(type="customer_view")
    assert (seen["state"], seen["call"], seen["place"]) == ("waiting", waiting["call"], waiting["place"])
    # Whoever was rung while gone is not blamed for it: the same call rings again, under a new epoch.
    again = (await other.until(type="agent_view", state="reserved"))["reservation"]
    assert again["call"] == ring["call"]
    await other.send("accept", call=again["call"], epoch=again["epoch"])
    await rung.until(type="customer_view", state="connected")
    await signs.send("say", call=call, text="the same as before")
    await agent.until(type="text_line", text="the same as before")
    here.start()
    await asyncio.to_thread(here.wait_ready)


async def test_three_people_of_a_killed_node_are_in_one_call_on_another(
    nodes: tuple[WebNode, WebNode], staff: Staff, pages: list[SocketPage]
) -> None:
    here, there = nodes
    first, signs = await ready_agent(staff, "three", here), await customer(staff, "three", here)
    second, third = await ready_agent(staff, "three2", there), await ready_agent(staff, "three3", here)
    pages += [first, signs, second, third]
    call = await call_between(first, signs, "three")
    epoch = first.view["call"]["epoch"]
    ids = {each["name"]: each["agent"] for each in first.view["call"]["colleagues"]}
    await first.send("invite", call=call, epoch=epoch, to=ids["three2"])
    ring = (await second.until(type="agent_view", state="reserved"))["reservation"]
    await second.send("accept", call=call, epoch=ring["epoch"])
    await second.until(type="agent_view", state="on_call")
    # One more is asked, and rings, when the node dies: that one is back after it, and the call goes on without.
    await first.send("invite", call=call, epoch=epoch, to=ids["three3"])
    await third.until(type="agent_view", state="reserved")

    here.end(signal.SIGKILL)

    async with asyncio.timeout(60):
        while second.view["call"]["other_media"] != "reconnecting":
            await second.next()
    first, signs = [await back(page, there) for page in (first, signs)]
    pages += [first, signs]
    seen = await signs.until(type="customer_view")
    assert (seen["state"], seen["call"], [other["state"] for other in seen["others"]]) == ("connected", call, ["in"])
    seen = await first.until(type="agent_view")
    assert (seen["state"], seen["call"]["call"], seen["call"].get("helps", False)) == ("on_call", call, False)
    assert [other["state"] for other in seen["call"]["others"]] == ["in"]
    assert seen["call"]["invite_ended"] == "left"
    # Each hears each, and the one who was asked goes on when the first one leaves.
    await second.send("say", call=call, text="all here")
    for page in (first, signs):
        await page.until(type="text_line", text="all here")
    await first.send("hang_up", call=call)
    await first.until(type="agent_view", state="after_call")
    async with asyncio.timeout(60):
        while second.view["call"].get("helps") or signs.view.get("others"):
            await (second if second.view["call"].get("helps") else signs).next()
    assert signs.view["state"] == "connected"
    here.start()
    await asyncio.to_thread(here.wait_ready)


async def test_a_node_that_is_told_to_stop_hands_its_people_over_without_a_gap(
    nodes: tuple[WebNode, WebNode], staff: Staff, pages: list[SocketPage]
) -> None:
    here, there = nodes
    agent, other = await ready_agent(staff, "stop", there), await ready_agent(staff, "stop2", here)
    signs, rung = [await customer(staff, f"stop{number}", here) for number in range(2)]
    pages += [agent, other, signs, rung]
    call = await call_between(agent, signs, "stop")
    ring = await rings(other, rung, "stop2")

    here.send_signal(signal.SIGTERM)

    async def move(page: SocketPage) -> SocketPage:
        await page.until(type="draining")
        moved = await back(page, there)
        pages.append(moved)
        assert await page.gone() == CloseCode.GOING_AWAY
        return moved

    # All at once, as pages do: whoever waits for the others is missed after a while.
    signs, rung, other = await asyncio.gather(*(move(page) for page in (signs, rung, other)))
    seen = await signs.until(type="customer_view")
    assert (seen["state"], seen["call"]) == ("connected", call)
    view = (await other.until(type="agent_view"))["reservation"]
    assert (view["call"], view["epoch"]) == (ring["call"], ring["epoch"]), "it never stopped ringing"
    await other.send("accept", call=view["call"], epoch=view["epoch"])
    await rung.until(type="customer_view", state="connected")
    await signs.send("say", call=call, text="no gap")
    line = await agent.until(type="text_line")
    assert line["text"] == "no gap"
    assert agent.view["call"]["other_media"] != "reconnecting"
    assert await asyncio.to_thread(here.ended) == 0
    here.start()
    await asyncio.to_thread(here.wait_ready)


async def test_a_node_that_slept_ten_seconds_acts_on_nothing_that_has_moved_on(
    nodes: tuple[WebNode, WebNode], staff: Staff, pages: list[SocketPage]
) -> None:
    here, there = nodes
    sleeper = await ready_agent(staff, "sleep", here)
    caller = await customer(staff, "sleep", there)
    pages += [sleeper, caller]
    ring = await rings(sleeper, caller, "sleep")
    here.send_signal(signal.SIGSTOP)
    try:
        # Said to a node that sleeps, and read by it when the call has moved on.
        await sleeper.send("accept", call=ring["call"], epoch=ring["epoch"])
        await caller.until(type="customer_view", state="waiting")
        awake = await back(sleeper, there)
        pages.append(awake)
        again = (await awake.until(type="agent_view", state="reserved"))["reservation"]
        assert (again["call"], again["epoch"] > ring["epoch"]) == (ring["call"], True)
    finally:
        here.send_signal(signal.SIGCONT)
    assert await sleeper.gone() in (CloseCode.REPLACED, CloseCode.TOO_SLOW)
    await awake.send("ping", t=1)
    await awake.until(type="pong")
    assert awake.view["state"] == "reserved", "what the sleeper was told was for an earlier epoch"
    await awake.send("accept", call=again["call"], epoch=again["epoch"])
    await caller.until(type="customer_view", state="connected")


async def test_a_call_that_is_held_passed_on_or_just_begun_or_over_outlives_the_node_of_all_its_people(
    nodes: tuple[WebNode, WebNode], staff: Staff, pages: list[SocketPage]
) -> None:
    here, there = nodes
    names = ("held", "begun", "passed", "over")
    agents = {name: await ready_agent(staff, name, here) for name in names}
    customers = {name: await customer(staff, name, here) for name in names}
    calls = {name: await call_between(agents[name], customers[name], name) for name in names}
    # Whoever takes the call that is passed on is there from now on only, so that it did not ring there before.
    heir = await staff.agent("heir", "passed")
    desk = await SocketPage.open(here, ticket=await staff.ticket(heir), beats=True)
    await desk.until(type="agent_view")
    await desk.send("media_offer", generation=1, sdp="offer")
    await desk.until(type="media_answer")
    await desk.send("ready")
    await desk.until(type="agent_view", state="available")
    pages += [*agents.values(), *customers.values(), desk]

    def epoch(name: str) -> int:
        return int(agents[name].view["call"]["epoch"])

    await customers["begun"].send("media_offer", generation=1, sdp="offer")
    await customers["begun"].until(type="media_answer")
    await agents["held"].send("hold", call=calls["held"], epoch=epoch("held"), held=True)
    while not customers["held"].view.get("held_from_ms"):
        await customers["held"].until(type="customer_view")
    await agents["passed"].send(
        "transfer", call=calls["passed"], epoch=epoch("passed"), to=heir.person, note="order 17"
    )
    await desk.until(type="agent_view", state="reserved")
    await customers["over"].send("hang_up", call=calls["over"])
    await agents["over"].until(type="agent_view", state="after_call")

    here.end(signal.SIGKILL)

    agents = {name: await back(page, there) for name, page in agents.items()}
    desk = await back(desk, there)
    customers = {name: await back(page, there) for name, page in customers.items()}
    pages += [*agents.values(), *customers.values(), desk]
    for name in ("held", "begun"):
        seen = await customers[name].until(type="customer_view")
        assert (seen["state"], seen["call"]) == ("connected", calls[name])
        assert bool(seen.get("held_from_ms")) == (name == "held")
        await agents[name].until(type="agent_view", state="on_call")
    ring = (await desk.until(type="agent_view", state="reserved"))["reservation"]
    assert (ring["call"], ring["handover"]["note"]) == (calls["passed"], "order 17")
    await desk.send("accept", call=ring["call"], epoch=ring["epoch"])
    await customers["passed"].until(type="customer_view", state="connected")
    for name in ("passed", "over"):
        await agents[name].until(type="agent_view", state="after_call")
    await customers["over"].until(type="customer_view", state="ended")
    here.start()
    await asyncio.to_thread(here.wait_ready)
