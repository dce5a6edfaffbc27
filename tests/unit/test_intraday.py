"""The rest of today: its level as it stands, and suggestions that never cost anybody rest."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.intraday import COMING_S, SHORTEST_COMING_S, TEXT_S, SoFar, Today, rest_of, short_quarters
from scheduler.on_shift import OnShift, allowed, moved_break
from scheduler.replay import HandleTimes, QueueDay

pytestmark = pytest.mark.unit

H = 3600.0
NINE, NOON = 9 * H, 12 * H
DAYS = 60  # enough to see what is large


def shift(who: str, *breaks: float, start: float = NINE, end: float = 17 * H, longest_s: float = 3 * H) -> OnShift:
    """A shift with breaks of a quarter hour."""
    return OnShift(who, start, end, tuple((at, at + 900) for at in breaks), longest_s)


def source(calls: float = 1.0, handle_s: float = 600.0) -> QueueDay:
    """Calls of each quarter hour from nine to five."""
    expected = np.zeros(96)
    expected[36:68] = calls
    return QueueDay(expected, 900.0, HandleTimes(handle_s), patience_s=180.0)


def today(now_s: float = NOON, required: int = 2, so_far: SoFar = SoFar(12, 11), calls: float = 1.0) -> Today:  # noqa: B008
    wanted = [required if 36 <= quarter < 68 else 0 for quarter in range(96)]
    return Today(source(calls), now_s, so_far, 20.0, wanted)


def test_a_day_that_is_over_came_to_what_it_came_to() -> None:
    rest = rest_of(today(now_s=20 * H), [shift("a")], DAYS)
    assert rest.level.mean == pytest.approx(11 / 12)
    assert rest.suggestions == ()


def test_what_is_over_counts_as_it_was_and_the_rest_as_it_will_be() -> None:
    people = [shift(name) for name in "abcd"]
    good = rest_of(today(so_far=SoFar(12, 12)), people, DAYS).level
    bad = rest_of(today(so_far=SoFar(12, 0)), people, DAYS).level
    assert good.mean > 0.9
    assert bad.mean < good.mean - 0.3
    assert good.low <= good.mean <= good.high


def test_two_breaks_at_once_are_drawn_apart() -> None:
    people = [shift("a", 13 * H), shift("b", 13 * H)]
    rest = rest_of(today(required=1, calls=1.5), people, DAYS)
    [move] = [one for one in rest.suggestions if one.kind == "break"]
    assert move.old == (13 * H, 13 * H + 900)
    assert abs(move.new[0] - 13 * H) == 900
    assert move.level.mean > rest.level.mean
    assert move.who in ("a", "b")


def test_a_break_that_is_about_to_begin_or_is_far_away_stays() -> None:
    for at in (NOON + 200, 16.5 * H):
        people = [shift("a", at, end=20 * H, longest_s=8 * H), shift("b", at, end=20 * H, longest_s=8 * H)]
        assert not [one for one in rest_of(today(required=1), people, 20).suggestions if one.kind == "break"]


def test_somebody_is_called_in_for_when_people_are_missing() -> None:
    people = [shift("a"), shift("b", end=14 * H)]
    rest = rest_of(today(), people, DAYS)
    [call] = [one for one in rest.suggestions if one.kind == "reserve"]
    assert call.new == (14 * H, 17 * H)
    assert call.level.mean > rest.level.mean
    alone = next(one for one in rest_of(today(), [shift("a")], DAYS).suggestions if one.kind == "reserve")
    assert alone.new[0] >= NOON + COMING_S
    assert alone.new[1] - alone.new[0] >= SHORTEST_COMING_S


def test_an_hour_in_writing_says_how_many_are_sent_there() -> None:
    rest = rest_of(today(calls=2.0), [shift("a"), shift("b")], DAYS)
    [text] = [one for one in rest.suggestions if one.kind == "text"]
    assert text.new == (NOON, NOON + TEXT_S)
    assert text.calls == pytest.approx(8, rel=0.25)
    assert text.level.mean > rest.level.mean


def test_where_enough_are_there_nothing_is_suggested() -> None:
    rest = rest_of(today(required=2, so_far=SoFar(12, 12), calls=0.3), [shift(name) for name in "abcdefgh"], DAYS)
    assert rest.level.mean > 0.95
    assert rest.suggestions == ()


def test_the_best_comes_first_and_the_same_day_says_the_same() -> None:
    people = [shift("a", 13 * H), shift("b", 13 * H)]
    rest = rest_of(today(calls=1.5), people, DAYS)
    levels = [one.level.mean for one in rest.suggestions]
    assert len(levels) > 1
    assert levels == sorted(levels, reverse=True)
    assert rest == rest_of(today(calls=1.5), people, DAYS)


def test_people_missing_are_counted_by_quarter_hour_within_the_span() -> None:
    people = [shift("a", 13 * H), shift("b", end=14 * H)]
    lacking = short_quarters(today().required, people, NOON, 15 * H)
    assert [(number, missing) for number, missing in enumerate(lacking) if missing] == [
        (52, 1),
        *((number, 1) for number in range(56, 60)),
    ]


def test_a_break_may_lie_elsewhere_only_as_long_as_before_and_in_no_longer_stretch() -> None:
    one = shift("a", 11 * H, 14 * H)
    old = (11 * H, 11 * H + 900)
    assert allowed(one, old, (11.5 * H, 11.5 * H + 900))
    assert not allowed(one, old, (11.5 * H, 11.5 * H + 800))  # shorter
    assert not allowed(one, old, (9 * H, 9 * H + 900))  # at the very start
    assert not allowed(one, old, (13.75 * H, 14 * H))  # touches the next one
    assert not allowed(one, old, (14 * H, 14 * H + 900))  # lies on it
    assert not allowed(one, old, (10.5 * H, 10.5 * H + 900))  # the stretch after it gets too long
    assert not allowed(one, old, (18 * H, 18 * H + 900))  # after the shift
    assert not allowed(one, (1.0, 2.0), old)  # no such break


@given(st.lists(st.integers(1, 30), min_size=1, max_size=3, unique=True), st.integers(-8, 8), st.integers(0, 2))
def test_no_allowed_move_costs_anybody_rest(quarters: list[int], step: int, which: int) -> None:
    starts = sorted(quarters)
    if any(b - a < 2 for a, b in pairwise(starts)):
        return
    one = shift("a", *(NINE + at * 900 for at in starts))
    old = one.breaks[which % len(one.breaks)]
    new = (old[0] + step * 900, old[1] + step * 900)
    if not allowed(one, old, new):
        return
    moved = moved_break(one, old, new)
    assert sum(b - a for a, b in moved.breaks) == sum(b - a for a, b in one.breaks)
    assert len(moved.breaks) == len(one.breaks)
    assert max(moved.stretches) <= max(one.longest_s, *one.stretches)
    assert all(one.start_s < a < b < one.end_s for a, b in moved.breaks)
    assert replace(moved, breaks=one.breaks) == one
