"""What a planning process does with its work: the same input, the same work; a roster from calls, or from none."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from scheduler.plan_file import EXAMPLE
from video_service.open_time import Times
from video_service.plan_ahead import look_ahead
from video_service.plan_child import NO_CALLS, answer
from video_service.plan_demand import USUAL_LENGTH, rules_of
from video_service.plan_work import Basis, Goal, LookAhead, MakeRoster, Progress, RawPast, Team, Work, digest, line_of
from video_service.records import Rollup

pytestmark = pytest.mark.unit

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 2)
FIRST = TODAY - timedelta(days=21)
HOUR_MS = 3_600_000


def midnight_ms(day: date) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp()) * 1000


def past(calls: float = 0.8, handle_ms: int = 600_000) -> RawPast:
    """Return three weeks of a line that is open from 9 to 21."""
    random = np.random.default_rng(3)
    rollups, opened = [], []
    for number in range(21):
        start_ms = midnight_ms(FIRST + timedelta(days=number))
        opened.append((start_ms + 9 * HOUR_MS, start_ms + 21 * HOUR_MS))
        for quarter in range(36, 84):
            offered = int(random.poisson(calls))
            if offered:
                rollups.append(
                    Rollup(
                        queue="main",
                        start_ms=start_ms + quarter * 900_000,
                        offered=offered,
                        answered=offered,
                        handle_ms=offered * handle_ms,
                    )
                )
    times = Times(known=((midnight_ms(FIRST), midnight_ms(TODAY)),), opened=tuple(opened))
    return RawPast(first=FIRST, today=TODAY, from_ms=midnight_ms(FIRST), rollups=tuple(rollups), times=times)


def work(raw: RawPast | None = None, days: int = 1, **team: object) -> MakeRoster:
    none = RawPast(first=FIRST, today=TODAY, from_ms=midnight_ms(FIRST))
    basis = Basis(
        zone=ZONE.key,
        region="CN",
        queue="main",
        past=none if raw is None else raw,
        team=msgspec.convert({"text": EXAMPLE, **team}, Team),
    )
    return MakeRoster(basis=basis, first_day=TODAY + timedelta(days=1), days=days, seconds=20 if days < 7 else 2)


def made(of: MakeRoster, ended: bool = False) -> tuple[object, list[Progress]]:
    heard: list[Progress] = []
    said = answer(of, heard.append, lambda: ended)
    return said.roster if said.trouble is None else said.trouble, heard


def test_a_roster_is_made_for_what_is_expected() -> None:
    roster, heard = made(work(past()))
    assert roster.notes == ()  # type: ignore[attr-defined]
    assert max(roster.required[0]) == 2  # type: ignore[attr-defined]
    assert {one.person for one in roster.duties} == {"amei", "linxiao"}  # type: ignore[attr-defined]
    phases = list(dict.fromkeys(one.phase for one in heard))
    assert phases == ["forecast", "staffing", "search", "why", "ways"]
    assert [(one.done, one.of) for one in heard if one.phase == "staffing"] == [(0, 1), (1, 1)]
    assert heard[-1].cost >= heard[-1].bound >= 0


def test_a_week_says_what_its_hours_cost_and_which_the_team_could_keep() -> None:
    more = "".join(f'[[people]]\nname = "p{number}"\ncontract = "full"\n' for number in range(2))
    roster, _ = made(work(past(), days=7, text=EXAMPLE + more))
    truth = roster.explained.truth  # type: ignore[attr-defined]
    # Two and more from nine to nine on seven days are over 168 hours on the floor, which five people hold.
    assert (truth.seat, truth.has, truth.hours, truth.enough) == (5, 4, 40, False)
    assert truth.takes > truth.seat
    assert 0 < truth.share < 1
    assert truth.workdays is not None
    assert 0 <= truth.workdays[0] < truth.workdays[1] <= 1440


def test_how_long_calls_take_is_assumed_where_no_call_was_answered() -> None:
    roster, _ = made(work(past(handle_ms=0)))
    assert roster.notes == (USUAL_LENGTH,)  # type: ignore[attr-defined]


def test_without_calls_the_minimum_is_kept() -> None:
    roster, heard = made(work())
    assert roster.notes[0] == NO_CALLS  # type: ignore[attr-defined]
    assert set(roster.required[0][36:84]) == {2}  # type: ignore[attr-defined]
    assert "staffing" not in {one.phase for one in heard}


def test_what_is_ended_before_there_is_a_roster_leaves_none() -> None:
    trouble, _ = made(work(past()), ended=True)
    assert trouble.code == "plan_ended"  # type: ignore[attr-defined]


def test_rules_that_cannot_be_are_told_in_words() -> None:
    trouble, _ = made(work(text=EXAMPLE.replace('["early"]', '["nowhere"]')))
    assert trouble.code == "planning_roster"  # type: ignore[attr-defined]
    assert "nowhere" in trouble.words  # type: ignore[attr-defined]


def test_what_people_asked_for_and_who_is_planned_with_come_with_the_work() -> None:
    asked = work(only=["amei"], off={"amei": ["2026-03-04"]}, busy={"amei": [["2026-03-05", "late"]]})
    rules = rules_of(asked.basis.team)
    assert [one.name for one in rules.people] == ["amei"]
    assert rules.off == {"amei": (date(2026, 3, 4),)}
    assert rules.busy == {"amei": ((date(2026, 3, 5), "late"),)}
    roster, _ = made(work(days=2, only=["amei"], off={"amei": ["2026-03-03"]}))
    assert [(one.person, one.day) for one in roster.duties] == [("amei", date(2026, 3, 4))]  # type: ignore[attr-defined]


def test_a_queues_own_goal_stands_in_place_of_the_teams_and_its_people_alone_are_counted() -> None:
    basis = msgspec.structs.replace(work(past(), only=["amei"]).basis, goal=Goal(share=0.8, within_s=60))
    said = look_ahead(LookAhead(basis=basis, first_day=TODAY + timedelta(days=1), days=7))
    assert (said.goal, said.within_s) == (0.8, 60)
    assert said.truth is not None
    assert said.truth.has == 1
    assert all(0 < day.occupancy < 1 and day.wait_s >= 0 for day in said.days)
    wished = look_ahead(LookAhead(basis=basis, first_day=TODAY + timedelta(days=1), days=7, share=0.9))
    assert (wished.goal, wished.within_s) == (0.9, 60)  # a wish goes before both, within the same time
    sure = msgspec.structs.replace(basis, goal=Goal(share=1.0, within_s=20))
    said_sure = answer(LookAhead(basis=sure, first_day=TODAY + timedelta(days=1)), lambda _: None, lambda: False)
    assert said_sure.trouble is not None
    assert said_sure.trouble.code == "planning_target"


def test_the_same_input_is_the_same_work_whatever_its_order() -> None:
    off = {"amei": ["2026-03-04"], "linxiao": ["2026-03-05"]}
    one, other = (work(off=dict(pairs)) for pairs in (list(off.items()), list(off.items())[::-1]))
    assert digest(one) == digest(other)
    assert msgspec.json.decode(line_of(one), type=Work) == one
    assert digest(msgspec.structs.replace(one, seconds=3)) != digest(one)
    assert digest(work(past())) != digest(work(past(calls=0.9)))
