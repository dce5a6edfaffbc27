"""Simulated queues for `benchmarks.forecast`, whose rates are known."""

from __future__ import annotations

from datetime import date

import numpy as np

from scheduler.history import Floats, History, with_hours

WEEK = np.asarray([1.2, 1.0, 1.0, 0.9, 1.1, 0.5, 0.4])


def _shape(slots: int, hours: tuple[int, int]) -> tuple[Floats, Floats]:
    """Return the shape of a day with two peaks, at most 1, and which slots are open; both (slots,)."""
    clock = np.arange(slots) * 24 / slots
    shape = 0.3 + np.exp(-(((clock - 10.5) / 1.8) ** 2)) + 0.7 * np.exp(-(((clock - 16) / 2) ** 2))
    opened = ((clock >= hours[0]) & (clock < hours[1])).astype(np.float64)
    return shape * opened / shape.max(), opened


def sparse_series(seed: int, days: int, peak: float, hours: tuple[int, int]) -> tuple[History, Floats]:
    """Simulate a small queue in quarter hours; returns its history and the true rates, both (days, 96)."""
    shape, opened = _shape(96, hours)
    rates: Floats = peak * WEEK[np.arange(days) % 7][:, None] * shape[None, :]
    calls = np.random.default_rng(seed).poisson(rates)
    return with_hours(date(2025, 1, 6), 900, calls, np.tile(opened, (days, 1))), rates


def moving_series(seed: int, days: int, peak: float, wild: bool = False) -> History:
    """Simulate a queue in half hours from 8 to 20, whose level moves from day to day and whose hours scatter.

    `peak`: calls in the busiest half hour. The log of the level has a memory of 20 days and a deviation of 6 %, the day
    2.5 %, the half hour 5 %; with `wild` day and half hour have the tails of a Student t with 3 degrees of freedom.
    """
    random = np.random.default_rng(seed)
    shape, opened = _shape(48, (8, 20))
    keep = np.exp(-1 / 20.0)
    level = np.empty(days)
    level[0] = random.normal(0, 0.06)
    for day in range(1, days):
        level[day] = keep * level[day - 1] + random.normal(0, 0.06 * np.sqrt(1 - keep**2))
    draw = (lambda size: random.standard_t(3, size)) if wild else random.standard_normal
    log_rate = level[:, None] + 0.025 * draw((days, 1)) + 0.05 * draw((days, 48))
    rates = peak * WEEK[np.arange(days) % 7][:, None] * shape[None, :] * np.exp(np.clip(log_rate, -1.5, 1.5))
    return with_hours(date(2025, 1, 6), 1800, random.poisson(rates), np.tile(opened, (days, 1)))
