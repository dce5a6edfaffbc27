"""Why people are missing somewhere, and the cheapest ways out.

The rules in conflict are found by asking the solver for the missing people while nothing else gets worse, and taking
away rules as long as it still says no. Ways out are rosters that were really made, with one thing changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from ortools.sat.python import cp_model

from scheduler.roster.check import check
from scheduler.roster.clock import Clock
from scheduler.roster.evaluate import Evaluator
from scheduler.roster.grid import FORBIDDEN, Grid, build
from scheduler.roster.model import Model
from scheduler.roster.problem import QUARTERS, Contract, Hours, Person, Problem, Request
from scheduler.roster.rules import RULES, add_rules
from scheduler.roster.search import Limits
from scheduler.roster.solve import Made, Short, breaks_of, make_roster, relieved, roster_of

EXTRA = "one more part-time signer"
"""What the person is called that nobody is yet."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What a way out costs in penalty points, so that ways can be compared with each other and with what they save."""

    overtime_hour: int = 60
    extra_hour: int = 40
    rule_break: int = 100
    overtime_min: int = 480
    extra_hours_a_week: int = 20


@dataclass(frozen=True)
class Way:
    """A way out: in words, what it costs in points beside the roster's own cost, and the roster made with it.

    `kind`: "overtime", "extra" (one more person) or "relaxed", with the `rule` that is.
    """

    kind: str
    rule: str
    words: str
    price: int
    saves: int
    made: Made


@dataclass(frozen=True)
class Why:
    """What is short, in a sentence; `rules`: the names of the rules that forbid more, each of them needed for it."""

    short: Short
    rules: tuple[str, ...]
    words: str


def why_short(problem: Problem, made: Made, short: Short, seconds: float = 5.0) -> Why:
    """Return the rules in conflict about one stretch of time in which people are missing.

    `seconds` of deterministic work for each question put to the solver.
    """
    where = words_of(problem, short)
    grid = relieved(build(problem))
    need = problem.needs[short.need]
    midnight = Clock(problem.first_day, problem.zone).instant(short.day, 0)
    row_ids = [
        i
        for i, row in enumerate(grid.rows)
        if row.need == short.need and row.at - midnight < short.to_q and short.from_q < row.at - midnight + row.quarters
    ]
    able = {
        p
        for p, person in enumerate(grid.people)
        for i in row_ids
        for day, duty, group in grid.rows[i].supply
        if person.group == group and person.cost[day, duty] < FORBIDDEN
    }
    if len(able) < need.required:
        words = f"{where}: {need.required} are wanted, and only {len(able)} people could be there on that day at all."
        return Why(short, ("absences, skills, sites",), words)
    conflict = _conflict(grid, made, row_ids, seconds, nothing_else_worse=False)
    alone = conflict is not None
    if conflict is None:
        conflict = _conflict(grid, made, row_ids, seconds, nothing_else_worse=True)
    if conflict is None:
        return Why(short, (), f"{where}: more people could be there, but other wishes weigh more, or time was short.")
    conflict = conflict or ("one duty a day",)  # with every rule that can be spared gone, there are too few people
    rest = "" if alone else ", without somebody missing elsewhere"
    return Why(short, conflict, f"{where}: nobody more can be there{rest} because of {', '.join(conflict)}.")


def words_of(problem: Problem, short: Short) -> str:
    """Return a gap in words: "1 missing on 2026-03-04, 09:00 to 10:30"."""
    day = problem.first_day + timedelta(days=short.day)
    need = problem.needs[short.need]
    if need.shift is not None:
        return f"{short.missing} missing on {day}, {need.shift}"
    kind = f" with {need.skill}" if need.skill else ""
    return f"{short.missing}{kind} missing on {day}, {_clock(short.from_q)} to {_clock(short.to_q)}"


def ways_out(
    problem: Problem,
    made: Made,
    rules: Sequence[str],
    limits: Limits,
    prices: Prices | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Way]:
    """Return the three ways out that leave least to pay in all: overtime, a part-time signer, or a rule relaxed.

    `rules`: those in conflict; each is relaxed by one step. `limits`: for each of the rosters made.
    """
    found = []
    for kind, rule, changed, price_of in _changes(problem, rules, prices or Prices()):
        if cancelled is not None and cancelled():
            break
        other = make_roster(changed, limits, cancelled=cancelled, first=made.roster)
        price = price_of(other)
        saves = made.cost - other.cost + (price if changed.requests != problem.requests else 0)
        if saves > price:
            words = {"overtime": "Overtime", "extra": EXTRA.capitalize()}.get(kind, f"{rule.capitalize()} relaxed")
            found.append(Way(kind, rule, f"{words}: {_used(problem, other)}", price, saves, other))
    return sorted(found, key=lambda way: way.price - way.saves)[:3]


def _conflict(
    grid: Grid, made: Made, row_ids: Sequence[int], seconds: float, *, nothing_else_worse: bool
) -> tuple[str, ...] | None:
    """Return rules that together forbid the missing people, none of which can be spared; None if there are none."""
    if not _refused(grid, made, row_ids, frozenset(), seconds, nothing_else_worse):
        return None
    rules = [name for name in RULES if name not in _STRUCTURE]
    dropped: set[str] = set()
    for name in rules:
        if _refused(grid, made, row_ids, frozenset({*dropped, name}), seconds, nothing_else_worse):
            dropped.add(name)
    return tuple(name for name in rules if name not in dropped)


