"""A made roster explained as data: what is short, by which rules, and what it would take. Pages put it in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import msgspec

from scheduler.roster.check import check
from scheduler.roster.explain import EXTRA, Way, ways_out, why_short
from scheduler.roster.problem import QUARTER_MIN, QUARTERS, Problem
from scheduler.roster.search import Limits
from scheduler.roster.solve import Made, Short
from scheduler.roster_file import Explained, ExtraHours, Lack, Use, WayOut

MOST_ASKED = 6
"""So many gaps, the widest, are asked why; each is a dozen questions to the solver."""
MOST_LACKS = 200
MOST_USES = 12

_ASK_S = 2.0  # of deterministic work for each question
_SHARE = 0.25  # of the time that the roster took, for each roster that a way out needs
_LEAST_S, _MOST_S = 3.0, 30.0
_FAULT_OF = {
    "one duty a day": "one_shift",
    "rest between days": "rest",
    "most days in a row": "days_on",
    "least days in a row": "days_on_least",
    "least days off in a row": "days_off_least",
    "weekends": "weekends",
    "contract hours": "hours",
    "days a week": "days_week",
    "most of a kind": "kind",
    "fair shares": "fair",
    "absences, skills, sites": "people",
}


def known_of(problem: Problem, made: Made) -> Explained:
    """Return what needs no further question: how good the roster is, and what is short in it."""
    widest_first = sorted(made.short, key=lambda one: (-_size(one), one.day, one.from_q))[:MOST_LACKS]
    return Explained(
        proved=made.proved,
        gap=made.gap,
        seconds=made.seconds,
        missing_min=_missing_min(made),
        lacks=tuple(_lack(problem, short, None) for short in widest_first),
    )


def explained(
    problem: Problem,
    made: Made,
    limits: Limits,
    report: Callable[[str, int, int], None] = lambda phase, done, of: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Explained:
    """Return why people are missing, and the ways out. `limits`: those that the roster was made with.

    `report` hears of the phase ("why", then "ways"), how much of it is done, and of how much. When `cancelled` says so
    what is not yet known is left out.
    """
    known = known_of(problem, made)
    if not made.short:
        return known
    widest = sorted(made.short, key=lambda one: (-_size(one), one.day, one.from_q))[:MOST_LACKS]
    rules: dict[str, None] = {}
    lacks = list(known.lacks)
    for number, short in enumerate(widest[:MOST_ASKED]):
        if cancelled():
            return msgspec.structs.replace(known, lacks=tuple(lacks))
        report("why", number, min(len(widest), MOST_ASKED))
        why = why_short(problem, made, short, _ASK_S)
        rules |= dict.fromkeys(why.rules)
        lacks[number] = _lack(problem, short, tuple(_FAULT_OF[name] for name in why.rules))
    report("ways", 0, 1)
    seconds = None if limits.seconds is None else min(_MOST_S, max(_LEAST_S, limits.seconds * _SHARE))
    ways = ways_out(problem, made, tuple(rules), replace(limits, seconds=seconds), cancelled=cancelled)
    return msgspec.structs.replace(known, lacks=tuple(lacks), ways=tuple(_way(problem, one) for one in ways))


def _size(short: Short) -> int:
    return short.missing * (short.to_q - short.from_q) * (10 if short.below_floor else 1)


def _missing_min(made: Made) -> int:
    return sum(one.missing * (one.to_q - one.from_q) for one in made.short) * QUARTER_MIN


def _lack(problem: Problem, short: Short, why: Sequence[str] | None) -> Lack:
    return Lack(
        day=problem.first_day + timedelta(days=short.day),
        from_min=short.from_q * QUARTER_MIN,
        to_min=short.to_q * QUARTER_MIN,
        missing=short.missing,
        skill=problem.needs[short.need].skill or "",
        floor=short.below_floor,
        why=None if why is None else tuple(why),
    )


def _way(problem: Problem, way: Way) -> WayOut:
    faults = check(problem, way.made.roster, way.made.breaks).faults if way.kind != "extra" else ()
    uses = [
        Use(rule=one.rule, person=one.person, day=one.day, shift=one.shift, has=one.has, limit=one.limit)
        for one in faults[:MOST_USES]
    ]
    return WayOut(
        kind=way.kind,
        rule=_FAULT_OF.get(way.rule, ""),
        price=way.price,
        saves=way.saves,
        missing_min=_missing_min(way.made),
        extra=_extra_hours(problem, way.made),
        uses=tuple(uses),
    )


def _extra_hours(problem: Problem, made: Made) -> tuple[ExtraHours, ...]:
    shifts = {one.name: one for one in problem.shifts}
    worked: Counter[tuple[int, int, int]] = Counter()
    for (person, day), names in made.roster.items():
        if person == EXTRA:
            weekday = (problem.first_day + timedelta(days=day)).weekday()
            worked.update((weekday, shifts[name].start_q, shifts[name].length_q) for name in names)
    return tuple(
        ExtraHours(weekday=weekday, start=_clock(start_q), minutes=length_q * QUARTER_MIN, times=times)
        for (weekday, start_q, length_q), times in sorted(worked.items())
    )


def _clock(quarter: int) -> str:
    hours, minutes = divmod(quarter % QUARTERS * QUARTER_MIN, 60)
    return f"{hours:02}:{minutes:02}"
