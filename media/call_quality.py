"""The quality of every leg that is in a call: reads each leg once a second, tells the nodes about every five seconds.

Between the legs, which count, and `media.leg_quality`, which judges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from statistics import median
from typing import Final

from msgspec.structs import replace

from media.agent_leg import BlurredLeg
from media.fault_log import FaultLog
from media.forwarder import PictureOutlet
from media.leg import Leg
from media.leg_quality import LegQuality, Reading, Sample
from video_service.line_quality import LineWord
from video_service.media_plane import LegRole, LegStatistics, PictureState, QualityEvent, Shown

SECOND_MS: Final = 1000.0
TELL_EVERY_S: Final = 5
PEOPLE: Final = frozenset({LegRole.CUSTOMER, LegRole.AGENT})
"""Whoever only watches is not judged, and nobody is judged by what a watcher is shown."""


class _Watched:
    """One leg in one call."""

    def __init__(self, leg: Leg, call_id: str) -> None:
        self.leg = leg
        self.call_id = call_id
        self.quality = LegQuality()
        self.outlet: PictureOutlet | None = None
        self.pictures = 0
        self.told_word: LineWord = ""
        self.untold_s = 0
        self.has_counted = False


class CallQuality:
    """All legs of one worker that are in a call.

    `tell` gets the events; `observe` hears of each second that counts, with the role of the leg whose picture it is.
    """

    def __init__(
        self,
        worker: str,
        tell: Callable[[QualityEvent], None],
        observe: Callable[[LegRole, Sample], None] = lambda _role, _sample: None,
    ) -> None:
        self._worker = worker
        self._tell = tell
        self._observe = observe
        self._watched: dict[str, _Watched] = {}
        self._paused: set[str] = set()
        self._read_ms: float | None = None
        self._late_ms = 0.0
        self._faults = FaultLog("quality_not_counted")

    def tick(self, now_ms: float, late_ms: float, legs: Mapping[str, Leg]) -> None:
        """Read the legs when a second has passed. `late_ms`: how late the loop was just now, as packets were, too."""
        self._late_ms = max(self._late_ms, late_ms)
        if self._read_ms is None:
            self._read_ms = now_ms
        if now_ms - self._read_ms < SECOND_MS:
            return
        # Evenly, unless the loop stood still: then this second was a long one.
        self._read_ms = self._read_ms + SECOND_MS if now_ms - self._read_ms < 2 * SECOND_MS else now_ms
        try:
            self._read_all(now_ms, legs.values())
        except Exception as error:  # noqa: BLE001 - a call does not depend on being counted
            self._faults.note(error)
        self._late_ms = 0.0

    def leaves(self, leg: Leg) -> None:
        """A leg has left its call, or is closed: tell how it was. Never raises: people are parted whatever happens."""
        watched = self._watched.pop(leg.id, None)
        if leg.gone:
            self._paused.discard(leg.id)
        try:
            if watched is not None and watched.has_counted:
                self._tell(self._event(watched, last=True))
        except Exception as error:  # noqa: BLE001 - see above
            self._faults.note(error)

    def pause(self, leg: Leg, *, paused: bool) -> None:
        """The owner of a leg has paused the own picture, or shows it again."""
        (self._paused.add if paused else self._paused.discard)(leg.id)
        watched = self._watched.get(leg.id)
        if watched is not None:
            watched.quality.pause(paused=paused)
            if watched.outlet is not None:
                watched.outlet.meter.restart()

    def shown(self, leg: Leg, shown: Shown, now_ms: float) -> None:
        """The page of `leg` has presented so much of the other person's picture."""
        for watched in self._watched.values():
            if watched.outlet is leg.other_slot:
                watched.quality.shown(shown, now_ms)

    def completed(self, statistics: LegStatistics) -> LegStatistics:
        """Return a leg's statistics with what is known of its last second."""
        watched = self._watched.get(statistics.leg_id)
        last = watched.quality.last if watched is not None else None
        if watched is None or last is None:
            return statistics
        facts = watched.quality.facts()
        covered = facts.pictures_whole + facts.pictures_slate
        return replace(
            statistics,
            fps_rendered=last.fps,
            freezes_rendered=facts.freezes,
            kbps_in=last.in_kbps,
            kbps_out=last.out_kbps,
            blurred_whole_share=covered / facts.pictures if facts.pictures else 0.0,
            word=watched.quality.word.shown,
        )

    def words(self) -> Iterable[tuple[LegRole, LineWord]]:
        """Return the role and the word of every leg that is in a call."""
        return [(each.leg.role, each.quality.word.shown) for each in self._watched.values()]

    def _read_all(self, now_ms: float, legs: Iterable[Leg]) -> None:
        calls: dict[str, list[Leg]] = {}
        for leg in legs:
            if leg.call_id and leg.role in PEOPLE:
                calls.setdefault(leg.call_id, []).append(leg)
        for call_id, people in calls.items():
            for leg in people:
                others = (each for each in people if each.role is not leg.role)
                seats = ((other, outlet) for other in others for outlet in other.slots)
                seat = next(((other, outlet) for other, outlet in seats if outlet.source is leg.shown), None)
                if seat is not None:
                    self._read(call_id, leg, *seat, now_ms)
                elif (watched := self._watched.get(leg.id)) is not None and watched.outlet is not None:
                    # Nobody is shown this picture, as on hold: the time until it comes again is no freeze.
                    watched.outlet.meter.restart()
                    watched.outlet = None

    def _read(self, call_id: str, leg: Leg, other: Leg, outlet: PictureOutlet, now_ms: float) -> None:
        watched = self._watched.get(leg.id)
        if watched is None or watched.call_id != call_id:
            watched = self._watched[leg.id] = _Watched(leg, call_id)
            watched.quality.pause(paused=leg.id in self._paused)
        if watched.outlet is not outlet:
            watched.outlet = outlet
            watched.quality.rejoin()
        sample = watched.quality.read(self._reading(watched, other, outlet, now_ms))
        if sample is not None:
            watched.has_counted = True
            self._observe(leg.role, sample)
        watched.untold_s += 1
        word = watched.quality.word.shown
        if word != watched.told_word or (watched.has_counted and watched.untold_s >= TELL_EVERY_S):
            self._tell(self._event(watched))

    def _event(self, watched: _Watched, *, last: bool = False) -> QualityEvent:
        quality = watched.quality
        watched.untold_s, watched.told_word = 0, quality.word.shown
        return QualityEvent(
            worker=self._worker,
            call_id=watched.call_id,
            leg_id=watched.leg.id,
            person=watched.leg.person,
            role=watched.leg.role,
            word="" if last else quality.word.shown,
            facts=quality.finish() if last else quality.facts(),
            last=last,
        )

    def _reading(self, watched: _Watched, other: Leg, outlet: PictureOutlet, now_ms: float) -> Reading:
        leg, meter = watched.leg, outlet.meter
        reception = leg.picture_reception
        pictures = whole = slate = 0
        added_ms: float | None = self._late_ms
        if isinstance(leg, BlurredLeg):
            states, delays_ms = leg.blur.states, leg.blur.delays_ms
            whole, slate = states[PictureState.PROTECTED], states[PictureState.SLATE]
            pictures = states[PictureState.CLEAR] + whole + slate
            newest = list(islice(reversed(delays_ms), pictures - watched.pictures))
            watched.pictures = pictures
            added_ms = median(newest) if newest else None
        return Reading(
            at_ms=now_ms,
            sent=meter.frames,
            freezes=meter.freezes,
            frozen_ms=meter.frozen_ms,
            octets_in=leg.peer.octets_in,
            octets_out=leg.peer.octets_out,
            expected=reception.expected if reception is not None else 0,
            received=reception.packets if reception is not None else 0,
            out_lost_share=leg.other_slot.loss_share,
            round_trip_ms=leg.measured_round_trip_ms,
            added_us=None if added_ms is None else added_ms * 1000,
            pictures=pictures,
            whole=whole,
            slate=slate,
            # Whoever has paused the own picture, or has no camera, sends nothing and is there all the same.
            seen=not other.silent or (other.id in self._paused and other.reports),
        )
