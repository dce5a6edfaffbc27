"""Requests about shifts, kept in one step each, alone or with the version of the roster that grants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from signaling.store_base import StoreBase


class RequestChange(msgspec.Struct, frozen=True, kw_only=True):
    """A request's next state.

    `rev`: the state that whoever changes it has seen, 0 for a new one. `at`: its score in each index that has it
    ("live", "days", "past"). `people`: whose it is, `tell`: who is to hear of it, accounts' ids. `until_ms`: it is
    forgotten then.
    """

    id: str
    rev: int
    fields: Mapping[str, str | int]
    at: Mapping[str, int]
    people: Sequence[str]
    tell: Sequence[str]
    until_ms: int


def plan_of(changes: Sequence[RequestChange]) -> list[dict[str, Any]]:
    """Return changes as the scripts read them."""
    return [msgspec.structs.asdict(one) for one in changes]


class RequestStore(StoreBase):
    """Requests about shifts."""

    async def keep_requests(self, changes: Sequence[RequestChange]) -> None:
        """Keep the next states of requests: all of them, or none.

        Raises:
            RequestChanged: one of them is not as it was seen any more.
        """
        await self.run("request_keep", msgspec.json.encode(plan_of(changes)))
