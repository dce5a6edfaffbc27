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
import datetime as dt
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog
from aiortc import RTCCertificate

from media.agent_leg import AgentLeg
from media.blur_leg import BlurStage
from media.calls import CallTable
from media.customer_leg import CustomerLeg
from media.fault_log import FaultLog
from media.forwarder import Outlet
from media.gathering import Gathering
from media.leg import Leg
from media.own_speed import holds
from media.peer import Peer
from media.settings import MediaSettings
from video_service.media_plane import (
    CallRoute,
    LegAnswer,
    LegEvent,
    LegRequest,
    LegRole,
    LegState,
    LegStatistics,
    MediaError,
    MediaEvent,
    PictureEvent,
    PictureState,
    UnknownLeg,
    WorkerFull,
    WorkerStatus,
    WorkerUnavailable,
)

log = structlog.get_logger(__name__)

TICK_S: Final = 0.02
UNMEASURED_CAPACITY: Final = 4
MAX_LEGS: Final = 200
EVENT_LIMIT: Final = 4096
STAGE_TIMEOUT_S: Final = 10.0
PREVIEW_SLOT: Final = 0
CUSTOMER_SLOT: Final = 1
AGENT_SLOT: Final = 0
CERTIFICATE_MARGIN: Final = dt.timedelta(days=1)


Measure = Callable[[Callable[[], bool]], float | None]


