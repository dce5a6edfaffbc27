"""Whether people were where the roster has them, with grace; from marks that are made every minute. No numpy, no clock.

Two figures, as in contact-centre practice. Adherence: the share of rostered minutes in which somebody was where the
roster says. Conformance: minutes on the floor against minutes rostered there, whenever they were. Neither counts
against anybody what the service itself asked for: a break that a call put off, a rest for signing, a minute in which
nobody looked. They say where the roster and the day part; they are not made to compare people.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

GRACE_MIN = 5
Minutes = tuple[int, int]


class Mark(enum.IntEnum):
    """Where somebody was in a minute. `NONE`: nobody looked."""

    NONE = 0
    HERE = 1
    BREAK = 2
    AWAY = 3


class Now(enum.StrEnum):
    """Where somebody is against the roster, at this minute."""

    AS_PLANNED = "as_planned"
    LATE = "late"  # should have begun, and is not here
    LEFT = "left"  # was here, and is not any more
    ON_BREAK = "on_break"  # longer than planned, or when none is
    NOT_SEEN = "not_seen"  # nobody looked just now


@dataclass(frozen=True, slots=True)
class Planned:
    """A shift of one person in minutes of the day, negative or above 1440 where it reaches over midnight."""

    from_min: int
    to_min: int
    breaks: tuple[Minutes, ...] = ()


@dataclass(frozen=True, slots=True)
class Adherence:
    """How somebody's day went so far.

    `rostered_min`: minutes of shifts that are over; `seen_min` of them somebody looked. `off_min`: minutes that were
    not as planned, beyond the grace. `floor_min` and `here_min`: minutes planned on the floor, and there, of those.
    """

    rostered_min: int
    seen_min: int
    off_min: int
    floor_min: int
    here_min: int
    now: Now

    @property
    def adherence(self) -> float | None:
        """Share of the minutes seen that were as planned; None before there was one."""
        return 1 - self.off_min / self.seen_min if self.seen_min else None

    @property
    def conformance(self) -> float | None:
        """Minutes on the floor over those planned there; None before there was one."""
        return self.here_min / self.floor_min if self.floor_min else None


def adherence(
    shifts: Sequence[Planned], marks: Mapping[int, Mark], now_min: int, grace_min: int = GRACE_MIN
) -> Adherence:
    """Hold a person's marks, by minute of the day, against the shifts of that day up to `now_min` (not included)."""
    rostered = seen = off = floor = here = owed = late_break = 0
    for shift in shifts:
        edges = [shift.from_min, shift.to_min, *(edge for one in shift.breaks for edge in one)]
        for minute in range(max(0, shift.from_min), min(now_min, shift.to_min)):
            rostered += 1
            mark = marks.get(minute, Mark.NONE)
            if mark is Mark.NONE:
                continue
            seen += 1
            resting = any(a <= minute < b for a, b in shift.breaks)
            near = any(abs(minute - edge) < grace_min for edge in edges)
            floor += not resting
            here += mark is Mark.HERE
            if resting:
                owed += mark is Mark.HERE  # a call went on: the break comes later
            elif mark is Mark.BREAK:
                late_break += not near
            elif mark is Mark.AWAY:
                off += not near
    off += max(0, late_break - owed)
    return Adherence(rostered, seen, off, floor, here, _now(shifts, marks, now_min, grace_min, late_break > owed))


def _now(
    shifts: Sequence[Planned], marks: Mapping[int, Mark], now_min: int, grace_min: int, break_overdrawn: bool
) -> Now:
    minute = now_min - 1
    running = next((one for one in shifts if one.from_min <= minute < one.to_min), None)
    mark = marks.get(minute, Mark.NONE)
    if running is None:
        return Now.AS_PLANNED
    if mark is Mark.NONE:
        return Now.NOT_SEEN
    resting = any(a - grace_min < minute < b + grace_min for a, b in running.breaks)
    if mark is Mark.AWAY and not resting:
        been = any(marks.get(one) is Mark.HERE for one in range(max(0, running.from_min), minute))
        if been:
            return Now.AS_PLANNED if minute >= running.to_min - grace_min else Now.LEFT
        return Now.LATE if minute >= running.from_min + grace_min else Now.AS_PLANNED
    if mark is Mark.BREAK and not resting and break_overdrawn:
        return Now.ON_BREAK
    return Now.AS_PLANNED
