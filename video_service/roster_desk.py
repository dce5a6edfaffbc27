"""Rosters from draft to published shifts: what pages and commands do with them, by the same functions.

A draft begins as what stands, is held against the team's rules at every change, and is published in one step.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec

from scheduler.errors import BadRoster
from scheduler.plan_file import PlanFile, read_plan_file
from scheduler.roster_draft import DAYS_BEFORE, MOST_DAYS, Looked, look, starter, with_breaks
from scheduler.roster_file import Duty, Pause, RosterDocument, read_document, skipped_starts, spans_ms
from signaling.errors import ShiftOverlaps
from signaling.store_requests import RequestChange
from signaling.store_roster import Publication, RosterStore
from signaling.store_types import Shift
from video_service.accounts import Account, Accounts, Role
from video_service.clock import Clock
from video_service.errors import ServiceError
from video_service.roster_changes import Changes, NewShift, changes
from video_service.roster_store import Draft, RosterBook
from video_service.shift_requests_days import with_requests
from video_service.shift_requests_store import RequestBook

MINUTE_MS = 60_000
LONGEST_AHEAD_DAYS = 800


class NotPublished(ServiceError):
    """The roster cannot be published."""

    code: ClassVar[str] = "not_published"


class TimeSkipped(ServiceError):
    """Shifts begin at a time that their day does not have, for the clock is put forward over it."""

    code: ClassVar[str] = "roster_time_skipped"


class Overlapping(ServiceError):
    """Shifts of this roster lie in others of the same person."""

    code: ClassVar[str] = "roster_overlaps"

    def __init__(self, rows: Sequence[Overlap]) -> None:
        said = "; ".join(f"{row.person} {row.start} lies in a shift from {row.other}" for row in rows)
        super().__init__(f"Nothing was published, for shifts overlap: {said}.")
        self.rows = tuple(rows)


class Changed(ServiceError):
    """What publishing would change is not what was shown any more: look at it again."""

    code: ClassVar[str] = "roster_changed"


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """A shift that cannot be: whose, when it begins, and when the one begins that is there. Clock times of the zone."""

    person: str
    start: str
    other: str


class DayChange(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's day before and after."""

    person: str
    day: date
    before: tuple[Duty, ...]
    after: tuple[Duty, ...]


@dataclass(frozen=True)
class Preview:
    """What publishing would change. `days`: the same by person and day; `token`: says which changes were seen."""

    changes: Changes
    days: tuple[DayChange, ...]
    last: int
    token: str


