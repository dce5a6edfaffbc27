"""What customers and agents do: join, ring, accept, decline, hang up."""

from __future__ import annotations

import asyncio
import secrets

from signaling.errors import BadDisposition
from signaling.identity_types import Identity
from signaling.messages import CallClass, Outcome
from signaling.store_live import LiveStore
from video_service.skill_words import needs_text

TIDY_S = 5.0
DUE_IN_H = (2, 24, 72)
"""Within how many hours a follow-up can be promised."""


class CallStore(LiveStore):
    """Steps of calls and agents. Whatever makes a match possible makes it in the same script."""

    _tidy_at_s = 0.0

    async def join(
        self,
        customer: str,
        *,
        queue: str,
        needs: tuple[str, ...],
        urgent: bool,
        reason: str,
        locale: str,
        consent: int = 0,
        entry: str = "web",
        sign_language: str = "",
        topic: str = "",
        context: str = "",
        vip: bool = False,
    ) -> str:
        """Put a connected customer in the queue and return the call's id; one who has an open call gets that one's.

        `needs` is what an agent must have. `sign_language` is the variety that the customer is used to, "" for that of
        the last call: who has it serves the call, or anybody where nobody on shift has it. So it is with `topic`, the
        skill of who knows what the matter is about. They and `consent` (version of the text that was agreed to, 0 for
        none) go on record; `context` is for the agent and goes with the call. A
        `vip` is waited for longer by the own last agent, and has a class of its own where the policy says so.

        Raises:
            Closed: no agent who covers `needs` is signed in and on shift.
            QueueFull: `waiting_limit` calls wait already.
            NotConnected: the customer has no socket.
            WrongRole: not a customer.
            UnknownQueue: there is no such queue.
        """
        answer = await self.run(
            "join",
            customer,
            "c_" + secrets.token_urlsafe(12),
            queue,
            needs_text(needs),
            self._class_of(urgent=urgent, vip=vip),
            reason,
            locale,
            entry,
            sign_language,
            self.cipher.seal(context),
            consent,
            "1" if vip else "",
            topic,
        )
        return str(answer["call"])

    def _class_of(self, *, urgent: bool, vip: bool) -> CallClass:
        if urgent:
            return "urgent"
        return "vip" if vip and self.policy.vip_first else "normal"

    async def note(self, customer: str, text: str) -> None:
        """Keep what a customer in the queue or a call writes about the matter, until the call ends.

        Raises:
            NoCall: the customer has no open call.
        """
        await self.run("note", customer, self.cipher.seal(text))

    async def hang_up(self, person: str, call: str) -> None:
        """Leave a call. Either side's hang-up closes it; the other's leg is not touched. Doing so twice is no error.

        A customer's hang-up of a call that is over puts its end away: the view is "home" from there on.

        Raises:
            NoCall: not a call of this person.
        """
        await self.run("hang_up", person, call)

    async def another_signer(self, customer: str, call: str, epoch: int) -> None:
        """Send a live call back to the head of its class, and never to its present agent again, who is free.

        Raises:
            NoCall: not a call of this customer.
            StaleReservation: it is not live in this epoch.
            NobodyElse: no other agent who covers its needs, and may be asked, is here, on shift and not on a break.
        """
        await self.run("another", customer, call, epoch)

    async def survey(self, customer: str, call: str, *, solved: str, face: int) -> None:
        """Put on record what a customer says of an answered call; said again, the last word counts.

        `solved`: "yes", "no" or "" for not said; `face`: 1 (bad) to 5 (good), 0 for not said.

        Raises:
            NoCall: not an answered call of this customer, or its record is gone.
        """
        await self.run("survey", customer, call, solved, face)

    async def sign_in(self, identity: Identity) -> None:
        """Sign a connected agent in, on break. Signing in twice is signing in once.

        Raises:
            NotConnected: the agent has no socket.
            WrongRole: not an agent.
        """
        await self.run("sign_in", identity.person)

    async def sign_out(self, agent: str) -> None:
        """Take an agent off; a live or ringing call goes back to the queue. No error when not signed in."""
        await self.run("sign_out", agent)

    async def ready(self, agent: str) -> None:
        """Make an agent available, or send a tired one to rest first.

        It ends a break, after-call work, and the wish for a break. An agent whose page is open and who is off is signed
        in by it, and stays on break when off shift or without a picture.

        Raises:
            NotRostered: on a break without a shift now. (From after-call work the agent goes on break instead.)
            NoPicture: the agent has no leg, or its newest is closed.
            NotSignedIn: offline, and no page is open.
        """
        await self.run("ready", agent)

    async def ask_break(self, agent: str, *, wanted: bool = True) -> None:
        """Ask for a break, or take that back. Asking twice is asking once.

        It begins as soon as cover allows (`cover_allows` in scripts/_care.lua says when that is), when a call that goes
        on is over, and after `break_wait_limit_s` at the latest. An agent who has to stop does not ask: see `break_`.

        Raises:
            NotSignedIn: not on the desk.
        """
        await self.run("ask_break", agent, int(wanted))

    async def break_(self, agent: str) -> None:
        """Send an agent on break: at once, or after the live call. A ringing call goes to somebody else.

        Raises:
            NotSignedIn: offline.
        """
        await self.run("break", agent)

    async def accept(self, agent: str, call: str, epoch: int) -> None:
        """Take the call that rings.

        Raises:
            StaleReservation: it does not ring here in this epoch.
        """
        await self.run("accept", agent, call, epoch)

    async def decline(self, agent: str, call: str, epoch: int) -> None:
        """Refuse the call that rings; it does not come back to this agent while somebody else could take it.

        Raises:
            StaleReservation: it does not ring here in this epoch.
        """
        await self.run("decline", agent, call, epoch)

    async def disposition(self, agent: str, call: str, *, outcome: Outcome, note: str, due_in_h: int) -> None:
        """Put on record what an agent in after-call work says of that call; said again, the last word counts.

        `note` is sealed and kept `note_retention_days`. `due_in_h`: within how many hours the agent comes back to the
        customer, one of `DUE_IN_H`, with the outcome "follow_up"; else 0.

        Raises:
            BadDisposition: the outcome and the time do not go together.
            NoCall: the agent is not in after-call work of that call.
        """
        if due_in_h not in (DUE_IN_H if outcome == "follow_up" else (0,)):
            raise BadDisposition
        await self.run("disposition", agent, call, outcome, self.cipher.seal(note), due_in_h)

    async def sweep(self) -> int:
        """Handle what is due: rings, kept places, rests, shift ends, lapsed sockets. Any node, any number of nodes.

        Every few seconds it looks over a slice of the open calls too (see `tidy`).

        Returns:
            How many were handled; `sweep_batch` or more means that more may be due.
        """
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._tidy_at_s:
            self._tidy_at_s = now_s + TIDY_S
            await self.tidy()
        answer = await self.run("sweep")
        return int(answer["handled"])

    async def tidy(self, *, line_open: bool | None = None) -> int:
        """Look over a slice of the open calls and repair what no deadline covers.

        `line_open`: whether a customer could call now, to be kept as the line's open time; None leaves no mark.

        A call whose both sides are gone is closed; one whose agent is gone goes back to the line. Only lost data (a
        failover) can leave such calls behind.

        Returns:
            How many were repaired.
        """
        answer = await self.run("tidy", "" if line_open is None else str(int(line_open)))
        return int(answer["repaired"])

    async def shut_down(self) -> int:
        """Close every open call with the reason "shutdown" and return how many; for a service that stops as a whole."""
        closed = 0
        while True:
            answer = await self.run("shut_down")
            closed += int(answer["closed"])
            if not answer["more"]:
                return closed
