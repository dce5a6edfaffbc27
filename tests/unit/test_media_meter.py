"""Frames in the last second, and what counts as a freeze."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.meter import PictureMeter

pytestmark = pytest.mark.unit


def even(frames: int, interval_ms: float = 100 / 3) -> tuple[PictureMeter, float]:
    meter, now_ms = PictureMeter(), 0.0
    for _ in range(frames):
        now_ms += interval_ms
        meter.frame(now_ms)
    return meter, now_ms


def test_the_frames_of_the_last_second_are_counted() -> None:
    meter, now_ms = even(90)

    assert meter.fps(now_ms) == 30
    assert meter.fps(now_ms + 500) == 15
    assert meter.fps(now_ms + 1000) == 0
    assert (meter.frames, meter.freezes) == (90, 0)


@pytest.mark.parametrize(("gap_ms", "freezes"), [(180.0, 0), (184.0, 1), (3000.0, 1)])
def test_at_30_frames_a_second_a_freeze_is_longer_than_183_ms(gap_ms: float, freezes: int) -> None:
    meter, now_ms = even(60)
    meter.frame(now_ms + gap_ms)

    assert meter.freezes == freezes
    assert meter.frozen_ms == pytest.approx(gap_ms if freezes else 0.0)


@pytest.mark.parametrize(("gap_ms", "freezes"), [(299.0, 0), (301.0, 1)])
def test_at_10_frames_a_second_it_is_longer_than_three_of_them(gap_ms: float, freezes: int) -> None:
    meter, now_ms = even(60, interval_ms=100.0)
    meter.frame(now_ms + gap_ms)

    assert meter.freezes == freezes


def test_the_time_until_another_picture_comes_is_no_freeze() -> None:
    meter, now_ms = even(60)
    meter.restart()
    meter.frame(now_ms + 5000)
    meter.frame(now_ms + 5033)

    assert (meter.freezes, meter.frames) == (0, 62)
    assert meter.fps(now_ms + 5033) == 2


@given(gaps=st.lists(st.floats(0, 2000), max_size=300))
def test_whatever_comes_the_counts_hold_together(gaps: list[float]) -> None:
    meter, now_ms = PictureMeter(), 0.0
    for gap_ms in gaps:
        now_ms += gap_ms
        meter.frame(now_ms)

    assert meter.frames == len(gaps)
    assert 0 <= meter.freezes <= meter.frames
    assert meter.frozen_ms <= now_ms
    assert meter.fps(now_ms) <= len(gaps)
