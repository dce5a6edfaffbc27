"""An independent check of a finished roster: every rule and every point of its cost, straight from the problem.

It reads only `problem.py` and shares nothing with the solvers' tables, so that a mistake there shows here.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from scheduler.roster.faults import Fault
from scheduler.roster.problem import Assignment, Break, Contract, Need, Person, Problem, ShiftType

_QUARTER = timedelta(minutes=15)


@dataclass(frozen=True)
class Checked:
    """What the check found: the broken rules (none in a good roster), and the cost by what it is for.

    `short_of_hours`: minutes that people lack to their contract, allowed only where no roster could give them.
    """

    faults: tuple[Fault, ...]
    cost_of: Mapping[str, int]
    short_of_hours: Mapping[str, int]

    @property
    def broken(self) -> tuple[str, ...]:
        """The faults as sentences that name the person."""
        return tuple(f"{one.person}{':' if one.rule != 'nobody' else ''} {one.words}" for one in self.faults)

    @property
    def cost(self) -> int:
        """The whole cost, in penalty points."""
        return sum(self.cost_of.values())


def check(problem: Problem, roster: Assignment, breaks: Sequence[Break] = ()) -> Checked:
    """Hold a roster against its problem."""
    shifts = {one.name: one for one in problem.shifts}
    lines = {one.name: [list(roster.get((one.name, day), ())) for day in range(problem.days)] for one in problem.people}
    strangers = dict.fromkeys(name for name, _ in roster if name not in lines)
    faults = [Fault("nobody", name, "is nobody that could be rostered") for name in strangers]
    cost: dict[str, int] = defaultdict(int)
    short_of_hours: dict[str, int] = defaultdict(int)
    for person in problem.people:
        line = lines[person.name]
        for rule in (_times, _runs, _kinds, _weekends, _days_a_week):
            faults += rule(problem, person, line, shifts)
        for first, minutes, least, most in _hours(problem, person.contract, line, shifts):
            if minutes > most:
                words = f"{minutes} minutes, at most {most}"
                faults.append(Fault("hours", person.name, words, first, has=minutes, limit=most))
            if minutes < least:
                short_of_hours[person.name] += least - minutes
                cost["least hours"] += (least - minutes) * problem.least_hours_weight
    faults += _breaks(problem, lines, breaks, shifts)
    cost["wishes"] = _wishes(problem, lines)
    cost["fixed"] = sum(
        problem.fixed_weight for (name, day), wanted in problem.fixed.items() if set(lines[name][day]) != set(wanted)
    )
    if problem.published is not None:
        cost["changes"] = sum(
            problem.change_weight
            for name, line in lines.items()
            for day, worked in enumerate(line)
            if set(worked) != set(problem.published.get((name, day), ()))
        )
    cost["fair shares"] = _fairness(problem, lines, shifts)
    for need in problem.needs:
        for what, points in _cover(problem, need, lines, breaks, shifts):
            cost[what] += points
    return Checked(tuple(faults), dict(cost), dict(short_of_hours))


def _start(problem: Problem, day: int, shift: ShiftType) -> datetime:
    midnight = datetime.combine(problem.first_day, datetime.min.time(), ZoneInfo(problem.zone)) + timedelta(days=day)
    return (midnight + shift.start_q * _QUARTER).astimezone(UTC)


def _end(problem: Problem, day: int, shift: ShiftType) -> datetime:
    return _start(problem, day, shift) + shift.length_q * _QUARTER


def _times(problem: Problem, person: Person, line: list[list[str]], shifts: Mapping[str, ShiftType]) -> Iterator[Fault]:
    """Absences, availability, sites, weekdays; rest between days; named successions; split shifts."""
    contract, before, who = person.contract, person.before, person.name
    past = [before.last_shift] if before is not None and before.days_on and before.last_shift else []
    for day, names in enumerate(line):
        if names and (who, day) in problem.absences:
            yield Fault("absent", who, f"works on day {day} although absent", day)
        for name in names:
            yield from _one_shift(problem, person, day, shifts[name])
        most = 2 if contract.split_shifts else 1
        if len(names) > most:
            yield Fault("one_shift", who, f"{len(names)} shifts on day {day}", day, has=len(names), limit=most)
        ordered = sorted(names, key=lambda name: shifts[name].start_q)
        for one, two in pairwise(ordered):
            gap = _start(problem, day, shifts[two]) - _end(problem, day, shifts[one])
            if gap < contract.split_gap_q * _QUARTER:
                words = f"{one} and {two} on day {day} are too close"
                yield Fault("split_gap", who, words, day, two, gap // _QUARTER, contract.split_gap_q)
        previous = line[day - 1] if day else past
        for one in previous:
            for two in names:
                if two in shifts[one].not_before:
                    yield Fault("succession", who, f"{two} on day {day} must not follow {one}", day, two)
        if previous and names:
            # Before the first day clocks are taken not to change.
            ended = (
                max(_end(problem, day - 1, shifts[one]) for one in previous)
                if day
                else _start(problem, 0, shifts[names[0]])
                - (shifts[names[0]].start_q - shifts[previous[0]].start_q - shifts[previous[0]].length_q + 96)
                * _QUARTER
            )
            rest = min(_start(problem, day, shifts[two]) for two in names) - ended
            if rest < contract.min_rest_q * _QUARTER:
                words = f"only {rest} of rest before day {day}"
                yield Fault("rest", who, words, day, has=rest // _QUARTER, limit=contract.min_rest_q)


def _one_shift(problem: Problem, person: Person, day: int, shift: ShiftType) -> Iterator[Fault]:
    """What one shift on one day must be, whatever else is worked."""
    who, name = person.name, shift.name
    local = datetime.combine(problem.first_day, datetime.min.time()) + timedelta(days=day)
    local += shift.start_q * _QUARTER
    shown = _start(problem, day, shift).astimezone(ZoneInfo(problem.zone)).replace(tzinfo=None)
    if shown != local:
        yield Fault("no_such_time", who, f"{name} on day {day} starts at a time that does not exist", day, name)
    if (who, day, name) in problem.unavailable:
        yield Fault("unavailable", who, f"{name} on day {day} although unavailable", day, name)
    if shift.days is not None and (problem.first_day + timedelta(days=day)).weekday() not in shift.days:
        yield Fault("weekday", who, f"{name} on day {day} is not worked on that weekday", day, name)
    if person.sites and shift.site is not None and shift.site not in person.sites:
        yield Fault("site", who, f"{name} on day {day} is at another site", day, name)
    if shift.start_q + shift.length_q > 96 and (who, day + 1) in problem.absences:
        yield Fault("into_absence", who, f"{name} on day {day} reaches into an absence", day, name)


def _runs(problem: Problem, person: Person, line: list[list[str]], shifts: Mapping[str, ShiftType]) -> Iterator[Fault]:
    """Days on and off in a row."""
    contract, before, who = person.contract, person.before, person.name
    runs: list[tuple[bool, int, int]] = []
    for day, names in enumerate(line):
        if runs and runs[-1][0] == bool(names):
            runs[-1] = (runs[-1][0], runs[-1][1], day + 1)
        else:
            runs.append((bool(names), day, day + 1))
    for works, first, end in runs:
        length = end - first
        if works:
            whole = length + (before.days_on if first == 0 and before is not None else 0)
            # Beyond the edge a run may go on, before it may have begun.
            if whole > contract.max_days_on:
                words = f"{whole} days in a row up to day {end - 1}"
                yield Fault("days_on", who, words, end - 1, has=whole, limit=contract.max_days_on)
            if length < contract.min_days_on and first > 0 and end < problem.days:
                words = f"only {length} days in a row from day {first}"
                yield Fault("days_on_least", who, words, first, has=length, limit=contract.min_days_on)
        else:
            whole = length + (before.days_off if first == 0 and before is not None else 0)
            known = first > 0 or before is not None
            if whole < contract.min_days_off and known and end < problem.days:
                words = f"only {whole} days off in a row from day {first}"
                yield Fault("days_off_least", who, words, first, has=whole, limit=contract.min_days_off)
    if line[0] and before is not None and 0 < before.days_off < contract.min_days_off:
        words = "called back from too few days off"
        yield Fault("days_off_least", who, words, 0, has=before.days_off, limit=contract.min_days_off)


def _kinds(problem: Problem, person: Person, line: list[list[str]], shifts: Mapping[str, ShiftType]) -> Iterator[Fault]:
    """At most so many shifts of a kind."""
    for kind, most in person.contract.most_of.items():
        count = sum(name == kind or kind in shifts[name].tags for names in line for name in names)
        if count > most:
            words = f"{count} of {kind}, at most {most}"
            yield Fault("kind", person.name, words, shift=kind, has=count, limit=most)


def _weekends(
    problem: Problem, person: Person, line: list[list[str]], shifts: Mapping[str, ShiftType]
) -> Iterator[Fault]:
    """At most so many weekends with work."""
    most = person.contract.most_weekends
    worked = _weekends_worked(problem, line)
    if most is not None and worked > most:
        yield Fault("weekends", person.name, f"{worked} weekends, at most {most}", has=worked, limit=most)


def _days_a_week(
    problem: Problem, person: Person, line: list[list[str]], shifts: Mapping[str, ShiftType]
) -> Iterator[Fault]:
    """At most so many days with work in each seven from the first day on."""
    most = 7 if person.contract.days_a_week is None else person.contract.days_a_week
    for first in range(0, problem.days, 7):
        worked = sum(bool(names) for names in line[first : first + 7])
        if worked > most:
            words = f"{worked} days in the week from day {first}, at most {most}"
            yield Fault("days_week", person.name, words, first, has=worked, limit=most)


def _weekends_worked(problem: Problem, line: list[list[str]]) -> int:
    found = set()
    for day, names in enumerate(line):
        date = problem.first_day + timedelta(days=day)
        if names and date.weekday() >= 5:
            found.add(date.isocalendar()[:2])
    return len(found)


def _hours(
    problem: Problem, contract: Contract, line: list[list[str]], shifts: Mapping[str, ShiftType]
) -> Iterator[tuple[int, int, int, int]]:
    """First day, minutes, least and most, of each period."""
    for hours in contract.hours:
        period = hours.period_days or problem.days
        for first in range(0, problem.days, period):
            part = line[first : first + period]
            minutes = sum(shifts[name].minutes for names in part for name in names)
            yield first, minutes, hours.least_min * len(part) // period, hours.most_min


def _wishes(problem: Problem, lines: Mapping[str, list[list[str]]]) -> int:
    points = 0
    for wish in problem.requests:
        names = lines[wish.person][wish.day]
        has = bool(names) if wish.shift is None else wish.shift in names
        points += wish.weight * (has != wish.wanted)
    return points


def _fairness(problem: Problem, lines: Mapping[str, list[list[str]]], shifts: Mapping[str, ShiftType]) -> int:
    points = 0
    for one in problem.fairness:
        hours = {
            person.name: max(person.contract.hours, key=lambda part: part.period_days or 10_000).most_min
            for person in problem.people
        }
        total = one.expected + sum(one.past.get(name, 0) for name in hours)
        for name, line in lines.items():
            if one.burden == "weekend":
                count = _weekends_worked(problem, line)
            else:
                count = sum(one.burden in shifts[worked].tags for names in line for worked in names)
            share = math.ceil(total * hours[name] / max(1, sum(hours.values())) - 1e-9)
            points += one.weight * max(0, count - max(0, share - one.past.get(name, 0)))
    return points


def _counts(person: Person, need: Need) -> bool:
    return (need.skill is None or need.skill in person.skills) and person.seniority >= need.seniority


def _cover(
    problem: Problem,
    need: Need,
    lines: Mapping[str, list[list[str]]],
    breaks: Sequence[Break],
    shifts: Mapping[str, ShiftType],
) -> Iterator[tuple[str, int]]:
    """Points of a need for gaps, gaps below the floor, and excess."""
    people = [person for person in problem.people if _counts(person, need)]
    there: list[int] = []
    if need.shift is not None:
        there.append(sum(need.shift in lines[person.name][need.day] for person in people))
    else:
        midnight = datetime.combine(problem.first_day, datetime.min.time(), ZoneInfo(problem.zone))
        day = midnight + timedelta(days=need.day)
        at = (day + need.from_q * _QUARTER).astimezone(UTC)
        until = (day + need.to_q * _QUARTER).astimezone(UTC)
        names = {person.name for person in people}
        spans = [
            (_start(problem, d, shifts[name]), _end(problem, d, shifts[name]), 1)
            for person in people
            for d in range(max(0, need.day - 1), min(problem.days, need.day + 2))
            for name in lines[person.name][d]
            if need.site is None or shifts[name].site in (None, need.site)
        ]
        for one in breaks:
            if one.person in names and (need.site is None or shifts[one.shift].site in (None, need.site)):
                begin = _start(problem, one.day, shifts[one.shift])
                spans.append((begin + one.from_q * _QUARTER, begin + one.to_q * _QUARTER, -1))
        while at < until:
            there.append(sum(by for start, end, by in spans if start <= at < end))
            at += _QUARTER
    yield "short", need.short_weight * sum(max(0, need.required - count) for count in there)
    yield "below the floor", need.floor_weight * sum(max(0, need.floor - count) for count in there)
    yield "excess", need.excess_weight * sum(max(0, count - need.required) for count in there)


def _breaks(
    problem: Problem,
    lines: Mapping[str, list[list[str]]],
    breaks: Sequence[Break],
    shifts: Mapping[str, ShiftType],
) -> Iterator[Fault]:
    """Breaks as long and as often as the rule says, inside shifts that are worked."""
    taken: dict[tuple[str, int, str], list[Break]] = defaultdict(list)
    for one in breaks:
        taken[one.person, one.day, one.shift].append(one)
        if one.shift not in lines.get(one.person, [[]] * problem.days)[one.day]:
            words = f"a break on day {one.day} in {one.shift}, which is not worked"
            yield Fault("break_elsewhere", one.person, words, one.day, one.shift)
    for name, line in lines.items():
        for day, names in enumerate(line):
            for worked in names:
                rule = shifts[worked].breaks
                if rule is None:
                    continue
                at = 0
                for one in sorted(taken[name, day, worked], key=lambda one: one.from_q):
                    if one.to_q - one.from_q != rule.length_q or not (
                        rule.apart_q <= one.from_q - at <= rule.most_signing_q
                    ):
                        words = f"the break at {one.from_q} of {worked} on day {day} is not as the rule says"
                        yield Fault("break_rule", name, words, day, worked, one.from_q - at, rule.most_signing_q)
                    at = one.to_q
                last = shifts[worked].length_q - at
                if last > rule.most_signing_q or (at and last < rule.apart_q):
                    words = f"{last} quarter hours without a break at the end of {worked} on day {day}"
                    yield Fault("no_break", name, words, day, worked, last, rule.most_signing_q)
