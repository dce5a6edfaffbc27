"""Rosters against an independent check, against all rosters there are, and against each rule alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from scheduler.roster.check import check
from scheduler.roster.curtois import read
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
from scheduler.roster.search import Limits, Progress
from scheduler.roster.solve import Made, make_roster

pytestmark = pytest.mark.unit

MONDAY = date(2026, 3, 2)
WORK = Limits(seconds=None, rounds=4)
DAY = ShiftType("day", 36, 32)
LATE = ShiftType("late", 56, 32, tags=frozenset(["night"]))


def contract(most_h: int = 200, least_h: int = 0, **more: object) -> Contract:
    return replace(Contract(hours=(Hours(most_h * 60, least_h * 60),)), **more)  # type: ignore[arg-type]


def plan(people: list[Person], days: int, needs: list[Need], *shifts: ShiftType, **more: object) -> Problem:
    made = Problem(MONDAY, days, shifts or (DAY,), tuple(people), tuple(needs))
    return replace(made, **more)  # type: ignore[arg-type]


def one(days: int, terms: Contract, *shifts: ShiftType, **more: object) -> Problem:
    """Somebody whom every day wants."""
    needs = [Need(day, 36, 88, 1, excess_weight=0) for day in range(days)]
    return plan([Person("a", terms)], days, needs, *shifts, **more)


def line(made: Made, name: str = "a", days: int = 7) -> str:
    """The days of a person in letters, "." for off."""
    return "".join("".join(shift[0] for shift in made.roster.get((name, day), ())) or "." for day in range(days))


def made_of(problem: Problem, limits: Limits = WORK) -> Made:
    """Make a roster; whatever else is asked of it, the independent check must agree."""
    made = make_roster(problem, limits)
    checked = check(problem, made.roster, made.breaks)
    assert checked.broken == ()
    assert checked.cost == made.cost
    assert made.bound <= made.cost
    assert dict(checked.short_of_hours) == made.lacking
    return made


@pytest.fixture
def rostering_dir() -> Path:
    found = Path(__file__).resolve().parents[3] / "shared" / "data" / "rostering"
    if not found.is_dir():
        pytest.skip("shared material: ../shared/data/rostering is not here")
    return found


def random_problem(seed: int, people: int, days: int) -> Problem:
    random = np.random.default_rng(seed)

    def pick(low: int, high: int) -> int:
        return int(random.integers(low, high + 1))

    shifts = (
        ShiftType("early", 28, 32, breaks=BreakRule(2, 16, 6) if seed % 2 else None),
        ShiftType("late", 60, 32, tags=frozenset(["night"]), not_before=frozenset(["early"] if seed % 3 else [])),
        ShiftType("night", 88, 32, tags=frozenset(["night"])),
    )[: 2 + seed % 2]
    members = [
        Person(
            f"p{number}",
            Contract(
                hours=(Hours(480 * pick(2, days), 480 * pick(0, 2)), Hours(480 * 5, 0, 7)),
                max_days_on=pick(2, 4),
                min_days_on=pick(1, 2),
                min_days_off=pick(1, 2),
                most_weekends=pick(0, 2),
                days_a_week=(None, 3)[(seed + number) % 2],
                most_of={"night": pick(1, 4)},
                min_rest_q=44,
                split_shifts=bool(seed % 4 == 0),
                split_gap_q=0,
            ),
            skills=frozenset(["asl"] if number % 2 else []),
            seniority=number % 3,
            before=(None, Before(days_on=1, last_shift="late"), Before(days_off=1))[pick(0, 2)],
        )
        for number in range(people)
    ]
    needs = [
        Need(day, start, start + 16, pick(0, people), pick(0, 0), pick(1, 30), pick(0, 50), pick(0, 3), skill=skill)
        for day in range(days)
        for start, skill in ((28, None), (44, None), (64, "asl"), (88, None))
    ]
    return Problem(
        date(2026, 3, 4),
        days,
        shifts,
        tuple(members),
        tuple(needs),
        requests=tuple(
            Request(f"p{pick(0, people - 1)}", pick(0, days - 1), bool(pick(0, 1)), pick(1, 40), shift)
            for shift in ("early", None)
        ),
        absences=frozenset([("p0", pick(0, days - 1))]),
        fairness=(Fairness("night", 9, people, {"p0": 2}), Fairness(WEEKEND, 7, 2, {})),
        published={("p0", 0): ("early",), ("p1", 1): ("late",)},
        change_weight=3,
    )


@pytest.mark.parametrize("seed", range(4))
def test_a_tiny_roster_costs_what_the_cheapest_of_all_rosters_costs(seed: int) -> None:
    problem = random_problem(seed, 2, 3)
    # Breaks would multiply the rosters: here people sign through.
    problem = replace(problem, shifts=tuple(replace(shift, breaks=None) for shift in problem.shifts[:2]))
    problem = replace(
        problem,
        people=tuple(
            replace(who, contract=replace(who.contract, hours=(Hours(480 * 3),), split_shifts=False))
            for who in problem.people
        ),
    )
    names = [(), *((shift.name,) for shift in problem.shifts)]
    places = [(who.name, day) for who in problem.people for day in range(3)]
    costs = []
    for choice in product(names, repeat=len(places)):
        checked = check(problem, dict(zip(places, choice, strict=True)))
        if not checked.broken:
            costs.append(checked.cost)
    made = made_of(problem)
    assert (made.cost, made.proved) == (min(costs), True)


@pytest.mark.parametrize("seed", range(8))
def test_any_roster_keeps_every_rule_and_costs_what_the_check_says(seed: int) -> None:
    made_of(random_problem(seed, 4, 10), Limits(seconds=None, rounds=2))


def test_the_same_seed_and_work_give_the_same_roster() -> None:
    problem = random_problem(3, 4, 9)
    assert make_roster(problem, WORK).roster == make_roster(problem, WORK).roster


def test_nobody_works_more_days_in_a_row_than_the_contract_says() -> None:
    assert line(made_of(one(7, contract(max_days_on=3)))).count("d") == 6
    before = replace(one(7, contract(max_days_on=3)).people[0], before=Before(days_on=3, last_shift="day"))
    assert line(made_of(replace(one(7, contract(max_days_on=3)), people=(before,))))[0] == "."


def test_work_and_days_off_come_in_runs_of_the_least_length() -> None:
    problem = one(7, contract(most_h=48, max_days_on=2, min_days_off=2))
    assert line(made_of(problem)) in ("dd..dd.", ".dd..dd", "d..dd..d"[:7], "dd..d..", "d..dd..", "..dd..d")
    lonely = replace(one(5, contract(min_days_on=2)), needs=(Need(2, 36, 68, 1, excess_weight=5),))
    assert line(made_of(lonely), days=5) in (".dd..", "..dd.")


def test_hours_stay_within_each_period() -> None:
    terms = replace(contract(), hours=(Hours(32 * 60, 0, 7), Hours(48 * 60)), max_days_on=7)
    weeks = line(made_of(one(14, terms)), days=14)
    assert weeks.count("d") == 6
    assert max(weeks[:7].count("d"), weeks[7:].count("d")) <= 4


def test_days_a_week_are_counted_from_the_first_day_and_in_each_week_anew() -> None:
    made = made_of(one(16, contract(days_a_week=3, max_days_on=3)))
    worked = [sum((("a", day) in made.roster) for day in range(first, min(first + 7, 16))) for first in (0, 7, 14)]
    assert worked == [3, 3, 2]
    assert line(made_of(one(3, contract(days_a_week=0))), days=3) == "..."


def test_a_late_shift_leaves_the_legal_rest() -> None:
    early = ShiftType("early", 28, 32)
    needs = [Need(0, 64, 88, 1), Need(1, 28, 56, 1)]
    kept = made_of(plan([Person("a", contract(min_rest_q=44))], 2, needs, early, LATE))
    assert len(kept.roster) == 1
    short = made_of(plan([Person("a", contract(min_rest_q=32))], 2, needs, early, LATE))
    assert len(short.roster) == 2


def test_shifts_are_split_only_where_the_contract_says_so() -> None:
    morning, evening = ShiftType("morning", 32, 12), ShiftType("evening", 68, 12)
    needs = [Need(0, 32, 44, 1), Need(0, 68, 80, 1)]
    once = made_of(plan([Person("a", contract())], 1, needs, morning, evening))
    assert len(once.roster["a", 0]) == 1
    split = made_of(plan([Person("a", contract(split_shifts=True))], 1, needs, morning, evening))
    assert split.roster["a", 0] == ("morning", "evening")


def test_skills_seniority_and_sites_count_where_they_are_asked_for() -> None:
    here, there = ShiftType("here", 36, 32, site="east"), ShiftType("there", 36, 32, site="west")
    people = [
        Person("young", contract(), frozenset(["asl"]), frozenset(["east"])),
        Person("old", contract(), seniority=2),
    ]
    needs = [Need(0, 36, 68, 1, skill="asl"), Need(0, 36, 68, 1, seniority=1), Need(0, 36, 68, 1, site="west")]
    made = made_of(plan(people, 1, needs, here, there))
    assert (made.roster, made.short) == ({("young", 0): ("here",), ("old", 0): ("there",)}, ())


def test_breaks_lie_so_that_cover_never_falls_under_the_floor() -> None:
    rested = replace(DAY, breaks=BreakRule(length_q=2, most_signing_q=20, apart_q=6))
    people = [Person(name, contract()) for name in "abc"]
    made = made_of(plan(people, 1, [Need(0, 36, 68, 3, floor=2)], rested))
    assert len(made.breaks) == 3
    assert (
        check(plan(people, 1, [Need(0, 36, 68, 3, floor=2)], rested), made.roster, made.breaks).cost_of[
            "below the floor"
        ]
        == 0
    )


def test_fair_shares_heed_who_had_the_nights_before() -> None:
    people = [Person(name, contract()) for name in "ab"]
    needs = [Need(day, 56, 88, 1) for day in range(4)]
    fairness = (Fairness("night", 50, 4, {"a": 2}),)
    made = made_of(plan(people, 4, needs, LATE, fairness=fairness))
    assert (line(made, "a", 4).count("l"), line(made, "b", 4).count("l")) == (1, 3)


def test_what_was_published_stays_where_nothing_speaks_against_it() -> None:
    people = [Person(name, contract()) for name in "abc"]
    needs = [Need(day, 36, 68, 1) for day in range(5)]
    published = {("b", 0): ("day",), ("c", 1): ("day",), ("a", 2): ("day",), ("b", 3): ("day",), ("b", 4): ("day",)}
    problem = plan(people, 5, needs, published=published, absences=frozenset([("b", 3)]))
    made = made_of(problem)
    assert len(published.items() & made.roster.items()) == 4


def test_zero_demand_makes_an_empty_roster_and_a_single_agent_gets_what_the_contract_holds() -> None:
    assert made_of(plan([Person("a", contract())], 7, [])).roster == {}
    assert line(made_of(one(7, contract(most_h=24)))).count("d") == 3


def test_hours_that_rules_do_not_leave_are_said_and_not_refused() -> None:
    problem = plan([Person("a", contract(least_h=24))], 3, [], absences=frozenset([("a", 1), ("a", 2)]))
    made = made_of(problem)
    assert (made.roster, made.lacking) == ({("a", 0): ("day",)}, {"a": 960})


def test_a_fixed_shift_stays_and_gives_way_only_to_a_rule() -> None:
    fixed = {("a", 0): ("day",), ("a", 1): ("day",)}
    assert line(made_of(plan([Person("a", contract())], 3, [], fixed=fixed)), days=3) == "dd."
    assert line(made_of(plan([Person("a", contract(max_days_on=1))], 3, [], fixed=fixed)), days=3).count("d") == 1


def test_progress_only_gets_better_and_a_cancelled_search_keeps_what_it_has() -> None:
    heard: list[Progress] = []
    problem = random_problem(5, 4, 10)
    make_roster(problem, WORK, heard.append)
    assert [one.cost for one in heard] == sorted((one.cost for one in heard), reverse=True)
    for limits in (WORK, Limits(seconds=0.0, workers=1)):
        stopped = make_roster(problem, limits, cancelled=lambda: True)
        checked = check(problem, stopped.roster, stopped.breaks)
        assert (checked.broken, checked.cost) == ((), stopped.cost)


def test_a_night_over_a_clock_change_rests_by_elapsed_time() -> None:
    night = ShiftType("night", 88, 36)  # 22:00 to 07:00, an hour later on the clock when it is put forward
    needs = [Need(0, 88, 96, 1), Need(1, 72, 88, 1)]
    late = ShiftType("late", 72, 16)  # from 18:00
    terms = contract(min_rest_q=44)
    usual = plan([Person("a", terms)], 2, needs, night, late, zone="Europe/Berlin")
    assert len(made_of(usual).roster) == 2
    changed = replace(usual, first_day=date(2026, 3, 28))
    assert len(made_of(changed).roster) == 1


def test_published_instances_are_solved_to_the_best_known_value(rostering_dir: Path) -> None:
    for name, best in (("Instance1.txt", 607), ("Instance2.txt", 828)):
        made = made_of(read((rostering_dir / name).read_text()), Limits(seconds=None, rounds=10))
        assert (made.cost, made.proved) == (best, True)
