"""Which masks are believed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from media.judge import MaskLimits, judge
from media.segmenter import Mask, Reason
from tests.blur_room import FAULTS, SHAPE, room, signer_alpha

pytestmark = pytest.mark.unit

LIMITS = MaskLimits()
PICTURE = room(frame_id=5)
GOOD = Mask(5, signer_alpha(), 0.0)


def test_a_good_mask_is_believed() -> None:
    assert judge(GOOD, PICTURE, SHAPE, LIMITS) is None


GIVEN = {name: fault for name, fault in FAULTS.items() if fault[1] != Reason.RAISED}


@pytest.mark.parametrize(("fault", "reason"), GIVEN.values(), ids=GIVEN.keys())
def test_each_fault_is_found_and_named(fault: Callable[[Mask], object], reason: str) -> None:
    assert judge(fault(GOOD), PICTURE, SHAPE, LIMITS) == reason


@pytest.mark.parametrize(
    ("share", "reason"), [(0.01, Reason.TOO_SMALL), (0.05, None), (0.85, None), (0.95, "too_large")]
)
def test_the_signers_share_has_bounds(share: float, reason: str | None) -> None:
    alpha = np.zeros(SHAPE, np.float32)
    alpha[: round(share * SHAPE[0])] = 1.0
    alpha[0, 0] = 1.0
    assert judge(Mask(5, alpha, 0.0), PICTURE, SHAPE, LIMITS) == reason


def test_a_hair_outside_of_0_to_1_is_rounding_and_more_is_not() -> None:
    for extra, reason in ((0.005, None), (0.5, Reason.OUT_OF_RANGE)):
        alpha = np.where(signer_alpha() > 0, 1 + extra, -extra).astype(np.float32)
        assert judge(Mask(5, alpha, 0.0), PICTURE, SHAPE, LIMITS) == reason


def test_limits_are_settings() -> None:
    strict = dataclasses.replace(LIMITS, min_share=0.5)
    assert judge(GOOD, PICTURE, SHAPE, strict) is Reason.TOO_SMALL


anything = st.one_of(
    st.none(),
    st.integers(),
    st.text(),
    npst.arrays(st.sampled_from([np.uint8, np.float16, np.float32, np.float64]), npst.array_shapes(max_dims=4)),
)


@given(st.builds(Mask, st.integers(4, 6), anything, st.floats()))
def test_whatever_comes_gets_a_verdict_and_never_an_error(mask: Mask) -> None:
    verdict = judge(mask, PICTURE, SHAPE, LIMITS)
    assert verdict is not None or np.asarray(mask.alpha).shape == SHAPE


@given(npst.arrays(np.float32, (8, 8), elements=st.floats(width=32)))
def test_any_numbers_get_a_verdict_and_never_a_warning(
    alpha: np.ndarray[tuple[int, int], np.dtype[np.float32]],
) -> None:
    verdict = judge(Mask(5, alpha, 0.0), PICTURE, (8, 8), LIMITS)
    if verdict is None:
        assert 0.02 <= alpha.mean() <= 0.9
