"""`plan simulate --pool` from files, and the options that the commands of `plan` share."""

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
from video_service import cli_pool
from video_service.cli_plan import app

pytestmark = pytest.mark.unit

FIRST = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAYS = 15
NEXT = date(2026, 1, 20)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments), "--handle-s", "400", "--zone", "Asia/Shanghai"])


def refused(*arguments: object) -> str:
    answer = run(*arguments)
    assert answer.exit_code == 1, answer.output
    return " ".join(answer.stderr.split())


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """Return rules of a team of three, of whom one has the skill rail and one nothing but it."""
    text = EXAMPLE.replace('name = "linxiao"\ncontract = "full"\nskills = ["csl"]', "")
    people = (("bao", "csl", "rail"), ("chen", "手语"))
    for name, *skills in people:
        text += f'name = "{name}"\ncontract = "full"\nskills = {json.dumps(skills, ensure_ascii=False)}\n\n[[people]]\n'
    file = tmp_path / "plan.toml"
    file.write_text(text.rstrip().removesuffix("[[people]]"), encoding="utf-8")
    return file


def past(path: Path, every: int) -> Path:
    """Write half hours from 9 to 17, with a call in each `every`-th."""
    lines = ["start,calls"]
    for day in range(DAYS):
        for slot in range(16):
            at = FIRST + timedelta(days=day, minutes=30 * slot)
            lines.append(f"{at:%Y-%m-%dT%H:%M},{int(slot % every == 0)}")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def main(tmp_path: Path) -> Path:
    return past(tmp_path / "main.csv", 1)


@pytest.fixture
def rail(tmp_path: Path) -> Path:
    return past(tmp_path / "rail.csv", 2)


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    duties = tuple(
        Duty(person=name, day=NEXT, shift="early", start="09:00", minutes=480) for name in ("amei", "bao", "chen")
    )
    document = RosterDocument(zone="Asia/Shanghai", first_day=NEXT, days=1, duties=duties)
    file = tmp_path / "roster.json"
    file.write_bytes(msgspec.json.encode(document))
    return file


def test_a_roster_is_played_apart_by_skills_and_pooled(plan: Path, roster: Path, main: Path, rail: Path) -> None:
    words = ("simulate", plan, roster, "--pool", "--csv", main, "--also", f"rail={rail}")
    answer = run(*words, "--json")
    assert answer.exit_code == 0, answer.output
    found: dict[str, Any] = json.loads(answer.stdout)
    assert (found["first_day"], found["days"], found["roster"], found["left_out"]) == (str(NEXT), 1, True, {})
    apart, skilled, pooled = found["ways"]
    assert [one["way"] for one in found["ways"]] == ["apart", "skilled", "pooled"]
    assert apart["level"]["mean"] < skilled["level"]["mean"] < pooled["level"]["mean"]
    assert [one["queue"] for one in pooled["queues"]] == ["main", "rail"]
    # A skill that no queue could ask for, such as one in Chinese, is none of a queue's.
    assert [(one["queues"], one["people"]) for one in skilled["groups"]] == [(["main"], 2), (["main", "rail"], 1)]
    table = run(*words).stdout
    assert "skilled" in table
    assert f"{pooled['level']['mean']:.1%}" in table
    assert f"{apart['level']['low']:.1%}" in table


def test_without_a_roster_each_queue_is_staffed_for_itself(
    plan: Path, main: Path, rail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_pool, "DAYS", 1)
    answer = run("simulate", plan, "--pool", "--csv", main, "--also", f"rail={rail}", "--json")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert (found["first_day"], found["days"], found["roster"]) == (str(NEXT), 1, False)
    assert [one["way"] for one in found["ways"]] == ["apart", "pooled", "fewer"]
    assert found["ways"][0]["hours"] == found["ways"][1]["hours"] > found["ways"][2]["hours"]


def test_what_cannot_be_pooled_is_said_in_a_sentence(plan: Path, roster: Path, main: Path, rail: Path) -> None:
    pool = ("simulate", plan, "--pool", "--csv", main)
    assert "only one queue with calls: nothing to pool" in refused(*pool)
    assert "--also rail is not a queue's name and its file" in refused(*pool, "--also", "rail")
    assert "--also =x.csv is not a queue's name and its file" in refused(*pool, "--also", "=x.csv")
    twice = f"rail={rail}"
    assert "names the queue rail twice" in refused(*pool, "--also", twice, "--also", twice)
    assert "names the queue main twice" in refused(*pool, "--also", f"main={rail}")
    assert "cannot be read" in refused(*pool, "--also", "rail=none.csv")
    assert "--also is for files, with --csv" in refused("simulate", plan, "--pool", "--also", twice)
    assert "Without --pool a roster is played" in refused("simulate", plan, "--csv", main)
    assert "no queue beside it" in refused("simulate", plan, roster, "--csv", main, "--also", twice)


def test_a_queue_of_a_file_has_no_name(plan: Path, main: Path) -> None:
    for command in (("forecast",), ("staff", plan), ("hours", plan), ("roster", plan), ("backtest",)):
        answer = CliRunner().invoke(app, [*map(str, command), "--csv", str(main), "--queue", "nope"])
        assert answer.exit_code == 1, answer.output
        said = " ".join(answer.stderr.split())
        assert "--queue nope is for the service's own past: a CSV file is of one queue without a name." in said