class RosterDesk:
    """Rosters of one pool, in the time zone of its settings."""

    def __init__(
        self,
        book: RosterBook,
        store: Any,
        accounts: Accounts,
        clock: Clock,
        *,
        zone: str,
        requests: RequestBook | None = None,
    ) -> None:
        """`store`: the store of calls, a `signaling.store.Store`. `requests`: what agents asked for; None: nothing."""
        self.book = book
        self.zone = ZoneInfo(zone)
        self._store = store
        self._accounts = accounts
        self._clock = clock
        self._requests = requests

    async def agents(self) -> list[Account]:
        """Return the agents who can be rostered, by sign-in name."""
        found = [one for one in await self._accounts.all() if one.role is Role.AGENT and not one.disabled]
        return sorted(found, key=lambda one: one.name)

    async def team_text(self) -> str:
        """Return the team's rules as a file; before anybody wrote them down, ordinary ones for whoever is here."""
        team = await self.book.team()
        return team.text if team is not None else starter([one.name for one in await self.agents()])

    async def rules(self) -> PlanFile:
        """Return the team's rules, with the days that agents asked for and got.

        Raises:
            BadRoster: there is nobody to be rostered.
        """
        text = await self.team_text()
        if text == starter([]):
            raise BadRoster("There is nobody to be rostered: no account is an agent's.")
        file = await asyncio.to_thread(read_plan_file, text, strict=False)
        if self._requests is None:
            return file
        today = self.local(self._clock.now_ms()).date()
        asked = await self._requests.days(today - timedelta(days=MOST_DAYS + DAYS_BEFORE), LONGEST_AHEAD_DAYS)
        return with_requests(file, asked, await self.names()) if asked else file

    async def begin(self, first_day: date, days: int, *, by: str) -> Draft:
        """Begin a draft with what stands in its days."""
        rules = await self.rules()
        standing = await self.standing(first_day, days)
        duties = self.duties_of(standing, await self.names(), rules)
        document = RosterDocument(zone=self.zone.key, first_day=first_day, days=days, duties=tuple(duties))
        text = msgspec.json.encode(document).decode()
        base = [one.shift for one in standing]
        return await self.book.draft(await self.book.begin(first_day.isoformat(), days, text, base, by=by))

    async def looked(self, document: RosterDocument) -> Looked:
        """Hold a roster against the team's rules.

        Raises:
            BadRoster: a shift lies outside of its days.
        """
        rules = await self.rules()
        before = document.first_day - timedelta(days=DAYS_BEFORE)
        earlier = self.duties_of(await self.standing(before, DAYS_BEFORE), await self.names(), rules)
        return await asyncio.to_thread(look, rules, document, earlier)

    async def change(
        self, draft: Draft, duties: Sequence[Duty], *, rev: int, by: str
    ) -> tuple[int, RosterDocument, Looked]:
        """Keep other shifts in a draft; those that want breaks and have none get some. Return its new state.

        Raises:
            DraftChanged: as `RosterBook.change`.
            BadRoster: a shift lies outside of its days; nothing is kept.
        """
        rules, before = await self.rules(), read_document(draft.document)
        document = with_breaks(rules, msgspec.structs.replace(before, duties=tuple(duties)))
        looked = await self.looked(document)
        text = msgspec.json.encode(document).decode()
        return await self.book.change(draft.draft, rev, text, by=by), document, looked

    async def preview(self, document: RosterDocument, replaces: Iterable[str]) -> Preview:
        """Return what publishing this roster would change. `replaces`: the shifts that it may take away.

        Raises:
            NotPublished: somebody in it is no agent here.
            TimeSkipped: a shift begins at a time that its day does not have.
        """
        names = await self.names()
        people = {name: person for person, name in names.items()}
        unknown = sorted({duty.person for duty in document.duties if duty.person not in people})
        if unknown:
            raise NotPublished(
                f"Nobody with these sign-in names is an agent here: {', '.join(unknown)}. Nothing was changed."
            )
        skipped = [f"{duty.person} {duty.day} {duty.start}" for duty in skipped_starts(document)]
        if skipped:
            raise TimeSkipped(
                f"These shifts begin at a time that does not exist, for the clock is put forward over it: "
                f"{', '.join(skipped)}. Nothing was changed."
            )
        rules, last = await self.rules(), await self.book.last()
        standing = await self.standing(document.first_day, document.days)
        wanted: list[NewShift] = [(people[name], *rest) for name, *rest in spans_ms(document)]  # type: ignore[misc]
        found = changes(standing, wanted, frozenset(replaces), now_ms=self._clock.now_ms())
        stays, comes = set(found.keep), set(found.add)
        gone = [one for one in standing if one.shift in set(found.remove)]
        left = [one for one in standing if one.shift in stays]
        before = self.duties_of([*gone, *left], names, rules)
        after = [
            *self.duties_of(left, names, rules),
            *(duty for duty, each in zip(document.duties, wanted, strict=True) if each in comes),
        ]
        return Preview(found, _by_day(before, after), last, found.token(last))

    async def publish(
        self,
        document: RosterDocument,
        preview: Preview,
        *,
        by: str,
        draft: str = "",
        rev: int = 0,
        requests: Sequence[RequestChange] = (),
    ) -> int:
        """Make the changes of a preview, all of them or none, and return the new version's number.

        `requests`: those about shifts that this settles, in the same step.

        Raises:
            RequestChanged: one of `requests` is not as it was seen any more.
            RosterChanged: something has changed since the preview.
            Overlapping: shifts lie in others of the same person; it names them.
        """
        found = preview.changes
        end_ms = self.midnight_ms(document.first_day + timedelta(days=document.days))
        facts: dict[str, str | int] = {
            "by": by,
            "first_day": document.first_day.isoformat(),
            "days": document.days,
            "document": msgspec.json.encode(document).decode(),
            "added": len(found.add),
            "removed": len(found.remove),
            "kept": len(found.keep),
        }
        wanted = Publication(
            last=preview.last,
            draft=draft,
            rev=rev,
            remove=found.remove,
            keep=found.keep,
            add=found.add,
            facts=facts,
            end_ms=end_ms,
            requests=requests,
        )
        store: RosterStore = self._store
        try:
            return await store.publish_roster(wanted)
        except ShiftOverlaps as error:
            names = await self.names()
            rows: Any = error.data.get("rows", ())
            raise Overlapping(
                [
                    Overlap(
                        person=names[found.add[row][0]],
                        start=self._clock_text(found.add[row][1]),
                        other=self._clock_text(other_ms),
                    )
                    for row, other_ms, _ in rows
                ]
            ) from error

    async def published_shifts(self) -> frozenset[str]:
        """Return the shifts, by id, that published rosters brought."""
        return frozenset(
            shift for version in await self.book.versions() for shift in version.shifts.split(",") if shift
        )

    async def names(self) -> dict[str, str]:
        """Return the sign-in names of the agents who can be rostered, by account's id."""
        return {one.person: one.name for one in await self.agents()}

    async def standing(self, first_day: date, days: int) -> list[Shift]:
        """Return the shifts of agents who can be rostered that begin in these days."""
        from_ms = self.midnight_ms(first_day)
        to_ms = self.midnight_ms(first_day + timedelta(days=days))
        names = await self.names()
        found: Sequence[Shift] = await self._store.shifts(from_ms, to_ms)
        return [one for one in found if from_ms <= one.start_ms < to_ms and one.agent in names]

    def duties_of(self, shifts: Iterable[Shift], names: Mapping[str, str], rules: PlanFile) -> list[Duty]:
        """Return shifts as duties of a roster, by day, start and person. `names`: as `names` returns them."""
        kinds = {(one.start_q * 15, one.length_q * 15): one.name for one in rules.shifts}
        found = []
        for one in shifts:
            begins, ends = self.local(one.start_ms), self.local(one.end_ms)
            minutes = _minutes_between(begins, ends)
            start = f"{begins:%H:%M}"
            kind = kinds.get((begins.hour * 60 + begins.minute, minutes), "")
            pauses = tuple(
                Pause(from_min=_minutes_between(begins, self.local(a)), to_min=_minutes_between(begins, self.local(b)))
                for a, b in one.breaks
            )
            found.append(
                Duty(
                    person=names[one.agent], day=begins.date(), shift=kind, start=start, minutes=minutes, pauses=pauses
                )
            )
        return sorted(found, key=lambda duty: (duty.day, duty.start, duty.person))

    def midnight_ms(self, day: date) -> int:
        """Return when a day begins here, milliseconds since 1970."""
        return round(datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp()) * 1000

    def local(self, ms: int) -> datetime:
        """Return what the clock shows here at a moment."""
        return datetime.fromtimestamp(ms / 1000, UTC).astimezone(self.zone)

    def _clock_text(self, ms: int) -> str:
        return f"{self.local(ms):%Y-%m-%d %H:%M}"


def _minutes_between(begins: datetime, ends: datetime) -> int:
    # By the clock on the wall, as rosters are written.
    return round((ends.replace(tzinfo=None) - begins.replace(tzinfo=None)).total_seconds() / 60)


def _by_day(before: Iterable[Duty], after: Iterable[Duty]) -> tuple[DayChange, ...]:
    """Return the days of people that differ, in order of days, then of people."""
    sides: dict[tuple[date, str], tuple[list[Duty], list[Duty]]] = defaultdict(lambda: ([], []))
    for number, duties in enumerate((before, after)):
        for duty in duties:
            sides[duty.day, duty.person][number].append(duty)
    found = []
    for (day, person), (old, new) in sorted(sides.items()):
        if {_span(one) for one in old} != {_span(one) for one in new}:
            found.append(DayChange(person=person, day=day, before=tuple(old), after=tuple(new)))
    return tuple(found)


def _span(duty: Duty) -> tuple[str, int, tuple[Pause, ...]]:
    return duty.start, duty.minutes, duty.pauses
