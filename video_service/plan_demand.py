"""From what the service kept of the past to the demand of days to come, in a planning process."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from scheduler.day_types import Calendar
from scheduler.errors import NoHistory
from scheduler.planning import Demand, demand_of
from video_service.plan_source import past_of
from video_service.plan_work import Basis
from video_service.public_holidays import special_days

USUAL_HANDLE_S = 600.0
"""What a call keeps an agent where the past does not tell."""
USUAL_LENGTH = "usual_length"
"""A note of a roster: how long calls take was assumed."""


def demand_for(basis: Basis, days: list[date]) -> tuple[Demand, tuple[str, ...]]:
    """Forecast `days`; with notes of what had to be assumed.

    Raises:
        NoHistory: there is nothing to learn from.
        BadHistory: a day lies too far ahead.
    """
    past = past_of(basis.past, ZoneInfo(basis.zone))
    calendar = Calendar().with_special(special_days(basis.region, past.history.first_day, days[-1]))
    try:
        return demand_of(past.history, calendar, days, past.patience_s), ()
    except NoHistory:
        return demand_of(past.history, calendar, days, past.patience_s, USUAL_HANDLE_S), (USUAL_LENGTH,)
