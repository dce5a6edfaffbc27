"""Three ways to forecast counts from a history: the level-and-profile model, and the two it has to beat.

Each learns from a `History` and a `Calendar` and gives a `Forecast`: for every slot of every wanted day an expected
count and two variances, that of the day as a whole and that of the slot within it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

import numpy as np

from scheduler import forecast_counts
from scheduler.day_types import HOLIDAY, Calendar, DayMark, weekdays
from scheduler.errors import NoHistory
from scheduler.forecast_level import Level, learn_level, traits
from scheduler.forecast_level import Scales as LevelScales
from scheduler.forecast_profile import Profile, learn_profile
from scheduler.forecast_profile import Scales as ProfileScales
from scheduler.forecast_spread import spread_of
from scheduler.history import Floats, History, Ints, State

_NEARLY_NOTHING = 1e-6
_WEEKS_OF_HOURS = 8
_LITTLE = 0.1


class Method(StrEnum):
    """How a forecast was made."""

    MODEL = "model"
    """Level of the day times shape of the day, see `scheduler.forecast_level` and `scheduler.forecast_profile`."""
    WEEKDAY_MEAN = "weekday_mean"
    """The mean of every such slot on this weekday."""
    SEASONAL_NAIVE = "seasonal_naive"
    """What came in this slot when the weekday was last seen."""


@dataclass(frozen=True)
class Forecast:
    """Expected calls of a queue with their uncertainty; arrays of shape (days, slots) unless said otherwise.

    `days`: the dates, in order. `expected`: expected calls, 0 where closed. `day_variance`, shape (days,): variance,
    over the squared mean, of what makes all of a day busier. `slot_variance`: the same for each slot alone. A count is
    negative binomial with the two together. `notes`: sentences for whoever reads it.
    """

    days: tuple[date, ...]
    interval_s: int
    expected: Floats
    open_share: Floats
    day_variance: Floats
    slot_variance: Floats
    method: Method
    notes: tuple[str, ...] = ()

    @property
    def spread(self) -> Floats:
        """Variance of each slot's rate over its squared mean; shape (days, slots)."""
        return (1 + self.day_variance)[:, None] * (1 + self.slot_variance) - 1

    def day(self, row: int) -> Forecast:
        """Return the forecast of one of its days alone."""
        one = slice(row, row + 1)
        return replace(
            self,
            days=self.days[one],
            expected=self.expected[one],
            open_share=self.open_share[one],
            day_variance=self.day_variance[one],
            slot_variance=self.slot_variance[one],
        )

    def quantile(self, share: float) -> Ints:
        """Return the count that is not exceeded with probability `share`; shape (days, slots), int64."""
        return np.where(self.open_share > 0, forecast_counts.quantile(share, self.expected, self.spread), 0)


@dataclass(frozen=True)
class Scales:
    """Sizes of the model's effects from an earlier fit."""

    level: LevelScales
    profile: ProfileScales


@dataclass(frozen=True)
class ModelFit:
    """The level-and-profile model after learning; build it with `learn_model`."""

    level: Level
    profile: Profile
    unusual: tuple[date, ...]
    _history: History = field(repr=False)
    _calendar: Calendar = field(repr=False)

    @property
    def scales(self) -> Scales:
        """The sizes of the effects, to be used again for a history that is a few days longer."""
        return Scales(self.level.scales, self.profile.scales)

    def forecast(self, days: Sequence[date], open_share: Floats | None = None) -> Forecast:
        """Return the forecast for `days`; `open_share` (days, slots) is read off the history where it is not given."""
        opened = planned_hours(self._history, self._calendar, days) if open_share is None else open_share
        wanted = traits(self._calendar, days)
        level, variance = self.level.predict(wanted)
        share = self.profile.share[wanted.weekday]
        campaigns = self._calendar.factors(days, self._history.interval_s)
        return Forecast(
            days=tuple(days),
            interval_s=self._history.interval_s,
            expected=level[:, None] * share * opened * campaigns,
            open_share=opened,
            day_variance=variance,
            slot_variance=self.profile.spread + self.profile.variance[wanted.weekday],
            method=Method.MODEL,
        )


def learn_model(history: History, calendar: Calendar, scales: Scales | None = None) -> ModelFit:
    """Learn level and profile from `history`; `scales` from an earlier fit save most of the time.

    Raises:
        NoHistory: no open and recorded slot.
    """
    calendar = with_silent_holidays(history, calendar)
    exposure = history.exposure * calendar.factors(history.days, history.interval_s)
    used = exposure.sum(axis=1) > 0
    if not used.any():
        raise NoHistory
    days = [day for day, kept in zip(history.days, used, strict=True) if kept]
    known = traits(calendar, days)
    calls = history.learned[used].astype(np.float64)
    exposure = exposure[used]
    # A special day has its own shape often enough; what is learned of the shape comes from ordinary days.
    ordinary = known.kind == ""
    rows = ordinary if ordinary.any() else np.ones_like(ordinary)
    profile = learn_profile(calls[rows], exposure[rows], known.weekday[rows], scales.profile if scales else None)
    seen = (profile.share[known.weekday] * exposure).sum(axis=1)
    level = learn_level(known, calls.sum(axis=1), np.maximum(seen, _NEARLY_NOTHING), scales.level if scales else None)
    unusual = tuple(day for day, odd in zip(days, level.unusual, strict=True) if odd)
    return ModelFit(level, profile, unusual, history, calendar)


