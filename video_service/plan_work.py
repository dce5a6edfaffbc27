"""What a planning process is given, what it says while it works, and what it gives back: JSON, a line each.

Everything that a piece of work depends on is in it, so that the same input is the same work (`digest`), and the process
that does it needs no store. Nothing here loads numpy: web nodes read and write these.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from scheduler.roster_draft import MOST_DAYS
from scheduler.roster_file import Duty, RosterDocument, Truth
from video_service.campaigns import Campaign
from video_service.open_time import Times
from video_service.opening_hours import Hours
from video_service.records import Rollup

Days = dict[str, tuple[date, ...]]
DayShifts = dict[str, tuple[tuple[date, str], ...]]
Span = tuple[int, int]


class RawPast(msgspec.Struct, frozen=True, kw_only=True):
    """What the service kept of the days from `first` to yesterday: calls by interval, shifts, open times."""

    first: date
    today: date
    from_ms: int
    rollups: tuple[Rollup, ...] = ()
    shifts: tuple[Span, ...] = ()
    times: Times = Times()


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """The team's rules as a file, and what people asked for and got. `only`: whom of them to plan with, () for all."""

    text: str
    only: tuple[str, ...] = ()
    off: Days = {}
    wishes_off: Days = {}
    wishes: DayShifts = {}
    busy: DayShifts = {}


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """The share of a queue's calls that is to be answered within so many seconds."""

    share: float
    within_s: float


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What every piece of work starts from. `zone`: IANA; `region`: of public holidays, "" for none.

    `hours`: the queue's opening hours, None where shifts alone decide; `own_hours`: they are not those of the line.
    `goal`: the queue's own, in place of the team's; None where it has none.
    """

    zone: str
    region: str
    queue: str
    past: RawPast
    team: Team
    hours: Hours | None = None
    own_hours: bool = False
    campaigns: tuple[Campaign, ...] = ()
    goal: Goal | None = None


class MakeRoster(msgspec.Struct, frozen=True, kw_only=True, tag="roster"):
    """A roster to be made, within `seconds` of search. `earlier` and `standing`: duties before it and in its days.

    `begun`: the best that a lost process had found, to begin with; no part of what tells this work from other.
    """

    basis: Basis
    first_day: date
    days: Annotated[int, Meta(ge=1, le=MOST_DAYS)]
    seconds: Annotated[float, Meta(gt=0, le=3600)]
    earlier: tuple[Duty, ...] = ()
    standing: tuple[Duty, ...] = ()
    begun: tuple[Duty, ...] = ()


class ShiftToday(msgspec.Struct, frozen=True, kw_only=True):
    """A shift of today that is not over: whose (an agent's id), its breaks. `longest_min`: of work without a break."""

    shift: str
    agent: str
    from_ms: int
    to_ms: int
    breaks: tuple[Span, ...] = ()
    longest_min: int = 120


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """A day's forecast, made once, in the morning. `document`: as `scheduler.forecast.as_document` returns it."""

    day: date
    document: dict[str, Any]
    handle_s: tuple[float, ...]
    patience_s: float


class LookAtToday(msgspec.Struct, frozen=True, kw_only=True, tag="today"):
    """The rest of today to be reckoned. `midnight_ms`: when today began; `rollups`: today's calls that are over.

    `basis` is left out where `expected` is known already. `team`: the team's rules as a file. `zone`: IANA. `goal`: as
    `Basis` has it.
    """

    zone: str
    now_ms: int
    midnight_ms: int
    day: date
    rollups: tuple[Rollup, ...]
    shifts: tuple[ShiftToday, ...]
    team: str
    basis: Basis | None = None
    expected: Expected | None = None
    goal: Goal | None = None


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """A share of calls answered in time, with its 95 % interval; -1 where nobody calls."""

    mean: float
    low: float
    high: float


class LookAhead(msgspec.Struct, frozen=True, kw_only=True, tag="ahead"):
    """The coming days to be forecast and staffed, as they would be: calls and their length times a factor.

    `share`: of calls to be answered in time, 0 for the team's own goal; `people`: the team would have, 0 for its own.
    """

    basis: Basis
    first_day: date
    days: Annotated[int, Meta(ge=7, le=28)] = 14
    calls_factor: Annotated[float, Meta(ge=0.25, le=4)] = 1.0
    length_factor: Annotated[float, Meta(ge=0.25, le=4)] = 1.0
    share: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    people: Annotated[int, Meta(ge=0, le=1000)] = 0


class LookAtPool(msgspec.Struct, frozen=True, kw_only=True, tag="pool"):
    """Several queues to be played apart and pooled. `bases`: one for each queue; `first_day`: of `days` to come.

    `duties`: of the roster to be played, none to staff each queue for itself; `serves`: which queues, by their place in
    `bases`, each of its people has the skills for. `left_out`: as `PoolSaid`.
    """

    bases: tuple[Basis, ...]
    first_day: date
    days: Annotated[int, Meta(ge=1, le=28)] = 14
    duties: tuple[Duty, ...] = ()
    serves: dict[str, tuple[int, ...]] = {}
    left_out: dict[str, str] = {}


Work = MakeRoster | LookAtToday | LookAhead | LookAtPool


class DayAhead(msgspec.Struct, frozen=True, kw_only=True):
    """A day to come: calls expected, the middle 80 %, most people at once, hours on the floor, and what it keeps.

    `wait_s`: the mean wait; `occupancy`: the share of the hours on the floor that calls take. -1 where nobody calls.
    """

    day: date
    calls: float
    low: float
    high: float
    most: int
    hours: float
    level: Level
    wait_s: float = -1.0
    occupancy: float = -1.0


class AheadSaid(msgspec.Struct, frozen=True, kw_only=True):
    """The coming days. `goal`: the share that was planned for; `truth`: what a week of it costs in people."""

    days: tuple[DayAhead, ...]
    goal: float
    within_s: float
    truth: Truth | None
    notes: tuple[str, ...] = ()


class PoolLevel(msgspec.Struct, frozen=True, kw_only=True):
    """What a queue comes to: its own goal, and `calls` in all of the days, those that come again included."""

    queue: str
    goal: float
    within_s: float
    level: Level
    calls: float


class PoolGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The agents who serve the same queues: `people`, their hours on the floor, the busy share of these (-1: none)."""

    queues: tuple[str, ...]
    people: int
    hours: float
    occupancy: float


class PoolWay(msgspec.Struct, frozen=True, kw_only=True):
    """Queues played in one way: "apart", "skilled", "pooled" or "fewer", as `scheduler.pooling.Way` has them.

    `hours` on the floor in all of the days; `level`: of all queues together, each by its own goal.
    """

    way: str
    hours: float
    level: Level
    queues: tuple[PoolLevel, ...]
    groups: tuple[PoolGroup, ...]


class PoolSaid(msgspec.Struct, frozen=True, kw_only=True):
    """Several queues, apart and pooled, against the same sampled days.

    `roster`: whether a roster's people were played, or what each queue alone would need. `left_out`: queues that were
    not, and the code of why: nobody has called there, or nobody has what it asks for.
    """

    first_day: date
    days: int
    roster: bool
    ways: tuple[PoolWay, ...]
    left_out: dict[str, str] = {}
    notes: tuple[str, ...] = ()


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """A `scheduler.intraday.Suggestion` in milliseconds since 1970; `shift` and `agent` of a break to move."""

    kind: str
    level: Level
    shift: str = ""
    agent: str = ""
    old: Span = (0, 0)
    new: Span = (0, 0)
    calls: float = 0.0


class TodaySaid(msgspec.Struct, frozen=True, kw_only=True):
    """Today, forecast against what came, and required against rostered.

    By hour of the day: `said` and `now` (expected calls, in the morning and after what came), the middle 80 % from
    `low` to `high`, `came` (of hours that have begun). By quarter hour: `required` people.
    """

    expected: Expected
    said: tuple[float, ...]
    now: tuple[float, ...]
    low: tuple[int, ...]
    high: tuple[int, ...]
    came: tuple[int, ...]
    required: tuple[int, ...]
    level: Level
    goal: float
    advice: tuple[Advice, ...] = ()


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Where the work is. `phase`: forecast, staffing, search, why or ways; `done` of `of` parts of it.

    `cost` of the best roster found, no roster costs less than `bound`; -1 where not known.
    """

    phase: str
    done: int = 0
    of: int = 0
    cost: int = -1
    bound: float = -1.0


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no result. `words`: a sentence that names the row and the rule."""

    code: str
    words: str = ""


class Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a planning process: its progress, the `best` roster found so far, or its end in one of the others."""

    progress: Progress | None = None
    best: RosterDocument | None = None
    roster: RosterDocument | None = None
    today: TodaySaid | None = None
    ahead: AheadSaid | None = None
    pool: PoolSaid | None = None
    trouble: Trouble | None = None


def line_of(message: msgspec.Struct) -> bytes:
    """Return a message as a line; equal messages are equal lines."""
    return msgspec.json.encode(message, order="deterministic") + b"\n"


def digest(work: Work) -> str:
    """Return what tells this work from all other."""
    if isinstance(work, MakeRoster):
        work = msgspec.structs.replace(work, begun=())
    return hashlib.sha256(line_of(work)).hexdigest()[:32]
