"""Where the stage gets a picture's mask from, and how long it waits: in place, or on a thread with a deadline.

A source never raises and never waits longer than its budget: it gives a mask or the reason why there is none.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from media.fault_log import FaultLog
from media.judge import MaskLimits, judge
from media.picture import RawPicture
from media.segmenter import Mask, MaskFilter, Reason, Segmenter

CLOSE_WAIT_S: Final = 1.0


class MaskSource(Protocol):
    """Gives the mask of a picture, or the reason why there is none."""

    @property
    def mask_shape(self) -> tuple[int, int]:
        """Height and width of every mask."""
        ...

    def produce(self, picture: RawPicture) -> Mask | Reason:
        """Return in time; never raises."""
        ...

    def close(self) -> None:
        """Give up the segmenter; may be called twice."""
        ...


class NoMasks:
    """The source of a stage that has no segmenter, for example because its weights are missing."""

    mask_shape = (0, 0)

    def __init__(self, reason: Reason) -> None:
        self._reason = reason

    def produce(self, picture: RawPicture) -> Reason:
        """Return the reason."""
        return self._reason

    def close(self) -> None:
        """Nothing to give up."""


class MaskMaker:
    """A segmenter and the filters behind it, made total: whatever happens inside becomes a reason.

    The segmenter's own mask is judged before the filters see it: a filter that remembers could otherwise hide that the
    segmenter has failed. After a failure the filters forget what they knew.
    """

    def __init__(self, segmenter: Segmenter, filters: Sequence[MaskFilter], limits: MaskLimits) -> None:
        self._segmenter, self._filters, self._limits = segmenter, tuple(filters), limits
        self._faults = FaultLog("mask_failed")
        self.mask_shape = segmenter.mask_shape

    def make(self, picture: RawPicture) -> Mask | Reason:
        """Return the mask of `picture`, or why there is none."""
        try:
            mask = self._segmenter.segment(picture)
            fault = judge(mask, picture, self.mask_shape, self._limits)
            if fault is None:
                for step in self._filters:
                    mask = step.apply(picture, mask)
                return mask
        except Exception as error:  # noqa: BLE001 - fail closed: whatever a segmenter raises, there is no mask
            self._faults.note(error)
            fault = Reason.RAISED
        self._forget()
        return fault

    def close(self) -> None:
        """Close the segmenter."""
        self._segmenter.close()

    def _forget(self) -> None:
        for step in self._filters:
            step.reset()


class InlineMasks:
    """Makes masks in the caller's thread, without a limit on the waiting: for files and benchmarks.

    A mask whose `produced_ms` lies more than `budget_ms` after the start, by `clock_ms`, is late all the same: over a
    file the clock is the picture's time, and evidence that would be late live is late there.
    """

    def __init__(self, maker: MaskMaker, budget_ms: float, clock_ms: Callable[[], float]) -> None:
        self._maker, self._budget_ms, self._clock_ms = maker, budget_ms, clock_ms
        self.mask_shape = maker.mask_shape

    def produce(self, picture: RawPicture) -> Mask | Reason:
        """Return the mask of `picture`, or why there is none."""
        started_ms = self._clock_ms()
        made = self._maker.make(picture)
        if isinstance(made, Mask) and made.produced_ms - started_ms > self._budget_ms:
            return Reason.LATE
        return made

    def close(self) -> None:
        """Close the segmenter."""
        self._maker.close()


class _Job:
    """One picture on its way through the segmenter's thread."""

    __slots__ = ("done", "outcome", "picture")

    def __init__(self, picture: RawPicture) -> None:
        self.picture = picture
        self.done = threading.Event()
        self.outcome: Mask | Reason = Reason.NO_MASK


class ThreadedMasks:
    """Makes masks on one thread of its own and waits for each at most `budget_ms`.

    A segmenter that hangs holds one thread and one picture, never more: while it is away every picture is answered
    with `Reason.LATE`; the first picture after a miss still waits out its budget (a mere hiccup ends there), later
    ones do not wait at all. What comes back late is dropped. `produce` is for one thread at a time.

    The budget is real time, for it bounds real waiting; `wait(event, seconds)` is an argument for tests.
    """

    def __init__(
        self,
        maker: MaskMaker,
        budget_ms: float,
        wait: Callable[[threading.Event, float], bool] = threading.Event.wait,
        name: str = "masks",
    ) -> None:
        self._maker, self._budget_s, self._wait = maker, budget_ms / 1000, wait
        self.mask_shape = maker.mask_shape
        self._inbox: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._job: _Job | None = None
        self._stuck = False
        self._closed = False
        # A daemon: a segmenter that never comes back must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether the segmenter still holds a picture."""
        return self._job is not None and not self._job.done.is_set()

    def produce(self, picture: RawPicture) -> Mask | Reason:
        """Return the mask of `picture`, or why there is none, within the budget."""
        if self._closed:
            return Reason.NO_MASK
        until_s = time.monotonic() + self._budget_s
        if not self._is_free(until_s):
            return Reason.LATE
        job = self._job = _Job(picture)
        self._inbox.put(job)
        if not self._wait(job.done, max(0.0, until_s - time.monotonic())):
            return Reason.LATE
        self._job = None
        return job.outcome

    def close(self) -> None:
        """Let the thread end and close the segmenter on it; one that hangs is left behind with its thread."""
        if not self._closed:
            self._closed = True
            self._inbox.put(None)
            self._thread.join(CLOSE_WAIT_S)

    def _is_free(self, until_s: float) -> bool:
        """Return whether the segmenter can take a picture; wait for it once after it has missed."""
        if self._job is None or self._job.done.is_set():
            self._stuck = False
        elif not self._stuck:
            self._stuck = not self._wait(self._job.done, max(0.0, until_s - time.monotonic()))
        return not self._stuck

    def _run(self) -> None:
        while (job := self._inbox.get()) is not None:
            try:
                job.outcome = self._maker.make(job.picture)
            except BaseException:  # noqa: BLE001 - a thread that dies would make every later picture late
                job.outcome = Reason.RAISED
            job.done.set()
        self._maker.close()
