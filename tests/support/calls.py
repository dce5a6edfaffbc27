"""People and their first steps for tests of the hub."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from signaling.hub import Hub
from signaling.identity_types import Identity
from signaling.store import Store
from tests.support.page import Page, enter
from tests.support.plane import DiaryPlane
from video_service.consent import CONSENT_VERSION

CUSTOMER = Identity(person="c-1", role="customer")
AGENT = Identity(person="a-lin", role="agent", name="Lin", skills=("csl",))
COORDINATOR = Identity(person="o-1", role="coordinator", name="Mei")
HOUR_MS = 3_600_000


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
    customer.send("join", consent=CONSENT_VERSION)
    ring = await agent.until(type="agent_view", state="reserved")
    agent.send("accept", call=ring["reservation"]["call"], epoch=ring["reservation"]["epoch"])
    await agent.until(type="agent_view", state="on_call")
    view = await customer.until(type="customer_view", state="connected")
    return str(view["call"])


async def offer(page: Page, generation: int = 1) -> None:
    page.send("media_offer", generation=generation, sdp=f"offer {generation}")
    await page.until(type="media_answer", generation=generation)


def has_leg(plane: DiaryPlane, person: Identity) -> bool:
    """Whether a worker holds a leg of this person."""
    return any(request.person == person.person for _, request in plane.legs.values())


async def poll(condition: Callable[[], bool], limit_s: float = 30.0) -> None:
    deadline_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline_s, "not in time"
        await asyncio.sleep(0.01)
