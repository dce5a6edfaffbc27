"""What an agent does with a live call: hold."""

from __future__ import annotations

from signaling.store_base import StoreBase


class LiveStore(StoreBase):
    """Steps of a call that an agent is on."""

    async def hold(self, agent: str, call: str, epoch: int, *, held: bool) -> None:
        """Put the customer of a live call on hold, or take it up again. It lasts until then, whoever reconnects.

        Raises:
            NoCall: not a live call of this agent.
            StaleReservation: it has moved on.
        """
        await self.run("hold", agent, call, epoch, int(held))
