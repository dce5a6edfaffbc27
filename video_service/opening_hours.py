"""When a line is open by the clock: hours of each weekday, of public holidays and of days that are different.

Pure: no I/O, no clock.

Hours are what a clock on the wall shows in the house's time zone, whatever its offset is that day. The line is open
while the day of that clock has a span with from <= time < to. A span ends at 24:00 at the latest; a night is two spans,
which join at midnight. A time that a clock change repeats counts twice, one that it leaves out not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

from video_service import public_holidays
from video_service.public_holidays import SpecialDay, SpecialKind, UnknownRegion

MAX_SPANS = 6  # of one day
MAX_EXCEPTIONS = 366
DAY_MIN = 1440

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_DAY_S = 86_400
_LOOK_S = 6 * 3600  # no zone has changed its offset twice in so short a time


class Span(msgspec.Struct, frozen=True, array_like=True):
    """Open from_min <= t < to_min, minutes after midnight by the clock on the wall; to_min at most 1440."""

    from_min: int
    to_min: int

    def words(self) -> tuple[str, str]:
        """Return both ends as HH:MM."""
        return _hhmm(self.from_min), _hhmm(self.to_min)


class Holidays(msgspec.Struct, frozen=True):
    """What holds on public holidays of a region (`public_holidays` says which those are), and on make-up workdays.

    `spans`: of a public holiday, none is closed. `make_up_as`: a weekend day on which people work in exchange has the
    hours of this weekday, 0 for Monday.
    """

    region: str
    spans: tuple[Span, ...] = ()
    make_up_as: int = 0


class Hours(msgspec.Struct, frozen=True):
    """Spans of each weekday, Monday first, and of the days that are different: none is closed that day.

    A day that is different by its date stands above public holidays, and these above its weekday.
    `read` makes them from what people write; spans are in order and do not overlap.
    """

    week: tuple[tuple[Span, ...], ...] = ((),) * 7
    exceptions: dict[date, tuple[Span, ...]] = msgspec.field(default_factory=dict)
    holidays: Holidays | None = None

    def of_day(self, day: date) -> tuple[Span, ...]:
        """Return the spans of a day."""
        if day in self.exceptions:
            return self.exceptions[day]
        rule = self.holidays
        special = public_holidays.special_day(rule.region, day) if rule else None
        if rule is None or special is None:
            return self.week[day.weekday()]
        return rule.spans if special.kind is SpecialKind.HOLIDAY else self.week[rule.make_up_as]

    def without_past(self, at_ms: int, zone: ZoneInfo) -> Hours:
        """Return the same without exceptions of days before yesterday, which say nothing any more."""
        earliest = _on_the_wall(at_ms, zone).date() - timedelta(days=1)
        return msgspec.structs.replace(
            self, exceptions={d: spans for d, spans in self.exceptions.items() if d >= earliest}
        )


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wrong with hours, and where.

    `day`: 0 (Monday) to 6, or an exception's `date` as it was written, or `holiday`: those of public holidays. `row`:
    the span, counted from 1, or 0 for the whole day. `other`: the row it overlaps with.
    """

    code: str
    day: int | None = None
    date: str = ""
    holiday: bool = False
    row: int = 0
    other: int = 0


def read(
    week: Sequence[Sequence[tuple[str, str]]],
    exceptions: Iterable[tuple[str, Sequence[tuple[str, str]]]],
    holidays: tuple[str, Sequence[tuple[str, str]], int] | None = None,
) -> tuple[Hours, tuple[Fault, ...]]:
    """Return the hours that somebody wrote, as HH:MM and YYYY-MM-DD, and all that is wrong with them.

    `holidays`: region, spans of a public holiday, the weekday whose hours a make-up workday has (0 to 6).
    Hours with a fault are not to be used.
    """
    faults: list[Fault] = []
    if len(week) != 7:
        faults.append(Fault(code="not_a_week"))
    days = tuple(_spans(spans, Fault(code="", day=day), faults) for day, spans in enumerate(week))
    different: dict[date, tuple[Span, ...]] = {}
    for number, (text, spans) in enumerate(exceptions, 1):
        if number > MAX_EXCEPTIONS:
            faults.append(Fault(code="too_many_dates"))
            break
        here = Fault(code="", date=text)
        read_spans = _spans(spans, here, faults)
        day = _date(text)
        if day is None:
            faults.append(msgspec.structs.replace(here, code="date_unreadable"))
        elif day in different:
            faults.append(msgspec.structs.replace(here, code="date_twice"))
        else:
            different[day] = read_spans
    rule = _holidays(*holidays, faults) if holidays else None
    return Hours(week=days, exceptions=dict(sorted(different.items())), holidays=rule), tuple(faults)


def today(hours: Hours, at_ms: int, zone: ZoneInfo) -> tuple[Span, ...]:
    """Return the spans of the day that it is in `zone` at `at_ms`, milliseconds since 1970."""
    return hours.of_day(_on_the_wall(at_ms, zone).date())


def warm(hours: Hours) -> None:
    """Load the table of holidays that `hours` needs: the first look at a country takes a few tenths of a second."""
    if hours.holidays is not None:
        public_holidays.special_day(hours.holidays.region, date(2026, 1, 1))  # another year is a few milliseconds


def special_days_ahead(hours: Hours, at_ms: int, zone: ZoneInfo, *, language: str = "") -> tuple[SpecialDay, ...]:
    """Return the public holidays and make-up workdays of the year from `at_ms` on, but those with hours of their own.

    `language`: of the holidays' names, such as zh_CN.
    """
    if hours.holidays is None:
        return ()
    first = _on_the_wall(at_ms, zone).date()
    found = public_holidays.special_days(hours.holidays.region, first, first + timedelta(days=365), language)
    return tuple(each for each in found if each.day not in hours.exceptions)


