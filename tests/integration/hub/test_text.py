"""Text as it is written, through the hub with a real store: to the other person alone, and kept by nobody."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from redis.asyncio import Redis

from signaling.hub import Hub
from signaling.identity_types import Identity
from tests.oracle.compare import Dump
from tests.support.calls import AGENT, CUSTOMER, call_between, ready_agent
from tests.support.page import Page, enter
from video_service.real_time_text import CHARACTER_BURST, LINE_END, MOST_PIECE

pytestmark = pytest.mark.integration

LINE = 1_764_000_000_000


@pytest.fixture
def agent_return_s() -> float:
    """Whoever's page closes here comes back, however slow the machine is."""
    return 600


async def heard(page: Page, number: int) -> None:
    """Read until the answer to a ping: by then whatever came before it is among what was seen."""
    page.send("ping", t=number)
    await page.until(type="pong", t=number)


def pieces(page: Page) -> list[tuple[int, int, str]]:
    return [(m["line"], m["number"], m["text"]) for m in page.seen if m["type"] == "rtt" and m["number"]]


async def test_characters_reach_the_other_in_their_order_and_the_line_takes_their_place(hub: Hub) -> None:
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    for number, text in enumerate(("您", "好", "\b们", LINE_END), 1):
        customer.send("rtt", call=call, line=LINE, number=number, text=text)
    customer.send("say", call=call, text="您们", line=LINE)
    line = await agent.until(type="text_line")
    assert pieces(agent) == [(LINE, 1, "您"), (LINE, 2, "好"), (LINE, 3, "\b们"), (LINE, 4, LINE_END)]
    assert (line["text"], line["line"], line["mine"]) == ("您们", LINE, False)
    mine = await customer.until(type="text_line")
    assert (mine["line"], mine["mine"]) == (LINE, True)
    assert pieces(customer) == [], "nobody reads from elsewhere what stands in the own field"


async def test_each_direction_is_a_stream_of_its_own(hub: Hub) -> None:
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    agent.send("rtt", call=call, line=LINE, number=1, text="a")
    customer.send("rtt", call=call, line=LINE, number=1, text="c")
    assert (await agent.until(type="rtt", number=1))["text"] == "c"
    assert (await customer.until(type="rtt", number=1))["text"] == "a"


async def test_pieces_stay_in_their_call(hub: Hub) -> None:
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    second_agent = await ready_agent(hub, Identity(person="a-wu", role="agent", name="Wu"))
    second_customer = await enter(hub, Identity(person="c-2", role="customer"))
    second_call = await call_between(second_customer, second_agent)
    second_customer.send("rtt", call=call, line=LINE, number=1, text="not mine")
    refused = await second_customer.until(type="error")
    assert (refused["code"], refused["reply_to"]) == ("no_call", "rtt")
    second_customer.send("rtt", call=second_call, line=LINE, number=1, text="mine")
    assert (await second_agent.until(type="rtt", number=1))["text"] == "mine"
    for page in (agent, customer):
        await heard(page, 7)
        assert pieces(page) == []


async def test_without_a_call_nothing_is_passed_on(hub: Hub) -> None:
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    customer.send("hang_up", call=call)
    await agent.until(type="agent_view", state="after_call")
    agent.send("rtt", call=call, line=LINE, number=1, text="after the end")
    assert (await agent.until(type="error"))["code"] == "no_call"


async def test_a_flood_is_refused_and_the_line_still_comes(hub: Hub) -> None:
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    for number in range(1, 4):
        customer.send("rtt", call=call, line=LINE, number=number, text="x" * MOST_PIECE)
    refused = await customer.until(type="error")
    assert (refused["code"], refused["reply_to"], refused["retryable"]) == ("too_fast", "rtt", True)
    customer.send("say", call=call, text="short", line=LINE)
    await agent.until(type="text_line", text="short")
    passed = sum(len(text) for _, _, text in pieces(agent))
    assert 0 < passed < 3 * MOST_PIECE
    assert CHARACTER_BURST >= MOST_PIECE


async def test_a_page_that_comes_back_asks_for_the_unfinished_line(hub: Hub) -> None:
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    customer.send("rtt", call=call, line=LINE, number=1, text="gate ")
    await agent.until(type="rtt", number=1)
    await heard(customer, 3)
    customer.seen.clear()
    await agent.vanish()
    back = Page(hub)
    back.send("hello", v=1, resume=agent.resume)
    await back.until(type="agent_view", state="on_call")
    asked = await customer.until(type="rtt", number=0)
    assert (asked["call"], asked["line"], asked["text"]) == (call, 0, "")
    customer.send("rtt", call=call, line=LINE + 1, number=1, text="gate 1")
    assert (await back.until(type="rtt", number=1))["text"] == "gate 1"


async def test_whoever_comes_back_into_a_long_conversation_is_sent_all_that_is_kept_of_it(hub: Hub) -> None:
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    await customer.vanish()
    kept = hub.store.policy.text_buffer_lines
    for number in range(kept + 20):
        await hub.store.say(AGENT.person, call, f"line {number}")
    back = Page(hub)
    back.send("hello", v=1, resume=customer.resume)
    last = await back.until(type="text_line", text=f"line {kept + 19}")
    lines = [message["seq"] for message in back.seen if message["type"] == "text_line"]
    assert lines == list(range(last["seq"] - kept + 1, last["seq"] + 1))
    await heard(back, 1)


async def test_people_on_two_nodes_read_each_other_as_they_write(make_hub: Callable[..., Hub], hub: Hub) -> None:
    other = make_hub()
    await other.start()
    agent, customer = await ready_agent(hub), await enter(other, CUSTOMER)
    call = await call_between(customer, agent)
    customer.send("rtt", call=call, line=LINE, number=1, text="x")
    assert (await agent.until(type="rtt", number=1))["text"] == "x"


async def test_what_redis_carries_is_sealed_and_what_it_keeps_is_nothing(hub: Hub, redis: Redis) -> None:
    agent, customer = await ready_agent(hub), await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    pool = hub.store.keys.pool
    before = set((await Dump(pool).read(redis)).types)
    pubsub = redis.pubsub(ignore_subscribe_messages=True)
    await pubsub.subscribe(hub.store.keys.wakes)
    await pubsub.get_message(timeout=30)
    customer.send("rtt", call=call, line=LINE, number=1, text="geheim")
    await agent.until(type="rtt", number=1)
    carried: list[str] = []
    while '"piece":"gAAAA' not in str(carried):
        message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=30)
        assert message is not None
        carried.append(message["data"])
    await pubsub.aclose()  # type: ignore[no-untyped-call]
    assert "geheim" not in str(carried)
    dump = await Dump(pool).read(redis)
    assert set(dump.types) == before
    assert "geheim" not in str(dump.values)
    assert AGENT.person in str(carried)
