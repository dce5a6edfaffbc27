"""From what the service kept of the past to the demand of days to come, in a planning process."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from scheduler.day_types import Calendar
from scheduler.errors import NoHistory
from scheduler.plan_file import PlanFile, read_plan_file
from scheduler.planning import Demand, demand_of
from scheduler.targets import ServiceLevel
from video_service.plan_hours import entered, planned_share
from video_service.plan_source import past_of
from video_service.plan_work import Basis, Goal, Team
from video_service.public_holidays import special_days

USUAL_HANDLE_S = 600.0
"""What a call keeps an agent where the past does not tell."""
USUAL_LENGTH = "usual_length"
"""A note of a roster: how long calls take was assumed."""


def rules_of(team: Team, goal: Goal | None = None) -> PlanFile:
    """Return the team's rules, with what people asked for and got, for those who are to be planned with."""
    file = with_goal(read_plan_file(team.text), goal)
    people = tuple(one for one in file.people if not team.only or one.name in team.only)
    return replace(file, people=people, off=team.off, wishes_off=team.wishes_off, wishes=team.wishes, busy=team.busy)


def with_goal(file: PlanFile, goal: Goal | None) -> PlanFile:
    """Return the rules with a queue's own goal in place of the team's; None changes nothing."""
    if goal is None:
        return file
    promises = tuple(
        replace(one, share=goal.share, within_s=goal.within_s) if isinstance(one, ServiceLevel) else one
        for one in file.targets.promises
    )
    return replace(file, targets=replace(file.targets, promises=promises))


def demand_for(basis: Basis, days: list[date]) -> tuple[Demand, tuple[str, ...]]:
    """Forecast `days`; with notes of what had to be assumed.

    Raises:
        NoHistory: there is nothing to learn from.
        BadHistory: a day lies too far ahead.
    """
    past = past_of(basis.past, ZoneInfo(basis.zone), basis.hours if basis.own_hours else None)
    planned = None if basis.hours is None else planned_share(basis.hours, days, past.history.interval_s)
    special = special_days(basis.region, past.history.first_day, days[-1])
    calendar = Calendar(campaigns=entered(basis.campaigns)).with_special(special)
    try:
        return demand_of(past.history, calendar, days, past.patience_s, planned=planned), ()
    except NoHistory:
        return demand_of(past.history, calendar, days, past.patience_s, USUAL_HANDLE_S, planned), (USUAL_LENGTH,)
