"""An agent's picture on its way through the gate: decode, protect, encode, in one thread, never more than one behind.

Every frame is decoded (the next one refers to it); only the newest is protected and encoded, and a frame that comes
while the thread is busy waits for it alone. So delay cannot grow: what cannot be shown in time is dropped.

Frames that a lost packet had held back come all at once. They are movements of a sign, and the thread is faster than
the camera: they are all shown, one after the other, unless that takes longer than `CATCH_UP_MS`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter
from typing import Final, Protocol

import av
import structlog

from media import heap
from media.assembler import EncodedFrame
from media.decoder import PictureDecoder
from media.encoder import EncodedPicture, PictureEncoder
from media.fitting import FULL_RATE, LEVELS, Pace
from media.ladder import Gauge
from media.loss import KeyFrameRequests
from media.negotiation import VIDEO_CLOCK_HZ, VP8
from media.picture import BadPicture, ProtectedPicture, RawPicture
from media.rate_control import Limits
from media.segmenter import Reason
from video_service.media_plane import Background, Box, PictureState

log = structlog.get_logger(__name__)

MAX_WAITING: Final = 30
PREVIEW_RATE: Final = 15
CLOSE_TIMEOUT_S: Final = 3.0
CATCH_UP_MS: Final = 500.0
OWN_PACE: Final = 0.5  # of the time between two pictures: what comes closer together was held up on its way


class BlurStage(Protocol):
    """Makes protected pictures. `process` never raises for any picture; if it does all the same, nothing is sent.

    `confirm` takes whoever is nearest to the camera for the signer. It and what sets and shows may be called from any
    thread and do not block.
    """

    def process(self, picture: RawPicture, /) -> ProtectedPicture: ...
    def confirm(self) -> None: ...
    def set_background(self, background: Background, /) -> None: ...
    def show_object(self, box: Box | None, /) -> None: ...
    def shown_object(self) -> Box | None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Order:
    """What to do with the newest of some frames: `show` it or only decode it."""

    show: bool
    key: bool
    codec: str
    bitrate_bps: int
    pixels: int
    rate: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A frame, and when its last packet came."""

    frame: EncodedFrame
    since_ms: float


@dataclass(frozen=True, slots=True)
class _Outcome:
    encoded: EncodedPicture | None = None
    state: PictureState | None = None
    reason: str = ""
    blur_ms: float = 0.0
    needs_key: bool = False
    skipped: int = 0
    shown: bool = False
    wait_ms: float = 0.0


class _Pipeline:
    """Everything that lives in the executor; called by one thread at a time, and by none after `close`."""

    def __init__(self, stage: BlurStage, limits: Limits) -> None:
        self.stage = stage
        self._decoder = PictureDecoder()
        self._encoder = PictureEncoder(VP8, limits.start, limits.maximum)

    def run(self, frames: Sequence[EncodedFrame], order: _Order, asked_s: float) -> _Outcome:
        wait_ms = (perf_counter() - asked_s) * 1000
        newest: RawPicture | None = None
        pictures = 0
        try:
            for frame in frames:
                picture = self._decoder.decode(frame)
                if picture is not None:
                    newest, pictures = picture, pictures + 1
        except (av.FFmpegError, BadPicture):
            return _Outcome(needs_key=True, skipped=len(frames))
        if newest is None or not order.show:
            return _Outcome()
        started = perf_counter()
        protected = self.stage.process(newest)
        blur_ms = (perf_counter() - started) * 1000
        self._encoder.codec, self._encoder.bitrate_bps = order.codec, order.bitrate_bps
        self._encoder.pixels, self._encoder.rate = order.pixels, order.rate
        encoded = self._encoder.encode(protected, key=order.key)
        skipped = pictures - 1
        return _Outcome(encoded, protected.state, protected.reason, blur_ms, False, skipped, True, wait_ms)

    def close(self) -> None:
        self._decoder.close()
        self._encoder.close()
        self.stage.close()
        # A leg and what it calls refer to one another, so it stays until the collector comes by; the stage's pictures
        # and networks are too large to wait for that.
        del self.stage, self._decoder, self._encoder
        heap.give_back()


