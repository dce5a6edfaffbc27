"""History from the service's own roll-ups: the counts that were kept as the calls happened.

A roll-up exists only for an interval in which somebody called. Whether another was quiet, closed or not recorded is
told by when the line was open and by when that is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from scheduler.errors import BadHistory, NoHistory
from scheduler.history import DAY_S, Floats, History, State, with_hours
from scheduler.patience import Patience, patience_from_record
from video_service.records import Rollup

_MS = 1_000
_NOT_TOLD = -1


@dataclass(frozen=True, slots=True)
class Span:
    """from_ms <= t < to_ms, milliseconds since 1970."""

    from_ms: int
    to_ms: int


def history_of(
    rollups: Iterable[Rollup],
    opened: Iterable[Span],
    zone: ZoneInfo,
    first: date,
    last: date,
    interval_s: int,
    known: Iterable[Span] | None = None,
) -> History:
    """Return the history of the days from `first` to `last`, both included, by the clock of `zone`.

    `opened`: when customers could call; `known`: when it is known whether they could, None for always. Spans may
    overlap. A known interval that was not open is closed, unless a call is on record there. One that is not known is a
    gap where the weekday is usually open.

    Handle times include the work of calls back, which count as no calls: so much work comes with each call.

    Raises:
        BadHistory: `last` is before `first`, or the interval does not divide a day.
        NoHistory: the line was never open, and nobody called.
    """
    days = (last - first).days + 1
    if days < 1:
        raise BadHistory("The last day of a history must not be before its first.", first=str(first), last=str(last))
    if interval_s <= 0 or DAY_S % interval_s:
        raise BadHistory("The interval must divide a day.", interval_s=interval_s)
    shape = (days, DAY_S // interval_s)
    calls, answered = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    handle_s: Floats = np.zeros(shape)

    def place(at_ms: int) -> tuple[int, int] | None:
        local = datetime.fromtimestamp(at_ms / _MS, zone)
        row = (local.date() - first).days
        return (row, (local.hour * 3600 + local.minute * 60 + local.second) // interval_s) if 0 <= row < days else None

    def covered(spans: Iterable[Span]) -> Floats:
        """Return the part of each interval that the spans cover; shape (days, intervals)."""
        share: Floats = np.zeros(shape)
        step_ms = interval_s * _MS
        for span in _merged(spans, midnight_ms(first, zone), midnight_ms(last + timedelta(days=1), zone)):
            at_ms = span.from_ms
            while at_ms < span.to_ms:
                until_ms = min(span.to_ms, at_ms - at_ms % step_ms + step_ms)
                found = place(at_ms)
                if found:
                    share[found] += (until_ms - at_ms) / step_ms
                at_ms = until_ms
        return share

    recorded = covered(opened)
    seen = np.ones(shape, dtype=bool) if known is None else covered(known) > 0
    for rollup in rollups:
        found = place(rollup.start_ms)
        if found is None:
            continue
        calls[found] += rollup.offered
        answered[found] += rollup.answered
        # Calls back that agents began are no demand, and keep them as busy: what calls cost includes them.
        handle_s[found] += (rollup.handle_ms + rollup.outbound_handle_ms) / _MS
        if rollup.offered and not recorded[found]:
            recorded[found] = 1.0
    if not recorded.any():
        raise NoHistory
    told = np.where(recorded > 0, State.OPEN, np.where(seen, State.CLOSED, _NOT_TOLD)).astype(np.int8)
    return with_hours(first, interval_s, calls, recorded, told, answered, handle_s)


def patience_of(rollups: Iterable[Rollup]) -> Patience:
    """Return how long customers wait before they give up, from the same roll-ups."""
    waited_ms = abandoned = 0
    for rollup in rollups:
        waited_ms += rollup.wait_ms + rollup.abandoned_wait_ms
        abandoned += rollup.abandoned
    return patience_from_record(waited_ms / _MS, abandoned)


def _merged(spans: Iterable[Span], from_ms: int, to_ms: int) -> list[Span]:
    """Return the times that any of the spans covers, within from_ms <= t < to_ms, in order and apart."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: one.from_ms):
        start_ms, end_ms = max(span.from_ms, from_ms), min(span.to_ms, to_ms)
        if start_ms >= end_ms:
            continue
        if found and start_ms <= found[-1].to_ms:
            found[-1] = Span(found[-1].from_ms, max(found[-1].to_ms, end_ms))
        else:
            found.append(Span(start_ms, end_ms))
    return found


def midnight_ms(day: date, zone: ZoneInfo) -> int:
    """Return when `day` begins by the clock of `zone`, milliseconds since 1970."""
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * _MS
