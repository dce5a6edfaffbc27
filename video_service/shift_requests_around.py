"""What stands around a shift, and what it would do to people's rules if somebody took it, gave it, or swapped it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

import msgspec

from scheduler.plan_file import PlanFile
from scheduler.roster.faults import Fault
from scheduler.roster_file import Duty
from signaling.store_types import Shift
from video_service.accounts import Account
from video_service.errors import ServiceError
from video_service.replacements import Candidate, Window, ranked, window_around, worse
from video_service.roster_amend import RosterAmend
from video_service.roster_changes import NewShift
from video_service.roster_desk import RosterDesk
from video_service.shift_requests import OF_A_SHIFT, Kind, ShiftRequest
from video_service.skill_words import all_skills, lacking

MOST_SWAPS = 60

Span = tuple[int, int, tuple[tuple[int, int], ...]]
"""start_ms, end_ms, and the breaks inside it as (start_ms, end_ms)."""


class RulesBroken(ServiceError):
    """This would break rules of somebody's work, or nobody would be there who can do the same."""

    code: ClassVar[str] = "rules_broken"

    def __init__(self, rows: Sequence[Broken], lacks: Sequence[Lack] = ()) -> None:
        super().__init__()
        self.rows = tuple(rows)
        self.lacks = tuple(lacks)


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that would be broken: whose (an account's id), on which day (None: all of them), and by how much."""

    person: str
    rule: str
    day: date | None
    shift: str
    has: int
    limit: int


class Lack(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody (an account's id) who would get a shift cannot do as well as whoever has it: skills with levels."""

    person: str
    what: tuple[str, ...]


class Swap(msgspec.Struct, frozen=True, kw_only=True):
    """A colleague's shift that could be had for one's own, with no rule broken by either.

    `alike`: each can do what the other can.
    """

    person: str
    shift: str
    start_ms: int
    end_ms: int
    alike: bool = True


@dataclass(frozen=True)
class Around:
    """The weeks around some days: the rules, and who works when. Duties go by sign-in name."""

    desk: RosterDesk
    file: PlanFile
    window: Window
    names: Mapping[str, str]
    duties: Mapping[str, Sequence[Duty]]
    shifts: tuple[Shift, ...]

    def duty_of(self, shift: NewShift) -> Duty:
        """Return a shift as a duty of whoever is its agent."""
        agent, start_ms, end_ms, pauses = shift
        one = Shift(shift="", agent=agent, start_ms=start_ms, end_ms=end_ms, breaks=tuple(pauses))
        return self.desk.duties_of([one], self.names, self.file)[0]

    def broken(self, gives: Sequence[Shift], takes: Sequence[NewShift]) -> list[Broken]:
        """Return the rules that people's work would break: what they give goes, what they take comes."""
        lost: dict[str, list[Duty]] = defaultdict(list)
        for one in gives:
            lost[one.agent].append(self.duty_of((one.agent, one.start_ms, one.end_ms, one.breaks)))
        won: dict[str, list[Duty]] = defaultdict(list)
        for each in takes:
            won[each[0]].append(self.duty_of(each))
        return [
            Broken(
                person=person,
                rule=fault.rule,
                day=None if fault.day is None else self.window.first_day + timedelta(days=fault.day),
                shift=fault.shift,
                has=fault.has,
                limit=fault.limit,
            )
            for person in dict.fromkeys((*lost, *won))
            for fault in self._worse(person, lost[person], won[person])
        ]

    def candidates(self, wanted: Span, people: Sequence[Account], had: Account | None) -> list[Candidate]:
        """Return who of `people` could work a shift, the best first. `had`: who had it, whose skills it wants."""
        skills = {one.name: all_skills(one) for one in people if one.person in self.names}
        if had is not None:
            skills.pop(had.name, None)
        if not skills:
            return []
        anybody = next(one.person for one in people if one.name in skills)
        duty = self.duty_of((anybody, *wanted))
        return ranked(self.file, self.window, duty, self.duties, skills, () if had is None else all_skills(had))

    def swaps(self, mine: Shift, now_ms: int) -> Iterator[Swap]:
        """Yield the shifts ahead that colleagues could give for one's own with no rule broken, the nearest first."""
        there = [one for one in self.shifts if one.agent != mine.agent and one.start_ms > now_ms]
        for one in sorted(there, key=lambda one: (abs(one.start_ms - mine.start_ms), one.start_ms, one.agent)):
            takes = crossed(mine, one)
            if takes is not None and not self.broken([mine, one], takes):
                yield Swap(person=one.agent, shift=one.shift, start_ms=one.start_ms, end_ms=one.end_ms)

    def _worse(self, person: str, lost: Sequence[Duty], won: Sequence[Duty]) -> tuple[Fault, ...]:
        name = self.names[person]
        before = self.duties.get(name, ())
        after = [duty for duty in before if duty not in lost]
        return worse(self.file, self.window, name, before, (*after, *won))


def crossed(mine: Shift, theirs: Shift) -> list[NewShift] | None:
    """Return two shifts with their people changed; None for shifts that are alike, of which a swap is nothing."""
    if (mine.start_ms, mine.end_ms) == (theirs.start_ms, theirs.end_ms):
        return None
    return [
        (theirs.agent, mine.start_ms, mine.end_ms, mine.breaks),
        (mine.agent, theirs.start_ms, theirs.end_ms, theirs.breaks),
    ]


def lacks_of(found: ShiftRequest, people: Iterable[Account]) -> list[Lack]:
    """Return what those who would get a shift by this request cannot do as well as whoever has it, or had it."""
    can = {one.person: all_skills(one) for one in people}
    mine, theirs = can.get(found.person), can.get(found.other)
    if mine is None or theirs is None or found.kind not in OF_A_SHIFT:
        return []
    rows = [Lack(person=found.other, what=lacking(theirs, mine))]
    if found.kind is Kind.SWAP:
        rows.append(Lack(person=found.person, what=lacking(mine, theirs)))
    return [one for one in rows if one.what]


Team = tuple[PlanFile, Mapping[str, str]]
"""The team's rules, and sign-in names by account's id: what is the same for every request of one look."""


async def team_of(desk: RosterDesk) -> Team:
    """Read the team.

    Raises:
        BadRoster: the team's rules cannot be read.
    """
    return await desk.rules(), await desk.names()


async def look_around(desk: RosterDesk, amend: RosterAmend, days: Sequence[date], team: Team) -> Around:
    """Read what stands around some days."""
    file, names = team
    _, _, versions = await amend.period(days)
    first = min(days)
    anchor = date.fromisoformat(versions[0].first_day) if versions else first - timedelta(days=first.weekday())
    window = window_around(days, anchor, desk.zone.key)
    shifts = await desk.standing(window.load_first, (window.end - window.load_first).days)
    duties: dict[str, list[Duty]] = defaultdict(list)
    for duty in desk.duties_of(shifts, names, file):
        duties[duty.person].append(duty)
    return Around(desk, file, window, names, duties, tuple(shifts))


async def swaps_for(around: Around, mine: Shift, now_ms: int, people: Iterable[Account]) -> list[Swap]:
    """Return at most `MOST_SWAPS` of `Around.swaps`, worked out beside the requests of others."""
    can = {one.person: all_skills(one) for one in people}
    own = can.get(mine.agent, ())

    def alike(person: str) -> bool:
        theirs = can.get(person, ())
        return not lacking(theirs, own) and not lacking(own, theirs)

    def first_few() -> list[Swap]:
        found = (swap for swap, _ in zip(around.swaps(mine, now_ms), range(MOST_SWAPS), strict=False))
        return [msgspec.structs.replace(swap, alike=alike(swap.person)) for swap in found]

    return await asyncio.to_thread(first_few)
