"""When agents are on the floor."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from scheduler.errors import BadPlan


@dataclass(frozen=True, slots=True)
class Presence:
    """When one agent is on the floor: `spans` of (from, to) seconds, in order; breaks are the holes between them."""

    spans: tuple[tuple[float, float], ...]
    skills: frozenset[int] = frozenset({0})

    def __post_init__(self) -> None:
        for start_s, end_s in self.spans:
            if not start_s < end_s:
                raise BadPlan("A span of presence must end after it begins.", span=(start_s, end_s))
        for (_, end_s), (start_s, _) in pairwise(self.spans):
            if start_s <= end_s:
                raise BadPlan("Spans of presence must be in order and must not touch.", end_s=end_s, start_s=start_s)
