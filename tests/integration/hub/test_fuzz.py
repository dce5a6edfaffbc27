"""Random messages, valid and not, in every state and role: no internal fault, nobody stuck, nothing grows."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest
from redis.asyncio import Redis

from signaling.hub import Hub
from signaling.identity_types import Identity
from tests import fuzzing
from tests.support.calls import COORDINATOR, call_between, offer, poll, ready_agent
from tests.support.page import Page, enter
from video_service.consent import CONSENT_VERSION

pytestmark = pytest.mark.integration

MESSAGES = 90  # a page may send more than that at once


def customer(name: str) -> Identity:
    return Identity(person=f"c-{name}", role="customer")


def agent(name: str) -> Identity:
    return Identity(person=f"a-{name}", role="agent", name=name, skills=(name,))


async def bombard(page: Page, identity: Identity, dice: random.Random, known: dict[str, Sequence[Any]]) -> list[str]:
    """Send random messages and return the codes of the errors; a page that is cut comes again."""
    pages = [page]
    for number in range(MESSAGES):
        if page.task.done():
            page = await enter(page.hub, identity)
            pages.append(page)
        page.raw(fuzzing.message(dice, known))
        if number % 15 == 0:
            await asyncio.sleep(0)
    if not page.task.done():
        page.send("ping", t=987_654)
        seen: dict[str, Any] = {}
        while seen.get("t") != 987_654 and not (page.task.done() and page.wire.to_page.empty()):
            arriving = asyncio.ensure_future(page.next())
            await asyncio.wait((arriving, page.task), return_when=asyncio.FIRST_COMPLETED)
            if not arriving.done():
                arriving.cancel()
                break
            seen = arriving.result()
    for each in pages:
        while not each.wire.to_page.empty():
            await each.next()
    return [message["code"] for each in pages for message in each.seen if message["type"] == "error"]


@pytest.mark.parametrize("seed", [1, 2])
async def test_random_messages_in_every_state_are_refused_by_name_and_stick_nobody(
    hub: Hub, redis: Redis, pool: str, seed: int
) -> None:
    dice = random.Random(seed)
    talks, serves = await enter(hub, customer("talks")), await ready_agent(hub, agent("serves"))
    call = await call_between(talks, serves)
    await offer(talks)
    over, after = await enter(hub, customer("over")), await ready_agent(hub, agent("after"))
    ended = await call_between(over, after)
    over.send("hang_up", call=ended)
    await after.until(type="agent_view", state="after_call")
    rings, rung = await ready_agent(hub, agent("rings")), await enter(hub, customer("rung"))
    rung.send("join", consent=CONSENT_VERSION)
    ring = (await rings.until(type="agent_view", state="reserved"))["reservation"]
    waits, home = await enter(hub, customer("waits")), await enter(hub, customer("home"))
    waits.send("join", consent=CONSENT_VERSION)
    await waits.until(type="customer_view", state="waiting")
    resting, wall = await enter(hub, agent("resting")), await enter(hub, COORDINATOR)
    known: dict[str, Sequence[Any]] = {
        "call": (call, ended, ring["call"], "c_none"),
        "epoch": (ring["epoch"], ring["epoch"] - 1, 1, 0),
        "consent": (CONSENT_VERSION,),
        "queue": ("main",),
        "needs": ([], ["serves"]),
        "sdp": ("offer",),
    }
    people = [
        *((talks, customer("talks")), (over, customer("over")), (rung, customer("rung")), (waits, customer("waits"))),
        *((home, customer("home")), (serves, agent("serves")), (after, agent("after")), (rings, agent("rings"))),
        *((resting, agent("resting")), (wall, COORDINATOR)),
    ]
    for page, identity in people:
        codes = await bombard(page, identity, dice, known)
        assert "internal" not in codes, identity.person
        assert {"bad_message", "not_allowed"} <= set(codes), "they were read"
    for page, _ in people:
        await page.vanish()
    async with asyncio.timeout(30):
        while await redis.zcard(f"{{{pool}}}:presence"):  # or the next agent is given a call of theirs
            await asyncio.sleep(0.01)
    # Whatever they did, the next two get to each other.
    fresh, caller = await ready_agent(hub, agent("fresh")), await enter(hub, customer("fresh"))
    caller.send("join", consent=CONSENT_VERSION, needs=["fresh"])
    found = (await fresh.until(type="agent_view", state="reserved"))["reservation"]
    fresh.send("accept", call=found["call"], epoch=found["epoch"])
    await caller.until(type="customer_view", state="connected")
    await poll(lambda: len(hub.sockets) == 2)
    assert set(hub.showing.newest) == {"a-fresh", "c-fresh"}
