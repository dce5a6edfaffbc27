"""Rosters for which there is little time: what comes out keeps the rules, and nothing is said that was not proved."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from ortools.sat.python import cp_model

from scheduler.roster.check import check
from scheduler.roster.greedy import greedy_line, lack
from scheduler.roster.grid import Grid, assigned, build
from scheduler.roster.model import Model
from scheduler.roster.problem import WEEKEND, Before, Contract, Fairness, Hours, Need, Person, Problem, ShiftType
from scheduler.roster.rules import add_rules
from scheduler.roster.search import Limits, Search
from scheduler.roster.solve import make_roster, relieved

pytestmark = pytest.mark.unit

MONDAY = date(2026, 3, 2)
EARLY = ShiftType("early", 32, 32)
LATE = ShiftType("late", 60, 30, tags=frozenset(["night"]), not_before=frozenset(["early"]))


def team(seed: int, people: int = 3, days: int = 28) -> Problem:
    """People with everything that binds a person; most of them cannot reach their hours."""
    random = np.random.default_rng(seed)

    def pick(low: int, high: int) -> int:
        return int(random.integers(low, high + 1))

    def one(number: int) -> Person:
        on, off = pick(2, 6), pick(1, 3)
        could = days * on // (on + off)
        terms = Contract(
            hours=(Hours(480 * days, 480 * pick(could // 2, could)), Hours(480 * 5, 480 * pick(0, 4), 7)),
            max_days_on=on,
            min_days_on=pick(1, 3),
            min_days_off=off,
            most_weekends=(None, 1)[pick(0, 1)],
            days_a_week=(None, 4)[pick(0, 1)],
            most_of={"night": pick(2, 8)},
            min_rest_q=pick(32, 50),
        )
        before = (None, Before(days_on=pick(1, 3), last_shift="late"), Before(days_off=1))[pick(0, 2)]
        contract = replace(terms, min_days_on=min(terms.min_days_on, terms.max_days_on))
        return Person(f"p{number}", contract, before=before)

    members = tuple(one(number) for number in range(people))
    return Problem(
        MONDAY,
        days,
        (EARLY, LATE),
        members,
        tuple(Need(day, start, start + 20, pick(0, 2), 0, 1, 0, 1) for day in range(days) for start in (34, 62)),
        absences=frozenset((who.name, pick(0, days - 1)) for who in members for _ in range(days // 14)),
        fairness=(Fairness("night", 2, 50), Fairness(WEEKEND, 2, 50)),
    )


def best_of_all(grid: Grid) -> int:
    """The least cost of all rosters, with every minute that lacks in a contract at its price."""
    everybody = frozenset(range(len(grid.people)))
    model = Model(grid, {p: frozenset(range(grid.days)) for p in everybody}, may_lack_hours=everybody)
    for p in everybody:
        add_rules(model, p)
    model.add_cover()
    model.minimize()
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    assert solver.solve(model.cp) == cp_model.OPTIMAL
    return round(solver.objective_value)


@pytest.fixture
def given_s(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that each solution of a model was given, in seconds; they are solved all the same."""
    given: list[float] = []
    solve = cp_model.CpSolver.solve

    def noted(solver: cp_model.CpSolver, *rest: Any) -> Any:
        given.append(solver.parameters.max_time_in_seconds)
        return solve(solver, *rest)

    monkeypatch.setattr(cp_model.CpSolver, "solve", noted)
    return given


@pytest.mark.parametrize("seed", range(12))
def test_a_line_made_in_no_time_keeps_every_rule(seed: int) -> None:
    problem = team(seed)
    grid = build(problem)
    random = np.random.default_rng(seed)
    for prices in (None, random.normal(0, 10, (grid.days, len(grid.duties)))):
        lines = np.stack([greedy_line(grid, p, prices) for p in range(len(grid.people))])
        checked = check(problem, assigned(grid, lines.tolist()))
        assert checked.broken == ()
        assert dict(checked.short_of_hours) == {
            person.name: missing
            for person, line in zip(grid.people, lines, strict=True)
            if (missing := lack(person, line))
        }
        assert (lines >= 0).any()


def test_hours_that_are_easily_reached_are_reached_in_no_time() -> None:
    terms = Contract(hours=(Hours(480 * 22, 480 * 18), Hours(480 * 5, 480 * 3, 7)), min_days_off=2, min_days_on=2)
    grid = build(Problem(MONDAY, 28, (EARLY, LATE), (Person("a", terms),), ()))
    assert lack(grid.people[0], greedy_line(grid, 0)) == 0


@pytest.mark.parametrize("seed", [1, 2])
def test_hours_that_nobody_had_time_to_look_for_raise_no_bound(seed: int) -> None:
    problem = team(seed, days=10)
    least = best_of_all(build(problem))
    proved, hurried = relieved(build(problem)), relieved(build(problem), 0.0)
    assert 0 < sum(person.owed for person in proved.people) <= least
    assert [person.owed for person in hurried.people] == [0, 0, 0]
    for grid in (proved, hurried):
        search = Search(grid, Limits(seconds=None, rounds=4))
        found = search.run()
        assert 0 < search.bound <= least <= found.cost


def test_a_roster_made_at_once_costs_and_lacks_what_it_says() -> None:
    problem = team(1)
    made = make_roster(problem, Limits(seconds=0.0, workers=1))
    checked = check(problem, made.roster, made.breaks)
    assert (checked.broken, checked.cost, dict(checked.short_of_hours)) == ((), made.cost, made.lacking)
    assert made.lacking


def test_what_is_fair_lets_nobody_lack_more_hours() -> None:
    short, long = ShiftType("short", 32, 16), ShiftType("long", 32, 20, tags=frozenset(["night"]))
    terms = Contract(hours=(Hours(720, 660),), max_days_on=5, min_days_off=1)
    fair = (Fairness("night", 0, 10_000_000),)
    problem = Problem(MONDAY, 2, (short, long), (Person("a", terms),), (), fairness=fair)
    [person] = relieved(build(problem)).people
    assert person.owed == 60 * problem.least_hours_weight, "two long days give all but one hour"


def test_everybody_has_a_share_of_the_time_that_goes_to_hours(given_s: list[float]) -> None:
    grid = build(team(1, people=8))
    relieved(grid, 40.0, lambda: sum(given_s))
    assert len(given_s) > 1
    assert sum(given_s) <= 10.0 + 1e-6
    given_s.clear()
    relieved(grid, 0.0, lambda: sum(given_s))
    assert given_s == []


def test_months_of_many_people_have_a_roster_when_there_is_no_time(given_s: list[float]) -> None:
    problem = team(2, people=20, days=84)
    made = make_roster(problem, Limits(seconds=0.05, workers=1))
    checked = check(problem, made.roster, made.breaks)
    assert (checked.broken, checked.cost, dict(checked.short_of_hours)) == ((), made.cost, made.lacking)
    assert made.bound <= made.cost
    assert len(given_s) < 20, "not a model for each"
    assert all(seconds <= 0.05 for seconds in given_s)
