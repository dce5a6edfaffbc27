"""The rest of today: what its service level will come to, and what would better it.

A suggestion moves a break inside its shift, brings somebody in, or sends an hour's calls to writing. None of them makes
a break shorter, a stretch of signing longer than it may be, or touches rest between days or after-call work: what is
not built cannot be suggested. Each says what it does to today's level, by the same sampled calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scheduler.on_shift import OnShift, Span, allowed, moved_break
from scheduler.presence import Presence
from scheduler.replay import DaySource, Share, ratio_of_sums
from scheduler.simulate import Calls, simulate_day

DAYS = 300
QUARTER_S = 900.0
SOON_S = 300.0
"""A break that begins within this is not moved any more: somebody is getting up."""
COMING_S = 2_700.0
"""How long somebody takes who is called in."""
SHORTEST_COMING_S, LONGEST_COMING_S = 7_200.0, 14_400.0
TEXT_S = 3_600.0
AHEAD_S = 4 * 3_600.0
_FARTHEST_MOVE = 6  # quarter hours
_MOST_TRIED = 3
_WORTH = 0.001


@dataclass(frozen=True, slots=True)
class SoFar:
    """Calls of today that are over: `offered`, of which `in_time`."""

    offered: int
    in_time: int


@dataclass(frozen=True)
class Suggestion:
    """Something that could be done, and what today's level would come to.

    `kind`: "break" (of `who`, from `old` to `new`), "reserve" (somebody from `new[0]` to `new[1]`), or "text" (calls of
    `new` are asked to write; `calls` of them are expected).
    """

    kind: str
    level: Share
    who: str = ""
    old: Span = (0.0, 0.0)
    new: Span = (0.0, 0.0)
    calls: float = 0.0


@dataclass(frozen=True)
class Rest:
    """What today will come to as it stands, and what would better it, the best first."""

    level: Share
    suggestions: tuple[Suggestion, ...]


@dataclass(frozen=True)
class Today:
    """What the rest of a day is reckoned from. `required`: people by quarter hour; `source`: whole sampled days."""

    source: DaySource
    now_s: float
    so_far: SoFar
    within_s: float
    required: Sequence[int]


def rest_of(today: Today, people: Sequence[OnShift], days: int = DAYS, seed: int = 1) -> Rest:
    """Return today's level as it stands with `people`, and suggestions that better it by more than chance shows."""
    calls = _calls(today, days, seed)
    now = _level(today, calls, _present(people, today.now_s))
    found: list[Suggestion] = []
    for who, old, new in _moves(today, people):
        moved = [moved_break(one, old, new) if one.who == who and old in one.breaks else one for one in people]
        level = _level(today, calls, _present(moved, today.now_s))
        found.append(Suggestion("break", level, who=who, old=old, new=new))
    if (coming := _coming(today, people)) is not None:
        more = [*_present(people, today.now_s), Presence((coming,))]
        found.append(Suggestion("reserve", _level(today, calls, more), new=coming))
    text = (today.now_s, today.now_s + TEXT_S)
    left = [_without(one, text) for one in calls]
    sent = sum(len(a.arrive_s) - len(b.arrive_s) for a, b in zip(calls, left, strict=True)) / max(len(calls), 1)
    if sent:
        level = _level(today, left, _present(people, today.now_s))
        found.append(Suggestion("text", level, new=text, calls=sent))
    better = [one for one in found if one.level.mean > now.mean + _WORTH]
    breaks = sorted((one for one in better if one.kind == "break"), key=lambda one: -one.level.mean)[:1]
    others = [one for one in better if one.kind != "break"]
    return Rest(now, tuple(sorted((*breaks, *others), key=lambda one: -one.level.mean)))


def short_quarters(required: Sequence[int], people: Sequence[OnShift], from_s: float, to_s: float) -> list[int]:
    """Return how many people each quarter hour of the day lacks; 0 outside of from_s <= t < to_s."""
    there = _counts(people, len(required))
    return [
        max(0, wanted - there[number]) if from_s < (number + 1) * QUARTER_S and number * QUARTER_S < to_s else 0
        for number, wanted in enumerate(required)
    ]


def _moves(today: Today, people: Sequence[OnShift]) -> list[tuple[str, Span, Span]]:
    """Return the moves of one break that leave fewest people missing in the next hours, best first."""
    end_s = today.now_s + AHEAD_S
    before = sum(short_quarters(today.required, people, today.now_s, end_s))
    found: list[tuple[int, int, str, Span, Span]] = []
    for number, one in enumerate(people) if before else ():
        for old in one.breaks:
            if not today.now_s + SOON_S < old[0] < end_s:
                continue
            for step in range(-_FARTHEST_MOVE, _FARTHEST_MOVE + 1):
                new = (old[0] + step * QUARTER_S, old[1] + step * QUARTER_S)
                if not step or new[0] <= today.now_s + SOON_S or not allowed(one, old, new):
                    continue
                moved = [*people[:number], moved_break(one, old, new), *people[number + 1 :]]
                after = sum(short_quarters(today.required, moved, today.now_s, end_s))
                if after < before:
                    found.append((after, abs(step), one.who, old, new))
    return [(who, old, new) for _, _, who, old, new in sorted(found)[:_MOST_TRIED]]


def _coming(today: Today, people: Sequence[OnShift]) -> Span | None:
    """Return when one more person would help first: from when people are missing, as soon as somebody can be there."""
    end_s = len(today.required) * QUARTER_S
    first_s = today.now_s + COMING_S
    lacking = short_quarters(today.required, people, first_s, end_s)
    quarters = [number for number, missing in enumerate(lacking) if missing]
    if not quarters:
        return None
    start_s = max(quarters[0] * QUARTER_S, -(-first_s // QUARTER_S) * QUARTER_S)
    last_s = (max(one for one in quarters if one * QUARTER_S < start_s + LONGEST_COMING_S) + 1) * QUARTER_S
    span = (start_s, min(end_s, max(last_s, start_s + SHORTEST_COMING_S)))
    return span if span[0] < span[1] else None


def _counts(people: Sequence[OnShift], quarters: int) -> list[int]:
    counts = [0] * quarters
    for one in people:
        there = one.presence(0.0)
        for start_s, end_s in there.spans if there is not None else ():
            for number in range(int(-(-start_s // QUARTER_S)), min(quarters, int(end_s // QUARTER_S))):
                counts[number] += 1
    return counts


def _present(people: Sequence[OnShift], now_s: float) -> list[Presence]:
    return [there for one in people if (there := one.presence(now_s)) is not None]


def _calls(today: Today, days: int, seed: int) -> list[Calls]:
    random = np.random.default_rng(seed)
    return [_without(today.source.sample(random), (0.0, today.now_s)) for _ in range(days)]


def _without(calls: Calls, gone: Span) -> Calls:
    keep = (calls.arrive_s < gone[0]) | (calls.arrive_s >= gone[1])
    return Calls(calls.arrive_s[keep], calls.handle_s[keep], calls.patience_s[keep], calls.queue[keep])


def _level(today: Today, days: Sequence[Calls], people: Sequence[Presence]) -> Share:
    """Return the share of all of today's calls that is answered in time; what is over counts as it was."""
    good, counted = [], []
    for calls in days:
        outcome = simulate_day(calls, people)
        in_time = outcome.served & (outcome.offered_wait_s <= today.within_s)
        good.append(today.so_far.in_time + int(in_time.sum()))
        counted.append(today.so_far.offered + len(in_time))
    return ratio_of_sums(np.asarray(good), np.asarray(counted))
