"""Makes a roster: from a problem to names, breaks, what it costs, and what is short in it."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from ortools.sat.python import cp_model

from scheduler.roster.clock import Clock
from scheduler.roster.columns import keeps_sums, used
from scheduler.roster.evaluate import Evaluator
from scheduler.roster.greedy import greedy_line, lack
from scheduler.roster.grid import FORBIDDEN, Grid, PersonGrid, assigned, build
from scheduler.roster.model import Breaks, Model, Roster, Solution
from scheduler.roster.pricing import NEVER, Pricer
from scheduler.roster.problem import Assignment, Break, Problem
from scheduler.roster.rules import add_rules
from scheduler.roster.search import Limits, Progress, Search

_RELIEF_SHARE = 0.25
_LEAST_RELIEF_S = 0.05


@dataclass(frozen=True)
class Short:
    """People missing in a stretch of time: of need number `need` (from 0), `from_q` to `to_q` of the need's day."""

    need: int
    day: int
    from_q: int
    to_q: int
    missing: int
    below_floor: bool


@dataclass(frozen=True)
class Made:
    """A roster and what is known of it.

    `cost` and `bound` in penalty points: no roster costs less than `bound`. `proved`: this one costs least. `lacking`:
    minutes that people lack to their contract because no roster could give them, or there was no time to find one that
    does. `notes`: sentences.
    """

    roster: Assignment
    breaks: tuple[Break, ...]
    cost: int
    bound: float
    proved: bool
    seconds: float
    short: tuple[Short, ...]
    lacking: dict[str, int]
    notes: tuple[str, ...]

    @property
    def gap(self) -> float:
        """The share of the cost that might yet be saved."""
        return 0.0 if self.proved or self.cost == 0 else (self.cost - self.bound) / self.cost


def make_roster(
    problem: Problem,
    limits: Limits | None = None,
    report: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    first: Assignment | None = None,
    better: Callable[[Callable[[], Made]], None] | None = None,
) -> Made:
    """Return the best roster found within the limits; there always is one, if need be an empty one.

    `report` hears of each improvement. When `cancelled` says so the search ends soon with the best found. `first`: a
    roster that keeps all rules, to begin with. `better` is called at each improvement with what makes the best found so
    far, for whoever wants to keep it.

    Raises:
        BadRoster: the problem contradicts itself; the message names the row and the rule.
    """
    started_s = time.monotonic()
    limits = limits or Limits()
    grid = relieved(build(problem), limits.seconds)
    search = Search(grid, limits, report, cancelled, started_s=started_s)

    def heard(progress: Progress) -> None:
        if report is not None:
            report(progress)
        if better is not None:
            better(lambda: _made(grid, search))

    search.report = heard
    search.run(None if first is None else roster_of(grid, first))
    return _made(grid, search)


def _made(grid: Grid, search: Search) -> Made:
    """Return the best that a search has found."""
    best = search.best
    assert best is not None, "it tells of what it has found only"
    return Made(
        roster=assigned(grid, best.roster.tolist()),
        breaks=tuple(_breaks(grid, best)),
        cost=best.cost,
        bound=min(float(best.cost), search.bound),
        proved=best.cost - search.bound < 1,
        seconds=search.elapsed_s(),
        short=tuple(_short(grid, best)),
        lacking=_lacking(grid, best.roster),
        notes=grid.notes,
    )


def relieved(grid: Grid, seconds: float | None = None, now_s: Callable[[], float] = time.monotonic) -> Grid:
    """Return the grid with each person's least hours no higher than what the other rules let that person reach.

    `seconds`: the time there is for the whole roster, of which a share goes here; None looks at no clock. Where there
    is no time to prove what can be reached, it is what is known to be reached: `owed` has the proved part only.
    """
    pricer = Pricer(grid, together=False)
    until_s = math.inf if seconds is None else now_s() + _RELIEF_SHARE * seconds
    people = []
    for p in range(len(grid.people)):
        # Everybody has an equal share of what is left, so that there is some for the last one too.
        people.append(_relieved(grid, pricer, p, (until_s - now_s()) / (len(grid.people) - p)))
    return replace(grid, people=tuple(people))


