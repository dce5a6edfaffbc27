"""What publishing a roster would change: which shifts come, which go, which stay. Functions of data.

Only what is to come is changed: a shift that has begun stands, whatever the roster says of it. Shifts that neither the
roster nor the one before it knows of (put in by hand meanwhile) stand too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

NewShift = tuple[str, int, int, tuple[tuple[int, int], ...]]
"""agent, start_ms, end_ms, breaks inside it as (start_ms, end_ms)."""


class Standing(Protocol):
    """A shift as the service has it."""

    @property
    def shift(self) -> str: ...
    @property
    def agent(self) -> str: ...
    @property
    def start_ms(self) -> int: ...
    @property
    def end_ms(self) -> int: ...
    @property
    def breaks(self) -> tuple[tuple[int, int], ...]: ...


@dataclass(frozen=True)
class Changes:
    """Shifts that come, and those that go or stay, by id. `late`: how many should have begun and are left out."""

    add: tuple[NewShift, ...]
    remove: tuple[str, ...]
    keep: tuple[str, ...]
    late: int

    def token(self, last: int) -> str:
        """Return what tells these changes, made after version `last`, from all others."""
        facts = json.dumps([last, sorted(self.add), sorted(self.remove), sorted(self.keep)])
        return hashlib.sha256(facts.encode()).hexdigest()[:32]


def changes(
    standing: Iterable[Standing], wanted: Iterable[NewShift], replaces: Collection[str], *, now_ms: int
) -> Changes:
    """Return the fewest changes that make the wanted shifts stand. `replaces`: which of the standing ones may go."""
    there = {(one.agent, one.start_ms, one.end_ms, one.breaks): one for one in standing}
    keep: list[str] = []
    add: list[NewShift] = []
    late = 0
    for each in dict.fromkeys(wanted):
        if each in there:
            keep.append(there[each].shift)
        elif each[1] > now_ms:
            add.append(each)
        else:
            late += 1
    kept = set(keep)
    remove = [
        one.shift for one in there.values() if one.shift not in kept and one.shift in replaces and one.start_ms > now_ms
    ]
    return Changes(tuple(add), tuple(remove), tuple(keep), late)
