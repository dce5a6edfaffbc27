"""The roster as matching sees it: who is on shift, from when to when."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence

import msgspec

from signaling.store_base import Argument, StoreBase
from signaling.store_types import Shift

Breaks = Sequence[tuple[int, int]]
"""(start_ms, end_ms) of each break inside a shift, in order."""


class ShiftStore(StoreBase):
    """Shifts. One agent's shifts never overlap."""

    async def add_shift(self, agent: str, start_ms: int, end_ms: int, breaks: Breaks = ()) -> Shift:
        """Add a shift, with the breaks inside it.

        Raises:
            ShiftOverlaps: the agent has another shift in that time.
            ShiftUnreadable: it ends before it begins, or lasts over 24 hours, or its breaks are not in order inside it.
        """
        (shift,) = await self.add_shifts([(agent, start_ms, end_ms, breaks)])
        return shift

    async def add_shifts(self, wanted: Iterable[tuple[str, int, int] | tuple[str, int, int, Breaks]]) -> list[Shift]:
        """Add shifts, each as agent, start_ms, end_ms and, where there are any, breaks: all of them, or none.

        Raises:
            ShiftOverlaps, ShiftUnreadable: one of them cannot be, as `add_shift` says.
        """
        shifts = [
            Shift(
                shift="s_" + secrets.token_urlsafe(9),
                agent=agent,
                start_ms=start_ms,
                end_ms=end_ms,
                breaks=tuple(breaks[0]) if breaks else (),
            )
            for agent, start_ms, end_ms, *breaks in wanted
        ]
        words: list[Argument] = []
        for each in shifts:
            words += (each.agent, each.shift, each.start_ms, each.end_ms, msgspec.json.encode(each.breaks))
        await self.run("shift_add", *words)
        return shifts

    async def remove_shift(self, shift_id: str) -> None:
        """Remove a shift; removing one that is gone is no error. An available agent who loses it goes on break."""
        await self.run("shift_remove", shift_id)

    async def shifts(self, from_ms: int, to_ms: int) -> list[Shift]:
        """Return the shifts that overlap from_ms <= t < to_ms, by start, then agent."""
        answer = await self.run("shifts_read", from_ms, to_ms)
        shifts = msgspec.convert(answer["shifts"], type=list[Shift], strict=False)
        return sorted(shifts, key=lambda shift: (shift.start_ms, shift.agent))
