"""Rosters held against published instances, and against the sizes that a service has.

    python benchmarks/rostering.py --instance Instance5.txt --seconds 60 [--json]

The file is in the text format of Curtois and Qu. Printed: cost, bound, time, and what a check that shares no code with
the solver says. `--plain` solves the same with one plain CP-SAT model, for comparison.

    python benchmarks/rostering.py --size 6 --seconds 10 [--json]

A made-up service with that many signers, open from 8 to 20 with at least two there, four weeks (or `--weeks`) in
quarter hours, every rule on: contracts with weekly and monthly hours, legal rest, runs, nights, two skills, two sites,
seniority, wishes, absences, fair shares, breaks, and a roster
published before. The search may use `--workers` (8); `--seed` makes the service and the search.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
from ortools.sat.python import cp_model

from scheduler.errors import BadRoster
from scheduler.roster.check import check
from scheduler.roster.curtois import read
from scheduler.roster.grid import build
from scheduler.roster.model import Model
from scheduler.roster.problem import (
    WEEKEND,
    Before,
    BreakRule,
    Contract,
    Fairness,
    Hours,
    Need,
    Person,
    Problem,
    Request,
    ShiftType,
)
from scheduler.roster.rules import add_rules
from scheduler.roster.search import Limits, Progress
from scheduler.roster.solve import make_roster

HOUR = 4


def service(people: int, seed: int = 0, weeks: int = 4) -> Problem:
    """Return a made-up service of `people` signers that is a little short of staff, as services are."""
    days = 7 * weeks
    random = np.random.default_rng(seed)
    breaks = BreakRule(length_q=2, most_signing_q=16, apart_q=6)
    hours = {"early": 8, "day": 10, "late": 12}
    shifts = [ShiftType(name, start * HOUR, 8 * HOUR, breaks=breaks) for name, start in hours.items()]
    shifts += [
        ShiftType("short", 10 * HOUR, 5 * HOUR, site="east" if people >= 12 else None, tags=frozenset(["peak"])),
        ShiftType("evening", 16 * HOUR, 4 * HOUR, tags=frozenset(["peak", "night"])),
    ]
    members = []
    for number in range(people):
        part_time = number % 4 == 3
        most = 60 * (20 if part_time else 40)
        contract = Contract(
            hours=(Hours(most * weeks, most * weeks * 3 // 4), Hours(most + 480, 0, 7)),
            max_days_on=5,
            min_days_on=2,
            min_days_off=1 if part_time else 2,
            most_weekends=3 * weeks // 4,
            most_of={"night": 2 * weeks},
            min_rest_q=11 * HOUR,
        )
        skills = {"sign"} | ({"asl"} if number % 3 == 0 else set())
        sites = frozenset(["east"]) if number % 5 else frozenset(["east", "west"])
        before = Before(days_on=2, last_shift="late") if number % 3 == 1 else Before(days_off=2)
        members.append(Person(f"p{number}", contract, frozenset(skills), sites, number % 2, before))
    names = {one.name for one in members}
    needs = []
    curve = {8: 0.3, 10: 0.4, 12: 0.5, 15: 0.4, 17: 0.3}
    for day in range(days):
        scale = people * (0.62 if day % 7 >= 5 else 0.82)
        for start, end in zip(curve, [*list(curve)[1:], 20], strict=True):
            wanted = max(2, round(scale * curve[start] * float(random.uniform(0.9, 1.1))))
            floor = max(1, wanted // 2)
            needs.append(Need(day, start * HOUR, end * HOUR, wanted, floor, 20, 200, 2))
        needs.append(Need(day, 9 * HOUR, 17 * HOUR, max(1, people // 12), 0, 10, 0, 0, skill="asl"))
        needs.append(Need(day, 9 * HOUR, 17 * HOUR, 1, 0, 10, 0, 0, seniority=1))
    requests = [
        Request(f"p{number}", int(random.integers(days)), bool(random.random() < 0.4), int(random.integers(5, 40)))
        for number in range(people)
        for _ in range(3)
    ]
    absences = {(f"p{number}", int(random.integers(days))) for number in range(0, people, 2)}
    published = {
        (f"p{number}", day): ("day",) for number in range(people) for day in range(7) if (day + number) % 7 < 4
    }
    return Problem(
        first_day=date(2026, 3, 2),
        days=days,
        shifts=tuple(shifts),
        people=tuple(members),
        needs=tuple(needs),
        requests=tuple(requests),
        absences=frozenset(absences),
        fixed={("p0", 9): () if ("p0", 9) in absences else ("early",)},
        fairness=tuple(
            Fairness(
                burden, weight, people * times * weeks // 4, {name: had for name, had in past.items() if name in names}
            )
            for burden, weight, times, past in (
                ("night", 30, 5, {"p0": 4, "p1": 9}),
                (WEEKEND, 30, 2, {"p2": 3}),
                ("peak", 10, 8, {}),
            )
        ),
        published=published,
        change_weight=4,
    )


def plain(problem: Problem, seconds: float, workers: int) -> dict[str, object]:
    """Solve with one CP-SAT model and nothing else, for comparison."""
    started = time.perf_counter()
    grid = build(problem)
    model = Model(grid, {p: frozenset(range(grid.days)) for p in range(len(grid.people))})
    for p in model.free:
        add_rules(model, p)
    model.add_cover()
    model.minimize()
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = workers
    solver.parameters.max_time_in_seconds = seconds
    status = solver.solve(model.cp)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return {
        "objective": int(solver.objective_value) if found else None,
        "bound": solver.best_objective_bound,
        "seconds": round(time.perf_counter() - started, 2),
    }


def measured(problem: Problem, limits: Limits, say: bool) -> dict[str, object]:
    """Make the roster, check it by itself, and return what came of it."""

    def report(progress: Progress) -> None:
        if say:
            print(f"{progress.seconds:7.1f} s  {progress.cost}  {progress.bound:g}  {progress.phase}", file=sys.stderr)

    started = time.perf_counter()
    made = make_roster(problem, limits, report)
    seconds = time.perf_counter() - started
    checked = check(problem, made.roster, made.breaks)
    return {
        "objective": made.cost,
        "bound": made.bound,
        "gap": made.gap,
        "proved": made.proved,
        "seconds": round(seconds, 2),
        "check": "kept" if not checked.broken and checked.cost == made.cost else "broken",
        "checked_objective": checked.cost,
        "broken": list(checked.broken[:10]),
        "cost_of": dict(checked.cost_of),
        "short_of_hours": dict(checked.short_of_hours),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--instance", type=Path)
    what.add_argument("--size", type=int, metavar="PEOPLE")
    parser.add_argument("--weeks", type=int, default=4, choices=range(1, 27), metavar="1-26")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--progress", action="store_true")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    if not 0 < chosen.seconds < float("inf"):
        parser.error("--seconds must be above 0")
    if chosen.workers < 1 or (chosen.size is not None and chosen.size < 1):
        parser.error("--workers and --size must be 1 or more")
    began = time.perf_counter()
    try:
        report = answered(chosen, began)
    except BadRoster as refused:
        sys.exit(str(refused))
    print(json.dumps(report) if chosen.json else "\n".join(f"{key}: {value}" for key, value in report.items()))


def answered(chosen: argparse.Namespace, began: float) -> dict[str, object]:
    """Return what was asked for.

    Raises:
        BadRoster: the file cannot be read, or what it asks for contradicts itself.
    """
    if chosen.instance is not None:
        name, problem = chosen.instance.stem, read(text_of(chosen.instance))
    else:
        name, problem = f"{chosen.size} people", service(chosen.size, chosen.seed, chosen.weeks)
    if chosen.plain:
        found = plain(problem, chosen.seconds, chosen.workers)
    else:
        seconds = max(0.0, chosen.seconds - (time.perf_counter() - began))
        limits = Limits(seconds, workers=chosen.workers, seed=chosen.seed)
        found = measured(problem, limits, chosen.progress)
    return {"instance": name, **found}


def text_of(path: Path) -> str:
    """Return a file's text, with or without a byte order mark."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadRoster(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise BadRoster(f"{path} is not text in UTF-8: byte {error.start} is none.") from None


if __name__ == "__main__":
    main()
