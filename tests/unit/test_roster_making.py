"""What a roster to be made knows beside its needs: the days before, what stands, and a service without calls."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from scheduler.plan_file import EXAMPLE, PlanFile, read_plan_file
from scheduler.roster.problem import Before, Problem
from scheduler.roster_file import Duty
from scheduler.roster_making import needs_by_hours, with_days_before, with_standing

pytestmark = pytest.mark.unit

FIRST = date(2026, 3, 2)


def file() -> PlanFile:
    return read_plan_file(EXAMPLE)


def problem(days: int = 7) -> Problem:
    return file().problem(FIRST, days, needs_by_hours(file(), days), "Asia/Shanghai")


def duty(person: str, day: int, shift: str = "early", start: str = "09:00", minutes: int = 480) -> Duty:
    return Duty(person=person, day=FIRST + timedelta(days=day), shift=shift, start=start, minutes=minutes)


def before(*duties: Duty) -> Before | None:
    made = with_days_before(problem(), duties)
    return next(one.before for one in made.people if one.name == "amei")


def test_without_calls_the_teams_minimum_is_wanted_in_the_hours_of_its_shifts() -> None:
    needs = needs_by_hours(file(), 3)
    assert [(one.day, one.from_q, one.to_q, one.required, one.floor) for one in needs] == [
        (day, 36, 84, 2, 2) for day in range(3)
    ]


def test_of_a_team_smaller_than_its_minimum_everybody_is_wanted() -> None:
    alone = read_plan_file(EXAMPLE[: EXAMPLE.rindex("[[people]]")])
    assert [one.required for one in needs_by_hours(alone, 1)] == [1]


def test_shifts_that_reach_into_the_next_day_want_people_for_24_hours_at_most() -> None:
    night = read_plan_file(EXAMPLE.replace('to = "21:00"', 'to = "12:00"'))
    [need] = needs_by_hours(night, 1)
    assert (need.from_q, need.to_q) == (36, 36 + 96)


def test_a_run_of_days_before_the_roster_is_counted_with_its_last_shift() -> None:
    assert before(duty("amei", -1, "late", "13:00"), duty("amei", -2), duty("amei", -4)) == Before(
        days_on=2, last_shift="late"
    )
    assert before(duty("amei", -3)) == Before(days_off=2)
    assert before() is None
    assert before(duty("linxiao", -1)) is None


def test_a_run_is_counted_no_further_than_is_known() -> None:
    assert before(*(duty("amei", -day) for day in range(1, 20))) == Before(days_on=14, last_shift="early")


@pytest.mark.parametrize(
    ("start", "minutes", "like"),
    [("10:00", 300, "early"), ("14:00", 480, "late"), ("11:00", 480, "late"), ("18:00", 480, "late")],
)
def test_a_shift_of_no_type_is_like_the_one_that_ends_most_nearly_with_it(start: str, minutes: int, like: str) -> None:
    assert before(duty("amei", -1, "", start, minutes)) == Before(days_on=1, last_shift=like)


def test_what_stands_is_changed_as_little_as_can_be() -> None:
    made = with_standing(problem(), [duty("amei", 1), duty("linxiao", 0, "", "10:00"), duty("gone", 0)])
    assert made.published == {("amei", 1): ("early",)}


def test_where_nothing_stands_a_change_costs_nothing() -> None:
    assert with_standing(problem(), []).published is None
    assert with_standing(problem(), [duty("amei", 1, "")]).published is None
