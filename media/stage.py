"""The blur stage of one leg: raw pictures in, pictures that may be sent out, whatever happens in between.

    stage = open_stage(on_change=report)
    released = stage.process(RawPicture.from_frame(frame, frame_id))
    encode(released.to_frame())

`process` blocks for a few milliseconds: run it in an executor of one thread per leg (or per worker), never on the event
loop. It never raises.

Every OpenCV call lets go of the interpreter's lock and must win it back. Beside an event loop that computes, a process
should therefore shorten `sys.setswitchinterval` to 0.5 ms, and keep OpenCV to one thread with `cv2.setNumThreads(1)`.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import structlog

from media.backdrop import PictureShelf, Shelf, backdrop_of
from media.compositor import YuvCompositor
from media.gate import Gate, PictureChange, ignore_change
from media.judge import MaskLimits
from media.mask_filter import KeepEdge, SlowOut
from media.mask_source import InlineMasks, MaskMaker, MaskSource, NoMasks, ThreadedMasks
from media.picture import ProtectedPicture, RawPicture
from media.segmenter import Mask, Reason, Segmenter
from media.segmenter_sparing import SparingNetwork, Wish
from media.shown_object import ShownObject
from media.weights import WeightsAltered, WeightsMissing, verified_path
from video_service.media_plane import Background, Box, PictureState

if TYPE_CHECKING:
    from media.signer_mask import PersonNetwork, SignerMasks

log = structlog.get_logger(__name__)

FACES: Final = "face_detection_short_range"
KEPT_TIMES: Final = 900  # durations behind the mean and p95: half a minute at 30 pictures a second


@dataclass(frozen=True, slots=True, kw_only=True)
class BlurSettings:
    """How one stage behaves.

    `budget_ms`: how long a picture waits for its mask before it is blurred whole. Ten times the usual time: a missed
    budget costs a sign, waiting a little longer costs nothing that a person notices.
    `engine`: what runs the network, "litert" or "mediapipe"; `threads` is for the first, the second decides by itself.
    `thrift`: whether the network is to look at every second picture only, asked for each of them.
    `slate_after_ms`: time without a good mask after which the slate stands instead of the blurred whole.
    """

    model: str = "selfie_segmentation"
    engine: str = "litert"
    budget_ms: float = 50.0
    slate_after_ms: float = 2000.0
    threads: int = 1
    limits: MaskLimits = field(default_factory=MaskLimits)
    thrift: Wish | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlurStatistics:
    """Counts since the stage began; the times are over the last `KEPT_TIMES` pictures."""

    frames: int
    frames_blurred_whole: int
    frames_slate: int
    blur_ms_mean: float
    blur_ms_p95: float
    reasons: Mapping[str, int]


def _nobody_to_confirm() -> None:
    """Stand in where nothing tells people apart."""


class BlurStage:
    """Masks and gate of one leg. `process` is for one thread at a time; the rest may be called from any."""

    def __init__(
        self,
        masks: MaskSource,
        compositor: YuvCompositor,
        clock_ms: Callable[[], float],
        settings: BlurSettings,
        on_change: Callable[[PictureChange], None] = ignore_change,
        stopwatch_s: Callable[[], float] = time.perf_counter,
        confirm: Callable[[], None] = _nobody_to_confirm,
        pictures: Shelf | None = None,
    ) -> None:
        self._masks, self._stopwatch_s, self._confirm = masks, stopwatch_s, confirm
        self._compositor = compositor
        self._object = ShownObject(clock_ms)
        self._pictures = pictures or PictureShelf()
        self._gate = Gate(
            compositor,
            masks.mask_shape,
            clock_ms,
            slate_after_ms=settings.slate_after_ms,
            limits=settings.limits,
            on_change=on_change,
        )
        self._states: Counter[PictureState] = Counter()
        self._reasons: Counter[str] = Counter()
        self._times_ms: deque[float] = deque(maxlen=KEPT_TIMES)

    @property
    def state(self) -> PictureState:
        """What viewers see now."""
        return self._gate.state

    def process(self, picture: RawPicture) -> ProtectedPicture:
        """Return what may be sent of `picture`. Never raises."""
        started_s = self._stopwatch_s()
        self._object.look(picture.planes.y)
        self._compositor.show(self._object.rectangle(picture.width, picture.height))
        released = self._gate.release(picture, self._evidence(picture))
        self._times_ms.append((self._stopwatch_s() - started_s) * 1000)
        self._states[released.state] += 1
        if released.reason:
            self._reasons[released.reason] += 1
        return released

    def statistics(self) -> BlurStatistics:
        """Return the counts so far."""
        times = list(self._times_ms) or [0.0]
        return BlurStatistics(
            frames=self._states.total(),
            frames_blurred_whole=self._states[PictureState.PROTECTED],
            frames_slate=self._states[PictureState.SLATE],
            blur_ms_mean=float(np.mean(times)),
            blur_ms_p95=float(np.percentile(times, 95)),
            reasons=dict(self._reasons),
        )

    def confirm(self) -> None:
        """Take whoever is nearest to the camera now for the signer. May be called from any thread.

        Without it, somebody who takes the signer's place during a call stays covered.
        """
        self._confirm()

    def set_background(self, background: Background) -> None:
        """Put another background behind the signer from the next picture on."""
        self._compositor.choose(backdrop_of(background, self._pictures), brighten=background.brighten)

    def show_object(self, box: Box | None) -> None:
        """Show what is in `box`, too, for a minute, while masks are good and the picture does not turn; None: end."""
        self._object.show(box)

    def shown_object(self) -> Box | None:
        """Return the box that is shown now."""
        return self._object.box()

    def close(self) -> None:
        """Give up the segmenter; may be called twice. Later pictures are covered."""
        self._masks.close()

    def _evidence(self, picture: RawPicture) -> Mask | Reason:
        try:
            return self._masks.produce(picture)
        except Exception:  # noqa: BLE001 - fail closed
            return Reason.RAISED


def monotonic_ms() -> float:
    """Return the machine's steady clock in milliseconds."""
    return time.monotonic() * 1000


