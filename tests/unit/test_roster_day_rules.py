"""The rules about one person on one day: each one alone, by its words."""

from __future__ import annotations

import inspect
from datetime import date
from typing import Any

import pytest

from scheduler.roster.day_rules import POINTS, POSSIBLE
from scheduler.roster.grid import FORBIDDEN, build
from scheduler.roster.problem import Before, Contract, Hours, Person, Problem, Request, ShiftType
from scheduler.roster.rules import RULES

pytestmark = pytest.mark.unit

EARLY = ShiftType("early", 32, 16, site="east", tags=frozenset(["peak"]))
LATE = ShiftType("late", 64, 24, days=frozenset(range(5)), not_before=frozenset(["early"]))
NIGHT = ShiftType("night", 88, 32, tags=frozenset(["night"]))
NAMES = ("early", "late", "night", "early+late")


def table(terms: dict[str, Any] | None = None, who: dict[str, Any] | None = None, **more: Any) -> dict[str, list[str]]:
    """For each duty of one person the days (Friday, Saturday) on which it may not be worked."""
    contract = Contract(hours=(Hours(6000),), **{"min_rest_q": 40, "split_shifts": True, **(terms or {})})
    person = Person("a", contract, **(who or {}))
    other = Person("b", Contract(hours=(Hours(6000),), split_shifts=True))
    grid = build(Problem(date(2026, 3, 6), 2, (EARLY, LATE, NIGHT), (person, other), (), **more))
    never = grid.people[0].cost >= FORBIDDEN
    named = {
        "+".join(grid.problem.shifts[i].name for i in duty.shifts): number for number, duty in enumerate(grid.duties)
    }
    return {name: [("Fri", "Sat")[day] for day in range(2) if never[day, named[name]]] for name in NAMES}


FREE: dict[str, list[str]] = {"early": [], "late": ["Sat"], "night": [], "early+late": ["Sat"]}


@pytest.mark.parametrize(
    ("barred", "terms", "who", "more"),
    [
        ({}, {}, {}, {}),
        (
            {"early": ["Sat"], "night": ["Fri", "Sat"]},
            {},
            {},
            {"absences": frozenset([("a", 1)])},
        ),
        (
            {"late": ["Fri", "Sat"], "early+late": ["Fri", "Sat"]},
            {},
            {},
            {"unavailable": frozenset([("a", 0, "late")])},
        ),
        ({"early": ["Fri", "Sat"], "early+late": ["Fri", "Sat"]}, {}, {"sites": frozenset(["west"])}, {}),
        ({"early+late": ["Fri", "Sat"]}, {"split_gap_q": 17}, {}, {}),
        ({"night": ["Fri", "Sat"]}, {"most_of": {"night": 0}}, {}, {}),
        (
            {"early": ["Fri"], "early+late": ["Fri", "Sat"]},
            {},
            {"before": Before(days_on=1, last_shift="late")},
            {},
        ),
        ({}, {}, {"before": Before(days_off=1, last_shift="late")}, {}),
    ],
    ids=["nothing", "absent", "unavailable", "site", "split gap", "kind", "after the last shift", "rested before"],
)
def test_a_rule_bars_what_it_says_and_nothing_else(
    barred: dict[str, list[str]], terms: dict[str, Any], who: dict[str, Any], more: dict[str, Any]
) -> None:
    assert table(terms, who, **more) == {**FREE, **barred}


def test_shifts_are_not_split_unless_the_contract_says_so() -> None:
    assert table({"split_shifts": False}) == {**FREE, "early+late": ["Fri", "Sat"]}


def test_wishes_what_stands_and_changes_cost_their_points() -> None:
    person = Person("a", Contract(hours=(Hours(6000),)))
    problem = Problem(
        date(2026, 3, 6),
        3,
        (EARLY, LATE, NIGHT),
        (person,),
        (),
        requests=(Request("a", 0, True, 7, "early"), Request("a", 0, False, 5), Request("b", 0, False, 1000)),
        published={("a", 1): ("night",)},
        fixed={("a", 2): ()},
        change_weight=3,
        fixed_weight=500,
    )
    problem = Problem(**{**vars(problem), "people": (person, Person("b", person.contract))})
    grid = build(problem)
    assert grid.people[0].cost[0].tolist() == [5 + 3, 5 + 7 + 3, 5 + 7 + 3]
    assert grid.people[0].off_cost.tolist() == [7, 3, 0]
    assert (grid.people[0].cost[1].tolist(), grid.people[0].cost[2, 0]) == ([3, FORBIDDEN + 3, 0], 503)
    assert grid.people[1].off_cost.tolist() == [0, 0, 0]


def test_every_rule_is_a_function_of_its_own_that_says_in_words_what_it_asks() -> None:
    functions = [*RULES.values(), *POSSIBLE.values(), *POINTS.values()]
    assert len({one.__name__ for one in functions}) == len(functions)
    for one in functions:
        words = inspect.getdoc(one)
        assert words is not None, one.__name__
        assert len(words.split()) >= 6, one.__name__
