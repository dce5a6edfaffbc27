"""A roster that cannot be full says why, and what would help."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from scheduler.roster.explain import Prices, ways_out, why_short, words_of
from scheduler.roster.problem import Contract, Hours, Need, Person, Problem, ShiftType
from scheduler.roster.search import Limits
from scheduler.roster.solve import Short, make_roster

pytestmark = pytest.mark.unit

WORK = Limits(seconds=None, rounds=3)
DAY = ShiftType("day", 36, 32)


def problem_of(days: int = 5, **terms: Any) -> Problem:
    contract = replace(Contract(hours=(Hours(9_000),)), **terms)
    needs = tuple(Need(day, 36, 68, 1, floor=1) for day in range(days))
    return Problem(date(2026, 3, 2), days, (DAY,), (Person("ann", contract),), needs)


@pytest.mark.parametrize(
    ("terms", "rules"),
    [
        ({"max_days_on": 3}, ("most days in a row",)),
        ({"hours": (Hours(4 * 480),)}, ("contract hours",)),
        ({"days_a_week": 4}, ("days a week",)),
        ({"most_of": {"day": 3}}, ("most of a kind",)),
    ],
)
def test_the_rules_in_conflict_are_named_and_no_others(terms: dict[str, Any], rules: tuple[str, ...]) -> None:
    problem = problem_of(**terms)
    made = make_roster(problem, WORK)
    why = why_short(problem, made, made.short[0])
    assert why.rules == rules
    assert rules[0] in why.words
    assert "without somebody missing elsewhere" in why.words


def test_a_rule_that_forbids_by_itself_is_said_without_the_rest() -> None:
    problem = problem_of(days=7, most_weekends=0)
    made = make_roster(problem, WORK)
    why = why_short(problem, made, made.short[0])
    assert why.words.endswith("nobody more can be there because of weekends.")


def test_too_few_people_is_a_reason_of_its_own() -> None:
    problem = replace(problem_of(days=1), needs=(Need(0, 36, 68, 3),))
    made = make_roster(problem, WORK)
    why = why_short(problem, made, made.short[0])
    assert made.short == (Short(0, 0, 36, 68, 2, below_floor=False),)
    assert "3 are wanted, and only 1 people could be there" in why.words
    assert words_of(problem, made.short[0]) == "2 missing on 2026-03-02, 09:00 to 17:00"


def test_the_three_cheapest_ways_out_are_rosters_really_made_in_order_of_what_they_leave_to_pay() -> None:
    problem = problem_of(hours=(Hours(4 * 480),))
    made = make_roster(problem, WORK)
    ways = ways_out(problem, made, ("contract hours", "weekends"), WORK)
    assert [way.words.split(":")[0] for way in ways] == ["One more part-time signer", "Overtime"]
    extra, overtime = ways
    assert extra.made.short == overtime.made.short == ()
    assert (extra.price, overtime.price) == (8 * 40, 8 * 60)
    assert "09:00 to 17:00 (1x)" in extra.words
    assert "2400 minutes, at most 1920" in overtime.words


def test_a_relaxed_rule_costs_each_time_it_is_used() -> None:
    problem = problem_of(max_days_on=4)
    made = make_roster(problem, WORK)
    dear = Prices(overtime_hour=10_000, extra_hour=10_000, rule_break=70)
    (way,) = ways_out(problem, made, ("most days in a row",), WORK, dear)
    assert (way.price, way.words) == (70, "Most days in a row relaxed: ann: 5 days in a row up to day 4")
    assert ways_out(problem, made, ("most days in a row",), WORK, dear, cancelled=lambda: True) == []
