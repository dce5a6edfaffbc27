"""The roster as matching sees it: who is on shift, from when to when."""

from __future__ import annotations

import secrets

import msgspec

from signaling.store_base import StoreBase
from signaling.store_types import Shift


class ShiftStore(StoreBase):
    """Shifts. One agent's shifts never overlap."""

    async def add_shift(self, agent: str, start_ms: int, end_ms: int) -> Shift:
        """Add a shift.

        Raises:
            ShiftOverlaps: the agent has another shift in that time.
            ShiftUnreadable: it ends before it begins, or lasts over 24 hours.
        """
        shift = "s_" + secrets.token_urlsafe(9)
        await self.run("shift_add", agent, shift, start_ms, end_ms)
        return Shift(shift=shift, agent=agent, start_ms=start_ms, end_ms=end_ms)

    async def remove_shift(self, shift_id: str) -> None:
        """Remove a shift; removing one that is gone is no error. An available agent who loses it goes on break."""
        await self.run("shift_remove", shift_id)

    async def shifts(self, from_ms: int, to_ms: int) -> list[Shift]:
        """Return the shifts that overlap from_ms <= t < to_ms, by start, then agent."""
        answer = await self.run("shifts_read", from_ms, to_ms)
        shifts = msgspec.convert(answer["shifts"], type=list[Shift], strict=False)
        return sorted(shifts, key=lambda shift: (shift.start_ms, shift.agent))
