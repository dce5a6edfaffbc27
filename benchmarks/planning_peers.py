"""What other libraries make of the same questions, where they are installed: pyworkforce (Erlang C), statsforecast.

They are no part of the project's own environment, because both bring pandas and more. In an environment of their own:

    python -m venv peers && peers/bin/pip install -e '.[scheduler]' pyworkforce statsforecast
    peers/bin/python benchmarks/erlang.py --reference erlang_reference_values.csv --peers
    peers/bin/python benchmarks/forecast.py --series calls.csv --test-days 40 --peers
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from importlib.util import find_spec
from typing import Any

import numpy as np

from scheduler.history import Floats, History


def has(name: str) -> bool:
    """Whether the library can be imported here."""
    return find_spec(name) is not None


def pyworkforce_erlang_c(row: dict[str, str]) -> dict[str, float]:
    """Return pyworkforce's Erlang C figures of one row of the table of reference values; {} where it gives none."""
    from pyworkforce.queuing import ErlangC

    asked = ErlangC(
        transactions=float(row["calls"]),
        aht=float(row["aht_s"]) / 60,
        asa=float(row["threshold_s"]) / 60,
        interval=float(row["interval_s"]) / 60,
    )
    agents = int(row["agents"])
    try:
        return {
            "C_Pw": float(asked.waiting_probability(agents)),
            "C_SL": float(asked.service_level(agents)),
            "C_occ": float(asked.achieved_occupancy(agents)),
        }
    except (ArithmeticError, ValueError):
        return {}


def statsforecast_mstl(history: History, days: Sequence[date], lead_days: int) -> tuple[list[Floats], list[Floats]]:
    """Forecast each of `days` by MSTL with exponential smoothing from what was known `lead_days` before it.

    The series is that of the recorded days put end to end, with a day and a week of them as seasons.

    Returns:
        What came and what was said, for each day the open and recorded slots.
    """
    from statsforecast.models import MSTL, AutoETS

    seen = [row for row, exposure in enumerate(history.exposure.sum(axis=1)) if exposure > 0]
    slots = np.flatnonzero((history.exposure[seen] > 0).any(axis=0))
    weekdays = len({history.days[row].weekday() for row in seen})
    came: list[Floats] = []
    said: list[Floats] = []
    for day in days:
        known_until = day - timedelta(days=lead_days)
        known = [row for row in seen if history.days[row] <= known_until]
        ahead = sum(1 for row in seen if known_until < history.days[row] <= day)
        series = history.calls[known][:, slots].astype(np.float64).ravel()
        model: Any = MSTL(
            season_length=[len(slots), len(slots) * weekdays], trend_forecaster=AutoETS(model="ZZN", season_length=1)
        )
        made: dict[str, Floats] = model.forecast(y=series, h=ahead * len(slots))
        row = (day - history.first_day).days
        used = history.exposure[row][slots] > 0
        came.append(history.calls[row][slots][used].astype(np.float64))
        said.append(np.maximum(made["mean"][-len(slots) :][used], 0.0))
    return came, said


def wape(came: Sequence[Floats], said: Sequence[Floats]) -> tuple[float, float]:
    """Return the sum of absolute errors over the sum of what came: of slots, and of whole days."""
    total = sum(float(one.sum()) for one in came)
    by_slot = sum(float(np.abs(one - other).sum()) for one, other in zip(came, said, strict=True))
    by_day = sum(abs(float(one.sum() - other.sum())) for one, other in zip(came, said, strict=True))
    return by_slot / total, by_day / total