def mask_maker(segmenter: Segmenter, settings: BlurSettings) -> MaskMaker:
    """Return `segmenter` with the filters that this service puts behind every segmenter."""
    return MaskMaker(segmenter, (SlowOut(), KeepEdge()), settings.limits)


def open_stage(
    settings: BlurSettings | None = None,
    on_change: Callable[[PictureChange], None] = ignore_change,
    *,
    clock_ms: Callable[[], float] = monotonic_ms,
    weights_dir: Path | str | None = None,
    threaded: bool = True,
    pictures: Shelf | None = None,
) -> BlurStage:
    """Return a live stage that shows the signer alone. Without usable weights it is a stage that sends the slate.

    `pictures` are those that a background may be; without it there are none.
    `threaded` false makes masks in the caller's thread with no limit on the waiting, for files. Never raises for want
    of weights or engine: a service that cannot blur still answers, with a card.
    """
    settings = settings or BlurSettings()
    segmenter = open_segmenter(settings, clock_ms, weights_dir)
    if isinstance(segmenter, Reason):
        log.error("blur_unavailable", reason=segmenter.value, model=settings.model)
        return BlurStage(NoMasks(segmenter), YuvCompositor(), clock_ms, settings, on_change, pictures=pictures)
    maker = mask_maker(segmenter, settings)
    budget_ms = settings.budget_ms
    masks: MaskSource = ThreadedMasks(maker, budget_ms) if threaded else InlineMasks(maker, budget_ms, clock_ms)
    confirm = segmenter.confirm
    return BlurStage(masks, YuvCompositor(), clock_ms, settings, on_change, confirm=confirm, pictures=pictures)


def open_network(settings: BlurSettings, weights: Path, clock_ms: Callable[[], float]) -> PersonNetwork:
    """Return the network in the verified file `weights`, run by the engine of `settings`.

    Raises:
        ImportError: the engine is not installed.
        ValueError: the file is no segmentation network.
    """
    if settings.engine == "mediapipe":
        from media.segmenter_mediapipe import MediapipeSegmenter

        return MediapipeSegmenter(weights, clock_ms)
    from media.segmenter_litert import LiteRtSegmenter

    return LiteRtSegmenter(weights, clock_ms, settings.threads)


def open_segmenter(
    settings: BlurSettings, clock_ms: Callable[[], float], weights_dir: Path | str | None = None
) -> SignerMasks | Reason:
    """Return what makes the signer's masks with the network of `settings`, or why there is nothing."""
    try:
        path = verified_path(settings.model, weights_dir)
        faces = verified_path(FACES, weights_dir)
    except WeightsMissing:
        return Reason.WEIGHTS_MISSING
    except WeightsAltered:
        return Reason.WEIGHTS_ALTERED
    try:
        from media.faces import FaceFinder
        from media.signer_mask import SignerMasks

        people = open_network(settings, path, clock_ms)
        sparing = people if settings.thrift is None else SparingNetwork(people, settings.thrift, clock_ms)
        return SignerMasks(sparing, FaceFinder(faces, settings.threads))
    except Exception as error:  # noqa: BLE001 - an engine that does not load is a reason for the slate, not for the end
        log.warning("engine_failed", error=type(error).__name__)
        return Reason.NO_ENGINE
