"""A plan for several queues played out apart and pooled: a roster's people, or what each queue alone would need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from scheduler.errors import BadPlan
from scheduler.plan_file import PlanFile
from scheduler.planning import Demand, staffing_of
from scheduler.pooling import Day, Played, PoolQueue, Skills, Way, apart, everybody, merged, played
from scheduler.presence import Presence
from scheduler.roster_file import RosterDocument, present_by
from scheduler.simulate import Retry, from_counts
from scheduler.targets import ServiceLevel

_EXACTLY = 0.01
_SEARCH_EXACTLY = 0.01


def pool_of_roster(
    queues: Sequence[PoolQueue], file: PlanFile, document: RosterDocument, serves: Mapping[str, Skills]
) -> Iterator[Played]:
    """Play a roster apart, by skills and pooled. `serves`: the numbers of the queues that each person can serve.

    Raises:
        BadPlan: nobody in the roster works on any of the days.
    """
    days = [
        {name: replace(one, skills=serves.get(name, frozenset())) for name, one in present_by(document, day).items()}
        for day in _days_of(queues)
    ]
    if not any(days):
        raise BadPlan("Nobody in this roster works on any day that is forecast.")
    yield _played(Way.APART, queues, apart(days, queues), file)
    yield _played(Way.SKILLED, queues, days, file)
    yield _played(Way.POOLED, queues, everybody(days, len(queues)), file)


def pool_of_staffing(queues: Sequence[PoolQueue], file: PlanFile) -> Iterator[Played]:
    """Play what each queue alone would need apart and pooled, and then the fewest people who keep it pooled.

    The fewest are those that keep the strictest promise of the queues over all calls.
    """
    days: list[dict[str, Presence]] = [{} for _ in _days_of(queues)]
    for number, queue in enumerate(queues):
        for row, agents in enumerate(_agents(queue.demand, file, queue.promise)):
            days[row] |= _seats(agents, queue, frozenset({number}))
    yield _played(Way.APART, queues, days, file)
    yield _played(Way.POOLED, queues, everybody(days, len(queues)), file)
    strictest = replace(
        queues[0].promise,
        share=max(one.promise.share for one in queues),
        within_s=min(one.promise.within_s for one in queues),
    )
    every = frozenset(range(len(queues)))
    fewer = [_seats(agents, queues[0], every) for agents in _agents(merged(queues), file, strictest)]
    yield _played(Way.FEWER, queues, fewer, file)


def _days_of(queues: Sequence[PoolQueue]) -> tuple[date, ...]:
    return queues[0].demand.result.forecast.days if queues else ()


def _agents(demand: Demand, file: PlanFile, promise: ServiceLevel) -> list[tuple[int, ...]]:
    promises = tuple(promise if isinstance(one, ServiceLevel) else one for one in file.targets.promises)
    wanted = replace(file, targets=replace(file.targets, promises=promises))
    return [plan.agents for plan in staffing_of(demand, wanted, half_width=_SEARCH_EXACTLY)]


def _seats(agents: Sequence[int], queue: PoolQueue, skills: Skills) -> dict[str, Presence]:
    interval_s = float(queue.demand.result.forecast.interval_s)
    found = enumerate(from_counts(agents, interval_s))
    return {f"{queue.name} {number}": replace(one, skills=skills) for number, one in found}


def _played(way: Way, queues: Sequence[PoolQueue], days: Sequence[Day], file: PlanFile) -> Played:
    retry = None if file.again is None else Retry(*file.again)
    return played(way, queues, days, retry=retry, half_width=_EXACTLY)
