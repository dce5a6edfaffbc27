"""What a greeted page may not do, and what happens to a page that misbehaves."""

from __future__ import annotations

import pytest

from signaling.connection import OUTBOX_LIMIT
from signaling.hub import Hub
from signaling.identity_types import Identity
from signaling.messages import CloseCode, Pong
from tests.support.calls import AGENT, COORDINATOR, CUSTOMER, offer, ready_agent
from tests.support.page import enter
from tests.support.plane import DiaryPlane
from video_service.consent import CONSENT_VERSION
from video_service.media_plane import BadSdp

pytestmark = pytest.mark.integration


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
    for number in range(OUTBOX_LIMIT + 1):
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
        (COORDINATOR, {"kind": "pause_picture", "paused": True}),
        (COORDINATOR, {"kind": "allow_watch", "call": "x", "ask": 1, "allow": True}),
        (AGENT, {"kind": "watch", "call": "x", "how": "watch"}),
        (AGENT, {"kind": "allow_watch", "call": "x", "ask": 1, "allow": True}),
        (CUSTOMER, {"kind": "watch", "call": "x", "how": "watch"}),
        (CUSTOMER, {"kind": "coach", "call": "x", "text": "y"}),
        (CUSTOMER, {"kind": "this_is_me"}),
        (CUSTOMER, {"kind": "disposition", "call": "x", "outcome": "solved"}),
        (AGENT, {"kind": "another_signer", "call": "x", "epoch": 1}),
        (COORDINATOR, {"kind": "voice", "call": "x", "on": True}),
        (CUSTOMER, {"kind": "voice", "call": "x", "on": True}),
        (CUSTOMER, {"kind": "background", "kind_": "blur"}),
        (COORDINATOR, {"kind": "background", "kind_": "blur"}),
        (CUSTOMER, {"kind": "show_object", "call": "x", "epoch": 1, "box": None}),
        (COORDINATOR, {"kind": "show_object", "call": "x", "epoch": 1, "box": None}),
        (CUSTOMER, {"kind": "hello", "v": 1}),
    ],
)
async def test_a_role_may_do_only_its_own(hub: Hub, identity: Identity, message: dict[str, object]) -> None:
    page = await enter(hub, identity)
    kind = str(message["kind"])
    page.send(kind, **{name.rstrip("_"): value for name, value in message.items() if name != "kind"})
    assert await page.until(type="error") == {
        "type": "error",
        "code": "not_allowed",
        "retryable": False,
        "reply_to": kind,
    }


async def test_messages_valid_in_another_state_are_refused_by_name(hub: Hub) -> None:
    customer, agent = await enter(hub, CUSTOMER), await enter(hub, AGENT)
    customer.send("join", consent=CONSENT_VERSION)
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


@pytest.mark.parametrize("fields", [{}, {"consent": 0}, {"consent": CONSENT_VERSION + 1}])
async def test_who_has_not_agreed_to_the_words_in_force_does_not_join(hub: Hub, fields: dict[str, int]) -> None:
    await ready_agent(hub)
    customer = await enter(hub, CUSTOMER)
    customer.send("join", **fields)
    assert await customer.until(type="error") == {
        "type": "error",
        "code": "consent_needed",
        "retryable": False,
        "reply_to": "join",
    }
    assert customer.view["state"] == "home"
    customer.send("join", consent=CONSENT_VERSION)
    await customer.until(type="customer_view", state="ringing")