class BlurLeg:
    """The loop's side of one agent's pipeline. Give it frames in order; it calls `on_encoded` for each shown one.

    `on_key_needed` asks the agent's browser for a key frame; `on_state` tells when the protection changed.
    """

    def __init__(
        self,
        stage: BlurStage,
        executor: Executor,
        limits: Limits,
        *,
        on_encoded: Callable[[EncodedPicture], None],
        on_key_needed: Callable[[], None],
        on_state: Callable[[PictureState, str], None],
        now_ms: Callable[[], float],
    ) -> None:
        self.codec = VP8
        self.bitrate_bps = limits.start
        self.pixels = LEVELS[0].pixels
        self.line_rate = FULL_RATE
        self.worker_rate = FULL_RATE
        self.gauge: Gauge | None = None
        self.full_rate = False
        self.watched = False
        self.dropped = 0
        self.states: dict[PictureState, int] = dict.fromkeys(PictureState, 0)
        self.blur_ms: deque[float] = deque(maxlen=600)
        self.delays_ms: deque[float] = deque(maxlen=600)
        self._pipeline = _Pipeline(stage, limits)
        self._told_box: Box | None = None
        self._executor = executor
        self._on_encoded = on_encoded
        self._on_key_needed = on_key_needed
        self._on_state = on_state
        self._now_ms = now_ms
        self._waiting: list[_Waiting] = []
        self._running: asyncio.Future[_Outcome] | None = None
        self._catch_up_until_ms: float | None = None
        self._key_frames = KeyFrameRequests()
        self._key_due = False
        self._pace = Pace(VIDEO_CLOCK_HZ)
        self._last_state: tuple[PictureState, str] | None = None
        self._closed = False

    @property
    def rate(self) -> int:
        """Pictures a second at most: what viewers' lines carry, what the worker can make, few outside a call."""
        rate = min(self.line_rate, self.worker_rate)
        return rate if self.full_rate else min(rate, PREVIEW_RATE)

    def receive(self, frames: Sequence[EncodedFrame]) -> None:
        """Take the next frames of the agent's camera; more than one when they came at once."""
        if self._closed:
            return
        if len(self._waiting) + len(frames) > MAX_WAITING:
            # The thread hangs or is hopelessly late: begin again with a key frame.
            self.dropped += len(self._waiting)
            self._waiting.clear()
            self._on_key_needed()
            return
        now_ms = self._now_ms()
        self._waiting.extend(_Waiting(frame, now_ms) for frame in frames)
        if len(frames) > 1:
            self._catch_up_until_ms = now_ms + CATCH_UP_MS
        self._run()

    def want_key_frame(self, new_viewer: bool) -> None:
        """Encode a key frame soon: at once for a new viewer, else at most once a second."""
        self._key_due |= self._key_frames.want(self._now_ms(), new_viewer=new_viewer)

    def confirm_signer(self) -> None:
        """Take whoever is nearest to the camera for the signer from the next shown frame on."""
        if not self._closed:
            self._pipeline.stage.confirm()

    def set_background(self, background: Background) -> None:
        """Put another background behind the signer from the next shown frame on."""
        if not self._closed:
            self._pipeline.stage.set_background(background)

    def show_object(self, box: Box | None) -> None:
        """Show what lies in `box`, too, for a while; None: end."""
        if not self._closed:
            self._pipeline.stage.show_object(box)

    def object_change(self) -> tuple[Box | None] | None:
        """Return the box that is shown now when it is not what the last call returned; None: nothing has changed."""
        box = None if self._closed else self._pipeline.stage.shown_object()
        if box == self._told_box:
            return None
        self._told_box = box
        return (box,)

    async def close(self) -> None:
        """Stop; nothing is sent from here on. May be called twice."""
        if self._closed:
            return
        self._closed = True
        self._waiting.clear()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                if self._running is not None:
                    await asyncio.wait([self._running])
                await asyncio.get_running_loop().run_in_executor(self._executor, self._pipeline.close)
        except TimeoutError:
            log.warning("blur_leg_stuck")

    def _run(self) -> None:
        if self._running is not None or not self._waiting:
            return
        taken = self._next_frames()
        frames, since_ms = [each.frame for each in taken], taken[-1].since_ms
        self._key_due |= self._key_frames.due(self._now_ms())
        timestamp, rate = frames[-1].timestamp, self.rate
        show = self.watched and (self._key_due or self._pace.is_due(timestamp, rate))
        order = _Order(show, self._key_due, self.codec, self.bitrate_bps, self.pixels, rate)
        if show:
            self._key_due = False
            self._pace.shown(timestamp, rate)
        loop = asyncio.get_running_loop()
        self._running = loop.run_in_executor(self._executor, self._pipeline.run, frames, order, perf_counter())
        overtaken = _overtaken(taken)
        self._running.add_done_callback(lambda future: self._done(future, order, since_ms, overtaken))

    def _next_frames(self) -> list[_Waiting]:
        """Take all that wait, of which the newest is shown; one by one while a burst is being caught up with."""
        until_ms = self._catch_up_until_ms
        count = 1 if until_ms is not None and self._now_ms() < until_ms else len(self._waiting)
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        if not self._waiting:
            self._catch_up_until_ms = None
        return taken

    def _done(self, future: asyncio.Future[_Outcome], order: _Order, since_ms: float, overtaken: int) -> None:
        self._running = None
        if self._closed or future.cancelled():
            return
        error = future.exception()
        if error is not None:
            # Whatever it was: nothing of this frame goes out.
            log.error("blur_leg_failed", error=type(error).__name__)
            self.dropped += 1
            self._key_due |= order.key
        else:
            self._take(future.result(), order, since_ms, overtaken)
        self._run()

    def _take(self, outcome: _Outcome, order: _Order, since_ms: float, overtaken: int) -> None:
        self.dropped += outcome.skipped
        if outcome.needs_key:
            self._key_due |= order.key
            self._on_key_needed()
            return
        if outcome.shown and self.gauge is not None:
            late = outcome.reason == Reason.LATE
            self.gauge.note(shown=not late, late=min(outcome.skipped, overtaken) + late, wait_ms=outcome.wait_ms)
        if outcome.state is not None:
            self.states[outcome.state] += 1
            self.blur_ms.append(outcome.blur_ms)
            if self._last_state != (outcome.state, outcome.reason):
                self._last_state = (outcome.state, outcome.reason)
                self._on_state(outcome.state, outcome.reason)
        if outcome.encoded is not None:
            if outcome.encoded.key:
                self._key_frames.settled()
            self.delays_ms.append(self._now_ms() - since_ms)
            self._on_encoded(outcome.encoded)
        elif order.key:
            self._key_due = True


def _overtaken(taken: Sequence[_Waiting]) -> int:
    """Return how many of these frames the thread was too slow for: the next one came, at the camera's pace.

    Of frames that the network has brought all at once, none: a bad line is no reason for a worker to do less.
    """
    ticks_per_ms = VIDEO_CLOCK_HZ / 1000
    return sum(
        after.since_ms - each.since_ms >= OWN_PACE * (after.frame.timestamp - each.frame.timestamp) / ticks_per_ms
        for each, after in pairwise(taken)
    )
