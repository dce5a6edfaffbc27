"""What granting a request would mean: whose rules it would break, what would be lacking, how many would be there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import msgspec

from signaling.errors import RosterChanged
from signaling.store_types import Shift
from video_service.roster_amend import RosterAmend
from video_service.roster_desk import RosterDesk
from video_service.shift_requests import Kind, ShiftRequest
from video_service.shift_requests_around import Broken, Lack, Span, Team, lacks_of, team_of
from video_service.shift_requests_moves import QUARTER_MS, ShiftMoves

MOST_MEANT = 40
"""Of so many requests it is worked out at a time, those first that lapse first."""


class Cover(msgspec.Struct, frozen=True, kw_only=True):
    """The quarter hours in which a request leaves the fewest people, against what is wanted there where that is known.

    `now`, `then`: people on the floor, breaks left out, as it stands and if it is granted; `wanted`: None: not known.
    """

    start_ms: int
    end_ms: int
    now: int
    then: int
    wanted: int | None


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What granting a request means. `cover`: None where as many are there as before. `shifts`: how many change."""

    broken: tuple[Broken, ...] = ()
    lacks: tuple[Lack, ...] = ()
    cover: Cover | None = None
    shifts: int = 0


class RequestMeaning:
    """Works out what requests of one pool mean."""

    def __init__(self, moves: ShiftMoves, rosters: RosterDesk) -> None:
        self._moves = moves
        self._rosters = rosters
        self._amend = RosterAmend(rosters)

    async def of(self, asked: Sequence[ShiftRequest]) -> dict[str, Means | None]:
        """Return what each of the first `MOST_MEANT` requests means, by its id; None for what has no shift any more.

        Raises:
            BadRoster: the team's rules cannot be read.
        """
        if not asked:
            return {}
        people, team = await self._rosters.agents(), await team_of(self._rosters)
        answer: dict[str, Means | None] = {}
        for one in asked[:MOST_MEANT]:
            try:
                answer[one.request] = await self._of_one(one, lacks_of(one, people), team)
            except RosterChanged:
                answer[one.request] = None
        return answer

    async def _of_one(self, found: ShiftRequest, lacks: Sequence[Lack], team: Team) -> Means:
        if found.kind is Kind.LEAVE:
            first, last = date.fromisoformat(found.first_day), date.fromisoformat(found.last_day)
            standing = await self._rosters.standing(first - timedelta(days=1), (last - first).days + 2)
            from_ms = self._rosters.midnight_ms(first)
            gone = [one for one in standing if one.agent == found.person and one.start_ms >= from_ms]
            return Means(cover=await self._cover(standing, [_span(one) for one in gone], -1), shifts=len(gone))
        if found.kind is Kind.OPEN:
            left = self._moves.left_of(found)
            day = self._moves.day(left[0])
            standing = await self._rosters.standing(day - timedelta(days=1), 3)
            cover = await self._cover(standing, [left], 1)
        else:
            cover = None
        if not found.other:
            return Means(cover=cover, shifts=1)  # whose rules it meets shows who takes it
        gives, takes = await self._moves.moves(found)
        around = await self._moves.around(found, team)
        broken = await asyncio.to_thread(around.broken, gives, takes)
        return Means(broken=tuple(broken), lacks=tuple(lacks), cover=cover, shifts=len(takes))

    async def _cover(self, standing: Sequence[Shift], spans: Sequence[Span], by: int) -> Cover | None:
        """Return where most would lack; `by`: whether the spans come (1) or go (-1)."""
        if not spans:
            return None
        first = self._moves.day(min(span[0] for span in spans))
        last = self._moves.day(max(span[1] for span in spans) - 1)
        days = (last - first).days + 1
        period = [first + timedelta(days=number) for number in range(days)]
        _, _, versions = await self._amend.period(period)
        required = await self._amend.required(first, days, versions)

        def wanted(at_ms: int) -> int | None:
            local = self._rosters.local(at_ms)
            row = (local.date() - first).days
            return required[row][local.hour * 4 + local.minute // 15] if 0 <= row < len(required) else None

        rows = [(at_ms, there(standing, at_ms), wanted(at_ms)) for span in spans for at_ms in _quarters(span)]
        return fewest([(at_ms, now, now + by, want) for at_ms, now, want in rows])


def there(shifts: Iterable[Shift], at_ms: int) -> int:
    """Return how many people are on the floor at a moment, breaks left out."""
    return len({one.agent for one in shifts if _works(_span(one), at_ms)})


def fewest(rows: Sequence[tuple[int, int, int, int | None]]) -> Cover | None:
    """Return the first stretch of quarter hours (start_ms, now, then, wanted) in which most would be lacking."""
    if not rows:
        return None
    at = min(range(len(rows)), key=lambda n: (rows[n][2] - (rows[n][3] or 0), rows[n][0]))
    start_ms, now, then, want = rows[at]
    end_ms = start_ms + QUARTER_MS
    for row in rows[at + 1 :]:
        if row != (end_ms, now, then, want):
            break
        end_ms += QUARTER_MS
    return Cover(start_ms=start_ms, end_ms=end_ms, now=now, then=then, wanted=want)


def _span(shift: Shift) -> Span:
    return shift.start_ms, shift.end_ms, tuple(shift.breaks)


def _works(span: Span, at_ms: int) -> bool:
    return span[0] <= at_ms < span[1] and not any(a <= at_ms < b for a, b in span[2])


def _quarters(span: Span) -> Iterable[int]:
    """Yield the quarter hours that somebody with this shift would be on the floor."""
    return (at_ms for at_ms in range(span[0] // QUARTER_MS * QUARTER_MS, span[1], QUARTER_MS) if _works(span, at_ms))
