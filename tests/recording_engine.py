"""An engine without media, for tests of what stands before an engine: it records its orders and answers from a script.

It keeps the rules of the seam that a caller can see: epochs fence, unknown legs are refused, closing twice is no error.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from video_service.media_plane import (
    Background,
    BadSdp,
    BlurFull,
    Box,
    CallRoute,
    LegAnswer,
    LegEvent,
    LegRequest,
    LegRole,
    LegState,
    LegStatistics,
    MediaError,
    MediaEvent,
    ObjectEvent,
    Shown,
    StaleEpoch,
    UnknownLeg,
    WorkerFull,
    WorkerStatus,
    WorkerUnavailable,
)


class RecordingEngine:
    """One worker's engine. `hold` makes the next orders wait until it is set again."""

    def __init__(self, worker: str = "w-1", *, capacity: int = 2, weights_ok: bool = True) -> None:
        self.worker = worker
        self.capacity = capacity
        self.weights_ok = weights_ok
        self.orders: list[object] = []
        self.legs: dict[str, LegRequest] = {}
        self.pictures: dict[str, bytes] = {}
        self.calls: dict[str, CallRoute] = {}
        self.epochs: dict[str, int] = {}
        self.closed = False
        self.paused: dict[str, bool] = {}
        self.reported: list[tuple[str, Shown]] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.reached = asyncio.Event()
        self._events: asyncio.Queue[MediaEvent | None] = asyncio.Queue(10_000)

    def status(self) -> WorkerStatus:
        blurred = sum(leg.blurred for leg in self.legs.values())
        return WorkerStatus(
            worker=self.worker,
            legs=len(self.legs),
            blur_legs=blurred,
            capacity=self.capacity,
            weights_ok=self.weights_ok,
        )

    async def answer_leg(self, request: LegRequest) -> LegAnswer:
        await self._record(request)
        if self.closed:
            raise WorkerUnavailable
        if request.sdp == "not an offer":
            raise BadSdp
        if request.sdp == "crash":
            raise RuntimeError("the offer was: crash")
        if request.blurred and self.status().blur_legs >= self.capacity:
            raise BlurFull if request.role is LegRole.CUSTOMER else WorkerFull
        self.legs[request.leg_id] = request
        needs_picture = self._needs(request.background)
        return LegAnswer(leg_id=request.leg_id, sdp=f"answer to {request.sdp}", needs_picture=needs_picture)

    async def open_call(self, route: CallRoute) -> None:
        await self._record(route)
        self._fence(route.call_id, route.epoch)
        if not {route.customer_leg, route.agent_leg} <= self.legs.keys():
            raise UnknownLeg
        self.epochs[route.call_id] = route.epoch
        self.calls[route.call_id] = route

    async def close_call(self, call_id: str, epoch: int) -> None:
        await self._record((call_id, epoch))
        self._fence(call_id, epoch)
        self.epochs[call_id] = epoch
        self.calls.pop(call_id, None)

    async def watch_call(self, call_id: str, epoch: int, leg_id: str, *, seen: bool = False) -> None:
        await self._record(("watch", call_id, epoch, leg_id, seen))
        self._fence(call_id, epoch)
        if leg_id not in self.legs or self.legs[leg_id].role is LegRole.CUSTOMER:
            raise UnknownLeg
        if call_id not in self.calls:
            raise MediaError

    async def close_leg(self, leg_id: str) -> None:
        await self._record(leg_id)
        if self.legs.pop(leg_id, None) is not None:
            self.tell(LegEvent(worker=self.worker, leg_id=leg_id, person="p", state=LegState.CLOSED))

    async def confirm_signer(self, leg_id: str) -> None:
        await self._record(("confirm", leg_id))
        if leg_id not in self.legs or self.legs[leg_id].role is not LegRole.AGENT:
            raise UnknownLeg

    async def pause_leg(self, leg_id: str, *, paused: bool) -> None:
        self.paused[leg_id] = paused

    async def shown(self, leg_id: str, shown: Shown) -> None:
        self.reported.append((leg_id, shown))

    async def set_background(self, leg_id: str, background: Background) -> bool:
        await self._record(("background", leg_id, background))
        if leg_id not in self.legs:
            raise UnknownLeg
        return self._needs(background)

    async def put_picture(self, digest: str, jpeg: bytes) -> None:
        await self._record(("picture", digest))
        self.pictures[digest] = jpeg

    async def show_object(self, leg_id: str, box: Box | None) -> None:
        await self._record(("object", leg_id, box))
        if leg_id not in self.legs:
            raise UnknownLeg
        self.tell(ObjectEvent(worker=self.worker, leg_id=leg_id, person=self.legs[leg_id].person, box=box))

    def _needs(self, background: Background) -> bool:
        return bool(background.picture) and background.picture not in self.pictures

    async def metrics_text(self) -> bytes:
        return b"# nothing\n"

    async def statistics(self) -> Sequence[LegStatistics]:
        await self._record("statistics")
        return [LegStatistics(leg_id=leg_id, packets_in=7) for leg_id in self.legs]

    async def events(self) -> AsyncIterator[MediaEvent]:
        while (event := await self._events.get()) is not None:
            yield event

    async def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._events.put_nowait(None)

    def tell(self, event: MediaEvent) -> None:
        """Let something happen."""
        self._events.put_nowait(event)

    async def _record(self, order: object) -> None:
        self.orders.append(order)
        self.reached.set()
        await self.hold.wait()

    def _fence(self, call_id: str, epoch: int) -> None:
        if epoch < self.epochs.get(call_id, 0):
            raise StaleEpoch
