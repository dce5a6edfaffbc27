"""What came in the past, day by day and slot by slot, with what must not be learned marked.

A slot is one interval of the local day: slot 36 of a 15-minute history begins at 09:00 by the clock on the wall. On a
day of clock change the hour that does not exist is closed, and the hour that comes twice counts double, in calls and
in open time, so that its rate is right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from scheduler.errors import BadHistory, NoHistory

DAY_S = 86_400
# A run of silence that chance brings less often than once in a hundred million is an outage, not a quiet morning.
_SILENCE_MEAN = 18.4
_FEWEST_DAYS_FOR_HOURS = 3

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class State(IntEnum):
    """What one slot of one day was."""

    OPEN = 0
    CLOSED = 1
    GAP = 2
    """The queue should have been open, and there is no record."""
    OUTAGE = 3
    """The record says nothing came, and the reason is not the customers."""


@dataclass(frozen=True)
class History:
    """Counts of one queue; all arrays of shape (days, slots), slots x `interval_s` = one day.

    `first_day`: the date of row 0; rows are consecutive dates. `calls`: offered calls, int64. `open_share`: the part of
    the slot in which the queue was open and recorded, float64, usually 0 or 1. `state`: `State` as uint8. `answered`
    (calls, int64) and `handle_s` (seconds, float64) are there where handle times are known. `notes` are sentences about
    how the record was read.
    """

    first_day: date
    interval_s: int
    calls: Ints
    open_share: Floats
    state: NDArray[np.uint8]
    answered: Ints | None = None
    handle_s: Floats | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        slots = DAY_S // self.interval_s if self.interval_s > 0 and DAY_S % self.interval_s == 0 else 0
        if not slots:
            raise BadHistory("The interval must divide a day.", interval_s=self.interval_s)
        shape = (len(self.calls), slots)
        for name in ("calls", "open_share", "state", "answered", "handle_s"):
            array = getattr(self, name)
            if array is not None and array.shape != shape:
                raise BadHistory(f"The {name} must have a row for each day and a column for each slot.", shape=shape)
        if np.any(self.calls < 0) or np.any(self.open_share < 0):
            raise BadHistory("Calls and open time must not be negative.")

    @property
    def days(self) -> list[date]:
        """The date of each row."""
        return [self.first_day + timedelta(days=i) for i in range(len(self.calls))]

    @property
    def exposure(self) -> Floats:
        """Open and recorded time of each slot in units of the interval; what may be learned from; (days, slots)."""
        return np.where(self.state == State.OPEN, self.open_share, 0.0)

    @property
    def learned(self) -> Ints:
        """Calls in the slots that may be learned from, 0 elsewhere; shape (days, slots)."""
        return np.where(self.exposure > 0, self.calls, 0)

    def before(self, day: date) -> History:
        """Return what was known before `day` began."""
        return self._rows(0, (day - self.first_day).days)

    def of(self, first: date, last: date) -> History:
        """Return the days from `first` to `last`, both included."""
        return self._rows((first - self.first_day).days, (last - self.first_day).days + 1)

    def _rows(self, start: int, stop: int) -> History:
        start, stop = max(start, 0), max(stop, 0)
        return replace(
            self,
            first_day=self.first_day + timedelta(days=start),
            calls=self.calls[start:stop],
            open_share=self.open_share[start:stop],
            state=self.state[start:stop],
            answered=None if self.answered is None else self.answered[start:stop],
            handle_s=None if self.handle_s is None else self.handle_s[start:stop],
        )


def with_hours(
    first_day: date,
    interval_s: int,
    calls: Ints,
    recorded: Floats,
    told: NDArray[np.int8] | None = None,
    answered: Ints | None = None,
    handle_s: Floats | None = None,
) -> History:
    """Return a history whose opening hours are read off the record where nobody has told them.

    `recorded`: the part of each slot for which there is a record, shape (days, slots). `told`: a `State` for slots of
    which it is known, -1 elsewhere. A slot without a record is a gap where that weekday usually has one, and closed
    otherwise: a queue that has never had a Sunday has no gap on Sundays.

    Raises:
        NoHistory: there is no record at all.
    """
    if not np.any(recorded > 0):
        raise NoHistory
    usual = usual_hours(first_day, recorded)
    state = np.where(recorded > 0, State.OPEN, np.where(usual > 0, State.GAP, State.CLOSED)).astype(np.uint8)
    if told is not None:
        state = np.where(told >= 0, told, state).astype(np.uint8)
    open_share = np.where(state == State.CLOSED, 0.0, np.where(recorded > 0, recorded, usual))
    return mark_outages(History(first_day, interval_s, calls, open_share, state, answered, handle_s))


def usual_hours(first_day: date, recorded: Floats) -> Floats:
    """Return the open time that each row's weekday has on most of its days; shape (days, slots).

    A weekday that is hardly known (fewer than three records) is judged by the days that are known.
    """
    weekdays = (np.arange(len(recorded)) + first_day.weekday()) % 7
    present = recorded.sum(axis=1) > 0
    usual = np.zeros_like(recorded)
    for weekday in range(7):
        rows = weekdays == weekday
        seen = rows & present
        # Most of the days of this weekday have to be there at all for a missing one to be a gap.
        if seen.sum() * 2 > rows.sum() or (seen.any() and rows.sum() < _FEWEST_DAYS_FOR_HOURS):
            usual[rows] = np.median(recorded[seen], axis=0)
    return usual


def mark_outages(history: History) -> History:
    """Mark runs of silence that the usual rate makes all but impossible.

    The usual rate of a slot is the mean over its weekday's other days. A silence goes on over closed hours and ends
    with a call or a gap in the record.
    """
    exposure = history.exposure
    weekday = (np.arange(len(exposure)) + history.first_day.weekday()) % 7
    expected = np.zeros_like(exposure)
    for number in range(7):
        rows = weekday == number
        others = exposure[rows].sum(axis=0) - exposure[rows]
        calls = np.where(exposure[rows] > 0, history.calls[rows], 0).sum(axis=0)
        expected[rows] = exposure[rows] * np.divide(calls, others, out=np.zeros_like(others), where=others > 0)
    silent = (history.calls == 0) & (exposure > 0)
    ends = (history.calls > 0) | (history.state == State.GAP)
    run = np.cumsum(ends.ravel())
    missed = np.bincount(run, weights=np.where(silent, expected, 0.0).ravel())
    outage = silent & (missed[run] > _SILENCE_MEAN).reshape(silent.shape)
    return replace(history, state=np.where(outage, State.OUTAGE, history.state).astype(np.uint8))


def rebin(history: History, interval_s: int) -> History:
    """Return the history in longer intervals.

    What is not open and recorded counts for nothing: a half hour with one recorded quarter has half the exposure.

    Raises:
        BadHistory: the longer interval is not a multiple of the history's, or does not divide a day.
    """
    factor, rest = divmod(interval_s, history.interval_s)
    if rest or factor < 1 or DAY_S % interval_s:
        raise BadHistory(
            "The longer interval must be a multiple of the shorter and divide a day.", interval_s=interval_s
        )

    def total(array: Ints | Floats) -> Floats:
        kept = np.where(history.exposure > 0, array, 0).astype(np.float64)
        return np.asarray(kept.reshape(len(array), -1, factor).sum(axis=2))

    def some(state: State) -> NDArray[np.bool_]:
        return np.asarray((history.state == state).reshape(len(history.state), -1, factor).any(axis=2))

    exposure = total(history.open_share) / factor
    planned = history.open_share.reshape(len(history.state), -1, factor).sum(axis=2) / factor
    # Open where any part was; else an outage or a gap where any part was; else closed.
    otherwise = np.where(some(State.OUTAGE), State.OUTAGE, np.where(some(State.GAP), State.GAP, State.CLOSED))
    return History(
        first_day=history.first_day,
        interval_s=interval_s,
        calls=total(history.calls).astype(np.int64),
        open_share=np.where(exposure > 0, exposure, planned),
        state=np.where(exposure > 0, State.OPEN, otherwise).astype(np.uint8),
        answered=None if history.answered is None else total(history.answered).astype(np.int64),
        handle_s=None if history.handle_s is None else total(history.handle_s),
        notes=history.notes,
    )


def runs(history: History, state: State) -> list[tuple[date, int, int]]:
    """Return each run of slots in `state` within a day as (day, first slot, last slot), in order."""
    found: list[tuple[date, int, int]] = []
    for row, day in enumerate(history.days):
        slots = np.flatnonzero(history.state[row] == state)
        for part in np.split(slots, np.flatnonzero(np.diff(slots) > 1) + 1):
            if len(part):
                found.append((day, int(part[0]), int(part[-1])))
    return found
