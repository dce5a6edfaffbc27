"""What cannot be rostered is refused with a sentence that names the row and the rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from scheduler.errors import BadRoster
from scheduler.roster.clock import Clock
from scheduler.roster.curtois import read
from scheduler.roster.grid import build
from scheduler.roster.problem import (
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

pytestmark = pytest.mark.unit

TERMS = Contract(hours=(Hours(2400),))
GOOD = Problem(
    date(2026, 3, 28),
    3,
    (ShiftType("day", 36, 32), ShiftType("dawn", 10, 8)),
    (Person("ann", TERMS), Person("bob", TERMS)),
    (Need(0, 36, 68, 1),),
    zone="Europe/Berlin",
)


def terms(**more: object) -> Problem:
    return replace(GOOD, people=(Person("ann", replace(TERMS, **more)),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (replace(GOOD, people=()), "nobody to be rostered"),
        (replace(GOOD, shifts=()), "no shift"),
        (replace(GOOD, days=0), "1 to 366 days"),
        (replace(GOOD, zone="Atlantis/City"), "no time zone 'Atlantis/City'"),
        (replace(GOOD, people=(GOOD.people[0], GOOD.people[0])), "Person ann stands there 2 times"),
        (terms(hours=()), "contract of ann has no hours"),
        (terms(hours=(Hours(600, 900),)), "ann asks for at least 900 and at most 600 minutes"),
        (terms(hours=(Hours(99_000, 90_000),)), "ann asks for 90000 minutes, but 3 days"),
        (terms(hours=(Hours(900), Hours(800))), "two limits of hours for the same period"),
        (terms(max_days_on=1, min_days_on=2), "ann must work at least 2 days in a row and at most 1"),
        (terms(most_of={"party": 1}), "ann limits party"),
        (terms(min_rest_q=200), "rest of ann"),
        (replace(GOOD, people=(Person("ann", TERMS, before=Before(1, 1)),)), "not both and not neither"),
        (replace(GOOD, needs=(Need(9, 36, 68, 1),)), "Need 1 is for day 9"),
        (replace(GOOD, needs=(Need(0, 68, 36, 1),)), "Need 1 must end after it starts"),
        (replace(GOOD, needs=(Need(0, 36, 68, 1, floor=2),)), "Need 1 has a floor of 2, above the 1"),
        (replace(GOOD, needs=(Need(1, 9, 20, 1),)), "2026-03-29 02:15 does not exist"),
        (replace(GOOD, fixed={("ann", 1): ("dawn",)}), "2026-03-29 02:30 does not exist"),
        (replace(GOOD, fixed={("eve", 1): ("day",)}), "nobody is called eve"),
        (replace(GOOD, fixed={("ann", 1): ("day", "noon")}), "noon is not a shift"),
        (replace(GOOD, published={("ann", 0): ("day", "day")}), "day and day overlap"),
        (replace(GOOD, absences=frozenset([("ann", 7)])), "Absence of ann: day 7"),
        (replace(GOOD, fixed={("ann", 0): ("day",)}, absences=frozenset([("ann", 0)])), "absent on that day"),
        (replace(GOOD, requests=(Request("eve", 0, True, 1),)), "nobody is called eve"),
        (replace(GOOD, fairness=(Fairness("night", 1, 1),)), "no shift is of that kind"),
        (
            replace(GOOD, shifts=(ShiftType("day", 36, 32, breaks=BreakRule(1, 4, 4)),)),
            "No breaks fit into shift day",
        ),
    ],
)
def test_a_contradiction_is_a_sentence(problem: Problem, sentence: str) -> None:
    with pytest.raises(BadRoster, match=sentence):
        build(problem)


def test_a_shift_that_the_clock_skips_is_left_out_that_day_and_said() -> None:
    grid = build(GOOD)
    assert grid.notes == ("dawn is left out on 2026-03-29 02:30: the clock skips that time.",)


def test_days_of_clock_change_have_their_own_length() -> None:
    spring, autumn = Clock(date(2026, 3, 29), "Europe/Berlin"), Clock(date(2026, 10, 25), "Europe/Berlin")
    assert (spring.instant(1, 0), autumn.instant(1, 0)) == (92, 100)


SMALL = """SECTION_HORIZON
7
SECTION_SHIFTS
E,480,
L,480,E
SECTION_STAFF
A,E=7|L=7,2400,960,5,2,2,1
SECTION_DAYS_OFF
A,3
SECTION_SHIFT_ON_REQUESTS
A,1,L,2
SECTION_SHIFT_OFF_REQUESTS
SECTION_COVER
0,E,1,100,1
"""


def test_the_benchmark_format_is_read_whole() -> None:
    problem = read(SMALL)
    assert (problem.days, len(problem.shifts), problem.absences) == (7, 2, frozenset([("A", 3)]))
    assert problem.people[0].contract.hours == (Hours(2400, 960),)
    assert problem.shifts[1].not_before == frozenset(["E"])


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("A,1,L,2", "A,1,L,two", "Line 11: expected 1 whole numbers"),
        ("E=7|L=7", "E=7|Q=7", "Line 7: 'Q=7' is not a shift"),
        ("SECTION_COVER", "SECTION_CLOVER", "Line 13: SECTION_CLOVER"),
        ("0,E,1,100,1\n", "", "SECTION_COVER is missing or empty"),
        ("A,1,L,2", "Z,1,L,2", "nobody is called Z"),
    ],
)
def test_a_bad_line_of_the_benchmark_format_is_named(old: str, new: str, sentence: str) -> None:
    with pytest.raises(BadRoster, match=sentence):
        build(read(SMALL.replace(old, new)))
