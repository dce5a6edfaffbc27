"""How one leg's picture reaches the other person of a call: a sample each second, and what is kept of hours of them.

Pure: whoever uses it says what time it is and what has been counted. Memory and work per second are constant, however
long the call: the samples go into histograms with steps of at most 1/32 of their value.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

from media.line_word import WINDOW_S, Word, next_word
from video_service.line_quality import LineFacts
from video_service.media_plane import Shown

STEPS: Final = 32
SKIPPED: Final = 2
"""Readings that do not count after a join or a pause: that in which the first frame comes, and one more."""
HELD_S: Final = 2
"""A page's word that its picture is paused comes a little after the picture has stopped: so long a sample waits."""
HELD_MOST: Final = 60
SHOWN_FRESH_MS: Final = 2500.0
SHOWN_KEPT: Final = 3


class Histogram:
    """Counts of whole numbers >= 0, exact up to 63, then in steps of a 32nd of the value."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._total = 0

    def add(self, value: int) -> None:
        """Count one value."""
        place = _place(max(0, value))
        self._counts[place] = self._counts.get(place, 0) + 1
        self._total += 1

    def quantile(self, share: float) -> int:
        """Return the least value that at least `share` of all are not over, 0 when there are none."""
        left = math.ceil(share * self._total)
        for place in sorted(self._counts):
            left -= self._counts[place]
            if left <= 0:
                return _value(place)
        return 0


def _place(value: int) -> int:
    shift = max(0, value.bit_length() - STEPS.bit_length())
    return shift * STEPS + (value >> shift)


def _value(place: int) -> int:
    shift = max(0, place // STEPS - 1)
    return (place - shift * STEPS) << shift


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What has been counted of a leg up to a moment. None: not known.

    `sent`, `freezes`, `frozen_ms`: this leg's picture as it was sent to the other person. `expected`, `received`:
    packets of the camera; they begin anew with another stream. `out_lost_share`: what the client lost of what was sent.
    `added_us`: how long the server kept frames or packets in the last second. `pictures`, `whole`, `slate`: blurred.
    `seen`: whether the other person is there to see anything.
    """

    at_ms: float
    sent: int
    freezes: int
    frozen_ms: float
    octets_in: int
    octets_out: int
    expected: int = 0
    received: int = 0
    out_lost_share: float = 0.0
    round_trip_ms: float | None = None
    added_us: float | None = None
    pictures: int = 0
    whole: int = 0
    slate: int = 0
    seen: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One second that counts. `whole_permille`: of a blurred leg's pictures, those blurred whole, cards included."""

    fps: int
    rendered: bool
    freezes: int
    frozen_ms: int
    loss_permille: int | None
    round_trip_ms: int | None
    added_us: int | None
    in_kbps: int
    out_kbps: int
    whole_permille: int | None = None


