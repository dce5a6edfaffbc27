"""What agents have promised to customers: each has one owner, is asked after once, given on, kept by word or call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from signaling.store_base import StoreBase


class PromiseStore(StoreBase):
    """Promises and urgent matters, both by the call that they are of."""

    async def urge(self, customer: str, call: str) -> None:
        """A customer asks after an open promise; its owner and the coordinators see it at once.

        Raises:
            NoPromise: it is not open, or not this customer's.
            UrgedAlready: for a second time.
        """
        await self.run("urge", customer, call)

    async def turn_promise(self, call: str, state: Literal["open", "done"], *, by: str, own: bool = False) -> None:
        """Mark a promise as kept, or as open again; the last word counts. `own`: only when `by` owns it.

        Its urgent matter is solved with it, and open again with it.

        Raises:
            NoPromise: nothing was promised in that call, or it is not one's own.
        """
        await self.run("promise_turn", call, state, by, int(own))

    async def give_promise(self, call: str, owner: str) -> None:
        """Give an open promise, and the open urgent matter of the same call, to another owner.

        Raises:
            NoPromise: neither is open.
        """
        await self.run("promise_give", call, owner)

    async def promises_away(self, found: Iterable[tuple[str, str]]) -> None:
        """Note of promises (by call) why their owner cannot keep them, "" for no reason any more."""
        words = [word for pair in found for word in pair]
        if words:
            await self.run("promise_away", *words)

    async def settle_matter(self, call: str, *, by: str, own: bool = False) -> None:
        """Take an urgent matter as solved. `own`: only when `by` is its owner.

        Raises:
            NoMatter: none is open.
            NotOwner: it is another agent's.
        """
        await self.run("settle", call, by, int(own))

    async def call_back(self, owner: str, call: str, *, link: str = "", sealed: str = "") -> tuple[str, int]:
        """Call the customer of a promise, and return who it is and until when they may answer (epoch milliseconds).

        `link`: digest of the link that leads to this call, `sealed` what stands behind it. 0 instead of a time: the
        customer waits in the line already, and is this owner's from now on. Calling again begins the time anew.

        Raises:
            NoPromise: it is not open, or not this owner's.
            CustomerInCall: the customer is in a call.
            CalledAlready: another promise of this customer is being called back.
        """
        answer = await self.run("call_back", owner, call, link, sealed)
        return str(answer["customer"]), int(answer["until_ms"])

    async def stop_calling(self, owner: str, customer: str, call: str) -> None:
        """The owner takes the call back.

        Raises:
            NoCall: nobody is called back by this owner for that promise.
        """
        await self.run("call_back_end", customer, call, owner, "")

    async def decline_call_back(self, customer: str) -> None:
        """The customer cannot sign just now; the promise stays open, and its owner knows.

        Raises:
            NoCall: nobody calls this customer.
        """
        await self.run("call_back_end", customer, "", customer, "declined")
