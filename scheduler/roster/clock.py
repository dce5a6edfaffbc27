"""Local quarter hours as instants: whole quarter hours counted from the first local midnight of the roster."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scheduler.errors import BadRoster
from scheduler.roster.problem import QUARTER_MIN, QUARTERS


class Clock:
    """Places quarter hours of local days on one line of instants; a day of clock change has 92 or 100 of them."""

    def __init__(self, first_day: date, zone: str) -> None:
        try:
            self._zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise BadRoster(f"There is no time zone {zone!r}.") from None
        self._first_day = first_day
        self._origin = self._utc(first_day, 0)

    def exists(self, day: int, quarter: int) -> bool:
        """Tell whether the clock shows this time on that day; it does not where clocks are put forward over it."""
        local = self._local(self._first_day + timedelta(days=day), quarter)
        return local.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None) == local.replace(tzinfo=None)

    def instant(self, day: int, quarter: int) -> int:
        """Return the instant; a time shown twice (clocks put back) is the first of the two."""
        seconds = (self._utc(self._first_day + timedelta(days=day), quarter) - self._origin).total_seconds()
        return int(seconds // (QUARTER_MIN * 60))

    def words(self, day: int, quarter: int) -> str:
        """Return date and time as text, "2026-03-29 02:15"."""
        return f"{self._local(self._first_day + timedelta(days=day), quarter):%Y-%m-%d %H:%M}"

    def _local(self, day: date, quarter: int) -> datetime:
        extra, quarter = divmod(quarter, QUARTERS)
        minute = quarter * QUARTER_MIN
        return datetime.combine(day + timedelta(days=extra), time(minute // 60, minute % 60), self._zone)

    def _utc(self, day: date, quarter: int) -> datetime:
        return self._local(day, quarter).astimezone(UTC)
