"""Past counts from files: formats, time zones, and a sentence for each faulty line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from scheduler.errors import BadHistory, NoHistory
from scheduler.history import State, runs
from scheduler.history_csv import BadLines, read_csv, read_text

pytestmark = pytest.mark.unit

BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def text(*lines: str, heading: str = "start,calls") -> str:
    return "\n".join([heading, *lines]) + "\n"


def weeks(days: int, zeros: bool = True) -> str:
    """Hourly counts of a queue open from 9 to 12 every day."""
    random = np.random.default_rng(2)
    rows = []
    for day in range(days):
        for hour in (9, 10, 11):
            count = random.poisson(0.7)
            if zeros or count:
                rows.append(
                    f"{datetime(2026, 3, 2, hour, tzinfo=UTC) + timedelta(days=day):%Y-%m-%dT%H:%M:%SZ},{count}"
                )
    return text(*rows)


def test_a_file_becomes_days_and_slots(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(text("2026-03-02T09:00:00Z,3", "2026-03-02T09:15:00Z,1", "2026-03-03T09:00:00Z,0"))
    history = read_csv(path)
    assert (history.first_day, history.interval_s, history.calls.shape) == (date(2026, 3, 2), 900, (2, 96))
    assert history.calls[0, 36:38].tolist() == [3, 1]
    assert State(history.state[1, 36]) is State.OPEN
    assert State(history.state[1, 37]) is State.CLOSED


def test_other_names_orders_and_encodings_are_read(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    heading = "备注,answered,handle_s,Offered,start"
    path.write_bytes(text("电话,2,600.5,3,2026-03-02T09:00:00+08:00", heading=heading).encode("gb18030"))
    history = read_csv(path, SHANGHAI)
    assert history.calls[0, 36] == 3
    assert history.answered is not None
    assert history.answered[0, 36] == 2
    assert history.handle_s is not None
    assert history.handle_s[0, 36] == 600.5
    path.write_bytes(b"\xef\xbb\xbf" + text("2026-03-02T09:00:00Z,3").encode())
    assert read_csv(path).calls.sum() == 3
    path.write_bytes(b"\xff\xff\xff\x81")
    with pytest.raises(BadHistory, match="neither UTF-8 nor GB18030"):
        read_csv(path)


def test_days_are_counted_in_the_queues_time_zone() -> None:
    history = read_text(text("2026-03-02T23:30:00Z,4", "2026-03-02T23:45:00Z,1"), SHANGHAI)
    assert history.first_day == date(2026, 3, 3)
    assert history.calls[0, 30] == 4


def test_the_hour_that_comes_twice_counts_double() -> None:
    history = read_text(text(*[f"2026-10-25T{hour:02}:00:00Z,{hour + 1}" for hour in range(4)]), BERLIN)
    # 00:00Z and 01:00Z are both 2 o'clock.
    assert history.calls[0, 2:5].tolist() == [3, 3, 4]
    assert history.exposure[0, 2:5].tolist() == [2.0, 1.0, 1.0]
    local = read_text(text(*[f"2026-10-25T{hour:02}:00:00,{hour}" for hour in (1, 2, 2, 3)]), BERLIN)
    assert local.calls[0, 1:4].tolist() == [1, 4, 3]
    assert local.exposure[0, 2] == 2.0


def test_the_hour_that_does_not_exist_is_closed_and_no_gap() -> None:
    hours = [datetime(2026, 3, 23, hour, tzinfo=BERLIN) + timedelta(days=day) for day in range(8) for hour in (1, 2, 3)]
    stamps = [one for one in hours if not (one.month == 3 and one.day == 29 and one.hour == 2)]
    history = read_text(text(*[f"{one.isoformat()},2" for one in stamps]), BERLIN)
    sunday = (date(2026, 3, 29) - history.first_day).days
    assert State(history.state[sunday, 2]) is State.CLOSED
    assert runs(history, State.GAP) == []
    with pytest.raises(BadHistory, match="Line 2: 2026-03-29T02:30:00 does not exist in this time zone"):
        read_text(text("2026-03-29T02:30:00,2"), BERLIN)


def test_states_may_be_told() -> None:
    rows = [f"2026-03-{day:02}T09:00:00Z,5,open" for day in range(2, 9)]
    rows[3] = "2026-03-05T09:00:00Z,0,outage"
    rows[4] = "2026-03-06T09:00:00Z,0,closed"
    history = read_text(text(*rows, heading="start,calls,state"), interval_s=3600)
    assert [State(state).name for state in history.state[:6, 9]] == ["OPEN", "OPEN", "OPEN", "OUTAGE", "CLOSED", "OPEN"]
    assert history.exposure.sum() == 5


def test_a_file_without_zeros_that_should_have_some() -> None:
    full, short = read_text(weeks(60)), read_text(weeks(60, zeros=False))
    assert full.notes == ()
    assert "leaves out intervals without calls" in short.notes[0]
    assert short.calls.tolist() == full.calls.tolist()
    assert short.exposure[1:-1].tolist() == full.exposure[1:-1].tolist()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("yesterday,3", "start must be a date and time like"),
        ("2026-03-02T09:15:00Z,three", "calls must be a number, not 'three'"),
        ("2026-03-02T09:15:00Z,-1", "calls must be a whole number that is not negative"),
        ("2026-03-02T09:15:00Z,1.5", "calls must be a whole number"),
        ("2026-03-02T09:15:00Z,inf", "calls must be a whole number"),
        ("2026-03-02T09:15:00Z,1e30", "calls must be at most 1000000"),
        ("0001-01-01T00:00:00+08:00,1", "start must be a day from 1970 to 2199"),
        ("9999-12-31T09:00:00Z,1", "start must be a day from 1970 to 2199"),
        ("2026-03-02T09:15:00Z,", "calls must be a number"),
        ("2026-03-02T09:15:00Z,3,2,many", "handle_s must be a number of seconds"),
        ("2026-03-02T09:15:00Z,3,2,-5", "handle_s must not be negative"),
        ("2026-03-02T09:15:00Z,3,2,5,broken", "the state 'broken' is not one of"),
        ("2026-03-02T09:15:00Z,3,2,5,open,more", "more columns than the first line names"),
        ("2026-03-02T09:17:00Z,3", "09:17:00 is not the beginning of an interval of 900 s"),
        ("2026-03-02T09:00:00Z,3", "2026-03-02 09:00 is already on line 2"),
    ],
)
def test_a_faulty_line_is_named(line: str, sentence: str) -> None:
    with pytest.raises(BadLines, match=sentence) as refused:
        read_text(text("2026-03-02T09:00:00Z,3,,", line, heading="start,calls,answered,handle_s,state"), interval_s=900)
    assert str(refused.value).startswith("Line 3: ")
    assert str(refused.value).count(sentence) == 1
    assert refused.value.faults == 1


def test_many_faulty_lines_are_counted_and_the_first_ones_named() -> None:
    with pytest.raises(BadLines) as refused:
        read_text(text(*["never,1"] * 50))
    assert (len(refused.value.lines), refused.value.faults) == (20, 50)
    assert refused.value.lines[0][0] == 2
    assert "; line 4: start must be" in str(refused.value)
    assert str(refused.value).endswith("; and 47 lines more.")


def test_a_stray_day_years_away_is_named_by_its_line() -> None:
    with pytest.raises(
        BadLines, match=r"^Line 4: 1970-01-05 is years away from most lines, such as 2026-03-02; a file"
    ) as refused:
        read_text(text("2026-03-02T09:00:00Z,3", "2026-03-02T09:15:00Z,3", "1970-01-05T09:00:00Z,1"))
    assert refused.value.faults == 1
    with pytest.raises(BadLines, match=r"^Line 2: 2199-12-31 is years away"):
        read_text(text("2199-12-31T09:00:00Z,3", "2026-03-02T09:15:00Z,3", "2026-03-02T09:30:00Z,1"))
    ten_years = read_text(text("2016-03-07T09:00:00Z,3", "2026-03-02T09:00:00Z,3"), interval_s=900)
    assert len(ten_years.days) == 3648


def test_a_file_that_is_not_one_is_refused() -> None:
    with pytest.raises(BadHistory, match="must name the columns"):
        read_text("")
    with pytest.raises(BadHistory, match="must name the columns"):
        read_text("when,how many\n1,2\n")
    with pytest.raises(NoHistory):
        read_text(text())
    with pytest.raises(BadHistory, match="divide a day"):
        read_text(text("2026-03-02T09:00:00Z,1"), interval_s=7000)
