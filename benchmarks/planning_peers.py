"""What other libraries make of the same questions: pyworkforce (Erlang C), statsforecast (MSTL).

    ./dev bench planning_peers [--test-days 40] [--folder var/peers]

They are no part of the project's own environment, because both bring pandas and more. This makes an environment of
their own in a folder, where it is not there yet, and runs `benchmarks.erlang` and `benchmarks.forecast` in it with
`--peers`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import venv
from collections.abc import Sequence
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from scheduler.history import Floats, History

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
NEEDED = (f"{ROOT}[scheduler]", "pyworkforce>=0.5", "statsforecast>=2")


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


def environment(folder: Path) -> Path:
    """Return the Python of the environment in `folder`, made first where it is not whole."""
    python = folder / "bin" / "python"
    if not (folder / "whole").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *NEEDED], check=True)
        (folder / "whole").touch()
    return python


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "peers", help="where the environment is made")
    parser.add_argument("--reference", type=Path, default=DATA / "queueing" / "erlang_reference_values.csv")
    parser.add_argument("--series", type=Path, default=DATA / "arrivals" / "bank_calls_first_124_days.csv")
    parser.add_argument("--test-days", type=int, default=40)
    options = parser.parse_args()
    python = environment(options.folder.absolute())
    for words in (
        ("benchmarks.erlang", "--reference", options.reference),
        ("benchmarks.forecast", "--series", options.series, "--test-days", options.test_days),
    ):
        sys.stdout.flush()
        subprocess.run([python, "-m", *map(str, words), "--peers"], check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
