"""From staffing to cover: how many rostered people each stretch of each day wants.

The plan says how many have to be on the floor. Who is sick or in training is not there, so more are rostered, enough
that the floor is kept as often as one asks for. Breaks are not in it: the roster places them itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

from scheduler.errors import BadPlan
from scheduler.plan import DayPlan
from scheduler.roster.problem import QUARTER_MIN, Need
from scheduler.shrinkage import Shrinkage

_QUARTER_S = QUARTER_MIN * 60


def needs_of(
    plans: Iterable[DayPlan], first_day: date, *, shrinkage: Shrinkage, kept_often: float, minimum: int, team: int
) -> list[Need]:
    """Return the needs of the planned days, neighbouring intervals that want the same as one.

    `kept_often`: the chance with which enough of the rostered people are there. `minimum`: the floor while open.
    `team`: the people there are; no need asks for more, for the roster could only say so again and again.

    Raises:
        BadPlan: the plan's intervals are no whole number of quarter hours, or a day lies before `first_day`.
    """
    needs: list[Need] = []
    for plan in plans:
        quarters, rest = divmod(plan.interval_s, _QUARTER_S)
        if rest or not quarters:
            raise BadPlan("A roster needs staffing in quarter hours or multiples of them.", interval_s=plan.interval_s)
        day = (plan.day - first_day).days
        if day < 0:
            raise BadPlan("The staffing begins before the roster.", day=plan.day.isoformat())
        needs += _of_day(day, quarters, [_people(one, shrinkage, kept_often, team) for one in plan.agents], minimum)
    return needs


def _people(agents: int, shrinkage: Shrinkage, kept_often: float, team: int) -> int:
    # Asked of as many as the whole team, the chance may not be reached: then everybody is wanted.
    return min(team, shrinkage.people_for(min(agents, team), kept_often)) if agents else 0


def _of_day(day: int, quarters: int, wanted: Sequence[int], minimum: int) -> list[Need]:
    found = []
    for people, run in groupby(enumerate(wanted), key=lambda one: one[1]):
        slots = [slot for slot, _ in run]
        if people:
            from_q, to_q = slots[0] * quarters, (slots[-1] + 1) * quarters
            found.append(Need(day, from_q, to_q, required=people, floor=min(minimum, people)))
    return found
