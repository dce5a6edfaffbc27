"""A worker whose blur becomes slow steps down, on every leg, and up again when it is quick."""

from __future__ import annotations

import threading

import pytest

from media.engine import MediaEngine
from media.fitting import FULL_RATE
from media.ladder import LATE_SHARE, Gauge, Ladder, Pressure, WorkerLoad
from media.picture import RawPicture
from tests.integration.media_peers import Camera, loopback_settings, site, two, until
from tests.media_gate import InvertingStage
from video_service.media_plane import LegRole

pytestmark = pytest.mark.integration

PATIENCE_S = 60.0
NEITHER = Pressure(late_share=LATE_SHARE)  # neither bad nor calm


class LostPictures(Gauge):
    """Counts the pictures that are lost while the blur is slow, and those alone.

    How long a thread is waited for, what else it loses, and that for a moment nothing comes say nothing on a machine
    that runs tests.
    """

    def __init__(self, slow: threading.Event) -> None:
        super().__init__()
        self._slow = slow

    def note(self, *, shown: int, late: int, wait_ms: float) -> None:
        super().note(shown=shown, late=late if self._slow.is_set() else 0, wait_ms=0.0)

    def read(self, now_ms: float) -> Pressure:
        found = super().read(now_ms)
        return found if found.high or not self._slow.is_set() else NEITHER


async def test_a_slow_blur_takes_every_step_down_and_each_back_when_it_is_quick_again() -> None:
    slow, end = threading.Event(), threading.Event()

    def before(picture: RawPicture) -> None:
        if slow.is_set():
            end.wait(0.25)  # two more pictures come meanwhile, of which one is lost

    load = WorkerLoad(LostPictures(slow), ladder=Ladder(calm_first=2), look_ms=300.0)
    engine = MediaEngine(loopback_settings(), lambda: InvertingStage(before), load=load)
    async with site(engine) as place:
        agent = await place.join("agent", LegRole.AGENT, camera=Camera(rate=10))
        customer = await place.join("customer", LegRole.CUSTOMER, camera=Camera(rate=10))
        await place.call("call", customer, agent)
        await until(lambda: customer.slots[0].pictures, "the agent is seen")
        assert (engine.status().step, load.thrift.on) == (0, False)

        slow.set()
        await until(lambda: engine.status().step == 3, "every step down", PATIENCE_S)
        assert (load.thrift.on, load.rate) == (True, 20)
        leg = engine._legs["agent"]
        assert leg.blur.worker_rate == 20  # type: ignore[attr-defined]
        late = await place.join("late", LegRole.AGENT, camera=Camera(rate=10))
        assert engine._legs[late.leg_id].blur.worker_rate == 20, "a leg that comes later, too"  # type: ignore[attr-defined]

        slow.clear()
        end.set()
        await until(lambda: engine.status().step == 0, "every step up", PATIENCE_S)
        assert (load.thrift.on, load.rate) == (False, FULL_RATE)
        seen = len(customer.slots[0].pictures)
        await until(lambda: len(customer.slots[0].pictures) > seen, "the picture flows")


async def test_without_a_ladder_a_worker_makes_every_picture() -> None:
    engine = MediaEngine(loopback_settings(), InvertingStage)
    async with site(engine) as place:
        _, agent = await two(place)
        assert (engine.status().step, engine._legs[agent.leg_id].blur.gauge) == (0, None)  # type: ignore[attr-defined]
