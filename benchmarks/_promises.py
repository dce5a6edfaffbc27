"""Plans of several days, each promised service level held against `benchmarks._independent`."""

from __future__ import annotations

from datetime import date

import numpy as np

from benchmarks._independent import Day, service_level
from scheduler.forecast_models import Forecast, Method
from scheduler.plan import plan_day
from scheduler.targets import ServiceLevel, Targets

_DAY = date(2026, 3, 3)
# name, calls in the busiest quarter hour, mean handle time, its variation, patience, variance of days and of slots
_DAYS = (
    ("two or three signers", 1.0, 420.0, 1.0, 180.0, 0.02, 0.02),
    ("a team of ten", 10.0, 420.0, 1.0, 180.0, 0.02, 0.02),
    ("days that differ much", 4.0, 420.0, 1.0, 180.0, 0.25, 0.1),
    ("long calls of one length", 4.0, 1200.0, 0.5, 180.0, 0.02, 0.02),
    ("little patience", 6.0, 300.0, 1.5, 20.0, 0.05, 0.05),
)


def promises(days: int, seed: int) -> dict[str, dict[str, float]]:
    """Plan each kind of day by 95 % in 20 s and replay it on `days` days that the plan has not seen.

    Returns:
        For each kind: `promised` and `replayed` service level, the `difference_points` between them.
    """
    clock = np.arange(96)
    shape = np.where((clock >= 36) & (clock < 72), 0.25 + 0.75 * np.exp(-(((clock - 44) / 7.0) ** 2)), 0.0)
    found = {}
    for name, peak, handle_s, variation, patience_s, day_variance, slot_variance in _DAYS:
        expected = peak * shape
        made = Forecast(
            days=(_DAY,),
            interval_s=900,
            expected=expected[None, :],
            open_share=(expected > 0).astype(np.float64)[None, :],
            day_variance=np.asarray([day_variance]),
            slot_variance=np.full((1, 96), slot_variance),
            method=Method.MODEL,
        )
        means = np.full(96, handle_s)
        plan = plan_day(
            made, _DAY, means, patience_s, Targets((ServiceLevel(),)), handle_variation=variation, seed=seed
        )
        told = Day(
            expected.tolist(),
            plan.agents,
            means.tolist(),
            900.0,
            patience_s,
            day_variance,
            [slot_variance] * 96,
            variation,
        )
        replayed, promised = service_level(told, days, 20.0, seed + 1), plan.promised.service_level.mean
        found[name] = {
            "promised": promised,
            "replayed": replayed,
            "difference_points": 100 * (replayed - promised),
        }
    return found
