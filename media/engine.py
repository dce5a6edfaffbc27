"""The media engine of one worker process: every leg and call that it carries.

    engine = MediaEngine(settings, open_stage, worker="w-1")
    answer = await engine.answer_leg(request)
    await engine.open_call(route)
    async for event in engine.events(): ...

Everything runs on one loop; decoding, blurring and encoding run in the engine's own threads. Operations that belong to
a call are synchronous once they start, so that two of them cannot mix.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog

from media.agent_leg import AgentLeg, BlurredLeg
from media.backdrop import BadCompanyPicture, PictureShelf
from media.blur_leg import BlurStage
from media.call_quality import CallQuality
from media.fault_log import FaultLog
from media.ladder import WorkerLoad
from media.leg import Leg
from media.leg_maker import LegMaker
from media.line_watch import LineState
from media.own_speed import Measure, capacity_by
from media.settings import MediaSettings
from media.wiring import Wiring
from media.worker_metrics import WorkerMetrics
from video_service.media_plane import (
    Background,
    BackgroundKind,
    BadBox,
    BlurFull,
    Box,
    CallRoute,
    LegAnswer,
    LegEvent,
    LegRequest,
    LegRole,
    LegState,
    LegStatistics,
    LineEvent,
    MediaError,
    MediaEvent,
    ObjectEvent,
    PictureEvent,
    PictureState,
    Shown,
    UnknownLeg,
    WorkerFull,
    WorkerStatus,
    WorkerUnavailable,
)
from video_service.shown_box import is_box

log = structlog.get_logger(__name__)

TICK_S: Final = 0.02
UNMEASURED_CAPACITY: Final = 4
MAX_LEGS: Final = 200
EVENT_LIMIT: Final = 4096


class MediaEngine:
    """Carries legs and calls. Make it on the loop that runs it; `close` may be called twice.

    `stage_factory` makes the blur stage of one agent's leg; it may block. `weights_ok` goes into the status.
    `load` makes the engine step down when there is more to blur than it can; without it, it does not.
    `measure` returns the CPU milliseconds of one blurred picture, or None when it was told to stop (by what it is
    given); it runs once, in a thread of its own, unless the settings say how many blurred legs the worker takes.
    `pictures` are what the stages take the company's picture from.

    Raises:
        ValueError: the settings hold no usable addresses or ports.
    """

    def __init__(
        self,
        settings: MediaSettings,
        stage_factory: Callable[[], BlurStage],
        *,
        worker: str = "worker",
        weights_ok: bool = True,
        measure: Measure | None = None,
        load: WorkerLoad | None = None,
        pictures: PictureShelf | None = None,
    ) -> None:
        self._pictures = pictures or PictureShelf()
        self._worker = worker
        self._weights_ok = weights_ok
        self._load = load
        self._capacity = settings.capacity if settings.capacity is not None else UNMEASURED_CAPACITY
        threads = max(1, min(self._capacity, os.cpu_count() or 1))
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="blur")
        self._maker = LegMaker(
            settings,
            stage_factory,
            self._executor,
            on_state=self._state_changed,
            on_picture=self._picture_changed,
        )
        self._stop_measuring = threading.Event()
        self._legs: dict[str, Leg] = {}
        self._reserved: dict[str, LegRequest] = {}
        self.metrics = WorkerMetrics()
        self._quality = CallQuality(worker, self._emit, self.metrics.second)
        self._wiring = Wiring(self._legs, self._quality.leaves)
        self._events: asyncio.Queue[MediaEvent | None] = asyncio.Queue(EVENT_LIMIT)
        self._dropped_events = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._ticker: asyncio.Task[None] | None = None
        self._faults = FaultLog("leg_tick_failed")
        self._closed = False
        if measure is not None and settings.capacity is None:
            self._spawn(self._measure(measure), "measure-own-speed")

    def status(self) -> WorkerStatus:
        """Return how full the worker is."""
        blurred = sum(isinstance(leg, BlurredLeg) for leg in self._legs.values())
        return WorkerStatus(
            worker=self._worker,
            legs=len(self._legs),
            blur_legs=blurred,
            capacity=self._capacity,
            weights_ok=self._weights_ok,
            step=self._load.step if self._load is not None else 0,
        )

    async def events(self) -> AsyncIterator[MediaEvent]:
        """Yield events until the engine is closed. One reader."""
        while (event := await self._events.get()) is not None:
            yield event

    async def answer_leg(self, request: LegRequest) -> LegAnswer:
        """Create a leg from a client's offer.

        Raises:
            BadSdp: the offer cannot be read or answered.
            WorkerFull: the worker makes as many blurred pictures as it can; `BlurFull` when a customer asked for one.
            WorkerUnavailable: the worker is closed, or has no port left.
            MediaError: the leg exists already, or its socket or blur stage could not be had.
        """
        self._admit(request)
        self._reserved[request.leg_id] = request
        try:
            leg, sdp = await self._maker.make(request)
        except TimeoutError:
            raise MediaError("The leg's socket or blur stage was not ready in time.") from None
        finally:
            del self._reserved[request.leg_id]
        if self._closed:
            await leg.close()
            raise WorkerUnavailable
        self._legs[leg.id] = leg
        leg.on_line = lambda state: self._line_changed(leg, state)
        leg.written = lambda message: self._wiring.relay(leg, message)
        self._burden(leg)
        if self._ticker is None:
            self._ticker = asyncio.create_task(self._tick(), name="media-tick")
        log.info("leg_answered", leg=leg.id, role=leg.role.value)
        return LegAnswer(leg_id=leg.id, sdp=sdp, needs_picture=self._needs_picture(request.background))

    async def open_call(self, route: CallRoute) -> None:
        """Join two legs; what is already joined so stays untouched.

        Raises:
            StaleEpoch: the call has moved on.
            UnknownLeg: a leg is gone, or is not of the role that the route says.
            MediaError: the legs have no picture codec in common, or the agent has no slot for the customer.
        """
        self._wiring.open(route)
        log.info("call_joined", call=route.call_id, epoch=route.epoch)

    async def close_call(self, call_id: str, epoch: int) -> None:
        """Part the legs of a call at once; a call that is not open is only fenced.

        Raises:
            StaleEpoch: the call has moved on.
        """
        joined, guests = self._wiring.close(call_id, epoch)
        for watcher in guests:
            watcher.lost()
        if joined:
            log.info("call_parted", call=call_id, epoch=epoch)

    async def watch_call(self, call_id: str, epoch: int, leg_id: str, *, seen: bool = False) -> None:
        """Let a watcher's, a guest's or a second agent's leg into an open call; the others are not touched.

        `seen`: the guest's picture is shown to the people of the call, and from then on not, when it is asked without.

        Raises:
            StaleEpoch: the call has moved on.
            UnknownLeg: the leg is gone, or a customer's.
            LegTaken: it is an agent's, who is in another call.
            MediaError: the call is not open, or has as many further legs as it takes.
        """
        self._wiring.watch(call_id, epoch, leg_id, seen=seen)
        log.info("call_watched", call=call_id, epoch=epoch, leg=leg_id, seen=seen)

    async def close_leg(self, leg_id: str) -> None:
        """Close a leg; no error when it is gone."""
        leg = self._legs.get(leg_id)
        if leg is not None:
            leg.lost()
            await asyncio.wait([self._closing(leg)])

    async def confirm_signer(self, leg_id: str) -> None:
        """Take whoever is nearest to the camera of an agent's leg for the signer.

        Raises:
            UnknownLeg: there is no such leg, or it is not an agent's.
        """
        self._agent(leg_id).blur.confirm_signer()
        log.info("signer_confirmed", leg=leg_id)

    async def pause_leg(self, leg_id: str, *, paused: bool) -> None:
        """Note that a leg's owner paused the own picture or shows it again; no error when the leg is gone."""
        leg = self._legs.get(leg_id)
        if leg is not None:
            self._quality.pause(leg, paused=paused)

    async def shown(self, leg_id: str, shown: Shown) -> None:
        """Note what the page of a leg presented of the other person's picture; no error when the leg is gone."""
        leg = self._legs.get(leg_id)
        if leg is not None:
            self._quality.shown(leg, shown, asyncio.get_running_loop().time() * 1000)

    async def set_background(self, leg_id: str, background: Background) -> bool:
        """Put another background behind an agent; return whether it is a picture that is not here.

        Raises:
            UnknownLeg: there is no such leg, or it is not an agent's.
        """
        self._agent(leg_id).blur.set_background(background)
        return self._needs_picture(background)

    async def put_picture(self, digest: str, jpeg: bytes) -> None:
        """Take the company's picture; where it was asked for, it stands from the next frames on.

        Raises:
            MediaError: it is not what `digest` says, or no picture.
        """
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._pictures.put, digest, jpeg)
        except BadCompanyPicture as error:
            raise MediaError from error

    async def show_object(self, leg_id: str, box: Box | None) -> None:
        """Show what lies in `box` beside an agent in a call; None: cover it again.

        Raises:
            UnknownLeg: there is no such leg, or it is not an agent's.
            BadBox: outside of the picture, too small or too large.
            MediaError: the leg is in no call.
        """
        agent = self._agent(leg_id)
        if box is not None and not agent.call_id:
            raise MediaError("The leg is in no call.")
        if box is not None and not is_box(box):
            raise BadBox
        agent.blur.show_object(box)
        self._tell_object(agent)  # at once: what is over before the next tick is on record, too
        log.info("object_asked_for", leg=leg_id, call=agent.call_id, shown=box is not None)

    def _agent(self, leg_id: str) -> AgentLeg:
        leg = self._legs.get(leg_id)
        if not isinstance(leg, AgentLeg):
            raise UnknownLeg(leg_id=leg_id)
        return leg

    def _needs_picture(self, background: Background) -> bool:
        wanted = background.kind is BackgroundKind.PICTURE and background.picture
        return bool(wanted) and not self._pictures.has(background.picture)

    async def metrics_text(self) -> bytes:
        """Return what Prometheus is told of this worker."""
        words = [word for _, word in self._quality.words()]
        return self.metrics.text(self.status(), await self.statistics(), words, self._dropped_events)

    async def statistics(self) -> list[LegStatistics]:
        """Return the counts of every leg."""
        return [self._quality.completed(leg.statistics()) for leg in self._legs.values()]

    async def close(self) -> None:
        """Close every leg, the threads, and the stream of events."""
        if self._closed:
            return
        self._closed = True
        self._stop_measuring.set()
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.wait([self._ticker])
        for leg in list(self._legs.values()):
            leg.lost()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._pictures.close()
        self._emit(None)

    def _admit(self, request: LegRequest) -> None:
        if request.leg_id in self._legs or request.leg_id in self._reserved:
            raise MediaError("The leg exists already.", leg_id=request.leg_id)
        status = self.status()
        coming = sum(reserved.blurred for reserved in self._reserved.values())
        if self._closed:
            raise WorkerUnavailable
        if request.blurred and status.blur_legs + coming >= self._capacity:
            raise BlurFull if request.role is LegRole.CUSTOMER else WorkerFull
        if status.legs + len(self._reserved) >= MAX_LEGS:
            raise WorkerFull

    async def _measure(self, measure: Measure) -> None:
        """Find out how many blurred legs this machine holds, while the worker already takes the first ones."""
        found = await capacity_by(measure, self._stop_measuring.is_set, self._worker)
        if found is not None:
            self._capacity = found

    def _state_changed(self, leg: Leg, state: LegState) -> None:
        call_id = leg.call_id
        if state is LegState.CLOSED:
            self._wiring.leave(leg)
            self._closing(leg)
        self._emit(LegEvent(worker=self._worker, leg_id=leg.id, person=leg.person, state=state, call_id=call_id))

    def _picture_changed(self, leg: BlurredLeg, state: PictureState, reason: str) -> None:
        self._emit(PictureEvent(worker=self._worker, leg_id=leg.id, person=leg.person, state=state, reason=reason))

    def _burden(self, leg: Leg) -> None:
        """Let a leg make as many pictures as the worker can, and have it counted how that goes."""
        if self._load is not None and isinstance(leg, BlurredLeg):
            leg.blur.gauge, leg.blur.worker_rate = self._load.gauge, self._load.rate

    def _line_changed(self, leg: Leg, state: LineState) -> None:
        log.info("line_changed", leg=leg.id, narrow=state.narrow, camera_fps=state.camera_fps)
        self._emit(
            LineEvent(
                worker=self._worker,
                leg_id=leg.id,
                person=leg.person,
                narrow=state.narrow,
                camera_fps=state.camera_fps,
            )
        )

    def _tell_object(self, leg: Leg) -> None:
        """Tell of an object that is shown or hidden since the last look; one may end by itself."""
        change = leg.blur.object_change() if isinstance(leg, AgentLeg) else None
        if change is not None:
            self._emit(ObjectEvent(worker=self._worker, leg_id=leg.id, person=leg.person, box=change[0]))

    def _closing(self, leg: Leg) -> asyncio.Task[None]:
        """Take the leg out and return the task that closes it."""
        if self._legs.pop(leg.id, None) is not None:
            try:
                self.metrics.retire(leg.statistics())
            except Exception as error:  # noqa: BLE001 - a leg is closed whether it can be counted or not
                self._faults.note(error)
        name = f"leg-close-{leg.id}"
        running = next((task for task in self._tasks if task.get_name() == name), None)
        return running if running is not None else self._spawn(leg.close(), name)

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _emit(self, event: MediaEvent | None) -> None:
        while self._events.full():
            self._events.get_nowait()
            if not self._dropped_events:
                log.error("events_dropped")
            self._dropped_events += 1
        self._events.put_nowait(event)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before_ms = loop.time() * 1000
            await asyncio.sleep(TICK_S)
            now_ms = loop.time() * 1000
            self._tick_legs(now_ms)
            self._quality.tick(now_ms, now_ms - before_ms - TICK_S * 1000, self._legs)

    def _tick_legs(self, now_ms: float) -> None:
        """Let every leg do what is due. Apart from the clock: a name in its loop would keep the last leg's pictures."""
        if self._load is not None and self._load.look(now_ms):
            for leg in self._legs.values():
                self._burden(leg)
        for leg in list(self._legs.values()):
            try:
                leg.tick(now_ms)
                self._tell_object(leg)
            except Exception as error:  # noqa: BLE001 - one leg's trouble must not stop the clock of the others
                self._faults.note(error)
