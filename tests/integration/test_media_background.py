"""An engine's agents: their backgrounds, and the objects that they show, which end with the call."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import cv2
import numpy as np
import pytest

from media.backdrop import PictureShelf
from media.engine import MediaEngine
from tests.integration.media_peers import Site, loopback_settings, site, until
from tests.media_gate import InvertingStage
from video_service.media_plane import (
    Background,
    BackgroundKind,
    BadBox,
    Box,
    CallRoute,
    LegRole,
    MediaError,
    ObjectEvent,
    UnknownLeg,
)

pytestmark = pytest.mark.integration

BOX: Box = (0.1, 0.2, 0.3, 0.4)
OTHER: Box = (0.2, 0.2, 0.3, 0.4)


def boxes(place: Site) -> list[Box | None]:
    return [event.box for event in place.told if isinstance(event, ObjectEvent)]


def kept_in(stages: list[InvertingStage]) -> Callable[[], InvertingStage]:
    """Return what makes stages and keeps each in that list."""

    def stage() -> InvertingStage:
        stages.append(InvertingStage())
        return stages[-1]

    return stage


async def test_backgrounds_and_objects_reach_that_agents_stage_and_objects_end_with_the_call() -> None:
    stages: list[InvertingStage] = []
    async with site(MediaEngine(loopback_settings(), kept_in(stages))) as place:
        engine = place.engine
        agent, customer = await place.join("agent", LegRole.AGENT), await place.join("customer", LegRole.CUSTOMER)
        colour = Background(kind=BackgroundKind.COLOUR)
        assert await engine.set_background("agent", colour) is False
        assert stages[0].backgrounds == [Background(), colour]

        with pytest.raises(MediaError, match="no call"):
            await engine.show_object("agent", BOX)
        await place.call("call", customer, agent)
        with pytest.raises(BadBox):
            await engine.show_object("agent", (0.0, 0.0, 0.9, 0.9))
        with pytest.raises(UnknownLeg):
            await engine.show_object("customer", BOX)
        with pytest.raises(UnknownLeg):
            await engine.set_background("customer", colour)
        assert stages[0].box is None

        await engine.show_object("agent", BOX)
        await until(lambda: boxes(place) == [BOX], "the object is told of")
        await engine.show_object("agent", OTHER)
        await until(lambda: boxes(place) == [BOX, OTHER], "the other box is told of")
        stages[0].box = None  # a minute is over
        await until(lambda: boxes(place) == [BOX, OTHER, None], "its end is told of")
        await engine.show_object("agent", BOX)
        await place.call("call", customer, agent)  # said again: nothing changes
        assert stages[0].box == BOX
        await until(lambda: boxes(place) == [BOX, OTHER, None, BOX], "the third is told of")
        await engine.close_call("call", 1)
        assert stages[0].box is None
        await until(lambda: boxes(place) == [BOX, OTHER, None, BOX, None], "the end with the call is told of")
        await engine.show_object("agent", None)
        assert [event.person for event in place.told if isinstance(event, ObjectEvent)] == ["person-agent"] * 5


async def test_an_object_ends_with_a_hold_and_when_the_call_is_passed_on_and_is_no_later_agents() -> None:
    stages: list[InvertingStage] = []
    async with site(MediaEngine(loopback_settings(), kept_in(stages))) as place:
        engine = place.engine
        agent, other = await place.join("agent", LegRole.AGENT), await place.join("other", LegRole.AGENT)
        customer = await place.join("customer", LegRole.CUSTOMER)
        await place.call("call", customer, agent)
        await engine.show_object("agent", BOX)
        await until(lambda: boxes(place) == [BOX], "the object is told of")
        for held in (True, False):
            await engine.open_call(
                CallRoute(call_id="call", epoch=1, customer_leg="customer", agent_leg="agent", held=held)
            )
            assert stages[0].box is None
        await until(lambda: boxes(place) == [BOX, None], "its end is told of")
        await engine.show_object("agent", BOX)
        await until(lambda: boxes(place) == [BOX, None, BOX], "the second is told of")
        await place.call("call", customer, other, epoch=2)
        assert [stage.box for stage in stages] == [None, None]
        await until(lambda: boxes(place) == [BOX, None, BOX, None], "its end is told of, too")
        await engine.show_object("other", OTHER)
        await engine.close_call("call", 2)
        await until(lambda: boxes(place)[4:] == [OTHER, None], "however short it was")
        with pytest.raises(MediaError, match="no call"):
            await engine.show_object("agent", BOX)


async def test_an_engine_says_when_it_needs_a_picture_and_takes_only_that() -> None:
    jpeg = cv2.imencode(".jpg", np.full((240, 320, 3), 90, np.uint8))[1].tobytes()
    digest = sha256(jpeg).hexdigest()
    wanted = Background(kind=BackgroundKind.PICTURE, picture=digest)
    shelf = PictureShelf()
    async with site(MediaEngine(loopback_settings(), InvertingStage, pictures=shelf)) as place:
        await place.join("agent", LegRole.AGENT)
        assert await place.engine.set_background("agent", wanted) is True
        with pytest.raises(MediaError):
            await place.engine.put_picture(digest, b"something else")
        assert not shelf.has(digest)
        await place.engine.put_picture(digest, jpeg)
        assert await place.engine.set_background("agent", wanted) is False
        assert await place.engine.set_background("agent", Background(kind=BackgroundKind.PICTURE)) is False
