"""What a team's rules say of whole rosters: burdens to be shared fairly, and who is wanted among those who are there.

A burden is a kind of shift (its tag) or "weekend". It is shared over a rolling quarter: what each person has had in the
weeks before counts, and what this roster will bring is estimated from the people that it wants.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from scheduler.roster.problem import WEEKEND, Fairness, Need, Problem, ShiftType
from scheduler.roster_file import Duty

QUARTER_DAYS = 91
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Share:
    """A burden to be shared; each time above somebody's fair share costs `weight`."""

    burden: str
    weight: int


@dataclass(frozen=True, slots=True)
class Mix:
    """So many people of a kind, whenever anybody is wanted.

    `people`: at least so many, of that `seniority` or above, with that `skill`, at that `site`. `weight`: what each one
    missing costs in a quarter hour.
    """

    people: int
    seniority: int = 0
    skill: str | None = None
    site: str | None = None
    weight: int = 100


def mixed(mixes: Iterable[Mix], needs: Sequence[Need]) -> list[Need]:
    """Return what `mixes` want in the stretches of time in which `needs` want anybody."""
    open_q: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for need in sorted(needs, key=lambda one: (one.day, one.from_q)):
        if need.required < 1 or need.shift is not None:
            continue
        known = open_q[need.day]
        if known and known[-1][1] >= need.from_q:
            known[-1] = (known[-1][0], max(known[-1][1], need.to_q))
        else:
            known.append((need.from_q, need.to_q))
    return [
        Need(
            day,
            from_q,
            to_q,
            mix.people,
            short_weight=mix.weight,
            floor_weight=0,
            excess_weight=0,
            skill=mix.skill,
            seniority=mix.seniority,
            site=mix.site,
        )
        for mix in mixes
        for day, stretches in open_q.items()
        for from_q, to_q in stretches
    ]


def shared(
    shares: Iterable[Share], shifts: Sequence[ShiftType], needs: Sequence[Need], first_day: date
) -> tuple[Fairness, ...]:
    """Return the burdens with how often anybody will have them in a roster that gives what `needs` want.

    Of a kind of shift that is the wanted quarter hours, each parted evenly over the shifts that could cover it, over
    the length of such a shift; of weekends, for each the people of its busier day.
    """
    length = sum(one.length_q for one in shifts) / len(shifts)
    return tuple(
        Fairness(
            one.burden,
            one.weight,
            _weekends(needs, first_day, length) if one.burden == WEEKEND else _of_kind(one.burden, shifts, needs),
        )
        for one in shares
    )


def _of_kind(tag: str, shifts: Sequence[ShiftType], needs: Sequence[Need]) -> int:
    kind = [one for one in shifts if tag in one.tags]
    wanted = 0.0
    for need in needs:
        for quarter in range(need.from_q, need.to_q):
            there = [one for one in shifts if one.start_q <= quarter < one.start_q + one.length_q]
            if there:
                wanted += need.required * sum(tag in one.tags for one in there) / len(there)
    return math.ceil(wanted * len(kind) / sum(one.length_q for one in kind) - 1e-9) if kind else 0


def _weekends(needs: Sequence[Need], first_day: date, length: float) -> int:
    people: Counter[date] = Counter()
    for need in needs:
        people[first_day + timedelta(days=need.day)] += need.required * (need.to_q - need.from_q)
    busier: dict[date, float] = defaultdict(float)
    for day, quarters in people.items():
        if day.weekday() >= _SATURDAY:
            busier[_saturday(day)] = max(busier[_saturday(day)], quarters / length)
    return sum(math.ceil(one - 1e-9) for one in busier.values())


def _saturday(day: date) -> date:
    return day - timedelta(days=day.weekday() - _SATURDAY)


def with_past_shares(problem: Problem, earlier: Iterable[Duty]) -> Problem:
    """Return the problem with how often each person had each burden in the quarter before it."""
    since = problem.first_day - timedelta(days=QUARTER_DAYS)
    duties = [one for one in earlier if since <= one.day < problem.first_day]
    tags = {one.name: one.tags for one in problem.shifts}
    team = {one.name for one in problem.people}

    def had(burden: str) -> Mapping[str, int]:
        if burden == WEEKEND:
            weekends = {(one.person, _saturday(one.day)) for one in duties if one.day.weekday() >= _SATURDAY}
            return Counter(person for person, _ in weekends if person in team)
        return Counter(one.person for one in duties if one.person in team and burden in tags.get(one.shift, ()))

    return replace(problem, fairness=tuple(replace(one, past=had(one.burden)) for one in problem.fairness))
