"""How large and how often a picture may be when the line is what it is: size gives way first, the rate last.

Signing needs its movements more than its pixels: down to 100 kbit/s a picture gets smaller and stays fluent, and only
under that it comes 12 times a second, for a few sharp pictures are easier to follow than more that are smeared.

Source: EN 301 549 V3.2.1, 6.5.1 to 6.5.3 (rate before resolution, QVGA and 20 frames a second at least); Tran et al.,
"A Web-Based Intelligibility Evaluation of Sign Language Video Transmitted at Low Frame Rates and Bitrates" (2013).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FULL_RATE: Final = 60  # more than any camera: no limit
FLUENT_RATE: Final = 22
NARROW_RATE: Final = 12
NARROW_BPS: Final = 100_000
SHARES: Final = (1.0, 3 / 4, 1 / 2, 3 / 8, 5 / 16, 1 / 4, 3 / 16)

STEP_MS: Final = 2000.0  # at least, from one step to the next
STEEP_LEVELS: Final = 2  # so far down at any time: a line that got narrow is known better with each look
NARROW_AFTER_MS: Final = 2000.0
MORE: Final = 1.25  # times what a level needs, for a step up
HOLD_MS: Final = 4000.0
HOLD_MOST_MS: Final = 64_000.0
TOO_SOON_MS: Final = 20_000.0
_SLACK: Final = 1.05  # for cameras of an odd size


@dataclass(frozen=True, slots=True)
class Level:
    """From `least_bps` on, pictures of at most `pixels` and `rate` a second."""

    least_bps: int
    pixels: int
    rate: int


# The smallest is QVGA, a little more so that wide pictures keep 220 lines.
LEVELS: Final = (
    Level(1_200_000, 1920 * 1088, FULL_RATE),
    Level(700_000, 960 * 540, FULL_RATE),
    Level(400_000, 640 * 480, FULL_RATE),
    Level(230_000, 480 * 360, FULL_RATE),
    Level(130_000, 400 * 225, FULL_RATE),
    Level(95_000, 400 * 225, FLUENT_RATE),
    Level(0, 400 * 225, NARROW_RATE),
)
NARROWEST: Final = len(LEVELS) - 1


@dataclass(frozen=True, slots=True)
class Fit:
    """What to make of a picture: bits a second, pixels at most, pictures a second at most."""

    bps: int
    pixels: int
    rate: int
    narrow: bool


class Patience:
    """How long something has to look better before it is tried: longer each time when it was tried too soon."""

    def __init__(self) -> None:
        self._hold_ms = HOLD_MS
        self._better_ms: float | None = None
        self._tried_ms: float | None = None

    def is_over(self, better: bool, now_ms: float) -> bool:
        """Tell whether it has looked better for long enough."""
        if not better:
            self._better_ms = None
            return False
        if self._better_ms is None:
            self._better_ms = now_ms
        return now_ms - self._better_ms >= self._hold_ms

    def tried(self, now_ms: float) -> None:
        """A step up is taken. One that lasted makes the next one easier again."""
        if self._tried_ms is not None and now_ms - self._tried_ms > HOLD_MOST_MS:
            self._hold_ms = HOLD_MS
        self._better_ms, self._tried_ms = None, now_ms

    def failed(self, now_ms: float) -> None:
        """A step down is taken. Soon after a step up it says that the step up was wrong."""
        self._better_ms = None
        if self._tried_ms is not None and now_ms - self._tried_ms < TOO_SOON_MS:
            self._hold_ms = min(HOLD_MOST_MS, 2 * self._hold_ms)
            self._tried_ms = None


class NarrowLine:
    """Whether a line carries less than fluent signing needs. Slow to say so, slower to take it back.

    `update` takes what is known to get through, in bits a second; None: no limit is known.
    """

    def __init__(self) -> None:
        self.narrow = False
        self._patience = Patience()
        self._less_ms: float | None = None

    def update(self, bps: int | None, now_ms: float) -> bool:
        """Take the next look and return whether the line is narrow."""
        least = LEVELS[NARROWEST - 1].least_bps
        if self.narrow:
            if self._patience.is_over(bps is None or bps >= MORE * least, now_ms):
                self.narrow, self._less_ms = False, None
                self._patience.tried(now_ms)
        elif bps is None or bps >= least:
            self._less_ms = None
        elif self._less_ms is None:
            self._less_ms = now_ms
        elif now_ms - self._less_ms >= NARROW_AFTER_MS:
            self.narrow = True
            self._patience.failed(now_ms)
        return self.narrow


class PictureFit:
    """Chooses the level for one encoded picture: down at once, up after a while, at most every 2 s."""

    def __init__(self) -> None:
        self._level = 0
        self._stepped_ms: float | None = None
        self._line = NarrowLine()
        self._patience = Patience()

    def update(self, bps: int, now_ms: float) -> Fit:
        """Take the bits a second that may be sent and return what to make of them.

        While the line is narrow no more than 100 kbit/s are asked for, so that above that pictures are never few.
        """
        if self._line.update(bps, now_ms):
            self._go(NARROWEST, now_ms)
            return Fit(min(bps, NARROW_BPS), LEVELS[NARROWEST].pixels, NARROW_RATE, True)
        if self._level == NARROWEST:
            self._go(NARROWEST - 1, now_ms)
        fitting = next(place for place, level in enumerate(LEVELS) if bps >= level.least_bps)
        fitting = min(fitting, NARROWEST - 1)
        better = self._level > 0 and bps >= MORE * LEVELS[self._level - 1].least_bps
        up = self._patience.is_over(better, now_ms)
        is_time = self._stepped_ms is None or now_ms - self._stepped_ms >= STEP_MS
        if is_time or fitting >= self._level + STEEP_LEVELS:
            if fitting > self._level:
                self._patience.failed(now_ms)
                self._go(fitting, now_ms)
            elif up and is_time:
                self._patience.tried(now_ms)
                self._go(next(place for place, level in enumerate(LEVELS) if bps >= MORE * level.least_bps), now_ms)
        level = LEVELS[self._level]
        return Fit(bps, level.pixels, level.rate, False)

    def _go(self, level: int, now_ms: float) -> None:
        if level != self._level:
            self._level, self._stepped_ms = level, now_ms


def scaled(width: int, height: int, pixels: int) -> tuple[int, int]:
    """Return the size, even both ways, that a picture has to have for at most `pixels`; its own when that fits."""
    for share in SHARES:
        if width * height * share * share <= pixels * _SLACK:
            break
    if share == 1.0:
        return width, height
    return max(2, round(width * share / 2) * 2), max(2, round(height * share / 2) * 2)


class Pace:
    """Chooses which pictures of a stream to show so that they come `rate` times a second, as evenly as can be.

    Time stamps count `ticks` a second. Half a picture of slack keeps a camera's unevenness from costing pictures.
    """

    def __init__(self, ticks: int) -> None:
        self._ticks = ticks
        self._due: float | None = None
        self._last: int | None = None

    def is_due(self, timestamp: int, rate: int) -> bool:
        """Tell whether the picture is to be shown; if so, call `shown` with it."""
        if self._due is None or self._last is None or timestamp < self._last:
            return True
        return timestamp >= self._due - min(self._ticks / FULL_RATE, self._ticks / rate / 2)

    def shown(self, timestamp: int, rate: int) -> None:
        """Count a picture as shown, whether it was due or not."""
        step = self._ticks / rate
        goes_on = self._due is not None and self._last is not None and timestamp >= self._last
        due = self._due + step if goes_on and self._due is not None else timestamp + step
        # After a pause nothing is caught up with.
        self._due = due if due > timestamp else timestamp + step
        self._last = timestamp
