"""Which times a callback can be booked for: what the roster serves beside the line, and not one more. Pure.

A slot takes no more bookings than there are agents who could each take one of them, and no more than a share of their
time in it holds. So a team of one takes one in each slot, or none where a break leaves no room.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

MINUTE_MS = 60_000
DAY_MS = 86_400_000

Needs = tuple[str, ...]
"""Labels, each with the least level where one is asked: "rail:2"."""


@dataclass(frozen=True, kw_only=True)
class CallbackRules:
    """How callbacks are booked. Fields are settings of the same name."""

    callback_slot_minutes: int = 30
    """Length of a slot; 0: no callbacks are booked."""
    callback_days_ahead: int = 3
    callback_share: float = 0.5
    """How much of the agents' time in a slot may be booked; the rest is for those who call at that time."""
    typical_handle_s: float = 360.0

    @property
    def slot_ms(self) -> int:
        """Length of a slot in milliseconds."""
        return self.callback_slot_minutes * MINUTE_MS


class OnShift(Protocol):
    """One agent's time on the roster."""

    @property
    def agent(self) -> str: ...
    @property
    def start_ms(self) -> int: ...
    @property
    def end_ms(self) -> int: ...
    @property
    def breaks(self) -> Sequence[tuple[int, int]]: ...


def covers(skills: Iterable[str], needs: Needs) -> bool:
    """Return whether somebody with these skills has all that is needed; a skill without a level is the highest."""
    levels = {label: int(level or 3) for label, _, level in (each.partition(":") for each in skills)}
    wanted = ((label, int(level or 1)) for label, _, level in (each.partition(":") for each in needs))
    return all(levels.get(label, 0) >= level for label, level in wanted)


def free_ms(shifts: Iterable[OnShift], start_ms: int, end_ms: int) -> dict[str, int]:
    """Return how long each agent is at work, not on a break, in start_ms <= t < end_ms; who is not is left out."""
    found: dict[str, int] = {}
    for shift in shifts:
        at_work = _overlap(shift.start_ms, shift.end_ms, start_ms, end_ms)
        away = sum(_overlap(*each, max(start_ms, shift.start_ms), min(end_ms, shift.end_ms)) for each in shift.breaks)
        if at_work > away:
            found[shift.agent] = found.get(shift.agent, 0) + at_work - away
    return found


def can_serve(
    free: Mapping[str, int], skills: Mapping[str, tuple[str, ...]], booked: Sequence[Needs], rules: CallbackRules
) -> bool:
    """Return whether the agents of one slot can serve these bookings, each agent one of them.

    `free`: milliseconds at work by agent; who has less than one call takes that counts for nobody. `skills` by agent.
    Source: Kuhn 1955, augmenting paths in a bipartite graph.
    """
    handle_ms = rules.typical_handle_s * 1_000
    able = {agent: time_ms for agent, time_ms in free.items() if time_ms >= handle_ms and agent in skills}
    if len(booked) > math.floor(sum(able.values()) * rules.callback_share / handle_ms):
        return False
    taken: dict[str, int] = {}

    def place(number: int, seen: set[str]) -> bool:
        for agent in able:
            if agent not in seen and covers(skills[agent], booked[number]):
                seen.add(agent)
                if agent not in taken or place(taken[agent], seen):
                    taken[agent] = number
                    return True
        return False

    return all(place(number, set()) for number in range(len(booked)))


def starts(
    *,
    now_ms: int,
    shifts: Sequence[OnShift],
    skills: Mapping[str, tuple[str, ...]],
    open_times: Iterable[tuple[int, int]] | None,
    booked: Mapping[int, Sequence[Needs]],
    needs: Needs,
    rules: CallbackRules,
) -> tuple[int, ...]:
    """Return when the slots begin (epoch milliseconds) in which one more booking with `needs` can be served, in order.

    Slots begin at whole multiples of their length, the first one a slot from now at the earliest. `open_times`: when
    the line is open, as start_ms <= t < end_ms, in order; None where shifts alone decide. `booked`: needs of the
    bookings that stand, by their slot's start.
    """
    if rules.slot_ms == 0:
        return ()
    first_ms = -(-(now_ms + rules.slot_ms) // rules.slot_ms) * rules.slot_ms
    last_ms = now_ms + rules.callback_days_ahead * DAY_MS
    opened = None if open_times is None else _joined(open_times, last_ms + rules.slot_ms)
    found = []
    for start_ms in range(first_ms, last_ms, rules.slot_ms):
        end_ms = start_ms + rules.slot_ms
        if opened is not None and not any(low <= start_ms and end_ms <= high for low, high in opened):
            continue
        free = free_ms(shifts, start_ms, end_ms)
        if free and can_serve(free, skills, [*booked.get(start_ms, ()), needs], rules):
            found.append(start_ms)
    return tuple(found)


def _overlap(start_ms: int, end_ms: int, low_ms: int, high_ms: int) -> int:
    return max(0, min(end_ms, high_ms) - max(start_ms, low_ms))


def _joined(times: Iterable[tuple[int, int]], until_ms: int) -> list[tuple[int, int]]:
    """Return the times with those that touch as one, up to `until_ms`."""
    found: list[tuple[int, int]] = []
    for start_ms, end_ms in times:
        if start_ms > until_ms:
            break
        if found and start_ms <= found[-1][1]:
            found[-1] = (found[-1][0], max(end_ms, found[-1][1]))
        else:
            found.append((start_ms, end_ms))
    return found
