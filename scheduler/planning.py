"""From a history to a roster in steps that each stand alone: forecast, staffing, cover, roster, replay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from scheduler.day_types import Calendar
from scheduler.demand import needs_of
from scheduler.errors import BadPlan, NoHistory
from scheduler.forecast import Result, forecast
from scheduler.forecast_handle import forecast_handle_time
from scheduler.forecast_models import planned_hours
from scheduler.history import Floats, History
from scheduler.plan import DayPlan, day_source, held_against, plan_day
from scheduler.plan_file import PlanFile
from scheduler.replay import Replay
from scheduler.roster.explain import words_of
from scheduler.roster.problem import Assignment, Problem
from scheduler.roster.search import Limits, Progress
from scheduler.roster.solve import Made, make_roster
from scheduler.roster_file import Gap, RosterDocument, document_of, presence_of
from scheduler.simulate import Retry
from scheduler.targets import ServiceLevel


@dataclass(frozen=True)
class Demand:
    """What is expected of the days to plan: calls, how long each keeps an agent (days, slots), patience in seconds."""

    result: Result
    handle_s: Floats
    patience_s: float


def demand_of(
    history: History,
    calendar: Calendar,
    days: Sequence[date],
    patience_s: float,
    handle_s: float | None = None,
    planned: Floats | None = None,
) -> Demand:
    """Forecast the calls and handle times of `days`. `handle_s`: what to take where the history has no handle times.

    `planned`: the part of each interval that the opening hours have open, shape (days, slots); None: as it has been.

    Raises:
        NoHistory: there is nothing to learn from, or no handle time and none given.
        BadHistory: a day lies within the history or too far ahead.
    """
    opened = None if planned is None else np.minimum(planned_hours(history, calendar, days), planned)
    result = forecast(history, calendar, days, opened)
    shape = result.forecast.expected.shape
    if handle_s is not None:
        return Demand(result, np.full(shape, handle_s), patience_s)
    try:
        return Demand(result, forecast_handle_time(history, calendar, days).mean_s, patience_s)
    except NoHistory as error:
        raise NoHistory(
            "The history has no handle times: say with --handle-s how long a call keeps an agent."
        ) from error


def staffing_of(
    demand: Demand, file: PlanFile, report: Callable[[DayPlan], None] = lambda plan: None, half_width: float = 0.0025
) -> list[DayPlan]:
    """Plan the agents of every forecast day; `report` hears of each."""
    plans = []
    for row, day in enumerate(demand.result.forecast.days):
        plans.append(
            plan_day(
                demand.result.forecast,
                day,
                demand.handle_s[row],
                demand.patience_s,
                file.targets,
                retry=_retry(file),
                half_width=half_width,
                seed=2 * row,
            )
        )
        report(plans[-1])
    return plans


def _retry(file: PlanFile) -> Retry | None:
    return None if file.again is None else Retry(*file.again)


def problem_of(plans: Sequence[DayPlan], file: PlanFile, zone: str) -> Problem:
    """Return the roster to be made so that the planned agents are on the floor.

    Raises:
        BadPlan: there is no day, or days are missing between the first and the last.
    """
    if not plans:
        raise BadPlan("There is no day to make a roster for.")
    first, days = plans[0].day, len(plans)
    if (plans[-1].day - first).days != days - 1:
        raise BadPlan("A roster is made for days that follow one another.")
    needs = needs_of(
        plans,
        first,
        shrinkage=file.shrinkage,
        kept_often=file.kept_often,
        minimum=file.targets.minimum,
        team=len(file.people),
    )
    return file.problem(first, days, needs, zone)


def roster_of(
    problem: Problem,
    limits: Limits,
    report: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    first: Assignment | None = None,
    better: Callable[[Callable[[], RosterDocument]], None] | None = None,
) -> tuple[RosterDocument, Made]:
    """Make the roster, and the document of it. All but `problem` as `make_roster` takes it, `better` as documents."""

    def found(made: Callable[[], Made]) -> None:
        if better is not None:
            better(lambda: _document(problem, made()))

    made = make_roster(problem, limits, report, cancelled, first, found)
    return _document(problem, made), made


def _document(problem: Problem, made: Made) -> RosterDocument:
    first = problem.first_day.toordinal()
    gaps = [
        Gap(day=date.fromordinal(first + short.day), missing=short.missing, words=words_of(problem, short))
        for short in made.short
    ]
    return document_of(problem, made, gaps)


def replayed(demand: Demand, file: PlanFile, document: RosterDocument, half_width: float = 0.005) -> dict[date, Replay]:
    """Play each rostered day that is forecast against sampled days; what the roster really promises, by day."""
    made = demand.result.forecast
    promise = next(one for one in file.targets.promises if isinstance(one, ServiceLevel))
    found = {}
    for row, day in enumerate(made.days):
        if not 0 <= (day - document.first_day).days < document.days or not (made.open_share[row] > 0).any():
            continue
        source = day_source(made, row, demand.handle_s[row], demand.patience_s)
        found[day] = held_against(
            source,
            presence_of(document, day),
            promise,
            made.expected.shape[1],
            _retry(file),
            half_width=half_width,
            seed=2 * row + 1_000_003,
        )
    return found
