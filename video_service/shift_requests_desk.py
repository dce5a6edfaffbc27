"""What agents ask about their shifts, from the asking to the roster that says so: by the same functions for all pages.

Whatever changes who works when is a version of the roster, made in the same step as the request's last state.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, ClassVar

import msgspec

from scheduler.roster_draft import with_breaks
from scheduler.roster_file import RosterDocument, spans_ms
from signaling.errors import RequestChanged
from signaling.store_types import Shift
from video_service.clock import Clock
from video_service.errors import ServiceError
from video_service.replacements import Candidate
from video_service.roster_desk import RosterDesk
from video_service.shift_requests import Act, Kind, ShiftRequest, State, step
from video_service.shift_requests_around import Around, Broken, Span, Swap, swaps_for, team_of
from video_service.shift_requests_means import Means, RequestMeaning
from video_service.shift_requests_moves import LEAST_MS, ShiftMoves, people_of
from video_service.shift_requests_store import DAY_MS, RequestBook

MOST_DAYS = 62
FARTHEST_DAYS = 400


class BadShiftRequest(ServiceError):
    """Days in the past or far ahead, or a shift that is not one's own, has begun, or is asked about already.

    `rule` names which of it, as pages have a sentence for it.
    """

    code: ClassVar[str] = "bad_shift_request"

    def __init__(self, rule: str) -> None:
        super().__init__(rule=rule)
        self.rule = rule


class RequestDesk:
    """Requests about shifts of one pool."""

    def __init__(self, book: RequestBook, rosters: RosterDesk, store: Any, clock: Clock) -> None:
        """`store`: the store of calls, a `signaling.store.Store`."""
        self.book = book
        self.rosters = rosters
        self._store = store
        self._clock = clock
        self._moves = ShiftMoves(book, rosters, store, clock)

    async def away(self, person: str, first: date, last: date, *, by: str) -> tuple[ShiftRequest, list[ShiftRequest]]:
        """Somebody cannot come: take their shifts of these days away and let anybody take them, in one step.

        Of a shift that runs, the part until now stays theirs. Return what was noted and the shifts that are open.

        Raises:
            BadShiftRequest, RequestsFull: it cannot be asked.
        """
        found = await self._new(Kind.AWAY, State.NOTED, person, by, first, last)
        return found, await self._moves.free(found, by=by)

    async def ask_days(self, kind: Kind, person: str, first: date, last: date, named: str = "") -> ShiftRequest:
        """Ask for leave, wish for days, or say on which one cannot work. `named`: a shift of the team's rules.

        Raises:
            BadShiftRequest, RequestsFull: it cannot be asked.
        """
        if named and (kind is Kind.LEAVE or named not in {one.name for one in (await self.rosters.rules()).shifts}):
            raise BadShiftRequest("name_unknown")
        state = State.ASKED if kind is Kind.LEAVE else State.NOTED
        found = await self._new(kind, state, person, person, first, last, named=named)
        if kind is Kind.LEAVE and any(_same_days(found, one) for one in await self.book.of(person)):
            raise BadShiftRequest("asked_already")
        await self._moves.keep([found])
        return found

    async def offer(self, person: str, shift: str, *, to: str = "", theirs: str = "") -> ShiftRequest:
        """Offer one's shift to a colleague, to anybody (`to` ""), or for a colleague's shift `theirs`.

        Raises:
            BadShiftRequest, RequestsFull: it cannot be asked.
            RulesBroken: it would break a rule.
        """
        await self.book.room_for(person)
        now_ms = self._clock.now_ms()
        mine = await self._ahead(shift, person)
        found = ShiftRequest(
            request=self.book.new_id(),
            kind=Kind.SWAP if theirs else Kind.OFFER,
            state=State.WAITING,
            person=person,
            other=to,
            shift=shift,
            start_ms=mine.start_ms,
            end_ms=mine.end_ms,
            breaks=msgspec.json.encode(mine.breaks).decode(),
            at_ms=now_ms,
            changed_ms=now_ms,
            by=person,
            lapses_ms=mine.start_ms,
        )
        if theirs:
            other = await self._ahead(theirs, to)
            found = msgspec.structs.replace(
                found,
                their_shift=theirs,
                their_start_ms=other.start_ms,
                their_end_ms=other.end_ms,
                lapses_ms=min(mine.start_ms, other.start_ms),
            )
        if to == person or (to and to not in await self.rosters.names()):
            raise BadShiftRequest("nobody_to_ask")
        if any(shift in (one.shift, one.their_shift) and person == one.person for one in await self.live()):
            raise BadShiftRequest("asked_already")
        if to:
            await self._moves.hold_rules(found)
        await self._moves.keep([found], tell=[to] if to else await self._moves.others(person))
        return found

    async def open_shift(self, start_ms: int, end_ms: int, *, by: str) -> ShiftRequest:
        """Put a shift out for whoever takes it, with breaks where the team's rules want some.

        Raises:
            BadShiftRequest: it has begun, or is shorter than an hour or longer than a day.
        """
        now_ms = self._clock.now_ms()
        if start_ms <= now_ms:
            raise BadShiftRequest("begun")
        if start_ms >= now_ms + FARTHEST_DAYS * DAY_MS:
            raise BadShiftRequest("day_far")
        if not 2 * LEAST_MS <= end_ms - start_ms <= DAY_MS:
            raise BadShiftRequest("length")
        found = self._moves.opened("", start_ms, end_ms, await self._breaks(start_ms, end_ms), by=by)
        await self._moves.keep([found], tell=await self._moves.others(""))
        return found

    async def answer(self, request: str, rev: int, act: Act, *, actor: str) -> ShiftRequest:
        """Do what an agent may do about a request; what both agree to is granted at once where rules alone decide.

        Raises:
            NotYours, RequestOver, RequestChanged, UnknownRequest: as they say.
            RulesBroken: it would break a rule of somebody's work.
            RosterChanged: a shift of it is gone.
        """
        found = await self._seen(request, rev)
        after = step(found, act, actor=actor, now_ms=self._clock.now_ms())
        if act in (Act.TAKE, Act.ACCEPT):
            await self._moves.hold_rules(after)
            if await self.book.automatic() and not await self._moves.lacks(after):
                return await self._moves.settle(after, by=actor)
        tell = [] if found.kind is Kind.OPEN else [one for one in people_of(after) if one != actor]
        await self._moves.keep([after], tell=tell)
        return after

    async def decide(
        self, request: str, rev: int, act: Act, *, by: str, anyway: bool = False, why: str = ""
    ) -> ShiftRequest:
        """Do what a coordinator may do about a request. `anyway`: also when it breaks rules; `why`: it is a no.

        Raises:
            as `answer`.
        """
        found = await self._seen(request, rev)
        after = step(found, act, actor=by, now_ms=self._clock.now_ms(), coordinating=True, why=why)
        if act is Act.GRANT:
            return await self._grant(after, by, anyway)
        await self._moves.keep([after], tell=people_of(found))
        return after

    async def assign(self, request: str, rev: int, person: str, *, by: str, anyway: bool = False) -> ShiftRequest:
        """Give an open shift to somebody.

        Raises:
            BadShiftRequest: that is nobody who could be rostered.
            otherwise as `answer`.
        """
        if person not in await self.rosters.names():
            raise BadShiftRequest("not_an_agent")
        found = await self._seen(request, rev)
        after = step(found, Act.ASSIGN, actor=by, now_ms=self._clock.now_ms(), coordinating=True)
        # Whoever wanted to take it hears that somebody else has it.
        return await self._grant(msgspec.structs.replace(after, other=person), by, anyway, tell=people_of(found))

    async def live(self) -> list[ShiftRequest]:
        """Return what waits for somebody, what lapses first at the head."""
        return await self._moves.live()

    async def means(self, found: Sequence[ShiftRequest]) -> dict[str, Means | None]:
        """Return what granting each of the first of some requests means; as `RequestMeaning.of`."""
        return await RequestMeaning(self._moves, self.rosters).of(found)

    async def candidates(self, request: str) -> list[Candidate]:
        """Return who could work an open shift or one that is offered, the best first.

        Raises:
            UnknownRequest: there is none.
            BadShiftRequest: it is about no shift.
        """
        found = await self.book.one(request)
        if found.kind not in (Kind.OPEN, Kind.OFFER):
            raise BadShiftRequest("no_shift")
        return await self._candidates(await self._moves.around(found), found.person, self._moves.left_of(found))

    async def swaps(self, person: str, shift: str) -> tuple[list[Swap], dict[str, bool]]:
        """Return the shifts that one's own could be swapped for, and who could take it, with no rule broken.

        Of whoever could take it, by id, it says whether they can do as much as one can oneself.

        Raises:
            BadShiftRequest: it is not one's own, or has begun.
        """
        mine = await self._ahead(shift, person)
        around = await self._moves.around_days([mine.start_ms])
        found = await self._candidates(around, person, (mine.start_ms, mine.end_ms, mine.breaks))
        ids = {name: one for one, name in around.names.items()}
        fits = {ids[one.person]: not one.lacks for one in found if not one.faults}
        return await swaps_for(around, mine, self._clock.now_ms(), await self.rosters.agents()), fits

    async def broken(self, person: str, found: Sequence[ShiftRequest]) -> dict[str, list[Broken]]:
        """Return what somebody's taking each of some shifts would break, of whose rules, by the request's id."""
        answer: dict[str, list[Broken]] = {}
        team = await team_of(self.rosters) if found else None
        for one in found:
            around = await self._moves.around(one, team)
            gives, takes = await self._moves.moves(msgspec.structs.replace(one, other=person))
            answer[one.request] = await asyncio.to_thread(around.broken, gives, takes)
        return answer

    async def _grant(self, after: ShiftRequest, by: str, anyway: bool, tell: Sequence[str] = ()) -> ShiftRequest:
        if not anyway:
            await self._moves.hold_rules(after, skills=True)
        return await self._moves.settle(after, by=by, tell=tell)

    async def _breaks(self, start_ms: int, end_ms: int) -> tuple[tuple[int, int], ...]:
        rules = await self.rosters.rules()
        bare = Shift(shift="", agent="", start_ms=start_ms, end_ms=end_ms)
        (duty,) = self.rosters.duties_of([bare], {"": ""}, rules)
        document = RosterDocument(zone=self.rosters.zone.key, first_day=duty.day, days=1, duties=(duty,))
        ((*_, breaks),) = spans_ms(with_breaks(rules, document))
        return breaks

    async def _candidates(self, around: Around, had: str, wanted: Span) -> list[Candidate]:
        people = await self.rosters.agents()
        before = next((one for one in people if one.person == had), None)
        return await asyncio.to_thread(around.candidates, wanted, people, before)

    async def _new(
        self, kind: Kind, state: State, person: str, by: str, first: date, last: date, *, named: str = ""
    ) -> ShiftRequest:
        now_ms = self._clock.now_ms()
        today = self._moves.day(now_ms)
        wrong = {
            "day_past": first < today,
            "days_order": last < first,
            "days_many": last - first >= timedelta(days=MOST_DAYS),
            "day_far": last - today > timedelta(days=FARTHEST_DAYS),
        }
        if broken := next((rule for rule, holds in wrong.items() if holds), ""):
            raise BadShiftRequest(broken)
        if person not in await self.rosters.names():
            raise BadShiftRequest("not_an_agent")
        await self.book.room_for(person)
        return ShiftRequest(
            request=self.book.new_id(),
            kind=kind,
            state=state,
            person=person,
            first_day=first.isoformat(),
            last_day=last.isoformat(),
            named=named,
            at_ms=now_ms,
            changed_ms=now_ms,
            by=by,
            lapses_ms=self.rosters.midnight_ms(last + timedelta(days=1)),
        )

    async def _seen(self, request: str, rev: int) -> ShiftRequest:
        found = await self.book.one(request)
        if found.rev != rev:
            raise RequestChanged
        return found

    async def _ahead(self, shift: str, person: str) -> Shift:
        now_ms = self._clock.now_ms()
        there: Sequence[Shift] = await self._store.shifts(now_ms, now_ms + FARTHEST_DAYS * DAY_MS)
        found = next((one for one in there if one.shift == shift), None)
        if found is None or found.agent != person:
            raise BadShiftRequest("shift_gone")
        if found.start_ms <= now_ms:
            raise BadShiftRequest("begun")
        return found


def _same_days(one: ShiftRequest, other: ShiftRequest) -> bool:
    """Return whether somebody has asked for leave on one of these days already, and it is not over."""
    return (
        other.kind is Kind.LEAVE
        and other.person == one.person
        and other.state in (State.ASKED, State.GRANTED)
        and other.first_day <= one.last_day
        and one.first_day <= other.last_day
    )
