"""A second implementation of the media seam that keeps a diary instead of moving pictures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from video_service.line_quality import LineFacts, LineWord
from video_service.media_plane import (
    Background,
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
    QualityEvent,
    Shown,
    StaleEpoch,
    UnknownLeg,
    WorkerEvent,
    WorkerStatus,
    WorkerUnavailable,
)


class DiaryPlane:
    """Workers that answer at once. `legs` maps leg -> (worker, request); `calls` maps call -> its newest route."""

    def __init__(self, *workers: str) -> None:
        self.alive = list(workers)
        self.legs: dict[str, tuple[str, LegRequest]] = {}
        self.calls: dict[str, CallRoute] = {}
        self.epochs: dict[str, int] = {}
        self.confirmed: list[tuple[str, str]] = []
        self.backgrounds: dict[str, Background] = {}
        self.objects: list[tuple[str, Box | None]] = []
        self.paused: dict[str, bool] = {}
        self.reported: list[tuple[str, Shown]] = []
        self.watched: list[tuple[str, int, str]] = []
        self.seen: set[str] = set()
        self.refuse: Exception | None = None
        self.failures = 0
        self.unknown = ""
        self.answers = asyncio.Event()
        self.answers.set()
        self._events: asyncio.Queue[MediaEvent] = asyncio.Queue(1_000)

    def workers(self) -> Sequence[WorkerStatus]:
        return [WorkerStatus(worker=name, legs=0, blur_legs=0, capacity=9, weights_ok=True) for name in self.alive]

    def place(self) -> str:
        if not self.alive:
            raise WorkerUnavailable
        return self.alive[0]

    async def answer_leg(self, worker: str, request: LegRequest) -> LegAnswer:
        await self.answers.wait()
        if self.refuse is not None:
            raise self.refuse
        self.legs[request.leg_id] = (worker, request)
        return LegAnswer(leg_id=request.leg_id, sdp=f"answer to {request.sdp}")

    async def open_call(self, worker: str, route: CallRoute) -> None:
        if self.unknown and self.unknown in (route.customer_leg, route.agent_leg):
            raise UnknownLeg
        if route.epoch < self.epochs.get(route.call_id, 0):
            raise StaleEpoch
        self.epochs[route.call_id] = route.epoch
        self.calls[route.call_id] = route

    async def close_call(self, worker: str, call_id: str, epoch: int) -> None:
        if worker not in self.alive:
            raise WorkerUnavailable
        if self.failures:
            self.failures -= 1
            raise MediaError
        if epoch < self.epochs.get(call_id, 0):
            raise StaleEpoch
        self.epochs[call_id] = epoch
        self.calls.pop(call_id, None)

    async def watch_call(self, worker: str, call_id: str, epoch: int, leg_id: str, *, seen: bool = False) -> None:
        if epoch < self.epochs.get(call_id, 0):
            raise StaleEpoch
        if leg_id not in self.legs or self.legs[leg_id][1].role is LegRole.CUSTOMER:
            raise UnknownLeg
        if call_id not in self.calls:
            raise MediaError
        self.watched.append((call_id, epoch, leg_id))
        self.seen = {*self.seen, leg_id} if seen else self.seen - {leg_id}

    async def close_leg(self, worker: str, leg_id: str) -> None:
        self.legs.pop(leg_id, None)

    async def confirm_signer(self, worker: str, leg_id: str) -> None:
        if worker not in self.alive:
            raise WorkerUnavailable
        if leg_id not in self.legs or self.legs[leg_id][1].role not in (LegRole.AGENT, LegRole.GUEST):
            raise UnknownLeg
        self.confirmed.append((worker, leg_id))

    async def pause_leg(self, worker: str, leg_id: str, *, paused: bool) -> None:
        self.paused[leg_id] = paused

    async def shown(self, worker: str, leg_id: str, shown: Shown) -> None:
        self.reported.append((leg_id, shown))

    async def set_background(self, worker: str, leg_id: str, background: Background) -> None:
        if leg_id not in self.legs:
            raise UnknownLeg
        self.backgrounds[leg_id] = background

    async def show_object(self, worker: str, leg_id: str, box: Box | None) -> None:
        if leg_id not in self.legs:
            raise UnknownLeg
        self.objects.append((leg_id, box))
        self.say_object(leg_id, box)

    def say_object(self, leg: str, box: Box | None) -> None:
        """Let a worker report what an agent shows."""
        worker, request = self.legs[leg]
        self._events.put_nowait(ObjectEvent(worker=worker, leg_id=leg, person=request.person, box=box))

    async def statistics(self, worker: str) -> Sequence[LegStatistics]:
        watched = [(call, leg) for call, _, leg in self.watched if call in self.calls and leg in self.legs]
        return [
            LegStatistics(leg_id=leg, call_id=route.call_id)
            for route in self.calls.values()
            for leg in (route.customer_leg, route.agent_leg)
        ] + [LegStatistics(leg_id=leg, call_id=call) for call, leg in watched]

    async def events(self) -> AsyncIterator[MediaEvent]:
        while True:
            yield await self._events.get()

    async def close(self) -> None:
        self.alive.clear()

    def say(self, leg: str, state: LegState, *, call: str = "") -> None:
        """Let a worker report a leg's state."""
        worker, request = self.legs[leg]
        self._events.put_nowait(LegEvent(worker=worker, leg_id=leg, person=request.person, state=state, call_id=call))

    def show(self, leg: str, state: PictureState, reason: str = "") -> None:
        """Let a worker report what an agent's viewers see."""
        worker, request = self.legs[leg]
        self._events.put_nowait(
            PictureEvent(worker=worker, leg_id=leg, person=request.person, state=state, reason=reason)
        )

    def narrow(self, leg: str, narrow: bool, camera_fps: int = 0) -> None:
        """Let a worker report what a line carries."""
        worker, request = self.legs[leg]
        self._events.put_nowait(
            LineEvent(worker=worker, leg_id=leg, person=request.person, narrow=narrow, camera_fps=camera_fps)
        )

    def judge(self, leg: str, call: str, word: LineWord, facts: LineFacts, *, last: bool = False) -> None:
        """Let a worker report how a leg's picture reaches the other person."""
        worker, request = self.legs[leg]
        self._events.put_nowait(
            QualityEvent(
                worker=worker,
                call_id=call,
                leg_id=leg,
                person=request.person,
                role=request.role,
                word=word,
                facts=facts,
                last=last,
            )
        )

    def lose(self, worker: str) -> None:
        """Let a worker die with every leg that it had."""
        self.alive.remove(worker)
        self.legs = {leg: entry for leg, entry in self.legs.items() if entry[0] != worker}
        self._events.put_nowait(WorkerEvent(worker=worker, alive=False))

    def cut_off(self, worker: str) -> None:
        """Let a worker be out of reach for a while, with all that it has."""
        self.alive.remove(worker)
        self._events.put_nowait(WorkerEvent(worker=worker, alive=False))

    def reach(self, worker: str) -> None:
        """Let a worker be reached again."""
        self.alive.append(worker)
        self._events.put_nowait(WorkerEvent(worker=worker, alive=True))

    def leg_of(self, person: str) -> str:
        """Return the newest leg of a person."""
        return [leg for leg, (_, request) in self.legs.items() if request.person == person][-1]
