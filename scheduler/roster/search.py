"""The search for a roster: build one, bound it by column generation, dive, then improve it in neighbourhoods.

1. `construct`: each person in turn gets the best roster given everybody else's, again and again (exact, by `Pricer`).
2. A small team is solved as a whole, by `search_team`; larger ones go on with 3 and 4.
3. `Master.generate`: the linear programme over whole rosters; its value bounds every roster from below.
4. `_dive`: people are fixed to the rosters that the programme likes most; the last few are solved together, exactly.
5. Neighbourhoods in CP-SAT, from the best roster: some people on all days, or all people in a window of days.

Each step keeps the best found. With `seconds` None nothing looks at a clock: the same seed gives the same roster.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from scheduler.roster.cancel import unless
from scheduler.roster.columns import Column, Master, keeps_sums
from scheduler.roster.evaluate import Evaluator
from scheduler.roster.greedy import greedy_line
from scheduler.roster.grid import FORBIDDEN, Grid
from scheduler.roster.model import Model, Roster, Solution, spread_breaks
from scheduler.roster.pricing import NEVER, Pricer
from scheduler.roster.rules import add_rules
from scheduler.roster.team_search import search_team

_FOUND = (cp_model.OPTIMAL, cp_model.FEASIBLE)
_TURNS = 4
_TOGETHER = 6
_LINE_S = 5.0
_WORK_S = 2.0
_TINY_SIZE = 120
_WHOLE_SIZE = 4000
_ROUNDS = 40
_DIVE_ROUNDS = 6
_SURE = 0.7
_AT_ONCE = 15
_AT_ONCE_LATE = 6
_BREAKS_S = 4.0
_MOST_COLUMNS = 3000
_WINDOW_SIZE = 200
_MOST_FREE_DAYS = 1000
_AFTER_S = 0.0006
_NEAR = 0.01
_DOUBTS = 0.25
_MOST_DOUBTS = 6


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to search: `seconds` of clock, or None for exactly `rounds` neighbourhoods with one worker.

    `workers`: CP-SAT's search workers. `gap`: stop when cost and bound differ by at most this share.
    """

    seconds: float | None = 60.0
    rounds: int = 30
    workers: int = 8
    gap: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known so far; `bound` is None until there is one."""

    seconds: float
    cost: int
    bound: float | None
    phase: str


@dataclass
class Search:
    """One search over one grid; `run` may be called once. `cancelled` is asked often, `report` told of improvements.

    `owed`: points for what contracts provably lack in any roster, which are no part of the models' objective.
    """

    grid: Grid
    limits: Limits
    report: Callable[[Progress], None] | None = None
    cancelled: Callable[[], bool] | None = None
    bound: float = 0.0
    best: Solution | None = None
    phase: str = "first roster"
    started_s: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._score = Evaluator(self.grid)
        self._pricer = Pricer(self.grid, together=False)
        self._random = np.random.default_rng(self.limits.seed)
        self.owed = sum(person.owed for person in self.grid.people)

    def run(self, first: Roster | None = None) -> Solution:
        """Return the best roster found; `first` is a roster that keeps the rules, to begin with."""
        self._keep(self._complete(self._construct() if first is None else first))
        assert self.best is not None
        tiny = self._size() <= _TINY_SIZE
        if tiny and not self.done():
            self._whole()
        if not self.done() and not search_team(self):
            if not tiny:
                self._whole()
            if not self.done():
                self._columns()
        self.phase = "neighbourhoods"
        if not self.done():
            self._neighbourhoods()
        return self.best

    def elapsed_s(self) -> float:
        """Return the seconds since `started_s`, on the monotonic clock."""
        return time.monotonic() - self.started_s

    def left_s(self) -> float:
        """Return the seconds left to search, infinite where no clock is looked at."""
        if self.limits.seconds is None:
            return np.inf
        # Some time is left for what cannot be cut short: the last model made, names, breaks, what is short.
        after = 0.01 * self.limits.seconds + _AFTER_S * len(self.grid.people) * self.grid.days
        return self.limits.seconds - min(after, 0.1 * self.limits.seconds) - self.elapsed_s()

    def done(self) -> bool:
        """Tell whether the search is stopped, or its best is good enough."""
        assert self.best is not None
        proved = self.best.cost - self.bound <= max(0.999, self.limits.gap * self.best.cost)
        return self.stopped() or proved

    def stopped(self) -> bool:
        """Tell whether the time is over, or somebody has cancelled."""
        return self.left_s() <= 0 or (self.cancelled is not None and self.cancelled())

    def _keep(self, found: Solution | None) -> bool:
        if found is None or (self.best is not None and found.cost >= self.best.cost):
            return False
        self.best = found
        self._tell()
        return True

    def keep_roster(self, roster: Roster | None) -> None:
        """Keep a roster, with its best breaks, if it is better than the best."""
        if roster is not None:
            self._keep(self._complete(roster))

    def _tell(self) -> None:
        if self.report is not None and self.best is not None:
            self.report(Progress(self.elapsed_s(), self.best.cost, self.bound, self.phase))

    def raise_bound(self, bound: float) -> None:
        """Take note of a bound of the models, which leave aside what contracts lack in any roster."""
        bound = np.ceil(bound - 1e-6) + self.owed
        if np.isfinite(bound) and bound > self.bound:
            self.bound = float(bound)
            self._tell()

    def _complete(self, roster: Roster) -> Solution:
        """Return a roster with its best breaks."""
        breaks = spread_breaks(self.grid, roster)
        if breaks:
            model = Model(self.grid, {}, roster)
            model.add_cover(touched_only=False)
            model.minimize()
            model.hint(Solution(roster, breaks, 0))
            solver, status = self._solve(model, _BREAKS_S)
            if status in _FOUND:
                breaks.update(model.read(solver.value)[1])
        return Solution(roster, breaks, self._score.cost(roster, breaks))

    def _solve(self, model: Model, seconds: float, workers: int | None = None) -> tuple[cp_model.CpSolver, object]:
        solver = cp_model.CpSolver()
        solver.parameters.random_seed = self.limits.seed + int(self._random.integers(1 << 20))
        if self.limits.seconds is None:
            solver.parameters.num_workers = 1
            solver.parameters.max_deterministic_time = seconds
        else:
            solver.parameters.num_workers = self.limits.workers if workers is None else workers
            solver.parameters.max_time_in_seconds = max(0.05, min(seconds, self.left_s()))
        return solver, unless(self.cancelled, lambda: solver.solve(model.cp), solver.stop_search)

    def _construct(self) -> Roster:
        """Return a roster in which nobody's line can be bettered alone."""
        grid, pricer = self.grid, self._pricer
        roster = np.full((len(grid.people), grid.days), -1, dtype=np.int64)
        counts, late = self._score.counts(roster), self.until(0.3)
        for turn in range(_TURNS):
            changed = False
            for p in self._random.permutation(len(grid.people)).tolist():
                if turn and late():
                    return roster
                self._score.move(counts, p, roster[p], -1)
                saving = self._score.saving(counts)[:, :, grid.people[p].group]
                line = self._quick_line(p, saving) if late() else self._best_line(pricer, p, saving)
                changed |= not np.array_equal(line, roster[p])
                roster[p] = line
                self._score.move(counts, p, line, 1)
            if not changed:
                break
        return roster

    def _best_line(self, pricer: Pricer, p: int, saving: np.ndarray) -> np.ndarray:
        """Return a person's best line at given prices of work: by the dynamic programme, else by CP-SAT."""
        person = self.grid.people[p]
        prices = np.where(person.cost < FORBIDDEN, person.cost + saving, NEVER)
        priced = pricer.price_one(p, prices, person.off_cost.astype(np.float64))
        if priced.duties and keeps_sums(person, priced.duties, pricer.relaxed[p]):
            return np.asarray(priced.duties, dtype=np.int64)
        model = Model(self.grid, {p: frozenset(range(self.grid.days))})
        add_rules(model, p)
        for day in range(self.grid.days):
            for duty, literal in model.x[p, day].items():
                model.cost(literal, round(saving[day, duty]))
        model.minimize()
        each = _LINE_S if self.limits.seconds is None else self.limits.seconds / 4 / len(self.grid.people)
        solver, status = self._solve(model, min(_LINE_S, each), workers=1)
        return np.asarray(model.read(solver.value)[0][p]) if status in _FOUND else self._quick_line(p, saving)

    def _quick_line(self, p: int, saving: np.ndarray) -> np.ndarray:
        """Return a line that keeps the rules, however little time is left; short of hours only if none is known."""
        person = self.grid.people[p]
        line = greedy_line(self.grid, p, person.cost + saving)
        if person.line and not keeps_sums(person, line.tolist(), range(len(person.resources))):
            return np.asarray(person.line, dtype=np.int64)
        return line

    def _whole(self) -> None:
        """Try the whole problem in CP-SAT for a short while: small ones are proved best at once."""
        self.phase = "whole problem"
        if self._size() <= _WHOLE_SIZE:
            self._neighbourhood(range(len(self.grid.people)), range(self.grid.days), self.share(0.08))

    def _size(self) -> int:
        return sum(int((person.cost < FORBIDDEN).sum()) for person in self.grid.people)

    def share(self, share: float) -> float:
        """Return a share of all seconds; a fixed amount of work where no clock is looked at."""
        return _WORK_S if self.limits.seconds is None else share * self.limits.seconds

    def until(self, share: float) -> Callable[[], bool]:
        """Return what says whether a share of the time is over, or the search is stopped."""
        until = self.elapsed_s() + self.share(share)
        return lambda: self.stopped() or (self.limits.seconds is not None and self.elapsed_s() > until)

    def _columns(self) -> None:
        """Generate columns, dive, and solve the programme over the best columns in whole numbers."""
        assert self.best is not None
        self.phase = "columns"
        if self._pricer.too_large:
            return
        left_s = None if self.limits.seconds is None else self.left_s
        master = Master(self.grid, 10.0 * self.best.cost / len(self.grid.people) + 1000, left_s)
        for p, line in enumerate(self.best.roster):
            master.add(p, tuple(int(duty) for duty in line))
        rounds = _ROUNDS if self.limits.seconds is None else 1 << 20
        master.generate(self.until(0.4), most_rounds=rounds)
        self.raise_bound(master.bound)
        self.phase = "dive"
        in_time = not self.done() and self._dive(master, rounds)
        self.phase = "best columns"
        if not self.done():
            self._best_columns(master)
        # Now and then a dive goes wrong: while they take little time, again with another choice.
        late = self.until(_DOUBTS)
        for doubt in range(_MOST_DOUBTS if in_time and self.limits.seconds is not None else 0):
            if late() or self.done() or self.best.cost - self.bound <= _NEAR * self.best.cost:
                break
            self.phase = "dive"
            self._dive(master, rounds, doubt)

    def _dive(self, master: Master, rounds: int, doubt: int | None = None) -> bool:
        """Fix people one after the other to what the programme likes most; leave the last few to CP-SAT.

        `doubt`: the number of the choice, from 0, that is made otherwise. Tell whether there was time for all of it.
        """
        people = len(self.grid.people)
        lines: dict[int, np.ndarray] = {}
        choices = 0
        stop = self.until(0.3)
        while len(lines) < people - _TOGETHER and not self.stopped():
            liked = [
                (share, index)
                for share, index in master.chosen()
                if master.columns[index].usable and master.columns[index].person not in lines
            ]
            late = stop()
            few = max(1, (people - len(lines)) // (_AT_ONCE_LATE if late else _AT_ONCE))
            chosen = [(share, index) for share, index in liked if share > _SURE]
            if not chosen:
                chosen, choices = (liked[few:] if choices == doubt else liked)[:few], choices + 1
            if not chosen:
                break
            for _, index in chosen:
                column = master.columns[index]
                if column.person not in lines:
                    lines[column.person] = np.asarray(column.duties, dtype=np.int64)
                    master.fix(index)
            if late:
                master.solve(narrowed=True)  # no time for new columns: choose among those there are
                continue
            master.generate(stop, frozenset(lines), 1e-3, min(rounds, _DIVE_ROUNDS))
        master.free_all()
        master.solve()
        assert self.best is not None
        roster = self.best.roster.copy()
        for p, line in lines.items():
            roster[p] = line
        rest = [p for p in range(people) if p not in lines]
        kept = self.best
        self.best = self._complete(roster)
        self._neighbourhood(rest, range(self.grid.days), self.share(0.08))
        self.best = min(kept, self.best, key=lambda one: one.cost)
        self._tell()
        return not stop()

    def _best_columns(self, master: Master) -> None:
        """Choose among the usable columns, in whole numbers."""
        assert self.best is not None
        model = Model(self.grid, {})
        pools: dict[tuple[int, int, int], list[Any]] = defaultdict(list)
        ways: dict[int, list[tuple[Any, Column]]] = defaultdict(list)
        for column in master.cheapest(self.best.roster)[:_MOST_COLUMNS]:
            literal = model.cp.new_bool_var("")
            ways[column.person].append((literal, column))
            model.cost(literal, column.cost)
            group = self.grid.people[column.person].group
            for day, duty in enumerate(column.duties):
                if duty >= 0:
                    pools[day, duty, group].append(literal)
        for p in range(len(self.grid.people)):
            model.cp.add_exactly_one(literal for literal, _ in ways[p])
            for literal, column in ways[p]:
                model.cp.add_hint(literal, int(column.duties == tuple(self.best.roster[p].tolist())))
        model.add_cover(pools, touched_only=False)
        model.minimize()
        solver, status = self._solve(model, self.share(0.06))
        if status in _FOUND:
            lines = [next(c.duties for literal, c in ways[p] if solver.value(literal)) for p in sorted(ways)]
            _, breaks = model.read(solver.value)
            roster = np.asarray(lines, dtype=np.int64)
            self._keep(Solution(roster, breaks, self._score.cost(roster, breaks)))

    def _neighbourhoods(self) -> None:
        """Better the roster in neighbourhoods whose size follows how hard they turn out to be."""
        people, days = len(self.grid.people), self.grid.days
        some, window = max(1, min(people, 6, _MOST_FREE_DAYS // days)), min(days, 7)
        rounds = 0
        while not self.done():
            if self.limits.seconds is None and rounds >= self.limits.rounds:
                return
            rounds += 1
            limit = min(_WORK_S * 2, self.share(0.06))
            if rounds % 2 or window >= days:
                free_people: Iterable[int] = self._related(some)
                easy = self._neighbourhood(free_people, range(days), limit)
                some = max(2, min(people, some + (1 if easy else -1)))
            else:
                first = int(self._random.integers(0, days - window + 1))
                share = self._random.permutation(people)[: max(2, int(_WINDOW_SIZE / window))]
                easy = self._neighbourhood(share.tolist(), range(first, first + window), limit)
                window = max(3, min(days, window + (1 if easy else -1)))

    def _related(self, count: int) -> list[int]:
        """Return people to free together: around a row of cover that costs most, or at random."""
        assert self.best is not None
        people = len(self.grid.people)
        order = self._random.permutation(people).tolist()
        if self._random.random() < 0.5:
            return [int(p) for p in order[:count]]
        mine = self.best.roster[order[0]]
        likeness = (self.best.roster != mine).sum(axis=1) + self._random.random(people) * self.grid.days / 2
        return [int(p) for p in np.argsort(likeness)[:count]]

    def _neighbourhood(self, people: Iterable[int], days: Iterable[int], seconds: float) -> bool:
        """Solve a part of the problem from the best roster; tell whether it was solved to the end."""
        assert self.best is not None
        free_days = frozenset(days)
        model = Model(self.grid, dict.fromkeys(people, free_days), self.best.roster)
        for p in model.free:
            add_rules(model, p)
        model.add_cover()
        model.minimize()
        model.hint(self.best)
        solver, status = self._solve(model, seconds)
        whole = len(model.free) == len(self.grid.people) and len(free_days) == self.grid.days
        if whole and status != cp_model.INFEASIBLE:
            self.raise_bound(solver.best_objective_bound)
        if status in _FOUND:
            roster, breaks = model.read(solver.value)
            breaks = {**self.best.breaks, **breaks}
            self._keep(Solution(roster, breaks, self._score.cost(roster, breaks)))
        return bool(status == cp_model.OPTIMAL)
