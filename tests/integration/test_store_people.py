"""Tickets, presence, wakes and legs on a real Valkey."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from signaling.errors import NotConnected, Superseded, TicketRefused, WrongRole
from signaling.identity_types import Identity
from signaling.policy import Policy
from signaling.store import Store
from signaling.store_people import Known
from signaling.store_types import Wake
from tests.support.desk import Desk
from tests.valkey_server import RealValkey
from video_service.media_plane import LegState, PictureState
from video_service.records import Records
from video_service.redis_client import hot

pytestmark = pytest.mark.integration

LIN = Identity(person="a1", role="agent", name="Lin", skills=("csl", "hksl"), verified=True, locale="zh-CN")


@pytest.fixture
def desk(redis: Redis, pool: str) -> Desk:
    return Desk(redis, pool)


# -- tokens


async def test_a_ticket_opens_once_and_a_replay_is_counted(desk: Desk) -> None:
    assert await desk.store.metrics() == {}
    ticket = await desk.store.issue_ticket(LIN)
    assert await desk.store.redeem_ticket(ticket) == LIN
    for _ in range(2):
        with pytest.raises(TicketRefused):
            await desk.store.redeem_ticket(ticket)
    with pytest.raises(TicketRefused):
        await desk.store.redeem_ticket("never-issued")
    with pytest.raises(TicketRefused):
        await desk.store.redeem_resume(ticket)
    assert await desk.store.metrics() == {"ticket_replayed": 2, "ticket_refused": 1, "resume_replayed": 1}


async def test_two_nodes_that_redeem_one_ticket_at_once_open_one_socket(desk: Desk) -> None:
    ticket = await desk.store.issue_ticket(LIN)
    answers = await asyncio.gather(*(desk.store.redeem_ticket(ticket) for _ in range(8)), return_exceptions=True)
    assert [answer for answer in answers if not isinstance(answer, TicketRefused)] == [LIN]


async def until_gone(redis: Redis, match: str) -> None:
    deadline = time.monotonic() + 30
    while [key async for key in redis.scan_iter(match=match)]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_a_ticket_dies_by_itself(redis: Redis, pool: str) -> None:
    store = Store(redis, pool=pool, policy=Policy(ticket_ttl_s=0.05))
    ticket = await store.issue_ticket(LIN)
    await until_gone(redis, f"*{pool}*ticket:*")
    with pytest.raises(TicketRefused):
        await store.redeem_ticket(ticket)


async def test_a_resume_token_dies_by_itself_and_opens_no_more(redis: Redis, pool: str) -> None:
    store = Store(redis, pool=pool, policy=Policy(resume_ttl_s=0.05))
    token = await store.issue_resume(LIN)
    await until_gone(redis, f"*{pool}*resume:*")
    with pytest.raises(TicketRefused):
        await store.redeem_resume(token)


async def test_a_new_resume_token_ends_the_one_before(desk: Desk) -> None:
    first, second = [await desk.store.issue_resume(LIN) for _ in range(2)]
    with pytest.raises(TicketRefused):
        await desk.store.redeem_resume(first)
    assert await desk.store.redeem_resume(second) == LIN
    with pytest.raises(TicketRefused):
        await desk.store.redeem_resume(second)


async def test_tokens_are_not_stored_and_names_not_beyond_their_time(desk: Desk) -> None:
    tokens = [await desk.store.issue_ticket(LIN), await desk.store.issue_resume(LIN)]
    async for key in desk.store.redis.scan_iter(match=f"*{desk.store.keys.pool}*"):
        assert not any(token.encode() in key for token in tokens)
        if await desk.store.redis.type(key) == b"string":
            assert 0 < await desk.store.redis.pttl(key) <= desk.policy.resume_ttl_s * 1_000


# -- presence


async def test_the_newest_socket_wins(desk: Desk) -> None:
    await desk.agent("a1")
    old = desk.sockets["a1"]
    new = await desk.connect(Identity(person="a1", role="agent"), "second-tab")
    await desk.store.disconnect("a1", old)
    assert (await desk.look("a1")).state == "available", "the closing of an old tab means nothing"
    heard = await desk.store.beat([("a1", old), ("nobody", "s")])
    assert (heard.unknown, heard.replaced) == (["nobody"], [old])
    assert await desk.store.beat([("a1", new)]) == ([], [])
    call = await desk.join("c1")
    assert await desk.rings("a1") == call
    await desk.store.disconnect("a1", new)
    assert await desk.rings("a1") == ""


async def test_a_socket_that_a_failover_lost_takes_nothing_from_a_newer_one(desk: Desk) -> None:
    await desk.agent("a1")
    old = desk.sockets["a1"]
    identity = Identity(person="a1", role="agent")
    new = await desk.connect(identity)
    with pytest.raises(Superseded):
        await desk.store.connect(identity, node="n1", socket=old, again=Known())
    assert await desk.store.beat([("a1", new)]) == ([], [])
    await desk.store.disconnect("a1", new)
    known = await desk.store.connect(identity, node="n1", socket=old, again=Known())
    assert await desk.store.beat([("a1", old)]) == ([], [])
    assert await desk.store.connect(identity, node="n1", socket=new) > known, "the same moment, a later operation"


async def test_a_newer_socket_that_a_failover_lost_is_not_told_that_an_older_one_replaced_it(desk: Desk) -> None:
    identity = Identity(person="a1", role="agent")
    key = f"{desk.store.keys.root}:person:a1"
    known = {}
    for socket in ("s-old", "s-new"):
        ticket = await desk.store.issue_ticket(identity)
        await desk.store.redeem_ticket(ticket)
        known[socket] = await desk.store.connect(identity, node="n1", socket=socket, token=ticket)
        if socket == "s-old":
            replica: Any = await desk.store.redis.hgetall(key)
        desk.now_ms += 1
    await desk.store.redis.hset(key, mapping=replica)
    await desk.store.redis.delete(
        *[each async for each in desk.store.redis.scan_iter(f"{desk.store.keys.root}:spent:*")]
    )
    beats = [("a1", "s-new", known["s-new"].since_ms)]
    assert await desk.store.beat(beats) == (["a1"], []), "its page is open once, and is not told otherwise"
    again = await desk.store.connect(identity, node="n1", socket="s-new", again=known["s-new"])
    assert again.since_ms == known["s-new"].since_ms
    assert await desk.store.beat(beats) == ([], [])
    assert await desk.store.beat([("a1", "s-old", known["s-old"].since_ms)]) == ([], ["s-old"])


async def test_a_token_that_was_given_out_earlier_replaces_no_later_one(desk: Desk) -> None:
    identity = Identity(person="a1", role="agent")
    early = await desk.store.issue_ticket(identity)
    desk.now_ms += 1
    later = await desk.store.issue_ticket(identity)
    for ticket in (later, early):
        await desk.store.redeem_ticket(ticket)
    await desk.store.connect(identity, node="n1", socket="s-later", token=later)
    resume = await desk.store.issue_resume(identity, socket="s-later")
    with pytest.raises(Superseded):
        await desk.store.connect(identity, node="n2", socket="s-early", token=early)
    with pytest.raises(Superseded):
        await desk.store.issue_resume(identity, socket="s-early")
    assert await desk.store.beat([("a1", "s-later")]) == ([], [])
    await desk.store.redeem_resume(resume)
    await desk.store.connect(identity, node="n2", socket="s-back", token=resume)
    assert await desk.store.beat([("a1", "s-later")]) == ([], ["s-later"])


async def test_a_token_whose_time_a_failover_has_lost_still_brings_the_newest_socket(desk: Desk) -> None:
    identity = Identity(person="a1", role="agent")
    for socket in ("s-old", "s-new"):
        ticket = await desk.store.issue_ticket(identity)
        await desk.store.redeem_ticket(ticket)
        if socket == "s-new":
            await desk.store.redis.delete(
                *[each async for each in desk.store.redis.scan_iter(f"{desk.store.keys.root}:spent:*")]
            )
        known = await desk.store.connect(identity, node="n1", socket=socket, token=ticket)
        desk.now_ms += 1
    assert known.since_ms > 0
    assert await desk.store.beat([("a1", "s-new", known.since_ms), ("a1", "s-old", known.since_ms - 1)]) == (
        [],
        ["s-old"],
    )


async def test_only_those_who_may_can(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.customer("c1")
    with pytest.raises(WrongRole):
        await desk.join("a1")
    with pytest.raises(WrongRole):
        await desk.store.sign_in(Identity(person="c1", role="agent"))
    with pytest.raises(NotConnected):
        await desk.store.sign_in(Identity(person="a7", role="agent"))
    with pytest.raises(NotConnected):
        await desk.store.join("c7", queue="main", needs=(), urgent=False, reason="", locale="")
    await desk.drop("c1")
    with pytest.raises(NotConnected):
        await desk.store.join("c1", queue="main", needs=(), urgent=False, reason="", locale="")


async def test_a_customer_who_is_gone_is_forgotten_in_time(desk: Desk) -> None:
    await desk.customer("c1")
    key = f"{desk.store.keys.root}:person:c1"
    assert await desk.store.redis.pttl(key) == -1
    await desk.drop("c1")
    assert 0 < await desk.store.redis.pttl(key) <= desk.policy.resume_ttl_s * 1_000
    await desk.back("c1")
    assert await desk.store.redis.pttl(key) == -1


# -- wakes


@contextlib.asynccontextmanager
async def listening(url: str, pool: str) -> AsyncIterator[asyncio.Queue[Wake]]:
    client = hot(url)
    heard: asyncio.Queue[Wake] = asyncio.Queue(100)

    async def listen() -> None:
        async with contextlib.aclosing(Store(client, pool=pool).wakes()) as wakes:
            async for wake in wakes:
                heard.put_nowait(wake)

    task = asyncio.create_task(listen())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await client.aclose()


async def next_wakes(heard: asyncio.Queue[Wake], kind: str, count: int = 1) -> list[Wake]:
    found: list[Wake] = []
    async with asyncio.timeout(30):
        while len(found) < count:
            wake = await heard.get()
            if wake.kind == kind:
                found.append(wake)
    return found


async def test_wakes_tell_whom_to_look_at(desk: Desk, valkey: RealValkey) -> None:
    await desk.agent("a1")
    await desk.customer("c1")
    async with listening(valkey.url, desk.store.keys.pool) as heard:
        assert (await heard.get()).kind == "lagged", "the subscription stands"
        call = await desk.join("c1")
        assert {wake.id for wake in await next_wakes(heard, "person", 2)} == {"a1", "c1"}
        assert {wake.id for wake in await next_wakes(heard, "queue")} <= {"", "main"}
        await desk.accept("a1")
        await desk.store.leg_offered("a1", leg="la", worker="w1")
        await desk.store.leg_offered("c1", leg="lc", worker="w1")
        seq = await desk.store.say("c1", call, "hello")
        assert {(wake.id, wake.call, wake.seq) for wake in await next_wakes(heard, "text", 2)} == {
            ("a1", call, seq),
            ("c1", call, seq),
        }
        old = desk.sockets["c1"]
        await desk.connect(Identity(person="c1", role="customer"), "second")
        assert [(wake.id, wake.socket) for wake in await next_wakes(heard, "replaced")] == [("c1", old)]
        # Gone by what is stored, and perhaps still open on a node that stood still.
        await desk.store.disconnect("c1", "second")
        await desk.connect(Identity(person="c1", role="customer"), "third")
        assert [(wake.id, wake.socket) for wake in await next_wakes(heard, "replaced")] == [("c1", "second")]
        epoch = (await desk.see("c1")).epoch
        await desk.store.hang_up("c1", call)
        [closed] = await next_wakes(heard, "call")
        assert closed == Wake(kind="call", id=call, epoch=epoch + 1, worker="w1", leg="lc", leg_worker="w1")


@pytest.mark.parametrize(("leaver", "other"), [("a1", "c1"), ("c1", "a1")])
async def test_who_is_left_alone_in_a_call_is_told_at_once_and_told_again_on_return(
    desk: Desk, valkey: RealValkey, leaver: str, other: str
) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    for person in ("a1", "c1"):
        await desk.store.leg_offered(person, leg=f"l-{person}", worker="w1")
        await desk.store.leg_event(person, leg=f"l-{person}", state=LegState.FLOWING)

    async def shown() -> str:
        if other == "c1":
            return (await desk.see("c1")).other_media
        on_call = (await desk.look("a1")).call
        assert on_call is not None
        assert on_call.call == call
        return on_call.other_media

    assert await shown() == "live"
    async with listening(valkey.url, desk.store.keys.pool) as heard:
        await next_wakes(heard, "lagged")
        del desk.sockets[leaver]
        await desk.store.beat(desk.sockets.items())
        await desk.pass_time(desk.policy.presence_ttl_s)
        assert other in {wake.id for wake in await next_wakes(heard, "person", 2)}, "a node died with the socket"
        assert await shown() == "reconnecting"
        await desk.back(leaver)
        assert other in {wake.id for wake in await next_wakes(heard, "person", 2)}
        assert await shown() == "live"


async def test_a_requeued_call_is_told_with_its_new_epoch_and_the_customers_leg_which_is_over(
    desk: Desk, valkey: RealValkey
) -> None:
    await desk.agent("a1")
    call = await desk.talk("a1", "c1")
    await desk.store.leg_offered("a1", leg="la", worker="w1")
    await desk.store.leg_offered("c1", leg="lc", worker="w1")
    epoch = (await desk.see("c1")).epoch
    async with listening(valkey.url, desk.store.keys.pool) as heard:
        await next_wakes(heard, "lagged")
        await desk.store.sign_out("a1")
        assert await next_wakes(heard, "call") == [
            Wake(kind="call", id=call, epoch=epoch + 1, worker="w1", leg="lc", leg_worker="w1")
        ]
    await desk.agent("a2", shift=True)
    await desk.store.leg_offered("a2", leg="l2", worker="w1")
    await desk.accept("a2")
    assert (await desk.see("c1")).media == "offer", "with the next agent it is another leg, even on the same worker"


async def test_a_lost_subscription_is_made_good_and_said(valkey_server: object, pool: str) -> None:
    server: RealValkey = valkey_server()  # type: ignore[operator]
    async with listening(server.url, pool) as heard:
        await next_wakes(heard, "lagged")
        server.kill()
        server.start()
        await next_wakes(heard, "lagged")


# -- legs


async def test_a_leg_lives_apart_from_the_call_and_its_facts_are_on_record(desk: Desk, redis: Redis, pool: str) -> None:
    store = desk.store
    await desk.agent("a1", ready=False)
    await store.leg_offered("a1", leg="la", worker="w1")
    await store.leg_event("a1", leg="la", state=LegState.CONNECTED)
    await store.ready("a1")
    call = await desk.talk("a1", "c1")
    assert (await desk.see("c1")).media == "offer"
    assert (await desk.see("c1")).other_media == "live"
    await store.leg_offered("c1", leg="l1", worker="w1")
    assert (await desk.see("c1")).media == "connecting"
    desk.now_ms += 300
    await store.leg_event("c1", leg="l1", state=LegState.CONNECTED)
    desk.now_ms += 100
    await store.leg_event("c1", leg="l1", state=LegState.SILENT)
    assert (await desk.see("c1")).media == "reconnecting", "no picture yet, but no lost network on record"
    await store.leg_event("c1", leg="l1", state=LegState.FLOWING)
    assert (await desk.see("c1")).media == "live"
    await store.leg_event("c1", leg="l1", state=LegState.SILENT)
    assert (await desk.see("c1")).media == "reconnecting"
    on_call = (await desk.look("a1")).call
    assert on_call is not None
    assert on_call.other_media == "reconnecting"
    await store.leg_offered("c1", leg="l2", worker="w1")
    await store.leg_event("c1", leg="l1", state=LegState.CLOSED)
    assert (await desk.see("c1")).media == "connecting", "what an older leg does means nothing"
    await store.leg_event("c1", leg="l2", state=LegState.CLOSED)
    assert (await desk.see("c1")).state == "connected", "a failed leg never closes the call"
    record = await Records(redis, pool=pool).get(call)
    facts = [(leg.leg, leg.role, bool(leg.connected_ms), leg.silences, bool(leg.closed_ms)) for leg in record.legs]
    assert facts == [
        ("la", "agent", False, 0, False),
        ("l1", "customer", True, 1, False),
        ("l2", "customer", False, 0, True),
    ]
    assert record.legs[1].connected_ms - record.legs[1].offered_ms == 300
    assert record.legs[1].flowing_ms - record.legs[1].connected_ms == 100


async def test_routes_follow_the_legs(desk: Desk) -> None:
    store = desk.store
    await desk.agent("a1")
    await desk.customer("c1")
    assert await store.route("c1") is None
    assert await store.leg("c1") is None
    call = await desk.talk("a1", "c1")
    await store.leg_offered("a1", leg="la", worker="w1")
    await store.leg_offered("c1", leg="lc", worker="w1")
    for person in ("a1", "c1"):
        route = await store.route(person)
        assert route is not None
        assert (route.call, route.epoch, route.customer_leg, route.agent_leg) == (call, 2, "lc", "la")
    leg = await store.leg("a1")
    assert leg is not None
    assert (leg.leg, leg.worker, leg.state) == ("la", "w1", "connecting")


async def test_a_picture_that_its_sender_paused_is_not_one_that_is_lost(desk: Desk) -> None:
    store = desk.store
    await desk.agent("a1")
    await desk.talk("a1", "c1")
    await store.leg_offered("a1", leg="la", worker="w1")
    await store.leg_event("a1", leg="la", state=LegState.CONNECTED)
    await store.pause("a1", True)
    await store.leg_event("a1", leg="la", state=LegState.SILENT)
    view = await desk.see("c1")
    assert (view.other_paused, view.other_media) == (True, "live")
    await store.pause("a1", False)
    assert not (await desk.see("c1")).other_paused


async def test_an_agent_is_told_who_stopped_the_customers_picture(desk: Desk) -> None:
    await desk.agent("a1")
    await desk.talk("a1", "c1")
    seen = []
    for paused, by_phone in ((True, True), (True, False), (True, True), (False, False)):
        await desk.store.pause("c1", paused, by_phone=by_phone)
        talking = (await desk.look("a1")).call
        assert talking is not None
        seen.append((talking.other_paused, talking.other_by_phone))
    assert seen == [(True, True), (True, False), (True, True), (False, False)]


async def test_what_viewers_see_of_an_agent_is_told_to_both(desk: Desk) -> None:
    store = desk.store
    await desk.agent("a1")
    await desk.talk("a1", "c1")
    await store.leg_offered("a1", leg="la", worker="w1")
    await store.picture("a1", leg="la", state=PictureState.PROTECTED, reason="no_mask")
    await store.picture("a1", leg="older", state=PictureState.CLEAR, reason="")
    agent, customer = await desk.look("a1"), await desk.see("c1")
    assert (agent.picture, agent.picture_reason, customer.picture) == ("protected", "no_mask", "protected")


async def test_a_narrow_line_is_told_to_both_until_it_is_wide_or_another_connection_is_made(desk: Desk) -> None:
    store = desk.store
    await desk.agent("a1")
    await desk.talk("a1", "c1")
    await store.leg_offered("a1", leg="la", worker="w1")
    await store.leg_offered("c1", leg="lc", worker="w1")
    await store.line("c1", leg="lc", narrow=True, camera_fps=12)
    await store.line("a1", leg="older", narrow=True, camera_fps=12)
    agent, customer = await desk.look("a1"), await desk.see("c1")
    assert (agent.narrow, agent.camera_fps) == ("theirs", 0)
    assert (customer.narrow, customer.camera_fps) == ("mine", 12)
    await store.line("a1", leg="la", narrow=True, camera_fps=0)
    assert ((await desk.look("a1")).narrow, (await desk.see("c1")).narrow) == ("both", "both")
    await store.line("c1", leg="lc", narrow=False, camera_fps=0)
    assert ((await desk.look("a1")).narrow, (await desk.see("c1")).narrow) == ("mine", "theirs")
    await store.leg_offered("a1", leg="new", worker="w1")
    assert ((await desk.look("a1")).narrow, (await desk.see("c1")).narrow) == ("", "")


async def test_nobody_knows_a_leg_of_nobody(desk: Desk) -> None:
    with pytest.raises(NotConnected):
        await desk.store.leg_offered("x", leg="l", worker="w")
    await desk.store.leg_event("x", leg="l", state=LegState.CONNECTED)
    await desk.store.picture("x", leg="l", state=PictureState.CLEAR, reason="")
    await desk.store.line("x", leg="l", narrow=True, camera_fps=12)
    await desk.store.pause("x", True)
