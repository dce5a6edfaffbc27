"""Publishing a roster: its shifts come, go and stay in one step, and the version that says so is kept with them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from signaling.errors import ShiftOverlaps
from signaling.store_base import StoreBase
from signaling.store_requests import RequestChange, plan_of

NewShift = tuple[str, int, int, Sequence[tuple[int, int]]]
"""agent, start_ms, end_ms, and the breaks inside it as (start_ms, end_ms)."""


@dataclass(frozen=True, kw_only=True)
class Publication:
    """What is to be published. `last`: the newest version that whoever publishes knows, 0 for none.

    `draft`, `rev`: the draft that it comes from and its state, "" and 0 for none. `remove`: shifts to take away, by id;
    `keep`: those of the roster that stay; `facts`: fields of the version's row; `end_ms`: the roster's end.
    `requests`: about shifts, whose next states are kept in the same step.
    """

    last: int
    draft: str
    rev: int
    remove: Sequence[str]
    keep: Sequence[str]
    add: Sequence[NewShift]
    facts: Mapping[str, str | int]
    end_ms: int
    requests: Sequence[RequestChange] = ()


class RosterStore(StoreBase):
    """Versions of the roster."""

    async def publish_roster(self, wanted: Publication) -> int:
        """Take shifts away, add others and keep the new version: all of it, or nothing. Return its number.

        An agent who is free or rests and loses the shift that runs goes on break; a live call goes on.

        Raises:
            RequestChanged: one of `requests` is not as it was seen any more.
            RosterChanged: there is a newer version, the draft has changed, or a shift to take away is gone.
            ShiftOverlaps: new shifts lie in others of the same person; `rows` says which, by their place in `add`.
            ShiftUnreadable: one ends before it begins, or lasts over 24 hours.
        """
        added = ["s_" + secrets.token_urlsafe(9) for _ in wanted.add]
        plan = {
            "last": wanted.last,
            "draft": wanted.draft,
            "rev": wanted.rev,
            "remove": wanted.remove,
            "add": [
                (agent, shift, start_ms, end_ms, msgspec.json.encode(breaks).decode())
                for shift, (agent, start_ms, end_ms, breaks) in zip(added, wanted.add, strict=True)
            ],
            "version": {**wanted.facts, "shifts": ",".join([*wanted.keep, *added])},
            "end_ms": wanted.end_ms,
            "requests": plan_of(wanted.requests),
        }
        answer = await self.run("roster_publish", msgspec.json.encode(plan))
        if overlaps := answer.get("overlaps"):
            raise ShiftOverlaps(rows=tuple((row, start_ms, end_ms) for row, start_ms, end_ms in overlaps))
        return int(answer["version"])
