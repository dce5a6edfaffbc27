"""A made roster explained as data: gaps with their rules, ways out, and what nobody waited for left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from scheduler.roster.faults import RULES
from scheduler.roster.problem import Contract, Hours, Need, Person, Problem, ShiftType
from scheduler.roster.rules import RULES as SOLVED
from scheduler.roster.search import Limits
from scheduler.roster.solve import make_roster
from scheduler.roster_explained import _FAULT_OF, MOST_ASKED, explained, known_of
from scheduler.roster_file import ExtraHours

pytestmark = pytest.mark.unit

WORK = Limits(seconds=None, rounds=3)
FIRST = date(2026, 3, 2)


def problem_of(days: int = 5, **terms: Any) -> Problem:
    contract = replace(Contract(hours=(Hours(9_000),)), **terms)
    needs = tuple(Need(day, 36, 68, 1, floor=1) for day in range(days))
    return Problem(FIRST, days, (ShiftType("day", 36, 32),), (Person("ann", contract),), needs)


def test_a_gap_has_its_day_its_minutes_and_its_rules() -> None:
    problem = problem_of(hours=(Hours(4 * 480),))
    made = make_roster(problem, WORK)
    heard: list[tuple[str, int, int]] = []
    known = explained(problem, made, WORK, lambda *said: heard.append(said))
    [lack] = known.lacks
    assert (lack.from_min, lack.to_min, lack.missing, lack.floor, lack.skill) == (540, 1020, 1, True, "")
    assert lack.why == ("hours",)
    assert FIRST <= lack.day < FIRST + timedelta(days=5)
    assert known.missing_min == 480
    assert (known.proved, known.gap) == (True, 0)
    assert heard == [("why", 0, 1), ("ways", 0, 1)]

    extra, overtime = known.ways
    assert (extra.kind, extra.rule, extra.missing_min, extra.price) == ("extra", "", 0, 8 * 40)
    assert extra.extra == (ExtraHours(weekday=lack.day.weekday(), start="09:00", minutes=480, times=1),)
    assert extra.uses == ()
    assert (overtime.kind, overtime.extra) == ("overtime", ())
    [use] = overtime.uses
    assert (use.rule, use.person, use.has, use.limit) == ("hours", "ann", 2_400, 1_920)


def test_a_relaxed_rule_is_named_as_the_check_names_it() -> None:
    problem = problem_of(max_days_on=4)
    known = explained(problem, make_roster(problem, WORK), WORK)
    relaxed = [way for way in known.ways if way.kind == "relaxed"]
    assert [way.rule for way in relaxed] == ["days_on"]
    assert {use.rule for use in relaxed[0].uses} == {"days_on"}


def test_a_full_roster_needs_no_reasons() -> None:
    problem = problem_of()
    known = explained(problem, make_roster(problem, WORK), WORK, lambda *_: pytest.fail("nothing to ask"))
    assert (known.missing_min, known.lacks, known.ways) == (0, (), ())


def test_too_few_people_is_a_reason_of_its_own() -> None:
    two = replace(problem_of(days=1), needs=(Need(0, 36, 68, 2),))
    assert explained(two, make_roster(two, WORK), WORK).lacks[0].why == ("people",)
    # Each of two people could be at either of two times, and neither at both.
    early, late = ShiftType("early", 36, 16), ShiftType("late", 52, 16)
    pair = tuple(Person(name, Contract(hours=(Hours(9_000),))) for name in ("ann", "bea"))
    needs = (Need(0, 36, 52, 2), Need(0, 52, 68, 2))
    both = Problem(FIRST, 1, (early, late), pair, needs)
    assert explained(both, make_roster(both, WORK), WORK).lacks[0].why == ("one_shift",)


def test_only_the_widest_gaps_are_asked_about_and_nothing_after_the_end() -> None:
    problem = problem_of(days=14, hours=(Hours(2 * 480, period_days=14),), max_days_on=14)
    made = make_roster(problem, WORK)
    known = explained(problem, made, WORK)
    assert len(known.lacks) == 12
    assert [lack.why is not None for lack in known.lacks] == [number < MOST_ASKED for number in range(12)]
    ended = explained(problem, made, WORK, cancelled=lambda: True)
    assert ended == known_of(problem, made)
    assert all(lack.why is None for lack in ended.lacks)


def test_every_rule_of_the_solver_has_a_name_that_pages_know() -> None:
    assert set(SOLVED) <= set(_FAULT_OF)
    assert set(_FAULT_OF.values()) - set(RULES) == {"fair", "people"}
