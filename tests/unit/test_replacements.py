"""Who could work a shift: the rules that it would break, who is asked first, and what requests add to the rules."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from scheduler.plan_file import EXAMPLE, PlanFile, read_plan_file
from scheduler.roster.check import check
from scheduler.roster_file import Duty
from signaling.store_types import Shift
from video_service.replacements import Window, ranked, window_around, worse
from video_service.roster_amend import cut
from video_service.shift_requests import Kind, ShiftRequest, State
from video_service.shift_requests_days import with_requests

pytestmark = pytest.mark.unit

MONDAY = date(2026, 3, 2)
ZONE = "Asia/Shanghai"
SKILLS = dict.fromkeys(("amei", "linxiao", "newcomer"), ("csl",))


@pytest.fixture(scope="module")
def team() -> PlanFile:
    return read_plan_file(EXAMPLE)


def duty(person: str, day: int, shift: str = "early") -> Duty:
    start = {"early": "09:00", "late": "13:00"}[shift]
    pauses = ()
    return Duty(person=person, day=MONDAY + timedelta(days=day), shift="", start=start, minutes=480, pauses=pauses)


def window(day: int = 0) -> Window:
    return window_around([MONDAY + timedelta(days=day)], MONDAY, ZONE)


def broken(team: PlanFile, before: list[Duty], after: list[Duty]) -> list[str]:
    return [fault.rule for fault in worse(team, window(), "linxiao", before, after)]


def test_the_window_is_whole_weeks_of_the_roster_around_the_days() -> None:
    found = window_around([date(2026, 3, 12)], date(2026, 3, 4), ZONE)  # a roster that begins on a Wednesday
    assert (found.first_day, found.days) == (date(2026, 3, 4), 21)
    both = window_around([date(2026, 3, 3), date(2026, 3, 18)], date(2026, 3, 4), ZONE)
    assert (both.first_day, both.end) == (date(2026, 2, 18), date(2026, 4, 1))


def test_only_what_is_broken_anew_or_by_more_is_said(team: PlanFile) -> None:
    five = [duty("linxiao", day) for day in range(5)]
    assert broken(team, [], five) == []
    six = [*five, duty("linxiao", 5)]
    assert broken(team, five, six) == ["days_on", "hours"]
    assert broken(team, six, six) == []
    assert broken(team, six, [*six, duty("linxiao", 6)]) == ["days_on", "hours"]
    assert broken(team, six, five) == []


def test_rest_reaches_into_the_day_before_and_the_day_after(team: PlanFile) -> None:
    late = duty("linxiao", -1, "late")
    night = Duty(person="linxiao", day=MONDAY, shift="", start="20:00", minutes=600)
    assert broken(team, [late], [late, duty("linxiao", 0)]) == []
    assert broken(team, [night], [night, duty("linxiao", 1)]) == ["rest"]


def test_the_best_come_first_and_whoever_breaks_a_rule_last(team: PlanFile) -> None:
    duties = {
        "linxiao": [duty("linxiao", day) for day in range(5)],
        "newcomer": [duty("newcomer", day) for day in (0, 1)],
    }
    found = ranked(team, window(), duty("somebody", 2, "late"), duties, SKILLS, ("csl",))
    assert [one.person for one in found] == ["amei", "newcomer", "linxiao"]
    assert [one.fits for one in found] == [True, True, False]
    assert {fault.rule for fault in found[2].faults} >= {"one_shift"}
    assert (found[1].week_min, found[1].most_min, found[1].recent_min) == (3 * 480, 2400, 960)


def test_who_lacks_a_label_or_wished_the_day_off_comes_later(team: PlanFile) -> None:
    skills = {**SKILLS, "newcomer": ("hksl",)}
    wanted = duty("somebody", 12)  # amei wished this day off
    found = ranked(team, window(12), wanted, {}, skills, ("csl",))
    assert [(one.person, one.wished_off, one.lacks) for one in found] == [
        ("linxiao", False, ()),
        ("amei", True, ()),
        ("newcomer", False, ("csl",)),
    ]


def test_a_replacement_does_it_as_well(team: PlanFile) -> None:
    skills = {"amei": ("csl:2", "hksl"), "linxiao": ("csl", "rail:2", "writes_en"), "newcomer": ("csl:2", "rail:3")}
    found = ranked(team, window(), duty("x", 2), {}, skills, ("csl:2", "rail:2", "writes_en"))
    assert [(one.person, one.lacks) for one in found] == [
        ("linxiao", ()),
        ("newcomer", ("writes_en",)),
        ("amei", ("rail", "writes_en")),
    ]
    [better] = ranked(team, window(), duty("x", 2), {}, {"amei": ("csl:2",)}, ("csl",))
    assert better.lacks == ("csl:3",), "a label alone is the highest level"


def test_whoever_is_off_that_day_breaks_a_rule(team: PlanFile) -> None:
    [amei] = ranked(team, window(5), duty("x", 5), {}, {"amei": ()}, ())
    assert [fault.rule for fault in amei.faults] == ["absent"]


def asked(kind: Kind, person: str, first: int, last: int, named: str = "") -> ShiftRequest:
    days = [(MONDAY + timedelta(days=day)).isoformat() for day in (first, last)]
    return ShiftRequest(
        request="q-1", kind=kind, state=State.NOTED, person=person, first_day=days[0], last_day=days[1], named=named
    )


def test_what_agents_asked_stands_in_the_problem_of_a_roster(team: PlanFile) -> None:
    names = {"a-1": "amei", "a-2": "linxiao", "a-3": "newcomer"}
    rules = with_requests(
        team,
        [
            asked(Kind.LEAVE, "a-2", 0, 1),
            asked(Kind.AWAY, "a-3", 2, 2),
            asked(Kind.WISH, "a-1", 3, 3),
            asked(Kind.WISH, "a-1", 4, 4, "late"),
            asked(Kind.BUSY, "a-2", 5, 5, "early"),
            asked(Kind.BUSY, "a-2", 6, 6),
            asked(Kind.BUSY, "a-2", 2, 2, "a shift that is gone"),
            asked(Kind.LEAVE, "nobody any more", 0, 6),
        ],
        names,
    )
    problem = rules.problem(MONDAY, 7, [], ZONE)
    assert problem.absences == {("amei", 5), ("linxiao", 0), ("linxiao", 1), ("linxiao", 6)}
    assert problem.unavailable == {("linxiao", 5, "early")}
    assert [(one.person, one.day, one.wanted, one.shift, one.weight) for one in problem.requests] == [
        ("amei", 3, False, None, 50),
        ("amei", 4, True, "late", 50),
    ]
    roster = {("linxiao", 5): ("early",), ("linxiao", 0): ("late",), ("amei", 3): ("early",)}
    found = check(problem, roster)
    assert [fault.rule for fault in found.faults if fault.rule in ("absent", "unavailable")] == [
        "absent",
        "unavailable",
    ]
    assert found.cost_of["wishes"] == 100, "one works on the day wished off and does not have the shift wished for"


def test_people_whom_the_rules_do_not_name_are_away_too(team: PlanFile) -> None:
    rules = with_requests(team, [asked(Kind.AWAY, "a-3", 2, 2)], {"a-3": "newcomer"})
    [one] = ranked(rules, window(2), duty("x", 2), {}, {"newcomer": ()}, ())
    assert [fault.rule for fault in one.faults] == ["absent"]


def test_a_shift_is_cut_at_a_moment_with_its_breaks() -> None:
    shift = Shift(shift="s-1", agent="a-1", start_ms=100, end_ms=900, breaks=((200, 210), (400, 420), (600, 610)))
    assert cut(shift, 100) == (None, (100, 900, shift.breaks))
    assert cut(shift, 410) == (
        ("a-1", 100, 410, ((200, 210), (400, 410))),
        (410, 900, ((600, 610),)),
    )
    assert cut(shift, 900) == (("a-1", 100, 900, shift.breaks), None)
