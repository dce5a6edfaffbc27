"""Cover as rows: each need cut into stretches of time in which the same duties and breaks count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scheduler.roster.clock import Clock
from scheduler.roster.problem import Need, Person, Problem

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Duty:
    """One day's work: indices of its shifts in time order, and the minutes that count."""

    shifts: tuple[int, ...]
    minutes: int


@dataclass(frozen=True)
class CoverRow:
    """A stretch of time with the same people in it: `quarters` long, wanted `required` and at least `floor`.

    `supply`: (day, duty, group) of whoever counts; `away`: (day, shift, group, plan) whose breaks lie here, with
    the index of a break plan.
    """

    need: int
    at: int
    quarters: int
    required: int
    floor: int
    short_weight: int
    floor_weight: int
    excess_weight: int
    supply: tuple[tuple[int, int, int], ...]
    away: tuple[tuple[int, int, int, int], ...] = ()


def counts_for(person: Person, skill: str | None, seniority: int) -> bool:
    """Tell whether a person counts for needs of a skill and seniority."""
    return (skill is None or skill in person.skills) and person.seniority >= seniority


def cover_rows(
    problem: Problem,
    clock: Clock,
    duties: Sequence[Duty],
    times: Ints,
    members: Sequence[Person],
    plans: Sequence[Sequence[Sequence[tuple[int, int]]]],
) -> list[CoverRow]:
    """Return the rows of every need; neighbouring quarter hours that the same people cover are one row."""
    rows: list[CoverRow] = []
    names = [one.name for one in problem.shifts]
    for number, need in enumerate(problem.needs):
        groups = [g for g, one in enumerate(members) if counts_for(one, need.skill, need.seniority)]
        if need.shift is not None:
            shift = names.index(need.shift)
            supply = tuple((need.day, d, g) for d, duty in enumerate(duties) if shift in duty.shifts for g in groups)
            rows.append(_row(number, need, clock.instant(need.day, 0), supply, ()))
            continue
        sited = [need.site is None or one.site in (None, need.site) for one in problem.shifts]
        for at in range(clock.instant(need.day, need.from_q), clock.instant(need.day, need.to_q)):
            here = [
                (day, shift)
                for day in range(max(0, need.day - 1), min(problem.days, need.day + 2))
                for shift in range(len(names))
                if sited[shift] and times[day, shift, 0] <= at < times[day, shift, 1]
            ]
            supply = tuple(
                (day, d, g)
                for day, shift in here
                for d, duty in enumerate(duties)
                if shift in duty.shifts
                for g in groups
            )
            away = tuple(
                (day, shift, g, k)
                for day, shift in here
                for k, plan in enumerate(plans[shift])
                if any(a <= at - times[day, shift, 0] < b for a, b in plan)
                for g in groups
            )
            if rows and rows[-1].need == number and (rows[-1].supply, rows[-1].away) == (supply, away):
                rows[-1] = _row(number, need, rows[-1].at, supply, away, rows[-1].quarters + 1)
            else:
                rows.append(_row(number, need, at, supply, away))
    return rows


def _row(
    number: int,
    need: Need,
    at: int,
    supply: tuple[tuple[int, int, int], ...],
    away: tuple[tuple[int, int, int, int], ...],
    quarters: int = 1,
) -> CoverRow:
    return CoverRow(
        need=number,
        at=at,
        quarters=quarters,
        required=need.required,
        floor=need.floor,
        short_weight=need.short_weight * quarters,
        floor_weight=need.floor_weight * quarters,
        excess_weight=need.excess_weight * quarters,
        supply=supply,
        away=away,
    )