def _refused(
    grid: Grid, made: Made, row_ids: Sequence[int], without: frozenset[str], seconds: float, nothing_else_worse: bool
) -> bool:
    """Tell whether the missing people are proved impossible under all rules but some."""
    model = Model(grid, {p: frozenset(range(grid.days)) for p in range(len(grid.people))})
    for p in model.free:
        add_rules(model, p, without)
    model.add_cover(touched_only=False)
    score = Evaluator(grid)
    roster = roster_of(grid, made.roster)
    there = score.present(score.counts(roster), breaks_of(grid, made)).tolist()
    for number, (row, present) in enumerate(zip(grid.rows, there, strict=True)):
        if number in row_ids:
            model.cp.add(model.short[number] == 0)
        elif nothing_else_worse:
            model.cp.add(model.short[number] <= max(0, row.required - present))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_deterministic_time = seconds
    return bool(solver.solve(model.cp) == cp_model.INFEASIBLE)


def _changes(
    problem: Problem, rules: Sequence[str], prices: Prices
) -> Iterator[tuple[str, str, Problem, Callable[[Made], int]]]:
    """Return each change by its kind and rule, the problem with it, and what its use costs."""

    def everybody(change: Callable[[Contract], Contract]) -> Problem:
        return replace(problem, people=tuple(replace(one, contract=change(one.contract)) for one in problem.people))

    def overtime(contract: Contract) -> Contract:
        more = prices.overtime_min
        return replace(contract, hours=tuple(replace(one, most_min=one.most_min + more) for one in contract.hours))

    def over_hours(made: Made) -> int:
        minutes = sum(_minutes(problem, made, one.name) for one in problem.people)
        paid = sum(_paid(problem, made, one) for one in problem.people)
        return -(-(minutes - paid) * prices.overtime_hour // 60)

    yield "overtime", "", everybody(overtime), over_hours
    extra = _extra(problem, prices)
    # Their hours cost what they cost in the roster already: of two that cover alike the one with fewer is better.
    cost_of = {one.name: -(-one.minutes * prices.extra_hour // 60) for one in problem.shifts}
    hours = tuple(
        Request(extra.name, day, False, cost, name) for day in range(problem.days) for name, cost in cost_of.items()
    )
    joined = replace(problem, people=(*problem.people, extra), requests=(*problem.requests, *hours))
    yield (
        "extra",
        "",
        joined,
        lambda made: sum(
            cost_of[name] for (who, _), names in made.roster.items() if who == extra.name for name in names
        ),
    )
    for name in rules:
        if name in _RELAXED:
            yield "relaxed", name, everybody(_RELAXED[name]), _breaks_price(problem, prices)


def _breaks_price(problem: Problem, prices: Prices) -> Callable[[Made], int]:
    return lambda made: prices.rule_break * len(check(problem, made.roster, made.breaks).broken)


def _extra(problem: Problem, prices: Prices) -> Person:
    """Return somebody who can do everything for some hours a week, with the rest that the others have."""
    weekly = Hours(prices.extra_hours_a_week * 60, 0, 7)
    rest = max(one.contract.min_rest_q for one in problem.people)
    skills = frozenset(skill for one in problem.people for skill in one.skills)
    contract = Contract(hours=(weekly,), max_days_on=5, min_rest_q=rest)
    return Person(EXTRA, contract, skills, seniority=max(one.seniority for one in problem.people))


def _minutes(problem: Problem, made: Made, name: str) -> int:
    shifts = {one.name: one.minutes for one in problem.shifts}
    return sum(shifts[shift] for (person, _), names in made.roster.items() if person == name for shift in names)


def _paid(problem: Problem, made: Made, person: Person) -> int:
    """Return the minutes within the contract; overtime is what is above the limit that is passed by most."""
    shifts = {one.name: one.minutes for one in problem.shifts}
    worst = 0
    for hours in person.contract.hours:
        period = hours.period_days or problem.days
        over = 0
        for first in range(0, problem.days, period):
            days = range(first, min(first + period, problem.days))
            minutes = sum(shifts[name] for day in days for name in made.roster.get((person.name, day), ()))
            over += max(0, minutes - hours.most_min)
        worst = max(worst, over)
    return _minutes(problem, made, person.name) - worst


def _used(problem: Problem, made: Made) -> str:
    """Return what the way comes to: the extra signer's hours by weekday, or what was broken and how often."""
    shifts = {one.name: one for one in problem.shifts}
    worked: Counter[str] = Counter()
    for (person, day), names in made.roster.items():
        weekday = (problem.first_day + timedelta(days=day)).strftime("%a")
        for name in names if person == EXTRA else ():
            start = shifts[name].start_q
            worked[f"{weekday} {_clock(start)} to {_clock(start + shifts[name].length_q)}"] += 1
    if worked:
        return ", ".join(f"{when} ({count}x)" for when, count in worked.most_common(8))
    broken = [one for one in check(problem, made.roster, made.breaks).broken if not one.startswith(EXTRA)]
    return "; ".join(broken[:6]) or "nothing of it is used"


def _clock(quarter: int) -> str:
    return f"{quarter % QUARTERS // 4:02}:{quarter % 4 * 15:02}"


_STRUCTURE = ("one duty a day", "fair shares")
_RELAXED: dict[str, Callable[[Contract], Contract]] = {
    "rest between days": lambda one: replace(one, min_rest_q=max(0, one.min_rest_q - 8)),
    "most days in a row": lambda one: replace(one, max_days_on=one.max_days_on + 1),
    "least days in a row": lambda one: replace(one, min_days_on=1),
    "least days off in a row": lambda one: replace(one, min_days_off=1),
    "weekends": lambda one: replace(one, most_weekends=None if one.most_weekends is None else one.most_weekends + 1),
    "days a week": lambda one: replace(
        one, days_a_week=None if one.days_a_week is None else min(7, one.days_a_week + 1)
    ),
    "most of a kind": lambda one: replace(one, most_of={kind: most + 1 for kind, most in one.most_of.items()}),
}
