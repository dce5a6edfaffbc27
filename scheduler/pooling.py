"""What it is worth that agents serve several queues: the same people against the same sampled days, in several ways.

Apart, each agent belongs to one queue's team; by skills, each serves every queue whose needs the agent has; pooled, all
serve all. All ways are played against the very same days, so that what differs between them is the way and not luck.
Formulas know one queue and one kind of agent; only playing it out knows who has which skills and when.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from scheduler.errors import BadPlan, NoHistory
from scheduler.history import DAY_S, Floats
from scheduler.plan import day_source
from scheduler.planning import Demand
from scheduler.presence import Presence
from scheduler.replay import SeveralQueues, Share, ratio_of_sums
from scheduler.service_level import Definition
from scheduler.simulate import Outcome, Retry, simulate_day
from scheduler.targets import ServiceLevel

_FEWEST_TIMES = 40
_BATCH = 10

Skills = frozenset[int]
Day = Mapping[str, Presence]
"""Who is on the floor on a day, by name; a presence's skills are the numbers of the queues that somebody serves."""


class Way(StrEnum):
    """Who serves what."""

    APART = "apart"
    """Each agent is in the team of one queue, and serves no other."""
    SKILLED = "skilled"
    """Each agent serves every queue that the agent has the skills for."""
    POOLED = "pooled"
    """Everybody serves every queue, as if all had all skills."""
    FEWER = "fewer"
    """Pooled, with no more people than the promise then takes."""


@dataclass(frozen=True)
class PoolQueue:
    """A queue of the pool: what is expected of its days, and what it promises."""

    name: str
    demand: Demand
    promise: ServiceLevel


@dataclass(frozen=True, slots=True)
class QueueLevel:
    """What a queue comes to: its service level by its own promise, and attempts in all of the days, on average."""

    queue: str
    level: Share
    offered: float


@dataclass(frozen=True, slots=True)
class Group:
    """The agents who serve the same `queues`: how many, their hours on the floor, and the busy share of these."""

    queues: tuple[str, ...]
    people: int
    hours: float
    occupancy: float


@dataclass(frozen=True)
class Played:
    """One way, played out. `hours` on the floor in all of the days; `together`: all queues, each by its own promise."""

    way: Way
    hours: float
    together: Share
    queues: tuple[QueueLevel, ...]
    groups: tuple[Group, ...]


def merged(queues: Sequence[PoolQueue]) -> Demand:
    """Return what is expected of several queues as of one: calls add up, times are means over calls.

    Queues are taken to be busy on days of their own: what varies of a day adds up as that of independent sums does.

    Raises:
        NoHistory: there are no queues.
        BadPlan: they are not of the same days.
    """
    _alike(queues)
    made = [one.demand.result.forecast for one in queues]
    calls = np.stack([one.expected for one in made])
    total = calls.sum(axis=0)
    weights = calls / np.maximum(total, 1e-12)
    by_day = calls.sum(axis=2)
    forecast = replace(
        made[0],
        expected=total,
        open_share=np.max([one.open_share for one in made], axis=0),
        day_variance=np.sum([one.day_variance * each**2 for one, each in zip(made, by_day, strict=True)], axis=0)
        / np.maximum(by_day.sum(axis=0), 1e-12) ** 2,
        slot_variance=np.sum([one.slot_variance * part**2 for one, part in zip(made, weights, strict=True)], axis=0),
    )
    handle_s = np.stack([one.demand.handle_s for one in queues])
    shares = np.where(total > 0, weights, 1 / len(queues))
    patience_s = np.average(
        [one.demand.patience_s for one in queues], weights=np.maximum(calls.sum(axis=(1, 2)), 1e-12)
    )
    result = replace(queues[0].demand.result, forecast=forecast)
    return Demand(result, (handle_s * shares).sum(axis=0), float(patience_s))


def apart(days: Sequence[Day], queues: Sequence[PoolQueue]) -> list[dict[str, Presence]]:
    """Return the days with each person in the team of one queue, of those that the person can serve.

    Whoever can serve fewest is given first; each to the queue that wants the person most, by the part of the people on
    the floor that its share of the work comes to in each interval, less those whom it has.
    """
    work = np.stack([one.demand.result.forecast.expected * one.demand.handle_s for one in queues])
    slots = work.shape[2]
    here: dict[str, Floats] = {}
    skills: dict[str, Skills] = {}
    for row, day in enumerate(days):
        for name, one in day.items():
            here.setdefault(name, np.zeros(work.shape[1:]))[row] = _shares_of(one, slots)
            skills[name] = skills.get(name, frozenset()) | one.skills
    floor = np.sum(list(here.values()), axis=0) if here else np.zeros(work.shape[1:])
    wanted = floor * work / np.maximum(work.sum(axis=0), 1e-12)
    team: dict[str, Skills] = {}
    for name in sorted(here, key=lambda name: (len(skills[name]), name)):
        able = sorted(skills[name])
        if not able:
            team[name] = frozenset()
            continue
        chosen = max(able, key=lambda queue: float((here[name] * np.clip(wanted[queue], 0, 1)).sum()))
        wanted[chosen] -= here[name]
        team[name] = frozenset({chosen})
    return [{name: replace(one, skills=team[name]) for name, one in day.items()} for day in days]


