"""A place in the line that is kept for an hour: the customer may close the page and come back to it."""

from __future__ import annotations

from signaling.store_base import StoreBase


class PlaceStore(StoreBase):
    """Kept places."""

    async def keep_place(self, customer: str) -> int:
        """Keep a waiting customer's place, and return until when (epoch milliseconds).

        The time counts from the first asking; asking again moves nothing. While the page is away nobody is rung for it,
        and the arrival number goes on to count: who comes back stands where one who had stayed would stand.

        Raises:
            NoCall: the customer waits for nobody, or places are not kept here.
        """
        answer = await self.run("keep_place", customer)
        return int(answer["kept_until_ms"])

    async def near_places(self, near: int) -> list[tuple[str, str, int]]:
        """Return call, customer and place of those whose place is kept, whose page is away and who stand near.

        `near`: the greatest place, counted from 1. Who waits here counts, whose page is away does not.
        """
        answer = await self.run("near_places", near)
        return [(str(call), str(customer), int(place)) for call, customer, place in answer["places"]]