def with_silent_holidays(history: History, calendar: Calendar) -> Calendar:
    """Return the calendar with each unmarked day without any record, though it is usually open, as a holiday.

    Nothing is learned from such a day itself; but the day after it is busier, as after any holiday, and that is not to
    be taken for a busier season.
    """
    missing = (history.state == State.GAP).any(axis=1) & ~(history.exposure > 0).any(axis=1)
    marks = {day: DayMark(HOLIDAY) for day, silent in zip(history.days, missing, strict=True) if silent}
    return replace(calendar, marks={**marks, **calendar.marks})


def weekday_mean(
    history: History, calendar: Calendar, days: Sequence[date], open_share: Floats | None = None
) -> Forecast:
    """Return the mean rate of each slot over all days that act as the same weekday, with its scatter.

    A weekday without a record gets the mean of all days. The scatter is negative binomial, fitted by moments.
    """
    exposure = history.exposure * calendar.factors(history.days, history.interval_s)
    if not (exposure > 0).any():
        raise NoHistory
    calls = history.learned.astype(np.float64)
    weekday = weekdays(calendar, history.days)
    total, time = np.zeros((7, calls.shape[1])), np.zeros((7, calls.shape[1]))
    for number in range(7):
        rows = weekday == number
        total[number], time[number] = calls[rows].sum(axis=0), exposure[rows].sum(axis=0)
    unseen = time <= 0
    total, time = np.where(unseen, total.sum(0), total), np.where(unseen, time.sum(0), time)
    rate = np.divide(total, time, out=np.zeros_like(total), where=time > 0)
    scatter = spread_of(calls, rate[weekday] * exposure, float((~unseen & (total > 0)).sum()))
    opened = planned_hours(history, calendar, days) if open_share is None else open_share
    wanted = weekdays(calendar, days)
    due = opened * calendar.factors(days, history.interval_s)
    # Jeffreys' prior for the rate: without a single call it is not certain that none will ever come.
    expected = np.maximum(rate[wanted], np.divide(0.5, time[wanted], out=np.zeros_like(due), where=time[wanted] > 0))
    return Forecast(
        days=tuple(days),
        interval_s=history.interval_s,
        expected=expected * due,
        open_share=opened,
        day_variance=np.zeros(len(days)),
        slot_variance=scatter + 1.0 / (total[wanted] + 0.5),
        method=Method.WEEKDAY_MEAN,
    )


def seasonal_naive(
    history: History, calendar: Calendar, days: Sequence[date], open_share: Floats | None = None
) -> Forecast:
    """Return what came in each slot when the same weekday was last seen, with the scatter from week to week.

    A weekday without a record gets the weekday mean.
    """
    base = weekday_mean(history, calendar, days, open_share)
    exposure = history.exposure * calendar.factors(history.days, history.interval_s)
    latest = np.full((7, exposure.shape[1]), np.nan)
    came: list[Floats] = []
    said: list[Floats] = []
    for row, number in enumerate(weekdays(calendar, history.days).tolist()):
        here = exposure[row] > 0
        both = here & ~np.isnan(latest[number])
        came.append(history.learned[row][both].astype(np.float64))
        said.append(latest[number][both] * exposure[row][both])
        latest[number][here] = history.learned[row][here] / exposure[row][here]
    scatter = spread_of(np.concatenate(came), np.concatenate(said), 0.0)
    wanted = latest[weekdays(calendar, days)]
    due = base.open_share * calendar.factors(days, history.interval_s)
    return replace(
        base,
        # After a slot without calls, a little is a better guess than never.
        expected=np.where(np.isnan(wanted), base.expected, np.maximum(wanted * due, _LITTLE * base.expected)),
        slot_variance=np.full_like(base.slot_variance, scatter),
        method=Method.SEASONAL_NAIVE,
    )


def planned_hours(history: History, calendar: Calendar, days: Sequence[date]) -> Floats:
    """Return the open share of each slot of `days`: the median of the weekday's last weeks; shape (days, slots).

    A weekday that the history does not reach is open as the other days are.
    """
    acting = weekdays(calendar, history.days)
    found = []
    for number in weekdays(calendar, days).tolist():
        rows = np.flatnonzero(acting == number)[-_WEEKS_OF_HOURS:]
        found.append(np.median(history.open_share[rows] if len(rows) else history.open_share, axis=0))
    return np.asarray(found, dtype=np.float64).reshape(len(days), history.calls.shape[1])
