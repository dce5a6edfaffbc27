"""The hub with a real store and a plane that keeps a diary: greeting, refusals, a whole call, text, losses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
from redis.asyncio import Redis

from signaling.hub import Hub
from signaling.identity_types import Identity
from signaling.messages import MAX_MESSAGE_BYTES, CloseCode, Pong
from signaling.policy import Policy
from signaling.store import Store
from tests.support.page import Page, enter
from tests.support.plane import DiaryPlane
from video_service.media_plane import BadSdp, LegState

pytestmark = pytest.mark.integration

CUSTOMER = Identity(person="c-1", role="customer")
AGENT = Identity(person="a-lin", role="agent", name="Lin", skills=("csl",))
COORDINATOR = Identity(person="o-1", role="coordinator", name="Mei")
HOUR_MS = 3_600_000


@pytest.fixture
def plane() -> DiaryPlane:
    return DiaryPlane("w-1", "w-2")


@pytest.fixture
async def store(redis: Redis, pool: str) -> Store:
    store = Store(redis, pool=pool, policy=Policy(agent_return_s=0.3, ring_timeout_s=5))
    await store.load()
    return store


@pytest.fixture
async def make_hub(store: Store, plane: DiaryPlane) -> AsyncIterator[Callable[..., Hub]]:
    hubs: list[Hub] = []

    def make(other_plane: DiaryPlane | None = None) -> Hub:
        hubs.append(Hub(store, other_plane or plane))
        return hubs[-1]

    yield make
    for hub in hubs:
        await hub.drain()
        await hub.close()


@pytest.fixture
async def hub(make_hub: Callable[..., Hub]) -> Hub:
    hub = make_hub()
    await hub.start()
    return hub


async def on_shift(store: Store, agent: Identity = AGENT) -> None:
    now_ms = time.time_ns() // 1_000_000
    await store.add_shift(agent.person, now_ms - HOUR_MS, now_ms + HOUR_MS)


async def ready_agent(hub: Hub, agent: Identity = AGENT) -> Page:
    await on_shift(hub.store, agent)
    page = await enter(hub, agent)
    await offer(page)
    page.send("ready")
    await page.until(type="agent_view", state="available")
    return page


async def call_between(customer: Page, agent: Page) -> str:
    customer.send("join")
    ring = await agent.until(type="agent_view", state="reserved")
    agent.send("accept", call=ring["reservation"]["call"], epoch=ring["reservation"]["epoch"])
    await agent.until(type="agent_view", state="on_call")
    view = await customer.until(type="customer_view", state="connected")
    return str(view["call"])


async def offer(page: Page, generation: int = 1) -> None:
    page.send("media_offer", generation=generation, sdp=f"offer {generation}")
    await page.until(type="media_answer", generation=generation)


# ---------------------------------------------------------------- greeting


@pytest.mark.parametrize(
    ("first", "code", "error"),
    [
        ('{"type":"ping"}', CloseCode.BAD_MESSAGE, "hello_first"),
        ("not json", CloseCode.BAD_MESSAGE, "bad_message"),
        ('{"type":"hello","v":1,"ticket":"aaaaaaaaaaaaaaaaaaaa","extra":1}', CloseCode.BAD_MESSAGE, "bad_message"),
        (b"\xff\xfe", CloseCode.BAD_MESSAGE, "bad_message"),
        ('{"type":"hello","v":99,"ticket":"aaaaaaaaaaaaaaaaaaaa"}', CloseCode.VERSION, "version"),
        ('{"type":"hello","v":1}', CloseCode.BAD_TICKET, "bad_ticket"),
        ('{"type":"hello","v":1,"ticket":"aaaaaaaaaaaaaaaaaaaa"}', CloseCode.BAD_TICKET, "bad_ticket"),
        ('{"type":"hello","v":1,"resume":"aaaaaaaaaaaaaaaaaaaa"}', CloseCode.BAD_TICKET, "bad_ticket"),
        ('{"type":"note","text":"' + "x" * MAX_MESSAGE_BYTES + '"}', CloseCode.TOO_LARGE, "too_large"),
    ],
)
async def test_a_bad_first_message_closes_with_its_code(hub: Hub, first: str | bytes, code: int, error: str) -> None:
    page = Page(hub)
    page.raw(first)
    assert await page.until(type="error") == {"type": "error", "code": error, "retryable": False, "reply_to": ""}
    assert await page.gone() == (code, error)


async def test_a_ticket_opens_one_socket_only(hub: Hub) -> None:
    ticket = await hub.store.issue_ticket(CUSTOMER)
    first, second = Page(hub), Page(hub)
    first.send("hello", v=1, ticket=ticket)
    await first.until(type="welcome")
    second.send("hello", v=1, ticket=ticket)
    assert await second.gone() == (CloseCode.BAD_TICKET, "bad_ticket")


async def test_a_resume_token_brings_a_waiting_customer_back_to_any_node(make_hub: Callable[..., Hub]) -> None:
    here, there = make_hub(), make_hub()
    await here.start()
    await there.start()
    agent = await enter(here, AGENT)
    await on_shift(here.store)
    customer = await enter(here, CUSTOMER)
    customer.send("join")
    before = await customer.until(type="customer_view", state="waiting")
    await customer.vanish()
    back = Page(there)
    back.send("hello", v=1, resume=customer.resume)
    welcome = await back.until(type="welcome")
    view = await back.until(type="customer_view")
    assert welcome["resume"] != customer.resume
    assert (view["state"], view["call"], view["place"]) == ("waiting", before["call"], 1)
    replay = Page(there)
    replay.send("hello", v=1, resume=customer.resume)
    assert await replay.gone() == (CloseCode.BAD_TICKET, "bad_ticket")
    await agent.vanish()


async def test_the_newest_page_of_a_person_has_the_call(hub: Hub) -> None:
    old = await enter(hub, AGENT)
    new = await enter(hub, AGENT)
    assert await old.gone() == (CloseCode.REPLACED, "replaced")
    new.send("ping", t=7)
    assert await new.until(type="pong") == {"type": "pong", "t": 7}


# ---------------------------------------------------------------- bad input on a greeted socket


async def test_a_malformed_message_is_answered_and_the_socket_stays(hub: Hub) -> None:
    page = await enter(hub, CUSTOMER)
    for raw in ("", "[]", '{"type":"nothing"}', '{"type":"join","queue":5}', '{"type":"say","call":"x","text":""}'):
        page.raw(raw)
        assert (await page.until(type="error"))["code"] == "bad_message"
    page.send("ping", t=1)
    await page.until(type="pong")


async def test_ten_malformed_messages_in_a_row_close_the_socket(hub: Hub) -> None:
    page = await enter(hub, CUSTOMER)
    for _ in range(10):
        page.raw("{")
    assert await page.gone() == (CloseCode.TOO_MANY, "too_many_bad")


async def test_a_flood_of_messages_closes_the_socket(hub: Hub) -> None:
    page = await enter(hub, CUSTOMER)
    for number in range(900):
        page.send("ping", t=number)
    assert await page.gone() == (CloseCode.TOO_MANY, "too_many")


async def test_a_page_that_does_not_read_is_cut(hub: Hub) -> None:
    page = await enter(hub, CUSTOMER)
    page.wire.reads.clear()
    connection = hub.sockets[next(iter(hub.sockets))]
    for number in range(400):
        connection.post(Pong(t=number))
    assert connection.closing is not None
    assert connection.closing.code == CloseCode.TOO_SLOW
    page.wire.reads.set()
    assert (await page.gone())[0] == CloseCode.TOO_SLOW


@pytest.mark.parametrize(
    ("identity", "message"),
    [
        (CUSTOMER, {"kind": "ready"}),
        (CUSTOMER, {"kind": "accept", "call": "x", "epoch": 1}),
        (AGENT, {"kind": "join"}),
        (COORDINATOR, {"kind": "hang_up", "call": "x"}),
        (COORDINATOR, {"kind": "media_offer", "generation": 1, "sdp": "v=0"}),
        (CUSTOMER, {"kind": "this_is_me"}),
        (COORDINATOR, {"kind": "this_is_me"}),
        (CUSTOMER, {"kind": "hello", "v": 1}),
    ],
)
async def test_a_role_may_do_only_its_own(hub: Hub, identity: Identity, message: dict[str, object]) -> None:
    page = await enter(hub, identity)
    kind = str(message["kind"])
    page.send(kind, **{name: value for name, value in message.items() if name != "kind"})
    assert await page.until(type="error") == {
        "type": "error",
        "code": "not_allowed",
        "retryable": False,
        "reply_to": kind,
    }


async def test_messages_valid_in_another_state_are_refused_by_name(hub: Hub) -> None:
    customer, agent = await enter(hub, CUSTOMER), await enter(hub, AGENT)
    customer.send("join")
    assert (await customer.until(type="error"))["code"] == "closed"
    customer.send("say", call="c-none", text="hello")
    assert (await customer.until(type="error"))["code"] == "no_call"
    customer.send("media_offer", generation=1, sdp="v=0")
    assert (await customer.until(type="error"))["code"] == "no_call"
    agent.send("ready")
    assert (await agent.until(type="error"))["code"] == "not_rostered"
    agent.send("accept", call="c-none", epoch=1)
    assert (await agent.until(type="error"))["code"] == "stale"


async def test_an_unreadable_offer_is_told_to_its_sender_alone(hub: Hub, plane: DiaryPlane) -> None:
    agent = await enter(hub, AGENT)
    plane.refuse = BadSdp()
    agent.send("media_offer", generation=1, sdp="garbage")
    assert await agent.until(type="error") == {
        "type": "error",
        "code": "bad_sdp",
        "retryable": False,
        "reply_to": "media_offer",
    }
    assert await hub.store.leg(AGENT.person) is None, "nobody rings at a desk whose picture was refused"
    plane.refuse = None
    await offer(agent, 2)


# ---------------------------------------------------------------- who the signer is


async def test_an_agent_who_says_this_is_me_reaches_the_own_leg_alone(hub: Hub, plane: DiaryPlane) -> None:
    other = await enter(hub, Identity(person="a-wu", role="agent", name="Wu"))
    agent = await enter(hub, AGENT)
    await offer(other)
    await offer(agent)
    agent.send("this_is_me")
    await poll(lambda: bool(plane.confirmed))
    assert plane.confirmed == [("w-1", plane.leg_of("a-lin"))]
    assert all(message["type"] != "error" for message in agent.seen)


async def test_there_is_nobody_to_confirm_without_a_leg(hub: Hub, plane: DiaryPlane) -> None:
    agent = await enter(hub, AGENT)
    refused = {"type": "error", "code": "no_picture", "retryable": True, "reply_to": "this_is_me"}
    agent.send("this_is_me")
    assert await agent.until(type="error") == refused
    await offer(agent)
    plane.legs.clear()  # the worker has lost it, and nobody knows yet
    agent.send("this_is_me")
    assert await agent.until(type="error") == refused
    assert plane.confirmed == []


async def test_a_worker_out_of_reach_confirms_nobody(hub: Hub, plane: DiaryPlane) -> None:
    agent = await enter(hub, AGENT)
    await offer(agent)
    plane.alive.remove("w-1")
    agent.send("this_is_me")
    assert (await agent.until(type="error"))["code"] == "media_unavailable"


# ---------------------------------------------------------------- a call


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
    assert all(message["type"] != "text_line" for message in agent.seen + customer.seen)


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
    await poll(lambda: call not in plane.calls, limit_s=20)


async def test_a_live_call_is_left_alone_by_reconciling(hub: Hub, plane: DiaryPlane) -> None:
    agent = await ready_agent(hub)
    customer = await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    await offer(customer)
    await poll(lambda: call in plane.calls)
    await hub.media.reconcile()
    assert call in plane.calls


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


async def test_an_agent_whose_page_is_gone_gives_the_call_back(hub: Hub, plane: DiaryPlane) -> None:
    agent = await ready_agent(hub)
    customer = await enter(hub, CUSTOMER)
    call = await call_between(customer, agent)
    await offer(customer)
    await agent.vanish()
    await customer.until(type="customer_view", state="waiting", call=call, place=1)
    await poll(lambda: call not in plane.calls)


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
    page = await ready_agent(hub)
    plane.cut_off("w-1")
    await page.until(type="agent_view", media="offer")
    plane.reach("w-1")
    seen = await page.until(type="agent_view", media="connecting")
    assert seen["state"] == "available"


async def test_draining_tells_everybody_and_closes_with_service_restart(hub: Hub) -> None:
    page = await enter(hub, CUSTOMER)
    await hub.drain()
    await page.until(type="draining")
    assert await page.gone() == (CloseCode.GOING_AWAY, "draining")
    late = Page(hub)
    late.send("hello", v=1, ticket=await hub.store.issue_ticket(CUSTOMER))
    assert await late.gone() == (CloseCode.GOING_AWAY, "draining")


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


async def poll(condition: Callable[[], bool], limit_s: float = 5.0) -> None:
    deadline_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline_s, "not in time"
        await asyncio.sleep(0.01)
