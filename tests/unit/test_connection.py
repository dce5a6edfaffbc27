"""One socket's sending and reading, without a network."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from signaling import messages
from signaling.connection import (
    MESSAGE_BURST,
    MESSAGES_PER_S,
    OUTBOX_LIMIT,
    Connection,
    MessageBudget,
    SocketClosed,
    read,
    refuse,
)
from signaling.identity_types import Identity
from signaling.messages import CloseCode, CustomerView, Pong
from tests.support.page import PageWire

pytestmark = pytest.mark.unit

HOME = CustomerView(state="home", open=True, agents_on=1, server_time_ms=1)


def connection(wire: PageWire) -> Connection:
    return Connection(wire, Identity(person="c-1", role="customer"), "s-1", (), 0.0)


async def sent(link: Connection, wire: PageWire) -> list[dict[str, object]]:
    """Let the sender write all that is queued, and return it."""
    link.end(CloseCode.GOING_AWAY, "done")
    with pytest.raises(SocketClosed):
        await link.run_sender()
    return [wire.to_page.get_nowait() for _ in range(wire.to_page.qsize())]


async def test_only_the_newest_view_is_sent_in_its_first_place() -> None:
    wire = PageWire()
    link = connection(wire)
    link.post(Pong(t=1))
    link.show(HOME)
    link.post(Pong(t=2))
    link.show(msgspec.structs.replace(HOME, agents_on=2))
    link.show(msgspec.structs.replace(HOME, agents_on=3))
    assert [message.get("t", message.get("agents_on")) for message in await sent(link, wire)] == [1, 3, 2]


async def test_a_view_that_shows_nothing_new_is_not_sent_again() -> None:
    wire = PageWire()
    link = connection(wire)
    link.show(HOME)
    sender = asyncio.create_task(link.run_sender())
    assert (await wire.to_page.get())["type"] == "customer_view"
    link.show(msgspec.structs.replace(HOME, server_time_ms=99))
    link.post(Pong(t=1))
    assert (await wire.to_page.get())["type"] == "pong"
    link.show(msgspec.structs.replace(HOME, agents_on=0))
    assert (await wire.to_page.get())["agents_on"] == 0
    sender.cancel()
    await asyncio.gather(sender, return_exceptions=True)


async def test_a_view_that_turns_back_before_it_was_sent_shows_the_last_state() -> None:
    wire = PageWire()
    link = connection(wire)
    link.show(HOME)
    link.show(msgspec.structs.replace(HOME, agents_on=5))
    link.show(HOME)
    assert [message["agents_on"] for message in await sent(link, wire)] == [1]


async def test_a_full_outbox_closes_the_socket_instead_of_growing() -> None:
    link = connection(PageWire())
    for number in range(OUTBOX_LIMIT + 5):
        link.post(Pong(t=number))
    assert link.closing is not None
    assert link.closing.code == CloseCode.TOO_SLOW


async def test_the_first_reason_to_close_stands() -> None:
    wire = PageWire()
    link = connection(wire)
    link.end(CloseCode.REPLACED, "replaced")
    link.end(CloseCode.TOO_SLOW, "too_slow")
    with pytest.raises(SocketClosed) as closed:
        await link.run_sender()
    assert closed.value.code == CloseCode.REPLACED


async def test_a_refusal_says_why_and_a_page_that_is_gone_is_no_error() -> None:
    wire = PageWire()
    await refuse(wire, CloseCode.VERSION, "version")
    assert (await wire.to_page.get())["code"] == "version"
    assert wire.closed == (CloseCode.VERSION, "version")

    class Gone(PageWire):
        async def send(self, data: str) -> None:
            raise ConnectionResetError

    await refuse(Gone(), CloseCode.VERSION, "version")


def test_the_message_budget_allows_a_burst_and_then_a_rate() -> None:
    budget = MessageBudget(0.0)
    assert all(budget.take(0.0) for _ in range(int(MESSAGE_BURST)))
    assert not budget.take(0.0)
    assert all(budget.take(1.0) for _ in range(int(MESSAGES_PER_S)))
    assert not budget.take(1.0)


def test_an_oversized_message_is_refused_by_its_bytes_not_its_letters() -> None:
    with pytest.raises(SocketClosed) as closed:
        read('{"type":"note","text":"' + "手" * (messages.MAX_MESSAGE_BYTES // 3 + 1) + '"}')
    assert closed.value.code == CloseCode.TOO_LARGE


@pytest.mark.parametrize(
    "raw",
    [b"\xff", "null", "[]", '{"type":5}', '{"type":"say"}', '{"v":1}', '{"type":"note","text":"' + "x" * 501 + '"}'],
)
def test_what_is_no_message_of_this_version_is_a_decode_error(raw: str | bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        read(raw)
