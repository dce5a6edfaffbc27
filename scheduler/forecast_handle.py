"""The handle time to expect: a recent mean, bent by hour and weekday as far as the calls show it.

Handle time is what a call keeps an agent busy for, after-call work and calls back that come of it included. Calls are
few and long here, so an hour's own mean is mostly chance: each hour and weekday is shrunk towards the whole by what
chance alone would do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from scheduler.day_types import Calendar, weekdays
from scheduler.errors import NoHistory
from scheduler.history import Floats, History, Ints

HALF_LIFE_DAYS = 28.0
_HOURS, _WEEKDAYS = 24, 7


@dataclass(frozen=True)
class HandleTimeForecast:
    """Expected mean handle time in seconds of each slot, shape (days, slots).

    `standard_error`: of the overall mean, over the mean; `calls`: answered calls it rests on. `hour_factor` (24,) and
    `weekday_factor` (7,) are what bends it.
    """

    days: tuple[date, ...]
    mean_s: Floats
    standard_error: float
    calls: int
    hour_factor: Floats
    weekday_factor: Floats


def forecast_handle_time(history: History, calendar: Calendar, days: Sequence[date]) -> HandleTimeForecast:
    """Return the expected handle time of each slot of `days`.

    Calls of `HALF_LIFE_DAYS` ago count half.

    Raises:
        NoHistory: the history has no answered calls with handle times.

    Source: the shrinkage is DerSimonian and Laird (1986).
    """
    if history.answered is None or history.handle_s is None or not (history.answered * (history.handle_s > 0)).any():
        raise NoHistory("The history has no handle times.")
    answered = np.where(history.exposure > 0, history.answered, 0).astype(np.float64)
    # Also of slots without a call: the work of calls back that agents began.
    handle_s = np.where(history.exposure > 0, history.handle_s, 0.0)
    age = np.arange(len(answered))[::-1]
    weight = 0.5 ** (age / HALF_LIFE_DAYS)
    total = float((answered * weight[:, None]).sum())
    mean_s = float((handle_s * weight[:, None]).sum()) / total
    variance = _variance_of_a_call(answered, handle_s)

    slots = answered.shape[1]
    hour = (np.arange(slots) * _HOURS) // slots
    by_hour = np.tile(hour, (len(answered), 1))
    hour_factor = _factors(answered, handle_s, by_hour, _HOURS, variance)
    by_weekday = np.tile(weekdays(calendar, history.days)[:, None], (1, slots))
    weekday_factor = _factors(answered, handle_s / hour_factor[by_hour], by_weekday, _WEEKDAYS, variance)
    effective = total**2 / float((answered * weight[:, None] ** 2).sum())
    return HandleTimeForecast(
        days=tuple(days),
        mean_s=mean_s * weekday_factor[weekdays(calendar, days)][:, None] * hour_factor[hour][None, :],
        standard_error=float(np.sqrt(variance / effective)) / mean_s,
        calls=int(answered.sum()),
        hour_factor=hour_factor,
        weekday_factor=weekday_factor,
    )


def _variance_of_a_call(answered: Floats, handle_s: Floats) -> float:
    """Return the variance of one call's handle time (s^2), from the scatter of the slots' means around the whole."""
    used = answered > 0
    calls, total = answered[used], handle_s[used]
    mean = total.sum() / calls.sum()
    return float((calls * (total / calls - mean) ** 2).sum()) / max(len(calls) - 1, 1)


def _factors(answered: Floats, handle_s: Floats, group: Ints, groups: int, variance: float) -> Floats:
    """Return each group's mean over the whole's, shrunk; shape (groups,), 1 for a group without calls."""
    calls = np.bincount(group.ravel(), weights=answered.ravel(), minlength=groups)
    total = np.bincount(group.ravel(), weights=handle_s.ravel(), minlength=groups)
    whole = float(total.sum() / calls.sum())
    seen = calls > 0
    means = np.where(seen, total / np.maximum(calls, 1e-9), whole)
    if variance <= 0:
        return np.where(seen, means / whole, 1.0)
    weight = calls / variance
    scatter = float((weight * (means - whole) ** 2).sum())
    spare = float(weight.sum() - (weight**2).sum() / weight.sum())
    between = max(0.0, (scatter - (seen.sum() - 1)) / spare) if spare > 0 else 0.0
    kept = between * weight / (1.0 + between * weight)
    return np.asarray(1.0 + kept * (means / whole - 1.0))
