"""No good mask for more than two seconds: the card, and both people are told, from the blur stage to their pages."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from media.compositor import YuvCompositor
from media.engine import MediaEngine
from media.mask_source import InlineMasks
from media.stage import BlurSettings, BlurStage, mask_maker
from signaling.hub import Hub
from signaling.identity_types import Identity
from signaling.policy import Policy
from signaling.store import Store
from tests.blur_room import FAULTS, GoodSegmenter, VirtualClock
from tests.integration.media_peers import Camera, loopback_settings, site, until
from tests.support.page import Page, enter
from tests.support.plane import DiaryPlane
from video_service.consent import CONSENT_VERSION
from video_service.media_plane import LegRole, PictureEvent, PictureState

pytestmark = pytest.mark.integration

CUSTOMER = Identity(person="c-1", role="customer")
AGENT = Identity(person="a-lin", role="agent", name="Lin", skills=("csl",))
HOUR_MS = 3_600_000
CLEAR, PROTECTED, SLATE = PictureState.CLEAR, PictureState.PROTECTED, PictureState.SLATE


class Steps(VirtualClock):
    """A clock that goes on by 250 ms with each picture: eight of them without a mask are two seconds."""

    def __call__(self) -> float:
        self.advance(250)
        return self.ms


async def test_the_engine_tells_each_change_once_with_its_reason() -> None:
    segmenter, settings = GoodSegmenter(), BlurSettings(budget_ms=60_000)
    masks = InlineMasks(mask_maker(segmenter, settings), settings.budget_ms, lambda: 0.0)

    def stage() -> BlurStage:
        return BlurStage(masks, YuvCompositor(), Steps(), settings)

    async with site(MediaEngine(loopback_settings(), stage, worker="w-1")) as place:

        def told() -> list[tuple[PictureState, str]]:
            return [(event.state, event.reason) for event in place.told if isinstance(event, PictureEvent)]

        await place.join("agent", LegRole.AGENT, camera=Camera(rate=15))
        await until(lambda: told() == [(CLEAR, "")], "clear")
        segmenter.fault = FAULTS["zeros"][0]
        await until(lambda: len(told()) == 3, "the card")
        segmenter.fault = None
        await until(lambda: len(told()) == 4, "clear again")

        assert told() == [(CLEAR, ""), (PROTECTED, "too_small"), (SLATE, "too_small"), (CLEAR, "")]
        found = (await place.engine.statistics())[0]
        assert found.frames_blurred_whole == 8, "two seconds of it"
        assert found.frames_slate > 0


@pytest.fixture
async def hub(redis: Redis, pool: str) -> AsyncIterator[Hub]:
    store = Store(redis, pool=pool, policy=Policy(ring_timeout_s=60))
    await store.load()
    made = Hub(store, DiaryPlane("w-1"))
    await made.start()
    yield made
    await made.drain()
    await made.close()


async def in_call(hub: Hub) -> tuple[Page, Page]:
    now_ms = time.time_ns() // 1_000_000
    await hub.store.add_shift(AGENT.person, now_ms - HOUR_MS, now_ms + HOUR_MS)
    agent, customer = await enter(hub, AGENT), await enter(hub, CUSTOMER)
    agent.send("media_offer", generation=1, sdp="offer")
    await agent.until(type="media_answer", generation=1)
    agent.send("ready")
    await agent.until(type="agent_view", state="available")
    customer.send("join", consent=CONSENT_VERSION)
    ring = await agent.until(type="agent_view", state="reserved")
    agent.send("accept", call=ring["reservation"]["call"], epoch=ring["reservation"]["epoch"])
    await agent.until(type="agent_view", state="on_call")
    await customer.until(type="customer_view", state="connected")
    return agent, customer


async def test_both_pages_are_told(hub: Hub) -> None:
    plane = hub.media._plane
    assert isinstance(plane, DiaryPlane)
    agent, customer = await in_call(hub)
    for state, reason in ((PROTECTED, "late"), (SLATE, "late"), (CLEAR, "")):
        plane.show(plane.leg_of(AGENT.person), state, reason)
        await agent.until(type="agent_view", picture=state.value, picture_reason=reason)
        await customer.until(type="customer_view", state="connected", picture=state.value)