class MediaEngine:
    """Carries legs and calls. Make it on the loop that runs it; `close` may be called twice.

    `stage_factory` makes the blur stage of one agent's leg; it may block. `weights_ok` goes into the status.
    `measure` returns the CPU milliseconds of one blurred picture, or None when it was told to stop (by what it is
    given); it runs once, in a thread of its own, unless the settings say how many blurred legs the worker takes.

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
    ) -> None:
        self._settings = settings
        self._stage_factory = stage_factory
        self._worker = worker
        self._weights_ok = weights_ok
        self._gathering = Gathering(settings)
        self._capacity = settings.capacity if settings.capacity is not None else UNMEASURED_CAPACITY
        threads = max(1, min(self._capacity, os.cpu_count() or 1))
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="blur")
        self._stop_measuring = threading.Event()
        self._legs: dict[str, Leg] = {}
        self._reserved: dict[str, LegRole] = {}
        self._calls = CallTable()
        self._events: asyncio.Queue[MediaEvent | None] = asyncio.Queue(EVENT_LIMIT)
        self._certificate: RTCCertificate = RTCCertificate.generateCertificate()
        self._dropped_events = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._ticker: asyncio.Task[None] | None = None
        self._faults = FaultLog("leg_tick_failed")
        self._closed = False
        if measure is not None and settings.capacity is None:
            self._spawn(self._measure(measure), "measure-own-speed")

    def status(self) -> WorkerStatus:
        """Return how full the worker is."""
        blurred = sum(1 for leg in self._legs.values() if leg.role is LegRole.AGENT)
        return WorkerStatus(
            worker=self._worker,
            legs=len(self._legs),
            blur_legs=blurred,
            capacity=self._capacity,
            weights_ok=self._weights_ok,
        )

    async def events(self) -> AsyncIterator[MediaEvent]:
        """Yield events until the engine is closed. One reader."""
        while (event := await self._events.get()) is not None:
            yield event

    async def answer_leg(self, request: LegRequest) -> LegAnswer:
        """Create a leg from a client's offer.

        Raises:
            BadSdp: the offer cannot be read or answered.
            WorkerFull: the worker makes as many blurred pictures as it can.
            WorkerUnavailable: the worker is closed, or has no port left.
            MediaError: the leg exists already, or its socket or blur stage could not be had.
        """
        self._admit(request)
        self._reserved[request.leg_id] = request.role
        try:
            peer = Peer(request, self._settings, self._gathering, self._current_certificate())
            leg = await self._new_leg(request, peer)
            try:
                sdp = await peer.answer(leg)
            except BaseException:
                await leg.close()
                raise
        except TimeoutError:
            raise MediaError("The leg's socket or blur stage was not ready in time.") from None
        finally:
            del self._reserved[request.leg_id]
        if self._closed:
            await leg.close()
            raise WorkerUnavailable
        self._legs[leg.id] = leg
        if self._ticker is None:
            self._ticker = asyncio.create_task(self._tick(), name="media-tick")
        log.info("leg_answered", leg=leg.id, role=leg.role.value)
        return LegAnswer(leg_id=leg.id, sdp=sdp)

    async def open_call(self, route: CallRoute) -> None:
        """Join two legs; what is already joined so stays untouched.

        Raises:
            StaleEpoch: the call has moved on.
            UnknownLeg: a leg is gone, or is not of the role that the route says.
            MediaError: the legs have no picture codec in common, or the agent has no slot for the customer.
        """
        self._calls.check_open(route)
        customer, agent = self._legs.get(route.customer_leg), self._legs.get(route.agent_leg)
        if not isinstance(customer, CustomerLeg):
            raise UnknownLeg(leg_id=route.customer_leg)
        if not isinstance(agent, AgentLeg):
            raise UnknownLeg(leg_id=route.agent_leg)
        if len(agent.slots) <= CUSTOMER_SLOT:
            raise MediaError("The agent's leg has no slot for the customer.")
        if customer.camera_codecs and not set(customer.camera_codecs) & set(agent.slots[CUSTOMER_SLOT].codecs):
            raise MediaError("The two legs have no picture codec in common.")
        codec = agent.common_codec(customer.slots[AGENT_SLOT].codecs)
        old = self._calls.route(route.call_id)
        self._calls.opened(route)
        joined = old is not None and (old.customer_leg, old.agent_leg) == (customer.id, agent.id)
        if joined and customer.call_id == agent.call_id == route.call_id:
            return
        if old is not None:
            self._part(old)
        for leg in (customer, agent):
            self._leave_other_call(leg, route.call_id)
        customer.call_id = agent.call_id = route.call_id
        self._join(customer, agent, codec)
        log.info("call_joined", call=route.call_id, epoch=route.epoch)

    async def close_call(self, call_id: str, epoch: int) -> None:
        """Part the legs of a call at once; a call that is not open is only fenced.

        Raises:
            StaleEpoch: the call has moved on.
        """
        route = self._calls.close(call_id, epoch)
        if route is not None:
            self._part(route)
            log.info("call_parted", call=call_id, epoch=epoch)

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
        leg = self._legs.get(leg_id)
        if not isinstance(leg, AgentLeg):
            raise UnknownLeg(leg_id=leg_id)
        leg.blur.confirm_signer()
        log.info("signer_confirmed", leg=leg_id)

    async def statistics(self) -> list[LegStatistics]:
        """Return the counts of every leg."""
        return [leg.statistics() for leg in self._legs.values()]

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
        self._emit(None)

    def _admit(self, request: LegRequest) -> None:
        if request.leg_id in self._legs or request.leg_id in self._reserved:
            raise MediaError("The leg exists already.", leg_id=request.leg_id)
        status = self.status()
        coming = sum(1 for role in self._reserved.values() if role is LegRole.AGENT)
        if self._closed:
            raise WorkerUnavailable
        full = request.role is LegRole.AGENT and status.blur_legs + coming >= self._capacity
        if full or status.legs + len(self._reserved) >= MAX_LEGS:
            raise WorkerFull

    async def _measure(self, measure: Measure) -> None:
        """Find out how many blurred legs this machine holds, while the worker already takes the first ones."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="measure")
        try:
            measuring = asyncio.get_running_loop().run_in_executor(thread, measure, self._stop_measuring.is_set)
            picture_ms = await measuring
        except Exception as error:  # noqa: BLE001 - a worker that cannot measure itself still works
            log.warning("own_speed_unknown", worker=self._worker, error=type(error).__name__)
            return
        finally:
            thread.shutdown(wait=False)
        if picture_ms is not None:
            self._capacity = holds(picture_ms)
            log.info("own_speed", worker=self._worker, picture_ms=round(picture_ms, 2), capacity=self._capacity)

    async def _new_leg(self, request: LegRequest, peer: Peer) -> Leg:
        if request.role is LegRole.CUSTOMER:
            return CustomerLeg(request, peer, self._settings, self._state_changed)
        loop = asyncio.get_running_loop()
        making = loop.run_in_executor(self._executor, self._stage_factory)
        try:
            async with asyncio.timeout(STAGE_TIMEOUT_S):
                stage = await asyncio.shield(making)
        except (TimeoutError, asyncio.CancelledError):
            making.add_done_callback(_close_late)  # nobody waits for it any more: its thread and network go again
            raise
        return AgentLeg(
            request,
            peer,
            self._settings,
            self._state_changed,
            stage=stage,
            executor=self._executor,
            on_picture=self._picture_changed,
        )

    def _join(self, customer: CustomerLeg, agent: AgentLeg, codec: str) -> None:
        for leg, slot in ((customer, customer.slots[AGENT_SLOT]), (agent, agent.slots[CUSTOMER_SLOT])):
            leg.first_sent(slot)
        agent.blur.codec = codec
        agent.blur.full_rate = True
        customer.picture.attach(agent.slots[CUSTOMER_SLOT])
        agent.protected.attach(customer.slots[AGENT_SLOT])
        for giver, taker in ((customer, agent), (agent, customer)):
            if taker.sound_outlet is not None:
                giver.sound.attach(taker.sound_outlet)

    def _part(self, route: CallRoute) -> None:
        customer, agent = self._legs.get(route.customer_leg), self._legs.get(route.agent_leg)
        for leg in (customer, agent):
            if leg is not None and leg.call_id == route.call_id:
                self._leave(leg)

    def _leave_other_call(self, leg: Leg, call_id: str) -> None:
        """A leg is in one call at most: joining another takes it out of the first, which hears nothing more of it."""
        if leg.call_id and leg.call_id != call_id:
            log.warning("leg_taken_from_call", leg=leg.id, call=leg.call_id)
            route = self._calls.route(leg.call_id)
            if route is not None:
                self._part(route)

    def _leave(self, leg: Leg) -> None:
        """Cut everything between a leg and the other one, in both directions."""
        leg.call_id = ""
        leg.sound.detach_all()
        slots = leg.slots
        if isinstance(leg, CustomerLeg):
            leg.picture.detach_all()
        elif isinstance(leg, AgentLeg):
            leg.blur.full_rate = False
            for outlet in leg.protected.viewers:
                if outlet is not leg.slots[PREVIEW_SLOT]:
                    leg.protected.detach(outlet)
            slots = leg.slots[CUSTOMER_SLOT:]
        outlets: list[Outlet] = [*slots, *([leg.sound_outlet] if leg.sound_outlet is not None else [])]
        for outlet in outlets:
            if outlet.source is not None:
                outlet.source.detach(outlet)

    def _state_changed(self, leg: Leg, state: LegState) -> None:
        call_id = leg.call_id
        if state is LegState.CLOSED:
            self._leave(leg)
            self._closing(leg)
        self._emit(LegEvent(worker=self._worker, leg_id=leg.id, person=leg.person, state=state, call_id=call_id))

    def _picture_changed(self, leg: AgentLeg, state: PictureState, reason: str) -> None:
        self._emit(PictureEvent(worker=self._worker, leg_id=leg.id, person=leg.person, state=state, reason=reason))

    def _closing(self, leg: Leg) -> asyncio.Task[None]:
        """Take the leg out and return the task that closes it."""
        self._legs.pop(leg.id, None)
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
            await asyncio.sleep(TICK_S)
            now_ms = loop.time() * 1000
            for leg in list(self._legs.values()):
                try:
                    leg.tick(now_ms)
                except Exception as error:  # noqa: BLE001 - one leg's trouble must not stop the clock of the others
                    self._faults.note(error)

    def _current_certificate(self) -> RTCCertificate:
        """Return the process's certificate; a new one when the old one ends soon."""
        if self._certificate.expires - dt.datetime.now(tz=dt.UTC) < CERTIFICATE_MARGIN:
            self._certificate = RTCCertificate.generateCertificate()
        return self._certificate


def _close_late(making: asyncio.Future[BlurStage]) -> None:
    if not making.cancelled() and making.exception() is None:
        making.result().close()
