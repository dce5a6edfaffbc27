"""Who could work a shift, and what rule that would break: the check of rosters, asked about one person at a time.

Pure: no I/O, no clock. People are sign-in names, as in the team's rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import msgspec

from scheduler.plan_file import PlanFile
from scheduler.roster.faults import Fault
from scheduler.roster_draft import DAYS_BEFORE, ORDINARY, look
from scheduler.roster_file import Duty, RosterDocument
from video_service.skill_words import lacking

WINDOW_DAYS = 21
"""Whole weeks that are looked at around a shift: one before its own and one after."""
RECENT_DAYS = 14
ABOUT_BREAKS = frozenset({"break_elsewhere", "break_rule", "no_break"})


@dataclass(frozen=True)
class Window:
    """The days around a shift that its rules can reach, in whole weeks of the roster. `load_first`: of the duties."""

    first_day: date
    days: int
    zone: str

    @property
    def load_first(self) -> date:
        """The first day of which duties are wanted: runs of days may have begun there."""
        return self.first_day - timedelta(days=DAYS_BEFORE)

    @property
    def end(self) -> date:
        """The day after the last."""
        return self.first_day + timedelta(days=self.days)


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who could work a shift.

    `faults`: the rules that this would break; `lacks`: what whoever had the shift can do and this person cannot, or not
    as well (`skill_words.lacking`). `week_min`: minutes in the shift's week with it, of `most_min` that the contract
    has; `recent_min`: in the `RECENT_DAYS` days before.
    """

    person: str
    faults: tuple[Fault, ...]
    lacks: tuple[str, ...]
    wished_off: bool
    week_min: int
    most_min: int
    recent_min: int

    @property
    def fits(self) -> bool:
        """Whether no rule is broken and nothing is lacking."""
        return not self.faults and not self.lacks


def window_around(days: Sequence[date], anchor: date, zone: str) -> Window:
    """Return the weeks around some days. `anchor`: the first day of the roster that they are in; weeks begin there."""
    weeks = (min(days) - anchor).days // 7
    first = anchor + timedelta(days=7 * (weeks - 1))
    last_week = (max(days) - anchor).days // 7
    return Window(first, 7 * (last_week - weeks) + WINDOW_DAYS, zone)


def worse(
    file: PlanFile, window: Window, person: str, before: Iterable[Duty], after: Iterable[Duty]
) -> tuple[Fault, ...]:
    """Return the rules that somebody's `after` breaks and `before` did not, or breaks by more.

    Both hold that person's duties of the window and of the days before it; what is outside is left aside, and so are
    the rules about breaks: breaks are the shift's, whoever works it.
    """
    known = {_row(fault): fault for fault in _faults(file, window, person, before)}
    return tuple(
        fault
        for fault in _faults(file, window, person, after)
        if (old := known.get(_row(fault))) is None or abs(fault.has - fault.limit) > abs(old.has - old.limit)
    )


def ranked(
    file: PlanFile,
    window: Window,
    wanted: Duty,
    duties: Mapping[str, Sequence[Duty]],
    skills: Mapping[str, Sequence[str]],
    wanted_skills: Sequence[str],
) -> list[Candidate]:
    """Return everybody in `skills` who could work the shift, the best first.

    Who breaks no rule comes before who breaks one, then who lacks nothing; then who did not wish that day off, who has
    the largest part of the week's hours left, and who worked least before. `duties`: what each has in the window and in
    the days before it. `wanted`: the shift; whose it was does not matter.
    `wanted_skills`: what whoever had it can do, with levels.
    """
    found = []
    week = window.first_day + timedelta(days=(wanted.day - window.first_day).days // 7 * 7)
    recent = wanted.day - timedelta(days=RECENT_DAYS)
    contracts = {one.name: one.contract for one in file.people}
    for person, has in skills.items():
        own = [duty for duty in duties.get(person, ()) if duty.day < window.end]
        mine = msgspec.structs.replace(wanted, person=person)
        contract = contracts.get(person, ORDINARY)
        week_min = sum(duty.minutes for duty in (*own, mine) if week <= duty.day < week + timedelta(days=7))
        found.append(
            Candidate(
                person=person,
                faults=worse(file, window, person, own, (*own, mine)),
                lacks=lacking(has, wanted_skills),
                wished_off=wanted.day in file.wishes_off.get(person, ()),
                week_min=week_min,
                most_min=min((part.most_min for part in contract.hours if part.period_days == 7), default=0),
                recent_min=sum(duty.minutes for duty in own if recent <= duty.day < wanted.day),
            )
        )
    return sorted(found, key=_order)


def _order(one: Candidate) -> tuple[int, int, bool, float, int, str]:
    load = one.week_min / one.most_min if one.most_min else 0.0
    return len(one.faults), len(one.lacks), one.wished_off, load, one.recent_min, one.person


def _row(fault: Fault) -> tuple[str, int | None, str]:
    return fault.rule, fault.day, fault.shift


def _faults(file: PlanFile, window: Window, person: str, duties: Iterable[Duty]) -> tuple[Fault, ...]:
    inside, earlier = [], []
    for duty in duties:
        if window.first_day <= duty.day < window.end:
            inside.append(duty)
        elif duty.day < window.first_day:
            earlier.append(duty)
    document = RosterDocument(zone=window.zone, first_day=window.first_day, days=window.days, duties=tuple(inside))
    only = replace(file, people=tuple(one for one in file.people if one.name == person))
    return tuple(fault for fault in look(only, document, earlier).faults if fault.rule not in ABOUT_BREAKS)
