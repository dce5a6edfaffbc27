"""How requests about shifts change the roster: what goes, what comes, what rule that breaks, all in one step."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

from signaling.errors import RequestChanged, RosterChanged
from signaling.store_requests import RequestChange
from signaling.store_types import Shift
from video_service.clock import Clock
from video_service.roster_amend import RosterAmend, cut
from video_service.roster_changes import NewShift
from video_service.roster_desk import RosterDesk
from video_service.shift_requests import Act, Kind, ShiftRequest, State, step
from video_service.shift_requests_around import (
    Around,
    Lack,
    RulesBroken,
    Span,
    Team,
    crossed,
    lacks_of,
    look_around,
    team_of,
)
from video_service.shift_requests_store import RequestBook

MINUTE_MS = 60_000
QUARTER_MS = 15 * MINUTE_MS
LEAST_MS = 2 * QUARTER_MS
"""What is left of an open shift at least, for somebody to be asked to come for it."""

Breaks = Sequence[tuple[int, int]]


class ShiftMoves:
    """Requests of one pool and the roster that they change."""

    def __init__(self, book: RequestBook, rosters: RosterDesk, store: Any, clock: Clock) -> None:
        """`store`: the store of calls, a `signaling.store.Store`."""
        self.book = book
        self.rosters = rosters
        self._store = store
        self._clock = clock
        self._amend = RosterAmend(rosters)

    async def live(self) -> list[ShiftRequest]:
        """Return what waits for somebody. What is moot by now, or whose shift is gone, is ended first."""
        found = await self.book.live()
        now_ms = self._clock.now_ms()
        there = {one.shift: one for one in await self._standing(found)}
        moot = [
            one
            for one in found
            if one.lapses_ms <= now_ms
            or (one.shift and _agent(there.get(one.shift)) != one.person)
            or (one.their_shift and _agent(there.get(one.their_shift)) != one.other)
        ]
        for one in moot:
            lapsed = step(one, Act.LAPSE, actor="", now_ms=now_ms)
            try:
                await self.keep([lapsed], tell=people_of(one))
            except RequestChanged:
                continue  # somebody else has looked
        gone = {one.request for one in moot}
        return [one for one in found if one.request not in gone]

    async def keep(self, found: Iterable[ShiftRequest], *, tell: Iterable[str] = ()) -> None:
        """Keep requests that leave the roster as it is.

        Raises:
            RequestChanged: one of them is not as it was seen any more.
        """
        told = sorted(set(tell))
        await self._store.keep_requests([self.book.change(one, tell=told) for one in found])

    async def moves(self, found: ShiftRequest) -> tuple[list[Shift], list[NewShift]]:
        """Return the shifts that a request takes away and those that come.

        Raises:
            RosterChanged: a shift of it is gone.
        """
        if found.kind is Kind.OPEN:
            return [], [(found.other, *self.left_of(found))]
        there = {one.shift: one for one in await self._standing([found])}
        mine = there.get(found.shift)
        if mine is None or mine.agent != found.person:
            raise RosterChanged
        if found.kind is Kind.OFFER:
            return [mine], [(found.other, mine.start_ms, mine.end_ms, mine.breaks)]
        theirs = there.get(found.their_shift)
        if theirs is None or theirs.agent != found.other:
            raise RosterChanged
        return [mine, theirs], crossed(mine, theirs) or []

    def left_of(self, found: ShiftRequest) -> Span:
        """Return start, end and breaks of the shift in question; of an open one that has begun what is left of it."""
        start_ms = found.start_ms
        if found.kind is Kind.OPEN:
            start_ms = max(start_ms, _next_quarter(self._clock.now_ms()))
        return start_ms, found.end_ms, _from(found.pauses, start_ms)

    async def around(self, found: ShiftRequest, team: Team | None = None) -> Around:
        """Read what stands around the shifts of a request. `team`: where it has been read already."""
        return await self.around_days([at_ms for at_ms in (found.start_ms, found.their_start_ms) if at_ms], team)

    async def around_days(self, starts_ms: Sequence[int], team: Team | None = None) -> Around:
        """Read what stands around the days of some moments."""
        team = team or await team_of(self.rosters)
        return await look_around(self.rosters, self._amend, [self.day(at_ms) for at_ms in starts_ms], team)

    async def hold_rules(self, found: ShiftRequest, *, skills: bool = False) -> None:
        """See to it that a request breaks no rule of anybody's work. `skills`: and that nobody lacks what is wanted.

        Raises:
            RulesBroken: it does.
            RosterChanged: a shift of it is gone.
        """
        if found.kind is Kind.LEAVE:
            return
        gives, takes = await self.moves(found)
        around = await self.around(found)
        broken = await asyncio.to_thread(around.broken, gives, takes)
        lacks = await self.lacks(found) if skills else []
        if broken or lacks:
            raise RulesBroken(broken, lacks)

    async def lacks(self, found: ShiftRequest) -> list[Lack]:
        """Return who would get a shift of one who can do something that they cannot do as well."""
        return lacks_of(found, await self.rosters.agents())

    async def settle(self, after: ShiftRequest, *, by: str, tell: Sequence[str] = ()) -> ShiftRequest:
        """Make the roster say what was agreed, and keep the request as granted, in one step.

        `tell`: who is to hear of it beside those whose request it is.

        Raises:
            RosterChanged: a shift of it is gone.
            RequestChanged: somebody was quicker.
            Overlapping: somebody has another shift in that time.
        """
        granted = msgspec.structs.replace(after, state=State.GRANTED, by=by)
        if granted.kind is Kind.LEAVE:
            await self.free(granted, by=by)
            return granted
        gone, takes = await self.moves(granted)
        told = {*people_of(granted), *tell} - {by}
        changes = [self.book.change(granted, tell=told), *await self._about(gone, but=granted.request)]
        await self._amend.amend(gone, takes, by=by, requests=changes)
        return granted

    async def free(self, found: ShiftRequest, *, by: str) -> list[ShiftRequest]:
        """Take the shifts of somebody's days off away, let anybody take them, and keep the request, in one step.

        Of a shift that runs, the part until now stays theirs. Return what is open now.

        Raises:
            as `settle`.
        """
        now_ms = self._clock.now_ms()
        first, last = date.fromisoformat(found.first_day), date.fromisoformat(found.last_day)
        from_ms, to_ms = self.rosters.midnight_ms(first), self.rosters.midnight_ms(last + timedelta(days=1))
        gone = [
            one
            for one in await self._store.shifts(max(from_ms, now_ms), to_ms)
            if one.agent == found.person and (from_ms <= one.start_ms or one.start_ms < now_ms)
        ]
        opened: list[ShiftRequest] = []
        kept: list[NewShift] = []
        for one in gone:
            mine, rest = cut(one, now_ms // MINUTE_MS * MINUTE_MS)
            if mine is not None:
                kept.append(mine)
            if rest is not None:
                start_ms = max(rest[0], _next_quarter(now_ms)) if mine is not None else rest[0]
                if rest[1] - start_ms > LEAST_MS:
                    opened.append(self.opened(found.person, start_ms, rest[1], _from(rest[2], start_ms), by=by))
        others = await self.others(found.person)
        changes = [
            self.book.change(found, tell=[found.person] if by != found.person else []),
            *(self.book.change(one, tell=others) for one in opened),
            *await self._about(gone, but=found.request),
        ]
        if gone:
            await self._amend.amend(gone, kept, by=by, requests=changes)
        else:
            await self._store.keep_requests(changes)
        return opened

    def opened(self, person: str, start_ms: int, end_ms: int, breaks: Breaks, *, by: str) -> ShiftRequest:
        """Return a new open shift. `person`: who had it, "" for nobody."""
        now_ms = self._clock.now_ms()
        return ShiftRequest(
            request=self.book.new_id(),
            kind=Kind.OPEN,
            state=State.WAITING,
            person=person,
            start_ms=start_ms,
            end_ms=end_ms,
            breaks=msgspec.json.encode(breaks).decode(),
            at_ms=now_ms,
            changed_ms=now_ms,
            by=by,
            lapses_ms=end_ms - LEAST_MS,
        )

    async def others(self, person: str) -> list[str]:
        """Return the agents who are to hear that there is a shift to take: all but whoever had it."""
        return [one for one in await self.rosters.names() if one != person]

    def day(self, at_ms: int) -> date:
        """Return the day of a moment in the pool's zone."""
        return self.rosters.local(at_ms).date()

    async def _about(self, gone: Sequence[Shift], *, but: str) -> list[RequestChange]:
        """Return the ends of other requests about shifts that go."""
        ids = {one.shift for one in gone}
        now_ms = self._clock.now_ms()
        return [
            self.book.change(step(one, Act.LAPSE, actor="", now_ms=now_ms), tell=people_of(one))
            for one in await self.book.live()
            if one.request != but and ids & {one.shift, one.their_shift}
        ]

    async def _standing(self, found: Sequence[ShiftRequest]) -> list[Shift]:
        starts_ms = [
            at_ms
            for one in found
            for at_ms, shift in ((one.start_ms, one.shift), (one.their_start_ms, one.their_shift))
            if shift
        ]
        if not starts_ms:
            return []
        shifts: list[Shift] = await self._store.shifts(min(starts_ms), max(starts_ms) + 1)
        return shifts


def people_of(found: ShiftRequest) -> list[str]:
    """Return who is to hear of a request's end: who asked and who was asked. Whose shift is open, not any more."""
    people = {found.other} if found.kind is Kind.OPEN else {found.person, found.other}
    return sorted(people - {""})


def _agent(shift: Shift | None) -> str:
    return "" if shift is None else shift.agent


def _next_quarter(at_ms: int) -> int:
    return -(-at_ms // QUARTER_MS) * QUARTER_MS


def _from(breaks: Breaks, start_ms: int) -> tuple[tuple[int, int], ...]:
    return tuple((a, b) for a, b in breaks if a >= start_ms)
