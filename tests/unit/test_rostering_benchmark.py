"""The measuring programs of rosters: what they print, and one sentence for what they cannot take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import planning, rostering

pytestmark = pytest.mark.unit

SMALL = """# A comment
SECTION_HORIZON
7

SECTION_SHIFTS
E,480,
L,480,E
SECTION_STAFF
A,E=7|L=7,2400,960,5,2,2,1
B,E=7|L=0,2400,960,5,2,2,1
SECTION_DAYS_OFF
A,3
SECTION_SHIFT_ON_REQUESTS
A,1,L,2
SECTION_SHIFT_OFF_REQUESTS
SECTION_COVER
0,E,1,100,1
1,E,1,100,1
"""


@pytest.mark.parametrize(
    "text",
    [
        SMALL,
        "\ufeff" + SMALL.replace("\n", "\r\n"),
        SMALL.replace("A,3\n", "A,3,\n").replace("E=7|L=7", "E = 7 | L = 7"),
    ],
    ids=["as published", "as some editors leave it", "blanks and commas"],
)
def test_an_instance_is_solved_and_told_as_json(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "Instance99.txt"
    path.write_bytes(text.encode())
    rostering.main(["--instance", str(path), "--seconds", "1000", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["instance"] == "Instance99"
    assert (found["objective"], found["proved"], found["check"]) == (found["bound"], True, "kept")
    assert found["checked_objective"] == found["objective"]
    assert found["seconds"] > 0


def test_without_json_each_figure_has_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.txt"
    path.write_text(SMALL)
    rostering.main(["--instance", str(path), "--seconds", "1000"])
    names = [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert names[:6] == ["instance", "objective", "bound", "gap", "proved", "seconds"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read: No such file or directory."),
        (b"\xff\xfe\x00", "is not text in UTF-8: byte 0 is none."),
        (b"", "SECTION_HORIZON is missing or empty."),
        (SMALL.replace("\n7\n", "\nseven\n").encode(), "Line 3: expected 1 whole numbers from field 1 on."),
        (SMALL.replace("0,E,1", "9,E,1").encode(), "Need 1 is for day 9, which is not in the roster."),
        (SMALL.replace("A,E=7|L=7,2400,960", "A,E=7|L=7,960,2400").encode(), "asks for at least 2400 and at most 960"),
    ],
    ids=["no file", "no text", "nothing", "no number", "no such day", "no such hours"],
)
def test_a_bad_file_is_one_sentence(content: bytes | None, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SystemExit) as ended:
        rostering.main(["--instance", str(path), "--json"])
    assert sentence in str(ended.value)


@pytest.mark.parametrize(
    "arguments", [["--seconds", "0"], ["--seconds", "nan"], ["--workers", "0"], ["--size", "0"], ["--seconds", "-1"]]
)
def test_options_that_make_no_sense_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    what = [] if "--size" in arguments else ["--size", "3"]
    with pytest.raises(SystemExit) as ended:
        rostering.main([*what, *arguments])
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--agents", "0"], ["--agents", "3", "--seconds", "0"], ["--calls", "0"]])
def test_planning_refuses_options_that_make_no_sense(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        planning.main(arguments)
    assert ended.value.code == 2
    assert arguments[-2] in capsys.readouterr().err


def test_planning_makes_a_roster_of_a_made_up_service(capsys: pytest.CaptureFixture[str]) -> None:
    planning.main(["--agents", "2", "--seconds", "2", "--workers", "1", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (found["agents"], found["check"]) == (2, "kept")
    assert found["objective"] == found["checked_objective"] >= found["bound"]
