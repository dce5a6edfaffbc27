"""Shifts as an iCalendar file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import icalendar
import msgspec
import pytest

from video_service.ical import WORDS, CalendarShift, shifts_file

pytestmark = pytest.mark.unit

NOW_MS = round(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp() * 1000)
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
EARLY = CalendarShift(
    shift="s-1", start_ms=round(NINE.timestamp() * 1000), end_ms=round(NINE.timestamp() * 1000) + 8 * 3_600_000
)
NIGHT = CalendarShift(shift="s-2", start_ms=EARLY.end_ms + 3_600_000, end_ms=EARLY.end_ms + 9 * 3_600_000)


def read(*shifts: CalendarShift, locale: str = "en") -> Any:
    return icalendar.Calendar.from_ical(shifts_file(shifts, host="line.example.org", locale=locale, now_ms=NOW_MS))


def test_each_shift_is_an_event_with_its_times_and_an_identity_of_its_own() -> None:
    first, second = read(EARLY, NIGHT).walk("VEVENT")
    assert (first.decoded("dtstart"), first.decoded("dtend")) == (NINE, NINE.replace(hour=17))
    assert second.decoded("dtend").day == 3, "a night ends on the next day"
    assert (str(first["uid"]), str(second["uid"])) == ("s-1@line.example.org", "s-2@line.example.org")
    assert first.decoded("dtstamp") == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert str(first["summary"]) == "Shift"


def test_the_same_shifts_make_the_same_file() -> None:
    def made() -> bytes:
        return shifts_file([EARLY], host="h", locale="en", now_ms=NOW_MS)

    assert made() == made()


@pytest.mark.parametrize("locale", list(WORDS))
def test_it_speaks_the_agents_language_and_asks_to_be_read_again(locale: str) -> None:
    file = read(EARLY, locale=locale)
    assert str(file["x-wr-calname"]) == str(file["name"]) == WORDS[locale][1]
    assert str(file.walk("VEVENT")[0]["summary"]) == WORDS[locale][0]
    text = shifts_file([EARLY], host="h", locale=locale, now_ms=NOW_MS).decode()
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H" in text
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75


def test_nobody_on_shift_is_an_empty_calendar() -> None:
    assert read().walk("VEVENT") == []


def test_a_teams_calendar_says_whose_each_shift_is_and_asks_not_to_be_read_again() -> None:
    named = msgspec.structs.replace(EARLY, whose="林晓")
    text = shifts_file([named], host="h", locale="zh-CN", now_ms=NOW_MS, of_team=True)
    file: Any = icalendar.Calendar.from_ical(text)
    assert str(file["name"]) == WORDS["zh-CN"][2]
    assert str(file.walk("VEVENT")[0]["summary"]) == "林晓"
    assert b"REFRESH-INTERVAL" not in text
