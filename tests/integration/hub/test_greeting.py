"""How a socket begins and ends: tickets, resume tokens, a newer page, a node that goes down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from signaling.hub import Hub
from signaling.messages import MAX_MESSAGE_BYTES, CloseCode
from signaling.store import Store
from tests.support.calls import AGENT, CUSTOMER, on_shift, poll
from tests.support.page import Page, enter
from video_service.consent import CONSENT_VERSION

pytestmark = pytest.mark.integration


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
    customer.send("join", consent=CONSENT_VERSION)
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


async def test_an_old_page_is_closed_also_when_its_node_did_not_hear_of_the_new_one(hub: Hub) -> None:
    old = await enter(hub, AGENT)
    person = f"{hub.store.keys.root}:person:{AGENT.person}"
    await hub.store.redis.hset(person, "socket", "on-another-node")
    assert await old.gone() == (CloseCode.REPLACED, "replaced")


async def two_tickets(store: Store) -> tuple[str, str]:
    """Give out two tickets of one agent, in two milliseconds of the store: a page gave its first socket up."""
    first = await store.issue_ticket(AGENT)
    then = await store.redis.time()
    while await store.redis.time() < (then[0], then[1] + 1_000):
        await asyncio.sleep(0.001)
    return first, await store.issue_ticket(AGENT)


async def is_served(page: Page) -> None:
    """The page is answered, and shown what becomes of it."""
    page.send("ping", t=7)
    assert await page.until(type="pong") == {"type": "pong", "t": 7}
    page.hub.showing.look_again(AGENT.person)
    await poll(lambda: page.hub.showing.newest.get(AGENT.person) is not None)
    assert page.hub.showing.newest[AGENT.person].wire is page.wire
    row = await page.hub.store.redis.hmget(f"{page.hub.store.keys.root}:person:{AGENT.person}", "socket", "present")
    assert row == [page.hub.showing.newest[AGENT.person].socket_id.encode(), b"1"]


async def test_a_greeting_that_is_read_late_takes_nothing_from_the_page_s_newer_socket(
    make_hub: Callable[..., Hub],
) -> None:
    here, there = make_hub(), make_hub()
    await here.start()
    await there.start()
    for slow in (here, there):
        given_up, ticket = await two_tickets(here.store)
        page = Page(here)
        page.send("hello", v=1, ticket=ticket)
        await page.until(type="agent_view")
        late = Page(slow)
        late.send("hello", v=1, ticket=given_up)
        assert await late.gone() == (CloseCode.REPLACED, "replaced")
        await is_served(page)


class Held:
    """Keeps the first use of one of the store's operations waiting."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, store: Store, name: str) -> None:
        self.reached, self.goes_on = asyncio.Event(), asyncio.Event()
        operation = getattr(store, name)

        async def held(*words: Any, **more: Any) -> Any:
            if not self.reached.is_set():
                self.reached.set()
                await self.goes_on.wait()
            return await operation(*words, **more)

        monkeypatch.setattr(store, name, held)


@pytest.mark.parametrize("operation", ["connect", "sign_in", "issue_resume"])
async def test_of_two_sockets_that_are_greeted_at_once_the_newer_one_stays(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    given_up, ticket = await two_tickets(hub.store)
    first = Held(monkeypatch, hub.store, operation)
    late, page = Page(hub), Page(hub)
    late.send("hello", v=1, ticket=given_up)
    async with asyncio.timeout(30):
        await first.reached.wait()
    page.send("hello", v=1, ticket=ticket)
    await page.until(type="agent_view")
    first.goes_on.set()
    assert await late.gone() == (CloseCode.REPLACED, "replaced")
    await is_served(page)
    back = Page(hub)
    back.send("hello", v=1, resume=page.resume)
    await back.until(type="welcome")


async def test_an_answer_that_comes_late_makes_no_older_socket_the_newest(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue_resume, asked, goes_on = hub.store.issue_resume, asyncio.Event(), asyncio.Event()

    async def late_answer(*words: Any, **more: Any) -> str:
        token = await issue_resume(*words, **more)
        if not asked.is_set():
            asked.set()
            await goes_on.wait()
        return token

    monkeypatch.setattr(hub.store, "issue_resume", late_answer)
    given_up, ticket = await two_tickets(hub.store)
    late, page = Page(hub), Page(hub)
    late.send("hello", v=1, ticket=given_up)
    async with asyncio.timeout(30):
        await asked.wait()
    page.send("hello", v=1, ticket=ticket)
    await page.until(type="agent_view")
    goes_on.set()
    assert await late.gone() == (CloseCode.REPLACED, "replaced")
    await is_served(page)


async def test_a_page_that_reloads_or_opens_again_replaces_whatever_was_there(hub: Hub) -> None:
    page = await enter(hub, AGENT)
    for _ in range(3):
        newer = await enter(hub, AGENT)
        assert await page.gone() == (CloseCode.REPLACED, "replaced")
        page = newer
    await page.vanish()
    back = Page(hub)
    back.send("hello", v=1, resume=page.resume)
    await back.until(type="agent_view")
    await is_served(back)


async def test_draining_tells_everybody_and_closes_with_service_restart(hub: Hub) -> None:
    page = await enter(hub, CUSTOMER)
    await hub.drain()
    await page.until(type="draining")
    assert await page.gone() == (CloseCode.GOING_AWAY, "draining")
    late = Page(hub)
    late.send("hello", v=1, ticket=await hub.store.issue_ticket(CUSTOMER))
    assert await late.gone() == (CloseCode.GOING_AWAY, "draining")
