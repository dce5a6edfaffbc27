"""Calls without end leave nothing behind: no task, no socket, no thread, no object."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import weakref
from collections import Counter
from pathlib import Path

import pytest

from media.engine import MediaEngine
from media.forwarder import Outlet
from media.gathering import BoundConnection
from media.leg import Leg
from media.rtp_packet import RtpPacket
from media.sources import _Fanout
from media.transport import MediaTransport
from tests.integration.media_peers import loopback_settings, site, until
from tests.media_gate import InvertingStage
from tests.unit.offers import browser_offer
from video_service.media_plane import CallRoute, LegRequest, LegRole, LegState

pytestmark = pytest.mark.integration

AGENT, CUSTOMER = LegRole.AGENT, LegRole.CUSTOMER
KEPT = (Leg, Outlet, _Fanout, MediaTransport, BoundConnection, RtpPacket, InvertingStage)
CALLS = 200


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def alive() -> Counter[str]:
    gc.collect()
    found: Counter[str] = Counter()
    for thing in gc.get_objects():
        for kind in KEPT:
            if isinstance(thing, kind):
                found[kind.__name__] += 1
    return found


def blur_threads() -> int:
    return sum(thread.name.startswith("blur") for thread in threading.enumerate())


async def one_call(engine: MediaEngine, index: int) -> None:
    for leg_id, role in ((f"a-{index}", AGENT), (f"c-{index}", CUSTOMER)):
        request = LegRequest(leg_id=leg_id, person=leg_id, role=role, codecs=("video/VP8",), sdp=browser_offer())
        await engine.answer_leg(request)
    await engine.open_call(
        CallRoute(call_id=f"call-{index}", epoch=1, customer_leg=f"c-{index}", agent_leg=f"a-{index}")
    )
    if index % 2:
        await engine.close_call(f"call-{index}", 1)
    await engine.close_leg(f"c-{index}")
    await engine.close_leg(f"a-{index}")


async def test_200_calls_in_a_row_leave_nothing_behind() -> None:
    engine = MediaEngine(loopback_settings(), InvertingStage)
    try:
        for index in range(20):
            await one_call(engine, index)
        before, tasks, files = alive(), len(asyncio.all_tasks()), open_files()
        for index in range(20, 20 + CALLS):
            await one_call(engine, index)

        # A thread lets go of the last thing that it did a moment after it is done.
        await until(lambda: not alive() - before, "no object more")
        await until(lambda: len(asyncio.all_tasks()) <= tasks, "no task more")
        await until(lambda: open_files() <= files, "no file more")
        await until(lambda: blur_threads() <= (os.cpu_count() or 1), "no thread more")
        assert engine.status().legs == 0
    finally:
        await engine.close()


async def test_people_with_media_who_come_and_go_leave_nothing_behind() -> None:
    async with site(MediaEngine(loopback_settings(), InvertingStage)) as place:
        agent = await place.join("agent", AGENT)
        tasks = files = -1
        for index in range(8):
            customer = await place.join(f"customer-{index}", CUSTOMER)
            await place.call(f"call-{index}", customer, agent)
            await until(lambda: len(customer.slots[0].pictures) > 2, "pictures")  # noqa: B023
            await place.engine.close_call(f"call-{index}", 1)
            await customer.close()
            await until(lambda: LegState.CLOSED in place.states(f"customer-{index}"), "the end")  # noqa: B023
            await until(lambda: not place.engine._tasks, "everything is closed")
            if index == 1:
                tasks, files = len(asyncio.all_tasks()), open_files()
        await until(lambda: len(asyncio.all_tasks()) <= tasks, "no task more")
        await until(lambda: open_files() <= files, "no file more")
        assert [len(source.viewers) for source in (place.engine._legs["agent"].sound,)] == [0]
        assert place.engine.status().legs == 1


async def test_a_leg_that_has_ended_is_kept_by_nothing_even_when_no_other_comes() -> None:
    """A blurred leg holds its stage, and that the last picture as it came in."""
    async with site(MediaEngine(loopback_settings(), InvertingStage)) as place:
        agent = await place.join("agent", AGENT)
        await until(lambda: len(agent.slots[0].pictures) > 2, "pictures")
        ended = weakref.ref(place.engine._legs["agent"])
        await place.engine.close_leg("agent")

        def is_gone() -> bool:
            gc.collect()
            return ended() is None

        await until(is_gone, "the leg")


async def test_what_a_blurred_leg_holds_goes_when_the_leg_does_and_waits_for_no_collector() -> None:
    """A stage holds megabytes of pictures and networks; a busy worker's memory would swing by what waits."""
    stages: list[weakref.ref[InvertingStage]] = []

    def stage() -> InvertingStage:
        made = InvertingStage()
        stages.append(weakref.ref(made))
        return made

    async with site(MediaEngine(loopback_settings(), stage)) as place:
        agent = await place.join("agent", AGENT)
        await until(lambda: len(agent.slots[0].pictures) > 2, "pictures")
        gc.disable()
        try:
            await place.engine.close_leg("agent")
            await until(lambda: stages[0]() is None, "the stage")
        finally:
            gc.enable()


async def test_ending_the_engine_frees_every_stage_and_thread() -> None:
    stages: list[InvertingStage] = []

    def stage() -> InvertingStage:
        stages.append(InvertingStage())
        return stages[-1]

    async with site(MediaEngine(loopback_settings(), stage)) as place:
        for index in range(2):
            agent = await place.join(f"agent-{index}", AGENT)
            await until(lambda: len(agent.slots[0].pictures) > 2, "pictures")  # noqa: B023
    assert len(stages) == 2
    await until(lambda: all(made.closed.is_set() for made in stages), "every stage is closed")
    await until(lambda: not blur_threads(), "the threads end")
