"""A worker's measure of itself: which pictures count, how many legs follow from it, and when it stops."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.own_speed import FIRST, HEIGHT, LONGEST_S, PICTURES, SHARE_FOR_PICTURES, WIDTH, holds, picture_ms
from media.picture import RawPicture
from tests.media_gate import InvertingStage

pytestmark = pytest.mark.unit


class SlowStage:
    """A stage, and a CPU clock that only its pictures move: `first_ms` for those that warm up, `each_ms` later."""

    def __init__(self, each_ms: float, first_ms: float = 500.0) -> None:
        self.now_s = 0.0
        self.sizes: set[tuple[int, int]] = set()
        self.stage = InvertingStage(self._work)
        self._each_ms, self._first_ms = each_ms, first_ms

    def cpu_s(self) -> float:
        return self.now_s

    def _work(self, picture: RawPicture) -> None:
        self.sizes.add((picture.width, picture.height))
        self.now_s += (self._first_ms if self.stage.seen <= FIRST else self._each_ms) / 1000


def test_the_mean_is_that_of_the_pictures_after_the_first() -> None:
    slow = SlowStage(each_ms=7.0)

    assert picture_ms(slow.stage, cpu_s=slow.cpu_s) == pytest.approx(7.0)
    assert slow.stage.seen == FIRST + PICTURES
    assert slow.sizes == {(WIDTH, HEIGHT)}


def test_a_slow_machine_stops_counting_in_time() -> None:
    slow = SlowStage(each_ms=150.0)

    assert picture_ms(slow.stage, cpu_s=slow.cpu_s) == pytest.approx(150.0)
    assert (slow.stage.seen - FIRST) * 0.150 < LONGEST_S + 0.150


def test_it_stops_when_told() -> None:
    slow = SlowStage(each_ms=1.0)

    assert picture_ms(slow.stage, lambda: slow.stage.seen == 3, slow.cpu_s) is None
    assert slow.stage.seen == 3


@pytest.mark.parametrize(("each_ms", "legs"), [(4.0, 6), (7.1, 3), (8.8, 3), (8.9, 2), (26.6, 1), (500.0, 1)])
def test_how_many_legs_one_core_holds(each_ms: float, legs: int) -> None:
    assert holds(each_ms) == legs


@given(each_ms=st.floats(0.05, 200.0), rate=st.sampled_from([15, 24, 30]))
def test_what_is_held_fits_and_one_more_would_not(each_ms: float, rate: int) -> None:
    legs = holds(each_ms, rate)

    assert legs == 1 or legs * rate * each_ms <= SHARE_FOR_PICTURES * 1000
    assert (legs + 1) * rate * each_ms > SHARE_FOR_PICTURES * 1000
