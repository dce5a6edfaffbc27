"""Forecasts of a series of past counts held against what came, by every method.

    python benchmarks/forecast.py --series calls.csv --test-days 40 [--json]

Each of the last recorded days is forecast from what was known `--lead-days` (14) before it: rolling origins, one a day.
Then, pooled over leads: from the eve of each of these days all of them within the next `--lead-days`. The series is
counted in intervals of `--interval-min` (30) minutes, or in its own where that is longer; its format is told in
`scheduler/history_csv.py`. `--calendar` marks holidays and make-up days (date,kind,acts_as). `--leave-out-days` cuts
days off the end of the series: it is how the model was chosen without a look at the days it is judged by. `--peers`
adds statsforecast's MSTL where it is installed (see `benchmarks/planning_peers.py`).

    python benchmarks/forecast.py --sparse 40 [--json]

Forty simulated queues of 0 to 3 calls an interval, whose rates are known: log score against the weekday mean's and
against the best that anybody could have, and how often the uniformity test of the transform fails at 5 %.

    python benchmarks/forecast.py --moving 10 [--json]

Queues whose level moves and whose hours scatter, ten of each kind, for what bands cover and how far forecasts are off.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks import planning_peers
from benchmarks._simulated import moving_series, sparse_series
from scheduler.calendar_csv import calendar_from_csv
from scheduler.day_types import Calendar
from scheduler.forecast_backtest import Backtest, backtest
from scheduler.forecast_counts import log_probability
from scheduler.forecast_models import Method
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
    lines = ["method            WAPE    by day  ranked  log score  80 % covers  of PIT  PIT distance (p)"]
    for method, one in tested.scores.items():
        lines.append(
            f"{method.value:<16} {one.wape:6.2%}  {one.day_wape:6.2%}  {one.ranked:6.3f}  {one.log_score:9.4f}"
            f"  {one.coverage_80:11.1%}  {one.pit_80:6.1%}  {one.pit_distance:.3f} ({one.pit_p:.2g})"
        )
    return "\n".join(lines)


SPARSE = (
    # days of history, days of test, calls in the busiest quarter hour, opening hours
    (56, 28, 0.8, (8, 22)),
    (84, 28, 2.0, (8, 20)),
    (42, 14, 0.3, (0, 24)),
    (120, 28, 1.0, (0, 24)),
)


def sparse_report(queues: int) -> dict[str, object]:
    """Back-test the model and the weekday mean on simulated queues, two weeks ahead."""
    rows = []
    for number in range(queues):
        days, test, peak, hours = SPARSE[number % len(SPARSE)]
        history, rates = sparse_series(number, days, peak, hours)
        tested = backtest(history, Calendar(), history.days[-test:])
        used = history.exposure[-test:] > 0
        best = log_probability(history.calls[-test:][used], rates[-test:][used], np.zeros(int(used.sum()))).mean()
        model, plain = tested.scores[Method.MODEL], tested.scores[Method.WEEKDAY_MEAN]
        rows.append((model.log_score, plain.log_score, float(best), model.pit_p, plain.pit_p))
    table = np.asarray(rows)
    return {
        "queues": queues,
        "log_score": dict(
            zip(("model", "weekday_mean", "known_rates"), table[:, :3].mean(axis=0).tolist(), strict=True)
        ),
        "model_better": int((table[:, 0] > table[:, 1]).sum()),
        "pit_below_0.05": {"model": int((table[:, 3] < 0.05).sum()), "weekday_mean": int((table[:, 4] < 0.05).sum())},
        "smallest_pit_p": {"model": float(table[:, 3].min()), "weekday_mean": float(table[:, 4].min())},
    }


def moving_report(queues: int) -> dict[str, object]:
    """Back-test the methods on queues whose level moves, two weeks ahead, by calls in the busiest half hour."""
    report: dict[str, object] = {}
    for peak in (1000.0, 100.0, 20.0):
        for wild in (False, True):
            scores = []
            for number in range(queues):
                history = moving_series(number, 112, peak, wild)
                scores.append(backtest(history, Calendar(), history.days[-28::2], relearn_days=28).scores)
            report[f"{peak:.0f} calls, {'wild' if wild else 'tame'}"] = {
                method.value: {
                    name: float(np.mean([getattr(one[method], name) for one in scores]))
                    for name in ("wape", "ranked", "coverage_80", "pit_80")
                }
                for method in Method
            }
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=Path)
    parser.add_argument("--test-days", type=int, default=40)
    parser.add_argument("--sparse", type=int, metavar="QUEUES")
    parser.add_argument("--moving", type=int, metavar="QUEUES")
    parser.add_argument("--interval-min", type=int, default=30)
    parser.add_argument("--lead-days", type=int, default=14)
    parser.add_argument("--leave-out-days", type=int, default=0)
    parser.add_argument("--calendar", type=Path)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if chosen.sparse or chosen.moving:
        report = sparse_report(chosen.sparse) if chosen.sparse else moving_report(chosen.moving)
        print(
            json.dumps(report, indent=1) if chosen.json else "\n".join(f"{name}: {one}" for name, one in report.items())
        )
        return
    if chosen.series is None:
        parser.error("--series, --sparse or --moving is needed")
    series_report(chosen)


def series_report(chosen: argparse.Namespace) -> None:
    """Back-test the methods on a series and print what came of it."""
    history = load(chosen.series, chosen.interval_min, chosen.leave_out_days)
    calendar = calendar_from_csv(chosen.calendar.read_text(encoding="utf-8")) if chosen.calendar else Calendar()
    days = [history.days[row] for row in recorded_rows(history)[-chosen.test_days :]]
    started = time.perf_counter()
    tested = backtest(history, calendar, days, chosen.lead_days)
    pooled = backtest(history, calendar, days, chosen.lead_days, up_to_lead=True)
    seconds = time.perf_counter() - started
    peers = {}
    if chosen.peers and planning_peers.has("statsforecast"):
        peers["statsforecast MSTL"] = planning_peers.wape(
            *planning_peers.statsforecast_mstl(history, days, chosen.lead_days)
        )
    gaps, outages = (len(runs(history, state)) for state in (State.GAP, State.OUTAGE))
    if chosen.json:
        report = {
            "series": chosen.series.name,
            "interval_s": history.interval_s,
            "first_test_day": days[0].isoformat(),
            "last_test_day": days[-1].isoformat(),
            "test_days": len(days),
            "lead_days": chosen.lead_days,
            "gaps": gaps,
            "outages": outages,
            "notes": list(history.notes),
            "best": tested.best.value,
            "peers": {name: {"wape": found[0], "day_wape": found[1]} for name, found in peers.items()},
            "methods": {method.value: asdict(scores) for method, scores in tested.scores.items()},
            "pooled_over_leads": {method.value: asdict(scores) for method, scores in pooled.scores.items()},
            "seconds": seconds,
        }
        print(json.dumps(report, indent=1))
        return
    print(f"{len(days)} days, {days[0]} to {days[-1]}, {history.interval_s // 60} min, {seconds:.1f} s")
    print(f"{chosen.lead_days} days ahead", table(tested), sep="\n")
    for name, (by_slot, by_day) in peers.items():
        print(f"{name:<16} {by_slot:6.2%}  {by_day:6.2%}")
    print(f"1 to {chosen.lead_days} days ahead, pooled", table(pooled), sep="\n")
    if chosen.peers and not peers:
        print("statsforecast is not installed here")
    print(f"best: {tested.best.value}; {gaps} gaps and {outages} outages not learned from", *history.notes, sep="\n")


if __name__ == "__main__":
    main()
