"""A few shifts changed in what stands, as a version of the roster like any other that was published.

What a colleague takes, a swap, a day on which somebody cannot come: all of them go this way, so that the newest version
always says who works, and the version before it what was planned.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from scheduler.roster_file import RosterDocument, read_document
from signaling.errors import RosterChanged
from signaling.store_requests import RequestChange
from signaling.store_types import Shift
from video_service.roster_changes import Changes, NewShift
from video_service.roster_desk import Preview, RosterDesk
from video_service.roster_store import Version

_ATTEMPTS = 5


class RosterAmend:
    """Changes of single shifts in the roster of one pool."""

    def __init__(self, desk: RosterDesk) -> None:
        self._desk = desk

    async def amend(
        self,
        remove: Sequence[Shift],
        add: Sequence[NewShift],
        *,
        by: str,
        requests: Sequence[RequestChange],
    ) -> int:
        """Take shifts away, add others and settle `requests`, all in one step; return the new version's number.

        Versions that somebody else publishes meanwhile are no hindrance, unless they took one of `remove` away.

        Raises:
            RequestChanged: one of `requests` is not as it was seen any more.
            RosterChanged: one of `remove` is gone.
            Overlapping: somebody has another shift in that time.
        """
        for attempt in range(_ATTEMPTS):
            document, changes, last = await self._next(remove, add)
            preview = Preview(changes, (), last, "")
            try:
                return await self._desk.publish(document, preview, by=by, requests=requests)
            except RosterChanged:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def period(self, days: Sequence[date]) -> tuple[date, date, list[Version]]:
        """Return the first day and the one after the last of the newest versions that hold `days`, and those versions.

        Days that no version holds stand for themselves.
        """
        first, end, found = min(days), max(days) + timedelta(days=1), list[Version]()
        left = set(days)
        for version in await self._desk.book.versions():
            begins = date.fromisoformat(version.first_day)
            ends = begins + timedelta(days=version.days)
            held = {day for day in left if begins <= day < ends}
            if held:
                found.append(version)
                first, end, left = min(first, begins), max(end, ends), left - held
        return first, end, found

    async def _next(self, remove: Sequence[Shift], add: Sequence[NewShift]) -> tuple[RosterDocument, Changes, int]:
        desk = self._desk
        last = await desk.book.last()
        starts_ms = [one.start_ms for one in remove] + [each[1] for each in add]
        first, end, versions = await self.period(sorted({desk.local(at_ms).date() for at_ms in starts_ms}))
        days = (end - first).days
        gone = {one.shift for one in remove}
        left = [one for one in await desk.standing(first, days) if one.shift not in gone]
        new = [Shift(shift="", agent=agent, start_ms=a, end_ms=b, breaks=tuple(pauses)) for agent, a, b, pauses in add]
        duties = desk.duties_of([*left, *new], await desk.names(), await desk.rules())
        document = RosterDocument(
            zone=desk.zone.key,
            first_day=first,
            days=days,
            duties=tuple(duties),
            required=await self.required(first, days, versions),
        )
        return document, Changes(tuple(add), tuple(gone), tuple(one.shift for one in left), 0), last

    async def required(self, first: date, days: int, versions: Sequence[Version]) -> tuple[tuple[int, ...], ...]:
        """Return the people wanted in each quarter hour, as `versions` have it; empty where nobody has said."""
        known: dict[date, tuple[int, ...]] = {}
        for version in reversed(versions):
            document = read_document((await self._desk.book.version(version.number)).document)
            known |= {document.first_day + timedelta(days=n): row for n, row in enumerate(document.required)}
        if not known:
            return ()
        quiet: tuple[int, ...] = (0,) * 96
        return tuple(known.get(first + timedelta(days=number), quiet) for number in range(days))


def cut(shift: Shift, at_ms: int) -> tuple[NewShift | None, tuple[int, int, tuple[tuple[int, int], ...]] | None]:
    """Return what is left of a shift before a moment, as a shift of the same person, and what comes after it.

    None where nothing is. Breaks go to the side that holds all of them; one in the middle ends at the moment.
    """
    if at_ms <= shift.start_ms:
        return None, (shift.start_ms, shift.end_ms, shift.breaks)
    if at_ms >= shift.end_ms:
        return (shift.agent, shift.start_ms, shift.end_ms, shift.breaks), None
    before = tuple((a, min(b, at_ms)) for a, b in shift.breaks if a < at_ms)
    after = tuple((a, b) for a, b in shift.breaks if a >= at_ms)
    return (shift.agent, shift.start_ms, at_ms, before), (at_ms, shift.end_ms, after)
