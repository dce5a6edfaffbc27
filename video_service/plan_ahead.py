"""The coming days as they would be, in a planning process: forecast with its band, people, hours, and their cost."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

from scheduler.plan import DayPlan
from scheduler.plan_file import PlanFile
from scheduler.planning import Demand, staffing_of
from scheduler.replay import Share
from scheduler.roster.problem import Person
from scheduler.small_team import first_week
from scheduler.targets import ServiceLevel
from video_service.plan_demand import demand_for, rules_of, with_goal
from video_service.plan_work import AheadSaid, DayAhead, Goal, Level, LookAhead

_EXACTLY = 0.01
_TENTH_TO_NINETH = 1.2816  # standard deviations of the middle 80 % of a normal distribution


def look_ahead(work: LookAhead) -> AheadSaid:
    """Forecast and staff the coming days with what was wished.

    Raises:
        NoHistory: there is nothing to learn from.
        BadTarget: no number of people could keep the share that was wished for.
    """
    file = _file(work)
    days = [work.first_day + timedelta(days=number) for number in range(work.days)]
    demand, notes = demand_for(work.basis, days)
    demand = _scaled(demand, work)
    plans = staffing_of(demand, file, half_width=_EXACTLY)
    promise = next(one for one in file.targets.promises if isinstance(one, ServiceLevel))
    return AheadSaid(
        days=tuple(_day(demand, row, plan) for row, plan in enumerate(plans)),
        goal=promise.share,
        within_s=promise.within_s,
        truth=first_week(demand, plans, file),
        notes=notes,
    )


def _file(work: LookAhead) -> PlanFile:
    file = rules_of(work.basis.team, work.basis.goal)
    if work.share:
        promise = next(one for one in file.targets.promises if isinstance(one, ServiceLevel))
        file = with_goal(file, Goal(share=work.share, within_s=promise.within_s))
    if work.people:
        # More of the same: each further person has the contract of somebody who is there, in turn.
        people = file.people
        file = replace(file, people=tuple(_like(people[n % len(people)], n) for n in range(work.people)))
    return file


def _like(person: Person, number: int) -> Person:
    return replace(person, name=f"{number}")


def _scaled(demand: Demand, work: LookAhead) -> Demand:
    made = demand.result.forecast
    scaled = replace(made, expected=made.expected * work.calls_factor)
    return replace(
        demand, result=replace(demand.result, forecast=scaled), handle_s=demand.handle_s * work.length_factor
    )


def _day(demand: Demand, row: int, plan: DayPlan) -> DayAhead:
    made = demand.result.forecast
    calls = float(made.expected[row].sum())
    spread = _TENTH_TO_NINETH * math.sqrt(calls + float(made.day_variance[row]) * calls**2)
    return DayAhead(
        day=plan.day,
        calls=round(calls, 2),
        low=round(max(0.0, calls - spread), 1),
        high=round(calls + spread, 1),
        most=max(plan.agents),
        hours=round(sum(plan.agents) * plan.interval_s / 3600, 2),
        level=_level(plan.promised.service_level),
        wait_s=round(plan.promised.wait_s, 1) if plan.promised.offered else -1.0,
        occupancy=-1.0 if math.isnan(plan.promised.occupancy) else round(plan.promised.occupancy, 4),
    )


def _level(share: Share) -> Level:
    if math.isnan(share.mean):
        return Level(mean=-1, low=-1, high=-1)
    return Level(mean=round(share.mean, 4), low=round(share.low, 4), high=round(share.high, 4))
