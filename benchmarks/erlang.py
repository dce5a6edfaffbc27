"""Hold Erlang C and Erlang A against a table of reference values.

    python benchmarks/erlang.py --reference erlang_reference_values.csv [--json]

The table has the columns calls, interval_s, aht_s, agents, threshold_s, patience_s, and the figures named in `FIGURES`;
an empty cell is not compared, nor Erlang A without a patience. Printed is the largest relative error of each figure and
the row that has it; with `--peers` also pyworkforce's, where it is installed (see `benchmarks/planning_peers.py`).
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import planning_peers
from scheduler.erlang import Load, erlang_a, erlang_c
from scheduler.service_level import Definition

FIGURES = (
    *("C_Pw", "C_SL", "C_ASA_s", "C_occ", "C_Lq"),
    *("A_Pw", "A_Pab", "A_EW_s", "A_Lq", "A_occ"),
    *("A_SL_served_of_offered", "A_SL_served_of_answered", "A_P_offered_wait_le_T"),
)


def figures(row: dict[str, str]) -> dict[str, float]:
    """Compute every figure of one row of the table."""
    load = Load(calls=float(row["calls"]), interval_s=float(row["interval_s"]), aht_s=float(row["aht_s"]))
    agents, within_s = int(float(row["agents"])), float(row["threshold_s"])
    found: dict[str, float] = {}
    if load.spare(agents) > 0:
        c = erlang_c(load, agents)
        found |= {
            "C_Pw": c.delay_probability,
            "C_SL": c.service_level(within_s),
            "C_ASA_s": c.asa_s,
            "C_occ": c.occupancy,
            "C_Lq": c.queue_length,
        }
    if not row.get("patience_s"):
        return found
    a = erlang_a(load, agents, float(row["patience_s"]))
    return found | {
        "A_Pw": a.delay_probability,
        "A_Pab": a.abandonment,
        "A_EW_s": a.wait_s,
        "A_Lq": a.queue_length,
        "A_occ": a.occupancy,
        "A_SL_served_of_offered": a.service_level(within_s),
        "A_SL_served_of_answered": a.service_level(within_s, Definition.SERVED_OF_ANSWERED),
        "A_P_offered_wait_le_T": a.service_level(within_s, Definition.OFFERED_WAIT),
    }


def worst_errors(
    rows: list[dict[str, str]], compute: Callable[[dict[str, str]], dict[str, float]] = figures
) -> dict[str, dict[str, float | int]]:
    """Return for each figure its largest relative error, the line of the table that has it, and the rows compared."""
    worst: dict[str, dict[str, float | int]] = {}
    for line, row in enumerate(rows, start=2):
        found = compute(row)
        for name in FIGURES:
            told = row.get(name) or ""
            if name not in found or told.lower() in ("", "nan", "inf"):
                continue
            expected = float(told)
            error = abs(found[name] / expected - 1.0) if expected else abs(found[name])
            entry = worst.setdefault(name, {"relative_error": -1.0, "line": 0, "rows": 0})
            entry["rows"] += 1
            if error > entry["relative_error"]:
                entry["relative_error"], entry["line"] = error, line
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with chosen.reference.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    started = time.perf_counter()
    worst = worst_errors(rows)
    ms_per_row = (time.perf_counter() - started) / max(len(rows), 1) * 1000
    largest = max(float(entry["relative_error"]) for entry in worst.values())
    peers = {}
    if chosen.peers and planning_peers.has("pyworkforce"):
        started = time.perf_counter()
        peers["pyworkforce"] = worst_errors(rows, planning_peers.pyworkforce_erlang_c)
        peers_ms = (time.perf_counter() - started) / max(len(rows), 1) * 1000
    if chosen.json:
        report = {"rows": len(rows), "largest": largest, "ms_per_row": ms_per_row, "figures": worst, "peers": peers}
        print(json.dumps(report, indent=1))
        return
    print(f"{len(rows)} rows, {ms_per_row:.2f} ms a row, largest relative error {largest:.1e}")
    print_errors(worst)
    for peer, errors in peers.items():
        print(f"{peer}: {peers_ms:.2f} ms a row")
        print_errors(errors)
    if chosen.peers and not peers:
        print("pyworkforce is not installed here")


def print_errors(worst: dict[str, dict[str, float | int]]) -> None:
    for name, entry in worst.items():
        print(f"  {name:<26} {entry['relative_error']:.1e}  line {entry['line']} of {entry['rows']} rows")


if __name__ == "__main__":
    main()
