"""A worker that measures itself: it works meanwhile, then takes as many blurred legs as it has found that it holds."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from media import own_speed
from media.engine import UNMEASURED_CAPACITY, MediaEngine
from media.own_speed import holds
from media.stage import open_stage
from tests.integration.media_peers import loopback_settings, until
from tests.media_gate import InvertingStage
from tests.unit.offers import browser_offer
from video_service.media_plane import BadSdp, LegAnswer, LegRequest, LegRole, PictureState, WorkerFull

pytestmark = pytest.mark.integration


def agent(leg_id: str) -> LegRequest:
    return LegRequest(leg_id=leg_id, person=leg_id, role=LegRole.AGENT, codecs=("video/VP8",), sdp=browser_offer())


async def test_a_worker_takes_legs_while_it_measures_itself_and_then_what_it_holds() -> None:
    go = threading.Event()

    def measure(should_stop: Callable[[], bool]) -> float:
        assert go.wait(30)
        return 13.0

    engine = MediaEngine(loopback_settings(), InvertingStage, measure=measure)
    try:
        assert engine.status().capacity == UNMEASURED_CAPACITY
        await engine.answer_leg(agent("one"))
        go.set()
        await until(lambda: engine.status().capacity == holds(13.0) == 2, "it has measured itself")
        await engine.answer_leg(agent("two"))
        with pytest.raises(WorkerFull):
            await engine.answer_leg(agent("three"))
        await engine.close_leg("one")
        await engine.answer_leg(agent("three"))
    finally:
        go.set()
        await engine.close()


async def test_of_two_who_come_at_once_for_the_last_place_one_is_refused_and_nothing_of_the_other_is_lost() -> None:
    engine = MediaEngine(loopback_settings(capacity=2), InvertingStage)
    try:
        await engine.answer_leg(agent("here"))
        for _ in range(3):
            asked = [engine.answer_leg(agent(leg_id)) for leg_id in ("one", "two", "three")]
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert sorted(type(answer).__name__ for answer in answers) == ["LegAnswer", "WorkerFull", "WorkerFull"]
            assert (engine.status().blur_legs, engine.status().capacity) == (2, 2)
            (taken,) = [answer.leg_id for answer in answers if isinstance(answer, LegAnswer)]
            await engine.close_leg(taken)
        with pytest.raises(BadSdp):
            await engine.answer_leg(LegRequest(leg_id="bad", person="p", role=LegRole.AGENT, codecs=(), sdp="nothing"))
        await engine.answer_leg(agent("after-a-bad-offer"))
    finally:
        await engine.close()


async def test_the_setting_overrides_and_nothing_is_measured() -> None:
    measured: list[int] = []

    def measure(should_stop: Callable[[], bool]) -> float:
        measured.append(1)
        return 1.0

    engine = MediaEngine(loopback_settings(capacity=3), InvertingStage, measure=measure)
    await engine.answer_leg(agent("one"))
    assert engine.status().capacity == 3
    await engine.close()
    assert measured == []


async def test_a_worker_that_cannot_measure_itself_works_all_the_same() -> None:
    tried = threading.Event()

    def measure(should_stop: Callable[[], bool]) -> float:
        tried.set()
        raise RuntimeError("no codec")

    engine = MediaEngine(loopback_settings(), InvertingStage, measure=measure)
    await until(tried.is_set, "it has tried")
    await engine.answer_leg(agent("one"))
    assert engine.status().capacity == UNMEASURED_CAPACITY
    await engine.close()


async def test_closing_ends_the_measuring() -> None:
    begun, stopped = threading.Event(), threading.Event()

    def measure(should_stop: Callable[[], bool]) -> None:
        begun.set()
        while not should_stop():
            stopped.wait(0.001)
        stopped.set()

    engine = MediaEngine(loopback_settings(), InvertingStage, measure=measure)
    await until(begun.is_set, "it has begun")
    await engine.close()
    assert stopped.is_set()


def test_the_drawn_person_is_seen_as_a_signer_so_that_all_the_work_is_measured(weights_dir: Path) -> None:
    stage = open_stage(clock_ms=lambda: 0.0, weights_dir=weights_dir, threaded=False)
    found = own_speed.picture_ms(stage)
    counts = stage.statistics()
    stage.close()

    assert found is not None
    assert found > 0
    assert counts.frames > own_speed.FIRST
    assert (counts.frames_blurred_whole, counts.frames_slate) == (0, 0)
    assert stage.state is PictureState.CLEAR


def test_without_weights_the_card_is_what_is_measured(tmp_path: Path) -> None:
    found = own_speed.measure(tmp_path, lambda: False)

    assert found is not None
    assert found > 0