def is_open(hours: Hours, at_ms: int, zone: ZoneInfo) -> bool:
    """Return whether the line is open at `at_ms`, milliseconds since 1970."""
    wall = _on_the_wall(at_ms, zone)
    minute = wall.hour * 60 + wall.minute
    return any(span.from_min <= minute < span.to_min for span in hours.of_day(wall.date()))


def next_open_ms(hours: Hours, at_ms: int, zone: ZoneInfo) -> int:
    """Return when the line opens next after `at_ms`: 0 when it is open then, or never opens again."""
    if is_open(hours, at_ms, zone):
        return 0
    return next((start for start, _ in open_times(hours, at_ms, zone) if start > at_ms), 0)


def closes_ms(hours: Hours, at_ms: int, zone: ZoneInfo) -> int:
    """Return when the line, open at `at_ms`, closes: 0 when it is closed then, or stays open for the week to come."""
    end_ms = at_ms
    for start, end in open_times(hours, at_ms, zone):
        if start > end_ms:
            break
        end_ms = end
        if end_ms - at_ms > 7 * _DAY_S * 1000:
            return 0
    return end_ms if end_ms > at_ms else 0


def open_times(hours: Hours, at_ms: int, zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """Yield when the line is open, as start_ms <= t < end_ms with end_ms > at_ms, in order; touching ones may follow.

    It looks as far ahead as the exceptions reach, and a week further.
    """
    for day in _days_from(hours, _on_the_wall(at_ms, zone).date() - timedelta(days=1)):
        if spans := hours.of_day(day):
            yield from (each for each in _open_of(spans, day, zone) if each[1] > at_ms)


def _days_from(hours: Hours, first: date) -> Iterator[date]:
    """Yield the days from `first` on that may have hours, in order."""
    # A date that is mistyped by decades costs no walk through them.
    if not any(hours.week) and not (hours.holidays and hours.holidays.spans):
        yield from sorted(day for day in hours.exceptions if day >= first)
        return
    last = max((first + timedelta(days=MAX_EXCEPTIONS), *hours.exceptions)) + timedelta(days=9)
    while first <= last:
        yield first
        first += timedelta(days=1)


def _open_of(spans: tuple[Span, ...], day: date, zone: ZoneInfo) -> list[tuple[int, int]]:
    """Return the moments at which the clock in `zone` shows a time of the spans of `day`, in order."""
    midnight_s = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())  # were the zone UTC
    found: list[tuple[int, int]] = []
    for start_s, end_s, offset_s in _offsets(midnight_s - _DAY_S, midnight_s + 2 * _DAY_S, zone):
        for span in spans:
            low = max(start_s, midnight_s + span.from_min * 60 - offset_s)
            high = min(end_s, midnight_s + span.to_min * 60 - offset_s)
            if low < high:
                found.append((low * 1000, high * 1000))
    return found


def _offsets(from_s: int, to_s: int, zone: ZoneInfo) -> Iterator[tuple[int, int, int]]:
    """Yield the parts start_s <= t < end_s of a time in which the zone has one offset, and that offset in seconds."""
    start_s = from_s
    for low, high in pairwise((*range(from_s, to_s, _LOOK_S), to_s)):
        before = _offset_s(low, zone)
        if before == _offset_s(high, zone):
            continue
        while high - low > 1:  # the change comes after `low`, and at `high` at the latest
            middle = (low + high) // 2
            low, high = (middle, high) if _offset_s(middle, zone) == before else (low, middle)
        yield start_s, high, before
        start_s = high
    yield start_s, to_s, _offset_s(start_s, zone)


def _offset_s(at_s: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(at_s, zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def _on_the_wall(at_ms: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, zone)


def _spans(written: Sequence[tuple[str, str]], here: Fault, faults: list[Fault]) -> tuple[Span, ...]:
    """Return a day's spans in order; what is wrong goes to `faults`, at the place `here`."""
    if len(written) > MAX_SPANS:
        faults.append(msgspec.structs.replace(here, code="too_many_spans"))
        return ()
    rows: list[tuple[Span, int]] = []
    for row, (start, end) in enumerate(written, 1):
        from_min, to_min = _minutes(start), _minutes(end)
        if from_min is None or to_min is None or from_min == DAY_MIN:
            faults.append(msgspec.structs.replace(here, code="time_unreadable", row=row))
        elif from_min >= to_min:
            faults.append(msgspec.structs.replace(here, code="ends_first", row=row))
        else:
            rows.append((Span(from_min, to_min), row))
    rows.sort(key=lambda each: each[0].from_min)
    end_min, longest = 0, 0
    for span, row in rows:
        if span.from_min < end_min:
            faults.append(msgspec.structs.replace(here, code="overlaps", row=row, other=longest))
        if span.to_min > end_min:
            end_min, longest = span.to_min, row
    return tuple(span for span, _ in rows)


def _holidays(region: str, spans: Sequence[tuple[str, str]], make_up_as: int, faults: list[Fault]) -> Holidays:
    here = Fault(code="", holiday=True)
    try:
        public_holidays.check_region(region)
    except UnknownRegion:
        faults.append(msgspec.structs.replace(here, code="region_unknown"))
    return Holidays(region=region, spans=_spans(spans, here, faults), make_up_as=make_up_as)


def _minutes(text: str) -> int | None:
    return int(text[:2]) * 60 + int(text[3:]) if _TIME.fullmatch(text) else None


def _hhmm(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _date(text: str) -> date | None:
    if re.fullmatch(r"20\d\d-\d\d-\d\d", text) is None:  # fromisoformat reads other forms, too
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
