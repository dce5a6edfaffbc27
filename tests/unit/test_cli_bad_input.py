"""What no plan can have, in the files of `video-service plan`: a sentence that names the row and the rule, status 1."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from scheduler.plan_file import EXAMPLE
from scheduler.roster_file import Duty, RosterDocument
from video_service.cli_plan import app

pytestmark = pytest.mark.unit

FIRST, DAYS = datetime(2026, 1, 5, 9, tzinfo=UTC), 15
NEXT = date(2026, 1, 20)
ALONE = EXAMPLE.rpartition("[[people]]")[0]
FORECAST = ("forecast", "--days", "2")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments), "--zone", "Europe/Berlin"])


def refused(*arguments: object) -> str:
    answer = run(*arguments)
    assert answer.exit_code == 1, answer.output
    assert isinstance(answer.exception, SystemExit), answer.exception
    said = " ".join(answer.stderr.split())
    assert said.endswith("."), said
    return said


def told(*arguments: object) -> Any:
    answer = run(*arguments, "--json")
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def past(folder: Path, calls: int = 1, *, heading: str = "start,calls", last: str = "") -> Path:
    """Write half hours from 9 to 17 with so many calls each, and a last line."""
    lines = [heading]
    for day in range(DAYS):
        lines += [f"{FIRST + timedelta(days=day, minutes=30 * slot):%Y-%m-%dT%H:%M},{calls}" for slot in range(16)]
    file = folder / "past.csv"
    file.write_text("\n".join([*lines, *([last] if last else [])]), encoding="utf-8")
    return file


def team(folder: Path, text: str = EXAMPLE, encoding: str = "utf-8") -> Path:
    file = folder / "team.toml"
    file.write_text(text, encoding=encoding)
    return file


@pytest.mark.parametrize(
    ("old", "new", "row"),
    [
        (
            "least_hours_a_week = 30",
            "least_hours_a_week = 41",
            "contracts 1 (full), least_hours_a_week: at least 41 hours",
        ),
        ("least_hours_a_week = 30", "days_on_in_a_row = 6", "contracts 1 (full), days_on_in_a_row: at least 6 days"),
        ("least_hours_a_week = 30", "most_of = {nix = 1}", "contracts 1 (full), most_of: nix is neither"),
        ('contract = "full"', 'contract = "half"', "people 1 (amei), contract: there is no contract half"),
        ('name = "linxiao"', 'name = "amei"', "people 2 (amei), name: people 1 has the same"),
        ("break_min = 15", "break_min = 600", "shifts 1 (early), break_min: a break of 600 minutes"),
        ("paid_min = 450", "weekdays = []", "shifts 1 (early), weekdays: on no weekday"),
    ],
)
@pytest.mark.parametrize("command", ["hours", "staff", "roster"])
def test_impossible_contracts_and_shifts_are_refused_by_every_command(
    tmp_path: Path, command: str, old: str, new: str, row: str
) -> None:
    said = refused(command, team(tmp_path, EXAMPLE.replace(old, new, 1)), "--csv", past(tmp_path))
    assert f"The plan file says something that cannot be: {row}" in said


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("answered_share = 0.95", "answered_share = 1.0", "targets.answered_share: expected `float` < 1"),
        ("within_s = 20", "within_s = inf", "targets.within_s: expected `float` <= 86400"),
        ("longest_wait_s = 120", "longest_wait_s = 0", "targets.longest_wait_s: expected `float` > 0"),
        ("give_up_share = 0.05", "give_up_share = 0", "targets.give_up_share: expected `float` > 0"),
        ("sickness = 0.04", "sickness = 1.0", "shrinkage"),
    ],
)
def test_a_target_that_no_staff_could_reach_is_refused(tmp_path: Path, old: str, new: str, rule: str) -> None:
    assert rule in refused("staff", team(tmp_path, EXAMPLE.replace(old, new)), "--csv", past(tmp_path))


def test_with_more_time_lost_than_any_team_has_the_roster_is_refused(tmp_path: Path) -> None:
    lost = EXAMPLE.replace("sickness = 0.04\ntraining = 0.02", "sickness = 0.999\ntraining = 0.999")
    words = ("roster", team(tmp_path, lost), "--csv", past(tmp_path), "--days", "1", "--handle-s", "300")
    assert "With this much time lost no team is large enough" in refused(*words)


def test_zero_demand_is_staffed_with_the_minimum(tmp_path: Path) -> None:
    quiet = past(tmp_path, 0)
    words = (team(tmp_path), "--csv", quiet, "--handle-s", "300")
    days = told("staff", *words, "--days", "1")
    assert set(days[0]["agents"]) == {0, 2}
    assert "nan" not in run("staff", *words, "--days", "1").stdout
    assert "hours a week on the floor" in run("hours", *words).stdout
    assert told(*FORECAST, "--csv", quiet)["days"] == [str(NEXT), str(NEXT + timedelta(days=1))]


def test_a_single_agent_gets_a_roster_that_says_what_is_short(tmp_path: Path) -> None:
    words = (team(tmp_path, ALONE), "--csv", past(tmp_path), "--handle-s", "300")
    made = told("roster", *words, "--days", "1", "--seconds", "20")
    assert [duty["person"] for duty in made["duties"]] == ["amei"]
    assert made["gaps"]
    assert told("hours", *words)["has"] == 1


def test_an_empty_history_is_said(tmp_path: Path) -> None:
    file = tmp_path / "empty.csv"
    file.write_text("start,calls\n", encoding="utf-8")
    for words in (FORECAST, ("backtest",), ("staff", team(tmp_path)), ("hours", team(tmp_path))):
        assert "There is no open interval in the history to learn from" in refused(*words, "--csv", file)
    file.write_text("", encoding="utf-8")
    assert "Line 1 must name the columns, at least start and calls; it has nothing" in refused(*FORECAST, "--csv", file)


def test_a_time_that_a_day_of_clock_change_does_not_have_is_named_by_line(tmp_path: Path) -> None:
    file = past(tmp_path, last="2026-03-29T02:30,1")
    said = refused(*FORECAST, "--csv", file)
    assert said == (
        f"Line {DAYS * 16 + 2}: 2026-03-29T02:30 does not exist in this time zone: the clock is put forward over it."
    )


def test_a_stray_day_is_named_by_line_before_anything_is_computed(tmp_path: Path) -> None:
    file = past(tmp_path, last="1970-01-05T09:00,1")
    assert f"Line {DAYS * 16 + 2}: 1970-01-05 is years away from most lines" in refused(*FORECAST, "--csv", file)


def test_calls_come_in_gb18030_too(tmp_path: Path) -> None:
    plain = told(*FORECAST, "--csv", past(tmp_path))
    text = (
        past(tmp_path)
        .read_text(encoding="utf-8")
        .replace("start,calls", "start,calls,备注")
        .replace(",1\n", ",1,工作日\n")
    )
    file = tmp_path / "gb.csv"
    file.write_text(text, encoding="gb18030")
    assert told(*FORECAST, "--csv", file) == plain
    file.write_bytes(b"start,calls\n\xff\xff\xff")
    assert "neither UTF-8 nor GB18030" in refused(*FORECAST, "--csv", file)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_plan_file_may_be_saved_as_offices_do(tmp_path: Path, encoding: str) -> None:
    chinese = EXAMPLE.replace('"linxiao"', '"林晓"')
    words = ("--csv", past(tmp_path), "--handle-s", "300", "--days", "1")
    assert told("staff", team(tmp_path, chinese, encoding), *words) == told("staff", team(tmp_path, chinese), *words)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("2026-13-01,holiday", "Line 2 of the calendar: "),
        ("2026-01-20,campaign,,2026-01-21", "Line 2 of the calendar: A campaign needs a factor"),
        ("2026-01-20,campaign,,2026-01-21,1.3,25:00", "'25:00' is no time of day such as 18:30"),
        ("2026-01-20,holiday,9", "Line 2 of the calendar: "),
        ("2026-01-20,holiday\n2026-01-20,fair", "Line 3 of the calendar: 2026-01-20 is there twice"),
    ],
)
def test_a_calendar_that_cannot_be_is_named_by_line(tmp_path: Path, line: str, sentence: str) -> None:
    file = tmp_path / "calendar.csv"
    file.write_text(f"date,kind,acts_as,last,factor,from,to,name\n{line}\n", encoding="utf-8")
    assert sentence in refused(*FORECAST, "--csv", past(tmp_path), "--calendar", file)
    assert "cannot be read" in refused(*FORECAST, "--csv", past(tmp_path), "--calendar", tmp_path / "none.csv")


def test_a_roster_that_is_none_or_of_other_days_is_refused(tmp_path: Path) -> None:
    plan, calls = team(tmp_path), past(tmp_path)
    file = tmp_path / "roster.json"
    for text in ("", "[]", '{"zone": "Mars/Base", "first_day": "2026-01-20", "days": 1, "duties": []}'):
        file.write_text(text, encoding="utf-8")
        assert "This is no roster as `plan roster` writes it" in refused("simulate", plan, file, "--csv", calls)
    duty = Duty(person="amei", day=FIRST.date(), shift="early", start="09:00", minutes=480)
    early = RosterDocument(zone="Europe/Berlin", first_day=FIRST.date(), days=1, duties=(duty,))
    file.write_bytes(msgspec.json.encode(early))
    assert "lies within the history" in refused("simulate", plan, file, "--csv", calls, "--handle-s", "300")


def test_every_command_prints_json_that_programs_read(tmp_path: Path) -> None:
    plan, calls = team(tmp_path, ALONE), past(tmp_path)
    usual = ("--csv", calls, "--handle-s", "300")
    file = tmp_path / "roster.json"
    assert told(*FORECAST, "--csv", calls)["v"] == 1
    assert told("backtest", "--csv", calls, "--test-days", "2", "--lead-days", "7")["best"]
    assert told("staff", plan, *usual, "--days", "1")[0]["day"] == str(NEXT)
    assert told("hours", plan, *usual)["enough"] is False
    assert told("roster", plan, *usual, "--days", "1", "--seconds", "20", "--output", file)["v"] == 1
    assert list(told("simulate", plan, file, *usual)) == [str(NEXT)]
