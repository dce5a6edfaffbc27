"""Drafts held against the team's rules: each fault with its row, breaks put in, people on the floor counted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from scheduler.errors import BadRoster
from scheduler.plan_file import EXAMPLE, PlanFile, read_plan_file
from scheduler.roster.faults import RULES
from scheduler.roster.problem import Need
from scheduler.roster_draft import look, problem_of, scheduled, starter, with_breaks
from scheduler.roster_file import Duty, Pause, RosterDocument, required_of

pytestmark = pytest.mark.unit

MONDAY = date(2026, 3, 2)
BREAKS = ((105, 120), (225, 240), (345, 360))


@pytest.fixture(scope="module")
def team() -> PlanFile:
    return read_plan_file(EXAMPLE)


def duty(person: str, day: int, shift: str = "early", **more: object) -> Duty:
    start, minutes = {"early": ("09:00", 480), "late": ("13:00", 480), "": ("10:05", 100)}[shift]
    fields = {"person": person, "day": MONDAY + timedelta(days=day), "shift": shift, "start": start}
    return Duty(**{**fields, "minutes": minutes, **more})  # type: ignore[arg-type]


def draft(*duties: Duty, days: int = 7) -> RosterDocument:
    return RosterDocument(zone="Asia/Shanghai", first_day=MONDAY, days=days, duties=duties)


def said(team: PlanFile, *duties: Duty, earlier: tuple[Duty, ...] = ()) -> list[tuple[str, str, int | None]]:
    """Rule, person and day of each fault, breaks put in before."""
    return [(one.rule, one.person, one.day) for one in look(team, with_breaks(team, draft(*duties)), earlier).faults]


def test_a_roster_that_keeps_the_rules_has_no_fault(team: PlanFile) -> None:
    assert said(team, *(duty(person, day) for person in ("amei", "linxiao") for day in range(5))) == []


def test_each_fault_names_its_rule_whose_it_is_and_the_day(team: PlanFile) -> None:
    assert said(team, duty("amei", 5)) == [("absent", "amei", 5)]
    assert said(team, duty("amei", 0, "late"), duty("amei", 1)) == [("succession", "amei", 1)]
    assert said(team, duty("amei", 0), duty("amei", 0, "late")) == [("one_shift", "amei", 0), ("split_gap", "amei", 0)]
    six = said(team, *(duty("linxiao", day) for day in range(6)))
    assert six == [("days_on", "linxiao", 5), ("hours", "linxiao", 0)]


def test_rest_and_runs_reach_into_the_days_before(team: PlanFile) -> None:
    earlier = tuple(duty("amei", -back) for back in (1, 2, 3, 4, 5))
    assert said(team, duty("amei", 0), earlier=earlier) == [("days_on", "amei", 0)]
    assert said(team, duty("amei", 0), earlier=(duty("amei", -1, "late"),)) == [("succession", "amei", 0)]
    night = duty("amei", -1, "", start="20:00", minutes=600)
    assert said(team, duty("amei", 0), earlier=(night,)) == [("rest", "amei", 0)]


def test_a_shift_of_no_type_counts_by_its_own_length(team: PlanFile) -> None:
    assert said(team, duty("amei", 0, "")) == []
    long = [duty("amei", day, "", start="08:00", minutes=600) for day in range(5)]
    [fault] = look(team, draft(*long)).faults
    assert (fault.rule, fault.has, fault.limit) == ("hours", 3000, 2400)


def test_people_whom_the_rules_do_not_name_are_held_to_ordinary_ones(team: PlanFile) -> None:
    assert said(team, *(duty("newcomer", day) for day in range(5))) == []
    faults = said(team, *(duty("newcomer", day) for day in range(7)))
    assert faults == [("days_on", "newcomer", 6), ("hours", "newcomer", 0)]


def test_breaks_are_put_in_where_some_are_wanted_and_not_all_at_once(team: PlanFile) -> None:
    three = draft(*(duty(person, 0) for person in ("amei", "linxiao", "newcomer")))
    placed = with_breaks(team, three)
    assert all(len(one.pauses) == 3 for one in placed.duties)
    assert len({one.pauses for one in placed.duties}) == 3
    own = duty("amei", 0, pauses=tuple(Pause(from_min=a, to_min=b) for a, b in BREAKS))
    assert with_breaks(team, draft(own)).duties == (own,)
    assert with_breaks(team, draft(duty("amei", 0, ""))).duties == (duty("amei", 0, ""),)


def test_a_shift_without_its_breaks_is_a_fault(team: PlanFile) -> None:
    assert [one.rule for one in look(team, draft(duty("amei", 0))).faults] == ["no_break"]
    late = duty("amei", 0, pauses=(Pause(from_min=240, to_min=255),))
    assert [one.rule for one in look(team, draft(late)).faults] == ["break_rule", "no_break"]


def test_who_is_there_is_counted_by_whole_quarter_hours(team: PlanFile) -> None:
    pauses = (Pause(from_min=105, to_min=120),)
    document = draft(duty("amei", 0, pauses=pauses), duty("linxiao", 0, ""), duty("newcomer", -1, "", start="23:00"))
    floor = scheduled(document, MONDAY)
    assert len(floor) == 96
    assert floor[:3] == (1, 1, 0), "the night before reaches into this day, to 00:40"
    assert floor[36:43] == (1, 1, 1, 1, 1, 2, 2), "who comes at 10:05 is there from 10:15"
    assert (floor[42], floor[43], floor[44]) == (2, 1, 2)
    assert floor[68] == 0


def test_a_duty_outside_of_the_days_is_refused(team: PlanFile) -> None:
    with pytest.raises(BadRoster, match="amei on 2026-03-09 lies outside"):
        look(team, draft(duty("amei", 7)))


def test_rules_to_start_from_name_everybody() -> None:
    team = read_plan_file(starter(["amei", "li-xiao_2"]))
    assert [person.name for person in team.people] == ["amei", "li-xiao_2"]
    assert [shift.name for shift in team.shifts] == ["early", "late"]


def test_what_a_roster_was_made_for_is_kept_with_it(team: PlanFile) -> None:
    problem, _, _ = problem_of(team, draft(days=2))
    needs = (Need(0, 36, 40, 2), Need(0, 38, 42, 3), Need(1, 92, 100, 1), Need(0, 0, 4, 9, skill="csl"))
    wanted = required_of(replace(problem, needs=needs))
    assert wanted[0][34:43] == (0, 0, 2, 2, 3, 3, 3, 3, 0)
    assert wanted[1][90:] == (0, 0, 1, 1, 1, 1), "what reaches beyond the last day is left"


def test_every_rule_has_words_on_the_page() -> None:
    texts = json.loads((Path(__file__).parents[2] / "web" / "shared" / "texts" / "en.json").read_text("utf-8"))
    assert {key.rpartition(".")[2] for key in texts if key.startswith("roster.rule.")} == set(RULES)
