"""Opening hours: what is read and refused, and when the line is open, across midnights and clock changes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from video_service.opening_hours import (
    MAX_EXCEPTIONS,
    MAX_SPANS,
    Fault,
    Holidays,
    Hours,
    Span,
    closes_ms,
    is_open,
    next_open_ms,
    open_times,
    read,
    special_days_ahead,
    today,
)
from video_service.public_holidays import SpecialKind

pytestmark = pytest.mark.unit

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
# Half an hour of summer time; a change at midnight; a whole day left out; a change on a Saturday evening.
ODD = tuple(
    map(ZoneInfo, ("Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia", "America/Nuuk", "Asia/Kathmandu", "UTC"))
)
OFFICE = [[("09:00", "18:00")]] * 5 + [[("10:00", "12:00"), ("14:00", "16:00")], []]


def hours(week: list[list[tuple[str, str]]] | None = None, **exceptions: list[tuple[str, str]]) -> Hours:
    """Return office hours, or others; exceptions are named like d2027_01_01."""
    found, faults = read(week or OFFICE, [(name[1:].replace("_", "-"), spans) for name, spans in exceptions.items()])
    assert faults == ()
    return found


def ms(text: str, zone: ZoneInfo = SHANGHAI, fold: int = 0) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp() * 1000)


def test_office_hours_end_when_they_say() -> None:
    office = hours()
    for text, opened in (
        ("2027-03-01 08:59:59.999", False),  # a Monday
        ("2027-03-01 09:00", True),
        ("2027-03-01 17:59:59.999", True),
        ("2027-03-01 18:00", False),
        ("2027-03-06 13:00", False),
        ("2027-03-06 14:00", True),
        ("2027-03-07 10:00", False),
    ):
        assert is_open(office, ms(text), SHANGHAI) is opened, text
    assert today(office, ms("2027-03-06 23:59"), SHANGHAI) == (Span(600, 720), Span(840, 960))
    assert today(office, ms("2027-03-07 00:00"), SHANGHAI) == ()
    assert Span(600, 1440).words() == ("10:00", "24:00")


def test_what_comes_next_is_found() -> None:
    office = hours()
    assert next_open_ms(office, ms("2027-03-01 03:00"), SHANGHAI) == ms("2027-03-01 09:00")
    assert next_open_ms(office, ms("2027-03-06 12:00"), SHANGHAI) == ms("2027-03-06 14:00")
    assert next_open_ms(office, ms("2027-03-06 16:00"), SHANGHAI) == ms("2027-03-08 09:00"), "Sunday is closed"
    assert next_open_ms(office, ms("2027-03-01 10:00"), SHANGHAI) == 0, "it is open"
    assert closes_ms(office, ms("2027-03-01 10:00"), SHANGHAI) == ms("2027-03-01 18:00")
    assert closes_ms(office, ms("2027-03-01 18:00"), SHANGHAI) == 0, "it is closed"


def test_a_night_is_two_spans_that_join() -> None:
    night = hours([[("22:00", "24:00")]] + [[("00:00", "06:00"), ("22:00", "24:00")]] * 5 + [[("00:00", "06:00")]])
    assert is_open(night, ms("2027-03-01 23:59:59"), SHANGHAI)
    assert is_open(night, ms("2027-03-02 00:00"), SHANGHAI)
    assert closes_ms(night, ms("2027-03-01 22:30"), SHANGHAI) == ms("2027-03-02 06:00")
    assert next_open_ms(night, ms("2027-03-07 06:00"), SHANGHAI) == ms("2027-03-08 22:00")


def in_china(spans: list[tuple[str, str]], make_up_as: int = 0, **exceptions: list[tuple[str, str]]) -> Hours:
    """Return office hours with the public holidays of China."""
    dates = [(name[1:].replace("_", "-"), own) for name, own in exceptions.items()]
    found, faults = read(OFFICE, dates, ("CN", spans, make_up_as))
    assert faults == ()
    return found


def test_public_holidays_have_hours_of_their_own_and_make_up_workdays_those_of_a_weekday() -> None:
    # In 2026 the first week of October is free, and people work on Saturday the 10th in exchange.
    closed, short = in_china([]), in_china([("12:00", "13:00")], make_up_as=5)
    assert closed.of_day(date(2026, 10, 1)) == ()
    assert short.of_day(date(2026, 10, 1)) == (Span(720, 780),)
    assert closed.of_day(date(2026, 10, 10)) == (Span(540, 1080),), "as a Monday"
    assert short.of_day(date(2026, 10, 10)) == closed.week[5], "as that weekday"
    assert closed.of_day(date(2026, 10, 9)) == (Span(540, 1080),)
    assert next_open_ms(closed, ms("2026-10-01 10:00"), SHANGHAI) == ms("2026-10-08 09:00")
    assert closes_ms(closed, ms("2026-09-30 10:00"), SHANGHAI) == ms("2026-09-30 18:00")


def test_a_date_of_its_own_stands_above_the_holiday_that_it_is() -> None:
    own = in_china([], d2026_10_01=[("10:00", "11:00")], d2026_10_10=[])
    assert own.of_day(date(2026, 10, 1)) == (Span(600, 660),)
    assert own.of_day(date(2026, 10, 10)) == ()
    ahead = special_days_ahead(own, ms("2026-09-30 10:00"), SHANGHAI)
    assert [each.day for each in ahead][:2] == [date(2026, 10, 2), date(2026, 10, 3)]
    assert {each.kind for each in special_days_ahead(own, ms("2026-01-01 10:00"), SHANGHAI)} == set(SpecialKind)
    assert special_days_ahead(hours(), ms("2026-09-30 10:00"), SHANGHAI) == ()


def test_a_line_may_be_open_on_holidays_alone() -> None:
    alone, faults = read([[]] * 7, [], ("CN", [("10:00", "12:00")], 0))
    assert faults == ()
    assert next_open_ms(alone, ms("2026-09-28 10:00"), SHANGHAI) == ms("2026-10-01 10:00")
    assert alone.of_day(date(2026, 10, 10)) == (), "Monday is closed, and so is who works as on a Monday"


def test_what_is_wrong_with_the_hours_of_holidays_is_said_of_them() -> None:
    _, faults = read(OFFICE, [], ("XX", [("9", "10:00"), ("12:00", "11:00")], 0))
    assert faults == (
        Fault(code="region_unknown", holiday=True),
        Fault(code="time_unreadable", holiday=True, row=1),
        Fault(code="ends_first", holiday=True, row=2),
    )


def test_hours_that_were_kept_before_holidays_were_known_are_read_as_they_were() -> None:
    kept = b'{"week":[[],[],[],[],[],[],[[0,60]]],"exceptions":{"2027-01-01":[]}}'
    assert msgspec.json.decode(kept, type=Hours).holidays is None
    there = in_china([("12:00", "13:00")], 2)
    assert msgspec.json.decode(msgspec.json.encode(there), type=Hours) == there
    assert there.without_past(ms("2027-03-01 10:00"), SHANGHAI).holidays == there.holidays


def test_a_region_that_a_newer_library_has_dropped_leaves_the_week() -> None:
    lost = msgspec.structs.replace(hours(), holidays=Holidays(region="XX"))
    assert lost.of_day(date(2026, 10, 1)) == (Span(540, 1080),)


def test_always_open_does_not_close() -> None:
    always = hours([[("00:00", "24:00")]] * 7)
    for text in ("2027-03-01 00:00", "2027-03-28 02:30", "2027-12-31 23:59:59.999"):
        assert is_open(always, ms(text, BERLIN), BERLIN)
        assert closes_ms(always, ms(text, BERLIN), BERLIN) == 0
        assert next_open_ms(always, ms(text, BERLIN), BERLIN) == 0
    once = hours([[("00:00", "24:00")]] * 7, d2027_03_05=[])
    assert closes_ms(once, ms("2027-03-01 12:00"), SHANGHAI) == ms("2027-03-05 00:00")
    assert next_open_ms(once, ms("2027-03-05 12:00"), SHANGHAI) == ms("2027-03-06 00:00")


def test_never_open_opens_never() -> None:
    assert next_open_ms(Hours(), ms("2027-03-01 09:00"), SHANGHAI) == 0
    assert closes_ms(Hours(), ms("2027-03-01 09:00"), SHANGHAI) == 0
    assert list(open_times(Hours(), ms("2027-03-01 09:00"), SHANGHAI)) == []


def test_a_far_day_alone_is_found_without_a_look_at_every_day_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[date] = []
    of_day = Hours.of_day

    def counted(self: Hours, day: date) -> tuple[Span, ...]:
        looked.append(day)
        return of_day(self, day)

    monkeypatch.setattr(Hours, "of_day", counted)
    far = Hours(exceptions={date(2099, 12, 31): (Span(540, 600),), date(2020, 1, 1): (Span(0, 60),)})
    assert next_open_ms(far, ms("2026-03-02 12:00"), SHANGHAI) == ms("2099-12-31 09:00")
    assert len(looked) < 20, "everybody who opens the page has this computed"


def test_a_day_can_be_different() -> None:
    house = hours(d2027_03_01=[], d2027_03_07=[("12:00", "13:00")], d2029_01_01=[("01:00", "02:00")])
    assert not is_open(house, ms("2027-03-01 10:00"), SHANGHAI), "a Monday that is closed"
    assert is_open(house, ms("2027-03-07 12:30"), SHANGHAI), "a Sunday that is open"
    assert next_open_ms(house, ms("2027-03-01 10:00"), SHANGHAI) == ms("2027-03-02 09:00")
    assert house.of_day(date(2027, 3, 8)) == house.week[0]
    rare = Hours(exceptions=house.exceptions)
    assert next_open_ms(rare, ms("2027-03-07 13:00"), SHANGHAI) == ms("2029-01-01 01:00"), "however far it is"


def test_days_gone_by_are_let_go_but_for_yesterday() -> None:
    house = hours(d2027_03_01=[], d2027_03_02=[], d2027_03_03=[])
    at = ms("2027-03-03 00:30")
    assert list(house.without_past(at, SHANGHAI).exceptions) == [date(2027, 3, 2), date(2027, 3, 3)]
    assert house.without_past(at, SHANGHAI).week == house.week


def test_hours_that_a_clock_change_leaves_out_are_not_there() -> None:
    early = hours([[]] * 6 + [[("02:00", "03:00"), ("08:00", "09:00")]])
    before = ms("2027-03-28 01:59", BERLIN)  # at 02:00 it is 03:00
    assert not is_open(early, before + 60_000, BERLIN)
    assert next_open_ms(early, before, BERLIN) == ms("2027-03-28 08:00", BERLIN)
    across = hours([[]] * 6 + [[("01:00", "04:00")]])
    first, second = list(open_times(across, before, BERLIN))[:2]
    assert first[1] == second[0]
    assert (second[1] - first[0]) == 2 * 3_600_000, "three hours by the clock, two in truth"


def test_hours_that_a_clock_change_repeats_are_open_twice() -> None:
    late = hours([[]] * 6 + [[("02:00", "02:30")]])
    at = ms("2027-10-31 02:30", BERLIN)  # the first time; at 03:00 it is 02:00 again
    assert not is_open(late, at, BERLIN)
    again = next_open_ms(late, at, BERLIN)
    assert again == ms("2027-10-31 02:00", BERLIN, fold=1)
    assert is_open(late, again, BERLIN)
    assert closes_ms(late, again, BERLIN) == again + 30 * 60_000


@pytest.mark.parametrize(
    ("spans", "fault"),
    [
        ([("25:00", "26:00")], Fault(code="time_unreadable", day=2, row=1)),
        ([("09:00", "18:60")], Fault(code="time_unreadable", day=2, row=1)),
        ([("9:00", "18:00")], Fault(code="time_unreadable", day=2, row=1)),
        ([("", "18:00")], Fault(code="time_unreadable", day=2, row=1)),
        ([("24:00", "24:00")], Fault(code="time_unreadable", day=2, row=1)),
        ([("٠٩:00", "18:00")], Fault(code="time_unreadable", day=2, row=1)),
        ([("18:00", "09:00")], Fault(code="ends_first", day=2, row=1)),
        ([("09:00", "12:00"), ("14:00", "14:00")], Fault(code="ends_first", day=2, row=2)),
        ([("12:00", "18:00"), ("09:00", "12:01")], Fault(code="overlaps", day=2, row=1, other=2)),
        ([("09:00", "18:00"), ("10:00", "11:00")], Fault(code="overlaps", day=2, row=2, other=1)),
        ([("09:00", "10:00")] * (MAX_SPANS + 1), Fault(code="too_many_spans", day=2)),
    ],
    ids=lambda value: value.code if isinstance(value, Fault) else "",
)
def test_what_cannot_be_is_named_by_its_row(spans: list[tuple[str, str]], fault: Fault) -> None:
    week: list[list[tuple[str, str]]] = [[], [], spans, [], [], [], []]
    assert read(week, ())[1] == (fault,)
    dated = Fault(code=fault.code, date="2027-01-01", row=fault.row, other=fault.other)
    assert read([[]] * 7, [("2027-01-01", spans)])[1] == (dated,)


def test_a_span_that_overlaps_one_before_the_last_is_named_too() -> None:
    spans = [("09:00", "18:00"), ("10:00", "11:00"), ("12:00", "13:00")]
    found = read([spans, *[[]] * 6], ())[1]
    assert [(fault.row, fault.other) for fault in found] == [(2, 1), (3, 1)]


def test_spans_may_touch_and_come_in_any_order() -> None:
    found, faults = read([[("12:00", "18:00"), ("09:00", "12:00")], *[[]] * 6], ())
    assert (found.week[0], faults) == ((Span(540, 720), Span(720, 1080)), ())


@pytest.mark.parametrize("text", ["2027-02-30", "2027-2-3", "20270203", "", "2027-W01-1", "1999-01-01", "tomorrow"])
def test_a_date_that_is_none_is_named(text: str) -> None:
    assert read([[]] * 7, [(text, [])])[1] == (Fault(code="date_unreadable", date=text),)


def test_every_fault_is_found_at_once() -> None:
    found, faults = read(
        [[("1", "2")], *[[]] * 5], [("2027-01-01", []), ("2027-01-01", [("10:00", "09:00")]), ("x", [])]
    )
    codes = ["not_a_week", "time_unreadable", "ends_first", "date_twice", "date_unreadable"]
    assert [fault.code for fault in faults] == codes
    assert found.exceptions == {date(2027, 1, 1): ()}


def test_more_dates_than_a_year_has_are_refused_once() -> None:
    days: list[tuple[str, list[tuple[str, str]]]] = [
        (str(date(2027, 1, 1) + timedelta(days=n)), []) for n in range(400)
    ]
    assert read([[]] * 7, days[:MAX_EXCEPTIONS])[1] == ()
    assert read([[]] * 7, days)[1] == (Fault(code="too_many_dates"),)


spans_of_a_day = st.lists(st.integers(0, 96).map(lambda quarter: quarter * 15), max_size=6, unique=True).map(
    lambda ends: tuple(Span(low, high) for low, high in zip(sorted(ends)[::2], sorted(ends)[1::2], strict=False))
)
some_days = st.dates(date(2026, 3, 20), date(2026, 11, 10))
houses = st.builds(
    Hours, week=st.tuples(*[spans_of_a_day] * 7), exceptions=st.dictionaries(some_days, spans_of_a_day, max_size=6)
)


@settings(max_examples=150)
@given(
    house=houses,
    zone=st.sampled_from((SHANGHAI, BERLIN, *ODD)),
    at_ms=st.integers(ms("2026-03-22"), ms("2026-11-05")),
    ahead=st.lists(st.integers(0, 3 * 86_400_000), min_size=20, max_size=20),
)
def test_times_and_moments_agree(house: Hours, zone: ZoneInfo, at_ms: int, ahead: list[int]) -> None:
    """The times that are open, made forwards, hold a moment exactly when the clock on the wall says that it is open."""
    times: list[tuple[int, int]] = []
    for start, end in open_times(house, at_ms, zone):
        if start > at_ms + 3 * 86_400_000:
            break
        assert start < end
        assert not times or times[-1][1] <= start
        times.append((start, end))
    edges = {edge + step for each in times for edge in each for step in (-1, 0)}
    for moment in {at_ms + step for step in ahead} | {edge for edge in edges if edge >= at_ms}:
        assert is_open(house, moment, zone) == any(start <= moment < end for start, end in times) or (
            moment > at_ms + 3 * 86_400_000
        )
    opens, closes = next_open_ms(house, at_ms, zone), closes_ms(house, at_ms, zone)
    if is_open(house, at_ms, zone):
        assert opens == 0
        assert closes == 0 or (is_open(house, closes - 1, zone) and not is_open(house, closes, zone))
    else:
        assert closes == 0
        assert opens == 0 or (is_open(house, opens, zone) and not is_open(house, opens - 1, zone))


@given(house=houses)
def test_what_is_written_is_read_again(house: Hours) -> None:
    week = [[span.words() for span in day] for day in house.week]
    dates = [(str(day), [span.words() for span in spans]) for day, spans in house.exceptions.items()]
    assert read(week, dates) == (Hours(house.week, dict(sorted(house.exceptions.items()))), ())
