"""The lift of a signer in low light: only where it is dark, slowly, without flicker, without smoothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.compositor import BACKGROUND, YuvCompositor
from media.light import LEFT_FROM, LIFTED_FROM, MEASURED_EVERY, STRONGEST, Lift, curve
from media.picture import Plane, Planes
from tests.blur_room import signer_alpha

pytestmark = pytest.mark.unit

SURE = np.full((64, 64), 255, np.uint8)


def lit(share_of_white: float, seed: int = 0, noise: int = 3) -> Plane:
    """A plane whose bright parts are that light."""
    draw = np.random.default_rng(seed)
    values = 16 + 219 * share_of_white + draw.integers(-noise, noise + 1, (60, 80))
    light: Plane = np.clip(values, 0, 255).astype(np.uint8)
    return light


def after(lift: Lift, luma: Plane, pictures: int = 400) -> float:
    for _ in range(pictures):
        lift.apply(luma, SURE, False)
    return lift.strength


def test_a_signer_in_good_light_is_left_alone() -> None:
    lift, luma = Lift(), lit(0.6)
    assert after(lift, luma) == 0
    assert lift.apply(luma, SURE, False) is luma


@pytest.mark.parametrize("light", [0.05, 0.1, 0.2, 0.3])
def test_a_signer_in_the_dark_is_lifted_towards_the_middle(light: float) -> None:
    lift, luma = Lift(), lit(light)
    strength = after(lift, luma)
    assert 0 < strength <= STRONGEST
    lifted = lift.apply(luma, SURE, False)
    assert lifted is not luma
    assert (float(lifted.mean()) - 16) / 219 == pytest.approx(0.55, abs=0.08) or strength == STRONGEST


def test_dark_clothes_do_not_make_it_dark() -> None:
    luma = lit(0.6)
    luma[:48] = 30  # four fifths of the signer are a black shirt, the rest is skin in good light
    assert after(Lift(), luma) == 0


def test_the_curve_moves_so_slowly_that_no_picture_jumps() -> None:
    lift, luma = Lift(), lit(0.1, noise=0)
    before = luma
    for _ in range(300):
        now = lift.apply(luma, SURE, False)
        assert np.abs(now.astype(int) - before.astype(int)).max() <= 2
        before = now


@given(st.lists(st.floats(LIFTED_FROM + 0.01, LEFT_FROM - 0.01), min_size=5, max_size=30))
def test_between_the_two_bounds_nothing_begins(lights: list[float]) -> None:
    lift = Lift()
    for light in lights:
        after(lift, lit(light), MEASURED_EVERY)
    assert lift.strength == 0


def test_light_that_trembles_does_not_make_the_picture_tremble() -> None:
    lift = Lift()
    after(lift, lit(0.2))
    strengths = [after(lift, lit(0.2 + 0.02 * (-1) ** turn, seed=turn), MEASURED_EVERY) for turn in range(40)]
    assert max(strengths) - min(strengths) < 0.01


def test_when_the_light_comes_on_the_lift_ends() -> None:
    lift = Lift()
    assert after(lift, lit(0.15)) > 0.5
    assert after(lift, lit(0.7)) == 0


def test_without_a_signer_nothing_is_learned() -> None:
    lift = Lift()
    for _ in range(50):
        lift.apply(lit(0.1), np.zeros((64, 64), np.uint8), False)
    assert lift.strength == 0


@given(st.floats(0, STRONGEST), st.booleans())
def test_the_curve_keeps_the_order_of_greys_and_both_ends(strength: float, full_range: bool) -> None:
    values = curve(strength, full_range).astype(int)
    assert (np.diff(values) >= 0).all()
    for end in (0, 255) if full_range else (0, 16, 235, 255):
        assert values[end] == end
    assert (values >= np.arange(256)).all()
    assert np.diff(values).max() <= 1 + strength + 1  # contrast, and with it noise, grows by that much at most


def test_it_works_in_both_ranges() -> None:
    luma = np.full((60, 80), 30, np.uint8)
    lift = Lift()
    for _ in range(200):
        out = lift.apply(luma, SURE, True)
    assert out.mean() > 60


def test_only_the_signer_is_lifted_and_no_detail_is_smoothed() -> None:
    draw = np.random.default_rng(1)
    luma = draw.integers(30, 60, (240, 320)).astype(np.uint8)
    half = np.full((120, 160), 128, np.uint8)
    planes, alpha = Planes(luma, half, half), signer_alpha()
    compositor = YuvCompositor()
    compositor.choose(BACKGROUND, brighten=True)
    for _ in range(300):
        out = compositor.clear(planes, alpha)
    plain = YuvCompositor().clear(planes, alpha)
    nowhere = np.equal(alpha, 0).repeat(4, 0).repeat(5, 1)[:240, :320]
    big = np.kron(alpha, np.ones((4, 5)))[:240]
    inner = big >= 1
    assert out.y[inner].mean() > plain.y[inner].mean() + 20
    far = np.zeros_like(nowhere)
    far[:100, :150] = True  # well away from the signer's edge
    assert np.array_equal(out.y[far], plain.y[far])
    # Every grey that differed still differs: nothing was averaged with what lies beside it.
    center = inner.copy()
    pairs = {int(a): int(b) for a, b in zip(luma[center], out.y[center], strict=True) if a == luma[center][0]}
    assert len(pairs) == 1
    assert len(np.unique(out.y[190:210, 250:262])) >= len(np.unique(luma[190:210, 250:262])) - 1


def test_nobody_is_lifted_who_has_not_asked_or_no_longer_asks() -> None:
    luma = np.random.default_rng(1).integers(30, 60, (240, 320)).astype(np.uint8)
    half = np.full((120, 160), 128, np.uint8)
    planes, alpha = Planes(luma, half, half), signer_alpha()
    plain, compositor = YuvCompositor().clear(planes, alpha), YuvCompositor()
    for asked in (False, True, False):
        compositor.choose(BACKGROUND, brighten=asked)
        for _ in range(100):
            out = compositor.clear(planes, alpha)
        assert np.array_equal(out.y, plain.y) is not asked
