"""Hands come in at once and go out slowly; edges are decided for the signer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from media.mask_filter import KeepEdge, SlowOut
from media.segmenter import Alpha, Mask
from tests.blur_room import room

pytestmark = pytest.mark.unit

PICTURE = room(64, 48)
alphas = npst.arrays(np.float32, (6, 6), elements=st.floats(0, 1, width=32))


def flat(value: float) -> Mask:
    return Mask(1, np.full((6, 6), value, np.float32), 0.0)


def beside_signer(value: float) -> Mask:
    """A mask of a signer on the right who stays, and of `value` beside."""
    mask = flat(value)
    mask.alpha[:, 3:] = 1
    return mask


def at(mask: Mask) -> float:
    return round(float(mask.alpha[0, 0]), 4)


def test_a_hand_is_in_at_once_and_out_slowly() -> None:
    slow_out = SlowOut(fall=0.5)
    given_values = [0.0, 1.0, 0.0, 0.0, 0.5, 1.0]
    assert [at(slow_out.apply(PICTURE, beside_signer(value))) for value in given_values] == [
        0.0,
        1.0,
        0.5,
        0.25,
        0.5,
        1.0,
    ]


def test_by_default_a_place_that_was_left_is_background_in_the_second_picture() -> None:
    slow_out, keep_edge = SlowOut(), KeepEdge()
    seen = [at(keep_edge.apply(PICTURE, slow_out.apply(PICTURE, beside_signer(value)))) for value in (1.0, 0.0, 0.0)]
    assert seen[0] == 1.0
    assert seen[1] > 0
    assert seen[2] == 0.0


def test_the_past_ends_with_a_reset_and_with_a_change_of_size_or_rotation() -> None:
    slow_out = SlowOut()
    for next_picture, reset in ((room(64, 64), False), (room(48, 64), False), (PICTURE, True)):
        slow_out.apply(PICTURE, beside_signer(1.0))
        if reset:
            slow_out.reset()
        assert at(slow_out.apply(next_picture, beside_signer(0.0))) == 0.0
        slow_out.reset()


@pytest.mark.parametrize(("later", "remembered"), [(1, True), (4, True), (5, False), (3000, False), (-1, False)])
def test_the_past_ends_with_a_pause_and_with_a_jump_back(later: int, remembered: bool) -> None:
    slow_out = SlowOut(memory_ms=150)
    slow_out.apply(room(64, 48, frame_id=10), beside_signer(1.0))
    out = slow_out.apply(room(64, 48, frame_id=10 + later), beside_signer(0.0))
    assert (at(out) > 0) == remembered


def test_a_mask_of_another_shape_has_no_past() -> None:
    slow_out = SlowOut()
    slow_out.apply(PICTURE, flat(1.0))
    assert not slow_out.apply(PICTURE, Mask(1, np.zeros((4, 8), np.float32), 0.0)).alpha.any()


@pytest.mark.parametrize(("reach_px", "stays_from"), [(0, 14), (1, 13), (3, 11)])
def test_what_a_hand_has_left_stays_only_beside_the_signer_as_seen_now(reach_px: int, stays_from: int) -> None:
    slow_out, arm, body = SlowOut(reach_px=reach_px), np.zeros((5, 20), np.float32), np.zeros((5, 20), np.float32)
    arm[:, 2:], body[:, 14:] = 1, 1
    slow_out.apply(PICTURE, Mask(1, arm, 0.0))
    left = slow_out.apply(PICTURE, Mask(2, body, 0.0)).alpha
    assert not left[:, :stays_from].any()
    assert (left[:, stays_from:14] > 0.2).all()


@given(st.lists(alphas, min_size=1, max_size=6))
def test_slow_out_never_takes_from_the_signer_and_stays_in_range(history: list[Alpha]) -> None:
    slow_out = SlowOut()
    for alpha in history:
        before = alpha.copy()
        out = slow_out.apply(PICTURE, Mask(1, alpha, 0.0)).alpha
        assert out.dtype == np.float32
        assert (out >= alpha).all()
        assert out.max() <= 1
        assert np.array_equal(alpha, before)


@given(alphas)
def test_keep_edge_gives_an_alpha_that_grows_only(alpha: npt.NDArray[np.float32]) -> None:
    out = KeepEdge(low=0.1, high=0.5).apply(PICTURE, Mask(1, alpha, 0.0)).alpha
    assert out.dtype == np.float32
    assert out.shape == alpha.shape
    assert out.min() >= 0
    assert out.max() <= 1
    assert (out[alpha >= 0.5] == 1).all()
    assert (out >= np.where(alpha >= 0.3, alpha, 0) - 1e-6).all()


def test_keep_edge_grows_by_its_pixels_and_makes_nothing_of_nothing() -> None:
    alpha = np.zeros((15, 15), np.float32)
    alpha[7, 7] = 1.0
    grown = KeepEdge(grow_px=2).apply(PICTURE, Mask(1, alpha, 0.0)).alpha
    assert (grown[7] > 0).sum() == 5
    assert (grown[:, 7] > 0).sum() == 5
    faint = np.full((15, 15), 0.09, np.float32)
    assert not KeepEdge().apply(PICTURE, Mask(1, faint, 0.0)).alpha.any()


def test_masks_keep_number_and_time_through_filters() -> None:
    mask = Mask(42, np.ones((6, 6), np.float32), 7.5)
    for step in (SlowOut(), KeepEdge()):
        out = step.apply(PICTURE, mask)
        assert (out.frame_id, out.produced_ms) == (42, 7.5)
        step.reset()


@pytest.mark.parametrize("fall", [0.0, -1.0, 1.1])
def test_slow_out_refuses_nonsense(fall: float) -> None:
    with pytest.raises(ValueError, match="fall"):
        SlowOut(fall)


@pytest.mark.parametrize(
    ("low", "high", "grow_px"), [(0.5, 0.5, 1), (0.6, 0.5, 1), (-0.1, 0.5, 1), (0.1, 1.1, 1), (0.1, 0.5, -1)]
)
def test_keep_edge_refuses_nonsense(low: float, high: float, grow_px: int) -> None:
    with pytest.raises(ValueError, match="low"):
        KeepEdge(low, high, grow_px)
