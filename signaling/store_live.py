"""What an agent does with a live call: hold, pass on, ask a colleague in, say that it is urgent."""

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

    async def transfer(
        self,
        agent: str,
        call: str,
        epoch: int,
        *,
        to: str = "",
        sign_language: str = "",
        need: str = "",
        note: str = "",
    ) -> None:
        """Send a live call back to the head of its class, for `to` first or ("") for anybody; its agent is free.

        `sign_language` takes the place of the way of signing that was asked for, `need` is one more label; `note` is
        sealed and goes along. It comes back to the same agent only when nobody else takes it.

        Raises:
            NoCall: not a live call of this agent.
            StaleReservation: it has moved on.
            NotFree: `to` is not free now, does not cover the needs, or is not to be asked.
            NobodyElse: nobody else who covers the needs is here, on shift and not on a break.
        """
        await self.run("transfer", agent, call, epoch, to, sign_language, need, self.cipher.seal(note) if note else "")

    async def escalate(self, agent: str, call: str, epoch: int) -> None:
        """Make a live call an urgent matter that this agent owns. Doing it again is harmless.

        Raises:
            NoCall: not a live call of this agent.
            StaleReservation: it has moved on.
        """
        await self.run("escalate", agent, call, epoch)

    async def voice(self, agent: str, call: str, *, on: bool) -> None:
        """Let the customer of a live call hear this agent, and no other; or nobody, when it was this one.

        Raises:
            NoCall: this agent is not in a live call of that name.
        """
        await self.run("voice", agent, call, int(on))

    async def invite(self, agent: str, call: str, epoch: int, *, to: str = "", note: str = "") -> None:
        """Ask `to` to come into a live call as a further agent, or ("") take that back; `note` is sealed.

        Raises:
            NoCall: not a live call of this agent.
            StaleReservation: it has moved on.
            NotFree: `to` is not free now, or the customer has left that agent.
            WrongState: somebody is asked already.
            CallFull: as many agents are in it as it takes.
        """
        await self.run("invite", agent, call, epoch, to, self.cipher.seal(note) if note else "")
