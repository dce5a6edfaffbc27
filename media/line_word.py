"""One plain word for a line: is the other person's signing good to read now, fairly, or poorly?

A pure function of the last seconds, with a memory of a few seconds so that the word does not jump to and fro.

Source: ETSI EN 301 549 V3.2.1, 6.5.1 and 6.5.3: signing needs 20 frames a second or more, 30 by preference (this
service's own aim is 25); an overall delay under 0.4 s is preferred, over 0.8 s hinders. The round trip to the server is
about a half of the way from person to person and back. Freezes and loss: what repair still hides, by this service's own
tests (5 % of the packets at 80 ms leave a picture of over 20 frames a second).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from video_service.line_quality import LineWord

WINDOW_S: Final = 5
LEAST_S: Final = 3
"""Fewer seconds than this say nothing."""
WORSE_AFTER_S: Final = 2
BETTER_AFTER_S: Final = 5


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a window must keep to for a word; the margins of a half let a steady 25 or 20 count as what it is."""

    least_fps: float
    most_freezes: int
    most_frozen_ms: float
    most_loss_permille: float
    most_round_trip_ms: float


GOOD: Final = Bounds(least_fps=24.5, most_freezes=0, most_frozen_ms=0, most_loss_permille=30, most_round_trip_ms=300)
FAIR: Final = Bounds(least_fps=19.5, most_freezes=1, most_frozen_ms=500, most_loss_permille=100, most_round_trip_ms=800)

_RANK: Final[dict[LineWord, int]] = {"good": 0, "fair": 1, "poor": 2}


class Second(Protocol):
    """One second of one picture and its line; None: not known in this second."""

    @property
    def fps(self) -> int: ...
    @property
    def freezes(self) -> int: ...
    @property
    def frozen_ms(self) -> int: ...
    @property
    def loss_permille(self) -> int | None: ...
    @property
    def round_trip_ms(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Word:
    """The word that is shown, and for how many seconds in a row another one would have been better or worse."""

    shown: LineWord = ""
    better_s: int = 0
    worse_s: int = 0


def grade(seconds: Iterable[Second]) -> LineWord:
    """Return the word for these seconds alone, "" for too few of them."""
    window = list(seconds)
    if len(window) < LEAST_S:
        return ""
    if _keeps(window, GOOD):
        return "good"
    return "fair" if _keeps(window, FAIR) else "poor"


def next_word(before: Word, seconds: Iterable[Second]) -> Word:
    """Return the word after one more second. `seconds` are the last `WINDOW_S`, the newest included.

    The first word comes at once; a worse one after `WORSE_AFTER_S` seconds in a row, a better one after
    `BETTER_AFTER_S`: whoever was told that a line is poor can trust that it is no longer so.
    """
    now = grade(seconds)
    if not now or not before.shown or now == before.shown:
        return Word(now)
    if _RANK[now] > _RANK[before.shown]:
        worse_s = before.worse_s + 1
        return Word(now) if worse_s >= WORSE_AFTER_S else Word(before.shown, worse_s=worse_s)
    better_s = before.better_s + 1
    return Word(now) if better_s >= BETTER_AFTER_S else Word(before.shown, better_s=better_s)


def _keeps(window: list[Second], bounds: Bounds) -> bool:
    loss = _mean(each.loss_permille for each in window)
    round_trip = _mean(each.round_trip_ms for each in window)
    return (
        sum(each.fps for each in window) / len(window) >= bounds.least_fps
        and sum(each.freezes for each in window) <= bounds.most_freezes
        and sum(each.frozen_ms for each in window) <= bounds.most_frozen_ms
        and loss <= bounds.most_loss_permille
        and round_trip <= bounds.most_round_trip_ms
    )


def _mean(values: Iterable[int | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else 0.0