class LegQuality:
    """One leg in one call. Give it a reading each second; `pause` and `shown` when they happen."""

    def __init__(self) -> None:
        self.word = Word()
        self.last: Sample | None = None
        """The newest second that counts, None before the first and while the picture is paused."""
        self._first: Reading | None = None
        self._before: Reading | None = None
        self._began_at = 0
        self._to_skip = SKIPPED
        self._paused = False
        self._shown: deque[Shown] = deque(maxlen=SHOWN_KEPT)
        self._last_shown: tuple[Shown, float] | None = None
        self._window: deque[Sample] = deque(maxlen=WINDOW_S)
        self._held: deque[Sample] = deque()
        self._fps, self._loss, self._round_trip, self._added = Histogram(), Histogram(), Histogram(), Histogram()
        self._in, self._out = Histogram(), Histogram()
        self._seconds = self._rendered = self._freezes = self._frozen_ms = 0

    def pause(self, *, paused: bool) -> None:
        """The owner has paused the own picture, or shows it again: what lies around it is no freeze."""
        if paused != self._paused:
            self._paused = paused
            for _ in range(min(HELD_S, len(self._held))):
                self._held.pop()
            self._begin_again()

    def rejoin(self) -> None:
        """The other person sees this leg over another connection: its counts begin anew."""
        while self._held and self._held[-1].fps == 0:
            self._held.pop()
        self._begin_again()
        self._before = None

    def shown(self, shown: Shown, now_ms: float) -> None:
        """The other person's page tells what it presented of this leg's picture."""
        self._shown.append(shown)
        self._last_shown = (shown, now_ms)

    def read(self, now: Reading) -> Sample | None:
        """Take the reading of one more second; return the second's sample if it counts."""
        before, self._before = self._before, now
        self._first = self._first or now
        if before is None:
            self._began_at = now.sent
            return None
        if not now.seen:
            self._begin_again()
        fresh = self._next_shown(now.at_ms)
        # Nothing counts before the picture's first frame: how long that takes is another fact.
        if now.sent == self._began_at or not now.seen:
            return None
        if self._paused or self._to_skip:
            self._to_skip -= not self._paused
            return None
        sample = _sample(before, now, fresh)
        if sample is None:
            return None
        self.last = sample
        self._hold(sample)
        self._window.append(sample)
        self.word = next_word(self.word, self._window)
        return sample

    def facts(self) -> LineFacts:
        """Return what is known of all seconds up to a moment ago."""
        first, last = self._first, self._before
        blurred = (0, 0, 0)
        if first is not None and last is not None:
            blurred = (last.pictures - first.pictures, last.whole - first.whole, last.slate - first.slate)
        return LineFacts(
            seconds=self._seconds,
            rendered_seconds=self._rendered,
            fps_p5=self._fps.quantile(0.05),
            fps_p50=self._fps.quantile(0.5),
            freezes=self._freezes,
            frozen_ms=self._frozen_ms,
            loss_p50_permille=self._loss.quantile(0.5),
            loss_p95_permille=self._loss.quantile(0.95),
            round_trip_p50_ms=self._round_trip.quantile(0.5),
            round_trip_p95_ms=self._round_trip.quantile(0.95),
            added_p50_us=self._added.quantile(0.5),
            added_p95_us=self._added.quantile(0.95),
            in_p5_kbps=self._in.quantile(0.05),
            in_p50_kbps=self._in.quantile(0.5),
            out_p5_kbps=self._out.quantile(0.05),
            out_p50_kbps=self._out.quantile(0.5),
            pictures=blurred[0],
            pictures_whole=blurred[1],
            pictures_slate=blurred[2],
        )

    def finish(self) -> LineFacts:
        """The leg leaves the call: return its facts, without the seconds at the end in which nothing came any more.

        Somebody has closed a page, or comes back with another leg: neither says how the picture looked.
        """
        while self._held and self._held[-1].fps == 0:
            self._held.pop()
        while self._held:
            self._count(self._held.popleft())
        return self.facts()

    def _begin_again(self) -> None:
        self._to_skip = SKIPPED
        self._window.clear()
        self._shown.clear()
        self._last_shown = None
        self.word, self.last = Word(), None

    def _hold(self, sample: Sample) -> None:
        """Count the samples before this one that are old enough; a second without a frame waits for the next frame."""
        self._held.append(sample)
        while len(self._held) > HELD_MOST or (
            len(self._held) > HELD_S and (self._held[0].fps or any(each.fps for each in self._held))
        ):
            self._count(self._held.popleft())

    def _count(self, sample: Sample) -> None:
        self._seconds += 1
        self._rendered += sample.rendered
        self._freezes += sample.freezes
        self._frozen_ms += sample.frozen_ms
        self._fps.add(sample.fps)
        self._in.add(sample.in_kbps)
        self._out.add(sample.out_kbps)
        for histogram, value in (
            (self._loss, sample.loss_permille),
            (self._round_trip, sample.round_trip_ms),
            (self._added, sample.added_us),
        ):
            if value is not None:
                histogram.add(value)

    def _next_shown(self, now_ms: float) -> Shown | None:
        """Return the page's count for this second: its next one, or the last again when it is a little late."""
        if self._shown:
            return self._shown.popleft()
        if self._last_shown is not None and now_ms - self._last_shown[1] <= SHOWN_FRESH_MS:
            return Shown(fps=self._last_shown[0].fps)
        return None


def _sample(before: Reading, now: Reading, shown: Shown | None) -> Sample | None:
    """Return what happened between two readings; None when they are of one moment."""
    seconds = (now.at_ms - before.at_ms) / 1000
    if seconds <= 0:
        return None
    expected, received = now.expected - before.expected, now.received - before.received
    lost_in = max(0.0, 1 - received / expected) if expected > 0 and received >= 0 else None
    lost = max(now.out_lost_share, lost_in or 0.0)
    pictures = now.pictures - before.pictures
    covered = now.whole + now.slate - before.whole - before.slate
    return Sample(
        fps=shown.fps if shown else round((now.sent - before.sent) / seconds),
        rendered=shown is not None,
        freezes=shown.freezes if shown else max(0, now.freezes - before.freezes),
        frozen_ms=shown.frozen_ms if shown else max(0, round(now.frozen_ms - before.frozen_ms)),
        loss_permille=None if lost_in is None and not now.out_lost_share else round(lost * 1000),
        round_trip_ms=None if now.round_trip_ms is None else round(now.round_trip_ms),
        added_us=None if now.added_us is None else round(now.added_us),
        in_kbps=max(0, round((now.octets_in - before.octets_in) * 8 / seconds / 1000)),
        out_kbps=max(0, round((now.octets_out - before.octets_out) * 8 / seconds / 1000)),
        whole_permille=None if pictures <= 0 else round(1000 * covered / pictures),
    )