def everybody(days: Sequence[Day], queues: int) -> list[dict[str, Presence]]:
    """Return the days with everybody able to serve all queues."""
    return [{name: replace(one, skills=frozenset(range(queues))) for name, one in day.items()} for day in days]


def played(
    way: Way,
    queues: Sequence[PoolQueue],
    days: Sequence[Day],
    *,
    retry: Retry | None = None,
    half_width: float = 0.01,
    most_times: int = 400,
    seed: int = 0,
) -> Played:
    """Play `days`, one for each of the forecasts' days, again and again until all queues together are known.

    They are known to within `half_width` (95 %), or have been played `most_times` over. Two ways with the same `seed`
    are played against the same calls.

    Raises:
        NoHistory: there are no queues.
        BadPlan: the queues' forecasts are not of the same days, or `days` are not theirs.
    """
    _alike(queues)
    sources = _sources(queues)
    if len(sources) != len(days):
        raise BadPlan("There must be people for each day that is forecast.", days=len(days), forecast=len(sources))
    calls_random, again = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    people = [sorted(day.items()) for day in days]
    good: list[list[int]] = []
    counted: list[list[int]] = []
    offered = np.zeros(len(queues))
    busy: dict[Skills, float] = {}
    present: dict[Skills, float] = {}
    while True:
        for _ in range(_BATCH):
            good.append([0] * len(queues))
            counted.append([0] * len(queues))
            for source, agents in zip(sources, people, strict=True):
                found = simulate_day(source.sample(calls_random), [one for _, one in agents], retry, again)
                _count(found, queues, good[-1], counted[-1])
                offered += np.bincount(found.queue, minlength=len(queues))
                for (_, one), busy_s, present_s in zip(agents, found.busy_s, found.present_s, strict=True):
                    busy[one.skills] = busy.get(one.skills, 0.0) + float(busy_s)
                    present[one.skills] = present.get(one.skills, 0.0) + float(present_s)
        sums, of = np.asarray(good), np.asarray(counted)
        together = ratio_of_sums(sums.sum(axis=1), of.sum(axis=1))
        known = len(good) >= _FEWEST_TIMES and not together.high - together.low > 2 * half_width
        if known or len(good) >= most_times:
            break
    times = len(good)
    return Played(
        way=way,
        hours=sum(_hours(one) for day in days for one in day.values()),
        together=together,
        queues=tuple(
            QueueLevel(one.name, ratio_of_sums(sums[:, number], of[:, number]), float(offered[number]) / times)
            for number, one in enumerate(queues)
        ),
        groups=_groups(queues, days, busy, present),
    )


def _alike(queues: Sequence[PoolQueue]) -> None:
    if not queues:
        raise NoHistory("There is no queue to pool.")
    first = queues[0].demand.result.forecast
    for one in queues:
        made = one.demand.result.forecast
        if (made.days, made.interval_s) != (first.days, first.interval_s):
            raise BadPlan(f"The queue {one.name} is not forecast for the same days and intervals as {queues[0].name}.")


def _sources(queues: Sequence[PoolQueue]) -> list[SeveralQueues]:
    days = len(queues[0].demand.result.forecast.days)
    return [
        SeveralQueues(
            [
                day_source(
                    one.demand.result.forecast, row, one.demand.handle_s[row], one.demand.patience_s, queue=number
                )
                for number, one in enumerate(queues)
            ]
        )
        for row in range(days)
    ]


def _count(found: Outcome, queues: Sequence[PoolQueue], good: list[int], counted: list[int]) -> None:
    """Add the calls of a day that count as good, and those that count, to the sums of each queue."""
    for number, one in enumerate(queues):
        of = found.queue == number
        in_time = of & (found.offered_wait_s <= one.promise.within_s)
        if one.promise.definition is not Definition.OFFERED_WAIT:
            in_time &= found.served
        if one.promise.definition is Definition.SERVED_OF_ANSWERED:
            of &= found.served
        good[number] += int(in_time.sum())
        counted[number] += int(of.sum())


def _groups(
    queues: Sequence[PoolQueue], days: Sequence[Day], busy: Mapping[Skills, float], present: Mapping[Skills, float]
) -> tuple[Group, ...]:
    names: dict[Skills, set[str]] = {}
    hours: dict[Skills, float] = {}
    for day in days:
        for name, one in day.items():
            names.setdefault(one.skills, set()).add(name)
            hours[one.skills] = hours.get(one.skills, 0.0) + _hours(one)
    return tuple(
        Group(
            queues=tuple(queues[number].name for number in sorted(skills)),
            people=len(names[skills]),
            hours=hours[skills],
            occupancy=busy[skills] / present[skills] if present.get(skills) else math.nan,
        )
        for skills in sorted(names, key=sorted)
    )


def _hours(one: Presence) -> float:
    return sum(end_s - start_s for start_s, end_s in one.spans) / 3600


def _shares_of(one: Presence, slots: int) -> Floats:
    """Return which part of each interval of a day somebody is on the floor; shape (slots,)."""
    starts = np.arange(slots) * (DAY_S / slots)
    found = np.zeros(slots)
    for start_s, end_s in one.spans:
        found += np.clip(np.minimum(end_s, starts + DAY_S / slots) - np.maximum(start_s, starts), 0, None)
    return found / (DAY_S / slots)
