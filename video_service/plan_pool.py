"""Several queues played apart and pooled, in a planning process: a roster's people, or what each queue would need."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import timedelta

from scheduler.errors import NoHistory
from scheduler.plan_file import PlanFile, read_plan_file
from scheduler.pool_plan import pool_of_roster, pool_of_staffing
from scheduler.pooling import Played, PoolQueue
from scheduler.replay import Share
from scheduler.roster_file import RosterDocument
from scheduler.targets import ServiceLevel
from video_service.plan_demand import demand_for
from video_service.plan_work import Goal, Level, LookAtPool, PoolGroup, PoolLevel, PoolSaid, PoolWay

SUREST = 0.999
"""No staff makes a share of all calls certain: a queue that asks for all of them is planned for this."""


def play_pool(work: LookAtPool) -> PoolSaid:
    """Forecast the queues and play them out.

    Raises:
        NoHistory: nobody has called in any of them.
        BadPlan: nobody in the roster works on any of the days.
    """
    file = read_plan_file(work.bases[0].team.text)
    days = [work.first_day + timedelta(days=number) for number in range(work.days)]
    queues: list[PoolQueue] = []
    left_out = dict(work.left_out)
    place: dict[int, int] = {}
    notes: list[str] = []
    for number, basis in enumerate(work.bases):
        try:
            demand, assumed = demand_for(basis, days)
        except NoHistory as error:
            left_out[basis.queue] = error.code
            continue
        place[number] = len(queues)
        queues.append(PoolQueue(basis.queue, demand, promise_of(basis.goal, file)))
        notes += [note for note in assumed if note not in notes]
    if not queues:
        raise NoHistory
    if work.duties:
        document = RosterDocument(zone=work.bases[0].zone, first_day=work.first_day, days=work.days, duties=work.duties)
        serves = {
            name: frozenset(place[number] for number in numbers if number in place)
            for name, numbers in work.serves.items()
        }
        found = pool_of_roster(queues, file, document, serves)
    else:
        found = pool_of_staffing(queues, file)
    return PoolSaid(
        first_day=work.first_day,
        days=work.days,
        roster=bool(work.duties),
        ways=tuple(ways_of(queues, found)),
        left_out=left_out,
        notes=tuple(notes),
    )


def promise_of(goal: Goal | None, file: PlanFile) -> ServiceLevel:
    """Return what a queue promises: its own goal, or the team's."""
    promise = next(one for one in file.targets.promises if isinstance(one, ServiceLevel))
    if goal is None:
        return promise
    return ServiceLevel(min(goal.share, SUREST), goal.within_s, promise.definition)


def ways_of(queues: list[PoolQueue], found: Iterable[Played]) -> Iterable[PoolWay]:
    """Return what was played as a page or a program reads it."""
    promises = {one.name: one.promise for one in queues}
    for one in found:
        yield PoolWay(
            way=one.way.value,
            hours=round(one.hours, 2),
            level=_level(one.together),
            queues=tuple(
                PoolLevel(
                    queue=each.queue,
                    goal=promises[each.queue].share,
                    within_s=promises[each.queue].within_s,
                    level=_level(each.level),
                    calls=round(each.offered, 1),
                )
                for each in one.queues
            ),
            groups=tuple(
                PoolGroup(
                    queues=each.queues,
                    people=each.people,
                    hours=round(each.hours, 2),
                    occupancy=-1.0 if math.isnan(each.occupancy) else round(each.occupancy, 4),
                )
                for each in one.groups
            ),
        )


def _level(share: Share) -> Level:
    if math.isnan(share.mean):
        return Level(mean=-1, low=-1, high=-1)
    return Level(mean=round(share.mean, 4), low=round(share.low, 4), high=round(share.high, 4))
