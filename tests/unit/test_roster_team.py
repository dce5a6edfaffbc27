"""A small team as a whole: the exact cost of days, and bounds, against everything that there is to choose from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import product

import numpy as np
import pytest
from ortools.sat.python import cp_model

from scheduler.roster.breaks import plans_of
from scheduler.roster.check import check
from scheduler.roster.days import NO_WAY, DayCosts, day_costs
from scheduler.roster.grid import Grid, build
from scheduler.roster.model import Model, Roster
from scheduler.roster.pricing import Pricer
from scheduler.roster.problem import (
    WEEKEND,
    Before,
    Break,
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
from scheduler.roster.solve import make_roster, relieved
from scheduler.roster.team import Team

pytestmark = pytest.mark.unit

MONDAY = date(2026, 3, 2)
RESTED = BreakRule(length_q=2, most_signing_q=16, apart_q=6)
EARLY = ShiftType("early", 32, 32, breaks=RESTED)
SHORT = ShiftType("short", 40, 20, breaks=RESTED)
LATE = ShiftType("late", 60, 28, tags=frozenset(["night"]), not_before=frozenset(["early"]))
NIGHT = ShiftType("night", 88, 32)


def never() -> bool:
    return False


def a_day(seed: int) -> Problem:
    """One day of three people, two of whom count for everything alike."""
    random = np.random.default_rng(seed)

    def need(from_q: int, to_q: int, skill: str | None = None, seniority: int = 0) -> Need:
        wanted = int(random.integers(1, 4))
        short, below, over = (int(random.integers(1, high)) for high in (30, 90, 5))
        floor = int(random.integers(0, wanted + 1))
        return Need(0, from_q, to_q, wanted, floor, short, below, over, skill, seniority)

    terms = Contract(hours=(Hours(480),))
    people = (Person("a", terms, frozenset(["asl"])), Person("b", terms, seniority=1), Person("c", terms, seniority=1))
    needs = (need(32, 44), need(44, 60), need(60, 88), need(40, 56, skill="asl"), need(36, 66, seniority=1))
    return Problem(MONDAY, 1, (EARLY, SHORT), people, needs, unavailable=frozenset([("c", 0, "early")]))


def placings(problem: Problem, worked: tuple[str, ...]) -> Iterator[list[Break]]:
    """Every way to give breaks to people who work these shifts."""
    plans = {one.name: plans_of(one) for one in problem.shifts}
    at_work = [(who.name, shift) for who, shift in zip(problem.people, worked, strict=True) if shift]
    for chosen in product(*(plans[shift] for _, shift in at_work)):
        yield [
            Break(name, 0, shift, start, end)
            for (name, shift), plan in zip(at_work, chosen, strict=True)
            for start, end in plan
        ]


def cover_points(problem: Problem, worked: tuple[str, ...], breaks: list[Break]) -> int:
    roster = {(who.name, 0): (shift,) for who, shift in zip(problem.people, worked, strict=True) if shift}
    found = check(problem, roster, breaks).cost_of
    return sum(found.get(what, 0) for what in ("short", "below the floor", "excess"))


@pytest.mark.parametrize("seed", range(3))
def test_a_day_costs_what_the_best_of_all_ways_to_place_its_breaks_costs(seed: int) -> None:
    problem = a_day(seed)
    costs = day_costs(build(problem))
    assert costs is not None
    names = ["", *(one.name for one in problem.shifts)]
    for way, points in zip(costs.ways.tolist(), costs.costs[0].tolist(), strict=True):
        worked = tuple(names[choice] for choice in way)
        if worked[2] == "early":
            assert points == NO_WAY
        else:
            assert points == min(cover_points(problem, worked, breaks) for breaks in placings(problem, worked))


def weeks(seed: int, days: int = 10, days_a_week: int | None = 3) -> Problem:
    """Three people with everything that binds a person, on days whose cover stands alone."""
    random = np.random.default_rng(seed)

    def pick(low: int, high: int) -> int:
        return int(random.integers(low, high + 1))

    people = tuple(
        Person(
            f"p{number}",
            Contract(
                hours=(Hours(480 * pick(4, days), 480 * pick(0, 2)), Hours(480 * 5, 0, 7)),
                max_days_on=pick(2, 4),
                min_days_on=pick(1, 2),
                min_days_off=pick(1, 3),
                most_weekends=(None, 1)[pick(0, 1)],
                days_a_week=(None, days_a_week)[(seed + number) % 2],
                most_of={"night": pick(2, 4)},
                min_rest_q=pick(32, 44),
            ),
            frozenset(["asl"] if number % 2 else []),
            before=(None, Before(days_on=1, last_shift="late"), Before(days_off=1))[pick(0, 2)],
        )
        for number in range(3)
    )
    needs = [
        Need(day, start, start + 14, pick(0, 3), pick(0, 0), pick(1, 30), 0, pick(0, 3), skill=skill)
        for day in range(days)
        for start, skill in ((32, None), (46, None), (60, "asl"), (74, None))
    ]
    return Problem(
        date(2026, 3, 4),
        days,
        (EARLY, LATE),
        people,
        tuple(needs),
        requests=(Request("p0", pick(0, days - 1), True, 30), Request("p1", pick(0, days - 1), False, 30)),
        absences=frozenset([("p2", pick(0, days - 1))]),
        fairness=(Fairness("night", 9, 5, {"p0": 2}), Fairness(WEEKEND, 7, 2)),
        published={("p0", 0): ("early",), ("p1", 1): ("late",)},
        change_weight=3,
    )


def plain_optimum(grid: Grid) -> int:
    """The least cost of all rosters, by one model without flows, ways or bounds."""
    model = Model(grid, {p: frozenset(range(grid.days)) for p in range(len(grid.people))})
    for p in model.free:
        add_rules(model, p)
    model.add_cover()
    model.minimize()
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    assert solver.solve(model.cp) == cp_model.OPTIMAL
    return round(solver.objective_value)


def costs_of(grid: Grid) -> DayCosts:
    costs = day_costs(grid)
    assert costs is not None
    return costs


@pytest.mark.parametrize("seed", range(6))
def test_no_bound_lies_above_the_best_roster_and_the_team_finds_it(seed: int) -> None:
    problem = weeks(seed)
    grid = relieved(build(problem))
    best = plain_optimum(grid)
    team = Team(grid, costs_of(grid))
    team.generate(never)
    assert team.bound <= best
    assert team.choose(best - team.bound + 1, None, 100, 0.0) is not None
    assert best - 1 < team.bound <= best


def test_weeks_of_a_small_team_are_proved_best_and_keep_every_rule() -> None:
    problem = weeks(0, 28, days_a_week=None)
    heard: list[Progress] = []
    made = make_roster(problem, Limits(seconds=None, rounds=20), heard.append)
    checked = check(problem, made.roster, made.breaks)
    assert (checked.broken, checked.cost, made.proved) == ((), made.cost, True)
    assert dict(checked.short_of_hours) == made.lacking
    assert heard[-1].phase == "team"


def test_what_was_left_out_keeps_the_bound_down() -> None:
    grid = relieved(build(weeks(1)))
    team = Team(grid, costs_of(grid))
    team.generate(never)
    loose = team.bound
    team.choose(1.0, None, 100, 0.0)
    assert loose <= team.bound <= loose + 1.0


def test_a_search_that_is_stopped_at_once_has_a_bound_or_none_but_never_a_wrong_one() -> None:
    grid = relieved(build(weeks(2)))
    team = Team(grid, costs_of(grid))
    asked = 0

    def soon() -> bool:
        nonlocal asked
        asked += 1
        return asked > 2

    team.generate(soon)
    assert team.bound <= plain_optimum(grid)
    assert Team(grid, costs_of(grid)).bound == -np.inf


def test_a_cancelled_choice_ends_and_breaks_nothing() -> None:
    grid = relieved(build(weeks(3)))
    team = Team(grid, costs_of(grid))
    team.generate(never)
    roster = team.choose(1e6, 30.0, 0, 0.0, lambda: True)
    assert roster is None or roster.shape == (3, 10)


def given(grid: Grid, roster: Roster) -> int:
    """The least cost of a roster whose lines are given, so that only breaks are left to choose."""
    model = Model(grid, {p: frozenset(range(grid.days)) for p in range(len(grid.people))})
    for p in model.free:
        add_rules(model, p)
    model.add_cover()
    model.minimize()
    for (p, day), literals in model.x.items():
        for duty, literal in literals.items():
            model.cp.add(literal == int(roster[p, day] == duty))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    assert solver.solve(model.cp) == cp_model.OPTIMAL, "a rule is broken"
    return round(solver.objective_value)


@pytest.mark.parametrize("seed", range(3))
def test_a_dive_is_a_roster_that_keeps_the_rules_and_costs_what_it_says(seed: int) -> None:
    grid = relieved(build(weeks(seed)))
    team = Team(grid, costs_of(grid))
    team.generate(never)
    bound, most = team.bound, plain_optimum(grid) * 2
    dives = [team.dive(never, most, doubt) for doubt in (None, 0, 1)]
    rosters = [(dive.roster, dive.cost) for dive in dives if dive.roster is not None]
    assert rosters
    for roster, cost in rosters:
        assert given(grid, roster) == pytest.approx(cost, abs=1e-3)
        assert bound <= cost < most
    team.generate(never)
    assert team.bound == pytest.approx(bound, abs=0.1), "days that were given are free again, and a dive bounds nothing"


def test_a_dive_that_is_stopped_or_comes_to_nothing_better_has_no_roster() -> None:
    grid = relieved(build(weeks(2)))
    team = Team(grid, costs_of(grid))
    team.generate(never)
    assert team.dive(lambda: True, np.inf).roster is None
    assert team.dive(never, team.bound).roster is None
    assert team.dive(never, np.inf).roster is not None


@pytest.mark.parametrize("workers", [1, 2])
def test_a_small_team_is_searched_on_one_core_or_two(workers: int) -> None:
    problem = weeks(5)
    made = make_roster(problem, Limits(seconds=1000.0, workers=workers))
    checked = check(problem, made.roster, made.breaks)
    assert (checked.broken, checked.cost, made.proved) == ((), made.cost, True)


def test_large_teams_and_stretches_that_two_days_share_are_left_to_the_columns() -> None:
    problem = weeks(0)
    many = tuple(replace(problem.people[0], name=f"q{number}") for number in range(20))
    large = replace(problem, people=many, requests=(), absences=frozenset(), fairness=(), published=None)
    assert day_costs(build(large)) is None
    shared = replace(problem, shifts=(EARLY, LATE, replace(EARLY, name="dawn", start_q=20), NIGHT))
    needs = (*problem.needs, Need(1, 20, 24, 1))
    assert day_costs(build(replace(shared, needs=needs))) is None
    assert day_costs(build(replace(shared, needs=problem.needs))) is not None
    by_shift = tuple(Need(day, 0, 0, 1, shift="early") for day in range(problem.days))
    assert day_costs(build(replace(problem, needs=by_shift))) is None


def test_half_a_year_has_a_roster_although_no_table_of_it_fits() -> None:
    terms = Contract(
        hours=(Hours(60 * 1000, 60 * 600),), max_days_on=5, min_days_on=2, min_days_off=2, most_weekends=13
    )
    shifts = (EARLY, replace(LATE, paid_min=405), replace(SHORT, paid_min=310, tags=frozenset(["peak"])))
    needs = tuple(Need(day, 32, 88, 1, excess_weight=0) for day in range(182))
    people = tuple(Person(f"p{number}", terms) for number in range(2))
    problem = Problem(MONDAY, 182, shifts, people, needs)
    assert Pricer(build(problem), together=False).too_large == {0, 1}
    made = make_roster(problem, Limits(seconds=1.0, workers=1))
    checked = check(problem, made.roster, made.breaks)
    assert (checked.broken, checked.cost, made.lacking) == ((), made.cost, {})
    hurried = make_roster(problem, Limits(seconds=0.01, workers=1))
    checked = check(problem, hurried.roster, hurried.breaks)
    assert (checked.broken, checked.cost, hurried.lacking) == ((), hurried.cost, {})


def test_few_enough_ways_are_chosen_from() -> None:
    grid = relieved(build(weeks(4)))
    team = Team(grid, costs_of(grid))
    team.generate(never)
    assert team.near(5.0) == 5.0
    assert sum(int((one <= team.near(1e9)).sum()) for one in team.reduced) <= sum(len(one) for one in team.reduced)
