"""What a request means for cover: who is there at a moment, and where most would be lacking."""

from __future__ import annotations

import pytest

from signaling.store_types import Shift
from video_service.shift_requests_means import Cover, fewest, there
from video_service.shift_requests_moves import QUARTER_MS

pytestmark = pytest.mark.unit


def quarters(*rows: tuple[int, int, int | None]) -> list[tuple[int, int, int, int | None]]:
    return [(number * QUARTER_MS, *row) for number, row in enumerate(rows)]


def cover(start: int, end: int, now: int, then: int, wanted: int | None) -> Cover:
    return Cover(start_ms=start * QUARTER_MS, end_ms=end * QUARTER_MS, now=now, then=then, wanted=wanted)


def test_people_are_there_in_their_shift_and_outside_of_their_breaks() -> None:
    shifts = [
        Shift(shift="s-1", agent="a-1", start_ms=100, end_ms=900, breaks=((200, 300),)),
        Shift(shift="s-2", agent="a-2", start_ms=250, end_ms=400, breaks=()),
        Shift(shift="s-3", agent="a-2", start_ms=390, end_ms=500, breaks=()),
    ]
    seen = [there(shifts, at_ms) for at_ms in (99, 100, 200, 299, 300, 395, 400, 899, 900)]
    assert seen == [0, 1, 0, 1, 2, 2, 2, 1, 0]


def test_the_stretch_is_told_in_which_most_would_be_lacking() -> None:
    rows = quarters((3, 2, 2), (2, 1, 2), (2, 1, 2), (2, 1, 1), (2, 1, 2))
    assert fewest(rows) == cover(1, 3, 2, 1, 2)


def test_without_a_plan_it_is_the_stretch_with_the_fewest_people() -> None:
    assert fewest(quarters((3, 2, None), (1, 0, None), (1, 0, None), (2, 1, None))) == cover(1, 3, 1, 0, None)
    assert fewest([]) is None


def test_a_gap_in_the_day_ends_the_stretch() -> None:
    first, second = quarters((2, 1, 2), (2, 1, 2))
    later = (5 * QUARTER_MS, 2, 1, 2)
    assert fewest([first, second, later]) == cover(0, 2, 2, 1, 2)
