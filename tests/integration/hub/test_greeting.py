"""How a socket begins and ends: tickets, resume tokens, a newer page, a node that goes down."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signaling.hub import Hub
from signaling.messages import MAX_MESSAGE_BYTES, CloseCode
from tests.support.calls import AGENT, CUSTOMER, on_shift
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


async def test_draining_tells_everybody_and_closes_with_service_restart(hub: Hub) -> None:
    page = await enter(hub, CUSTOMER)
    await hub.drain()
    await page.until(type="draining")
    assert await page.gone() == (CloseCode.GOING_AWAY, "draining")
    late = Page(hub)
    late.send("hello", v=1, ticket=await hub.store.issue_ticket(CUSTOMER))
    assert await late.gone() == (CloseCode.GOING_AWAY, "draining")
