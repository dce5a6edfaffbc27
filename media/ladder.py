"""What a worker does when there is more to blur than it can: it steps down a short ladder, and up again.

    0  everything
    1  cheaper masks: the network of people sees every second picture, between two its mask is moved on
    2  24 pictures a second at most
    3  20

Privacy is on none of the steps: whatever is late is covered, on each of them. The lowest step is the least that signing
takes (EN 301 549 V3.2.1, 6.5.3); what is too much even there was let in by nobody (`media.own_speed`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from media.fitting import FULL_RATE

log = structlog.get_logger(__name__)

LOOK_MS: Final = 1000.0
RATES: Final = (FULL_RATE, FULL_RATE, 24, 20)  # by step
LOWEST: Final = len(RATES) - 1
RELIEF: Final = (1.0, 1.25, 1.25, 1.2)  # how much more work is done on the step above, by step

LATE_SHARE: Final = 0.03
WAIT_MS: Final = 20.0
CPU_SHARE: Final = 0.97
CALM_LATE_SHARE: Final = 0.005
CALM_WAIT_MS: Final = 8.0
CALM_CPU_SHARE: Final = 0.9  # with the work of the step above

DOWN_AFTER: Final = 2  # looks in a row
CALM_FIRST: Final = 15
CALM_MOST: Final = 240
TOO_SOON_MS: Final = 30_000.0


@dataclass(frozen=True, slots=True)
class Pressure:
    """What was measured since the last look.

    `late_share`: pictures that were covered because their mask was late, or dropped because others came meanwhile at
    the camera's pace, of all; what a bad line holds up and brings at once is no pressure. `wait_ms`: how long a picture
    waited for a thread, on average. `cpu_share`: of the cores that are the worker's.
    """

    late_share: float = 0.0
    wait_ms: float = 0.0
    cpu_share: float = 0.0

    @property
    def high(self) -> bool:
        """Whether viewers notice it, or are about to."""
        return self.late_share > LATE_SHARE or self.wait_ms > WAIT_MS or self.cpu_share > CPU_SHARE

    def calm(self, relief: float) -> bool:
        """Whether `relief` times the work could be done, too."""
        return (
            self.late_share <= CALM_LATE_SHARE
            and self.wait_ms <= CALM_WAIT_MS
            and self.cpu_share * relief <= CALM_CPU_SHARE
        )


class Ladder:
    """Decides the step. Down after two bad looks in a row, up after 15 calm ones, later if that was too soon."""

    def __init__(self, calm_first: int = CALM_FIRST) -> None:
        self.step = 0
        self._bad = 0
        self._good = 0
        self._calm_first = self._patience = calm_first
        self._rose_ms: float | None = None

    def look(self, pressure: Pressure, now_ms: float) -> int:
        """Take what was measured since the last look, a second ago, and return the step."""
        self._bad = self._bad + 1 if pressure.high else 0
        self._good = self._good + 1 if pressure.calm(RELIEF[self.step]) else 0
        if self._bad >= DOWN_AFTER and self.step < LOWEST:
            self._bad = 0
            self.step += 1
            if self._rose_ms is not None and now_ms - self._rose_ms < TOO_SOON_MS:
                self._patience = min(CALM_MOST, 2 * self._patience)
                self._rose_ms = None
        elif self._good >= self._patience and self.step:
            if self._rose_ms is not None and now_ms - self._rose_ms > CALM_MOST * LOOK_MS:
                self._patience = self._calm_first
            self._good = 0
            self.step -= 1
            self._rose_ms = now_ms
        return self.step


class Gauge:
    """Counts what happens to the pictures of all legs of a worker. For one thread."""

    def __init__(self, cpu_s: Callable[[], float] | None = None) -> None:
        self._cpu_s = cpu_s
        self._pictures = self._late = 0
        self._waits_ms = 0.0
        self._read: tuple[float, float] | None = None

    def note(self, *, shown: int, late: int, wait_ms: float) -> None:
        """Count one turn of a leg: pictures that were made in time, those that were not, and the wait before."""
        self._pictures += shown + late
        self._late += late
        self._waits_ms += wait_ms

    def read(self, now_ms: float) -> Pressure:
        """Return what was counted since the last reading, and begin again."""
        pictures = max(1, self._pictures)
        cpu_share = 0.0
        if self._cpu_s is not None:
            spent_s = self._cpu_s()
            if self._read is not None and now_ms > self._read[1]:
                cpu_share = (spent_s - self._read[0]) * 1000 / (now_ms - self._read[1])
            self._read = spent_s, now_ms
        pressure = Pressure(self._late / pictures, self._waits_ms / pictures, cpu_share)
        self._pictures = self._late = 0
        self._waits_ms = 0.0
        return pressure


@dataclass(slots=True)
class Thrift:
    """Whether masks are to be made with less work; read by every stage of the worker, from its own thread."""

    on: bool = False


@dataclass(slots=True)
class WorkerLoad:
    """The ladder of one worker, what it measures and what it sets. `look` is for every turn of the worker's clock."""

    gauge: Gauge = field(default_factory=Gauge)
    thrift: Thrift = field(default_factory=Thrift)
    ladder: Ladder = field(default_factory=Ladder)
    look_ms: float = LOOK_MS
    _looked_ms: float | None = None

    @property
    def step(self) -> int:
        return self.ladder.step

    @property
    def rate(self) -> int:
        """Pictures a second at most."""
        return RATES[self.ladder.step]

    def look(self, now_ms: float) -> bool:
        """Read the gauge once a second; return whether the step has changed."""
        if self._looked_ms is not None and now_ms - self._looked_ms < self.look_ms:
            return False
        self._looked_ms = now_ms
        before, pressure = self.ladder.step, self.gauge.read(now_ms)
        step = self.ladder.look(pressure, now_ms)
        if step == before:
            return False
        self.thrift.on = step >= 1
        log.warning(
            "load_step",
            step=step,
            before=before,
            late_share=round(pressure.late_share, 3),
            wait_ms=round(pressure.wait_ms, 1),
            cpu_share=round(pressure.cpu_share, 2),
        )
        return True
