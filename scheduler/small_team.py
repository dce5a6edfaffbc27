"""The truth about a small team: what its hours and its target take in people, and which hours it can keep."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from scheduler import roster_file
from scheduler.errors import BadPlan
from scheduler.plan import DayPlan
from scheduler.plan_file import PlanFile
from scheduler.planning import Demand
from scheduler.roster.problem import Contract
from scheduler.team import DAYS, Cost, Opening, cost_of, hours_to_keep


@dataclass(frozen=True)
class Truth:
    """What a week takes and what the team has.

    `needed`: for the hours that are open now and the target; `one_seat`: for one person there round the clock. `has`:
    people of the team, `hours`: the paid hours a week of one of them, on average. `keeps`: the opening hours that the
    team can keep with most calls in them, None where it cannot keep two hours a day. `lost`: the paid hours that each
    cause of shrinkage takes of what is needed.
    """

    needed: Cost
    one_seat: Cost
    has: int
    hours: float
    keeps: Opening | None
    lost: Mapping[str, float] = field(default_factory=dict)

    @property
    def enough(self) -> bool:
        """Whether the team can keep the hours that are open now."""
        return self.needed.people <= self.has + 1e-9

    @property
    def words(self) -> tuple[str, ...]:
        """What to tell the coordinator, a sentence each."""
        team = f"the team has {self.has}, who work {self.hours:.0f} hours a week"
        verdict = "which is enough" if self.enough else "which is too few"
        if self.keeps is None:
            keeps = "This team is too small to keep the target for even two hours a day: take messages instead."
        else:
            keeps = f"Hours that this team can keep: {self.keeps.words}."
        lost = ", ".join(f"{hours:.1f} go to {cause}" for cause, hours in self.lost.items() if hours)
        return (
            f"The hours that are open now and the target take {self.needed.words}; {team}, {verdict}.",
            f"One seat round the clock alone takes {self.one_seat.words}.",
            keeps,
            *([f"Of the paid hours a week {lost}."] if lost else []),
        )


def truth_of(demand: Demand, plans: Sequence[DayPlan], file: PlanFile) -> Truth:
    """Return the truth for a week: `plans` are those of the seven days of `demand`, from any weekday on.

    An hour that is closed now would need the team's minimum if it were open: nobody has called in it.

    Raises:
        BadPlan: these are not seven days that follow one another.
    """
    days = [plan.day for plan in plans]
    if len(days) != DAYS or (days[-1] - days[0]).days != DAYS - 1:
        raise BadPlan("What hours cost is asked of seven days that follow one another.", days=len(days))
    order = np.argsort([day.weekday() for day in days])
    wanted = np.asarray([plan.agents for plan in plans], dtype=np.int64)[order]
    calls = np.asarray(demand.result.forecast.expected)[order]
    interval_s = float(plans[0].interval_s)
    hours = float(np.mean([_week_hours(person.contract) for person in file.people]))
    if_open = np.maximum(wanted, max(1, file.targets.minimum))
    try:
        keeps: Opening | None = hours_to_keep(if_open, calls, interval_s, len(file.people), hours, file.shrinkage)
    except BadPlan:
        keeps = None
    if keeps is not None and not keeps.calls_share > 0:
        keeps = None  # hours in which nobody calls help nobody
    needed = cost_of(wanted, interval_s, hours, file.shrinkage)
    return Truth(
        needed=needed,
        one_seat=cost_of(np.ones_like(wanted), interval_s, hours, file.shrinkage),
        has=len(file.people),
        hours=hours,
        keeps=keeps,
        lost=file.shrinkage.by_cause(needed.paid_hours),
    )


def first_week(demand: Demand, plans: Sequence[DayPlan], file: PlanFile) -> roster_file.Truth | None:
    """Return the truth of the first seven days as a roster's document has it; None of fewer days."""
    if len(plans) < DAYS:
        return None
    made = demand.result.forecast
    week = replace(
        made,
        days=made.days[:DAYS],
        expected=made.expected[:DAYS],
        open_share=made.open_share[:DAYS],
        day_variance=made.day_variance[:DAYS],
        slot_variance=made.slot_variance[:DAYS],
    )
    found = truth_of(replace(demand, result=replace(demand.result, forecast=week)), plans[:DAYS], file)
    keeps = found.keeps
    return roster_file.Truth(
        takes=_people(found.needed),
        seat=_people(found.one_seat),
        has=found.has,
        hours=round(found.hours, 1),
        enough=found.enough,
        share=-1.0 if keeps is None else round(keeps.calls_share, 4),
        workdays=None if keeps is None else _minutes(keeps.workdays),
        weekend=None if keeps is None else _minutes(keeps.weekend),
    )


def _people(cost: Cost) -> int:
    return math.ceil(cost.people - 1e-9)


def _minutes(span: tuple[float, float] | None) -> tuple[int, int] | None:
    return None if span is None else (round(span[0] / 60), round(span[1] / 60))


def _week_hours(contract: Contract) -> float:
    """Return the most paid hours a week that a contract has."""
    return min(part.most_min / 60 * DAYS / (part.period_days or DAYS) for part in contract.hours)