def _relieved(grid: Grid, pricer: Pricer, p: int, seconds: float) -> PersonGrid:
    person = grid.people[p]
    if not any(one.least for one in person.resources):
        return person
    line, owed = greedy_line(grid, p), 0
    if not lack(person, line):
        return replace(person, line=tuple(line.tolist()))
    if seconds > _LEAST_RELIEF_S:
        prices = np.where(person.cost < FORBIDDEN, 0.0, NEVER)
        priced = pricer.price_one(p, prices, np.zeros(grid.days))
        if priced.duties and keeps_sums(person, priced.duties, pricer.relaxed[p]):
            return replace(person, line=priced.duties)
        model = Model(grid, {p: frozenset(range(grid.days))}, may_lack_hours=frozenset([p]))
        add_rules(model, p)
        # Hours alone: what is fair weighs nothing against a contract.
        model.terms, model.constant = [(minutes, 1) for minutes in model.lacks], 0
        model.minimize()
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.max_deterministic_time = 2.0
        if seconds < math.inf:
            solver.parameters.max_time_in_seconds = seconds
        if solver.solve(model.cp) in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            line = min(line, model.read(solver.value)[0][p], key=lambda one: lack(person, one))
            proved = min(lack(person, line), max(0, math.ceil(solver.best_objective_bound - 1e-6)))
            owed = proved * grid.problem.least_hours_weight
    duties = tuple(line.tolist())
    resources = tuple(replace(one, least=min(one.least, used(one, duties))) for one in person.resources)
    return replace(person, resources=resources, line=duties, owed=owed)


def _lacking(grid: Grid, roster: Roster) -> dict[str, int]:
    """Return the minutes that people lack to their contract in a roster."""
    lacking = {
        person.name: sum(max(0, one.least_minutes - used(one, line) * one.unit) for one in person.resources)
        for person, line in zip(grid.people, roster.tolist(), strict=True)
    }
    return {name: minutes for name, minutes in lacking.items() if minutes}


def roster_of(grid: Grid, roster: Assignment) -> Roster:
    """Return a roster by names as duty indices."""
    names = [tuple(grid.problem.shifts[shift].name for shift in duty.shifts) for duty in grid.duties]
    lines = np.full((len(grid.people), grid.days), -1, dtype=np.int64)
    for p, person in enumerate(grid.people):
        for day in range(grid.days):
            worked = roster.get((person.name, day), ())
            if worked:
                lines[p, day] = names.index(worked)
    return lines


def _breaks(grid: Grid, best: Solution) -> list[Break]:
    """Give the chosen break plans to the people of each shift, in turn by day so that nobody always has the same."""
    takers: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for p, person in enumerate(grid.people):
        for day, duty in enumerate(best.roster[p].tolist()):
            for shift in grid.duties[duty].shifts if duty >= 0 else ():
                takers[day, shift, person.group].append(p)
    found = []
    for (day, shift, group), people in takers.items():
        plans = grid.plans[shift]
        if not plans:
            continue
        counts = best.breaks.get((day, shift, group)) or (len(people), *[0] * (len(plans) - 1))
        turned = people[day % len(people) :] + people[: day % len(people)]
        chosen = [plan for plan, count in zip(plans, counts, strict=True) for _ in range(count)]
        for p, plan in zip(turned, chosen, strict=True):
            name = grid.problem.shifts[shift].name
            found += [Break(grid.people[p].name, day, name, start, end) for start, end in plan]
    return sorted(found, key=lambda one: (one.day, one.person, one.from_q))


def breaks_of(grid: Grid, made: Made) -> Breaks:
    """Return how many people of each (day, shift, group) take each break plan of a roster."""
    names = {person.name: person.group for person in grid.people}
    shifts = {one.name: index for index, one in enumerate(grid.problem.shifts)}
    taken: dict[tuple[str, int, str], list[tuple[int, int]]] = defaultdict(list)
    for one in made.breaks:
        taken[one.person, one.day, one.shift].append((one.from_q, one.to_q))
    counts: dict[tuple[int, int, int], list[int]] = {}
    for (name, day, shift), spans in taken.items():
        plans = grid.plans[shifts[shift]]
        counts.setdefault((day, shifts[shift], names[name]), [0] * len(plans))[plans.index(tuple(sorted(spans)))] += 1
    return {key: tuple(plan) for key, plan in counts.items()}


def _short(grid: Grid, best: Solution) -> list[Short]:
    score = Evaluator(grid)
    present = score.present(score.counts(best.roster), best.breaks).tolist()
    clock = Clock(grid.problem.first_day, grid.problem.zone)
    found: list[Short] = []
    for row, there in zip(grid.rows, present, strict=True):
        if there >= row.required:
            continue
        need = grid.problem.needs[row.need]
        start = row.at - clock.instant(need.day, 0)
        one = Short(row.need, need.day, start, start + row.quarters, row.required - there, there < row.floor)
        last = found[-1] if found else None
        if last is not None and replace(last, to_q=one.to_q, from_q=one.from_q) == one and last.to_q == one.from_q:
            found[-1] = replace(last, to_q=one.to_q)
        else:
            found.append(one)
    return found
