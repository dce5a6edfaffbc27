"""A made roster as a JSON document: for people's eyes, for publishing, and for being played against sampled days.

Times are wall clock in the document's zone. A shift that ends at or before its start ends on the next day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from scheduler.errors import BadRoster
from scheduler.presence import Presence
from scheduler.roster.problem import QUARTER_MIN, QUARTERS, Problem

if TYPE_CHECKING:
    from scheduler.roster.solve import Made  # whoever only reads and checks rosters needs no solver

DOCUMENT_VERSION = 1


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """A break inside a shift, in minutes from the shift's start."""

    from_min: int
    to_min: int


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """A shift of one person. `person` is a sign-in name."""

    person: str
    day: date
    shift: str
    start: str
    minutes: int
    pauses: tuple[Pause, ...] = ()

    def begins(self, zone: ZoneInfo) -> datetime:
        """Return when it begins."""
        return datetime.combine(self.day, time.fromisoformat(self.start), zone)


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """People missing in a stretch of a day, in words."""

    day: date
    missing: int
    words: str


class Lack(msgspec.Struct, frozen=True, kw_only=True):
    """People missing in a stretch of a day, and why.

    Minutes are of that day; `to_min` may lie in the next one. `floor`: fewer are there than ever should be. `why`: the
    rules that forbid more, by their names in `scheduler.roster.faults.RULES`; "people": nobody else could be there at
    all; empty: more could be there, but other wishes weigh more, or time was short; None: nobody has asked.
    """

    day: date
    from_min: int
    to_min: int
    missing: int
    skill: str = ""
    floor: bool = False
    why: tuple[str, ...] | None = None


class ExtraHours(msgspec.Struct, frozen=True, kw_only=True):
    """Hours for one more person: on which weekday (0 is Monday), from when, how long, how often in the roster."""

    weekday: int
    start: str
    minutes: int
    times: int


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What a way out takes from somebody: the rule, whose, on which day from 0 (None: all), as a `Fault` has it."""

    rule: str
    person: str
    day: int | None = None
    shift: str = ""
    has: int = 0
    limit: int = 0


class WayOut(msgspec.Struct, frozen=True, kw_only=True):
    """A way out: `kind` and `rule` as `scheduler.roster.explain.Way`, the rule by its name in `faults.RULES`.

    `missing_min`: minutes of people that it leaves missing. `price` and `saves` in penalty points.
    """

    kind: str
    rule: str = ""
    price: int
    saves: int
    missing_min: int
    extra: tuple[ExtraHours, ...] = ()
    uses: tuple[Use, ...] = ()


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """What a week of the hours and the target takes in people, and which hours the team could keep.

    `takes` people for what is open now, `seat` for one seat round the clock; the team `has` so many, of `hours` paid
    hours a week. `workdays`, `weekend`: (from, to) in minutes of the day that the team can keep, None for closed;
    `share` of the calls come in them, -1 where the team cannot keep two hours a day.
    """

    takes: int
    seat: int
    has: int
    hours: float
    enough: bool
    share: float = -1.0
    workdays: tuple[int, int] | None = None
    weekend: tuple[int, int] | None = None


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a roster that was made: whether it is proved to cost least, what is short and why, ways out.

    `truth`: of its first week; None where nobody has called yet, or it is shorter.
    """

    proved: bool
    gap: float
    seconds: float
    missing_min: int
    lacks: tuple[Lack, ...] = ()
    ways: tuple[WayOut, ...] = ()
    truth: Truth | None = None


class RosterDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A roster. `cost` and `bound` in penalty points: no roster costs less than `bound`.

    `required`: for each day the people wanted in each quarter hour of it; empty where nobody has said. `explained`: of
    the roster as it was made, whatever was changed since.
    """

    v: int = DOCUMENT_VERSION
    zone: str
    first_day: date
    days: int
    duties: tuple[Duty, ...]
    required: tuple[tuple[int, ...], ...] = ()
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()
    cost: int = 0
    bound: float = 0.0
    explained: Explained | None = None


def document_of(problem: Problem, made: Made, gaps: Iterable[Gap]) -> RosterDocument:
    """Return a roster as a document."""
    shifts = {one.name: one for one in problem.shifts}
    pauses: dict[tuple[str, int, str], list[Pause]] = defaultdict(list)
    for one in made.breaks:
        pauses[one.person, one.day, one.shift].append(
            Pause(from_min=one.from_q * QUARTER_MIN, to_min=one.to_q * QUARTER_MIN)
        )
    duties = [
        Duty(
            person=name,
            day=problem.first_day + timedelta(days=day),
            shift=shift,
            start=_clock(shifts[shift].start_q),
            minutes=shifts[shift].length_q * QUARTER_MIN,
            pauses=tuple(pauses[name, day, shift]),
        )
        for (name, day), worked in made.roster.items()
        for shift in worked
    ]
    return RosterDocument(
        zone=problem.zone,
        first_day=problem.first_day,
        days=problem.days,
        duties=tuple(sorted(duties, key=lambda one: (one.day, one.start, one.person))),
        required=required_of(problem),
        gaps=tuple(gaps),
        notes=made.notes,
        cost=made.cost,
        bound=made.bound,
    )


def required_of(problem: Problem) -> tuple[tuple[int, ...], ...]:
    """Return how many people each quarter hour of each day wants, by the needs that count all people and shifts."""
    wanted = [[0] * QUARTERS for _ in range(problem.days)]
    for need in problem.needs:
        if need.shift is not None or need.skill is not None or need.seniority or need.site is not None:
            continue
        for quarter in range(need.from_q, need.to_q):
            later, at = divmod(quarter, QUARTERS)
            if need.day + later < problem.days:
                wanted[need.day + later][at] = max(wanted[need.day + later][at], need.required)
    return tuple(map(tuple, wanted))


def read_document(text: str | bytes) -> RosterDocument:
    """Return a roster from its JSON.

    Raises:
        BadRoster: it is no roster, or one of another version.
    """
    try:
        document = msgspec.json.decode(text, type=RosterDocument)
        ZoneInfo(document.zone)
        for duty in document.duties:
            time.fromisoformat(duty.start)
    except (msgspec.DecodeError, ValueError, KeyError) as error:
        raise BadRoster(f"This is no roster as `plan roster` writes it: {error}.") from error
    if document.v != DOCUMENT_VERSION:
        raise BadRoster(f"This roster has version {document.v}; this program reads {DOCUMENT_VERSION}.")
    return document


def skipped_starts(document: RosterDocument) -> list[Duty]:
    """Return the duties that begin at a time that the day does not have, because the clock is put forward over it."""
    zone = ZoneInfo(document.zone)

    def there(duty: Duty) -> bool:
        begins = duty.begins(zone)
        return begins.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == begins.replace(tzinfo=None)

    return [duty for duty in document.duties if not there(duty)]


def spans_ms(document: RosterDocument) -> list[tuple[str, int, int, tuple[tuple[int, int], ...]]]:
    """Return each shift as (sign-in name, start, end, breaks as (start, end)), milliseconds since 1970.

    All by the clock on the wall: a shift from 22:00 to 06:00 is an hour shorter or longer when clocks change.
    """
    zone = ZoneInfo(document.zone)
    found = []
    for duty in document.duties:
        begins = duty.begins(zone)

        def at_ms(minutes: int, begins: datetime = begins) -> int:
            return round((begins + timedelta(minutes=minutes)).timestamp() * 1000)

        pauses = tuple((at_ms(pause.from_min), at_ms(pause.to_min)) for pause in duty.pauses)
        found.append((duty.person, at_ms(0), at_ms(duty.minutes), pauses))
    return found


def presence_of(document: RosterDocument, day: date) -> list[Presence]:
    """Return who is on the floor on a day, in seconds from its midnight, breaks left out, the eve's night in."""
    return list(present_by(document, day).values())


def present_by(document: RosterDocument, day: date) -> dict[str, Presence]:
    """Return the same by sign-in name, in the order of the names."""
    spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for duty in document.duties:
        shift_s = ((duty.day - day).days * 1440 + _minute(duty.start)) * 60
        edges = [0, *(edge for pause in duty.pauses for edge in (pause.from_min, pause.to_min)), duty.minutes]
        for from_min, to_min in zip(edges[::2], edges[1::2], strict=True):
            start_s, end_s = max(0, shift_s + from_min * 60), min(86_400, shift_s + to_min * 60)
            if start_s < end_s:
                spans[duty.person].append((float(start_s), float(end_s)))
    return {person: Presence(tuple(_joined(sorted(found)))) for person, found in sorted(spans.items())}


def _joined(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    found = spans[:1]
    for start_s, end_s in spans[1:]:
        if start_s <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end_s))
        else:
            found.append((start_s, end_s))
    return found


def _minute(clock: str) -> int:
    at = time.fromisoformat(clock)
    return at.hour * 60 + at.minute


def _clock(quarter: int) -> str:
    hours, minutes = divmod(quarter % QUARTERS * QUARTER_MIN, 60)
    return f"{hours:02}:{minutes:02}"
