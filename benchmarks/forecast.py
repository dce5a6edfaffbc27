"""Forecasts of a series of past counts held against what came, by every method.

    python benchmarks/forecast.py --series calls.csv --test-days 40 [--json]

Each of the last recorded days is forecast from what was known `--lead-days` (14) before it: rolling origins, one a day.
`--up-to-lead` forecasts from each origin all test days of the following two weeks instead, and pools them. The series
is counted in intervals of `--interval-min` (30) minutes, or in its own where that is longer; its format is told in
`scheduler/history_csv.py`. `--calendar` marks holidays and make-up days (date,kind,acts_as). `--leave-out-days` cuts
days off the end of the series: it is how the model was chosen without a look at the days it is judged by.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

from scheduler.day_types import Calendar, calendar_from_csv
from scheduler.forecast_backtest import Backtest, backtest
from scheduler.history import History, State, rebin, runs
from scheduler.history_csv import read_csv


def recorded_rows(history: History) -> list[int]:
    """Return the rows of the days that have any open and recorded slot."""
    return [row for row, seen in enumerate(history.exposure.sum(axis=1)) if seen > 0]


def load(series: Path, interval_min: int, leave_out_days: int) -> History:
    """Read the series in intervals of at least `interval_min` minutes, without its last recorded days."""
    history = read_csv(series)
    history = rebin(history, max(interval_min * 60, history.interval_s))
    rows = recorded_rows(history)
    if not leave_out_days:
        return history
    return history.of(history.first_day, history.days[rows[-leave_out_days - 1]])


def table(tested: Backtest) -> str:
    lines = ["method            WAPE    by day  ranked  log score  80 % covers  PIT distance (p)"]
    for method, one in tested.scores.items():
        lines.append(
            f"{method.value:<16} {one.wape:6.2%}  {one.day_wape:6.2%}  {one.ranked:6.3f}  {one.log_score:9.4f}"
            f"  {one.coverage_80:11.1%}  {one.pit_distance:.3f} ({one.pit_p:.2g})"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=Path, required=True)
    parser.add_argument("--test-days", type=int, required=True)
    parser.add_argument("--interval-min", type=int, default=30)
    parser.add_argument("--lead-days", type=int, default=14)
    parser.add_argument("--up-to-lead", action="store_true")
    parser.add_argument("--leave-out-days", type=int, default=0)
    parser.add_argument("--calendar", type=Path)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()

    history = load(chosen.series, chosen.interval_min, chosen.leave_out_days)
    calendar = calendar_from_csv(chosen.calendar.read_text(encoding="utf-8")) if chosen.calendar else Calendar()
    days = [history.days[row] for row in recorded_rows(history)[-chosen.test_days :]]
    started = time.perf_counter()
    tested = backtest(history, calendar, days, chosen.lead_days, up_to_lead=chosen.up_to_lead)
    seconds = time.perf_counter() - started
    gaps, outages = (len(runs(history, state)) for state in (State.GAP, State.OUTAGE))
    if chosen.json:
        report = {
            "series": chosen.series.name,
            "interval_s": history.interval_s,
            "first_test_day": days[0].isoformat(),
            "last_test_day": days[-1].isoformat(),
            "test_days": len(days),
            "lead_days": chosen.lead_days,
            "up_to_lead": chosen.up_to_lead,
            "gaps": gaps,
            "outages": outages,
            "notes": list(history.notes),
            "best": tested.best.value,
            "methods": {method.value: asdict(scores) for method, scores in tested.scores.items()},
            "seconds": seconds,
        }
        print(json.dumps(report, indent=1))
        return
    kind = f"up to {chosen.lead_days}" if chosen.up_to_lead else f"{chosen.lead_days}"
    print(
        f"{len(days)} days, {days[0]} to {days[-1]}, {kind} days ahead, {history.interval_s // 60} min, {seconds:.1f} s"
    )
    print(table(tested))
    print(f"best: {tested.best.value}; {gaps} gaps and {outages} outages not learned from", *history.notes, sep="\n")


if __name__ == "__main__":
    main()
