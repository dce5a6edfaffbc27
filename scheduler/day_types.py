"""Which days are like which: weekdays, holidays, make-up workdays, the turn of the month, campaigns.

The coordinator (see `scheduler.calendar_csv`) and the region's public holidays give marks and campaigns; all else
follows from the date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np

from scheduler.errors import BadHistory
from scheduler.history import DAY_S, Floats, Ints
from video_service.public_holidays import SpecialDay, SpecialKind

HOLIDAY = "holiday"
MAKE_UP = "make-up"
AFTER_HOLIDAY = "after a holiday"
_SATURDAY = 5
_LONGEST_HOLIDAY_DAYS = 14


@dataclass(frozen=True, slots=True)
class DayMark:
    """What is special about a day.

    `kind`: days of one kind are expected to differ from ordinary days in the same way; "holiday" and "make-up" (a
    weekend day on which people work) have a meaning of their own, any other word is a kind too. `acts_as`: the weekday
    whose shape and level it has, Monday 0; without it a make-up Saturday acts as Friday, a make-up Sunday as Monday,
    and every other day as itself.
    """

    kind: str = HOLIDAY
    acts_as: int | None = None

    def __post_init__(self) -> None:
        if not self.kind:
            raise BadHistory("A marked day needs a kind, for example holiday.")
        if self.acts_as is not None and not 0 <= self.acts_as <= 6:
            raise BadHistory("A day can act as weekday 0 (Monday) to 6 (Sunday).", acts_as=self.acts_as)


@dataclass(frozen=True, slots=True)
class Campaign:
    """From `first` to `last` (both included), between two times of day in seconds, calls are `factor` times as many.

    A campaign in the future raises the forecast; one in the past is divided out, so that it is not learned.
    """

    name: str
    first: date
    last: date
    factor: float
    from_s: int = 0
    to_s: int = DAY_S

    def __post_init__(self) -> None:
        if self.last < self.first or not 0 <= self.from_s < self.to_s <= DAY_S:
            raise BadHistory("A campaign must end after it begins.", name=self.name)
        if not 0 < self.factor <= 100:
            raise BadHistory("A campaign's factor must be above 0 and at most 100.", name=self.name, factor=self.factor)


@dataclass(frozen=True)
class Calendar:
    """The marks and campaigns known for a queue; an empty one knows weekdays and months."""

    marks: Mapping[date, DayMark] = field(default_factory=dict)
    campaigns: tuple[Campaign, ...] = ()

    def acts_as(self, day: date) -> int:
        """Return the weekday whose shape and level the day has, Monday 0."""
        mark = self.marks.get(day)
        if mark is None:
            return day.weekday()
        if mark.acts_as is not None:
            return mark.acts_as
        if mark.kind == MAKE_UP and day.weekday() >= _SATURDAY:
            return 4 if day.weekday() == _SATURDAY else 0
        return day.weekday()

    def kind(self, day: date) -> str:
        """Return the day's kind; "" is an ordinary day. The first working day after a holiday is a kind of its own."""
        mark = self.marks.get(day)
        if mark is not None:
            return mark.kind
        if day.weekday() >= _SATURDAY:
            return ""
        for back in range(1, _LONGEST_HOLIDAY_DAYS):
            earlier = day - timedelta(days=back)
            if self._is(earlier, HOLIDAY):
                return AFTER_HOLIDAY
            if self._works(earlier):
                return ""
        return ""

    def month_turn(self, day: date) -> int:
        """Return how many working days the day is from the turn of the month: 0 first, 1 second ..., -1 last."""
        first = day.replace(day=1)
        following = (first + timedelta(days=32)).replace(day=1)
        since = sum(self._works(first + timedelta(days=i)) for i in range((day - first).days))
        left = sum(self._works(day + timedelta(days=i)) for i in range(1, (following - day).days))
        return since if since <= left else -1 - left

    def factors(self, days: Sequence[date], interval_s: int) -> Floats:
        """Return the campaigns' factor for each slot of each day; shape (days, slots)."""
        starts = np.arange(0, DAY_S, interval_s)
        found = np.ones((len(days), len(starts)))
        for campaign in self.campaigns:
            rows = np.asarray([campaign.first <= day <= campaign.last for day in days], dtype=bool)
            begun = np.maximum(starts, campaign.from_s)
            inside = np.clip(np.minimum(starts + interval_s, campaign.to_s) - begun, 0, None) / interval_s
            found[rows] *= 1.0 + inside * (campaign.factor - 1.0)
        return found

    def with_special(self, days: Iterable[SpecialDay]) -> Calendar:
        """Return the calendar with the public holidays and make-up workdays `days`; what is marked already stays."""
        kinds = {SpecialKind.HOLIDAY: HOLIDAY, SpecialKind.MAKE_UP: MAKE_UP}
        return replace(self, marks={**{one.day: DayMark(kinds[one.kind]) for one in days}, **self.marks})

    def _is(self, day: date, kind: str) -> bool:
        mark = self.marks.get(day)
        return mark is not None and mark.kind == kind

    def _works(self, day: date) -> bool:
        if day.weekday() >= _SATURDAY:
            return self._is(day, MAKE_UP)
        return not self._is(day, HOLIDAY)


def weekdays(calendar: Calendar, days: Sequence[date]) -> Ints:
    """Return the weekday that each day acts as; shape (days,)."""
    return np.asarray([calendar.acts_as(day) for day in days], dtype=np.int64)
