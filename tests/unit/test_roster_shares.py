"""Burdens shared over a rolling quarter, and who is wanted among those who are there, as a team's rules say it."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from scheduler.errors import BadRoster
from scheduler.plan_file import EXAMPLE, PlanFile, read_plan_file
from scheduler.roster.problem import WEEKEND, Need, Problem
from scheduler.roster.search import Limits
from scheduler.roster.solve import make_roster
from scheduler.roster_file import Duty
from scheduler.roster_making import DAYS_BEFORE, with_days_before
from scheduler.roster_shares import QUARTER_DAYS
from scheduler.service_level import Definition
from scheduler.targets import ServiceLevel

pytestmark = pytest.mark.unit

FIRST = date(2026, 3, 2)
# Every line of the example holds, those in comments too.
WHOLE = re.sub("(?m)^# ", "", EXAMPLE)
RULES = WHOLE.partition("[[people]]")[0].replace("least_hours_a_week = 30\n", "").replace("days_on_in_a_row = 2\n", "")


def team(*people: str, rules: str = RULES) -> PlanFile:
    rows = "".join(f'[[people]]\nname = "{one}"\ncontract = "full"\n' for one in people)
    return read_plan_file(rules + rows.replace('name = "amei"\n', 'name = "amei"\nseniority = 1\n'))


def problem(file: PlanFile, people: int = 1, days: int = 7) -> Problem:
    return file.problem(FIRST, days, [Need(day, 36, 84, people) for day in range(days)], "Asia/Shanghai")


def duty(person: str, day: int, shift: str = "late") -> Duty:
    return Duty(person=person, day=FIRST + timedelta(days=day), shift=shift, start="13:00", minutes=480)


def test_somebody_senior_is_wanted_whenever_anybody_is() -> None:
    file = team("amei", "linxiao")
    needs = [Need(0, 36, 60, 1), Need(0, 60, 84, 2), Need(1, 40, 50, 1), Need(1, 70, 84, 1), Need(2, 36, 84, 0)]
    found = [one for one in file.problem(FIRST, 3, needs, "Asia/Shanghai").needs if one.seniority]
    assert [(one.day, one.from_q, one.to_q, one.required, one.seniority) for one in found] == [
        (0, 36, 84, 1, 1),
        (1, 40, 50, 1, 1),
        (1, 70, 84, 1, 1),
    ]


def test_burdens_are_estimated_from_the_people_wanted() -> None:
    weekend, evening = problem(team("amei", "linxiao")).fairness
    assert (weekend.burden, weekend.weight, evening.burden, evening.weight) == (WEEKEND, 50, "evening", 10)
    # 48 quarter hours on each day, shifts of 32: one and a half people, so two at the weekend.
    assert weekend.expected == 2
    # From 13 to 17 either shift could be it, from 17 to 21 only the late one: 24 of 32 quarter hours a day.
    assert evening.expected == 6


def test_what_each_had_in_the_quarter_before_counts_and_no_more() -> None:
    assert DAYS_BEFORE == QUARTER_DAYS == 91
    earlier = [
        *(duty("amei", day) for day in (-1, -2, -8, -30)),  # Sunday, Saturday, Sunday, Saturday
        duty("amei", -92),
        duty("linxiao", -3, "early"),
        duty("gone", -1),
    ]
    weekend, evening = with_days_before(problem(team("amei", "linxiao")), earlier).fairness
    assert dict(weekend.past) == {"amei": 3}
    assert dict(evening.past) == {"amei": 4}


def test_who_had_the_evenings_before_has_fewer_now() -> None:
    rules = RULES.partition("[[mix]]")[0].replace("break_min = 15\nmost_signing_min = 120\n", "")
    file = team("amei", "linxiao", rules=rules)
    needs = [Need(day, 68, 84, 1, floor=1) for day in range(4)]
    made = file.problem(FIRST, 4, needs, "Asia/Shanghai")
    limits = Limits(None, rounds=4)

    def evenings(earlier: list[Duty]) -> dict[str, int]:
        roster = make_roster(with_days_before(made, earlier), limits).roster
        return {name: sum(roster.get((name, day)) == ("late",) for day in range(4)) for name in ("amei", "linxiao")}

    assert evenings([duty("amei", -number) for number in range(20, 26)]) == {"amei": 0, "linxiao": 4}
    assert evenings([duty("linxiao", -number) for number in range(20, 26)]) == {"amei": 4, "linxiao": 0}


def test_every_line_of_the_example_is_read() -> None:
    file = read_plan_file(WHOLE)
    assert file.shifts[1].site == "east"
    amei = file.people[0]
    assert (dict(amei.contract.most_of), amei.contract.min_days_on) == ({"evening": 12}, 2)
    assert amei.contract.days_a_week == 5
    assert (amei.seniority, set(amei.sites)) == (1, {"east"})
    assert [one.burden for one in file.fair] == [WEEKEND, "evening"]
    assert file.again == (0.5, 300.0)
    assert file.targets.promises[0] == ServiceLevel(0.95, 20.0, Definition.SERVED_OF_ANSWERED)
    assert not read_plan_file(EXAMPLE).fair


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('burden = "evening"', 'burden = "night"', "fair 2, burden: night is neither weekend nor a tag of any shift"),
        ("{ evening = 12 }", "{ night = 12 }", "most_of: night is neither a shift nor a tag of any shift"),
    ],
)
def test_a_burden_that_no_shift_is_is_refused_by_its_name(old: str, new: str, sentence: str) -> None:
    with pytest.raises(BadRoster, match=sentence):
        team("amei", rules=RULES.replace(old, new))


def test_a_row_that_cannot_be_is_named() -> None:
    with pytest.raises(BadRoster, match="mix 1, people"):
        read_plan_file(WHOLE.replace("people = 1", "people = 0"))
